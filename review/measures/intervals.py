"""Intervals and p values from the normal and the t distribution, and back."""

from __future__ import annotations

from scipy import special

from review.errors import SynthesisError
from review.measures.checks import finite, not_negative, ordered, positive


def z_quantile(level: float = 0.95) -> float:
    """The two-sided normal quantile of *level*: 1.959964 for 0.95."""
    return float(special.ndtri(_upper(level)))


def t_quantile(df: float, level: float = 0.95) -> float:
    """The two-sided t quantile of *level* with *df* degrees of freedom."""
    return float(special.stdtrit(positive("degrees of freedom", df), _upper(level)))


def interval(estimate: float, se: float, *, level: float = 0.95, df: float | None = None) -> tuple[float, float]:
    """(low, high) around *estimate*, by t with *df*, or by the normal distribution without."""
    half = (z_quantile(level) if df is None else t_quantile(df, level)) * not_negative("standard error", se)
    return finite("estimate", estimate) - half, estimate + half


def p_value(estimate: float, se: float, *, df: float | None = None) -> float:
    """The two-sided p of *estimate* against 0."""
    ratio = abs(finite("estimate", estimate)) / positive("standard error", se)
    return float(2 * (special.ndtr(-ratio) if df is None else special.stdtr(df, -ratio)))


def se_from_interval(low: float, high: float, *, level: float = 0.95, df: float | None = None) -> float:
    """Half the width of an interval over its quantile. Source: Handbook 6.3.1 (z) and 6.5.2.3 (t)."""
    ordered("lower limit", low, "upper limit", high)
    return (high - low) / (2 * (z_quantile(level) if df is None else t_quantile(df, level)))


def inside(estimate: float, low: float, high: float, *, tolerance: float = 0.0) -> bool:
    """Whether *estimate* lies in its own interval, give or take the rounding of print."""
    return low - tolerance <= estimate <= high + tolerance


def ratio_like(estimate: float, low: float, high: float) -> bool:
    """Whether a printed difference looks like a ratio: symmetric on the log scale, not as printed.

    "SMD 2.94 (1.90, 4.56)" has the geometric midpoint 2.943 and the arithmetic midpoint 3.23.
    """
    if min(estimate, low, high) <= 0 or high <= low:
        return False
    geometric = abs(estimate - (low * high) ** 0.5)
    arithmetic = abs(estimate - (low + high) / 2)
    return bool(geometric < 0.2 * arithmetic)


def _upper(level: float) -> float:
    if not 0 < level < 1:
        message = f"confidence level is {level}; it must lie between 0 and 1"
        raise SynthesisError(message)
    return 0.5 + level / 2
