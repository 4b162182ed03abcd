"""Takes a reviewer's decisions: append-only, blind or not, a change of mind as a new event.

A decision hangs on the source record that is shown. When a record has several members on which the same
reviewer decided before they were merged, the new decision takes the others back, so that one person has one
word on a record.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from review.database import Store, again_when_overtaken, all_new
from review.errors import ConflictOpen, DecisionError, UsageProblem
from review.project import Project, Reviewer
from review.screening import report_store
from review.screening import store as tables
from review.screening.blinding import hides_include, is_open, opened_to
from review.screening.records import find_members
from review.screening.report_tracks import holding, of_kind
from review.terms import ReportEventKind, Role, Stage, Verdict

_LONGEST_WAY = timedelta(days=60)  # that a decision waited in a browser for its connection
_SCREENERS = (Role.OWNER, Role.REVIEWER)
_States = Mapping[str, Mapping[str, Any]]


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


@again_when_overtaken
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
    criteria_version: str | None = None,
    decided_at: datetime | None = None,
    only_waiting: bool = False,
    via: str = "command line",
) -> Decision:
    """Record that *reviewer* says *verdict* (include, exclude, unsure) of *record* at *stage*.

    The same *decision_id* again is harmless, and so is the same word under the same criteria: nothing is added. The
    same verdict and reason with another note is always taken. Raises DecisionError for a role that does not screen, a
    reason that is missing or not the protocol's, a full-text decision on a report that is not there yet, a decision
    that an adjudication rests on, and one at title and abstract once the report is at full text.

    *criteria_version* is the one that the reviewer had before them, where that may be an older one; *decided_at* when
    they decided, where it travels a while (never later than now). With *only_waiting* a first decision on a record
    that does not wait for the reviewer is refused too: enough have decided on it meanwhile, or it was adjudicated.
    One that travelled so long that the reviewer has decided again since is refused as well.
    """
    at, word = read_stage(stage), _verdict(verdict)
    version = _criteria_version(store, project, criteria_version)
    person = screener(project, reviewer)
    check_reason(project, at, word, reason)
    with tables.one_look(store):
        members = find_members(store, record)
        # last of all: what an id is known for must not be found out by a request that could not be taken anyhow
        if decision_id and (known := tables.read_decision(store, decision_id)):
            return _same_again(known, members, reviewer=person, stage=at, verdict=word)
        record_id = members.record_id
        current = tables.read_current(store, record_id, members=members)
        states = tables.read_states(store, record_id)
        own = _own(current.get(at.value, ()), person)
        said = (word.value, reason, version)
        stands = [(row["verdict"], row["reason"], row["criteria_version"]) for row in own]
        if stands == [said] and note in (None, own[0]["note"]):
            return _as_recorded(own[0], record_id)
        if decided_at and any(row["decided_at"] and row["decided_at"] > _moment(decided_at) for row in own):
            message = f"you have decided again on {record_id} since, and that stays"
            raise DecisionError(message, hint="decide once more if this is what you mean now")
        if {(row["verdict"], row["reason"]) for row in own} != {(word.value, reason)}:  # else only the note is new
            _check_settled(store, project, record_id, at, person, current, states)
            if at is Stage.FULL_TEXT:
                _check_report(store, project, record_id, person, states)
        if only_waiting and not own and not _waits_for(person, states.get(at.value, {})):
            message = f"{record_id} no longer waits for you, and your word on it was not stored"
            raise DecisionError(message, hint="enough have decided on it meanwhile, or it was adjudicated")
        decision, rows = _plan(
            store,
            project,
            members=members,
            current=current.get(at.value, ()),
            states=states,
            stage=at,
            reviewer=person,
            verdict=word,
            reason=reason,
            note=note,
            decision_id=decision_id,
            model_version=model_version,
            criteria_version=version,
            decided_at=decided_at,
            via=via,
        )
    all_new(store.apply([tables.append_decisions(rows)]), "screening.decision", len(rows))
    return decision


@again_when_overtaken
def undo(
    store: Store,
    project: Project,
    *,
    record: str,
    stage: str | Stage | None = None,
    reviewer: str,
    decision_id: str | None = None,
    decided_at: datetime | None = None,
    via: str = "command line",
) -> Decision:
    """Take the reviewer's decision on a record back, by an event; the record waits for them again.

    Without *stage* it is their decision at the latest stage. Raises DecisionError where there is none, where an
    adjudication rests on it, and at title and abstract once the report is at full text.
    """
    asked = read_stage(stage) if stage else None
    person = screener(project, reviewer)
    with tables.one_look(store):
        members = find_members(store, record)
        if decision_id and (known := tables.read_decision(store, decision_id)):
            meant = asked or Stage(known["stage"])
            return _same_again(known, members, reviewer=person, stage=meant, verdict=Verdict.WITHDRAWN)
        record_id = members.record_id
        current = tables.read_current(store, record_id, members=members)
        stages = (asked,) if asked else (Stage.FULL_TEXT, Stage.TITLE_ABSTRACT)
        at = next((one for one in stages if _own(current.get(one.value, ()), person)), None)
        if at is None:
            message = f"{person} has no decision on {record_id}" + (f" at {asked.value}" if asked else "")
            raise DecisionError(message, hint="there is nothing to undo")
        states = tables.read_states(store, record_id)
        _check_settled(store, project, record_id, at, person, current, states)
        decision, rows = _plan(
            store,
            project,
            members=members,
            current=current.get(at.value, ()),
            states=states,
            stage=at,
            reviewer=person,
            verdict=Verdict.WITHDRAWN,
            reason=None,
            note=None,
            decision_id=decision_id,
            model_version=None,
            criteria_version=project.criteria.version,
            decided_at=decided_at,
            via=via,
        )
    all_new(store.apply([tables.append_decisions(rows)]), "screening.decision", len(rows))
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
    states: _States,
    stage: Stage,
    reviewer: str,
    verdict: Verdict,
    reason: str | None,
    note: str | None,
    decision_id: str | None,
    model_version: str | None,
    criteria_version: str,
    decided_at: datetime | None,
    via: str,
) -> tuple[Decision, list[dict[str, Any]]]:
    """The decision, and the rows that record it."""
    own = _own(current, reviewer)
    shown = tables.read_shown(store, members.record_id, members=members)
    replaced = next((row for row in own if row["source_record_id"] == shown), None)
    others_decided = any(row["reviewer"] != reviewer for row in current)
    if project.screening.blind:
        record_id = members.record_id
        blind = not is_open(
            store, project, record_id=record_id, reviewer=reviewer, stage=stage, members=members, states=states
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
        decided_at=_moment(decided_at),
    )
    row = _row(decision, criteria_version, model_version=model_version, via=via)
    row["position"] = tables.count_decided(store, reviewer, stage.value) + (0 if own else 1)
    return decision, [row, *(_taken_back(row, one) for one in own if one is not first)]


def _moment(given: datetime | None) -> datetime:
    """When somebody decided; a clock that runs ahead, or that lost its battery, is not believed."""
    now = datetime.now(UTC)
    return given if given is not None and now - _LONGEST_WAY < given < now else now


def _criteria_version(store: Store, project: Project, given: str | None) -> str:
    """The version of the criteria that was before the reviewer. Raises DecisionError for one that there never was."""
    if given in (None, project.criteria.version):
        return project.criteria.version
    if given not in tables.read_criteria_versions(store):
        message = f"{given!r} is no version of this review's criteria"
        raise DecisionError(message, hint="load the page again")
    return str(given)


def _row(decision: Decision, criteria_version: str, *, model_version: str | None, via: str) -> dict[str, Any]:
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
        "criteria_version": criteria_version,
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


def _check_settled(
    store: Store,
    project: Project,
    record_id: str,
    stage: Stage,
    person: str,
    current: Mapping[str, Sequence[dict[str, Any]]],
    states: _States,
) -> None:
    """Raises DecisionError where something rests on the decisions at *stage* that must be taken back before them."""
    own = bool(_own(current.get(stage.value, ()), person))
    texts = current.get(Stage.FULL_TEXT.value, ())
    # who screens blind is told of no full-text decision but their own: what everybody may know is that the report came
    texts = _own(texts, person) if project.screening.blind else texts
    at_abstract = stage is Stage.TITLE_ABSTRACT
    on_text = at_abstract and bool(texts)
    if not own and not at_abstract:
        return
    state = states.get(stage.value, {})
    if own and state.get("adjudicated"):
        standing = tables.read_adjudications(store, record_id, stage.value)
        judge = next(row["decided_by"] for row in reversed(standing) if row["verdict"] != "reopened")
        message = f"{record_id} was adjudicated at {stage.value} by {judge}"
        raise DecisionError(
            message, hint=f"ask {judge} for it to be reopened: review screen adjudicate RECORD reopened"
        )
    # after a merge the abstracts may be in conflict beside full-text decisions: then there is something to settle
    if not at_abstract or state.get("state") != "include":
        return
    if on_text:
        message = f"{record_id} has full-text decisions, which rest on those at title and abstract"
        raise DecisionError(message, hint="undo those first, or say --stage full_text")
    if project.screening.blind and _is_retrieved(store, record_id):
        message = f"{record_id} is at full text: its report is there, and what was said at title and abstract stands"
        raise DecisionError(
            message,
            hint="decide with --stage full_text; if the report should not be there, take that back first: "
            "review screen take-back RECORD --track retrieval",
        )


def _is_retrieved(store: Store, record_id: str) -> bool:
    """Whether it is noted that the report is there; what was decided on it does not matter."""
    return of_kind(holding(report_store.read_events(store, record_id)), ReportEventKind.RETRIEVED) is not None


def _waits_for(reviewer: str, state: Mapping[str, Any]) -> bool:
    """Whether a record in that *state* waits for a decision of *reviewer*, who has none."""
    if state.get("state") not in ("needs_first", "needs_second"):
        return False
    return bool(state["open_to_all"]) or reviewer in state["assigned_to"]


def _check_report(store: Store, project: Project, record_id: str, reviewer: str, states: _States) -> None:
    """A full-text decision needs an include at title and abstract, and the report."""
    at = Stage.TITLE_ABSTRACT.value
    state = states.get(at, {}).get("state")
    # that there is a conflict is told only to those who may see both its sides
    seen = opened_to(tables.read_current(store, record_id).get(at, ()), reviewer)
    if state == "conflict" and len({row["verdict"] == Verdict.EXCLUDE for row in seen}) > 1:
        message = f"{record_id} is in conflict at title and abstract"
        raise ConflictOpen(message, hint="an adjudicator resolves it: review screen adjudicate")
    if state != "include" or hides_include(store, project, record_id, reviewer):
        message = f"{record_id} is not included at title and abstract"
        raise DecisionError(message, hint="full text is screened after both decisions at title and abstract")
    if not _is_retrieved(store, record_id):
        message = f"the report of {record_id} has not been retrieved"
        raise DecisionError(message, hint="when you have it: review screen retrieved RECORD --file FILE")


def _own(current: Sequence[dict[str, Any]], reviewer: str) -> list[dict[str, Any]]:
    return [row for row in current if row["reviewer"] == reviewer]


def _verdict(verdict: str | Verdict) -> Verdict:
    if verdict in (Verdict.INCLUDE, Verdict.EXCLUDE, Verdict.UNSURE):
        return Verdict(verdict)
    message = f"{str(verdict)!r} is not a verdict; allowed: include, exclude, unsure"
    raise UsageProblem(message)


def _same_again(
    row: Mapping[str, Any], members: tables.Members, *, reviewer: str, stage: Stage, verdict: Verdict
) -> Decision:
    """The decision of that id, for a retry. Raises DecisionError when the id belongs to another decision."""
    same = (row["reviewer"], row["stage"], row["verdict"]) == (reviewer, stage.value, verdict.value)
    if not same or row["source_record_id"] not in members.entries:
        message = f"decision {row['decision_id']} exists already and is another one"
        raise DecisionError(message, hint="give each decision an id of its own")
    return _as_recorded(row, members.record_id)


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
