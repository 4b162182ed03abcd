"""The JSON API: every route of the site that programs ask, and the description of them all."""

from __future__ import annotations

from typing import Any

from review.web.api import decisions, duplicates, labels, me, numbers, openapi, query, records, reports, studies, team
from review.web.api.route import ApiRoute
from review.web.site import Desk


def description(desk: Desk) -> dict[str, Any]:
    """This description, as OpenAPI 3.1."""
    return openapi.document(ROUTES, cookie=desk.cookie, prefix=desk.prefix)


ROUTES: tuple[ApiRoute, ...] = (
    *me.ROUTES,
    *records.ROUTES,
    *decisions.ROUTES,
    *labels.ROUTES,
    *reports.ROUTES,
    *duplicates.ROUTES,
    *numbers.ROUTES,
    *team.ROUTES,
    *studies.ROUTES,
    *query.ROUTES,
    ApiRoute("GET", "/api/openapi.json", description, "The description of the API"),
)


def openapi_document() -> dict[str, Any]:
    """The description of every route, as OpenAPI 3.1."""
    return openapi.document(ROUTES, cookie="review_session_…")


def openapi_markdown() -> str:
    """The same as a page of the documentation."""
    return openapi.markdown(ROUTES)
