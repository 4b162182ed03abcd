"""`review screen calibrate|label|labels|pace`: rounds before the screening, words on records, and how it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import EVENT_ID, format_option

if TYPE_CHECKING:
    from review.screening.calibration import Round


@click.group()
def calibrate() -> None:
    """Rounds in which everybody decides on the same few records; nothing is shown before all have decided on all.

    Example: review --as anna screen calibrate open --records 20
    """


@calibrate.command("open")
@click.option(
    "--records", type=click.IntRange(min=1), help="How many; by default screening.calibration of review.toml."
)
@click.option(
    "--stage",
    type=click.Choice(["title_abstract", "full_text"]),
    default="title_abstract",
    show_default=True,
    help="Which stage.",
)
@click.option("--id", "round_id", type=EVENT_ID, help="An id of your own; the same id twice is one round.")
@pass_review
def open_(review: Review, records: int | None, stage: str, round_id: str | None) -> None:
    """Draw records that nobody has decided on; they come first in the queue of everybody who screens. For owners.

    Example: review --as anna screen calibrate open --records 20
    """
    from review.screening import calibration

    done = calibration.open_round(
        review.store, review.project, by=review.reviewer.id, records=records, stage=stage, round_id=round_id
    )
    drawn = output.counted(len(done.records), "record")
    output.say(f"{drawn} for {', '.join(done.reviewers)} under criteria {done.criteria_version}. Round {done.round_id}")


@calibrate.command()
@format_option
@pass_review
def show(review: Review, format: str) -> None:
    """The rounds and, once everybody has decided on everything, how far they agree and where they differ.

    Example: review --as ben screen calibrate show
    """
    from review.screening.calibration import calibration_table, rounds

    if format != "table":
        output.frame(calibration_table(review.store, review.project, reviewer=review.named), format)
        return
    found = rounds(review.store, review.project, reviewer=review.named)
    if not found:
        output.say("No calibration round was opened: review screen calibrate open")
    for place, one in enumerate(found, start=1):
        _print_round(place, one)


@calibrate.command()
@click.option("--note", help="What came of it.")
@click.option("--round", "round_id", metavar="ID", help="Which; by default the one that is open.")
@click.option("--unfinished", is_flag=True, help="Give it up before all have decided; its agreement is never shown.")
@click.option("--id", "event_id", type=EVENT_ID, help="An id of your own; the same id twice is one event.")
@pass_review
def close(review: Review, note: str | None, round_id: str | None, unfinished: bool, event_id: str | None) -> None:
    """Close the round. Its records keep the state that the decisions gave them. For owners.

    Where the round led to other criteria, change them in review.toml first, with a new version.

    Example: review --as anna screen calibrate close --note "children are out: criterion 1 says so now"
    """
    from review.screening import calibration

    done = calibration.close_round(
        review.store,
        review.project,
        by=review.reviewer.id,
        round_id=round_id,
        note=note,
        unfinished=unfinished,
        event_id=event_id,
    )
    changed = (
        f"criteria {done.criteria_version} became {done.closing_criteria_version}"
        if done.amended
        else f"criteria {done.criteria_version} stay"
    )
    output.say(f"Round {done.round_id} is closed; {changed}.")


@click.command()
@click.argument("record")
@click.argument("word")
@click.option("--remove", is_flag=True, help="Take your label off again.")
@click.option("--id", "label_id", type=EVENT_ID, help="An id of your own; the same id twice is one event.")
@pass_review
def label(review: Review, record: str, word: str, remove: bool, label_id: str | None) -> None:
    """Put a label of yours on a record: a word or a few, up to 60 characters.

    While the review is blind, others see it only where your decision is open to them.

    Example: review --as anna screen label 31793330 "check dose"
    """
    from review.screening import labels

    deed = labels.remove_label if remove else labels.put_label
    done = deed(review.store, review.project, record=record, reviewer=review.reviewer.id, label=word, label_id=label_id)
    what = "taken off" if done.withdrawn else "label"
    output.say(f"{done.record_id}: {'' if done.new else 'already done; '}{what} {done.label}")


@click.command("labels")
@pass_review
def labels_(review: Review) -> None:
    """Your labels, one a line.

    Example: review --as anna screen labels
    """
    from review.screening.labels import own_labels

    for one in own_labels(review.store, review.project, reviewer=review.reviewer.id):
        output.text(one)


@click.command()
@format_option
@pass_review
def pace(review: Review, format: str) -> None:
    """Decisions a day, and the usual seconds from one to the next; a reviewer of a blind review sees their own.

    Example: review --as anna screen pace
    """
    from review.screening.pace import pace as read

    output.frame(read(review.store, review.project, reviewer=review.named), format, title="Pace")


def _print_round(place: int, one: Round) -> None:
    """A round on the screen."""
    state = "open" if one.is_open else f"closed by {one.closed_by}"
    size = output.counted(len(one.records), "record")
    output.text(f"round {place}  {one.stage.value}  {size}  criteria {one.criteria_version}  {state}  {one.round_id}")
    output.text(f"  by {', '.join(one.reviewers)}; opened by {one.opened_by} on {one.opened_at:%Y-%m-%d}")
    if one.note:
        output.text(f"  {one.note}")
    if one.pairs is None:
        mine = "" if one.own is None else f" You have decided on {one.own} of {len(one.records)}."
        output.text(f"  not finished: nothing is shown before everybody has decided on every record.{mine}")
        return
    for pair in one.pairs:
        output.text(f"  {pair.reviewer_1} and {pair.reviewer_2}: n {pair.cells.n}, {_figures(pair.figures)}")
    for difference in one.differences or ():
        output.text(f"  {difference.record_id[:12]}  {difference.title or '(no title)'}")
        for side in difference.sides:
            words = [side["verdict"], side["reason"] or "", side["note"] or ""]
            output.text(f"    {side['reviewer']}: {'  '.join(word for word in words if word)}")


def _figures(figures: dict[str, float | str | None]) -> str:
    """`raw 0.75, kappa 0.50 (0.10 to 0.90), PABAK ..., AC1 ...`"""
    raw = figures["observed"]
    told = [f"raw {raw:.2f}" if isinstance(raw, float) else "raw undefined"]
    for name, printed in (("kappa", "kappa"), ("pabak", "PABAK"), ("ac1", "AC1")):
        value, lo, hi = (figures[f"{name}{end}"] for end in ("", "_lo", "_hi"))
        if not isinstance(value, float):
            told.append(f"{printed} undefined")
        elif isinstance(lo, float) and isinstance(hi, float):
            told.append(f"{printed} {value:.2f} (95 % CI {lo:.2f} to {hi:.2f})")
        else:
            told.append(f"{printed} {value:.2f}")
    return ", ".join(told)


COMMANDS = (calibrate, label, labels_, pace)
