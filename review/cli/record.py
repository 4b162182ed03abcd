"""`review record`: one record in full."""

from __future__ import annotations

import click

from review.cli import output
from review.cli.context import Review, pass_review


@click.group()
def record() -> None:
    """The records, duplicates put together.

    Example: review record show 3f2a91c0
    """


@record.command()
@click.argument("record_id", metavar="RECORD")
@click.option(
    "--format",
    "format",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Words to read, or JSON for programs.",
)
@pass_review
def show(review: Review, record_id: str, format: str) -> None:
    """RECORD field by field: which source each came from and why, and what the other sources say.

    RECORD is an id or its beginning, a PMID or a DOI. Below stand its source records with their imports, and its
    links. Nothing of screening is shown.

    Example: review record show 10.1000/demo.17
    """
    from review.flows.record import record_json, record_text, show_record

    found = show_record(review.store, review.project, record_id)
    if format == "json":
        output.text(record_json(found))
        return
    output.text(record_text(found))
    for title, rows in (("Source records", found.members), ("Links", found.links)):
        if rows.height:
            output.text("")
            output.frame(rows, title=title)
