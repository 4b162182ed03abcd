"""Writes a batch in one transaction: rows appended, rebuilt tables replaced, derived tables made true."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from review.database import derived
from review.database.complaints import speak
from review.database.frames import offer
from review.database.store import Append, Batch, Replace, Rows, Unchanged
from review.errors import Overtaken, StoreError

if TYPE_CHECKING:
    import duckdb

_TABLE = re.compile(r"^[a-z_]+\.[a-z_]+$")
_COLUMN = re.compile(r"^[a-z_][a-z0-9_]*$")
_MANY = 100  # rows of one step from which their ids are looked up first


class _Column(NamedTuple):
    """What the catalogue knows of one column."""

    type: str
    is_key: bool


def apply_batch(con: duckdb.DuckDBPyConnection, batch: Batch, *, path: Path) -> dict[str, int]:
    """Write all of *batch* or nothing over *con*; table → rows that were new. Errors name the file at *path*."""
    return apply_together(con, [batch], path=path)[0]


def apply_together(con: duckdb.DuckDBPyConnection, batches: Sequence[Batch], *, path: Path) -> list[dict[str, int]]:
    """Write all of *batches*, in order, in one transaction or not at all; for each, table → rows that were new.

    What takes longest is done once for all of them: derived tables are made true, and the disk is waited for.
    """
    import duckdb

    done: list[dict[str, int]] = []
    try:
        con.execute("begin transaction")
        written: list[Append | Replace] = []
        for batch in batches:
            counts: dict[str, int] = {}
            _check_unchanged(con, [step for step in batch if isinstance(step, Unchanged)])
            for step in batch:
                if not isinstance(step, Unchanged):
                    counts[step.table] = counts.get(step.table, 0) + _write(con, step)
                    written.append(step)
            done.append(counts)
        derived.refresh(con, written)
        con.execute("commit")
    except duckdb.Error as problem:
        _roll_back(con)
        speak(problem, path)
    except BaseException:
        _roll_back(con)
        raise
    return done


def _check_unchanged(con: duckdb.DuckDBPyConnection, steps: Sequence[Unchanged]) -> None:
    """Raise Overtaken where a table holds more than the batch was computed from."""
    for step in steps:
        if not _TABLE.match(step.table):
            message = f"{step.table!r} is not a table name"
            raise StoreError(message)
        last = con.execute(f"select coalesce(max(arrival), 0) from {step.table}").fetchall()[0][0]
        if last != step.arrival:
            message = f"somebody else wrote to {step.table} meanwhile; nothing was written"
            raise Overtaken(message, hint="run the same command again")


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
