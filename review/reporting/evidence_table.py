"""The evidence table: one line per cell, grouped by condition, by cell source, or by both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from review.database import Store
from review.errors import UsageProblem
from review.measures.display import number as number
from review.project import Project
from review.reporting import store as reads
from review.reporting.table import SIMULATED, Column, Row, Table
from review.terms import Subset

if TYPE_CHECKING:
    import polars as pl

By = Literal["condition", "cell_source", "condition,cell_source"]
EXTRACTION = "Extraction: single reading, tables and abstracts, not verified."
NO_FIGURES = "no poolable figures"
WITHOUT_RETRACTED = "without retracted studies"

_COLUMNS = (
    Column("condition", "Condition"),
    Column("cell_source", "Cell source"),
    Column("comparator", "Comparator"),
    Column("outcome", "Outcome"),
    Column("window", "Window"),
    Column("trials", "Trials", kind="number"),
    Column("k", "k", kind="number"),
    Column("participants", "N", kind="number", drop=5),
    Column("measure", "Measure"),
    Column("effect", "Effect (95 % CI)"),
    Column("prediction", "95 % prediction interval", drop=3),
    Column("heterogeneity", "I²; τ²", drop=4),
    Column("level", "Figures", drop=6),
    Column("certainty", "Certainty", drop=1),
    Column("risk_of_bias", "Risk of bias", drop=2),
    Column("notes", "Notes"),
    Column("cell_id", "Cell", whole=True),
)
_UNITS = {"SMD": "SD units", "RR": "", "RD": ""}


def evidence_table(
    store: Store,
    project: Project,
    *,
    by: By = "condition",
    primary_only: bool = False,
    outcome: str | None = None,
    ids: bool = False,
) -> tuple[Table, pl.DataFrame]:
    """The evidence table and its raw lines (RR on the log scale, as in `v1.evidence_table`).

    Beneath a line that holds retracted figures stands the same cell without them, as a sensitivity line.
    With *outcome* the cells of that outcome, and a line for each condition and cell source with trials but
    no poolable figure of it. Raises UsageProblem when the vocabulary has no such outcome.
    """
    import polars as pl

    _check_outcome(store, outcome)
    lines = reads.evidence_lines(store, subset="primary" if primary_only else "all", outcome=outcome)
    if outcome is not None:
        lines = _with_pairs_of_other_outcomes(store, lines, primary_only=primary_only)
    lines = _ordered(lines, project, by)
    footnotes: list[str] = []
    rows = tuple(_row(line, project, by, footnotes) for line in lines.iter_rows(named=True))
    if project.simulated:
        lines = lines.with_columns(pl.lit("SIMULATED").alias("simulated"))
    table = Table(
        caption=f"Evidence by {by.replace('_', ' ').replace(',', ' and ')}: {project.title}",
        columns=_COLUMNS,
        rows=rows,
        footnotes=tuple(footnotes),
        notes=_notes(project, lines, primary_only=primary_only),
        banner=SIMULATED if project.simulated else "",
    )
    hidden = {"condition": ["condition"], "cell_source": ["cell_source"]}.get(by, ["condition", "cell_source"])
    return table.without([*hidden, *([] if ids else ["cell_id"])]), lines


def effect_words(line: Mapping[str, Any], project: Project) -> str:
    """`−5.2 (−9.1 to −1.3) points on 0–100`; a ratio is taken back from its logarithm."""
    if line["estimate"] is None:
        return NO_FIGURES
    numbers = span(line["estimate"], line["ci_lo"], line["ci_hi"], line["measure"])
    return f"{line['measure']} {numbers} {unit(line['measure'], line['outcome_id'], project)}".rstrip()


def unit(measure: str, outcome_id: str, project: Project) -> str:
    """The unit of *measure* in words."""
    plan = project.synthesis.outcome(outcome_id)
    if measure == "MD":
        return f"points on {plan.scale[0]:g}–{plan.scale[1]:g}" if plan is not None and plan.scale else "points"
    return _UNITS.get(measure, "")


def span(value: float, lo: float | None, hi: float | None, measure: str) -> str:
    """*value* and its limits as they are printed: −5.2 (−9.1 to −1.3)."""
    if lo is None or hi is None:
        return number(value, measure)
    return f"{number(value, measure)} ({number(lo, measure)} to {number(hi, measure)})"


def _check_outcome(store: Store, outcome: str | None) -> None:
    if outcome is None:
        return
    known = reads.outcomes(store)["outcome_id"].to_list()
    if outcome not in known:
        message = f"{outcome!r} is not an outcome of the vocabulary; known: {', '.join(known) or 'none'}"
        raise UsageProblem(message, hint="outcomes stand in extracted/_vocabulary/outcome.csv")


def _with_pairs_of_other_outcomes(store: Store, lines: pl.DataFrame, *, primary_only: bool) -> pl.DataFrame:
    """*lines* and, for a pair whose cells are all of other outcomes, a line without poolable figures."""
    import polars as pl

    everything = reads.evidence_lines(store, subset="primary" if primary_only else "all", outcome=None)
    everything = everything.filter(pl.col("subset") != str(Subset.NOT_RETRACTED))
    pair = ["condition_id", "cell_source_id"]
    missing = everything.join(lines, on=pair, how="anti").unique(pair, maintain_order=True)
    if missing.is_empty():
        return lines
    trials = everything.join(missing.select(pair), on=pair).explode("study_ids", empty_as_null=True).group_by(pair)
    said = everything.join(missing.select(pair), on=pair).explode("notices", empty_as_null=True)
    # the numbers of other outcomes are not in this line, and so no retracted figure is
    words = pl.col("notices").str.replace(_IN_THE_NUMBER, "")
    said = said.with_columns(pl.when(~words.str.starts_with(_NOT_COMPUTED)).then(words).alias("notices"))
    notices = said.group_by(pair).agg(pl.col("notices").drop_nulls().unique().sort())
    blank = missing.with_columns(
        (pl.col("condition_id") + "/" + pl.col("cell_source_id")).alias("cell_id"),
        pl.lit(NO_FIGURES).alias("state"),
        pl.lit(0, dtype=missing.schema["k"]).alias("k"),
        *(pl.lit(None, dtype=missing.schema[name]).alias(name) for name in _EMPTY),
    ).drop("study_ids", "trials", "retracted", "notices", "warnings")
    counted = trials.agg(pl.col("study_ids").unique().sort()).with_columns(
        pl.col("study_ids").list.len().cast(missing.schema["trials"]).alias("trials")
    )
    for flag in (counted, notices):
        blank = blank.join(flag, on=pair)
    # the other warnings speak of another outcome's number
    nothing = pl.lit([], dtype=missing.schema["retracted"]).alias("retracted")
    blank = blank.with_columns(pl.col("notices").alias("warnings"), nothing)
    return pl.concat([lines, blank.select(lines.columns)])


_NOT_COMPUTED = "the line without retracted studies is not computed yet"
_IN_THE_NUMBER = "^(includes |not in the number: )"
_EMPTY = (
    "comparator", "outcome_id", "outcome", "time_window", "measure", "estimate", "ci_lo", "ci_hi", "pi_lo",
    "pi_hi", "i2", "tau2", "level", "certainty", "risk_of_bias", "participants", "effect", "effect_lo", "effect_hi",
    "common_lo", "common_hi",
)  # fmt: skip


def _ordered(lines: pl.DataFrame, project: Project, by: By) -> pl.DataFrame:
    """Lines in the order of the groups, then of the protocol (outcome, comparator, window); empty last."""
    import polars as pl

    plan = project.synthesis
    ranks = (
        _rank("outcome_id", [item.outcome_id for item in plan.outcomes]),
        _rank("comparator", [item.id for item in plan.comparators]),
        _rank("time_window", [item.id for item in plan.windows]),
    )
    first = ["cell_source", "condition"] if by == "cell_source" else ["condition", "cell_source"]
    # a sensitivity line of which nothing is left stays beneath its cell
    empty = ((pl.col("state") == NO_FIGURES) & (pl.col("subset") != str(Subset.NOT_RETRACTED))).cast(pl.Int8)
    if by == "condition,cell_source":
        return lines.sort([*first, empty, *ranks, "cell_id", "subset"])
    return lines.sort([first[0], empty, first[1], *ranks, "cell_id", "subset"])


def _rank(column: str, order: list[str]) -> pl.Expr:
    import polars as pl

    places = {name: place for place, name in enumerate(order)}
    return pl.col(column).replace_strict(places, default=len(order), return_dtype=pl.Int32)


def _row(line: Mapping[str, Any], project: Project, by: By, footnotes: list[str]) -> Row:
    plan = project.synthesis
    comparators = {item.id: item.label for item in plan.comparators}
    windows = {item.id: item.label for item in plan.windows}
    condition, source = (
        line["condition"] or line["condition_id"],
        line["cell_source"] or line["cell_source_id"],
    )
    group = {"condition": condition, "cell_source": source}.get(by, f"{condition}: {source}")
    interval = ""
    if line["pi_lo"] is not None:
        interval = f"{number(line['pi_lo'], line['measure'])} to {number(line['pi_hi'], line['measure'])}"
    spread = f"{100 * line['i2']:.0f} %; {line['tau2']:.2f}" if line["i2"] is not None else ""
    has_figures = line["state"] != NO_FIGURES
    # in the first column, which is the widest, the words that stand for all the others
    comparator, measure, effect = NO_FIGURES, "", ""
    if has_figures:
        comparator = comparators.get(line["comparator"], line["comparator"])
        measure = ", ".join(filter(None, (line["measure"], unit(line["measure"], line["outcome_id"], project))))
        effect = span(line["estimate"], line["ci_lo"], line["ci_hi"], line["measure"])
    notes = "one study, not pooled" if line["k"] == 1 else "pooled" if has_figures else ""
    if line["subset"] == Subset.NOT_RETRACTED:
        comparator = f"{comparators.get(line['comparator'], line['comparator'])}: {WITHOUT_RETRACTED}"
        nothing = "no effect that can be pooled is left" if line["trials"] else "no study is left"
        notes = f"sensitivity: {notes or nothing}"
    return Row(
        cells=(
            condition,
            source,
            comparator,
            line["outcome"] or line["outcome_id"],
            windows.get(line["time_window"], line["time_window"]),
            line["trials"],
            line["k"],
            line["participants"],
            measure,
            effect,
            interval,
            spread,
            line["level"],
            line["certainty"],
            line["risk_of_bias"],
            notes,
            line["cell_id"],
        ),
        group=group,
        marks=tuple(_mark_of(text, footnotes) for text in _remarks(line)),
    )


def _remarks(line: Mapping[str, Any]) -> list[str]:
    # with one study the notes column says it already
    texts = [text for text in line["warnings"] or [] if line["k"] != 1 or not text.startswith("one study")]
    if line["k"] == 2 and not any("two" in text or "k = 2" in text or "k=2" in text for text in texts):
        texts.append("Two studies: the interval is very uncertain and there is no prediction interval.")
    reasons = line["not_pooled_because"] or []
    return [*texts, *(f"Not pooled: {reason}" for reason in reasons)]


def _mark_of(text: str, footnotes: list[str]) -> int:
    if text not in footnotes:
        footnotes.append(text)
    return footnotes.index(text)


def _notes(project: Project, lines: pl.DataFrame, *, primary_only: bool) -> tuple[str, ...]:
    plan = project.synthesis
    kept = "Only effects whose figures were all read from the trials' own reports." if primary_only else ""
    return tuple(
        text
        for text in (
            kept,
            _retracted_note(lines, primary_only=primary_only),
            f"Random effects, {plan.tau2}, interval {plan.interval}; k = 1 is shown, not pooled; "
            "prediction intervals from k = 3. MD and SMD: below zero is better for the cell treatment.",
            "Cells stand at the leaf that the study names; nothing is rolled up.",
            EXTRACTION if not project.simulated else "",
            "" if _rated(lines, "certainty") else "Certainty: not rated.",
            "" if _rated(lines, "risk_of_bias") else "Risk of bias: not rated.",
        )
        if text
    )


def _retracted_note(lines: pl.DataFrame, *, primary_only: bool) -> str:
    if not lines["retracted"].list.len().sum():
        return ""
    held = "Lines that include retracted figures say so and hold them"
    if primary_only:
        return f"{held}; the table of all figures has a line without them."
    return f"{held}; the line beneath, {WITHOUT_RETRACTED}, does not."


def _rated(lines: pl.DataFrame, column: str) -> bool:
    return any(value not in (None, "not rated") for value in lines[column].to_list())
