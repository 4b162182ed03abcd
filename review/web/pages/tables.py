"""Pages that are tables: status, evidence, flow and gap map, as the command line prints them."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

from review.database import Store
from review.flows import pages
from review.project import Project, Reviewer
from review.web.look import Look
from review.web.page import PageRoute, Show
from review.web.site import Desk


def _flow(look: Look, desk: Desk, request: Request) -> str:
    found = desk.flow.page(desk.store, desk.project, desk.reviewer)
    return look.page("page.html", desk, heading=found.title, page=found)


def _table(read: Callable[[Store, Project, Reviewer], pages.Page]) -> Show:
    def show(look: Look, desk: Desk, request: Request) -> str:
        found = read(desk.store, desk.project, desk.reviewer)
        return look.page("page.html", desk, heading=found.title, page=found)

    return show


TABLE_PAGES = (
    PageRoute("/", _table(pages.status_page), "Status"),
    PageRoute("/evidence", _table(pages.evidence_page), "Evidence table"),
    PageRoute("/flow", _flow, "Flow"),
    PageRoute("/gap-map", _table(pages.gap_page), "Gap map"),
)
