"""The token rule: a value is found in print as papers print it, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.extraction.printed import figures, number_word, occurs

DECIMALS = st.decimals(min_value=0, max_value=9999, places=2).map(lambda number: f"{number.normalize():f}")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5.5, "5.5 (5, 6)"),
        (-2.7, "−2.7 [95% CI, −8.8 to 3.3]"),
        (3.3, "−2.7 [95% CI, −8.8 to 3.3]"),
        (-2.1, "(−2.1)"),
        (28, "15-28"),
        (13.2, "-7.09-13.20"),
        (-7.09, "-7.09-13.20"),
        (15.9, "58.4 +/- 15.9"),
        (2.08, "2,08 (1,5)"),
        (1.5, "2,08 (1,5)"),
        (1234, "1,234 patients"),
        (3, "(3,7)"),
        (7, "(3,7)"),
        (0.17, "P = .17"),
        (33, "Thirty-three"),
        (9, "nine (45%)"),
        (0, "No serious adverse events"),
        (0, "didn′t show"),
        (0.1, "0.10–1.75"),
        (-0.67, "− 0.03(− 0.67,0.60)"),
        (0.6, "− 0.03(− 0.67,0.60)"),
        (77.5, "(77.5%)"),
        (-0.69, "(SD)−0.69 (0.64)"),
    ],
)
def test_a_value_is_found_as_papers_print_it(value: float, text: str) -> None:
    assert occurs(value, text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5.5, "15.5"),
        (5, "5.5"),
        (5.5, "5.55"),
        (2.1, "(−2.1)"),
        (-13.6, "e13.6"),
        (2.1, "a change of −2.1 points"),
        (33, "thirty"),
        (12, "1.12"),
        (1, "none"),
        (4, ""),
    ],
)
def test_a_part_of_a_number_is_not_the_number(value: float, text: str) -> None:
    assert not occurs(value, text)


@given(DECIMALS)
def test_a_number_is_found_in_its_own_print(number: str) -> None:
    value = float(number)
    assert occurs(value, f"{number} ± 1")
    assert occurs(value, f"({number} to {number})")
    assert value == 0 or occurs(-value, f"(−{number})")
    assert value == 0 or not occurs(-value, f"({number})")


@given(DECIMALS, st.integers(min_value=1, max_value=9))
def test_a_digit_more_is_another_number(number: str, digit: int) -> None:
    longer = f"{number}{digit}" if "." in number else f"{number}.{digit}"
    assert not occurs(float(number), f"mean {longer} points")
    assert not occurs(float(number), f"mean {digit}{number} points") or float(f"{digit}{number}") == float(number)


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    occurs(1.5, text)


@given(st.integers(min_value=0, max_value=99))
def test_small_numbers_have_words(number: int) -> None:
    words = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
    if number >= 20 and number % 10 == 0:
        assert number_word(words[number // 10 - 2]) == number
    elif number > 20:
        assert number_word(f"{words[number // 10 - 2].title()}-three") == number - number % 10 + 3


def test_labels_are_no_figures() -> None:
    assert figures("VAS, 6 months | PRP x3 | 30.5 ± 12.25").strip() == "30.5 ± 12.25"
    assert figures("30.5 ± 12.25") == "30.5 ± 12.25"
