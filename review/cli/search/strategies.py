"""`review search list | show`: the strategies of queries/pubmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import format_option

if TYPE_CHECKING:
    from review.search.strategy import Strategy


@click.command("list", epilog="Example: review search list")
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
            rows.append((s.name, s.version, s.source, len(s.lines), _standing(review, s)))
            _say_unknown_covers(review, s)
    columns = {
        "strategy": pl.String,
        "version": pl.String,
        "source": pl.String,
        "lines": pl.Int64,
        "standing": pl.String,
    }
    output.frame(pl.DataFrame(rows, schema=columns, orient="row"), format, title="Strategies")


@click.command(epilog="Example: review search show regenerative-pain --full")
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
    standing = _standing(review, strategy)
    output.frame(pl.DataFrame(columns), format, title=f"{strategy.name} {strategy.version}: {standing}")
    _say_unknown_covers(review, strategy)
    output.say(f"{strategy.name}: {standing}")


def _standing(review: Review, strategy: Strategy) -> str:
    """What may be claimed of a strategy; a review that has no database yet has measured nothing."""
    from review.search.standing import standing

    return standing(review.store, strategy) if review.project.database_path.exists() else strategy.standing


def _say_unknown_covers(review: Review, strategy: Strategy) -> None:
    """Ids that a line covers and the project's vocabulary does not know; they may be slips of the pen."""
    from review.search.strategy import unknown_covers

    for no, name in unknown_covers(strategy, review.project.extracted / "_vocabulary"):
        output.say(f"{strategy.name}: line #{no} covers {name!r}, which is no id of the vocabulary")
