"""Deduplicates the source records, and does what people say about pairs: merge, split, lock, undo.

Every deed appends its event and replays the whole log into dedupe.cluster in the same batch.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl

from review.database import Append, Replace, Store
from review.dedupe import store as tables
from review.dedupe.cluster import Clusters, DuplicateEvent, cluster, live_events, standing
from review.dedupe.match import Pair, Vetoes, match, rule_for
from review.dedupe.prepare import Prepared, prepare
from review.errors import DecisionError, UsageProblem
from review.identifiers import normalise_doi, normalise_pmid
from review.project import Project
from review.terms import DuplicateEventKind as Kind

PROGRAM = "program"


@dataclass(frozen=True)
class Deduplicated:
    """What one run did: counts of source records, records, new merges and pairs that wait for a person."""

    source_records: int
    records: int
    new_merges: int
    queue: int


@dataclass(frozen=True)
class Done:
    """What a person's deed came to: its event, the records of the two sides now, and a remark."""

    event_id: str
    record_a: str
    record_b: str
    remark: str = ""

    @property
    def together(self) -> bool:
        """Whether the two are one record now."""
        return self.record_a == self.record_b


@dataclass(frozen=True)
class Explanation:
    """Why two source records are, or are not, one record."""

    a: Mapping[str, Any]
    b: Mapping[str, Any]
    together: bool
    rule: str | None
    vetoes: tuple[str, ...]
    held: tuple[str, ...]
    events: tuple[DuplicateEvent, ...]


@dataclass(frozen=True)
class _Log:
    """The records and the log, read once; what was said of any version of an entry stands as said of the entry."""

    records: list[Prepared]
    events: list[DuplicateEvent]

    @classmethod
    def of(cls, records: list[Prepared], events: Sequence[DuplicateEvent]) -> _Log:
        return cls(records, _on_entries(records, events))

    def clusters(self, more: Sequence[DuplicateEvent] = ()) -> Clusters:
        return cluster(self.records, [*self.events, *_on_entries(self.records, more)])

    @property
    def next_arrival(self) -> int:
        return max((event.arrival for event in self.events), default=0) + 1


def deduplicate(store: Store, project: Project, *, who: str = PROGRAM) -> Deduplicated:
    """Merge what has one PMID or one DOI; a pair on which a person has spoken is left alone.

    The id of an automatic merge is a hash of its pair and rule, so a second run adds nothing. *who* is
    written on the events. Clusters are rebuilt from the whole log even when no merge is new.
    """
    log = _read(store)
    known = {event.pair for event in log.events if event.automatic} | standing(log.events).spoken
    matches = match(log.records)
    fresh = [pair for pair in matches.merge if (pair.a, pair.b) not in known]
    now = datetime.now(UTC)
    rows = [_automatic(pair, who, now) for pair in fresh]
    clusters = log.clusters([tables.to_event(row) for row in rows])
    done = store.apply([*tables.append_events({"dedupe.duplicate_event": rows}), tables.replace_clusters(clusters)])
    ids = {record.entry for record in log.records}
    return Deduplicated(
        source_records=len(ids),
        records=len({clusters.find(one) for one in ids}),
        new_merges=done.get("dedupe.duplicate_event", 0),
        queue=len(_waiting(log, clusters)),
    )


def rebuild(store: Store, more: Sequence[Mapping[str, Any]] = ()) -> Replace:
    """The step that writes dedupe.cluster anew, as if the rows *more* had arrived already."""
    log = _read(store)
    known = {event.event_id for event in log.events}
    return tables.replace_clusters(log.clusters([tables.to_event(row) for row in more if row["event_id"] not in known]))


def merge(
    store: Store,
    project: Project,
    a: str,
    b: str,
    *,
    who: str,
    note: str | None = None,
    event_id: str | None = None,
) -> Done:
    """Say that two records are one. Raises DecisionError when somebody keeps them apart."""
    return _say(store, project, Kind.MERGE, a, b, who=who, note=note, event_id=event_id)


def split(
    store: Store,
    project: Project,
    a: str,
    b: str,
    *,
    who: str,
    note: str | None = None,
    event_id: str | None = None,
) -> Done:
    """Say that two source records are not one; they stay apart until somebody merges them by hand."""
    return _say(store, project, Kind.SPLIT, a, b, who=who, note=note, event_id=event_id)


def lock(
    store: Store,
    project: Project,
    a: str,
    b: str,
    *,
    who: str,
    note: str | None = None,
    event_id: str | None = None,
) -> Done:
    """Say that two source records must never be one; a merge is refused until the lock is taken off."""
    return _say(store, project, Kind.LOCK, a, b, who=who, note=note, event_id=event_id)


def unlock(
    store: Store,
    project: Project,
    a: str,
    b: str,
    *,
    who: str,
    note: str | None = None,
    event_id: str | None = None,
) -> Done:
    """Take a lock off. Raises DecisionError when there is none."""
    return _say(store, project, Kind.UNLOCK, a, b, who=who, note=note, event_id=event_id)


def undo(
    store: Store,
    project: Project,
    event: str,
    *,
    who: str,
    note: str | None = None,
    event_id: str | None = None,
) -> Done:
    """Take one event of the log back; an undone automatic merge is not made again. An undo can be undone."""
    person = project.reviewer(who).id
    log = _read(store)
    target = next((one for one in log.events if one.event_id == event), None)
    if target is None:
        found = [one for one in log.events if len(event) >= 6 and one.event_id.startswith(event)]
        if len(found) != 1:
            message = f"{event!r} is not an event of the log"
            raise UsageProblem(message, hint="review dedupe log lists them; the first eight characters are enough")
        target = found[0]
    retry = any(one.event_id == event_id for one in log.events)
    if target.event_id not in live_events(log.events) and not retry:
        message = f"event {target.event_id} is undone already"
        raise DecisionError(message, hint="undo the undo to bring it back")
    row = _row(Kind.UNDO, None, person, note=note, event_id=event_id, undo_of=target.event_id)
    clusters = _append(store, log, row)
    origin = target
    while origin.pair is None:
        origin = next(one for one in log.events if one.event_id == origin.undo_of)
    a, b = origin.record_a or "", origin.record_b or ""
    done = Done(row["event_id"], clusters.find(a), clusters.find(b))
    if origin is target and target.kind is Kind.MERGE and done.together:
        return replace(done, remark=f"{a} and {b} are still one record through others; keep them apart with a split")
    return done


def explain(store: Store, project: Project, a: str, b: str) -> Explanation:
    """Rule, identifiers, vetoes and events behind a pair."""
    log = _read(store)
    low, high = sorted((_one(store, a), _one(store, b)))
    details = tables.read_details(store, [low, high])
    clusters = log.clusters()
    return Explanation(
        a=details[low],
        b=details[high],
        together=clusters.find(low) == clusters.find(high),
        rule=rule_for(log.records, low, high),
        vetoes=Vetoes(log.records).against(low, high),
        held=tuple(edge.why for edge in clusters.held if (edge.a, edge.b) == (low, high)),
        events=_about(log.events, (low, high)),
    )


def waiting_pairs(store: Store) -> pl.DataFrame:
    """Unanswered pairs that a rule proposes and something speaks against, one row for each two records."""
    log = _read(store)
    clusters = log.clusters()
    waiting = _waiting(log, clusters)
    details = tables.read_details(store, [one for pair in waiting for one in (pair.a, pair.b)])
    rows = [
        {
            "record_a": pair.a,
            "record_b": pair.b,
            "rule": pair.rule,
            "against": "; ".join(pair.vetoes),
            "title_a": details[pair.a]["title"],
            "title_b": details[pair.b]["title"],
            "pmid_a": details[pair.a]["pmid"],
            "pmid_b": details[pair.b]["pmid"],
            "doi_a": details[pair.a]["doi"],
            "doi_b": details[pair.b]["doi"],
        }
        for pair in waiting
    ]
    names = ["record_a", "record_b", "rule", "against", "title_a", "title_b", "pmid_a", "pmid_b", "doi_a", "doi_b"]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String))


def read_log(store: Store, *, people_only: bool = False) -> pl.DataFrame:
    """The log in order of arrival; `undone` says that an undo points at the event."""
    return tables.read_log(store, people_only=people_only)


def _say(
    store: Store,
    project: Project,
    kind: Kind,
    a: str,
    b: str,
    *,
    who: str,
    note: str | None,
    event_id: str | None,
) -> Done:
    person = project.reviewer(who).id
    log = _read(store)
    low, high = sorted((_one(store, a), _one(store, b)))
    if low == high:
        message = f"{a!r} and {b!r} are the same source record, or versions of one"
        raise DecisionError(message, hint="give the two source records; review dedupe explain shows a record's members")
    if event_id and any(event.event_id == event_id for event in log.events):
        now = log.clusters()
        return Done(event_id, now.find(low), now.find(high))
    spoken = [event for event in _about(log.events, (low, high)) if not event.automatic and event.pair]
    before = next((event.event_id for event in reversed(spoken) if _same_matter(event.kind, kind)), None)
    if kind is Kind.UNLOCK and not _locked(log.events, (low, high)):
        message = f"{low} and {high} are not locked"
        raise DecisionError(message)
    row = _row(kind, (low, high), person, note=note, event_id=event_id, supersedes=before)
    if kind is Kind.MERGE:
        # the new edge may push another person's merge aside, because edges join in the order of their ids
        before_it = set(log.clusters().held)
        held = [edge for edge in log.clusters([_placed(row, log)]).held if edge not in before_it]
        refusal = next((edge.why for edge in held if edge.rule is None), None)
        if refusal is None and _locked(log.events, (low, high)):
            refusal = "the pair is locked"
        if refusal is not None:
            message = f"{low} and {high} cannot be merged: {refusal}"
            raise DecisionError(message, hint="undo that event first: review dedupe undo EVENT")
    clusters = _append(store, log, row)
    return Done(row["event_id"], clusters.find(low), clusters.find(high))


def _append(store: Store, log: _Log, row: dict[str, Any]) -> Clusters:
    clusters = log.clusters([_placed(row, log)])
    store.apply([Append("dedupe.duplicate_event", [row]), tables.replace_clusters(clusters)])
    return clusters


def _placed(row: dict[str, Any], log: _Log) -> DuplicateEvent:
    """The row as an event that comes after all others."""
    return tables.to_event({**row, "arrival": log.next_arrival})


def _read(store: Store) -> _Log:
    return _Log.of(prepare(tables.read_records(store)), tables.read_duplicate_events(store))


def _on_entries(records: Sequence[Prepared], events: Sequence[DuplicateEvent]) -> list[DuplicateEvent]:
    """*events* with each source record replaced by its entry."""
    entry = {record.source_record_id: record.entry for record in records}
    placed = []
    for event in events:
        if event.pair is not None:
            low, high = sorted(entry.get(one, one) for one in event.pair)
            event = replace(event, record_a=low, record_b=high)
        placed.append(event)
    return placed


def _one(store: Store, key: str) -> str:
    """The entry that *key* names; a record of several members stands for its smallest."""
    word = key.strip()
    found = tables.find_members(store, word, pmid=normalise_pmid(word), doi=normalise_doi(word))
    exact = [row["entry_id"] for row in found if row["source_record_id"] == word]
    if exact:
        return str(exact[0])
    records = sorted({row["record_id"] for row in found})
    begins = sorted({row["entry_id"] for row in found if row["source_record_id"].startswith(word)})
    if len(begins) == 1:
        return str(begins[0])
    if len(records) == 1:
        return str(records[0])
    if not records:
        message = f"no record has the id, PMID or DOI {key!r}"
        raise UsageProblem(message, hint='ids are listed by: review query "select record_id, title from v1.record"')
    message = f"{key!r} names {len(records)} records: {', '.join(records[:5])}"
    raise UsageProblem(message, hint="give the source_record_id")


def _automatic(pair: Pair, who: str, now: datetime) -> dict[str, Any]:
    digest = hashlib.sha256(f"merge\0{pair.rule}\0{pair.a}\0{pair.b}".encode()).hexdigest()[:32]
    row = _row(Kind.MERGE, (pair.a, pair.b), who, event_id=digest)
    return {
        **row,
        "rule": pair.rule,
        "automatic": True,
        "decided_at": now,
        "scores": json.dumps({pair.rule: 1}),
    }


def _row(
    kind: Kind,
    pair: tuple[str, str] | None,
    who: str,
    *,
    note: str | None = None,
    event_id: str | None = None,
    undo_of: str | None = None,
    supersedes: str | None = None,
) -> dict[str, Any]:
    return {
        "event_id": event_id or str(uuid.uuid4()),
        "kind": kind.value,
        "record_a": pair[0] if pair else None,
        "record_b": pair[1] if pair else None,
        "rule": "person" if pair else None,
        "scores": None,
        "who": who,
        "automatic": False,
        "undo_of": undo_of,
        "supersedes": supersedes,
        "note": note,
        "decided_at": datetime.now(UTC),
    }


def _waiting(log: _Log, clusters: Clusters) -> list[Pair]:
    answered = {_sides(clusters, pair) for pair in standing(log.events).spoken}
    held = [Pair(edge.a, edge.b, edge.rule, (edge.why,)) for edge in clusters.held if edge.rule is not None]
    waiting = []
    for pair in sorted({(p.a, p.b): p for p in [*held, *match(log.records).queue]}.values(), key=lambda p: (p.a, p.b)):
        sides = _sides(clusters, (pair.a, pair.b))
        if sides[0] != sides[1] and sides not in answered:
            answered.add(sides)
            waiting.append(pair)
    return waiting


def _sides(clusters: Clusters, pair: tuple[str, str]) -> tuple[str, str]:
    """The two records that a pair of source records lies in, in order."""
    low, high = sorted((clusters.find(pair[0]), clusters.find(pair[1])))
    return low, high


def _about(events: Sequence[DuplicateEvent], pair: tuple[str, str]) -> tuple[DuplicateEvent, ...]:
    """The events on a pair, and the undos of them."""
    ids = {event.event_id for event in events if event.pair == pair}
    for event in sorted(events, key=lambda one: one.arrival):
        if event.undo_of in ids:
            ids.add(event.event_id)
    return tuple(event for event in events if event.event_id in ids)


def _same_matter(one: Kind, other: Kind) -> bool:
    locks = (Kind.LOCK, Kind.UNLOCK)
    return (one in locks) == (other in locks)


def _locked(events: Sequence[DuplicateEvent], pair: tuple[str, str]) -> bool:
    word = standing(events).apart.get(pair)
    return word is not None and word.kind is Kind.LOCK
