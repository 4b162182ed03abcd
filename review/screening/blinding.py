"""Says what one reviewer may see of the others: nothing before the verdicts on a record are open to them.

A merge can be undone, so it must open nothing: a reviewer sees another's word only on a source record that they
decided on themselves, whatever that is merged with today. And whoever decided on what a source record once was
merged with may have learnt how it stands: their word on it is kept, counts for the state, and is not blind. So may
whoever made or undid such a merge after others had decided, whether or not they decided themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from review.database import Store
from review.project import Project
from review.screening import store as tables
from review.terms import Role, Stage

RESOLVED = ("include", "exclude", "conflict")
MAY_RESOLVE = (Role.ADJUDICATOR, Role.OWNER)


def is_blinded(store: Store, project: Project, reviewer: str | None) -> bool:
    """Whether *reviewer* screens in a blind review, and so must not learn how far the others are.

    Nobody in particular (None) is not blinded: that is whoever owns the file.
    """
    if reviewer is None or not project.screening.blind:
        return False
    return reviewer in screeners(store, project) or project.reviewer(reviewer).role is Role.REVIEWER


def screeners(store: Store, project: Project) -> list[str]:
    """Who screens: the reviewers of review.toml, and an owner who has begun to, or without whom they are too few.

    Nobody who left the team does.
    """
    here = [person for person in project.reviewers if not person.has_left]
    reviewers = [person.id for person in here if person.role is Role.REVIEWER]
    needed = len(reviewers) < project.screening.reviewers_per_record
    begun = set() if needed else tables.read_screeners(store)
    owners = [person.id for person in here if person.role is Role.OWNER]
    return reviewers + [owner for owner in owners if needed or owner in begun]


def has_screened(store: Store, reviewer: str) -> bool:
    """Whether somebody ever decided here, whatever their role is today."""
    return reviewer in tables.read_screeners(store)


def visible_decisions(
    store: Store, project: Project, *, record_id: str, reviewer: str, stage: Stage
) -> list[dict[str, Any]]:
    """The current decisions on a record that *reviewer* may see: their own, and the others' once they are open.

    Once enough reviewers have decided, the decisions on a source record are open to those who decided on that very
    source record, and all to adjudicator and owner where they are opposed or were adjudicated by them. In a review
    that is not blind they are open to everybody.
    """
    current = tables.read_current(store, record_id).get(stage.value, [])
    if not project.screening.blind:
        return current
    state = tables.read_states(store, record_id).get(stage.value)
    if state is None or state["state"] not in RESOLVED:
        return [row for row in current if row["reviewer"] == reviewer]
    if project.reviewer(reviewer).role in MAY_RESOLVE:
        opposed = len({row["verdict"] == "exclude" for row in current}) > 1
        if opposed or tables.has_adjudicated(store, record_id, stage.value, reviewer):
            return current
    return opened_to(current, reviewer)


def opened_to(rows: Iterable[Mapping[str, Any]], reviewer: str) -> list[dict[str, Any]]:
    """Of the decisions *rows* on one record and stage, those on entries that *reviewer* decided on.

    The versions of an entry are one: PubMed may have revised it between two reviewers.
    """
    found = [dict(row) for row in rows]
    decided = {row["entry_id"] for row in found if row["reviewer"] == reviewer}
    return [row for row in found if row["entry_id"] in decided]


def hides_include(store: Store, project: Project, record_id: str, reviewer: str) -> bool:
    """Whether *reviewer* must not be told that a record is included: it would tell what a merge of theirs came to."""
    if not is_blinded(store, project, reviewer):
        return False
    return bool(tables.read_joined_by(store, reviewer, Stage.TITLE_ABSTRACT.value, record=record_id))


def is_open(
    store: Store,
    project: Project,
    *,
    record_id: str,
    reviewer: str,
    stage: Stage,
    members: tables.Members | None = None,
    states: Mapping[str, Mapping[str, Any]] | None = None,
) -> bool:
    """Whether *reviewer* may have seen another's verdict on a record, or on what it was once merged with.

    *members* and *states* of the record are read where they are not given.
    """
    state = (tables.read_states(store, record_id) if states is None else states).get(stage.value)
    resolves = project.reviewer(reviewer).role in MAY_RESOLVE
    return (state is not None and state["state"] in RESOLVED) or tables.was_opened(
        store, record_id, stage.value, reviewer=reviewer, resolves=resolves, members=members
    )
