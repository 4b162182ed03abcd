"""What the search room reads from and writes to the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from review.database import Append, Store

_IMPORTED = """
select * exclude (arrival) from search.import_receipt
where source = $source and sha256 = $sha256 and status = 'committed' order by arrival limit 1
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
