"""`review table`: the evidence table, the gap map and the PRISMA flow."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.errors import UsageProblem
from review.reporting.export import FORMATS, export_table, format_of, write_whole

if TYPE_CHECKING:
    import polars as pl

    from review.reporting.table import Table

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _where_to(command: _Command) -> _Command:
    """Adds --format and --output."""
    file = click.option("--output", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
    kind = click.option(
        "--format",
        "format",
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        help="csv, json and parquet hold raw numbers; md, html, docx and xlsx are documents.",
    )
    return kind(file(command))


@click.group()
def table() -> None:
    """Evidence table, gap map, PRISMA flow.

    Example: review table evidence --by condition
    """


@table.command()
@click.option(
    "--by",
    type=click.Choice(["condition", "cell_source", "condition,cell_source"]),
    default="condition",
    show_default=True,
    help="What the lines are grouped by.",
)
@click.option("--primary-only", is_flag=True, help="Only figures read from the trials' own reports.")
@click.option("--outcome", help="Only this outcome, for instance pain.")
@click.option("--ids", is_flag=True, help="Print the id of each cell, for review explain.")
@_where_to
@pass_review
def evidence(
    review: Review,
    by: Any,
    primary_only: bool,
    outcome: str | None,
    ids: bool,
    format: str,
    file: Path | None,
) -> None:
    """One line per cell: condition, cell source, comparator, outcome, window.

    Example: review table evidence --by condition,cell_source --outcome pain --ids
    """
    from review.reporting.evidence_table import evidence_table

    format = _checked(format, file)
    made, lines = evidence_table(
        review.store, review.project, by=by, primary_only=primary_only, outcome=outcome, ids=ids
    )
    _deliver(made, lines, format, file)


@table.command()
@click.option("--outcome", default="pain", show_default=True, help="The outcome that is looked for.")
@click.option(
    "--figure",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also draw the map to this .svg, .png or .pdf (needs the paper extra).",
)
@_where_to
@pass_review
def gap(review: Review, outcome: str, figure: Path | None, format: str, file: Path | None) -> None:
    """Condition × cell source: no trial, trial without this outcome, figures, pooled.

    Example: review table gap --outcome pain --format html --output gap.html
    """
    from review.reporting.gap_map import draw_gap_map, gap_list, gap_map, refuse_ending
    from review.reporting.writers import fits

    format = _checked(format, file)
    if figure is not None:
        refuse_ending(figure)
    made, lines = gap_map(review.store, review.project, outcome=outcome)
    if figure is not None:
        # before the table, so that a figure that cannot be drawn does not hide behind a page of it
        draw_gap_map(lines, figure, title=made.caption, simulated=review.project.simulated)
        output.say(f"wrote {figure}")
    if format == "table" and not fits(made, _width()):
        made = gap_list(made, lines)
    _deliver(made, lines, format, file)


@table.command()
@_where_to
@pass_review
def flow(review: Review, format: str, file: Path | None) -> None:
    """The PRISMA 2020 flow: 17 boxes and the ten identities; exit code 5 when counts do not add up.

    Example: review table flow --format csv
    """
    from review.flows.prisma_flow import prisma_flow
    from review.reporting.prisma import refuse_violations

    format = _checked(format, file)
    made, identities, lines = prisma_flow(review.store, review.project)
    _deliver(made, lines, format, file)
    refuse_violations(identities)


def _checked(format: str, file: Path | None) -> str:
    """The format to write in, by --format and the ending of *file*; refused here, before any work is done."""
    if file is not None:
        return format_of(file, format, FORMATS)
    if format in ("docx", "xlsx"):
        message = f"{format} is a document and needs a file"
        raise UsageProblem(message, hint=f"add --output table.{format}")
    return format


def _deliver(made: Table, lines: pl.DataFrame, format: str, file: Path | None) -> None:
    """Write *made*, or its raw *lines*, in *format* to *file* or to standard output."""
    content = export_table(made, lines, format, width=_width() if file is None else 120)
    if file is not None:
        write_whole(file, content)
        output.say(f"wrote {file}")
    elif format == "parquet":
        output.frame(lines, "parquet")
    else:
        output.text(content.decode().rstrip("\n"))


def _width() -> int:
    # piped into a file or a pager a table may be wider than most terminals
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 132
