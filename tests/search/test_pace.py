"""The limit of NCBI holds over threads and processes, whatever happens to a request on its way."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from review.search.entrez import Client
from review.search.pace import WITH_KEY, WITHOUT_KEY, Pace, Rate, cache_folder, pace_of
from review.search.transport import Transport
from tests.conftest import REPOSITORY
from tests.eutils_server import Eutils, Mood, pointed_at, serving

KEY = "synthetic-key-0123456789"
ASK = f"""
import sys, threading
from review.search.entrez import Client
from tests.eutils_server import Eutils, pointed_at
client = Client(email="nobody@example.org", api_key="{KEY}")
def ask():
    for _ in range(int(sys.argv[2])):
        client.esearch("knee[tiab]", what="line #1", purpose="line", line=1)
with pointed_at(Eutils(port=int(sys.argv[1]))):
    threads = [threading.Thread(target=ask) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
"""


@dataclass
class Clock:
    """A clock that stands still until somebody sleeps."""

    now: float = 1_000_000.0
    slept: list[float] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def paced(clock: Clock, rate: Rate = WITH_KEY, path: Path | None = None) -> Pace:
    return Pace(rate, path=path, clock=clock.time, sleep=clock.sleep)


def start(pace: Pace, clock: Clock, *, trip: float = 0.0) -> float:
    """When one request was let go; its answer took *trip* seconds."""
    with pace.slot():
        at = clock.now
        clock.now += trip
    return at


def test_the_first_request_goes_at_once() -> None:
    clock = Clock()
    start(paced(clock), clock)
    assert clock.slept == []


@pytest.mark.parametrize("rate", [WITHOUT_KEY, WITH_KEY])
def test_requests_keep_a_gap_so_that_biopython_never_waits_as_well(rate: Rate) -> None:
    clock = Clock()
    pace = paced(clock, rate)
    starts = [start(pace, clock) for _ in range(4)]
    smallest = min(later - earlier for earlier, later in pairwise(starts))
    assert smallest >= rate.gap - 1e-6 > (0.1 if rate is WITH_KEY else 0.37)


def test_a_request_that_was_late_on_its_way_still_counts() -> None:
    clock = Clock()
    pace = paced(clock, Rate(1, 0.0))
    first = start(pace, clock, trip=0.8)
    assert start(pace, clock) >= first + 0.8 + 1.0


def test_a_request_whose_process_was_killed_counts_for_a_while_only() -> None:
    clock = Clock()
    pace = paced(clock, Rate(1, 0.0))
    with ExitStack() as killed:
        killed.enter_context(pace.slot())
        first = clock.now
        assert first + 2.0 <= start(pace, clock) <= first + 2.2


@settings(deadline=None, max_examples=60)
@given(
    limit=st.integers(1, 4),
    steps=st.lists(st.tuples(st.sampled_from(["send", "answer", "idle"]), st.floats(0, 0.9), st.booleans())),
)
@example(limit=1, steps=[("send", 0.02, False), ("answer", 0.0, False)] * 4)
@example(limit=3, steps=[("send", 0.02, True), ("answer", 0.0, True)] * 8)
def test_no_second_at_the_server_holds_more_than_the_limit(limit: int, steps: list[tuple[str, float, bool]]) -> None:
    """Each request arrives as early or as late as it can: when it was sent, or when its answer came."""
    clock = Clock()
    pace = paced(clock, Rate(limit, 0.01))
    under_way: list[tuple[ExitStack, float, bool]] = []
    arrivals: list[float] = []

    def answer() -> None:
        stack, at, late = under_way.pop(0)
        stack.close()
        arrivals.append(min(clock.now, at + 1.0) if late else at)

    for deed, seconds, late in steps:
        if deed == "send":
            stack = ExitStack()
            stack.enter_context(pace.slot())
            under_way.append((stack, clock.now, late))
        elif deed == "answer" and under_way:
            answer()
        clock.now += seconds
    while under_way:
        answer()
    for at in arrivals:
        assert sum(at <= other < at + 1.0 for other in arrivals) <= limit


def test_two_processes_share_what_stands_in_the_file(tmp_path: Path) -> None:
    clock = Clock()
    one, other = (paced(clock, Rate(1, 0.0), tmp_path / "pace.json") for _ in range(2))
    first = start(one, clock)
    assert start(other, clock) >= first + 1.0


def test_a_hold_stops_the_other_processes_until_it_is_over_or_lifted(tmp_path: Path) -> None:
    clock = Clock()
    one, other = (paced(clock, WITH_KEY, tmp_path / "pace.json") for _ in range(2))
    began = clock.now
    with one.held(30):
        assert start(other, clock) >= began + 30
    with one.held(30):
        pass
    lifted = clock.now
    assert start(other, clock) < lifted + 1.5


def test_a_retry_after_holds_back_all_who_share_the_key(tmp_path: Path) -> None:
    clock = Clock()
    one, other = (paced(clock, WITH_KEY, tmp_path / "pace.json") for _ in range(2))
    waited: list[float] = []

    def meanwhile(seconds: float) -> None:
        began = clock.now
        waited.append(start(other, clock) - began)

    with serving(Eutils(search=lambda term: [1])) as server, pointed_at(server):
        server.misbehave("esearch", Mood(429, b"{}", (("Retry-After", "20"),)))
        client = Client("nobody@example.org", KEY, Transport(tries=2, timeout=20, sleep=meanwhile, pace=one))
        assert client.esearch("knee[tiab]", what="line #1", purpose="line", line=1).count == 1
    assert waited[0] >= 20


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "{",
        "[]",
        "null",
        '{"held_until": "soon", "sent": []}',
        '{"held_until": 1e300, "sent": []}',
        '{"held_until": NaN, "sent": [[NaN, null]]}',
        '{"held_until": 0, "sent": [[1e18, null], [1e18, 2]]}',
        '{"held_until": 0, "sent": [1, 2]}',
        '{"held_until": 0, "sent": [[1, 2, 3]]}',
        '{"held_until": 0, "sent": [["a", "b"]]}',
        "\x00\x00",
    ],
)
def test_garbage_or_a_clock_gone_wrong_holds_nobody_back(garbage: str, tmp_path: Path) -> None:
    path = tmp_path / "pace.json"
    path.write_text(garbage, "utf-8")
    clock = Clock()
    start(paced(clock, path=path), clock)
    assert clock.slept == []
    assert len(json.loads(path.read_text())["sent"]) == 1


def test_a_hold_of_a_clock_gone_wrong_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "pace.json"
    path.write_text('{"held_until": 1003600.0, "sent": []}', "utf-8")
    clock = Clock()
    start(paced(clock, path=path), clock)
    assert clock.slept == []


def test_bytes_that_are_no_text_hold_nobody_back(tmp_path: Path) -> None:
    path = tmp_path / "pace.json"
    path.write_bytes(b"\xff\xfe\xff")
    clock = Clock()
    start(paced(clock, path=path), clock)
    assert clock.slept == []


def test_the_state_is_for_its_owner_alone_and_names_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cache"
    monkeypatch.setenv("REVIEW_CACHE", str(folder))
    with pace_of(KEY).slot():
        pass
    files = sorted(folder.iterdir())
    assert files
    assert folder.stat().st_mode & 0o777 == 0o700
    for file in files:
        assert file.stat().st_mode & 0o777 == 0o600
        assert KEY not in file.name + file.read_text()


def test_each_key_has_a_pace_of_its_own_and_so_has_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVIEW_CACHE", str(tmp_path))
    assert pace_of(KEY) is pace_of(KEY)
    assert pace_of(KEY) is not pace_of("another-synthetic-key")
    assert pace_of(KEY).rate == WITH_KEY
    assert pace_of(None).rate == WITHOUT_KEY


def test_the_cache_folder_is_that_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REVIEW_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "regen-review"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "regen-review"


def test_without_a_place_to_write_the_process_keeps_the_pace_alone_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    clock = Clock()
    pace = paced(clock, Rate(1, 0.0), tmp_path / "file" / "cache" / "pace.json")
    with caplog.at_level(logging.WARNING):
        first, second, third = (start(pace, clock) for _ in range(3))
    assert second >= first + 1.0
    assert third >= second + 1.0
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "requests are paced within this process only"
    ]


def lay(kind: str, path: Path, victim: Path) -> None:
    """Something at *path* that is no regular file."""
    victim.write_text("belongs to somebody else")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to({"link": victim, "link to nothing": path / "nothing", "device": "/dev/zero"}[kind])


@pytest.mark.parametrize("kind", ["pipe", "folder", "link", "link to nothing", "device"])
@pytest.mark.parametrize("suffix", [".json", ".lock"])
def test_what_is_no_regular_file_is_left_alone_and_said_once(
    kind: str, suffix: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, victim = tmp_path / "cache" / "pace.json", tmp_path / "victim"
    path.parent.mkdir()
    lay(kind, path.with_suffix(suffix), victim)
    clock = Clock()
    pace = paced(clock, Rate(1, 0.0), path)
    with caplog.at_level(logging.WARNING):
        first, second = (start(pace, clock) for _ in range(2))
    assert second >= first + 1.0
    assert victim.read_text() == "belongs to somebody else"
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "requests are paced within this process only"
    ]


def test_a_link_in_the_place_of_a_temporary_file_is_not_followed(tmp_path: Path) -> None:
    path, victim = tmp_path / "pace.json", tmp_path / "victim"
    lay("link", path.with_suffix(".new"), victim)
    clock = Clock()
    start(paced(clock, path=path), clock)
    assert victim.read_text() == "belongs to somebody else"
    assert len(json.loads(path.read_text())["sent"]) == 1
    assert sorted(file.suffix for file in tmp_path.iterdir()) == ["", ".json", ".lock", ".new"]


def test_of_a_huge_file_a_few_bytes_are_read(tmp_path: Path) -> None:
    path = tmp_path / "pace.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    clock = Clock()
    start(paced(clock, path=path), clock)
    assert clock.slept == []
    assert path.stat().st_size < 8192


def test_the_fullest_state_is_read_whole(tmp_path: Path) -> None:
    clock = Clock(now=1_763_659_999.123456)
    paces = [paced(clock, WITH_KEY, tmp_path / "pace.json") for _ in range(2)]
    starts = [start(paces[turn % 2], clock) for turn in range(60)]
    assert max(sum(at <= other < at + 1.0 for other in starts) for at in starts) <= 10


def test_eight_threads_in_two_processes_stay_within_the_limit_of_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVIEW_CACHE", str(tmp_path))
    with serving(Eutils(search=lambda term: [1], per_second=10)) as server:
        command = [sys.executable, "-c", ASK, str(server.port), "4"]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        both = [subprocess.Popen(command, cwd=REPOSITORY, env=environment) for _ in range(2)]
        assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert len(server.asked) == 32
    assert server.most_in_a_second() <= 10


def test_threads_without_a_key_stay_within_three_a_second() -> None:
    with serving(Eutils(search=lambda term: [1], per_second=3)) as server, pointed_at(server):
        client = Client(email="nobody@example.org")
        threads = [
            threading.Thread(
                target=client.esearch, args=("knee[tiab]",), kwargs={"what": "x", "purpose": "x", "line": 1}
            )
            for _ in range(7)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(server.asked) == 7
    assert server.most_in_a_second() <= 3
