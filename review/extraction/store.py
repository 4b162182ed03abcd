"""The SQL of extraction: writes the cache of the extracted files in one batch, and reads back what it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from review.database import Replace, Store

if TYPE_CHECKING:
    import polars as pl

TABLES = (
    "extraction.condition",
    "extraction.cell_source",
    "extraction.outcome",
    "extraction.instrument",
    "extraction.mid",
    "extraction.study",
    "extraction.study_report",
    "extraction.source",
    "extraction.arm",
    "extraction.result_continuous",
    "extraction.result_binary",
    "extraction.result_contrast",
    "extraction.adverse_event",
    "extraction.remark",
    "extraction.consensus",
    "extraction.file",
)
_LOADED = "select load_id, files, rows, loaded_at from extraction.load"
_FILES = "select path, sha256 from extraction.file order by path"
_STUDIES = """
  select s.study_id, s.label, s.year, s.condition_id, s.cell_source_id, s.design, s.n_randomised, s.level,
    (select count(*) from v1.study_report p where p.study_id = s.study_id) as reports,
    (select count(*) from v1.arm a where a.study_id = s.study_id) as arms,
    (select count(*) from v1.result r where r.study_id = s.study_id) as figures,
    s.notices, s.file
  from v1.study s
  where ($condition is null or s.condition_id = $condition)
  order by s.study_id
"""
_STUDY = "select * from v1.study where study_id = $study"
_PARTS = {
    "reports": "select report_id, kind, year, pmid, doi, registry_id, url, notices from v1.study_report "
    "where study_id = $study order by line",
    "arms": "select arm_id, role, label, cell_source_id, comparator_type, dose_as_printed, n_randomised, combines "
    "from v1.arm where study_id = $study order by line",
    "sources": "select source_id, level, kind, locator, coalesce(canonical_url, url) as url from v1.source "
    "where study_id = $study order by line",
    "figures": "select as_printed, n, level, locator, file, line from v1.result where study_id = $study "
    "order by file, line",
    "remarks": "select kind, subject, remark, who, remarked_on from v1.remark where study_id = $study order by line",
}
_REPORT_IDS = "select study_id, report_id, pmid, doi, registry_id from v1.study_report order by study_id, report_id"

_RECORD_COLUMNS = "record_id, title, abstract, authors, journal, year, pmid, doi, registry_ids, publication_types, url"
_RECORDS = f"""
  select {_RECORD_COLUMNS},
    (select list(m.source_record_id order by m.source_record_id) from v1.record_member m
     where m.record_id = r.record_id) as members
  from v1.record r
  where r.record_id in (
      select m.record_id from v1.record_member m
      where m.source_record_id in (select unnest($records::varchar[])))
     or r.pmid in (select unnest($pmids::varchar[]))
     or r.doi in (select unnest($dois::varchar[]))
  order by r.record_id
"""
_LINKS = """
  select kind, from_record_id, to_record_id, who
  from v1.record_link
  where kind in (select unnest($kinds::varchar[]))
"""
_STUDY_KEYS = """
  select study_id, label, first_author, country, registry_ids, n_randomised, cell_source_ids, overlap_with
  from v1.study order by study_id
"""
_STUDY_REPORTS = "select study_id, report_id, kind, pmid, doi, registry_id from v1.study_report order by study_id, line"
_PRODUCTS = "select cell_source_id, label, synonyms from v1.cell_source where not axis and not umbrella"


def loaded(store: Store) -> Mapping[str, Any] | None:
    """The closing row of the load that stands in the database, or None."""
    rows = store.read(_LOADED).to_dicts()
    return rows[0] if rows else None


def loaded_files(store: Store) -> dict[str, str]:
    """path → sha256 of the files as they were loaded."""
    return {row["path"]: row["sha256"] for row in store.read(_FILES).to_dicts()}


def replace_all(store: Store, rows: Mapping[str, Sequence[Mapping[str, Any]]], *, closing: Mapping[str, Any]) -> None:
    """Put *rows* (table → rows) in place of everything that extraction holds, closing row included, or nothing."""
    batch = [Replace(table, rows.get(table, ())) for table in TABLES]
    store.apply([*batch, Replace("extraction.load", [closing])])


def studies(store: Store, *, condition: str | None) -> pl.DataFrame:
    """One line a study."""
    return store.read(_STUDIES, {"condition": condition})


def study(store: Store, study_id: str) -> dict[str, Any] | None:
    """The keys of one study, or None."""
    rows = store.read(_STUDY, {"study": study_id}).to_dicts()
    return rows[0] if rows else None


def study_parts(store: Store, study_id: str) -> dict[str, pl.DataFrame]:
    """The reports, arms, sources, figures and remarks of one study."""
    return {name: store.read(sql, {"study": study_id}) for name, sql in _PARTS.items()}


def report_ids(store: Store) -> pl.DataFrame:
    """Every report of every study, with its identifiers."""
    return store.read(_REPORT_IDS)


def records(
    store: Store, *, records: Sequence[str] = (), pmids: Sequence[str] = (), dois: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """The records that these source records, PMIDs or DOIs belong to, each with its source records."""
    named = {"records": list(records), "pmids": list(pmids), "dois": list(dois)}
    return store.read(_RECORDS, named).to_dicts()


def links_of_kind(store: Store, kinds: Sequence[str]) -> list[dict[str, Any]]:
    """The links of these kinds between records, by people and by PubMed, as they stand now."""
    return store.read(_LINKS, {"kinds": list(kinds)}).to_dicts()


def study_keys(store: Store) -> list[dict[str, Any]]:
    """What tells the studies from each other."""
    return store.read(_STUDY_KEYS).to_dicts()


def study_reports(store: Store) -> list[dict[str, Any]]:
    """Every report of every study, with its kind and identifiers."""
    return store.read(_STUDY_REPORTS).to_dicts()


def product_names(store: Store) -> dict[str, list[str]]:
    """Cell sources and other products by id, with their label and synonyms."""
    rows = store.read(_PRODUCTS).to_dicts()
    return {
        row["cell_source_id"]: [
            row["label"],
            *(one.strip() for one in (row["synonyms"] or "").split(";") if one.strip()),
        ]
        for row in rows
    }
