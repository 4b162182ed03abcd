"""Replays merges, splits and locks into clusters: the same events give the same ones, in any order.

Of several human words on one pair the last one counts (the one that names the other as superseded, else the
later to arrive). Everything else is a set: which edges live, which pairs are kept apart. Edges join in a
fixed order (people's before the program's, a shared PMID before a shared DOI before what is printed alike, then by
id). An edge is held back that would bring a kept-apart pair together, or put two PMIDs, two DOIs or two numbers of
one trial registry into one cluster without a person, a shared PMID or, for registries, a shared DOI to vouch for it;
or two volumes, pages or years, unless a person, a PMID or a DOI joins the two records that print them.
So where a record that prints little ties two works together, the weakest edge gives way, and a person is asked.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType

from review.dedupe.match import RULES, strength
from review.dedupe.prepare import Pages, Prepared
from review.terms import DuplicateEventKind as Kind

PairKey = tuple[str, str]

TWO_WORKS = "the record would hold"
_CALLED = ("PMID", "DOI", "registry number", "volume", "page", "year")
_REGISTRY, _VOLUME, _PAGE, _YEAR = range(2, 6)
_YEARS_APART = 2  # from ahead of print to the volume, and a year that a database took from elsewhere
Value = str | int | Pages
Values = tuple[set[Value], ...]
_NOTHING: Values = tuple(set() for _ in _CALLED)
_LETTERS = re.compile(r"^[A-Z]+")


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
    scores: str | None = None

    @property
    def pair(self) -> PairKey | None:
        """The two records, or None for an undo."""
        return (self.record_a, self.record_b) if self.record_a and self.record_b else None


@dataclass(frozen=True)
class Edge:
    """A merge that stands: its two entries (a < b) and its event."""

    a: str
    b: str
    event_id: str
    rule: str | None
    automatic: bool


@dataclass(frozen=True)
class Held:
    """An edge that was not followed, and why; *rule* is None for a person's."""

    a: str
    b: str
    rule: str | None
    why: str


@dataclass(frozen=True)
class Clusters:
    """Entry → record, for members of clusters of two or more; the edges that joined them, and those held back."""

    record_of: Mapping[str, str]
    held: tuple[Held, ...]
    joined: tuple[Edge, ...] = ()

    def find(self, entry: str) -> str:
        """The record that an entry belongs to."""
        return self.record_of.get(entry, entry)

    def members(self, record_id: str) -> list[str]:
        """The entries of a record."""
        found = sorted(one for one, record in self.record_of.items() if record == record_id)
        return found or [record_id]

    def sides(self, a: str, b: str) -> PairKey:
        """The two records that a pair of entries lies in, in order."""
        low, high = sorted((self.find(a), self.find(b)))
        return low, high


@dataclass(frozen=True)
class Standing:
    """What holds of the log after undos: merges, pairs kept apart, and pairs on which people have spoken."""

    human: tuple[Edge, ...]
    automatic: tuple[Edge, ...]
    apart: Mapping[PairKey, DuplicateEvent]
    spoken: frozenset[PairKey]


def live_events(events: Iterable[DuplicateEvent]) -> set[str]:
    """The ids of the events that hold: no live undo points at them; an undo can itself be undone.

    What the program withdrew only the program takes back.
    """
    by_id = {event.event_id: event for event in events}
    undos: dict[str, list[str]] = defaultdict(list)
    for event in by_id.values():
        if event.undo_of is None:
            continue
        target = by_id.get(event.undo_of)
        if event.automatic or target is None or not (target.automatic and target.kind is Kind.UNDO):
            undos[event.undo_of].append(event.event_id)
    state: dict[str, bool] = {}

    def lives(event_id: str, above: frozenset[str]) -> bool:
        if event_id in above:  # a ring of undos: no honest log has one, and none of it holds
            return False
        if event_id not in state:
            state[event_id] = not any(lives(undo, above | {event_id}) for undo in undos.get(event_id, ()))
        return state[event_id]

    return {event_id for event_id in sorted(by_id) if event_id not in undos or lives(event_id, frozenset())}


def standing(events: Iterable[DuplicateEvent]) -> Standing:
    """Reads the log as a set. An automatic merge that a person undid stays undone under every rule."""
    by_id = {event.event_id: event for event in events}
    live = live_events(by_id.values())
    undone_by_people = {
        event.undo_of for event in by_id.values() if event.undo_of and not event.automatic and event.event_id in live
    }

    words: dict[PairKey, list[DuplicateEvent]] = defaultdict(list)
    automatic: dict[PairKey, Edge] = {}
    refused: set[PairKey] = set()
    for event in by_id.values():
        pair = event.pair
        if pair is None or pair[0] == pair[1]:
            continue
        if not event.automatic:
            if event.event_id in live:
                words[pair].append(event)
        elif event.event_id in undone_by_people:
            refused.add(pair)
        elif event.event_id in live and event.kind is Kind.MERGE:
            edge = Edge(*pair, event.event_id, event.rule, automatic=True)
            automatic[pair] = min(automatic.get(pair, edge), edge, key=lambda one: (strength(one.rule), one.event_id))

    human: list[Edge] = []
    apart: dict[PairKey, DuplicateEvent] = {}
    for pair, said in words.items():
        last_lock = _last(said, (Kind.LOCK, Kind.UNLOCK))
        last_word = _last(said, (Kind.MERGE, Kind.SPLIT))
        if last_lock is not None and last_lock.kind is Kind.LOCK:
            apart[pair] = last_lock
        elif last_word is not None and last_word.kind is Kind.SPLIT:
            apart[pair] = last_word
        elif last_word is not None:
            human.append(Edge(*pair, last_word.event_id, last_word.rule, automatic=False))
    return Standing(
        human=tuple(sorted(human, key=lambda edge: (edge.a, edge.b))),
        automatic=tuple(automatic[pair] for pair in sorted(automatic) if pair not in refused),
        apart=apart,
        spoken=frozenset(words) | refused,
    )


def cluster(
    records: Iterable[Prepared], events: Iterable[DuplicateEvent], unlike: Mapping[PairKey, str] = MappingProxyType({})
) -> Clusters:
    """The clusters that *events* (on entries) make; the record id is the smallest entry.

    *records* are the versions of every entry that an event names; what no event names is a record by itself. No merge
    of the program brings a pair of *unlike* (with the reason) together.
    """
    now = standing(events)
    records = list(records)
    # the version that was read first differs with the order of imports: the smallest one does not
    smallest: dict[str, str] = {}
    for record in records:
        smallest[record.entry] = min(smallest.get(record.entry, record.source_record_id), record.source_record_id)

    def place(edge: Edge) -> tuple[int, PairKey]:
        low, high = sorted((smallest.get(edge.a, edge.a), smallest.get(edge.b, edge.b)))
        return strength(edge.rule), (low, high)

    forest = _Forest(records, now)
    held: list[Held] = []
    joined: list[Edge] = []
    for edge in sorted(now.human, key=place):
        if refusal := forest.kept_apart(edge.a, edge.b):
            held.append(Held(edge.a, edge.b, None, refusal))
        elif forest.join(edge.a, edge.b):
            joined.append(edge)
    forest.bless_what_people_joined()
    forest.keep_apart(unlike)
    for edge in sorted(now.automatic, key=place):
        if forest.root(edge.a) == forest.root(edge.b):
            continue
        if refusal := forest.kept_apart(edge.a, edge.b) or forest.mixes_ids(edge.a, edge.b):
            held.append(Held(edge.a, edge.b, edge.rule, refusal))
        elif forest.join(edge.a, edge.b):
            joined.append(edge)
    # an edge that was held back may have been answered on another way, by a person or by a stronger rule
    apart = tuple(edge for edge in held if forest.root(edge.a) != forest.root(edge.b))
    return Clusters(forest.named(), apart, tuple(joined))


class _Forest:
    """Union–find over entries that knows which pairs must stay apart and which identifiers a tree holds."""

    def __init__(self, records: Sequence[Prepared], now: Standing) -> None:
        self._parent: dict[str, str] = {}
        self._tree: dict[str, list[str]] = {}
        self._apart: dict[str, dict[str, str]] = defaultdict(dict)  # with the reason, in words
        for (a, b), event in now.apart.items():
            done = "locked" if event.kind is Kind.LOCK else "split"
            words = f"{a} and {b} were {done} by {event.who or 'somebody'} (event {event.event_id})"
            self._apart[a][b] = self._apart[b][a] = words
        self._ids: dict[str, Values] = {}  # root → a set for each of _CALLED
        self._blessed: set[frozenset[Value]] = set()
        vouched: dict[tuple[str, str], set[Value]] = defaultdict(set)
        for record in records:
            own = self._ids.get(record.entry)
            if own is None:
                own = self._ids[record.entry] = _nothing()
            own[_REGISTRY].update(record.registry_ids)
            for place, value in ((_VOLUME, record.volume), (_PAGE, record.pages), (_YEAR, record.year)):
                if value is not None:
                    own[place].add(value)
            if record.doi:
                own[1].add(record.doi)
                vouched["doi", record.doi].update(record.registry_ids)
            if record.pmid:
                own[0].add(record.pmid)
                # a shared PMID says that its DOIs are of one article, and its registry numbers of one trial
                vouched["pmid", record.pmid].update({record.doi or ""} - {""}, record.registry_ids)
        for ids in vouched.values():
            self._bless(ids)
        for own in self._ids.values():
            for of_one_kind in own:
                self._bless(of_one_kind)
        for edge in now.automatic:
            if edge.rule in RULES:  # an identifier vouches for what the two print
                two = (self._ids.get(one, _nothing())[_VOLUME:] for one in (edge.a, edge.b))
                for one, other in zip(*two, strict=True):
                    self._blessed.update(frozenset((mine, theirs)) for mine in one for theirs in other)

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

    def join(self, a: str, b: str) -> bool:
        """Whether there was anything to join."""
        small, large = sorted((self.root(a), self.root(b)), key=lambda root: len(self.tree(root)))
        if small == large:
            return False
        self._tree.setdefault(large, [large]).extend(self._tree.pop(small, [small]))
        self._parent[small] = large
        theirs = self._ids.get(small)
        if theirs is not None:
            for mine, of_one_kind in zip(self._ids.setdefault(large, _nothing()), theirs, strict=True):
                mine.update(of_one_kind)
        return True

    def keep_apart(self, unlike: Mapping[PairKey, str]) -> None:
        """Besides what people keep apart, these."""
        for (a, b), reason in unlike.items():
            self._apart[a][b] = self._apart[b][a] = f"{TWO_WORKS} {a} and {b}: {reason}"

    def kept_apart(self, a: str, b: str) -> str | None:
        """Who or what keeps the two trees apart, in words, or None."""
        if not self._apart:
            return None
        small, large = sorted((self.root(a), self.root(b)), key=lambda root: (len(self.tree(root)), root))
        for member in sorted(self.tree(small)):
            for partner, words in sorted(self._apart.get(member, {}).items()):
                if self.root(partner) == large:
                    return words
        return None

    def mixes_ids(self, a: str, b: str) -> str | None:
        """The two identifiers or places that would come into one cluster without anybody having vouched for it."""
        none = _NOTHING
        both = zip(self._ids.get(self.root(a), none), self._ids.get(self.root(b), none), strict=True)
        for place, (here, there) in enumerate(both):
            if not here or not there or here == there:
                continue
            # what both trees hold says nothing of identifiers; of places it may still be unlike the rest
            mine, theirs = (here - there, there - here) if place < _VOLUME else (here, there)
            for one in sorted(mine, key=_in_words):
                for other in sorted(theirs, key=_in_words):
                    if _unlike(place, one, other) and frozenset((one, other)) not in self._blessed:
                        return f"the cluster would hold two {_CALLED[place]}s, {_in_words(one)} and {_in_words(other)}"
        return None

    def bless_what_people_joined(self) -> None:
        """Whatever identifiers people brought together may stay together."""
        for root in self._tree:
            for of_one_kind in self._ids.get(root, ()):
                self._bless(of_one_kind)

    def named(self) -> dict[str, str]:
        """Member → smallest member, for every tree of two or more."""
        return {member: name for tree in self._tree.values() for name in (min(tree),) for member in tree}

    def _bless(self, ids: set[Value]) -> None:
        if len(ids) > 1:
            self._blessed.update(frozenset(two) for two in combinations(sorted(ids, key=_in_words), 2))


def _nothing() -> Values:
    return set(), set(), set(), set(), set(), set()


def _unlike(place: int, one: Value, other: Value) -> bool:
    """Whether two values of one kind are of two works as far as they tell."""
    if one == other:
        return False
    if place == _REGISTRY:
        return _registry(str(one)) == _registry(str(other))
    if isinstance(one, int) and isinstance(other, int):
        return abs(one - other) > _YEARS_APART
    if isinstance(one, tuple) and isinstance(other, tuple):
        return _other_pages(one, other)
    return True


def _other_pages(one: Pages, other: Pages) -> bool:
    """Whether pages differ as `evidence.page_agrees` has it; an article number and pages can be of one article."""
    (first, last), (begin, end) = one, other
    bare = [(page or "").lstrip("abcdefghijklmnopqrstuvwxyz") for page in (last or first, end or begin)]
    if first is None or begin is None:
        return not (bare[0].endswith(bare[1]) or bare[1].endswith(bare[0]))
    # of two ranges that end alike, the beginning of one is wrong
    if first == begin or bare[0] == bare[1]:
        return False
    return first.isdigit() == begin.isdigit()


def _in_words(value: Value) -> str:
    return "-".join(page for page in value if page) if isinstance(value, tuple) else str(value)


def _registry(number: str) -> str:
    """NCT of NCT01234567."""
    found = _LETTERS.match(number)
    return found.group() if found else ""


def _last(said: Sequence[DuplicateEvent], kinds: tuple[Kind, ...]) -> DuplicateEvent | None:
    """The last word of these kinds: not superseded by another live one, then the latest to arrive."""
    replaced = {event.supersedes for event in said if event.supersedes}
    words = [event for event in said if event.kind in kinds]
    open_words = [event for event in words if event.event_id not in replaced] or words
    return max(open_words, key=lambda event: (event.arrival, event.event_id), default=None)
