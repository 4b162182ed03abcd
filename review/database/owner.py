"""The store of the process that owns the file while people screen: many readers beside one writer.

One connection stays open, with external access off and the configuration locked. Each read has a cursor of its own and
so sees one moment. Batches go one after the other, and those that wait while one is written go together. Nobody else
can open the file meanwhile: other commands reach it through this process (served.py).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from review.database.batch import apply_together
from review.database.complaints import speak
from review.database.copying import copy_database
from review.database.derived import derived_tables
from review.database.frames import read_frame
from review.database.local import LocalStore
from review.database.sandbox import query_owned
from review.database.store import Batch, Unchanged
from review.errors import ReviewError, StoreError

if TYPE_CHECKING:
    import duckdb
    import polars as pl

# a checkpoint rewrites what changed and holds up whoever commits meanwhile: it waits for a pause, or for much to write
_CHECKPOINT_AT = "512MB"
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
            return read_frame(cursor, sql, params)
        except duckdb.Error as problem:
            speak(problem, self._path)
        finally:
            if held is None:
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

        try:
            return read_frame(cursor, sql, params)
        except duckdb.Error as problem:
            speak(problem, self._path)

    def versions(self, *tables: str) -> tuple[int, ...]:
        """How often each of *tables* was written since the file was opened: what was read before is as it was while
        these are.
        """
        return tuple(self._versions.get(table, 0) for table in tables)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Reads of this thread inside it see one moment, whatever others write meanwhile."""
        if getattr(self._here, "cursor", None) is not None:
            yield
            return
        with self.look() as cursor:
            self._here.cursor = cursor
            try:
                yield
            finally:
                self._here.cursor = None

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
        self._refuse_when_closed()
        return query_owned(self._root, self._path, sql, params, limit=limit, seconds=seconds, only=only)

    def backup(self, target: Path) -> None:
        """Write a consistent copy to *target*: reads go on, batches wait for as long as it takes to copy the file."""
        with self._writing:
            self._refuse_when_closed()
            copy_database(self._path, target)

    def close(self) -> None:
        """Write the log into the file and let go of it."""
        import duckdb

        with self._writing:
            if self._closed:
                return
            self._closed = True
            try:
                self._root.execute("checkpoint")
            except duckdb.Error:
                pass  # the log is kept beside the file, and whoever opens it next takes it in
            finally:
                self._root.close()

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
