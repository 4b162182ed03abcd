"""Reads and runs the SQL files of queries/reports and queries/checks, of the package and of the project.

A file begins with comment lines: `-- name: x`, `-- purpose: ...`, `-- parameter k: text[, default ...]`,
`-- severity: error|warning`, `-- columns: ...`. One SELECT follows. A project's report replaces the package's of the
same name; a check of the package cannot be replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from review.errors import FormatError, UsageProblem
from review.paths import shipped

Folder = Literal["reports", "checks"]
Severity = Literal["error", "warning"]
_HEADER = re.compile(r"^--\s*(name|purpose|severity|columns|parameter\s+(\w+)):\s*(.*)$")
_TYPES: dict[str, Callable[[str], object]] = {
    "text": str,
    "integer": int,
    "number": float,
    "date": date.fromisoformat,
}


@dataclass(frozen=True)
class Parameter:
    """One value that the query is bound to; without a default it must be given."""

    name: str
    type: str
    default: str | None

    def value(self, text: str) -> object:
        """*text* as the parameter's type. Raises UsageProblem."""
        try:
            return _TYPES[self.type](text)
        except ValueError as problem:
            message = f"parameter {self.name} is {text!r}, which is not of type {self.type}"
            raise UsageProblem(message, hint="dates are written 2026-01-31") from problem


@dataclass(frozen=True)
class SavedQuery:
    """One file of SQL with its header."""

    name: str
    purpose: str
    severity: Severity
    columns: str
    parameters: tuple[Parameter, ...]
    sql: str
    path: Path
    own: bool = False

    def bind(self, given: Mapping[str, str]) -> dict[str, object]:
        """The values for the query's parameters. Raises UsageProblem for an unknown or a missing one."""
        allowed = ", ".join(f"{item.name} ({item.type})" for item in self.parameters) or "none"
        unknown = sorted(set(given) - {item.name for item in self.parameters})
        if unknown:
            message = f"{self.name} has no parameter {', '.join(unknown)}; it takes: {allowed}"
            raise UsageProblem(message, hint=f"the header of {self.path} lists them")
        values: dict[str, object] = {}
        for item in self.parameters:
            text = given.get(item.name, item.default)
            if text is None:
                message = f"{self.name} needs the parameter {item.name}; it takes: {allowed}"
                raise UsageProblem(message, hint=f"review query {self.name} --param {item.name}=VALUE")
            values[item.name] = None if text == "" else item.value(text)
        return values


def saved_queries(folder: Folder, project_queries: Path | None = None) -> dict[str, SavedQuery]:
    """Name → query of the package, then of the project, which may replace one by the same name."""
    found = {path.stem: read_query(path, own=own) for path, own in query_files(folder, project_queries)}
    return dict(sorted(found.items()))


def query_files(folder: Folder, project_queries: Path | None = None) -> list[tuple[Path, bool]]:
    """(file, whether it is the project's own), the package's first; a mere copy of a shipped file is left out."""
    ours = {path.name: path for path in sorted((shipped("queries") / folder).glob("*.sql"))}
    theirs = sorted((project_queries / folder).glob("*.sql")) if project_queries else []
    own = [path for path in theirs if path.name not in ours or path.read_bytes() != ours[path.name].read_bytes()]
    return [*((path, False) for path in ours.values()), *((path, True) for path in own)]


def read_query(path: Path, *, own: bool = False) -> SavedQuery:
    """The query in *path*. Raises FormatError where its header is not one."""
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as problem:
        message = f"{path}: not UTF-8 at byte {problem.start}"
        raise FormatError(message, hint="save the file as UTF-8") from problem
    except OSError as problem:
        message = f"{path} cannot be read: {problem.strerror}"
        raise FormatError(message) from problem
    header: dict[str, str] = {}
    parameters = []
    for line, content in enumerate(text.splitlines(), start=1):
        if content.strip() and not content.startswith("--"):
            break
        match = _HEADER.match(content)
        if match is None:
            continue
        if match[2]:
            parameters.append(_parameter(match[2], match[3], path=path, line=line))
        else:
            header[match[1]] = match[3].strip()
    for word in ("name", "purpose"):
        if not header.get(word):
            message = f"{path}: the header has no line '-- {word}: ...'"
            raise FormatError(message, hint="docs/guides/add-a-query.md shows a header")
    if header["name"] != path.stem:
        message = f"{path}: the header says name {header['name']!r}, the file is called {path.stem!r}"
        raise FormatError(message)
    severity = header.get("severity", "error")
    if severity not in ("error", "warning"):
        message = f"{path}: severity is {severity!r}; allowed: error, warning"
        raise FormatError(message)
    return SavedQuery(
        name=path.stem,
        purpose=header["purpose"],
        severity="warning" if severity == "warning" else "error",
        columns=header.get("columns", ""),
        parameters=tuple(parameters),
        sql=text,
        path=path,
        own=own,
    )


def _parameter(name: str, words: str, *, path: Path, line: int) -> Parameter:
    kind, _, default = words.partition(",")
    kind, default = kind.strip(), default.strip()
    if kind not in _TYPES:
        message = f"{path} line {line}: parameter {name} has type {kind!r}; allowed: {', '.join(_TYPES)}"
        raise FormatError(message)
    if default and not default.startswith("default"):
        message = f"{path} line {line}: after the type of {name} may stand only ', default VALUE'"
        raise FormatError(message)
    return Parameter(name, kind, default.removeprefix("default").strip() if default else None)
