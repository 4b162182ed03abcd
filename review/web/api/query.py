"""An analyst's SELECT, in a process of its own: for people who do not screen, one at a time, ten seconds, 1000 rows."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from review.errors import BlindError, QueryRefused
from review.flows.query import run_report
from review.screening.blinding import has_screened, is_blinded
from review.web.api.route import Answer, ApiRoute, Given
from review.web.roles import May
from review.web.site import Desk

_SECONDS = 10.0
_MOST_ROWS = 1000
_MOST_BYTES = 20_000_000


class QueryBody(Given, frozen=True):
    """One SELECT over the views of schema v1, or the name of a saved report."""

    sql: Annotated[str, Meta(min_length=1, max_length=100_000)]
    limit: Annotated[int, Meta(ge=1, le=_MOST_ROWS)] = _MOST_ROWS


class QueryRows(Answer, frozen=True):
    """The rows, each a list in the order of *columns*; *truncated* when there are more."""

    columns: list[str]
    rows: list[list[Any]]
    truncated: bool


def query(desk: Desk, body: QueryBody) -> QueryRows:
    """Run one SELECT, read-only. Refused for anybody who screens or ever did: free SQL would show the others' work."""
    person = desk.reviewer.id
    if is_blinded(desk.store, desk.project, person) or has_screened(desk.store, person):
        message = f"{person} screens in this review, and SQL would show what the others decided"
        raise BlindError(message, hint="an analyst who does not screen can run it")
    found = run_report(
        desk.store, desk.project, body.sql, limit=body.limit + 1, seconds=_SECONDS, reviewer=person, apart=True
    )
    if found.estimated_size() > _MOST_BYTES:
        message = f"the answer is larger than {_MOST_BYTES // 1_000_000} MB"
        raise QueryRefused(message, hint="ask for fewer columns, or for shorter texts")
    rows = [list(row) for row in found.head(body.limit).iter_rows()]
    return QueryRows(columns=found.columns, rows=rows, truncated=found.height > body.limit)


ROUTES = (ApiRoute("POST", "/api/query", query, "Run one SELECT", May.QUERY, asks=True),)
