"""What every store does: read a frame, apply a batch of rows; atomic, and harmless when repeated.

Three stores can stand behind the protocol: the local file (local.py), the server that owns the file while people
screen, and a lake for several sites. The work stays where the command was typed; only reads and batches travel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import polars as pl

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Append:
    """Rows for an append-only table; a row whose id is there already is left as it is.

    A table with a column `arrival` gets it here, in the order of the rows, unless the rows bring their own.
    """

    table: str
    rows: Rows


@dataclass(frozen=True)
class Replace:
    """Rows for a table that can be rebuilt: those that match *where* go (all, when it is empty), these come."""

    table: str
    rows: Rows
    where: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Unchanged:
    """What a rebuilt table was computed from: *table* up to the row of that *arrival* (0: no row).

    Where the table has more by now, the batch raises Overtaken and writes nothing. It is looked at before any step of
    its batch.
    """

    table: str
    arrival: int


Batch = Sequence[Append | Replace | Unchanged]


class Query(Protocol):
    """How an analyst's SELECT is asked."""

    def __call__(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        limit: int | None = None,
        seconds: float = 60.0,
        only: Mapping[str, str] | None = None,
    ) -> pl.DataFrame:
        """The rows of the SELECT *sql* in the sandbox (sandbox.py), at most *limit*, stopped after *seconds*.

        With *only* the query sees nothing but these views: name → the SELECT that fills it.
        """
        ...


class Store(Protocol):
    """Where a review's database lives."""

    @property
    def path(self) -> Path:
        """The database file."""
        ...

    def read(self, sql: str, params: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """The rows of one SELECT; *params* are bound to `$name`."""
        ...

    def apply(self, batch: Batch) -> dict[str, int]:
        """Write all of *batch* or nothing; table → rows that were new."""
        ...

    def reading(self) -> AbstractContextManager[None]:
        """Reads inside it see one moment; nothing is applied inside it."""
        ...

    def holding(self) -> AbstractContextManager[None]:
        """For many reads and batches in a row, each batch a transaction of its own: opening costs more than most."""
        ...

    @property
    def query(self) -> Query:
        """An analyst's SELECT in the sandbox."""
        ...

    def backup(self, target: Path) -> None:
        """Write a consistent copy of the database to *target*, which is not there yet; others go on working."""
        ...
