"""From the effects of a cell to its pooled effect: with all figures, and with primary figures only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from review.errors import IncomparableMeasures
from review.measures.intervals import p_value
from review.project import SynthesisPlan
from review.synthesis.cells import refuse_shared_arms
from review.synthesis.figures import EffectRow, Study
from review.synthesis.pooling import pool
from review.synthesis.sensitivity import leave_one_out
from review.terms import EffectMeasure, Subset

NONE_POOLABLE = "no poolable figures"
ONE_STUDY = "one study: not pooled"
SCALE_SLIP = "SDs of two studies differ about tenfold: look for a slip of the scale or an SE taken for an SD"
LARGE = "a study's effect is larger than two SDs: check its SDs before the pool is believed"
SLIP = (7.0, 14.0)


@dataclass(frozen=True)
class PooledCells:
    """Every effect as it finally stands, a row for each cell and subset, and each study's influence."""

    effects: list[EffectRow]
    pooled: list[dict[str, Any]]
    influence: list[dict[str, Any]]


def pool_cells(effects: Sequence[EffectRow], plan: SynthesisPlan, *, studies: Sequence[Study]) -> PooledCells:
    """Pool each cell of *effects* by *plan*. Raises SharedControl and IncomparableMeasures.

    Studies whose participants overlap count once in a cell: the larger stays, the other says why not.
    """
    arms_of = {study.study_id: study for study in studies}
    by_cell: dict[str, list[EffectRow]] = {}
    for effect in effects:
        by_cell.setdefault(effect.cell_id, []).append(effect)
    done = PooledCells([], [], [])
    for cell_id in sorted(by_cell):
        cell = _without_overlap(sorted(by_cell[cell_id], key=lambda effect: effect.study_id))
        refuse_shared_arms([effect for effect in cell if effect.pooled], arms_of)
        done.effects.extend(cell)
        for subset in Subset:
            part = [effect for effect in cell if subset is Subset.ALL or effect.level == "primary"]
            if part:
                row, influence = _pool_part(part, plan, subset=subset)
                done.pooled.append(row)
                done.influence.extend(influence)
    return done


def _without_overlap(cell: Sequence[EffectRow]) -> list[EffectRow]:
    """*cell*, where of two studies that share participants only the larger is pooled."""
    dropped: dict[str, str] = {}
    for one, other in combinations([effect for effect in cell if effect.pooled], 2):
        if other.study_id in one.overlap_with or one.study_id in other.overlap_with:
            kept, lost = sorted((one, other), key=lambda effect: (-effect.participants, effect.study_id))
            if kept.study_id not in dropped:
                dropped[lost.study_id] = kept.study_id
    return [
        replace(effect, not_pooled_because=f"participants may overlap with {dropped[effect.study_id]}")
        if effect.study_id in dropped
        else effect
        for effect in cell
    ]


def _pool_part(
    cell: Sequence[EffectRow], plan: SynthesisPlan, *, subset: Subset
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The row of one cell and subset, and its influence rows."""
    used = [effect for effect in cell if effect.pooled]
    _refuse_mixture(used)
    first = cell[0]
    row: dict[str, Any] = {
        "cell_id": first.cell_id,
        "subset": str(subset),
        "condition_id": first.condition_id,
        "cell_source_id": first.cell_source_id,
        "comparator": first.comparator,
        "outcome_id": first.outcome_id,
        "time_window": first.time_window,
        "measure": first.measure,
        "k": len(used),
        "participants": sum(effect.participants for effect in used),
        "effect_ids": [effect.effect_id for effect in used],
        **dict.fromkeys(_NUMBERS),
        "warnings": [NONE_POOLABLE],
    }
    y = [effect.yi for effect in used if effect.yi is not None]
    v = [effect.vi for effect in used if effect.vi is not None]
    if len(used) == 1:
        single = {"estimate": y[0], "ci_lo": used[0].ci_lo, "ci_hi": used[0].ci_hi, "se": v[0] ** 0.5}
        row |= {**single, "p": p_value(y[0], v[0] ** 0.5), "ci_method": "z", "warnings": [ONE_STUDY]}
    if len(used) < 2:
        return row, []
    result = pool(
        y,
        variance=v,
        tau2=plan.tau2,
        ci=plan.interval,
        prediction=plan.prediction,
        names=[effect.effect_id for effect in used],
    )
    spread = result.heterogeneity
    row |= {
        "estimate": result.estimate,
        "ci_lo": result.ci_lo,
        "ci_hi": result.ci_hi,
        "se": result.se,
        "p": result.p,
        "pi_lo": result.pi_lo,
        "pi_hi": result.pi_hi,
        "pi_method": result.pi_method,
        "tau2": result.tau2,
        "tau2_method": result.tau2_method,
        "tau2_lo": spread.tau2_lo,
        "tau2_hi": spread.tau2_hi,
        "i2": spread.i2,
        "i2_tau2": spread.i2_tau2,
        "q": spread.q,
        "q_p": spread.q_p,
        "ci_method": result.ci_method,
        "common_lo": result.common_lo,
        "common_hi": result.common_hi,
        "warnings": [*result.warnings, *_cell_warnings(used)],
    }
    left_out = leave_one_out(
        y, variance=v, names=[effect.study_id for effect in used], tau2=plan.tau2, ci=plan.interval
    )
    influence = [
        {
            "cell_id": first.cell_id,
            "subset": str(subset),
            "left_out": item.name,
            "estimate": item.estimate,
            "ci_lo": item.ci_lo,
            "ci_hi": item.ci_hi,
            "tau2": item.tau2,
        }
        for item in left_out
    ]
    return row, influence


_NUMBERS = (
    "estimate", "ci_lo", "ci_hi", "se", "p", "pi_lo", "pi_hi", "pi_method", "tau2", "tau2_method", "tau2_lo",
    "tau2_hi", "i2", "i2_tau2", "q", "q_p", "ci_method", "common_lo", "common_hi",
)  # fmt: skip


def _refuse_mixture(used: Sequence[EffectRow]) -> None:
    """Change and final values never meet in a standardised pool, as they are divided by different SDs."""
    kinds = sorted({effect.value_kind for effect in used})
    if used and used[0].measure == EffectMeasure.SMD and len(kinds) > 1:
        message = f"cell {used[0].cell_id} would mix {' and '.join(kinds)} values in a standardised difference"
        raise IncomparableMeasures(message, hint="pool final values only")


def _cell_warnings(used: Sequence[EffectRow]) -> list[str]:
    """What the figures of several studies say about each other."""
    found = []
    sds: dict[str, list[float]] = {}
    for effect in used:
        # an SMD has no common scale, so only SDs of one instrument can be compared
        group = effect.value_kind if effect.measure == EffectMeasure.MD else f"{effect.instrument} {effect.value_kind}"
        sds.setdefault(group, []).extend(_sds_on_the_pooled_scale(effect))
    if any(SLIP[0] <= max(group) / min(group) <= SLIP[1] for group in sds.values() if group):
        found.append(SCALE_SLIP)
    if any("large_effect" in effect.flags for effect in used):
        found.append(LARGE)
    if len({effect.value_kind for effect in used}) > 1:
        found.append("final values and changes are pooled together")
    return found


def _sds_on_the_pooled_scale(effect: EffectRow) -> list[float]:
    """Both SDs of an effect, carried to the scale of its MD by what its variance was multiplied with."""
    sds = [sd for sd in (effect.sd_a, effect.sd_b) if sd]
    if effect.measure != EffectMeasure.MD or len(sds) < 2 or not (effect.vi and effect.n_a and effect.n_b):
        return sds
    printed = sds[0] ** 2 / effect.n_a + sds[1] ** 2 / effect.n_b
    return [sd * (effect.vi / printed) ** 0.5 for sd in sds]
