"""Computes all effects and pools anew from the loaded extraction, or finds that nothing changed.

What goes in has a fingerprint: the load of the extracted files, the protocol's parts that matter here, the version
of the formulas, and which reports are retracted. It is stored with the result, so that one that no longer fits shows
as stale.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from review.database import Store
from review.errors import SynthesisError
from review.measures.formulas import FORMULA_VERSION
from review.project import Project
from review.synthesis import store as tables
from review.synthesis.effects import effects_of_study
from review.synthesis.figures import EffectRow
from review.synthesis.pools import pool_cells
from review.terms import Subset

_PARTS = ("windows", "comparators", "outcomes", "model")


@dataclass(frozen=True)
class SynthesisReport:
    """What a rebuild did; `reasons` counts why effects were not pooled, `pooled_cells` have k >= 2."""

    rebuild_id: str
    changed: bool
    effects: int
    pooled_effects: int
    cells: int
    pooled_cells: tuple[str, ...]
    reasons: Mapping[str, int]


def rebuild(store: Store, project: Project, *, force: bool = False) -> SynthesisReport:
    """Compute effect sizes and pooled effects of everything that is loaded; one transaction, repeatable.

    Nothing is written when the inputs are those of the last rebuild, unless *force*.
    Raises SynthesisError when nothing was loaded, SharedControl or IncomparableMeasures for an unsound cell.
    """
    load_id = tables.load_id(store)
    if load_id is None:
        message = "there are no extracted files in the database"
        raise SynthesisError(message, hint="read them first with: review extract load")
    rebuild_id = _fingerprint(project, load_id, tables.retractions(store))
    if not force and tables.last_rebuild(store) == rebuild_id:
        return _report(store, rebuild_id, changed=False)
    studies = tables.read_studies(store)
    effects = [effect for study in studies for effect in effects_of_study(study, project.synthesis)]
    figures = tables.retracted_figures(store)
    retracted = {effect.effect_id for effect in effects if not figures.isdisjoint(effect.row_ids)}
    done = pool_cells(effects, project.synthesis, studies=studies, retracted=retracted)
    tables.write(
        store,
        effects=[effect_record(effect) for effect in done.effects],
        pooled=done.pooled,
        influence=done.influence,
        closing={
            "rebuild_id": rebuild_id,
            "load_id": load_id,
            "protocol_sha256": _protocol(project),
            "formula_version": FORMULA_VERSION,
            "built_at": datetime.now(UTC),
        },
    )
    return _report(store, rebuild_id, changed=True)


def is_stale(store: Store, project: Project) -> bool:
    """Whether the stored effects were computed from other inputs than those that stand now (or never)."""
    load_id = tables.load_id(store)
    if load_id is None:
        return False
    return tables.last_rebuild(store) != _fingerprint(project, load_id, tables.retractions(store))


def effect_record(effect: EffectRow) -> dict[str, Any]:
    """*effect* as a row of synthesis.effect_size."""
    row = asdict(effect)
    formulas = row.pop("formulas")
    row.pop("overlap_with")
    for name in ("arms_a", "arms_b", "row_ids", "flags"):
        row[name] = list(row[name])
    return {
        "effect_id": effect.effect_id,
        **row,
        "formula": "; ".join(formulas),
        "pooled": effect.pooled,
    }


def _report(store: Store, rebuild_id: str, *, changed: bool) -> SynthesisReport:
    effects = tables.effects(store).to_dicts()
    pooled = tables.pooled(store, subset=str(Subset.ALL)).to_dicts()
    return SynthesisReport(
        rebuild_id=rebuild_id,
        changed=changed,
        effects=len(effects),
        pooled_effects=sum(effect["pooled"] for effect in effects),
        cells=len(pooled),
        pooled_cells=tuple(row["cell_id"] for row in pooled if row["k"] >= 2),
        reasons=dict(
            Counter(str(effect["not_pooled_because"]) for effect in effects if not effect["pooled"]).most_common()
        ),
    )


def _protocol(project: Project) -> str:
    parts = {name: project.parts[name] for name in _PARTS}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _fingerprint(project: Project, load_id: str, retractions: Sequence[str]) -> str:
    # without a retraction it is what it was before retractions were known: no review is stale for it
    parts = (load_id, _protocol(project), FORMULA_VERSION, *retractions)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
