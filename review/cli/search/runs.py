"""`review search run | replay | export`: a strategy at PubMed, and again from its stored answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import format_option

if TYPE_CHECKING:
    from review.search.runs import RunResult


@click.command(epilog="Example: review search run regenerative-pain --count-only")
@click.argument("name")
@click.option("--count-only", is_flag=True, help="Count each line; fetch nothing, close no run.")
@click.option("--allow-dropped-terms", is_flag=True, help="Go on when PubMed ignores a term, and record which.")
@format_option
@pass_review
def run(review: Review, name: str, count_only: bool, allow_dropped_terms: bool, format: str) -> None:
    """Ask PubMed each line and fetch the records of the last. Needs NCBI_EMAIL in the environment."""
    from review.search import runs
    from review.search.strategy import find_strategy

    strategy = find_strategy(review.project.queries, name)
    result = runs.run(
        review.store,
        review.project,
        strategy,
        count_only=count_only,
        allow_dropped_terms=allow_dropped_terms,
        run_by=review.named,
        say=output.say,
    )
    print_run(review, result, format)


@click.command(epilog="Example: review search replay regenerative-pain --from recorded/")
@click.argument("name")
@click.option("--run", "run_id", metavar="RUN_ID", help="The run to replay; by default the newest of the strategy.")
@click.option("--from", "folder", type=click.Path(path_type=Path), help="A folder that holds a recorded run.")
@click.option("--allow-dropped-terms", is_flag=True, help="Accept terms that PubMed had ignored.")
@format_option
@pass_review
def replay(
    review: Review, name: str, run_id: str | None, folder: Path | None, allow_dropped_terms: bool, format: str
) -> None:
    """Read the stored answers of a run anew, without a network."""
    from review.errors import UsageProblem
    from review.search import runs
    from review.search.strategy import find_strategy

    if run_id is not None and folder is not None:
        message = "a replay reads a run (--run) or a folder (--from), not both"
        raise UsageProblem(message)
    strategy = find_strategy(review.project.queries, name)
    if folder is not None:
        result = runs.replay_folder(
            review.store,
            review.project,
            strategy,
            folder,
            run_by=review.named,
            allow_dropped_terms=allow_dropped_terms,
        )
    else:
        result = runs.replay(
            review.store, review.project, strategy, run_id=run_id, allow_dropped_terms=allow_dropped_terms
        )
    print_run(review, result, format, replayed=True)


@click.command(epilog="Example: review search export RUN_ID recorded/")
@click.argument("run_id")
@click.argument("folder", type=click.Path(path_type=Path))
@pass_review
def export(review: Review, run_id: str, folder: Path) -> None:
    """Write the stored answers of a run into a folder that `review search replay --from` reads."""
    from review.search.runs import export_run

    output.text(str(export_run(review.store, run_id, folder)))


def print_run(review: Review, result: RunResult, format: str, *, replayed: bool = False) -> None:
    """The lines as data, the rest as words."""
    import polars as pl

    columns = {
        "no": [line.no for line in result.lines],
        "label": [line.label for line in result.lines],
        "hits": [line.hits for line in result.lines],
        "warnings": ["; ".join(line.warnings) for line in result.lines],
    }
    output.frame(
        pl.DataFrame(columns),
        format,
        title=f"{result.strategy}: {'replay of' if replayed else result.mode} {result.run_id}",
    )
    for part in result.dropped:
        output.say(f"accepted: line #{part['line']}: {part['signal']}: {part['text']}")
    if result.mode == "count":
        output.say(f"{result.hits} records; {result.requests} questions asked, nothing fetched")
    else:
        counts = f"{result.hits} records counted, {result.retrieved} retrieved, {result.new_records} new"
        how = "; replayed from stored answers, PubMed was not asked" if replayed else ""
        output.say(f"{counts}; run {result.run_id}{how}")
