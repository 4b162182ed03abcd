"""The SQL of calibration rounds: what was drawn, whether everybody has decided, and what was said."""

from __future__ import annotations

from typing import Any

from review.database import Append, Store, Unchanged

_ROUNDS = "select * from v1.calibration_round order by place"
_LAST = "select coalesce(max(arrival), 0) as last from screening.calibration_event"
_EVENT = "select * from screening.calibration_event where event_id = $id"
# the draw follows from the id of the round and the records that nobody has decided on: anybody can repeat it
_DRAW = """
select s.record_id
from v1.screening_state s
where s.stage = $stage and s.state = 'needs_first' and s.decisions = 0
  and not exists (select 1 from v1.calibration_record c where c.record_id = s.record_id and c.stage = s.stage)
order by md5($seed || ' ' || s.record_id), s.record_id
limit $records
"""
_DRAWN = """
select round_id, record_id, place
from v1.calibration_record
qualify row_number() over (partition by round_id, record_id order by place) = 1
order by round_id, place
"""
_CELLS = "select * from v1.calibration_agreement order by round_id, reviewer_1, reviewer_2"
_SAID = """
select c.round_id, c.record_id, c.place, b.reviewer, b.verdict, b.reason, d.note
from (select distinct round_id, stage, record_id, min(place) as place, any_value(reviewers) as reviewers
      from v1.calibration_record where finished group by round_id, stage, record_id) c
join v1.blind_decision b on b.record_id = c.record_id and b.stage = c.stage
join screening.decision d using (decision_id)
where list_contains(c.reviewers, b.reviewer)
order by c.round_id, c.place, b.reviewer
"""
_OWN = """
select c.round_id, count(distinct c.record_id) as decided
from v1.calibration_record c
join v1.current_decision d on d.record_id = c.record_id and d.stage = c.stage
where d.reviewer = $reviewer
group by c.round_id
"""
# rounds with a decision on an entry that this reviewer did not decide on themselves: a merge finished them
_NOT_SEEN = """
select distinct c.round_id
from v1.calibration_record c
join v1.current_decision o on o.record_id = c.record_id and o.stage = c.stage
where list_contains(c.reviewers, o.reviewer) and list_contains(c.reviewers, $reviewer)
  and not exists (
    select 1 from screening.decision w
    join v1.record_member m using (source_record_id)
    where m.entry_id = o.entry_id and w.stage = o.stage and w.reviewer = $reviewer)
"""
_TITLES = "select record_id, title, year, pmid, doi from v1.record where list_contains($records, record_id)"


def read_rounds(store: Store) -> list[dict[str, Any]]:
    """v1.calibration_round, the first one first."""
    return store.read(_ROUNDS).to_dicts()


def read_event(store: Store, event_id: str) -> dict[str, Any] | None:
    """One event of a round."""
    found = store.read(_EVENT, {"id": event_id}).to_dicts()
    return found[0] if found else None


def draw(store: Store, *, stage: str, seed: str, records: int) -> list[str]:
    """At most so many records that nobody has decided on and no round has drawn, in the order that *seed* gives."""
    found = store.read(_DRAW, {"stage": stage, "seed": seed, "records": records})
    return [str(one) for one in found["record_id"]]


def read_drawn(store: Store) -> dict[str, list[str]]:
    """Round → its records, as they are merged today, in the order of the draw."""
    found: dict[str, list[str]] = {}
    for row in store.read(_DRAWN).to_dicts():
        found.setdefault(row["round_id"], []).append(str(row["record_id"]))
    return found


def read_cells(store: Store) -> list[dict[str, Any]]:
    """v1.calibration_agreement: the cells of every pair, of finished rounds only."""
    return store.read(_CELLS).to_dicts()


def read_said(store: Store) -> list[dict[str, Any]]:
    """What each reviewer said blind of each record of the finished rounds, in the order of the draw."""
    return store.read(_SAID).to_dicts()


def count_own(store: Store, reviewer: str) -> dict[str, int]:
    """Round → how many of its records this reviewer has decided on."""
    return {row["round_id"]: int(row["decided"]) for row in store.read(_OWN, {"reviewer": reviewer}).to_dicts()}


def read_not_seen(store: Store, reviewer: str) -> set[str]:
    """The rounds of this reviewer in which others decided on an entry that they never decided on."""
    return set(store.read(_NOT_SEEN, {"reviewer": reviewer})["round_id"])


def read_titles(store: Store, records: list[str]) -> dict[str, dict[str, Any]]:
    """Record → title, year, PMID, DOI."""
    return {row["record_id"]: row for row in store.read(_TITLES, {"records": records}).to_dicts()} if records else {}


def last_arrival(store: Store) -> int:
    """How far the log of rounds goes."""
    return int(store.read(_LAST)["last"][0])


def unchanged(last: int) -> Unchanged:
    """The condition that nobody has opened or closed a round since *last*."""
    return Unchanged("screening.calibration_event", last)


def append_events(rows: list[dict[str, Any]]) -> Append:
    """The step that writes events of calibration rounds."""
    return Append("screening.calibration_event", rows)
