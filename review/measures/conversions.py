"""From what papers print to means, SDs, standard errors and counts; each result names its formula."""

from __future__ import annotations

import math

from scipy import special

from review.errors import SynthesisError
from review.measures.checks import correlation, finite, not_negative, ordered, positive, sample_size
from review.measures.formulas import Derived, MeanSd
from review.measures.intervals import se_from_interval, t_quantile
from review.measures.rounding import fitting_events


def sd_from_se(se: float, *, n: int) -> Derived:
    """SD = SE·√n. Source: Handbook 6.5.2.2."""
    value = not_negative("SE", se) * math.sqrt(sample_size("n", n))
    return Derived(value, "sd_from_se@handbook-6.5.2.2", (("se", se), ("n", n)))


def sd_from_ci(low: float, high: float, *, n: int, level: float = 0.95) -> Derived:
    """SD of one arm from the confidence interval of its mean, by t with n − 1. Source: Handbook 6.5.2.2."""
    ordered("lower limit", low, "upper limit", high)
    value = math.sqrt(sample_size("n", n)) * (high - low) / (2 * t_quantile(n - 1, level))
    return Derived(
        value,
        "sd_from_ci@handbook-6.5.2.2",
        (("lo", low), ("hi", high), ("n", n), ("level", level)),
        assumption="the interval was computed by t and is symmetric",
    )


def se_from_ci(low: float, high: float, *, level: float = 0.95, df: float | None = None) -> Derived:
    """SE of a printed contrast from its interval: by z, or by t when *df* (n1 + n2 − 2) is known."""
    value = se_from_interval(low, high, level=level, df=df)
    formula = "se_from_ci@handbook-6.3.1" if df is None else "se_from_ci_t@handbook-6.5.2.3"
    return Derived(value, formula, (("lo", low), ("hi", high), ("level", level)))


def se_from_p(difference: float, *, p: float, n_a: int, n_b: int, exact: bool = True) -> Derived:
    """SE of a difference of means from its p. A bound ("p < 0.05") gives only the largest SE."""
    if not 0 < finite("p", p) < 1:
        message = f"p is {p:g}; it must lie between 0 and 1"
        raise SynthesisError(message)
    df = sample_size("n of arm a", n_a) + sample_size("n of arm b", n_b) - 2
    t = -float(special.stdtrit(df, p / 2))
    if difference == 0:
        message = "a difference of 0 has no standard error that p could give"
        raise SynthesisError(message)
    return Derived(
        abs(finite("difference", difference)) / t,
        "se_from_p@handbook-6.5.2.3",
        (("difference", difference), ("p", p), ("n_a", n_a), ("n_b", n_b)),
        assumption="" if exact else "p is a bound: the true SE is smaller",
    )


def sd_from_se_of_difference(se: float, *, n_a: int, n_b: int) -> Derived:
    """One SD for both arms from the SE of their (unadjusted) difference. Source: Handbook 6.5.2.3."""
    value = positive("SE", se) / math.sqrt(1 / sample_size("n of arm a", n_a) + 1 / sample_size("n of arm b", n_b))
    return Derived(
        value,
        "sd_from_se_of_difference@handbook-6.5.2.3",
        (("se", se), ("n_a", n_a), ("n_b", n_b)),
        assumption="both arms have the same SD; the difference is not adjusted",
    )


def sd_of_change(*, sd_baseline: float, sd_final: float, r: float) -> Derived:
    """SD of the change under correlation *r*. Source: Handbook 6.5.2.8; vary r, as trials rarely print it."""
    square = (
        not_negative("baseline SD", sd_baseline) ** 2
        + not_negative("final SD", sd_final) ** 2
        - 2 * correlation(r) * sd_baseline * sd_final
    )
    return Derived(
        math.sqrt(max(0.0, square)),
        "sd_of_change@handbook-6.5.2.8",
        (("sd_baseline", sd_baseline), ("sd_final", sd_final), ("r", r)),
        assumption=f"baseline and final values correlate by {r:g}",
    )


def correlation_from_sds(*, sd_baseline: float, sd_final: float, sd_change: float) -> Derived:
    """The correlation that three printed SDs imply; an impossible one (outside −1 to 1) is an error."""
    product = positive("baseline SD", sd_baseline) * positive("final SD", sd_final)
    r = (sd_baseline**2 + sd_final**2 - not_negative("SD of the change", sd_change) ** 2) / (2 * product)
    return Derived(
        correlation(r),
        "correlation_from_sds@handbook-6.5.2.8",
        (("sd_baseline", sd_baseline), ("sd_final", sd_final), ("sd_change", sd_change)),
    )


def combine_arms(first: MeanSd, second: MeanSd) -> MeanSd:
    """Two arms as one sample; exact, so the order of arms does not matter. Source: Handbook 6.5.2.10."""
    n1, n2 = sample_size("n", first.n), sample_size("n", second.n)
    n = n1 + n2
    between = n1 * n2 / n * (first.mean - second.mean) ** 2
    square = (
        (n1 - 1) * not_negative("SD", first.sd) ** 2 + (n2 - 1) * not_negative("SD", second.sd) ** 2 + between
    ) / (n - 1)
    formulas = (*first.formulas, *second.formulas, "combine_arms@handbook-6.5.2.10")
    return MeanSd(
        n=n,
        mean=(n1 * first.mean + n2 * second.mean) / n,
        sd=math.sqrt(square),
        formulas=tuple(dict.fromkeys(formulas)),
        skewed=first.skewed or second.skewed,
        flags=tuple(dict.fromkeys((*first.flags, *second.flags))),
    )


def mean_sd_from_quartiles(*, q1: float, median: float, q3: float, n: int) -> MeanSd:
    """Mean (Luo) and SD (Wan) from median and quartiles, with Shi's skew test: convert only where it passes.

    The test is |q1 + q3 − 2·median| / (q3 − q1) ≥ 2.65/√n − 6/n² (10.1177/09622802231172043).
    """
    _inside_its_bounds(q1, median, q3)
    sample_size("n", n)
    weight = 0.7 + 0.39 / n
    width = q3 - q1
    skew = abs(q1 + q3 - 2 * median) / width if width else 0.0
    return MeanSd(
        n=n,
        mean=weight * (q1 + q3) / 2 + (1 - weight) * median,
        sd=width / _quartile_divisor(n),
        formulas=("mean_sd_from_quartiles@luo-2018+wan-2014",),
        inputs=(("q1", q1), ("median", median), ("q3", q3), ("n", n)),
        assumption="the values are normally distributed",
        skewed=skew >= 2.65 / math.sqrt(n) - 6 / n**2,
    )


def mean_sd_from_range(*, low: float, median: float, high: float, n: int) -> MeanSd:
    """Mean (Luo) and SD (Wan) from median and range, with Shi's skew test."""
    _inside_its_bounds(low, median, high)
    sample_size("n", n)
    weight = 4 / (4 + n**0.75)
    width = high - low
    skew = abs(low + high - 2 * median) / width if width else 0.0
    return MeanSd(
        n=n,
        mean=weight * (low + high) / 2 + (1 - weight) * median,
        sd=width / (2 * float(special.ndtri((n - 0.375) / (n + 0.25)))),
        formulas=("mean_sd_from_range@luo-2018+wan-2014",),
        inputs=(("low", low), ("median", median), ("high", high), ("n", n)),
        assumption="the values are normally distributed",
        skewed=skew >= 1 / math.log(n + 9) + 2.5 / (n + 1),
    )


def mean_sd_from_five_numbers(*, low: float, q1: float, median: float, q3: float, high: float, n: int) -> MeanSd:
    """Mean (Luo) and SD (Shi) from minimum, quartiles, median and maximum, with Shi's skew test."""
    _inside_its_bounds(q1, median, q3)
    ordered("minimum", low, "first quartile", q1)
    ordered("third quartile", q3, "maximum", high)
    sample_size("n", n)
    w1 = 2.2 / (2.2 + n**0.75)
    w2 = 0.7 - 0.72 / n**0.55
    theta1 = (2 + 0.14 * n**0.6) * float(special.ndtri((n - 0.375) / (n + 0.25)))
    theta2 = (2 + 2 / (0.07 * n**0.6)) * float(special.ndtri((0.75 * n - 0.125) / (n + 0.25)))
    by_range = abs(low + high - 2 * median) / (high - low) if high > low else 0.0
    by_quartiles = abs(q1 + q3 - 2 * median) / (q3 - q1) if q3 > q1 else 0.0
    skew = max(2.65 * math.log(0.6 * n) / math.sqrt(n) * by_range, by_quartiles)
    return MeanSd(
        n=n,
        mean=w1 * (low + high) / 2 + w2 * (q1 + q3) / 2 + (1 - w1 - w2) * median,
        sd=(high - low) / theta1 + (q3 - q1) / theta2,
        formulas=("mean_sd_from_five_numbers@luo-2018+shi-2020",),
        inputs=(("low", low), ("q1", q1), ("median", median), ("q3", q3), ("high", high), ("n", n)),
        assumption="the values are normally distributed",
        skewed=skew >= 3 / math.sqrt(n) - 40 / n**3,
    )


def mean_sd_from_quartiles_wan(*, q1: float, median: float, q3: float, n: int) -> MeanSd:
    """Wan's mean (q1 + median + q3)/3, only to replicate older reviews; new work uses Luo's weights."""
    newer = mean_sd_from_quartiles(q1=q1, median=median, q3=q3, n=n)
    return MeanSd(
        n=n,
        mean=(q1 + median + q3) / 3,
        sd=newer.sd,
        formulas=("mean_sd_from_quartiles@wan-2014",),
        inputs=newer.inputs,
        assumption=newer.assumption,
        skewed=newer.skewed,
    )


def sd_from_iqr_width(width: float, *, n: int) -> Derived:
    """SD from a printed IQR width. Without the quartiles no skew test is possible."""
    value = not_negative("IQR width", width) / _quartile_divisor(sample_size("n", n))
    return Derived(
        value,
        "sd_from_iqr_width@wan-2014",
        (("width", width), ("n", n)),
        assumption="the values are normally distributed; skewness cannot be tested",
    )


def events_from_percent(percent: float, *, n: int, places: int) -> Derived | None:
    """The count behind a printed percentage, or None where none or several counts print alike."""
    fitting = fitting_events(percent, n, places=places)
    if len(fitting) != 1:
        return None
    return Derived(
        float(fitting[0]),
        "events_from_percent@print-rounding",
        (("percent", percent), ("n", n), ("places", places)),
    )


def paired_smd(difference: float, *, sd_a: float, sd_b: float, n: int, r: float) -> tuple[float, float]:
    """(SMD, SE) of paired values standardised by the average SD. Source: Handbook 5.1, 16.4.6.4."""
    pooled = positive("SD", math.sqrt((sd_a**2 + sd_b**2) / 2))
    smd = finite("difference", difference) / pooled
    se = math.sqrt(1 / sample_size("n", n) + smd**2 / (2 * n)) * math.sqrt(2 * (1 - correlation(r)))
    return smd, se


def _quartile_divisor(n: int) -> float:
    return 2 * float(special.ndtri((0.75 * n - 0.125) / (n + 0.25)))


def _inside_its_bounds(low: float, median: float, high: float) -> None:
    ordered("lower bound", low, "median", median)
    ordered("median", median, "upper bound", high)
