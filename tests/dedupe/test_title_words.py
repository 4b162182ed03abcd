"""A misspelling is not another word, and another word is not a misspelling."""

from __future__ import annotations

import polars as pl
import pytest

from review.dedupe.title_words import words_apart


@pytest.mark.parametrize(
    ("one", "other", "apart", "more"),
    [
        ("the left knee", "the right knee", True, 2),
        ("six month results", "twelve month results", True, 2),
        ("trial of saline", "trial without saline", True, 0),
        ("hypertension", "hypotension", True, 2),
        ("papers a", "papers b", True, 0),
        ("beta cells", "beth cells", True, 2),
        ("hip pain", "hips pain", False, 0),
        ("letter of smith to lee", "letter of lee to smith", True, 0),
        ("symptomatic knees", "asymptomatic knees", True, 2),
        ("6 month results", "six month results", False, 0),
        ("oedema of the centre", "edema of the center", False, 0),
        ("follow up of knees", "followup of knees", False, 0),
        ("effusions", "effusing", False, 0),
        ("invented knees", "invetned knees", False, 0),
        ("invented knees", "invented knees smith", False, 1),
        ("invented knees", "invented knees", False, 0),
        ("", "", False, 0),
    ],
)
def test_words_that_only_one_title_has(one: str, other: str, apart: bool, more: int) -> None:
    found = words_apart(pl.Series([one, other]), pl.Series([other, one]))
    assert found["apart"].to_list() == [apart, apart]
    if more or not apart:
        assert found.select(pl.sum_horizontal("words_a", "words_b")).to_series().to_list() == [more, more]


def test_no_pairs_have_no_words() -> None:
    none = pl.Series([], dtype=pl.String)
    assert words_apart(none, none).is_empty()
