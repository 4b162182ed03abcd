"""Between-study variance: τ² by DL, PM or REML (the global optimum), Q, both kinds of I², Q-profile.

Effects are brought to mean 0 and unit scale first, so that neither the units of a scale nor a shift of
all effects can decide where an iteration stops.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from review.errors import SynthesisError

Vector = NDArray[np.float64]
GRID = 160
"""Points of the search for the REML optimum, evenly spaced in log τ²; 48 found every optimum we tried."""
NEAR_TIE = 2.0
"""Two maxima of the likelihood closer than this, in log units, are reported."""


@dataclass(frozen=True)
class Tau2:
    """An estimate of τ², how it was made, and whether another value is almost as likely."""

    value: float
    method: str
    multimodal: bool = False


@dataclass(frozen=True)
class Heterogeneity:
    """Cochran's Q with its p, I² from Q, I² from τ², and the 95 % interval of τ² by the Q profile."""

    q: float
    q_p: float
    i2: float
    i2_tau2: float
    tau2_lo: float
    tau2_hi: float


def estimate_tau2(y: Vector, v: Vector, *, method: str) -> Tau2:
    """τ² of effects *y* with variances *v* (same length, at least 2) by REML, DL or PM."""
    estimators: dict[str, Callable[[Vector, Vector], Tau2]] = {"REML": _reml, "DL": _dl, "PM": _pm}
    if method not in estimators:
        message = f"{method!r} is not an estimator of the between-study variance; allowed: DL, PM, REML"
        raise SynthesisError(message)
    scale = float(np.max(v))
    found = estimators[method]((y - np.mean(y)) / np.sqrt(scale), v / scale)
    return Tau2(found.value * scale, method, found.multimodal)


def describe_heterogeneity(y: Vector, v: Vector, *, tau2: float) -> Heterogeneity:
    """Q, I² and the interval of τ² (10.1002/sim.2514) for effects *y* with variances *v*."""
    df = y.size - 1
    scale = float(np.max(v))
    y, v = (y - np.mean(y)) / np.sqrt(scale), v / scale
    q = generalised_q(y, v, 0.0)
    s1, s2 = np.sum(1 / v), np.sum(1 / v**2)
    typical = df * s1 / (s1**2 - s2)  # 10.1002/sim.1186: the variance of a typical study
    lo, hi = (_q_profile(y, v, float(special.chdtri(df, tail))) for tail in (0.025, 0.975))
    return Heterogeneity(
        q=q,
        q_p=float(special.chdtrc(df, q)),
        i2=max(0.0, (q - df) / q) if q > 0 else 0.0,
        i2_tau2=float(tau2 / scale / (tau2 / scale + typical)),
        tau2_lo=lo * scale,
        tau2_hi=hi * scale,
    )


def weighted_mean(y: Vector, v: Vector, tau2: float) -> tuple[float, float]:
    """(mean, Wald standard error) under weights 1/(v + τ²)."""
    w = 1 / (v + tau2)
    return float(np.sum(w * y) / np.sum(w)), float(1 / np.sqrt(np.sum(w)))


def generalised_q(y: Vector, v: Vector, tau2: float) -> float:
    """Σ (y − mean)² / (v + τ²), the mean under the same weights."""
    mean, _ = weighted_mean(y, v, tau2)
    return float(np.sum((y - mean) ** 2 / (v + tau2)))


def restricted_log_likelihood(y: Vector, v: Vector, tau2: float) -> float:
    """−½[Σ ln(v+τ²) + ln Σw + Σw(y−b)²], without its constant (10.3102/10769986030003261)."""
    w = 1 / (v + tau2)
    mean = np.sum(w * y) / np.sum(w)
    return float(-0.5 * (np.sum(np.log(v + tau2)) + np.log(np.sum(w)) + np.sum(w * (y - mean) ** 2)))


def _dl(y: Vector, v: Vector) -> Tau2:
    """DerSimonian and Laird, cut off at 0 (10.1016/0197-2456(86)90046-2)."""
    s1, s2 = np.sum(1 / v), np.sum(1 / v**2)
    return Tau2(max(0.0, float((generalised_q(y, v, 0.0) - (y.size - 1)) / (s1 - s2 / s1))), "DL")


def _pm(y: Vector, v: Vector) -> Tau2:
    """Paule and Mandel: the τ² at which generalised Q equals k − 1 (10.6028/jres.087.022)."""
    return Tau2(_q_profile(y, v, float(y.size - 1)), "PM")


def _q_profile(y: Vector, v: Vector, target: float) -> float:
    """The τ² at which the generalised Q, which falls as τ² grows, equals *target*; 0 when it starts below."""
    if generalised_q(y, v, 0.0) <= target:
        return 0.0
    top = 1.0
    while generalised_q(y, v, top) > target:
        top *= 4.0
    return _root(lambda t: generalised_q(y, v, t) - target, 0.0, top)


def _reml(y: Vector, v: Vector) -> Tau2:
    """REML at its global maximum: the likelihood can have two, and iterations from one start miss the higher.

    A maximum lies where the score turns from above to below 0, and at 0 itself when the score starts at or
    below 0. The highest of them wins; of equals, the smallest τ².
    """
    top = 10 * max(y.size * float(np.var(y, ddof=1)), float(np.max(v)))
    grid = np.concatenate(([0.0], np.geomspace(1e-6 * float(np.min(v)), top, GRID)))
    slopes = _scores(y, v, grid)
    candidates = [0.0] if slopes[0] <= 0 else []
    turns = np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0))
    candidates += [_root(lambda t: _score(y, v, t), grid[i], grid[i + 1]) for i in turns]
    heights = [restricted_log_likelihood(y, v, tau2) for tau2 in candidates]
    best = max(range(len(candidates)), key=lambda i: (heights[i], -candidates[i]))
    rivals = [height for i, height in enumerate(heights) if i != best]
    return Tau2(float(candidates[best]), "REML", bool(rivals) and heights[best] - max(rivals) < NEAR_TIE)


def _scores(y: Vector, v: Vector, tau2: Vector) -> Vector:
    """The slope of the restricted likelihood at each of *tau2*: ½[Σw²(y−b)² − (Σw − Σw²/Σw)]."""
    w = 1 / (v[None, :] + tau2[:, None])
    total, squares = w.sum(axis=1), (w**2).sum(axis=1)
    mean = (w * y).sum(axis=1) / total
    return np.asarray(
        0.5 * ((w**2 * (y[None, :] - mean[:, None]) ** 2).sum(axis=1) - (total - squares / total)),
        dtype=np.float64,
    )


def _score(y: Vector, v: Vector, tau2: float) -> float:
    return float(_scores(y, v, np.array([tau2]))[0])


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """The root between *low* and *high*, where *function* changes its sign, to the last bits."""
    return float(optimize.brentq(function, low, high, xtol=1e-300, rtol=8.9e-16, maxiter=500))
