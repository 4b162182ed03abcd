"""Imports decisions that were taken elsewhere, from a CSV file; all of it or nothing, and once only.

Nothing is invented: a label whose stage its source does not tell is of stage `final`, and so is every label that no
person of review.toml gave, so that only people count as reviewers of a record; whether a decision was blind is taken
from the file, and is otherwise no; the version of the criteria is `not stated` unless the file names it. A decision
on full text says that the report was there: its retrieval is noted with it.
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
from review.screening import report_store
from review.screening import store as tables
from review.terms import ReportEventKind, Stage, Verdict

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
    *source* names where labels of stage final come from when no person of the project gave them. A record with
    full-text decisions must be included at title and abstract, by what is here and in the file. Raises FormatError
    with the line for the first row that cannot be taken; then nothing is written. The same file again adds nothing.
    """
    if reviewer is not None and source is not None:
        message = "--reviewer and --source exclude each other: labels come from a person or from a source"
        raise UsageProblem(message)
    if reviewer is not None:
        project.reviewer(reviewer)
    if source is not None and source in {person.id for person in project.reviewers}:
        message = f"--source {source!r} is a person of the project"
        raise UsageProblem(message, hint=f"for decisions of a person: --reviewer {source}")
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
    fresh: list[_Fresh] = []
    verdicts: list[str] = []
    now = datetime.now(UTC)
    for line, cells in lines:
        row = _decision(file, line, cells, project, stage=stage, reviewer=reviewer, source=source, now=now)
        found = keys.find(file, line, cells)
        row["source_record_id"] = found["source_record_id"]
        row["decision_id"] = _past_id(row, dated=bool(cells.get("decided_at")))
        slot = (row["source_record_id"], row["stage"], row["reviewer"])
        if slot in taken and taken[slot][1] != row["decision_id"]:
            message = f"{file} line {line}: {row['reviewer']} decided otherwise on it in line {taken[slot][0]}"
            raise FormatError(message, hint="keep the one that holds")
        verdicts.append(row["verdict"])
        if slot not in taken and row["decision_id"] not in known:
            rows.append({**row, "supersedes": current.get(slot)})
            fresh.append(_Fresh(f"{file} line {line}", str(found["record_id"]), rows[-1]))
        taken.setdefault(slot, (line, row["decision_id"]))
    _check_order(store, project, fresh)
    events = _retrievals(store, fresh)
    done = store.apply([tables.append_decisions(rows), report_store.append_events(events)])
    return PastDecisions(
        rows=len(lines),
        new=done["screening.decision"],
        records=len({slot[0] for slot in taken}),
        include=verdicts.count("include"),
        exclude=verdicts.count("exclude"),
        unsure=verdicts.count("unsure"),
    )


@dataclass(frozen=True)
class _Fresh:
    """A row that is new, with its line and its record."""

    where: str
    record_id: str
    row: Mapping[str, Any]


def _check_order(store: Store, project: Project, fresh: Iterable[_Fresh]) -> None:
    """Raises FormatError for a row that changes what was adjudicated, or leaves full text without an include."""
    touched = [one for one in fresh if one.row["stage"] != Stage.FINAL]
    if not touched:
        return
    states = tables.read_all_states(store)
    voices: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
    for row in tables.read_all_current(store):
        words = voices.setdefault((row["record_id"], row["stage"]), {})
        words[row["source_record_id"], row["reviewer"]] = row["verdict"]
    for one in touched:
        if one.row["supersedes"] and states.get((one.record_id, one.row["stage"]), {}).get("adjudicated"):
            message = f"{one.where}: {one.record_id} was adjudicated at {one.row['stage']}"
            raise FormatError(message, hint="it has to be reopened first: review screen adjudicate RECORD reopened")
        words = voices.setdefault((one.record_id, one.row["stage"]), {})
        words[one.row["source_record_id"], one.row["reviewer"]] = one.row["verdict"]
    for one in touched:
        if not voices.get((one.record_id, Stage.FULL_TEXT.value)):
            continue
        at = (one.record_id, Stage.TITLE_ABSTRACT.value)
        said = voices.get(at, {})
        # shared out, a record may need fewer than the protocol asks for
        needed = states.get(at, {}).get("reviewers_needed") or project.screening.reviewers_per_record
        enough = len({person for _, person in said}) >= needed
        included = enough and Verdict.EXCLUDE.value not in said.values()
        if states.get(at, {}).get("adjudicated"):
            included = states[at]["state"] == Verdict.INCLUDE
        if not included:
            message = f"{one.where}: {one.record_id} has full-text decisions and is not included at title and abstract"
            raise FormatError(
                message,
                hint="import its decisions on title and abstract first, or in the same file with a column stage",
            )


def _retrievals(store: Store, fresh: Iterable[_Fresh]) -> list[dict[str, Any]]:
    """One event for each report that was read and is not noted as retrieved."""
    read = [one for one in fresh if one.row["stage"] == Stage.FULL_TEXT]
    known = report_store.read_retrieval(store) if read else {}
    events: dict[str, dict[str, Any]] = {}
    for one in read:
        last = known.get(one.record_id)
        if one.record_id in events or (last and last["kind"] == ReportEventKind.RETRIEVED):
            continue
        events[one.record_id] = {
            "event_id": str(uuid.uuid5(_NAMESPACE, f"retrieved {one.row['decision_id']}")),
            "supersedes": last["event_id"] if last else None,
            "source_record_id": one.row["source_record_id"],
            "kind": ReportEventKind.RETRIEVED.value,
            "reason": None,
            "file_name": None,
            "file_sha256": None,
            "who": one.row["reviewer"],
            "decided_at": one.row["decided_at"],
        }
    return list(events.values())


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

    def find(self, file: Path, line: int, cells: Mapping[str, str]) -> Mapping[str, Any]:
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
        return found[0]


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
    source: str | None,
    now: datetime,
) -> dict[str, Any]:
    """One row of the file as a decision, without its record and id."""
    where = f"{file} line {line}"
    verdict = _one_of(where, "verdict", cells.get("verdict") or cells.get("label_included") or "", _WORDS)
    at = _one_of(where, "stage", cells.get("stage") or str(stage or ""), {one.value: one for one in Stage})
    if stage and at != stage:
        message = f"{where}: stage {at.value!r} contradicts --stage {stage}"
        raise FormatError(message, hint="leave --stage out: the column says it for each row")
    person = _person(where, cells, project, at, reviewer=reviewer, source=source)
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
        "reviewer": person,
        "verdict": verdict.value,
        "reason": reason if verdict is Verdict.EXCLUDE else None,
        "note": cells.get("note") or None,
        "blind": at is not Stage.FINAL and _one_of(where, "blind", cells.get("blind", ""), _YES_NO),
        "criteria_version": cells.get("criteria_version") or "not stated",
        "via": "import",
        "decided_at": _moment(where, cells.get("decided_at", ""), now),
    }


def _person(
    where: str, cells: Mapping[str, str], project: Project, stage: Stage, *, reviewer: str | None, source: str | None
) -> str:
    """Who decided: a person of review.toml, or for a final label its source."""
    people = [one.id for one in project.reviewers]
    named = cells.get("reviewer") or None
    if named is not None and named not in people:
        message = f"{where}: reviewer {named!r} is not one of review.toml: {', '.join(people)}"
        raise FormatError(message, hint="for labels of others leave the column out: --stage final --source NAME")
    if named is not None and reviewer is not None and named != reviewer:
        message = f"{where}: reviewer {named!r} contradicts --reviewer {reviewer}"
        raise FormatError(message, hint="leave --reviewer out: the column says it for each row")
    if person := named or reviewer:
        return person
    if source is None:
        message = f"{where}: nobody is named who decided"
        raise FormatError(message, hint="--reviewer ID, a column reviewer, or --stage final --source NAME")
    if stage is not Stage.FINAL:
        message = f"{where}: {source!r} is no person of review.toml, and only people decide at {stage.value}"
        raise FormatError(message, hint="labels of a source are of stage final: --stage final --source NAME")
    return source


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
