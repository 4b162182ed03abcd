"""The team: who screens what, calibration rounds, and the person's own events to take along."""

from __future__ import annotations

import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from review.errors import UsageProblem
from review.flows.events import export_events
from review.screening import calibration as screening
from review.screening.blinding import is_blinded
from review.team import assignments as sharing
from review.web.api.records import StageName
from review.web.api.route import Answer, ApiRoute, Given, Id, JsonLines, Words
from review.web.roles import May
from review.web.site import Desk


class Difference(Answer, frozen=True):
    """A record of a round of which not all said the same; *opposed* when some exclude and some do not."""

    record: str
    title: str | None
    opposed: bool
    sides: list[dict[str, Any]]


class Round(Answer, frozen=True):
    """A calibration round. *pairs* and *differences* are null until everybody has decided on all its records."""

    round: str
    stage: str
    records: int
    reviewers: list[str]
    criteria_version: str
    opened_by: str
    opened_at: datetime
    open: bool
    finished: bool
    own: int | None
    closed_by: str | None
    closed_at: datetime | None
    closing_criteria_version: str | None
    note: str | None
    pairs: list[dict[str, Any]] | None
    differences: list[Difference] | None


class Rounds(Answer, frozen=True):
    """The rounds, the first one first."""

    rounds: list[Round]


class CalibrationBody(Given, frozen=True):
    """Open a round of *records* (as many as review.toml says, if left out), or close the one that is open.

    One that somebody has not finished is closed only with *unfinished*: its agreement is then never shown.
    """

    id: Id
    deed: Literal["open", "close"]
    records: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    stage: StageName | None = None
    note: Words | None = None
    unfinished: bool = False


class Person(Answer, frozen=True):
    """Somebody whom review.toml names."""

    id: str
    name: str
    role: str
    left: date | None


class Assignments(Answer, frozen=True):
    """Who has how many records; who screens blind sees their own row."""

    rows: list[dict[str, Any]]
    people: list[Person]


class AssignmentBody(Given, frozen=True):
    """`split`: each record to as many people as the protocol asks for; `double`: *share* percent to two, the others to
    one; `all`: every open assignment is taken back. The same again adds nothing.
    """

    id: Id
    mode: Literal["all", "split", "double"]
    share: Annotated[int, Meta(ge=0, le=100)] = 100
    stage: StageName = "title_abstract"
    reviewers: Annotated[list[Annotated[str, Meta(max_length=100)]], Meta(max_length=100)] | None = None


class AssignmentsMade(Answer, frozen=True):
    """How many assignments are new, how many were taken back, and what each person has now in all.

    To an owner who screens blind only what they have themselves: how many records wait tells how far the others are.
    """

    mode: str
    stage: str
    records: int | None
    new: int | None
    released: int | None
    each: dict[str, int]


def assignments(desk: Desk) -> Assignments:
    """Who is on the team, and who has how many records."""
    only = desk.reviewer.id if is_blinded(desk.store, desk.project, desk.reviewer.id) else None
    rows = sharing.assignments(desk.store, desk.project, reviewer=only)
    people = [Person(id=one.id, name=one.name, role=one.role.value, left=one.left) for one in desk.project.reviewers]
    return Assignments(rows=rows.to_dicts(), people=people)


def assign(desk: Desk, body: AssignmentBody) -> AssignmentsMade:
    """Share the records that wait out among those who screen."""
    done = sharing.assign(
        desk.store,
        desk.project,
        by=desk.reviewer.id,
        mode=body.mode,
        share=body.share,
        stage=body.stage,
        reviewers=body.reviewers,
    )
    person = desk.reviewer.id
    blinded = is_blinded(desk.store, desk.project, person)
    return AssignmentsMade(
        mode=done.mode,
        stage=done.stage.value,
        records=None if blinded else done.records,
        new=None if blinded else done.new,
        released=None if blinded else done.released,
        each={one: count for one, count in done.each.items() if not blinded or one == person},
    )


def calibration(desk: Desk) -> Rounds:
    """The calibration rounds; agreement only of those that everybody has finished."""
    found = screening.rounds(desk.store, desk.project, reviewer=desk.reviewer.id)
    return Rounds(rounds=[_round(one) for one in found])


def calibrate(desk: Desk, body: CalibrationBody) -> Round:
    """Open a round, or close it with what came of it."""
    if body.deed == "open":
        if body.note is not None or body.unfinished:
            message = "note and unfinished go with close"
            raise UsageProblem(message)
        done = screening.open_round(
            desk.store,
            desk.project,
            by=desk.reviewer.id,
            records=body.records,
            stage=body.stage or "title_abstract",
            round_id=body.id,
        )
    else:
        if body.records is not None or body.stage is not None:
            message = "records and stage go with open"
            raise UsageProblem(message)
        done = screening.close_round(
            desk.store,
            desk.project,
            by=desk.reviewer.id,
            note=body.note or None,
            unfinished=body.unfinished,
            event_id=body.id,
        )
    return _round(done)


def events(desk: Desk) -> JsonLines:
    """The person's own events, one a line, as `review events export --only` writes them."""
    person = desk.reviewer.id
    with tempfile.TemporaryDirectory() as folder:
        done = export_events(desk.store, desk.project, Path(folder), only=person, reviewer=person)
        return JsonLines("".join(path.read_text("utf-8") for path, _ in done.files))


def _round(one: screening.Round) -> Round:
    pairs = differences = None
    if one.pairs is not None:
        pairs = [{"reviewer_1": two.reviewer_1, "reviewer_2": two.reviewer_2, **two.figures} for two in one.pairs]
    if one.differences is not None:
        differences = [
            Difference(record=two.record_id, title=two.title, opposed=two.opposed, sides=list(two.sides))
            for two in one.differences
        ]
    return Round(
        round=one.round_id,
        stage=one.stage.value,
        records=len(one.records),
        reviewers=list(one.reviewers),
        criteria_version=one.criteria_version,
        opened_by=one.opened_by,
        opened_at=one.opened_at,
        open=one.is_open,
        finished=one.finished,
        own=one.own,
        closed_by=one.closed_by,
        closed_at=one.closed_at,
        closing_criteria_version=one.closing_criteria_version,
        note=one.note,
        pairs=pairs,
        differences=differences,
    )


ROUTES = (
    ApiRoute("GET", "/api/assignments", assignments, "Who screens what"),
    ApiRoute("POST", "/api/assignments", assign, "Share records out", May.ASSIGN),
    ApiRoute("GET", "/api/calibration", calibration, "Calibration rounds"),
    ApiRoute("POST", "/api/calibration", calibrate, "Open or close a calibration round", May.CALIBRATE),
    ApiRoute("GET", "/api/events", events, "Your own events"),
)
