"""The pairs that wait for a person: a rule proposes them and something speaks against it."""

from __future__ import annotations

import polars as pl

from review.database import Store
from review.dedupe import store as tables
from review.dedupe.cluster import Clusters, standing
from review.dedupe.log import Log, read
from review.dedupe.match import Pair, match


def waiting_pairs(store: Store) -> pl.DataFrame:
    """Unanswered pairs that a rule proposes and something speaks against, one row for each two records."""
    log = read(store)
    clusters = log.clusters()
    waiting = unanswered(log, clusters)
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


def unanswered(log: Log, clusters: Clusters) -> list[Pair]:
    """The pairs, one between any two records, on which nobody has spoken."""
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
