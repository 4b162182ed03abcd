"""From a cell to the printed figures: pool, effect sizes, extracted rows, file and line, locator, address."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from review.database import Store
from review.errors import UsageProblem
from review.measures.display import number
from review.project import Project
from review.reporting import store as reads
from review.reporting.evidence_table import EXTRACTION, NO_FIGURES, WITHOUT_RETRACTED, effect_words, span, unit
from review.reporting.notices import notice_words
from review.reporting.table import SIMULATED
from review.terms import Subset

if TYPE_CHECKING:
    import polars as pl

Line = dict[str, Any]


_SUBSETS = {
    Subset.ALL: "all figures",
    Subset.PRIMARY: "primary figures only",
    Subset.NOT_RETRACTED: WITHOUT_RETRACTED,
}
_USES = {_SUBSETS[Subset.PRIMARY]: f"with {_SUBSETS[Subset.PRIMARY]}"}


@dataclass(frozen=True)
class Explanation:
    """All that stands behind a cell; for `condition/cell_source` its trials, because it has no cell."""

    cell_id: str
    lines: tuple[Line, ...]
    pools: tuple[Line, ...]
    effects: tuple[Line, ...]
    rows: tuple[Line, ...]
    remarks: tuple[Line, ...]
    trials: tuple[Line, ...]
    simulated: bool
    notices: tuple[Line, ...] = ()


def explain(store: Store, project: Project, cell: str) -> Explanation:
    """The chain behind *cell*, an id as the evidence table prints it with --ids.

    Also takes `condition/cell_source`: then the trials and every effect that could not be pooled. Raises
    UsageProblem that lists near matches for an unknown id.
    """
    parts = cell.split("/")
    lines = _all(reads.lines_of_cell(store, cell))
    if len(parts) == 2:
        trials = _all(reads.trials_of_pair(store, parts[0], parts[1]))
        effects = _all(reads.effects_of_pair(store, parts[0], parts[1]))
        if lines or trials:
            notices = _all(reads.notices_of_pair(store, parts[0], parts[1]))
            return Explanation(cell, lines, (), effects, (), (), trials, project.simulated, notices)
    effects = _all(reads.effects_of_cell(store, cell))
    if not lines and not effects:
        near = near_cells(cell, reads.cell_ids(store))
        message = f"{cell!r} is not a cell of this review"
        hint = f"near: {', '.join(near)}" if near else "review table evidence --ids prints the ids"
        raise UsageProblem(message, hint=hint)
    pools = _all(reads.pools_of_cell(store, cell))
    rows = _all(reads.rows_of_cell(store, cell))
    remarks = _all(reads.remarks_of_cell(store, cell))
    notices = _all(reads.notices_of_cell(store, cell))
    return Explanation(cell, lines, pools, effects, rows, remarks, (), project.simulated, notices)


def near_cells(cell: str, known: Sequence[str], *, most: int = 5) -> list[str]:
    """Ids like *cell*: first those that hold every part of it, then those that are spelled alike."""
    parts = [part for part in cell.lower().split("/") if part]
    holding = [name for name in known if all(part in name for part in parts)] if parts else []
    alike = difflib.get_close_matches(cell, known, n=most, cutoff=0.5)
    return list(dict.fromkeys([*holding, *alike]))[:most]


def explanation_json(found: Explanation) -> str:
    """*found* as one JSON object."""
    content: dict[str, Any] = {"cell_id": found.cell_id}
    if found.simulated:
        content["simulated"] = "SIMULATED"
    for name in ("lines", "pools", "effects", "rows", "remarks", "trials", "notices"):
        content[name] = getattr(found, name)
    return json.dumps(content, ensure_ascii=False, indent=1, default=str)


def explanation_text(found: Explanation, project: Project) -> str:
    """*found* in lines for people; every figure with the place where it is printed."""
    out = [SIMULATED, ""] if found.simulated else []
    out.append(found.cell_id)
    for line in found.lines:
        out += _cell_lines(line, found, project)
    if not found.lines:
        out.append(f"  {NO_FIGURES}")
    for trial in found.trials:
        out += _trial_lines(trial, found)
    if not found.trials:
        for effect in found.effects:
            out += ["", *_effect_lines(effect, found, project)]
    if not found.simulated:
        out += ["", EXTRACTION]
    return "\n".join(out)


def _cell_lines(line: Line, found: Explanation, project: Project) -> list[str]:
    subset = _SUBSETS[line["subset"]]
    if not line["k"]:
        empty = f"  {subset}: {NO_FIGURES}; trials {line['trials']}"
        return [empty, *(f"    note: {text}" for text in line["warnings"] or [])]
    out = [
        f"  {subset}: {line['state']}, k = {line['k']}, participants {line['participants'] or 'not printed'}, "
        f"{effect_words(line, project)}"
    ]
    pool = next((pool for pool in found.pools if pool["subset"] == line["subset"]), None)
    if line["k"] >= 2 and pool is not None:
        parts = [
            f"τ² {_digits(pool['tau2'])} ({pool['tau2_method']})",
            f"I² {100 * pool['i2']:.0f} %" if pool["i2"] is not None else "",
            f"Q {_digits(pool['q'])}" if pool["q"] is not None else "",
            f"interval {pool['ci_method']}",
        ]
        out.append("    model: random effects, " + ", ".join(part for part in parts if part))
        if pool["common_lo"] is not None:
            low, high = number(pool["common_lo"], line["measure"]), number(pool["common_hi"], line["measure"])
            out.append(f"    95 % interval of the common-effect model, to compare: {low} to {high}")
        if line["pi_lo"] is not None:
            low, high = number(line["pi_lo"], line["measure"]), number(line["pi_hi"], line["measure"])
            out.append(f"    95 % prediction interval {low} to {high} ({pool['pi_method']})")
        out.append("    from " + ", ".join(pool["effect_ids"]))
    out += [f"    note: {text}" for text in line["warnings"] or []]
    certainty = f"; certainty {line['certainty']}" if line["certainty"] else ""
    out.append(f"    figures: {line['level']}{certainty}; risk of bias {line['risk_of_bias']}")
    return out


def _effect_lines(effect: Line, found: Explanation, project: Project) -> list[str]:
    name = effect.get("study_label") or effect["study_id"]
    out = [f"{name} [{effect['study_id']}], {effect.get('design') or 'design not known'}"]
    out.append(f"  effect {effect['effect_id']}")
    if effect["yi"] is not None:
        measure = effect["measure"]
        numbers = span(effect["yi"], effect["ci_lo"], effect["ci_hi"], measure)
        units = unit(measure, effect["outcome_id"], project)
        out.append(f"  {measure} {numbers} {units}; variance {_digits(effect['vi'])}; by {effect['formula']}")
    inputs = _inputs(effect)
    if inputs:
        out.append(f"  inputs: {inputs}")
    out.append(f"  {_use(effect, found.pools)}")
    out += _notice_lines(effect["study_id"], found, retracted=effect["retracted"])
    if effect["flags"]:
        out.append(f"  flags: {', '.join(effect['flags'])}")
    for row in found.rows:
        if row["effect_id"] == effect["effect_id"]:
            out += _row_lines(row)
    out += [f"  remark: {_remark(remark)}" for remark in found.remarks if _concerns(remark, effect)]
    return out


def _use(effect: Line, pools: Sequence[Line]) -> str:
    """Whether *effect* is pooled; one that loses to an overlapping study can count among primary figures alone."""
    if effect["pooled"]:
        return "pooled"
    alone = [_SUBSETS[pool["subset"]] for pool in pools if effect["effect_id"] in pool["effect_ids"]]
    used = f"pooled {' and '.join(_USES.get(words, words) for words in alone)}; else " if alone else ""
    return f"{used}not pooled: {effect['not_pooled_because']}"


def _notice_lines(study_id: str, found: Explanation, *, retracted: bool) -> list[str]:
    """One line for each notice on a report of the study."""
    return [
        f"  {'RETRACTED' if notice['retracts'] and retracted else 'notice'}: {notice_words(notice)}"
        for notice in found.notices
        if notice["study_id"] == study_id
    ]


def _concerns(remark: Line, effect: Line) -> bool:
    """Whether *remark* is about the study, or about a row that this effect uses; not about its other rows."""
    about_rows = "/" in remark["subject"]
    return remark["study_id"] == effect["study_id"] and (not about_rows or remark["subject"] in effect["row_ids"])


def _inputs(effect: Mapping[str, Any]) -> str:
    sides = []
    for side, arms in (("a", effect["arms_a"]), ("b", effect["arms_b"])):
        parts = [
            f"n {effect[f'n_{side}']}" if effect[f"n_{side}"] is not None else "",
            f"mean {_digits(effect[f'mean_{side}'])}" if effect[f"mean_{side}"] is not None else "",
            f"SD {_digits(effect[f'sd_{side}'])}" if effect[f"sd_{side}"] is not None else "",
            f"events {effect[f'events_{side}']}" if effect[f"events_{side}"] is not None else "",
        ]
        sides.append(f"{'+'.join(arms)} ({', '.join(part for part in parts if part) or 'no figures'})")
    what = [effect["instrument"] or "", f"month {effect['month']:g}" if effect["month"] is not None else ""]
    return f"{' v '.join(sides)}; {', '.join(part for part in [*what, effect['value_kind']] if part)}"


def _row_lines(row: Line) -> list[str]:
    if row["file"] is None:
        return ["  row not loaded any more; run: review extract load, then review synthesize"]
    arms = row.get("arm_id") or row.get("arm") or ""
    printed = f"printed “{row['as_printed']}”"
    if row.get("n_as_printed"):
        printed += f", n “{row['n_as_printed']}”"
    out = [f"  {row['file']}:{row['line']} {arms} {printed}".rstrip()]
    where = [f"{row['level']} source {row['source_id']}", row["locator"], row["url"]]
    out.append("    " + ", ".join(str(part) for part in where if part))
    if row.get("n_source_id") and row["n_source_id"] != row["source_id"]:
        out.append(f"    n from {row['n_level']} source {row['n_source_id']}")
    if row.get("remark"):
        out.append(f"    remark: {row['remark']}")
    return out


def _trial_lines(trial: Line, found: Explanation) -> list[str]:
    size = f", {trial['n_randomised']} randomised" if trial["n_randomised"] is not None else ""
    out = ["", f"{trial['label']} [{trial['study_id']}], {trial['design']}{size}, {trial['figures']} figures"]
    out.append(f"  {trial['file']}")
    out += _notice_lines(trial["study_id"], found, retracted=True)
    for effect in found.effects:
        if effect["study_id"] == trial["study_id"]:
            out.append(f"  {effect['cell_id']}: {effect['not_pooled_because'] or 'pooled'}")
    return out


def _remark(remark: Line) -> str:
    by = f"{remark['who']}, {remark['remarked_on']}; {remark['basis']}"
    return f"{remark['subject']}: {remark['remark']} ({by})"


def _digits(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}".replace("-", "−")


def _all(frame: pl.DataFrame) -> tuple[Line, ...]:
    return tuple(frame.iter_rows(named=True))
