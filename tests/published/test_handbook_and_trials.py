"""Worked examples of the Cochrane Handbook 5.1 and the conversion of Lamo-Espinosa 2016."""

from __future__ import annotations

import math

import pytest

from review.measures import conversions


def test_handbook_16_1_3_2_the_sd_of_a_change() -> None:
    """One group prints all three SDs, which gives r; the other takes it over."""
    r = conversions.correlation_from_sds(sd_baseline=6.4, sd_final=7.1, sd_change=4.5).value
    assert r == pytest.approx(0.78, abs=5e-3)
    imputed = conversions.sd_of_change(sd_baseline=7.0, sd_final=6.9, r=0.78)
    assert imputed.value == pytest.approx(4.6, abs=5e-2)
    assert "0.78" in imputed.assumption


def test_handbook_16_4_6_4_a_crossover_trial() -> None:
    """Ten participants, SDs 2.38 and 2.21, difference 0.5: by its SD, by r = 0.68, and as SMD."""
    from_differences = 2.0 / math.sqrt(10)
    imputed = conversions.sd_of_change(sd_baseline=2.38, sd_final=2.21, r=0.68).value / math.sqrt(10)
    smd, se = conversions.paired_smd(0.5, sd_a=2.38, sd_b=2.21, n=10, r=0.68)
    assert (from_differences, imputed, smd, se) == pytest.approx((0.632, 0.583, 0.218, 0.256), abs=5e-4)


def test_lamo_espinosa_2016_a_median_becomes_a_mean_below_zero_within_two_sds() -> None:
    """10.1186/s12967-016-0998-2, table 2, control, WOMAC, 12 months: 13.5 (8; 33), n = 10 assumed."""
    made = conversions.mean_sd_from_quartiles(q1=8, median=13.5, q3=33, n=10)
    assert (made.mean, made.sd) == pytest.approx((18.67, 21.50), abs=5e-3)
    assert not made.skewed
    assert abs(8 + 33 - 2 * 13.5) / (33 - 8) == pytest.approx(0.56)
    assert made.mean - 2 * made.sd < 0
