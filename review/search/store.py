"""What the search room reads from and writes to the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from review.database import Append, Store

_IMPORTED = """
select * exclude (arrival) from search.import_receipt
where source = $source and sha256 = $sha256 and status = 'committed'
  and not contains(unmapped, '"not selected"')  -- of a file of which only a part was wanted, the rest may still come
order by arrival limit 1
"""
_KNOWN_IDS = "select source_record_id from search.source_record where source_record_id in (select unnest($ids))"
_KNOWN_PMIDS = """
select distinct accession from v1.source_record
where source = $source and accession = pmid and accession in (select unnest($pmids))
"""
_RUN = "select * exclude (arrival) from search.search_run where run_id = $run_id"
_RUNS_OF = """
select distinct run_id, min(arrival) as began from search.response
where run_id in (select run_id from search.search_run where strategy = $strategy and mode <> 'manual')
group by run_id order by began desc
"""
_RESPONSES = """
select response_id, run_id, endpoint, request, requested_at, http_status, body_sha256, body_bytes, body_gz
from search.response where run_id = $run_id order by arrival
"""
_LAST_TRANSLATIONS = """
select l.text, l.query_translation, l.hits from search.search_line l join search.search_run r using (run_id)
where r.strategy = $strategy and r.run_id <> $run_id and l.query_translation is not null
qualify row_number() over (partition by l.text order by r.arrival desc) = 1
"""
_HISTORY = "select * from v1.search_history order by finished_at, run_id"
_RECEIPTS = "select * from v1.import_receipt order by imported_at, import_id"
_LINES = "select * from search.search_line where run_id = $run_id order by line_no"

Row = Mapping[str, Any]


def find_import(store: Store, *, source: str, sha256: str) -> dict[str, Any] | None:
    """The committed import of the same file from the same source, if there is one."""
    rows = store.read(_IMPORTED, {"source": source, "sha256": sha256}).to_dicts()
    return rows[0] if rows else None


def known_ids(store: Store, ids: Sequence[str]) -> set[str]:
    """Those of *ids* that are source records already."""
    if not ids:
        return set()
    return set(store.read(_KNOWN_IDS, {"ids": list(ids)})["source_record_id"].to_list())


def find_run(store: Store, run_id: str) -> dict[str, Any] | None:
    """The closing row of a run."""
    rows = store.read(_RUN, {"run_id": run_id}).to_dicts()
    return rows[0] if rows else None


def runs_of(store: Store, strategy: str) -> list[str]:
    """The finished runs of a strategy whose bodies are here, newest first."""
    return [str(run_id) for run_id in store.read(_RUNS_OF, {"strategy": strategy})["run_id"].to_list()]


def responses_of(store: Store, run_id: str) -> list[dict[str, Any]]:
    """The stored bodies of a run, in the order in which they came."""
    return store.read(_RESPONSES, {"run_id": run_id}).to_dicts()


def last_translations(store: Store, *, strategy: str, run_id: str) -> dict[str, tuple[str, int]]:
    """Text of a line → (PubMed's translation, hits) when it last ran."""
    rows = store.read(_LAST_TRANSLATIONS, {"strategy": strategy, "run_id": run_id}).to_dicts()
    return {row["text"]: (row["query_translation"], row["hits"]) for row in rows}


def lines_of(store: Store, run_id: str) -> list[dict[str, Any]]:
    """The lines of a run."""
    return store.read(_LINES, {"run_id": run_id}).to_dicts()


def history(store: Store) -> Any:
    """Every finished search, as a frame."""
    return store.read(_HISTORY)


def receipts(store: Store) -> Any:
    """Every import, committed or refused, as a frame."""
    return store.read(_RECEIPTS)


def keep_response(store: Store, row: Row) -> None:
    """Keep one body, before anybody reads it."""
    store.apply([Append("search.response", [row])])


def keep_responses(store: Store, rows: Sequence[Row]) -> int:
    """Keep several bodies; how many were new."""
    return store.apply([Append("search.response", rows)])["search.response"]


def keep_records(store: Store, rows: Sequence[Row]) -> None:
    """Keep records that no receipt brings yet: they stay invisible until one does."""
    store.apply([Append("search.source_record", rows)])


def known_pmids(store: Store, *, source: str, pmids: Sequence[str]) -> set[str]:
    """Those of *pmids* that are records of *source* already, in whatever version."""
    if not pmids:
        return set()
    return set(store.read(_KNOWN_PMIDS, {"source": source, "pmids": list(pmids)})["accession"].to_list())


def keep_refused(store: Store, receipt: Row) -> None:
    """Keep the receipt of an import that was not committed."""
    store.apply([Append("search.import_receipt", [receipt])])


def commit_import(
    store: Store,
    *,
    records: Sequence[Row],
    membership: Sequence[Row],
    receipt: Row,
    notices: Sequence[Row] = (),
    quarantine: Sequence[Row] = (),
    run: Row | None = None,
    lines: Sequence[Row] = (),
    more: Sequence[Append] = (),
) -> dict[str, int]:
    """Write an import whole: records and what they say of others, what brought them, its receipt, and for a search
    its lines and closing row; *more* are rows of other tables of this room that belong to it."""
    batch = [
        Append("search.source_record", records),
        Append("search.notice", notices),
        Append("search.import_record", membership),
        Append("search.quarantine", quarantine),
        Append("search.search_line", lines),
        *more,
        Append("search.import_receipt", [receipt]),
    ]
    if run is not None:
        batch.append(Append("search.search_run", [run]))
    return store.apply(batch)


def close_run(store: Store, run: Row) -> int:
    """Write the closing row of a search without records of its own; how many were new."""
    return store.apply([Append("search.search_run", [run])])["search.search_run"]


_FIND_START = "select * exclude (arrival) from search.run_start where run_id = $run_id"
_CUT_OFF_CITATIONS = """
select s.* exclude (arrival) from search.run_start s
where s.kind = 'citations' and s.strategy_sha256 = $sha256
  and s.run_id not in (select run_id from search.search_run)
order by s.arrival desc limit 1
"""
_INCLUDED_PMIDS = """
select pmid from (
  select p.pmid from v1.report p where p.full_text_state = 'include'
  union
  select r.pmid from v1.record r join v1.screening_state s using (record_id)
  where s.stage = 'final' and s.state = 'include'
  union
  select pmid from v1.study_report)
where pmid is not null and pmid <> '' order by try_cast(pmid as bigint), pmid
"""
_PMIDS_OF_OTHER_SOURCES = """
select distinct pmid from v1.source_record where source <> $source and pmid in (select unnest($pmids))
"""
_CUT_OFF = """
select s.* exclude (arrival) from search.run_start s
where s.run_id not in (select run_id from search.search_run)
  and s.run_id not in (select run_id from search.import_receipt where run_id is not null and status = 'committed')
order by s.arrival
"""
_WATCHES = """
select s.run_id, s.simulated, i.import_id, i.records_read, i.imported_at
from search.run_start s join search.import_receipt i using (run_id)
where s.kind = 'watch' and i.status = 'committed' order by i.arrival
"""
_ENTRIES = """
select source, count(*) as entries, count(distinct record_id) as records
from v1.source_record join v1.record_member using (source_record_id)
where is_latest group by rollup (source) order by source nulls last
"""
_ALL_LINES = "select * from search.search_line order by run_id, line_no"
_RECALL = "select * exclude (arrival) from search.recall_check order by arrival"


def find_start(store: Store, run_id: str) -> dict[str, Any] | None:
    """The row that was written before the first question of a run."""
    rows = store.read(_FIND_START, {"run_id": run_id}).to_dicts()
    return rows[0] if rows else None


def cut_off_citations(store: Store, sha256: str) -> dict[str, Any] | None:
    """The last start of the citation search with that fingerprint, when no run closed it."""
    rows = store.read(_CUT_OFF_CITATIONS, {"sha256": sha256}).to_dicts()
    return rows[0] if rows else None


def included_pmids(store: Store) -> list[str]:
    """The PMIDs of the included reports and of the reports of studies, by number."""
    return [str(pmid) for pmid in store.read(_INCLUDED_PMIDS)["pmid"].to_list()]


def pmids_of_other_sources(store: Store, *, source: str, pmids: Sequence[str]) -> set[str]:
    """Those of *pmids* that a source other than *source* has listed."""
    if not pmids:
        return set()
    return set(store.read(_PMIDS_OF_OTHER_SOURCES, {"source": source, "pmids": list(pmids)})["pmid"].to_list())


def cut_off_runs(store: Store) -> list[dict[str, Any]]:
    """The runs that were begun and have no closing row."""
    return store.read(_CUT_OFF).to_dicts()


def all_lines(store: Store) -> list[dict[str, Any]]:
    """The lines of every run."""
    return store.read(_ALL_LINES).to_dicts()


def recall_checks(store: Store) -> list[dict[str, Any]]:
    """Every check of a strategy against records that are known to belong, in order."""
    return store.read(_RECALL).to_dicts()


def watches(store: Store) -> list[dict[str, Any]]:
    """Every finished reading of records for their notices alone."""
    return store.read(_WATCHES).to_dicts()


def entries(store: Store) -> dict[str | None, tuple[int, int]]:
    """Source → (entries that it listed, records that they are); under None all sources together."""
    return {row["source"]: (row["entries"], row["records"]) for row in store.read(_ENTRIES).to_dicts()}


_LAST_RUNS = """
select strategy, run_id, strategy_sha256, searched_on from search.search_run
where strategy is not null and mode in ('run', 'replay') and source_kind = 'database'
qualify row_number() over (partition by strategy order by arrival desc) = 1 order by strategy
"""
_LAST_UPDATE = """
select max(i.imported_at) as done_at from search.import_receipt i
where i.run_id in (select run_id from search.search_run where updates is not null)
  or i.run_id in (select run_id from search.run_start where kind = 'watch')
"""
_RUN_PMIDS = """
select distinct s.pmid from search.import_receipt i
join search.import_record r on r.import_id = i.import_id
join search.source_record s on s.source_record_id = r.source_record_id
where i.run_id = $run_id and i.status = 'committed' and s.pmid is not null
"""
_SHOWN = """
select pmid, source_record_id from v1.source_record
where source = $source and accession = pmid and is_latest
"""
_RECORD_NUMBERS = """
select
  list(distinct pmid) filter (regexp_full_match(pmid, '[1-9][0-9]{0,7}')) as pmids,
  list(distinct doi) filter (source <> $source or pmid is null) as dois,
  list(distinct pmcid) filter (source <> $source or pmid is null) as pmcids
from v1.source_record where is_latest
"""
_DOCUMENT_NAMES = "select study_id, report_kind, id_kind, id from v1.document_name order by all"
_STUDY_IDS = "select study_id from v1.study union select study_id from v1.study_report order by study_id"
_READ_UNDER = """
with readings as (
  select r.source_record_id, r.import_id from search.import_record r
  union all
  select w.source_record_id, w.import_id from search.watched_record w
), newest as (
  select s.pmid, s.doi, s.pmcid from readings r
  join search.import_receipt i on i.import_id = r.import_id and i.status = 'committed'
  join search.source_record s on s.source_record_id = r.source_record_id
  where regexp_full_match(s.pmid, '[1-9][0-9]{0,7}')
  qualify row_number() over (partition by s.source, s.pmid order by i.arrival desc, s.arrival desc) = 1
)
select pmid, doi, pmcid from newest
where doi in (select unnest($dois)) or pmcid in (select unnest($pmcids)) order by all
"""
_OPEN_WATCH = """
select s.run_id, s.started_at, s.simulated from search.run_start s
where s.kind = 'watch' and s.run_id not in (select run_id from search.import_receipt where run_id is not null)
order by s.arrival desc limit 1
"""
_STANDING = """
with found as (
  select name, min(record_id) as record_id
  from (
    select coalesce(s.pmid, s.doi) as name, m.record_id
    from v1.source_record s join v1.record_member m using (source_record_id) where s.is_latest
    union all
    select coalesce(pmid, doi), record_id from v1.notice)
  where name in (select unnest($names)) group by name
), stood as (
  select record_id, stage, state from v1.screening_state where record_id in (select record_id from found)
  qualify row_number() over (
    partition by record_id order by list_position(['full_text', 'title_abstract', 'final'], stage)) = 1
), reported as (
  select name, list(distinct study_id order by study_id) as study_ids
  from (
    select id as name, study_id from v1.document_name where id_kind <> 'pmcid'
    union
    select pmid, study_id from v1.study_notice) group by name
)
select a.name, f.record_id, r.title, d.stage, d.state, coalesce(p.study_ids, []::varchar[]) as study_ids
from (select unnest($names) as name) a
left join found f using (name)
left join v1.record r using (record_id)
left join stood d using (record_id)
left join reported p using (name)
"""
_NOTICES = """
select pmid, doi, kind, notice_pmid, notice_text, seen_at from v1.notice
where record_id is not null or len(study_ids) > 0 or pmid in (select pmid from v1.study_notice)
order by pmid, doi, kind, notice_pmid, notice_text
"""


def last_runs(store: Store) -> dict[str, dict[str, Any]]:
    """Strategy → its last finished run: id, fingerprint of what was asked, day."""
    return {row["strategy"]: row for row in store.read(_LAST_RUNS).to_dicts()}


def last_update(store: Store) -> Any:
    """When a strategy or a watch last brought the review up to date; None where none ever did."""
    return store.read(_LAST_UPDATE)["done_at"].to_list()[0]


def run_pmids(store: Store, run_id: str) -> set[str]:
    """The PMIDs of the records that a finished run brought."""
    return {str(pmid) for pmid in store.read(_RUN_PMIDS, {"run_id": run_id})["pmid"].to_list()}


def shown_versions(store: Store, *, source: str) -> dict[str, str]:
    """PMID → the source record that was read of it last, for what is a record of *source*."""
    return {row["pmid"]: row["source_record_id"] for row in store.read(_SHOWN, {"source": source}).to_dicts()}


def record_numbers(store: Store, *, source: str) -> tuple[list[str], list[str], list[str]]:
    """PMIDs, DOIs and PMC numbers of all records as they were read last; of *source* only PMIDs where there are any."""
    row = store.read(_RECORD_NUMBERS, {"source": source}).to_dicts()[0]
    pmids, dois, pmcids = ([str(one) for one in row[name] or ()] for name in ("pmids", "dois", "pmcids"))
    return pmids, dois, pmcids


def document_names(store: Store) -> list[dict[str, Any]]:
    """The PMIDs, DOIs and PMC numbers of the reports of studies, and of other pages from which figures were read."""
    return store.read(_DOCUMENT_NAMES).to_dicts()


def study_ids(store: Store) -> list[str]:
    """Every study."""
    return [str(study) for study in store.read(_STUDY_IDS)["study_id"].to_list()]


def read_under(store: Store, *, dois: Sequence[str], pmcids: Sequence[str]) -> list[dict[str, Any]]:
    """PMID, DOI and PMC number of what was read, as a record or for its notices alone, under one of these numbers."""
    return store.read(_READ_UNDER, {"dois": list(dois), "pmcids": list(pmcids)}).to_dicts()


def open_watch(store: Store) -> dict[str, Any] | None:
    """The last watch that was begun and that no receipt closes."""
    rows = store.read(_OPEN_WATCH).to_dicts()
    return rows[0] if rows else None


def standing(store: Store, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """PMID, or DOI of what has none → its record, where that stands in screening, and the studies that rest on it."""
    if not names:
        return {}
    return {row["name"]: row for row in store.read(_STANDING, {"names": list(names)}).to_dicts()}


def notices(store: Store) -> list[dict[str, Any]]:
    """What is said today of records, of reports of studies and of what figures were read from."""
    return store.read(_NOTICES).to_dicts()


_NEWEST_START = """
select s.* exclude (arrival), s.run_id in (select run_id from search.search_run) as closed from search.run_start s
where s.kind = 'strategy' and s.strategy = $strategy and s.strategy_sha256 = $sha256 order by s.arrival desc limit 1
"""
_VISIBLE_IDS = """
select distinct source_record_id from search.import_record join search.import_receipt using (import_id)
where status = 'committed' and source_record_id in (select unnest($ids))
"""


def begin_run(store: Store, row: Row) -> None:
    """Write that a run begins, before its first question."""
    store.apply([Append("search.run_start", [row])])


def newest_start(store: Store, *, strategy: str, sha256: str) -> dict[str, Any] | None:
    """The start of the strategy's newest run that asks what has that fingerprint; `closed` says that it finished."""
    rows = store.read(_NEWEST_START, {"strategy": strategy, "sha256": sha256}).to_dicts()
    return rows[0] if rows else None


def visible_ids(store: Store, ids: Sequence[str]) -> set[str]:
    """Those of *ids* that an import has brought; records that a run kept before it was cut off are not among them."""
    if not ids:
        return set()
    return set(store.read(_VISIBLE_IDS, {"ids": list(ids)})["source_record_id"].to_list())


_COMMITTED = (
    "select * exclude (arrival) from search.import_receipt where import_id = $import_id and status = 'committed'"
)
_FILES_OF = """
select import_id, file_name from search.import_receipt
where status = 'committed' and source = $source and platform = $platform
"""
_PMIDS_OF_IMPORTS = """
select s.pmid from search.import_record r join search.source_record s using (source_record_id)
where r.import_id in (select unnest($imports))
union
select s.pmid from search.watched_record w join search.source_record s using (source_record_id)
where w.import_id in (select unnest($imports))
union
select pmid from search.deletion where import_id in (select unnest($imports))
"""
_BROUGHT = """
with mine as (
  select source_record_id from search.import_record where import_id = $import_id
), before as (
  select r.source_record_id from search.import_record r
  join search.import_receipt i on i.import_id = r.import_id and i.status = 'committed'
  where r.import_id <> $import_id
), fresh as (
  select s.source, s.accession from mine m join search.source_record s using (source_record_id)
  where s.source_record_id not in (select source_record_id from before)
)
select
  (select count(*) from mine) as records,
  (select count(*) from search.watched_record where import_id = $import_id) as watched,
  (select count(*) from fresh) as new,
  (select count(*) from fresh f where exists (
    select 1 from before b join search.source_record s using (source_record_id)
    where s.source = f.source and s.accession = f.accession)) as revised
"""


def committed_import(store: Store, import_id: str) -> dict[str, Any] | None:
    """The receipt of a committed import."""
    rows = store.read(_COMMITTED, {"import_id": import_id}).to_dicts()
    return rows[0] if rows else None


def files_of(store: Store, *, source: str, platform: str) -> dict[str, str]:
    """Import → name of the file, for all that was committed from one platform of a source."""
    rows = store.read(_FILES_OF, {"source": source, "platform": platform}).to_dicts()
    return {row["import_id"]: row["file_name"] for row in rows}


def pmids_of_imports(store: Store, imports: Sequence[str]) -> set[str]:
    """The PMIDs that these imports brought, watch or withdrew."""
    if not imports:
        return set()
    return set(store.read(_PMIDS_OF_IMPORTS, {"imports": list(imports)})["pmid"].to_list())


def keep_batch(store: Store, batch: Sequence[Append]) -> None:
    """Write a part of an import: it stays invisible until the receipt comes."""
    store.apply(batch)


def brought_by(store: Store, import_id: str) -> dict[str, int]:
    """What an import has written so far: records, watched ones, and of the records those that no other committed
    import had brought (`new`), and of these the new readings of a known PMID (`revised`)."""
    return {name: int(n) for name, n in store.read(_BROUGHT, {"import_id": import_id}).to_dicts()[0].items()}


def commit_receipt(store: Store, receipt: Row) -> None:
    """Write the closing row of an import whose other rows are there."""
    store.apply([Append("search.import_receipt", [receipt])])


_MEASURED_RECALL = """
select known_name, found, in_source, not_in_source, checked_on, simulated from search.recall_check
where strategy_sha256 = $sha256
qualify row_number() over (partition by known_name order by arrival desc) = 1 order by known_name
"""


def measured_recall(store: Store, sha256: str) -> list[dict[str, Any]]:
    """The newest check of a strategy's very text against each known set."""
    return store.read(_MEASURED_RECALL, {"sha256": sha256}).to_dicts()


def close_recall(store: Store, *, check: Row, lines: Sequence[Row]) -> None:
    """Write the lines of a recall check, its closing row last."""
    store.apply([Append("search.recall_line", lines), Append("search.recall_check", [check])])
