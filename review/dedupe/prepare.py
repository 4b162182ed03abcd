"""Brings what identifies a record into one form, once, before records are compared."""

from __future__ import annotations

import re
import unicodedata
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
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Prepared:
    """One source record, reduced to what deduplication looks at."""

    source_record_id: str
    pmid: str | None
    doi: str | None
    about_another: bool
    title: str = ""
    year: int | None = None
    first_author: str = ""
    entry_id: str = ""
    registry_ids: tuple[str, ...] = ()

    @property
    def entry(self) -> str:
        """The source record that stands for all versions of it: the one that was read first."""
        return self.entry_id or self.source_record_id


def prepare(rows: Iterable[Mapping[str, Any]]) -> list[Prepared]:
    """Rows of v1.source_record in the order of their ids: title and first author in small letters without accents."""
    prepared = [
        Prepared(
            source_record_id=row["source_record_id"],
            pmid=normalise_pmid(row["pmid"]),
            doi=normalise_doi(row["doi"]),
            about_another=any(kind.strip().lower() in _ABOUT_ANOTHER for kind in row["publication_types"] or ()),
            title=_plain(row.get("title")),
            year=row.get("year"),
            first_author=_first_author(row.get("authors")),
            entry_id=row.get("entry_id") or "",
            registry_ids=tuple(_plain(number).upper() for number in row.get("registry_ids") or ()),
        )
        for row in rows
    ]
    return sorted(prepared, key=lambda record: record.source_record_id)


def _plain(words: str | None) -> str:
    """Small letters and digits with single blanks between words, whatever alphabet they are of."""
    bare = words or ""
    if not bare.isascii():
        bare = "".join(sign for sign in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(sign))
    return " ".join(_WORD.findall(bare.casefold()))


def _first_author(authors: str | None) -> str:
    """The family name of the first author, from `Smith J`, `Smith, Jane` or `Jane Smith`."""
    name = (authors or "").split(";")[0].strip()
    if "," in name:
        return _plain(name.split(",")[0])
    words = name.replace(".", " ").split()
    initials_last = len(words) > 1 and words[-1].isupper() and len(words[-1]) <= 3
    family = words[:-1] if initials_last else words[-1:]
    return _plain(" ".join(family))
