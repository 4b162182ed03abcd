"""The SQL of agreement: the cells of every pair of reviewers, and those that one who screens blind may see."""

from __future__ import annotations

from typing import Any

from review.database import Store

_AGREEMENT = "select * from v1.agreement order by stage, reviewer_1, reviewer_2"
# what was decided on one entry, whatever it is merged with: a merge must not move a blinded reviewer's figures
_OPEN_AGREEMENT = """
with newest as (
  select m.entry_id, m.record_id, d.stage, d.reviewer, d.verdict, d.arrival, d.decision_id
  from screening.decision d
  join v1.record_member m using (source_record_id)
  where d.blind and d.stage <> 'final'
    and not exists (select 1 from screening.decision n where n.supersedes = d.decision_id and n.blind)
  qualify row_number() over (
    partition by d.source_record_id, d.stage, d.reviewer order by d.arrival desc, d.decision_id desc
  ) = 1
),
voice as (
  select n.entry_id, n.stage, n.reviewer, n.verdict <> 'exclude' as is_in
  from newest n
  join v1.screening_state s on s.record_id = n.record_id and s.stage = n.stage
  where n.verdict <> 'withdrawn' and s.state in ('include', 'exclude', 'conflict')
    and not exists (select 1 from v1.calibration_record c where c.record_id = n.record_id and c.stage = n.stage)
  qualify row_number() over (
    partition by n.entry_id, n.stage, n.reviewer order by n.arrival desc, n.decision_id desc) = 1
)
select
  a.stage, a.reviewer as reviewer_1, b.reviewer as reviewer_2,
  count(*) filter (where a.is_in and b.is_in) as both_include,
  count(*) filter (where a.is_in and not b.is_in) as first_only,
  count(*) filter (where not a.is_in and b.is_in) as second_only,
  count(*) filter (where not a.is_in and not b.is_in) as both_exclude
from voice a
join voice b on b.entry_id = a.entry_id and b.stage = a.stage and a.reviewer < b.reviewer
where $reviewer in (a.reviewer, b.reviewer)
group by a.stage, a.reviewer, b.reviewer
order by a.stage, a.reviewer, b.reviewer
"""


def read_agreement(store: Store) -> list[dict[str, Any]]:
    """The cells of every pair of reviewers."""
    return store.read(_AGREEMENT).to_dicts()


def read_open_agreement(store: Store, reviewer: str) -> list[dict[str, Any]]:
    """The cells of the pairs of *reviewer*, of settled records on whose very entry both decided blind."""
    return store.read(_OPEN_AGREEMENT, {"reviewer": reviewer}).to_dicts()
