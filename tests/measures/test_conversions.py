"""Conversions: each against its source's example, against the forward direction, and with bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.errors import SynthesisError
from review.measures import conversions
from review.measures.formulas import FORMULAS, MeanSd


def test_sd_from_se() -> None:
    assert conversions.sd_from_se(0.5, n=16).value == 2.0


def test_sd_from_the_interval_of_a_mean_goes_back_and_forth() -> None:
    from review.measures.intervals import interval

    low, high = interval(20.0, 6.0 / math.sqrt(25), df=24)
    assert conversions.sd_from_ci(low, high, n=25).value == pytest.approx(6.0, abs=1e-12)


def test_standard_error_of_a_difference_from_its_interval_and_from_its_p() -> None:
    from review.measures.intervals import interval, p_value

    low, high = interval(-3.0, 1.25, df=40)
    assert conversions.se_from_ci(low, high, df=40).value == pytest.approx(1.25, abs=1e-12)
    p = p_value(-3.0, 1.25, df=40)
    assert conversions.se_from_p(-3.0, p=p, n_a=21, n_b=21).value == pytest.approx(1.25, abs=1e-9)


def test_a_bound_on_p_is_marked() -> None:
    assert "bound" in conversions.se_from_p(-3.0, p=0.05, n_a=21, n_b=21, exact=False).assumption


def test_sd_of_both_arms_from_the_se_of_their_difference() -> None:
    se = 7 * math.sqrt(1 / 20 + 1 / 30)
    assert conversions.sd_from_se_of_difference(se, n_a=20, n_b=30).value == pytest.approx(7.0, abs=1e-12)


def test_two_arms_made_one_equal_the_joined_sample() -> None:
    one, other = np.array([1.0, 4.0, 7.5, 2.0]), np.array([3.0, 9.0, 8.0])
    joined = np.concatenate((one, other))
    made = conversions.combine_arms(
        MeanSd(4, float(one.mean()), float(one.std(ddof=1))),
        MeanSd(3, float(other.mean()), float(other.std(ddof=1))),
    )
    assert made.n == 7
    assert made.mean == pytest.approx(float(joined.mean()), abs=1e-12)
    assert made.sd == pytest.approx(float(joined.std(ddof=1)), abs=1e-12)


@given(st.permutations([MeanSd(8, 50.8, 7.29), MeanSd(8, 55.0, 5.15), MeanSd(4, 43.8, 7.41)]))
def test_the_order_of_several_arms_does_not_matter(arms: list[MeanSd]) -> None:
    made = conversions.combine_arms(conversions.combine_arms(arms[0], arms[1]), arms[2])
    mean = sum(arm.n * arm.mean for arm in arms) / 20
    squares = sum((arm.n - 1) * arm.sd**2 + arm.n * (arm.mean - mean) ** 2 for arm in arms)
    assert (made.n, made.mean, made.sd) == pytest.approx((20, mean, math.sqrt(squares / 19)), abs=1e-12)


def test_quartiles_by_luo_and_wan() -> None:
    made = conversions.mean_sd_from_quartiles(q1=8, median=13.5, q3=33, n=10)
    assert (made.mean, made.sd) == pytest.approx((18.67, 21.50), abs=5e-3)
    assert not made.skewed


def test_a_skewed_median_is_marked() -> None:
    assert conversions.mean_sd_from_quartiles(q1=4.0, median=4.1, q3=24.0, n=24).skewed


def test_range_and_five_numbers_of_a_symmetric_sample_have_its_median_as_mean() -> None:
    by_range = conversions.mean_sd_from_range(low=0, median=50, high=100, n=40)
    by_five = conversions.mean_sd_from_five_numbers(low=0, q1=35, median=50, q3=65, high=100, n=40)
    assert (by_range.mean, by_five.mean) == pytest.approx((50.0, 50.0))
    assert not by_range.skewed
    assert not by_five.skewed
    # the expected range of 40 normal values is about 4.3 SD (Wan, table 1)
    assert by_range.sd == pytest.approx(100 / 4.32, rel=0.01)


def test_the_iqr_width_needs_no_quartiles_but_says_so() -> None:
    width = conversions.sd_from_iqr_width(25.0, n=10)
    assert width.value == pytest.approx(21.50, abs=5e-3)
    assert "skewness cannot be tested" in width.assumption


def test_a_percentage_counts_only_when_one_whole_number_fits() -> None:
    made = conversions.events_from_percent(73.08, n=26, places=2)
    assert made is not None
    assert made.value == 19
    assert conversions.events_from_percent(78.59, n=26, places=2) is None
    assert conversions.events_from_percent(33, n=1000, places=0) is None


@given(n=st.integers(2, 99), share=st.floats(0, 1))
def test_every_printed_percentage_of_a_small_group_gives_its_count_back(n: int, share: float) -> None:
    events = round(share * n)
    made = conversions.events_from_percent(round(100 * events / n, 1), n=n, places=1)
    assert made is not None
    assert made.value == events


@given(st.floats(0.5, 50), st.floats(0.5, 50), st.floats(-0.95, 0.95))
def test_the_correlation_of_a_change_goes_back_and_forth(before: float, after: float, r: float) -> None:
    change = conversions.sd_of_change(sd_baseline=before, sd_final=after, r=r).value
    back = conversions.correlation_from_sds(sd_baseline=before, sd_final=after, sd_change=change)
    assert back.value == pytest.approx(r, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: conversions.sd_from_se(-1.0, n=10), "SE is -1"),
        (lambda: conversions.sd_from_se(1.0, n=1), "n is 1"),
        (lambda: conversions.sd_from_ci(5.0, 3.0, n=10), "lower limit 5 is above upper limit 3"),
        (lambda: conversions.sd_from_ci(math.nan, 3.0, n=10), "lower limit is nan"),
        (
            lambda: conversions.mean_sd_from_quartiles(q1=3.7, median=70.9, q3=58, n=40),
            "median 70.9 is above",
        ),
        (lambda: conversions.sd_of_change(sd_baseline=1, sd_final=1, r=1.5), "correlation is 1.5"),
        (lambda: conversions.correlation_from_sds(sd_baseline=1, sd_final=1, sd_change=9), "correlation is"),
        (lambda: conversions.se_from_p(1.0, p=0.0, n_a=9, n_b=9), "p is 0"),
        (lambda: conversions.se_from_p(0.0, p=0.4, n_a=9, n_b=9), "difference of 0"),
        (lambda: conversions.events_from_percent(120, n=10, places=0), "120 % of 10"),
    ],
)
def test_impossible_input_is_named(call: object, words: str) -> None:
    with pytest.raises(SynthesisError, match=words):
        call()  # type: ignore[operator]


def test_every_conversion_names_a_described_formula() -> None:
    made = [
        conversions.sd_from_se(1, n=9).formula,
        conversions.sd_from_ci(1, 2, n=9).formula,
        conversions.se_from_ci(1, 2).formula,
        conversions.se_from_ci(1, 2, df=10).formula,
        conversions.se_from_p(1, p=0.2, n_a=9, n_b=9).formula,
        conversions.sd_from_se_of_difference(1, n_a=9, n_b=9).formula,
        conversions.sd_of_change(sd_baseline=1, sd_final=1, r=0.5).formula,
        conversions.correlation_from_sds(sd_baseline=1, sd_final=1, sd_change=1).formula,
        conversions.sd_from_iqr_width(1, n=9).formula,
        *conversions.combine_arms(MeanSd(3, 1, 1), MeanSd(3, 1, 1)).formulas,
        *conversions.mean_sd_from_quartiles(q1=1, median=2, q3=3, n=9).formulas,
        *conversions.mean_sd_from_range(low=1, median=2, high=3, n=9).formulas,
        *conversions.mean_sd_from_five_numbers(low=0, q1=1, median=2, q3=3, high=4, n=9).formulas,
        *conversions.mean_sd_from_quartiles_wan(q1=1, median=2, q3=3, n=9).formulas,
    ]
    assert set(made) <= set(FORMULAS)
