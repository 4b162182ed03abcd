"""Calibration rounds: everybody who screens decides on the same few records, to see whether they read criteria alike.

Nobody sees anything of a round before everybody has decided on all of its records, and then all see all of it. The
decisions stay and give the records their state; they are kept out of the review's agreement, which is about what
people decided after they had talked. What a round leads to is an amendment of the criteria under a new version.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from review.database import Store, again_when_overtaken
from review.errors import DecisionError, UsageProblem
from review.project import Project
from review.screening import calibration_store as tables
from review.screening.agreement import Cells, figures
from review.screening.blinding import is_blinded, screeners
from review.screening.decisions import read_stage
from review.screening.overview import AGREEMENT_COLUMNS
from review.terms import Role, Stage


@dataclass(frozen=True)
class Pair:
    """How far two reviewers agree in a round: the four cells, and the coefficients by the names of agreement_table."""

    reviewer_1: str
    reviewer_2: str
    cells: Cells
    figures: dict[str, Any]


@dataclass(frozen=True)
class Difference:
    """A record of which the reviewers of a round did not all say the same; *opposed* when some exclude and some not.

    *sides* holds reviewer, verdict, reason and note, by reviewer.
    """

    record_id: str
    title: str | None
    opposed: bool
    sides: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Round:
    """One calibration round. *pairs* and *differences* are None until everybody has decided on all of its records.

    *own* is the number of its records that the asking reviewer has decided on, None for somebody who is not in it.
    """

    round_id: str
    stage: Stage
    records: tuple[str, ...]
    reviewers: tuple[str, ...]
    criteria_version: str
    opened_by: str
    opened_at: datetime
    is_open: bool
    finished: bool
    own: int | None
    closed_by: str | None = None
    closed_at: datetime | None = None
    closing_criteria_version: str | None = None
    note: str | None = None
    pairs: tuple[Pair, ...] | None = None
    differences: tuple[Difference, ...] | None = None

    @property
    def amended(self) -> bool:
        """Whether the criteria had another version when it was closed."""
        return self.closing_criteria_version not in (None, self.criteria_version)


@again_when_overtaken
def open_round(
    store: Store,
    project: Project,
    *,
    by: str,
    records: int | None = None,
    stage: str | Stage = Stage.TITLE_ABSTRACT,
    round_id: str | None = None,
) -> Round:
    """Draw *records* (review.toml's screening.calibration) that nobody has decided on, for everybody who screens.

    The same *round_id* again is harmless. Raises DecisionError for anybody but an owner, while a round of that stage
    is open, with fewer than two who screen, and where no such record is left.
    """
    at = read_stage(stage)
    person = _owner(project, by)
    last = tables.last_arrival(store)
    if round_id and (known := tables.read_event(store, round_id)):
        if (known["kind"], known["stage"], known["who"]) != ("opened", at.value, person):
            message = f"event {round_id} exists already and is another one"
            raise DecisionError(message, hint="give each round an id of its own")
        return _one(store, project, round_id, reviewer=person)
    size = project.screening.calibration if records is None else records
    if size < 1:
        message = f"a calibration round of {size} records; allowed: 1 or more"
        raise UsageProblem(message, hint="--records N, or screening.calibration in review.toml")
    people = screeners(store, project)
    if len(people) < 2:
        message = f"a calibration round needs two who screen; there is {', '.join(people) or 'nobody'}"
        raise DecisionError(message, hint='name them in review.toml as [[reviewers]] with role = "reviewer"')
    if still := next((one for one in tables.read_rounds(store) if one["is_open"] and one["stage"] == at), None):
        message = f"calibration round {still['round_id']} of {at.value} is still open"
        raise DecisionError(message, hint="close it first: review screen calibrate close")
    name = round_id or str(uuid.uuid4())
    drawn = tables.draw(store, stage=at.value, seed=name, records=size)
    if not drawn:
        message = f"no record waits at {at.value} that nobody has decided on"
        raise DecisionError(message, hint="a calibration round comes before the screening of its records")
    row = {
        "event_id": name,
        "round_id": name,
        "kind": "opened",
        "stage": at.value,
        "source_record_ids": drawn,
        "reviewers": sorted(people),
        "size": size,
        **_signed(project, person),
    }
    store.apply([tables.append_events([row]), tables.unchanged(last)])
    return _one(store, project, name, reviewer=person)


@again_when_overtaken
def close_round(
    store: Store,
    project: Project,
    *,
    by: str,
    round_id: str | None = None,
    note: str | None = None,
    unfinished: bool = False,
    event_id: str | None = None,
) -> Round:
    """Close a round, by default the one that is open, with what came of it.

    The records keep the state that the decisions give them. A round that somebody has not finished is closed only
    when *unfinished* says so: then nothing of it is ever shown as agreement, and its records wait as all others do.
    Raises DecisionError for anybody but an owner, and where there is no open round, or it is not finished.
    """
    person = _owner(project, by)
    last = tables.last_arrival(store)
    if event_id and (known := tables.read_event(store, event_id)):
        if known["kind"] != "closed" or known["who"] != person or round_id not in (None, known["round_id"]):
            message = f"event {event_id} exists already and is another one"
            raise DecisionError(message, hint="give each event an id of its own")
        return _one(store, project, known["round_id"], reviewer=person)
    found = tables.read_rounds(store)
    if round_id is not None and all(row["round_id"] != round_id for row in found):
        message = (
            f"{round_id!r} is not a calibration round; there are: {', '.join(r['round_id'] for r in found) or 'none'}"
        )
        raise UsageProblem(message, hint="review screen calibrate show")
    still = [row for row in found if row["is_open"] and round_id in (None, row["round_id"])]
    if not still:
        message = f"calibration round {round_id} is closed already" if round_id else "no calibration round is open"
        raise DecisionError(message, hint="review screen calibrate show")
    if len(still) > 1:
        message = f"{len(still)} calibration rounds are open: {', '.join(row['round_id'] for row in still)}"
        raise UsageProblem(message, hint="say which: --round ID")
    row = still[0]
    if not row["finished"] and not unfinished:
        message = f"calibration round {row['round_id']} is not finished: not everybody has decided on all its records"
        raise DecisionError(message, hint="wait, or give it up with --unfinished: its agreement is then never shown")
    closing = {
        "event_id": event_id or str(uuid.uuid4()),
        "round_id": row["round_id"],
        "kind": "closed",
        "stage": row["stage"],
        "finished": bool(row["finished"]),
        "note": note,
        **_signed(project, person),
    }
    store.apply([tables.append_events([closing]), tables.unchanged(last)])
    return _one(store, project, row["round_id"], reviewer=person)


def rounds(store: Store, project: Project, *, reviewer: str | None = None) -> list[Round]:
    """Every round, the first one first; agreement and differences only of those that everybody has finished.

    A reviewer of a blind review is shown nothing of a round that only a merge has finished for them.
    """
    if reviewer is not None:
        project.reviewer(reviewer)
    with store.reading():
        found = tables.read_rounds(store)
        if not found:
            return []
        drawn = tables.read_drawn(store)
        own = tables.count_own(store, reviewer) if reviewer is not None else {}
        blinded = reviewer is not None and is_blinded(store, project, reviewer)
        hidden = tables.read_not_seen(store, reviewer) if blinded and reviewer is not None else set()
        cells = tables.read_cells(store)
        differences = _differences(store)
    return [
        _as_round(
            row,
            drawn.get(row["round_id"], []),
            own,
            reviewer,
            cells,
            differences.get(row["round_id"], ()),
            shown=bool(row["finished"]) and row["round_id"] not in hidden,
        )
        for row in found
    ]


def calibration_table(store: Store, project: Project, *, reviewer: str | None = None) -> pl.DataFrame:
    """One row for each pair and finished round, with the columns of agreement_table and round_id before them.

    `seen_by_one` is 0: a round is finished when all have seen all.
    """
    rows = [
        {"round_id": one.round_id, "stage": one.stage.value, **pair.figures, "seen_by_one": 0}
        for one in rounds(store, project, reviewer=reviewer)
        for pair in one.pairs or ()
    ]
    return pl.DataFrame(rows, schema={"round_id": pl.String, **AGREEMENT_COLUMNS})


def _as_round(
    row: dict[str, Any],
    drawn: list[str],
    own: dict[str, int],
    reviewer: str | None,
    cells: list[dict[str, Any]],
    differences: tuple[Difference, ...],
    *,
    shown: bool,
) -> Round:
    pairs = tuple(_pair(one) for one in cells if one["round_id"] == row["round_id"])
    return Round(
        round_id=row["round_id"],
        stage=Stage(row["stage"]),
        records=tuple(drawn),
        reviewers=tuple(row["reviewers"]),
        criteria_version=row["criteria_version"],
        opened_by=row["opened_by"],
        opened_at=row["opened_at"],
        is_open=bool(row["is_open"]),
        finished=shown,
        own=own.get(row["round_id"], 0) if reviewer in row["reviewers"] else None,
        closed_by=row["closed_by"],
        closed_at=row["closed_at"],
        closing_criteria_version=row["closing_criteria_version"],
        note=row["note"],
        pairs=pairs if shown else None,
        differences=differences if shown else None,
    )


def _pair(row: dict[str, Any]) -> Pair:
    cells = Cells(row["both_include"], row["first_only"], row["second_only"], row["both_exclude"])
    named = {name: row[name] for name in ("reviewer_1", "reviewer_2")}
    return Pair(**named, cells=cells, figures={**named, **figures(cells)})


def _differences(store: Store) -> dict[str, tuple[Difference, ...]]:
    """Round → the records on which its reviewers differ, in the order of the draw."""
    by_record: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in tables.read_said(store):
        by_record.setdefault((row["round_id"], row["record_id"]), []).append(row)
    differ = {
        key: rows for key, rows in by_record.items() if len({(row["verdict"], row["reason"]) for row in rows}) > 1
    }
    titles = tables.read_titles(store, sorted({record for _, record in differ}))
    found: dict[str, list[Difference]] = {}
    for (round_id, record), rows in differ.items():
        sides = tuple({name: row[name] for name in ("reviewer", "verdict", "reason", "note")} for row in rows)
        opposed = len({row["verdict"] == "exclude" for row in rows}) > 1
        title = titles.get(record, {}).get("title")
        found.setdefault(round_id, []).append(Difference(record, title, opposed, sides))
    return {round_id: tuple(rows) for round_id, rows in found.items()}


def _one(store: Store, project: Project, round_id: str, *, reviewer: str) -> Round:
    return next(one for one in rounds(store, project, reviewer=reviewer) if one.round_id == round_id)


def _owner(project: Project, who: str) -> str:
    person = project.reviewer(who)
    if person.role is not Role.OWNER:
        message = f"{person.id} has the role {person.role.value}; calibration rounds are opened and closed by: owner"
        raise DecisionError(message)
    return person.id


def _signed(project: Project, person: str) -> dict[str, Any]:
    return {"criteria_version": project.criteria.version, "who": person, "decided_at": datetime.now(UTC)}
