"""`review study`: the studies and their reports, as study.toml keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import format_option
from review.cli.study_export import export
from review.cli.study_link import link, proposals, unlink

if TYPE_CHECKING:
    import polars as pl


@click.group()
def study() -> None:
    """The studies and their reports.

    Example: review study list --condition knee_oa
    """


@study.command("list")
@click.option("--condition", help="Only studies of this condition, an id of extracted/_vocabulary/condition.csv.")
@format_option
@pass_review
def list_(review: Review, condition: str | None, format: str) -> None:
    """One line a study: design, size, arms and figures.

    Example: review study list --format csv
    """
    from review.extraction.studies import list_studies

    studies = list_studies(review.store, condition=condition)
    output.frame(_without_silence(studies) if format == "table" else studies, format, title="Studies")


@study.command()
@click.argument("study_id", metavar="ID")
@pass_review
def show(review: Review, study_id: str) -> None:
    """One study in full: reports, arms, sources, figures as printed, remarks.

    Example: review study show lamo2016
    """
    from review.extraction.studies import show_study

    found = show_study(review.store, study_id)
    for name, value in found.keys.items():
        if value not in (None, "", []) and (name, value) != ("retracted", False):
            shown = "; ".join(value) if isinstance(value, list) else value
            output.text(f"{name.replace('_', ' ')}: {shown}")
    for name, rows in found.parts.items():
        output.text("")
        output.frame(_without_silence(rows), title=name.capitalize())


for command in (proposals, link, unlink, export):
    study.add_command(command)


def _without_silence(rows: pl.DataFrame) -> pl.DataFrame:
    """*rows* without the column of notices where there is none: a terminal is narrow."""
    silent = "notices" in rows.columns and not rows["notices"].list.len().sum()
    return rows.drop("notices") if silent else rows
