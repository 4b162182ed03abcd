"""REML finds the highest maximum of its likelihood, also where there are two."""

from __future__ import annotations

import numpy as np
import pytest

from review.synthesis.heterogeneity import Vector, estimate_tau2, restricted_log_likelihood


def highest_on_a_dense_grid(y: Vector, v: Vector) -> float:
    """The likelihood's height on 4,000 points: simple, and independent of any slope."""
    top = 20 * max(y.size * float(np.var(y, ddof=1)), float(v.max()))
    grid = np.concatenate(([0.0], np.geomspace(1e-9 * float(v.min()), top, 4000)))[:, None]
    w = 1 / (v + grid)
    mean = (w * y).sum(axis=1, keepdims=True) / w.sum(axis=1, keepdims=True)
    heights = np.log(w).sum(axis=1) - np.log(w.sum(axis=1)) - (w * (y - mean) ** 2).sum(axis=1)
    return float(0.5 * heights.max())


def simulated(kind: str, number: int) -> list[tuple[Vector, Vector]]:
    """Trials on 0–100, on 0–100 with a third of them left on 0–10, and standardised."""
    random = np.random.default_rng(20260101)
    made = []
    for _ in range(number):
        k = int(random.integers(3, 11))
        n = random.integers(8, 40, size=(2, k))
        sd = random.uniform(15, 28, size=k)
        effect = random.normal(-6, 8, size=k)
        y = effect + random.normal(size=k) * sd * np.sqrt(1 / n[0] + 1 / n[1])
        v = sd**2 * (1 / n[0] + 1 / n[1])
        if kind == "slips":
            slipped = random.random(k) < 1 / 3
            y, v = np.where(slipped, y / 10, y), np.where(slipped, v / 100, v)
        elif kind == "standardised":
            y, v = y / sd, v / sd**2
        made.append((y, v))
    return made


@pytest.mark.parametrize("kind", ["points", "slips", "standardised"])
def test_no_simulated_cell_stays_below_the_maximum(kind: str) -> None:
    for y, v in simulated(kind, 200):
        found = estimate_tau2(y, v, method="REML")
        height = restricted_log_likelihood(y, v, found.value)
        # the grid itself is only this near to its own maximum
        assert height >= highest_on_a_dense_grid(y, v) - 1e-9


def two_maxima() -> tuple[Vector, Vector]:
    """Two precise, equal studies and several wild ones: τ² = 0 is a maximum, and a large τ² another."""
    y = np.array([0.0, 0.05, -14.0, 16.0, 11.0, -9.0])
    v = np.array([0.01, 0.01, 60.0, 60.0, 60.0, 60.0])
    return y, v


def test_a_score_below_zero_at_the_start_does_not_end_the_search() -> None:
    for y, v in [two_maxima(), *simulated("slips", 60)]:
        found = estimate_tau2(y, v, method="REML")
        at_zero = restricted_log_likelihood(y, v, 0.0)
        assert restricted_log_likelihood(y, v, found.value) >= at_zero - 1e-12


def test_slipped_scales_give_two_maxima_and_the_flag() -> None:
    flagged = [estimate_tau2(y, v, method="REML").multimodal for y, v in simulated("slips", 200)]
    assert any(flagged)
    assert not all(flagged)


def test_equal_variances_have_a_closed_form() -> None:
    """With one variance for all, REML is the variance of the effects minus it."""
    y = np.array([1.0, 4.0, 2.0, 7.0])
    found = estimate_tau2(y, np.full(4, 0.5), method="REML")
    assert found.value == pytest.approx(float(np.var(y, ddof=1)) - 0.5, rel=1e-12)
