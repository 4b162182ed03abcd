"""The dedupe room's SQL: reads source records through views, reads and appends its own events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from review.database import Append, Replace, Store, Unchanged
from review.dedupe.cluster import Clusters, DuplicateEvent
from review.terms import DuplicateEventKind

if TYPE_CHECKING:
    import polars as pl

_RECORDS = """
select s.source_record_id, m.entry_id, s.title, s.authors, s.year, s.journal, s.volume, s.issue, s.pages, s.doi, s.pmid,
  s.registry_ids, left(s.abstract, 300) as abstract, s.publication_types, s.record_type, s.url
from v1.source_record s
join v1.record_member m using (source_record_id)
"""
_NAMED = """
with named as (
  select record_a as id from dedupe.duplicate_event where record_a is not null
  union select record_b from dedupe.duplicate_event where record_b is not null
  union select unnest($more::varchar[])
)
select s.source_record_id, m.entry_id, s.title, s.authors, s.year, s.journal, s.volume, s.issue, s.pages, s.doi, s.pmid,
  s.registry_ids, s.publication_types, s.record_type, s.url
from v1.source_record s
join v1.record_member m using (source_record_id)
where m.entry_id in (select o.entry_id from v1.record_member o join named n on n.id = o.source_record_id)
"""
_LINKED = """
select coalesce(f.entry_id, l.from_source_record_id) as one, coalesce(t.entry_id, l.to_source_record_id) as other
from v1.record_link l
left join v1.record_member f on f.source_record_id = l.from_source_record_id
left join v1.record_member t on t.source_record_id = l.to_source_record_id
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
_ANSWERS = "select * from dedupe.pair_answer order by arrival, answer_id"
_SPOKE = """
with word as (
  select record_a as a, record_b as b, who from dedupe.pair_answer
  union all
  select record_a, record_b, who from dedupe.duplicate_event where not automatic and record_a is not null
  union all
  select from_record, to_record, who from dedupe.record_link
)
select 1 as spoke
from word w
left join v1.record_member a on a.source_record_id = w.a
left join v1.record_member b on b.source_record_id = w.b
where w.who = $who and list_sort([coalesce(a.entry_id, w.a), coalesce(b.entry_id, w.b)]) = $pair::varchar[]
limit 1
"""
_LINKS = "select * from dedupe.record_link order by arrival, link_id"


def read_records(store: Store) -> pl.DataFrame:
    """Every source record, older versions too, in the columns that deduplication looks at."""
    return store.read(_RECORDS)


def read_named(store: Store, more: Iterable[str] = ()) -> pl.DataFrame:
    """What the replay looks at, of all versions of the entries that the log or *more* names."""
    return store.read(_NAMED, {"more": sorted(set(more))})


def read_linked(store: Store) -> list[tuple[str, str]]:
    """The pairs of entries between which a typed link stands."""
    return [(str(one), str(other)) for one, other in store.read(_LINKED).rows()]


def read_details(store: Store, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Entries by id, each as it was read last: with its record, source, title and year."""
    rows = store.read(_DETAILS, {"ids": sorted(set(ids))}).to_dicts()
    return {row["entry_id"]: row for row in rows}


def find_members(store: Store, key: str, *, pmid: str | None, doi: str | None) -> list[dict[str, Any]]:
    """(record_id, source_record_id, entry_id) of what *key* may name: an id, the beginning of one, a PMID, a DOI."""
    return store.read(_FIND, {"key": key, "pmid": pmid, "doi": doi}).to_dicts()


def read_log(store: Store) -> pl.DataFrame:
    """Every row of dedupe.duplicate_event, in order of arrival."""
    return store.read(_EVENTS)


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
        scores=row.get("scores"),
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
    """The step that writes which entries are one record."""
    rows = [{"source_record_id": one, "record_id": record} for one, record in sorted(clusters.record_of.items())]
    return Replace("dedupe.cluster", rows)


def write_clusters(clusters: Clusters, *, after: int) -> list[Replace | Unchanged]:
    """The steps that write the replay's outcome: which entries are one record, and the edges that joined them.

    They are refused where the log goes on after the event of arrival *after*, which was the last of the replay.
    """
    edges = [
        {
            "record_a": edge.a,
            "record_b": edge.b,
            "record_id": clusters.find(edge.a),
            "event_id": edge.event_id,
            "rule": edge.rule,
            "automatic": edge.automatic,
        }
        for edge in clusters.joined
    ]
    return [
        Unchanged("dedupe.duplicate_event", after),
        replace_clusters(clusters),
        Replace("dedupe.joined", edges),
    ]


# links and answers
PUBMED = "PubMed"  # who tells a link that is no event of a person

_STANDING_LINKS = """
select l.link_id, l.kind, l.from_record_id, l.to_record_id, l.from_source_record_id, l.to_source_record_id,
  f.title as from_title, t.title as to_title, l.who, l.note, l.decided_at
from v1.record_link l
left join v1.source_record f on f.source_record_id = l.from_source_record_id
left join v1.source_record t on t.source_record_id = l.to_source_record_id
where $record is null or l.from_record_id = $record or l.to_record_id = $record
order by l.decided_at, l.link_id
"""
_LINK_LOG = """
select l.arrival, l.link_id, case when l.withdrawn then 'withdrawn' else 'linked' end as deed, l.kind, l.from_record,
  l.to_record, l.who, l.supersedes, l.note, l.decided_at
from dedupe.record_link l
order by l.arrival, l.link_id
"""
_STANDING_ANSWERS = """
select p.answer_id, p.answer, p.who, p.note, p.decided_at, p.record_a, p.record_b,
  coalesce(a.record_id, p.record_a) as now_a, coalesce(b.record_id, p.record_b) as now_b
from dedupe.pair_answer p
left join v1.record_member a on a.source_record_id = p.record_a
left join v1.record_member b on b.source_record_id = p.record_b
where p.answer <> 'withdrawn' and not exists (select 1 from dedupe.pair_answer n where n.supersedes = p.answer_id)
order by p.arrival, p.answer_id
"""
_SIDES = """
select m.entry_id, m.record_id, s.source, s.title, s.authors, s.journal, s.year, s.volume, s.issue, s.pages, s.pmid,
  s.doi, s.registry_ids, s.record_type, s.publication_types, s.abstract
from v1.source_record s
join v1.record_member m using (source_record_id)
where list_contains($ids, m.entry_id) and s.is_latest
"""
_MEMBERS_OF = """
select m.record_id, m.entry_id, s.source, s.accession
from v1.source_record s
join v1.record_member m using (source_record_id)
where list_contains($ids, m.record_id) and s.is_latest
order by m.record_id, s.source, s.accession, m.entry_id
"""
_RECORDS_OF = """
select source_record_id, record_id from v1.record_member where list_contains($ids, source_record_id)
"""


def read_links(store: Store, record: str | None = None) -> pl.DataFrame:
    """The links that stand, with the titles of both sides; those of one record where *record* is its id."""
    return store.read(_STANDING_LINKS, {"record": record})


def read_link_log(store: Store) -> pl.DataFrame:
    """Every link and withdrawal that people made, in order of arrival."""
    return store.read(_LINK_LOG)


def read_standing_answers(store: Store) -> list[dict[str, Any]]:
    """The answers that nobody took back, each with the records (now_a, now_b) that its two sides belong to today."""
    return store.read(_STANDING_ANSWERS).to_dicts()


def has_spoken(store: Store, who: str, pair: tuple[str, str]) -> bool:
    """Whether that person ever answered, merged, split or linked the two entries, taken back or not."""
    return bool(store.read(_SPOKE, {"who": who, "pair": sorted(pair)}).height)


def read_sides(store: Store, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Entries by id, each as it was read last, with every field that a person compares."""
    rows = store.read(_SIDES, {"ids": sorted(set(ids))}).to_dicts()
    return {row["entry_id"]: row for row in rows}


def read_members_of(store: Store, records: Iterable[str]) -> list[dict[str, Any]]:
    """The entries of these records: record_id, entry_id, source, accession."""
    return store.read(_MEMBERS_OF, {"ids": sorted(set(records))}).to_dicts()


def read_records_of(store: Store, ids: Iterable[str]) -> dict[str, str]:
    """Source record → the record that it belongs to today."""
    rows = store.read(_RECORDS_OF, {"ids": sorted(set(ids))})
    return dict(zip(rows["source_record_id"].to_list(), rows["record_id"].to_list(), strict=True))
