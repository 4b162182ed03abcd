"""An analyst's SQL: one SELECT, read-only, with no door to files, the network or the settings.

What a statement reads cannot be told from its words: a name in a comment, in quotes or escaped, SQL that is put
together from pieces and handed to query() or json_execute_serialized_sql(), functions that show the values of a table
(pragma_storage_info) - a list of words to refuse is never whole. Whoever may see a part only is therefore given a
database that holds that part only: the rows are copied into memory, the file is let go, and then the query runs.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from review.database.complaints import speak
from review.database.frames import read_frame, stream_of
from review.errors import QueryRefused, UsageProblem

if TYPE_CHECKING:
    import duckdb
    import polars as pl

    _Fill = Callable[[duckdb.DuckDBPyConnection], None]

LONGEST = 86400.0
_LOOKS_UP = 0.2  # seconds after which a wait looks whether the process ends
_LAST_SECOND = 1.0
_NO_EXTENSIONS: dict[str, Any] = {
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "allow_community_extensions": "false",
}
SHUT_IN = _NO_EXTENSIONS | {"enable_external_access": "false"}  # of who owns the file; it locks its settings itself
_MODEST = _NO_EXTENSIONS | {"memory_limit": "2GB", "threads": "2"}
_SHUT: dict[str, Any] = {"enable_external_access": "false", "lock_configuration": "true"}
_SHOWS = frozenset({"pragma", "call", "describe", "desc", "show", "summarize"})
_COMMENTS = re.compile(r"(\s+|--[^\n]*(\n|$)|/\*.*?\*/)*", re.DOTALL)
# polars panics at some of these, shows others as bytes, and CSV cannot hold the rest
_AS_TEXT = re.compile(
    r"\b(INTERVAL|UNION|BIT|BLOB|BIGNUM|VARINT|VARIANT|GEOMETRY|UHUGEINT|MAP|TIME_NS)\b|(?<!WITH )\bTIME\b"
)


@dataclass
class Ending:
    """Says to queries that the process which runs them ends, and keeps those that could not be interrupted."""

    begun: threading.Event = field(default_factory=threading.Event)
    left: list[Future[pl.DataFrame]] = field(default_factory=list)


def check_statement(sql: str) -> str:
    """*sql* without its last semicolon, when it is exactly one SELECT; QueryRefused otherwise."""
    return _the_select(sql)[0]


def run_query(
    path: Path,
    sql: str,
    params: Mapping[str, Any] | None = None,
    *,
    limit: int | None = None,
    seconds: float = 60.0,
    only: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """The rows of one SELECT over the database at *path*, at most *limit* of them.

    The file is opened read-only with external access off and the configuration locked; it is interrupted after
    *seconds*. With *only* the query sees nothing but these views of v1: each is the name and the SELECT that fills it,
    and of them those are filled that the query names. Raises QueryRefused for anything but one SELECT, and for what
    DuckDB answers with an error. Columns of types that only DuckDB knows (intervals, unions, bits, maps ...) come as
    text.
    """
    import duckdb

    words = checked(sql, params, seconds=seconds)
    try:
        con = duckdb.connect(str(path), read_only=True, config=_MODEST | _SHUT) if only is None else _beside(path)
    except duckdb.Error as problem:
        speak(problem, path)
    fill = None if only is None else functools.partial(_fill, views=named_in(words, only))
    try:
        return _answer(con, words, params, limit=limit, seconds=seconds, fill=fill, path=path)
    finally:
        con.close()


def query_owned(
    root: duckdb.DuckDBPyConnection,
    path: Path,
    sql: str,
    params: Mapping[str, Any] | None = None,
    *,
    limit: int | None = None,
    seconds: float = 60.0,
    only: Mapping[str, str] | None = None,
    ending: Ending | None = None,
) -> pl.DataFrame:
    """`run_query` in the process that holds the file open to write, over the connection *root*.

    *root* has external access off and its configuration locked. The statement rule refuses COMMIT and what runs outside
    a transaction; the read-only transaction refuses what writes from within a SELECT: neither alone is enough.
    With *only* the views are copied into a database in memory, and the query runs there: it reaches nothing else, and
    when it is heavy it does not take the memory of those who screen. When *ending* begins it is stopped, or left to
    itself where it cannot be.
    """
    import duckdb

    words = checked(sql, params, seconds=seconds)
    cursor = root.cursor()
    try:
        cursor.execute("begin transaction read only")
        if only is None:
            return _answer(cursor, words, params, limit=limit, seconds=seconds, fill=None, path=path, ending=ending)
        beside = duckdb.connect(":memory:", config=_MODEST)
        try:
            fill = functools.partial(_fill_from, source=cursor, views=named_in(words, only))
            return _answer(
                beside, words, params, limit=limit, seconds=seconds, fill=fill, path=path, also=cursor, ending=ending
            )
        finally:
            with contextlib.suppress(duckdb.Error):
                beside.close()
    finally:
        # a connection that could not be interrupted refuses both
        with contextlib.suppress(duckdb.Error):
            cursor.execute("rollback")
        with contextlib.suppress(duckdb.Error):
            cursor.close()


def checked(sql: str, params: Mapping[str, Any] | None, *, seconds: float) -> str:
    """*sql* without its last semicolon, when it is one SELECT, its parameters have values, and the time is a time."""
    if not 0 < seconds <= LONGEST:
        message = f"{seconds:g} seconds is no time limit; allowed: more than 0, at most {LONGEST:g}"
        raise UsageProblem(message, hint="leave out --seconds for 60")
    words, wanted = _the_select(sql)
    _check_values(wanted, set(params or {}))
    return words


def named_in(sql: str, views: Mapping[str, str]) -> dict[str, str]:
    """Those of *views* that *sql* may read: a view that it does not name need not be filled."""
    named = set(re.findall(r"\w+", sql.lower()))
    return {name: rows for name, rows in views.items() if name in named}


def _answer(
    con: duckdb.DuckDBPyConnection,
    sql: str,
    params: Mapping[str, Any] | None,
    *,
    limit: int | None,
    seconds: float,
    fill: _Fill | None,
    path: Path,
    also: duckdb.DuckDBPyConnection | None = None,
    ending: Ending | None = None,
) -> pl.DataFrame:
    """The rows, or the complaint in one line."""
    import duckdb

    cons = [con] if also is None else [con, also]
    try:
        return _within(cons, sql, params, limit=limit, seconds=seconds, fill=fill, ending=ending or Ending())
    except duckdb.Error as problem:
        if re.search(r"corrupt|checksum", str(problem), re.IGNORECASE):
            speak(problem, path)
        raise refusal_of(problem) from problem


def _beside(path: Path) -> duckdb.DuckDBPyConnection:
    """An empty database in memory, with the file open beside it; _fill lets go of the file before the query runs."""
    import duckdb

    # what does not fit into memory goes to a folder of its own: that of the file may hold another query's rows
    con = duckdb.connect(":memory:", config=_MODEST | {"temp_directory": f"{path}.{os.getpid()}.tmp"})
    try:
        con.execute(f"attach {_text(str(path))} as whole (read_only)")
    except duckdb.Error:
        con.close()
        raise
    return con


def _fill_from(con: duckdb.DuckDBPyConnection, *, source: duckdb.DuckDBPyConnection, views: Mapping[str, str]) -> None:
    """Copy *views* of *source* into the database of *con*, and shut its doors."""
    con.execute("set timezone = 'UTC'")
    con.execute("create schema memory.v1")
    for name, rows in views.items():
        con.register("incoming", stream_of(source.sql(rows)))
        con.execute(f'create table memory.v1."{name}" as select * from incoming')
        con.unregister("incoming")
    _shut(con)


def _fill(con: duckdb.DuckDBPyConnection, *, views: Mapping[str, str]) -> None:
    """Copy *views* into the database of *con*, let go of the file, and shut the doors behind it."""
    con.execute("create schema memory.v1")
    con.execute("use whole")
    for name, rows in views.items():
        con.execute(f'create table memory.v1."{name}" as {rows}')
    con.execute("use memory")
    con.execute("detach whole")
    _shut(con)


def _shut(con: duckdb.DuckDBPyConnection) -> None:
    for setting, value in _SHUT.items():
        con.execute(f"set {setting} = {value}")


def _text(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"


def _the_select(sql: str) -> tuple[str, set[str]]:
    """The one SELECT and the names of its parameters."""
    import duckdb

    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as problem:
        raise refusal_of(problem) from problem
    if len(statements) != 1:
        message = f"{len(statements)} statements were given, one SELECT is allowed"
        raise QueryRefused(message, hint="run one query at a time; PIVOT counts as several: write it as a SELECT")
    kind = statements[0].type
    bare = sql[_COMMENTS.match(sql).end() :]  # type: ignore[union-attr]
    first = bare.split(None, 1)[0].lower() if bare.strip() else ""
    if kind != duckdb.StatementType.SELECT or first in _SHOWS:
        name = first.upper() if first in _SHOWS else kind.name
        message = f"{'an' if name[0] in 'AEIOU' else 'a'} {name} statement was given, one SELECT is allowed"
        hint = (
            "v1 holds the views: select * from v1.data_dictionary"
            if first in _SHOWS
            else "PIVOT and PRAGMA are not run; write a SELECT"
        )
        raise QueryRefused(message, hint=hint)
    return str(statements[0].query).strip().rstrip(";").strip(), set(statements[0].named_parameters)


def _check_values(wanted: set[str], given: set[str]) -> None:
    """Refuse parameters without a value and values without a parameter."""
    if unnamed := sorted(name for name in wanted if name.isdigit()):
        message = f"the query has parameters without a name: {', '.join(f'${name}' for name in unnamed)}"
        raise QueryRefused(message, hint="write $name in the SQL and give --param name=VALUE")
    if missing := sorted(wanted - given):
        message = f"the query needs a value for {', '.join(f'${name}' for name in missing)}"
        raise QueryRefused(message, hint=f"--param {missing[0]}=VALUE")
    if unused := sorted(given - wanted):
        message = f"a value was given for {', '.join(unused)}, which the query does not use"
        raise QueryRefused(message, hint=f"write ${unused[0]} where the value belongs, or leave it out")


def _within(
    cons: Sequence[duckdb.DuckDBPyConnection],
    sql: str,
    params: Mapping[str, Any] | None,
    *,
    limit: int | None,
    seconds: float,
    fill: _Fill | None,
    ending: Ending,
) -> pl.DataFrame:
    """The rows over the first of *cons*, unless the time is up first or somebody presses Ctrl-C: then all are stopped.

    DuckDB works in another thread: Python delivers Ctrl-C to the main one, and only while that runs Python or waits.
    """
    import duckdb

    rows: Future[pl.DataFrame] = Future()

    def work() -> None:
        try:
            rows.set_result(fetch_rows(cons[0], sql, params, limit, fill))
        except duckdb.Error as problem:
            rows.set_exception(problem)
        finally:
            if not rows.done():
                rows.set_exception(QueryRefused("the query cannot be run"))

    # a daemon: where one function cannot be interrupted, the process can end all the same
    threading.Thread(target=work, name="query", daemon=True).start()
    until = time.monotonic() + seconds
    try:
        while not rows.done() and not ending.begun.is_set() and (left := until - time.monotonic()) > 0:
            wait([rows], timeout=min(left, _LOOKS_UP))
        if rows.done():
            return rows.result()
    finally:
        _stop(cons, rows, ending)
    raise too_long(seconds)


def too_long(seconds: float, hint: str = "narrow it, or give --seconds") -> QueryRefused:
    """What is said of a query whose time is up."""
    return QueryRefused(f"the query ran longer than {seconds:g} seconds and was stopped", hint=hint)


def _stop(cons: Sequence[duckdb.DuckDBPyConnection], rows: Future[pl.DataFrame], ending: Ending) -> None:
    """Interrupt until it is over: an interrupt that falls between two statements is lost.

    At the end of the process it is given a second: a function that never looks up would keep the process with it.
    """
    begun = None
    while not rows.done():
        for con in cons:
            con.interrupt()
        wait([rows], timeout=0.05)
        if ending.begun.is_set():
            begun = begun or time.monotonic()
            if time.monotonic() - begun > _LAST_SECOND:
                ending.left.append(rows)
                return


def fetch_rows(
    con: duckdb.DuckDBPyConnection,
    sql: str,
    params: Mapping[str, Any] | None,
    limit: int | None,
    fill: _Fill | None,
) -> pl.DataFrame:
    """The rows of *sql*; no two columns have one name, and none has a type that cannot be shown."""
    if fill is not None:
        fill(con)
    # the subquery also gives each column a name of its own
    con.execute(f"select * from ({sql}\n) limit 0", dict(params) if params else None)
    columns = ", ".join(shown_column(str(name), str(kind)) for name, kind, *_ in con.description or ())
    con.fetchall()
    most = "" if limit is None else f" limit {int(limit)}"
    return read_frame(con, f"select {columns} from ({sql}\n){most}", params)


def shown_column(name: str, kind: str) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    if kind == "HUGEINT":
        return f"cast({quoted} as decimal(38, 0)) as {quoted}"
    return f"cast({quoted} as varchar) as {quoted}" if _AS_TEXT.search(kind) else quoted


def refusal_of(problem: duckdb.Error) -> QueryRefused:
    """DuckDB's complaint in one line: its first, without the kind of the error and what it guesses."""
    first, *more = str(problem).strip().splitlines() or [""]
    words = re.sub(r"^(\w+ )+Error: ", "", first).partition(", but it exists in the ")[0].strip().rstrip("!.")
    known = next((line for line in more if line.startswith("Candidate bindings: ")), "")
    if known:
        hint = f"known here: {known.removeprefix('Candidate bindings: ')}"
    elif any(sign in words for sign in ("cannot be read", "outside the years", "DECIMAL(38,0)")):
        hint = "cast it to text: select cast(COLUMN as varchar)"
    else:
        hint = ""
    return QueryRefused(f"the query cannot be run: {words}", hint=hint)
