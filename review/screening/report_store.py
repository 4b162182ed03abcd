"""The screening room's SQL for reports: what was noted about each, what holds, and the list of what to retrieve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from review.database import Append, Store

if TYPE_CHECKING:
    import polars as pl

_EVENTS = """
with here as (
  select e.*
  from screening.report_event e
  join v1.record_member m using (source_record_id)
  where m.record_id = $record
),
over as (
  select * from screening.report_event where supersedes in (select event_id from here)
),
-- what replaced an event, and what took that back, may lie on a record that this one was merged with
named as (
  select * from over
  union
  select * from screening.report_event where supersedes in (select event_id from over)
)
select *, true as here from here
union all
select *, false from named where event_id not in (select event_id from here)
order by arrival, event_id
"""
_EVENT = "select * from screening.report_event where event_id = $id"
_RETRIEVAL = """
select record_id, event_id, kind
from (
  select *, row_number() over (partition by record_id order by arrival desc, event_id desc) as place
  from v1.report_event
  where track = 'retrieval' and (holds or (kind = 'withdrawn' and not taken_back))
)
where place = 1
"""
_REPORTS = "select * from v1.report order by record_id"
_NOTED = """
select record_id, kind as noted, case when kind = 'not_retrieved' then reason end as noted_reason
from v1.report_event where holds and track = 'retrieval'
"""
_LIST = """
select
  p.record_id,
  case
    when p.classification = 'awaiting_classification' then 'classification'
    when p.classification = 'ongoing' then 'the end of the study'
    when p.translation_wanted then 'translation'
    -- what was noted, whatever was decided: a list must not tell a blind reviewer that somebody did
    when n.kind in ('retrieved', 'not_retrieved') then null
    when p.authors_asked_on is not null and (p.ordered_on is null or p.authors_asked_on >= p.ordered_on)
      then 'answer of the authors'
    when p.ordered_on is not null then 'delivery'
    else 'order'
  end as waits_for,
  r.authors,
  p.title,
  r.journal,
  r.year,
  r.volume,
  r.issue,
  r.pages,
  p.pmid,
  p.doi,
  p.retrieval,
  p.not_retrieved_reason,
  p.ordered_from,
  p.ordered_on,
  p.ordered_by,
  p.authors_asked_on,
  p.authors_asked_by,
  p.translation_wanted,
  p.language,
  p.classification,
  p.classification_reason,
  p.file_name,
  p.file_sha256,
  p.file_kept,
  p.full_text_state
from v1.report p
join v1.record r using (record_id)
left join v1.report_event n on n.record_id = p.record_id and n.holds and n.track = 'retrieval'
order by waits_for is null, p.record_id
"""
_KEPT = """
select record_id, file_name, file_sha256 from v1.report_event
where holds and kind = 'retrieved' and kept
order by record_id
"""


def read_events(store: Store, record: str) -> list[dict[str, Any]]:
    """Every event of a record's report, in order of arrival, and those elsewhere (not *here*) that bear on them."""
    return store.read(_EVENTS, {"record": record}).to_dicts()


def read_event(store: Store, event_id: str) -> dict[str, Any] | None:
    """One report event."""
    rows = store.read(_EVENT, {"id": event_id}).to_dicts()
    return rows[0] if rows else None


def read_retrieval(store: Store) -> dict[str, dict[str, Any]]:
    """Record → the newest word on its retrieval: event_id, kind (withdrawn too, where that ended it)."""
    return {row["record_id"]: row for row in store.read(_RETRIEVAL).to_dicts()}


def read_reports(store: Store) -> pl.DataFrame:
    """v1.report."""
    return store.read(_REPORTS)


def read_noted(store: Store) -> pl.DataFrame:
    """record_id, noted, noted_reason: what the events say of retrieval, whatever was decided."""
    return store.read(_NOTED)


def read_list(store: Store) -> pl.DataFrame:
    """Every report with what it waits for (null: nothing), whatever waits first."""
    return store.read(_LIST)


def read_kept(store: Store) -> list[dict[str, Any]]:
    """The retrieved reports whose file lies in the project: record_id, file_name, file_sha256."""
    return store.read(_KEPT).to_dicts()


def append_events(rows: list[dict[str, Any]]) -> Append:
    """The step that writes report events."""
    return Append("screening.report_event", rows)
