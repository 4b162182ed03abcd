"""The studies as they are loaded: a list, one in full, and the study that a report belongs to."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from review.database import Store
from review.errors import UnknownId, UsageProblem
from review.extraction import store as tables
from review.identifiers import find_registry_ids, normalise_doi, normalise_pmid

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class StudyInFull:
    """The keys of a study and what hangs on it: reports, arms, sources, figures, remarks, each a frame."""

    keys: dict[str, Any]
    parts: dict[str, pl.DataFrame]


def list_studies(store: Store, *, condition: str | None = None) -> pl.DataFrame:
    """One line a study, of one condition or all. Raises UsageProblem when nothing is loaded."""
    _refuse_empty(store)
    return tables.studies(store, condition=condition)


def show_study(store: Store, study_id: str) -> StudyInFull:
    """Everything that is known of one study. Raises UnknownId when there is none of that id."""
    _refuse_empty(store)
    keys = tables.study(store, study_id)
    if keys is None:
        known = tables.studies(store, condition=None)["study_id"].to_list()
        near = difflib.get_close_matches(study_id.lower(), known, n=3)
        message = f"no study {study_id!r}"
        raise UnknownId(message, hint=f"did you mean {', '.join(near)}?" if near else "see: review study list")
    return StudyInFull(keys, tables.study_parts(store, study_id))


def study_of_report(
    store: Store, *, pmid: str | None = None, doi: str | None = None, registry_id: str | None = None
) -> str | None:
    """The study whose study.toml names a report of that pmid, else of that doi, else of that registry id, or None."""
    reports = tables.report_ids(store).to_dicts()
    wanted = (
        ("pmid", normalise_pmid(pmid)),
        ("doi", normalise_doi(doi)),
        ("registry_id", next(iter(find_registry_ids(registry_id)), None)),
    )
    for name, value in wanted:
        if value:
            for report in reports:
                if report[name] and str(report[name]).lower() == value.lower():
                    return str(report["study_id"])
    return None


def _refuse_empty(store: Store) -> None:
    if tables.loaded(store) is None:
        message = "no study is loaded yet"
        raise UsageProblem(message, hint="load the extracted files with: review extract load")
