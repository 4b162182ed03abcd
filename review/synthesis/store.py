"""The SQL of synthesis: reads what was extracted through views, writes and reads its own tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from review.database import Replace, Store
from review.synthesis.figures import Arm, Row, Study

if TYPE_CHECKING:
    import polars as pl

_STATE = "select load_id, rebuild_id from v1.synthesis_state"
_STUDIES = "select * from v1.study order by study_id"
_ARMS = "select * from v1.arm order by study_id, line"
_RESULTS = "select * from v1.result where month is not null order by row_id"
_INSTRUMENTS = "select * from v1.instrument"
_REMARKS = """
  select study_id, kind, subject, remark from v1.remark
  where kind in ('do_not_pool', 'contradiction', 'label', 'n', 'sign', 'unit') order by remark_id
"""
"""Remarks that bear on an effect: the first kind bars it, the others are told beside it; other kinds do neither."""
_BARS = "do_not_pool"
_EFFECTS = """
  select * from v1.effect_size
  where ($cell is null or cell_id = $cell) order by cell_id, study_id
"""
_POOLED = """
  select * from v1.pooled_effect
  where ($cell is null or cell_id = $cell) and ($subset is null or subset = $subset)
  order by cell_id, subset
"""
_RETRACTIONS = """
  select distinct concerns || ' ' || study_id || ' ' || report_id as retraction from v1.study_notice
  where retracts order by retraction
"""
_RETRACTED_FIGURES = "select distinct unnest(row_ids) as row_id from v1.study_notice where retracts"
_INFLUENCE = """
  select * from synthesis.influence
  where cell_id = $cell and subset in (select subset from v1.pooled_effect where cell_id = $cell)
  order by subset, left_out
"""
# its own table, not the view: that asks for the notices, which count nothing here
_COUNTS = """
with the_study as materialized (select extraction_status from v1.study)
select
  (select count(*) from the_study) as studies,
  (select count(*) from v1.result) as rows,
  (select coalesce(string_agg(distinct extraction_status, '; '), '') from the_study) as extraction,
  (select count(distinct cell_id) from synthesis.pooled_effect) as cells,
  (select count(*) from synthesis.pooled_effect where subset = 'all' and k >= 2) as pooled
"""


def load_id(store: Store) -> str | None:
    """The fingerprint of the extracted files that are loaded, or None before the first load."""
    return _state(store, "load_id")


def last_rebuild(store: Store) -> str | None:
    """The fingerprint of what the stored effects were computed from, or None."""
    return _state(store, "rebuild_id")


def effects(store: Store, *, cell: str | None = None) -> pl.DataFrame:
    """The stored effects, of one cell or all."""
    return store.read(_EFFECTS, {"cell": cell})


def pooled(store: Store, *, cell: str | None = None, subset: str | None = None) -> pl.DataFrame:
    """The stored pooled effects, of one cell or all, of one subset or all."""
    return store.read(_POOLED, {"cell": cell, "subset": subset})


def retractions(store: Store) -> list[str]:
    """What is retracted, in words that change when a retraction comes or is taken back."""
    return [str(row["retraction"]) for row in _rows(store, _RETRACTIONS)]


def retracted_figures(store: Store) -> set[str]:
    """The ids of the rows that were read from a retracted report, or belong to a retracted study."""
    return {str(row["row_id"]) for row in _rows(store, _RETRACTED_FIGURES)}


def influence(store: Store, *, cell: str) -> pl.DataFrame:
    """The pool of *cell* without each of its studies in turn."""
    return store.read(_INFLUENCE, {"cell": cell})


def write(
    store: Store,
    *,
    effects: Sequence[Mapping[str, Any]],
    pooled: Sequence[Mapping[str, Any]],
    influence: Sequence[Mapping[str, Any]],
    closing: Mapping[str, Any],
) -> None:
    """Replace everything that synthesis computed, and its closing row, in one transaction."""
    store.apply(
        [
            Replace("synthesis.effect_size", effects),
            Replace("synthesis.pooled_effect", pooled),
            Replace("synthesis.influence", influence),
            Replace("synthesis.rebuild", [closing]),
        ]
    )


def read_studies(store: Store) -> list[Study]:
    """Every study with its arms and its rows that have a month; rows without one lie in no window."""
    families = {row["instrument"]: row for row in _rows(store, _INSTRUMENTS)}
    remarks: dict[str, list[dict[str, Any]]] = {}
    for each in _rows(store, _REMARKS):
        remarks.setdefault(each["study_id"], []).append(each)
    arms: dict[str, list[Arm]] = {}
    for row in _rows(store, _ARMS):
        about = [each for each in remarks.get(row["study_id"], ()) if each["subject"] == f"arm:{row['arm_id']}"]
        arms.setdefault(row["study_id"], []).append(_arm(row, remarks=about))
    rows: dict[str, list[Row]] = {}
    for row in _rows(store, _RESULTS):
        about = [each for each in remarks.get(row["study_id"], ()) if _is_about(each["subject"], row)]
        made = _result(row, families.get(row["instrument"], {}), remarks=about)
        rows.setdefault(row["study_id"], []).append(made)
    on_study = {study_id: [each for each in about if each["subject"] == "study"] for study_id, about in remarks.items()}
    return [
        Study(
            study_id=row["study_id"],
            condition_id=row["condition_id"],
            design=row["design"],
            unit=row["unit"],
            randomised_until_month=row["randomised_until_month"],
            overlap_with=tuple(row["overlap_with"] or ()),
            do_not_pool=_barred(on_study.get(row["study_id"], ())),
            remarks=_open(on_study.get(row["study_id"], ())),
            arms=tuple(arms.get(row["study_id"], ())),
            rows=tuple(rows.get(row["study_id"], ())),
        )
        for row in _rows(store, _STUDIES)
    ]


def _barred(remarks: Sequence[Mapping[str, Any]]) -> str | None:
    return next((each["remark"] for each in remarks if each["kind"] == _BARS), None)


def _open(remarks: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted({each["kind"] for each in remarks} - {_BARS}))


def _arm(row: Mapping[str, Any], *, remarks: Sequence[Mapping[str, Any]]) -> Arm:
    return Arm(
        arm_id=row["arm_id"],
        role=row["role"],
        cell_source_id=row["cell_source_id"],
        comparator_type=row["comparator_type"],
        n_randomised=row["n_randomised"],
        combines=tuple(row["combines"] or ()),
        co_intervention=row["co_intervention"],
        remarks=_open(remarks),
    )


def _result(
    row: Mapping[str, Any],
    instrument: Mapping[str, Any],
    *,
    remarks: Sequence[Mapping[str, Any]],
) -> Row:
    """A row of v1.result; limits of the scale come from the vocabulary where the row has none."""
    scale_min, scale_max = row["scale_min"], row["scale_max"]
    if scale_min is None or scale_max is None:
        scale_min, scale_max = instrument.get("scale_min"), instrument.get("scale_max")
    return Row(
        row_id=row["row_id"],
        kind=row["kind"],
        outcome_id=row["outcome_id"],
        month=row["month"],
        arm_id=row["arm_id"],
        arm_b=row["arm_b"],
        instrument=row["instrument"] or "",
        family=instrument.get("family"),
        place=instrument.get("line") or 0,
        measure=row["measure"] or "final",
        analysis=row["analysis"] or "as_reported",
        better=row["better"],
        scale_min=scale_min,
        scale_max=scale_max,
        n=row["n"],
        center=row["center"],
        center_kind=row["center_kind"],
        spread_lo=row["spread_lo"],
        spread_hi=row["spread_hi"],
        spread_kind=row["spread_kind"] or "none",
        events=row["events"],
        pct_printed=row["pct_printed"],
        contrast_kind=row["contrast_kind"],
        est=row["est"],
        lo=row["lo"],
        hi=row["hi"],
        adjusted=bool(row["adjusted"]),
        level="secondary" if "secondary" in (row["level"], row["n_level"]) else "primary",
        imputed=bool(row["imputed"]),
        as_printed=row["as_printed"],
        do_not_pool=_barred(remarks),
        remarks=_open(remarks),
    )


def _is_about(subject: str, row: Mapping[str, Any]) -> bool:
    """Whether a remark's subject names *row*: 'continuous | arm | instrument | month | measure | source'."""
    if subject == row["row_id"]:
        return True
    table, *parts = [part.strip() for part in subject.split(" | ")]
    if not parts or not table.startswith(row["kind"]):
        return False
    arm = f"{row['arm_id']} v {row['arm_b']}" if row["arm_b"] else row["arm_id"]
    if len(parts) < 4 or parts[0] != arm or parts[1] != row["instrument"] or parts[-1] != row["source_id"]:
        return False
    same_measure = len(parts) < 5 or parts[3] == row["measure"]
    return same_measure and parts[2] == f"{row['month']:g}"


def _rows(store: Store, sql: str) -> list[dict[str, Any]]:
    return store.read(sql).to_dicts()


def _state(store: Store, name: str) -> str | None:
    found = _rows(store, _STATE)
    return str(found[0][name]) if found and found[0][name] else None


def counts(store: Store) -> dict[str, Any]:
    """How much there is: studies, rows of figures, how they were extracted, cells with effects, pooled cells."""
    return store.read(_COUNTS).to_dicts()[0]
