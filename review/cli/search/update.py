"""`review search update`: the strategies once more, and what PubMed says today of what the review knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import format_option
from review.cli.progress import records_here
from review.cli.search.runs import goes_on

if TYPE_CHECKING:
    from review.flows.update import Update


@click.command(epilog="Example: review search update --format csv > changes.csv")
@click.argument("names", nargs=-1)
@click.option("--no-watch", is_flag=True, help="Only the strategies; do not read again what they did not bring.")
@click.option("--watch-only", is_flag=True, help="Only what the review knows by PMID; run no strategy.")
@click.option("--allow-dropped-terms", is_flag=True, help="Go on when PubMed ignores a term, and record which.")
@click.option("--allow-missing", is_flag=True, help="Finish without records that never came, and record which.")
@click.option(
    "--replay", "run_id", metavar="RUN_ID", help="Read the stored answers of a watch anew; PubMed is not asked."
)
@format_option
@pass_review
def update(
    review: Review,
    names: tuple[str, ...],
    run_id: str | None,
    no_watch: bool,
    watch_only: bool,
    allow_dropped_terms: bool,
    allow_missing: bool,
    format: str,
) -> None:
    """Run strategies again and list what changed: new and revised records, retractions and other notices.

    Without NAMES every strategy that has run. PMIDs that no strategy brings (of other databases, of study reports and
    sources) are read again by number. Nothing new changes nothing. Needs NCBI_EMAIL in the environment.
    """
    from review.errors import UsageProblem
    from review.flows.update import update as bring_up_to_date

    if watch_only and (no_watch or names):
        message = "--watch-only runs no strategy, so it goes with no name and not with --no-watch"
        raise UsageProblem(message)
    if run_id is not None:
        _replay(review, run_id, alone=not (names or no_watch or watch_only))
        return
    with goes_on("review search update"):
        done = bring_up_to_date(
            review.store,
            review.project,
            names,
            strategies=not watch_only,
            watching=not no_watch,
            allow_dropped_terms=allow_dropped_terms,
            allow_missing=allow_missing,
            run_by=review.named,
            say=output.say,
            progress=records_here,
        )
    if not done.asked:
        output.say("Nothing to update: no strategy has run, and no record or report carries a PMID")
    output.frame(done.changes, format, title="What changed")
    _say(done)
    done.raise_problems()


def _replay(review: Review, run_id: str, *, alone: bool) -> None:
    """What a watch once answered, read again."""
    from review.errors import UsageProblem
    from review.search.watch import replay

    if not alone:
        message = "--replay reads one watch again, so it goes with no name and with no other part of an update"
        raise UsageProblem(message)
    done = replay(review.store, run_id, run_by=review.named)
    output.say(
        f"watch: {output.counted(len(done.pmids), 'PMID')} read again from stored answers, {done.new_rows} of the "
        f"records new; PubMed was not asked; run {run_id}"
    )


def _say(done: Update) -> None:
    """The counts, and what is to be done next."""
    for one in done.strategies:
        output.say(
            f"{one.strategy}: {output.counted(len(one.before), 'record')} before, {len(one.now)} now: {len(one.new)} "
            f"new, {len(one.revised)} revised, {len(one.gone)} found no longer; run {one.run_id}"
        )
    if done.watched is not None:
        read, missing = len(done.watched.pmids), len(done.watched.not_sent)
        output.say(
            f"watch: {output.counted(read, 'PMID')} read again, {missing} of them not sent by PubMed; "
            f"run {done.watched.run_id}"
        )
    without, of = done.unwatched or (0, 0)
    if without:
        have, they, dois = (
            ("has", "it is", "its DOI counts") if without == 1 else ("have", "they are", "their DOIs count")
        )
        output.say(
            f"{without} of {of} {'study' if of == 1 else 'studies'} {have} no PMID on any report: {they} not watched "
            f"({dois} when a record with that DOI is read)"
        )
    kinds = done.changes.filter(done.changes["change"] == "notice")["kind"].to_list()
    for kind in dict.fromkeys(kinds):
        output.say(f"new notices: {kinds.count(kind)} {kind.replace('_', ' ')}")
    if done.new_merges:
        output.say(f"{output.counted(done.new_merges, 'new merge')} of duplicates: review dedupe log lists them")
