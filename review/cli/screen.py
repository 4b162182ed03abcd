"""`review screen`: decide on records, resolve conflicts, retrieve reports, import past decisions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import EVENT_ID, format_option
from review.cli.screen_calibrate import COMMANDS as CALIBRATE_COMMANDS
from review.cli.screen_reports import COMMANDS as REPORT_COMMANDS

if TYPE_CHECKING:
    from review.screening.queue import Card

_Command = TypeVar("_Command", bound=Callable[..., Any])
_STAGES = ("title_abstract", "full_text")


def _stage_option(command: _Command) -> _Command:
    return click.option(
        "--stage",
        type=click.Choice(_STAGES),
        default="title_abstract",
        show_default=True,
        help="Which stage.",
    )(command)


@click.group(invoke_without_command=True)
@click.pass_context
def screen(ctx: click.Context) -> None:
    """Decide on records, resolve conflicts, retrieve reports. Say who you are: review --as ID screen ...

    Without a command: record after record with single keys, at title and abstract.

    Example: review --as anna screen
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(start, stage="title_abstract")


@screen.command("next")
@_stage_option
@pass_review
def next_(review: Review, stage: str) -> None:
    """Show the next record that waits for you.

    Example: review --as anna screen next --stage full_text
    """
    from review.screening.queue import next_record

    card = next_record(review.store, review.project, reviewer=review.reviewer.id, stage=stage)
    if card is None:
        output.say(f"Nothing waits for {review.reviewer.id} at {stage}.")
    else:
        _print_card(card)


@screen.command()
@click.argument("record")
@pass_review
def show(review: Review, record: str) -> None:
    """Show a record, and the decisions that you may see: yours, and the others' once both are in.

    Example: review --as anna screen show 31793330
    """
    from review.screening.queue import show_record

    _print_card(show_record(review.store, review.project, record=record, reviewer=review.reviewer.id))


@screen.command()
@click.argument("record")
@click.argument("verdict", type=click.Choice(["include", "exclude", "unsure"]))
@_stage_option
@click.option("--reason", metavar="CODE", help="Reason for exclusion; needed at full text.")
@click.option("--note", help="A free note.")
@click.option("--id", "decision_id", type=EVENT_ID, help="An id of your own; the same id twice is one decision.")
@pass_review
def decide(
    review: Review,
    record: str,
    verdict: str,
    stage: str,
    reason: str | None,
    note: str | None,
    decision_id: str | None,
) -> None:
    """Decide on a record. A new decision takes the place of your old one.

    Example: review --as anna screen decide 31793330 exclude --reason not_human
    """
    from review.screening import decisions

    done = decisions.decide(
        review.store,
        review.project,
        record=record,
        stage=stage,
        reviewer=review.reviewer.id,
        verdict=verdict,
        reason=reason,
        note=note,
        decision_id=decision_id,
    )
    said = "" if done.new else "you had already said so; "
    output.say(f"{done.record_id}: {said}{done.verdict.value} at {done.stage.value}. Decision {done.decision_id}")


@screen.command()
@click.argument("record")
@click.option("--stage", type=click.Choice(_STAGES), help="Which stage; the latest that you decided at, if not given.")
@pass_review
def undo(review: Review, record: str, stage: str | None) -> None:
    """Take your decision on a record back: the one on full text before the one on title and abstract.

    Example: review --as anna screen undo 31793330
    """
    from review.screening import decisions

    done = decisions.undo(review.store, review.project, record=record, stage=stage, reviewer=review.reviewer.id)
    output.say(f"{done.record_id}: your decision at {done.stage.value} is taken back")


@screen.command()
@_stage_option
@pass_review
def start(review: Review, stage: str) -> None:
    """Screen record after record with single keys, those of the page; ? shows them. Also: review screen.

    i include, e exclude, u unsure, 1-9 exclude with that reason, s skip, z undo, n note, l label, c criteria,
    / search, f the other stage, o addresses, q quit. From a pipe each key is a line.

    Example: review --as anna screen start --stage full_text
    """
    from review.cli.screen_terminal import screen_records

    screen_records(review, stage)


@screen.command()
@format_option
@pass_review
def conflicts(review: Review, format: str) -> None:
    """Records on which the decisions are opposed; reviewers see those on which they decided themselves.

    Example: review --as chris screen conflicts
    """
    import polars as pl

    from review.screening.conflicts import CONFLICT_COLUMNS, open_conflicts

    rows = open_conflicts(review.store, review.project, reviewer=review.reviewer.id)
    output.frame(pl.DataFrame(rows, schema=CONFLICT_COLUMNS), format, title="Conflicts")


@screen.command()
@click.argument("record")
@click.argument("verdict", type=click.Choice(["include", "exclude", "reopened"]))
@click.option("--stage", type=click.Choice(_STAGES), help="Needed only when both stages can be meant.")
@click.option("--reason", metavar="CODE", help="Reason for exclusion; needed at full text.")
@click.option("--note", help="A free note.")
@pass_review
def adjudicate(
    review: Review, record: str, verdict: str, stage: str | None, reason: str | None, note: str | None
) -> None:
    """Resolve a conflict as the third person; `reopened` gives the record back to its reviewers.

    Your new word on the same record takes the place of your old one.

    Example: review --as chris screen adjudicate 31793330 include
    """
    from review.screening import conflicts

    done = conflicts.adjudicate(
        review.store,
        review.project,
        record=record,
        verdict=verdict,
        by=review.reviewer.id,
        stage=stage,
        reason=reason,
        note=note,
    )
    output.say(f"{done.record_id}: {done.verdict.value} at {done.stage.value}. Adjudication {done.adjudication_id}")


@screen.command()
@format_option
@pass_review
def agreement(review: Review, format: str) -> None:
    """How far two reviewers agree on what they decided blind: raw agreement, kappa, PABAK, AC1.

    Example: review screen agreement --format csv
    """
    from review.screening.overview import agreement_table

    rows = agreement_table(review.store, review.project, reviewer=review.named)
    if format == "table":
        rows = rows.select(
            "stage", "reviewer_1", "reviewer_2", "n", "observed", "kappa", "kappa_lo", "kappa_hi", "ac1",
            "ac1_lo", "ac1_hi", "positive", "negative", "seen_by_one", "remark",
        )  # fmt: skip
    output.frame(rows, format, title="Agreement")


@screen.command()
@format_option
@pass_review
def progress(review: Review, format: str) -> None:
    """How many records stand where; a reviewer of a blind review sees the totals and their own.

    Example: review --as anna screen progress
    """
    from review.screening.overview import progress as read

    output.frame(read(review.store, review.project, reviewer=review.named), format, title="Progress")


@screen.command()
@format_option
@pass_review
def owed(review: Review, format: str) -> None:
    """Who still owes how many decisions.

    Example: review screen owed
    """
    from review.screening.overview import owed as read

    output.frame(read(review.store, review.project, reviewer=review.named), format, title="Owed decisions")


@screen.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--stage",
    type=click.Choice([*_STAGES, "final"]),
    help="For a file without a column stage; final = its source does not tell.",
)
@click.option("--reviewer", metavar="ID", help="Who decided, for a file without a column reviewer.")
@click.option("--source", metavar="NAME", help="Where final labels come from, when no person gave them.")
@pass_review
def import_(review: Review, file: Path, stage: str | None, reviewer: str | None, source: str | None) -> None:
    """Import decisions that were taken elsewhere, from CSV; the same file twice adds nothing.

    A record is named by source_record_id, openalex_id, url, pmid, doi or title; the verdict by verdict or
    label_included. Only people of review.toml decide: a column reviewer, or --reviewer; labels of others are
    --stage final --source NAME. Decisions count for agreement only where a column blind says 1. A decision on full
    text needs the record included at title and abstract, here or in the same file.

    Example: review screen import labels.csv --stage final --source "published labels"
    """
    from review.screening.past import import_past_decisions

    done = import_past_decisions(review.store, review.project, file, stage=stage, reviewer=reviewer, source=source)
    output.say(
        f"{output.counted(done.rows, 'row')} on {output.counted(done.records, 'record')}: {done.include} include, "
        f"{done.exclude} exclude, {done.unsure} unsure; {output.counted(done.new, 'new decision')}"
    )


def _print_card(card: Card) -> None:
    """A record on the screen, and the decisions that may be shown."""
    output.text(f"record  {card.record_id}")
    if card.retracted:
        output.text("RETRACTED")
    for name, value in card.fields.items():
        output.text(f"{name}  {value}")
    if card.publication_types:
        output.text(f"types  {'; '.join(card.publication_types)}")
    for row in card.links:
        how = (
            f"{row['kind']} {row['other'][:8]}" if row["of_other"] else f"{row['other'][:8]} is {row['kind']} this one"
        )
        output.text(f"link  {how}  {row['title'] or '(no title)'}  ({row['who']})")
    for row in card.decisions:
        words = [row["stage"], row["reviewer"], row["verdict"], row["reason"] or "", row["note"] or ""]
        output.text(f"decision  {'  '.join(word for word in words if word)}")


for _command in (*REPORT_COMMANDS, *CALIBRATE_COMMANDS):
    screen.add_command(_command)
