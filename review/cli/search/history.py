"""`review search enter | history`: searches that were run elsewhere, and what was searched so far."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import format_option
from review.terms import SourceKind

if TYPE_CHECKING:
    import polars as pl


@click.command(
    epilog='Example: review search enter "Embase main" --source Embase --platform Ovid --query-file embase.txt '
    "--date 2026-11-20 --hits 412"
)
@click.argument("name")
@click.option("--source", required=True, help="The database, register or other source.")
@click.option(
    "--source-kind",
    type=click.Choice([kind.value for kind in SourceKind]),
    default=SourceKind.DATABASE.value,
    show_default=True,
    help="Kind of source in the words of PRISMA 2020.",
)
@click.option("--platform", help="The platform, such as Ovid.")
@click.option("--query", help="The strategy as it was asked.")
@click.option("--query-file", type=click.Path(path_type=Path), help="A text file that holds the strategy.")
@click.option("--date", "searched_on", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Day of the search.")
@click.option("--hits", type=int, help="What the source counted.")
@click.option("--limits", help="Limits on date, language or type.")
@pass_review
def enter(
    review: Review,
    name: str,
    source: str,
    source_kind: str,
    platform: str | None,
    query: str | None,
    query_file: Path | None,
    searched_on: datetime,
    hits: int | None,
    limits: str | None,
) -> None:
    """Record a search that was run elsewhere; prints the id for `review import --search`."""
    from review.errors import UsageProblem
    from review.search.manual import enter_manual, read_query

    if (query is None) == (query_file is None):
        message = "the strategy is given by --query or by --query-file, one of the two"
        raise UsageProblem(message)
    text = query if query is not None else read_query(query_file or Path())
    run_id = enter_manual(
        review.store,
        name=name,
        source=source,
        source_kind=source_kind,
        platform=platform,
        query=text,
        searched_on=searched_on.date(),
        hits=hits,
        limits=limits,
        run_by=review.named,
        simulated=review.project.simulated,
    )
    output.text(run_id)


@click.command(epilog="Example: review search history --format csv")
@click.option("--lines", "run_id", metavar="RUN_ID", help="The lines of one run with their hits.")
@click.option("--receipts", is_flag=True, help="The receipts of imports instead.")
@format_option
@pass_review
def history(review: Review, run_id: str | None, receipts: bool, format: str) -> None:
    """Searches that finished, and whether the imported records are those that were counted."""
    from review.errors import UsageProblem
    from review.search.history import list_lines, list_receipts, list_searches

    if run_id is not None and receipts:
        message = "--lines shows a run and --receipts the imports: one of the two"
        raise UsageProblem(message)
    brief = format == "table"
    frame: pl.DataFrame
    if run_id is not None:
        frame = list_lines(review.store, run_id)
    else:
        frame = list_receipts(review.store, brief=brief) if receipts else list_searches(review.store, brief=brief)
    title = f"Lines of {run_id}" if run_id is not None else "Receipts" if receipts else "Searches"
    output.frame(frame, format, title=title)
