"""`review search ingest`: files of PubMed XML, NLM's baseline and update files among them, each with a receipt."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import format_option

if TYPE_CHECKING:
    from review.search.pubmed_files import Ingested, Progress

_SECONDS = 5.0  # between two lines where no bar can be drawn


@click.command(epilog="Example: review search ingest pubmed26n1335.xml.gz --known-only")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--source", default="PubMed", show_default=True, help="The database that the records count for.")
@click.option("--pmids", type=click.Path(path_type=Path), help="Take only these: a text file, one PMID a line.")
@click.option("--known-only", is_flag=True, help="Take only what the review knows by PMID, DOI or PMC number.")
@format_option
@pass_review
def ingest(
    review: Review, files: tuple[Path, ...], source: str, pmids: Path | None, known_only: bool, format: str
) -> None:
    """Load efetch output and NLM's baseline or update files (.xml, .xml.gz).

    A .md5 file beside a file is checked first. A record that cannot be read costs no other. A load that was
    interrupted goes on when the command is repeated; a file that was loaded before is skipped. With --known-only,
    NLM's daily update files keep a review up to date without a question to the server.
    """
    from review.search.pubmed_files import ingest_files
    from review.search.receipts import words
    from review.search.selection import read_pmids

    only = None if pmids is None else read_pmids(pmids)
    done: list[Ingested] = []

    def told(one: Ingested) -> None:
        done.append(one)
        if format == "table":
            output.text(words(one.receipt))

    try:
        with _progress() as progress:
            ingest_files(
                review.store,
                files,
                source=source,
                only=only,
                known_only=known_only,
                imported_by=review.named,
                progress=progress,
                each=told,
            )
    finally:
        if format != "table":
            _print_rows(done, format)
        _say_what_next(done)


def _print_rows(done: list[Ingested], format: str) -> None:
    import polars as pl

    from review.search.receipts import receipt_row

    rows = [{**receipt_row(one.receipt), "already": one.receipt.already} for one in done]
    output.frame(pl.DataFrame(rows, infer_schema_length=None), format, title="Receipts")


def _say_what_next(done: list[Ingested]) -> None:
    """What was lost, and that new records have to be looked through for duplicates."""
    fresh = [one for one in done if not one.receipt.already]
    if rejected := sum(one.receipt.records_rejected for one in fresh):
        was = "record was" if rejected == 1 else "records were"
        where = "review search history --receipts --format json"
        kept = "it" if rejected == 1 else "they"
        output.say(f"{rejected} {was} rejected, and kept as {kept} came; where and why: {where}")
    if watched := sum(one.watched for one in fresh):
        output.say(f"{output.counted(watched, 'report')} of the review read for notices alone")
    if revised := sum(one.revised for one in fresh):
        output.say(f"{output.counted(revised, 'known record')} came in a new reading")
    if new := sum(one.receipt.records_new for one in fresh) - revised:
        output.say(f"{output.counted(new, 'new record')}: now look for duplicates with review dedupe run")


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar with rate and time left on a terminal; elsewhere a line now and then."""
    if sys.stderr.isatty():
        with _bar() as told:
            yield told
    else:
        yield _lines(time.monotonic)


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[records]:,} records"),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks = {}

        def told(name: str, done: int, total: int, records: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(escape(name), total=total, records=0)
            bar.update(tasks[name], completed=done, records=records)

        yield told


def _lines(clock: Callable[[], float]) -> Progress:
    """Progress in words, every few seconds."""
    began: dict[str, float] = {}
    said_at = clock()

    def told(name: str, done: int, total: int, records: int) -> None:
        nonlocal said_at
        now = clock()
        start = began.setdefault(name, now)
        if now - said_at < _SECONDS:
            return
        said_at = now
        rate = records / max(now - start, 1e-9)
        left = int((now - start) * (total - done) / max(done, 1))
        output.say(f"{name}: {done / total:.0%}, {records:,} records, {rate:,.0f}/s, {left // 60}:{left % 60:02d} left")

    return told
