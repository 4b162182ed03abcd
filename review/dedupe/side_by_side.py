"""Two source records beside each other, field by field, with what is the same in them and what is not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from rapidfuzz import fuzz

from review.database import Store
from review.dedupe import store as tables
from review.dedupe.evidence import abbreviates, evidence
from review.dedupe.normalise import normalised
from review.errors import UsageProblem
from review.terms import LinkKind

SAME, DIFFERENT, ONE_SIDED = "=", "≠", ""

_SCORES = {"title_score": "title", "authors_score": "authors", "journal_score": "journal"}
_MOST_WORDS = 8
# flag of a normalised record → what it is of the other; the surest signs first
_SIGNS = {
    "notice": LinkKind.REPLY_TO,
    "preprint": LinkKind.PREPRINT_OF,
    "protocol": LinkKind.PROTOCOL_OF,
    "meeting": LinkKind.ABSTRACT_OF,
    "chapter": LinkKind.PART_OF,
}
_NOTICES = {
    LinkKind.RETRACTION_OF: re.compile(r"retract", re.IGNORECASE),
    LinkKind.ERRATUM_OF: re.compile(r"errat|corrigend|correct|addend|\bvol\b.*\bpg\b", re.IGNORECASE),
}
_REGISTER = re.compile(r"clinicaltrials\.gov|\bregist(?:er|ry|ration)\b|\bICTRP\b|trial registry", re.IGNORECASE)


@dataclass(frozen=True)
class Field:
    """One field of two records as printed, and `=`, `≠`, or nothing where a side is blank."""

    name: str
    a: str
    b: str
    mark: str


@dataclass(frozen=True)
class SideBySide:
    """Two entries as read last: who gave them, their fields, the words of only one title, and scores of 0-100.

    *suggested* is what a link would be and which side (a, b) is it: (preprint_of, b) where B looks like a preprint.
    *beside_a* and *beside_b* name the other members of the records that the two lie in: source and accession number.
    """

    a: Mapping[str, Any]
    b: Mapping[str, Any]
    fields: tuple[Field, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    scores: Mapping[str, int]
    suggested: tuple[LinkKind, str] | None
    beside_a: tuple[str, ...] = ()
    beside_b: tuple[str, ...] = ()


def side_by_side(store: Store, a: str, b: str) -> SideBySide:
    """The entries *a* and *b* in the order in which they were named; what is the same is judged on comparable forms."""
    rows = tables.read_sides(store, [a, b])
    for key in (a, b):
        if key not in rows:
            message = f"{key} is not a record of this review"
            raise UsageProblem(message, hint="an import may be missing: review import")
    # the frame is put in the order of its ids, so that one and other must be found again
    frame = normalised(pl.DataFrame([_named(rows[key]) for key in (a, b)], infer_schema_length=None))
    one, other = (frame.row(by_predicate=pl.col("id") == key, named=True) for key in (a, b))
    seen = evidence(frame, pl.DataFrame({"a": [0], "b": [1]}), every_pair=True).row(0, named=True)
    scores = {name: int(seen[key]) for key, name in _SCORES.items() if seen[key] is not None}
    here, there = (_text(rows[key], "abstract") for key in (a, b))
    if here and there:
        scores["abstract"] = int(fuzz.ratio(here.casefold(), there.casefold()))
    only_a, only_b = _words_apart(one["title"], other["title"])
    return SideBySide(
        rows[a],
        rows[b],
        _fields(rows[a], rows[b], one, other),
        only_a,
        only_b,
        scores,
        _link(rows[a], rows[b], one, other),
        *_beside(store, rows[a], rows[b]),
    )


def _beside(store: Store, *sides: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """For each side the other members of its record."""
    members = tables.read_members_of(store, [row["record_id"] for row in sides])
    return [
        tuple(
            " ".join(word for word in (one["source"], one["accession"] or one["entry_id"]) if word)
            for one in members
            if one["record_id"] == row["record_id"] and one["entry_id"] != row["entry_id"]
        )
        for row in sides
    ]


def _link(
    a: Mapping[str, Any], b: Mapping[str, Any], one: Mapping[str, Any], other: Mapping[str, Any]
) -> tuple[LinkKind, str] | None:
    """The link that the signs on one side alone suggest; the first that is found."""
    registered = [bool(_REGISTER.search(f"{row['source']} {row['record_type']}")) for row in (a, b)]
    if registered[0] != registered[1]:
        return LinkKind.REGISTRY_OF, "a" if registered[0] else "b"
    for flag, kind in _SIGNS.items():
        if bool(one[flag]) != bool(other[flag]):
            side, row = ("a", a) if one[flag] else ("b", b)
            if flag == "notice":
                words = " ".join([row["title"] or "", *(row["publication_types"] or ())])
                kind = next((found for found, sign in _NOTICES.items() if sign.search(words)), kind)
            return kind, side
    return None


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    authors = row["authors"] or ""
    # some exports part authors by "and", as BibTeX does
    parted = authors if ";" in authors else authors.replace(" and ", "; ")
    return {**row, "source_record_id": row["entry_id"], "authors": parted}


def _fields(
    a: Mapping[str, Any], b: Mapping[str, Any], one: Mapping[str, Any], other: Mapping[str, Any]
) -> tuple[Field, ...]:
    journals = one["journal"] == other["journal"] or abbreviates(one["journal"], other["journal"])
    pages = one["first_page"] == other["first_page"] and (
        None in (one["last_page"], other["last_page"]) or one["last_page"] == other["last_page"]
    )
    same = {
        "title": one["title"] == other["title"],
        "authors": one["families"] == other["families"],
        "journal": journals,
        "year": a["year"] == b["year"],
        "volume": one["volume"] == other["volume"],
        "issue": one["issue"] == other["issue"],
        "pages": pages if one["first_page"] and other["first_page"] else None,
        "PMID": one["pmid"] == other["pmid"],
        "DOI": one["doi"] == other["doi"],
        "registry": set(one["registry"] or ()) == set(other["registry"] or ()),
    }
    shown = []
    for name in (*same, "type", "abstract"):
        here, there = _text(a, name), _text(b, name)
        alike = same.get(name)
        if alike is None:
            alike = here.casefold() == there.casefold()
        shown.append(Field(name, here, there, ONE_SIDED if not (here and there) else SAME if alike else DIFFERENT))
    return tuple(shown)


def _text(row: Mapping[str, Any], name: str) -> str:
    """The field as printed, on one line."""
    if name == "type":
        kinds = [row["record_type"] or "", *(row["publication_types"] or ())]
        value: Any = "; ".join(dict.fromkeys(kind for kind in kinds if kind))
    elif name == "registry":
        value = "; ".join(row["registry_ids"] or ())
    else:
        value = row[name if name in row else name.lower()]
    return "" if value is None else " ".join(str(value).split())


def _words_apart(one: str, other: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words that only one of two plain titles has; none where a side is blank or most words differ."""
    here, there = Counter(one.split()), Counter(other.split())
    left, right = tuple((here - there).elements()), tuple((there - here).elements())
    if not one or not other or max(len(left), len(right)) > _MOST_WORDS:
        return (), ()
    return left, right
