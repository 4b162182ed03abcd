"""Shares the records out: to everybody, to so many each, or a share of them twice; and takes them back.

Nothing assigned is the plain case: every record waits for everybody until enough have decided. An assignment says for
whom a record waits, and how many are to decide on it. It is an event like every other: nothing is overwritten, and
where fewer are assigned than a record needs (somebody left) it waits for everybody again.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from review.database import Store
from review.errors import DecisionError, UsageProblem
from review.project import Project, Reviewer
from review.team import assignment_store as tables
from review.team import tokens
from review.terms import Role, Stage

MODES = ("all", "split", "double")
_SCREENS = (Role.OWNER, Role.REVIEWER)


@dataclass(frozen=True)
class Assigned:
    """What was done: how many assignments are *new*, how many were *released*, and what each person has now in all."""

    mode: str
    stage: Stage
    records: int
    new: int
    released: int
    each: Mapping[str, int]


@dataclass(frozen=True)
class Released:
    """How many open assignments of a person were taken back, and how many of these went on to another."""

    reviewer: str
    released: int
    given: int


@dataclass(frozen=True)
class Left:
    """What was taken back from somebody who leaves, and the line that tells review.toml."""

    reviewer: str
    released: int
    invitations: int
    sessions: int
    line: str


def assign(
    store: Store,
    project: Project,
    *,
    by: str,
    mode: str,
    share: int = 100,
    stage: str | Stage = Stage.TITLE_ABSTRACT,
    reviewers: Sequence[str] | None = None,
) -> Assigned:
    """Share the records that wait at *stage* out among *reviewers* (all who screen).

    `split`: each to as many people as the protocol asks for; `double`: *share* percent of them to two, the others to
    one; `all`: take every open assignment back. People get equally many, and in an order that nobody chose. What was
    assigned before stays: called again, this adds only what is missing, for records that came since and for people
    who left. Raises DecisionError for anybody but an owner, UsageProblem for people who do not screen or are too few.
    """
    at = _stage(stage)
    person = _owner(project, by)
    if mode not in MODES:
        message = f"{mode!r} is no way to share records out; allowed: {', '.join(MODES)}"
        raise UsageProblem(message)
    if not 0 <= share <= 100:
        message = f"a share is from 0 to 100 percent, not {share}"
        raise UsageProblem(message)
    with store.reading():
        standing = tables.read_standing(store, at.value)
        waiting = tables.read_records(store, at.value)
    if mode == "all":
        open_ones = [row for row in standing if not row["decided"]]
        # how many are to decide is the protocol's word again, also where somebody's share was done already
        rows = [_event(row, person, "released", reviewers=None) for row in open_ones]
        rows += [_event(row, person, "assigned", reviewers=None) for row in standing if row["decided"]]
        tables.append(store, rows)
        return Assigned(mode, at, len(waiting), 0, len(open_ones), _each(store, at))
    most = project.screening.reviewers_per_record if mode == "split" else 2
    pool = _pool(project, reviewers, least=most if mode == "split" or share else 1)
    rows = _shared_out(
        waiting, standing, pool, most=most, share=share if mode == "double" else 100, stage=at, by=person
    )
    tables.append(store, rows)
    return Assigned(mode, at, len(waiting), len(rows), 0, _each(store, at))


def release(store: Store, project: Project, *, reviewer: str, by: str, to: str | None = None) -> Released:
    """Take the assignments back on which *reviewer* has not decided yet; give them *to* another, where one is named.

    Their decisions stay. Raises DecisionError for anybody but an owner or the person themselves.
    """
    person = project.reviewer(by)
    if person.id != reviewer:
        _owner(project, by)
    (other,) = _pool(project, [to], least=1) if to else (None,)
    if other == reviewer:
        message = f"{reviewer} cannot be given their own assignments"
        raise UsageProblem(message, hint="name another person with --to")
    with store.reading():
        standing = tables.read_standing(store)
        mine = [row for row in standing if row["reviewer"] == reviewer and not row["decided"]]
        busy = tables.read_busy(store, other) if other else set()
    if not mine and reviewer not in {row["reviewer"] for row in standing}:
        project.reviewer(reviewer)
    rows = [_event(row, person.id, "released", reviewers=row["reviewers"]) for row in mine]
    given = [
        {**_event(row, person.id, "assigned", reviewers=row["reviewers"]), "reviewer": other, "supersedes": None}
        for row in mine
        if other and (row["record_id"], row["stage"]) not in busy
    ]
    tables.append(store, [*rows, *given])
    return Released(reviewer, len(rows), len(given))


def leave(store: Store, project: Project, *, reviewer: str, by: str, now: datetime | None = None) -> Left:
    """Take everything back from somebody who leaves the team: open assignments, invitations and sessions.

    What they decided stays and counts. review.toml is the team's own file: the line that it needs is given back.
    """
    now = now or datetime.now(UTC)
    done = release(store, project, reviewer=reviewer, by=by)
    invitations, sessions = tokens.revoke(store, project, reviewer, now=now)
    return Left(reviewer, done.released, invitations, sessions, f'left = "{now:%Y-%m-%d}"')


def assignments(store: Store, project: Project, *, reviewer: str | None = None) -> pl.DataFrame:
    """Who has how many records: reviewer, stage, assigned, decided, waiting; only the row of *reviewer* when named."""
    frame = tables.read_counts(store)
    return frame if reviewer is None else frame.filter(pl.col("reviewer") == project.reviewer(reviewer).id)


def _shared_out(
    waiting: Sequence[Mapping[str, Any]],
    standing: Iterable[Mapping[str, Any]],
    pool: Sequence[str],
    *,
    most: int,
    share: int,
    stage: Stage,
    by: str,
) -> list[dict[str, Any]]:
    """The assignments that are missing."""
    load = dict.fromkeys(pool, 0)
    for row in standing:
        if row["reviewer"] in load:
            load[row["reviewer"]] += 1
    planned = sum(row["planned"] for row in waiting)
    doubles = sum(row["planned"] and row["reviewers_needed"] >= most for row in waiting)
    rows = []
    for row in sorted(waiting, key=lambda one: _mixed(stage, one["record_id"])):
        if row["planned"]:
            needed = row["reviewers_needed"]
        else:
            planned += 1
            # of so many records so many are to be read by most: whole records, and never more than one off
            needed = most if doubles < round(planned * share / 100) else max(1, most - 1)
            if share == 100:
                needed = most
            doubles += needed == most
        if row["state"] not in ("needs_first", "needs_second"):
            continue
        here = set(row["assigned_to"]) | set(row["decided_by"])
        free = sorted(
            (one for one in pool if one not in here),
            key=lambda one: (load[one], _mixed(stage, row["record_id"], one)),
        )
        # whoever has decided has a share in it: with them the number of people is written down
        done = [one for one in row["decided_by"] if one not in row["assigned_to"] and not row["planned"]]
        for one in [*done, *free[: max(0, needed - len(here))]]:
            if one in load:
                load[one] += 1
            rows.append(
                {
                    "assignment_id": str(uuid.uuid4()),
                    "source_record_id": row["record_id"],
                    "stage": stage.value,
                    "reviewer": one,
                    "kind": "assigned",
                    "supersedes": None,
                    "who": by,
                    "reviewers": needed,
                    "decided_at": datetime.now(UTC),
                }
            )
    return rows


def _event(row: Mapping[str, Any], by: str, kind: str, *, reviewers: int | None) -> dict[str, Any]:
    """The event that takes the place of the standing assignment *row*."""
    return {
        "assignment_id": str(uuid.uuid4()),
        "source_record_id": row["source_record_id"],
        "stage": row["stage"],
        "reviewer": row["reviewer"],
        "kind": kind,
        "supersedes": row["assignment_id"],
        "who": by,
        "reviewers": reviewers,
        "decided_at": datetime.now(UTC),
    }


def _mixed(stage: Stage, *words: str) -> str:
    """A place that nobody chose, and that is the same each time."""
    return hashlib.md5(" ".join((stage.value, *words)).encode(), usedforsecurity=False).hexdigest()


def _each(store: Store, stage: Stage) -> dict[str, int]:
    counts = tables.read_counts(store).filter(pl.col("stage") == stage.value)
    return {row["reviewer"]: row["assigned"] for row in counts.to_dicts()}


def _pool(project: Project, reviewers: Sequence[str] | None, *, least: int) -> list[str]:
    """Who takes part; the owner does where the reviewers are too few. Raises UsageProblem for others."""
    if reviewers is None:
        here = [person for person in project.reviewers if not person.has_left]
        pool = [person.id for person in here if person.role is Role.REVIEWER]
        if len(pool) < least:
            pool += [person.id for person in here if person.role is Role.OWNER]
    else:
        pool = list(dict.fromkeys(_screens(project.reviewer(one)).id for one in reviewers))
    if len(pool) < least:
        message = f"each record is for {least} people, and these are {len(pool)}: {', '.join(pool) or 'nobody'}"
        raise UsageProblem(message, hint="name more with --reviewer, or add them to review.toml")
    return pool


def _screens(person: Reviewer) -> Reviewer:
    if person.has_left:
        message = f"{person.id} left the team on {person.left}"
        raise UsageProblem(message, hint="records are assigned to people who are in it")
    if person.role not in _SCREENS:
        message = f"{person.id} has the role {person.role.value}; records are assigned to: owner, reviewer"
        raise UsageProblem(message)
    return person


def _owner(project: Project, by: str) -> str:
    person = project.reviewer(by)
    if person.role is not Role.OWNER:
        message = f"{person.id} has the role {person.role.value}; records are shared out by: owner"
        raise DecisionError(message)
    return person.id


def _stage(stage: str | Stage) -> Stage:
    if stage in (Stage.TITLE_ABSTRACT, Stage.FULL_TEXT):
        return Stage(stage)
    message = f"{str(stage)!r} is not a stage; allowed: title_abstract, full_text"
    raise UsageProblem(message)
