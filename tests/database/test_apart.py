"""An analyst's SELECT in a process of its own: every door is shut, nothing runs on, and the server feels nothing."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from review.database import Append, LocalStore, OwnerStore
from review.database.open_views import OPEN
from review.errors import QueryRefused, StoreError, UsageProblem
from tests.conftest import synthetic_receipt, synthetic_record
from tests.database.test_owner import AT, ESCAPES, count, label

OUT_OF_MEMORY_OR_SIZE = r"more memory than it is given|larger than 20 MB"
ENDLESS = "select count(*) from range(100000000) a, range(100000) b where (a.range + b.range) % 7 = 1"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, blank_database: Path) -> Iterator[OwnerStore]:
    """One store for all: that no query can change it is what is tested. Two records are in it."""
    folder = tmp_path_factory.mktemp("apart")
    store = OwnerStore(Path(shutil.copy(blank_database, folder / "review.duckdb")))
    rows = [synthetic_record(number) for number in (1, 2)]
    places = [
        {"import_id": "i1", "source_record_id": row["source_record_id"], "position": place}
        for place, row in enumerate(rows, start=1)
    ]
    receipt = synthetic_receipt("i1", records=2, at=AT)
    store.apply(
        [
            Append("search.source_record", rows),
            Append("search.import_record", places),
            Append("search.import_receipt", [receipt]),
        ]
    )
    store.apply([Append("screening.label", [label(1)])])
    yield store
    assert store.close()


@pytest.fixture
def owner(tmp_path: Path, blank_database: Path) -> Iterator[OwnerStore]:
    store = OwnerStore(Path(shutil.copy(blank_database, tmp_path / "review.duckdb")))
    yield store
    store.close()


@pytest.mark.parametrize("sql", ESCAPES)
def test_every_door_is_shut(shared: OwnerStore, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(QueryRefused) as refusal:
        shared.query_apart(sql)
    assert refusal.value.message
    assert "more memory" not in refusal.value.message
    assert list(tmp_path.iterdir()) == []
    assert count(shared) == 1


def test_the_views_are_read_and_of_the_right_types(shared: OwnerStore) -> None:
    whole = shared.query("select * from v1.record order by record_id")
    apart = shared.query_apart("select * from v1.record order by record_id")
    assert apart.equals(whole) and apart.schema == whole.schema
    kinds = "select column_name, data_type from duckdb_columns() where schema_name = 'v1' and table_name = 'record'"
    assert shared.query_apart(f"{kinds} and 'record' = 'record' order by 1, 2").rows() == [
        (name, kind) for name, kind in shared.query(f"{kinds} order by 1, 2").rows()
    ]


def test_every_view_can_be_handed_over(shared: OwnerStore) -> None:
    names = shared.read("select view_name from duckdb_views() where schema_name = 'v1'")["view_name"].to_list()
    every = " union all ".join(f"select '{name}' as name, count(*) as n from v1.\"{name}\"" for name in names)
    found = dict(shared.query_apart(every, seconds=60).rows())
    assert found == dict(shared.query(every).rows())


@pytest.mark.parametrize(
    "table", ["team.session", "team.reviewer_token", "screening.decision", "house.migration", "review.team.session"]
)
def test_what_is_no_view_of_v1_is_not_there(shared: OwnerStore, table: str) -> None:
    for sql in (f"from {table}", f"from query('from {table}')", f"select * from query_table('{table}')"):
        with pytest.raises(QueryRefused, match=r"not exist|not found|only"):
            shared.query_apart(sql)


def test_views_that_are_not_given_are_not_there(shared: OwnerStore) -> None:
    assert shared.query_apart("select count(*) as n from v1.record", only=OPEN)["n"][0] == 2
    with pytest.raises(QueryRefused, match="does not exist"):
        shared.query_apart("select * from v1.current_decision", only=OPEN)


def test_parameters_and_the_limit_are_kept(shared: OwnerStore) -> None:
    assert shared.query_apart("select $word as word, $on as day", {"word": "a'b", "on": AT})["word"].to_list() == [
        "a'b"
    ]
    assert shared.query_apart("select * from range(1000)", limit=7).height == 7
    with pytest.raises(QueryRefused, match="needs a value for"):
        shared.query_apart("select $word")
    with pytest.raises(UsageProblem, match="no time limit"):
        shared.query_apart("select 1", seconds=0)


@pytest.mark.parametrize(
    "sql",
    [
        "select levenshtein(repeat('a', 60000), repeat('b', 60000))",
        "select levenshtein(repeat('a', 600000), repeat('b', 600000))",
        "select printf('%' || n || 'd', 1) from (values (1000000000)) t(n)",
        ENDLESS,
        "with recursive t(n) as (select 1 union all select (n + 1) % 7 from t) select max(n) from t",
        "select regexp_replace(repeat('a', 50000000), '(a*)*b', 'x', 'g') from range(100)",
    ],
)
def test_what_runs_away_is_killed_at_its_time(shared: OwnerStore, sql: str) -> None:
    with pytest.raises(QueryRefused, match=rf"ran longer than 1 seconds and was stopped|{OUT_OF_MEMORY_OR_SIZE}"):
        shared.query_apart(sql, seconds=1)
    assert children() == []


@pytest.mark.parametrize(
    "sql",
    [
        "select repeat('x', 10000000) as c from range(100)",
        "select repeat('x', 100000000) as c, repeat('y', 100000000) as d from range(1000)",
        "select list(range) from range(2000000000)",
        "select string_agg(repeat('x', 1000), '') from range(100000000)",
        "select range(1000000000)",
        "select * from range(20000000)",
        "select list_transform(range(300000000), lambda x: x * 2)",
    ],
)
def test_a_bomb_of_memory_goes_off_elsewhere(shared: OwnerStore, sql: str) -> None:
    shared.query_apart("select 1")
    before = memory()
    with pytest.raises(QueryRefused, match=rf"{OUT_OF_MEMORY_OR_SIZE}|cannot be run|ran longer"):
        shared.query_apart(sql, seconds=8)
    assert memory() - before < 100_000_000
    assert children() == []


def test_very_deep_sql_ends_in_words(shared: OwnerStore) -> None:
    for sql in ("select " + "(" * 40_000 + "1" + ")" * 40_000, "select " + "not " * 20_000 + "true"):
        with pytest.raises(QueryRefused):
            shared.query_apart(sql)


def test_an_answer_above_what_is_taken_is_refused(shared: OwnerStore) -> None:
    with pytest.raises(QueryRefused, match="larger than 2 MB"):
        shared.query_apart("select repeat('x', 3000000)", most_bytes=2_000_000)


def test_others_read_and_write_meanwhile(owner: OwnerStore) -> None:
    with ThreadPoolExecutor(2) as askers:
        asked = [askers.submit(owner.query_apart, ENDLESS, seconds=3) for _ in range(2)]
        for number in range(20):
            owner.apply([Append("screening.label", [label(number)])])
        assert count(owner) == 20
        assert not any(one.done() for one in asked)
        for one in asked:
            with pytest.raises(QueryRefused, match="ran longer than 3 seconds"):
                one.result()


def test_the_views_are_of_one_moment(owner: OwnerStore) -> None:
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            owner.apply([Append("screening.label", [label(f"{number}-{part}") for part in range(5)])])
            number += 1

    only = {"one": "select * from screening.label", "two": "select * from screening.label"}
    with ThreadPoolExecutor(1) as other:
        writing = other.submit(write)
        try:
            sql = "select (select count(*) from v1.one) as a, (select count(*) from v1.two) as b"
            for _ in range(3):
                a, b = owner.query_apart(sql, only=only).row(0)
                assert a == b and a % 5 == 0
        finally:
            stop.set()
        writing.result()


def test_closing_ends_what_runs(owner: OwnerStore) -> None:
    with ThreadPoolExecutor(3) as askers:
        asked = [
            askers.submit(owner.query_apart, "select levenshtein(repeat('a', 600000), repeat('b', 600000))"),
            askers.submit(owner.query, ENDLESS),
            askers.submit(owner.query, ENDLESS, only={"record": "select * from v1.record"}),
        ]
        while len(owner._busy) < 3:
            time.sleep(0.02)
        time.sleep(0.3)
        assert owner.close()
        for one in asked:
            with pytest.raises(StoreError, match="is ending"):
                one.result()
    assert children() == []
    assert count(LocalStore(owner.path)) == 0
    with pytest.raises(StoreError, match="is ending"):
        owner.query_apart("select 1")


def test_what_cannot_be_interrupted_does_not_hold_up_the_end(owner: OwnerStore) -> None:
    owner.apply([Append("screening.label", [label(1)])])
    slow = "select levenshtein(repeat('a', 40000), repeat('b', 40000))"
    with ThreadPoolExecutor(1) as asker:
        asked = asker.submit(owner.query, slow)
        while not owner._busy:
            time.sleep(0.02)
        time.sleep(0.5)
        ended = owner.close()
        with pytest.raises(StoreError, match="is ending"):
            asked.result()
    while not all(one.done() for one in owner._ending.left):
        time.sleep(0.1)
    # the machine may be so fast that it was over in time
    assert ended or owner.close()


def children() -> list[str]:
    """The processes that this one started for queries and that are still there."""
    found = []
    if sys.platform != "linux":
        return found
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = place.joinpath("stat").read_text().rpartition(")")[2].split()[1]
            words = place.joinpath("cmdline").read_text()
        except OSError:
            continue
        if int(parent) == os.getpid() and "sandbox_process" in words:
            found.append(words)
    return found


def memory() -> int:
    """The bytes of memory that this process has touched at most."""
    resource = pytest.importorskip("resource")
    most: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most * (1 if sys.platform == "darwin" else 1024)
