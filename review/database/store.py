"""What every store does: read a frame, apply a batch of rows; atomic, and harmless when repeated.

Three stores can stand behind the protocol: the local file (local.py), the server that owns the file while people
screen, and a lake for several sites. The work stays where the command was typed; only reads and batches travel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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


Batch = Sequence[Append | Replace]


class Store(Protocol):
    """Where a review's database lives."""

    def read(self, sql: str, params: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """The rows of one SELECT; *params* are bound to `$name`."""
        ...

    def apply(self, batch: Batch) -> dict[str, int]:
        """Write all of *batch* or nothing; table → rows that were new."""
        ...
