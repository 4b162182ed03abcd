"""`review explain`: from a cell to the printed figures."""

from __future__ import annotations

import click

from review.cli import output
from review.cli.context import Review, pass_review


@click.command()
@click.argument("cell")
@click.option(
    "--format",
    "format",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Words to read, or JSON for programs.",
)
@pass_review
def explain(review: Review, cell: str, format: str) -> None:
    """Every number behind CELL: pool, effect sizes, extracted rows, file and line, printed figure, address.

    CELL is an id as review table evidence --ids prints it; condition/cell_source lists the trials of the two.

    Example: review explain knee_oa/prp/hyaluronic_acid/pain/over_3_to_6m
    """
    from review.reporting.explain import explain as find
    from review.reporting.explain import explanation_json, explanation_text

    found = find(review.store, review.project, cell)
    output.text(explanation_json(found) if format == "json" else explanation_text(found, review.project))
