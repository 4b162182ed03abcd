"""An analyst's SQL: one SELECT runs, every other door is shut."""

from __future__ import annotations

from pathlib import Path

import pytest

from review.database import LocalStore, run_query
from review.errors import QueryRefused

REFUSED = [
    # files and other databases
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from read_blob('/etc/passwd')",
    "select * from read_parquet('x.parquet')",
    "select * from read_json('x.json')",
    "select * from '/etc/passwd'",
    "select * from 'data.csv'",
    "select * from glob('/etc/*')",
    "copy (select 1) to 'out.csv'",
    "copy screening.label from 'in.csv'",
    "attach 'other.duckdb' as other",
    "attach ':memory:' as other",
    "export database 'folder'",
    "import database 'folder'",
    # extensions, settings, secrets
    "install httpfs",
    "load httpfs",
    "set memory_limit = '100GB'",
    "set enable_external_access = true",
    "reset lock_configuration",
    "pragma database_list",
    "pragma enable_progress_bar",
    "create secret s (type s3)",
    # writing, in every disguise
    "insert into screening.label select * from screening.label",
    "update screening.label set label = 'x'",
    "delete from screening.label",
    "truncate screening.label",
    "drop table screening.label",
    "alter table screening.label add column x int",
    "create table t as select 1",
    "create temp table t as select 1",
    "create temp macro m() as 1",
    "create view v as select 1",
    "with gone as (delete from screening.label returning *) select * from gone",
    "explain analyze insert into screening.label select * from screening.label",
    "comment on table screening.label is 'x'",
    # transactions, maintenance, procedures
    "begin transaction",
    "commit",
    "rollback",
    "checkpoint",
    "force checkpoint",
    "vacuum",
    "analyze",
    "call pragma_version()",
    "prepare p as select 1",
    "execute p",
    "use memory",
    # more than one, or none
    "select 1; select 2",
    "commit; insert into screening.label select * from screening.label",
    "",
    "   -- only a comment",
    "select from where",
    "what is the effect on pain?",
    "select getenv('HOME')",
    "select nextval('no_sequence')",
]


@pytest.fixture
def database(blank_database: Path) -> Path:
    """One database for all: that no query can change it is what is tested."""
    return blank_database


@pytest.mark.parametrize("sql", REFUSED)
def test_it_is_refused(database: Path, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = database.read_bytes()
    with pytest.raises(QueryRefused) as refusal:
        run_query(database, sql)
    assert refusal.value.message
    assert database.read_bytes() == before
    assert list(tmp_path.iterdir()) == []


def test_a_sequence_is_not_moved(tmp_path: Path) -> None:
    """`select nextval` is a SELECT to the parser; only the read-only file refuses it."""
    import duckdb

    path = tmp_path / "sequence.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create sequence q")
    with pytest.raises(QueryRefused):
        run_query(path, "select nextval('q')")


@pytest.mark.parametrize(
    "sql",
    [
        "select 1 as one",
        "select 1 as one;",
        "  -- a comment first\nselect 1 as one",
        "with a as (select 1 as one) select * from a",
        "select 1 as one union all select 1 where false",
        "from (select 1 as one)",
        "values (1)",
    ],
)
def test_one_select_runs(database: Path, sql: str) -> None:
    assert run_query(database, sql).row(0) == (1,)


def test_a_pivot_is_refused_with_the_reason(database: Path) -> None:
    with pytest.raises(QueryRefused, match="PIVOT"):
        run_query(database, "pivot (select 1 as a, 2 as b) on a using sum(b)")


def test_parameters_are_bound(database: Path) -> None:
    nasty = "x'; drop table screening.label; --"
    assert run_query(database, "select $word as word", {"word": nasty})["word"].to_list() == [nasty]


def test_a_missing_parameter_is_named(database: Path) -> None:
    with pytest.raises(QueryRefused, match="word"):
        run_query(database, "select $word as word")


def test_an_unknown_column_is_named(database: Path) -> None:
    with pytest.raises(QueryRefused, match="colour"):
        run_query(database, "select colour from screening.label")


def test_at_most_the_limit_comes_back(database: Path) -> None:
    assert run_query(database, "select * from range(1000) -- all of them", limit=7).height == 7


def test_a_runaway_query_is_stopped(database: Path) -> None:
    endless = "select count(*) from range(1000000) a, range(1000000) b where (a.range * 3 + b.range) % 7 = 1"
    with pytest.raises(QueryRefused, match=r"longer than 0\.3 seconds"):
        run_query(database, endless, seconds=0.3)


def test_the_database_is_free_again_after_a_refusal(store: LocalStore) -> None:
    with pytest.raises(QueryRefused):
        run_query(store.path, "select colour from screening.label")
    assert store.apply([]) == {}


def test_a_python_variable_is_not_a_table(database: Path) -> None:
    import polars as pl

    secret = pl.DataFrame({"a": [1]})
    assert secret.height
    with pytest.raises(QueryRefused, match="secret"):
        run_query(database, "select * from secret")
