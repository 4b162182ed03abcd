"""CSL JSON, which pandoc, Zotero and citeproc cite from; it is written only."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from review.search.written.bibtex import citation_keys
from review.search.written.kinds import kind_of
from review.search.written.reference import (
    Person,
    Reference,
    cleaned,
    on_one_line,
    people,
    remarks,
    with_mesh_among_keywords,
)

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def write_csl_json(references: Iterable[Reference]) -> str:
    """*references* as a JSON list of CSL items; an item's id is its key in BibTeX, `citation-label` is its label.

    So a manuscript cites the same keys whichever of the two files it reads.
    """
    given = list(references)
    items = [
        _item(with_mesh_among_keywords(on_one_line(cleaned(reference))), key)
        for reference, key in zip(given, citation_keys(given), strict=True)
    ]
    return json.dumps(items, ensure_ascii=False, indent=1) + "\n"


def _item(one: Reference, name: str) -> dict[str, Any]:
    others = {"accession": one.accession, "vernacular-title": one.vernacular_title}
    item: dict[str, Any] = {
        "id": name,
        "type": kind_of(one.record_type, journal=one.journal).csl,
        "citation-label": one.label,
        "title": one.title,
        "author": [_name(person) for person in people(one.authors)],
        "container-title": one.journal,
        "issued": _issued(one),
        "volume": one.volume,
        "issue": one.issue,
        "page": one.pages,
        "abstract": one.abstract,
        "language": one.language,
        "genre": "; ".join(one.publication_types),
        "keyword": ", ".join(one.keywords),
        "DOI": one.doi,
        "PMID": one.pmid,
        "PMCID": one.pmcid,
        "URL": one.url,
        "note": "\n".join(remarks(one)),
        "custom": {key: value for key, value in others.items() if value},
    }
    return {key: value for key, value in item.items() if value}


def _name(person: Person) -> dict[str, str]:
    if not person.given:
        return {"literal": person.family}
    return {"family": person.family, "given": person.given}


def _issued(one: Reference) -> dict[str, Any] | None:
    """The year, with the month as a number; a season or a span of months stays a word."""
    if one.year is None:
        return None
    month = (one.month or "").strip().lower()
    if month.isdecimal() and 1 <= int(month) <= len(_MONTHS):
        return {"date-parts": [[one.year, int(month)]]}
    if month.isalpha() and month[:3] in _MONTHS:
        return {"date-parts": [[one.year, _MONTHS.index(month[:3]) + 1]]}
    return {"date-parts": [[one.year]], **({"season": one.month} if one.month else {})}
