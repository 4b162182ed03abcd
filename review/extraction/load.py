"""Loads `extracted/` into the database: everything is read and checked first, then written in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from review.database import Store
from review.extraction import store as tables
from review.extraction.consensus import apply_consensus
from review.extraction.extracted import Extracted, Study, all_files, read_extracted
from review.extraction.files import Row
from review.extraction.form import CONSENSUS, REMARKS, SOURCES
from review.project import Project

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class LoadReport:
    """What a load found; *changed* is False when the database held just these files already."""

    load_id: str
    changed: bool
    studies: int
    files: int
    rows: int
    by_table: Mapping[str, int]


@dataclass(frozen=True)
class Drift:
    """A file that is not what the database holds: *state* is changed, new or gone."""

    path: str
    state: str


def load(store: Store, project: Project) -> LoadReport:
    """Put the project's extracted files into the database; unchanged files write nothing.

    Raises ExtractionError (mostly FieldError, with file and line) before anything is written.
    """
    extracted = read_extracted(project.extracted, root=project.root)
    load_id = fingerprint(extracted)
    rows = table_rows(extracted)
    files = len(rows["extraction.file"])
    count = sum(len(found) for table, found in rows.items() if table != "extraction.file")
    standing = tables.loaded(store)
    changed = standing is None or standing["load_id"] != load_id
    if changed:
        closing = {"load_id": load_id, "files": files, "rows": count, "loaded_at": datetime.now(UTC)}
        tables.replace_all(store, rows, closing=closing)
    by_table = {table: len(rows[table]) for table in tables.TABLES if table != "extraction.file"}
    return LoadReport(load_id, changed, len(extracted.studies), files, count, by_table)


def drift(store: Store, project: Project) -> list[Drift]:
    """The files that differ from what the database holds. Raises ExtractionError when they cannot be read."""
    extracted = read_extracted(project.extracted, root=project.root)
    now = {read.path: read.sha256 for read, _, _ in all_files(extracted)}
    then = tables.loaded_files(store)
    found = [
        Drift(path, "new" if path not in then else "changed") for path, sha in now.items() if then.get(path) != sha
    ]
    return sorted([*found, *(Drift(path, "gone") for path in then if path not in now)], key=lambda each: each.path)


def fingerprint(extracted: Extracted) -> str:
    """One sha256 over the paths and contents of all files: the same files give the same load on any machine."""
    lines = sorted(f"{read.path}\0{read.sha256}" for read, _, _ in all_files(extracted))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def table_rows(extracted: Extracted) -> Rows:
    """The rows of every table of extraction, from what was read."""
    rows: Rows = {table: [] for table in tables.TABLES}
    for words in extracted.vocabulary.values():
        for row in words:
            made = _columns(row)
            if row.form.table == "extraction.mid":
                made["mid_id"] = row.row_id
            rows[row.form.table].append(made)
    for study in extracted.studies:
        _add_study(rows, study)
    for read, study_id, reader in all_files(extracted):
        rows["extraction.file"].append(
            {"path": read.path, "sha256": read.sha256, "study_id": study_id, "reader": reader, "rows": len(read.rows)}
        )
    return rows


def _add_study(rows: Rows, study: Study) -> None:
    keys = study.keys
    here = {"study_id": keys.study_id}
    rows["extraction.study"].append(
        here
        | {
            "label": keys.label,
            "first_author": keys.first_author,
            "year": keys.year,
            "country": keys.country,
            "design": keys.design,
            "design_as_printed": keys.design_as_printed,
            "condition_id": keys.condition,
            "cell_source_id": ";".join(keys.cell_sources),
            "registry_ids": list(keys.registry),
            "unit": keys.unit,
            "n_randomised": keys.n_randomised,
            "randomised_until_month": keys.randomised_until_month,
            "follow_up_months": keys.follow_up_months,
            "dose_as_printed": keys.dose_as_printed,
            "comparator_as_printed": keys.comparator_as_printed,
            "donor": keys.donor,
            "level": study.level,
            "overlap_with": list(keys.overlap_with),
            "funding_class": keys.funding_class,
            "coi": keys.coi,
            "extraction_status": keys.extraction,
            "file": keys.file,
            "line": 1,
        }
    )
    for report in keys.reports:
        rows["extraction.study_report"].append(
            here
            | {
                "report_id": report.id,
                "kind": report.kind,
                "pmid": report.pmid,
                "doi": report.doi,
                "registry_id": report.registry_id,
                "title": report.title,
                "journal": report.journal,
                "year": report.year,
                "url": report.url,
                "file": keys.file,
                "line": report.line,
            }
        )
    rows[SOURCES.table].extend(here | _columns(row) for row in study.sources)
    for reading in study.readings:
        rows["extraction.arm"].extend(_arms(study, reading.reader, reading.arms))
        for row in reading.results:
            rows[row.form.table].append(_result(row, keys.study_id, reading.reader))
    if not study.readings:
        rows["extraction.arm"].extend(_arms(study, "r1", ()))
    for row, values in apply_consensus(study):
        rows[row.form.table].append(_result(row, keys.study_id, "final") | values | {"row_id": f"{row.row_id}#final"})
    for remark in study.remarks:
        for place, subject in enumerate(study.remarked(remark)):
            remark_id = remark.row_id if place == 0 else f"{remark.row_id}#{place + 1}"
            rows[REMARKS.table].append(here | _columns(remark) | {"subject": subject, "remark_id": remark_id})
    rows[CONSENSUS.table].extend(here | _columns(row) | {"consensus_id": row.row_id} for row in study.consensus)


def _arms(study: Study, reader: str, read: Iterable[Row]) -> Iterable[dict[str, Any]]:
    """Every arm of study.toml as this reader describes it; an arm that the reader has not described keeps its keys."""
    described = {str(row["arm_id"]): row for row in read}
    for arm in study.keys.arms:
        row = described.get(arm.id)
        made: dict[str, Any] = _columns(row) if row else {"file": study.keys.file, "line": arm.line, "combines": []}
        yield made | {
            "study_id": study.keys.study_id,
            "reader": reader,
            "arm_id": arm.id,
            "role": arm.role,
            "label": arm.label,
        }


def _result(row: Row, study_id: str, reader: str) -> dict[str, Any]:
    return _columns(row) | {"row_id": row.row_id, "study_id": study_id, "reader": reader}


def _columns(row: Row) -> dict[str, Any]:
    return {column.target: row[column.name] for column in row.form.columns} | {"file": row.file, "line": row.line}
