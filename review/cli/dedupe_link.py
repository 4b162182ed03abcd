"""`review dedupe link`, `unlink`, `links`: records that belong together and are not one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import EVENT_ID, format_option
from review.terms import LinkKind

if TYPE_CHECKING:
    import polars as pl

_KINDS = ", ".join(LinkKind)


@click.command()
@click.argument("a")
@click.argument("b")
@click.option("--as", "kind", metavar="KIND", required=True, help=f"What A is of B: {_KINDS}.")
@click.option("--note", help="Why.")
@click.option("--id", "link_id", type=EVENT_ID, help="An id of your own; the same id twice is one link.")
@pass_review
def link(review: Review, a: str, b: str, kind: str, note: str | None, link_id: str | None) -> None:
    """Say that A is the erratum, reply, preprint ... of B, and so another record; no later run merges the two.

    Example: review --as anna dedupe link 31793331 31793330 --as erratum_of
    """
    from review.dedupe import links

    done = links.link(review.store, review.project, a, b, kind=kind, who=review.reviewer.id, note=note, link_id=link_id)
    words = f"{done.from_record} {done.kind.value} {done.to_record}"
    if done.new:
        output.say(f"{words}. Link {done.link_id}{f'; {done.remark}' if done.remark else ''}")
    else:
        output.say(f"{words}: {done.remark or 'stands already'}. Link {done.link_id}")


@click.command()
@click.argument("a", metavar="LINK|A")
@click.argument("b", metavar="[B]", required=False)
@click.option("--as", "kind", metavar="KIND", help="Of several links between A and B only this kind.")
@click.option("--note", help="Why.")
@pass_review
def unlink(review: Review, a: str, b: str | None, kind: str | None, note: str | None) -> None:
    """Take a link back: by its id, or every link between records A and B. What kept the two apart goes with it.

    Example: review --as anna dedupe unlink 31793331 31793330
    """
    from review.dedupe import links
    from review.errors import UsageProblem

    who = review.reviewer.id
    if b is not None:
        done = links.withdraw_between(review.store, review.project, a, b, kind=kind, who=who, note=note)
    elif kind is not None:
        message = "--as goes with two records"
        raise UsageProblem(message, hint="review dedupe unlink A B --as KIND, or unlink LINK alone")
    else:
        done = links.withdraw(review.store, review.project, a, who=who, note=note)
    output.say(f"Taken back: {', '.join(done.link_ids)}")
    if done.apart:
        output.say("The two stay apart: somebody split or locked them.")


@click.command()
@click.option("--record", metavar="R", help="Only those of this record: an id, PMID or DOI.")
@click.option(
    "--proposed", is_flag=True, help="Pairs that look like an erratum, preprint ... of one another, unlinked."
)
@click.option("--history", is_flag=True, help="Every link and withdrawal that people made, in order.")
@format_option
@pass_review
def links(review: Review, record: str | None, proposed: bool, history: bool, format: str) -> None:
    """The links that stand: those that people made, and those that PubMed tells between records of this review.

    Example: review dedupe links --record 31793330 --format csv
    """
    from review.dedupe import links as room
    from review.dedupe.waiting import linkable
    from review.errors import UsageProblem

    if sum((record is not None, proposed, history)) > 1:
        message = "--record, --proposed and --history go one at a time"
        raise UsageProblem(message, hint="leave out all but one")
    if history:
        output.frame(room.link_log(review.store), format, title="Log of links")
        return
    if proposed:
        every = linkable(review.store)
        rows = room.likeliest(every)
        output.frame(_proposals(rows) if format == "table" else rows, format, title="Proposed links")
        if rows.height and format == "table":
            output.say("If one is right: review --as ID dedupe link RECORD OF --as KIND")
        if rows["kind"].null_count():
            output.say(
                "Without a kind: none fits (an addendum, an expression of concern ...); companion_of is the nearest."
            )
        if left := every.height - rows.height:
            output.say(f"{output.counted(left, 'pair')} less likely left out: the record has a better one")
        return
    rows = room.all_links(review.store, record)
    output.frame(_short(rows) if format == "table" else rows, format, title="Links between records")


def _short(rows: pl.DataFrame) -> pl.DataFrame:
    """The columns that a terminal has room for; ids are cut where that is enough to name them."""
    import polars as pl

    told = pl.col("link_id").str.starts_with("pubmed-")
    link = pl.when(told).then("link_id").otherwise(pl.col("link_id").str.slice(0, 8)).alias("link")
    one, other = _named("from_record_id", "from_title"), _named("to_record_id", "to_title")
    return rows.select(link, one.alias("record"), "kind", other.alias("of"), "who", "note")


def _proposals(rows: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    one, other = _named("record_a", "title_a"), _named("record_b", "title_b")
    kind = pl.col("kind").fill_null("companion_of?")
    return rows.select(one.alias("record"), kind, other.alias("of"), "reasons")


def _named(record: str, title: str) -> pl.Expr:
    """The beginnings of an id and of its title."""
    import polars as pl

    words = pl.col(title).fill_null("(no title)").str.replace_all(r"\s+", " ")
    cut = pl.when(words.str.len_chars() > 60).then(words.str.slice(0, 59) + "…").otherwise(words)
    return pl.col(record).str.slice(0, 11) + "  " + cut
