"""Tables that the store itself keeps true: the answer of one SELECT over other tables, taken anew when these change.

A view that nearly every other view reads is planned with each of them, which costs more than a small review's reads;
and where a record stands is asked at every decision, over all decisions ever taken.

Each file of `derived/` names its table, and ends with the SELECT that makes it. `anew after:` names the tables whose
change makes it anew as a whole. With a `key:`, the SELECT gives the rows of `$keys` (null: all), and each part
`rows of: TABLE by COLUMN` says which keys are touched by new rows of that table, whose values in that column are
bound to `$changed`. So one table can wait for several others, each its own way. `nothing unless:` is a condition
without which the SELECT gives no row: what most reviews do not have, most batches need not look for.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from review.database.store import Append, Replace
from review.errors import StoreError

if TYPE_CHECKING:
    import duckdb

FOLDER = Path(__file__).with_name("derived")
_HEAD = re.compile(
    r"\A-- table: (?P<table>[a-z_]+\.[a-z_]+)\n(?:-- key: (?P<key>[a-z_]+)\n)?"
    r"(?:-- anew after: (?P<anew>[a-z_., ]+)\n)?(?:-- nothing unless: (?P<unless>[^\n]+)\n)?"
)
_PART = re.compile(r"^-- (?:rows of: (?P<table>[a-z_]+\.[a-z_]+) by (?P<column>[a-z_]+)|(?P<select>select):)\n", re.M)

Changed = tuple[str, str]  # a table, and the column whose values lead from its new rows to the keys


@dataclass(frozen=True)
class Derived:
    """A table and the SELECT that makes it: as a whole *after* some tables, by *key* along the *ways* from others."""

    table: str
    key: str | None
    after: frozenset[str]
    ways: Mapping[str, tuple[Changed, ...]]
    select: str
    unless: str = "true"


@functools.cache
def derived_tables() -> tuple[Derived, ...]:
    """Every derived table; one comes after those that it reads. Read once in a process."""
    found = {one.table: one for one in map(_read, sorted(FOLDER.glob("*.sql")))}
    ordered: list[Derived] = []

    def place(one: Derived) -> None:
        for other in found.values():
            if other is not one and re.search(rf"\b{re.escape(other.table)}\b", "\n".join([*one.ways, one.select])):
                place(other)
        if one not in ordered:
            ordered.append(one)

    for one in found.values():
        place(one)
    return tuple(ordered)


def rebuild_all(con: duckdb.DuckDBPyConnection) -> None:
    """Make every derived table anew, within the caller's transaction."""
    for one in derived_tables():
        _rebuild(con, one)


def refresh(con: duckdb.DuckDBPyConnection, batch: Sequence[Append | Replace]) -> None:
    """Make those true again that wait for a table of *batch*, within the caller's transaction."""
    for one in derived_tables():
        sources = {table for changed in one.ways.values() for table, _ in changed}
        steps = [step for step in batch if step.table in one.after or step.table in sources]
        if steps and not con.execute(f"select {one.unless}").fetchall()[0][0]:
            con.execute(f"delete from {one.table}")
            continue
        if any(step.table in one.after or not isinstance(step, Append) for step in steps):
            _rebuild(con, one)
        elif keys := _touched(con, one, steps):
            _refresh_rows(con, one, keys)


def _touched(con: duckdb.DuckDBPyConnection, one: Derived, batch: Sequence[Append | Replace]) -> list[str]:
    """The keys that the new rows touch."""
    keys: set[str] = set()
    for way, changed in one.ways.items():
        values = {
            str(row[column])
            for table, column in changed
            for step in batch
            if step.table == table
            for row in step.rows
            if row.get(column) is not None
        }
        if values:
            keys |= {str(key) for (key,) in con.execute(way, {"changed": sorted(values)}).fetchall()}
    return sorted(keys)


def _rebuild(con: duckdb.DuckDBPyConnection, one: Derived) -> None:
    con.execute(f"delete from {one.table}")
    con.execute(f"insert into {one.table} {one.select}", {"keys": None} if one.key else None)


def _refresh_rows(con: duckdb.DuckDBPyConnection, one: Derived, keys: Iterable[str]) -> None:
    """Put the rows of *keys* as they are now in the place of those that were."""
    touched = {"keys": list(keys)}
    con.execute(f"delete from {one.table} where {one.key} in (select unnest($keys::varchar[]))", touched)
    con.execute(f"insert into {one.table} {one.select}", touched)


def _read(path: Path) -> Derived:
    text = path.read_text("utf-8")
    head = _HEAD.match(text)
    parts = list(_PART.finditer(text))
    if head is None or not parts or parts[-1]["select"] is None:
        message = f"{path.name} does not begin with its table, or does not end with its select"
        raise StoreError(message)
    ways: dict[str, tuple[Changed, ...]] = {}
    changed: tuple[Changed, ...] = ()
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        sql = text[part.end() : following.start() if following else None].strip()
        if part["select"]:
            after = frozenset(name.strip() for name in (head["anew"] or "").split(",") if name.strip())
            return Derived(head["table"], head["key"], after, ways, sql, head["unless"] or "true")
        changed += ((part["table"], part["column"]),)
        if sql:  # parts that stand together share the way
            ways[sql] = ways.get(sql, ()) + changed
            changed = ()
    raise AssertionError(path)
