"""Says what one reviewer may see of the others: nothing before the verdicts on a record are open to them."""

from __future__ import annotations

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
    """Who screens: the reviewers of review.toml, and an owner who has begun to, or without whom they are too few."""
    reviewers = [person.id for person in project.reviewers if person.role is Role.REVIEWER]
    needed = len(reviewers) < project.screening.reviewers_per_record
    begun = set() if needed else tables.read_screeners(store)
    owners = [person.id for person in project.reviewers if person.role is Role.OWNER]
    return reviewers + [owner for owner in owners if needed or owner in begun]


def visible_decisions(
    store: Store, project: Project, *, record_id: str, reviewer: str, stage: Stage
) -> list[dict[str, Any]]:
    """The current decisions on a record that *reviewer* may see: their own, and all once they are open.

    They are open to those who decided once enough reviewers have, and to adjudicator and owner once they are
    opposed. In a review that is not blind they are open to everybody.
    """
    current = tables.read_current(store, record_id, stage.value)
    if not project.screening.blind:
        return current
    own = [row for row in current if row["reviewer"] == reviewer]
    state = tables.read_states(store, record_id).get(stage.value)
    done = state is not None and state["state"] in RESOLVED
    opposed = len({row["verdict"] == "exclude" for row in current}) > 1
    resolves = project.reviewer(reviewer).role in MAY_RESOLVE
    return current if done and (own or (resolves and opposed)) else own


def is_open(store: Store, record_id: str, stage: Stage) -> bool:
    """Whether the verdicts on a record are, or once were, open to those who gave them."""
    state = tables.read_states(store, record_id).get(stage.value)
    return (state is not None and state["state"] in RESOLVED) or tables.was_opened(store, record_id, stage.value)
