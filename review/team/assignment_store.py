"""The SQL of assignments: what stands, what waits, and who has how many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from review.database import Append, Store

if TYPE_CHECKING:
    import polars as pl

_STANDING = """
select assignment_id, record_id, source_record_id, stage, reviewer, reviewers, decided
from v1.assignment
where $stage is null or stage = $stage
order by stage, record_id, reviewer
"""
# planned: an assignment said how many are to decide, whether or not somebody is still assigned
_RECORDS = """
select s.record_id, s.state, s.reviewers_needed, s.decided_by, s.assigned_to,
  s.record_id in (
    select m.record_id from team.standing_assignment a join v1.record_member m using (source_record_id)
    where a.stage = $stage and a.is_newest and a.reviewers is not null) as planned
from v1.screening_state s
where s.stage = $stage and s.state not in ('awaiting_classification', 'ongoing')
order by s.record_id
"""
_BUSY = """
select record_id, stage from v1.screening_state
where list_contains(decided_by, $reviewer) or list_contains(assigned_to, $reviewer)
"""
_COUNTS = """
select reviewer, stage, count(distinct record_id) as assigned,
  count(distinct record_id) filter (where decided) as decided,
  count(distinct record_id) filter (where not decided) as waiting
from v1.assignment
group by reviewer, stage
order by reviewer, stage
"""


def read_standing(store: Store, stage: str | None = None) -> list[dict[str, Any]]:
    """The assignments that stand, at one stage or at both, each with whether the person has decided."""
    return store.read(_STANDING, {"stage": stage}).to_dicts()


def read_records(store: Store, stage: str) -> list[dict[str, Any]]:
    """The records of a stage: state, how many are to decide, who has, to whom each is assigned."""
    return store.read(_RECORDS, {"stage": stage}).to_dicts()


def read_busy(store: Store, reviewer: str) -> set[tuple[str, str]]:
    """(record, stage) that *reviewer* has decided on or is assigned."""
    return {(row["record_id"], row["stage"]) for row in store.read(_BUSY, {"reviewer": reviewer}).to_dicts()}


def read_counts(store: Store) -> pl.DataFrame:
    """reviewer, stage, assigned, decided, waiting."""
    return store.read(_COUNTS)


def append(store: Store, rows: list[dict[str, Any]]) -> None:
    """Write assignment events, all or none."""
    if rows:
        store.apply([Append("team.assignment", rows)])
