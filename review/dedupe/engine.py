"""Deduplicates the source records. Each automatic merge is an event, and clusters are the replay of the whole log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from review.database import Replace, Store
from review.dedupe import store as tables
from review.dedupe.cluster import standing
from review.dedupe.deeds import event_row
from review.dedupe.log import read
from review.dedupe.match import Pair, match
from review.dedupe.waiting import unanswered
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


def deduplicate(store: Store, project: Project, *, who: str = PROGRAM) -> Deduplicated:
    """Merge what has one PMID or one DOI; a pair on which a person has spoken is left alone.

    The id of an automatic merge is a hash of its pair and rule, so a second run adds nothing. *who* is
    written on the events. Clusters are rebuilt from the whole log even when no merge is new.
    """
    log = read(store)
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
        queue=len(unanswered(log, clusters)),
    )


def rebuild(store: Store, more: Sequence[Mapping[str, Any]] = ()) -> Replace:
    """The step that writes dedupe.cluster anew, as if the rows *more* had arrived already."""
    log = read(store)
    known = {event.event_id for event in log.events}
    return tables.replace_clusters(log.clusters([tables.to_event(row) for row in more if row["event_id"] not in known]))


def _automatic(pair: Pair, who: str, now: datetime) -> dict[str, Any]:
    digest = hashlib.sha256(f"merge\0{pair.rule}\0{pair.a}\0{pair.b}".encode()).hexdigest()[:32]
    row = event_row(Kind.MERGE, (pair.a, pair.b), who, event_id=digest)
    return {
        **row,
        "rule": pair.rule,
        "automatic": True,
        "decided_at": now,
        "scores": json.dumps({pair.rule: 1}),
    }
