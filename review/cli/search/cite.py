"""`review search cite`: the papers that known papers cite, and those that cite them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import format_option
from review.cli.progress import records_here
from review.cli.search.runs import goes_on

if TYPE_CHECKING:
    from review.search.citations import Chased

_NAMED = 20


@click.command(epilog="Example: review search cite --included --forward --count-only")
@click.option("--backward", is_flag=True, help="The papers that the seeds cite. Both ways, where neither is named.")
@click.option("--forward", is_flag=True, help="The papers that cite the seeds.")
@click.option("--pmids", "given", metavar="FILE", help="The seeds: one PMID a line, or a set of queries/pubmed/known.")
@click.option("--included", is_flag=True, help="The seeds are the included reports and the reports of the studies.")
@click.option("--count-only", is_flag=True, help="Count the links; fetch nothing, close no run.")
@click.option("--allow-missing", is_flag=True, help="Go on without records that do not come, and record which.")
@click.option("--fresh", is_flag=True, help="Do not take up a run of the same seeds that was cut off.")
@click.option("--replay", "run_id", metavar="RUN_ID", help="Read the stored answers of a run anew, without a network.")
@click.option("--from", "folder", type=click.Path(path_type=Path), help="Replay a folder of review search export.")
@format_option
@pass_review
def cite(
    review: Review,
    backward: bool,
    forward: bool,
    given: str | None,
    included: bool,
    count_only: bool,
    allow_missing: bool,
    fresh: bool,
    run_id: str | None,
    folder: Path | None,
    format: str,
) -> None:
    """Follow citations at PubMed, as a search of its own. Needs NCBI_EMAIL in the environment.

    A run that was cut off is taken up by the same command: what was answered is not asked again.
    """
    from review.errors import UsageProblem
    from review.search import citations
    from review.search.citation_links import Direction, Plan
    from review.search.recall import find_known, read_known

    if sum([given is not None, included, run_id is not None, folder is not None]) != 1:
        message = "the seeds are those of --pmids FILE or --included; a replay takes its own from --replay or --from"
        raise UsageProblem(message, hint="give one of the four")
    if count_only and (fresh or allow_missing):
        message = "--count-only fetches nothing: --fresh and --allow-missing say nothing to it"
        raise UsageProblem(message)
    if run_id is not None:
        result = citations.replay(review.store, review.project, run_id, allow_missing=allow_missing)
        _print(result, format, replayed=True)
        return
    if folder is not None:
        result = citations.replay_folder(
            review.store, review.project, folder, run_by=review.named, allow_missing=allow_missing
        )
        _print(result, format, replayed=True)
        return
    if given is not None:
        seeds = read_known(find_known(review.project.queries, given)).pmids
    else:
        seeds = citations.included_seeds(review.store)
    ways = [way for way, wanted in ((Direction.BACKWARD, backward), (Direction.FORWARD, forward)) if wanted]
    with goes_on("review search cite", begun=not count_only), records_here() as progress:
        result = citations.chase(
            review.store,
            review.project,
            Plan.of(seeds, ways or Direction),
            count_only=count_only,
            allow_missing=allow_missing,
            fresh=fresh,
            run_by=review.named,
            say=output.say,
            progress=progress,
        )
    _print(result, format)


def _print(result: Chased, format: str, *, replayed: bool = False) -> None:
    """The directions as data, the rest as words."""
    import polars as pl

    columns = {
        "direction": [line.direction.value for line in result.lines],
        "linkname": [line.direction.linkname for line in result.lines],
        "seeds": [len(result.plan.seeds) for _ in result.lines],
        "seeds_with_links": [line.linked for line in result.lines],
        "hits": [line.hits for line in result.lines],
    }
    did = "count" if result.mode == "count" else f"{'replay of' if replayed else 'run'} {result.run_id}"
    output.frame(pl.DataFrame(columns), format, title=f"Citation searching: {did}")
    for what, pmids in (
        ("seeds without links", result.without_links),
        ("seeds that PubMed does not know", result.unknown),
        ("accepted as missing", result.missing if result.mode != "count" else ()),
    ):
        if pmids:
            output.say(f"{what}: PMID {', '.join(pmids[:_NAMED])}{' ...' if len(pmids) > _NAMED else ''}")
    counted = output.counted(result.hits, "different record")
    already = f"{result.known} of them had come from other sources"
    if result.mode == "count":
        output.say(f"{counted} linked, {already}; nothing fetched")
        return
    how = "; replayed from stored answers, PubMed was not asked" if replayed else ""
    output.say(f"{counted} linked, {already}; {result.retrieved} retrieved, {result.new_records} new{how}")
    if result.new_records:
        output.say("Join them with the records of other sources: review dedupe run")
