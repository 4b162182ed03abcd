"""Scales, printed rounding and intervals."""

from __future__ import annotations

import pytest

from review.errors import SynthesisError
from review.measures import intervals, rounding, scales


def test_0_to_10_becomes_0_to_100() -> None:
    assert scales.rescale_value(3.2, 0, 10) == pytest.approx(32)
    assert scales.rescale_spread(1.1, 0, 10) == pytest.approx(11)
    assert scales.rescale_difference(-4, 0, 20) == pytest.approx(-20)


def test_a_scale_that_starts_above_zero() -> None:
    assert scales.rescale_value(12, 12, 60) == 0
    assert scales.rescale_value(36, 12, 60) == pytest.approx(50)


def test_higher_is_better_turns_the_sign() -> None:
    assert (scales.direction("higher"), scales.direction("lower")) == (-1, 1)
    with pytest.raises(SynthesisError, match="must be higher or lower"):
        scales.direction("mixed")


def test_a_scale_without_width_is_refused() -> None:
    with pytest.raises(SynthesisError, match="no width"):
        scales.factor(10, 10)


def test_decimals_of_a_printed_figure() -> None:
    assert [rounding.decimals(text) for text in ("12", "1.50", "−2.1")] == [0, 2, 1]
    with pytest.raises(SynthesisError, match="is not a printed figure"):
        rounding.decimals("e13.6")


def test_grim_on_published_percentages() -> None:
    """PMC6480601: 18 (78.59 %) and 21 (72.21 %) fit no group size; 19 (73.08 %) fits 26."""
    assert rounding.fitting_denominators(78.59, 18, places=2, most=100) == []
    assert rounding.fitting_denominators(72.21, 21, places=2, most=100) == []
    assert rounding.fitting_denominators(73.08, 19, places=2, most=100) == [26]


def test_an_estimate_outside_its_interval() -> None:
    assert not intervals.inside(-3.13, -3.96, -3.29, tolerance=0.005)
    assert intervals.inside(-0.4, -0.9, 0.2)


@pytest.mark.parametrize(("est", "lo", "hi"), [(2.94, 1.90, 4.56), (0.31, 0.11, 0.91), (0.26, 0.08, 0.82)])
def test_a_ratio_printed_as_a_difference(est: float, lo: float, hi: float) -> None:
    """10.1186/s13018-024-04846-1 prints these as SMDs."""
    assert intervals.ratio_like(est, lo, hi)


@pytest.mark.parametrize(("est", "lo", "hi"), [(4.56, 0.54, 8.58), (1.66, 0.10, 3.22), (6.31, 2.73, 9.88), (-1, -2, 0)])
def test_a_difference_is_not_taken_for_a_ratio(est: float, lo: float, hi: float) -> None:
    assert not intervals.ratio_like(est, lo, hi)


def test_p_from_an_interval() -> None:
    """KOOS 4.56 (0.54–8.58) was printed with p .050; recomputed it is .026."""
    se = intervals.se_from_interval(0.54, 8.58)
    assert intervals.p_value(4.56, se) == pytest.approx(0.0262, abs=5e-5)


def test_a_level_outside_0_and_1_is_refused() -> None:
    with pytest.raises(SynthesisError, match="confidence level is 95"):
        intervals.z_quantile(95)
