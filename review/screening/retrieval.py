"""Keeps track of reports: sought, retrieved (with the file's hash), or not retrieved and why."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from review.database import Store
from review.errors import DecisionError, UsageProblem
from review.project import Project
from review.screening import store as tables
from review.screening.blinding import RESOLVED, is_blinded
from review.screening.records import find_record
from review.terms import ReportEventKind, Role, Stage


@dataclass(frozen=True)
class ReportEvent:
    """What happened to one report."""

    event_id: str
    record_id: str
    kind: ReportEventKind
    reason: str | None
    file_name: str | None
    file_sha256: str | None


def seek(store: Store, project: Project, *, record: str, who: str, event_id: str | None = None) -> ReportEvent:
    """Note that somebody looks for the report; an include at title and abstract makes it one to be sought."""
    return _note(store, project, ReportEventKind.SOUGHT, record=record, who=who, event_id=event_id)


def retrieved(
    store: Store,
    project: Project,
    *,
    record: str,
    who: str,
    file: Path | None = None,
    event_id: str | None = None,
) -> ReportEvent:
    """Note that the report is there; of *file* its name and sha256 are kept, not its content."""
    if file is not None and not file.is_file():
        message = f"{file} is not a file"
        raise UsageProblem(message)
    return _note(store, project, ReportEventKind.RETRIEVED, record=record, who=who, file=file, event_id=event_id)


def not_retrieved(
    store: Store, project: Project, *, record: str, who: str, reason: str, event_id: str | None = None
) -> ReportEvent:
    """Note that the report could not be had, and why, in words."""
    if not reason.strip():
        message = "a report that was not retrieved needs a reason"
        raise DecisionError(message, hint='--reason "no answer from the authors"')
    return _note(
        store,
        project,
        ReportEventKind.NOT_RETRIEVED,
        record=record,
        who=who,
        reason=reason.strip(),
        event_id=event_id,
    )


def withdraw(store: Store, project: Project, *, record: str, who: str, event_id: str | None = None) -> ReportEvent:
    """Take the last event of a report back; it is pending again."""
    return _note(store, project, ReportEventKind.WITHDRAWN, record=record, who=who, event_id=event_id)


def reports(store: Store, project: Project, *, reviewer: str | None = None) -> pl.DataFrame:
    """v1.report: every report that was to be sought.

    A reviewer of a blind review sees what full-text screening said only of reports on which they decided
    themselves.
    """
    rows = tables.read_reports(store)
    if reviewer is None or not is_blinded(store, project, reviewer):
        return rows
    decided = tables.read_decided(store, reviewer, Stage.FULL_TEXT.value)
    open_to_them = pl.col("record_id").is_in(decided) & pl.col("full_text_state").is_in(RESOLVED)
    hidden = ("full_text_state", "exclusion_reason")
    return rows.with_columns(pl.when(open_to_them).then(pl.col(name)).alias(name) for name in hidden)


def _note(
    store: Store,
    project: Project,
    kind: ReportEventKind,
    *,
    record: str,
    who: str,
    reason: str | None = None,
    file: Path | None = None,
    event_id: str | None = None,
) -> ReportEvent:
    person = project.reviewer(who)
    if person.role is Role.ANALYST:
        allowed = "owner, reviewer, adjudicator"
        message = f"{person.id} has the role {person.role.value}; reports are handled by: {allowed}"
        raise DecisionError(message)
    with tables.one_look(store):
        record_id = find_record(store, record)
        if event_id and (known := tables.read_report_event(store, event_id)):
            return ReportEvent(
                event_id,
                record_id,
                ReportEventKind(known["kind"]),
                known["reason"],
                known["file_name"],
                known["file_sha256"],
            )
        standing = tables.read_report_events(store, record_id)
        last = standing[-1] if standing else None
        if kind is ReportEventKind.WITHDRAWN:
            if last is None or last["kind"] == ReportEventKind.WITHDRAWN:
                message = f"nothing is noted about the report of {record_id}"
                raise DecisionError(message)
        elif tables.read_states(store, record_id).get(Stage.TITLE_ABSTRACT, {}).get("state") != "include":
            message = f"{record_id} is not included at title and abstract, so its report is not sought"
            raise DecisionError(message, hint="review screen reports lists the reports to be sought")
        shown = (tables.read_record(store, record_id) or {})["shown_source_record_id"]
    event = ReportEvent(
        event_id=event_id or str(uuid.uuid4()),
        record_id=record_id,
        kind=kind,
        reason=reason,
        file_name=file.name if file else None,
        file_sha256=hashlib.sha256(file.read_bytes()).hexdigest() if file else None,
    )
    row = {
        "event_id": event.event_id,
        "supersedes": last["event_id"] if last else None,
        "source_record_id": shown,
        "kind": kind.value,
        "reason": reason,
        "file_name": event.file_name,
        "file_sha256": event.file_sha256,
        "who": person.id,
        "decided_at": datetime.now(UTC),
    }
    store.apply([tables.append_report_events([row])])
    return event
