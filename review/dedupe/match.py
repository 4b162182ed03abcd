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
from itertools import combinations, product

from review.dedupe.prepare import Prepared

SAME_PMID = "same_pmid"
SAME_DOI = "same_doi"
RULES = (SAME_PMID, SAME_DOI)  # strongest first
# what two records print alike, strongest first; review/dedupe/rules.py says what each asks for
PRINTED_ALIKE = (
    "title_place",
    "title_place_other_author",
    "title_but_numbers",
    "title_part_authors_place",
    "place_authors_translated",
    "title_authors_page",
    "title_authors_volume",
    "title_part_authors_volume",
    "title_authors_elocator",
    "title_authors_journal",
)
SAME_TITLE = "same_title_year_author"  # proposes only: a person decides

# of the words of the shorter title; two databases' forms of one title share nearly all of them
_SHARED_WORDS = 0.5

# in a larger group each record is paired with the first only: 1,000 copies would otherwise make 499,500 pairs
_ALL_PAIRS_UP_TO = 12


@dataclass(frozen=True)
class Pair:
    """Two entries (a < b), the rule that brought them together, and what speaks against it."""

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
    """What speaks against a pair, judged over all the records that are there.

    Of an entry that its source revised, the version counts that has least against it: a revision must not part
    what is one record already.
    """

    def __init__(self, records: Iterable[Prepared]) -> None:
        self._versions: dict[str, list[Prepared]] = defaultdict(list)
        pmids: dict[str, set[str]] = defaultdict(set)
        for record in records:
            self._versions[record.entry].append(record)
            if record.doi and record.pmid:
                pmids[record.doi].add(record.pmid)
        self._shared = {doi for doi, found in pmids.items() if len(found) > 1}

    def against(self, a: str, b: str, *, titles: bool = True) -> tuple[str, ...]:
        """The vetoes against merging the entries *a* and *b*; none where a PMID is shared or one is unknown.

        Without *titles* they are not compared: a rule that weighs them against the place has done so.
        """
        both = product(self._versions.get(a, ()), self._versions.get(b, ()))
        found = [self._between(*two, titles=titles) for two in both]
        return min(found, key=len, default=())

    def _between(self, one: Prepared, other: Prepared, *, titles: bool) -> tuple[str, ...]:
        if one.pmid and one.pmid == other.pmid:
            return ()
        found = []
        if one.pmid and other.pmid:
            found.append("different PMIDs")
        elif one.doi in self._shared and one.doi == other.doi:
            found.append("several PMIDs share this DOI")
        if one.about_another != other.about_another:
            found.append("one is an erratum, retraction notice or comment")
        if titles and _of_different_articles(one, other):
            found.append("different titles")
        return tuple(found)


def match(records: Sequence[Prepared]) -> Matches:
    """All pairs of the entries of *records*: each pair once, under its strongest rule."""
    vetoes = Vetoes(records)
    found: dict[tuple[str, str], str] = {}
    for rule, key in _KEYS.items():
        for pair, _ in _pairs(records, key):
            found.setdefault(pair, rule)
    pairs = [Pair(a, b, rule, vetoes.against(a, b)) for (a, b), rule in sorted(found.items())]
    by_title = {pair: two for pair, two in _pairs(records, _title_year_author) if pair not in found}
    alike = [
        Pair(a, b, SAME_TITLE, vetoes.against(a, b) or (_identifiers(*by_title[a, b]),)) for a, b in sorted(by_title)
    ]
    return Matches(
        merge=tuple(pair for pair in pairs if not pair.vetoes),
        queue=(*(pair for pair in pairs if pair.vetoes), *alike),
    )


def rule_for(records: Sequence[Prepared], a: str, b: str) -> str | None:
    """The strongest rule that brings the entries *a* and *b* together, whatever speaks against it."""
    ones, others = ([record for record in records if record.entry == entry] for entry in (a, b))
    for rule, key in {**_KEYS, SAME_TITLE: _title_year_author}.items():
        if any(key(one) is not None and key(one) == key(other) for one, other in product(ones, others)):
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


def _pairs(
    records: Sequence[Prepared], key: Callable[[Prepared], str | None]
) -> Iterable[tuple[tuple[str, str], tuple[Prepared, Prepared]]]:
    """Pairs of entries (a < b) of which a version each has the same *key*, and these two versions."""
    groups: dict[str, dict[str, Prepared]] = defaultdict(dict)
    for record in records:
        word = key(record)
        if word is not None:
            groups[word].setdefault(record.entry, record)
    for members in groups.values():
        ids = sorted(members)
        pairs = combinations(ids, 2) if len(ids) <= _ALL_PAIRS_UP_TO else ((ids[0], other) for other in ids[1:])
        yield from (((a, b), (members[a], members[b])) for a, b in pairs)


_KEYS: dict[str, Callable[[Prepared], str | None]] = {
    SAME_PMID: lambda record: record.pmid,
    SAME_DOI: lambda record: record.doi,
}
