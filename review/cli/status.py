"""`review status`: where the review stands."""

from __future__ import annotations

import click

from review.cli import output
from review.cli.context import Review, pass_review


@click.command()
@click.option(
    "--format",
    "format",
    type=click.Choice(["table", "csv", "json", "md"]),
    default="table",
    show_default=True,
    help="How the lines are written to standard output.",
)
@pass_review
def status(review: Review, format: str) -> None:
    """What has been done, what is stale, what is owed, and what nobody has done.

    Example: review status
    """
    import polars as pl

    from review.flows.status import status_table
    from review.reporting.export import export_table

    # some thirty questions: to open the file for each would take longer than to answer them
    with review.store.reading():
        table = status_table(review.store, review.project, reviewer=review.named)
    lines = pl.DataFrame([dict(zip(("part", "state"), row.cells, strict=True)) for row in table.rows])
    if review.project.simulated:
        lines = lines.with_columns(pl.lit("SIMULATED").alias("simulated"))
    output.text(export_table(table, lines, format).decode().rstrip("\n"))
