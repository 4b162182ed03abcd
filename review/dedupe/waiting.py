"""The pairs that wait for a person: nearly one record, and something speaks against it; or related and not one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from review.database import Store
from review.dedupe import store as tables
from review.dedupe.cluster import Clusters, PairKey, standing
from review.dedupe.compare import between_records, compare, compare_related, questions
from review.dedupe.log import Log, read
from review.dedupe.rules import Decided, scores_as_text
from review.terms import LinkKind

_TYPES = {"retract": LinkKind.RETRACTION_OF, "errat": LinkKind.ERRATUM_OF, "comment": LinkKind.REPLY_TO}


def waiting_pairs(store: Store) -> pl.DataFrame:
    """The pairs on which nobody has spoken, likely ones first, one row for each two records.

    Columns: record_a, record_b, rule (that merges or proposes), against, suggested (a kind of link, or null),
    suggested_from (the side that is the erratum, preprint ...), rank, then title, pmid and doi of both, scores (JSON).
    """
    log = read(store)
    asked = unanswered(compare(tables.read_records(store)), log, log.clusters(), tables.read_linked(store))
    rows = _told(asked, tables.read_details(store, [*asked["id_a"], *asked["id_b"]]))
    return rows.select(
        pl.col("id_a").alias("record_a"),
        pl.col("id_b").alias("record_b"),
        "rule",
        pl.col("reasons").alias("against"),
        pl.col("kind").alias("suggested"),
        pl.when(pl.col("kind").is_not_null()).then("from_id").alias("suggested_from"),
        pl.col("rank").cast(pl.Float64).round(1),
        *(f"{name}_{side}" for name in ("title", "pmid", "doi") for side in "ab"),
        scores_as_text(),
    )


def linkable(store: Store) -> pl.DataFrame:
    """Pairs of which one is a notice, reply, protocol, preprint or meeting abstract of the other, likely ones first.

    Columns: record_a (which is the *kind* of) record_b, kind (null where the text does not tell), reasons, title_a,
    title_b. Not those on which somebody has spoken or which are linked, and one row for each two records.
    """
    log = read(store)
    clusters = log.clusters()
    pairs = between_records(compare_related(tables.read_records(store)), clusters)
    left = _unspoken(pairs, log, clusters, tables.read_linked(store))
    rows = _told(left, tables.read_details(store, [*left["id_a"], *left["id_b"]]))
    ahead = pl.col("from_id") == pl.col("id_a")
    side = {"a": pl.when(ahead), "b": pl.when(~ahead)}
    return rows.select(
        *(side[one].then("id_a").otherwise("id_b").alias(f"record_{one}") for one in "ab"),
        "kind",
        "reasons",
        *(side[one].then("title_a").otherwise("title_b").alias(f"title_{one}") for one in "ab"),
    )


def unanswered(found: Decided, log: Log, clusters: Clusters, linked: Iterable[PairKey]) -> pl.DataFrame:
    """`compare.questions`, without those between two records on which somebody has spoken or that are linked."""
    return _unspoken(questions(found, clusters), log, clusters, linked)


def _unspoken(pairs: pl.DataFrame, log: Log, clusters: Clusters, linked: Iterable[PairKey]) -> pl.DataFrame:
    answered = {clusters.sides(*pair) for pair in (*standing(log.events).spoken, *linked)}
    sides = pl.DataFrame(sorted(answered), schema={"record_a": pl.String, "record_b": pl.String}, orient="row")
    return pairs.join(sides, on=["record_a", "record_b"], how="anti", maintain_order="left")


def _told(pairs: pl.DataFrame, details: Mapping[str, Mapping[str, Any]]) -> pl.DataFrame:
    """*pairs* with title, PMID and DOI of both sides; the kind of a notice by its type where its title is silent."""
    kinds = [
        kind or _kind_by_type(details[one]) if one is not None else None
        for kind, one in pairs.select("kind", "from_id").iter_rows()
    ]
    sides = [
        pl.Series(f"{name}_{side}", [details[one][name] for one in pairs[f"id_{side}"]], dtype=pl.String)
        for name in ("title", "pmid", "doi")
        for side in "ab"
    ]
    return pairs.with_columns(pl.Series("kind", kinds, dtype=pl.String), *sides)


def _kind_by_type(record: Mapping[str, Any]) -> str | None:
    types = " ".join(record["publication_types"] or ()).lower()
    return next((kind.value for word, kind in _TYPES.items() if word in types), None)
