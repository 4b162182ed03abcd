"""Resolves conflicts: a third person's word, or the decision to give a record back to its reviewers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from review.database import Store, again_when_overtaken, all_new
from review.errors import DecisionError, UsageProblem
from review.project import Project
from review.screening import store as tables
from review.screening.blinding import MAY_RESOLVE, opened_to
from review.screening.decisions import check_reason, read_stage, refuse_left
from review.screening.records import find_members
from review.terms import AdjudicatedVerdict, Stage, Verdict

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


@again_when_overtaken
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

    *stage* may be left out where only one can be meant. A new word of the same person takes the place of their
    old one; another's adjudication has to be reopened first. The same *adjudication_id* again is harmless. Raises
    DecisionError where that is another one, for a role that does not
    adjudicate, for somebody who decided on that record, where there is nothing to resolve, and where full-text
    decisions rest on what was said at title and abstract.
    """
    word = _verdict(verdict)
    person = project.reviewer(by)
    refuse_left(person)
    if person.role not in MAY_RESOLVE:
        message = f"{person.id} has the role {person.role.value}; conflicts are resolved by: adjudicator, owner"
        raise DecisionError(message)
    with tables.one_look(store):
        members = find_members(store, record)
        record_id = members.record_id
        if adjudication_id and (known := tables.read_adjudication(store, adjudication_id)):
            said = (word.value, person.id, read_stage(stage or known["stage"]).value)
            return _same_again(known, members, said)
        at = _check(store, project, record_id, stage, word, reason, person.id)
        standing = tables.read_adjudications(store, record_id, at.value)
        shown = tables.read_shown(store, record_id)
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
    done = store.apply([tables.append_adjudications([row, *silenced])])
    all_new(done, "screening.adjudication", 1 + len(silenced))
    return _as_recorded(row, record_id)


def open_conflicts(store: Store, project: Project, *, reviewer: str) -> list[dict[str, Any]]:
    """Conflicts that *reviewer* may see, with the columns CONFLICT_COLUMNS.

    Adjudicator and owner see all of them; others those on source records that they decided on, and of each what
    was said of those.
    """
    person = project.reviewer(reviewer)
    rows = tables.read_conflicts(store)
    if person.role in MAY_RESOLVE or not project.screening.blind:
        return rows
    decisions: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in tables.read_conflict_decisions(store):
        decisions.setdefault((one["record_id"], one["stage"]), []).append(one)
    seen = [(row, opened_to(decisions.get((row["record_id"], row["stage"]), ()), person.id)) for row in rows]
    return [
        {**row, **_sides(visible)}
        for row, visible in seen
        if len({one["verdict"] == Verdict.EXCLUDE for one in visible}) > 1
    ]


def _sides(decisions: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Who says what, and the reasons, as in v1.conflict."""
    by = {
        f"{word.value}_by": sorted({one["reviewer"] for one in decisions if one["verdict"] == word})
        for word in (Verdict.INCLUDE, Verdict.UNSURE, Verdict.EXCLUDE)
    }
    reasons = {one["reason"] for one in decisions if one["verdict"] == Verdict.EXCLUDE and one["reason"]}
    return {**by, "reasons": sorted(reasons)}


def _check(
    store: Store,
    project: Project,
    record_id: str,
    stage: str | Stage | None,
    verdict: AdjudicatedVerdict,
    reason: str | None,
    person: str,
) -> Stage:
    """The stage that is to be resolved. Raises DecisionError when the person may not, or nothing is to be resolved."""
    states = tables.read_states(store, record_id)
    judges = {one: _judges(store, record_id, one) for one, row in states.items() if row["adjudicated"]}
    at = read_stage(stage) if stage else _stage_meant(record_id, states, judges, verdict, person)
    check_reason(project, at, verdict.value, reason)
    if person in tables.read_deciders(store, record_id, at.value):
        message = f"{person} decided on {record_id} at {at.value} and cannot adjudicate it"
        raise DecisionError(message, hint="the adjudicator is a third person")
    if states.get(at.value, {}).get("state") == "conflict":
        return at
    if at.value not in judges:
        message = f"{record_id} is not in conflict at {at.value}"
        raise DecisionError(message, hint="review screen conflicts lists the open ones")
    if verdict is not AdjudicatedVerdict.REOPENED and judges[at.value] != {person}:
        others = " and ".join(sorted(judges[at.value]))
        message = f"{record_id} was adjudicated at {at.value} by {others}"
        raise DecisionError(message, hint="reopen it first: review screen adjudicate RECORD reopened")
    if at is Stage.TITLE_ABSTRACT and tables.read_current(store, record_id).get(Stage.FULL_TEXT.value):
        message = f"{record_id} has full-text decisions, which rest on the adjudication at title and abstract"
        raise DecisionError(message, hint="they have to be undone first, or say --stage full_text")
    return at


def _judges(store: Store, record_id: str, stage: str) -> set[str]:
    """Whose adjudications hold."""
    standing = tables.read_adjudications(store, record_id, stage)
    return {row["decided_by"] for row in standing if row["verdict"] != AdjudicatedVerdict.REOPENED}


def _stage_meant(
    record_id: str,
    states: Mapping[str, Mapping[str, Any]],
    judges: Mapping[str, set[str]],
    verdict: AdjudicatedVerdict,
    person: str,
) -> Stage:
    """The one stage that *verdict* can be about: what is adjudicated is reopened, what is in conflict is resolved."""
    open_ones = [stage for stage, row in states.items() if row["state"] == "conflict" and stage != Stage.FINAL]
    if verdict is AdjudicatedVerdict.REOPENED:
        found = list(judges) or open_ones
    else:
        found = open_ones or [stage for stage, who in judges.items() if who == {person}]
    if len(found) == 1:
        return Stage(found[0])
    if found:
        how = "was adjudicated" if found[0] in judges else "is in conflict"
        message = f"{record_id} {how} at {' and '.join(sorted(found))}"
        raise UsageProblem(message, hint="say which: --stage")
    message = f"{record_id} is not in conflict" + (f"; it was adjudicated at {' and '.join(judges)}" if judges else "")
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


def _same_again(row: Mapping[str, Any], members: tables.Members, said: tuple[str, str, str]) -> Adjudication:
    """The adjudication of that id, for a retry of *said*: verdict, person, stage.

    Raises DecisionError when the id belongs to another one.
    """
    if (row["verdict"], row["decided_by"], row["stage"]) != said or row["source_record_id"] not in members.entries:
        message = f"adjudication {row['adjudication_id']} exists already and is another one"
        raise DecisionError(message, hint="give each adjudication an id of its own")
    return _as_recorded(row, members.record_id)


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
