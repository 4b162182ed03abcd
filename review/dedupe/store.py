"""The dedupe room's SQL: reads source records through views, reads and appends its own events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from review.database import Append, Replace, Store
from review.dedupe.cluster import Clusters, DuplicateEvent
from review.terms import DuplicateEventKind

if TYPE_CHECKING:
    import polars as pl

_RECORDS = """
select s.source_record_id, s.pmid, s.doi, s.registry_ids, s.publication_types, s.title, s.year, s.authors, m.entry_id
from v1.source_record s
join v1.record_member m using (source_record_id)
order by s.source_record_id
"""
_DETAILS = """
select m.entry_id, s.source_record_id, m.record_id, s.source, s.accession, s.version, s.title, s.year, s.pmid, s.doi,
  s.publication_types
from v1.source_record s
join v1.record_member m using (source_record_id)
where list_contains($ids, m.entry_id) and s.is_latest
order by m.entry_id
"""
_FIND = """
select m.record_id, s.source_record_id, m.entry_id
from v1.source_record s
join v1.record_member m using (source_record_id)
where s.source_record_id = $key or m.record_id = $key
   or (length($key) >= 6 and (starts_with(s.source_record_id, $key) or starts_with(m.record_id, $key)))
   or s.pmid = $pmid or s.doi = $doi or s.accession = $key
order by s.source_record_id
"""
_EVENTS = """
select event_id, kind, record_a, record_b, rule, scores, who, automatic, undo_of, supersedes, note,
  decided_at, arrival
from dedupe.duplicate_event
order by arrival, event_id
"""
_LOG = """
select e.arrival, e.event_id, e.kind, e.record_a, e.record_b, e.rule, e.who, e.automatic, e.undo_of,
  exists (select 1 from dedupe.duplicate_event u where u.undo_of = e.event_id) as undone, e.note, e.decided_at
from dedupe.duplicate_event e
where $people is false or not e.automatic
order by e.arrival, e.event_id
"""
_ANSWERS = "select * from dedupe.pair_answer order by arrival, answer_id"
_LINKS = "select * from dedupe.record_link order by arrival, link_id"


def read_records(store: Store) -> list[dict[str, Any]]:
    """Every source record, older versions too, with what deduplication looks at."""
    return store.read(_RECORDS).to_dicts()


def read_details(store: Store, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Entries by id, each as it was read last: with its record, source, title and year."""
    rows = store.read(_DETAILS, {"ids": sorted(set(ids))}).to_dicts()
    return {row["entry_id"]: row for row in rows}


def find_members(store: Store, key: str, *, pmid: str | None, doi: str | None) -> list[dict[str, Any]]:
    """(record_id, source_record_id, entry_id) of what *key* may name: an id, the beginning of one, a PMID, a DOI."""
    return store.read(_FIND, {"key": key, "pmid": pmid, "doi": doi}).to_dicts()


def read_log(store: Store, *, people_only: bool) -> pl.DataFrame:
    """The log of merges, splits, locks and undos, in order of arrival."""
    return store.read(_LOG, {"people": people_only})


def read_duplicate_events(store: Store) -> list[DuplicateEvent]:
    """The log, as the replay takes it."""
    return [to_event(row) for row in store.read(_EVENTS).to_dicts()]


def to_event(row: Mapping[str, Any]) -> DuplicateEvent:
    """One row of dedupe.duplicate_event as a value."""
    return DuplicateEvent(
        event_id=row["event_id"],
        kind=DuplicateEventKind(row["kind"]),
        record_a=row["record_a"],
        record_b=row["record_b"],
        rule=row["rule"],
        automatic=bool(row["automatic"]),
        undo_of=row["undo_of"],
        supersedes=row["supersedes"],
        arrival=int(row.get("arrival") or 0),
        who=row["who"],
        note=row["note"],
    )


def read_events(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Every event row of this room, table by table, in order of arrival."""
    return {
        "dedupe.duplicate_event": store.read(_EVENTS).to_dicts(),
        "dedupe.pair_answer": store.read(_ANSWERS).to_dicts(),
        "dedupe.record_link": store.read(_LINKS).to_dicts(),
    }


def append_events(rows: Mapping[str, list[dict[str, Any]]]) -> list[Append]:
    """The steps that write event rows of this room; tables of other rooms are left out."""
    own = ("dedupe.duplicate_event", "dedupe.pair_answer", "dedupe.record_link")
    return [Append(table, rows[table]) for table in own if rows.get(table)]


def replace_clusters(clusters: Clusters) -> Replace:
    """The step that writes the replay's outcome."""
    rows = [{"source_record_id": one, "record_id": record} for one, record in sorted(clusters.record_of.items())]
    return Replace("dedupe.cluster", rows)
