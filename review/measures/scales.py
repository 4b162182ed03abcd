"""Scales of instruments: to another range, and turned round so that lower is always better."""

from __future__ import annotations

from review.errors import SynthesisError
from review.measures.checks import finite, not_negative


def factor(scale_min: float, scale_max: float, *, to_width: float = 100.0) -> float:
    """What one point of a scale is worth on a scale of *to_width* points: 10 for 0–10 on 0–100."""
    width = finite("scale maximum", scale_max) - finite("scale minimum", scale_min)
    if width <= 0:
        message = f"the scale {scale_min:g} to {scale_max:g} has no width"
        raise SynthesisError(message)
    return to_width / width


def rescale_value(value: float, scale_min: float, scale_max: float) -> float:
    """A score carried to 0–100."""
    return (finite("value", value) - scale_min) * factor(scale_min, scale_max)


def rescale_difference(difference: float, scale_min: float, scale_max: float) -> float:
    """A difference or change of scores carried to 0–100; the lower end of the scale drops out."""
    return finite("difference", difference) * factor(scale_min, scale_max)


def rescale_spread(spread: float, scale_min: float, scale_max: float) -> float:
    """An SD or SE carried to 0–100."""
    return not_negative("spread", spread) * factor(scale_min, scale_max)


def direction(better: str) -> int:
    """−1 where higher is better, else 1: so that a negative effect always favours the intervention."""
    if better not in ("higher", "lower"):
        message = f"better is {better!r}; it must be higher or lower"
        raise SynthesisError(message)
    return -1 if better == "higher" else 1
