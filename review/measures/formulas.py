"""The formulas by id: what each computes and where it is published."""

from __future__ import annotations

from dataclasses import dataclass, field

from review.errors import SynthesisError

FORMULA_VERSION = "2"
"""Raised whenever a formula, a constant or a pooling rule changes, so that stored results show as stale."""

HANDBOOK = "Cochrane Handbook for Systematic Reviews of Interventions, version 6, chapter 6"


@dataclass(frozen=True)
class Formula:
    """One published formula."""

    formula_id: str
    words: str
    source: str


@dataclass(frozen=True)
class Derived:
    """A value that no paper printed: how it was derived, from what, and under which assumption."""

    value: float
    formula: str
    inputs: tuple[tuple[str, float], ...]
    assumption: str = ""


@dataclass(frozen=True)
class MeanSd:
    """A mean and an SD of one arm, with the formulas they came by (none when both were printed)."""

    n: int
    mean: float
    sd: float
    formulas: tuple[str, ...] = ()
    inputs: tuple[tuple[str, float], ...] = ()
    assumption: str = ""
    skewed: bool = False
    flags: tuple[str, ...] = field(default=())


_ALL = (
    Formula("md@handbook-6.5.1.1", "difference of two means, variance s1²/n1 + s2²/n2", HANDBOOK),
    Formula(
        "smd-g-ls@hedges-1981",
        "Hedges' g with the exact correction J; variance 1/n1 + 1/n2 + g²/(2(n1+n2))",
        "Hedges 1981, 10.3102/10769986006002107",
    ),
    Formula("lnrr@handbook-6.4.1.1", "log of the risk ratio, variance 1/a − 1/n1 + 1/c − 1/n2", HANDBOOK),
    Formula("rd@handbook-6.4.1.3", "difference of two risks", HANDBOOK),
    Formula(
        "half-correction@handbook-10.4.4.2",
        "½ added to all four cells of a table with an empty cell",
        HANDBOOK,
    ),
    Formula("sd_from_se@handbook-6.5.2.2", "SD = SE·√n", HANDBOOK),
    Formula("sd_from_ci@handbook-6.5.2.2", "SD = √n·(upper − lower)/(2·t), t with n − 1", HANDBOOK),
    Formula("se_from_ci@handbook-6.3.1", "SE = (upper − lower)/(2·z)", HANDBOOK),
    Formula("se_from_ci_t@handbook-6.5.2.3", "SE = (upper − lower)/(2·t), t with n1 + n2 − 2", HANDBOOK),
    Formula("se_from_p@handbook-6.5.2.3", "SE = |difference|/t, t from the exact p with n1 + n2 − 2", HANDBOOK),
    Formula("sd_from_se_of_difference@handbook-6.5.2.3", "SD = SE/√(1/n1 + 1/n2), for both arms", HANDBOOK),
    Formula("sd_of_change@handbook-6.5.2.8", "SD of the change = √(SDb² + SDf² − 2r·SDb·SDf)", HANDBOOK),
    Formula("correlation_from_sds@handbook-6.5.2.8", "r = (SDb² + SDf² − SDc²)/(2·SDb·SDf)", HANDBOOK),
    Formula(
        "combine_arms@handbook-6.5.2.10",
        "two arms made into one: n, mean and SD of the joined sample",
        HANDBOOK,
    ),
    Formula("combine_events@handbook-6.5.2.10", "two arms made into one: events and n added", HANDBOOK),
    Formula(
        "mean_sd_from_quartiles@luo-2018+wan-2014",
        "mean by Luo's weights, SD from the width of the quartiles",
        "Luo 10.1177/0962280216669183; Wan 10.1186/1471-2288-14-135",
    ),
    Formula(
        "mean_sd_from_range@luo-2018+wan-2014",
        "mean by Luo's weights, SD from the width of the range",
        "Luo 10.1177/0962280216669183; Wan 10.1186/1471-2288-14-135",
    ),
    Formula(
        "mean_sd_from_five_numbers@luo-2018+shi-2020",
        "mean by Luo's weights, SD by Shi's weights",
        "Luo 10.1177/0962280216669183; Shi 10.1002/jrsm.1429",
    ),
    Formula("sd_from_iqr_width@wan-2014", "SD from the width of the quartiles", "Wan 10.1186/1471-2288-14-135"),
    Formula(
        "mean_sd_from_quartiles@wan-2014",
        "mean (q1 + median + q3)/3: only to replicate older reviews",
        "Wan 10.1186/1471-2288-14-135",
    ),
    Formula(
        "events_from_percent@print-rounding",
        "the one count that rounds to the printed percentage of n",
        "Brown and Heathers 2017 (GRIM), 10.1177/1948550616673876",
    ),
    Formula("rescale@linear", "mean and SD carried to another range of the same scale", HANDBOOK),
    Formula(
        "reverse@linear",
        "a scale on which higher is better turned round: sign of the mean, SD unchanged",
        HANDBOOK,
    ),
    Formula("paired_smd@handbook5.1-16.4.6.4", "SMD of paired values", "Cochrane Handbook 5.1, 16.4.6.4"),
    Formula("inverse_variance@handbook-10.3", "a printed contrast used as it stands", HANDBOOK),
)

FORMULAS = {formula.formula_id: formula for formula in _ALL}


def describe(formula_id: str) -> Formula:
    """The formula of that id. Raises SynthesisError for an id that is not in the list."""
    if formula_id not in FORMULAS:
        message = f"no formula is called {formula_id!r}"
        raise SynthesisError(message, hint="the ids are listed in docs/methods/conversions.md")
    return FORMULAS[formula_id]
