"""The store of the process that owns the file while people screen: many readers beside one writer.

One connection stays open, with external access off and the configuration locked. Each read has a cursor of its own and
so sees one moment. Batches go one after the other, and those that wait while one is written go together. Nobody else
can open the file meanwhile: other commands reach it through this process (served.py).
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from review.database.apart import MOST_BYTES, Apart
from review.database.batch import apply_together
from review.database.complaints import speak
from review.database.copying import copy_database
from review.database.derived import derived_tables
from review.database.frames import read_frame
from review.database.local import LocalStore
from review.database.sandbox import Ending, query_owned
from review.database.store import Batch, Unchanged
from review.errors import ReviewError, StoreError

if TYPE_CHECKING:
    import duckdb
    import polars as pl

# a checkpoint rewrites what changed and holds up whoever commits meanwhile: it waits for a pause, or for much to write
_CHECKPOINT_AT = "512MB"
_LAST_SECONDS = 3.0  # that reads and queries are given when the store is closed
_AT_ONCE = 32  # batches of one transaction: decisions that came while the one before was written


@dataclass
class _Waiting:
    """A batch that waits for its turn, and what came of it."""

    batch: Batch
    over: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    problem: ReviewError | None = None


class OwnerStore:
    """A database file that this process holds open until `close`. Threads may share it."""

    def __init__(self, path: Path) -> None:
        local = LocalStore(path, create=False)
        local.make_ready()
        self._path = path
        self._root = local.connect_to_own(checkpoint_at=_CHECKPOINT_AT)
        self._here = threading.local()
        self._writing = threading.Lock()
        self._queue: deque[_Waiting] = deque()
        self._versions: dict[str, int] = {}
        self._closed = False
        self._ending = Ending()
        self._busy: set[Any] = set()  # cursors that read, and queries that run
        self._apart: set[Apart] = set()

    @property
    def path(self) -> Path:
        """The database file."""
        return self._path

    def read(self, sql: str, params: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """The rows of one SELECT; *params* are bound to `$name`."""
        import duckdb

        held = getattr(self._here, "cursor", None)
        cursor = held or self._cursor()
        try:
            return self.read_at(cursor, sql, params)
        finally:
            if held is None:
                with contextlib.suppress(duckdb.Error):
                    cursor.close()

    def apply(self, batch: Batch) -> dict[str, int]:
        """Write all of *batch* or nothing; table → rows that were new."""
        if getattr(self._here, "cursor", None) is not None:
            message = "a batch was applied inside a reading block"
            raise StoreError(message)
        mine = _Waiting(batch)
        self._queue.append(mine)
        with self._writing:
            # whoever waited before, and nobody wrote for yet, is written for at once
            while not mine.over:
                self._write([self._queue.popleft() for _ in range(min(len(self._queue), _AT_ONCE))])
        if mine.problem is not None:
            raise mine.problem
        return mine.counts

    def _write(self, waiting: Sequence[_Waiting]) -> None:
        """Write what waits in one transaction; where that fails, each on its own, so that one does not fail another."""
        cursor = self._cursor_or_none()
        try:
            if cursor is None:
                raise _ending(self._path)
            done = apply_together(cursor, [one.batch for one in waiting], path=self._path)
        except ReviewError as problem:
            if len(waiting) > 1:
                for one in waiting:
                    self._write([one])
                return
            waiting[0].problem = problem
        except BaseException:
            for one in waiting:
                one.over, one.problem = True, _ending(self._path)
            raise
        else:
            for one, counts in zip(waiting, done, strict=True):
                one.counts = counts
            self._count({step.table for one in waiting for step in one.batch if not isinstance(step, Unchanged)})
        finally:
            if cursor is not None:
                cursor.close()
        for one in waiting:
            one.over = True

    def _count(self, touched: set[str]) -> None:
        """One more version of each table that was written, and of what is derived from it."""
        for one in derived_tables():
            sources = one.after | {table for changed in one.ways.values() for table, _ in changed}
            if touched & sources:
                touched = touched | {one.table}
        for table in touched:
            self._versions[table] = self._versions.get(table, 0) + 1

    def read_at(
        self, cursor: duckdb.DuckDBPyConnection, sql: str, params: Mapping[str, Any] | None = None
    ) -> pl.DataFrame:
        """The rows of one SELECT at the moment of a `look`."""
        import duckdb

        self._busy.add(cursor)
        try:
            return read_frame(cursor, sql, params)
        except duckdb.Error as problem:
            if self._closed:
                raise _ending(self._path) from problem
            speak(problem, self._path)
        finally:
            self._busy.discard(cursor)

    def versions(self, *tables: str) -> tuple[int, ...]:
        """How often each of *tables* was written since the file was opened: what was read before is as it was while
        these are. Inside `reading`, as they were when that began.
        """
        counted = getattr(self._here, "counted", None)
        versions = self._versions if counted is None else counted
        return tuple(versions.get(table, 0) for table in tables)

    def versions_but(self, *tables: str) -> tuple[tuple[str, int], ...]:
        """The same of all tables that were written, but for *tables* and those that are derived from others."""
        counted = getattr(self._here, "counted", None)
        versions = (self._versions if counted is None else counted).copy()
        left = {*tables, *(one.table for one in derived_tables())}
        return tuple(sorted((table, count) for table, count in versions.items() if table not in left))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Reads of this thread inside it see one moment, whatever others write meanwhile."""
        if getattr(self._here, "cursor", None) is not None:
            yield
            return
        # counted before the moment is fixed: what is written in between is newer than it seems, never older
        counted = self._versions.copy()
        with self.look() as cursor:
            self._here.cursor, self._here.counted = cursor, counted
            try:
                yield
            finally:
                self._here.cursor = self._here.counted = None

    @contextmanager
    def look(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor inside a read-only transaction: all that it reads is of the moment when it was opened."""
        import duckdb

        cursor = self._cursor()
        try:
            cursor.execute("begin transaction read only")
            yield cursor
        except duckdb.Error as problem:
            speak(problem, self._path)
        finally:
            # closing a cursor gives its transaction back
            with contextlib.suppress(duckdb.Error):
                cursor.close()

    @contextmanager
    def holding(self) -> Iterator[None]:
        """The file is open anyway."""
        yield

    def query(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        limit: int | None = None,
        seconds: float = 60.0,
        only: Mapping[str, str] | None = None,
    ) -> pl.DataFrame:
        """An analyst's SELECT: `sandbox.query_owned`."""
        with self._asking():
            return query_owned(
                self._root, self._path, sql, params, limit=limit, seconds=seconds, only=only, ending=self._ending
            )

    def query_apart(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        limit: int | None = None,
        seconds: float = 60.0,
        only: Mapping[str, str] | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> pl.DataFrame:
        """An analyst's SELECT over the views of v1 alone, in a process of its own that is killed when its time is up:
        what it takes of memory and time is not this process's. Raises QueryRefused above *most_bytes* of answer.
        """
        with self._asking(), self.look() as cursor:
            one = Apart(cursor, seconds=seconds, most_bytes=most_bytes)
            self._apart.add(one)
            try:
                if self._ending.begun.is_set():
                    raise _ending(self._path)
                return one.rows(sql, params, limit=limit, only=only)
            finally:
                self._apart.discard(one)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """While an analyst's query runs; whatever it says when the store is ending, that is why."""
        self._refuse_when_closed()
        if self._ending.begun.is_set():
            raise _ending(self._path)
        here = object()
        self._busy.add(here)
        try:
            yield
        except ReviewError as problem:
            if self._ending.begun.is_set():
                raise _ending(self._path) from problem
            raise
        finally:
            self._busy.discard(here)

    def end_queries(self) -> None:
        """Stop what analysts asked, and take no more of it; reads and batches go on. Waits for nothing."""
        self._ending.begun.set()
        for one in tuple(self._apart):
            one.stop()

    def backup(self, target: Path) -> None:
        """Write a consistent copy to *target*: reads go on, batches wait for as long as it takes to copy the file."""
        with self._writing:
            self._refuse_when_closed()
            copy_database(self._path, target)

    def close(self) -> bool:
        """Write the log into the file and let go of it; False where something still runs that cannot be interrupted.

        The log is then kept beside the file, and whoever opens it next takes it in.
        """
        import duckdb

        self.end_queries()
        with self._writing:
            if not self._closed:
                self._closed = True
                self._interrupt()
                for deed in (lambda: self._root.execute("checkpoint"), self._root.close):
                    with contextlib.suppress(duckdb.Error):
                        deed()
        return not self._busy and all(query.done() for query in self._ending.left)

    def _interrupt(self) -> None:
        """Interrupt what reads until it is over: an interrupt that falls between two statements is lost."""
        until = time.monotonic() + _LAST_SECONDS
        while self._busy and time.monotonic() < until:
            for one in tuple(self._busy):
                interrupt = getattr(one, "interrupt", None)
                if interrupt is not None:
                    interrupt()
            time.sleep(0.02)

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        self._refuse_when_closed()
        return self._root.cursor()

    def _cursor_or_none(self) -> duckdb.DuckDBPyConnection | None:
        return None if self._closed else self._root.cursor()

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise _ending(self._path)


def _ending(path: Path) -> StoreError:
    message = f"the server that held {path} is ending"
    return StoreError(message, hint="run the same command again")
