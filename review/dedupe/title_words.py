"""Tells which words two titles do not share, misspellings, spellings and small words apart.

A score of letters cannot tell a misspelling from another word: `injection in the left knee` and `injection in the right
knee` are 93 alike, and are two works.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA, Prefix

# they come and go between two databases, or stand for each other
_SMALL: Final = [
    "the", "an", "of", "in", "on", "at", "by", "for", "to", "from", "with", "and", "or", "as", "is", "are", "its", "vs",
    "versus", "v", "plus", "their", "after", "during", "using", "de", "la", "le", "les", "des", "du", "et", "en", "el",
    "los", "las", "del", "y", "der", "die", "das", "und", "von", "mit", "bei", "im", "zur", "di", "della", "dei", "il",
    "e", "o", "abstract", "no", "number",
]  # fmt: skip
_NUMBERS: Final = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12",
}  # fmt: skip
# near in letters, opposite in sense; where the first letters differ the words are two anyway
_OPPOSED: Final = r"^(hyper|hypo|inter|intra|macro|micro|ab|ad|maxi|mini)"
_NOT: Final = ("not", "non", "never", "without")
_CUT: Final = 4  # letters from which a word may be the beginning of the other
_STEM, _ENDING = 5, 4  # effusions and effusing


def words_apart(one: pl.Series, other: pl.Series) -> pl.DataFrame:
    """For two columns of plain titles: how many words only the one side has (words_a, words_b), and apart.

    apart is true where each side has a word that the other lacks, a letter for a letter, one side a "not", or where the
    same words stand in another order, as two names do that change places.
    """
    pairs = pl.DataFrame({"a": one, "b": other}).with_row_index("pair")
    told = pairs.select("pair", words_a=pl.lit(0), words_b=pl.lit(0), apart=pl.lit(value=False))
    open_ = pairs.filter(pl.col("a") != pl.col("b"))
    if open_.is_empty():
        return told.drop("pair")
    there = open_.with_columns(_word_list(side).alias(side) for side in "ab")
    there = there.with_columns(
        only_a=pl.col("a").list.set_difference("b"),
        only_b=pl.col("b").list.set_difference("a"),
        last_a=pl.col("a").list.last(),
        last_b=pl.col("b").list.last(),
    )
    # `follow up` and `followup`
    run_together = pl.col("only_a").list.join("") == pl.col("only_b").list.join("")
    there = there.filter(~run_together | _moved())
    sides = {side: _words_of(there, side) for side in "ab"}
    near = _near(sides["a"].join(sides["b"], on="pair", suffix="_b"))
    counts = there.select("pair", _letters(), negated=_negated(), moved=_moved())
    for side, column in (("a", "word"), ("b", "word_b")):
        matched = near.select("pair", word=column).unique()
        left = sides[side].join(matched, on=["pair", "word"], how="anti")
        counts = counts.join(left.group_by("pair").agg(pl.len().alias(f"words_{side}")), on="pair", how="left")
    counts = counts.with_columns(pl.col("words_a", "words_b").fill_null(0).cast(pl.Int32))
    both = (pl.col("words_a") > 0) & (pl.col("words_b") > 0)
    counts = counts.select("pair", "words_a", "words_b", apart=both | pl.any_horizontal("letters", "negated", "moved"))
    return told.update(counts, on="pair").sort("pair").drop("pair")


def _word_list(side: str) -> pl.Expr:
    """The words of a title, `ae` and `oe` as `e`, numbers in digits."""
    text = pl.col(side).str.replace_all(r"([ao])e", "e")
    return text.str.split(" ").list.eval(pl.element().replace(_NUMBERS))


def _words_of(there: pl.DataFrame, side: str) -> pl.DataFrame:
    """One row for each word that counts and only *side* has."""
    words = there.select("pair", word=pl.col(f"only_{side}")).explode("word").drop_nulls()
    counts = ~pl.col("word").is_in(_SMALL) & ((pl.col("word").str.len_chars() > 1) | _is_number("word"))
    return words.filter(counts).unique(maintain_order=True)


def _near(couples: pl.DataFrame) -> pl.DataFrame:
    """The couples of words that one spelling, ending or misspelling parts."""
    one, other = pl.col("word"), pl.col("word_b")
    couples = couples.filter(one.str.head(1) == other.str.head(1))
    columns = couples["word"].to_list(), couples["word_b"].to_list()
    options: dict[str, Any] = {"dtype": np.int32}
    shortest = pl.min_horizontal(one.str.len_chars(), other.str.len_chars())
    longest = pl.max_horizontal(one.str.len_chars(), other.str.len_chars())
    couples = couples.with_columns(
        edits=pl.Series(process.cpdist(*columns, scorer=OSA.distance, **options), dtype=pl.Int32),
        common=pl.Series(process.cpdist(*columns, scorer=Prefix.similarity, **options), dtype=pl.Int32),
    )
    # of four letters or fewer one makes another word: beta and beth; an ending is told below
    misspelt = ((pl.col("edits") <= 1) & (shortest > _CUT)) | ((pl.col("edits") <= 2) & (shortest >= 7))
    cut = (pl.col("common") == shortest) & ((shortest >= _CUT) | (longest == shortest + 1))
    ending = (pl.col("common") >= _STEM) & (longest - pl.col("common") <= _ENDING)
    heads = one.str.extract(_OPPOSED), other.str.extract(_OPPOSED)
    rests = one.str.replace(_OPPOSED, "") == other.str.replace(_OPPOSED, "")
    opposed = (heads[0] != heads[1]).fill_null(value=False) & rests
    coded = one.str.contains(r"\d") & other.str.contains(r"\d") & (pl.col("common") >= 2) & ~_is_number("word")
    return couples.filter((misspelt | cut | ending | coded) & ~opposed & ~_is_number("word"))


def _is_number(column: str) -> pl.Expr:
    return pl.col(column).str.contains(r"^\d+$")


def _moved() -> pl.Expr:
    """The same words, each as often, in another order."""
    return (pl.col("a").list.sort() == pl.col("b").list.sort()) & (pl.col("a") != pl.col("b"))


def _letters() -> pl.Expr:
    """Hepatitis B and hepatitis C; papers A and papers B."""
    single = [pl.col(f"only_{side}").list.eval(pl.element().str.contains(r"^\p{L}$")).list.any() for side in "ab"]
    lasts = pl.col("last_a").str.contains(r"^\p{L}$") & pl.col("last_b").str.contains(r"^\p{L}$")
    differ = lasts & (pl.col("last_a") != pl.col("last_b"))
    return ((single[0] & single[1]) | differ).fill_null(value=False).alias("letters")


def _negated() -> pl.Expr:
    said = [pl.col(f"only_{side}").list.eval(pl.element().is_in(_NOT)).list.any() for side in "ab"]
    return (said[0] | said[1]).fill_null(value=False)
