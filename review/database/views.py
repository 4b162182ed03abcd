"""Loads the analysts' views of schema `v1` from `queries/views`, in the order in which they read each other."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import re
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from review.database.derived import derived_tables, rebuild_all
from review.errors import StoreError
from review.paths import shipped

if TYPE_CHECKING:
    import duckdb

_REFERENCE = re.compile(r"\bv1\.(\w+)")


def view_files() -> dict[str, Path]:
    """Name → file of every view of the installed package."""
    return {path.stem: path for path in sorted(shipped("queries", "views").glob("*.sql"))}


@functools.cache
def ordered_views() -> tuple[tuple[str, str], ...]:
    """(name, SQL) of every view; a view comes after those that it reads. Read once in a process."""
    texts = {name: path.read_text("utf-8") for name, path in view_files().items()}
    reads = {
        name: {word for word in _REFERENCE.findall(text) if word != name and word in texts}
        for name, text in texts.items()
    }
    return tuple((name, texts[name]) for name in TopologicalSorter(reads).static_order())


def views_sha256() -> str:
    """The fingerprint of all views and derived tables together."""
    digest = hashlib.sha256()
    for name, text in [*sorted(ordered_views()), *((one.table, one.select) for one in derived_tables())]:
        digest.update(f"{name}\0{text}\0".encode())
    return digest.hexdigest()


def current_view_set(con: duckdb.DuckDBPyConnection) -> str | None:
    """The fingerprint of the views that the database holds, or None before the first."""
    found = con.execute("select max(sha256) from house.view_set").fetchall()
    return str(found[0][0]) if found[0][0] else None


def load_views(con: duckdb.DuckDBPyConnection, *, program: str) -> None:
    """Make schema `v1` and the derived tables anew, in one transaction."""
    import duckdb

    con.execute("begin transaction")
    try:
        con.execute("drop schema if exists v1 cascade")
        con.execute("create schema v1")
        for name, text in ordered_views():
            try:
                con.execute(text)
            except duckdb.Error as problem:
                message = f"queries/views/{name}.sql: {str(problem).splitlines()[0]}"
                raise StoreError(message) from problem
        rebuild_all(con)
        con.execute("delete from house.view_set")
        con.execute(
            "insert into house.view_set values ($sha256, $program)", {"sha256": views_sha256(), "program": program}
        )
        con.execute("commit")
    except BaseException:
        # a commit that failed has rolled back already, and then there is nothing to take back
        with contextlib.suppress(duckdb.Error):
            con.execute("rollback")
        raise
