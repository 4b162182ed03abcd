"""The local store: one DuckDB file, opened late, closed early.

One process writes at a time, so a held lock is waited for (10 seconds, with jitter) and then named by its holder.
"""

from __future__ import annotations

import os
import random
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from review import __version__
from review.database import migrate as migrations
from review.database import views
from review.database.batch import apply_batch
from review.database.complaints import speak
from review.database.copying import copy_database
from review.database.frames import read_frame
from review.database.sandbox import SHUT_IN, run_query
from review.database.store import Batch
from review.errors import StoreError, StoreLocked, UsageProblem

if TYPE_CHECKING:
    import duckdb
    import polars as pl

STORAGE = "v1.5.0"
_MOST_THREADS = 256
_PROGRAM = f"regen-review {__version__}"


class LocalStore:
    """A review's database file. Made with its tables and views when it is not there yet, unless *create* is off."""

    def __init__(
        self,
        path: Path,
        *,
        wait: float = 10.0,
        create: bool = True,
        migrations_folder: Path = migrations.SHIPPED,
    ) -> None:
        self.path = path
        self._wait = wait
        self._threads = _threads_asked_for()
        self._may_create = create
        self._migrations = migrations.read_migrations(migrations_folder)
        self._ready = False
        self._lock = threading.RLock()
        self._held: duckdb.DuckDBPyConnection | None = None
        self._writable = False

    def read(self, sql: str, params: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """The rows of one SELECT; *params* are bound to `$name`."""
        import duckdb

        with self._reading() as con:
            try:
                return read_frame(con, sql, params)
            except duckdb.Error as problem:
                speak(problem, self.path)

    def apply(self, batch: Batch) -> dict[str, int]:
        """Write all of *batch* or nothing; table → rows that were new."""
        with self._lock:
            if self._held is not None:
                if not self._writable:
                    message = "a batch was applied inside a reading block"
                    raise StoreError(message)
                return apply_batch(self._held, batch, path=self.path)
            with self._open_ready(read_only=False) as con:
                return apply_batch(con, batch, path=self.path)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One read-only connection; reads nested inside it share it, and so see the same state."""
        with self._reading():
            yield

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._lock:
            if self._held is not None:
                yield self._held
                return
            with self._open_ready(read_only=True) as con:
                self._held = con
                try:
                    yield con
                finally:
                    self._held = None

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Hold the file open for many reads and batches, each batch still a transaction of its own.

        For a deed of many steps in one process: opening and closing costs more than most batches do.
        """
        with self._lock:
            if self._held is not None:
                yield
                return
            with self._open_ready(read_only=False) as con:
                self._held, self._writable = con, True
                try:
                    yield
                finally:
                    self._held, self._writable = None, False

    def query(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        limit: int | None = None,
        seconds: float = 60.0,
        only: Mapping[str, str] | None = None,
    ) -> pl.DataFrame:
        """An analyst's SELECT: `sandbox.run_query`."""
        # the sandbox only reads: the file and its views are made before
        if not self._is_ready:
            self.make_ready()
        until = time.monotonic() + self._wait
        while True:
            try:
                return run_query(self.path, sql, params, limit=limit, seconds=seconds, only=only)
            except StoreLocked:
                if time.monotonic() >= until:
                    raise
                _rest()

    def backup(self, target: Path) -> None:
        """Write a consistent copy to *target*, while this process holds the file and so nobody writes."""
        with self.holding():
            copy_database(self.path, target)

    def connect_to_own(self, *, checkpoint_at: str) -> duckdb.DuckDBPyConnection:
        """A connection that stays open for the process that serves others; nothing of its settings can be changed."""
        import duckdb

        con = self._connect(read_only=False, config=SHUT_IN)
        try:
            con.execute("set global timezone = 'UTC'")
            con.execute(f"set global checkpoint_threshold = '{checkpoint_at}'")
            if self._threads:
                con.execute("set global threads = $threads", {"threads": self._threads})
            con.execute("set lock_configuration = true")
            _check_storage(con, self.path)
        except duckdb.Error as problem:
            con.close()
            speak(problem, self.path)
        except StoreError:
            con.close()
            raise
        return con

    def make_ready(self) -> None:
        """Make the file, migrate it and load the views, where that is due."""
        with self._lock, self._open_ready(read_only=True):
            pass

    @property
    def _is_ready(self) -> bool:
        return self._ready and self.path.exists()

    @contextmanager
    def _open_ready(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the file as this program wants it; where nothing is due, it is opened once."""
        if not self._is_ready:
            if self._held is not None:
                message = "the store was first used inside its own reading block"
                raise StoreError(message)
            self._make_file()
            with self._open(read_only=read_only) as con:
                waiting, stale = self._due(con)
                if not stale:
                    self._ready = True
                    yield con
                    return
            if waiting:
                self._keep_old(waiting[0].name)
            self._bring_up()
            self._ready = True
        with self._open(read_only=read_only) as con:
            yield con

    def _due(self, con: duckdb.DuckDBPyConnection) -> tuple[list[migrations.Migration], bool]:
        """The migrations that wait, and whether the views are to be loaded."""
        waiting = migrations.pending(con, self._migrations, file=self.path)
        return waiting, bool(waiting) or views.current_view_set(con) != views.views_sha256()

    def _bring_up(self) -> None:
        """Apply what waits, and load the views."""
        import duckdb

        with self._open(read_only=False) as con:
            for migration in self._due(con)[0]:
                try:
                    migrations.apply_migration(con, migration, program=_PROGRAM)
                except duckdb.Error as problem:
                    speak(problem, self.path, doing=f"migration {migration.name}")
            views.load_views(con, program=_PROGRAM)

    def _make_file(self) -> None:
        """Make the file where there is none."""
        if self.path.exists():
            return
        if not self._may_create:
            message = f"the database {self.path} is gone"
            raise StoreError(message, hint="put it back, or make it anew with review status")
        self._create()

    def _create(self) -> None:
        """Make the file under another name and move it into place whole, so that a kill leaves none or all."""
        import duckdb

        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name(f".{self.path.name}.{os.getpid()}.new")
        fresh.unlink(missing_ok=True)
        try:
            con = duckdb.connect(str(fresh), config={"storage_compatibility_version": STORAGE})
            try:
                for migration in self._migrations:
                    migrations.apply_migration(con, migration, program=_PROGRAM)
                views.load_views(con, program=_PROGRAM)
                # close() keeps silent when it cannot write: a full disk would leave a file without its tables
                con.execute("checkpoint")
            finally:
                con.close()
            try:
                os.link(fresh, self.path)
            except FileExistsError:
                pass
            except OSError:
                fresh.rename(self.path)
        except duckdb.Error as problem:
            speak(problem, self.path)
        finally:
            for leftover in (fresh, fresh.with_name(fresh.name + ".wal")):
                leftover.unlink(missing_ok=True)

    def _keep_old(self, step: str) -> None:
        """Keep the file as it was before *step*."""
        with self._open(read_only=False) as con:
            con.execute("checkpoint")
        kept = self.path.with_name(f"{self.path.name}.before-{step}")
        if not kept.exists():
            half = kept.with_name(kept.name + ".half")
            try:
                shutil.copy2(self.path, half)
                half.rename(kept)
            finally:
                half.unlink(missing_ok=True)

    @contextmanager
    def _open(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection; what DuckDB refuses while it is used is said in our words."""
        import duckdb

        con = self._connect(read_only=read_only)
        try:
            con.execute("set timezone = 'UTC'")
            if self._threads:
                con.execute("set threads = $threads", {"threads": self._threads})
            _check_storage(con, self.path)
            yield con
        except duckdb.Error as problem:
            speak(problem, self.path)
        finally:
            con.close()

    def _connect(self, *, read_only: bool, config: Mapping[str, str] | None = None) -> duckdb.DuckDBPyConnection:
        import duckdb

        until = time.monotonic() + self._wait
        while True:
            try:
                return duckdb.connect(str(self.path), read_only=read_only, config=dict(config or {}))
            except duckdb.Error as problem:
                if "Could not set lock" not in str(problem) or time.monotonic() >= until:
                    speak(problem, self.path)
                _rest()


def _rest() -> None:
    """Wait a moment for whoever holds the file, each a little differently."""
    time.sleep(random.uniform(0.02, 0.12))


def _threads_asked_for() -> int:
    """How many threads the database may use, from `REVIEW_THREADS`; 0 leaves it to DuckDB."""
    words = os.environ.get("REVIEW_THREADS") or "0"
    if not (words.isascii() and words.isdigit() and int(words) <= _MOST_THREADS):
        message = f"REVIEW_THREADS is {words!r}; allowed: a number from 1 to {_MOST_THREADS}"
        raise UsageProblem(message, hint="unset it for as many as there are processors")
    return int(words)


def _check_storage(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Refuse a file in another storage format: the older DuckDB line could not open it."""
    found = con.execute("select tags['storage_version'] from duckdb_databases() where not internal limit 1").fetchall()
    version = str(found[0][0]) if found else ""
    if not version.startswith(STORAGE):
        message = f"{path} is in storage format {version or 'unknown'}, this program writes {STORAGE}"
        raise StoreError(
            message,
            hint="move it away and rebuild, or copy it with ATTACH ... (STORAGE_VERSION 'v1.5.0'); COPY FROM DATABASE",
        )
