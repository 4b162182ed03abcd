"""One judgements.toml: where its keys stand, and the study, sources and outcomes that it may name."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from review.errors import ExtractionError, FieldError, ProtocolError
from review.project import Project
from review.terms import Design
from review.toml_file import parse_toml


@dataclass(frozen=True)
class JudgedStudy:
    """What a judgement needs to know of its study; *randomised_until* in months."""

    id: str
    design: Design
    randomised_until: float | None
    sources: frozenset[str]


@dataclass(frozen=True)
class JudgementFile:
    """A file of judgements: its path as people see it, its reader, and the line of each key."""

    shown: str
    reader: str
    study: JudgedStudy
    outcomes: frozenset[str] | None
    lines: dict[tuple[str, ...], int]

    def line(self, result: str, key: str = "") -> int:
        """The line of *key* in the table *result*, or of the table."""
        return self.lines.get((result, key)) or self.lines.get((result,), 1)

    def refuse(self, result: str, key: str, problem: str, *, hint: str = "") -> NoReturn:
        """Raise FieldError for one key."""
        raise FieldError(self.shown, self.line(result, key), f"[{result}] {key}".strip(), problem, hint=hint)


def open_judgements(path: Path, project: Project) -> tuple[JudgementFile, dict[str, Any]]:
    """The file at *path* with what is known of its study, and its tables by name.

    Raises ExtractionError for a file that is not UTF-8 or not TOML, and for a study without a design.
    """
    shown = path.relative_to(project.root).as_posix()
    content, text = _toml(path, shown)
    study = _study(path.parent.parent, project)
    return JudgementFile(shown, path.parent.name, study, _outcomes(project), _key_lines(text)), content


def _toml(path: Path, shown: str) -> tuple[dict[str, Any], str]:
    try:
        text = path.read_text("utf-8")
        return parse_toml(text, shown, hint='TOML: text in quotes, one key a line, "1.1" in quotes'), text
    except UnicodeDecodeError as problem:
        message = f"{shown}: byte {problem.start} is not UTF-8"
        raise ExtractionError(message, hint="save the file as UTF-8") from problem
    except ProtocolError as problem:
        raise ExtractionError(problem.message, hint=problem.hint) from problem


def _study(folder: Path, project: Project) -> JudgedStudy:
    """Design and sources of the study whose folder it is."""
    path = folder / "study.toml"
    shown = path.relative_to(project.root).as_posix()
    if not path.is_file():
        message = f"{shown} is missing, so nothing in {folder.name} can be judged"
        raise ExtractionError(message, hint="a study begins with its study.toml")
    content, _ = _toml(path, shown)
    design = content.get("design")
    if design not in list(Design):
        message = f"{shown}: design is {design!r}; allowed: {' | '.join(Design)}"
        raise ExtractionError(message)
    sources: frozenset[str] = frozenset()
    if (folder / "sources.csv").is_file():
        with (folder / "sources.csv").open(encoding="utf-8", newline="") as lines:
            sources = frozenset(row.get("source_id") or "" for row in csv.DictReader(lines)) - {""}
    until = content.get("randomised_until_month")
    return JudgedStudy(folder.name, Design(design), float(until) if isinstance(until, int | float) else None, sources)


def _outcomes(project: Project) -> frozenset[str] | None:
    """The outcome ids of the vocabulary, or None where there is none."""
    path = project.extracted / "_vocabulary" / "outcome.csv"
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as lines:
        return frozenset(row.get("outcome_id") or "" for row in csv.DictReader(lines)) - {""}


def _key_lines(text: str) -> dict[tuple[str, ...], int]:
    """(table,) and (table, key) → line; tomllib tells no positions."""
    lines: dict[tuple[str, ...], int] = {}
    here = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if header := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$", line):
            here = header.group(1).strip("\"'")
            lines.setdefault((here,), number)
        elif key := re.match(r"""\s*(?:"([^"]+)"|'([^']+)'|([\w\-.]+))\s*=""", line):
            quoted, single, bare = key.groups()
            word = quoted or single or bare.partition(".")[0]
            lines.setdefault((here, word), number)
            lines.setdefault((here, f'"{word}"'), number)
    return lines
