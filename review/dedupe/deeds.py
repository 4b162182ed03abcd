"""What people say about pairs of records: merge, split, lock, unlock, undo.

Every deed appends its event and writes in the same batch what the replay of the whole log comes to.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from review.database import Append, Store, again_when_overtaken
from review.dedupe import store as tables
from review.dedupe.cluster import Clusters, DuplicateEvent, live_events, standing
from review.dedupe.log import Log, about, entry_named, locked, read
from review.errors import DecisionError, UsageProblem
from review.project import Project
from review.terms import DuplicateEventKind as Kind


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
    """Say that two records are one. Raises DecisionError when somebody keeps them apart, or linked them."""
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


@again_when_overtaken
def undo(
    store: Store,
    project: Project,
    event: str,
    *,
    who: str,
    note: str | None = None,
    event_id: str | None = None,
) -> Done:
    """Take one event of the log back; an undone automatic merge is not made again. An undo can be undone.

    Raises DecisionError for an event that keeps two linked records apart: it goes with the link.
    """
    person = project.reviewer(who).id
    log = read(store)
    target = next((one for one in log.events if one.event_id == event), None)
    if target is None:
        found = [one for one in log.events if len(event) >= 6 and one.event_id.startswith(event)]
        if len(found) != 1:
            message = f"{event!r} is not an event of the log"
            raise UsageProblem(message, hint="review dedupe log lists them; the first eight characters are enough")
        target = found[0]
    made = next((one for one in log.events if one.event_id == event_id), None)
    if made is not None and made.undo_of != target.event_id:
        raise taken_id(made.event_id, _words(made))
    if target.automatic and target.kind is Kind.UNDO:
        raise _of_the_program(log, target)
    live = live_events(log.events)
    if target.event_id not in live and made is None:
        message = f"event {target.event_id} is undone already"
        if any(one.automatic and one.undo_of == target.event_id and one.event_id in live for one in log.events):
            hint = f"the program did; to keep the two apart: review dedupe split {target.record_a} {target.record_b}"
            raise DecisionError(message, hint=hint)
        raise DecisionError(message, hint="undo the undo to bring it back")
    row = event_row(Kind.UNDO, None, person, note=note, event_id=event_id, undo_of=target.event_id)
    origin = _origin(log, target)
    a, b = origin.record_a or "", origin.record_b or ""
    if made is None:
        _keep_linked_apart(store, log, row, (a, b))
    clusters = _append(store, log, row)
    done = Done(row["event_id"], clusters.find(a), clusters.find(b))
    if origin is target and target.kind is Kind.MERGE and done.together:
        return replace(done, remark=f"{a} and {b} are still one record through others; keep them apart with a split")
    return done


def event_row(
    kind: Kind,
    pair: tuple[str, str] | None,
    who: str,
    *,
    note: str | None = None,
    event_id: str | None = None,
    undo_of: str | None = None,
    supersedes: str | None = None,
) -> dict[str, Any]:
    """A row of dedupe.duplicate_event, decided now."""
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


@again_when_overtaken
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
    low, high = sorted((entry_named(store, a), entry_named(store, b)))
    log = read(store, (low, high))
    if low == high:
        message = f"{a!r} and {b!r} are the same source record, or versions of one"
        raise DecisionError(message, hint="give the two source records; review dedupe explain shows a record's members")
    made = next((event for event in log.events if event.event_id == event_id), None)
    if made is not None:
        if (made.kind, made.pair) != (kind, (low, high)):
            raise taken_id(made.event_id, _words(made))
        now = log.clusters()
        return Done(made.event_id, now.find(low), now.find(high))
    spoken = [event for event in about(log.events, (low, high)) if not event.automatic and event.pair]
    before = next((event.event_id for event in reversed(spoken) if _same_matter(event.kind, kind)), None)
    if kind is Kind.UNLOCK and not locked(log.events, (low, high)):
        message = f"{low} and {high} are not locked"
        raise DecisionError(message)
    row = event_row(kind, (low, high), person, note=note, event_id=event_id, supersedes=before)
    if kind is Kind.UNLOCK:
        _keep_linked_apart(store, log, row, (low, high))
    if kind is Kind.MERGE:
        _refuse_linked(store, (low, high), "cannot be merged")
        if locked(log.events, (low, high)):
            message = f"{low} and {high} cannot be merged: the pair is locked"
            raise DecisionError(message, hint=f"if they are one: review dedupe unlock {low} {high}")
        # the new edge may push another person's merge aside, because edges join in the order of their ids
        before_it = set(log.clusters().held)
        held = [edge for edge in log.clusters([_placed(row, log)]).held if edge not in before_it]
        refusal = next((edge.why for edge in held if edge.rule is None), None)
        if refusal is not None:
            message = f"{low} and {high} cannot be merged: {refusal}"
            hint = "take that word back first: review dedupe log --people lists it, review dedupe undo EVENT undoes it"
            raise DecisionError(message, hint=hint)
    clusters = _append(store, log, row)
    return Done(row["event_id"], clusters.find(low), clusters.find(high))


def taken_id(event_id: str, words: str) -> DecisionError:
    """That an id of somebody's own names another deed already."""
    message = f"the id {event_id!r} is that of another deed: {words}"
    return DecisionError(message, hint="give this one an id of its own, or none")


def _words(event: DuplicateEvent) -> str:
    if event.pair is None:
        return f"undo of {event.undo_of}"
    return f"{event.kind} of {event.record_a} and {event.record_b}"


def _refuse_linked(store: Store, pair: tuple[str, str], what: str) -> None:
    """Raises DecisionError where people say that the two are linked, and so two."""
    now = tables.read_records_of(store, pair)
    ends = {now.get(one, one) for one in pair}
    for row in tables.read_links(store, min(ends)).to_dicts() if len(ends) > 1 else ():
        if {row["from_record_id"], row["to_record_id"]} == ends and row["who"] != tables.PUBMED:
            message = f"{pair[0]} and {pair[1]} {what}: {row['who']} linked them as {row['kind']}"
            raise DecisionError(message, hint=f"take the link back first: review dedupe unlink {row['link_id']}")


def _keep_linked_apart(store: Store, log: Log, row: dict[str, Any], pair: tuple[str, str]) -> None:
    """Raises DecisionError where *row* would take away what keeps two linked records apart."""
    kept = standing(log.events).apart.get(pair), standing([*log.events, _placed(row, log)]).apart.get(pair)
    if kept[0] is not None and kept[1] is None:
        _refuse_linked(store, pair, "are kept apart by their link")


def _append(store: Store, log: Log, row: dict[str, Any]) -> Clusters:
    clusters = log.clusters([_placed(row, log)])
    store.apply([Append("dedupe.duplicate_event", [row]), *tables.write_clusters(clusters, after=log.last_arrival)])
    return clusters


def _origin(log: Log, event: DuplicateEvent) -> DuplicateEvent:
    """The word on a pair that a chain of undos is about."""
    while event.pair is None:
        event = next(one for one in log.events if one.event_id == event.undo_of)
    return event


def _of_the_program(log: Log, event: DuplicateEvent) -> DecisionError:
    """That nobody undoes what the program withdrew or took back, and what to do instead."""
    merge = _origin(log, event)
    low, high = merge.record_a, merge.record_b
    if merge.event_id in live_events(log.events):
        message = f"event {event.event_id} is the program's own: it found {low} and {high} to be one again"
        return DecisionError(message, hint=f"if they are two: review dedupe undo {merge.event_id}")
    message = f"event {event.event_id} is the program's own: it no longer finds {low} and {high} to be one"
    return DecisionError(message, hint=f"if they are one all the same: review dedupe merge {low} {high}")


def _placed(row: dict[str, Any], log: Log) -> DuplicateEvent:
    """The row as an event that comes after all others."""
    return tables.to_event({**row, "arrival": log.next_arrival})


def _same_matter(one: Kind, other: Kind) -> bool:
    locks = (Kind.LOCK, Kind.UNLOCK)
    return (one in locks) == (other in locks)
