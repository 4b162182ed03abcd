"""What synthesis knows of a study: its arms and its extracted rows, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from review.measures.effect_sizes import Effect
from review.measures.intervals import interval


@dataclass(frozen=True)
class Arm:
    """One arm; `combines` names arms of the same study that this one pools, `remarks` the kinds of open remarks."""

    arm_id: str
    role: str
    cell_source_id: str | None = None
    comparator_type: str | None = None
    n_randomised: int | None = None
    combines: tuple[str, ...] = ()
    co_intervention: str | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One extracted row of an arm (continuous, binary, adverse event) or of two arms (contrast).

    `level` is secondary when the source of the figures or of n is; `do_not_pool` is a remark's reason,
    `remarks` are the kinds of open remarks on the row.
    """

    row_id: str
    kind: str
    outcome_id: str
    month: float
    arm_id: str
    arm_b: str | None = None
    instrument: str = ""
    family: str | None = None
    place: int = 0
    measure: str = "final"
    analysis: str = "as_reported"
    better: str = "lower"
    scale_min: float | None = None
    scale_max: float | None = None
    n: int | None = None
    center: float | None = None
    center_kind: str | None = None
    spread_lo: float | None = None
    spread_hi: float | None = None
    spread_kind: str = "none"
    events: int | None = None
    pct_printed: float | None = None
    contrast_kind: str | None = None
    est: float | None = None
    lo: float | None = None
    hi: float | None = None
    adjusted: bool = False
    level: str = "primary"
    imputed: bool = False
    as_printed: str = ""
    do_not_pool: str | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """One study with its arms and rows."""

    study_id: str
    condition_id: str
    design: str
    unit: str = "patient"
    randomised_until_month: float | None = None
    overlap_with: tuple[str, ...] = ()
    do_not_pool: str | None = None
    remarks: tuple[str, ...] = ()
    arms: tuple[Arm, ...] = ()
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class EffectRow:
    """One study's effect in one cell, fields as in synthesis.effect_size; `yi` may be unknown."""

    cell_id: str
    study_id: str
    condition_id: str
    cell_source_id: str
    comparator: str
    outcome_id: str
    time_window: str
    arms_a: tuple[str, ...]
    arms_b: tuple[str, ...]
    instrument: str | None
    month: float | None
    value_kind: str
    measure: str
    randomised: bool
    unit: str
    level: str
    row_ids: tuple[str, ...]
    yi: float | None = None
    vi: float | None = None
    ci_lo: float | None = None
    ci_hi: float | None = None
    n_a: int | None = None
    n_b: int | None = None
    mean_a: float | None = None
    sd_a: float | None = None
    mean_b: float | None = None
    sd_b: float | None = None
    events_a: int | None = None
    events_b: int | None = None
    formulas: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    not_pooled_because: str | None = None
    overlap_with: tuple[str, ...] = field(default=())

    @property
    def effect_id(self) -> str:
        """The cell, the study and the arms compared."""
        return f"{self.cell_id}#{self.study_id}#{'+'.join(self.arms_a)}_vs_{'+'.join(self.arms_b)}"

    @property
    def pooled(self) -> bool:
        """Whether it goes into the pool of its cell."""
        return self.not_pooled_because is None

    @property
    def n_known(self) -> bool:
        """Whether n of both sides is known."""
        return self.n_a is not None and self.n_b is not None

    @property
    def participants(self) -> int:
        """People (or joints) in both arms, as far as known."""
        return (self.n_a or 0) + (self.n_b or 0)


def with_effect(row: EffectRow, effect: Effect, *, before: tuple[str, ...] = ()) -> EffectRow:
    """*row* with an effect, its 95 % interval by z, and the formulas in the order in which they were used."""
    low, high = interval(effect.yi, effect.se)
    formulas = tuple(dict.fromkeys((*before, *effect.formulas)))
    return replace(row, yi=effect.yi, vi=effect.vi, ci_lo=low, ci_hi=high, formulas=formulas)
