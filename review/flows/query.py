"""Runs an analyst's SELECT or a saved report in the sandbox.

Somebody who screens blind queries a copy that holds the views of database/open_views.py and nothing else (see
database/sandbox.py): no spelling of a query reaches what is not there. A view that is new is closed until it is put on
the list. Closed are the decisions and whatever counts or lists by them, the seeds of a citation search (they are the
included reports), and every table behind the views. Studies and their figures are open: they stand in files that
everybody reads.
It keeps people from looking by mistake; whoever owns the file can read all of it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from review.database import Query, Store
from review.database.open_views import OPEN
from review.errors import BlindError, QueryRefused, UsageProblem
from review.project import Project
from review.reporting.saved_queries import saved_queries
from review.screening.blinding import is_blinded

if TYPE_CHECKING:
    import polars as pl


@runtime_checkable
class Apart(Protocol):
    """A store that runs an analyst's SELECT in a process of its own."""

    @property
    def query_apart(self) -> Query:
        """The rows of an analyst's SELECT over the views of v1."""
        ...


def list_reports(project: Project) -> pl.DataFrame:
    """name, parameters and purpose of every report of the project and of the package."""
    import polars as pl

    found = saved_queries("reports", project.queries).values()
    return pl.DataFrame(
        {
            "name": [item.name for item in found],
            "parameters": [
                ", ".join(one.name if one.default is None else f"[{one.name}]" for one in item.parameters)
                for item in found
            ],
            "purpose": [f"{item.purpose} (project's own)" if item.own else item.purpose for item in found],
        },
        schema={"name": pl.String, "parameters": pl.String, "purpose": pl.String},
    )


def run_report(
    store: Store,
    project: Project,
    query: str,
    *,
    params: Mapping[str, str] | None = None,
    limit: int | None = None,
    seconds: float = 60.0,
    reviewer: str | None = None,
    apart: bool = False,
) -> pl.DataFrame:
    """The rows of *query*: a SELECT, or the name of a saved report.

    Raises UsageProblem for an unknown name or parameter, QueryRefused for what the sandbox does not run, BlindError
    where *reviewer* screens blind and the query reads what is closed to them. The rows of a simulated project carry a
    column that says so. With *apart* the query reads the views of v1 alone, in a process of its own, where the store
    can do that.
    """

    given = dict(params or {})
    if _is_name(query):
        reports = saved_queries("reports", project.queries)
        if query not in reports:
            near = difflib.get_close_matches(query, reports, n=3, cutoff=0.4)
            message = f"{query!r} is not a report; known: {', '.join(reports) or 'none'}"
            raise UsageProblem(message, hint=f"did you mean {near[0]}?" if near else "review query --list")
        values: dict[str, object] = reports[query].bind(given)
        sql = reports[query].sql
    else:
        values, sql = dict(given), query
    ask = store.query_apart if apart and isinstance(store, Apart) else store.query
    if not is_blinded(store, project, reviewer):
        return ask(sql, values or None, limit=limit, seconds=seconds)
    try:
        return ask(sql, values or None, limit=limit, seconds=seconds, only=OPEN)
    except QueryRefused as refusal:
        if (absent := _absent(refusal.message)) is None:
            raise
        message = f"{reviewer} screens blind, and what tells of the others' decisions is closed to them: {absent}"
        raise BlindError(
            message, hint="run it without --as as the file's owner; whoever owns the file can read all of it"
        ) from refusal


def _is_name(query: str) -> bool:
    return query.strip().replace("_", "").replace("-", "").isalnum()


def _absent(words: str) -> str | None:
    """What DuckDB says of a table that the copy does not hold, or None where it complains of something else."""
    found = re.search(r"\b(Table|View|Schema|Catalog)\b.*\bdoes not exist\b.*", words)
    return found.group() if found else None
