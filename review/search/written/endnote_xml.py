"""EndNote XML, as EndNote exports a library and imports it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from xml.sax.saxutils import escape, quoteattr

from review.identifiers import find_registry_ids
from review.search.endnote_xml import is_month
from review.search.written.kinds import kind_of
from review.search.written.reference import (
    Reference,
    cleaned,
    inverted,
    joined,
    people,
    remarks,
    with_mesh_among_keywords,
    with_single_blanks,
    without_lone_month,
)


def held_by_endnote_xml(reference: Reference) -> Reference:
    """What of *reference* EndNote XML can hold, as it is read back."""
    one = without_lone_month(with_mesh_among_keywords(with_single_blanks(cleaned(reference))))
    return replace(
        one,
        authors=inverted(one.authors),
        registry_ids=tuple(find_registry_ids("; ".join(one.registry_ids))),
        month=one.month if one.month and is_month(one.month) else None,
        # one number a record: PubMed's, where it has one
        accession=one.pmid or one.accession,
        record_type=kind_of(one.record_type, journal=one.journal).endnote,
    )


def write_endnote_xml(references: Iterable[Reference]) -> str:
    """*references* as the text of an EndNote library in XML."""
    records = "".join(
        f"<record>{''.join(_parts(held_by_endnote_xml(one), number, _notes(one)))}</record>\n"
        for number, one in enumerate(references, start=1)
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<xml><records>\n{records}</records></xml>\n'


def _parts(one: Reference, number: int, notes: str) -> Iterator[str]:
    kind = kind_of(one.record_type, journal=one.journal)
    yield f"<rec-number>{number}</rec-number><ref-type name={quoteattr(kind.endnote)}>{kind.number}</ref-type>"
    authors = "".join(_leaf("author", person.inverted) for person in people(one.authors))
    yield f"<contributors><authors>{authors}</authors></contributors>" if authors else ""
    titles = (("title", one.title), ("secondary-title", one.journal), ("original-title", one.vernacular_title))
    yield _branch("titles", titles)
    yield _branch("periodical", (("full-title", one.journal),))
    yield _leaf("pages", one.pages) + _leaf("volume", one.volume) + _leaf("number", one.issue)
    yield _branch("keywords", (("keyword", word) for word in one.keywords))
    dates = _leaf("year", None if one.year is None else str(one.year))
    dates += _branch("pub-dates", (("date", one.month),))
    yield f"<dates>{dates}</dates>" if dates else ""
    yield _leaf("accession-num", one.accession) + _leaf("electronic-resource-num", one.doi)
    yield _leaf("abstract", one.abstract) + _leaf("label", one.label) + _leaf("notes", notes)
    yield _leaf("work-type", "\n".join(one.publication_types))
    yield f"<urls>{_branch('related-urls', (('url', one.url),))}</urls>" if one.url else ""
    yield _leaf("custom2", one.pmcid) + _leaf("remote-database-name", "PubMed" if one.pmid else None)
    yield _leaf("language", one.language)


def _notes(reference: Reference) -> str:
    return joined(remarks(with_single_blanks(cleaned(reference))))


def _leaf(name: str, value: str | None) -> str:
    return f"<{name}>{escape(value)}</{name}>" if value else ""


def _branch(name: str, leaves: Iterable[tuple[str, str | None]]) -> str:
    inside = "".join(_leaf(leaf, value) for leaf, value in leaves)
    return f"<{name}>{inside}</{name}>" if inside else ""
