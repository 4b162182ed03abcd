"""The table that every writer takes: columns, rows in groups, footnotes and notes, without any look."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Value = str | int | float | None
Kind = Literal["text", "number"]

# what a terminal would obey and no document can hold: control characters, overrides of the direction, no-characters
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")

SIMULATED = "SIMULATED: an example project with made-up records and decisions; nothing here is evidence"


@dataclass(frozen=True)
class Column:
    """One column; a *number* is right-aligned and printed with *digits* decimals.

    *drop* says how early a narrow screen may leave the column out (0 = never, 1 = first, 2 = next ...). The words of
    a *whole* column are never broken, so that they can be copied.
    """

    key: str
    header: str
    kind: Kind = "text"
    digits: int = 0
    drop: int = 0
    whole: bool = False


@dataclass(frozen=True)
class Row:
    """One line: a value for each column, the group it stands in, the places of its footnotes."""

    cells: tuple[Value, ...]
    group: str = ""
    marks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table before it has a format; every writer repeats *banner*, so that no output goes without it."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    footnotes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    banner: str = ""

    def groups(self) -> Iterator[tuple[str, tuple[Row, ...]]]:
        """(label, rows) in the order of the rows; a table without groups is one group without a label."""
        start = 0
        for place in range(1, len(self.rows) + 1):
            if place == len(self.rows) or self.rows[place].group != self.rows[start].group:
                yield self.rows[start].group, self.rows[start:place]
                start = place

    def without(self, keys: Sequence[str]) -> Table:
        """The table without the columns *keys*."""
        stay = [place for place, column in enumerate(self.columns) if column.key not in keys]
        return replace(
            self,
            columns=tuple(self.columns[place] for place in stay),
            rows=tuple(replace(row, cells=tuple(row.cells[place] for place in stay)) for row in self.rows),
        )


def legible(words: str) -> str:
    """*words* with a replacement character for each one that no document can hold."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", words)


def legible_table(table: Table) -> Table:
    """*table* with every text made legible."""
    return Table(
        caption=legible(table.caption),
        columns=tuple(replace(column, header=legible(column.header)) for column in table.columns),
        rows=tuple(
            replace(
                row,
                cells=tuple(legible(cell) if isinstance(cell, str) else cell for cell in row.cells),
                group=legible(row.group),
            )
            for row in table.rows
        ),
        footnotes=tuple(map(legible, table.footnotes)),
        notes=tuple(map(legible, table.notes)),
        banner=legible(table.banner),
    )


def shown(value: Value, column: Column) -> str:
    """*value* as people read it: a true minus sign, fixed decimals, nothing for a missing one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:.{column.digits}f}".replace("-", "−")
    return value


def mark(place: int) -> str:
    """The letter of the footnote at *place*: a, b ... z, aa, ab."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters
