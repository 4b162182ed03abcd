"""Finds duplicates among source records by what they print: normalise, block, measure, decide.

Pure arithmetic over a frame: no database, no clock, no order. The same records give the same pairs. The versions of one
entry (column entry_id) are each compared, and a pair is of two entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import polars as pl

from review.dedupe.block import candidate_pairs
from review.dedupe.cluster import TWO_WORKS, Clusters, DuplicateEvent, PairKey, cluster
from review.dedupe.evidence import evidence
from review.dedupe.match import RULES as IDENTIFIED
from review.dedupe.normalise import normalised
from review.dedupe.prepare import prepare
from review.dedupe.rules import (
    BY_RANK,
    Decided,
    best_versions,
    crowded_dois,
    decided,
    generic_titles,
    is_about_another,
    judged,
    related,
    shared_dois,
    two_works,
)
from review.terms import DuplicateEventKind


def compare(records: pl.DataFrame) -> Decided:
    """The pairs of *records* (columns of v1.source_record) that a rule merges, and those that a person is asked."""
    plain = _by_entry(records)
    said = _of_entries(plain, _said(plain, evidence(plain, _candidates(plain))))
    return _without_chains(records, said, decided(said))


def compare_related(records: pl.DataFrame) -> pl.DataFrame:
    """The pairs of *records* of which one is a notice, reply, protocol, preprint or meeting abstract of the other.

    Likely ones first. Columns of `Decided.ask`; from_id is the one that is the *kind* of the other.
    """
    plain = _by_entry(records)
    pairs, about = _candidates(plain), plain.select(is_about_another()).to_series()
    pairs = pairs.filter(about.gather(pairs["a"]) != about.gather(pairs["b"]))
    return related(_of_entries(plain, _said(plain, evidence(plain, pairs, every_pair=True))))


def compare_two(records: pl.DataFrame, a: str, b: str) -> pl.DataFrame:
    """`rules.judged` on the entries *a* and *b* (a < b) alone, candidates or not, among all *records*: one row."""
    plain = _by_entry(records)
    rows = [plain.filter(pl.col("entry") == entry)["row"].to_list() for entry in (a, b)]
    both = sorted(tuple(sorted((one, other))) for one in rows[0] for other in rows[1])
    pairs = pl.DataFrame(both, schema={"a": plain["row"].dtype, "b": plain["row"].dtype}, orient="row")
    return _of_entries(plain, _said(plain, evidence(plain, pairs, every_pair=True)))


def clusters(records: pl.DataFrame, found: Decided, people: Sequence[PairKey] = ()) -> Clusters:
    """The clusters that the merges of *found*, and those of *people* (pairs of ids, a < b), make of *records*."""
    return _clusters(records, found.merge.select("id_a", "id_b", "rule").rows(), people=people)


def questions(found: Decided, made: Clusters) -> pl.DataFrame:
    """What a person is asked, likely pairs first: merges that were held back, and one pair between any two records.

    Columns of `Decided.ask`, and the records record_a < record_b that the two entries lie in.
    """
    why = pl.DataFrame(
        [(edge.a, edge.b, edge.why) for edge in made.held if edge.rule is not None],
        schema={"id_a": pl.String, "id_b": pl.String, "why": pl.String},
        orient="row",
    )
    held = found.merge.drop("reasons").join(why, on=["id_a", "id_b"]).rename({"why": "reasons"})
    ask = pl.concat([held.select(found.ask.columns), found.ask]).sort(
        "rank", "id_a", "id_b", descending=[True, False, False]
    )
    return between_records(ask, made)


def between_records(pairs: pl.DataFrame, made: Clusters) -> pl.DataFrame:
    """The first of *pairs* between any two records, with these as record_a < record_b."""
    record = pl.DataFrame(
        {"id": list(made.record_of), "record": list(made.record_of.values())},
        schema={"id": pl.String, "record": pl.String},
    )
    for side in "ab":
        pairs = pairs.join(record, left_on=f"id_{side}", right_on="id", how="left", maintain_order="left")
        pairs = pairs.with_columns(pl.coalesce("record", f"id_{side}").alias(f"record_{side}")).drop("record")
    low, high = pl.min_horizontal("record_a", "record_b"), pl.max_horizontal("record_a", "record_b")
    between = pairs.with_columns(record_a=low, record_b=high).filter(low != high)
    return between.unique(["record_a", "record_b"], keep="first", maintain_order=True)


def _clusters(
    records: pl.DataFrame,
    merges: Sequence[tuple[str, str, str]],
    unlike: Mapping[PairKey, str] = MappingProxyType({}),
    people: Sequence[PairKey] = (),
) -> Clusters:
    events = [
        DuplicateEvent(f"{a} {b}", DuplicateEventKind.MERGE, a, b, rule, True, None, None, place)
        for place, (a, b, rule) in enumerate(merges)
    ]
    events += [
        DuplicateEvent(f"{a} {b} by a person", DuplicateEventKind.MERGE, a, b, None, False, None, None, place)
        for place, (a, b) in enumerate(people, start=len(merges))
    ]
    named = {one for event in events for one in event.pair or ()}
    return cluster(prepare(records, named), events, unlike)


def _without_chains(records: pl.DataFrame, said: pl.DataFrame, found: Decided) -> Decided:
    """*found*, where a record that prints little ties no two works together that the pairs of *said* tell apart.

    The weakest of the merges between them is asked. An identifier that one of the two shares speaks for it.
    """
    merges = found.merge.select("id_a", "id_b", "rule").rows()
    together = _connected(merges)
    known = {one for a, b, rule in merges if rule in IDENTIFIED for one in (a, b)}
    unlike = {
        (a, b): reason
        for a, b, reason in two_works(said).iter_rows()
        if a not in known and b not in known and together.get(a, a) == together.get(b, b)
    }
    if not unlike:
        return found
    concerned = {together[a] for a, _ in unlike}
    made = _clusters(records, [one for one in merges if together[one[0]] in concerned], unlike)
    held = [(edge.a, edge.b, edge.why) for edge in made.held if edge.why.startswith(TWO_WORKS)]
    why = pl.DataFrame(held, schema={"id_a": pl.String, "id_b": pl.String, "why": pl.String}, orient="row")
    asked = found.merge.drop("reasons").join(why, on=["id_a", "id_b"]).rename({"why": "reasons"})
    ask = pl.concat([found.ask, asked.select(found.ask.columns)]).sort(**BY_RANK)
    return Decided(found.merge.join(why, on=["id_a", "id_b"], how="anti", maintain_order="left"), ask)


def _connected(merges: Sequence[tuple[str, str, str]]) -> dict[str, str]:
    """One name for all that merges connect, whatever is said against it."""
    above: dict[str, str] = {}

    def root(one: str) -> str:
        while (over := above.setdefault(one, one)) != one:
            above[one] = above[over]
            one = above[over]
        return one

    for a, b, _ in merges:
        low, high = sorted((root(a), root(b)))
        above[high] = low
    return {one: root(one) for one in above}


def _by_entry(records: pl.DataFrame) -> pl.DataFrame:
    """`normalise.normalised`, with the entry that each row is a version of."""
    plain = normalised(records)
    if "entry_id" not in records.columns:
        return plain.with_columns(entry="id")
    entry = records.select(pl.col("source_record_id").alias("id"), pl.col("entry_id").alias("entry"))
    plain = plain.join(entry, on="id", how="left", maintain_order="left")
    return plain.with_columns(entry=pl.coalesce("entry", "id"))


def _candidates(plain: pl.DataFrame) -> pl.DataFrame:
    """`block.candidate_pairs`, without those of two versions of one entry."""
    pairs, entry = candidate_pairs(plain), plain["entry"]
    if entry.n_unique() == plain.height:
        return pairs
    return pairs.filter(entry.gather(pairs["a"]) != entry.gather(pairs["b"]))


def _said(plain: pl.DataFrame, measured: pl.DataFrame) -> pl.DataFrame:
    """`rules.judged` of measured pairs, with what only all records together tell."""
    generic, shared = generic_titles(plain)["title"].implode(), shared_dois(plain)["doi"].implode()
    return judged(
        measured.with_columns(
            generic=pl.col("title_a").is_in(generic) | pl.col("title_b").is_in(generic),
            doi_shared=pl.col("doi_a").is_in(shared),
            doi_crowded=pl.col("doi_a").is_in(crowded_dois(plain)["doi"].implode()),
        )
    )


def _of_entries(plain: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """Pairs of versions as pairs of entries, one row each."""
    entry = plain["entry"]
    if entry.n_unique() == plain.height:
        return said
    named = said.with_columns(entry.gather(said[side]).alias(f"entry_{side}") for side in "ab")
    low, high = pl.min_horizontal("entry_a", "entry_b"), pl.max_horizontal("entry_a", "entry_b")
    return best_versions(named.with_columns(id_a=low, id_b=high))
