"""`review search`: strategies, runs at PubMed, replays, and searches that were run elsewhere."""

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

    from review.search.runs import RunResult
    from review.search.strategy import Strategy


@click.group()
def search() -> None:
    """Run, replay and record searches.

    Example: review search show regenerative-pain
    """


@search.command("list", epilog="Example: review search list")
@format_option
@pass_review
def list_(review: Review, format: str) -> None:
    """The strategies of queries/pubmed, and whether they were run."""
    import polars as pl

    from review.errors import ProtocolError
    from review.search.strategy import load_strategy, strategies

    rows: list[tuple[str, str | None, str | None, int | None, str]] = []
    for path in strategies(review.project.queries):
        try:
            s = load_strategy(path)
        except ProtocolError as problem:  # the others are listed all the same
            rows.append((path.stem, None, None, None, f"broken: {problem}"))
        else:
            rows.append((s.name, s.version, s.source, len(s.lines), s.standing))
            _say_unknown_covers(review, s)
    columns = {
        "strategy": pl.String,
        "version": pl.String,
        "source": pl.String,
        "lines": pl.Int64,
        "standing": pl.String,
    }
    output.frame(pl.DataFrame(rows, schema=columns, orient="row"), format, title="Strategies")


@search.command(epilog="Example: review search show regenerative-pain --full")
@click.argument("name")
@click.option("--full", is_flag=True, help="Print the last line in full, as it is sent.")
@format_option
@pass_review
def show(review: Review, name: str, full: bool, format: str) -> None:
    """A strategy line by line."""
    import polars as pl

    from review.search.strategy import find_strategy

    strategy = find_strategy(review.project.queries, name)
    if full:
        output.text(strategy.query)
        return
    columns = {
        "no": [line.no for line in strategy.lines],
        "block": [line.block for line in strategy.lines],
        "label": [line.label for line in strategy.lines],
        "covers": ["; ".join(line.covers) for line in strategy.lines],
        "mesh": [line.mesh for line in strategy.lines],
        "text": [line.text for line in strategy.lines],
    }
    output.frame(pl.DataFrame(columns), format, title=f"{strategy.name} {strategy.version}: {strategy.standing}")
    _say_unknown_covers(review, strategy)
    output.say(f"{strategy.name}: {strategy.standing}")


@search.command(epilog="Example: review search run regenerative-pain --count-only")
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
    _print(review, result, format)


@search.command(epilog="Example: review search replay regenerative-pain --from recorded/")
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
    _print(review, result, format, replayed=True)


@search.command(
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


@search.command(epilog="Example: review search history --format csv")
@click.option("--lines", "run_id", metavar="RUN_ID", help="The lines of one run with their hits.")
@click.option("--receipts", is_flag=True, help="The receipts of imports instead.")
@format_option
@pass_review
def history(review: Review, run_id: str | None, receipts: bool, format: str) -> None:
    """Searches that finished, and whether the imported records are those that were counted."""
    from review.search.history import list_lines, list_receipts, list_searches

    brief = format == "table"
    frame: pl.DataFrame
    if run_id is not None:
        frame = list_lines(review.store, run_id)
    else:
        frame = list_receipts(review.store, brief=brief) if receipts else list_searches(review.store, brief=brief)
    output.frame(frame, format, title="Receipts" if receipts else "Searches")


@search.command(epilog="Example: review search export RUN_ID recorded/")
@click.argument("run_id")
@click.argument("folder", type=click.Path(path_type=Path))
@pass_review
def export(review: Review, run_id: str, folder: Path) -> None:
    """Write the stored answers of a run into a folder that `review search replay --from` reads."""
    from review.search.runs import export_run

    output.text(str(export_run(review.store, run_id, folder)))


def _say_unknown_covers(review: Review, strategy: Strategy) -> None:
    """Ids that a line covers and the project's vocabulary does not know; they may be slips of the pen."""
    from review.search.strategy import unknown_covers

    for no, name in unknown_covers(strategy, review.project.extracted / "_vocabulary"):
        output.say(f"{strategy.name}: line #{no} covers {name!r}, which is no id of the vocabulary")


def _print(review: Review, result: RunResult, format: str, *, replayed: bool = False) -> None:
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
