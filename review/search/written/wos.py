"""Web of Science tagged text: one value a line, authors on lines of their own behind three blanks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from review.identifiers import find_registry_ids
from review.search.written.kinds import kind_of
from review.search.written.reference import (
    Reference,
    cleaned,
    first_and_last_page,
    inverted,
    joined,
    on_one_line,
    parted,
    people,
    remarks,
    with_mesh_among_keywords,
    without_lone_month,
)


def held_by_wos(reference: Reference) -> Reference:
    """What of *reference* a Web of Science file can hold, as it is read back."""
    one = without_lone_month(with_mesh_among_keywords(on_one_line(cleaned(reference))))
    return replace(
        one,
        authors=inverted(one.authors),
        registry_ids=tuple(find_registry_ids("; ".join(one.registry_ids))),
        publication_types=parted(one.publication_types, ";"),
        keywords=parted(one.keywords, ";"),
        record_type=kind_of(one.record_type, journal=one.journal).wos,
        pmcid=None,
        url=None,
    )


def write_wos(references: Iterable[Reference]) -> str:
    """*references* as the text of a Web of Science plain text file, from FN to EF."""
    records = "".join(
        "".join(f"{tag} {value}\n" for tag, value in _lines(held_by_wos(one), _notes(one))) + "ER\n\n"
        for one in references
    )
    return f"FN Clarivate Analytics Web of Science\nVR 1.0\n{records}EF\n"


def _lines(one: Reference, notes: str) -> Iterator[tuple[str, str]]:
    yield "PT", one.record_type or "J"
    pages = first_and_last_page(one.pages)
    single = (
        ("AU", "\n   ".join(person.inverted for person in people(one.authors))),
        ("TI", one.title),
        ("FT", one.vernacular_title),
        ("SO", one.journal),
        ("LA", one.language),
        ("DT", "; ".join(one.publication_types)),
        ("DE", "; ".join(one.keywords)),
        ("AB", one.abstract),
        ("PD", one.month),
        ("PY", None if one.year is None else str(one.year)),
        ("VL", one.volume),
        ("IS", one.issue),
        ("BP", pages[0] if pages else one.pages),
        ("EP", pages[1] if pages else None),
        ("DI", one.doi),
        ("PM", one.pmid),
        ("UT", one.accession),
        ("NT", notes),
    )
    yield from ((tag, value) for tag, value in single if value)


def _notes(reference: Reference) -> str:
    return joined(remarks(on_one_line(cleaned(reference))))
