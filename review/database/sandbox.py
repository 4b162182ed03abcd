"""An analyst's SQL: one SELECT, read-only, with no door to files, the network or the settings."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from review.database.frames import read_frame
from review.errors import QueryRefused

if TYPE_CHECKING:
    import polars as pl

_LOCKED = {
    "enable_external_access": "false",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "allow_community_extensions": "false",
    "memory_limit": "2GB",
    "threads": "2",
    "lock_configuration": "true",
}


def check_statement(sql: str) -> str:
    """*sql* without its last semicolon, when it is exactly one SELECT; QueryRefused otherwise."""
    import duckdb

    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as problem:
        message = f"the query cannot be parsed: {str(problem).splitlines()[0]}"
        raise QueryRefused(message) from problem
    if len(statements) != 1:
        message = f"{len(statements)} statements were given, one SELECT is allowed"
        raise QueryRefused(message, hint="run one query at a time; PIVOT counts as several: write it as a SELECT")
    kind = statements[0].type
    first = sql.lstrip().split(None, 1)[0].lower() if sql.strip() else ""
    if kind != duckdb.StatementType.SELECT or first in {"pragma", "call", "describe", "show", "summarize"}:
        message = f"a {kind.name} statement was given, one SELECT is allowed"
        raise QueryRefused(message, hint="PIVOT and PRAGMA are not run; write a SELECT")
    return str(statements[0].query).strip().rstrip(";").strip()


def run_query(
    path: Path, sql: str, params: Mapping[str, Any] | None = None, *, limit: int | None = None, seconds: float = 60.0
) -> pl.DataFrame:
    """The rows of one SELECT over the database at *path*, at most *limit* of them.

    The file is opened read-only with external access off and the configuration locked; a timer interrupts it after
    *seconds*. Raises QueryRefused for anything but one SELECT, and for what DuckDB answers with an error.
    """
    import duckdb

    from review.database.local import _speak

    words = check_statement(sql)
    if limit is not None:
        words = f"select * from ({words}\n) limit {int(limit)}"
    try:
        con = duckdb.connect(str(path), read_only=True, config=dict(_LOCKED))
    except duckdb.Error as problem:
        _speak(problem, path)
    timer = threading.Timer(seconds, con.interrupt)
    timer.start()
    try:
        return read_frame(con, words, params)
    except duckdb.InterruptException as problem:
        message = f"the query ran longer than {seconds:g} seconds and was stopped"
        raise QueryRefused(message, hint="narrow it, or give --seconds") from problem
    except duckdb.Error as problem:
        raise QueryRefused(str(problem).strip()) from problem
    finally:
        timer.cancel()
        con.close()
