"""An analyst's SQL: one SELECT, read-only, with no door to files, the network or the settings.

What a statement reads cannot be told from its words: a name in a comment, in quotes or escaped, SQL that is put
together from pieces and handed to query() or json_execute_serialized_sql(), functions that show the values of a table
(pragma_storage_info) - a list of words to refuse is never whole. Whoever may see a part only is therefore given a
database that holds that part only: the rows are copied into memory, the file is let go, and then the query runs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from review.database.complaints import speak
from review.database.frames import read_frame
from review.errors import QueryRefused, UsageProblem

if TYPE_CHECKING:
    import duckdb
    import polars as pl

LONGEST = 86400.0
_MODEST: dict[str, Any] = {
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "allow_community_extensions": "false",
    "memory_limit": "2GB",
    "threads": "2",
}
_SHUT: dict[str, Any] = {"enable_external_access": "false", "lock_configuration": "true"}
_SHOWS = frozenset({"pragma", "call", "describe", "desc", "show", "summarize"})
_COMMENTS = re.compile(r"(\s+|--[^\n]*(\n|$)|/\*.*?\*/)*", re.DOTALL)
# polars panics at some of these, shows others as bytes, and CSV cannot hold the rest
_AS_TEXT = re.compile(
    r"\b(INTERVAL|UNION|BIT|BLOB|BIGNUM|VARINT|VARIANT|GEOMETRY|UHUGEINT|MAP|TIME_NS)\b|(?<!WITH )\bTIME\b"
)


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

    if not 0 < seconds <= LONGEST:
        message = f"{seconds:g} seconds is no time limit; allowed: more than 0, at most {LONGEST:g}"
        raise UsageProblem(message, hint="leave out --seconds for 60")
    words, wanted = _the_select(sql)
    _check_values(wanted, set(params or {}))
    try:
        con = duckdb.connect(str(path), read_only=True, config=_MODEST | _SHUT) if only is None else _beside(path)
    except duckdb.Error as problem:
        speak(problem, path)
    filling = None
    if only is not None:
        named = set(re.findall(r"\w+", words.lower()))
        filling = {name: rows for name, rows in only.items() if name in named}
    try:
        return _within(con, words, params, limit=limit, seconds=seconds, filling=filling)
    except duckdb.Error as problem:
        if re.search(r"corrupt|checksum", str(problem), re.IGNORECASE):
            speak(problem, path)
        raise _refusal(problem) from problem
    finally:
        con.close()


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


def _fill(con: duckdb.DuckDBPyConnection, views: Mapping[str, str]) -> None:
    """Copy *views* into the database of *con*, let go of the file, and shut the doors behind it."""
    con.execute("create schema memory.v1")
    con.execute("use whole")
    for name, rows in views.items():
        con.execute(f'create table memory.v1."{name}" as {rows}')
    con.execute("use memory")
    con.execute("detach whole")
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
        raise _refusal(problem) from problem
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
            "v1 holds the views: select * from duckdb_columns() where schema_name = 'v1'"
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
    con: duckdb.DuckDBPyConnection,
    sql: str,
    params: Mapping[str, Any] | None,
    *,
    limit: int | None,
    seconds: float,
    filling: Mapping[str, str] | None,
) -> pl.DataFrame:
    """The rows, unless the time is up first or somebody presses Ctrl-C.

    DuckDB works in another thread: Python delivers Ctrl-C to the main one, and only while that runs Python or waits.
    """
    with ThreadPoolExecutor(1) as worker:
        rows = worker.submit(_fetch, con, sql, params, limit, filling)
        try:
            wait([rows], timeout=seconds)
            if rows.done():
                return rows.result()
        finally:
            _stop(con, rows)
    message = f"the query ran longer than {seconds:g} seconds and was stopped"
    raise QueryRefused(message, hint="narrow it, or give --seconds")


def _stop(con: duckdb.DuckDBPyConnection, rows: Future[pl.DataFrame]) -> None:
    """Interrupt until it is over: an interrupt that falls between two statements is lost."""
    while not rows.done():
        con.interrupt()
        wait([rows], timeout=0.05)


def _fetch(
    con: duckdb.DuckDBPyConnection,
    sql: str,
    params: Mapping[str, Any] | None,
    limit: int | None,
    filling: Mapping[str, str] | None,
) -> pl.DataFrame:
    """The rows of *sql*; no two columns have one name, and none has a type that cannot be shown."""
    if filling is not None:
        _fill(con, filling)
    # the subquery also gives each column a name of its own
    con.execute(f"select * from ({sql}\n) limit 0", dict(params) if params else None)
    columns = ", ".join(_shown(str(name), str(kind)) for name, kind, *_ in con.description or ())
    most = "" if limit is None else f" limit {int(limit)}"
    return read_frame(con, f"select {columns} from ({sql}\n){most}", params)


def _shown(name: str, kind: str) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    if kind == "HUGEINT":
        return f"cast({quoted} as decimal(38, 0)) as {quoted}"
    return f"cast({quoted} as varchar) as {quoted}" if _AS_TEXT.search(kind) else quoted


def _refusal(problem: duckdb.Error) -> QueryRefused:
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
