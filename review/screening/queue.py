"""Puts the next records before a reviewer, and shows nothing of the other reviewer while the review is blind.

Each reviewer has an order of their own, so that the order tells nothing about what the other has seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from review.database import Store
from review.errors import UsageProblem
from review.project import Project, Reviewer
from review.screening import queue_store as tables
from review.screening import store as decision_tables
from review.screening.blinding import MAY_RESOLVE, visible_decisions
from review.screening.decisions import read_stage, screener
from review.screening.labels import visible_labels
from review.screening.records import find_record
from review.screening.store import one_look
from review.terms import AdjudicatedVerdict, Stage

_SHOWN = ("title", "abstract", "authors", "journal", "year", "volume", "issue", "pages", "pmid", "doi", "url")
OWN = ("any", "undecided", "include", "exclude", "unsure")
_WORD = re.compile(r'"([^"]+)"|(\S+)')


@dataclass(frozen=True)
class Card:
    """A record as a reviewer sees it.

    *decisions* holds what this reviewer may see of the stages that were asked for, oldest first; *own* their own
    decision that holds, at the latest of these; *labels* the labels that they may see, and *adjudications* those of
    one record that hold, for whoever sees both sides of it.
    """

    record_id: str
    source_record_id: str
    fields: dict[str, Any]
    publication_types: list[str]
    retracted: bool
    stage: Stage | None
    decisions: list[dict[str, Any]]
    links: list[dict[str, Any]] = field(default_factory=list)
    pmcid: str | None = None
    registry_ids: list[str] = field(default_factory=list)
    mesh: list[str] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    labels: list[dict[str, Any]] = field(default_factory=list)
    adjudications: list[dict[str, Any]] = field(default_factory=list)
    own: dict[str, Any] | None = None
    criteria_version: str = ""


@dataclass(frozen=True)
class Found:
    """What a search found: *total* in all, and of these the rows that were asked for.

    A row holds record_id, title, year, journal, own_verdict and labels.
    """

    total: int
    rows: list[dict[str, Any]]


def queue(
    store: Store,
    project: Project,
    *,
    reviewer: str,
    stage: str | Stage = Stage.TITLE_ABSTRACT,
    limit: int = 1_000_000,
    without: Iterable[str] = (),
) -> list[str]:
    """The records that wait for this reviewer, in their order (review.toml: screening.order, blind), but *without*.

    Those of an open calibration round come first.
    """
    at = read_stage(stage)
    person = screener(project, reviewer)
    seeded = project.screening.blind or project.screening.order == "random"
    return tables.read_queue(
        store,
        reviewer=person,
        stage=at.value,
        seed=f"{at.value} {person} " if seeded else None,
        limit=limit,
        without=list(without),
    )


def count_waiting(store: Store, project: Project, *, reviewer: str, stage: str | Stage = Stage.TITLE_ABSTRACT) -> int:
    """How many records wait for this reviewer."""
    return tables.count_waiting(store, reviewer=screener(project, reviewer), stage=read_stage(stage).value)


def cards(
    store: Store,
    project: Project,
    *,
    reviewer: str,
    stage: str | Stage = Stage.TITLE_ABSTRACT,
    limit: int = 10,
    without: Iterable[str] = (),
) -> list[Card]:
    """The next records for this reviewer, all read at once: those that *queue* names."""
    at = read_stage(stage)
    with one_look(store):
        found = queue(store, project, reviewer=reviewer, stage=at, limit=limit, without=without)
        # what waits for somebody has no decision of theirs, and nobody else's is open to them: unless it is not blind
        decisions = {} if project.screening.blind else _visible(store, project, found, reviewer, [at])
        return _cards(store, project, found, reviewer=reviewer, stage=at, decisions=decisions, waiting=True)


def next_record(
    store: Store, project: Project, *, reviewer: str, stage: str | Stage = Stage.TITLE_ABSTRACT
) -> Card | None:
    """The next record for this reviewer, or None when nothing waits."""
    found = cards(store, project, reviewer=reviewer, stage=stage, limit=1)
    return found[0] if found else None


def show_record(
    store: Store, project: Project, *, record: str, reviewer: str, stage: str | Stage | None = None
) -> Card:
    """One record with the decisions that *reviewer* may see: their own, and the others' once both are in.

    Without *stage* the decisions of both stages are given.
    """
    person = project.reviewer(reviewer)
    stages = [read_stage(stage)] if stage else [Stage.TITLE_ABSTRACT, Stage.FULL_TEXT]
    with one_look(store):
        record_id = find_record(store, record)
        decisions = _visible(store, project, [record_id], person.id, stages)
        at = stages[0] if stage else None
        card = _cards(store, project, [record_id], reviewer=person.id, stage=at, decisions=decisions)[0]
        return replace(card, adjudications=_rulings(store, project, record_id, person, stages, decisions[record_id]))


def find_records(
    store: Store,
    project: Project,
    *,
    reviewer: str,
    words: str = "",
    stage: str | Stage = Stage.TITLE_ABSTRACT,
    own: str = "any",
    label: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> Found:
    """The records of a stage that hold every one of *words*, in whatever case, "several words" as they stand together.

    Words are looked for in title, abstract, authors, journal and numbers of each source record. *own* asks for those
    on which the reviewer has a certain word, or none; *label* for those that bear this label of theirs. The newest
    come first, and by title: nothing of what others decided shows in the order, in the number or in the rows.
    """
    at = read_stage(stage)
    person = project.reviewer(reviewer).id
    if own not in OWN:
        message = f"{own!r} is no own verdict; allowed: {', '.join(OWN)}"
        raise UsageProblem(message)
    wanted = [together or alone for together, alone in _WORD.findall(words.lower())]
    if len(wanted) > tables.MOST_WORDS:
        message = f"a search takes {tables.MOST_WORDS} words, not {len(wanted)}"
        raise UsageProblem(message, hint='put words that stand together into quotation marks: "bone marrow"')
    with one_look(store):
        found = tables.find_records(store, reviewer=person, stage=at.value, words=wanted, own=own, label=label)
        page = dict(found[max(offset, 0) : max(offset, 0) + max(limit, 0)])
        records = tables.read_records(store, list(page)) if page else {}
        labels = visible_labels(store, project, records=list(page), reviewer=person)
    rows = [
        {
            "record_id": one,
            **{name: records[one][name] for name in ("title", "year", "journal")},
            "own_verdict": verdict,
            "labels": labels.get(one, []),
        }
        for one, verdict in page.items()
    ]
    return Found(len(found), rows)


def _rulings(
    store: Store,
    project: Project,
    record_id: str,
    person: Reviewer,
    stages: Sequence[Stage],
    decisions: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """The adjudications that hold, at the stages where the person sees what others decided, or resolves conflicts."""
    seen = {row["stage"] for row in decisions if row["reviewer"] != person.id}
    return [
        row
        for at in stages
        if at.value in seen or person.role in MAY_RESOLVE or not project.screening.blind
        for row in decision_tables.read_adjudications(store, record_id, at.value)
        if row["verdict"] != AdjudicatedVerdict.REOPENED
    ]


def _visible(
    store: Store, project: Project, records: Sequence[str], reviewer: str, stages: Sequence[Stage]
) -> dict[str, list[dict[str, Any]]]:
    return {
        one: [
            row
            for at in stages
            for row in visible_decisions(store, project, record_id=one, reviewer=reviewer, stage=at)
        ]
        for one in records
    }


def _cards(
    store: Store,
    project: Project,
    records: Sequence[str],
    *,
    reviewer: str,
    stage: Stage | None,
    decisions: Mapping[str, list[dict[str, Any]]],
    waiting: bool = False,
) -> list[Card]:
    """The cards of *records*, in this order."""
    if not records:
        return []
    rows = tables.read_records(store, records)
    links = tables.read_links(store, records)
    labels = visible_labels(store, project, records=records, reviewer=reviewer)
    # what waits for somebody at a stage has no decision of theirs there
    own = {} if waiting else tables.read_own_decisions(store, records, reviewer)
    return [
        _card(
            rows[one],
            stage=stage,
            decisions=decisions.get(one, []),
            links=links.get(one, []),
            labels=labels.get(one, []),
            own=_latest(own.get(one, ()), stage),
            criteria_version=project.criteria.version,
        )
        for one in records
    ]


def _latest(own: Iterable[dict[str, Any]], stage: Stage | None) -> dict[str, Any] | None:
    """Of a person's decisions on one record the last at *stage*, or at full text before title and abstract."""
    by_stage = {row["stage"]: row for row in own}
    stages = [stage] if stage else [Stage.FULL_TEXT, Stage.TITLE_ABSTRACT]
    return next((by_stage[at.value] for at in stages if at.value in by_stage), None)


def _card(row: Mapping[str, Any], *, stage: Stage | None, **more: Any) -> Card:
    return Card(
        record_id=row["record_id"],
        source_record_id=row["shown_source_record_id"],
        fields={name: row[name] for name in _SHOWN if row[name] not in (None, "")},
        publication_types=list(row["publication_types"] or []),
        retracted=bool(row["retracted"]),
        stage=stage,
        pmcid=row["pmcid"],
        registry_ids=list(row["registry_ids"] or []),
        mesh=list(row["mesh"] or []),
        keywords=list(row["keywords"]),
        notices=list(row["notices"] or []),
        **more,
    )
