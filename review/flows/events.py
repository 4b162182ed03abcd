"""Exports what people decided as text, one file for each person, and imports it again, byte for byte.

A line is one event: its table, then its columns in alphabetical order, empty ones left out. Order of
arrival travels with the events, because it says which of two words of one person came last. In a database
that has other events under the same numbers the new ones are put after them, in their own order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from review.appraisal import store as appraisal
from review.database import Append, Store, Unchanged, again_when_overtaken
from review.dedupe import store as dedupe
from review.dedupe.engine import rebuilt
from review.errors import BlindError, FormatError, UsageProblem
from review.flows.event_checks import check_duplicates, check_links, problem_of_row
from review.project import Project
from review.reporting.own_files import refuse_own_files
from review.screening import store as screening
from review.screening.blinding import is_blinded
from review.screening.report_events import problem_of_event
from review.team import store as team
from review.terms import AdjudicatedVerdict, DuplicateEventKind, LinkKind, ReportEventKind, Stage, Verdict

_ROOMS = (dedupe, screening, appraisal, team)
_NOBODY = "_"  # the file of events that no person is named on

# table → the column that identifies a row; a table that is not here is not an event table
_KEYS = {
    "appraisal.certainty_decision": "decision_id",
    "dedupe.duplicate_event": "event_id",
    "dedupe.pair_answer": "answer_id",
    "dedupe.record_link": "link_id",
    "screening.adjudication": "adjudication_id",
    "screening.calibration_event": "event_id",
    "screening.decision": "decision_id",
    "screening.label": "label_id",
    "screening.report_event": "event_id",
    "screening.stop_event": "stop_id",
    "team.assignment": "assignment_id",
    "team.protocol_version": "version_id",
}
_PERSON = ("who", "decided_by", "reviewer")
_CLOCKS_DIFFER = timedelta(hours=1)
_WORDS: dict[tuple[str, str], Iterable[str]] = {
    ("dedupe.duplicate_event", "kind"): DuplicateEventKind,
    ("dedupe.pair_answer", "answer"): ("merge", "different", "link", "unsure", "withdrawn"),
    ("dedupe.record_link", "kind"): LinkKind,
    ("screening.adjudication", "stage"): (Stage.TITLE_ABSTRACT, Stage.FULL_TEXT),
    ("screening.adjudication", "verdict"): AdjudicatedVerdict,
    ("screening.calibration_event", "kind"): ("opened", "closed"),
    ("screening.calibration_event", "stage"): (Stage.TITLE_ABSTRACT, Stage.FULL_TEXT),
    ("screening.decision", "stage"): Stage,
    ("screening.decision", "verdict"): Verdict,
    ("screening.report_event", "kind"): ReportEventKind,
    ("team.assignment", "kind"): ("assigned", "released"),
    ("appraisal.certainty_decision", "certainty"): ("high", "moderate", "low", "very_low", "withdrawn"),
}


@dataclass(frozen=True)
class Exported:
    """The files that were written, each with its number of events."""

    files: tuple[tuple[Path, int], ...]


@dataclass(frozen=True)
class Imported:
    """How many events were read, how many were new, and how many of these are on records that are not here."""

    read: int
    new: int
    without_record: int = 0


@dataclass(frozen=True)
class _Line:
    """One event of a file."""

    where: str
    table: str
    row: dict[str, Any]

    @property
    def key(self) -> tuple[str, str]:
        return self.table, str(self.row[_KEYS[self.table]])


def export_events(
    store: Store, project: Project, folder: Path, *, only: str | None = None, reviewer: str | None = None
) -> Exported:
    """Write every event into *folder*, one file of JSON lines a person; only one person's when named.

    Raises BlindError where *reviewer*, who asks for it, screens blind and the events are not only their own.
    Raises UsageProblem for a folder of the review's own files. Files are written under another name and moved into
    place. Tokens and sessions are secret and stay out.
    """
    if only is not None:
        project.reviewer(only)
    if only != reviewer and is_blinded(store, project, reviewer):
        message = f"{reviewer} screens blind, and these events tell what others decided"
        raise BlindError(message, hint=f"--only {reviewer}; or run it without --as as the owner of the file")
    lines: dict[str, list[tuple[str, int, str, str]]] = {}
    for table, rows in _read_all(store).items():
        for row in rows:
            person = next((str(row[name]) for name in _PERSON if row.get(name)), _NOBODY)
            if only is None or person == only:
                entry = (table, int(row["arrival"]), str(row[_KEYS[table]]), _to_line(table, row))
                lines.setdefault(person, []).append(entry)
    places = {person: folder / f"{quote(person, safe=' ')}.jsonl" for person in sorted(lines)}
    for path in places.values():
        refuse_own_files(path)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for person, path in places.items():
        entries = lines[person]
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_bytes("".join(f"{line}\n" for *_, line in sorted(entries)).encode())
        fresh.replace(path)
        written.append((path, len(entries)))
    return Exported(tuple(written))


@again_when_overtaken
def import_events(store: Store, project: Project, source: Path) -> Imported:
    """Append the events of a file, or of every .jsonl file of a folder, and rebuild the clusters.

    Events that are there already are left alone, so the same file twice adds nothing. Raises FormatError
    with file and line for the first line that is not an event, contradicts one that is here, is of nobody of
    review.toml or of a time to come, or says what no command would; then nothing is written. Records may arrive later.
    """
    files = sorted(source.glob("*.jsonl")) if source.is_dir() else [source]
    if not files:
        message = f"{source} holds no .jsonl file"
        raise UsageProblem(message, hint="review events export FOLDER writes them")
    columns = screening.read_columns(store, _KEYS)
    here = _read_all(store)
    known = {(table, str(row[_KEYS[table]])): row for table, rows in here.items() for row in rows}
    fresh: dict[tuple[str, str], _Line] = {}
    people = {person.id for person in project.reviewers}
    now = datetime.now(UTC)
    read = 0
    for line in (line for file in files for line in _read_file(file, columns)):
        read += 1
        other = known.get(line.key) or (fresh[line.key].row if line.key in fresh else None)
        if other is None:
            _check_new(line, people, now)
            fresh[line.key] = line
        elif not _same(line.table, line.row, other):
            message = f"{line.where}: {line.key[1]} of {line.table} is here already and says something else"
            raise FormatError(message, hint="an event never changes; one of the two files was edited")
    for table, check in (("dedupe.duplicate_event", check_duplicates), ("dedupe.record_link", check_links)):
        check([(line.where, line.row) for line in fresh.values() if line.table == table], here[table])
    rows = _placed(fresh.values(), here)
    # each event keeps its place in the order of arrival, so nobody may have come between
    steps: list[Any] = [Unchanged(table, _last_arrival(here.get(table, ()))) for table in rows]
    steps += [step for room in _ROOMS for step in room.append_events(rows)]
    steps += rebuilt(store, rows.get("dedupe.duplicate_event", []))
    done = store.apply(steps)
    new = sum(done[step.table] for step in steps if isinstance(step, Append))
    return Imported(read=read, new=new, without_record=_without_record(store, fresh.values()))


def _last_arrival(rows: Iterable[Mapping[str, Any]]) -> int:
    return max((int(row["arrival"]) for row in rows), default=0)


def _check_new(line: _Line, people: set[str], now: datetime) -> None:
    """Raises FormatError for an event of nobody in review.toml, and for one of a time to come."""
    row = line.row
    label = row.get("via") == "import" and row.get("stage") == Stage.FINAL
    if not (label or row.get("automatic") or line.table == "team.protocol_version"):
        for name in _PERSON:
            if row.get(name) is not None and row[name] not in people:
                message = f"{line.where}: {name} {row[name]!r} is not one of review.toml: {', '.join(sorted(people))}"
                raise FormatError(message, hint="add a [[reviewers]] table; whoever left the team stays in it")
        if strange := next((one for one in _listed(row.get("reviewers")) if one not in people), None):
            message = f"{line.where}: reviewers {strange!r} is not one of review.toml: {', '.join(sorted(people))}"
            raise FormatError(message, hint="add a [[reviewers]] table; whoever left the team stays in it")
    moment = row.get("decided_at")
    if isinstance(moment, datetime) and moment > now + _CLOCKS_DIFFER:
        message = f"{line.where}: decided_at {_to_text(moment)} is in the future; it is {_to_text(now)}"
        raise FormatError(message, hint="the clock of the machine that wrote it was wrong: mend it in the file")


def _listed(value: Any) -> list[str]:
    """The people of a round; an assignment has a number under that name."""
    return value if isinstance(value, list) else []


def _without_record(store: Store, lines: Iterable[_Line]) -> int:
    """How many of the events are on a record that no import brought yet."""
    here = screening.read_source_records(store)
    named = ("source_record_id", "record_a", "record_b", "from_record", "to_record")
    return sum(any(line.row.get(name) is not None and line.row[name] not in here for name in named) for line in lines)


def _read_all(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Table → rows, of every room."""
    return {table: rows for room in _ROOMS for table, rows in room.read_events(store).items()}


def _to_line(table: str, row: Mapping[str, Any]) -> str:
    cells = {name: _to_text(row[name]) for name in sorted(row) if row[name] is not None}
    return json.dumps({"table": table, **cells}, ensure_ascii=False)


def _to_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def _read_file(file: Path, columns: Mapping[str, Mapping[str, tuple[str, bool]]]) -> Iterable[_Line]:
    try:
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as problem:
        message = f"{file}: byte {problem.start} is not UTF-8"
        raise FormatError(message) from problem
    for number, words in enumerate(text.split("\n"), start=1):
        if words.strip():
            yield _read_line(f"{file}:{number}", words, columns)


def _read_line(where: str, words: str, columns: Mapping[str, Mapping[str, tuple[str, bool]]]) -> _Line:
    try:
        cells = json.loads(words)
    except (ValueError, RecursionError) as problem:
        why = "brackets within brackets" if isinstance(problem, RecursionError) else str(problem)
        message = f"{where}: not a line of JSON: {why}"
        raise FormatError(message, hint="the file may be cut off; export it again") from None
    table = cells.pop("table", None) if isinstance(cells, dict) else None
    if not isinstance(table, str) or table not in _KEYS:
        message = f"{where}: {table!r} is not an event table; allowed: {', '.join(_KEYS)}"
        raise FormatError(message)
    unknown = sorted(set(cells) - set(columns[table]))
    if unknown:
        message = f"{where}: {table} has no column {unknown[0]!r}; it has: {', '.join(columns[table])}"
        raise FormatError(message, hint="the file may come from a newer version of regen-review")
    row = {name: _from_text(f"{where}: {name}", cells.get(name), *kind) for name, kind in columns[table].items()}
    for name in row:
        allowed = [str(word) for word in _WORDS.get((table, name), ())]
        if allowed and row[name] not in allowed:
            message = f"{where}: {name} {row[name]!r} is not allowed; allowed: {', '.join(allowed)}"
            raise FormatError(message)
    problem_words = _contradiction(table, row) or problem_of_row(table, row)
    if problem_words:
        message = f"{where}: {problem_words}"
        raise FormatError(message)
    return _Line(where, table, row)


def _from_text(where: str, value: Any, kind: str, may_be_empty: bool) -> Any:
    """A cell as the column takes it."""
    if value is None:
        if not may_be_empty:
            message = f"{where} is missing"
            raise FormatError(message)
        return None
    try:
        if kind.startswith("TIMESTAMP") and isinstance(value, str):
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                return moment
        elif kind == "DATE" and isinstance(value, str):
            return date.fromisoformat(value)
    except ValueError as problem:
        message = f"{where} {value!r} is not a {kind.lower()}"
        raise FormatError(message) from problem
    fits = {
        "VARCHAR": isinstance(value, str),
        "VARCHAR[]": isinstance(value, list) and all(isinstance(one, str) for one in value),
        "BOOLEAN": isinstance(value, bool),
        "DOUBLE": isinstance(value, (int, float)) and not isinstance(value, bool),
        "INTEGER": _is_whole(value, 31),
        "BIGINT": _is_whole(value, 63),
    }
    if fits.get(kind, False):
        return value
    message = f"{where} {value!r} is not a {kind.lower()}"
    raise FormatError(message)


def _is_whole(value: Any, bits: int) -> bool:
    """Whether *value* is a whole number that a column of so many bits and a sign holds."""
    return isinstance(value, int) and not isinstance(value, bool) and -(1 << bits) <= value < 1 << bits


def _contradiction(table: str, row: Mapping[str, Any]) -> str | None:
    """What the database would refuse, in words."""
    if table in ("screening.decision", "screening.adjudication"):
        if row["stage"] == Stage.FULL_TEXT and row["verdict"] == Verdict.EXCLUDE and row["reason"] is None:
            return "an exclusion at full text has no reason"
    elif table == "screening.report_event":
        return problem_of_event(row)
    elif table == "dedupe.duplicate_event":
        if (row["kind"] == DuplicateEventKind.UNDO) != (row["undo_of"] is not None):
            return "undo_of goes with kind undo, and with no other"
        pair = (row["record_a"], row["record_b"])
        if row["kind"] != DuplicateEventKind.UNDO and (None in pair or pair[0] >= pair[1]):
            return "record_a and record_b must be two records, the smaller first"
    return None


def _same(table: str, row: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two rows of one id are one event; ids made from the content may carry another time."""
    if table == "team.protocol_version" or row.get("automatic"):
        return True
    names = (set(row) | set(other)) - {"arrival"}
    if row.get("via") == "import":
        names = {"source_record_id", "stage", "reviewer", "verdict", "reason", "note"}
    return all(_to_text(row.get(name)) == _to_text(other.get(name)) for name in names)


def _placed(lines: Iterable[_Line], here: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Table → new rows with their place in the order of arrival: their own, unless it is taken."""
    by_table: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        by_table.setdefault(line.table, []).append(line.row)
    for table, rows in by_table.items():
        rows.sort(key=lambda row: (row["arrival"], str(row[_KEYS[table]])))
        taken = {int(row["arrival"]) for row in here.get(table, [])}
        if taken & {int(row["arrival"]) for row in rows}:
            last = max(taken)
            by_table[table] = [{**row, "arrival": last + place} for place, row in enumerate(rows, start=1)]
    return by_table
