"""Tells which report of study.toml is which record, and writes a record as the keys of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from review.database import Store
from review.extraction import store as tables
from review.extraction.trial_signs import RecordFacts, devoted_to, trials_in
from review.identifiers import find_registry_ids, normalise_doi, normalise_pmid, report_id

_YEARS = range(1900, 2101)


def record_facts(
    store: Store, *, records: Sequence[str] = (), pmids: Sequence[str] = (), dois: Sequence[str] = ()
) -> list[RecordFacts]:
    """The records of these ids, PMIDs or DOIs."""
    return [
        RecordFacts(
            record_id=row["record_id"],
            title=row["title"] or "",
            abstract=row["abstract"] or "",
            authors=row["authors"] or "",
            year=row["year"],
            pmid=row["pmid"],
            doi=row["doi"],
            registry_ids=tuple(row["registry_ids"] or ()),
            publication_types=tuple(row["publication_types"] or ()),
            journal=row["journal"] or "",
            url=row["url"] or "",
            members=tuple(row["members"] or ()),
        )
        for row in tables.records(store, records=records, pmids=pmids, dois=dois)
    ]


def is_report(record: RecordFacts, report: Mapping[str, Any]) -> bool:
    """Whether *report* (the keys of a block [[reports]]) is the document that *record* describes.

    By PMID, else by DOI; an entry of a register by its one registry id; else by `SRC:` and a source record.
    """
    return not _known_by(record).isdisjoint(_names_of(report))


def homes(records: Sequence[RecordFacts], reports: Sequence[Mapping[str, Any]]) -> dict[str, set[str]]:
    """record_id → the studies whose reports (rows of v1.study_report) include the document of the record."""
    studies: dict[str, set[str]] = {}
    for report in reports:
        for word in _names_of(report):
            studies.setdefault(word, set()).add(str(report["study_id"]))
    found = {}
    for record in records:
        found[record.record_id] = set().union(*(studies.get(word, set()) for word in _known_by(record)))
    return found


def facts_of(report: Mapping[str, Any]) -> RecordFacts:
    """A report (the keys of a block [[reports]]) as a record that `is_report` knows again."""
    own = str(report.get("id"))
    pmid = normalise_pmid(str(report.get("pmid") or own.removeprefix("PMID:")))
    doi = normalise_doi(str(report.get("doi") or own))
    named = find_registry_ids(own) or find_registry_ids(str(report.get("registry_id") or ""))
    return RecordFacts(
        record_id=own.removeprefix("SRC:"),
        title=str(report.get("title") or ""),
        year=report.get("year"),
        pmid=pmid,
        doi=doi,
        registry_ids=() if pmid or doi else tuple(named),
        url=str(report.get("url") or ""),
    )


def find_report(reports: Sequence[Mapping[str, Any]], word: str) -> str | None:
    """The id of the report that *word* names: its id, PMID, DOI or registry id; None without one."""
    ids = [str(each.get("id")) for each in reports]
    if word in ids:
        return word
    pmid, doi = normalise_pmid(word.upper().removeprefix("PMID:")), normalise_doi(word)
    registry = set(find_registry_ids(word))
    for each in reports:
        if pmid and pmid in (str(each.get("pmid")), str(each.get("id")).removeprefix("PMID:")):
            return str(each["id"])
        if doi and doi in (normalise_doi(str(each.get("doi") or "")), normalise_doi(str(each.get("id")))):
            return str(each["id"])
        if registry & {str(each.get("registry_id")).upper(), str(each.get("id")).upper()}:
            return str(each["id"])
    return None


def report_keys(record: RecordFacts, kind: str) -> dict[str, str | int | None]:
    """The keys of a block [[reports]] for *record*: only what the record says."""
    own = id_of(record)
    address = record.url if record.url.startswith(("https://", "http://")) else ""
    if not address and record.pmid:
        address = f"https://pubmed.ncbi.nlm.nih.gov/{record.pmid}/"
    elif not address and record.doi:
        address = f"https://doi.org/{record.doi}"
    return {
        "id": own,
        "kind": kind,
        "pmid": record.pmid,
        "doi": record.doi,
        "registry_id": own if find_registry_ids(own) == [own] else None,
        "title": record.title,
        "year": year_of(record),
        "url": address,
    }


def id_of(record: RecordFacts) -> str:
    """The id of the report: by PMID, DOI or the registry's number, else `SRC:` and the record."""
    ids, _ = devoted_to(record)
    own = report_id(pmid=record.pmid, doi=record.doi, registry_id=ids[0] if ids else None)
    return own or f"SRC:{record.record_id}"


def year_of(record: RecordFacts) -> int | None:
    """Its year, if study.toml may hold it."""
    return record.year if record.year in _YEARS else None


def _known_by(record: RecordFacts) -> set[str]:
    found = {f"SRC:{each}" for each in (record.record_id, *record.members)}
    if record.pmid:
        found.add(f"PMID:{record.pmid}")
    if record.doi:
        found.add(f"DOI:{record.doi.lower()}")
    if not record.pmid and not record.doi and trials_in(record.registry_ids) == 1:
        found.update(each.upper() for each in record.registry_ids)
    return found


def _names_of(report: Mapping[str, Any]) -> set[str]:
    word = str(report.get("id") or report.get("report_id") or "")
    if word.startswith("SRC:"):
        found = {word}
    else:
        own = word.removeprefix("PMID:") if word.startswith("PMID:") else None
        found = {
            f"PMID:{each}" for each in (normalise_pmid(str(report.get("pmid") or "")), normalise_pmid(own)) if each
        }
        dois = (normalise_doi(str(report.get("doi") or "")), normalise_doi(word))
        found.update(f"DOI:{each}" for each in dois if each)
        if not found:  # an article may name the registry id of its trial, and is not the entry of the register
            found.update(find_registry_ids(word) or find_registry_ids(str(report.get("registry_id") or "")))
    return found
