"""The SQL of pace: when each reviewer decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review.database import Store

if TYPE_CHECKING:
    import polars as pl

# a decision that is taken back is work too, and ends a wait; it is no decision
_PACE = """
with event as (
  select reviewer, stage, verdict, decided_at at time zone 'UTC' as moment,
    epoch(decided_at - lag(decided_at) over (partition by reviewer order by decided_at, arrival)) as seconds
  from screening.decision
  where via <> 'import' and stage <> 'final' and ($reviewer is null or reviewer = $reviewer)
)
select reviewer, stage, moment::date as day, count(*)::bigint as decisions,
  round(median(seconds) filter (where seconds <= $pause), 3) as median_seconds
from event
where verdict <> 'withdrawn'
group by reviewer, stage, day
order by day, reviewer, stage
"""


def read_pace(store: Store, *, reviewer: str | None, pause: float) -> pl.DataFrame:
    """reviewer, stage, day, decisions, median_seconds; of one reviewer, or of all (None)."""
    return store.read(_PACE, {"reviewer": reviewer, "pause": pause})
