"""Reviews a strategy as a colleague would, by the elements of PRESS 2015, and asks nobody: every remark at once.

No remark is acted on: each mend says whether it changes what is found, and a person decides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from review.errors import CheckFailed, ProtocolError, UsageProblem
from review.search.lint_checks import Reading, findings
from review.search.lint_rules import RULES, Rule, Severity
from review.search.strategy import Refusal, Strategy, read_strategy, strategies, vocabulary_ids

if TYPE_CHECKING:
    import polars as pl

_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "advice": 2}
_PLACE = re.compile(r" line (\d+): ")


@dataclass(frozen=True)
class Remark:
    """One remark: its place in the file and in the strategy, the rule, the exact words, what is wrong, how to mend."""

    strategy: str
    file: str
    at: int
    no: int
    label: str
    rule: Rule
    words: str
    wrong: str
    mend: str


def lint(path: Path, *, vocabulary: Collection[str] = ()) -> tuple[Remark, ...]:
    """Every remark on the strategy in *path*: errors first, then in the order of the lines.

    What is refused when a strategy is read is an error here, and hides nothing. *vocabulary* are the ids that
    `covers` may name; empty: any.
    """
    refusals: list[Refusal] = []
    try:
        strategy = read_strategy(path, note=refusals.append)
    except ProtocolError as problem:
        rule = RULES["P507"]
        return (Remark(path.stem, path.name, 1, 0, "", rule, "", _without_place(problem, path), problem.hint),)
    try:
        remarks = _together([*(_refused(one, strategy) for one in refusals), *_found(strategy, vocabulary)])
    except RecursionError as problem:
        message = f"{path}: its brackets and operators are nested too deeply to be looked at"
        raise ProtocolError(message, hint="split the line and join the parts by their numbers") from problem
    return tuple(sorted(remarks, key=lambda one: (_ORDER[one.rule.severity], one.no, one.rule.id)))


def lint_all(folder: Path, named: Sequence[str], *, vocabulary: Path) -> dict[str, tuple[Remark, ...]]:
    """Name → remarks of the strategies of a queries folder: those *named* (a name, or a path to a file), else all.

    Raises UsageProblem for a name that is no strategy and for a file that is not there.
    """
    here = {path.stem: path for path in strategies(folder)}
    chosen: dict[str, Path] = {}
    for name in named or here:
        path = here.get(name) or Path(name)
        if path.suffix != ".toml" and name not in here:
            known = ", ".join(here) or "none"
            message = f"no strategy {name!r} in {folder / 'pubmed'}; there: {known}"
            raise UsageProblem(message, hint="give the name of a strategy, or the path of a .toml file")
        if not path.exists():
            message = f"there is no file {path}"
            raise UsageProblem(message)
        chosen[name] = path
    ids = vocabulary_ids(vocabulary)
    return {name: lint(path, vocabulary=ids) for name, path in chosen.items()}


def summary(strategy: Strategy, *, vocabulary: Collection[str] = ()) -> str:
    """The remarks on a strategy in one line, or nothing where there are none."""
    counts = Counter(one.rule.severity for one in _together(list(_found(strategy, vocabulary))))
    if not counts:
        return ""
    return f"{strategy.name}: the lint has {_counted(counts)} (review search lint {strategy.name})"


def lint_frame(remarks: Sequence[Remark]) -> pl.DataFrame:
    """Remarks as rows."""
    import polars as pl

    rows = [
        (r.strategy, r.rule.severity, r.rule.id, f"#{r.no}" if r.no else "", r.label, r.file, r.at, r.rule.element,
         r.words, r.wrong, r.mend)
        for r in remarks
    ]  # fmt: skip
    schema = {
        "strategy": pl.String, "severity": pl.String, "rule": pl.String, "line": pl.String, "label": pl.String,
        "file": pl.String, "file_line": pl.Int64, "element": pl.String, "words": pl.String, "wrong": pl.String,
        "mend": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def as_text(name: str, remarks: Sequence[Remark]) -> str:
    """The report on one strategy for people: a head with the counts, then the remarks."""
    counts = Counter(one.rule.severity for one in remarks)
    said = [f"{name}: {_counted(counts) or 'no remarks'}"]
    for one in remarks:
        where = f"#{one.no} {one.label}".rstrip() if one.no else "the whole strategy"
        said.append("")
        said.append(f"{one.rule.severity} {one.rule.id} ({one.rule.element}), {one.file}:{one.at}, {where}")
        said.append(f"  {one.words}: {one.wrong}" if one.words else f"  {one.wrong}")
        if one.mend:
            said.append(f"  mend: {one.mend}")
    return "\n".join(said)


def refuse_errors(remarks: Sequence[Remark]) -> None:
    """Raise CheckFailed where a strategy has an error; warnings and advice pass."""
    broken = [one for one in remarks if one.rule.severity == "error"]
    if broken:
        names = ", ".join(dict.fromkeys(one.strategy for one in broken))
        message = f"the lint found {len(broken)} error{'s' if len(broken) > 1 else ''} in {names}"
        raise CheckFailed(message, hint="mend them; a strategy with an error is not run")


def _together(remarks: Sequence[Remark]) -> list[Remark]:
    """The remarks, those that say the same of one line in one."""
    joined: dict[tuple[object, ...], Remark] = {}
    for one in remarks:
        key = (one.rule.id, one.no, one.at, one.wrong, one.mend)
        before = joined.get(key)
        words = ", ".join(dict.fromkeys([before.words, one.words])) if before and one.words else one.words
        joined[key] = replace(one, words=words)
    return list(joined.values())


def _counted(counts: Counter[Severity]) -> str:
    """`1 error, 2 warnings, 31 pieces of advice`."""
    many = {"error": "errors", "warning": "warnings", "advice": "pieces of advice"}
    one = many | {"error": "error", "warning": "warning", "advice": "piece of advice"}
    return ", ".join(f"{counts[kind]} {(one if counts[kind] == 1 else many)[kind]}" for kind in _ORDER if counts[kind])


def _found(strategy: Strategy, vocabulary: Collection[str]) -> Iterator[Remark]:
    for one in findings(Reading(strategy, vocabulary)):
        line = strategy.line(one.no)
        yield Remark(
            strategy.name, strategy.path.name, line.at, one.no, line.label, RULES[one.rule],
            one.words, one.wrong, one.mend,
        )  # fmt: skip


def _refused(one: Refusal, strategy: Strategy) -> Remark:
    rule = RULES[one.rule]
    place = _PLACE.search(one.problem.message)
    at = int(place.group(1)) if place else 1
    label = strategy.line(one.no).label if one.no else ""
    wrong = one.wrong or rule.wrong or _without_place(one.problem, strategy.path)
    mend = one.mend or rule.mend or one.problem.hint
    return Remark(strategy.name, strategy.path.name, at, one.no, label, rule, one.words, wrong, mend)


def _without_place(problem: ProtocolError, path: Path) -> str:
    """The message of an error without its file and line, which the remark has of its own."""
    return re.sub(rf"^{re.escape(str(path))}(?: line \d+)?:? ", "", problem.message)
