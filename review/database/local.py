"""The local store: one DuckDB file, opened late, closed early.

One process writes at a time, so a held lock is waited for (10 seconds, with jitter) and then named by its holder.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
import re
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from review import __version__
from review.database import derived, views
from review.database import migrate as migrations
from review.database.frames import offer, read_frame
from review.database.store import Append, Batch, Replace, Rows
from review.errors import FullDisk, NewerStore, StoreError, StoreLocked, UsageProblem

if TYPE_CHECKING:
    import duckdb
    import polars as pl

STORAGE = "v1.5.0"
_LONGEST_WAIT = 86400
_MOST_THREADS = 256
_PROGRAM = f"regen-review {__version__}"
_TABLE = re.compile(r"^[a-z_]+\.[a-z_]+$")
_COLUMN = re.compile(r"^[a-z_][a-z0-9_]*$")
_MANY = 100  # rows of one step from which their ids are looked up first


class _Column(NamedTuple):
    """What the catalogue knows of one column."""

    type: str
    is_key: bool


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

        with self.reading() as con:
            try:
                return read_frame(con, sql, params)
            except duckdb.Error as problem:
                _speak(problem, self.path)

    def apply(self, batch: Batch) -> dict[str, int]:
        """Write all of *batch* or nothing; table → rows that were new."""
        with self._lock:
            if self._held is not None:
                if not self._writable:
                    message = "a batch was applied inside a reading block"
                    raise StoreError(message)
                return self._apply(self._held, batch)
            self._make_ready()
            with self._open(read_only=False) as con:
                return self._apply(con, batch)

    def _apply(self, con: duckdb.DuckDBPyConnection, batch: Batch) -> dict[str, int]:
        import duckdb

        counts: dict[str, int] = {}
        try:
            con.execute("begin transaction")
            for step in batch:
                counts[step.table] = counts.get(step.table, 0) + _write(con, step)
            derived.refresh(con, batch)
            con.execute("commit")
        except duckdb.Error as problem:
            _roll_back(con)
            _speak(problem, self.path)
        except BaseException:
            _roll_back(con)
            raise
        return counts

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One read-only connection; reads nested inside it share it, and so see the same state."""
        with self._lock:
            if self._held is not None:
                yield self._held
                return
            self._make_ready()
            with self._open(read_only=True) as con:
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
            self._make_ready()
            with self._open(read_only=False) as con:
                self._held, self._writable = con, True
                try:
                    yield
                finally:
                    self._held, self._writable = None, False

    def _make_ready(self) -> None:
        """Make the file, migrate it and load the views, where that is due."""
        import duckdb

        if self._ready and self.path.exists():
            return
        if self._held is not None:
            message = "the store was first used inside its own reading block"
            raise StoreError(message)
        if not self.path.exists():
            if not self._may_create:
                message = f"the database {self.path} is gone"
                raise StoreError(message, hint="put it back, or make it anew with review status")
            self._create()
        with self._open(read_only=True) as con:
            waiting = migrations.pending(con, self._migrations, file=self.path)
            stale = bool(waiting) or views.current_view_set(con) != views.views_sha256()
        if waiting:
            self._keep_old(waiting[0].name)
        if stale:
            with self._open(read_only=False) as con:
                for migration in migrations.pending(con, self._migrations, file=self.path):
                    try:
                        migrations.apply_migration(con, migration, program=_PROGRAM)
                    except duckdb.Error as problem:
                        _speak(problem, self.path, doing=f"migration {migration.name}")
                views.load_views(con, program=_PROGRAM)
        self._ready = True

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
            _speak(problem, self.path)
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
            _speak(problem, self.path)
        finally:
            con.close()

    def _connect(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        import duckdb

        until = time.monotonic() + self._wait
        while True:
            try:
                return duckdb.connect(str(self.path), read_only=read_only)
            except duckdb.Error as problem:
                if "Could not set lock" not in str(problem) or time.monotonic() >= until:
                    _speak(problem, self.path)
                time.sleep(random.uniform(0.02, 0.12))


def open_store(path: Path, *, create: bool = True) -> LocalStore:
    """The store of the database at *path*; `REVIEW_LOCK_WAIT` sets the seconds to wait for another process."""
    words = os.environ.get("REVIEW_LOCK_WAIT") or "10"
    try:
        wait = float(words)
    except ValueError:
        wait = math.nan
    if not 0 <= wait <= _LONGEST_WAIT:
        message = f"REVIEW_LOCK_WAIT is {words!r}; allowed: seconds from 0 to {_LONGEST_WAIT}"
        raise UsageProblem(message, hint="unset it for 10 seconds")
    return LocalStore(path, wait=wait, create=create)


def _threads_asked_for() -> int:
    """How many threads the database may use, from `REVIEW_THREADS`; 0 leaves it to DuckDB."""
    words = os.environ.get("REVIEW_THREADS") or "0"
    if not (words.isascii() and words.isdigit() and int(words) <= _MOST_THREADS):
        message = f"REVIEW_THREADS is {words!r}; allowed: a number from 1 to {_MOST_THREADS}"
        raise UsageProblem(message, hint="unset it for as many as there are processors")
    return int(words)


def _write(con: duckdb.DuckDBPyConnection, step: Append | Replace) -> int:
    """One step of a batch; how many rows were new."""
    import duckdb

    if not _TABLE.match(step.table):
        message = f"{step.table!r} is not a table name"
        raise StoreError(message)
    if isinstance(step, Replace):
        conditions = " and ".join(f"{_column(name)} = ${name}" for name in step.where) or "true"
        con.execute(f"delete from {step.table} where {conditions}", dict(step.where) or None)
    if not step.rows:
        return 0
    known = _columns_of(con, step.table)
    rows = _with_arrival(con, step.table, step.rows) if "arrival" in known else step.rows
    fresh_rows, names = offer(rows)
    # with ON CONFLICT, DuckDB 1.5 and 2.0 drop a column that the table does not have instead of refusing it
    if strangers := [name for name in names if _column(name) and name not in known]:
        message = f"{step.table} has no column {', '.join(strangers)}"
        raise StoreError(message)
    columns = ", ".join(_column(name) for name in names)
    insert = f"insert into {step.table} ({columns}) select {columns} from fresh_rows"
    if isinstance(step, Append):
        insert += _leaving_what_is_there(step.table, known, rows, names)
    con.register("fresh_rows", fresh_rows)
    try:
        done = con.execute(insert).fetchall()
    finally:
        with contextlib.suppress(duckdb.Error):  # an aborted transaction refuses; closing the connection does the same
            con.unregister("fresh_rows")
    return int(done[0][0])


def _leaving_what_is_there(table: str, known: Mapping[str, _Column], rows: Rows, names: list[str]) -> str:
    """The end of an insert that leaves a row as it is whose id is there already.

    ON CONFLICT copies what it is given several times over, which for long texts costs four times the insert; a join
    on the id costs next to nothing. It does not see two rows of one id among the new ones, so these are looked for.
    """
    keys = [name for name, column in known.items() if column.is_key]
    if len(rows) < _MANY or not keys or not set(keys) <= set(names):
        return " on conflict do nothing"
    if len({tuple([row.get(key) for key in keys]) for row in rows}) < len(rows):
        return " on conflict do nothing"
    same = " and ".join(f"there.{_column(key)} = fresh_rows.{_column(key)}::{known[key].type}" for key in keys)
    return f" where not exists (select 1 from {table} as there where {same})"


def _columns_of(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, _Column]:
    """A table's columns by name. Raises StoreError when there is no such table."""
    import duckdb

    try:
        found = con.execute("select name, type, pk from pragma_table_info($table)", {"table": table}).fetchall()
    except duckdb.CatalogException as problem:
        message = f"there is no table {table}"
        raise StoreError(message) from problem
    return {str(name): _Column(str(kind), bool(is_key)) for name, kind, is_key in found}


def _with_arrival(con: duckdb.DuckDBPyConnection, table: str, rows: Rows) -> Rows:
    """*rows* with their place in the order of arrival, unless they bring it."""
    if "arrival" in rows[0]:
        return rows
    last = con.execute(f"select coalesce(max(arrival), 0) from {table}").fetchall()[0][0]
    return [{**row, "arrival": last + place} for place, row in enumerate(rows, start=1)]


def _column(name: str) -> str:
    if not _COLUMN.match(name):
        message = f"{name!r} is not a column name"
        raise StoreError(message)
    return f'"{name}"'


def _roll_back(con: duckdb.DuckDBPyConnection) -> None:
    """Give the transaction back; after a failed commit there is none, which is as good."""
    import duckdb

    with contextlib.suppress(duckdb.Error):
        con.execute("rollback")


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


def _speak(problem: duckdb.Error, path: Path, *, doing: str = "") -> NoReturn:
    """Turn DuckDB's error into ours; *doing* names the step that failed."""
    text = str(problem)
    if "Could not set lock" in text:
        raise StoreLocked(_holder(text, path), hint="wait until it has finished, or stop it") from problem
    if any(sign in text.lower() for sign in ("no space left on device", "out of disk", "disk quota exceeded")):
        message = f"no space left on the disk that holds {path}; nothing was written"
        raise FullDisk(message, hint="free some space and run the same command again") from problem
    if "File too large" in text:
        message = f"{path} has reached the largest size that a file may have here; nothing was written"
        raise FullDisk(
            message, hint="raise the limit (ulimit -f, a quota), or move the project to another disk"
        ) from problem
    if "Read-only file system" in text:
        message = f"{path} cannot be written: its folder is on a read-only file system"
        raise StoreError(message, hint="mount it to write, or copy the project to where you may write") from problem
    if "version number" in text and "can only read" in text:
        message = f"{path} was made by a newer DuckDB than is installed"
        raise NewerStore(message, hint="upgrade duckdb, or rebuild the database with this version") from problem
    first = re.sub(r"^(\w+ )+Error: ", "", (text.splitlines() or [""])[0]).rstrip("!.")
    message = f"{path}{f', {doing}' if doing else ''}: {first}"
    raise StoreError(message, hint=_remedy(problem)) from problem


def _remedy(problem: duckdb.Error) -> str:
    """What to do about a file that DuckDB cannot use; nothing where only the statement was wrong."""
    import duckdb

    text = str(problem)
    if "Permission denied" in text or "Is a directory" in text or "No such file" in text:
        return "see that its folder is there and that you may read and write the file and its folder"
    kinds = (duckdb.IOException, duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException)
    if isinstance(problem, kinds) or re.search(r"corrupt|checksum|database is empty", text, re.IGNORECASE):
        return "the file is damaged or no database: put a backup in its place, or move it away and rebuild"
    return ""


def _holder(text: str, path: Path) -> str:
    found = re.search(r"PID (\d+)", text)
    if found is None:
        return f"{path} is locked by another process"
    pid = found.group(1)
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").split()
        name = " ".join(words)[:80]
    except OSError:
        name = ""
    return f"{path} is locked by process {pid}" + (f" ({name})" if name else "")
