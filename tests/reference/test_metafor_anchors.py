"""Pooled BCG risk ratios against metafor 3.8-1 with tight tolerances (dat.bcg, measure = "RR").

REML: control = list(threshold = 1e-12, maxiter = 10000, stepadj = 0.5); PM: tol = 1e-14; prediction
intervals with pi.type = "riley" for t_k-2. Ten digits are printed, so 1e-9 is what they can show.
"""

from __future__ import annotations

import pytest

from review.synthesis.pooling import Pool, pool
from tests.reference.bcg import bcg_log_risk_ratios

PRINTED = 1e-9


def pooled(**how: str) -> Pool:
    effects = bcg_log_risk_ratios()
    return pool([e.yi for e in effects], variance=[e.vi for e in effects], **how)  # type: ignore[arg-type]


def test_q_and_the_common_effect() -> None:
    result = pooled()
    assert result.heterogeneity.q == pytest.approx(152.2330081, abs=1e-7)
    assert result.common == pytest.approx(-0.4302851637, abs=PRINTED)


@pytest.mark.parametrize(
    ("method", "tau2", "estimate"),
    [("DL", 0.3087602629, -0.7141172221), ("PM", 0.3180684522, None), ("REML", 0.3132432581, -0.7145323422)],
)
def test_tau2_and_the_random_effects_estimate(method: str, tau2: float, estimate: float | None) -> None:
    result = pooled(tau2=method)
    assert result.tau2 == pytest.approx(tau2, abs=PRINTED)
    if estimate is not None:
        assert result.estimate == pytest.approx(estimate, abs=PRINTED)


def test_the_wald_and_the_hartung_knapp_standard_error() -> None:
    result = pooled()
    assert result.wald_se == pytest.approx(0.1797815161, abs=PRINTED)
    assert result.se == pytest.approx(0.1807917441, abs=PRINTED)
    assert (result.ci_lo, result.ci_hi) == pytest.approx((-1.108443714, -0.3206209706), abs=PRINTED)


def test_the_prediction_interval_with_k_minus_1_and_the_hartung_knapp_se() -> None:
    result = pooled(prediction="t_k-1")
    assert (result.pi_lo, result.pi_hi) == pytest.approx((-1.996016834, 0.5669521499), abs=PRINTED)


@pytest.mark.parametrize(("prediction", "lower"), [("z", -1.858154), ("t_k-2", -1.998838)])
def test_the_prediction_intervals_of_the_dersimonian_laird_fit(prediction: str, lower: float) -> None:
    assert pooled(tau2="DL", ci="z", prediction=prediction).pi_lo == pytest.approx(lower, abs=5e-7)


def test_the_q_profile_interval_of_tau2() -> None:
    spread = pooled().heterogeneity
    assert (spread.tau2_lo, spread.tau2_hi) == pytest.approx((0.1197, 1.1115), abs=5e-5)


def test_i2_from_q_and_from_tau2_agree_for_dersimonian_laird_only() -> None:
    by_dl, by_reml = pooled(tau2="DL").heterogeneity, pooled(tau2="REML").heterogeneity
    assert by_dl.i2 == pytest.approx(by_dl.i2_tau2, abs=1e-12)
    assert by_reml.i2 != pytest.approx(by_reml.i2_tau2, abs=1e-6)


def test_a_negative_moment_estimate_is_cut_off_at_zero() -> None:
    """Truncation that statsmodels 0.15 leaves out (10.1016/0197-2456(86)90046-2 asks for it)."""
    result = pool([-0.4, 0.1], variance=[0.0939, 0.6344], tau2="DL", ci="z")
    assert result.tau2 == 0.0
    assert (result.estimate, result.ci_lo, result.ci_hi) == pytest.approx((-0.3355, -0.8961, 0.2250), abs=5e-5)
