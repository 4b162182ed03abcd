"""Printed figures: how precisely a figure was printed, and which exact values it can stand for."""

from __future__ import annotations

import re
from decimal import Decimal

from review.errors import SynthesisError

_FIGURE = re.compile(r"^[-+]?\d+(\.\d+)?$")


def decimals(printed: str) -> int:
    """The number of decimals of a printed figure: 2 for '1.50', 0 for '12'."""
    text = printed.strip().replace("−", "-")
    if not _FIGURE.match(text):
        message = f"{printed!r} is not a printed figure"
        raise SynthesisError(message)
    return len(text.partition(".")[2])


def half_unit(places: int) -> float:
    """Half of the last printed place: 0.005 for two decimals."""
    return float(Decimal(1).scaleb(-places) / 2)


def rounds_to(value: float, printed: float, *, places: int) -> bool:
    """Whether *value* can have been printed as *printed* with *places* decimals, by any rule for halves."""
    return abs(value - printed) <= half_unit(places) * (1 + 1e-9) + 1e-12


def fitting_events(percent: float, n: int, *, places: int) -> list[int]:
    """The whole numbers whose share of *n* prints as *percent* with *places* decimals."""
    if n < 1 or not 0 <= percent <= 100:
        message = f"{percent:g} % of {n} is not a share of a group"
        raise SynthesisError(message)
    near = round(percent * n / 100)
    reach = int(n * half_unit(places) / 100) + 1
    return [
        events
        for events in range(max(0, near - reach), min(n, near + reach) + 1)
        if rounds_to(100 * events / n, percent, places=places)
    ]


def fitting_denominators(percent: float, events: int, *, places: int, most: int = 1000) -> list[int]:
    """The group sizes up to *most* for which *events* print as *percent* (the GRIM test for percentages)."""
    return [n for n in range(max(events, 1), most + 1) if rounds_to(100 * events / n, percent, places=places)]


def places_of(value: float) -> int:
    """The fewest decimals that print *value* exactly."""
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
