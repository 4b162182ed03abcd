"""Tables that the store itself keeps true: the answer of one SELECT over other tables, taken anew when these change.

A view that nearly every other view reads is planned with each of them, which costs more than a small review's reads.
Each file of `derived/` names its table and, after `after:`, the tables whose change it waits for. With `rows of:` it
binds `$changed` to that column's values among the new rows, and gives the derived rows which these may have changed;
null asks for all. Otherwise the table is made anew as a whole.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from review.database.store import Append, Batch
from review.errors import StoreError

if TYPE_CHECKING:
    import duckdb

FOLDER = Path(__file__).with_name("derived")
_HEAD = re.compile(
    r"\A-- table: (?P<table>[a-z_]+\.[a-z_]+)\n-- after: (?P<after>[a-z_., ]+)\n(?:-- rows of: (?P<column>[a-z_]+)\n)?"
)


@dataclass(frozen=True)
class Derived:
    """A table, the tables that it is made of, and the SELECT that makes it; by *column* it is made piece by piece."""

    table: str
    after: frozenset[str]
    column: str | None
    select: str


@functools.cache
def derived_tables() -> tuple[Derived, ...]:
    """Every derived table, by name. Read once in a process."""
    return tuple(_read(path) for path in sorted(FOLDER.glob("*.sql")))


def rebuild_all(con: duckdb.DuckDBPyConnection) -> None:
    """Make every derived table anew, within the caller's transaction."""
    for one in derived_tables():
        _rebuild(con, one)


def refresh(con: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    """Make those true again that wait for a table of *batch*, within the caller's transaction."""
    for one in derived_tables():
        steps = [step for step in batch if step.table in one.after]
        if not steps:
            continue
        if one.column is None or not all(isinstance(step, Append) for step in steps):
            _rebuild(con, one)
        else:
            _refresh_rows(con, one, sorted({str(row[one.column]) for step in steps for row in step.rows}))


def _rebuild(con: duckdb.DuckDBPyConnection, one: Derived) -> None:
    con.execute(f"delete from {one.table}")
    con.execute(f"insert into {one.table} {one.select}", {"changed": None} if one.column else None)


def _refresh_rows(con: duckdb.DuckDBPyConnection, one: Derived, changed: Sequence[str]) -> None:
    """Put the rows that *changed* touches in the place of those of the same first column."""
    name = one.table.replace(".", "_")
    con.execute(f"create or replace temp table {name}_fresh as {one.select}", {"changed": list(changed)})
    key = con.execute(f"select name from pragma_table_info('{one.table}') limit 1").fetchall()[0][0]
    con.execute(f"delete from {one.table} where {key} in (select {key} from {name}_fresh)")
    con.execute(f"insert into {one.table} from {name}_fresh")
    con.execute(f"drop table {name}_fresh")


def _read(path: Path) -> Derived:
    text = path.read_text("utf-8")
    found = _HEAD.match(text)
    if found is None:
        message = f"{path.name} does not begin with its table and what it waits for"
        raise StoreError(message)
    after = frozenset(name.strip() for name in found["after"].split(","))
    return Derived(found["table"], after, found["column"], text[found.end() :])
