"""The process of one analyst's SELECT (apart.py): it takes the views by a pipe, runs the query, sends the rows, ends.

It has no file of the review: a database in memory, its doors shut, its memory, its time and the size of any file
limited by the system where the system can. When whoever started it goes, it goes.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from review.database import wire
from review.database.apart import too_heavy, too_large
from review.database.frames import stream_of
from review.database.sandbox import checked, fetch_rows, refusal_of
from review.errors import QueryRefused, UsageProblem

if TYPE_CHECKING:
    import duckdb
    import polars as pl

_THREADS = 2
_OF_DUCKDB = 1_000_000_000  # bytes beside those of the views
_OF_ALL = 2_000_000_000
_CONFIG: dict[str, Any] = {
    "memory_limit": "64GB",  # of the views; the query's own limit is set when they are there
    "threads": str(_THREADS),
    "temp_directory": "",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
}
_COUNTED = "select coalesce(sum(memory_usage_bytes), 0) from duckdb_memory()"


def main() -> None:
    """Answer the one question that comes by standard input."""
    answers = os.fdopen(os.dup(1), "wb")
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)  # nothing but the answer goes out
    answer = _answer(sys.stdin.buffer)
    if answer is not None:
        with contextlib.suppress(BrokenPipeError):
            wire.send(answers, answer)
    # nothing is to be tidied up
    os._exit(0)


def _answer(source: IO[bytes]) -> bytes | None:
    """The message that is sent back; None where nobody asks."""
    first = wire.receive(source)
    if first is None:
        return None
    head, (given,) = wire.unpack(first)
    params = wire.params_of(given)
    try:
        words = checked(str(head["sql"]), params, seconds=float(head["seconds"]))
        rows = _rows(source, words, params, head["limit"], float(head["seconds"]))
        if rows.estimated_size() > head["most_bytes"]:
            raise too_large(head["most_bytes"])
        return wire.pack({}, [rows], compression="uncompressed")
    except (QueryRefused, UsageProblem) as refused:
        said = {"refused": refused.message, "hint": refused.hint, "kind": type(refused).__name__}
        return wire.pack(said)


def _rows(
    source: IO[bytes], sql: str, params: dict[str, Any] | None, limit: int | None, seconds: float
) -> pl.DataFrame:
    import duckdb

    con = duckdb.connect(":memory:", config=_CONFIG)
    try:
        con.execute("set enable_external_access = false")
        _take_views(con, source)
        # the source says no more: when it ends, so has whoever asked
        threading.Thread(target=_end_with, args=(source,), daemon=True).start()
        (used,) = con.execute(_COUNTED).fetchall()[0]
        con.execute(f"set memory_limit = '{int(used) + _OF_DUCKDB}B'")
        con.execute("set lock_configuration = true")
        _confine(seconds)
        return fetch_rows(con, sql, params, limit, None)
    except (duckdb.OutOfMemoryException, MemoryError):
        raise too_heavy() from None
    except duckdb.Error as problem:
        if "Out of Memory" in str(problem) or "bad_alloc" in str(problem):
            raise too_heavy() from None
        raise refusal_of(problem) from None


def _take_views(con: duckdb.DuckDBPyConnection, source: IO[bytes]) -> None:
    """Make a table of each view that comes, until the last has."""
    con.execute("set timezone = 'UTC'")
    con.execute("create schema memory.v1")
    made: set[str] = set()
    while message := wire.receive(source):
        head, frames = wire.unpack(message)
        if "view" not in head:
            return
        name = str(head["view"])
        table = _quoted(name)
        columns = ", ".join(f"cast({_quoted(one)} as {kind}) as {_quoted(one)}" for one, kind in head["columns"])
        con.register("incoming", stream_of(frames[0]))
        deed = f"insert into memory.v1.{table}" if name in made else f"create table memory.v1.{table} as"
        con.execute(f"{deed} select {columns} from incoming")
        con.unregister("incoming")
        made.add(name)
    os._exit(1)


def _end_with(source: IO[bytes]) -> None:
    source.read(1)
    os._exit(1)


def _confine(seconds: float) -> None:
    """Limit what the system lets this process take; where it has no such limits, DuckDB's own have to do."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(10)  # people who screen go first
    try:
        import resource
    except ImportError:
        return
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CPU: math.ceil(seconds * _THREADS) + 30,
    }
    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        limits[resource.RLIMIT_AS] = pages * resource.getpagesize() + _OF_ALL
    for limit, most in limits.items():
        before = resource.getrlimit(limit)[1]
        allowed = most if before == resource.RLIM_INFINITY else min(most, before)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(limit, (allowed, allowed))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
