"""How fast each reviewer decides, day by day: for planning the work, not for comparing people."""

from __future__ import annotations

import polars as pl

from review.database import Store
from review.project import Project
from review.screening.blinding import is_blinded
from review.screening.pace_store import read_pace

PAUSE = 30 * 60.0  # seconds: who decides nothing for longer has ended a sitting
PACE_COLUMNS = {
    "reviewer": pl.String,
    "stage": pl.String,
    "day": pl.Date,
    "decisions": pl.Int64,
    "median_seconds": pl.Float64,
}


def pace(store: Store, project: Project, *, reviewer: str | None = None) -> pl.DataFrame:
    """reviewer, stage, day (UTC), decisions, median_seconds: from one decision to the next within a sitting.

    The time before the first decision of a sitting is not known and counts for nothing; `median_seconds` is null
    where a day has no second one. Imported decisions are left out. A reviewer of a blind review sees only their own.
    """
    only = reviewer if is_blinded(store, project, reviewer) else None
    return read_pace(store, reviewer=only, pause=PAUSE).select(
        pl.col(name).cast(kind) for name, kind in PACE_COLUMNS.items()
    )
