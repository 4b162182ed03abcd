"""The site behind a TLS proxy, at a path of its own: links, cookies and deeds are those of the address people see."""

from __future__ import annotations

import http.client
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from review.database import LocalStore, open_store
from review.project import Project, load_project
from review.team import tokens
from tests.conftest import REPOSITORY, run_review, shell_environment, write_review
from tests.screening.records import bring

NAME, PREFIX = "review.example.org", "/knee/review"


@contextmanager
def tls_proxy(*, to: int, certificate: Path, strips: bool) -> Iterator[int]:
    """A proxy as small as one can be: TLS outside, plain HTTP inside, the prefix taken off or left. Gives its port."""

    class PassOn(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.removeprefix(PREFIX) if strips else self.path
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            sent = {name: value for name, value in self.headers.items() if not name.lower().startswith("x-forwarded")}
            sent |= {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9", "connection": "close"}
            with closing(http.client.HTTPConnection("127.0.0.1", to, timeout=30)) as inside:
                inside.request(self.command, path, body, sent)
                with inside.getresponse() as answer:
                    self.send_response_only(answer.status)
                    for name, value in answer.getheaders():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(answer.read())

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ThreadingHTTPServer(("127.0.0.1", 0), PassOn) as proxy:
        proxy.socket = context.wrap_socket(proxy.socket, server_side=True)
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        yield proxy.server_address[1]
        proxy.shutdown()
        thread.join()


@dataclass
class Outside:
    """What people see, and the protocol behind it."""

    address: str
    project: Project


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate that signs itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed, and a TLS proxy needs a certificate")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    done = subprocess.run(
        [*command, "-keyout", path, "-out", path.with_suffix(".crt")], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"openssl made no certificate: {done.stderr.decode()[-200:]}")
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path


@pytest.fixture(scope="module", params=[True, False], ids=["prefix taken off", "prefix left"])
def outside(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, blank_database: Path, certificate: Path
) -> Iterator[Outside]:
    """`review serve` behind the proxy."""
    project = load_project(write_review(tmp_path_factory.mktemp("behind") / "review"))
    shutil.copy(blank_database, project.database_path)
    bring(LocalStore(project.database_path), [{"year": 2000}] * 3)
    server = subprocess.Popen(
        [sys.executable, "-m", "review", "serve", "--port", "0", "--name", NAME, "--root-path", PREFIX],
        cwd=project.root,
        env={**shell_environment(), "PYTHONPATH": str(REPOSITORY)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    try:
        found = re.search(rf"http://127\.0\.0\.1:(\d+){PREFIX}/", server.stderr.readline())
        assert found is not None
        with tls_proxy(to=int(found[1]), certificate=certificate, strips=request.param) as port:
            yield Outside(f"https://127.0.0.1:{port}", project)
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)


@pytest.fixture
def browser(outside: Outside) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=outside.address, verify=False, headers={"host": NAME}) as client:
        yield client


def test_a_reviewer_screens_through_the_proxy(outside: Outside, browser: httpx.Client) -> None:
    store = open_store(outside.project.database_path)
    token = tokens.invite(store, outside.project, "ben")
    offered = browser.get(f"{PREFIX}/sign-in", params={"token": token})
    assert offered.status_code == 200
    assert re.search(rf'action="{PREFIX}/sign-in"', offered.text)

    entered = browser.post(f"{PREFIX}/sign-in", data={"token": token}, headers={"origin": f"https://{NAME}"})
    assert (entered.status_code, entered.headers["location"]) == (303, f"{PREFIX}/screen")
    cookie = entered.headers["set-cookie"].lower()
    assert "secure" in cookie and "httponly" in cookie and f"path={PREFIX};" in f"{cookie};"

    # the jar would not give a cookie of another name's path to 127.0.0.1
    name, _, value = entered.headers["set-cookie"].partition(";")[0].partition("=")
    browser.cookies.clear()
    signed = {"cookie": f"{name}={value}"}
    page = browser.get(f"{PREFIX}/screen", headers=signed)
    assert page.status_code == 200
    for link in re.findall(r'(?:href|src|action)="(/[^"]*)"', page.text):
        assert link.startswith(f"{PREFIX}/"), link
    styles = re.search(r'href="([^"]+\.css[^"]*)"', page.text)
    assert styles is not None
    assert browser.get(styles[1]).status_code == 200

    me = browser.get(f"{PREFIX}/api/me", headers=signed).json()
    assert me["id"] == "ben"
    card = browser.get(f"{PREFIX}/api/queue", params={"stage": "title_abstract"}, headers=signed).json()["cards"][0]
    body = {"id": str(uuid.uuid4()), "record": card["record"], "stage": "title_abstract", "verdict": "include"}
    deed = {**signed, "x-review-token": me["csrf"]}
    refused = browser.post(
        f"{PREFIX}/api/decisions", json=body, headers={**deed, "origin": "https://elsewhere.example"}
    )
    assert refused.status_code == 403
    done = browser.post(f"{PREFIX}/api/decisions", json=body, headers={**deed, "origin": f"https://{NAME}"})
    assert (done.status_code, done.json()["new"]) == (200, True)
    assert store.read("select count(*) as n from screening.decision")["n"][0] == 1


def test_what_only_commands_may_is_not_behind_the_proxy(outside: Outside, browser: httpx.Client) -> None:
    for place in ("/read", "/apply", "/query", "/hello", "/backup"):
        for path in (place, f"{PREFIX}{place}", f"{PREFIX}/store{place}"):
            answer = browser.post(path, content=b"x", headers={"authorization": "Bearer x"})
            assert answer.status_code in (401, 404)
    done = run_review(["status"], cwd=outside.project.root)
    assert done.returncode == 0, done.stderr


def test_a_name_that_was_not_given_is_refused(outside: Outside, browser: httpx.Client) -> None:
    assert browser.get(f"{PREFIX}/", headers={"host": "evil.example"}).status_code == 400


def test_an_invitation_names_the_address_that_people_see(outside: Outside) -> None:
    done = run_review(["reviewer", "invite", "ben"], cwd=outside.project.root)
    assert done.stdout.startswith(f"https://{NAME}{PREFIX}/sign-in?token="), done.stderr
