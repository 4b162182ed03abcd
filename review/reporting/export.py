"""One door for every format: a table and its raw lines become the bytes of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from review.errors import UsageProblem
from review.reporting import office, writers
from review.reporting.table import Table

if TYPE_CHECKING:
    import polars as pl

FORMATS = ("table", "csv", "json", "parquet", "md", "html", "docx", "xlsx")


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
    raise _unknown(format)


def export_frame(lines: pl.DataFrame, format: str) -> bytes:
    """*lines* as csv, json or parquet."""
    if format == "csv":
        return writers.write_csv(lines).encode()
    if format == "json":
        return writers.write_json(lines).encode()
    if format == "parquet":
        return writers.write_parquet(lines)
    raise _unknown(format)


def _unknown(format: str) -> UsageProblem:
    return UsageProblem(f"{format!r} is not a format; allowed: {', '.join(FORMATS)}")
