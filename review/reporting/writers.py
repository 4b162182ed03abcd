"""A table as text, Markdown or HTML; a frame as CSV, JSON or Parquet. The same bytes on every run."""

from __future__ import annotations

import csv
import html
import io
import json
import math
import re
import textwrap
from typing import TYPE_CHECKING, Any

from review.reporting.table import Column, Row, Table, legible_table, mark, shown

if TYPE_CHECKING:
    import polars as pl

# a spreadsheet runs a cell that begins like this; a leading apostrophe makes it text again
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# a text table drops columns before its cells wrap into more lines than this
_LINES = 3
_CSS = (
    "body{font-family:'DejaVu Sans',sans-serif;font-size:14px;margin:2em}"
    "table{border-collapse:collapse;border-top:2px solid;border-bottom:2px solid}"
    "caption{text-align:left;font-weight:bold;padding:.5em 0}"
    "th,td{padding:.25em .6em;text-align:left;vertical-align:top}"
    "thead{border-bottom:1px solid}.number{text-align:right;white-space:nowrap}"
    "tbody th[scope=rowgroup]{padding-top:.8em}.banner{border:2px solid;padding:.5em;font-weight:bold}"
)


def write_text(table: Table, *, width: int = 100) -> str:
    """*table* in fixed width: text wraps, columns that may go are left out, at last each row is a block."""
    table = legible_table(table)
    kept, dropped = table, []
    order = sorted((column.drop, place, column) for place, column in enumerate(table.columns) if column.drop)
    while order and not fits(kept, width, lines=_LINES):
        column = order.pop(0)[2]
        dropped.append(column.header)
        kept = kept.without([column.key])
    notes = list(table.notes)
    if dropped:
        notes.append(f"Left out at {width} characters: {', '.join(dropped)}; --format csv and html hold all columns.")
    body = _grid(kept, width) if fits(kept, width) else _blocks(kept, width)
    head = [*_wrapped(table.banner, width), *_wrapped(table.caption, width), ""]
    foot = [line for place, text in enumerate(table.footnotes) for line in _wrapped(f"{mark(place)}  {text}", width)]
    tail = [line for note in notes for line in _wrapped(note, width)]
    lines = [*head, *body, *([""] if foot or tail else []), *foot, *tail]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def write_md(table: Table) -> str:
    """*table* as a GitHub Markdown table; groups are lines in bold, footnotes a list below."""
    table = legible_table(table)
    lines = [f"**{_md(table.banner)}**", ""] if table.banner else []
    lines += [f"**{_md(table.caption)}**", ""]
    lines.append("| " + " | ".join(_md(column.header) for column in table.columns) + " |")
    lines.append("|" + "|".join("--:" if column.kind == "number" else "---" for column in table.columns) + "|")
    for label, rows in table.groups():
        if label:
            lines.append(f"| **{_md(label)}** |" + " |" * (len(table.columns) - 1))
        for row in rows:
            cells = [_md(shown(value, column)) for value, column in zip(row.cells, table.columns, strict=True)]
            cells[-1] += "".join(f" <sup>{mark(place)}</sup>" for place in row.marks)
            lines.append("| " + " | ".join(cells) + " |")
    lines.append("")
    lines += [f"- <sup>{mark(place)}</sup> {_md(text)}" for place, text in enumerate(table.footnotes)]
    lines += [f"\n{_md(note)}" for note in table.notes]
    return "\n".join(lines).rstrip() + "\n"


def write_html(table: Table) -> str:
    """*table* as one page: caption, scoped headers, footnotes linked both ways, every text escaped."""
    table = legible_table(table)
    out = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f"<title>{html.escape(table.caption)}</title>\n<style>{_CSS}</style>\n</head>\n<body>",
    ]
    if table.banner:
        out.append(f'<p class="banner">{html.escape(table.banner)}</p>')
    out.append(f"<table>\n<caption>{html.escape(table.caption)}</caption>\n<thead>\n<tr>")
    out += [f'<th scope="col"{_css(column)}>{html.escape(column.header)}</th>' for column in table.columns]
    out.append("</tr>\n</thead>")
    seen: set[int] = set()
    for label, rows in table.groups():
        out.append("<tbody>")
        if label:
            span = len(table.columns)
            out.append(f'<tr><th scope="rowgroup" colspan="{span}">{html.escape(label)}</th></tr>')
        out += [_html_row(row, table, seen) for row in rows]
        out.append("</tbody>")
    out.append("</table>")
    if table.footnotes:
        out.append("<ul>")
        out += [
            f'<li id="note-{mark(place)}"><a href="#mark-{mark(place)}"><sup>{mark(place)}</sup></a> '
            f"{html.escape(text)}</li>"
            for place, text in enumerate(table.footnotes)
        ]
        out.append("</ul>")
    out += [f"<p>{html.escape(note)}</p>" for note in table.notes]
    out.append("</body>\n</html>")
    return "\n".join(out) + "\n"


def write_csv(frame: pl.DataFrame) -> str:
    """*frame* with one header line, raw numbers, lists joined by "; " and formula-like text defused."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(frame.columns)
    for values in frame.iter_rows():
        writer.writerow([_plain(value) for value in values])
    return sink.getvalue()


def write_json(frame: pl.DataFrame) -> str:
    """*frame* as a list of objects; missing and infinite numbers are null."""
    rows = [{name: _jsonable(value) for name, value in row.items()} for row in frame.iter_rows(named=True)]
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


def write_parquet(frame: pl.DataFrame) -> bytes:
    """*frame* as Parquet."""
    sink = io.BytesIO()
    frame.write_parquet(sink, compression="zstd")
    return sink.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        value = "; ".join(str(item) for item in value)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def _jsonable(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    if isinstance(value, dict):
        return {str(name): _jsonable(item) for name, item in value.items()}
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _md(text: str) -> str:
    """*text* as Markdown that shows just that: no tag, link, image, code or emphasis comes of it."""
    escaped = re.sub(r"[\\|*_`~\[\]]", r"\\\g<0>", text.replace("&", "&amp;").replace("<", "&lt;"))
    return escaped.replace("\n", "<br>")


def _css(column: Column) -> str:
    return ' class="number"' if column.kind == "number" else ""


def _html_row(row: Row, table: Table, seen: set[int]) -> str:
    cells = []
    for place, (value, column) in enumerate(zip(row.cells, table.columns, strict=True)):
        text = html.escape(shown(value, column))
        if place == len(table.columns) - 1:
            text += "".join(_html_mark(note, seen) for note in row.marks)
        tag, scope = ("th", ' scope="row"') if place == 0 else ("td", "")
        cells.append(f"<{tag}{scope}{_css(column)}>{text}</{tag}>")
    return "<tr>" + "".join(cells) + "</tr>"


def _html_mark(place: int, seen: set[int]) -> str:
    # an id may stand once in a page: the note links back to its first mark
    anchor = "" if place in seen else f' id="mark-{mark(place)}"'
    seen.add(place)
    return f'<sup><a{anchor} href="#note-{mark(place)}">{mark(place)}</a></sup>'


def _cells(row: Row, columns: tuple[Column, ...]) -> list[str]:
    cells = [shown(value, column) for value, column in zip(row.cells, columns, strict=True)]
    if row.marks:
        cells[-1] = f"{cells[-1]} [{','.join(mark(place) for place in row.marks)}]".strip()
    return cells


def _natural(table: Table, lines: int = 99) -> list[tuple[int, int]]:
    """For each column the least width (its longest word, *lines* lines a cell) and the width without wrapping."""
    cells = [_cells(row, table.columns) for row in table.rows]
    widths = []
    for place, column in enumerate(table.columns):
        texts = [line[place] for line in cells]
        full = max((len(text) for text in [column.header, *texts]), default=1)
        words = [word for text in [column.header, *texts] for word in text.split()]
        if column.kind == "number":
            words += texts  # a number never breaks
        longest = max((len(word) for word in words), default=1)
        widths.append((max(longest if column.whole else min(longest, 24), -(-full // lines)), full))
    return widths


def fits(table: Table, width: int, *, lines: int = 99) -> bool:
    """Whether *table* can stand in *width* characters, no word broken and no cell much over *lines* lines."""
    return sum(least for least, _ in _natural(table, lines)) + 2 * (len(table.columns) - 1) <= width


def _grid(table: Table, width: int) -> list[str]:
    natural = _natural(table)
    widths = [least for least, _ in natural]
    spare = width - 2 * (len(natural) - 1) - sum(widths)
    # what is left goes, a character at a time, to the column that has to wrap most
    while spare > 0 and any(now < full for now, (_, full) in zip(widths, natural, strict=True)):
        place = max(range(len(widths)), key=lambda at: natural[at][1] / widths[at])
        widths[place] += 1
        spare -= 1
    lines = _grid_row([column.header for column in table.columns], table.columns, widths)
    lines.append("─" * (sum(widths) + 2 * (len(widths) - 1)))
    for label, rows in table.groups():
        if label:
            lines += ["", *_wrapped(label, width)]
        for row in rows:
            lines += _grid_row(_cells(row, table.columns), table.columns, widths)
    return lines


def _grid_row(cells: list[str], columns: tuple[Column, ...], widths: list[int]) -> list[str]:
    wrapped = [_wrapped(text, width) or [""] for text, width in zip(cells, widths, strict=True)]
    height = max(len(lines) for lines in wrapped)
    out = []
    for line in range(height):
        parts = []
        for lines, column, width in zip(wrapped, columns, widths, strict=True):
            text = lines[line] if line < len(lines) else ""
            parts.append(text.rjust(width) if column.kind == "number" else text.ljust(width))
        out.append("  ".join(parts))
    return out


def _blocks(table: Table, width: int) -> list[str]:
    lines: list[str] = []
    for label, rows in table.groups():
        lines += [*_wrapped(label, width), ""] if label else []
        for row in rows:
            for text, column in zip(_cells(row, table.columns), table.columns, strict=True):
                lines += _wrapped(f"{column.header}: {text}", width, indent="  ") if text else []
            lines.append("")
    return lines


def _wrapped(text: str, width: int, *, indent: str = "") -> list[str]:
    return [
        line
        for part in text.split("\n")
        for line in textwrap.wrap(part, max(width, 1), subsequent_indent=indent, break_on_hyphens=False)
    ]
