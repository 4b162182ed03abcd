"""A team at work: decisions through `review serve`, beside a search job and an analyst, against the open-close mode.

    .venv-bench/bin/python benchmarks/serve_load.py [--records 100000] [--reviewers 8] [--seconds 60] [--only serve]

SYNTHETIC records. Each reviewer reads for 1.5 s (0.75 to 2.25), then decides; beside them a search job appends 500
records every 0.4 s, and an analyst scans every 0.5 s. First through the server, as browsers do: signed in, cards
fetched ahead, each decision one POST, timed from the request to its acknowledgement. Then in processes that open the
file late and close it early, each decision the same function, timed until it is stored. At the end what the clients
were told is compared with what the database holds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from synthetic_team import import_rows, make_review

from review.database import LocalStore, Store, open_store
from review.errors import ReviewError
from review.project import load_project
from review.screening import decisions, queue
from review.team import tokens

THINK = 1.5
SEARCH_EVERY, SEARCH_ROWS, ANALYST_EVERY = 0.4, 500, 0.5
SCAN = """
select s.stage, s.state, r.year, count(*) as records, avg(length(r.abstract)) as letters
from v1.screening_state s join v1.source_record r on r.source_record_id = s.record_id group by all
"""


def main() -> int:
    """Print both modes and their ratio; 1 when a decision was lost, doubled or refused, or a goal is missed."""
    words = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    words.add_argument("--records", type=int, default=100_000)
    words.add_argument("--reviewers", type=int, default=8)
    words.add_argument("--seconds", type=float, default=60)
    words.add_argument("--only", choices=["serve", "files"])
    words.add_argument("--role", choices=["search", "analyst", "reviewer"], help=argparse.SUPPRESS)
    words.add_argument("--at", type=Path, help=argparse.SUPPRESS)
    words.add_argument("--who", help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.role:
        print(json.dumps(_play(asked.role, asked.at, asked.seconds, asked.who)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        made = make_review(Path(folder) / "made", records=asked.records, reviewers=asked.reviewers)
        print(
            f"{asked.records} records, {asked.reviewers} reviewers, {asked.seconds:g} s a mode | SYNTHETIC", flush=True
        )
        found = {}
        for mode in ("serve", "files"):
            if asked.only in (None, mode):
                place = Path(shutil.copytree(made, Path(folder) / mode))
                found[mode] = (_serve if mode == "serve" else _files)(place, asked.reviewers, asked.seconds)
                _print(mode, found[mode])
    wrong = [mode for mode, one in found.items() if one["lost"] or one["twice"]]
    served = found.get("serve", {})
    if served and (served["failed"] or served["others"]["search"]["failed"] or served["others"]["analyst"]["failed"]):
        wrong.append("failures beside the server")
    if len(found) == 2:
        ratio = served["p99"] / found["files"]["p99"]
        print(f"decision p99, server / open-close: {ratio:.4f} (asked: at most 0.1)")
        if ratio > 0.1:
            wrong.append("p99 ratio")
    print("missed: " + ", ".join(wrong) if wrong else "0 lost, 0 twice, 0 failed beside the server")
    return 1 if wrong else 0


def _print(mode: str, one: dict[str, Any]) -> None:
    print(
        f"{mode}: {one['said']} decisions acknowledged, lost {one['lost']}, twice {one['twice']}, failed tries "
        f"{one['failed']} | ms p50 {one['p50'] * 1000:.1f}, p95 {one['p95'] * 1000:.1f}, p99 {one['p99'] * 1000:.1f}, "
        f"worst {one['worst'] * 1000:.0f}"
        + "".join(
            f" | {name}: {other['done']} done, {other['failed']} failed, p50 {other['p50'] * 1000:.0f} ms"
            for name, other in one["others"].items()
        ),
        flush=True,
    )


def _serve(place: Path, reviewers: int, seconds: float) -> dict[str, Any]:
    """The team in browsers."""
    project = load_project(place)
    links = {
        f"r{number}": tokens.invite(LocalStore(project.database_path), project, f"r{number}")
        for number in range(1, reviewers + 1)
    }
    command = [sys.executable, "-m", "review", "serve", "--port", "0"]
    server = subprocess.Popen(command, cwd=place, env=_environment(), stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        line = server.stderr.readline()
        address = re.search(r"http://\S+/", line)
        if address is None:
            raise SystemExit(line + server.stderr.read())
        others = _others(place, seconds)
        log, failed = asyncio.run(_team(address.group(), links, seconds))
        beside = _finished(others)
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)
    return _compare(place, log, failed) | {"others": beside}


async def _team(address: str, links: dict[str, str], seconds: float) -> tuple[list[tuple[str, float]], int]:
    """(id, seconds) of every acknowledged decision, and how many tries failed."""
    log: list[tuple[str, float]] = []
    failed = [0]

    async def reviewer(who: str, token: str) -> None:
        dice = random.Random(who)
        async with httpx.AsyncClient(base_url=address, timeout=30) as browser:
            origin = {"origin": address.rstrip("/")}
            await browser.post("sign-in", data={"token": token}, headers=origin)
            me = (await browser.get("api/me")).json()
            headers = {"x-review-token": me["csrf"], **origin}
            cards: list[str] = []
            done: list[str] = []
            until = time.monotonic() + seconds
            await asyncio.sleep(dice.uniform(0, THINK))
            while time.monotonic() < until:
                if len(cards) <= 8:
                    ahead = ",".join([*cards, *done[-20:]])
                    answer = await browser.get(
                        "api/queue", params={"stage": "title_abstract", "limit": 20, "without": ahead}
                    )
                    cards += [card["record"] for card in answer.json()["cards"]]
                await asyncio.sleep(dice.uniform(0.5, 1.5) * THINK)
                body = {"id": str(uuid.UUID(int=dice.getrandbits(128), version=4)), "record": cards[0]}
                body |= {"stage": "title_abstract", "verdict": dice.choice(["include", "exclude", "exclude", "unsure"])}
                begun = time.perf_counter()
                while True:
                    try:
                        answer = await browser.post("api/decisions", json=body, headers=headers)
                        if answer.status_code == 200:
                            break
                        print(who, answer.status_code, answer.text[:200], file=sys.stderr)
                    except httpx.HTTPError as problem:
                        print(who, repr(problem), file=sys.stderr)
                    failed[0] += 1
                    if time.monotonic() > until + 30:
                        words = f"{who} gave up"
                        raise SystemExit(words)
                    await asyncio.sleep(0.2)
                log.append((body["id"], time.perf_counter() - begun))
                done.append(cards.pop(0))

    await asyncio.gather(*(reviewer(who, token) for who, token in links.items()))
    return log, failed[0]


def _files(place: Path, reviewers: int, seconds: float) -> dict[str, Any]:
    """The team in processes of their own, each opening the file for each decision."""
    team = [_start("reviewer", place, seconds, f"r{number}") for number in range(1, reviewers + 1)]
    others = _others(place, seconds)
    log: list[tuple[str, float]] = []
    failed = 0
    for process in team:
        out, err = process.communicate()
        if process.returncode:
            raise SystemExit(err)
        said = json.loads(out)
        log += [(one[0], one[1]) for one in said["log"]]
        failed += said["failed"]
    return _compare(place, log, failed) | {"others": _finished(others)}


def _play(role: str, place: Path, seconds: float, who: str | None) -> dict[str, Any]:
    """What a process beside the server, or a reviewer without one, does."""
    project = load_project(place)
    store = open_store(project.database_path)
    if role == "reviewer":
        return _review(project.root, store, seconds, str(who))
    until, took, failed = time.monotonic() + seconds, [], 0
    number = 0
    while time.monotonic() < until:
        begun = time.perf_counter()
        try:
            if role == "search":
                number += 1
                store.apply(import_rows(f"job{number}", 10_000_000 + number * SEARCH_ROWS, SEARCH_ROWS))
            else:
                store.query(SCAN)
            took.append(time.perf_counter() - begun)
        except ReviewError as problem:
            print(role, problem, file=sys.stderr)
            failed += 1
        time.sleep(max(0.0, (SEARCH_EVERY if role == "search" else ANALYST_EVERY) - (time.perf_counter() - begun)))
    return {"done": len(took), "failed": failed, "p50": _share(took, 0.5)}


def _review(root: Path, store: Store, seconds: float, who: str) -> dict[str, Any]:
    dice = random.Random(who)
    project = load_project(root)
    waiting = iter(_patiently(lambda: queue.queue(store, project, reviewer=who, limit=2000)))
    until, log, failed = time.monotonic() + seconds, [], 0
    time.sleep(dice.uniform(0, THINK))
    while time.monotonic() < until:
        time.sleep(dice.uniform(0.5, 1.5) * THINK)
        record, name = next(waiting), str(uuid.UUID(int=dice.getrandbits(128), version=4))
        verdict = dice.choice(["include", "exclude", "exclude", "unsure"])
        begun = time.perf_counter()
        while True:
            try:
                decisions.decide(
                    store,
                    project,
                    record=record,
                    stage="title_abstract",
                    reviewer=who,
                    verdict=verdict,
                    decision_id=name,
                )
                break
            except ReviewError:
                failed += 1
        log.append((name, time.perf_counter() - begun))
    return {"log": log, "failed": failed}


def _patiently(deed: Any) -> Any:
    while True:
        try:
            return deed()
        except ReviewError:
            time.sleep(0.1)


def _others(place: Path, seconds: float) -> dict[str, subprocess.Popen[str]]:
    return {role: _start(role, place, seconds, None) for role in ("search", "analyst")}


def _start(role: str, place: Path, seconds: float, who: str | None) -> subprocess.Popen[str]:
    words = [sys.executable, __file__, "--role", role, "--at", str(place), "--seconds", str(seconds)]
    words += ["--who", who] if who else []
    return subprocess.Popen(words, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _finished(others: dict[str, subprocess.Popen[str]]) -> dict[str, Any]:
    found = {}
    for name, process in others.items():
        out, err = process.communicate()
        if process.returncode:
            raise SystemExit(err)
        sys.stderr.write(err)
        found[name] = json.loads(out)
    return found


def _compare(place: Path, log: Sequence[tuple[str, float]], failed: int) -> dict[str, Any]:
    """What the clients were told against what the database holds."""
    store = LocalStore(load_project(place).database_path)
    ids = store.read("select decision_id from screening.decision")["decision_id"].to_list()
    pairs = store.read(
        "select count(*) as n from (select source_record_id, reviewer from screening.decision "
        "where supersedes is null group by all having count(*) > 1)"
    )["n"][0]
    took = [seconds for _, seconds in log]
    return {
        "said": len(log),
        "lost": len({name for name, _ in log} - set(ids)),
        "twice": len(ids) - len(set(ids)) + int(pairs),
        "failed": failed,
        "p50": _share(took, 0.5),
        "p95": _share(took, 0.95),
        "p99": _share(took, 0.99),
        "worst": max(took),
    }


def _share(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def _environment() -> dict[str, str]:
    root = Path(__file__).resolve().parents[1]
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'benchmarks'}", "NO_COLOR": "1"}


if __name__ == "__main__":
    sys.exit(main())
