"""Chooses the pairs of records that are worth comparing: those that share one of a few keys.

A key that many records share says little. Each of its records is compared with its neighbour only, in the order of
place: so the number of pairs grows with the number of records, not with its square.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

_ALL_PAIRS_UP_TO: Final = 60
_RARE_WORDS: Final = 4
_LONG_ENOUGH: Final = 12  # characters of a title without blanks; shorter ones are shared by too many
_ABSTRACT_ENOUGH: Final = 50


def candidate_pairs(records: pl.DataFrame) -> pl.DataFrame:
    """Rows (a < b) of `normalise.normalised` that share a key, each pair once and in order."""
    keys = pl.concat([*_keys(records), rare_word_pairs(records)])
    shared = keys.with_columns(size=pl.len().over("key")).filter(pl.col("size") > 1)
    small = shared.filter(pl.col("size") <= _ALL_PAIRS_UP_TO).select("row", "key")
    pairs = small.join(small, on="key", suffix="_b").filter(pl.col("row") < pl.col("row_b"))
    near = _neighbours(records, shared.filter(pl.col("size") > _ALL_PAIRS_UP_TO).select("row", "key"))
    both = pl.concat([pairs.select(a="row", b="row_b"), near])
    return both.unique().sort("a", "b")


def _keys(records: pl.DataFrame) -> Iterator[pl.DataFrame]:
    run, family = pl.col("title_run"), pl.col("first_family")
    first, last, volume, issue, year = (pl.col(name) for name in ("first_page", "last_page", "volume", "issue", "year"))
    long, named = run.str.len_chars() >= _LONG_ENOUGH, family != ""
    keys: tuple[tuple[list[pl.Expr], pl.Expr | None], ...] = (
        ([pl.col("pmid")], None),
        ([pl.col("doi")], None),
        ([run.str.slice(0, 30)], long),
        ([run.str.slice(-30)], long),
        ([year, volume, first], None),
        ([family, year, first], named),
        ([family, volume, first], named),
        ([family, year, run.str.slice(0, 8)], named & (run != "")),
        ([volume, first, last], None),
        ([volume, first, issue], None),
        ([volume, last], None),
        ([family, year, volume, issue], named),
        ([pl.col("abstract_start")], pl.col("abstract_start").str.len_chars() >= _ABSTRACT_ENOUGH),
    )
    for place, (fields, holds) in enumerate(keys):
        there = pl.all_horizontal(field.is_not_null() for field in fields)
        chosen = records.filter(there if holds is None else there & holds)
        text = pl.concat_str([field.cast(pl.String) for field in fields], separator="|")
        yield chosen.select("row", key=text.hash(seed=place))
    registry = records.select("row", "registry").explode("registry").drop_nulls()
    yield registry.select("row", key=pl.col("registry").hash(seed=len(keys)))


def rare_word_pairs(records: pl.DataFrame) -> pl.DataFrame:
    """For each title, two at a time of its rarest words that another title has too, as keys."""
    spoken = (
        records.select("row", word=pl.col("title").str.split(" ").list.unique())
        .explode("word")
        .filter(pl.col("word").str.len_chars() >= 3)
        .with_columns(count=pl.len().over("word"))
        .filter(pl.col("count") > 1)
        .sort("row", "count", "word")
        .with_columns(rank=pl.int_range(pl.len()).over("row"))
        .filter(pl.col("rank") < _RARE_WORDS)
        .select("row", "rank", word=pl.col("word").hash(seed=99))
    )
    two = spoken.join(spoken, on="row", suffix="_b").filter(pl.col("rank") < pl.col("rank_b"))
    low, high = pl.min_horizontal("word", "word_b"), pl.max_horizontal("word", "word_b")
    return two.select("row", key=pl.struct(low.alias("low"), high.alias("high")).hash(seed=100))


def _neighbours(records: pl.DataFrame, crowded: pl.DataFrame) -> pl.DataFrame:
    """The pairs of records that follow each other within a key, in the order of title, year and place."""
    order = records.select("row", "title", "year", "volume", "first_page")
    placed = crowded.join(order, on="row").sort("key", "title", "year", "volume", "first_page", "row")
    pairs = placed.select("row", after=pl.col("row").shift(-1).over("key")).drop_nulls()
    return pairs.select(a=pl.min_horizontal("row", "after"), b=pl.max_horizontal("row", "after"))
