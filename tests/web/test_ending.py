"""`review serve` as a process, against queries that do not end, callers that hang up, and headers that are made up."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from review.database import LocalStore, open_store
from review.project import Project, load_project
from review.team import tokens
from tests.conftest import REPOSITORY, shell_environment, write_review
from tests.web.conftest import TEAM_TOML

# far longer than any test waits, and deaf to interrupts
DEAF = "select levenshtein(repeat('a', 600000), repeat('b', 600000))"
SIZE = "select repeat('x', 10000000) as c from range(100)"


@dataclass
class Served:
    """A server, the review that it serves, and what it has said."""

    process: subprocess.Popen[str]
    port: int
    project: Project
    clients: list[httpx.Client] = field(default_factory=list)

    def end(self) -> str:
        """SIGTERM; what it said on standard error. It has to be gone in time."""
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=40)
        assert self.process.returncode == 0, said
        return said

    def client(self, who: str) -> httpx.Client:
        """Somebody who is signed in."""
        client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)
        self.clients.append(client)
        token = tokens.invite(open_store(self.project.database_path), self.project, who)
        assert client.post("/sign-in", data={"token": token}).status_code == 303
        client.headers["x-review-token"] = client.get("/api/me").json()["csrf"]
        return client


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    project = load_project(write_review(tmp_path / "team", text=TEAM_TOML))
    process = subprocess.Popen(
        [sys.executable, "-m", "review", "--project", str(project.root), "serve", "--port", "0"],
        env={**shell_environment(), "PYTHONPATH": str(REPOSITORY)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stderr.readline())
        assert found is not None
        served = Served(process, int(found[1]), project)
        yield served
        for client in served.clients:
            client.close()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_bomb_leaves_the_server_as_it_was_and_the_others_served(served: Served) -> None:
    dan, ben = served.client("dan"), served.client("ben")
    assert dan.post("/api/query", json={"sql": "select 1 as one"}).json()["rows"] == [[1]]
    before = peak(served.process.pid)
    with ThreadPoolExecutor(1) as other:
        asked = other.submit(dan.post, "/api/query", json={"sql": SIZE})
        while not asked.done():
            assert ben.get("/api/me").status_code == 200
            time.sleep(0.05)
        answer = asked.result()
    assert answer.status_code == 400
    assert re.search("larger than 20 MB|more memory|10 seconds", answer.json()["error"])
    assert peak(served.process.pid) - before < 150_000_000
    with ThreadPoolExecutor(1) as other:
        asked = other.submit(dan.post, "/api/query", json={"sql": DEAF})
        time.sleep(1)
        assert dan.post("/api/query", json={"sql": "select 1"}).status_code == 429
        assert ben.get("/api/me").status_code == 200
        answer = asked.result()
    assert (answer.status_code, answer.json()["error"]) == (400, "the query ran longer than 10 seconds and was stopped")
    assert dan.post("/api/query", json={"sql": "from team.session"}).status_code == 400
    served.end()


def test_the_server_ends_while_queries_run(served: Served) -> None:
    """One of the site, and one of a command beside it, which runs in the server itself."""
    dan = served.client("dan")
    command = subprocess.Popen(
        [sys.executable, "-m", "review", "--project", str(served.project.root), "query", "--seconds", "600", DEAF],
        env={**shell_environment(), "PYTHONPATH": str(REPOSITORY)},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    answers: list[object] = []

    def ask() -> None:
        try:
            answers.append(dan.post("/api/query", json={"sql": DEAF}).status_code)
        except httpx.HTTPError as problem:
            answers.append(problem)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(4)
    said = served.end()
    asking.join()
    _, complaint = command.communicate(timeout=60)
    assert "Traceback" not in said and "Exception" not in said, said
    assert command.returncode == 1 and "Traceback" not in complaint, complaint
    assert answers and answers[0] != 200
    store = LocalStore(served.project.database_path)
    assert store.read("select count(*) as n from team.session")["n"][0] == 1


def test_whoever_hangs_up_leaves_no_traceback(served: Served) -> None:
    for path in ("/sign-in", "/api/query", "/sign-out"):
        with socket.create_connection(("127.0.0.1", served.port)) as line:
            head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{served.port}\r\ncontent-length: 50\r\n"
            line.sendall(f"{head}content-type: application/x-www-form-urlencoded\r\n\r\ntoken=".encode())
            time.sleep(0.2)
    time.sleep(0.3)
    said = served.end()
    assert "Traceback" not in said and "ClientDisconnect" not in said, said


def test_without_a_proxy_nothing_that_a_proxy_says_is_believed(served: Served) -> None:
    token = tokens.invite(open_store(served.project.database_path), served.project, "ben")
    forged = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9"}
    with httpx.Client(base_url=f"http://127.0.0.1:{served.port}") as client:
        for number in range(11):
            forged["x-forwarded-for"] = f"203.0.113.{number}"
            answer = client.post("/sign-in", data={"token": "guess"}, headers=forged)
        assert answer.status_code == 429
        answer = client.post("/sign-in", data={"token": token}, headers=forged)
        assert answer.status_code == 429
    served.end()


def peak(pid: int) -> int:
    """The bytes that a process held at most."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("ascii"))
    assert found is not None
    return int(found[1]) * 1024
