"""What was searched and imported, for people to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review.database import Store
from review.search import store as rows

if TYPE_CHECKING:
    import polars as pl

_SEARCHES = [
    "run_id",
    "strategy",
    "mode",
    "source",
    "searched_on",
    "hits",
    "retrieved",
    "imported",
    "reconciled",
    "missing_pmids",
    "simulated",
]
_RECEIPTS = [
    "import_id", "file_name", "source", "dialect", "markers_seen", "records_read", "records_rejected",
    "records_repaired", "records_new", "status", "imported_by", "imported_at",
]  # fmt: skip


def list_searches(store: Store, *, brief: bool = False) -> pl.DataFrame:
    """Every finished search; *brief* leaves out what is too long for a screen."""
    frame: pl.DataFrame = rows.history(store)
    return frame.select(_SEARCHES) if brief else frame


def list_receipts(store: Store, *, brief: bool = False) -> pl.DataFrame:
    """Every receipt; *brief* leaves out what is too long for a screen."""
    frame: pl.DataFrame = rows.receipts(store)
    return frame.select(_RECEIPTS) if brief else frame


def list_lines(store: Store, run_id: str) -> pl.DataFrame:
    """The lines of a run with their hits."""
    import polars as pl

    return pl.DataFrame(rows.lines_of(store, run_id))
