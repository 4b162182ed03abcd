"""Finds duplicates among source records by what they print: normalise, block, measure, decide.

Pure arithmetic over a frame: no database, no clock, no order. The same records give the same pairs.
"""

from __future__ import annotations

import polars as pl

from review.dedupe.block import candidate_pairs
from review.dedupe.cluster import Clusters, DuplicateEvent, cluster
from review.dedupe.evidence import evidence
from review.dedupe.normalise import normalised
from review.dedupe.prepare import prepare
from review.dedupe.rules import Decided, decided, generic_titles
from review.terms import DuplicateEventKind


def compare(records: pl.DataFrame) -> Decided:
    """The pairs of *records* (columns of v1.source_record) that a rule merges, and those that a person is asked."""
    plain = normalised(records)
    pairs = evidence(plain, candidate_pairs(plain))
    generic = generic_titles(plain)["title"].implode()
    marked = pairs.with_columns(generic=pl.col("title_a").is_in(generic) | pl.col("title_b").is_in(generic))
    return decided(marked)


def clusters(records: pl.DataFrame, found: Decided) -> Clusters:
    """The clusters that the merges of *found* make of *records*, before any person has spoken."""
    looked_at = ("source_record_id", "pmid", "doi", "registry_ids", "publication_types", "title", "year", "authors")
    there = [name for name in looked_at if name in records.columns]
    rows = records.select(there).with_columns(pl.lit(None).alias(name) for name in looked_at if name not in there)
    merges = found.merge.select("id_a", "id_b", "rule").iter_rows()
    events = [
        DuplicateEvent(f"{a} {b}", DuplicateEventKind.MERGE, a, b, rule, True, None, None, place)
        for place, (a, b, rule) in enumerate(merges)
    ]
    return cluster(prepare(rows.to_dicts()), events)


def questions(found: Decided, made: Clusters) -> pl.DataFrame:
    """What a person is asked, likely pairs first: merges that were held back, and one pair between any two records."""
    why = pl.DataFrame(
        [(edge.a, edge.b, edge.why) for edge in made.held],
        schema={"id_a": pl.String, "id_b": pl.String, "why": pl.String},
        orient="row",
    )
    held = found.merge.drop("reasons").join(why, on=["id_a", "id_b"]).rename({"why": "reasons"})
    ask = pl.concat([held.select(found.ask.columns), found.ask]).sort(
        "rank", "id_a", "id_b", descending=[True, False, False]
    )
    record = pl.DataFrame(list(made.record_of.items()), schema={"id": pl.String, "record": pl.String}, orient="row")
    for side in "ab":
        ask = ask.join(record, left_on=f"id_{side}", right_on="id", how="left", maintain_order="left")
        ask = ask.with_columns(pl.coalesce("record", f"id_{side}").alias(f"record_{side}")).drop("record")
    low, high = pl.min_horizontal("record_a", "record_b"), pl.max_horizontal("record_a", "record_b")
    between = ask.with_columns(record_a=low, record_b=high).filter(low != high)
    return between.unique(["record_a", "record_b"], keep="first", maintain_order=True)
