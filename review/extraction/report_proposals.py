"""Proposes which reports may tell of one study, with what speaks for it and against it; a person decides.

The signs, from the strongest: a link between two records, by a person or PubMed; one registry id, where both are
devoted to that trial; the name of the trial; two shared authors, the first or the last among them, with the same
place, size or product. Sister trials share authors, product and often half a name: different ids of one registry, or
different numbers behind one name, contradict whatever else agrees.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from itertools import combinations

from review.extraction.trial_signs import (
    Author,
    RecordFacts,
    Signs,
    TrialName,
    countries_in,
    read_authors,
    registry_of,
    signs_of,
    suggested_kind,
    trial_names,
    unaccented,
)

# a name in capitals that no text calls a trial, and that more reports than these bear, is a word of the field
_MOST_BEARERS = 4
_LEAST_AUTHORS = 2


class Strength(IntEnum):
    """How much speaks for a proposal; the order in which they are shown."""

    CONTRADICTED = 0
    POSSIBLE = 1
    LIKELY = 2
    STRONG = 3

    @property
    def word(self) -> str:
        """As it is shown."""
        return self.name.lower()


@dataclass(frozen=True)
class StudyFacts:
    """A study as study.toml keeps it; *records* are those of its reports that the database has."""

    study_id: str
    label: str = ""
    first_author: str = ""
    country: str = ""
    registry: tuple[str, ...] = ()
    n_randomised: int | None = None
    products: tuple[str, ...] = ()
    overlap_with: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    records: tuple[RecordFacts, ...] = ()


@dataclass(frozen=True)
class LinkFact:
    """A link between two records, by a person or by PubMed: `protocol_of`, from one to the other."""

    kind: str
    from_record: str
    to_record: str
    who: str


@dataclass(frozen=True)
class Proposal:
    """That a record may be a report of a study, that two records may be reports of one, or two studies one.

    *study_id* is the study that is proposed, None where there is none yet; *other* is the record, or the study, that
    is compared with. *record_id* is None where two studies are compared.
    """

    record_id: str | None
    title: str
    study_id: str | None
    other: str | None
    kind: str | None
    strength: Strength
    reasons: tuple[str, ...]
    against: tuple[str, ...]


@dataclass(frozen=True)
class Proposed:
    """The proposals, the strongest first; and what was left out: records that name several trials (id → how many)."""

    rows: tuple[Proposal, ...]
    several: Mapping[str, int]
    alone: tuple[str, ...]


@dataclass(frozen=True)
class _Bearer:
    """A record without a study, or a study, with its signs."""

    id: str
    study: StudyFacts | None
    record: RecordFacts | None
    signs: Signs
    lists: tuple[tuple[Author, ...], ...]
    size: int | None = None
    records: frozenset[str] = frozenset()
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def what(self) -> str:
        return f"study {self.id}" if self.study else f"record {self.id}"


def propose(
    records: Sequence[RecordFacts],
    studies: Sequence[StudyFacts],
    *,
    links: Iterable[LinkFact] = (),
    products: Mapping[str, Sequence[str]] | None = None,
) -> Proposed:
    """What may belong together of *records* (without a study) and *studies*.

    *products* (id → names) are the words of the project for what was given; names in capitals among them are never
    taken for the name of a trial. Two studies that name each other in overlap_with were told apart by a person, and
    are not proposed.
    """
    words = products or {}
    bearers = [*(_of_study(each, words) for each in studies), *(_of_record(each, words) for each in records)]
    bearers = _without_common_names(bearers, words)
    told = list(links)
    rows = []
    for one, two in _pairs(bearers, told):
        if one.study and two.study and _told_apart(one.study, two.study):
            continue
        if found := _compare(one, two, told, words):
            rows.append(found)
    near = {each for row in rows for each in (row.record_id, row.other) if each}
    several = {each.id: len(each.signs.several) for each in bearers if each.signs.several and each.id not in near}
    alone = tuple(each.record_id for each in records if each.record_id not in near)
    return Proposed(tuple(sorted(rows, key=_order)), several, alone)


def _order(row: Proposal) -> tuple[int, int, int, str, str]:
    """The strongest first; what belongs to no study yet comes last of its like."""
    return -row.strength, len(row.against), -len(row.reasons), row.study_id or "~", row.record_id or ""


def _of_record(record: RecordFacts, products: Mapping[str, Sequence[str]]) -> _Bearer:
    signs = signs_of(record, products=products)
    return _Bearer(record.record_id, None, record, signs, (signs.authors,), records=frozenset([record.record_id]))


def _of_study(study: StudyFacts, products: Mapping[str, Sequence[str]]) -> _Bearer:
    each = [signs_of(record, products=products) for record in study.records]
    named = tuple(read_authors(study.first_author))
    label = re.sub(r"\b(?:19|20)\d\d\b", "", study.label).strip()
    own = Signs(
        registry=frozenset(one.upper() for one in study.registry).union(*(signs.registry for signs in each)),
        names=trial_names("", f"{label} trial").union(*(signs.names for signs in each)),
        countries=countries_in(study.country).union(*(signs.countries for signs in each)),
        sites=frozenset[str]().union(*(signs.sites for signs in each)),
        sizes=frozenset([study.n_randomised] if study.n_randomised else ()).union(*(signs.sizes for signs in each)),
        products=frozenset(study.products) or frozenset[str]().union(*(signs.products for signs in each)),
    )
    lists = tuple(signs.authors for signs in each if signs.authors) or ((named,) if named else ())
    records = frozenset(record.record_id for record in study.records)
    return _Bearer(study.study_id, study, None, own, lists, size=study.n_randomised, records=records)


def _without_common_names(bearers: Sequence[_Bearer], products: Mapping[str, Sequence[str]]) -> list[_Bearer]:
    """The bearers without names that are words of the field: of the vocabulary, or borne by many reports."""
    written = " ".join(name for names in products.values() for name in names)
    field_words = {word.upper() for word in re.findall(r"\w+", written) if sum(one.isupper() for one in word) > 1}
    counts: dict[str, int] = {}
    for bearer in bearers:
        for stem in {name.stem for name in bearer.signs.names if not name.called}:
            counts[stem] = counts.get(stem, 0) + 1
    common = {stem for stem, count in counts.items() if count > _MOST_BEARERS}

    def kept(name: TrialName) -> bool:
        plain = {name.stem, name.stem.removesuffix("S")}
        return not plain & field_words and (name.called or name.stem not in common)

    return [
        replace(each, signs=replace(each.signs, names=frozenset(name for name in each.signs.names if kept(name))))
        for each in bearers
    ]


def _pairs(bearers: Sequence[_Bearer], links: Sequence[LinkFact]) -> Iterator[tuple[_Bearer, _Bearer]]:
    """The pairs that share a registry id, a trial's name, an author or a link, studies first, in order of ids."""
    held: dict[tuple[str, str], list[int]] = {}
    at = {record: number for number, each in enumerate(bearers) for record in each.records}
    for number, each in enumerate(bearers):
        keys = {
            *(("id", one) for one in each.signs.registry),
            *(("name", name.stem) for name in each.signs.names),
            *(("author", author.family) for authors in each.lists for author in authors),
        }
        for key in keys:
            held.setdefault(key, []).append(number)
    shared: dict[tuple[int, int], set[str]] = {}
    for (kind, word), numbers in held.items():
        for pair in combinations(numbers, 2):
            shared.setdefault(pair, set()).add(kind if kind != "author" else word)
    for link in links:
        one, two = at.get(link.from_record), at.get(link.to_record)
        if one is not None and two is not None and one != two:
            shared.setdefault((min(one, two), max(one, two)), set()).add("link")
    for (one, two), words in sorted(shared.items()):
        # a single author in common says nothing, unless it is all that a study names
        alone = any(len(authors) == 1 for each in (bearers[one], bearers[two]) for authors in each.lists)
        if words & {"id", "name", "link"} or len(words) >= _LEAST_AUTHORS or alone:
            yield bearers[one], bearers[two]


def _told_apart(one: StudyFacts, two: StudyFacts) -> bool:
    return two.study_id in one.overlap_with or one.study_id in two.overlap_with


def _compare(
    one: _Bearer, two: _Bearer, links: Sequence[LinkFact], products: Mapping[str, Sequence[str]]
) -> Proposal | None:
    """What speaks for *one* and *two* being of one study, or None where too little does; *one* is a study if any is."""
    linked = _links(one, two, links)
    registry = sorted(one.signs.registry & two.signs.registry)
    named, called = _names(one.signs, two.signs)
    people, known = _people(one, two)
    facts = _facts(one, two, products)
    hard = _hard(one.signs, two.signs) if not registry else []
    soft = _soft(one, two, products)
    enough = bool(facts) if known else len(facts) >= 2 and not soft
    strength = Strength.CONTRADICTED
    if linked or registry:
        strength = Strength.STRONG
    elif called or (named and (people or facts)):
        strength = Strength.LIKELY
    elif named:
        strength = Strength.POSSIBLE
    elif people and enough and len(soft) <= len(facts):
        strength = Strength.LIKELY if known and len(facts) >= 2 and not soft else Strength.POSSIBLE
    if strength is Strength.CONTRADICTED:
        return None
    if hard and not linked:
        strength = Strength.CONTRADICTED
    reasons = (*linked, *(f"same registry id {each}" for each in registry), *named, *people, *facts)
    return _proposal(one, two, strength, reasons, (*hard, *soft))


def _proposal(
    one: _Bearer, two: _Bearer, strength: Strength, reasons: tuple[str, ...], against: tuple[str, ...]
) -> Proposal:
    if one.study and two.study:
        return Proposal(None, two.study.label, one.id, two.id, None, strength, reasons, against)
    # of two records the later one is the further report of the earlier one's study
    if not one.study and one.record and two.record and (one.record.year or 0) > (two.record.year or 0):
        one, two = two, one
    assert two.record is not None
    has_primary = "primary" in one.study.kinds if one.study else True
    kind = suggested_kind(two.record, has_primary=has_primary)
    study, other = (one.id, None) if one.study else (None, one.id)
    return Proposal(two.id, two.record.title, study, other, kind, strength, reasons, against)


def _links(one: _Bearer, two: _Bearer, links: Sequence[LinkFact]) -> list[str]:
    return [
        f"linked by {link.who}: {link.from_record} {link.kind} {link.to_record}"
        for link in links
        if (link.from_record in one.records and link.to_record in two.records)
        or (link.from_record in two.records and link.to_record in one.records)
    ]


def _names(one: Signs, two: Signs) -> tuple[list[str], bool]:
    """(the trial names that both bear, whether both call one of them a trial)."""
    theirs = {name.whole: name for name in two.names}
    shared = sorted((name for name in one.names if name.whole in theirs), key=lambda name: name.whole)
    both = any(name.called and theirs[name.whole].called for name in shared)
    return [f"same trial name {name.whole}" for name in shared], both


def _people(one: _Bearer, two: _Bearer) -> tuple[list[str], bool]:
    """(the shared authors in words, whether they are two or more); the first or the last must be among them."""
    best: list[str] = []
    for ours in one.lists:
        for theirs in two.lists:
            shared = [each for each in ours if any(each.same(other) for other in theirs)]
            ends = [each for authors in (ours, theirs) for each in (authors[:1] + authors[-1:])]
            if not any(each.same(end) for each in shared for end in ends):
                continue
            if len(shared) > len(best) and (len(shared) >= _LEAST_AUTHORS or _one_author_known(one, two)):
                best = [each.family for each in shared]
    if not best:
        return [], False
    if len(best) < _LEAST_AUTHORS:
        return [f"the one author that the study names is among the authors: {best[0]}"], False
    shown = ", ".join(best[:4]) + (f" and {len(best) - 4} more" if len(best) > 4 else "")
    return [f"{len(best)} shared authors: {shown}"], True


def _one_author_known(one: _Bearer, two: _Bearer) -> bool:
    """Whether one of the two is a study without a record, of which study.toml names the first author alone."""
    return any(each.study is not None and not each.records and len(each.lists[0]) == 1 for each in (one, two))


def _facts(one: _Bearer, two: _Bearer, products: Mapping[str, Sequence[str]]) -> list[str]:
    found = []
    if sites := one.signs.sites & two.signs.sites:
        found.append(f"same site {min(sites)}")
    elif countries := one.signs.countries & two.signs.countries:
        found.append(f"same country {min(countries)}")
    if sizes := one.signs.sizes & two.signs.sizes:
        found.append(f"same size {max(sizes)}")
    if shared := one.signs.products & two.signs.products:
        found.append(f"same product {_label(min(shared), products)}")
    return found


def _hard(one: Signs, two: Signs) -> list[str]:
    """What makes them two trials: different ids of one registry, different numbers behind one name."""
    found = []
    for registry in sorted({registry_of(each) for each in one.registry} & {registry_of(each) for each in two.registry}):
        ours, theirs = (
            sorted(each for each in signs.registry if registry_of(each) == registry) for signs in (one, two)
        )
        found.append(f"different registry ids {', '.join(ours)} and {', '.join(theirs)}: not the same trial")
    whole = {name.whole for name in one.names} & {name.whole for name in two.names}
    for name in sorted(one.names, key=lambda each: each.whole):
        for other in sorted(two.names, key=lambda each: each.whole):
            if name.stem == other.stem and name.number and other.number and name.number != other.number and not whole:
                found.append(f"{name.whole} and {other.whole}: sister trials have different numbers")
    return found


def _soft(one: _Bearer, two: _Bearer, products: Mapping[str, Sequence[str]]) -> list[str]:
    """What differs and may have a reason: people are lost to follow-up, a paper may print a part of its sites."""
    found = []
    for each in (one, two):
        if each.signs.several:
            found.append(f"{each.what} names {len(each.signs.several)} trials: {', '.join(each.signs.several[:5])}")
        if each.signs.overview:
            found.append(f"{each.what} is a {each.signs.overview}")
    ours, theirs = one.signs, two.signs
    if ours.sizes and theirs.sizes and not ours.sizes & theirs.sizes:
        found.append(f"sizes differ: {_first(ours.sizes)} and {_first(theirs.sizes)}")
    if ours.countries and theirs.countries and not ours.countries & theirs.countries:
        found.append(f"countries differ: {_first(ours.countries)} and {_first(theirs.countries)}")
    if ours.products and theirs.products and not ours.products & theirs.products:
        words = (", ".join(_label(each, products) for each in sorted(signs.products)[:3]) for signs in (ours, theirs))
        found.append(f"products differ: {' and '.join(words)}")
    return found


def _label(product: str, products: Mapping[str, Sequence[str]]) -> str:
    names = products.get(product) or (product,)
    return names[0]


def _first(values: Iterable[int | str]) -> str:
    return ", ".join(sorted((str(each) for each in values), key=unaccented)[:3])
