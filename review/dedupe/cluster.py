"""Replays merges, splits and locks into clusters: the same events give the same ones, in any order.

Of several human words on one pair the last one counts (the one that names the other as superseded, else the
later to arrive). Everything else is a set: which edges live, which pairs are kept apart. Edges join in a
fixed order (people's before the program's, a shared PMID before a shared DOI before what is printed alike, then by
id). An edge is held back that would bring a kept-apart pair together, or put two PMIDs, two DOIs or two numbers of
one trial registry into one cluster without a person, a shared PMID or, for registries, a shared DOI to vouch for it.
So where a record without identifiers ties two works together, the weakest edge gives way, and a person is asked.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from review.dedupe.match import PRINTED_ALIKE, RULES, Vetoes
from review.dedupe.prepare import Prepared
from review.terms import DuplicateEventKind as Kind

PairKey = tuple[str, str]

_BY_STRENGTH = {name: place for place, name in enumerate((*RULES, *PRINTED_ALIKE))}
_IDENTIFIERS = {"pmid": "PMID", "doi": "DOI", "registry_ids": "registry number"}
_REGISTRY = re.compile(r"^[A-Z]+")


@dataclass(frozen=True)
class DuplicateEvent:
    """One row of the log. *record_a* < *record_b*, both None for an undo."""

    event_id: str
    kind: Kind
    record_a: str | None
    record_b: str | None
    rule: str | None
    automatic: bool
    undo_of: str | None
    supersedes: str | None
    arrival: int
    who: str = ""
    note: str | None = None

    @property
    def pair(self) -> PairKey | None:
        """The two records, or None for an undo."""
        return (self.record_a, self.record_b) if self.record_a and self.record_b else None


@dataclass(frozen=True)
class Held:
    """An edge that was not followed, and why."""

    a: str
    b: str
    rule: str | None
    why: str


@dataclass(frozen=True)
class Clusters:
    """Source record → record, for members of clusters of two or more; and the edges that were held back."""

    record_of: Mapping[str, str]
    held: tuple[Held, ...]

    def find(self, source_record_id: str) -> str:
        """The record that a source record belongs to."""
        return self.record_of.get(source_record_id, source_record_id)

    def members(self, record_id: str) -> list[str]:
        """The source records of a record."""
        found = sorted(one for one, record in self.record_of.items() if record == record_id)
        return found or [record_id]


@dataclass(frozen=True)
class Standing:
    """What holds of the log after undos: edges, pairs kept apart, and pairs on which people have spoken."""

    human: tuple[PairKey, ...]
    automatic: tuple[tuple[PairKey, str], ...]
    apart: Mapping[PairKey, DuplicateEvent]
    spoken: frozenset[PairKey]


def live_events(events: Iterable[DuplicateEvent]) -> set[str]:
    """The ids of the events that hold: no live undo points at them; an undo can itself be undone."""
    by_id = {event.event_id: event for event in events}
    undos: dict[str, list[str]] = defaultdict(list)
    for event in by_id.values():
        if event.undo_of is not None:
            undos[event.undo_of].append(event.event_id)
    state: dict[str, bool] = {}

    def lives(event_id: str, above: frozenset[str]) -> bool:
        if event_id in above:  # a ring of undos: no honest log has one, and none of it holds
            return False
        if event_id not in state:
            state[event_id] = not any(lives(undo, above | {event_id}) for undo in undos.get(event_id, ()))
        return state[event_id]

    return {event_id for event_id in sorted(by_id) if lives(event_id, frozenset())}


def standing(events: Iterable[DuplicateEvent]) -> Standing:
    """Reads the log as a set. An automatic merge that a person undid stays undone under every rule."""
    by_id = {event.event_id: event for event in events}
    live = live_events(by_id.values())

    words: dict[PairKey, list[DuplicateEvent]] = defaultdict(list)
    automatic: dict[PairKey, str] = {}
    refused: set[PairKey] = set()
    for event in by_id.values():
        pair = event.pair
        if pair is None:
            continue
        if not event.automatic:
            if event.event_id in live:
                words[pair].append(event)
        elif event.event_id not in live:
            refused.add(pair)
        elif event.kind is Kind.MERGE:
            rule = event.rule or ""
            automatic[pair] = min(automatic.get(pair, rule), rule, key=_strength)

    human: list[PairKey] = []
    apart: dict[PairKey, DuplicateEvent] = {}
    for pair, said in words.items():
        last_lock = _last(said, (Kind.LOCK, Kind.UNLOCK))
        last_word = _last(said, (Kind.MERGE, Kind.SPLIT))
        if last_lock is not None and last_lock.kind is Kind.LOCK:
            apart[pair] = last_lock
        elif last_word is not None and last_word.kind is Kind.SPLIT:
            apart[pair] = last_word
        elif last_word is not None:
            human.append(pair)
    return Standing(
        human=tuple(sorted(human)),
        automatic=tuple(sorted((pair, rule) for pair, rule in automatic.items() if pair not in refused)),
        apart=apart,
        spoken=frozenset(words) | refused,
    )


def cluster(records: Sequence[Prepared], events: Iterable[DuplicateEvent]) -> Clusters:
    """The clusters that *events* (on entries) make of *records*; the record id is the smallest entry.

    The versions of one entry are together before anybody speaks, and nobody can part them.
    """
    now = standing(events)
    vetoes = Vetoes(records)
    forest = _Forest(records, now)
    held: list[Held] = []
    for record in records:
        forest.join((record.entry, record.source_record_id))
    for pair in now.human:
        if refusal := forest.kept_apart(pair):
            held.append(Held(*pair, None, refusal))
        else:
            forest.join(pair)
    forest.bless_what_people_joined()
    for pair, rule in sorted(now.automatic, key=lambda edge: (_strength(edge[1]), edge[0])):
        against = vetoes.against(*pair, titles=rule not in PRINTED_ALIKE)
        if refusal := "; ".join(against) or forest.kept_apart(pair) or forest.mixes_ids(pair):
            held.append(Held(*pair, rule, refusal))
        else:
            forest.join(pair)
    # an edge that was held back may have been answered on another way, by a person or by a stronger rule
    apart = tuple(edge for edge in held if forest.root(edge.a) != forest.root(edge.b))
    return Clusters(forest.named(), apart)


class _Forest:
    """Union–find that knows which pairs must stay apart and which identifiers a tree holds."""

    def __init__(self, records: Sequence[Prepared], now: Standing) -> None:
        self._parent: dict[str, str] = {}
        self._tree: dict[str, list[str]] = {}
        self._record = {record.source_record_id: record for record in records}
        self._apart: dict[str, dict[str, DuplicateEvent]] = defaultdict(dict)
        for (a, b), event in now.apart.items():
            self._apart[a][b] = event
            self._apart[b][a] = event
        self._blessed: set[frozenset[str]] = set()
        asserted: dict[tuple[str, str], set[str]] = defaultdict(set)
        for record in records:
            if (
                record.pmid
            ):  # a shared PMID asserts that its DOIs are of one article, and its registry numbers of one trial
                asserted["pmid", record.pmid].update({record.doi or ""} - {""}, record.registry_ids)
            if record.doi:
                asserted["doi", record.doi].update(record.registry_ids)
            self._bless(set(record.registry_ids))
        for ids in asserted.values():
            self._bless(ids)

    def root(self, one: str) -> str:
        path = []
        while (above := self._parent.get(one, one)) != one:
            path.append(one)
            one = above
        for step in path:
            self._parent[step] = one
        return one

    def tree(self, root: str) -> list[str]:
        return self._tree.get(root, [root])

    def join(self, pair: PairKey) -> None:
        low, high = sorted((self.root(pair[0]), self.root(pair[1])))
        if low != high:
            self._tree[low] = self.tree(low) + self._tree.pop(high, [high])
            self._parent[high] = low

    def kept_apart(self, pair: PairKey) -> str | None:
        """Who keeps the two trees of *pair* apart, in words, or None."""
        small, large = sorted((self.root(pair[0]), self.root(pair[1])), key=lambda root: len(self.tree(root)))
        for member in self.tree(small):
            for partner, event in sorted(self._apart.get(member, {}).items()):
                if self.root(partner) == large:
                    done = "locked" if event.kind is Kind.LOCK else "split"
                    low, high = sorted((member, partner))
                    return f"{low} and {high} were {done} by {event.who or 'somebody'} (event {event.event_id})"
        return None

    def mixes_ids(self, pair: PairKey) -> str | None:
        """The two identifiers that *pair* would bring into one cluster without anybody having asserted it."""
        one, other = self.root(pair[0]), self.root(pair[1])
        for name, called in _IDENTIFIERS.items():
            here, there = self._ids(one, name), self._ids(other, name)
            for a in sorted(here - there):
                for b in sorted(there - {a}):
                    of_one_kind = name != "registry_ids" or _registry(a) == _registry(b)
                    if of_one_kind and frozenset((a, b)) not in self._blessed:
                        return f"the cluster would hold two {called}s, {a} and {b}"
        return None

    def bless_what_people_joined(self) -> None:
        """Whatever identifiers people brought together may stay together."""
        for root in self._tree:
            for name in _IDENTIFIERS:
                self._bless(self._ids(root, name))

    def named(self) -> dict[str, str]:
        """Member → smallest entry, for every tree of two or more."""
        return {member: self._name(tree) for tree in self._tree.values() if len(tree) > 1 for member in tree}

    def _name(self, tree: Iterable[str]) -> str:
        return min(self._record[member].entry if member in self._record else member for member in tree)

    def _bless(self, ids: set[str]) -> None:
        self._blessed.update(frozenset(two) for two in combinations(sorted(ids), 2))

    def _ids(self, root: str, name: str) -> set[str]:
        found: set[str] = set()
        for record in (self._record.get(member) for member in self.tree(root)):
            if record is not None:
                said = getattr(record, name)
                found.update(said if isinstance(said, tuple) else (said,) if said else ())
        return found


def _registry(number: str) -> str:
    """NCT of NCT01234567."""
    found = _REGISTRY.match(number)
    return found.group() if found else ""


def _last(said: Sequence[DuplicateEvent], kinds: tuple[Kind, ...]) -> DuplicateEvent | None:
    """The last word of these kinds: not superseded by another live one, then the latest to arrive."""
    replaced = {event.supersedes for event in said if event.supersedes}
    words = [event for event in said if event.kind in kinds]
    open_words = [event for event in words if event.event_id not in replaced] or words
    return max(open_words, key=lambda event: (event.arrival, event.event_id), default=None)


def _strength(rule: str) -> int:
    return _BY_STRENGTH.get(rule, len(_BY_STRENGTH))
