"""The rules of the house that import-linter cannot see, read from the source: `python -m tests.architecture.rules`.

Rule 2: SQL stands only in `review/database` and in a stage's `store.py` (or `NAME_store.py`, where one file would grow
too long), and a store names its own tables and views.
Rule 3: the command line and the web page never write to a store themselves.
Style: a sentence opens every file, no file above 500 lines, no print outside `cli/output.py`, no catch-all names.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STAGES = ("team", "search", "dedupe", "screening", "extraction", "appraisal", "synthesis", "reporting")
MOST_LINES = 500
CATCH_ALL = {"utils", "util", "helpers", "helper", "manager", "managers", "misc", "common"}

# a statement begins a text, a line of it, or a bracket; a sentence that merely says "select" does not match
_SQL = re.compile(
    r"(?:^|[\n(;])\s*(?:"
    r"select\b.*?\bfrom\s+[\w\"({]|select\s+(?:count|max|min|sum|coalesce)\s*\(|"
    r"with\s+(?:recursive\s+)?\w+\s*(?:\([^)]*\)\s*)?as\s*\(|insert\s+(?:or\s+\w+\s+)?into\s|delete\s+from\s|"
    r"update\s+[\w.\"{]+\s+set\s|truncate\s+(?:table\s)?\w|merge\s+into\s|"
    r"(?:create|alter|drop)\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+)?(?:table|view|schema|macro|sequence|index|type)\s|"
    r"comment\s+on\s+(?:view|table|column)\s|copy\s+[\w.\"({]+.*?\bto\s+'|attach\s+'|pragma\s+\w+"
    r")",
    re.IGNORECASE | re.DOTALL,
)
_NAMED = re.compile(
    r"\b(?:from|join|into|update|table|set)\s+\"?([a-z_]\w*)\"?\.\"?([a-z_]\w*)|,\s*([a-z_]\w*)\.([a-z_]\w*)\s+(?:as\s+)?\w+\s*(?:,|where|$)",
    re.IGNORECASE,
)
_TABLE_NAME = re.compile(r"^([a-z_]+)\.([a-z_]+)$")


@dataclass(frozen=True)
class Finding:
    """One place where a rule is broken."""

    file: str
    line: int
    rule: str
    words: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.words}"


def check_package(package: Path) -> list[Finding]:
    """Every finding in the Python files below *package* (the folder `review`)."""
    return [finding for path in sorted(package.rglob("*.py")) for finding in check_file(path, package=package)]


def check_file(path: Path, *, package: Path) -> list[Finding]:
    """Every finding in one file."""
    where = path.relative_to(package)
    text = path.read_text("utf-8")
    tree = ast.parse(text, filename=str(path))
    name = f"review/{where.as_posix()}"
    found = [
        *_style(tree, text, where=where),
        *_sql_outside(tree, where=where),
        *_foreign_tables(tree, where=where),
        *_imports(tree, where=where),
    ]
    return [Finding(name, line, rule, words) for line, rule, words in found]


_Found = Iterator[tuple[int, str, str]]


def _style(tree: ast.Module, text: str, *, where: Path) -> _Found:
    opening = (ast.get_docstring(tree) or "").split("\n\n")[0].strip()
    if not opening:
        yield 1, "style", "no docstring says what the file is for"
    elif opening[-1] not in ".:" or opening.count("\n") > 1:
        yield 1, "style", f"the opening is not a sentence: {opening.splitlines()[0]!r}"
    lines = text.count("\n")
    if lines > MOST_LINES:
        yield lines, "style", f"{lines} lines, {MOST_LINES} are allowed"
    for part in where.parts:
        if Path(part).stem in CATCH_ALL:
            yield 1, "style", f"{part!r} says nothing; name the file after the field"
    if where.as_posix() != "cli/output.py":
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                yield node.lineno, "style", "print outside cli/output.py"


def _sql_outside(tree: ast.Module, *, where: Path) -> _Found:
    if where.parts[0] == "database" or _is_store(where):
        return
    for line, words in _texts(tree):
        if _SQL.search(words):
            yield line, "rule 2", f"SQL outside database/ and store.py: {_short(words)}"


def _foreign_tables(tree: ast.Module, *, where: Path) -> _Found:
    """Tables of another room in a stage's store.py, in its SQL and in the steps of its batches."""
    if not _is_store(where):
        return
    own = where.parts[0]
    for line, words in _texts(tree):
        if exact := _TABLE_NAME.match(words):
            if exact.group(1) in STAGES and exact.group(1) != own:
                yield line, "rule 2", f"{words} belongs to {exact.group(1)}; read a v1 view instead"
        elif _SQL.search(words):
            for one, table, other, more in _NAMED.findall(words):
                schema = (one or other).lower()
                if schema in {*STAGES, "house"} and schema != own:
                    yield line, "rule 2", f"{schema}.{table or more} belongs to {schema}; read a v1 view instead"


def _imports(tree: ast.Module, *, where: Path) -> _Found:
    room = where.parts[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            words = name.split(".")
            if words[0] == "duckdb" and room != "database":
                yield node.lineno, "rule 2", "import duckdb outside database/"
            if room not in {"cli", "web"} or words[0] != "review":
                continue
            if len(words) == 3 and words[1] in STAGES and _names_a_store(words[2]):
                yield node.lineno, "rule 3", f"{room} imports {name}; call the stage's deed instead"
            if words[1:2] == ["database"] and words[-1] in {"Append", "Replace", "Batch"}:
                yield node.lineno, "rule 3", f"{room} imports {words[-1]}; a deed of the stage writes"
        if room in {"cli", "web"} and isinstance(node, ast.ImportFrom) and node.level:
            yield node.lineno, "style", "relative import; write review.…"


def _is_store(where: Path) -> bool:
    return len(where.parts) == 2 and where.parts[0] in STAGES and _names_a_store(where.stem)


def _names_a_store(word: str) -> bool:
    return word == "store" or word.endswith("_store")


def _texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every string of the code with its line; docstrings are left out, the holes of an f-string become `{}`."""
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            skipped.update(id(part) for part in node.values)
            yield (
                node.lineno,
                "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values),
            )
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.lineno, node.value


def _short(words: str) -> str:
    return " ".join(words.split())[:70]


def main(arguments: list[str]) -> int:
    """Print every finding in the package; 1 when there is one."""
    package = Path(arguments[0]) if arguments else Path(__file__).resolve().parents[2] / "review"
    findings = check_package(package)
    for finding in findings:
        sys.stdout.write(f"{finding}\n")
    count = sum(1 for _ in package.rglob("*.py"))
    sys.stdout.write(f"rules: {count} files read, {len(findings)} findings\n")
    return 1 if findings or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
