"""Studies: a list, and one in full, as the files under extracted/ say; read-only."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from review.errors import UnknownId, UsageProblem
from review.extraction import studies as extraction
from review.web.api.route import Answer, ApiRoute, Given, Rows
from review.web.site import Desk

StudyId = Annotated[str, Meta(pattern="^[a-z0-9_-]{1,100}$")]


class StudiesQuery(Given, frozen=True):
    """Only studies of one condition, an id of the vocabulary."""

    condition: Annotated[str, Meta(pattern="^[a-z0-9_]{1,100}$")] | None = None


class Study(Answer, frozen=True):
    """A study: its keys, and tables of what hangs on it."""

    study: dict[str, Any]
    reports: list[dict[str, Any]]
    arms: list[dict[str, Any]]
    sources: list[dict[str, Any]]
    figures: list[dict[str, Any]]
    remarks: list[dict[str, Any]]


def studies(desk: Desk, query: StudiesQuery) -> Rows:
    """One line a study: design, size, arms and figures."""
    try:
        return Rows(rows=extraction.list_studies(desk.store, condition=query.condition).to_dicts())
    except UsageProblem:
        return Rows(rows=[])  # nothing is loaded yet: an empty list is the truth


def study(desk: Desk, study: StudyId) -> Study:
    """One study in full: reports, arms, sources, figures as printed, remarks."""
    try:
        found = extraction.show_study(desk.store, study)
    except UnknownId:
        raise
    except UsageProblem as problem:
        raise UnknownId(problem.message) from problem
    parts = {name: rows.to_dicts() for name, rows in found.parts.items()}
    return Study(study=found.keys, **{name: parts.get(name, []) for name in _PARTS})


_PARTS = ("reports", "arms", "sources", "figures", "remarks")

ROUTES = (
    ApiRoute("GET", "/api/studies", studies, "The studies"),
    ApiRoute("GET", "/api/studies/{study}", study, "One study in full"),
)
