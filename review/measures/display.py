"""Effects as people read them: few decimals, a true minus sign, ratios taken back from their logarithm."""

from __future__ import annotations

import math


def number(value: float, measure: str) -> str:
    """*value* with the decimals of its measure: 1 for points, 2 for others; RR as a ratio."""
    shown = math.exp(value) if measure == "RR" else value
    return f"{shown:.{1 if measure == 'MD' else 2}f}".replace("-", "−")
