"""`review store`: who holds the database, backups while people work, and moving a review to another machine."""

from __future__ import annotations

from pathlib import Path

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import format_option


@click.group()
def store() -> None:
    """The database as a file: who holds it, backup, restore.

    Example: review store backup ../backup/2026-11-30
    """


@store.command()
@format_option
@pass_review
def status(review: Review, format: str) -> None:
    """Where the database is, how large, and whether a server holds it.

    Example: review store status --format json
    """
    import polars as pl

    from review.database import open_store

    path = review.project.database_path
    served = open_store(path).server()
    row = {
        "database": str(path),
        "bytes": path.stat().st_size if path.exists() else 0,
        "served": served is not None,
        "process": served.serving.pid if served else None,
        "full_texts": sum(1 for _ in (review.root / "full_texts").glob("*.pdf")),
    }
    output.frame(pl.DataFrame([row]), format, title="Store")


@store.command()
@click.argument("folder", type=click.Path(path_type=Path))
@pass_review
def backup(review: Review, folder: Path) -> None:
    """Write a backup of the whole review into FOLDER, also while it is served.

    The database as it is at this moment, the protocol, queries, extracted figures and full texts, the decisions once
    more as text, and a manifest with the sha256 of every file. Who has it can read all decisions.

    Example: review store backup ../backup/2026-11-30
    """
    from review.flows.backup import back_up

    done = back_up(review.store, review.project, folder, reviewer=review.named)
    output.text(str(done.folder))
    output.say(f"{output.counted(done.files, 'file')}, {done.bytes} bytes, as of {done.taken_at}")


@store.command("check")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def check_(folder: Path) -> None:
    """Read every file of the backup in FOLDER and compare it with the manifest.

    Example: review store check ../backup/2026-11-30
    """
    from review.flows.backup import check_backup

    done = check_backup(folder)
    output.say(f"{done.folder}: {output.counted(done.files, 'file')} as they were written on {done.taken_at}")


@store.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("target", type=click.Path(path_type=Path))
def restore(folder: Path, target: Path) -> None:
    """Make the review of the backup in FOLDER anew in TARGET: here, or on another machine.

    Every file is checked first. Decisions exported since then are added with: review events import.

    Example: review store restore ../backup/2026-11-30 knee-review
    """
    from review.flows.backup import restore as bring_back

    done = bring_back(folder, target)
    output.text(str(target))
    output.say(f"{output.counted(done.files, 'file')} as of {done.taken_at}; next: review --project {target} status")
