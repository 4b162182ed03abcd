"""`review synthesize`: compute effect sizes, pool them, and show what came out."""

from __future__ import annotations

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import format_option


@click.group()
def synthesize() -> None:
    """Compute effect sizes and pool them.

    Example: review synthesize run
    """


@synthesize.command()
@click.option("--force", is_flag=True, help="Compute even when nothing changed.")
@pass_review
def run(review: Review, force: bool) -> None:
    """Compute everything anew from the loaded figures; unchanged input changes nothing.

    Example: review synthesize run
    """
    from review.synthesis.rebuild import rebuild

    report = rebuild(review.store, review.project, force=force)
    output.say("effects computed" if report.changed else "nothing changed since the last run")
    output.say(
        f"{report.effects} effects in {report.cells} cells, {report.pooled_effects} of them poolable; "
        f"{len(report.pooled_cells)} cells pooled"
    )
    for reason, number in report.reasons.items():
        output.say(f"  not pooled: {number} {reason}")


@synthesize.command()
@click.argument("cell", required=False)
@click.option("--primary-only", is_flag=True, help="Only figures from the trials' own reports.")
@click.option("--least", type=int, help="Cells with at least so many studies; 1 where no CELL is given.")
@format_option
@pass_review
def show(review: Review, cell: str | None, primary_only: bool, least: int | None, format: str) -> None:
    """The pooled cells, or one of them with its studies left out in turn.

    Example: review synthesize show --least 2
    """
    from review.synthesis.reading import influence_of, pooled_cells, pooled_on_screen

    least = least if least is not None else int(cell is None)
    rows = pooled_cells(review.store, cell=cell, subset="primary" if primary_only else "all", least=least)
    shown = pooled_on_screen(rows) if format == "table" else rows
    output.frame(shown, format, title="Pooled effects")
    if cell is not None and format == "table":
        output.frame(influence_of(review.store, cell=cell), format, title="Without each study in turn")


@synthesize.command()
@click.option("--cell", default=None, help="Only this cell.")
@format_option
@pass_review
def effects(review: Review, cell: str | None, format: str) -> None:
    """Each study's effect, and why it is not pooled where it is not.

    Example: review synthesize effects --cell knee_oa/prp/hyaluronic_acid/pain/over_3_to_6m
    """
    from review.synthesis.reading import effects_of, effects_on_screen

    rows = effects_of(review.store, cell=cell)
    shown = effects_on_screen(rows) if format == "table" else rows
    output.frame(shown, format, title="Effect sizes")
