"""Refuses numbers that no formula can use, and says which one and why."""

from __future__ import annotations

import math

from review.errors import SynthesisError


def finite(name: str, value: float) -> float:
    """*value*, when it is a number; SynthesisError for NaN and infinity."""
    if not math.isfinite(value):
        message = f"{name} is {value}; a finite number is needed"
        raise SynthesisError(message)
    return float(value)


def positive(name: str, value: float) -> float:
    """*value*, when it is above 0."""
    if finite(name, value) <= 0:
        message = f"{name} is {value:g}; it must be above 0"
        raise SynthesisError(message)
    return float(value)


def not_negative(name: str, value: float) -> float:
    """*value*, when it is 0 or above."""
    if finite(name, value) < 0:
        message = f"{name} is {value:g}; it must not be below 0"
        raise SynthesisError(message)
    return float(value)


def sample_size(name: str, value: int, *, least: int = 2) -> int:
    """*value*, when it is a whole number of at least *least* people."""
    if isinstance(value, bool) or int(value) != value or value < least:
        message = f"{name} is {value}; a whole number of at least {least} is needed"
        raise SynthesisError(message)
    return int(value)


def correlation(value: float) -> float:
    """*value*, when it lies between −1 and 1."""
    if not -1.0 <= finite("correlation", value) <= 1.0:
        message = f"correlation is {value:g}; it must lie between -1 and 1"
        raise SynthesisError(message)
    return float(value)


def ordered(low_name: str, low: float, high_name: str, high: float) -> None:
    """Refuses a pair whose first number is above its second: usually a lost minus sign."""
    if finite(low_name, low) > finite(high_name, high):
        message = f"{low_name} {low:g} is above {high_name} {high:g}"
        raise SynthesisError(message, hint="look for a lost minus sign in the printed figures")
