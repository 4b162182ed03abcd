"""`review dedupe`: find duplicates, look at pairs, merge, split, lock and undo."""

from __future__ import annotations

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import format_option


@click.group()
def dedupe() -> None:
    """Find duplicates; merge, split, undo. Nothing is deleted: every deed is an event that can be undone.

    Example: review dedupe run
    """


@dedupe.command()
@pass_review
def run(review: Review) -> None:
    """Merge records with the same PMID, or the same DOI and a like title. What people decided stays.

    The same DOI with the same year and first author will do too: a title may be translated.
    A second run adds nothing. One DOI under different titles, and one title, year and first author without a
    shared identifier, wait for a person: review dedupe pairs.

    Example: review dedupe run
    """
    from review.dedupe.engine import deduplicate

    done = deduplicate(review.store, review.project)
    output.say(
        f"{output.counted(done.source_records, 'source record')}, {output.counted(done.records, 'record')}; "
        f"{output.counted(done.new_merges, 'new merge')}, "
        f"{output.counted(done.queue, 'pair')} {'waits' if done.queue == 1 else 'wait'} for a person"
    )
    if done.queue:
        output.say("Look at them: review dedupe pairs")


@dedupe.command()
@click.option("--people", is_flag=True, help="Only what people did.")
@format_option
@pass_review
def log(review: Review, people: bool, format: str) -> None:
    """Every merge, split, lock and undo, in order.

    Example: review dedupe log --people --format csv
    """
    from review.dedupe.log import read_log

    output.frame(read_log(review.store, people_only=people), format, title="Log of duplicates")


@dedupe.command()
@format_option
@pass_review
def pairs(review: Review, format: str) -> None:
    """Pairs that look like duplicates and have something against it; answer each with merge or split.

    Example: review dedupe pairs
    """
    from review.dedupe.waiting import waiting_pairs

    output.frame(waiting_pairs(review.store), format, title="Pairs that wait for a person")


@dedupe.command()
@click.argument("a")
@click.argument("b")
@click.option("--note", help="Why.")
@pass_review
def merge(review: Review, a: str, b: str, note: str | None) -> None:
    """Say that records A and B are one.

    Example: review --as anna dedupe merge 3f2a91c0 88b1d2e4
    """
    from review.dedupe import deeds

    done = deeds.merge(review.store, review.project, a, b, who=review.reviewer.id, note=note)
    output.say(f"One record now: {done.record_a}. Event {done.event_id}")


@dedupe.command()
@click.argument("a")
@click.argument("b")
@click.option("--note", help="Why.")
@click.option("--lock", "locked", is_flag=True, help="Refuse any later merge until it is unlocked.")
@pass_review
def split(review: Review, a: str, b: str, note: str | None, locked: bool) -> None:
    """Say that source records A and B are not one; no later run merges them again.

    Example: review --as anna dedupe split 3f2a91c0 88b1d2e4 --note "erratum"
    """
    from review.dedupe import deeds

    deed = deeds.lock if locked else deeds.split
    done = deed(review.store, review.project, a, b, who=review.reviewer.id, note=note)
    output.say(f"Kept apart: {done.record_a} and {done.record_b}. Event {done.event_id}")


@dedupe.command()
@click.argument("a")
@click.argument("b")
@click.option("--note", help="Why.")
@pass_review
def unlock(review: Review, a: str, b: str, note: str | None) -> None:
    """Take a lock off a pair.

    Example: review --as anna dedupe unlock 3f2a91c0 88b1d2e4
    """
    from review.dedupe import deeds

    done = deeds.unlock(review.store, review.project, a, b, who=review.reviewer.id, note=note)
    output.say(f"Unlocked. Event {done.event_id}")


@dedupe.command()
@click.argument("event")
@click.option("--note", help="Why.")
@pass_review
def undo(review: Review, event: str, note: str | None) -> None:
    """Take one event of the log back; an undo can be undone too.

    Example: review --as anna dedupe undo 5c0e7a12
    """
    from review.dedupe import deeds

    done = deeds.undo(review.store, review.project, event, who=review.reviewer.id, note=note)
    output.say(f"Undone. Event {done.event_id}")
    if done.remark:
        output.say(done.remark)


@dedupe.command()
@click.argument("a")
@click.argument("b")
@pass_review
def explain(review: Review, a: str, b: str) -> None:
    """Why A and B are, or are not, one record: rule, identifiers, what speaks against it, events.

    Example: review dedupe explain 3f2a91c0 88b1d2e4
    """
    from review.dedupe import explaining

    found = explaining.explain(review.store, review.project, a, b)
    output.text("one record" if found.together else "two records")
    for name, row in (("A", found.a), ("B", found.b)):
        output.text(f"{name}  {row['source_record_id']}  record {row['record_id']}")
        output.text(f"   {row['source']}, PMID {row['pmid'] or '-'}, DOI {row['doi'] or '-'}, {row['year'] or '-'}")
        output.text(f"   {row['title'] or '(no title)'}")
    output.text(f"rule: {found.rule or 'none brings them together'}")
    for words in (*found.vetoes, *found.held):
        output.text(f"against: {words}")
    for event in found.events:
        undone = f" of {event.undo_of}" if event.undo_of else ""
        output.text(f"event: {event.event_id} {event.kind.value}{undone} by {event.who}  {event.note or ''}".rstrip())
