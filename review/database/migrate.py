"""Migrations: named SQL files, applied forward only, once each, recorded with their sha256.

Append-only tables are migrated by copy inside the migration's own transaction, and the file as it was is kept beside
the new one (`review.duckdb.before-0002_name`), so that no migration can cost a decision.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from review.errors import NewerStore, StoreError

if TYPE_CHECKING:
    import duckdb

SHIPPED = Path(__file__).parent / "migrations"

_HOUSE = """
create schema if not exists house;
create table if not exists house.migration (
  name varchar primary key, sha256 varchar not null, program varchar not null, applied_at timestamptz not null);
create table if not exists house.view_set (sha256 varchar primary key, program varchar not null);
"""


@dataclass(frozen=True)
class Migration:
    """One step of the schema: `0001_house`."""

    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The fingerprint that is recorded when it is applied."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(folder: Path = SHIPPED) -> list[Migration]:
    """The migrations in *folder*, in the order of their names."""
    return [Migration(path.stem, path.read_text("utf-8")) for path in sorted(folder.glob("[0-9]*.sql"))]


def applied(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Name → sha256 of what this database has been through."""
    import duckdb

    try:
        return dict(con.execute("select name, sha256 from house.migration").fetchall())
    except duckdb.CatalogException:
        return {}  # a file before its first migration


def pending(con: duckdb.DuckDBPyConnection, migrations: list[Migration], *, file: Path) -> list[Migration]:
    """What is still to be applied. Raises NewerStore when the database knows more than the program."""
    done = applied(con)
    unknown = sorted(set(done) - {migration.name for migration in migrations})
    if unknown:
        message = f"{file} has been through {', '.join(unknown)}, which this program does not know"
        raise NewerStore(message, hint="install the version of regen-review that made it, or a newer one")
    for migration in migrations:
        if migration.name in done and done[migration.name] != migration.sha256:
            message = f"{file}: migration {migration.name} was applied in another form than this program holds"
            raise StoreError(message, hint="a released migration never changes; reinstall the program")
    return [migration for migration in migrations if migration.name not in done]


def apply_migration(con: duckdb.DuckDBPyConnection, migration: Migration, *, program: str) -> None:
    """Apply one migration and record it, in one transaction."""
    import duckdb

    con.execute("begin transaction")
    try:
        con.execute(_HOUSE)
        con.execute(migration.sql)
        con.execute(
            "insert into house.migration values ($name, $sha256, $program, now())",
            {"name": migration.name, "sha256": migration.sha256, "program": program},
        )
        con.execute("commit")
    except BaseException:
        # a commit that failed has rolled back already, and then there is nothing to take back
        with contextlib.suppress(duckdb.Error):
            con.execute("rollback")
        raise
