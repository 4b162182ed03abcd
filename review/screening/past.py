"""Imports decisions that were taken elsewhere, from a CSV file; all of it or nothing, and once only.

Nothing is invented: a label whose stage its source does not tell is of stage `final`; whether a decision
was blind is taken from the file, and is otherwise no; the version of the criteria is `not stated` unless
the file names it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from review.database import Store
from review.errors import FormatError, UsageProblem
from review.identifiers import normalise_doi, normalise_pmid
from review.project import Project
from review.screening import store as tables
from review.terms import Stage, Verdict

KEYS = ("source_record_id", "openalex_id", "url", "pmid", "doi", "title")
VERDICTS = ("verdict", "label_included")
OPTIONAL = ("reviewer", "stage", "reason", "note", "decided_at", "blind", "criteria_version")
_WORDS = {
    "include": Verdict.INCLUDE,
    "included": Verdict.INCLUDE,
    "1": Verdict.INCLUDE,
    "exclude": Verdict.EXCLUDE,
    "excluded": Verdict.EXCLUDE,
    "0": Verdict.EXCLUDE,
    "unsure": Verdict.UNSURE,
    "maybe": Verdict.UNSURE,
}
_YES_NO = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}
_NAMESPACE = uuid.UUID("6b1f1b0e-6f0c-5d0e-9a3e-2a1f6a3c9d10")


@dataclass(frozen=True)
class PastDecisions:
    """What an import brought."""

    rows: int
    new: int
    records: int
    include: int
    exclude: int
    unsure: int


def import_past_decisions(
    store: Store,
    project: Project,
    file: Path,
    *,
    stage: str | Stage | None = None,
    reviewer: str | None = None,
    source: str | None = None,
) -> PastDecisions:
    """Append the decisions of a CSV *file* (UTF-8, header line).

    A record is named by source_record_id, openalex_id, url, pmid, doi or title; the verdict stands in
    `verdict` (include, exclude, unsure) or `label_included` (1, 0). Columns reviewer, stage, reason, note,
    decided_at, blind and criteria_version are optional; *stage* and *reviewer* stand for a missing column,
    *source* names where labels come from when no person of the project gave them. Raises FormatError with
    the line for the first row that cannot be taken; then nothing is written. The same file again adds
    nothing.
    """
    if reviewer is not None and source is not None:
        message = "--reviewer and --source exclude each other: labels come from a person or from a source"
        raise UsageProblem(message)
    if reviewer is not None:
        project.reviewer(reviewer)
    lines = list(_read(file))
    keys = _Keys(tables.read_keys(store))
    past = tables.read_past(store)
    known = {row["decision_id"] for row in past}
    current = {
        (row["source_record_id"], row["stage"], row["reviewer"]): row["decision_id"]
        for row in past
        if not row["superseded"]
    }
    taken: dict[tuple[str, str, str], tuple[int, str]] = {}
    rows: list[dict[str, Any]] = []
    verdicts: list[str] = []
    now = datetime.now(UTC)
    for line, cells in lines:
        row = _decision(file, line, cells, project, stage=stage, reviewer=reviewer, source=source or file.stem, now=now)
        row["source_record_id"] = keys.find(file, line, cells)
        row["decision_id"] = _past_id(row, dated=bool(cells.get("decided_at")))
        slot = (row["source_record_id"], row["stage"], row["reviewer"])
        if slot in taken and taken[slot][1] != row["decision_id"]:
            message = f"{file} line {line}: {row['reviewer']} decided otherwise on it in line {taken[slot][0]}"
            raise FormatError(message, hint="keep the one that holds")
        verdicts.append(row["verdict"])
        if slot not in taken and row["decision_id"] not in known:
            rows.append({**row, "supersedes": current.get(slot)})
        taken.setdefault(slot, (line, row["decision_id"]))
    done = store.apply([tables.append_decisions(rows)])
    return PastDecisions(
        rows=len(lines),
        new=done["screening.decision"],
        records=len({slot[0] for slot in taken}),
        include=verdicts.count("include"),
        exclude=verdicts.count("exclude"),
        unsure=verdicts.count("unsure"),
    )


class _Keys:
    """Finds source records by whatever names them; several members of one record count as one find."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._by: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for row in sorted(rows, key=lambda one: (not one["is_latest"], one["source_record_id"])):
            for name in KEYS:
                # one source's number is another program's address, and the other way round
                given = {row.get(name)} if name != "openalex_id" else {row.get("accession"), row.get("url")}
                for word in {_normal(name, one) for one in given if one}:
                    if word:
                        self._by.setdefault((name, word), []).append(row)

    def find(self, file: Path, line: int, cells: Mapping[str, str]) -> str:
        """The source record that a row names; the first key that finds any decides, the others narrow."""
        named = [(name, cells[name]) for name in KEYS if cells.get(name)]
        found: list[Mapping[str, Any]] = []
        for name, value in named:
            word = _normal(name, value)
            hits = self._by.get((name, word), []) if word else []
            narrowed = [row for row in found if row in hits] if found else hits
            found = narrowed or found
        records = sorted({row["record_id"] for row in found})
        if not records:
            words = ", ".join(f"{name} {value!r}" for name, value in named) or f"none of {', '.join(KEYS)}"
            message = f"{file} line {line}: no record has {words}"
            raise FormatError(message, hint="import the records first: review import FILE")
        if len(records) > 1:
            message = f"{file} line {line}: {len(records)} records answer to this row: {', '.join(records[:3])}"
            raise FormatError(message, hint="run review dedupe run first, or name the source_record_id")
        return str(found[0]["source_record_id"])


def _read(file: Path) -> Iterable[tuple[int, dict[str, str]]]:
    """(line number, cells by column) of every row that is not blank."""
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as problem:
        message = f"{file}: byte {problem.start} is not UTF-8"
        raise FormatError(message, hint="save the file as CSV UTF-8") from problem
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(file, header)
        end = reader.line_num
        for cells in reader:
            line, end = (
                end + 1,
                reader.line_num,
            )  # a cell may hold line breaks: a row is named by its first line
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                message = f"{file} line {line}: {len(cells)} cells, the header has {len(header)}"
                raise FormatError(message)
            yield line, {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    except csv.Error as problem:
        message = f"{file} line {reader.line_num}: {problem}"
        raise FormatError(message) from problem


def _check_header(file: Path, header: list[str]) -> None:
    if not any(name in header for name in KEYS):
        message = f"{file} line 1: no column names the record; allowed: {', '.join(KEYS)}"
        raise FormatError(message)
    if sum(name in header for name in VERDICTS) != 1:
        message = f"{file} line 1: one column with the verdict is needed: {' or '.join(VERDICTS)}"
        raise FormatError(message)
    if len(set(header)) != len(header):
        message = f"{file} line 1: a column stands twice"
        raise FormatError(message)


def _decision(
    file: Path,
    line: int,
    cells: Mapping[str, str],
    project: Project,
    *,
    stage: str | Stage | None,
    reviewer: str | None,
    source: str,
    now: datetime,
) -> dict[str, Any]:
    """One row of the file as a decision, without its record and id."""
    where = f"{file} line {line}"
    verdict = _one_of(where, "verdict", cells.get("verdict") or cells.get("label_included") or "", _WORDS)
    at = _one_of(where, "stage", cells.get("stage") or str(stage or ""), {one.value: one for one in Stage})
    person = cells.get("reviewer") or reviewer
    people = [one.id for one in project.reviewers]
    if cells.get("reviewer") and person not in people:
        message = f"{where}: reviewer {person!r} is not one of review.toml: {', '.join(people)}"
        raise FormatError(message, hint="leave the column out and give --source NAME for decisions of others")
    reason = cells.get("reason") or None
    codes = [one.code for one in project.criteria.reasons]
    if reason is not None and reason not in codes:
        message = f"{where}: reason {reason!r} is not one of the protocol: {', '.join(codes)}"
        raise FormatError(message)
    if at is Stage.FULL_TEXT and verdict is Verdict.EXCLUDE and reason is None:
        message = f"{where}: an exclusion at full text needs a reason: {', '.join(codes)}"
        raise FormatError(message)
    return {
        "stage": at.value,
        "reviewer": person or source,
        "verdict": verdict.value,
        "reason": reason if verdict is Verdict.EXCLUDE else None,
        "note": cells.get("note") or None,
        "blind": at is not Stage.FINAL and _one_of(where, "blind", cells.get("blind", ""), _YES_NO),
        "criteria_version": cells.get("criteria_version") or "not stated",
        "via": "import",
        "decided_at": _moment(where, cells.get("decided_at", ""), now),
    }


def _one_of(where: str, name: str, value: str, allowed: Mapping[str, Any]) -> Any:
    try:
        return allowed[value.lower()]
    except KeyError as problem:
        words = ", ".join(word for word in allowed if word)
        message = f"{where}: {name} {value!r} is not allowed; allowed: {words}"
        hint = "give --stage for the whole file" if name == "stage" and not value else ""
        raise FormatError(message, hint=hint) from problem


def _moment(where: str, value: str, now: datetime) -> datetime:
    if not value:
        return now
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as problem:
        message = f"{where}: decided_at {value!r} is not a date or time such as 2024-05-31 or 2024-05-31T14:00:00Z"
        raise FormatError(message) from problem
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _past_id(row: Mapping[str, Any], *, dated: bool) -> str:
    """The same row gives the same id wherever and whenever it is imported."""
    words = [row[name] or "" for name in ("source_record_id", "stage", "reviewer", "verdict", "reason", "note")]
    words.append(row["decided_at"].isoformat() if dated else "")
    return str(uuid.uuid5(_NAMESPACE, hashlib.sha256("\0".join(words).encode()).hexdigest()))


def _normal(name: str, value: str) -> str | None:
    """A key in the form in which it is compared."""
    if name == "pmid":
        return normalise_pmid(value)
    if name == "doi":
        return normalise_doi(value)
    if name in ("openalex_id", "url"):
        return value.strip().rstrip("/").lower().removeprefix("https://").removeprefix("http://")
    return " ".join(value.lower().split()) if name == "title" else value.strip()
