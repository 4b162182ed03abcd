"""Deduplicates the source records. Each automatic merge is an event, and clusters are the replay of the whole log.

What the program finds depends on the records alone. A merge that it no longer finds it takes back by an undo, and the
undo by another one when it finds the merge again; so after a run its merges that hold are those that it finds. The id
of each such event is a hash of what it says: the same records give the same ones on any machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from review.database import Replace, Store, Unchanged, again_when_overtaken
from review.dedupe import store as tables
from review.dedupe.cluster import Clusters, PairKey
from review.dedupe.compare import compare
from review.dedupe.deeds import event_row
from review.dedupe.log import Log, named, read
from review.dedupe.prepare import prepare
from review.dedupe.rules import Decided, scores_as_text
from review.dedupe.waiting import unanswered
from review.project import Project
from review.terms import DuplicateEventKind as Kind

PROGRAM = "program"


@dataclass(frozen=True)
class Deduplicated:
    """What one run did: counts of source records, records, new and withdrawn merges, and pairs that wait for a person.

    Versions of one entry are one source record. A merge makes two records one, so that the counts add up: the records
    before the run, less the new merges, and the withdrawn ones more, are those after it.
    """

    source_records: int
    records: int
    new_merges: int
    queue: int
    withdrawn: int = 0

    @property
    def removed(self) -> int:
        """How many duplicates went: source records less records, whoever merged them."""
        return self.source_records - self.records


@again_when_overtaken
def deduplicate(store: Store, project: Project, *, who: str = PROGRAM) -> Deduplicated:
    """Merge what a rule finds to be one record and no veto keeps apart; what people said goes before it.

    A second run adds nothing. *who* is written on the events. Clusters are rebuilt from the whole log even when no
    merge is new.
    """
    records = tables.read_records(store)
    found = compare(records)
    events = tables.read_duplicate_events(store)
    pairs = found.merge.select("id_a", "id_b")
    log = Log.of(prepare(records, {*named(events), *pairs["id_a"], *pairs["id_b"]}), events)
    rows = _changes(log, found, who)
    fresh = [tables.to_event(row) for row in rows]
    clusters = log.clusters(fresh)
    store.apply(
        [
            *tables.append_events({"dedupe.duplicate_event": rows}),
            *tables.write_clusters(clusters, after=log.last_arrival),
        ]
    )
    before, entries = log.clusters(), set(records["entry_id"].unique())
    was, now = _counted(entries, before), _counted(entries, clusters)
    common = len({(before.find(one), clusters.find(one)) for one in entries})
    return Deduplicated(
        source_records=len(entries),
        records=now,
        new_merges=common - now,
        queue=unanswered(found, log, clusters, tables.read_linked(store)).height,
        withdrawn=common - was,
    )


def rebuilt(store: Store, more: Sequence[Mapping[str, Any]] = ()) -> list[Replace | Unchanged]:
    """The steps that write the clusters anew, as if the rows *more* had arrived already."""
    new = [tables.to_event(row) for row in more]
    log = read(store, named(new))
    known = {event.event_id for event in log.events}
    clusters = log.clusters([event for event in new if event.event_id not in known])
    return tables.write_clusters(clusters, after=log.last_arrival)


def _changes(log: Log, found: Decided, who: str) -> list[dict[str, Any]]:
    """The events that are lacking for exactly the merges of *found* to hold, as far as the program is concerned."""
    wanted: dict[tuple[str | None, PairKey], str] = {
        (rule, (a, b)): scores
        for a, b, rule, scores in found.merge.select("id_a", "id_b", "rule", scores_as_text()).iter_rows()
    }
    withdrawal = {
        event.undo_of: event.event_id for event in log.events if event.automatic and event.undo_of is not None
    }
    now = datetime.now(UTC)
    rows = []
    for event in log.events:
        if not event.automatic or event.kind is not Kind.MERGE or event.pair is None:
            continue
        last, holds = event.event_id, True
        while last in withdrawal:
            last, holds = withdrawal[last], not holds
        is_found = (event.rule, event.pair) in wanted
        if is_found != holds:
            undo = event_row(Kind.UNDO, None, who, event_id=_digest("undo", last), undo_of=last)
            rows.append({**undo, "automatic": True, "decided_at": now})
    there = {(event.rule, event.pair) for event in log.events if event.automatic and event.kind is Kind.MERGE}
    for (rule, pair), scores in wanted.items():
        if (rule, pair) not in there:
            merge = event_row(Kind.MERGE, pair, who, event_id=_digest("merge", rule or "", *pair))
            rows.append({**merge, "rule": rule, "automatic": True, "decided_at": now, "scores": scores})
    return rows


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:32]


def _counted(entries: set[str], clusters: Clusters) -> int:
    """How many records the entries are."""
    joined = entries & clusters.record_of.keys()
    return len(entries) - len(joined) + len({clusters.find(one) for one in joined})
