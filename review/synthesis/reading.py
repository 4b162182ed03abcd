"""What synthesis shows of its results: pooled cells, effects, and the weight of each study."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from review.database import Store
from review.errors import UsageProblem
from review.synthesis import store as tables
from review.terms import Subset

if TYPE_CHECKING:
    import polars as pl

POOLED_ON_SCREEN = (
    "cell_id", "k", "participants", "measure", "effect", "effect_lo", "effect_hi", "effect_pi_lo", "effect_pi_hi",
    "tau2", "i2", "warnings",
)  # fmt: skip
EFFECTS_ON_SCREEN = (
    "cell_id", "study_id", "instrument", "month", "measure", "effect", "effect_lo", "effect_hi", "n_a", "n_b", "level",
    "not_pooled_because",
)  # fmt: skip
"""A terminal holds a dozen columns; every other format has them all."""


def pooled_cells(store: Store, *, cell: str | None = None, subset: str = "all", least: int = 0) -> pl.DataFrame:
    """Pooled effects of one cell or all, from *least* studies on. Raises UsageProblem for an unknown cell.

    Beneath the pool of all figures of a cell with a retracted study stands the pool without it.
    """
    import polars as pl

    if cell is not None:
        _known(store, cell)
    rows = tables.pooled(store, cell=cell, subset=subset)
    rows = rows.filter(rows["k"] >= least)
    if subset != Subset.ALL:
        return rows
    beside = tables.pooled(store, cell=cell, subset=str(Subset.NOT_RETRACTED)).join(rows, on="cell_id", how="semi")
    return pl.concat([rows, beside]).sort("cell_id", "subset")


def pooled_on_screen(rows: pl.DataFrame) -> pl.DataFrame:
    """The columns of *rows* that a terminal holds; where a study is retracted, the subset and the study, too."""
    flagged = rows["retracted"].list.len().sum() or (rows["subset"] == str(Subset.NOT_RETRACTED)).any()
    names = ("cell_id", "subset", "retracted", *POOLED_ON_SCREEN[1:]) if flagged else POOLED_ON_SCREEN
    return rows.select(names)


def effects_on_screen(rows: pl.DataFrame) -> pl.DataFrame:
    """The columns of *rows* that a terminal holds; the notices on their studies, where there are any."""
    noticed = rows["notices"].list.len().sum()
    return rows.select((*EFFECTS_ON_SCREEN, "notices") if noticed else EFFECTS_ON_SCREEN)


def effects_of(store: Store, *, cell: str | None = None) -> pl.DataFrame:
    """Effects of one cell or all. Raises UsageProblem for an unknown cell."""
    if cell is not None:
        _known(store, cell)
    return tables.effects(store, cell=cell)


def influence_of(store: Store, *, cell: str) -> pl.DataFrame:
    """The pool of *cell* without each study in turn; empty below three studies."""
    return tables.influence(store, cell=cell)


def _known(store: Store, cell: str) -> None:
    cells = tables.effects(store)["cell_id"].unique().sort().to_list()
    if cell not in cells:
        near = difflib.get_close_matches(cell, cells, n=1)
        message = f"no effect stands in cell {cell!r}"
        hint = f"did you mean {near[0]}?" if near else "list the cells with: review synthesize show"
        raise UsageProblem(message, hint=hint)
