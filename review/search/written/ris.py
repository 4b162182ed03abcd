"""RIS: one value a line, so that no line of an abstract can be taken for a tag."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from review.identifiers import find_registry_ids
from review.search.written.kinds import RIS_TYPES, kind_of
from review.search.written.reference import (
    Reference,
    cleaned,
    first_and_last_page,
    inverted,
    on_one_line,
    parted,
    people,
    remarks,
    with_mesh_among_keywords,
    without_lone_month,
)

_LEAST_BARE = 5


def held_by_ris(reference: Reference) -> Reference:
    """What of *reference* RIS can hold, as it is read back."""
    one = without_lone_month(with_mesh_among_keywords(on_one_line(cleaned(reference))))
    kept = one.record_type in RIS_TYPES
    return replace(
        one,
        authors=inverted(one.authors),
        registry_ids=tuple(find_registry_ids("; ".join(one.registry_ids))),
        keywords=parted(one.keywords, "|"),
        record_type=one.record_type if kept else kind_of(one.record_type, journal=one.journal).ris,
    )


def write_ris(references: Iterable[Reference]) -> str:
    """*references* as the text of a .ris file; every record ends with a lone ER line."""
    return "".join(
        "".join(f"{tag}  - {value}\n" for tag, value in _lines(held_by_ris(one), remarks(on_one_line(cleaned(one)))))
        + "ER  - \n\n"
        for one in references
    )


def _lines(one: Reference, notes: list[str]) -> Iterator[tuple[str, str]]:
    yield "TY", one.record_type or "GEN"
    pages = first_and_last_page(one.pages)
    single = (
        ("ID", one.label or one.reference_id),
        ("LB", one.label),
        ("TI", one.title),
        ("TT", one.vernacular_title),
        ("AB", one.abstract),
        ("T2", one.journal),
        ("PY", None if one.year is None else str(one.year)),
        # year/month/day/other: the month as printed, which may be a season
        ("DA", f"{one.year}///{one.month}" if one.month else None),
        ("VL", one.volume),
        ("IS", one.issue),
        ("SP", pages[0] if pages else one.pages),
        ("EP", pages[1] if pages else None),
        ("LA", one.language),
        ("DO", one.doi),
        # as Scopus writes a PMID; a short number alone could be anything
        ("C2", one.pmid if one.pmid is None or len(one.pmid) >= _LEAST_BARE else f"PMID: {one.pmid}"),
        ("C2", one.pmcid),
        ("AN", one.accession),
        ("UR", one.url),
    )
    yield from (("AU", person.inverted) for person in people(one.authors))
    yield from ((tag, value) for tag, value in single if value)
    yield from (("M3", word) for word in one.publication_types)
    yield from (("KW", word) for word in one.keywords)
    yield from (("N1", words) for words in notes)
