"""Edits study.toml as text: a block of a report comes or goes, and every other byte of the file stays as it is.

The text is edited and never written anew from what was parsed: comments, order, blank lines and line ends are the
people's. What the edit made is parsed again, and refused unless just that one report came or went.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from review.errors import ExtractionError, ProtocolError
from review.toml_file import parse_toml

_HEADER = re.compile(r"\s*\[\[?[^\[\]]*\]\]?\s*(?:#.*)?\Z", re.DOTALL)
_HINT = "mend study.toml by hand; in it each report is a block [[reports]], each arm a block [[arms]]"


@dataclass(frozen=True)
class Block:
    """A block [[reports]] in a text: its id, its line, and its first and last place, without the last line end."""

    id: str
    line: int
    start: int
    end: int


@dataclass(frozen=True)
class _Statement:
    """A header or a key with its whole value, without the line end."""

    start: int
    end: int
    header: bool


def decode(content: bytes, name: str) -> str:
    """The text of study.toml, a byte order mark included. Raises ExtractionError when it is not UTF-8."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        message = f"{name} line {line}: byte {problem.start} is not UTF-8"
        raise ExtractionError(message, hint="save the file as UTF-8") from problem


def parse(text: str, name: str) -> dict[str, Any]:
    """What the text holds. Raises ExtractionError with the line when it is not TOML."""
    try:
        return parse_toml(text.removeprefix("\ufeff"), name, hint="mend the line; TOML: text in quotes, one key a line")
    except ProtocolError as problem:
        raise ExtractionError(problem.message, hint=problem.hint) from problem


def report_blocks(text: str, name: str, *, table: str = "reports") -> list[Block]:
    """The reports (or arms) of *text* in order. Raises ExtractionError when it is not TOML, or they are no blocks."""
    return _blocks(text, name, parse(text, name), table)


def add_report(text: str, block: str, name: str, *, table: str = "reports") -> str:
    """*text* with *block* (lines from `[[reports]]` on, without a last line end) after its last report.

    `remove_report` of the same id gives *text* back byte for byte. With *table* "arms" the block is an arm. Raises
    ExtractionError when the id stands there already, or the text is such that the edit would change anything else.
    """
    before = parse(text, name)
    blocks = _blocks(text, name, before, table)
    new = parse(block, "the new block")[table][0]
    if taken := next((each for each in blocks if each.id == new.get("id")), None):
        message = f"{name} line {taken.line}: {table[:-1]} {taken.id} stands there already"
        raise ExtractionError(message, hint="every id stands once")
    at = blocks[-1].end if blocks else _end_of_top(text)
    if not blocks and table != "reports":
        at = max((statement.end for statement in _statements(text)), default=None)
    if at is None:
        message = f"{name} has no keys above its tables: study_id is missing"
        raise ExtractionError(message, hint=_HINT)
    end = _line_end(text, at)
    made = text[:at] + end + end + end.join(block.split("\n")) + text[at:]
    expected = {**before, table: [*before.get(table, []), new]}
    return _only(made, expected, name)


def remove_report(text: str, report_id: str, name: str) -> str:
    """*text* without the block of *report_id* and the blank line before it.

    Raises ExtractionError when there is no such block, or the edit would change anything else.
    """
    before = parse(text, name)
    blocks = _blocks(text, name, before, "reports")
    place = next((number for number, each in enumerate(blocks) if each.id == report_id), None)
    if place is None:
        known = ", ".join(each.id for each in blocks)
        message = f"{name} has no report {report_id!r}"
        raise ExtractionError(message, hint=f"its reports: {known}")
    start, end = blocks[place].start, blocks[place].end
    first = _start(text)
    # the blank line before it goes too; each other line keeps its own line end
    if text[first:start].endswith(("\n\n", "\n\r\n")):
        start = _without_line_end(text, start)
    if after := _terminator(text, end):
        end += len(after)
    elif start > first:
        start = _without_line_end(text, start)
    rest = [each for number, each in enumerate(before["reports"]) if number != place]
    expected = {key: value for key, value in before.items() if key != "reports"} | ({"reports": rest} if rest else {})
    return _only(text[:start] + text[end:], expected, name)


def block_of(text: str, own: str, name: str, *, table: str = "reports") -> str:
    """The block of the report (or arm) *own* as it stands in *text*, its lines joined by `\\n`."""
    found = next(each for each in report_blocks(text, name, table=table) if each.id == own)
    return text[found.start : found.end].replace("\r\n", "\n").lstrip()


def write_block(values: Mapping[str, str | int | None]) -> str:
    """A block [[reports]] of *values* in their order, its lines joined by `\\n`; what is None or blank is left out."""
    written = {key: toml_value(value) for key, value in values.items() if value is not None}
    lines = [f"{key} = {value}" for key, value in written.items() if value != '""']
    return "\n".join(["[[reports]]", *lines])


def toml_value(value: str | int | Sequence[str] | None) -> str:
    """*value* as TOML writes it, on one line; a text comes from strangers and may hold anything."""
    if value is None or isinstance(value, int):
        return str(value or 0)
    if not isinstance(value, str):
        return f"[{', '.join(toml_value(each) for each in value)}]"
    plain = " ".join(value.encode("utf-8", "replace").decode("utf-8").split())
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")


def _only(made: str, expected: dict[str, Any], name: str) -> str:
    """*made*, if it says just what is expected."""
    try:
        same = parse(made, name) == expected
    except ExtractionError:
        same = False
    if not same:
        message = f"{name}: the report cannot be edited without changing something else"
        raise ExtractionError(message, hint=_HINT)
    return made


def _blocks(text: str, name: str, content: Mapping[str, Any], table: str) -> list[Block]:
    header = re.compile(rf"\s*\[\[\s*(?:{table}|\"{table}\"|'{table}')\s*\]\]")
    statements = list(_statements(text))
    found: list[tuple[int, int]] = []
    for number, statement in enumerate(statements):
        if statement.header and header.match(text[statement.start : statement.end]):
            last = number
            while last + 1 < len(statements) and not statements[last + 1].header:
                last += 1
            found.append((statement.start, statements[last].end))
    reports = content.get(table, [])
    if not isinstance(reports, list) or len(reports) != len(found):
        line = next(
            (number for number, words in enumerate(text.split("\n"), start=1) if re.match(rf"\s*\W?{table}\b", words)),
            1,
        )
        message = f"{name} line {line}: {table} is not written as blocks [[{table}]]"
        raise ExtractionError(message, hint=_HINT)
    return [
        Block(str(report.get("id", "")), text.count("\n", 0, start) + 1, start, end)
        for report, (start, end) in zip(reports, found, strict=True)
    ]


def _statements(text: str) -> Iterator[_Statement]:
    """The headers and keys of a text that is TOML, in order; comments and blank lines are left out."""
    at = _start(text)
    while at < len(text):
        line = text[at : _newline(text, at)]
        if not line.strip() or line.lstrip().startswith("#"):
            at += len(line) + 1
            continue
        stop = _value_end(text, at)
        end = stop - 1 if text[:stop].endswith("\r") else stop
        yield _Statement(at, end, header=line.lstrip().startswith("[") and bool(_HEADER.match(text[at:end])))
        at = stop + 1


def _value_end(text: str, at: int) -> int:
    """Where the line ends on which the statement that begins at *at* ends: strings and lists may have several."""
    depth = 0
    while at < len(text):
        sign = text[at]
        if sign in "\"'":
            at = _string_end(text, at)
            continue
        if sign == "#":
            at = _newline(text, at)
            continue
        if sign == "\n" and depth <= 0:
            return at
        depth += (sign in "[{") - (sign in "]}")
        at += 1
    return len(text)


def _string_end(text: str, at: int) -> int:
    quote = text[at]
    mark = quote * 3 if text.startswith(quote * 3, at) else quote
    at += len(mark)
    while at < len(text) and not text.startswith(mark, at):
        at += 2 if text[at] == "\\" and quote == '"' else 1
    at += len(mark)
    # two more quotes may stand before the three that close: they are the text's own
    while len(mark) == 3 and text.startswith(quote, at):
        at += 1
    return at


def _newline(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _end_of_top(text: str) -> int | None:
    """The end of the last key that stands above all tables, or None without one."""
    end = None
    for statement in _statements(text):
        if statement.header:
            break
        end = statement.end
    return end


def _start(text: str) -> int:
    """Where the text begins: after the byte order mark that editors of Windows write."""
    return 1 if text.startswith("\ufeff") else 0


def _terminator(text: str, at: int) -> str:
    return "\r\n" if text.startswith("\r\n", at) else "\n" if text.startswith("\n", at) else ""


def _line_end(text: str, at: int) -> str:
    """The line end at *at*, or where the text stops there, its first."""
    return _terminator(text, at) or ("\r\n" if text.partition("\n")[0].endswith("\r") else "\n")


def _without_line_end(text: str, at: int) -> int:
    return at - (2 if text[:at].endswith("\r\n") else 1)
