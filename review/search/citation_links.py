"""What elink says of the papers that cite and are cited, and what a run of it found. Values in, values out.

A run and its replay go through here alike, so that a replay of the same bodies cannot find anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from xml.etree import ElementTree

from review.errors import EntrezError, SearchError
from review.search import signals
from review.search.assemble import fetched_records
from review.search.recorded import Body, successful
from review.search.records import Record, Rejected, sha256

_SEED = re.compile(r"(\d+)\[uid\]")


class Direction(StrEnum):
    """Which way citations are followed."""

    BACKWARD = "backward"
    FORWARD = "forward"

    @property
    def linkname(self) -> str:
        """PubMed's name for these links."""
        return {"backward": "pubmed_pubmed_refs", "forward": "pubmed_pubmed_citedin"}[self.value]

    @property
    def words(self) -> str:
        """What the links lead to."""
        return {"backward": "papers that the seeds cite", "forward": "papers that cite the seeds"}[self.value]


@dataclass(frozen=True)
class Plan:
    """Whose citations are followed, and which way; in one order, so that the same plan is the same question."""

    seeds: tuple[str, ...]
    directions: tuple[Direction, ...]

    @classmethod
    def of(cls, seeds: Iterable[str], directions: Iterable[Direction]) -> Plan:
        """The plan of *seeds* (each once, by number) and *directions* (backward first)."""
        wanted = set(directions)
        return cls(tuple(sorted(set(seeds), key=int)), tuple(way for way in Direction if way in wanted))

    @property
    def sha256(self) -> str:
        """The fingerprint of what is asked."""
        return sha256(*self.directions, *self.seeds)

    @property
    def query(self) -> str:
        """What is searched, in words and ids."""
        ways = " and ".join(f"{way} ({way.words}, {way.linkname})" for way in self.directions)
        return f"Citations of {counted_seeds(len(self.seeds))}, {ways}. Seeds: PMID {', '.join(self.seeds)}"


@dataclass(frozen=True)
class DirectionResult:
    """One direction: *hits* different records are linked from *linked* of the seeds."""

    direction: Direction
    hits: int
    linked: int


@dataclass(frozen=True)
class Traced:
    """Everything that a run's bodies hold. `missing` are ids that were linked and never came."""

    links: tuple[tuple[Direction, str, str], ...]
    lines: tuple[DirectionResult, ...]
    ids: tuple[str, ...]
    without_links: tuple[str, ...]
    unknown: tuple[str, ...]
    records: tuple[Record, ...]
    rejected: tuple[Rejected, ...]
    missing: tuple[str, ...]
    unasked: tuple[str, ...]


def counted_seeds(number: int) -> str:
    """`1 seed`, `2 seeds`."""
    return f"{number} seed{'' if number == 1 else 's'}"


def read_links(body: bytes, linkname: str) -> dict[str, tuple[str, ...]]:
    """Seed → the PMIDs that *linkname* leads to, for each seed of one elink answer; a seed without any has ().

    Raises EntrezError for <ERROR>, and where several seeds share an answer: then nobody can tell whose links they are.
    """
    root = signals.read_elink(body, what=f"a question about {linkname}")
    for error in root.iter("ERROR"):
        message = f"PubMed answered a question about {linkname} with: {''.join(error.itertext()).strip()}"
        raise EntrezError(message, hint="run the same command again later")
    found: dict[str, tuple[str, ...]] = {}
    for group in root.iter("LinkSet"):
        seeds = _texts(group, "IdList/Id")
        if len(seeds) != 1:
            message = f"PubMed put the links ({linkname}) of {len(seeds)} seeds together: {', '.join(seeds[:5])}"
            raise EntrezError(message, hint="run the same command again later")
        linked = [
            pmid
            for answer in group.findall("LinkSetDb")
            if (answer.findtext("LinkName") or "").strip() == linkname
            for pmid in _texts(answer, "Link/Id")
        ]
        found[seeds[0]] = tuple(dict.fromkeys((*found.get(seeds[0], ()), *linked)))
    return found


def answered(bodies: Sequence[Body]) -> dict[Direction, dict[str, tuple[str, ...]]]:
    """Direction → seed → its links, of every stored elink answer that can be read."""
    found: dict[Direction, dict[str, tuple[str, ...]]] = {way: {} for way in Direction}
    by_name = {way.linkname: way for way in Direction}
    for body in successful(bodies):
        way = by_name.get(str(body.request.get("params", {}).get("linkname")))
        if body.endpoint == "elink" and way is not None:
            try:
                found[way] |= read_links(body.content, way.linkname)
            except EntrezError:  # kept before it was read; the seeds of it are asked anew
                continue
    return found


def known_seeds(bodies: Sequence[Body]) -> tuple[set[str], set[str]]:
    """(seeds that PubMed was asked for, those of them that it has)."""
    asked: set[str] = set()
    there: set[str] = set()
    for body in successful(bodies):
        if body.endpoint == "esearch" and body.request.get("purpose") == "seeds":
            try:
                found = signals.read_esearch(body.content, what="the question for seeds")
            except EntrezError:  # kept before it was read; it is asked anew
                continue
            asked |= set(_SEED.findall(str(body.request.get("params", {}).get("term", ""))))
            there |= set(found.ids)
    return asked, there & asked


def plan_of(bodies: Sequence[Body]) -> Plan:
    """The plan that the elink answers of a run belong to."""
    found = answered(bodies)
    ways = [way for way in Direction if found[way]]
    return Plan.of({seed for way in ways for seed in found[way]}, ways)


def unlinked(plan: Plan, found: Mapping[Direction, Mapping[str, Sequence[str]]]) -> list[str]:
    """The seeds of *plan* that no direction leads on from."""
    return [seed for seed in plan.seeds if not any(found[way].get(seed) for way in plan.directions)]


def linked_ids(plan: Plan, found: Mapping[Direction, Mapping[str, Sequence[str]]]) -> tuple[str, ...]:
    """The PMIDs that are linked from the seeds of *plan*, each once, in order of direction and seed."""
    return tuple(
        dict.fromkeys(pmid for way in plan.directions for seed in plan.seeds for pmid in found[way].get(seed, ()))
    )


def lines_of(plan: Plan, found: Mapping[Direction, Mapping[str, Sequence[str]]]) -> tuple[DirectionResult, ...]:
    """One line for each direction of *plan*."""
    return tuple(
        DirectionResult(
            direction=way,
            hits=len({pmid for seed in plan.seeds for pmid in found[way].get(seed, ())}),
            linked=sum(bool(found[way].get(seed)) for seed in plan.seeds),
        )
        for way in plan.directions
    )


def trace(bodies: Sequence[Body], plan: Plan) -> Traced:
    """What *bodies* say of *plan*. Raises SearchError when a seed of it was never asked."""
    found = answered(bodies)
    unasked = [seed for way in plan.directions for seed in plan.seeds if seed not in found[way]]
    if unasked:
        message = f"this run has no answer for {counted_seeds(len(unasked))}, PMID {unasked[0]} first: it was cut off"
        raise SearchError(message, hint="run the same command again; it goes on where it stopped")
    ids = linked_ids(plan, found)
    wanted = set(ids)
    records, rejected, _ = fetched_records(successful(bodies))
    without = unlinked(plan, found)
    asked, there = known_seeds(bodies)
    return Traced(
        links=tuple((way, seed, pmid) for way in plan.directions for seed in plan.seeds for pmid in found[way][seed]),
        lines=lines_of(plan, found),
        ids=ids,
        without_links=tuple(seed for seed in without if seed not in asked - there),
        unknown=tuple(seed for seed in without if seed in asked - there),
        records=tuple(records[pmid] for pmid in ids if pmid in records),
        rejected=tuple(rejected),
        missing=tuple(pmid for pmid in ids if pmid not in records),
        unasked=tuple(pmid for pmid in records if pmid not in wanted),
    )


def _texts(element: ElementTree.Element, path: str) -> list[str]:
    return [text for found in element.findall(path) if (text := (found.text or "").strip())]
