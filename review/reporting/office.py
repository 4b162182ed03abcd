"""A table as a Word or an Excel document, with the `paper` extra; the same bytes on every run."""

from __future__ import annotations

import importlib
import io
import zipfile
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any

from review.errors import MissingExtra
from review.reporting.table import Table, legible, legible_table, mark, shown

if TYPE_CHECKING:
    import polars as pl

# documents carry a date of their own making; a fixed one keeps the bytes the same
_FIXED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_OLDEST_ZIP = (1980, 1, 1, 0, 0, 0)


def paper(module: str) -> ModuleType:
    """*module* of the `paper` extra; MissingExtra, in one line, where it is not installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as problem:
        message = f"{module.split('.')[0]} is not installed"
        raise MissingExtra(message, hint="pip install 'regen-review[paper]'") from problem


def write_docx(table: Table) -> bytes:
    """*table* as a Word document: a real table with three lines and a header that repeats on each page."""
    table = legible_table(table)
    docx = paper("docx")
    section_kinds = paper("docx.enum.section")
    document = docx.Document()
    page = document.sections[0]
    page.orientation = section_kinds.WD_ORIENT.LANDSCAPE
    page.page_width, page.page_height = page.page_height, page.page_width
    properties = document.core_properties
    properties.title, properties.author, properties.comments = table.caption, "", ""
    properties.created = properties.modified = _FIXED
    if table.banner:
        document.add_paragraph().add_run(table.banner).bold = True
    document.add_paragraph().add_run(table.caption).bold = True
    grid = document.add_table(rows=1, cols=len(table.columns))
    for cell, column in zip(grid.rows[0].cells, table.columns, strict=True):
        _fill(cell, column.header, bold=True, right=column.kind == "number")
    _repeat(grid.rows[0])
    for label, rows in table.groups():
        if label:
            cells = grid.add_row().cells
            _fill(cells[0].merge(cells[-1]), label, bold=True)
        for row in rows:
            for place, (cell, value, column) in enumerate(
                zip(grid.add_row().cells, row.cells, table.columns, strict=True)
            ):
                marks = ",".join(mark(note) for note in row.marks) if place == len(row.cells) - 1 else ""
                _fill(cell, shown(value, column), right=column.kind == "number", raised=marks)
    _three_lines(grid)
    for place, text in enumerate(table.footnotes):
        line = document.add_paragraph()
        line.add_run(mark(place)).font.superscript = True
        line.add_run(f" {text}")
    for note in table.notes:
        document.add_paragraph(note)
    sink = io.BytesIO()
    document.save(sink)
    return _same_bytes(sink.getvalue())


def write_xlsx(table: Table, data: pl.DataFrame | None = None) -> bytes:
    """*table* as a workbook: the table, the raw numbers of *data*, the notes. Text stays text."""
    table = legible_table(table)
    xlsxwriter = paper("xlsxwriter")
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": table.caption, "created": _FIXED})
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet("table")
    top = 0
    for text in filter(None, (table.banner, table.caption)):
        sheet.write_string(top, 0, text, book.add_format({"bold": True}))
        top += 1
    for place, column in enumerate(table.columns):
        sheet.write_string(top, place, column.header, bold)
        sheet.set_column(place, place, max(10, min(36, _width(table, place))))
    sheet.freeze_panes(top + 1, 1)
    line = top + 1
    for label, rows in table.groups():
        if label:
            sheet.write_string(line, 0, label, book.add_format({"bold": True}))
            line += 1
        for row in rows:
            for place, (value, column) in enumerate(zip(row.cells, table.columns, strict=True)):
                _put(
                    sheet,
                    line,
                    place,
                    value,
                    _number(book, column.digits) if column.kind == "number" else wrap,
                )
            if row.marks:
                sheet.write_string(line, len(row.cells), ",".join(mark(note) for note in row.marks))
            line += 1
    if data is not None:
        _data_sheet(book, data, bold)
    notes = book.add_worksheet("notes")
    texts = [
        *([table.banner] if table.banner else []),
        *(f"{mark(p)} {t}" for p, t in enumerate(table.footnotes)),
    ]
    for place, text in enumerate([*texts, *table.notes]):
        notes.write_string(place, 0, text)
    book.close()
    return sink.getvalue()


def _data_sheet(book: Any, data: pl.DataFrame, header: Any) -> None:
    sheet = book.add_worksheet("data")
    sheet.freeze_panes(1, 0)
    for place, name in enumerate(data.columns):
        sheet.write_string(0, place, name, header)
    for line, values in enumerate(data.iter_rows(), start=1):
        for place, value in enumerate(values):
            plain = "; ".join(map(str, value)) if isinstance(value, list) else value
            _put(sheet, line, place, plain, None)


def _put(sheet: Any, line: int, place: int, value: Any, look: Any) -> None:
    if value is None:
        return
    if isinstance(value, int | float) and not isinstance(value, bool):
        sheet.write_number(line, place, value, look)
    else:
        sheet.write_string(line, place, legible(str(value)), look)


def _number(book: Any, digits: int) -> Any:
    return book.add_format({"num_format": "0" + ("." + "0" * digits if digits else ""), "valign": "top"})


def _width(table: Table, place: int) -> int:
    texts = [shown(row.cells[place], table.columns[place]) for row in table.rows]
    return max(len(text) for text in [table.columns[place].header, *texts]) + 2


def _fill(cell: Any, text: str, *, bold: bool = False, right: bool = False, raised: str = "") -> None:
    line = cell.paragraphs[0]
    line.add_run(text).bold = bold
    if raised:
        line.add_run(raised).font.superscript = True
    if right:
        line.alignment = paper("docx.enum.text").WD_ALIGN_PARAGRAPH.RIGHT
    for run in line.runs:
        run.font.size = paper("docx.shared").Pt(8)


def _repeat(row: Any) -> None:
    """Let Word repeat *row* at the top of each page; python-docx has no call for it."""
    flag = paper("docx.oxml").OxmlElement("w:tblHeader")
    flag.set(paper("docx.oxml.ns").qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(flag)


def _three_lines(grid: Any) -> None:
    """A rule above and below the table and one under its header."""
    element, qn = paper("docx.oxml").OxmlElement, paper("docx.oxml.ns").qn

    def rule(edge: str, size: str) -> Any:
        line = element(f"w:{edge}")
        for name, value in (("val", "single"), ("sz", size), ("space", "0"), ("color", "000000")):
            line.set(qn(f"w:{name}"), value)
        return line

    borders = element("w:tblBorders")
    borders.append(rule("top", "12"))
    borders.append(rule("bottom", "12"))
    grid._tbl.tblPr.append(borders)
    for cell in grid.rows[0].cells:
        under = element("w:tcBorders")
        under.append(rule("bottom", "6"))
        cell._tc.get_or_add_tcPr().append(under)


def _same_bytes(document: bytes) -> bytes:
    """The zip of *document* with its members sorted and dated 1980."""
    sink = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(document)) as old,
        zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in sorted(old.namelist()):
            new.writestr(zipfile.ZipInfo(name, _OLDEST_ZIP), old.read(name), zipfile.ZIP_DEFLATED)
    return sink.getvalue()
