"""Oracles computed from printed figures of real trials; the shared file, where it is, says the same."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from review.measures import conversions, effect_sizes
from review.measures.formulas import MeanSd
from review.synthesis.pooling import pool

CORRELATIONS = {
    "G02": (1.5, 2.6, 2.7, 0.221),
    "G03": (1.5, 2.6, 2.5, 0.354),
    "G04": (15.2, 18.2, 18.9, 0.371),
    "G05": (13.5, 19.9, 17.6, 0.500),
    "G06": (16.9, 18.4, 18.9, 0.429),
    "G07": (16.3, 19.7, 17.6, 0.536),
    "G08": (1.6, 2.5, 2.5, 0.320),
    "G09": (1.4, 2.4, 2.5, 0.219),
    "G10": (1.4, 2.6, 3.3, -0.298),
    "G11": (1.6, 2.4, 2.7, 0.134),
    "G12": (1.4, 2.1, 2.5, 0.020),
}
INTERVALS = {"G13": (15, 28, 44, 21.38), "G14": (26, 45, 31, 25.90), "G15": (36, 52, 36, 23.64)}
MEDIANS = {
    "G16": (2.5, 1, 5, 2.833, 3.440),
    "G17": (3.5, 3, 7, 4.500, 3.440),
    "G18": (3.5, 2, 5, 3.500, 2.580),
    "G19": (2, 1, 6, 3.000, 4.300),
    "G20": (3.5, 3, 5, 3.833, 1.720),
    "G21": (2.5, 2, 4, 2.833, 1.720),
}
POOLS = {
    "G22": ([-0.400, 0.100], [0.0939, 0.6344], (-0.3355, -0.8961, 0.2250), 0.0),
    "G23": ([-23.0, -8.0], [54.5613, 29.4085], (-14.6616, -29.2692, -0.0540), 70.5151),
    "G24": ([-0.300, 0.600], [0.0940, 0.8311], (-0.2085, -0.7782, 0.3611), 0.0),
}


def test_g01_two_arms_of_kuah_2018_combine_to_what_a_review_prints() -> None:
    made = conversions.combine_arms(MeanSd(8, 50.8, 7.29), MeanSd(8, 55.0, 5.15))
    assert (made.mean, made.sd) == pytest.approx((52.9, 6.4716), abs=5e-5)


@pytest.mark.parametrize("name", sorted(CORRELATIONS))
def test_correlations_of_baseline_and_follow_up(name: str) -> None:
    before, after, change, expected = CORRELATIONS[name]
    made = conversions.correlation_from_sds(sd_baseline=before, sd_final=after, sd_change=change)
    assert made.value == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize("name", sorted(INTERVALS))
def test_sds_from_intervals_of_means(name: str) -> None:
    low, high, n, expected = INTERVALS[name]
    assert conversions.sd_from_ci(low, high, n=n).value == pytest.approx(expected, abs=5e-3)


@pytest.mark.parametrize("name", sorted(MEDIANS))
def test_means_and_sds_from_medians_by_wan(name: str) -> None:
    median, q1, q3, mean, sd = MEDIANS[name]
    made = conversions.mean_sd_from_quartiles_wan(q1=q1, median=median, q3=q3, n=10)
    # the oracle rounds its normal quantile, so the SD is good to two in the third decimal
    assert made.mean == pytest.approx(mean, abs=5e-4)
    assert made.sd == pytest.approx(sd, abs=5e-3)


@pytest.mark.parametrize("name", sorted(POOLS))
def test_two_trials_pooled_by_dersimonian_laird(name: str) -> None:
    y, v, (estimate, low, high), tau2 = POOLS[name]
    result = pool(y, variance=v, tau2="DL", ci="z")
    # inputs are printed with four digits
    assert (result.estimate, result.ci_lo, result.ci_hi) == pytest.approx((estimate, low, high), abs=2e-4)
    assert result.tau2 == pytest.approx(tau2, abs=2e-3)


def test_g26_to_g28_are_risk_ratios() -> None:
    tables = {"G26": (3, 19, 7, 14), "G27": (21, 44, 16, 45), "G28": (13, 20, 7, 21)}
    expected = {"G26": -1.1527, "G27": 0.2944, "G28": 0.6678}
    for name, (a, n1, c, n2) in tables.items():
        effect = effect_sizes.risk_ratio(events_a=a, n_a=n1, events_b=c, n_b=n2)
        assert effect.yi == pytest.approx(expected[name], abs=5e-5)


@pytest.mark.shared
def test_the_shared_file_still_says_the_same(shared_data: Path) -> None:
    with (shared_data / "domain" / "gold_values.csv").open(encoding="utf-8", newline="") as file:
        printed = {row["id"]: row["value"] for row in csv.DictReader(file)}
    assert printed["G01"] == "52.9000 (6.4716)"
    for name, (*_, expected) in CORRELATIONS.items():
        assert float(printed[name]) == pytest.approx(expected, abs=1e-9)
    for name, (*_, expected) in INTERVALS.items():
        assert float(printed[name].split(" ")[0]) == pytest.approx(expected, abs=1e-9)
