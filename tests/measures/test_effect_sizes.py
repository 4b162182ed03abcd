"""Effect sizes: against textbook numbers, under exchange of arms and units, and with bad input."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.errors import SynthesisError
from review.measures import effect_sizes
from review.measures.formulas import FORMULAS, describe

ARMS = {"mean_a": 24.0, "sd_a": 9.0, "n_a": 20, "mean_b": 31.0, "sd_b": 11.0, "n_b": 22}


def test_a_mean_difference_with_its_variance() -> None:
    effect = effect_sizes.mean_difference(**ARMS)  # type: ignore[arg-type]
    assert (effect.yi, effect.vi) == (-7.0, 81 / 20 + 121 / 22)


def test_hedges_correction_is_exact_and_near_its_approximation() -> None:
    assert effect_sizes.hedges_j(10) == pytest.approx(math.gamma(5) / (math.sqrt(5) * math.gamma(4.5)), abs=1e-14)
    assert effect_sizes.hedges_j(10) == pytest.approx(1 - 3 / 39, abs=5e-4)


def test_g_of_a_trial_with_converted_medians() -> None:
    """LAMO2020, WOMAC pain, 6 months: the oracle uses J = 1 − 3/(4df − 1), hence four digits only."""
    from review.measures.conversions import mean_sd_from_quartiles_wan

    a = mean_sd_from_quartiles_wan(q1=3.6, median=4.3, q3=24, n=24)
    b = mean_sd_from_quartiles_wan(q1=3, median=4.4, q3=26, n=26)
    effect = effect_sizes.standardised_mean_difference(
        mean_a=a.mean, sd_a=a.sd, n_a=24, mean_b=b.mean, sd_b=b.sd, n_b=26
    )
    assert effect.yi == pytest.approx(-0.0298, abs=2e-3)


@pytest.mark.parametrize(
    ("table", "ratio", "low", "high"),
    [
        ((3, 19, 7, 14), 0.3158, 0.0987, 1.0104),
        ((21, 44, 16, 45), 1.3423, 0.8139, 2.2139),
        ((13, 20, 7, 21), 1.9500, 0.9829, 3.8685),
    ],
)
def test_risk_ratios_of_real_trials(table: tuple[int, int, int, int], ratio: float, low: float, high: float) -> None:
    effect = effect_sizes.risk_ratio(events_a=table[0], n_a=table[1], events_b=table[2], n_b=table[3])
    half = 1.959963984540054 * effect.se
    assert math.exp(effect.yi) == pytest.approx(ratio, abs=5e-5)
    assert (math.exp(effect.yi - half), math.exp(effect.yi + half)) == pytest.approx((low, high), abs=5e-5)


def test_an_empty_cell_adds_one_half_to_all_four() -> None:
    effect = effect_sizes.risk_ratio(events_a=0, n_a=10, events_b=3, n_b=10)
    assert effect.yi == pytest.approx(math.log((0.5 / 11) / (3.5 / 11)))
    assert effect_sizes.HALF in effect.formulas


def test_no_event_at_all_is_no_information() -> None:
    assert not effect_sizes.informative(events_a=0, events_b=0)
    with pytest.raises(SynthesisError, match="no information"):
        effect_sizes.risk_ratio(events_a=0, n_a=10, events_b=0, n_b=12)


def test_all_with_the_event_still_have_a_variance() -> None:
    effect = effect_sizes.risk_ratio(events_a=10, n_a=10, events_b=12, n_b=12)
    assert effect.vi > 0


@given(a=st.integers(0, 20), b=st.integers(0, 20))
def test_exchanging_the_arms_changes_the_sign_only(a: int, b: int) -> None:
    if a + b == 0:
        return
    there = effect_sizes.risk_ratio(events_a=a, n_a=20, events_b=b, n_b=20)
    back = effect_sizes.risk_ratio(events_a=b, n_a=20, events_b=a, n_b=20)
    assert there.yi == pytest.approx(-back.yi, abs=1e-12)
    assert there.vi == pytest.approx(back.vi, abs=1e-12)


@given(times=st.floats(0.01, 100))
def test_g_does_not_depend_on_the_units(times: float) -> None:
    plain = effect_sizes.standardised_mean_difference(**ARMS)  # type: ignore[arg-type]
    scaled = effect_sizes.standardised_mean_difference(
        mean_a=24 * times, sd_a=9 * times, n_a=20, mean_b=31 * times, sd_b=11 * times, n_b=22
    )
    assert scaled.yi == pytest.approx(plain.yi, rel=1e-12)
    assert scaled.vi == pytest.approx(plain.vi, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sd_a": -1.0}, "SD of arm a is -1"),
        ({"n_b": 1}, "n of arm b is 1"),
        ({"mean_a": math.nan}, "mean of arm a is nan"),
        ({"mean_b": math.inf}, "mean of arm b is inf"),
        ({"sd_a": 0.0, "sd_b": 0.0}, "variance of the difference is 0"),
    ],
)
def test_impossible_arms_are_named(change: dict[str, float], words: str) -> None:
    with pytest.raises(SynthesisError, match=words):
        effect_sizes.mean_difference(**(ARMS | change))  # type: ignore[arg-type]


def test_more_events_than_participants_are_refused() -> None:
    with pytest.raises(SynthesisError, match="12 events in 10 participants"):
        effect_sizes.risk_difference(events_a=12, n_a=10, events_b=1, n_b=10)


def test_a_risk_difference() -> None:
    effect = effect_sizes.risk_difference(events_a=13, n_a=20, events_b=7, n_b=21)
    assert effect.yi == pytest.approx(13 / 20 - 7 / 21)
    assert effect.vi == pytest.approx(13 * 7 / 20**3 + 7 * 14 / 21**3)


def test_a_contrast_takes_its_se_or_its_variance_by_name() -> None:
    assert effect_sizes.printed_contrast(-0.4, se=0.5).vi == 0.25
    assert effect_sizes.printed_contrast(-0.4, variance=0.25).vi == 0.25
    with pytest.raises(SynthesisError, match="not both"):
        effect_sizes.printed_contrast(-0.4)
    with pytest.raises(SynthesisError, match="not both"):
        effect_sizes.printed_contrast(-0.4, se=0.5, variance=0.25)


def test_every_formula_id_is_described() -> None:
    effects = [
        effect_sizes.mean_difference(**ARMS),  # type: ignore[arg-type]
        effect_sizes.standardised_mean_difference(**ARMS),  # type: ignore[arg-type]
        effect_sizes.risk_ratio(events_a=0, n_a=10, events_b=3, n_b=10),
        effect_sizes.risk_difference(events_a=1, n_a=10, events_b=3, n_b=10),
        effect_sizes.printed_contrast(1.0, se=1.0),
    ]
    for effect in effects:
        for formula_id in effect.formulas:
            assert describe(formula_id).source
    assert all("@" in formula_id for formula_id in FORMULAS)
