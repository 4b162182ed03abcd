"""Decisions: taken, taken back, and conflicts resolved by a third person."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from review.screening import conflicts as screening_conflicts
from review.screening import decisions as screening
from review.screening import queue as queues
from review.screening.blinding import visible_decisions
from review.terms import Stage
from review.web.api.cards import CardView
from review.web.api.records import StageName, views
from review.web.api.route import Answer, ApiRoute, Given, Id, Key, Line, Words
from review.web.roles import May
from review.web.site import Desk

_VIA = "web page"
Moment = Annotated[datetime, Meta(tz=True)]


class DecisionBody(Given, frozen=True):
    """A decision. A reason goes with exclude only, and at full text has to.

    *criteria_version* is the one that the page showed, *decided_at* the moment of the key: a decision may travel a
    while. A record that does not wait for the person any more is refused (409).
    """

    id: Id
    record: Key
    stage: StageName
    verdict: Literal["include", "exclude", "unsure"]
    reason: Line | None = None
    note: Words | None = None
    criteria_version: Line | None = None
    decided_at: Moment | None = None


class UndoBody(Given, frozen=True):
    """Without *stage* it is the decision at the latest stage."""

    id: Id
    record: Key
    stage: StageName | None = None
    decided_at: Moment | None = None


class Decided(Answer, frozen=True):
    """The decision as it was recorded; not *new* when it stood there already."""

    decision: str
    record: str
    stage: str
    verdict: str
    reason: str | None
    note: str | None
    blind: bool
    new: bool


class Side(Answer, frozen=True):
    """What one person said."""

    reviewer: str
    verdict: str
    reason: str | None
    note: str | None
    decided_at: datetime | None


class Conflict(Answer, frozen=True):
    """A record on which decisions are opposed, and its sides."""

    stage: str
    card: CardView
    sides: list[Side]


class ConflictsQuery(Given, frozen=True):
    """How many are given at once."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 30


class Conflicts(Answer, frozen=True):
    """Open conflicts that the person may see: the first of them, and how many there are in all."""

    total: int
    rows: list[Conflict]


class AdjudicationBody(Given, frozen=True):
    """`reopened` gives the record back to its reviewers."""

    id: Id
    record: Key
    stage: StageName
    verdict: Literal["include", "exclude", "reopened"]
    reason: Line | None = None
    note: Words | None = None


class Adjudicated(Answer, frozen=True):
    """The adjudication as it was recorded."""

    adjudication: str
    record: str
    stage: str
    verdict: str
    reason: str | None
    decided_by: str
    decided_at: datetime


def decide(desk: Desk, body: DecisionBody) -> Decided:
    """Decide on a record; a new decision takes the place of the person's old one."""
    done = screening.decide(
        desk.store,
        desk.project,
        record=body.record,
        stage=body.stage,
        reviewer=desk.reviewer.id,
        verdict=body.verdict,
        reason=body.reason,
        note=body.note or None,
        decision_id=body.id,
        criteria_version=body.criteria_version,
        decided_at=body.decided_at,
        only_waiting=True,
        via=_VIA,
    )
    return _decided(done)


def undo(desk: Desk, body: UndoBody) -> Decided:
    """Take the own decision on a record back; the record waits again."""
    done = screening.undo(
        desk.store,
        desk.project,
        record=body.record,
        stage=body.stage,
        reviewer=desk.reviewer.id,
        decision_id=body.id,
        decided_at=body.decided_at,
        via=_VIA,
    )
    return _decided(done)


def conflicts(desk: Desk, query: ConflictsQuery) -> Conflicts:
    """Records on which the decisions are opposed, side by side; reviewers see those that they decided on."""
    rows = screening_conflicts.open_conflicts(desk.store, desk.project, reviewer=desk.reviewer.id)
    shown = [_conflict(desk, row["record_id"], Stage(row["stage"])) for row in rows[: query.limit]]
    return Conflicts(total=len(rows), rows=shown)


def adjudicate(desk: Desk, body: AdjudicationBody) -> Adjudicated:
    """Resolve a conflict as the third person, or give the record back."""
    done = screening_conflicts.adjudicate(
        desk.store,
        desk.project,
        record=body.record,
        verdict=body.verdict,
        by=desk.reviewer.id,
        stage=body.stage,
        reason=body.reason,
        note=body.note or None,
        adjudication_id=body.id,
    )
    return Adjudicated(
        adjudication=done.adjudication_id,
        record=done.record_id,
        stage=done.stage.value,
        verdict=done.verdict.value,
        reason=done.reason,
        decided_by=done.decided_by,
        decided_at=done.decided_at,
    )


def _decided(done: screening.Decision) -> Decided:
    return Decided(
        decision=done.decision_id,
        record=done.record_id,
        stage=done.stage.value,
        verdict=done.verdict.value,
        reason=done.reason,
        note=done.note,
        blind=done.blind,
        new=done.new,
    )


def _conflict(desk: Desk, record_id: str, stage: Stage) -> Conflict:
    reviewer = desk.reviewer.id
    card = queues.show_record(desk.store, desk.project, record=record_id, reviewer=reviewer, stage=stage)
    seen = visible_decisions(desk.store, desk.project, record_id=record_id, reviewer=reviewer, stage=stage)
    sides = [
        Side(
            reviewer=row["reviewer"],
            verdict=row["verdict"],
            reason=row["reason"],
            note=row["note"],
            decided_at=row["decided_at"],
        )
        for row in seen
    ]
    return Conflict(stage=stage.value, card=views(desk, [card])[0], sides=sides)


ROUTES = (
    ApiRoute("POST", "/api/decisions", decide, "Decide on a record", May.SCREEN),
    ApiRoute("POST", "/api/undo", undo, "Take your decision back", May.SCREEN),
    ApiRoute("GET", "/api/conflicts", conflicts, "Open conflicts, side by side"),
    ApiRoute("POST", "/api/adjudications", adjudicate, "Resolve a conflict", May.RESOLVE),
)
