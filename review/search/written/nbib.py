"""NBIB (MEDLINE text): PubMed's own format. A record without a PMID begins with OID, the number in another source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from review.identifiers import find_registry_ids
from review.search.tagged import month_of_medline
from review.search.written.reference import (
    Person,
    Reference,
    cleaned,
    inverted,
    on_one_line,
    people,
    without_lone_month,
)


def held_by_nbib(reference: Reference) -> Reference:
    """What of *reference* NBIB can hold, as it is read back."""
    one = without_lone_month(on_one_line(cleaned(reference)))
    month = one.month if month_of_medline(f"{one.year} {one.month}") == one.month else None
    return replace(
        one,
        authors=inverted(one.authors),
        month=month,
        registry_ids=tuple(find_registry_ids("; ".join(one.registry_ids))),
        mesh=tuple(term for word in one.mesh if (term := word.lstrip("*").split("/")[0].strip())),
        language="; ".join(_languages(one)) or None,
        accession=one.pmid or one.accession or one.reference_id,
        url=f"https://pubmed.ncbi.nlm.nih.gov/{one.pmid}/" if one.pmid else None,
        record_type="article",
    )


def write_nbib(references: Iterable[Reference]) -> str:
    """*references* as the text of an .nbib file; every record ends with SO, as PubMed's do."""
    return "\n".join(
        "".join(f"{tag:<4}- {value}\n" for tag, value in _lines(held_by_nbib(one), cleaned(one).registry_ids, number))
        for number, one in enumerate(references, start=1)
    )


def _lines(one: Reference, registry_ids: Iterable[str], number: int) -> Iterator[tuple[str, str]]:
    if one.pmid:
        yield "PMID", one.pmid
    else:
        yield "OID", one.accession or str(number)
    yield "OWN", "NOTNLM"
    date = " ".join(str(part) for part in (one.year, one.month) if part is not None)
    single = (
        ("DP", date),
        ("TI", one.title),
        ("TT", one.vernacular_title),
        ("AB", one.abstract),
        ("VI", one.volume),
        ("IP", one.issue),
        ("PG", one.pages),
        ("JT", one.journal),
        ("AID", f"{one.doi} [doi]" if one.doi else None),
        ("PMC", one.pmcid),
        ("GN", one.note),
    )
    yield from ((tag, value) for tag, value in single if value)
    yield from _authors(people(one.authors))
    yield from (("LA", word) for word in _languages(one))
    yield from (("PT", word) for word in one.publication_types)
    yield from (("SI", " ".join(word.split())) for word in registry_ids)
    yield from (("MH", word) for word in one.mesh)
    yield from (("OT", word) for word in one.keywords)
    place = f"{one.volume or ''}{f'({one.issue})' if one.issue else ''}{f':{one.pages}' if one.pages else ''}"
    yield "SO", f"{one.journal or 'No journal'}. {date}{f';{place}' if place else ''}."


def _authors(persons: tuple[Person, ...]) -> Iterator[tuple[str, str]]:
    """Names with initials only as PubMed abbreviates them; else all in full, because a reader takes one kind."""
    if all(person.has_initials for person in persons):
        for person in persons:
            yield "FAU", person.inverted
            yield "AU", f"{person.family} {person.given}".strip()
    else:
        yield from (("FAU", person.inverted) for person in persons)


def _languages(one: Reference) -> list[str]:
    return [word for word in re.split(r"\s*;\s*", one.language or "") if word]
