"""The screening room's SQL: reads records and states through views, reads and appends its own events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from review.database import Append, Store

if TYPE_CHECKING:
    import polars as pl

EVENT_TABLES = (
    "screening.decision",
    "screening.adjudication",
    "screening.calibration_event",
    "screening.label",
    "screening.report_event",
    "screening.stop_event",
)

_FIND = """
select distinct m.record_id, m.source_record_id = $key as exact
from v1.source_record s
join v1.record_member m using (source_record_id)
where s.source_record_id = $key or m.record_id = $key
   or (length($key) >= 6 and (starts_with(s.source_record_id, $key) or starts_with(m.record_id, $key)))
   or s.pmid = $pmid or s.doi = $doi or s.accession = $key
order by exact desc, m.record_id
"""
# what a program asks for it names in full, and then one look at one table is enough
_EXACT = "select record_id from v1.record_member where source_record_id = $key"
_SHOWN = """
select s.source_record_id
from v1.record_member m
join v1.source_record s using (source_record_id)
where m.record_id = $record and s.is_latest
order by v1.member_place(s.source, s.abstract, s.source_record_id)
limit 1
"""
_MEMBERS = """
select record_id, source_record_id, entry_id, ever_merged from v1.record_member
where record_id = $record order by source_record_id
"""
_STATES = """
select stage, state, adjudicated, reason, decisions, open_to_all, assigned_to from screening.state
where record_id = $record
"""
# v1.current_decision of one record, without a look at all the others
_CURRENT = """
select * from screening.standing_decision
where list_contains($members::varchar[], source_record_id) order by arrival
"""
# only where somebody else had a word, or there was another record, can a verdict have been seen
_OTHERS_INVOLVED = """
select
  exists (
    select 1 from screening.decision
    -- one that was not blind tells of another's, even where only this person's events were imported
    where list_contains($members::varchar[], source_record_id) and stage = $stage
      and (reviewer <> $reviewer or not (blind or via = 'import')))
  or exists (
    select 1 from screening.adjudication
    where list_contains($members::varchar[], source_record_id) and stage = $stage)
  as involved
"""
_DECISION = "select * from screening.decision where decision_id = $id"
_OPENED = """
with recursive
member as (
  select source_record_id from v1.record_member where record_id = $record
),
-- whatever was ever merged with it, by whom and how indirectly ever, undone or not
joined(id) as (
  select source_record_id from member
  union
  select case when e.record_a = j.id then e.record_b else e.record_a end
  from joined j
  join v1.merge_ever_made e on e.record_a = j.id or e.record_b = j.id
),
said as (
  select d.reviewer, d.decided_at, d.blind or d.via = 'import' as blind, m.source_record_id is not null as here
  from joined j
  join screening.decision d on d.source_record_id = j.id and d.stage = $stage
  left join member m on m.source_record_id = j.id
),
ruled as (
  select a.adjudication_id
  from screening.adjudication a join member using (source_record_id)
  where a.stage = $stage
),
-- whoever joins or parts records on which others have spoken sees counts and lists move
moved as (
  select d.done_at from v1.merge_deed d
  where d.who = $reviewer and d.record_a in (select id from joined) and d.record_b in (select id from joined)
)
select
  coalesce((select bool_or(not here and ($resolves or reviewer = $reviewer)) from said), false)
  or (($resolves or coalesce((select bool_or(here and reviewer = $reviewer) from said), false))
      and (coalesce((select bool_or(here and not blind) from said), false) or exists (select 1 from ruled)))
  or exists (
    select 1 from moved d
    join said s on s.reviewer <> $reviewer and (s.decided_at is null or s.decided_at <= d.done_at)) as seen
"""
_RULED_BY = """
select count(*) as n from screening.adjudication a join v1.record_member m using (source_record_id)
where m.record_id = $record and a.stage = $stage and a.decided_by = $person
"""
_POSITION = """
select count(distinct source_record_id) as done from screening.decision
where reviewer = $reviewer and stage = $stage
"""
_ADJUDICATIONS = """
select a.* from screening.adjudication a
join v1.record_member m using (source_record_id)
where m.record_id = $record and a.stage = $stage
  and not exists (select 1 from screening.adjudication n where n.supersedes = a.adjudication_id)
order by a.arrival
"""
_CRITERIA_VERSIONS = "select distinct criteria_version from v1.protocol"
_ADJUDICATION = "select * from screening.adjudication where adjudication_id = $id"
_DECIDERS = """
select distinct d.reviewer from screening.decision d
join v1.record_member m using (source_record_id)
where m.record_id = $record and d.stage = $stage
"""
_CONFLICTS = "select * from v1.conflict order by stage, record_id"
# a list of ids as a filter reaches the tables below the view; a join would read every record
_CITED = "select record_id, title, year, pmid, doi from v1.record where list_contains($records::varchar[], record_id)"
_PROGRESS = "select stage, state, records from v1.screening_progress order by stage, state"
_OWN = """
select stage, verdict, count(distinct record_id) as records
from v1.current_decision where reviewer = $reviewer group by stage, verdict order by stage, verdict
"""
# of a record that is open to all everybody owes who has not decided; of others those whom they are assigned to
_OWED = """
with waiting as (
  select stage, decided_by, assigned_to, open_to_all
  from v1.screening_state
  where state in ('needs_first', 'needs_second') and stage <> 'final'
),
person as (
  select unnest($people::varchar[]) as reviewer
),
open_ones as (
  select stage, count(*) as records from waiting where open_to_all group by stage
),
done as (
  select stage, reviewer, count(*) as records
  from (select stage, unnest(decided_by) as reviewer from waiting where open_to_all)
  group by stage, reviewer
),
own as (
  select stage, reviewer, count(*) as records
  from (
    select stage, unnest(list_filter(assigned_to, lambda one: not list_contains(decided_by, one))) as reviewer
    from waiting where not open_to_all)
  group by stage, reviewer
)
select p.reviewer, s.stage,
  (coalesce(o.records, 0) - coalesce(d.records, 0) + coalesce(w.records, 0))::bigint as records
from person p
cross join (select distinct stage from waiting) s
left join open_ones o using (stage)
left join done d on d.stage = s.stage and d.reviewer = p.reviewer
left join own w on w.stage = s.stage and w.reviewer = p.reviewer
where coalesce(o.records, 0) - coalesce(d.records, 0) + coalesce(w.records, 0) > 0
order by p.reviewer, s.stage
"""
_SCREENERS = "select distinct reviewer from screening.decision where via <> 'import'"
_CONFLICT_DECISIONS = """
select d.record_id, d.stage, d.source_record_id, d.entry_id, d.reviewer, d.verdict, d.reason
from v1.current_decision d join v1.conflict c using (record_id, stage)
order by d.arrival
"""
_DECIDED = """
select record_id
from v1.current_decision
where stage = $stage
group by record_id
having bool_or(reviewer = $reviewer)
  and list_has_all(
    coalesce(list(entry_id) filter (where reviewer = $reviewer), []), list(entry_id))
"""
_TOTALS = "select stage, sum(records)::bigint as records from v1.screening_progress group by stage order by stage"
# records that this person joined after others had spoken, and of which they did not decide on what these decided on
_JOINED_BY = """
with joined as (
  select a.record_id, max(d.done_at) as done_at
  from v1.merge_deed d
  join v1.record_member a on a.source_record_id = d.record_a
  join v1.record_member b on b.source_record_id = d.record_b and b.record_id = a.record_id
  where d.who = $reviewer and ($record is null or a.record_id = $record)
  group by a.record_id
)
select distinct j.record_id
from joined j
join v1.current_decision o on o.record_id = j.record_id and o.stage = $stage
where o.reviewer <> $reviewer and (o.decided_at is null or o.decided_at <= j.done_at)
  and not exists (
    select 1 from v1.current_decision w
    where w.entry_id = o.entry_id and w.stage = o.stage and w.reviewer = $reviewer)
"""
_KEYS = """
select s.source_record_id, m.record_id, s.accession, s.pmid, s.doi, s.url, s.title, s.is_latest
from v1.source_record s join v1.record_member m using (source_record_id)
order by s.source_record_id
"""
_PAST = """
select d.decision_id, d.source_record_id, d.stage, d.reviewer, d.verdict, d.arrival,
  exists (select 1 from screening.decision n where n.supersedes = d.decision_id) as superseded
from screening.decision d order by d.arrival, d.decision_id
"""
_CURRENT_ALL = """
select record_id, source_record_id, stage, reviewer, verdict from v1.current_decision where stage <> 'final'
"""
_ALL_STATES = """
select record_id, stage, state, adjudicated, reviewers_needed from v1.screening_state where stage <> 'final'
"""
_SOURCE_RECORDS = "select source_record_id from v1.source_record"
_COLUMNS = """
select schema_name || '.' || table_name as table_name, column_name, data_type, is_nullable
from duckdb_columns()
where list_contains($tables, schema_name || '.' || table_name)
order by table_name, column_index
"""


@contextmanager
def one_look(store: Store) -> Iterator[None]:
    """Several reads over one connection, where the store can hold one; writing waits until it is over."""
    with getattr(store, "reading", nullcontext)():
        yield


def find_exact(store: Store, key: str) -> str | None:
    """The record that has *key* for an id, or one of its source records has."""
    rows = store.read(_EXACT, {"key": key})
    return str(rows["record_id"][0]) if rows.height else None


def find_records(store: Store, key: str, *, pmid: str | None, doi: str | None) -> list[str]:
    """Records that *key* may name: an id (then only that one), the beginning of one, a PMID, a DOI."""
    rows = store.read(_FIND, {"key": key, "pmid": pmid, "doi": doi}).to_dicts()
    exact = [str(row["record_id"]) for row in rows if row["exact"]]
    return exact[:1] or list(dict.fromkeys(str(row["record_id"]) for row in rows))


@dataclass(frozen=True)
class Members:
    """The source records that are one record today: source record → its entry, the first version of it."""

    record_id: str
    entries: Mapping[str, str]
    ever_merged: bool

    @property
    def only(self) -> str | None:
        """The source record where there is but one."""
        return next(iter(self.entries)) if len(self.entries) == 1 else None


def members_of(store: Store, record: str) -> Members | None:
    """The members of the record of that id, or None where there is none."""
    rows = store.read(_MEMBERS, {"record": record}).to_dicts()
    if not rows:
        return None
    entries = {str(row["source_record_id"]): str(row["entry_id"]) for row in rows}
    return Members(record, entries, any(row["ever_merged"] for row in rows))


def read_shown(store: Store, record: str, *, members: Members | None = None) -> str:
    """The source record that is shown of a record, as v1.record has it: new decisions hang on it."""
    members = members or members_of(store, record)
    if members and members.only:
        return members.only
    return str(store.read(_SHOWN, {"record": record})["source_record_id"][0])


def read_members(store: Store, record: str) -> list[str]:
    """The source records of a record."""
    members = members_of(store, record)
    return list(members.entries) if members else []


def read_states(store: Store, record: str) -> dict[str, dict[str, Any]]:
    """Stage → where the record stands: state, adjudicated, reason, decisions, open_to_all, assigned_to."""
    return {row["stage"]: row for row in store.read(_STATES, {"record": record}).to_dicts()}


def read_current(store: Store, record: str, *, members: Members | None = None) -> dict[str, list[dict[str, Any]]]:
    """Stage → the decisions that hold on a record, as they arrived: rows of v1.current_decision."""
    members = members or members_of(store, record)
    found: dict[str, list[dict[str, Any]]] = {}
    if members is not None:
        for row in store.read(_CURRENT, {"members": list(members.entries)}).to_dicts():
            whole = {**row, "record_id": record, "entry_id": members.entries[row["source_record_id"]]}
            found.setdefault(row["stage"], []).append(whole)
    return found


def read_decision(store: Store, decision_id: str) -> dict[str, Any] | None:
    """One decision event."""
    return _first(store.read(_DECISION, {"id": decision_id}))


def was_opened(
    store: Store, record: str, stage: str, *, reviewer: str, resolves: bool, members: Members | None = None
) -> bool:
    """Whether the verdicts on a record were once open to *reviewer*.

    A decision that was not blind and an adjudication tell that they were, to those who had decided and to whoever
    *resolves* conflicts. So does the reviewer's decision on a source record that this one is no longer merged with,
    and their own merge, split or undo of what it was ever joined with, after another had a word on any of it.
    """
    params: dict[str, Any] = {"stage": stage, "reviewer": reviewer}
    members = members or members_of(store, record)
    if members and not members.ever_merged:
        # what most decisions are: nobody else ever had a word on it
        asked = {**params, "members": list(members.entries)}
        if not store.read(_OTHERS_INVOLVED, asked)["involved"][0]:
            return False
    return bool(store.read(_OPENED, {**params, "record": record, "resolves": resolves})["seen"][0])


def has_adjudicated(store: Store, record: str, stage: str, person: str) -> bool:
    """Whether *person* ever adjudicated the record."""
    return bool(store.read(_RULED_BY, {"record": record, "stage": stage, "person": person})["n"][0])


def count_decided(store: Store, reviewer: str, stage: str) -> int:
    """On how many source records the reviewer has decided."""
    return int(store.read(_POSITION, {"reviewer": reviewer, "stage": stage})["done"][0])


def read_criteria_versions(store: Store) -> set[str]:
    """Every version of the criteria that the review ever had."""
    return set(store.read(_CRITERIA_VERSIONS)["criteria_version"])


def read_adjudications(store: Store, record: str, stage: str) -> list[dict[str, Any]]:
    """Adjudications on a record that nothing supersedes, reopenings among them."""
    return store.read(_ADJUDICATIONS, {"record": record, "stage": stage}).to_dicts()


def read_adjudication(store: Store, adjudication_id: str) -> dict[str, Any] | None:
    """One adjudication event."""
    return _first(store.read(_ADJUDICATION, {"id": adjudication_id}))


def read_deciders(store: Store, record: str, stage: str) -> set[str]:
    """Everybody who ever decided on a record, withdrawn decisions included."""
    return set(store.read(_DECIDERS, {"record": record, "stage": stage})["reviewer"])


def read_conflicts(store: Store) -> list[dict[str, Any]]:
    """Open conflicts with the records' titles."""
    rows = store.read(_CONFLICTS).to_dicts()
    if not rows:
        return []
    cited = store.read(_CITED, {"records": sorted({row["record_id"] for row in rows})}).to_dicts()
    by_record = {row["record_id"]: row for row in cited}
    return [{**row, **by_record[row["record_id"]]} for row in rows if row["record_id"] in by_record]


def read_conflict_decisions(store: Store) -> list[dict[str, Any]]:
    """The decisions that hold on the records in conflict, each with its source record."""
    return store.read(_CONFLICT_DECISIONS).to_dicts()


def read_progress(store: Store) -> pl.DataFrame:
    """stage, state, records."""
    return store.read(_PROGRESS)


def read_totals(store: Store) -> pl.DataFrame:
    """stage, records."""
    return store.read(_TOTALS)


def read_own(store: Store, reviewer: str) -> pl.DataFrame:
    """stage, verdict, records of one reviewer."""
    return store.read(_OWN, {"reviewer": reviewer})


def read_decided(store: Store, reviewer: str, stage: str) -> list[str]:
    """The records of which the reviewer has decided on every source record that anybody decided on."""
    rows = store.read(_DECIDED, {"reviewer": reviewer, "stage": stage})
    return [str(one) for one in rows["record_id"]]


def read_owed(store: Store, people: Iterable[str]) -> pl.DataFrame:
    """reviewer, stage, records: on how many each of *people* has still to decide."""
    return store.read(_OWED, {"people": list(people)})


def read_screeners(store: Store) -> set[str]:
    """Everybody who has decided at the command line or on the web page."""
    return set(store.read(_SCREENERS)["reviewer"])


def read_joined_by(store: Store, reviewer: str, stage: str, *, record: str | None = None) -> set[str]:
    """Records, or that one, which *reviewer* merged after others had decided on a part that they had not."""
    params = {"reviewer": reviewer, "stage": stage, "record": record}
    return set(store.read(_JOINED_BY, params)["record_id"])


def read_keys(store: Store) -> list[dict[str, Any]]:
    """Whatever names a source record, for all of them."""
    return store.read(_KEYS).to_dicts()


def read_past(store: Store) -> list[dict[str, Any]]:
    """Every decision, briefly, in order of arrival."""
    return store.read(_PAST).to_dicts()


def read_all_current(store: Store) -> list[dict[str, Any]]:
    """The decisions that hold on title and abstract and on full text, briefly."""
    return store.read(_CURRENT_ALL).to_dicts()


def read_all_states(store: Store) -> dict[tuple[str, str], dict[str, Any]]:
    """(record, stage) → its state, and whether an adjudication gave it."""
    return {(row["record_id"], row["stage"]): row for row in store.read(_ALL_STATES).to_dicts()}


def read_source_records(store: Store) -> set[str]:
    """The ids of all source records that an import brought."""
    return set(store.read(_SOURCE_RECORDS)["source_record_id"])


def append_decisions(rows: list[dict[str, Any]]) -> Append:
    """The step that writes decisions."""
    return Append("screening.decision", rows)


def append_adjudications(rows: list[dict[str, Any]]) -> Append:
    """The step that writes adjudications."""
    return Append("screening.adjudication", rows)


_ALL = {
    "screening.decision": "select * from screening.decision order by arrival, decision_id",
    "screening.adjudication": "select * from screening.adjudication order by arrival, adjudication_id",
    "screening.calibration_event": "select * from screening.calibration_event order by arrival, event_id",
    "screening.label": "select * from screening.label order by arrival, label_id",
    "screening.report_event": "select * from screening.report_event order by arrival, event_id",
    "screening.stop_event": "select * from screening.stop_event order by arrival, stop_id",
}


def read_events(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Every event row of this room, table by table, in order of arrival."""
    return {table: store.read(_ALL[table]).to_dicts() for table in EVENT_TABLES}


def append_events(rows: Mapping[str, list[dict[str, Any]]]) -> list[Append]:
    """The steps that write event rows of this room; tables of other rooms are left out."""
    return [Append(table, rows[table]) for table in EVENT_TABLES if rows.get(table)]


def read_columns(store: Store, tables: Iterable[str]) -> dict[str, dict[str, tuple[str, bool]]]:
    """Table → column → (type, may be empty), for checking rows before they are written."""
    found: dict[str, dict[str, tuple[str, bool]]] = {}
    for row in store.read(_COLUMNS, {"tables": sorted(tables)}).to_dicts():
        found.setdefault(row["table_name"], {})[row["column_name"]] = (
            row["data_type"],
            bool(row["is_nullable"]),
        )
    return found


def _first(rows: pl.DataFrame) -> dict[str, Any] | None:
    return rows.to_dicts()[0] if rows.height else None
