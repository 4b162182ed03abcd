"""Printed contrasts by generic inverse variance, where no arm-level figures serve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from review.errors import SynthesisError
from review.measures.conversions import se_from_ci
from review.measures.effect_sizes import Effect, printed_contrast
from review.measures.intervals import inside, ratio_like
from review.measures.rounding import half_unit, places_of
from review.measures.scales import direction, factor
from review.synthesis.cells import Comparison
from review.synthesis.figures import EffectRow, Row, with_effect
from review.terms import EffectMeasure

NOT_LISTED = "instrument not in the protocol's hierarchy"
NO_INTERVAL = "contrast without a confidence interval"
NO_SCALE = "scale limits not known, so no points on the protocol's scale"
OUTSIDE = "the printed estimate lies outside its own interval"
SHARED = "several printed contrasts share an arm and cannot be joined without n and SD"
NOT_STANDARDISED = "a difference in scale points without an SD cannot be standardised"


def effect_of_contrasts(comparison: Comparison, rows: Sequence[Row], *, blank: EffectRow) -> EffectRow:
    """The effect by the first printed contrast in the protocol's order."""
    families = comparison.outcome.hierarchy

    def order(row: Row) -> tuple[float, ...]:
        rank = families.index(row.family) if row.family in families else len(families)
        return rank, -row.month, row.measure != "final", row.place

    first = min(rows, key=order)
    alike = [
        row
        for row in rows
        if (row.instrument, row.month, row.measure) == (first.instrument, first.month, first.measure)
    ]
    left = {arm.arm_id for arm in comparison.arms_a}
    straight = first.arm_id in left
    a, b = (first.arm_id, first.arm_b) if straight else (first.arm_b, first.arm_id)
    sizes = {arm.arm_id: arm.n_randomised for arm in (*comparison.arms_a, *comparison.arms_b)}
    flags = ["generic_inverse_variance", *(["adjusted"] if first.adjusted else [])]
    if sizes.get(str(a)) or sizes.get(str(b)):
        flags.append("n_randomised")
    if first.contrast_kind in ("MD", "SMD") and None not in (first.est, first.lo, first.hi):
        flags += ["looks_like_a_ratio"] * ratio_like(first.est or 0.0, first.lo or 0.0, first.hi or 0.0)
    placed = replace(
        blank,
        arms_a=(str(a),),
        arms_b=(str(b),),
        instrument=first.instrument or None,
        month=first.month,
        value_kind=first.measure,
        level=first.level,
        row_ids=(first.row_id,),
        n_a=sizes.get(str(a)),
        n_b=sizes.get(str(b)),
        flags=(*blank.flags, *flags),
    )
    if len({(row.arm_id, row.arm_b) for row in alike}) > 1:
        return replace(placed, not_pooled_because=SHARED)
    reason = None
    if first.family not in families:
        reason = NOT_LISTED
    try:
        effect = _effect(comparison, first, straight=straight, df=_degrees(placed))
    except SynthesisError as problem:
        return replace(placed, not_pooled_because=reason or problem.message)
    return replace(with_effect(placed, effect), not_pooled_because=reason or first.do_not_pool)


def _degrees(placed: EffectRow) -> float | None:
    """n₁ + n₂ − 2 where both are known and leave any; a mean difference is then taken to be printed by t."""
    if placed.n_a is None or placed.n_b is None or placed.participants < 3:
        return None
    return float(placed.participants - 2)


def _effect(comparison: Comparison, row: Row, *, straight: bool, df: float | None) -> Effect:
    """The contrast as intervention minus comparator, on the protocol's scale; SynthesisError says why not.

    *df* serves mean differences; intervals of ratios and risks are printed by the normal distribution.
    """
    measure = comparison.outcome.measure
    if row.est is None or row.lo is None or row.hi is None:
        raise SynthesisError(NO_INTERVAL)
    if measure is EffectMeasure.SMD:
        raise SynthesisError(NOT_STANDARDISED)
    if row.contrast_kind != measure:
        message = f"{row.contrast_kind} printed where the protocol pools {measure}"
        raise SynthesisError(message)
    tolerance = half_unit(min(places_of(row.est), places_of(row.lo), places_of(row.hi)))
    if row.lo > row.hi or not inside(row.est, row.lo, row.hi, tolerance=tolerance):
        raise SynthesisError(OUTSIDE)
    sign = 1 if straight else -1
    if measure is EffectMeasure.RR:
        if min(row.est, row.lo) <= 0:
            message = f"a ratio of {row.est:g} ({row.lo:g}, {row.hi:g}) has no logarithm"
            raise SynthesisError(message)
        se = se_from_ci(math.log(row.lo), math.log(row.hi))
        made = printed_contrast(sign * math.log(row.est), se=se.value)
        return Effect(made.yi, made.vi, (se.formula, *made.formulas))
    times = 1.0
    extra: tuple[str, ...] = ()
    if measure is EffectMeasure.MD:
        if row.scale_min is None or row.scale_max is None or comparison.outcome.scale is None:
            raise SynthesisError(NO_SCALE)
        low, high = comparison.outcome.scale
        times = factor(row.scale_min, row.scale_max, to_width=high - low)
        turn = direction(row.better)
        sign *= turn
        extra = (*(("rescale@linear",) if times != 1 else ()), *(("reverse@linear",) if turn < 0 else ()))
    se = se_from_ci(row.lo, row.hi, df=df if measure is EffectMeasure.MD else None)
    made = printed_contrast(sign * times * row.est, se=times * se.value)
    return Effect(made.yi, made.vi, (se.formula, *made.formulas, *extra))
