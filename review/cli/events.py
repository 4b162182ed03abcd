"""`review events`: what people decided, as text files; the way into git, a backup, another site."""

from __future__ import annotations

from pathlib import Path

import click

from review.cli import output
from review.cli.context import Review, pass_review


@click.group()
def events() -> None:
    """Export and import what people decided.

    Example: review events export decisions/
    """


@events.command("export")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--only", metavar="REVIEWER", help="Only this person's events: what one reviewer sends to another site.")
@pass_review
def export(review: Review, folder: Path, only: str | None) -> None:
    """Write every event into FOLDER, one file of JSON lines for each person.

    Whoever has these files can read all decisions. Who screens blind exports --only their own; the owner of the
    file leaves --as out.

    Example: review events export decisions/
    """
    from review.flows.events import export_events

    done = export_events(review.store, review.project, folder, only=only, reviewer=review.named)
    for path, lines in done.files:
        output.text(str(path))
        output.say(output.counted(lines, "event"))


@events.command("import")
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@pass_review
def import_(review: Review, source: Path) -> None:
    """Read events from a FOLDER or one file. What is there already is left as it is.

    Example: review events import decisions/
    """
    from review.database import open_store
    from review.flows.events import import_events

    # not review.store: that would note today's protocol first, and its versions come with the events
    done = import_events(open_store(review.project.database_path), review.project, source)
    output.say(f"{output.counted(done.read, 'event')} read, {done.new} new")
    if done.without_record:
        are = "is on a record that is" if done.without_record == 1 else "are on records that are"
        output.say(f"{done.without_record} {are} not here: import the same files first or afterwards")
