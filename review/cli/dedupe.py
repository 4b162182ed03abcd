"""`review dedupe`: find duplicates, answer pairs, merge, split, link, undo; write every record once."""

from __future__ import annotations

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.dedupe_export import export
from review.cli.dedupe_link import link, links, unlink
from review.cli.dedupe_queue import queue
from review.cli.options import format_option


@click.group()
def dedupe() -> None:
    """Find duplicates; merge, split, link, undo. Nothing is deleted: every deed is an event that can be undone.

    Example: review dedupe run
    """


@dedupe.command()
@pass_review
def run(review: Review) -> None:
    """Merge what is one record by a named rule; ask about what may be one. What people decided stays.

    Merged: the same PMID; the same DOI, unless the titles are of two works; and a like title with like authors at one
    place (journal, volume, pages, year), where at most a part of the place is missing.

    Waits for a person (review dedupe pairs): what a rule would merge and something speaks against, as two PMIDs, two
    DOIs, a preprint, a meeting abstract or one DOI under different titles; and one title with its authors at places
    that differ or are not known.

    Neither: errata, retraction notices, replies, protocols, parts of a series, other populations.

    A second run adds nothing. When new records show that a merge was wrong (a title that many works have, two PMIDs
    under its DOI), the run takes its own merge back; what people said it never touches.

    Example: review dedupe run
    """
    from review.dedupe.engine import deduplicate

    done = deduplicate(review.store, review.project)
    withdrawn = f"{done.withdrawn} withdrawn, " if done.withdrawn else ""
    gone = done.source_records - done.records
    duplicates = f": {output.counted(gone, 'duplicate')}" if gone else ""
    output.say(
        f"{output.counted(done.source_records, 'source record')}, {output.counted(done.records, 'record')}{duplicates}"
        f"; {output.counted(done.new_merges, 'new merge')}, {withdrawn}"
        f"{output.counted(done.queue, 'pair')} {'waits' if done.queue == 1 else 'wait'} for a person"
    )
    if done.queue:
        output.say("Answer them: review --as ID dedupe queue; list them: review dedupe pairs")


@dedupe.command()
@click.option("--people", is_flag=True, help="Only what people did.")
@format_option
@pass_review
def log(review: Review, people: bool, format: str) -> None:
    """Every merge, split, lock and undo, in order; csv, json and parquet have the scores too.

    Example: review dedupe log --people --format csv
    """
    from review.dedupe.log import read_log

    rows = read_log(review.store, people_only=people)
    output.frame(rows.drop("scores") if format == "table" else rows, format, title="Log of duplicates")


@dedupe.command()
@format_option
@pass_review
def pairs(review: Review, format: str) -> None:
    """Pairs that look like duplicates and have something against it; answer each with merge or split.

    Likely ones come first. A pair that somebody answered or linked does not come back. `suggested` is the kind of link
    that the texts speak for; csv, json and parquet have the scores too.

    Example: review dedupe pairs
    """
    from review.dedupe.waiting import waiting_pairs

    rows = waiting_pairs(review.store)
    if format == "table":
        rows = rows.drop("suggested_from", "scores")
    output.frame(rows, format, title="Pairs that wait for a person")


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
    """Why A and B are, or are not, one record: rule, scores, fields, what speaks against it, events.

    Any two records can be asked about, whether the program ever compared them or not.

    Example: review dedupe explain 3f2a91c0 88b1d2e4
    """
    from review.dedupe import explaining
    from review.dedupe.links import between

    found = explaining.explain(review.store, review.project, a, b)
    output.text("one record" if found.together else "two records")
    for name, row in (("A", found.a), ("B", found.b)):
        output.text(f"{name}  {row['source_record_id']}  record {row['record_id']}")
        output.text(f"   {row['source']}, PMID {row['pmid'] or '-'}, DOI {row['doi'] or '-'}, {row['year'] or '-'}")
        output.text(f"   {row['title'] or '(no title)'}")
    for line in explaining.lines(found):
        output.text(line)
    for row in between(review.store, a, b):
        ends = f"{row['from_record_id']} {row['kind']} {row['to_record_id']}"
        output.text(f"link: {row['link_id']} {ends} by {row['who']}")


for command in (queue, link, unlink, links, export):
    dedupe.add_command(command)
