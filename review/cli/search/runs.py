"""`review search run | replay | export`: a strategy at PubMed, and again from its stored answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import format_option
from review.cli.progress import records_here

if TYPE_CHECKING:
    from review.search.runs import RunResult
    from review.search.strategy import Strategy

_NAMED = 20


@click.command(epilog="Example: review search run regenerative-pain --count-only")
@click.argument("name")
@click.option("--count-only", is_flag=True, help="Count each line; fetch nothing, begin no run.")
@click.option("--fresh", is_flag=True, help="Start anew where a run was cut off, instead of taking it up.")
@click.option("--allow-dropped-terms", is_flag=True, help="Go on when PubMed ignores a term, and record which.")
@click.option("--allow-missing", is_flag=True, help="Finish without records that never came, and record which.")
@format_option
@pass_review
def run(
    review: Review,
    name: str,
    count_only: bool,
    fresh: bool,
    allow_dropped_terms: bool,
    allow_missing: bool,
    format: str,
) -> None:
    """Ask PubMed each line and fetch the records of the last. Needs NCBI_EMAIL in the environment.

    A run that was cut off is taken up by the same command: what was answered is not asked again.
    """
    from review.errors import UsageProblem
    from review.search import runs
    from review.search.strategy import find_strategy

    if count_only and (fresh or allow_missing):
        message = "--count-only fetches nothing: --fresh and --allow-missing say nothing to it"
        raise UsageProblem(message)
    strategy = find_strategy(review.project.queries, name)
    say_lint(review, strategy)
    with goes_on(f"review search run {name}", begun=not count_only), records_here() as progress:
        result = runs.run(
            review.store,
            review.project,
            strategy,
            count_only=count_only,
            fresh=fresh,
            allow_dropped_terms=allow_dropped_terms,
            allow_missing=allow_missing,
            run_by=review.named,
            say=output.say,
            progress=progress,
        )
    print_run(review, result, format)


def say_lint(review: Review, strategy: Strategy) -> None:
    """How many remarks the lint has on a strategy that is about to be asked."""
    from review.search.lint import summary
    from review.search.strategy import vocabulary_ids

    if said := summary(strategy, vocabulary=vocabulary_ids(review.project.extracted / "_vocabulary")):
        output.say(said)


@contextmanager
def goes_on(command: str, *, begun: bool = True) -> Iterator[None]:
    """Ctrl-C in here says how to go on; *begun* is false where there is nothing to go on with."""
    try:
        yield
    except (KeyboardInterrupt, RuntimeError) as problem:
        # DuckDB takes Ctrl-C for itself while it works, and raises a RuntimeError that says so
        if begun and (isinstance(problem, KeyboardInterrupt) or str(problem) == "Query interrupted"):
            output.say(f"what PubMed has answered is kept; the same command goes on from there: {command}")
        raise


@click.command(epilog="Example: review search replay regenerative-pain --from recorded/")
@click.argument("name")
@click.option("--run", "run_id", metavar="RUN_ID", help="The run to replay; by default the newest of the strategy.")
@click.option("--from", "folder", type=click.Path(path_type=Path), help="A folder that holds a recorded run.")
@click.option("--allow-dropped-terms", is_flag=True, help="Accept terms that PubMed had ignored.")
@click.option("--allow-missing", is_flag=True, help="Accept records that PubMed had never sent.")
@format_option
@pass_review
def replay(
    review: Review,
    name: str,
    run_id: str | None,
    folder: Path | None,
    allow_dropped_terms: bool,
    allow_missing: bool,
    format: str,
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
            allow_missing=allow_missing,
            say=output.say,
        )
    else:
        result = runs.replay(
            review.store,
            review.project,
            strategy,
            run_id=run_id,
            allow_dropped_terms=allow_dropped_terms,
            allow_missing=allow_missing,
            say=output.say,
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
        "warnings": [
            "; ".join((*line.warnings, *(f"PubMed ignored {text} ({signal})" for signal, text in line.dropped)))
            for line in result.lines
        ],
    }
    output.frame(
        pl.DataFrame(columns),
        format,
        title=f"{result.strategy}: {'replay of' if replayed else result.mode} {result.run_id}",
    )
    for line in result.lines:
        for warning in line.warnings:
            output.say(f"look at line #{line.no} ({line.label}): {warning}")
    for part in result.dropped:
        output.say(f"accepted: line #{part['line']}: {part['signal']}: {part['text']}")
    if result.missing:
        named = ", ".join(result.missing[:_NAMED]) + (" ..." if len(result.missing) > _NAMED else "")
        kept = "recorded as missing_pmids in review search history --format json"
        output.say(f"accepted: {output.counted(len(result.missing), 'record')} never came ({kept}): PMID {named}")
    if result.mode == "count":
        asked = output.counted(result.requests, "question")
        output.say(
            f"{output.counted(result.hits, 'record')}; {asked} asked, nothing fetched; a run takes {_needs(result)}"
        )
    else:
        counts = (
            f"{output.counted(result.hits, 'record')} counted, {result.retrieved} retrieved, {result.new_records} new"
        )
        revised = f" ({result.changed_records} of them revised by PubMed)" if result.changed_records else ""
        until = f", up to {result.pinned_to}" if result.pinned_to else ""
        how = "; replayed from stored answers, PubMed was not asked" if replayed else ""
        output.say(f"{counts}{revised}{until}; run {result.run_id}{how}")


def _needs(result: RunResult) -> str:
    """How many requests a run takes; ids that come by halves of the range of PMIDs cannot be foretold."""
    from review.search.entrez import MOST_IDS

    least = "at least " if result.hits > MOST_IDS else ""
    return f"{least}{output.counted(result.needed, 'request')}"
