"""Brings what identifies a record into one form, once, before records are compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from review.identifiers import normalise_doi, normalise_pmid

# PubMed's publication types of what is written about an article, and may carry its DOI in other databases
_ABOUT_ANOTHER = frozenset(
    {
        "published erratum",
        "erratum",
        "retraction of publication",
        "retraction notice",
        "expression of concern",
        "comment",
        "corrected and republished article",
    }
)


@dataclass(frozen=True)
class Prepared:
    """One source record, reduced to what deduplication looks at."""

    source_record_id: str
    pmid: str | None
    doi: str | None
    about_another: bool


def prepare(rows: Iterable[Mapping[str, Any]]) -> list[Prepared]:
    """Rows of v1.source_record (source_record_id, pmid, doi, publication_types) in the order of their ids."""
    prepared = [
        Prepared(
            source_record_id=row["source_record_id"],
            pmid=normalise_pmid(row["pmid"]),
            doi=normalise_doi(row["doi"]),
            about_another=any(kind.strip().lower() in _ABOUT_ANOTHER for kind in row["publication_types"] or ()),
        )
        for row in rows
    ]
    return sorted(prepared, key=lambda record: record.source_record_id)
