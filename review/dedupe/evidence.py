"""Measures how far two records agree, field by field: 1 agree, 0 not known on both sides, -1 conflict; scores 0-100.

In stages: what no rule and no queue could take is left out before it is measured, then what is exact, the title,
authors and journal of pairs that can still be one. A score that was not needed is null, and no rule holds on a null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process

from review.dedupe.title_words import words_apart

_SIDES: Final = (
    "id", "title", "title_run", "numbers", "part", "year", "volume", "issue", "first_page", "last_page", "doi", "pmid",
    "registry", "families", "first_family", "authors", "author_words", "journal", "journal_initials", "notice",
    "ahead", "protocol", "preprint", "meeting", "chapter", "conference", "population",
    "notice_head", "notice_kind", "version", "report", "title_rest", "entry_of_trial",
)  # fmt: skip

# below these no rule and no queue can take a pair, whatever else agrees
_TITLE_ALIKE: Final = 70
_TITLE_AT_ONE_PLACE: Final = 50
# a little below the least that a rule or a question asks of titles where nothing else vouches for the pair
_TITLE_WITHOUT_PLACE: Final = 92.9
_SPARE_LENGTH: Final = 1 - _TITLE_WITHOUT_PLACE / 100  # of both titles: a greater difference alone brings them below
_AT_ONCE: Final = 500_000
_SMALL_WORDS: Final = frozenset(
    [
        "of",
        "the",
        "and",
        "de",
        "la",
        "le",
        "les",
        "d",
        "et",
        "in",
        "for",
        "der",
        "die",
        "das",
        "und",
        "di",
        "del",
        "della",
        "e",
        "y",
    ]
)

_SERIES: Final = frozenset(["proceedings", "proc", "on"])

_MAY_BE_ONE: Final = (
    (pl.col("title_score") >= _TITLE_ALIKE)
    | (pl.col("title_part") >= _TITLE_ALIKE)
    | (pl.col("same_place") & (pl.col("title_set") >= _TITLE_AT_ONE_PLACE))
    | ((pl.col("volume_agrees") == 1) & (pl.col("title_set") >= _TITLE_WITHOUT_PLACE))
    | (pl.col("doi_agrees") == 1)
    | (pl.col("pmid_agrees") == 1)
)

Scorer = Callable[..., float]


def evidence(records: pl.DataFrame, pairs: pl.DataFrame, *, every_pair: bool = False) -> pl.DataFrame:
    """One row for each pair that may still be one record, or for *every_pair*: both sides, agreements and scores.

    A slice of the pairs at a time, so that memory follows the records and not the pairs.
    """
    looked_at = _looked_at_first(records)
    found = []
    for part in pairs.iter_slices(_AT_ONCE) if pairs.height else [pairs]:
        wanted = part if every_pair else _worth_measuring(looked_at, part)
        titled = _title_scores(_agreements(_both_sides(records, wanted)))
        scored = _journal_scores(_author_scores(titled if every_pair else titled.filter(_MAY_BE_ONE)))
        found.append(pl.concat([scored, words_apart(scored["title_a"], scored["title_b"])], how="horizontal"))
    return pl.concat(found)


def _looked_at_first(records: pl.DataFrame) -> pl.DataFrame:
    place = ("volume", "first_page", "last_page", "ahead", "doi", "pmid", "title")
    in_order = pl.col("title").str.split(" ").list.sort().list.join(" ")
    return records.select(*place, length=pl.col("title").str.len_chars().cast(pl.Int32), in_order=in_order)


def _worth_measuring(records: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs that share an identifier or a place, and those with titles as much alike as rules without them ask.

    Most candidates share a key by chance; their titles are compared no further than the first sign of that.
    """
    sides = {side: pairs[side] for side in "ab"}
    fields = [name for name in records.columns if name not in ("title", "in_order")]
    both = pl.DataFrame([records[name].gather(sides[side]).alias(f"{name}_{side}") for name in fields for side in "ab"])
    one_id = (agrees("doi") == 1) | (agrees("pmid") == 1)
    near = (pl.col("length_a") - pl.col("length_b")).abs() <= _SPARE_LENGTH * (pl.col("length_a") + pl.col("length_b"))
    one_place = (agrees("volume") == 1) & (page_agrees() >= 0)
    told = both.select(known=one_id | one_place, near=near)
    wanted = told["known"].to_numpy().copy()
    for field in ("title", "in_order"):
        open_ = pl.Series(told["near"].to_numpy() & ~wanted).arg_true()
        texts = (records[field].gather(sides[side].gather(open_)).to_list() for side in "ab")
        found = process.cpdist(*texts, scorer=fuzz.ratio, dtype=np.float32, score_cutoff=_TITLE_WITHOUT_PLACE)
        wanted[open_.to_numpy()] = found >= _TITLE_WITHOUT_PLACE
    return pairs.filter(pl.Series(wanted, dtype=pl.Boolean))


def _both_sides(records: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    sides = [
        records.select(pl.col(name).gather(pairs[side]).alias(f"{name}_{side}") for name in _SIDES) for side in "ab"
    ]
    return pl.concat([pairs, *sides], how="horizontal")


def agrees(field: str) -> pl.Expr:
    """1 where both sides give *field* alike, -1 where unlike, 0 where one side is silent."""
    one, other = pl.col(f"{field}_a"), pl.col(f"{field}_b")
    return pl.when(one.is_null() | other.is_null()).then(0).when(one == other).then(1).otherwise(-1).cast(pl.Int8)


def page_agrees() -> pl.Expr:
    """Whether the pages agree: the first ones, else a single page with the other's last one.

    A spreadsheet keeps the end of "S417-S429" only as "29": there the last page counts, by its end.
    """
    first = {side: pl.col(f"first_page_{side}") for side in "ab"}
    last = {side: pl.coalesce(f"last_page_{side}", f"first_page_{side}") for side in "ab"}
    bare = {side: last[side].str.strip_chars_start("abcdefghijklmnopqrstuvwxyz") for side in "ab"}
    half = first["a"].is_null() | first["b"].is_null()
    single = pl.col("last_page_a").is_null() | pl.col("last_page_b").is_null()
    ends = bare["a"].str.ends_with(bare["b"]) | bare["b"].str.ends_with(bare["a"])
    return (
        pl.when(last["a"].is_null() | last["b"].is_null())
        .then(0)
        .when((pl.col("ahead_a") | pl.col("ahead_b")) & ((first["a"] != first["b"]) | (last["a"] != last["b"])))
        .then(0)
        .when(half)
        .then(pl.when(ends).then(1).otherwise(-1))
        .when((first["a"] == first["b"]) | (single & (last["a"] == last["b"])))
        .then(1)
        .otherwise(-1)
        .cast(pl.Int8)
    )


def registry_agrees() -> pl.Expr:
    """Whether two records name one trial: a number in common, or two of one registry and none in common.

    A trial is often in several registries: an NCT number on one side and an ISRCTN on the other say nothing.
    """
    one, other = pl.col("registry_a"), pl.col("registry_b")
    kinds = [side.list.eval(pl.element().str.extract(r"^([A-Z]+)", 1).fill_null("number")) for side in (one, other)]
    return (
        pl.when(one.list.set_intersection(other).list.len() > 0)
        .then(1)
        .when(kinds[0].list.set_intersection(kinds[1]).list.len() > 0)
        .then(-1)
        .otherwise(0)
        .cast(pl.Int8)
    )


def _agreements(pairs: pl.DataFrame) -> pl.DataFrame:
    exact = ("volume", "issue", "doi", "pmid")
    found = pairs.with_columns(
        *(agrees(name).alias(f"{name}_agrees") for name in exact),
        last_page_agrees=pl.when(pl.col("ahead_a") | pl.col("ahead_b")).then(0).otherwise(agrees("last_page")),
        page_agrees=page_agrees(),
        registry_agrees=registry_agrees(),
        years_apart=(pl.col("year_a") - pl.col("year_b")).abs(),
        numbers_differ=(pl.col("numbers_a") != pl.col("numbers_b"))
        & (pl.col("numbers_a") != "")
        & (pl.col("numbers_b") != ""),
        title_length=pl.min_horizontal(pl.col("title_run_a").str.len_chars(), pl.col("title_run_b").str.len_chars()),
    )
    return found.with_columns(same_place=(pl.col("volume_agrees") == 1) & (pl.col("page_agrees") == 1))


def _title_scores(pairs: pl.DataFrame) -> pl.DataFrame:
    """Scores of the titles: letter by letter for all pairs, by words and parts where that or the place lets hope."""
    pairs = _scored(pairs, None, {"title_ratio": (fuzz.ratio, "title")})
    hope = (pl.col("title_ratio") >= 40) | pl.col("same_place") | (pl.col("doi_agrees") == 1)
    more = {
        "title_sort": (fuzz.token_sort_ratio, "title"),
        "title_set": (fuzz.token_set_ratio, "title"),
        "title_part": (fuzz.partial_ratio, "title"),
    }
    pairs = _scored(pairs, hope, more)
    return pairs.with_columns(title_score=pl.max_horizontal("title_ratio", "title_sort"))


def _author_scores(pairs: pl.DataFrame) -> pl.DataFrame:
    """The best agreement of the authors, by family names in any order or by any parts of names; null where unknown."""
    known = (pl.col("authors_a") > 0) & (pl.col("authors_b") > 0)
    scored = _scored(
        pairs,
        known,
        {"_families": (fuzz.token_sort_ratio, "families"), "_some": (fuzz.token_set_ratio, "families")},
    )
    scored = _scored(scored, known & (pl.col("_some") < 95), {"_words": (fuzz.token_set_ratio, "author_words")})
    return scored.with_columns(authors_score=pl.max_horizontal("_families", "_some", "_words")).drop(
        "_families", "_some", "_words"
    )


def _journal_scores(pairs: pl.DataFrame) -> pl.DataFrame:
    """How alike the journals are: by name, by initials, or as an abbreviation of one another; null where unknown."""
    known = (pl.col("journal_a") != "") & (pl.col("journal_b") != "")
    names = {"_name": (fuzz.token_set_ratio, "journal"), "_initials": (fuzz.ratio, "journal_initials")}
    scored = _scored(pairs, known, names)
    open_ = scored["journal_a"].to_list(), scored["journal_b"].to_list()
    best = scored.select(pl.max_horizontal("_name", "_initials")).to_series().to_list()
    short = [
        None if score is None else 100.0 if score < 80 and (abbreviates(one, other) or acronym(one, other)) else score
        for score, one, other in zip(best, *open_, strict=True)
    ]
    return scored.with_columns(journal_score=pl.Series(short, dtype=pl.Float32)).drop("_name", "_initials")


def abbreviates(one: str, other: str) -> bool:
    """Whether two plain journal names agree word by word, each word or its beginning; small words do not count."""
    here, there = ([word for word in name.split() if word not in _SMALL_WORDS] for name in (one, other))
    if not here or len(here) != len(there):
        return False
    return all(a.startswith(b) or b.startswith(a) for a, b in zip(here, there, strict=True))


def acronym(one: str, other: str) -> bool:
    """Whether a word of one name is made of the beginnings of all words of the other one, as AMCIS is.

    Of four letters or more; small words, years and "proceedings" do not count.
    """
    here, there = (
        [word for word in name.split() if word not in _SMALL_WORDS and word not in _SERIES and not word.isdigit()]
        for name in (one, other)
    )
    if len(here) == len(there) or 1 not in (len(here), len(there)):
        return False
    (short,), names = (here, there) if len(here) == 1 else (there, here)
    if not 4 <= len(short) <= 8 or not 3 <= len(names) <= len(short):
        return False
    return re.fullmatch("".join(_beginning(word) for word in names), short) is not None


def _beginning(word: str) -> str:
    """A pattern of the first one to three letters of a word."""
    first, *more = (re.escape(sign) for sign in word[:3])
    return first + "".join(f"(?:{sign}" for sign in more) + ")?" * len(more)


def _scored(pairs: pl.DataFrame, where: pl.Expr | None, scores: Mapping[str, tuple[Scorer, str]]) -> pl.DataFrame:
    """*pairs* with a score column for each of *scores*, null outside *where*; equal texts are 100 unasked."""
    for name, (scorer, field) in scores.items():
        one, other = pairs[f"{field}_a"], pairs[f"{field}_b"]
        wanted = pairs.select(pl.lit(True) if where is None else where.fill_null(value=False)).to_series()
        if wanted.len() != pairs.height:  # a literal alone makes one row
            wanted = pl.Series([True]).new_from_index(0, pairs.height)
        equal = one == other
        asked = (wanted & ~equal).arg_true()
        column = np.full(pairs.height, np.nan, dtype=np.float32)
        column[(wanted & equal).to_numpy()] = 100.0
        column[asked.to_numpy()] = process.cpdist(
            one.gather(asked).to_list(), other.gather(asked).to_list(), scorer=scorer, dtype=np.float32
        )
        pairs = pairs.with_columns(pl.Series(name, column, nan_to_null=True))
    return pairs
