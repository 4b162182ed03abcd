"""Pools effects with known variances: common effect, random effects, Hartung–Knapp and prediction intervals.

Values in, values out; no database. k = 1 is never pooled; k = 2 is, with a warning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from review.errors import SynthesisError
from review.measures.intervals import interval, p_value
from review.synthesis.heterogeneity import (
    Heterogeneity,
    Vector,
    describe_heterogeneity,
    estimate_tau2,
    weighted_mean,
)

TWO_STUDIES_Z = "two studies: the variance between them is hardly known, and there is no prediction interval"
TWO_STUDIES = "two studies: the interval rests on one degree of freedom, and there is no prediction interval"
NARROWER = "the Hartung–Knapp interval is narrower than the common-effect interval: judge by the wider one"
NARROWER_WALD = "the Hartung–Knapp interval is narrower than the usual random-effects interval"
MULTIMODAL = "the likelihood has two almost equal maxima: the between-study variance is not well determined"
EQUAL = "all effects are (almost) equal: the Hartung–Knapp standard error is (almost) 0 and gives no interval of use"
ALMOST = 0.01
"""Effects that differ by less than this share of the smallest standard error count as equal: rounding, or copies."""


@dataclass(frozen=True)
class Pool:
    """A pooled effect; estimate, limits and τ in the units of the effects (log units for ratios)."""

    k: int
    estimate: float
    se: float
    ci_lo: float
    ci_hi: float
    p: float | None
    ci_method: str
    tau2: float
    tau2_method: str
    heterogeneity: Heterogeneity
    wald_se: float
    common: float
    common_se: float
    common_lo: float
    common_hi: float
    pi_lo: float | None
    pi_hi: float | None
    pi_method: str | None
    weights: tuple[float, ...]
    warnings: tuple[str, ...]


def pool(
    y: Sequence[float],
    *,
    se: Sequence[float] | None = None,
    variance: Sequence[float] | None = None,
    tau2: str = "REML",
    ci: str = "HKSJ",
    prediction: str = "t_k-2",
    names: Sequence[str] | None = None,
) -> Pool:
    """Pool effects *y*, given exactly one of *se* and *variance* (by name: the two are easily swapped).

    *tau2* is REML, DL or PM. *ci* is HKSJ (t with k − 1; 10.1002/sim.1482), adhoc (HKSJ never narrower
    than Wald) or z. *prediction* is t_k-2 (Wald se; 10.1136/bmj.d549), t_k-1 (with the se of *ci*) or z.
    Raises SynthesisError, naming the effect, for NaN, infinity, variances of 0 or below, and k < 2.
    """
    effects, variances = _checked(y, se=se, variance=variance, names=names)
    _known("interval", ci, ("HKSJ", "adhoc", "z"))
    _known("prediction interval", prediction, ("t_k-2", "t_k-1", "z"))
    k = effects.size
    found = estimate_tau2(effects, variances, method=tau2)
    common, common_se = weighted_mean(effects, variances, 0.0)
    common_lo, common_hi = interval(common, common_se)
    estimate, wald_se = weighted_mean(effects, variances, found.value)
    weights = 1 / (variances + found.value)
    ratio = float(np.sum(weights * (effects - estimate) ** 2) / (k - 1))
    ratio = 0.0 if np.ptp(effects) == 0 else ratio
    equal = ci == "HKSJ" and bool(np.ptp(effects) <= ALMOST * float(np.min(variances)) ** 0.5)
    used_se = {"HKSJ": wald_se * ratio**0.5, "adhoc": wald_se * max(1.0, ratio) ** 0.5, "z": wald_se}[ci]
    df = None if ci == "z" else float(k - 1)
    ci_lo, ci_hi = interval(estimate, used_se, df=df)
    pi_lo, pi_hi = _prediction(estimate, tau2=found.value, used_se=used_se, wald_se=wald_se, k=k, kind=prediction)
    warnings = []
    if k == 2:
        warnings.append(TWO_STUDIES_Z if ci == "z" else TWO_STUDIES)
    if equal:
        warnings.append(EQUAL)
    if ci_hi - ci_lo < common_hi - common_lo:
        warnings.append(NARROWER)
    elif ci == "HKSJ" and ci_hi - ci_lo < 2 * (interval(0.0, wald_se)[1]):
        warnings.append(NARROWER_WALD)
    if found.multimodal:
        warnings.append(MULTIMODAL)
    return Pool(
        k=k,
        estimate=estimate,
        se=used_se,
        ci_lo=ci_lo,
        ci_hi=ci_hi,
        p=None if equal else p_value(estimate, used_se, df=df),
        ci_method=ci,
        tau2=found.value,
        tau2_method=tau2,
        heterogeneity=describe_heterogeneity(effects, variances, tau2=found.value),
        wald_se=wald_se,
        common=common,
        common_se=common_se,
        common_lo=common_lo,
        common_hi=common_hi,
        pi_lo=pi_lo,
        pi_hi=pi_hi,
        pi_method=prediction if pi_lo is not None else None,
        weights=tuple(float(w) for w in weights / np.sum(weights)),
        warnings=tuple(warnings),
    )


def _prediction(
    estimate: float, *, tau2: float, used_se: float, wald_se: float, k: int, kind: str
) -> tuple[float | None, float | None]:
    """Where the effect of a new study is expected; none below three studies."""
    if k < 3:
        return None, None
    se = used_se if kind == "t_k-1" else wald_se
    df = {"t_k-2": float(k - 2), "t_k-1": float(k - 1), "z": None}[kind]
    return interval(estimate, (tau2 + se**2) ** 0.5, df=df)


def _checked(
    y: Sequence[float],
    *,
    se: Sequence[float] | None,
    variance: Sequence[float] | None,
    names: Sequence[str] | None,
) -> tuple[Vector, Vector]:
    """Effects and variances as vectors, or an error that names the effect that cannot be used."""
    if (se is None) == (variance is None):
        message = "pooling needs standard errors or variances, and not both"
        raise SynthesisError(message, hint="pool(y, se=...) or pool(y, variance=...)")
    spread = np.asarray(variance if se is None else se, dtype=np.float64)
    effects = np.asarray(y, dtype=np.float64)
    if effects.ndim != 1 or effects.shape != spread.shape:
        message = f"{effects.size} effects came with {spread.size} variances"
        raise SynthesisError(message)
    if effects.size < 2:
        message = f"{effects.size} effect cannot be pooled; two or more are needed"
        raise SynthesisError(message, hint="show a single effect as it is")
    for place, (effect, width) in enumerate(zip(effects, spread, strict=True)):
        name = names[place] if names is not None else f"effect {place + 1}"
        if not np.isfinite(effect):
            message = f"{name}: the effect is {effect}"
            raise SynthesisError(message)
        if not np.isfinite(width) or width <= 0:
            kind = "variance" if se is None else "standard error"
            message = f"{name}: the {kind} is {width:g}; it must be above 0"
            raise SynthesisError(message)
    return effects, spread if se is None else spread**2


def _known(what: str, word: str, allowed: tuple[str, ...]) -> None:
    if word not in allowed:
        message = f"{word!r} is not a kind of {what}; allowed: {', '.join(allowed)}"
        raise SynthesisError(message)
