"""An analyst's SELECT in a process of its own, which can be killed: the server hands over the views and takes the rows.

An interrupt reaches DuckDB between two rows only: one call of one function over long texts runs on, and what it takes
of memory is the server's. A process has a time, a memory and an end, whatever it is doing. What comes back is Arrow
(wire.py), and nothing in it is run.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from review.database import wire
from review.database.sandbox import LONGEST, fetch_rows, named_in, too_long
from review.errors import QueryRefused, StoreError, UsageProblem

if TYPE_CHECKING:
    import duckdb
    import polars as pl

MOST_BYTES = 20_000_000
_SLACK = 1_000_000  # what the framing of an answer may add
_ROWS = 20_000  # of a view in one message
_VIEWS = "select view_name from duckdb_views() where schema_name = 'v1' and not internal order by view_name"
# isolated: neither the folder nor the variables of whoever started the server can put other code in its way
_PROGRAM = "import sys; sys.path[:] = {path!r}; from review.database.sandbox_process import main; main()"  # one line
_KEPT = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class Apart:
    """One SELECT in its process. `stop` may be called from any thread, at any time."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, *, seconds: float, most_bytes: int = MOST_BYTES) -> None:
        """*cursor* stands in a read-only transaction: the views are of its moment."""
        if not 0 < seconds <= LONGEST:
            message = f"{seconds:g} seconds is no time limit; allowed: more than 0, at most {LONGEST:g}"
            raise UsageProblem(message)
        self._cursor = cursor
        self._seconds = seconds
        self._most = most_bytes
        self._over = threading.Event()
        self._late = False
        self._stopped = threading.Event()

    def rows(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        limit: int | None = None,
        only: Mapping[str, str] | None = None,
    ) -> pl.DataFrame:
        """At most *limit* rows of *sql* over the views of v1 (or *only* these: name → the SELECT that fills it).

        Raises QueryRefused for what the sandbox refuses, and where time, memory or the size of the answer is over.
        """
        import duckdb

        until = time.monotonic() + self._seconds
        process = _start()
        watch = threading.Thread(target=self._watch, args=(process, until), daemon=True)
        watch.start()
        assert process.stdin is not None and process.stdout is not None
        try:
            head = {"sql": sql, "limit": limit, "seconds": self._seconds, "most_bytes": self._most}
            try:
                wire.send(process.stdin, wire.pack(head, [wire.params_frame(params)]))
                self._hand_over(process.stdin, sql, only)
            except BrokenPipeError:
                pass  # it has refused the statement already, or was killed: what it said is read below
            answer = wire.receive(process.stdout, most=self._most + _SLACK)
            if answer is None:
                # it has ended, or is about to: how is the reason
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=5)
        except duckdb.Error:
            if not self._ended:
                raise
            answer = None
        except wire.TooLong:
            raise too_large(self._most) from None
        finally:
            self._over.set()
            process.kill()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    pipe.close()
            status = process.wait()
            watch.join()
        if answer is None:
            raise self._why(status)
        said, frames = wire.unpack(answer)
        if "refused" in said:
            kind = UsageProblem if said["kind"] == UsageProblem.__name__ else QueryRefused
            raise kind(str(said["refused"]), hint=str(said["hint"]))
        return frames[0]

    def stop(self) -> None:
        """End it now: whoever waits for its rows gets a StoreError."""
        self._stopped.set()

    @property
    def _ended(self) -> bool:
        return self._late or self._stopped.is_set()

    def _hand_over(self, pipe: IO[bytes], sql: str, only: Mapping[str, str] | None) -> None:
        """Send the rows of the views that *sql* names, a part at a time: what it does not name is not there."""
        if only is None:
            names = [str(name) for (name,) in self._cursor.execute(_VIEWS).fetchall()]
            only = {name: f'select * from v1."{name}"' for name in names}
        for name, select in named_in(sql, only).items():
            # columns of types that only DuckDB knows travel as text, and are cast back
            self._cursor.execute(f"select * from ({select}) limit 0")
            kinds = [[str(column), str(kind)] for column, kind, *_ in self._cursor.description or ()]
            self._cursor.fetchall()
            frame = fetch_rows(self._cursor, select, None, None, None)
            for part in frame.iter_slices(_ROWS) if frame.height else [frame]:
                wire.send(pipe, wire.pack({"view": name, "columns": kinds}, [part], compression="uncompressed"))
        wire.send(pipe, wire.pack({}))

    def _watch(self, process: subprocess.Popen[bytes], until: float) -> None:
        """Kill it when its time is up or it is stopped; the views that are still being read are interrupted."""
        while not self._over.wait(min(0.05, max(0.0, until - time.monotonic()))):
            self._late = self._late or time.monotonic() >= until
            if self._ended:
                process.kill()
                self._cursor.interrupt()
                # an interrupt that falls between two statements is lost: again, until it is over
                self._over.wait(0.05)

    def _why(self, status: int) -> QueryRefused | StoreError:
        if self._stopped.is_set():
            return StoreError("the server is ending", hint="ask again when it is back")
        if self._late:
            return too_long(self._seconds, hint="narrow it")
        if status < 0:
            return too_heavy()
        return StoreError("the process for the query did not start", hint="see that the program is whole")


def too_large(most: int) -> QueryRefused:
    """What is said of an answer of too many bytes."""
    message = f"the answer is larger than {most // 1_000_000} MB"
    return QueryRefused(message, hint="ask for fewer columns, or for shorter texts")


def too_heavy() -> QueryRefused:
    """What is said of a query that takes too much memory."""
    return QueryRefused("the query needs more memory than it is given", hint="narrow it, or ask for shorter texts")


def _start() -> subprocess.Popen[bytes]:
    path = [place for place in sys.path if Path(place).is_absolute()]
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-c", _PROGRAM.format(path=path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(sys.executable).anchor,
            env={**kept, "POLARS_MAX_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
            start_new_session=True,
        )
    except OSError as problem:
        message = f"the process for the query did not start: {problem.strerror or problem}"
        raise StoreError(message, hint="ask again in a moment") from problem
