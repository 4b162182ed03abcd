"""`review table`: the evidence table, the gap map and the PRISMA flow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.documents import checked, deliver, page_width, where_to


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
@where_to
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

    format = checked(format, file)
    made, lines = evidence_table(
        review.store, review.project, by=by, primary_only=primary_only, outcome=outcome, ids=ids
    )
    deliver(made, lines, format, file)


@table.command()
@click.option("--outcome", default="pain", show_default=True, help="The outcome that is looked for.")
@click.option(
    "--figure",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also draw the map to this .svg, .png or .pdf (needs the paper extra).",
)
@where_to
@pass_review
def gap(review: Review, outcome: str, figure: Path | None, format: str, file: Path | None) -> None:
    """Condition × cell source: no trial, trial without this outcome, figures, pooled.

    Example: review table gap --outcome pain --format html --output gap.html
    """
    from review.reporting.gap_map import draw_gap_map, gap_list, gap_map, refuse_ending
    from review.reporting.own_files import refuse_own_files
    from review.reporting.writers import fits

    format = checked(format, file)
    if figure is not None:
        refuse_own_files(figure)
        refuse_ending(figure)
    made, lines = gap_map(review.store, review.project, outcome=outcome)
    if figure is not None:
        # before the table, so that a figure that cannot be drawn does not hide behind a page of it
        where = draw_gap_map(lines, figure, title=made.caption, simulated=review.project.simulated)
        output.say(f"wrote {where}")
    if format == "table" and not fits(made, page_width()):
        made = gap_list(made, lines)
    deliver(made, lines, format, file)


@table.command()
@where_to
@pass_review
def flow(review: Review, format: str, file: Path | None) -> None:
    """The PRISMA 2020 flow: 17 boxes and the twelve identities; exit code 5 when counts do not add up.

    With --as somebody who screens blind: the boxes before screening, until every record is settled.

    Example: review table flow --format csv
    """
    import polars as pl

    from review.flows.pages import flow_as, hides_screening
    from review.flows.prisma_flow import prisma_flow
    from review.reporting.prisma import refuse_violations

    format = checked(format, file)
    if hides_screening(review.store, review.project, review.named):
        page = flow_as(review.store, review.project, hidden=True)
        deliver(page.tables[0], pl.DataFrame(page.data), format, file)
        return
    made, identities, lines = prisma_flow(review.store, review.project)
    deliver(made, lines, format, file)
    refuse_violations(identities)
