"""The store of the process that owns the file while people screen: many readers beside one writer.

One connection stays open, with external access off and the configuration locked. Each read has a cursor of its own and
so sees one moment; batches go one after the other. Nobody else can open the file meanwhile: other commands reach it
through this process (served.py).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from review.database.batch import apply_batch
from review.database.complaints import speak
from review.database.copying import copy_database
from review.database.derived import derived_tables
from review.database.frames import read_frame
from review.database.local import LocalStore
from review.database.sandbox import query_owned
from review.database.store import Batch
from review.errors import StoreError

if TYPE_CHECKING:
    import duckdb
    import polars as pl

# a checkpoint rewrites what changed and holds up whoever commits meanwhile: it waits for a pause, or for much to write
_CHECKPOINT_AT = "512MB"


class OwnerStore:
    """A database file that this process holds open until `close`. Threads may share it."""

    def __init__(self, path: Path) -> None:
        local = LocalStore(path, create=False)
        local.make_ready()
        self._path = path
        self._root = local.connect_to_own(checkpoint_at=_CHECKPOINT_AT)
        self._here = threading.local()
        self._writing = threading.Lock()
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
        with self._writing:
            cursor = self._cursor()
            try:
                done = apply_batch(cursor, batch, path=self._path)
            finally:
                cursor.close()
            touched = {step.table for step in batch}
            touched |= {one.table for one in derived_tables() if touched & set(one.after)}
            for table in touched:
                self._versions[table] = self._versions.get(table, 0) + 1
        return done

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

    def _refuse_when_closed(self) -> None:
        if self._closed:
            message = f"the server that held {self._path} is ending"
            raise StoreError(message, hint="run the same command again")
