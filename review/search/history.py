"""What was searched and imported, for people to look at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from review.database import Store
from review.errors import UsageProblem
from review.search import store as rows
from review.search.receipts import NEWER, NOT_SELECTED

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
    "import_id", "file_name", "source", "dialect", "markers_seen", "records_read", "records_rejected", "set_aside",
    "records_repaired", "records_new", "status", "imported_by", "imported_at",
]  # fmt: skip


def list_searches(store: Store, *, brief: bool = False) -> pl.DataFrame:
    """Every finished search; *brief* leaves out what is too long for a screen."""
    frame: pl.DataFrame = rows.history(store)
    return frame.select(_SEARCHES) if brief else frame


def list_receipts(store: Store, *, brief: bool = False) -> pl.DataFrame:
    """Every receipt; *brief* leaves out what is too long for a screen.

    `set_aside` are records of a file of which only a part was wanted, and those that a newer file had brought already:
    markers seen = records read + rejected + set aside.
    """
    import polars as pl

    frame: pl.DataFrame = rows.receipts(store)
    aside = pl.Series("set_aside", [_set_aside(unmapped) for unmapped in frame["unmapped"].to_list()], pl.Int64)
    frame = frame.insert_column(frame.get_column_index("records_rejected") + 1, aside)
    return frame.select(_RECEIPTS) if brief else frame


def list_lines(store: Store, run_id: str) -> pl.DataFrame:
    """The lines of a run with their hits. Raises UsageProblem for a run that is not there, or has none."""
    import polars as pl

    lines = rows.lines_of(store, run_id)
    if lines:
        return pl.DataFrame(lines)
    if rows.find_run(store, run_id) is not None:
        message = f"the search {run_id} has no lines: it was entered by hand"
        raise UsageProblem(message, hint="review search history --format json prints its strategy as `query`")
    if rows.find_start(store, run_id) is not None:
        message = f"the run {run_id} was cut off and has no lines yet"
        raise UsageProblem(message, hint="run the same command again; it goes on where it stopped")
    message = f"there is no search {run_id!r}"
    raise UsageProblem(message, hint="review search history lists them")


def _set_aside(unmapped: str | None) -> int:
    counts = json.loads(unmapped or "{}")
    return int(counts.get(NOT_SELECTED, 0)) + int(counts.get(NEWER, 0))
