"""The log of what was done to records, and the identifiers of those it names; and what a person's words name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import polars as pl

from review.database import Store
from review.dedupe import store as tables
from review.dedupe.cluster import Clusters, DuplicateEvent, cluster, live_events, standing
from review.dedupe.prepare import Prepared, prepare
from review.errors import UnknownId
from review.identifiers import normalise_doi, normalise_pmid
from review.terms import DuplicateEventKind as Kind


@dataclass(frozen=True)
class Log:
    """The events and all versions of the entries that they name; a word on any version stands as said of the entry."""

    records: list[Prepared]
    events: list[DuplicateEvent]

    @classmethod
    def of(cls, records: list[Prepared], events: Sequence[DuplicateEvent]) -> Log:
        return cls(records, _on_entries(records, events))

    def clusters(self, more: Sequence[DuplicateEvent] = ()) -> Clusters:
        return cluster(self.records, [*self.events, *_on_entries(self.records, more)])

    @property
    def last_arrival(self) -> int:
        return max((event.arrival for event in self.events), default=0)

    @property
    def next_arrival(self) -> int:
        return self.last_arrival + 1


def read(store: Store, also: Iterable[str] = ()) -> Log:
    """Every event, and the records that these and *also* name."""
    also = list(also)
    events = tables.read_duplicate_events(store)
    return Log.of(prepare(tables.read_named(store, also), [*named(events), *also]), events)


def named(events: Iterable[DuplicateEvent]) -> set[str]:
    """The source records that events name."""
    return {one for event in events if event.pair for one in event.pair}


def read_log(store: Store, *, people_only: bool = False) -> pl.DataFrame:
    """The log in order of arrival; `undone` says that an undo of the event holds."""
    rows = tables.read_log(store)
    live = live_events(tables.to_event(row) for row in rows.to_dicts())
    rows = rows.with_columns(undone=~pl.col("event_id").is_in(pl.Series(sorted(live), dtype=pl.String).implode()))
    order = ("arrival", "event_id", "kind", "record_a", "record_b", "rule", "who", "automatic", "undo_of", "undone")
    shown = rows.select(*order, "note", "decided_at", "scores")
    return shown.filter(~pl.col("automatic")) if people_only else shown


def entry_named(store: Store, key: str) -> str:
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
        raise UnknownId(message, hint='ids are listed by: review query "select record_id, title from v1.record"')
    message = f"{key!r} names {len(records)} records: {', '.join(records[:5])}"
    raise UnknownId(message, hint="give the source_record_id")


def about(events: Sequence[DuplicateEvent], pair: tuple[str, str]) -> tuple[DuplicateEvent, ...]:
    """The events on a pair, and the undos of them."""
    ids = {event.event_id for event in events if event.pair == pair}
    for event in sorted(events, key=lambda one: one.arrival):
        if event.undo_of in ids:
            ids.add(event.event_id)
    return tuple(event for event in events if event.event_id in ids)


def locked(events: Sequence[DuplicateEvent], pair: tuple[str, str]) -> bool:
    """Whether a lock holds on the pair."""
    word = standing(events).apart.get(pair)
    return word is not None and word.kind is Kind.LOCK


def _on_entries(records: Sequence[Prepared], events: Sequence[DuplicateEvent]) -> list[DuplicateEvent]:
    """*events* with each source record replaced by its entry."""
    entry = {record.source_record_id: record.entry for record in records}
    placed = []
    for event in events:
        if event.pair is not None:
            low, high = sorted(entry.get(one, one) for one in event.pair)
            if (low, high) != event.pair:
                event = replace(event, record_a=low, record_b=high)
        placed.append(event)
    return placed
