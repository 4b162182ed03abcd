"""`review import`: reference files, each with a receipt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import format_option
from review.terms import SourceKind

if TYPE_CHECKING:
    from review.errors import FormatError

_DIALECTS = ("auto", "pubmed_xml", "nbib", "ris", "wos", "endnote", "endnote_xml", "bibtex", "csv", "tsv")


@click.command("import", epilog="Example: review import embase.ris --source Embase --platform Ovid --search RUN_ID")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--source", help='The database the file comes from, such as "Embase"; known where --search is given.')
@click.option("--source-kind", type=click.Choice([kind.value for kind in SourceKind]), help="Kind of source (PRISMA).")
@click.option("--platform", help="The platform, such as Ovid.")
@click.option("--search", "run_id", metavar="RUN_ID", help="The search that the file belongs to.")
@click.option("--dialect", type=click.Choice(_DIALECTS), default="auto", show_default=True, help="The file format.")
@click.option("--map", "maps", multiple=True, metavar="COLUMN=HEADER", help="A CSV column by its header: title=Titel.")
@click.option("--accept-loss", is_flag=True, help="Import although the receipt does not add up; the loss is recorded.")
@click.option("--strict", is_flag=True, help="Refuse a file with any loss or any repair.")
@click.option("--receipts", is_flag=True, help="Import nothing; list the receipts so far.")
@format_option
@pass_review
def import_(
    review: Review,
    files: tuple[Path, ...],
    source: str | None,
    source_kind: str | None,
    platform: str | None,
    run_id: str | None,
    dialect: str,
    maps: tuple[str, ...],
    accept_loss: bool,
    strict: bool,
    receipts: bool,
    format: str,
) -> None:
    """Import RIS, NBIB, PubMed XML, BibTeX, EndNote, Web of Science, CSV and TSV files.

    Each file gets a receipt: record markers seen, records read, each repair and each loss with its line. When
    the markers do not add up nothing of it is imported; the other files are. The same file twice adds nothing.
    """
    from review.errors import FormatError, ReviewError, UsageProblem
    from review.search.history import list_receipts
    from review.search.ingest import import_file
    from review.search.receipts import words

    if receipts:
        output.frame(list_receipts(review.store, brief=format == "table"), format, title="Receipts")
        return
    if not files:
        message = "no file to import"
        raise UsageProblem(message, hint="review import FILE... --source NAME, or review import --receipts")
    mapping = dict(_pair(text) for text in maps)
    rejected = 0
    done: list[str] = []
    failed: list[FormatError] = []
    try:
        for path in files:
            try:
                receipt = import_file(
                    review.store,
                    path,
                    source=source,
                    source_kind=source_kind,
                    platform=platform,
                    run_id=run_id,
                    dialect=dialect,
                    mapping=mapping,
                    accept_loss=accept_loss,
                    strict=strict,
                    imported_by=review.named,
                )
            except FormatError as problem:  # of this file alone: the others are not to wait for it
                failed.append(problem)
                continue
            output.text(words(receipt))
            done.append(path.name)
            rejected += 0 if receipt.already else receipt.records_rejected
    except ReviewError as problem:
        if len(files) > 1:
            problem.message += f"; {_standing(done, [path.name for path in files if path.name not in done])}"
        raise
    finally:
        if rejected:
            one = rejected == 1
            output.say(f"{rejected} record{' was' if one else 's were'} rejected: see the lines above (lost)")
        if len(failed) > 1:
            for one_file in failed:
                output.say(f"not imported: {one_file.message}")
    if failed:
        raise _not_imported(failed, len(files))


def _not_imported(failed: list[FormatError], count: int) -> FormatError:
    """The error of the one file that could not be read, or how many could not; the others were imported."""
    from review.errors import FormatError

    if len(failed) > 1:
        message = f"{len(failed)} of {count} files were not imported: see the lines above (not imported)"
        return FormatError(message, hint=failed[0].hint)
    if count > 1:
        failed[0].message += f"; the other {count - 1} of {count} files were imported"
    return failed[0]


def _standing(done: list[str], rest: list[str]) -> str:
    """Which files were imported when one failed, and which were not."""
    said = f"{_listed(done)} imported, " if done else ""
    return f"{said}{_listed(rest)} not"


def _listed(names: list[str]) -> str:
    """`a was`, `a and b were`."""
    return f"{' and '.join(filter(None, (', '.join(names[:-1]), names[-1])))} {'was' if len(names) == 1 else 'were'}"


def _pair(text: str) -> tuple[str, str]:
    from review.errors import UsageProblem

    column, sign, header = text.partition("=")
    if not (column and sign and header):
        message = f"--map {text!r} is not COLUMN=HEADER"
        raise UsageProblem(message, hint="for example --map title=Titel")
    return column.strip(), header.strip()
