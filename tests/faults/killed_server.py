"""Decisions while the server is killed again and again, against the clients' own log; for test and benchmark."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from review.database import LocalStore
from review.project import load_project
from review.team import tokens

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Log:
    """What the clients know: ids that were acknowledged, ids that were ever sent, and tries that failed."""

    acknowledged: list[str] = field(default_factory=list)
    sent: set[str] = field(default_factory=set)
    failed_tries: int = 0
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """The log against the database. *unacknowledged* were stored without the client having heard of it."""

    kills: int
    acknowledged: int
    lost: int
    twice: int
    strangers: int
    failed_tries: int
    refused: tuple[str, ...]


def screen_under_fire(root: Path, *, reviewers: Sequence[str], kills: int, seed: int = 1) -> Found:
    """Let *reviewers* of the review in *root* decide while its server is killed (kill -9) *kills* times."""
    project = load_project(root)
    links = {who: tokens.invite(LocalStore(project.database_path), project, who) for who in reviewers}
    port = _free_port()
    log = Log()
    asyncio.run(_fight(root, links, port=port, kills=kills, log=log, dice=random.Random(seed)))
    store = LocalStore(project.database_path)
    stored = store.read("select decision_id, source_record_id, reviewer, supersedes from screening.decision")
    ids = stored["decision_id"].to_list()
    first = stored.filter(stored["supersedes"].is_null())
    return Found(
        kills=kills,
        acknowledged=len(log.acknowledged),
        lost=len(set(log.acknowledged) - set(ids)),
        twice=len(ids) - len(set(ids)) + first.height - first.unique(["source_record_id", "reviewer"]).height,
        strangers=len(set(ids) - log.sent),
        failed_tries=log.failed_tries,
        refused=tuple(log.refused),
    )


async def _fight(root: Path, links: dict[str, str], *, port: int, kills: int, log: Log, dice: random.Random) -> None:
    over = asyncio.Event()
    server = await asyncio.to_thread(_start, root, port)
    clients = [asyncio.create_task(_client(port, who, token, log, over)) for who, token in links.items()]
    try:
        for _ in range(kills):
            before = len(log.acknowledged)
            until = time.monotonic() + 20
            while len(log.acknowledged) < before + dice.randint(1, 12) and time.monotonic() < until:
                await asyncio.sleep(dice.uniform(0.001, 0.05))
            server.kill()
            await asyncio.to_thread(server.communicate)
            server = await asyncio.to_thread(_start, root, port)
        over.set()
        await asyncio.gather(*clients)
    finally:
        over.set()
        for client in clients:
            client.cancel()
        server.send_signal(signal.SIGTERM)
        await asyncio.to_thread(server.communicate)


async def _client(port: int, who: str, token: str, log: Log, over: asyncio.Event) -> None:
    """A page's outbox without the page: each decision is sent under one id until it is acknowledged."""
    base = f"http://127.0.0.1:{port}"
    origin = {"origin": base}
    async with httpx.AsyncClient(base_url=base, timeout=10) as browser:

        async def ask(method: str, path: str, **more: object) -> httpx.Response:
            while True:
                try:
                    answer = await browser.request(method, path, **more)  # type: ignore[arg-type]
                    if answer.status_code < 500 and answer.status_code != 429:
                        return answer
                except httpx.HTTPError:
                    pass
                log.failed_tries += 1
                await asyncio.sleep(0.03)

        await ask("POST", "/sign-in", data={"token": token}, headers=origin)
        headers = {"x-review-token": (await ask("GET", "/api/me")).json()["csrf"], **origin}
        cards: list[str] = []
        done: list[str] = []
        while not over.is_set():
            if not cards:
                params = {"stage": "title_abstract", "limit": "20"}
                cards = [card["record"] for card in (await ask("GET", "/api/queue", params=params)).json()["cards"]]
                if not cards:
                    return
            body = {"id": str(uuid.uuid4()), "record": cards[0], "stage": "title_abstract", "verdict": "include"}
            log.sent.add(body["id"])
            answer = await ask("POST", "/api/decisions", json=body, headers=headers)
            if answer.status_code == 200:
                log.acknowledged.append(body["id"])
                done.append(cards.pop(0))
            else:
                log.refused.append(f"{answer.status_code} {answer.text[:200]}")
                cards.pop(0)


def _start(root: Path, port: int) -> subprocess.Popen[str]:
    server = subprocess.Popen(
        [sys.executable, "-m", "review", "serve", "--port", str(port)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    line = server.stderr.readline()
    if not re.search(r"http://\S+/", line):
        words = line + server.stderr.read()
        raise AssertionError(words)
    return server


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
