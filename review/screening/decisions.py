"""Takes a reviewer's decisions: append-only, blind or not, a change of mind as a new event.

A decision hangs on the source record that is shown. When a record has several members on which the same
reviewer decided before they were merged, the new decision takes the others back, so that one person has one
word on a record.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from review.database import Store
from review.errors import ConflictOpen, DecisionError, UsageProblem
from review.project import Project, Reviewer
from review.screening import report_store
from review.screening import store as tables
from review.screening.blinding import is_open, opened_to
from review.screening.records import find_members, find_record
from review.screening.report_tracks import holding, of_kind
from review.terms import ReportEventKind, Role, Stage, Verdict

_SCREENERS = (Role.OWNER, Role.REVIEWER)


@dataclass(frozen=True)
class Decision:
    """One decision as it was recorded; not *new* when it stood there already."""

    decision_id: str
    record_id: str
    source_record_id: str
    stage: Stage
    reviewer: str
    verdict: Verdict
    reason: str | None
    note: str | None
    blind: bool
    supersedes: str | None
    decided_at: datetime
    new: bool = field(default=True, compare=False)


def decide(
    store: Store,
    project: Project,
    *,
    record: str,
    stage: str | Stage,
    reviewer: str,
    verdict: str | Verdict,
    reason: str | None = None,
    note: str | None = None,
    decision_id: str | None = None,
    model_version: str | None = None,
    via: str = "command line",
) -> Decision:
    """Record that *reviewer* says *verdict* (include, exclude, unsure) of *record* at *stage*.

    The same *decision_id* again is harmless, and so is the same word under the same criteria: nothing is added.
    Raises DecisionError for a role that does not screen, a reason that is missing or not the protocol's, a
    full-text decision on a report that is not there yet, and a decision that an adjudication or a full-text
    decision rests on.
    """
    at, word = read_stage(stage), _verdict(verdict)
    person = screener(project, reviewer)
    with tables.one_look(store):
        if decision_id and (known := tables.read_decision(store, decision_id)):
            return _same_again(store, known, reviewer=person, stage=at, verdict=word)
        check_reason(project, at, word, reason)
        members = find_members(store, record)
        record_id = members.record_id
        current = tables.read_current(store, record_id, members=members)
        own = _own(current.get(at.value, ()), person)
        said = (word.value, reason, project.criteria.version)
        stands = [(row["verdict"], row["reason"], row["criteria_version"]) for row in own]
        if stands == [said] and note in (None, own[0]["note"]):
            return _as_recorded(own[0], record_id)
        _check_settled(store, record_id, at, own=bool(own), on_text=bool(current.get(Stage.FULL_TEXT.value)))
        if at is Stage.FULL_TEXT:
            _check_report(store, record_id, person)
        decision, rows = _plan(
            store,
            project,
            members=members,
            current=current.get(at.value, ()),
            stage=at,
            reviewer=person,
            verdict=word,
            reason=reason,
            note=note,
            decision_id=decision_id,
            model_version=model_version,
            via=via,
        )
    store.apply([tables.append_decisions(rows)])
    return decision


def undo(
    store: Store,
    project: Project,
    *,
    record: str,
    stage: str | Stage | None = None,
    reviewer: str,
    decision_id: str | None = None,
    via: str = "command line",
) -> Decision:
    """Take the reviewer's decision on a record back, by an event; the record waits for them again.

    Without *stage* it is their decision at the latest stage. Raises DecisionError where there is none, and where an
    adjudication or a full-text decision rests on it.
    """
    asked = read_stage(stage) if stage else None
    person = screener(project, reviewer)
    with tables.one_look(store):
        if decision_id and (known := tables.read_decision(store, decision_id)):
            meant = asked or Stage(known["stage"])
            return _same_again(store, known, reviewer=person, stage=meant, verdict=Verdict.WITHDRAWN)
        members = find_members(store, record)
        record_id = members.record_id
        current = tables.read_current(store, record_id, members=members)
        stages = (asked,) if asked else (Stage.FULL_TEXT, Stage.TITLE_ABSTRACT)
        at = next((one for one in stages if _own(current.get(one.value, ()), person)), None)
        if at is None:
            message = f"{person} has no decision on {record_id}" + (f" at {asked.value}" if asked else "")
            raise DecisionError(message, hint="there is nothing to undo")
        _check_settled(store, record_id, at, own=True, on_text=bool(current.get(Stage.FULL_TEXT.value)))
        decision, rows = _plan(
            store,
            project,
            members=members,
            current=current.get(at.value, ()),
            stage=at,
            reviewer=person,
            verdict=Verdict.WITHDRAWN,
            reason=None,
            note=None,
            decision_id=decision_id,
            model_version=None,
            via=via,
        )
    store.apply([tables.append_decisions(rows)])
    return decision


def read_stage(stage: str | Stage) -> Stage:
    """The stage of that name: title_abstract or full_text."""
    if stage in (Stage.TITLE_ABSTRACT, Stage.FULL_TEXT):
        return Stage(stage)
    message = f"{str(stage)!r} is not a stage; allowed: title_abstract, full_text"
    raise UsageProblem(message)


def screener(project: Project, reviewer: str) -> str:
    """The id of a reviewer who may screen. Raises DecisionError for another role, and for somebody who left."""
    person = project.reviewer(reviewer)
    refuse_left(person)
    if person.role not in _SCREENERS:
        message = f"{person.id} has the role {person.role.value}; decisions are taken by: owner, reviewer"
        raise DecisionError(message, hint="an adjudicator resolves conflicts: review screen adjudicate")
    return person.id


def refuse_left(person: Reviewer) -> None:
    """Raises DecisionError for somebody who left the team."""
    if person.has_left:
        message = f"{person.id} left the team on {person.left}"
        raise DecisionError(message, hint="what they decided stays and counts; review.toml says who is in the team")


def check_reason(project: Project, stage: Stage, verdict: str, reason: str | None) -> None:
    """Raises DecisionError where a reason is missing at full text, out of place, or not the protocol's."""
    allowed = ", ".join(one.code for one in project.criteria.reasons)
    if reason is None:
        if stage is Stage.FULL_TEXT and verdict == Verdict.EXCLUDE:
            message = f"an exclusion at full text needs a reason; allowed: {allowed}"
            raise DecisionError(message, hint="--reason CODE")
    elif verdict != Verdict.EXCLUDE:
        message = f"a reason ({reason!r}) goes with exclude, not with {verdict}"
        raise DecisionError(message, hint="put remarks into --note")
    elif reason not in {one.code for one in project.criteria.reasons}:
        message = f"{reason!r} is not a reason of the protocol; allowed: {allowed}"
        raise DecisionError(message, hint="reasons stand in review.toml as [[criteria.reason]]")


def _plan(
    store: Store,
    project: Project,
    *,
    members: tables.Members,
    current: Sequence[dict[str, Any]],
    stage: Stage,
    reviewer: str,
    verdict: Verdict,
    reason: str | None,
    note: str | None,
    decision_id: str | None,
    model_version: str | None,
    via: str,
) -> tuple[Decision, list[dict[str, Any]]]:
    """The decision, and the rows that record it."""
    own = _own(current, reviewer)
    shown = tables.read_shown(store, members.record_id, members=members)
    replaced = next((row for row in own if row["source_record_id"] == shown), None)
    others_decided = any(row["reviewer"] != reviewer for row in current)
    if project.screening.blind:
        blind = not is_open(
            store, project, record_id=members.record_id, reviewer=reviewer, stage=stage, members=members
        )
    else:
        blind = not others_decided
    first = own[-1] if replaced is None and verdict is Verdict.WITHDRAWN else replaced
    decision = Decision(
        decision_id=decision_id or str(uuid.uuid4()),
        record_id=members.record_id,
        source_record_id=first["source_record_id"] if first else shown,
        stage=stage,
        reviewer=reviewer,
        verdict=verdict,
        reason=reason,
        note=note,
        blind=blind,
        supersedes=first["decision_id"] if first else None,
        decided_at=datetime.now(UTC),
    )
    row = _row(decision, project, model_version=model_version, via=via)
    row["position"] = tables.count_decided(store, reviewer, stage.value) + (0 if own else 1)
    return decision, [row, *(_taken_back(row, one) for one in own if one is not first)]


def _row(decision: Decision, project: Project, *, model_version: str | None, via: str) -> dict[str, Any]:
    return {
        "decision_id": decision.decision_id,
        "supersedes": decision.supersedes,
        "source_record_id": decision.source_record_id,
        "stage": decision.stage.value,
        "reviewer": decision.reviewer,
        "verdict": decision.verdict.value,
        "reason": decision.reason,
        "note": decision.note,
        "blind": decision.blind,
        "criteria_version": project.criteria.version,
        "model_version": model_version,
        "via": via,
        "decided_at": decision.decided_at,
    }


def _taken_back(row: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The event that takes the reviewer's word on another member back; its id follows from the decision's."""
    return {
        **row,
        "decision_id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{row['decision_id']} {other['decision_id']}")),
        "supersedes": other["decision_id"],
        "source_record_id": other["source_record_id"],
        "verdict": Verdict.WITHDRAWN.value,
        "reason": None,
        "note": None,
    }


def _check_settled(store: Store, record_id: str, stage: Stage, *, own: bool, on_text: bool) -> None:
    """Raises DecisionError where something rests on the decisions at *stage* that must be taken back before them."""
    on_text = on_text and stage is Stage.TITLE_ABSTRACT
    if not own and not on_text:
        return  # what most decisions are
    state = tables.read_states(store, record_id).get(stage.value, {})
    if own and state.get("adjudicated"):
        standing = tables.read_adjudications(store, record_id, stage.value)
        judge = next(row["decided_by"] for row in reversed(standing) if row["verdict"] != "reopened")
        message = f"{record_id} was adjudicated at {stage.value} by {judge}"
        raise DecisionError(
            message, hint=f"ask {judge} for it to be reopened: review screen adjudicate RECORD reopened"
        )
    # after a merge the abstracts may be in conflict beside full-text decisions: then there is something to settle
    if on_text and state.get("state") == "include":
        message = f"{record_id} has full-text decisions, which rest on those at title and abstract"
        raise DecisionError(message, hint="undo those first, or say --stage full_text")


def _check_report(store: Store, record_id: str, reviewer: str) -> None:
    """A full-text decision needs an include at title and abstract, and the report."""
    at = Stage.TITLE_ABSTRACT.value
    state = tables.read_states(store, record_id).get(at, {}).get("state")
    # that there is a conflict is told only to those who may see both its sides
    seen = opened_to(tables.read_current(store, record_id).get(at, ()), reviewer)
    if state == "conflict" and len({row["verdict"] == Verdict.EXCLUDE for row in seen}) > 1:
        message = f"{record_id} is in conflict at title and abstract"
        raise ConflictOpen(message, hint="an adjudicator resolves it: review screen adjudicate")
    if state != "include":
        message = f"{record_id} is not included at title and abstract"
        raise DecisionError(message, hint="full text is screened after both decisions at title and abstract")
    if not of_kind(holding(report_store.read_events(store, record_id)), ReportEventKind.RETRIEVED):
        message = f"the report of {record_id} has not been retrieved"
        raise DecisionError(message, hint="when you have it: review screen retrieved RECORD --file FILE")


def _own(current: Sequence[dict[str, Any]], reviewer: str) -> list[dict[str, Any]]:
    return [row for row in current if row["reviewer"] == reviewer]


def _verdict(verdict: str | Verdict) -> Verdict:
    if verdict in (Verdict.INCLUDE, Verdict.EXCLUDE, Verdict.UNSURE):
        return Verdict(verdict)
    message = f"{str(verdict)!r} is not a verdict; allowed: include, exclude, unsure"
    raise UsageProblem(message)


def _same_again(store: Store, row: Mapping[str, Any], *, reviewer: str, stage: Stage, verdict: Verdict) -> Decision:
    """The decision of that id, for a retry. Raises DecisionError when the id belongs to another decision."""
    if (row["reviewer"], row["stage"], row["verdict"]) != (reviewer, stage.value, verdict.value):
        message = f"decision {row['decision_id']} exists already and is another one"
        raise DecisionError(message, hint="give each decision an id of its own")
    return _as_recorded(row, find_record(store, row["source_record_id"]))


def _as_recorded(row: Mapping[str, Any], record_id: str) -> Decision:
    return Decision(
        decision_id=row["decision_id"],
        record_id=record_id,
        source_record_id=row["source_record_id"],
        stage=Stage(row["stage"]),
        reviewer=row["reviewer"],
        verdict=Verdict(row["verdict"]),
        reason=row["reason"],
        note=row["note"],
        blind=row["blind"],
        supersedes=row.get("supersedes"),
        decided_at=row["decided_at"],
        new=False,
    )
