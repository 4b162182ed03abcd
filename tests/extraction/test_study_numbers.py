"""study.toml with a number or a depth that nothing can hold: one line that names the file, never a stack of them."""

from __future__ import annotations

import pytest

from review.appraisal import judgements
from review.database import LocalStore
from review.errors import ExtractionError
from review.extraction.load import load
from tests.extraction.conftest import Desk

STUDY = "test2020/study.toml"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("year = 99999999999999999999", "a whole number from 1900 to 2100"),
        ("year = 1066", "a whole number from 1900 to 2100"),
        ("n_randomised = 9223372036854775808", "a whole number from 1 to 1000000"),
        ("n_randomised = 0", "a whole number from 1 to 1000000"),
        ("follow_up_months = inf", "a number from 0 to 1200"),
        (f"randomised_until_month = {'9' * 400}", "a number from 0 to 1200"),
        (f"year = {'9' * 5000}", "too many digits"),
        (f"funding = {'[' * 5000}", "nested too deeply"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_number_out_of_bounds_is_named_with_its_file(desk: Desk, store: LocalStore, line: str, words: str) -> None:
    desk.edit(STUDY, "n_randomised = 40", line)
    with pytest.raises(ExtractionError) as refusal:
        load(store, desk.project)
    said = str(refusal.value)
    assert said.startswith("extracted/test2020/study.toml") and words in said
    assert "\n" not in said and len(said) < 500


def test_the_year_of_a_report_has_bounds_too(desk: Desk, store: LocalStore) -> None:
    desk.edit(STUDY, 'kind = "', 'year = 20200\nkind = "')
    with pytest.raises(ExtractionError, match="from 1900 to 2100"):
        load(store, desk.project)


def test_a_deeply_nested_judgement_is_named_with_its_file(desk: Desk, store: LocalStore) -> None:
    desk.write("test2020/r1/judgements.toml", f"x = {'[' * 5000}")
    with pytest.raises(ExtractionError, match=r"judgements\.toml: lists or tables are nested too deeply"):
        judgements.load(store, desk.project)
