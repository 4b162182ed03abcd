"""BibTeX in UTF-8: signs that TeX would run are escaped, braces pair for every reader, keys are ASCII and unique."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace

from review.identifiers import find_registry_ids
from review.search.written.kinds import kind_of
from review.search.written.reference import (
    Person,
    Reference,
    cleaned,
    inverted,
    joined,
    parted,
    people,
    remarks,
    with_mesh_among_keywords,
    with_single_blanks,
    without_lone_month,
)

_TEX = {
    "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\~{}", "{": r"\{", "}": r"\}", "$": r"\$",
    "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
    "@": "{@}",  # behind a brace it would begin an entry
}  # fmt: skip
_ESCAPES = str.maketrans(_TEX)
# BibTeX counts a brace behind a backslash too: those that do not pair would end the field
_LONE = str.maketrans(_TEX | {"{": r"\textbraceleft{}", "}": r"\textbraceright{}"})
# in an address or a DOI, which no program reads as TeX, only what would upset the braces
_VERBATIM = str.maketrans({sign: _TEX[sign] for sign in "\\{}"})
_ENCODED = str.maketrans({"{": "%7b", "}": "%7d"})
# the signs that our reader keeps for itself
_PRIVATE = re.compile("[\ue000-\ue003]")
_AND = re.compile(r"(?:^|\s)and(?:\s|$)", re.IGNORECASE)
_SHORT = 8


def held_by_bibtex(reference: Reference) -> Reference:
    """What of *reference* BibTeX can hold, as it is read back."""
    one = without_lone_month(with_mesh_among_keywords(with_single_blanks(_without_private(cleaned(reference)))))
    return replace(
        one,
        authors=inverted(one.authors),
        pages=re.sub(r"\s*(?:-{2,3}|[–—])\s*", "-", one.pages) if one.pages else None,
        registry_ids=tuple(find_registry_ids("; ".join(one.registry_ids))),
        publication_types=parted(one.publication_types, ";"),
        keywords=tuple(dict.fromkeys(parted(one.keywords, ";|"))),
        record_type=kind_of(one.record_type, journal=one.journal).bibtex,
        doi=_encoded(one.doi),
        url=_encoded(one.url),
        accession=_encoded(one.accession),
    )


def write_bibtex(references: Iterable[Reference]) -> str:
    """*references* as the text of a .bib file."""
    given = list(references)
    return "\n".join(
        f"@{(one := held_by_bibtex(reference)).record_type}{{{key},\n"
        + "".join(f"  {name} = {{{value}}},\n" for name, value in _fields(one, _notes(reference)))
        + "}\n"
        for key, reference in zip(citation_keys(given), given, strict=True)
    )


def citation_keys(references: Iterable[Reference]) -> list[str]:
    """A key for each reference: its label without blanks (`Lamo-Espinosa2016a`), else name, year and id.

    Keys are told apart without regard to case; of two that are alike the later one gets a number.
    """
    taken: set[str] = set()
    keys = []
    for reference in references:
        wanted = _key(reference)
        key, number = wanted, 1
        while key.lower() in taken:
            number += 1
            key = f"{wanted}-{number}"
        taken.add(key.lower())
        keys.append(key)
    return keys


def key_of(words: str) -> str:
    """*words* in letters, digits and dashes of ASCII: `Müller 2016a, follow-up` → `Muller2016a-follow-up`."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return re.sub(r"-{2,}", "-", re.sub(r"[^A-Za-z0-9-]", "", plain.replace(",", "-"))).strip("-")


def _key(reference: Reference) -> str:
    if reference.label and (key := key_of(reference.label)):
        return key
    first = next((person.family for person in people(reference.authors)), "")
    tail = key_of((reference.reference_id or "").removeprefix("sr_"))[:_SHORT]
    parts = [f"{key_of(first)}{reference.year or ''}", tail]
    return "-".join(part for part in parts if part) or "reference"


def _fields(one: Reference, notes: str) -> Iterator[tuple[str, str]]:
    texts = (
        ("title", one.title),
        ("origtitle", one.vernacular_title),
        ("journal", one.journal),
        ("year", None if one.year is None else str(one.year)),
        ("month", one.month),
        ("volume", one.volume),
        ("number", one.issue),
        ("pages", re.sub(r"(?<=\w)-(?=\w)", "--", one.pages, count=1) if one.pages else None),
        ("language", one.language),
        ("abstract", one.abstract),
        ("pmid", one.pmid),
        ("pmcid", one.pmcid),
        ("type", "; ".join(one.publication_types)),
        # the sign behind a lone keyword says that a comma in it parts nothing
        ("keywords", "; ".join(one.keywords) + (";" if len(one.keywords) == 1 else "")),
        ("annote", notes),
    )
    if persons := people(one.authors):
        yield "author", " and ".join(map(_person, persons))
    yield from ((name, _tex(value)) for name, value in texts if value)
    addresses = (("doi", one.doi), ("url", one.url), ("accession", one.accession))
    yield from ((name, value.translate(_VERBATIM)) for name, value in addresses if value)


def _person(person: Person) -> str:
    """`Family, Given`; braces keep a body, and a name with the word "and", together."""
    if not person.given:
        return f"{{{_tex(person.family)}}}"
    return ", ".join(f"{{{_tex(part)}}}" if _AND.search(part) else _tex(part) for part in (person.family, person.given))


def _tex(value: str) -> str:
    """*value* as TeX prints it, with as many braces that open as braces that close, in order."""
    return value.translate(_ESCAPES if _pairs(value) else _LONE)


def _encoded(value: str | None) -> str | None:
    """*value* as it is where its braces pair; else with their numbers, as an address on the web has them."""
    return value if not value or _pairs(value) else value.translate(_ENCODED)


def _pairs(value: str) -> bool:
    depth = 0
    for sign in value:
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            return False
    return depth == 0


def _notes(reference: Reference) -> str:
    return joined(remarks(with_single_blanks(_without_private(cleaned(reference)))))


def _without_private(one: Reference) -> Reference:
    changed = {
        name: _PRIVATE.sub("\N{REPLACEMENT CHARACTER}", value)
        for name in Reference.__dataclass_fields__
        if isinstance(value := getattr(one, name), str)
    }
    lists = {
        name: tuple(_PRIVATE.sub("\N{REPLACEMENT CHARACTER}", word) for word in getattr(one, name))
        for name in ("publication_types", "mesh", "keywords")
    }
    return replace(one, **changed, **lists)  # type: ignore[arg-type]
