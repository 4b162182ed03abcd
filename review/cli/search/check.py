"""`review search check`: which records that are known to belong a strategy finds at PubMed."""

from __future__ import annotations

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import format_option


@click.command(
    epilog="Example: review search check regenerative-pain --known queries/pubmed/known/regenerative-pain.txt"
)
@click.argument("name")
@click.option("--known", required=True, help="A file with one PMID in a line, or the name of one in pubmed/known.")
@click.option("--known-name", metavar="NAME", help="The name of the known set; by default that of the file.")
@click.option("--allow-dropped-terms", is_flag=True, help="Go on when PubMed ignores a term, and say which.")
@format_option
@pass_review
def check(
    review: Review, name: str, known: str, known_name: str | None, allow_dropped_terms: bool, format: str
) -> None:
    """Ask PubMed which known records each line finds and misses. Needs NCBI_EMAIL in the environment."""
    import polars as pl

    from review.search import recall
    from review.search.strategy import find_strategy

    strategy = find_strategy(review.project.queries, name)
    known_set = recall.read_known(recall.find_known(review.project.queries, known), name=known_name)
    if known_set.repeated:
        output.say(f"{known}: more than once, counted once: {', '.join(known_set.repeated)}")
    result = recall.check(
        review.store,
        review.project,
        strategy,
        known_set,
        allow_dropped_terms=allow_dropped_terms,
        run_by=review.named,
        say=output.say,
    )
    columns = {
        "no": [one.line.no for one in result.lines],
        "block": [one.line.block for one in result.lines],
        "label": [one.line.label for one in result.lines],
        "found": [len(one.found) for one in result.lines],
        "missed": [len(one.missed) for one in result.lines],
        "missed_pmids": pl.Series([list(one.missed) for one in result.lines], dtype=pl.List(pl.String)),
    }
    title = f"{strategy.name}: known set {known_set.name}, check {result.check_id}"
    output.frame(pl.DataFrame(columns), format, title=title)
    for line, signal, words in result.dropped:
        output.say(f"accepted: line #{line}: {signal}: {words}")
    if result.not_in_source:
        output.say(f"not in PubMed: {', '.join(result.not_in_source)}")
    for loss in result.losses:
        output.say(f"PMID {loss.pmid} is missed: {loss.words}")
    output.say(
        f"recall of the last line: {len(result.found)} of {len(result.in_source)} "
        f"(known set {known_set.name}; {output.counted(len(known_set.pmids), 'PMID')})"
    )
