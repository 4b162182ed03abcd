"""An analyst's SQL: one SELECT runs, every other door is shut."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from review.database import LocalStore, run_query
from review.errors import QueryRefused, StoreError, UsageProblem

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


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("interval 1 day", "1 day"),
        ("[interval 1 day]", "[1 day]"),
        ("union_value(a := 1)", "1"),
        ("map {'a': 1}", "{a=1}"),
        ("'101'::bit", "101"),
        ("1::uhugeint", "1"),
        ("time '24:00'", "24:00:00"),
        ("'12:00:00+01'::timetz", "12:00:00+01"),
    ],
)
def test_a_type_that_only_duckdb_knows_comes_as_text(database: Path, value: str, shown: str) -> None:
    assert run_query(database, f"select {value} as c")["c"].to_list() == [shown]


@pytest.mark.parametrize(
    "value",
    [
        "date 'infinity'",
        "date '200000-01-01'",
        "date '-5000-01-01'",
        "timestamp 'infinity'",
        "timestamp '290000-01-01'",
        "timestamp 'infinity'::timestamptz",
        "[{'day': date 'infinity'}]",
    ],
)
def test_a_day_outside_the_calendar_is_named_with_its_column(database: Path, value: str) -> None:
    with pytest.raises(QueryRefused, match="column seen_on holds a date") as refusal:
        run_query(database, f"select {value} as seen_on")
    assert "varchar" in refusal.value.hint


@pytest.mark.parametrize("value", ["date '9999-12-31'", "date '0001-01-01'", "timestamp '9999-12-31 23:59:59.999999'"])
def test_the_first_and_the_last_day_are_read(database: Path, value: str) -> None:
    assert run_query(database, f"select {value} as c")["c"].to_list()[0] is not None


def test_two_columns_of_one_name_come_back_both(database: Path) -> None:
    assert run_query(database, "select 1 as a, 2 as a").row(0) == (1, 2)


def test_the_order_of_the_rows_is_that_of_the_query(database: Path) -> None:
    rows = run_query(database, "select range, hash(range) as h, interval 1 day as i from range(300000) order by h")
    assert rows["h"].is_sorted()


def test_an_error_late_in_the_stream_is_a_refusal(database: Path) -> None:
    with pytest.raises(QueryRefused, match="too late"):
        run_query(database, "select case when range = 199999 then error('too late') else 1 end as c from range(200000)")


def test_a_query_is_stopped_while_its_rows_stream(database: Path) -> None:
    with pytest.raises(QueryRefused, match=r"longer than 0\.3 seconds"):
        run_query(database, "select repeat('x', 10) as c from range(3000000000)", seconds=0.3)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf"), 1e300])
def test_a_time_limit_that_is_none_is_refused(database: Path, seconds: float) -> None:
    with pytest.raises(UsageProblem, match="no time limit"):
        run_query(database, "select 1", seconds=seconds)


@pytest.mark.parametrize(
    ("sql", "params", "words"),
    [
        ("select 1", {"word": "x"}, "was given for word, which the query does not use"),
        ("select $word", {}, "needs a value for $word"),
        ("select ?", {}, "parameters without a name"),
        ("attach 'x' as y", {}, "an ATTACH statement was given"),
        ("insert into screening.label select * from screening.label", {}, "an INSERT statement was given"),
        ("delete from screening.label", {}, "a DELETE statement was given"),
        ("summarize select 1", {}, "a SUMMARIZE statement was given"),
        ("-- why\nshow tables", {}, "a SHOW statement was given"),
        ("describe select 1", {}, "a DESCRIBE statement was given"),
    ],
)
def test_a_refusal_says_what_was_given(database: Path, sql: str, params: dict[str, str], words: str) -> None:
    with pytest.raises(QueryRefused) as refusal:
        run_query(database, sql, params)
    assert words in refusal.value.message


@pytest.mark.parametrize(
    "sql",
    [
        "select colour from screening.label",
        "select nosuch(1)",
        "select from where",
        "select * from v1.nosuch",
        "select st_point(1, 2)",
    ],
)
def test_what_duckdb_says_is_one_line_without_its_guesses(database: Path, sql: str) -> None:
    with pytest.raises(QueryRefused) as refusal:
        run_query(database, sql)
    said = str(refusal.value)
    assert "\n" not in said
    for noise in ("Did you mean", "LINE 1", "Error:", "extension", "^"):
        assert noise not in said


def test_known_columns_are_the_hint(database: Path) -> None:
    with pytest.raises(QueryRefused) as refusal:
        run_query(database, "select labl from screening.label")
    assert "label" in refusal.value.hint


def test_a_damaged_block_is_no_fault_of_the_query(store: LocalStore) -> None:
    store.read("select 1")
    content = bytearray(store.path.read_bytes())
    content[12288 + 64 : 12288 + 128] = bytes(64)
    store.path.write_bytes(bytes(content))
    with pytest.raises(StoreError, match=r"review\.duckdb"):
        run_query(store.path, "select * from screening.label")


def test_ctrl_c_stops_a_query_at_once(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first wait is where the main thread stands when the signal comes; the stopping then is the real one."""
    from review.database import sandbox

    real, calls = sandbox.wait, []

    def struck(*given, **named):  # type: ignore[no-untyped-def]
        calls.append(1)
        if len(calls) == 1:
            time.sleep(0.3)
            raise KeyboardInterrupt
        return real(*given, **named)

    monkeypatch.setattr(sandbox, "wait", struck)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_query(database, "select count(*) from range(1000000) a, range(1000000) b where (a.range + b.range) % 7 = 1")
    assert time.monotonic() - began < 20
