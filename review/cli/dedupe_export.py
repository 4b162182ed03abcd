"""`review dedupe export`: every record once, for a reference manager."""

from __future__ import annotations

from pathlib import Path

import click

from review.cli.context import Review, pass_review
from review.cli.study_export import checked, deliver, where_to


@click.command()
@where_to
@pass_review
def export(review: Review, format: str | None, file: Path | None) -> None:
    """Every record once, duplicates put together, as references.

    Example: review dedupe export --output records.ris
    """
    from review.flows.reference_export import record_references

    format = checked(format, file)
    found = record_references(review.store, review.project)
    deliver(found, format, file, simulated=review.project.simulated)
