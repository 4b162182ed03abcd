"""A reference that is to be written: the columns of a record as text that any format can take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

# no format keeps these, and some readers end a line at them; those that count as blanks become one
_BLANKS = re.compile("[\x0b\x0c\x1c-\x1f\x85\u2028\u2029]")
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufffe\uffff]")
_HALVES = re.compile("[\ud800-\udfff]")
_RANGE = re.compile(r"([^\s-]+)-([^\s-]+)")
_SUFFIX = frozenset({"Jr", "Sr", "2nd", "3rd", "4th", "II", "III"})
_MOST_INITIALS = 4


@dataclass(frozen=True)
class Reference:
    """One reference. `label` is the stable name of its study, `reference_id` the id of the record or report.

    `authors` are joined by semicolons, as in `v1.record`; `note` is what the review says of it.
    """

    reference_id: str | None = None
    label: str | None = None
    record_type: str | None = None
    title: str | None = None
    vernacular_title: str | None = None
    abstract: str | None = None
    authors: str | None = None
    journal: str | None = None
    year: int | None = None
    month: str | None = None
    volume: str | None = None
    issue: str | None = None
    pages: str | None = None
    language: str | None = None
    pmid: str | None = None
    doi: str | None = None
    pmcid: str | None = None
    registry_ids: tuple[str, ...] = ()
    publication_types: tuple[str, ...] = ()
    mesh: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    url: str | None = None
    accession: str | None = None
    note: str | None = None


NAMES = tuple(field.name for field in fields(Reference))
LISTS = ("registry_ids", "publication_types", "mesh", "keywords")
TEXTS = tuple(name for name in NAMES if name not in (*LISTS, "year"))


@dataclass(frozen=True)
class Person:
    """An author: family and given names, or only *family* for a body and for a name that cannot be parted."""

    family: str
    given: str = ""

    @property
    def inverted(self) -> str:
        """`Family, Given`, or the whole name."""
        return f"{self.family}, {self.given}" if self.given else self.family

    @property
    def has_initials(self) -> bool:
        """Whether nothing but initials without dots (and Jr) is known of the given names."""
        return not self.given or (_initials(self.given) and not re.search(r"[.-]", self.given))


def reference_of(row: Mapping[str, Any]) -> Reference:
    """The reference that a row of `v1.record`, `v1.source_record` or the like holds; other columns are left alone."""
    found: dict[str, Any] = {name: row[name] for name in NAMES if row.get(name) is not None}
    for name in LISTS:
        found[name] = tuple(found.get(name, ()))
    return Reference(**found)


def cleaned(reference: Reference) -> Reference:
    """*reference* without characters that are no text, newlines as LF, and None for what is blank."""
    new: dict[str, Any] = {name: text_of(getattr(reference, name)) for name in TEXTS}
    for name in LISTS:
        new[name] = tuple(text for value in getattr(reference, name) if (text := text_of(value)))
    return replace(reference, **new)


def text_of(value: str | None) -> str | None:
    """*value* without control characters and half characters; None for nothing."""
    if not value:
        return None
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    text = _HALVES.sub("\N{REPLACEMENT CHARACTER}", _NO_TEXT.sub("", _BLANKS.sub(" ", text)))
    return text.strip() or None


def on_one_line(reference: Reference) -> Reference:
    """*reference* with each value on one line, for formats in which a line is a value."""
    return _each(reference, lambda text: re.sub(r"\s*\n\s*", " ", text))


def with_single_blanks(reference: Reference) -> Reference:
    """*reference* with single blanks between words, for formats whose readers fold blanks of every kind."""
    return _each(reference, lambda text: " ".join(text.split()))


def _each(reference: Reference, change: Any) -> Reference:
    new: dict[str, Any] = {name: change(value) for name in TEXTS if isinstance(value := getattr(reference, name), str)}
    for name in LISTS:
        new[name] = tuple(map(change, getattr(reference, name)))
    return replace(reference, **new)


def parted(values: Iterable[str], signs: str) -> tuple[str, ...]:
    """*values* cut at each of *signs*, which the format puts between two values."""
    return tuple(part.strip() for value in values for part in re.split(f"[{re.escape(signs)}]", value) if part.strip())


def with_mesh_among_keywords(reference: Reference) -> Reference:
    """*reference* with its MeSH headings behind its keywords, where a format has one list for both."""
    words = tuple(dict.fromkeys((*reference.keywords, *reference.mesh)))
    return replace(reference, keywords=words, mesh=())


def without_lone_month(reference: Reference) -> Reference:
    """*reference* without its month where it has no year, in formats that write both as one date."""
    return reference if reference.year is not None else replace(reference, month=None)


def people(authors: str | None) -> tuple[Person, ...]:
    """The persons in `Last F; Last, First; A Study Group`, in order."""
    names = (" ".join(part.split()).strip(" ,") for part in (authors or "").split(";"))
    return tuple(_person(name) for name in names if name)


def inverted(authors: str | None) -> str | None:
    """*authors* as `Last, F; Last, First`; None for nobody."""
    return "; ".join(person.inverted for person in people(authors)) or None


def first_and_last_page(pages: str | None) -> tuple[str, str] | None:
    """(first, last) of `12-15`; None where pages are something else."""
    found = _RANGE.fullmatch(pages or "")
    return (found.group(1), found.group(2)) if found else None


def remarks(reference: Reference) -> list[str]:
    """What stands in the notes of a reference: the review's note, then the trial registration."""
    found = [reference.note] if reference.note else []
    if reference.registry_ids:
        found.append(f"Trial registration: {'; '.join(reference.registry_ids)}")
    return found


def joined(sentences: Iterable[str]) -> str:
    """*sentences* as one text, with a full stop between two."""
    text = ""
    for words in sentences:
        text += words if not text else f" {words}" if text.endswith(".") else f". {words}"
    return text


def _person(name: str) -> Person:
    if "," in name:
        family, given = re.sub(r",(?=\S)", ", ", name).split(",", 1)
        return Person(family.strip(), given.strip(" ,"))
    words = name.split(" ")
    begins = len(words) - (2 if words[-1] in _SUFFIX and len(words) > 2 else 1)
    given = " ".join(words[begins:])
    return Person(" ".join(words[:begins]), given) if begins and _initials(given) else Person(name)


def _initials(given: str) -> bool:
    first, *rest = given.split(" ")
    letters = first.replace(".", "").replace("-", "")
    return letters.isalpha() and letters.isupper() and len(letters) <= _MOST_INITIALS and set(rest) <= _SUFFIX
