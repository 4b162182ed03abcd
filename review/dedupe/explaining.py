"""Why two records are, or are not, one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from review.database import Store
from review.dedupe import store as tables
from review.dedupe.cluster import DuplicateEvent
from review.dedupe.log import about, entry_named, read
from review.dedupe.match import Vetoes, rule_for
from review.project import Project


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


def explain(store: Store, project: Project, a: str, b: str) -> Explanation:
    """Rule, identifiers, vetoes and events behind a pair."""
    log = read(store)
    low, high = sorted((entry_named(store, a), entry_named(store, b)))
    details = tables.read_details(store, [low, high])
    clusters = log.clusters()
    return Explanation(
        a=details[low],
        b=details[high],
        together=clusters.find(low) == clusters.find(high),
        rule=rule_for(log.records, low, high),
        vetoes=Vetoes(log.records).against(low, high),
        held=tuple(edge.why for edge in clusters.held if (edge.a, edge.b) == (low, high)),
        events=about(log.events, (low, high)),
    )
