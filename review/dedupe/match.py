"""Finds pairs of records that are one publication: the same PMID, or the same DOI and nothing against it.

A DOI can be mistyped: where the titles are of different articles, a person looks. So they do at two records of one
title, year and first author that no identifier brings together.

Whether a pair merges depends on the records alone, never on the order in which they came: so the same records
give the same pairs on every machine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from review.dedupe.prepare import Prepared

SAME_PMID = "same_pmid"
SAME_DOI = "same_doi"
RULES = (SAME_PMID, SAME_DOI)  # strongest first
SAME_TITLE = "same_title_year_author"  # proposes only: a person decides

# of the words of the shorter title; two databases' forms of one title share nearly all of them
_SHARED_WORDS = 0.5

# in a larger group each record is paired with the first only: 1,000 copies would otherwise make 499,500 pairs
_ALL_PAIRS_UP_TO = 12


@dataclass(frozen=True)
class Pair:
    """Two records (a < b), the rule that brought them together, and what speaks against it."""

    a: str
    b: str
    rule: str
    vetoes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Matches:
    """Pairs to be merged, and pairs that a person has to look at."""

    merge: tuple[Pair, ...]
    queue: tuple[Pair, ...]


class Vetoes:
    """What speaks against a pair, judged over all the records that are there."""

    def __init__(self, records: Iterable[Prepared]) -> None:
        self._records = {record.source_record_id: record for record in records}
        pmids: dict[str, set[str]] = defaultdict(set)
        for record in self._records.values():
            if record.doi and record.pmid:
                pmids[record.doi].add(record.pmid)
        self._shared = {doi for doi, found in pmids.items() if len(found) > 1}

    def against(self, a: str, b: str) -> tuple[str, ...]:
        """The vetoes against merging *a* and *b*; none where a PMID is shared or a record is unknown."""
        one, other = self._records.get(a), self._records.get(b)
        if one is None or other is None or (one.pmid and one.pmid == other.pmid):
            return ()
        found = []
        if one.pmid and other.pmid:
            found.append("different PMIDs")
        elif one.doi in self._shared and one.doi == other.doi:
            found.append("several PMIDs share this DOI")
        if one.about_another != other.about_another:
            found.append("one is an erratum, retraction notice or comment")
        if _of_different_articles(one, other):
            found.append("different titles")
        return tuple(found)


def match(records: Sequence[Prepared]) -> Matches:
    """All pairs of *records*: each pair once, under its strongest rule."""
    vetoes = Vetoes(records)
    found: dict[tuple[str, str], str] = {}
    for rule, key in _KEYS.items():
        for a, b in _pairs(records, key):
            found.setdefault((a, b), rule)
    pairs = [Pair(a, b, rule, vetoes.against(a, b)) for (a, b), rule in sorted(found.items())]
    by_id = {record.source_record_id: record for record in records}
    alike = [
        Pair(a, b, SAME_TITLE, vetoes.against(a, b) or (_identifiers(by_id[a], by_id[b]),))
        for a, b in sorted(set(_pairs(records, _title_year_author)) - found.keys())
    ]
    return Matches(
        merge=tuple(pair for pair in pairs if not pair.vetoes),
        queue=(*(pair for pair in pairs if pair.vetoes), *alike),
    )


def rule_for(one: Prepared, other: Prepared) -> str | None:
    """The strongest rule that brings two records together, whatever speaks against it."""
    for rule, key in {**_KEYS, SAME_TITLE: _title_year_author}.items():
        if key(one) is not None and key(one) == key(other):
            return rule
    return None


def _of_different_articles(one: Prepared, other: Prepared) -> bool:
    """Whether two titles are clearly not of one article; a translation has the year and the first author in common."""
    here, there = set(one.title.split()), set(other.title.split())
    if not here or not there or len(here & there) >= _SHARED_WORDS * min(len(here), len(there)):
        return False
    return not (one.year and one.year == other.year and one.first_author and one.first_author == other.first_author)


def _identifiers(one: Prepared, other: Prepared) -> str:
    """Why no identifier joins two records."""
    return "different DOIs" if one.doi and other.doi else "no PMID or DOI in common"


def _title_year_author(record: Prepared) -> str | None:
    if not (record.title and record.year and record.first_author):
        return None
    return f"{record.title}\0{record.year}\0{record.first_author}"


def _pairs(records: Sequence[Prepared], key: Callable[[Prepared], str | None]) -> Iterable[tuple[str, str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for record in records:
        word = key(record)
        if word is not None:
            groups[word].append(record.source_record_id)
    for members in groups.values():
        ids = sorted(members)
        if len(ids) <= _ALL_PAIRS_UP_TO:
            yield from combinations(ids, 2)
        else:
            yield from ((ids[0], other) for other in ids[1:])


_KEYS: dict[str, Callable[[Prepared], str | None]] = {
    SAME_PMID: lambda record: record.pmid,
    SAME_DOI: lambda record: record.doi,
}
