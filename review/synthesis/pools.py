"""From the effects of a cell to its pooled effect: all figures, primary ones only, without retracted studies."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from review.errors import IncomparableMeasures
from review.measures.display import number
from review.measures.intervals import p_value
from review.project import SynthesisPlan
from review.synthesis.cells import refuse_shared_arms
from review.synthesis.figures import EffectRow, Study
from review.synthesis.pooling import NARROWER, Pool, pool
from review.synthesis.sensitivity import leave_one_out
from review.terms import EffectMeasure, Subset

NONE_POOLABLE = "no poolable figures"
ALL_RETRACTED = "every figure of this cell is retracted"
ONE_STUDY = "one study: not pooled"
SCALE_SLIP = "SDs of two studies differ sevenfold or more: look for a slip of the scale or an SE taken for an SD"
ARM_SLIP = "SDs of one study's arms differ sevenfold or more: look for an SE taken for an SD"
LARGE = "a study's effect is larger than two SDs: check its SDs before it is believed"
MIXED = "final values and changes are pooled together"
SLIP = 7.0
"""SDs of one scale that differ by this factor; a slip from 0–100 to 0–10 is tenfold, an SE of 50 people sevenfold."""


@dataclass(frozen=True)
class PooledCells:
    """Every effect as it finally stands, a row for each cell and subset, and each study's influence."""

    effects: list[EffectRow]
    pooled: list[dict[str, Any]]
    influence: list[dict[str, Any]]


def pool_cells(
    effects: Sequence[EffectRow],
    plan: SynthesisPlan,
    *,
    studies: Sequence[Study],
    retracted: Collection[str] = (),
) -> PooledCells:
    """Pool each cell of *effects* by *plan*. Raises SharedControl and IncomparableMeasures.

    *retracted* are effect ids. They stay in the pools of all and of primary figures; a cell that pools one of them has
    a third pool, without them.

    Studies whose participants overlap count once in a pool: the larger stays, the other says why not. That is
    settled for each subset by itself; an effect's own reason is that of the pool of all figures.
    """
    arms_of = {study.study_id: study for study in studies}
    by_cell: dict[str, list[EffectRow]] = {}
    for effect in effects:
        by_cell.setdefault(effect.cell_id, []).append(effect)
    done = PooledCells([], [], [])
    for cell_id in sorted(by_cell):
        cell = sorted(by_cell[cell_id], key=lambda effect: effect.study_id)
        settled = _without_overlap(cell)
        done.effects.extend(settled)
        for subset in Subset:
            # what is not in the number cannot be left out of it
            if subset is Subset.NOT_RETRACTED and not any(e.pooled and e.effect_id in retracted for e in settled):
                continue
            part = _without_overlap([effect for effect in cell if _belongs(effect, subset, retracted)])
            refuse_shared_arms([effect for effect in part if effect.pooled], arms_of)
            if part:
                row, influence = _pool_part(part, plan, subset=subset)
                done.pooled.append(row)
                done.influence.extend(influence)
            elif subset is Subset.NOT_RETRACTED:
                done.pooled.append(_empty_row(cell[0], subset=subset, why=ALL_RETRACTED))
    return done


def _belongs(effect: EffectRow, subset: Subset, retracted: Collection[str]) -> bool:
    if subset is Subset.PRIMARY:
        return effect.level == "primary"
    return subset is Subset.ALL or effect.effect_id not in retracted


def _without_overlap(cell: Sequence[EffectRow]) -> list[EffectRow]:
    """*cell*, where of studies that share participants only the larger is pooled.

    The largest is kept first. A study is dropped for one that is kept, never for one that is dropped itself.
    """
    kept: list[EffectRow] = []
    lost: dict[str, str] = {}
    for effect in sorted(cell, key=lambda effect: (-effect.participants, effect.study_id)):
        if not effect.pooled:
            continue
        partner = next((other for other in kept if _overlap(effect, other)), None)
        if partner is None:
            kept.append(effect)
        else:
            lost[effect.effect_id] = f"participants may overlap with {partner.study_id}"
    return [
        replace(effect, not_pooled_because=lost[effect.effect_id]) if effect.effect_id in lost else effect
        for effect in cell
    ]


def _overlap(one: EffectRow, other: EffectRow) -> bool:
    return other.study_id in one.overlap_with or one.study_id in other.overlap_with


def _pool_part(
    cell: Sequence[EffectRow], plan: SynthesisPlan, *, subset: Subset
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The row of one cell and subset, and its influence rows."""
    used = [effect for effect in cell if effect.pooled]
    _refuse_mixture(used)
    first = cell[0]
    row = _empty_row(first, subset=subset, why=NONE_POOLABLE) | {
        "k": len(used),
        "participants": sum(effect.participants for effect in used),
        "effect_ids": [effect.effect_id for effect in used],
    }
    y = [effect.yi for effect in used if effect.yi is not None]
    v = [effect.vi for effect in used if effect.vi is not None]
    if len(used) == 1:
        single = {"estimate": y[0], "ci_lo": used[0].ci_lo, "ci_hi": used[0].ci_hi, "se": v[0] ** 0.5}
        row |= {**single, "p": p_value(y[0], v[0] ** 0.5), "ci_method": "z"}
        row["warnings"] = [ONE_STUDY, *_cell_warnings(used)]
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
        "warnings": [
            *(_with_limits(text, result, first.measure) for text in result.warnings),
            *_scale_warnings(result, plan, first),
            *_cell_warnings(used),
        ],
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


def _empty_row(effect: EffectRow, *, subset: Subset, why: str) -> dict[str, Any]:
    """The row of the cell of *effect* before any effect is in it."""
    return {
        "cell_id": effect.cell_id,
        "subset": str(subset),
        "condition_id": effect.condition_id,
        "cell_source_id": effect.cell_source_id,
        "comparator": effect.comparator,
        "outcome_id": effect.outcome_id,
        "time_window": effect.time_window,
        "measure": effect.measure,
        "k": 0,
        "participants": 0,
        "effect_ids": [],
        **dict.fromkeys(_NUMBERS),
        "warnings": [why],
    }


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


def _with_limits(text: str, result: Pool, measure: str) -> str:
    """A warning that sends the reader to the wider interval says which that is."""
    if text != NARROWER:
        return text
    return f"{text}: {number(result.common_lo, measure)} to {number(result.common_hi, measure)}"


def _scale_warnings(result: Pool, plan: SynthesisPlan, cell: EffectRow) -> list[str]:
    """Whether the prediction interval holds differences that the scale does not allow."""
    outcome = plan.outcome(cell.outcome_id)
    widths = {EffectMeasure.RD: 1.0}
    if outcome is not None and outcome.scale is not None:
        widths[EffectMeasure.MD] = outcome.scale[1] - outcome.scale[0]
    width = widths.get(EffectMeasure(cell.measure))
    if width is None or result.pi_lo is None or result.pi_hi is None or max(-result.pi_lo, result.pi_hi) <= width:
        return []
    return [f"the prediction interval reaches beyond the largest difference that the scale allows ({width:g})"]


def _cell_warnings(used: Sequence[EffectRow]) -> list[str]:
    """What the figures of the studies say of themselves and about each other."""
    found = []
    sds: dict[str, list[float]] = {}
    for effect in used:
        # an SMD has no common scale, so only SDs of one instrument can be compared
        group = effect.value_kind if effect.measure == EffectMeasure.MD else f"{effect.instrument} {effect.value_kind}"
        mine = _sds_on_the_pooled_scale(effect)
        if mine:
            sds.setdefault(group, []).append(math.prod(mine) ** (1 / len(mine)))
    if any(max(group) / min(group) >= SLIP for group in sds.values()):
        found.append(SCALE_SLIP)
    if any(max(mine) / min(mine) >= SLIP for mine in map(_sds_on_the_pooled_scale, used) if mine):
        found.append(ARM_SLIP)
    if any("large_effect" in effect.flags for effect in used):
        found.append(LARGE)
    if len({effect.value_kind for effect in used}) > 1:
        found.append(MIXED)
    k = f"{len(used)} {'study' if len(used) == 1 else 'studies'}"
    unknown = sum(not effect.n_known for effect in used)
    if unknown:
        found.append(f"n not printed for {unknown} of {k}: there are more participants than counted")
    remarked = sum(any(flag.startswith("remarked:") for flag in effect.flags) for effect in used)
    if remarked:
        found.append(f"open remarks on the figures of {remarked} of {k}: review explain")
    return found


def _sds_on_the_pooled_scale(effect: EffectRow) -> list[float]:
    """Both SDs of an effect, carried to the scale of its MD by what its variance was multiplied with."""
    sds = [sd for sd in (effect.sd_a, effect.sd_b) if sd]
    if effect.measure != EffectMeasure.MD or len(sds) < 2 or not (effect.vi and effect.n_a and effect.n_b):
        return sds
    printed = sds[0] ** 2 / effect.n_a + sds[1] ** 2 / effect.n_b
    return [sd * (effect.vi / printed) ** 0.5 for sd in sds]
