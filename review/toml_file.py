"""A TOML file read key by key: every complaint names file, line, key, the value found and what is allowed.

tomllib tells no positions, so the lines are found by a second, simple pass over the text.
"""

from __future__ import annotations

import difflib
import re
import sys
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

from review.errors import ProtocolError


def read_toml(path: Path) -> tuple[TomlTable, str]:
    """The top table of the file and its text. Raises ProtocolError when it is missing, not UTF-8 or not TOML."""
    try:
        text = path.read_text("utf-8-sig")  # editors of Windows write a byte order mark
    except OSError as problem:
        message = f"{path} cannot be read: {problem.strerror}"
        raise ProtocolError(message) from problem
    except UnicodeDecodeError as problem:
        message = f"{path}: byte {problem.start} is not UTF-8"
        raise ProtocolError(message, hint="save the file as UTF-8") from problem
    content = parse_toml(text, path, hint="TOML: text in quotes, dates and numbers bare, one key a line")
    return TomlTable(content, path=path, lines=_key_lines(text)), text


def parse_toml(text: str, shown: Path | str, *, hint: str) -> dict[str, Any]:
    """The content of *text*, of the file *shown*. Raises ProtocolError with *hint* when it is not TOML."""
    try:
        return tomllib.loads(text)
    except RecursionError as problem:
        message = f"{shown}: lists or tables are nested too deeply"
        raise ProtocolError(message, hint=hint) from problem
    except ValueError as problem:
        # beside its own error tomllib lets out Python's, for a number of thousands of digits
        said = problem if isinstance(problem, tomllib.TOMLDecodeError) else "a number has too many digits"
        message = f"{shown}: {said}"
        raise ProtocolError(message, hint=hint) from problem


class TomlTable:
    """One table of review.toml; remembers which keys were asked for, so that the others can be refused."""

    def __init__(
        self, content: dict[str, Any], *, path: Path, lines: dict[tuple[str, ...], int], at: tuple[str, ...] = ()
    ) -> None:
        self.path = path
        self._content = content
        self._lines = lines
        self._at = at
        self._asked: set[str] = set()
        self._children: list[TomlTable] = []

    @property
    def content(self) -> dict[str, Any]:
        """The table as it was read, to see which keys it has."""
        return dict(self._content)

    def table(self, key: str, *, required: bool = True) -> TomlTable:
        """The table [key]."""
        value = self._get(key, {} if not required else None, kind=dict, allowed=f"a table [{key}]")
        return self._child(value, key)

    def tables(self, key: str) -> list[TomlTable]:
        """The tables [[key]]; at least one."""
        value = self._get(key, None, kind=list, allowed=f"one or more tables [[{'.'.join((*self._at, key))}]]")
        if not value or not all(isinstance(item, dict) for item in value):
            self.refuse(key, value, f"one or more tables [[{'.'.join((*self._at, key))}]]")
        return [self._child(item, f"{key}#{place}") for place, item in enumerate(value)]

    def text(self, key: str, *, default: str | None = None) -> str:
        """A text; without a default it may not be empty."""
        value = self._get(key, default, kind=str, allowed="a text in quotes")
        if default is None and not value.strip():
            self.refuse(key, value, "a text that is not empty")
        return str(value)

    def slug(self, key: str) -> str:
        """An id: letters, digits, dot, dash and underscore."""
        value = self.text(key)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", value):
            self.refuse(key, value, "an id of letters, digits, '.', '-' and '_'")
        return value

    def texts(self, key: str, *, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts."""
        value = self._get(key, list(default) if default is not None else None, kind=list, allowed="a list of texts")
        if not all(isinstance(item, str) and item.strip() for item in value):
            self.refuse(key, value, "a list of texts in quotes")
        return tuple(value)

    def choice(self, key: str, allowed: list[str], *, default: str | None = None) -> str:
        """One of the allowed words."""
        value = self._get(key, default, kind=str, allowed=" | ".join(allowed))
        if value not in allowed:
            self.refuse(key, value, " | ".join(allowed))
        return str(value)

    def choices(self, key: str, allowed: list[str], *, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Some of the allowed words."""
        values = self.texts(key, default=default)
        for value in values:
            if value not in allowed:
                self.refuse(key, value, " | ".join(allowed))
        return values

    def flag(self, key: str, *, default: bool) -> bool:
        """true or false."""
        return bool(self._get(key, default, kind=bool, allowed="true | false"))

    def whole(self, key: str, *, least: int, most: int = 2**31 - 1, default: int | None = None) -> int:
        """A whole number within bounds; without an upper one, what the database can hold."""
        bounds = f"a whole number from {least} to {most}"
        value = self._get(key, default, kind=int, allowed=bounds)
        if isinstance(value, bool) or not least <= value <= most:
            self.refuse(key, value, bounds)
        return int(value)

    def number(self, key: str, *, least: float, most: float | None = None, default: float | None = None) -> float:
        """A number within bounds."""
        bounds = f"a number from {least:g}" + (f" to {most:g}" if most is not None else "")
        value = self._get(key, default, kind=(int, float), allowed=bounds)
        if isinstance(value, bool) or not least <= value <= (most if most is not None else sys.float_info.max):
            self.refuse(key, value, bounds)
        return float(value)

    def number_or_none(self, key: str) -> float | None:
        """A number, or None where the key is missing."""
        return self.number(key, least=0) if key in self._content else None

    def span(self, key: str) -> tuple[float, float] | None:
        """Two numbers, the lower first, or None where the key is missing."""
        if key not in self._content:
            return None
        value = self._get(key, None, kind=list, allowed="two numbers such as [0, 100]")
        numbers = [item for item in value if isinstance(item, int | float) and not isinstance(item, bool)]
        finite = all(abs(number) <= sys.float_info.max for number in numbers)
        if len(value) != 2 or len(numbers) != 2 or not finite or numbers[0] >= numbers[1]:
            self.refuse(key, value, "two numbers, the lower first, such as [0, 100]")
        return float(numbers[0]), float(numbers[1])

    def day(self, key: str) -> date | None:
        """A date, or None where it is blank or missing."""
        value = self._content.get(key, "")
        self._asked.add(key)
        if isinstance(value, date):
            return value
        if value == "":
            return None
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.refuse(key, value, "a date such as 2026-11-20, or blank")
        return None

    def refuse(self, key: str, value: object, allowed: str) -> None:
        """Raise ProtocolError for the value of *key*."""
        name = ".".join(part.split("#")[0] for part in (*self._at, key))
        shown = "missing" if value is None else f"{_shown(value)}, which is not allowed"
        message = f"{self.path} line {self._line(key)}: {name} is {shown}; allowed: {allowed}"
        raise ProtocolError(message, hint=f"mend {name} in {self.path.name}")

    def refuse_repeats(self, key: str, values: list[Any]) -> None:
        """Raise ProtocolError when an id stands twice."""
        twice = next((value for value in values if values.count(value) > 1), None)
        if twice is not None:
            message = f"{self.path}: {key}: {str(twice)!r} stands twice"
            raise ProtocolError(message, hint="every id stands once")

    def refuse_unknown(self) -> None:
        """Raise ProtocolError for a key that nobody asked for, here and in the tables below."""
        unknown = [key for key in self._content if key not in self._asked]
        if unknown:
            key = unknown[0]
            name = ".".join(part.split("#")[0] for part in (*self._at, key))
            near = difflib.get_close_matches(key, sorted(self._asked), n=1)
            allowed = ", ".join(sorted(self._asked))
            message = f"{self.path} line {self._line(key)}: unknown key {name!r}; allowed here: {allowed}"
            raise ProtocolError(message, hint=f"did you mean {near[0]!r}?" if near else "remove it")
        for child in self._children:
            child.refuse_unknown()

    def line(self, key: str) -> int:
        """The line of the file at which *key* stands, or the nearest table above it."""
        return self._line(key)

    def _child(self, content: dict[str, Any], name: str) -> TomlTable:
        child = TomlTable(content, path=self.path, lines=self._lines, at=(*self._at, name))
        self._children.append(child)
        return child

    def _get(self, key: str, default: Any, *, kind: type | tuple[type, ...], allowed: str) -> Any:
        self._asked.add(key)
        value = self._content.get(key, default)
        if value is None or not isinstance(value, kind):
            self.refuse(key, value, allowed)
        return value

    def _line(self, key: str) -> int:
        """The line of *key*, or of the nearest table above it."""
        place = (*self._at, key)
        while place:
            for found in (place, (*place[:-1], f"{place[-1]}#0")):
                if found in self._lines:
                    return self._lines[found]
            place = place[:-1]
        return 1


def _shown(value: object) -> str:
    """*value* as it stands in a complaint: whole where that is short."""
    try:
        words = repr(value)
    except (ValueError, RecursionError):  # Python writes no number of more than 4300 digits
        return "a value of great length"
    return words if len(words) <= 120 else f"{words[:100]}..."


def _key_lines(text: str) -> dict[tuple[str, ...], int]:
    """Where each key and table of the text stands; the n-th [[table]] is called `table#n`."""
    lines: dict[tuple[str, ...], int] = {}
    here: tuple[str, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if header := re.match(r"\s*\[\[\s*([\w.\-]+)\s*\]\]", line):
            words = tuple(header.group(1).split("."))
            counts[words] = counts.get(words, -1) + 1
            here = (*words[:-1], f"{words[-1]}#{counts[words]}")
            lines.setdefault(here, number)
        elif header := re.match(r"\s*\[\s*([\w.\-]+)\s*\]", line):
            here = tuple(header.group(1).split("."))
            lines.setdefault(here, number)
        elif key := re.match(r"\s*([\w\-]+)\s*=", line):
            lines.setdefault((*here, key.group(1)), number)
    return lines
