"""`review check`: saved checks in the sandbox, then the strategies and extracted/; nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from review.database import Store
from review.database.open_views import OPEN
from review.errors import CheckFailed, ExtractionError, FormatError, QueryRefused, UsageProblem
from review.extraction import checks as extraction_checks
from review.flows.prisma_flow import broken_strategies, changed_strategies
from review.project import Project
from review.reporting.saved_queries import Severity, query_files, read_query
from review.screening.blinding import is_blinded
from review.screening.full_texts import FOLDER, file_sha256, is_sha256
from review.screening.report_store import read_kept
from review.screening.store import read_screeners

if TYPE_CHECKING:
    import polars as pl


_STRANGERS = "decisions_of_a_stranger"


@dataclass(frozen=True)
class CheckResult:
    """One check and the rows it found wrong."""

    name: str
    purpose: str
    severity: Severity
    rows: tuple[dict[str, Any], ...]
    left_out: bool = False

    @property
    def failed(self) -> bool:
        """Whether something is wrong that makes `review check` fail; a warning does not."""
        return bool(self.rows) and self.severity == "error"

    @property
    def summary(self) -> str:
        """`pass`, `FAIL` or `warn`, the name, and what the check looks for when it found something."""
        if self.left_out:
            return f"----  {self.name}: left out, it tells of others' decisions"
        if not self.rows:
            return f"pass  {self.name}"
        word = "FAIL" if self.severity == "error" else "warn"
        return f"{word}  {self.name}: {self.purpose} ({len(self.rows)})"

    @property
    def lines(self) -> tuple[str, ...]:
        """Each wrong row in one line, with file:line first where the row has them."""
        return tuple(_line(row) for row in self.rows)


def run_checks(store: Store, project: Project, *, reviewer: str | None = None) -> tuple[CheckResult, ...]:
    """Every query of queries/checks (the package's and the project's), then the findings in extracted/.

    For a *reviewer* who screens blind, without the checks that read what tells of others' decisions.
    """
    blinded = is_blinded(store, project, reviewer)
    # reading once makes the file and its views where they are not there yet: the sandbox only reads
    store.read("select 1")
    files = query_files("checks", project.queries)
    ours = {path.stem for path, own in files if not own}
    results = []
    for path, own in sorted(files, key=lambda found: (found[0].stem, found[1])):
        # a project's check stands beside the package's of the same name and replaces it nowhere
        name = f"{path.stem} (project's own)" if own and path.stem in ours else path.stem
        results.append(_run(store, path, name, only=OPEN if blinded else None))
    strangers = _left_out(_STRANGERS) if blinded else _strangers(store, project)
    found = (_broken(project), _strategies(store, project), strangers, _extraction(project))
    return (*results, *found, *_full_texts(store, project))


def _run(store: Store, path: Path, name: str, *, only: Mapping[str, str] | None) -> CheckResult:
    """One check, in the views *only* where they are given; one that cannot be run has failed, and stops no other."""
    try:
        query = read_query(path)
        rows = store.query(query.sql, query.bind({}) or None, only=only)
    except (FormatError, QueryRefused, UsageProblem) as problem:
        if only is not None and isinstance(problem, QueryRefused):
            return _left_out(name)
        named = problem.message if str(path) in problem.message else f"{path}: {problem.message}"
        return CheckResult(name, "this check cannot be run", "error", ({"problem": named},))
    return CheckResult(name, query.purpose, query.severity, tuple(rows.iter_rows(named=True)))


def _left_out(name: str) -> CheckResult:
    return CheckResult(name, "it tells of others' decisions", "warning", (), left_out=True)


def _broken(project: Project) -> CheckResult:
    rows = tuple({"strategy": name, "problem": problem.message} for name, problem in broken_strategies(project))
    return CheckResult("strategy_unreadable", "a strategy cannot be read", "error", rows)


def _strategies(store: Store, project: Project) -> CheckResult:
    changed = tuple(changed_strategies(store, project))
    purpose = "a strategy is not the one that was run; run it again"
    return CheckResult("strategy_changed_since_run", purpose, "error", changed)


def _strangers(store: Store, project: Project) -> CheckResult:
    named = {person.id for person in project.reviewers}
    rows = tuple({"reviewer": reviewer} for reviewer in sorted(read_screeners(store) - named))
    purpose = "somebody decided whom review.toml does not name; was an id changed?"
    return CheckResult(_STRANGERS, purpose, "warning", rows)


def _full_texts(store: Store, project: Project) -> tuple[CheckResult, ...]:
    """Whether each PDF that was attached is still there, and is the same.

    full_texts/ does not travel with git, so that a copy of a project may rightly lack it.
    """
    missing, changed = [], []
    for row in read_kept(store):
        # an id from elsewhere must not become a path
        named = is_sha256(row["file_sha256"])
        found = file_sha256(project.root / FOLDER / f"{row['file_sha256']}.pdf") if named else None
        if found is None:
            missing.append(row)
        elif found != row["file_sha256"]:
            changed.append({**row, "sha256_now": found})
    return (
        CheckResult("full_text_missing", f"a PDF that was attached is not in {FOLDER}/", "warning", tuple(missing)),
        CheckResult(
            "full_text_changed", f"a PDF in {FOLDER}/ is not the one that was attached", "error", tuple(changed)
        ),
    )


def findings_frame(results: tuple[CheckResult, ...]) -> pl.DataFrame:
    """check, severity, finding: one row for each wrong row."""
    import polars as pl

    rows = [
        {"check": result.name, "severity": result.severity, "finding": line}
        for result in results
        for line in result.lines
    ]
    return pl.DataFrame(rows, schema={"check": pl.String, "severity": pl.String, "finding": pl.String})


def refuse_errors(results: tuple[CheckResult, ...]) -> None:
    """Raise CheckFailed when a check of severity error found a row."""
    failed = [result for result in results if result.failed]
    if failed:
        wrong = sum(len(result.rows) for result in failed)
        rows = "1 row is" if wrong == 1 else f"{wrong} rows are"
        message = f"{rows} wrong in {', '.join(result.name for result in failed)}"
        raise CheckFailed(message, hint="each line above names the place; explain a finding in the study's remarks.csv")


def _extraction(project: Project) -> CheckResult:
    """The findings in extracted/ that nobody has looked at; a remark on the row says that somebody did."""
    name, purpose = "extracted_figures", "figures that their printed text does not show, or that cannot be"
    try:
        found = extraction_checks.findings(project)
    except ExtractionError as problem:
        # a file that cannot be read has failed, and takes no other check's findings with it
        return CheckResult(name, "extracted/ cannot be read", "error", ({"problem": problem.message},))
    return CheckResult(
        name,
        purpose,
        "error",
        tuple(
            {"file": one.file, "line": one.line, "problem": f"{one.field} {one.problem}"}
            for one in found
            if not one.looked_at
        ),
    )


def _line(row: dict[str, Any]) -> str:
    place = f"{row['file']}:{row['line']}: " if row.get("file") and row.get("line") is not None else ""
    rest = {name: value for name, value in row.items() if not (place and name in ("file", "line"))}
    words = [
        _value(value) if name == "problem" else f"{name} {_value(value)}"
        for name, value in rest.items()
        if value is not None
    ]
    return place + ", ".join(words)


def _value(value: Any) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
