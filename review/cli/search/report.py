"""`review search report`: the searches in the order of PRISMA-S."""

from __future__ import annotations

from pathlib import Path

import click

from review.cli.context import Review, pass_review
from review.cli.documents import checked, deliver, where_to


@click.command(epilog="Example: review search report --output search.docx")
@where_to
@pass_review
def report(review: Review, format: str, file: Path | None) -> None:
    """PRISMA-S: every search as it was run, and what the data cannot know."""
    from review.flows.search_report import search_report

    format = checked(format, file)
    made, lines = search_report(review.store, review.project, reviewer=review.named)
    deliver(made, lines, format, file)
