"""Effect sizes with their variances: MD, SMD, log risk ratio, risk difference, printed contrasts.

Arm `a` is the intervention, `b` the comparator; y is a minus b. Checked against metafor in tests/reference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from review.errors import SynthesisError
from review.measures.checks import finite, not_negative, positive, sample_size

MD = "md@handbook-6.5.1.1"
SMD = "smd-g-ls@hedges-1981"
LNRR = "lnrr@handbook-6.4.1.1"
RD = "rd@handbook-6.4.1.3"
HALF = "half-correction@handbook-10.4.4.2"
GENERIC = "inverse_variance@handbook-10.3"


@dataclass(frozen=True)
class Effect:
    """An estimate `yi` with its sampling variance `vi`, and the formulas behind both."""

    yi: float
    vi: float
    formulas: tuple[str, ...]

    @property
    def se(self) -> float:
        """The standard error."""
        return math.sqrt(self.vi)


def mean_difference(*, mean_a: float, sd_a: float, n_a: int, mean_b: float, sd_b: float, n_b: int) -> Effect:
    """Difference of two means, in their units. Refuses two SDs of 0: they would weigh infinitely."""
    _check_arms(mean_a, sd_a, n_a, mean_b, sd_b, n_b)
    variance = sd_a**2 / n_a + sd_b**2 / n_b
    return Effect(mean_a - mean_b, positive("variance of the difference", variance), (MD,))


def hedges_j(m: float) -> float:
    """The exact small-sample factor Γ(m/2) / (√(m/2)·Γ((m−1)/2)); 1 − 3/(4m−1) is only near it."""
    if m <= 1:
        message = f"degrees of freedom are {m:g}; Hedges' correction needs more than 1"
        raise SynthesisError(message)
    return math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) / math.sqrt(m / 2)


def standardised_mean_difference(
    *, mean_a: float, sd_a: float, n_a: int, mean_b: float, sd_b: float, n_b: int
) -> Effect:
    """Hedges' g: J·(difference / pooled SD), large-sample variance. Source: 10.3102/10769986006002107."""
    _check_arms(mean_a, sd_a, n_a, mean_b, sd_b, n_b)
    m = n_a + n_b - 2
    pooled = math.sqrt(((n_a - 1) * sd_a**2 + (n_b - 1) * sd_b**2) / m)
    g = hedges_j(m) * (mean_a - mean_b) / positive("pooled SD", pooled)
    return Effect(g, 1 / n_a + 1 / n_b + g**2 / (2 * (n_a + n_b)), (SMD,))


def informative(*, events_a: int, events_b: int) -> bool:
    """Whether a table says anything of a ratio: without events in either arm it does not."""
    return events_a + events_b > 0


def risk_ratio(*, events_a: int, n_a: int, events_b: int, n_b: int) -> Effect:
    """The natural log of the risk ratio. An empty cell adds ½ to all four; no event at all is an error."""
    _check_events(events_a, n_a, events_b, n_b)
    if not informative(events_a=events_a, events_b=events_b):
        message = f"no events in {n_a} + {n_b} participants carry no information on a ratio"
        raise SynthesisError(message, hint="report the table; do not pool it")
    a, n1, c, n2, formulas = _corrected(events_a, n_a, events_b, n_b)
    return Effect(math.log((a / n1) / (c / n2)), 1 / a - 1 / n1 + 1 / c - 1 / n2, (LNRR, *formulas))


def risk_difference(*, events_a: int, n_a: int, events_b: int, n_b: int) -> Effect:
    """The difference of two risks. An empty cell adds ½ to all four: its variance would be too small."""
    _check_events(events_a, n_a, events_b, n_b)
    a, n1, c, n2, formulas = _corrected(events_a, n_a, events_b, n_b)
    return Effect(a / n1 - c / n2, a * (n1 - a) / n1**3 + c * (n2 - c) / n2**3, (RD, *formulas))


def printed_contrast(estimate: float, *, se: float | None = None, variance: float | None = None) -> Effect:
    """A contrast as printed: exactly one of *se* and *variance*, by name, as they are easily swapped."""
    if (se is None) == (variance is None):
        message = "a contrast needs its standard error or its variance, and not both"
        raise SynthesisError(message, hint="printed_contrast(y, se=...) or printed_contrast(y, variance=...)")
    v = positive("standard error", se) ** 2 if se is not None else positive("variance", variance or 0.0)
    return Effect(finite("estimate", estimate), v, (GENERIC,))


def _check_arms(mean_a: float, sd_a: float, n_a: int, mean_b: float, sd_b: float, n_b: int) -> None:
    for letter, mean, sd, n in (("a", mean_a, sd_a, n_a), ("b", mean_b, sd_b, n_b)):
        finite(f"mean of arm {letter}", mean)
        not_negative(f"SD of arm {letter}", sd)
        sample_size(f"n of arm {letter}", n)


def _check_events(events_a: int, n_a: int, events_b: int, n_b: int) -> None:
    for letter, events, n in (("a", events_a, n_a), ("b", events_b, n_b)):
        sample_size(f"n of arm {letter}", n, least=1)
        sample_size(f"events of arm {letter}", events, least=0)
        if events > n:
            message = f"arm {letter} has {events} events in {n} participants"
            raise SynthesisError(message, hint="count participants with an event, not events")


def _corrected(events_a: int, n_a: int, events_b: int, n_b: int) -> tuple[float, float, float, float, tuple[str, ...]]:
    """Both arms' events and sizes, with ½ in each cell where one of the four is empty."""
    if 0 in (events_a, n_a - events_a, events_b, n_b - events_b):
        return events_a + 0.5, n_a + 1.0, events_b + 0.5, n_b + 1.0, (HALF,)
    return float(events_a), float(n_a), float(events_b), float(n_b), ()
