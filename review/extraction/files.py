"""Reads one extraction file strictly: a wrong header, type or word is an error with file, line, field and value.

Everything is read as text and then cast, because type sniffing turns a column with one NA into text in one file and
leaves it a number in the next.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

from review.errors import ExtractionError, FieldError
from review.extraction.form import MISSING, Column, Form, Kind

_NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)")
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Row:
    """One row of a file: its values by column name, cast; missing words are None, and `raw` keeps them."""

    form: Form
    file: str
    line: int
    values: dict[str, Any]
    raw: dict[str, str] = field(repr=False)

    def __getitem__(self, column: str) -> Any:
        return self.values[column]

    @property
    def row_id(self) -> str:
        """The row's address: file and line."""
        return f"{self.file}:{self.line}"

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this row from the others of its file, as text."""
        return tuple(_key_text(self.values[name]) for name in self.form.key)

    @property
    def subject(self) -> str:
        """How a remark names this row: `continuous | msc | VAS | 6 | final | A12`."""
        return " | ".join((self.form.name, *self.key))

    def refuse(self, column: str, problem: str, *, hint: str = "") -> NoReturn:
        """Raise FieldError for a cell of this row."""
        raise FieldError(self.file, self.line, column, problem, hint=hint)


@dataclass(frozen=True)
class FileRead:
    """A file that was read: its path in the project, its fingerprint and its rows."""

    path: str
    sha256: str
    rows: tuple[Row, ...]


def read_csv(path: Path, form: Form, *, root: Path) -> FileRead:
    """The rows of a CSV file of *form*.

    Raises FieldError for the first cell that is not allowed, a header that is not the form's, a key that stands
    twice; ExtractionError when the file cannot be read.
    """
    name = path.relative_to(root).as_posix()
    content = read_bytes(path, name)
    text = _decode(content, name)
    rows = tuple(_rows(text, form, name))
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        if row.key in seen:
            message = f"are the same as on line {seen[row.key]}: {' | '.join(row.key)}"
            raise FieldError(name, row.line, ", ".join(form.key), message, hint="a row stands once; remove one")
        seen[row.key] = row.line
    return FileRead(name, hashlib.sha256(content).hexdigest(), rows)


def read_bytes(path: Path, name: str) -> bytes:
    """The bytes of a file. Raises ExtractionError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as problem:
        message = f"{name} cannot be read: {problem.strerror}"
        raise ExtractionError(message) from problem


def _decode(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        raise FieldError(name, line, "file", "is not UTF-8", hint="save the file as UTF-8 CSV") from problem


def _rows(text: str, form: Form, name: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    try:
        header = next(reader, None)
        _check_header(header, form, name)
        assert header is not None
        start = reader.line_num + 1
        for cells in reader:
            if len(cells) != len(header):
                found = f"has {len(cells)} cells, the header {len(header)}" if cells else "is empty"
                raise FieldError(name, start, "row", found, hint="quote cells that hold a comma; remove empty lines")
            raw = dict(zip(header, (cell.strip() for cell in cells), strict=True))
            yield _cast_row(raw, form, name, start)
            start = reader.line_num + 1
    except csv.Error as problem:
        raise FieldError(name, start, "row", f"is not CSV: {problem}", hint="close every quote") from problem


def _check_header(header: list[str] | None, form: Form, name: str) -> None:
    hint = f"the header of {form.name}.csv is: {','.join(form.header)}"
    if not header:
        raise FieldError(name, 1, "header", "is missing", hint=hint)
    for column in header:
        if column not in form.header:
            near = difflib.get_close_matches(column, form.header, n=1)
            allowed = f"did you mean {near[0]!r}?" if near else hint
            raise FieldError(name, 1, "header", f"has an unknown column {column!r}", hint=allowed)
        if header.count(column) > 1:
            raise FieldError(name, 1, "header", f"has the column {column!r} twice", hint=hint)
    for column in form.header:
        if column not in header:
            raise FieldError(name, 1, "header", f"lacks the column {column!r}", hint=hint)


def _cast_row(raw: dict[str, str], form: Form, name: str, line: int) -> Row:
    values: dict[str, Any] = {}
    for column in form.columns:
        word = raw[column.name]
        try:
            values[column.name] = cast(word, column)
        except ValueError as problem:
            raise FieldError(
                name, line, column.name, f"is {word!r}; allowed: {problem}", hint=_missing_hint(column)
            ) from problem
    return Row(form, name, line, values, raw)


def cast(word: str, column: Column) -> Any:
    """The value of a cell, None for a missing word. Raises ValueError with what is allowed."""
    if word in MISSING:
        if column.required:
            raise ValueError(_allowed(column))
        return [] if column.kind is Kind.LIST else None
    match column.kind:
        case Kind.NUMBER if _NUMBER.fullmatch(word):
            return _within(float(word), column)
        case Kind.WHOLE if word.isascii() and word.isdigit():
            return int(_within(int(word), column))
        case Kind.CHOICE if word in column.allowed:
            return word
        case Kind.FLAG if word in ("yes", "no"):
            return word == "yes"
        case Kind.DAY:
            try:
                return date.fromisoformat(word)
            except ValueError as problem:
                raise ValueError(_allowed(column)) from problem
        case Kind.SLUG if _SLUG.fullmatch(word):
            return word
        case Kind.LIST:
            return [part.strip() for part in word.split(";") if part.strip()]
        case Kind.TEXT:
            return word
    raise ValueError(_allowed(column))


def _within(number: float, column: Column) -> float:
    if (column.least is not None and number < column.least) or (column.most is not None and number > column.most):
        raise ValueError(_allowed(column))
    return number


def _allowed(column: Column) -> str:
    match column.kind:
        case Kind.CHOICE:
            words = " | ".join(column.allowed)
        case Kind.FLAG:
            words = "yes | no"
        case Kind.DAY:
            words = "a date such as 2026-11-20"
        case Kind.SLUG:
            words = "an id of letters, digits, '.', '-' and '_'"
        case Kind.NUMBER | Kind.WHOLE:
            words = "a number with a point, such as 2.5" if column.kind is Kind.NUMBER else "a whole number"
            if column.least is not None:
                words += f", from {column.least:g}"
            if column.most is not None:
                words += f" to {column.most:g}"
        case _:
            words = "a text"
    return words


def _missing_hint(column: Column) -> str:
    if column.required:
        return "this cell may not be blank, NR or NA"
    return "a missing value is blank (not yet extracted), NR (not reported) or NA (not applicable)"


def _key_text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
