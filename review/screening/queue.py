"""Puts the next record before a reviewer, and shows nothing of the other reviewer while the review is blind.

Each reviewer has an order of their own, so that the order tells nothing about what the other has seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from review.database import Store
from review.project import Project
from review.screening import store as tables
from review.screening.blinding import visible_decisions
from review.screening.decisions import read_stage, screener
from review.screening.records import find_record
from review.terms import Stage

_SHOWN = ("title", "abstract", "authors", "journal", "year", "volume", "issue", "pages", "pmid", "doi", "url")


@dataclass(frozen=True)
class Card:
    """A record as a reviewer sees it. *decisions* holds what this reviewer may see, oldest first."""

    record_id: str
    source_record_id: str
    fields: dict[str, Any]
    publication_types: list[str]
    retracted: bool
    stage: Stage | None
    decisions: list[dict[str, Any]]
    links: list[dict[str, Any]] = field(default_factory=list)


def queue(
    store: Store,
    project: Project,
    *,
    reviewer: str,
    stage: str | Stage = Stage.TITLE_ABSTRACT,
    limit: int = 1_000_000,
) -> list[str]:
    """The records that wait for this reviewer, in their order (review.toml: screening.order, blind)."""
    at = read_stage(stage)
    person = screener(project, reviewer)
    seeded = project.screening.blind or project.screening.order == "random"
    return tables.read_queue(
        store, reviewer=person, stage=at.value, seed=f"{at.value} {person} " if seeded else None, limit=limit
    )


def next_record(
    store: Store, project: Project, *, reviewer: str, stage: str | Stage = Stage.TITLE_ABSTRACT
) -> Card | None:
    """The next record for this reviewer, or None when nothing waits."""
    with tables.one_look(store):
        found = queue(store, project, reviewer=reviewer, stage=stage, limit=1)
        return _card(store, found[0], stage=read_stage(stage), decisions=[]) if found else None


def show_record(
    store: Store, project: Project, *, record: str, reviewer: str, stage: str | Stage | None = None
) -> Card:
    """One record with the decisions that *reviewer* may see: their own, and the others' once both are in.

    Without *stage* the decisions of both stages are given.
    """
    person = project.reviewer(reviewer)
    stages = [read_stage(stage)] if stage else [Stage.TITLE_ABSTRACT, Stage.FULL_TEXT]
    with tables.one_look(store):
        record_id = find_record(store, record)
        decisions = [
            row
            for at in stages
            for row in visible_decisions(store, project, record_id=record_id, reviewer=person.id, stage=at)
        ]
        return _card(store, record_id, stage=stages[0] if stage else None, decisions=decisions)


def _card(store: Store, record_id: str, *, stage: Stage | None, decisions: list[dict[str, Any]]) -> Card:
    row = tables.read_record(store, record_id) or {}
    return Card(
        record_id=record_id,
        source_record_id=row["shown_source_record_id"],
        fields={name: row[name] for name in _SHOWN if row[name] not in (None, "")},
        publication_types=list(row["publication_types"] or []),
        retracted=bool(row["retracted"]),
        stage=stage,
        decisions=decisions,
        links=tables.read_links(store, record_id),
    )
