"""Agreement of two reviewers from the four cells of their blind decisions.

Kappa alone misleads where one verdict is rare (the kappa paradox), so it never comes without AC1 and the
specific agreements. Sources: Cohen 1960 (10.1177/001316446002000104); Byrt, Bishop & Carlin 1993
(10.1016/0895-4356(93)90018-V) for PABAK and the indices; Gwet 2008 (Br J Math Stat Psychol 61:29-48) for
AC1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Any

_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Cells:
    """Records by what both said; unsure counts as include."""

    both_include: int
    first_only: int
    second_only: int
    both_exclude: int

    @property
    def n(self) -> int:
        """Records with two blind decisions."""
        return self.both_include + self.first_only + self.second_only + self.both_exclude


@dataclass(frozen=True)
class Estimate:
    """A coefficient with its jackknife standard error and 95 % interval; all None where it is undefined."""

    value: float | None
    se: float | None = None
    lo: float | None = None
    hi: float | None = None
    why: str = ""


@dataclass(frozen=True)
class Agreement:
    """All coefficients of one pair of reviewers; shares (0 to 1) are None without a record to count."""

    n: int
    observed: float | None
    kappa: Estimate
    pabak: Estimate
    ac1: Estimate
    positive: float | None
    negative: float | None
    prevalence_index: float | None
    bias_index: float | None


def agreement(cells: Cells) -> Agreement:
    """Every coefficient from the four *cells*."""
    return Agreement(
        n=cells.n,
        observed=observed(cells),
        kappa=_estimate(kappa, cells, "undefined (one verdict only)"),
        pabak=_estimate(pabak, cells, "undefined"),
        ac1=_estimate(ac1, cells, "undefined"),
        positive=positive(cells),
        negative=negative(cells),
        prevalence_index=(cells.both_include - cells.both_exclude) / cells.n if cells.n else None,
        bias_index=(cells.first_only - cells.second_only) / cells.n if cells.n else None,
    )


def figures(cells: Cells) -> dict[str, Any]:
    """The cells and every coefficient under the names of `agreement_table`; `remark` says why one is missing."""
    found = agreement(cells)
    named: dict[str, Any] = {
        "n": cells.n,
        "both_include": cells.both_include,
        "first_only": cells.first_only,
        "second_only": cells.second_only,
        "both_exclude": cells.both_exclude,
        "observed": found.observed,
    }
    for name, estimate in (("kappa", found.kappa), ("pabak", found.pabak), ("ac1", found.ac1)):
        named |= {
            name: estimate.value,
            f"{name}_se": estimate.se,
            f"{name}_lo": estimate.lo,
            f"{name}_hi": estimate.hi,
        }
    remark = f"kappa: {found.kappa.why}" if found.kappa.why else ""
    return {**named, "positive": found.positive, "negative": found.negative, "remark": remark}


def observed(cells: Cells) -> float | None:
    """Raw agreement (a + d) / n; None without records."""
    return (cells.both_include + cells.both_exclude) / cells.n if cells.n else None


def kappa(cells: Cells) -> float | None:
    """Cohen's kappa; None where chance agreement is 1, because only one verdict was ever given."""
    a, b, c, d = cells.both_include, cells.first_only, cells.second_only, cells.both_exclude
    # in whole numbers, so that a chance agreement of exactly 1 is seen as such
    chance = (a + b) * (a + c) + (c + d) * (b + d)
    whole = cells.n * cells.n
    return None if chance == whole else ((a + d) * cells.n - chance) / (whole - chance)


def pabak(cells: Cells) -> float | None:
    """Prevalence-adjusted, bias-adjusted kappa: 2 p_o - 1 (Byrt 1993)."""
    share = observed(cells)
    return None if share is None else 2 * share - 1


def ac1(cells: Cells) -> float | None:
    """Gwet's AC1 for two verdicts (Gwet 2008)."""
    share = observed(cells)
    if share is None:
        return None
    include = (2 * cells.both_include + cells.first_only + cells.second_only) / (2 * cells.n)
    chance = 2 * include * (1 - include)
    return (share - chance) / (1 - chance)


def positive(cells: Cells) -> float | None:
    """Of all includes, the share on which both agree: 2a / (2a + b + c)."""
    total = 2 * cells.both_include + cells.first_only + cells.second_only
    return 2 * cells.both_include / total if total else None


def negative(cells: Cells) -> float | None:
    """Of all excludes, the share on which both agree: 2d / (2d + b + c)."""
    total = 2 * cells.both_exclude + cells.first_only + cells.second_only
    return 2 * cells.both_exclude / total if total else None


def jackknife_se(coefficient: Callable[[Cells], float | None], cells: Cells) -> float | None:
    """Standard error from leaving out one record at a time: sqrt((n - 1) / n * sum n_j (theta_j - mean)^2).

    Only four different values can arise, one for each cell. None where one of them is undefined.
    """
    left_out: list[tuple[int, float]] = []
    counts = (cells.both_include, cells.first_only, cells.second_only, cells.both_exclude)
    for place, count in enumerate(counts):
        if not count:
            continue
        value = coefficient(Cells(*(one - (at == place) for at, one in enumerate(counts))))
        if value is None:
            return None
        left_out.append((count, value))
    if cells.n < 2:
        return None
    mean = sum(count * value for count, value in left_out) / cells.n
    return sqrt((cells.n - 1) / cells.n * sum(count * (value - mean) ** 2 for count, value in left_out))


def _estimate(coefficient: Callable[[Cells], float | None], cells: Cells, why: str) -> Estimate:
    value = coefficient(cells) if cells.n else None
    if value is None:
        return Estimate(None, why=why if cells.n else "no record with two blind decisions")
    se = jackknife_se(coefficient, cells)
    if se is None:
        few = cells.n < 2
        return Estimate(value, why="too few records for an interval" if few else "no interval: it hangs on one record")
    if not se:
        # nothing to leave out makes a difference: an interval without width would claim certainty
        return Estimate(value, why="no interval: no record differs from the others")
    return Estimate(value, se, max(-1.0, value - _Z95 * se), min(1.0, value + _Z95 * se))
