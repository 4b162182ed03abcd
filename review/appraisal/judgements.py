"""Reads `extracted/<study>/<reader>/judgements.toml` and lets the rule of the tool propose.

One table a result; the keys are question and domain ids:

    [pain_12_months]
    outcome = "pain"
    month = 12
    comparison = "a1 v a2"
    tool = "RoB 2"
    effect = "assignment"
    "1.1" = { answer = "Y", source = "s1", words = "computer-generated list" }
    "1.3" = { answer = "NI", searched = "article and registry entry" }
    "2.3" = "NA"
    D3 = { final = "high", override_reason = "..." }
    overall = { final = "high" }

A domain without its own line keeps the proposal; `overall` is always a person's word. All files are read
before anything is written, so a mistake leaves the former load in place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from review.appraisal import rob2
from review.appraisal import store as tables
from review.appraisal.checklists import ROB2, Tool, tools_for
from review.appraisal.judgement_file import JudgementFile, open_judgements
from review.database import Store
from review.project import Project

if TYPE_CHECKING:
    import polars as pl

_HEAD = ("outcome", "month", "comparison", "tool", "version", "effect")
_OVERALL = "overall"


@dataclass(frozen=True)
class Loaded:
    """What a load found; *warnings* are answers that no rule reads, and results whose tool does not quite
    fit.
    """

    files: int
    results: int
    rows: int
    warnings: tuple[str, ...]


def load(store: Store, project: Project) -> Loaded:
    """Read every judgements.toml and put their rows in the place of the former ones; none is an empty table.

    Raises FieldError (file, line, question) for an answer that is missing where the rule reads it, not
    allowed, or without its source, and for a final judgement that differs from the proposal and does not say
    why.
    """
    rows: list[dict[str, Any]] = []
    warnings: list[str] = []
    paths = sorted(project.extracted.glob("*/*/judgements.toml"))
    for path in paths:
        found, said = _read(path, project)
        rows += found
        warnings += said
    tables.replace_judgements(store, rows)
    results = sum(row["domain"] == _OVERALL for row in rows)
    return Loaded(len(paths), results, len(rows), tuple(warnings))


def risk_of_bias(store: Store, study_id: str | None = None) -> pl.DataFrame:
    """What was judged of one study or of all: the columns of the view `v1.risk_of_bias`."""
    return tables.risk_of_bias(store, study_id)


def answers(store: Store, study_id: str) -> pl.DataFrame:
    """Every answer, proposal and final judgement of a study, with file and line."""
    return tables.judgements(store, study_id)


def _read(path: Path, project: Project) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows and warnings of one file."""
    file, content = open_judgements(path, project)
    rows: list[dict[str, Any]] = []
    warnings: list[str] = []
    for name, table in content.items():
        if not isinstance(table, dict):
            file.refuse(name, "", "stands outside a table", hint="every result is a table: [name_of_the_result]")
        found, said = _result(file, name, table)
        rows += found
        warnings += said
    return rows, warnings


def _result(file: JudgementFile, name: str, table: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows and warnings of one result."""
    tool = _tool(file, name, table)
    head = _head(file, name, table, tool)
    warnings: list[str] = []
    if tool is ROB2:
        rows, warnings = _rob2(file, name, table, rob2.Effect(head["effect"]))
    else:
        rows = _checklist(file, name, table, tool)
    done = [
        {
            **head,
            "domain": "",
            "question": None,
            "answer": None,
            "source_id": None,
            "words": None,
            "proposal": None,
            "final": None,
            "override_reason": None,
            **row,
            "judgement_id": f"{file.shown}#{name}/{row['domain']}/{row.get('question') or ''}",
            "file": file.shown,
        }
        for row in rows
    ]
    return done, warnings


def _tool(file: JudgementFile, name: str, table: dict[str, Any]) -> Tool:
    design = file.study.design
    allowed = {tool.name: tool for tool in tools_for(design)}
    said = table.get("tool")
    if not allowed:
        file.refuse(name, "tool", f"cannot be chosen while the design of {file.study.id} is {design.value}")
    if said not in allowed:
        file.refuse(
            name,
            "tool",
            f"is {said!r}, which a study of design {design.value} does not take; allowed: {' | '.join(allowed)}",
        )
    return allowed[said]


def _head(file: JudgementFile, name: str, table: dict[str, Any], tool: Tool) -> dict[str, Any]:
    """Which result it is, by which tool, for which effect."""
    outcome = table.get("outcome")
    if not isinstance(outcome, str) or (file.outcomes is not None and outcome not in file.outcomes):
        words = " | ".join(sorted(file.outcomes)) if file.outcomes else "an outcome id in quotes"
        file.refuse(name, "outcome", f"is {outcome!r}; allowed: {words}")
    month = table.get("month")
    if isinstance(month, bool) or not isinstance(month, int | float) or month < 0:
        file.refuse(name, "month", f"is {month!r}; allowed: a number of months from 0")
    until = file.study.randomised_until
    if tool is ROB2 and until is not None and month > until:
        file.refuse(
            name,
            "month",
            f"is {month:g}, but {file.study.id} was randomised until month {until:g} only",
            hint="after a crossover the parties are no longer randomised: judge an earlier result",
        )
    comparison = table.get("comparison")
    if not isinstance(comparison, str) or not comparison.strip():
        file.refuse(name, "comparison", f'is {comparison!r}; allowed: the two arms, such as "a1 v a2"')
    effect = table.get("effect")
    if tool is ROB2 and effect not in list(rob2.Effect):
        file.refuse(name, "effect", f"is {effect!r}; allowed: {' | '.join(rob2.Effect)}")
    version = table.get("version", tool.version)
    if version != tool.version:
        file.refuse(name, "version", f"is {version!r}; this program knows {tool.name} {tool.version!r}")
    return {
        "study_id": file.study.id,
        "reader": file.reader,
        "outcome_id": outcome,
        "month": float(month),
        "comparison": comparison,
        "tool": tool.name,
        "tool_version": tool.version,
        "effect": effect,
    }


def _rob2(
    file: JudgementFile, name: str, table: dict[str, Any], effect: rob2.Effect
) -> tuple[list[dict[str, Any]], list[str]]:
    domains = rob2.domains(effect)
    questions = {question.id for domain in domains for question in domain.questions}
    _refuse_unknown(file, name, table, questions | {domain.id for domain in domains})
    rows: list[dict[str, Any]] = []
    warnings: list[str] = []
    finals: list[rob2.Risk] = []
    for domain in domains:
        said: dict[str, rob2.Answer | None] = {}
        for question in domain.questions:
            if question.id in table:
                allowed = tuple(answer.value for answer in question.answers)
                row = _answer(file, name, question.id, table[question.id], allowed, blank_source=("NA",))
                said[question.id] = rob2.Answer(row["answer"])
                rows.append({"domain": domain.id, **row})
        try:
            proposal = rob2.propose(domain, said)
        except rob2.UnansweredQuestion as problem:
            file.refuse(name, f'"{problem.question}"', problem.problem, hint=problem.hint)
        warnings += [
            f"{file.shown} line {file.line(name, question)}: [{name}] {question} is answered, but the rule "
            f"of {domain.id} does not reach it"
            for question in proposal.unread
        ]
        row = _final(file, name, domain.id, table, ROB2.levels, proposal.risk.value)
        finals.append(rob2.Risk(row["final"]))
        rows.append(row)
    proposal_of_all = rob2.overall(tuple(finals))
    row = _final(file, name, _OVERALL, table, ROB2.levels, proposal_of_all.value, required=True)
    if rob2.must_weigh(tuple(finals)) and not row["override_reason"]:
        file.refuse(
            name,
            _OVERALL,
            "says nothing on whether some concerns in several domains add up to high risk",
            hint='write overall = { final = "...", override_reason = "why they do, or do not" }',
        )
    return [*rows, row], warnings


def _checklist(file: JudgementFile, name: str, table: dict[str, Any], tool: Tool) -> list[dict[str, Any]]:
    """The rows of a tool whose levels a person sets; what it asks must all be answered."""
    _refuse_unknown(file, name, table, set(tool.questions) | set(tool.domains))
    rows = []
    optional = {str(item) for item in range(9, 13)} if tool.name == "MINORS" else set()
    for question in tool.questions:
        if question in table:
            row = _answer(file, name, question, table[question], tool.answers, blank_source=("NA", "unclear"))
            rows.append({"domain": "items", **row})
        elif question not in optional:
            file.refuse(name, f'"{question}"', "is not answered", hint=f"allowed: {' | '.join(tool.answers)}")
    rows += [_final(file, name, domain, table, tool.levels, None, required=True) for domain in tool.domains]
    rows.append(_final(file, name, _OVERALL, table, tool.levels, None, required=True))
    return rows


def _answer(
    file: JudgementFile,
    name: str,
    question: str,
    value: object,
    allowed: tuple[str, ...],
    *,
    blank_source: tuple[str, ...],
) -> dict[str, Any]:
    """One answer with the place where it was read, or what was searched in vain."""
    key = f'"{question}"'
    content: Mapping[str, Any] = value if isinstance(value, dict) else {"answer": value}
    _refuse_other_keys(file, name, question, content, ("answer", "source", "words", "searched"))
    answer = content.get("answer")
    if not isinstance(answer, str) or answer not in allowed:
        file.refuse(name, key, f"is answered {answer!r}; allowed: {' | '.join(allowed)}")
    source, searched = content.get("source"), content.get("searched")
    if answer not in blank_source and not source and not (answer == "NI" and searched):
        file.refuse(
            name,
            key,
            "has no source",
            hint='{ answer = "Y", source = "s1" }, or for no information { answer = "NI", searched = "where" }',
        )
    _check_source(file, name, key, source)
    words = f"no information: searched {searched}" if searched and not source else content.get("words")
    return {
        "question": question,
        "answer": answer,
        "source_id": source,
        "words": words,
        "line": file.line(name, question),
    }


def _final(
    file: JudgementFile,
    name: str,
    domain: str,
    table: dict[str, Any],
    levels: tuple[str, ...],
    proposal: str | None,
    *,
    required: bool = False,
) -> dict[str, Any]:
    """What a person set for a domain, beside what the rule proposes."""
    if required and domain not in table:
        file.refuse(name, domain, "is missing", hint=f'{domain} = {{ final = "..." }}; allowed: {" | ".join(levels)}')
    content = table.get(domain, {"final": proposal})
    if not isinstance(content, dict):
        content = {"final": content}
    _refuse_other_keys(file, name, domain, content, ("final", "override_reason", "source", "words"))
    final, reason = content.get("final"), content.get("override_reason")
    if final not in levels:
        file.refuse(name, domain, f"is {final!r}; allowed: {' | '.join(levels)}")
    if proposal is not None and final != proposal and not (isinstance(reason, str) and reason.strip()):
        file.refuse(
            name,
            domain,
            f"is {final!r} where the rule proposes {proposal!r}, without a reason",
            hint="add override_reason, or take the proposal",
        )
    source = content.get("source")
    _check_source(file, name, domain, source)
    if proposal is None and domain != _OVERALL and not source:
        file.refuse(name, domain, "has no source", hint="name a source_id of sources.csv")
    return {
        "domain": domain,
        "proposal": proposal,
        "final": final,
        "override_reason": reason,
        "source_id": source,
        "words": content.get("words"),
        "line": file.line(name, domain),
    }


def _check_source(file: JudgementFile, name: str, key: str, source: object) -> None:
    if source is not None and source not in file.study.sources:
        known = ", ".join(sorted(file.study.sources)) or "none"
        file.refuse(name, key, f"names source {source!r}, which sources.csv does not have; it has {known}")


def _refuse_unknown(file: JudgementFile, name: str, table: dict[str, Any], known: set[str]) -> None:
    for key in table:
        if key not in known and key not in _HEAD and key != _OVERALL:
            bare = re.fullmatch(r"\d", key) and isinstance(table[key], dict)
            hint = 'put question ids in quotes: "1.1" = ...' if bare else f"this tool has {', '.join(sorted(known))}"
            file.refuse(name, key, "is not known here", hint=hint)


def _refuse_other_keys(
    file: JudgementFile, name: str, key: str, content: Mapping[str, Any], known: tuple[str, ...]
) -> None:
    for word in content:
        if word not in known:
            file.refuse(name, key, f"has a part {word!r}; allowed: {', '.join(known)}")
