"""How much one study matters: the pool again without each effect in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from review.synthesis.pooling import pool


@dataclass(frozen=True)
class LeftOut:
    """The pool without one effect; with one effect left there is an estimate but no pooling."""

    name: str
    estimate: float
    ci_lo: float
    ci_hi: float
    tau2: float


def leave_one_out(
    y: Sequence[float],
    *,
    variance: Sequence[float],
    names: Sequence[str],
    tau2: str = "REML",
    ci: str = "HKSJ",
) -> list[LeftOut]:
    """The pool of *y* without each effect in turn; empty below three effects, as one left is no pool."""
    if len(y) < 3:
        return []
    rows = []
    for place, name in enumerate(names):
        rest = [i for i in range(len(y)) if i != place]
        result = pool([y[i] for i in rest], variance=[variance[i] for i in rest], tau2=tau2, ci=ci)
        rows.append(LeftOut(name, result.estimate, result.ci_lo, result.ci_hi, result.tau2))
    return rows
