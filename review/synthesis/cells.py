"""Cells: which arms of a study meet in which condition, cell source, comparator class, outcome and window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from review.errors import SharedControl
from review.project import ComparatorClass, OutcomePlan, SynthesisPlan, Window
from review.synthesis.figures import Arm, EffectRow, Row, Study

NOT_MEASURED = ("baseline",)


@dataclass(frozen=True)
class Comparison:
    """The arms of one study that meet in one cell, and the rows of its window."""

    study: Study
    cell_source_id: str
    comparator: ComparatorClass
    outcome: OutcomePlan
    window: Window
    arms_a: tuple[Arm, ...]
    arms_b: tuple[Arm, ...]
    rows: tuple[Row, ...]

    @property
    def cell_id(self) -> str:
        """`condition/cell_source/comparator/outcome/window`."""
        return "/".join(
            (
                self.study.condition_id,
                self.cell_source_id,
                self.comparator.id,
                self.outcome.outcome_id,
                self.window.id,
            )
        )


def comparisons(study: Study, plan: SynthesisPlan) -> Iterator[Comparison]:
    """Every cell for which *study* has at least one row: arms by cell source, comparator arms by class."""
    intervention = [arm for arm in study.arms if arm.role == "intervention" and arm.cell_source_id]
    control = [arm for arm in study.arms if arm.role == "comparator" and arm.comparator_type]
    for source in sorted({str(arm.cell_source_id) for arm in intervention}):
        arms_a = tuple(arm for arm in intervention if arm.cell_source_id == source)
        for group in plan.comparators:
            arms_b = tuple(arm for arm in control if str(arm.comparator_type) in group.types)
            if not arms_b:
                continue
            for outcome in plan.outcomes:
                for window in plan.windows:
                    rows = tuple(_rows_of(study.rows, outcome, window, arms_a, arms_b))
                    if rows:
                        yield Comparison(study, source, group, outcome, window, arms_a, arms_b, rows)


def refuse_shared_arms(effects: Sequence[EffectRow], arms_of: dict[str, Study]) -> None:
    """Raises SharedControl when an arm, by itself or inside a combined one, would enter a pool twice."""
    seen: dict[tuple[str, str], str] = {}
    for effect in effects:
        study = arms_of[effect.study_id]
        parts = {arm.arm_id: (arm.arm_id, *arm.combines) for arm in study.arms}
        names = [part for arm in (*effect.arms_a, *effect.arms_b) for part in parts.get(arm, (arm,))]
        for name in names:
            key = (effect.study_id, name)
            if key in seen:
                message = (
                    f"arm {name!r} of {effect.study_id} would count twice in cell {effect.cell_id} "
                    f"({seen[key]}; {effect.effect_id})"
                )
                raise SharedControl(message, hint="combine the arms that share it, or keep one comparison")
            seen[key] = effect.effect_id


def _rows_of(
    rows: Sequence[Row],
    outcome: OutcomePlan,
    window: Window,
    arms_a: Sequence[Arm],
    arms_b: Sequence[Arm],
) -> Iterator[Row]:
    left, right = {arm.arm_id for arm in arms_a}, {arm.arm_id for arm in arms_b}
    for row in rows:
        if row.outcome_id != outcome.outcome_id or not window.holds(row.month) or row.measure in NOT_MEASURED:
            continue
        if row.kind == "contrast":
            if (row.arm_id in left and row.arm_b in right) or (row.arm_id in right and row.arm_b in left):
                yield row
        elif row.arm_id in left or row.arm_id in right:
            yield row
