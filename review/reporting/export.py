"""One door for every format: a table and its raw lines become the bytes of a file, written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from review.errors import FullDisk, ReviewError, UsageProblem
from review.reporting import office, writers
from review.reporting.own_files import refuse_own_files
from review.reporting.table import Table

if TYPE_CHECKING:
    import polars as pl

FORMATS = ("table", "csv", "json", "parquet", "md", "html", "docx", "xlsx")
FRAME_FORMATS = ("csv", "json", "parquet")


def export_table(table: Table, lines: pl.DataFrame, format: str, *, width: int = 120) -> bytes:
    """*table* as table, md, html, docx or xlsx; its raw *lines* as csv, json or parquet (xlsx holds both).

    Raises UsageProblem for another format, MissingExtra where docx and xlsx find no library.
    """
    if format in ("csv", "json", "parquet"):
        return export_frame(lines, format)
    if format == "table":
        return writers.write_text(table, width=width).encode()
    if format == "md":
        return writers.write_md(table).encode()
    if format == "html":
        return writers.write_html(table).encode()
    if format == "docx":
        return office.write_docx(table)
    if format == "xlsx":
        return office.write_xlsx(table, lines)
    raise _unknown(format, FORMATS)


def export_frame(lines: pl.DataFrame, format: str) -> bytes:
    """*lines* as csv, json or parquet."""
    if format == "csv":
        return writers.write_csv(lines).encode()
    if format == "json":
        return writers.write_json(lines).encode()
    if format == "parquet":
        return writers.write_parquet(lines)
    raise _unknown(format, FRAME_FORMATS)


def format_of(file: Path, format: str, allowed: tuple[str, ...]) -> str:
    """The format that *file* is written in: *format*, or what its ending says where that is "table", the default.

    Raises UsageProblem where the two contradict each other, and for an ending that names no format.
    """
    ending = file.suffix.lower().removeprefix(".")
    if format != "table":
        if ending in FORMATS and ending != format:
            message = f"{file.name} ends in .{ending} and --format says {format}"
            raise UsageProblem(message, hint="leave out --format, or give the file the other ending")
        return format
    if ending in allowed:
        return ending
    if "table" in allowed and ending in ("", "txt"):
        return "table"
    endings = ", ".join(f".{one}" for one in allowed if one != "table")
    shown = f"ends in .{ending}" if ending else "has no ending"
    message = f"{file.name} {shown}; allowed here: {endings}" + (", .txt" if "table" in allowed else "")
    raise UsageProblem(message, hint="the ending of the file says its format, or --format does")


def write_whole(file: Path, content: bytes) -> str:
    """Write *content* to *file*: all of it, or nothing, and then what stood there stays. Returns the place in words.

    It goes to a new file beside it, which then takes its name: a full disk or a kill leaves no half document.
    Raises UsageProblem for a file that a review is made of, FullDisk or ReviewError, naming the file.
    """
    try:
        # a link keeps pointing where it points, and a device or a pipe is written to as it is
        target = refuse_own_files(file)
        where = f"{target} ({file} leads there)" if file.is_symlink() else str(file)
        fresh = target.with_name(f".{os.getpid()}.{os.urandom(4).hex()}.new")
        if target.exists() and not target.is_file():
            target.write_bytes(content)
            return where
        try:
            with fresh.open("xb") as sink:
                sink.write(content)
                sink.flush()
                os.fsync(sink.fileno())
            if target.exists():
                shutil.copymode(target, fresh)
            fresh.replace(target)
        finally:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
        return where
    except (OSError, RuntimeError) as problem:  # a link to itself was a RuntimeError until Python 3.13
        if getattr(problem, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            message = f"no space left for {file}; nothing was written, and what stood there is as it was"
            raise FullDisk(message, hint="free some space, or write to another disk") from problem
        message = f"{file} cannot be written: {getattr(problem, 'strerror', None) or problem}"
        raise ReviewError(message, hint=f"see that {file.parent} is a folder in which you may write") from problem


def _unknown(format: str, allowed: tuple[str, ...]) -> UsageProblem:
    return UsageProblem(f"{format!r} is not a format; allowed: {', '.join(allowed)}")
