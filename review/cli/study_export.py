"""`review study export`: the reports of included and excluded studies for reference managers and for a paper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from review.cli import output
from review.cli.context import Review, pass_review

if TYPE_CHECKING:
    from review.flows.reference_export import Exported

_Command = TypeVar("_Command", bound=Callable[..., Any])
# as in search.written.formats, which is too heavy for --help; a test holds them equal
FORMATS = ("ris", "bibtex", "csl-json", "nbib", "endnote-xml", "wos", "csv", "tsv")


def where_to(command: _Command) -> _Command:
    """Adds --format and --output for references."""
    file = click.option("--output", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
    kind = click.option(
        "--format",
        "format",
        type=click.Choice(FORMATS),
        help="The format; else the ending of the file says it, and standard output gets RIS.",
    )
    return kind(file(command))


@click.command()
@click.option(
    "--decision",
    type=click.Choice(["included", "excluded", "all"]),
    default="included",
    show_default=True,
    help="In at full text, out at full text with the reason, or both.",
)
@where_to
@pass_review
def export(review: Review, decision: str, format: str | None, file: Path | None) -> None:
    """The reports of studies as references, each under the label of its study (Lamo-Espinosa 2016a).

    Where nobody screened, the reports of the catalogued studies; each says so.

    Example: review study export --decision excluded --output excluded.ris
    """
    from review.flows.reference_export import study_references

    format = checked(format, file)
    found = study_references(review.store, review.project, decision=decision, reviewer=review.named)
    deliver(found, format, file, simulated=review.project.simulated)


def checked(format: str | None, file: Path | None) -> str:
    """The format to write in; refused here, before any work is done."""
    from review.reporting.own_files import refuse_own_files
    from review.search.written.formats import format_of_file

    if file is not None:
        refuse_own_files(file)
    return format_of_file(file.name, format) if file is not None else format or "ris"


def deliver(found: Exported, format: str, file: Path | None, *, simulated: bool) -> None:
    """Write *found* in *format* to *file* or to standard output, and say in words what it is."""
    from review.reporting.export import write_whole
    from review.search.written.formats import write_references

    text = write_references(found.references, format, simulated=simulated)
    if file is not None:
        where = write_whole(file, text.encode())
    elif text:
        output.text(text.rstrip("\n"))
    for words in found.words:
        output.say(words)
    if file is not None:
        output.say(f"wrote {where}: {output.counted(len(found.references), 'reference')}")
