"""Resolves conflicts: a third person's word, or the decision to give a record back to its reviewers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from review.database import Store
from review.errors import DecisionError, UsageProblem
from review.project import Project
from review.screening import store as tables
from review.screening.blinding import MAY_RESOLVE
from review.screening.decisions import check_reason, read_stage
from review.screening.records import find_record
from review.terms import AdjudicatedVerdict, Stage

CONFLICT_COLUMNS: dict[str, Any] = {
    "record_id": pl.String,
    "stage": pl.String,
    "include_by": pl.List(pl.String),
    "unsure_by": pl.List(pl.String),
    "exclude_by": pl.List(pl.String),
    "reasons": pl.List(pl.String),
    "title": pl.String,
    "year": pl.Int32,
    "pmid": pl.String,
    "doi": pl.String,
}


@dataclass(frozen=True)
class Adjudication:
    """One adjudication as it was recorded."""

    adjudication_id: str
    record_id: str
    source_record_id: str
    stage: Stage
    verdict: AdjudicatedVerdict
    reason: str | None
    decided_by: str
    decided_at: datetime


def adjudicate(
    store: Store,
    project: Project,
    *,
    record: str,
    verdict: str | AdjudicatedVerdict,
    by: str,
    stage: str | Stage | None = None,
    reason: str | None = None,
    note: str | None = None,
    adjudication_id: str | None = None,
) -> Adjudication:
    """Resolve the conflict on *record*: include, exclude, or reopened (back to the reviewers' decisions).

    *stage* may be left out where one stage only is in conflict. Raises DecisionError for a role that does not
    adjudicate, for somebody who decided on that record, and where there is no conflict; `reopened` is also
    possible where an adjudication stands.
    """
    word = _verdict(verdict)
    person = project.reviewer(by)
    if person.role not in MAY_RESOLVE:
        message = f"{person.id} has the role {person.role.value}; conflicts are resolved by: adjudicator, owner"
        raise DecisionError(message)
    with tables.one_look(store):
        if adjudication_id and (known := tables.read_adjudication(store, adjudication_id)):
            return _as_recorded(known, find_record(store, known["source_record_id"]))
        record_id = find_record(store, record)
        at = _check(store, project, record_id, stage, word, reason, person.id)
        standing = tables.read_adjudications(store, record_id, at.value)
        shown = (tables.read_record(store, record_id) or {})["shown_source_record_id"]
    first = next((row for row in standing if row["source_record_id"] == shown), None)
    row = {
        "adjudication_id": adjudication_id or str(uuid.uuid4()),
        "supersedes": first["adjudication_id"] if first else None,
        "source_record_id": shown,
        "stage": at.value,
        "verdict": word.value,
        "reason": reason,
        "note": note,
        "decided_by": person.id,
        "criteria_version": project.criteria.version,
        "decided_at": datetime.now(UTC),
    }
    # an older adjudication on another member would still speak: the new one stands for the whole record
    silenced = [_silenced(row, one) for one in standing if one is not first and one["verdict"] != "reopened"]
    store.apply([tables.append_adjudications([row, *silenced])])
    return _as_recorded(row, record_id)


def open_conflicts(store: Store, project: Project, *, reviewer: str) -> list[dict[str, Any]]:
    """Conflicts that *reviewer* may see, with the columns CONFLICT_COLUMNS.

    Adjudicator and owner see all of them, others those that they decided on.
    """
    person = project.reviewer(reviewer)
    rows = tables.read_conflicts(store)
    if person.role in MAY_RESOLVE or not project.screening.blind:
        return rows
    sides = ("include_by", "unsure_by", "exclude_by")
    return [row for row in rows if any(person.id in (row[side] or ()) for side in sides)]


def _check(
    store: Store,
    project: Project,
    record_id: str,
    stage: str | Stage | None,
    verdict: AdjudicatedVerdict,
    reason: str | None,
    person: str,
) -> Stage:
    """The stage that is to be resolved. Raises DecisionError when the person may not, or nothing is in conflict."""
    states = tables.read_states(store, record_id)
    at = read_stage(stage) if stage else _stage_in_conflict(record_id, states)
    check_reason(project, at, verdict.value, reason)
    if person in tables.read_deciders(store, record_id, at.value):
        message = f"{person} decided on {record_id} at {at.value} and cannot adjudicate it"
        raise DecisionError(message, hint="the adjudicator is a third person")
    state = states.get(at.value, {"state": "not due", "adjudicated": False})
    if state["state"] != "conflict" and not (verdict is AdjudicatedVerdict.REOPENED and state["adjudicated"]):
        message = f"{record_id} is not in conflict at {at.value}"
        raise DecisionError(message, hint="review screen conflicts lists the open ones")
    return at


def _stage_in_conflict(record_id: str, states: Mapping[str, Mapping[str, Any]]) -> Stage:
    found = [stage for stage, row in states.items() if row["state"] == "conflict" and stage != Stage.FINAL]
    if len(found) == 1:
        return Stage(found[0])
    if found:
        message = f"{record_id} is in conflict at {' and '.join(sorted(found))}"
        raise UsageProblem(message, hint="say which: --stage")
    message = f"{record_id} is not in conflict"
    raise DecisionError(message, hint="review screen conflicts lists the open ones")


def _silenced(row: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "adjudication_id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{row['adjudication_id']} {other['adjudication_id']}")),
        "supersedes": other["adjudication_id"],
        "source_record_id": other["source_record_id"],
        "verdict": AdjudicatedVerdict.REOPENED.value,
        "reason": None,
        "note": None,
    }


def _verdict(verdict: str | AdjudicatedVerdict) -> AdjudicatedVerdict:
    try:
        return AdjudicatedVerdict(verdict)
    except ValueError as problem:
        message = f"{str(verdict)!r} is not a verdict of an adjudicator; allowed: include, exclude, reopened"
        raise UsageProblem(message) from problem


def _as_recorded(row: Mapping[str, Any], record_id: str) -> Adjudication:
    return Adjudication(
        adjudication_id=row["adjudication_id"],
        record_id=record_id,
        source_record_id=row["source_record_id"],
        stage=Stage(row["stage"]),
        verdict=AdjudicatedVerdict(row["verdict"]),
        reason=row["reason"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
    )
