"""`review screen`, the full-text stage: order and attach reports, ask authors, mark what cannot be classified yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import EVENT_ID, format_option

_Command = TypeVar("_Command", bound=Callable[..., Any])
_TRACKS = ("retrieval", "correspondence", "classification")


def _event_id(command: _Command) -> _Command:
    return click.option("--id", "event_id", type=EVENT_ID, help="An id of your own; the same id twice is one event.")(
        command
    )


def _note(command: _Command) -> _Command:
    return click.option("--note", help="A free note; everybody in the team reads it.")(command)


@click.command()
@format_option
@pass_review
def reports(review: Review, format: str) -> None:
    """Reports to be sought: retrieved or not, what full-text screening said, and their study.

    Example: review screen reports --format csv
    """
    from review.screening.retrieval import reports as read

    rows = read(review.store, review.project, reviewer=review.named)
    if format == "table":
        rows = rows.select(
            "record_id", "pmid", "doi", "title", "retrieval", "not_retrieved_reason", "full_text_state",
            "exclusion_reason", "study_id", "retracted",
        )  # fmt: skip
    output.frame(rows, format, title="Reports")


@click.command()
@click.option("--all", "everything", is_flag=True, help="Also the reports that wait for nothing.")
@format_option
@pass_review
def retrieval(review: Review, everything: bool, format: str) -> None:
    """What to order, from where, who did, when authors were asked, and what each report still waits for.

    Example: review screen retrieval --format csv > to-order.csv
    """
    from review.screening.retrieval import retrieval_list

    rows = retrieval_list(review.store, review.project, reviewer=review.named, waiting=not everything)
    if format == "table":
        rows = rows.select(
            "record_id", "waits_for", "title", "journal", "year", "pmid", "doi", "ordered_from", "ordered_on",
            "ordered_by", "authors_asked_on", "language",
        )  # fmt: skip
    output.frame(rows, format, title="Retrieval")


@click.command()
@click.argument("record")
@click.option("--source", required=True, help="From where: a library, a shop, a person.")
@_note
@_event_id
@pass_review
def order(review: Review, record: str, source: str, note: str | None, event_id: str | None) -> None:
    """Note that a report is ordered, and from where.

    Example: review --as anna screen order 31793330 --source "interlibrary loan"
    """
    from review.screening import retrieval

    who = review.reviewer.id
    done = retrieval.order(
        review.store, review.project, record=record, who=who, source=source, note=note, event_id=event_id
    )
    output.say(f"{done.record_id}: ordered from {done.from_where}")


@click.command()
@click.argument("record")
@click.option("--file", type=click.Path(path_type=Path), help="The report; its name and sha256 are kept.")
@_event_id
@pass_review
def retrieved(review: Review, record: str, file: Path | None, event_id: str | None) -> None:
    """Note that a report has been retrieved. To keep the PDF itself in the project: review screen attach.

    Example: review --as anna screen retrieved 31793330 --file papers/smith2019.pdf
    """
    from review.screening import retrieval

    who = review.reviewer.id
    done = retrieval.retrieved(review.store, review.project, record=record, who=who, file=file, event_id=event_id)
    output.say(f"{done.record_id}: retrieved")


@click.command()
@click.argument("record")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_event_id
@pass_review
def attach(review: Review, record: str, file: Path, event_id: str | None) -> None:
    """Keep a report's PDF in the project (full_texts/), and note that the report has been retrieved.

    Example: review --as anna screen attach 31793330 papers/smith2019.pdf
    """
    from review.screening import retrieval

    who = review.reviewer.id
    done = retrieval.attach_file(review.store, review.project, record=record, who=who, file=file, event_id=event_id)
    output.say(f"{done.record_id}: retrieved, kept as full_texts/{done.file_sha256}.pdf")


@click.command("not-retrieved")
@click.argument("record")
@click.option("--reason", required=True, help="Why, in words.")
@_event_id
@pass_review
def not_retrieved(review: Review, record: str, reason: str, event_id: str | None) -> None:
    """Note that a report could not be retrieved, and why.

    Example: review --as anna screen not-retrieved 31793330 --reason "no answer from the authors"
    """
    from review.screening import retrieval

    who = review.reviewer.id
    done = retrieval.not_retrieved(
        review.store, review.project, record=record, who=who, reason=reason, event_id=event_id
    )
    output.say(f"{done.record_id}: not retrieved")


@click.command("ask-authors")
@click.argument("record")
@click.option("--on", "asked_on", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The day: 2026-03-31.")
@_note
@_event_id
@pass_review
def ask_authors(review: Review, record: str, asked_on: datetime, note: str | None, event_id: str | None) -> None:
    """Note the day on which the authors of a report were asked.

    Example: review --as anna screen ask-authors 31793330 --on 2026-03-31
    """
    from review.screening import retrieval

    who, day = review.reviewer.id, asked_on.date()
    done = retrieval.ask_authors(
        review.store, review.project, record=record, who=who, asked_on=day, note=note, event_id=event_id
    )
    output.say(f"{done.record_id}: authors asked on {day.isoformat()}")


@click.command()
@click.argument("record")
@click.option("--language", required=True, help="The language of the report, in words.")
@_note
@_event_id
@pass_review
def translation(review: Review, record: str, language: str, note: str | None, event_id: str | None) -> None:
    """Note that a translation of a report is wanted, and from which language.

    Example: review --as anna screen translation 31793330 --language Chinese
    """
    from review.screening import retrieval

    who = review.reviewer.id
    done = retrieval.want_translation(
        review.store, review.project, record=record, who=who, language=language, note=note, event_id=event_id
    )
    output.say(f"{done.record_id}: a translation from {done.language} is wanted")


@click.command()
@click.argument("record")
@_note
@_event_id
@pass_review
def translated(review: Review, record: str, note: str | None, event_id: str | None) -> None:
    """Note that the translation that was wanted is there.

    Example: review --as anna screen translated 31793330
    """
    from review.screening import retrieval

    who = review.reviewer.id
    done = retrieval.translated(review.store, review.project, record=record, who=who, note=note, event_id=event_id)
    output.say(f"{done.record_id}: translated")


@click.command()
@click.argument("record")
@click.option("--reason", required=True, help="Why nobody can say yet, in words.")
@_event_id
@pass_review
def awaiting(review: Review, record: str, reason: str, event_id: str | None) -> None:
    """Mark a report as awaiting classification: nobody can say yet whether it is eligible.

    Until `review screen classified` it is neither included nor excluded, and nobody owes a decision on it.

    Example: review --as anna screen awaiting 31793330 --reason "only a conference abstract"
    """
    from review.screening import retrieval

    who = review.reviewer.id
    done = retrieval.await_classification(
        review.store, review.project, record=record, who=who, reason=reason, event_id=event_id
    )
    output.say(f"{done.record_id}: awaiting classification")


@click.command()
@click.argument("record")
@click.option("--reason", required=True, help="What tells that the study has not ended, in words.")
@_event_id
@pass_review
def ongoing(review: Review, record: str, reason: str, event_id: str | None) -> None:
    """Mark a report as that of an ongoing study.

    Until `review screen classified` it is neither included nor excluded, and nobody owes a decision on it.

    Example: review --as anna screen ongoing 31793330 --reason "registry entry, recruiting until 2027"
    """
    from review.screening import retrieval

    who = review.reviewer.id
    done = retrieval.mark_ongoing(
        review.store, review.project, record=record, who=who, reason=reason, event_id=event_id
    )
    output.say(f"{done.record_id}: ongoing")


@click.command()
@click.argument("record")
@_note
@_event_id
@pass_review
def classified(review: Review, record: str, note: str | None, event_id: str | None) -> None:
    """End `awaiting` or `ongoing`: what was decided on the full text counts again.

    Example: review --as anna screen classified 31793330
    """
    from review.screening import retrieval

    who = review.reviewer.id
    done = retrieval.classified(review.store, review.project, record=record, who=who, note=note, event_id=event_id)
    output.say(f"{done.record_id}: no longer marked")


@click.command("take-back")
@click.argument("record")
@click.option("--track", type=click.Choice(_TRACKS), help="Of what; the newest of all, if not given.")
@_event_id
@pass_review
def take_back(review: Review, record: str, track: str | None, event_id: str | None) -> None:
    """Take back the newest thing that was noted of a report; what it had replaced holds again.

    Example: review --as anna screen take-back 31793330 --track retrieval
    """
    from review.screening import retrieval

    who = review.reviewer.id
    done = retrieval.withdraw(review.store, review.project, record=record, who=who, track=track, event_id=event_id)
    output.say(f"{done.record_id}: the newest note in {done.track} is taken back")


COMMANDS = (
    reports, retrieval, order, retrieved, attach, not_retrieved, ask_authors, translation, translated, awaiting,
    ongoing, classified, take_back,
)  # fmt: skip
