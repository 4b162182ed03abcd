"""From a study's rows in a cell to its one effect there: which figures count, and why others do not.

The order is the protocol's: the first instrument family of the hierarchy, then the latest time of the window,
final values before changes. A study that prints that without an SD or n is not lost where its next choice is
complete: the first choice with usable figures counts, and a flag says that it was not the first. Whether
figures are complete does not depend on what they show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from review.errors import SynthesisError
from review.measures import effect_sizes
from review.measures.conversions import combine_arms
from review.measures.effect_sizes import Effect
from review.measures.formulas import MeanSd
from review.measures.scales import direction, factor
from review.project import SynthesisPlan
from review.synthesis.add_on import shared_treatment
from review.synthesis.arms import Side, count, join_counts, mean_sd, read_side
from review.synthesis.cells import Comparison, comparisons
from review.synthesis.contrasts import NO_SCALE, NOT_LISTED, effect_of_contrasts
from review.synthesis.figures import EffectRow, Row, Study, with_effect
from review.terms import Design, EffectMeasure

T = TypeVar("T")
LARGE = 2.0
"""Standardised differences beyond this are flagged: more often an SE taken for an SD than a true effect."""
_ANALYSES = ("itt", "mitt", "as_reported", "completers", "pp")
_MEASURES = ("final", "change", "percent_change")
_SLACK = 0.05
"""Months; weeks are stored as 0.23 months, so that 12 weeks and 3 months differ in the second decimal."""

ONE_SIDE = "figures for one side of the comparison only"
CHANGES_ONLY = "changes only: a standardised difference uses final values"


@dataclass(frozen=True)
class Choice:
    """One instrument at one time: rows that belong together, and their place in the protocol's order."""

    rank: tuple[float, ...]
    instrument: str
    month: float
    measure: str
    rows: tuple[Row, ...]


def effects_of_study(study: Study, plan: SynthesisPlan) -> list[EffectRow]:
    """The effects of *study*, at most one in each cell, pooled or with the reason why not."""
    return [_effect(comparison, plan) for comparison in comparisons(study, plan)]


def _effect(comparison: Comparison, plan: SynthesisPlan) -> EffectRow:
    """The first choice that gives an effect; else the first choice with its reason."""
    study = comparison.study
    until = study.randomised_until_month
    randomised = [row for row in comparison.rows if until is None or row.month <= until + _SLACK]
    made: list[EffectRow] = []
    for choice in _choices(comparison, randomised or comparison.rows):
        made.append(_of_choice(comparison, choice))
    contrasts = [row for row in (randomised or comparison.rows) if row.kind == "contrast"]
    if contrasts:
        made.append(effect_of_contrasts(comparison, contrasts, blank=_blank(comparison)))
    place = next((i for i, effect in enumerate(made) if effect.pooled), 0)
    effect = made[place]
    if effect.pooled and place > 0:
        effect = replace(effect, flags=(*effect.flags, f"not_first_choice: {made[0].not_pooled_because}"))
    reason = None if randomised else f"after the randomised phase ended (month {until:g})"
    beside = _beside(comparison, effect)
    reason = reason or _study_reason(study, plan)
    if beside:
        reason = reason or f"both arms also had {beside}: an add-on comparison"
    reason = reason or effect.not_pooled_because
    flags = [*effect.flags, *_flags_of_rows(comparison, effect)]
    if beside:
        flags.append(f"add_on:{beside}")
    if study.unit != "patient":
        flags.append(f"unit:{study.unit}")
    if study.design == Design.RCT_WITHIN_PERSON:
        flags.append("within_person")
    if effect.level == "secondary":
        flags.append("secondary_source")
    return replace(effect, not_pooled_because=reason, flags=tuple(dict.fromkeys(flags)))


def _beside(comparison: Comparison, effect: EffectRow) -> str | None:
    """What both sides of *effect* had beside the product."""
    arms_a = [arm for arm in comparison.arms_a if arm.arm_id in effect.arms_a]
    arms_b = [arm for arm in comparison.arms_b if arm.arm_id in effect.arms_b]
    return shared_treatment(arms_a, arms_b)


def _flags_of_rows(comparison: Comparison, effect: EffectRow) -> list[str]:
    """What readers noted of the rows, arms and study behind *effect*: imputed figures, kinds of open remarks."""
    rows = [row for row in comparison.rows if row.row_id in effect.row_ids]
    arms = [arm for arm in comparison.study.arms if arm.arm_id in (*effect.arms_a, *effect.arms_b)]
    noted = [comparison.study.remarks, *(arm.remarks for arm in arms), *(row.remarks for row in rows)]
    kinds = {kind for kinds_of_one in noted for kind in kinds_of_one}
    return [*(["imputed"] if any(row.imputed for row in rows) else []), *(f"remarked:{kind}" for kind in sorted(kinds))]


def _study_reason(study: Study, plan: SynthesisPlan) -> str | None:
    """Why nothing of *study* is pooled, whatever its figures."""
    design = Design(study.design)
    if study.do_not_pool:
        return study.do_not_pool
    if "randomised" in plan.designs and not design.randomised:
        unclear = design is Design.UNCLEAR
        return "design not clear: randomisation not stated" if unclear else "not randomised"
    if study.unit != "patient" or design is Design.RCT_WITHIN_PERSON:
        return "per-joint or within-person unit"
    if design is Design.RCT_CLUSTER:
        return "cluster-randomised: needs a design effect"
    if design is Design.RCT_CROSSOVER and study.randomised_until_month is None:
        return "crossover: the end of the parallel phase is not known"
    return None


def _choices(comparison: Comparison, rows: Sequence[Row]) -> list[Choice]:
    """Arm-level rows that belong together, in the protocol's order."""
    groups: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        if row.kind == "contrast" or (row.kind == "continuous") == (
            comparison.outcome.measure in (EffectMeasure.RR, EffectMeasure.RD)
        ):
            continue
        key = (row.instrument, row.scale_min, row.scale_max, row.month, row.measure, row.analysis)
        groups.setdefault(key, []).append(row)
    found = [
        Choice(_rank(comparison, group), group[0].instrument, group[0].month, group[0].measure, tuple(group))
        for group in groups.values()
    ]
    return sorted(found, key=lambda choice: (choice.rank, choice.instrument))


def _rank(comparison: Comparison, group: Sequence[Row]) -> tuple[float, ...]:
    row = group[0]
    families = comparison.outcome.hierarchy
    left = {arm.arm_id for arm in comparison.arms_a}
    both = len({each.arm_id in left for each in group}) == 2
    return (
        families.index(row.family) if row.family in families else len(families),
        0 if both else 1,
        -row.month,
        _MEASURES.index(row.measure) if row.measure in _MEASURES else len(_MEASURES),
        _ANALYSES.index(row.analysis) if row.analysis in _ANALYSES else len(_ANALYSES),
        row.place,
    )


def _of_choice(comparison: Comparison, choice: Choice) -> EffectRow:
    """The effect of one instrument at one time."""
    outcome = comparison.outcome
    if outcome.measure in (EffectMeasure.RR, EffectMeasure.RD):
        return _binary(comparison, choice)
    sides = _sides(comparison, choice, read=mean_sd, join=combine_arms)
    blank = _with_rows(_blank(comparison), choice, sides)
    a, b = sides[0].value, sides[1].value
    if a is None or b is None:
        return replace(blank, not_pooled_because=_why(comparison, choice, sides))
    blank = replace(
        blank, n_a=a.n, n_b=b.n, mean_a=a.mean, sd_a=a.sd, mean_b=b.mean, sd_b=b.sd,
        flags=(*blank.flags, *a.flags, *b.flags),
    )  # fmt: skip
    reason = _family_reason(comparison, choice)
    if outcome.measure is EffectMeasure.SMD and choice.measure != "final":
        reason = reason or CHANGES_ONLY
    try:
        effect, flags = _continuous_effect(comparison, choice, a, b)
    except SynthesisError as problem:
        return replace(blank, not_pooled_because=reason or problem.message)
    if effect is None:
        return replace(blank, not_pooled_because=reason or NO_SCALE)
    return replace(
        with_effect(blank, effect, before=(*a.formulas, *b.formulas)),
        flags=tuple(dict.fromkeys((*blank.flags, *flags))),
        not_pooled_because=reason or _remarked(choice.rows, blank.row_ids),
    )


def _continuous_effect(comparison: Comparison, choice: Choice, a: MeanSd, b: MeanSd) -> tuple[Effect | None, list[str]]:
    """MD on the protocol's scale or Hedges' g, negative where the intervention does better; and its flags."""
    row = choice.rows[0]
    sign = direction(row.better)
    values = {
        "mean_a": a.mean, "sd_a": a.sd, "n_a": a.n, "mean_b": b.mean, "sd_b": b.sd, "n_b": b.n,
    }  # fmt: skip
    g = effect_sizes.standardised_mean_difference(**values)  # type: ignore[arg-type]
    flags = ["large_effect"] if abs(g.yi) > LARGE else []
    if row.scale_min is not None and choice.measure == "final" and min(_floor(a), _floor(b)) < row.scale_min:
        flags.append("mean_minus_2sd_below_scale")
    turned = ("reverse@linear",) if sign < 0 else ()
    if comparison.outcome.measure is EffectMeasure.SMD:
        return Effect(sign * g.yi, g.vi, (*g.formulas, *turned)), flags
    if row.scale_min is None or row.scale_max is None or comparison.outcome.scale is None:
        return None, flags
    low, high = comparison.outcome.scale
    times = factor(row.scale_min, row.scale_max, to_width=high - low)
    md = effect_sizes.mean_difference(**values)  # type: ignore[arg-type]
    scaled = ("rescale@linear",) if times != 1 else ()
    return Effect(sign * times * md.yi, times**2 * md.vi, (*md.formulas, *scaled, *turned)), flags


def _floor(side: MeanSd) -> float:
    return side.mean - 2 * side.sd


def _binary(comparison: Comparison, choice: Choice) -> EffectRow:
    sides = _sides(comparison, choice, read=count, join=join_counts)
    blank = _with_rows(_blank(comparison), choice, sides)
    a, b = sides[0].value, sides[1].value
    if a is None or b is None:
        return replace(blank, not_pooled_because=_why(comparison, choice, sides))
    blank = replace(blank, n_a=a.n, n_b=b.n, events_a=a.events, events_b=b.events)
    reason = _family_reason(comparison, choice)
    ratio = comparison.outcome.measure is EffectMeasure.RR
    if ratio and not effect_sizes.informative(events_a=a.events, events_b=b.events):
        return replace(blank, not_pooled_because=reason or "no events in either arm: no information on a ratio")
    compute = effect_sizes.risk_ratio if ratio else effect_sizes.risk_difference
    effect = compute(events_a=a.events, n_a=a.n, events_b=b.events, n_b=b.n)
    return replace(
        with_effect(blank, effect, before=(*a.formulas, *b.formulas)),
        not_pooled_because=reason or _remarked(choice.rows, blank.row_ids),
    )


def _sides(
    comparison: Comparison, choice: Choice, *, read: Callable[[Row], T | str], join: Callable[[T, T], T]
) -> tuple[Side[T], Side[T]]:
    return (
        read_side(comparison.arms_a, choice.rows, read=read, join=join),
        read_side(comparison.arms_b, choice.rows, read=read, join=join),
    )


def _why(comparison: Comparison, choice: Choice, sides: tuple[Side[T], Side[T]]) -> str:
    """The first reason why two sides give no effect."""
    if not sides[0].rows or not sides[1].rows:
        return ONE_SIDE
    used = [row.row_id for side in sides for row in side.rows]
    remarked = _remarked(choice.rows, used)
    return remarked or _family_reason(comparison, choice) or sides[0].reason or sides[1].reason or ONE_SIDE


def _family_reason(comparison: Comparison, choice: Choice) -> str | None:
    row = choice.rows[0]
    if row.family in comparison.outcome.hierarchy:
        return None
    return NOT_LISTED


def _remarked(rows: Sequence[Row], used: Sequence[str]) -> str | None:
    return next((row.do_not_pool for row in rows if row.do_not_pool and row.row_id in used), None)


def _with_rows(blank: EffectRow, choice: Choice, sides: tuple[Side[T], Side[T]]) -> EffectRow:
    """*blank* with the arms, rows, time and level of a choice."""
    rows = (*sides[0].rows, *sides[1].rows)
    flags = [f"arms_combined: {' + '.join(side.arms)}" for side in sides if len(side.arms) > 1]
    missing = [arm for side in sides if side.arms for arm in side.absent]
    if missing:
        flags.append(f"arms_without_figures: {' + '.join(missing)}")
    if choice.measure == "change":
        flags.append("change_values")
    return replace(
        blank,
        arms_a=sides[0].arms or blank.arms_a,
        arms_b=sides[1].arms or blank.arms_b,
        instrument=choice.instrument or None,
        month=choice.month,
        value_kind="events" if rows and rows[0].kind != "continuous" else choice.measure,
        level="secondary" if any(row.level == "secondary" for row in rows) else "primary",
        row_ids=tuple(dict.fromkeys(row.row_id for row in rows)),
        flags=(*blank.flags, *flags),
    )


def _blank(comparison: Comparison) -> EffectRow:
    """The effect's place in its cell, before any figure."""
    study = comparison.study
    return EffectRow(
        cell_id=comparison.cell_id,
        study_id=study.study_id,
        condition_id=study.condition_id,
        cell_source_id=comparison.cell_source_id,
        comparator=comparison.comparator.id,
        outcome_id=comparison.outcome.outcome_id,
        time_window=comparison.window.id,
        arms_a=tuple(arm.arm_id for arm in comparison.arms_a),
        arms_b=tuple(arm.arm_id for arm in comparison.arms_b),
        instrument=None,
        month=None,
        value_kind="none",
        measure=str(comparison.outcome.measure),
        randomised=Design(study.design).randomised,
        unit=study.unit,
        level="primary",
        row_ids=(),
        overlap_with=study.overlap_with,
    )
