"""The store that owns the file while people screen: one moment a look, one writer, a shut sandbox, live copies."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from review.database import Append, LocalStore, OwnerStore, open_owned, open_store
from review.database.side_file import announce, side_file, withdraw
from review.errors import QueryRefused, StoreError, StoreLocked
from tests.database.test_sandbox import REFUSED

AT = datetime(2026, 1, 1, tzinfo=UTC)
EVERY_VIEW = {"record": "select * from v1.record", "study": "select * from v1.study"}
ESCAPES = [
    *REFUSED,
    "select * from team.reviewer_token; commit",
    "select * from query('copy (select 1) to ''out.csv''')",
    "from query_table('/etc/passwd')",
    "select * from read_text('review.duckdb.key')",
    "select * from duckdb_secrets() union all select * from read_csv('x')",
    "select * from sniff_csv('/etc/passwd')",
    "select * from parquet_metadata('x')",
    "explain analyze select * from read_text('/etc/passwd')",
]


def label(number: object) -> dict[str, object]:
    return {"label_id": str(number), "source_record_id": "s", "reviewer": "ana", "label": "x", "decided_at": AT}


@pytest.fixture
def owner(tmp_path: Path, blank_database: Path) -> Iterator[OwnerStore]:
    store = OwnerStore(Path(shutil.copy(blank_database, tmp_path / "review.duckdb")))
    yield store
    store.close()


def count(store: OwnerStore | LocalStore) -> int:
    return int(store.read("select count(*) as n from screening.label")["n"][0])


def test_what_is_applied_is_read_and_a_repeat_adds_nothing(owner: OwnerStore) -> None:
    assert owner.apply([Append("screening.label", [label(1), label(2)])]) == {"screening.label": 2}
    assert owner.apply([Append("screening.label", [label(2)])]) == {"screening.label": 0}
    assert owner.read("select label_id, arrival from screening.label order by arrival").rows() == [("1", 1), ("2", 2)]


def test_a_look_stays_at_its_moment_while_others_write(owner: OwnerStore) -> None:
    owner.apply([Append("screening.label", [label(1)])])
    with owner.reading(), ThreadPoolExecutor(1) as other:
        assert count(owner) == 1
        other.submit(owner.apply, [Append("screening.label", [label(2)])]).result()
        assert count(owner) == 1
        assert other.submit(count, owner).result() == 2
    assert count(owner) == 2


def test_nothing_is_applied_inside_a_look(owner: OwnerStore) -> None:
    with owner.reading(), pytest.raises(StoreError, match="inside a reading block"):
        owner.apply([Append("screening.label", [label(1)])])
    assert count(owner) == 0


def test_threads_write_at_once_and_nothing_is_lost_or_out_of_order(owner: OwnerStore) -> None:
    def write(worker: int) -> None:
        for number in range(20):
            owner.apply([Append("screening.label", [label(f"{worker}-{number}")])])

    with ThreadPoolExecutor(8) as workers:
        list(workers.map(write, range(8)))
    arrivals = owner.read("select arrival from screening.label order by arrival")["arrival"].to_list()
    assert arrivals == list(range(1, 161))


def test_versions_grow_with_the_tables_that_were_written(owner: OwnerStore) -> None:
    before = owner.versions("screening.label", "screening.decision")
    owner.apply([Append("screening.label", [label(1)])])
    after = owner.versions("screening.label", "screening.decision")
    assert after[0] > before[0]
    assert after[1] == before[1]


def test_a_batch_that_fails_leaves_nothing_and_the_next_one_works(owner: OwnerStore) -> None:
    with pytest.raises(StoreError, match="has no column strange"):
        owner.apply([Append("screening.label", [label(1)]), Append("screening.label", [{**label(2), "strange": 1}])])
    assert count(owner) == 0
    assert owner.apply([Append("screening.label", [label(1)])]) == {"screening.label": 1}


@pytest.mark.parametrize("only", [None, EVERY_VIEW], ids=["whole", "views"])
@pytest.mark.parametrize("sql", ESCAPES)
def test_the_sandbox_of_the_owner_is_shut(
    owner: OwnerStore, sql: str, only: dict[str, str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.apply([Append("screening.label", [label(1)])])
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with pytest.raises(QueryRefused) as refusal:
        owner.query(sql, only=only)
    assert refusal.value.message
    assert list(folder.iterdir()) == []
    # it still reads and writes, and holds what it held
    assert count(owner) == 1
    assert owner.apply([Append("screening.label", [label(2)])]) == {"screening.label": 1}


def test_a_sequence_is_not_moved_by_a_query(owner: OwnerStore) -> None:
    owner._root.execute("create sequence q")
    with pytest.raises(QueryRefused):
        owner.query("select nextval('q')")


def test_frames_of_the_program_are_no_tables(owner: OwnerStore) -> None:
    hidden = pl.DataFrame({"a": [1]})
    with pytest.raises(QueryRefused, match="hidden"):
        owner.query("select * from hidden")
    assert hidden.height == 1


def test_with_views_only_a_query_reaches_no_table(owner: OwnerStore) -> None:
    assert owner.query("select count(*) as n from v1.record", only=EVERY_VIEW)["n"][0] == 0
    for table in ("team.reviewer_token", "screening.decision", "v1.current_decision", "house.migration"):
        with pytest.raises(QueryRefused):
            owner.query(f"select * from {table}", only=EVERY_VIEW)
        with pytest.raises(QueryRefused):
            owner.query(f"select * from query('from {table}')", only=EVERY_VIEW)


@pytest.mark.parametrize("only", [None, EVERY_VIEW], ids=["whole", "views"])
def test_a_runaway_query_is_stopped_and_others_go_on(owner: OwnerStore, only: dict[str, str] | None) -> None:
    begun = threading.Event()

    def write() -> None:
        begun.wait()
        owner.apply([Append("screening.label", [label(1)])])

    with ThreadPoolExecutor(1) as other:
        written = other.submit(write)
        begun.set()
        with pytest.raises(QueryRefused, match=r"ran longer than 0\.3 seconds"):
            owner.query("select count(*) from range(100000000) a, range(100000) b", seconds=0.3, only=only)
        written.result()
    assert count(owner) == 1


def test_a_copy_made_while_others_write_is_whole_and_the_lock_is_kept(owner: OwnerStore, tmp_path: Path) -> None:
    stop = threading.Event()
    written: list[int] = []

    def write() -> None:
        while not stop.is_set():
            number = len(written)
            owner.apply([Append("screening.label", [label(f"{number}-{part}") for part in range(5)])])
            written.append(number)

    with ThreadPoolExecutor(1) as other:
        writing = other.submit(write)
        while len(written) < 5:
            time.sleep(0.01)
        before = len(written)
        owner.backup(tmp_path / "copy.duckdb")
        after = len(written) + 1
        stop.set()
        writing.result()
    copied = count(LocalStore(tmp_path / "copy.duckdb"))
    assert copied % 5 == 0
    assert 5 * before <= copied <= 5 * after
    assert sorted(path.name for path in tmp_path.iterdir() if "copy" in path.name) == ["copy.duckdb"]
    # a copy that this process had made itself would have given up its lock on the file
    with pytest.raises(StoreLocked):
        open_elsewhere(owner.path)


def open_elsewhere(path: Path) -> None:
    """Open the database in another process; its refusal is raised here."""
    script = "import sys, duckdb; duckdb.connect(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False)
    if "Could not set lock" in done.stderr:
        raise StoreLocked(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr


def test_a_copy_over_a_file_is_refused(owner: OwnerStore, tmp_path: Path) -> None:
    there = tmp_path / "there.duckdb"
    there.write_text("mine")
    with pytest.raises(StoreError, match="is there already"):
        owner.backup(there)
    assert there.read_text() == "mine"


def test_after_closing_everything_is_in_one_file(owner: OwnerStore) -> None:
    owner.apply([Append("screening.label", [label(1)])])
    owner.close()
    owner.close()
    assert not owner.path.with_name(owner.path.name + ".wal").exists()
    assert count(LocalStore(owner.path)) == 1
    with pytest.raises(StoreError, match="is ending"):
        owner.read("select 1")


def test_the_side_file_is_for_its_owner_only_and_goes_with_the_server(tmp_path: Path) -> None:
    database = tmp_path / "review.duckdb"
    side_file(database).write_text("left behind")
    side_file(database).chmod(0o644)
    serving = announce(database, port=1)
    assert side_file(database).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["review.duckdb.server.json"]
    withdraw(database, serving)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words", ["", "{}", "[]", "{", '{"port": "x"}', '{"port": 1, "pid": 1, "token": "t"}', "\0" * 9000]
)
def test_a_side_file_that_nobody_stands_behind_is_passed_over(owner: OwnerStore, words: str) -> None:
    owner.close()
    side_file(owner.path).write_text(words)
    store = open_store(owner.path)
    assert store.server() is None
    assert store.apply([Append("screening.label", [label(1)])]) == {"screening.label": 1}


def test_a_new_server_takes_the_place_of_one_that_was_killed(owner: OwnerStore) -> None:
    owner.close()
    announce(owner.path, port=1)
    store = open_owned(owner.path)
    assert count(store) == 0
    store.close()


def test_batches_that_wait_go_together_and_one_that_fails_fails_alone(owner: OwnerStore) -> None:
    held = threading.Event()

    def write(number: int) -> object:
        row = {**label(number), "strange": 1} if number == 7 else label(number)
        try:
            return owner.apply([Append("screening.label", [row])])
        except StoreError as problem:
            return problem

    before = owner.versions("screening.label")[0]
    with ThreadPoolExecutor(16) as workers:
        with owner._writing:
            waiting = [workers.submit(write, number) for number in range(16)]
            while len(owner._queue) < 16:
                held.wait(0.01)
        said = [one.result() for one in waiting]
    assert isinstance(said[7], StoreError) and "no column strange" in said[7].message
    assert [one for place, one in enumerate(said) if place != 7] == [{"screening.label": 1}] * 15
    assert owner.read("select count(*) as n, max(arrival) as last from screening.label").row(0) == (15, 15)
    assert owner.versions("screening.label")[0] > before


def test_batches_that_wait_are_written_in_one_transaction(owner: OwnerStore) -> None:
    before = owner.versions("screening.label")[0]
    with ThreadPoolExecutor(8) as workers:
        with owner._writing:
            waiting = [workers.submit(owner.apply, [Append("screening.label", [label(number)])]) for number in range(8)]
            while len(owner._queue) < 8:
                time.sleep(0.01)
        assert [one.result() for one in waiting] == [{"screening.label": 1}] * 8
    assert owner.versions("screening.label")[0] == before + 1
