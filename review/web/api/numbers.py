"""Numbers: status, evidence, flow, progress, what is owed, agreement; a reviewer of a blind review gets their own."""

from __future__ import annotations

from typing import Any

from review.flows import pages
from review.screening import overview
from review.screening import pace as paces
from review.web.api.route import Answer, ApiRoute, Rows
from review.web.site import Desk


class PageData(Answer, frozen=True):
    """What a page of tables shows; *banner* says when everything is made up."""

    title: str
    banner: str
    rows: list[dict[str, Any]]


def status(desk: Desk) -> PageData:
    """What has been done and what has not."""
    return _data(pages.status_page(desk.store, desk.project, desk.reviewer))


def evidence(desk: Desk) -> PageData:
    """The evidence table: one line for each comparison, outcome and time."""
    return _data(pages.evidence_page(desk.store, desk.project, desk.reviewer))


def flow(desk: Desk) -> PageData:
    """The PRISMA 2020 flow; who screens blind sees identification and duplicates until screening is settled."""
    return _data(desk.flow.page(desk.store, desk.project, desk.reviewer))


def progress(desk: Desk) -> Rows:
    """How many records stand where."""
    return Rows(rows=overview.progress(desk.store, desk.project, reviewer=desk.reviewer.id).to_dicts())


def owed(desk: Desk) -> Rows:
    """Who still owes how many decisions."""
    return Rows(rows=overview.owed(desk.store, desk.project, reviewer=desk.reviewer.id).to_dicts())


def agreement(desk: Desk) -> Rows:
    """How far two reviewers agree on what they decided blind: raw agreement, kappa, PABAK, AC1."""
    return Rows(rows=overview.agreement_table(desk.store, desk.project, reviewer=desk.reviewer.id).to_dicts())


def pace(desk: Desk) -> Rows:
    """Decisions by person, stage and day, and the median seconds from one to the next within a sitting."""
    return Rows(rows=paces.pace(desk.store, desk.project, reviewer=desk.reviewer.id).to_dicts())


def _data(page: pages.Page) -> PageData:
    return PageData(title=page.title, banner=page.banner, rows=page.data)


ROUTES = (
    ApiRoute("GET", "/api/status", status, "Where the review stands"),
    ApiRoute("GET", "/api/evidence", evidence, "The evidence table"),
    ApiRoute("GET", "/api/flow", flow, "The PRISMA flow"),
    ApiRoute("GET", "/api/progress", progress, "Progress of screening"),
    ApiRoute("GET", "/api/owed", owed, "Decisions that are owed"),
    ApiRoute("GET", "/api/agreement", agreement, "Agreement of reviewers"),
    ApiRoute("GET", "/api/pace", pace, "Pace of screening"),
)
