"""Search strategies: queries/pubmed/NAME.toml, read line by line and checked before anything is asked.

A line is either words with field tags or a combination of earlier lines (`#1 OR #2`, `#7 AND #8`). The text
that is sent stands in full for each line: every `#n` is replaced by that line in brackets.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

from review.errors import ProtocolError, UsageProblem
from review.search.other_databases import with_signs
from review.search.records import sha256
from review.search.syntax import faults, holds_mesh
from review.toml_file import TomlTable, read_toml

SOURCES = ["PubMed"]
STATUSES = ["not run", "run"]
_REFERENCE = re.compile(r"#(\d{1,4})(?!\d)")
_COMBINATION = re.compile(r"^(?:#\d+|AND|OR|NOT|[\s()])+$")
_FILE = "P507"  # the lint's rules have numbers; this one is of the file's keys and values, whatever they say
_Value = TypeVar("_Value")
# far above any strategy that a person writes; a file from a stranger must not keep a machine busy
_LARGEST_FILE = 1_000_000
_MOST_LINES = 1_000
_LONGEST_LINE = 20_000
_LONGEST_QUERY = 300_000
_DEEPEST = 40


@dataclass(frozen=True)
class Refusal:
    """A mistake for which a strategy is not read: its rule, the line of the strategy (0: none), the exact words.

    `wrong` and `mend` are there where the words of the rule would be too general.
    """

    rule: str
    no: int
    words: str
    problem: ProtocolError
    wrong: str = ""
    mend: str = ""


Note = Callable[[Refusal], None]


@dataclass(frozen=True)
class Line:
    """One numbered line. `covers` are the ids of the vocabulary that its words search for.

    `at` is where its text stands in the file.
    """

    no: int
    label: str
    block: str
    text: str
    covers: tuple[str, ...]
    mesh: str
    at: int

    @property
    def combines(self) -> bool:
        """Whether the line only joins other lines."""
        return bool(_COMBINATION.match(self.text))

    @property
    def refers_to(self) -> tuple[int, ...]:
        """The numbers of the lines that it joins."""
        return tuple(int(number) for number in _REFERENCE.findall(_without_quotes(self.text)))


@dataclass(frozen=True)
class Strategy:
    """A strategy as its file says it; the last line is the search."""

    name: str
    version: str
    source: str
    status: str
    recall: str
    note: str
    lines: tuple[Line, ...]
    sha256: str
    path: Path

    def line(self, no: int) -> Line:
        """The line of that number, counted from 1."""
        return self.lines[no - 1]

    def resolved(self, no: int) -> str:
        """The text of a line with every `#n` replaced by that line in brackets."""
        texts: dict[int, str] = {}
        for number in sorted(_used(self, no)):
            line = self.line(number)
            texts[number] = (
                _REFERENCE.sub(lambda found: f"({texts[int(found.group(1))]})", line.text)
                if line.refers_to
                else line.text
            )
        return texts[no]

    @property
    def query(self) -> str:
        """What is searched: the last line, in full."""
        return self.resolved(len(self.lines))

    @property
    def covered(self) -> dict[str, tuple[str, ...]]:
        """Block → the ids that its lines cover."""
        ids: dict[str, list[str]] = {}
        for line in self.lines:
            ids.setdefault(line.block, []).extend(line.covers)
        return {block: tuple(found) for block, found in ids.items()}

    @property
    def standing(self) -> str:
        """What may be claimed of it: `not run; recall not measured`."""
        return f"{self.status}; recall {self.recall}"


def load_strategy(path: Path) -> Strategy:
    """Read and check one strategy. Raises ProtocolError with file, line, value and what is allowed."""
    return read_strategy(path, note=_refuse)


def read_strategy(path: Path, *, note: Note) -> Strategy:
    """Read one strategy and hand each mistake to *note*, in the order of the file; what is wrong is left empty.

    What cannot be read at all, or is no TOML, raises ProtocolError all the same.
    """
    if path.exists() and not path.is_file():
        message = f"{path} is no regular file"
        raise ProtocolError(message)
    if path.exists() and path.stat().st_size > _LARGEST_FILE:
        message = f"{path} is larger than {_LARGEST_FILE:,} bytes"
        raise ProtocolError(message, hint="is it a strategy? one is a few kilobytes of text")
    top, text = read_toml(path)

    def tried(ask: Callable[[], _Value], instead: _Value) -> _Value:
        try:
            return ask()
        except ProtocolError as problem:
            note(Refusal(_FILE, 0, "", problem))
            return instead

    name = tried(lambda: top.slug("name"), path.stem)
    if name != path.stem:
        tried(lambda: top.refuse("name", name, f"{path.stem!r}, the name of the file"), None)
    tables: list[TomlTable] = tried(lambda: top.tables("line"), [])
    if len(tables) > _MOST_LINES:
        message = f"{path} has {len(tables):,} lines; allowed: at most {_MOST_LINES:,}"
        raise ProtocolError(message)
    strategy = Strategy(
        name=name,
        version=tried(lambda: top.text("version"), ""),
        source=tried(lambda: top.choice("source", SOURCES), SOURCES[0]),
        status=tried(lambda: top.choice("status", STATUSES), STATUSES[0]),
        recall=tried(lambda: top.text("recall", default="not measured"), ""),
        note=tried(lambda: top.text("note", default=""), ""),
        lines=tuple(_read_line(table, no, note) for no, table in enumerate(tables, start=1)),
        sha256=sha256(text),
        path=path,
    )
    _check_keys(top, tables, note)
    for table, line in zip(tables, strategy.lines, strict=True):
        _check_line(table, line, note)
    if tables:
        _check_use(tables[-1], strategy, note)
        _check_length(tables[-1], strategy)
    return strategy


def strategies(folder: Path) -> list[Path]:
    """The strategy files of a project's queries folder."""
    return sorted((folder / "pubmed").glob("*.toml"))


def find_strategy(folder: Path, name: str) -> Strategy:
    """The strategy *name* of a project's queries folder. Raises UsageProblem when there is none."""
    for path in strategies(folder):
        if path.stem == name:
            return load_strategy(path)
    known = ", ".join(path.stem for path in strategies(folder)) or "none"
    message = f"no strategy {name!r} in {folder / 'pubmed'}; there: {known}"
    raise UsageProblem(message, hint="a strategy is a file NAME.toml in queries/pubmed")


def unknown_covers(strategy: Strategy, folder: Path) -> list[tuple[int, str]]:
    """(number of the line, id) where a line covers an id that the vocabulary in *folder* lacks.

    Nothing where the folder has no vocabulary: then there is nothing to compare with.
    """
    known = vocabulary_ids(folder)
    return [(line.no, name) for line in strategy.lines for name in line.covers if known and name not in known]


def vocabulary_ids(folder: Path) -> set[str]:
    """The ids of conditions and cell sources in *folder*; none where it has no vocabulary."""
    known: set[str] = set()
    for name, column in (("condition.csv", "condition_id"), ("cell_source.csv", "cell_source_id")):
        path = folder / name
        if path.is_file():
            with path.open(encoding="utf-8-sig", newline="") as text:
                known |= {row.get(column) or "" for row in csv.DictReader(text)}
    return known


def span(numbers: Sequence[int]) -> str:
    """Numbers of lines in one word for each run of them: `#1 to #6, #8`."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"#{run[0]}" if len(run) == 1 else f"#{run[0]} to #{run[-1]}" for run in runs)


def _refuse(refusal: Refusal) -> NoReturn:
    raise refusal.problem


def _read_line(table: TomlTable, no: int, note: Note) -> Line:
    def tried(ask: Callable[[], _Value], instead: _Value) -> _Value:
        try:
            return ask()
        except ProtocolError as problem:
            note(Refusal(_FILE, no, "", problem))
            return instead

    return Line(
        no=no,
        label=tried(lambda: table.text("label"), ""),
        block=tried(lambda: table.text("block"), ""),
        text=tried(lambda: _line_text(table), ""),
        covers=tried(lambda: table.texts("covers", default=()), ()),
        mesh=tried(lambda: table.choice("mesh", ["unverified", "verified", "none"], default="none"), "unverified"),
        at=table.line("text"),
    )


def _line_text(table: TomlTable) -> str:
    """The text of a line, blanks as one. Refuses what no person writes by hand, and no machine should walk through."""
    text = " ".join(table.text("text").split())
    if len(text) > _LONGEST_LINE:
        allowed = f"at most {_LONGEST_LINE:,}; split the line and join the parts"
        table.refuse("text", f"{len(text):,} characters", allowed)
    depth = deepest = 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        deepest = max(deepest, depth)
    if deepest > _DEEPEST:
        table.refuse("text", f"{deepest} brackets in each other", f"at most {_DEEPEST}")
    return text


def _check_length(last: TomlTable, strategy: Strategy) -> None:
    """Refuse a strategy whose lines, put into each other, grow beyond what can be asked."""
    lengths: dict[int, int] = {}
    for line in strategy.lines:
        lengths[line.no] = len(line.text) + sum(lengths.get(number, 0) for number in line.refers_to)
        if lengths[line.no] > _LONGEST_QUERY:
            wrong = f"#{line.no} with {lengths[line.no]:,} characters when its lines are put in"
            last.refuse("text", wrong, f"at most {_LONGEST_QUERY:,}")


def _check_keys(top: TomlTable, tables: list[TomlTable], note: Note) -> None:
    """Refuse keys that are unknown: the first of the file, then the first of each line."""
    told: set[str] = set()
    for no, table in enumerate((top, *tables)):
        try:
            table.refuse_unknown()
        except ProtocolError as problem:
            if problem.message not in told:
                note(Refusal(_FILE, no, "", problem))
            told.add(problem.message)


def _check_line(table: TomlTable, line: Line, note: Note) -> None:
    """Refuse what PubMed would read otherwise than it was meant, or not at all."""

    def refuse(
        rule: str, words: str, key: str, value: str | None, allowed: str, *, wrong: str = "", mend: str = ""
    ) -> None:
        try:
            table.refuse(key, value, allowed)
        except ProtocolError as problem:
            note(Refusal(rule, line.no, words, problem, wrong, mend))

    for number in line.refers_to:
        if not 1 <= number < line.no:
            earlier = (
                f"#1 to #{line.no - 1}" if line.no > 2 else "#1" if line.no == 2 else "and the first line has none"
            )
            refuse("P505", f"#{number}", "text", f"#{number}", f"the number of an earlier line, {earlier}")
    for fault in faults(line.text) if line.text else ():
        refuse(fault.rule, fault.words, "text", line.text[:80], fault.allowed, wrong=fault.wrong, mend=fault.mend)
    if holds_mesh(line.text) and line.mesh == "none":
        allowed = '"unverified" or "verified", because the line holds a MeSH term'
        refuse("P301", "", "mesh", None, allowed)


def _check_use(last: TomlTable, strategy: Strategy, note: Note) -> None:
    """Refuse a line that the search does not use; not where lines are joined by numbers without their sign."""
    if any(with_signs(line.text) for line in strategy.lines):
        return
    used = _used(strategy, len(strategy.lines))
    idle = [line.no for line in strategy.lines if line.no not in used]
    if idle and len(strategy.lines) > 1:
        names = ", ".join(f"#{no}" for no in idle)
        try:
            last.refuse("text", strategy.lines[-1].text[:80], f"a last line that uses every other; {names} is in none")
        except ProtocolError as problem:
            note(Refusal("P506", len(strategy.lines), names, problem))


def _used(strategy: Strategy, no: int) -> set[int]:
    """The numbers of the lines that a line is made of, itself among them."""
    found, due = {no}, [no]
    while due:
        at = due.pop()
        # a reference to itself or a later line is told of, and a circle would have no end
        fresh = {number for number in strategy.line(at).refers_to if 1 <= number < at} - found
        found |= fresh
        due += fresh
    return found


def _without_quotes(text: str) -> str:
    return re.sub(r'"[^"]*"', '""', text)
