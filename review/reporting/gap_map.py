"""The gap map: condition × cell source, and for each pair whether there is a trial, a figure, a pool."""

from __future__ import annotations

import io
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from review.database import Store
from review.errors import UsageProblem
from review.project import Project
from review.reporting import store as reads
from review.reporting.export import write_whole
from review.reporting.office import paper
from review.reporting.table import SIMULATED, Column, Row, Table, legible
from review.terms import GapState

if TYPE_CHECKING:
    import polars as pl

SIGNS = {GapState.NO_TRIAL: "·", GapState.NO_OUTCOME: "○", GapState.FIGURES: "◐", GapState.POOLED: "●"}
DAGGER = "†"
_COLOURS = {
    GapState.NO_TRIAL: "#ffffff",
    GapState.NO_OUTCOME: "#d9d9d9",
    GapState.FIGURES: "#9ecae1",
    GapState.POOLED: "#08519c",
}


def gap_map(store: Store, project: Project, *, outcome: str = "pain") -> tuple[Table, pl.DataFrame]:
    """The matrix of one outcome and its long form; a source or condition without any trial keeps its place.

    Raises UsageProblem when the vocabulary has no such outcome.
    """
    import polars as pl

    names = dict(reads.outcomes(store).iter_rows())
    if outcome not in names:
        message = f"{outcome!r} is not an outcome of the vocabulary; known: {', '.join(names) or 'none'}"
        raise UsageProblem(message, hint="outcomes stand in extracted/_vocabulary/outcome.csv")
    lines = reads.gap_lines(store, outcome=outcome)
    sources = _sources(lines)
    rows = []
    for _, mine in lines.group_by("condition_id", maintain_order=True):
        cells = {line["cell_source_id"]: line for line in mine.iter_rows(named=True)}
        rows.append(
            Row(
                (
                    str(mine["condition"][0]),
                    *(_sign(cells[source]) for source, _, trials in sources if trials),
                )
            )
        )
    columns = tuple(Column(source, label) for source, label, trials in sources if trials)
    counts = lines.group_by("state").len()
    found = dict(counts.iter_rows())
    labels = {row["study_id"]: row["label"] for row in reads.study_notices(store).to_dicts() if row["retracts"]}
    marked = {study_id for found_here in lines["retracted"].to_list() for study_id in found_here}
    retracted = sorted(label for study_id, label in labels.items() if study_id in marked)
    without = [label for _, label, trials in sources if not trials]
    legend = "; ".join(f"{sign} {state} ({found.get(state.value, 0)} pairs)" for state, sign in SIGNS.items())
    table = Table(
        caption=f"Gap map of {names[outcome].lower()}, condition × cell source: {project.title}",
        columns=(Column("condition", "Condition"), *columns),
        rows=tuple(rows),
        notes=tuple(
            text
            for text in (
                f"Legend: {legend}. The number is that of the trials; k is that of the largest pool.",
                f"{DAGGER} with a retracted trial, which is counted: {', '.join(retracted)}." if retracted else "",
                f"Cell sources without any trial: {', '.join(without)}." if without else "",
                "Trials of any design; nothing is rolled up to an umbrella.",
                "" if project.simulated else "Extraction: single reading, tables and abstracts, not verified.",
            )
            if text
        ),
        banner=SIMULATED if project.simulated else "",
    )
    if project.simulated:
        lines = lines.with_columns(pl.lit("SIMULATED").alias("simulated"))
    return table, lines


def gap_list(table: Table, lines: pl.DataFrame) -> Table:
    """*table* for a narrow screen: a line for each pair with a trial; empty conditions stand below."""
    rows = []
    for line in lines.filter(lines["trials"] > 0).iter_rows(named=True):
        state = GapState(line["state"])
        rows.append(
            Row(
                (
                    line["cell_source"],
                    f"{SIGNS[state]} {state.value}{f' {DAGGER}' if line['retracted'] else ''}",
                    line["trials"],
                    line["trials_with_figures"],
                    line["largest_k"] or None,
                ),
                group=line["condition"],
            )
        )
    empty = [
        str(group["condition"][0])
        for _, group in lines.group_by("condition_id", maintain_order=True)
        if not group["trials"].sum()
    ]
    return Table(
        caption=table.caption,
        columns=(
            Column("cell_source", "Cell source"),
            Column("state", "State"),
            Column("trials", "Trials", kind="number"),
            Column("figures", "With figures", kind="number"),
            Column("k", "Largest k", kind="number"),
        ),
        rows=tuple(rows),
        notes=((f"No trial of any cell source: {', '.join(empty)}.",) if empty else ()) + table.notes,
        banner=table.banner,
    )


def draw_gap_map(frame: pl.DataFrame, path: Path, *, title: str = "", simulated: bool = False) -> str:
    """Draw the long form of the gap map to *path* (.svg, .png or .pdf): the same bytes on every run.

    Needs the `paper` extra. All labels are horizontal: columns carry numbers, a key beside it names them.
    Raises UsageProblem for another ending.
    """
    refuse_ending(path)
    title = legible(title)
    matplotlib = paper("matplotlib")
    figures, patches = paper("matplotlib.figure"), paper("matplotlib.patches")
    look = {"font.family": "DejaVu Sans", "svg.hashsalt": "regen-review", "pdf.fonttype": 42, "font.size": 8}
    with matplotlib.rc_context(look):
        figure = draw_figure(frame, figures.Figure, patches, title=title, simulated=simulated)
        sink = io.BytesIO()
        empty = {
            ".svg": {"Date": None, "Creator": None, "Title": title or "Gap map"},
            ".png": {"Software": None},
            ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
        }
        figure.savefig(sink, format=path.suffix[1:], dpi=150, metadata=empty[path.suffix])
    return write_whole(path, sink.getvalue())


def refuse_ending(path: Path) -> None:
    """Raise UsageProblem for a file that no figure can be."""
    if path.suffix not in (".svg", ".png", ".pdf"):
        message = f"{path.name}: a figure ends in .svg, .png or .pdf"
        raise UsageProblem(message)


def draw_figure(frame: pl.DataFrame, figure_class: Any, patches: Any, *, title: str, simulated: bool) -> Any:
    """The figure itself, its size taken from its texts and from the numbers of conditions and sources (inches)."""
    labels = dict(frame.select("condition_id", "condition").iter_rows())
    conditions = [(condition, legible(label)) for condition, label in labels.items()]
    sources = [(source, legible(label)) for source, label, _ in _sources(frame)]
    heading = textwrap.wrap(("SIMULATED: " if simulated else "") + (title or "Gap map"), 90)
    cell, step, letter = 0.30, 0.20, 0.07
    left = 0.3 + letter * max((len(label) for _, label in conditions), default=0)
    right = 0.7 + letter * max((len(label) for _, label in sources), default=0)
    top = 0.75 + 0.22 * len(heading)
    high = max(cell * len(conditions), step * (len(sources) + 1))
    width = max(left + cell * len(sources) + right, 7.5, 0.4 + 0.1 * max(len(line) for line in heading))
    height = top + high + 0.75
    figure = figure_class(figsize=(width, height))
    axes = figure.add_axes(
        (
            left / width,
            1 - (top + cell * len(conditions)) / height,
            cell * len(sources) / width,
            cell * len(conditions) / height,
        )
    )
    _draw_cells(axes, frame, patches, [source for source, _ in sources], [condition for condition, _ in conditions])
    axes.set_xticks([place + 0.5 for place in range(len(sources))], [str(place + 1) for place in range(len(sources))])
    axes.set_yticks([place + 0.5 for place in range(len(conditions))], [label for _, label in conditions])
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)

    def write(x: float, y: float, words: str, **look: Any) -> None:
        # a dollar sign in a title begins no formula
        figure.text(x / width, 1 - y / height, words, va="center", parse_math=False, **look)

    key = left + cell * len(sources) + 0.25
    write(key, top - 0.12, "Cell source", weight="bold")
    for place, (_, label) in enumerate(sources):
        write(key, top + step * (place + 0.5), f"{place + 1}  {label}", fontsize=7)
    for place, line in enumerate(heading):
        write(0.1, 0.2 + 0.22 * place, line, weight="bold", fontsize=9)
    dagger = f"; {DAGGER} with a retracted trial" if frame["retracted"].list.len().sum() else ""
    write(0.1, 0.2 + 0.22 * len(heading), f"Numbers in the cells: trials of any design{dagger}", fontsize=7)
    at = 0.1
    for state, colour in _COLOURS.items():
        box = patches.Rectangle(
            (at / width, 0.28 / height),
            0.18 / width,
            0.18 / height,
            transform=figure.transFigure,
            facecolor=colour,
            edgecolor="#888888",
            linewidth=0.5,
        )
        figure.add_artist(box)
        write(at + 0.25, height - 0.37, state.value, fontsize=8)
        at += 0.6 + letter * len(state.value)
    return figure


def _draw_cells(axes: Any, frame: pl.DataFrame, patches: Any, sources: list[str], conditions: list[str]) -> None:
    axes.set_xlim(0, len(sources))
    axes.set_ylim(len(conditions), 0)
    across = {source: place for place, source in enumerate(sources)}
    down = {condition: place for place, condition in enumerate(conditions)}
    for line in frame.iter_rows(named=True):
        state = GapState(line["state"])
        x, y = across[line["cell_source_id"]], down[line["condition_id"]]
        axes.add_patch(
            patches.Rectangle(
                (x, y), 1, 1, facecolor=_COLOURS[state], edgecolor="#bbbbbb", linewidth=0.4, clip_on=False
            )
        )
        if line["trials"]:
            ink = "white" if state is GapState.POOLED else "black"
            words = f"{line['trials']}{DAGGER if line['retracted'] else ''}"
            axes.text(x + 0.5, y + 0.5, words, ha="center", va="center", color=ink, fontsize=7)


def _sources(lines: pl.DataFrame) -> list[tuple[str, str, int]]:
    """(id, label, trials) of every cell source, in the order of their ids."""
    totals: dict[str, tuple[str, int]] = {}
    for line in lines.iter_rows(named=True):
        label, trials = totals.get(line["cell_source_id"], (line["cell_source"], 0))
        totals[line["cell_source_id"]] = (label, trials + line["trials"])
    return [(source, label, trials) for source, (label, trials) in sorted(totals.items())]


def _sign(line: dict[str, object]) -> str:
    state = GapState(str(line["state"]))
    if state is GapState.NO_TRIAL:
        return SIGNS[state]
    pool = f" k={line['largest_k']}" if state is GapState.POOLED else ""
    dagger = f" {DAGGER}" if line["retracted"] else ""
    return f"{SIGNS[state]} {line['trials']}{pool}{dagger}"
