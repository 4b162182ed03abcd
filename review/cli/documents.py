"""How a command hands over a document: the same --format and --output, in the same words, wherever there is one."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from review.cli import output
from review.errors import UsageProblem
from review.reporting.export import FORMATS, export_table, format_of, write_whole
from review.reporting.own_files import refuse_own_files

if TYPE_CHECKING:
    import polars as pl

    from review.reporting.table import Table

_Command = TypeVar("_Command", bound=Callable[..., Any])


def where_to(command: _Command) -> _Command:
    """Adds --format and --output."""
    file = click.option("--output", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
    kind = click.option(
        "--format",
        "format",
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        help="csv, json and parquet hold raw numbers; md, html, docx and xlsx are documents.",
    )
    return kind(file(command))


def checked(format: str, file: Path | None) -> str:
    """The format to write in, by --format and the ending of *file*; refused here, before any work is done."""
    if file is not None:
        refuse_own_files(file)
        return format_of(file, format, FORMATS)
    if format in ("docx", "xlsx"):
        message = f"{format} is a document and needs a file"
        raise UsageProblem(message, hint=f"add --output table.{format}")
    return format


def deliver(made: Table, lines: pl.DataFrame, format: str, file: Path | None) -> None:
    """Write *made*, or its raw *lines*, in *format* to *file* or to standard output."""
    content = export_table(made, lines, format, width=page_width() if file is None else 120)
    if file is not None:
        output.say(f"wrote {write_whole(file, content)}")
    elif format == "parquet":
        output.frame(lines, "parquet")
    else:
        output.text(content.decode().rstrip("\n"))


def page_width() -> int:
    """The width of the terminal; what is piped into a file or a pager may be wider than most."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 132
