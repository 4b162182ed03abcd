"""Runs an analyst's SELECT or a saved report in the sandbox.

Somebody who screens blind is kept from the views that tell what others decided by the words of the query alone: a
word too many is refused, none slips through in a comment or in quotes. It keeps people from looking by mistake;
whoever owns the file can read all of it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from review.database import LocalStore, run_query
from review.errors import BlindError, UsageProblem
from review.project import Project
from review.reporting.saved_queries import saved_queries
from review.screening.blinding import is_blinded

if TYPE_CHECKING:
    import polars as pl


# views that tell what others decided, the room behind them, and the ways to name a view without its name
_TELLING = frozenset(
    {
        "agreement", "blind_decision", "conflict", "current_decision", "owed", "report", "screening",
        "screening_progress", "screening_state", "query", "query_table",
    }
)  # fmt: skip


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
    store: LocalStore,
    project: Project,
    query: str,
    *,
    params: Mapping[str, str] | None = None,
    limit: int | None = None,
    seconds: float = 60.0,
    reviewer: str | None = None,
) -> pl.DataFrame:
    """The rows of *query*: a SELECT, or the name of a saved report.

    Raises UsageProblem for an unknown name or parameter, QueryRefused for what the sandbox does not run, BlindError
    where *reviewer* screens blind and the query names what others decided. The rows of a simulated project carry a
    column that says so.
    """

    # reading once makes the file and its views where they are not there yet: the sandbox only reads
    store.read("select 1")
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
    if is_blinded(store, project, reviewer) and (word := _telling(sql)):
        message = f"{reviewer} screens blind, and {word!r} tells what others decided"
        raise BlindError(
            message, hint="run it without --as as the file's owner; whoever owns the file can read all of it"
        )
    return run_query(store.path, sql, values or None, limit=limit, seconds=seconds)


def _is_name(query: str) -> bool:
    return query.strip().replace("_", "").replace("-", "").isalnum()


def _telling(sql: str) -> str | None:
    """The first word of a query that a blind reviewer may not name; U&"..." can spell any word, and counts as one."""
    words = re.findall(r"u&(?=\s*[\"'])|\w+", sql.lower())
    return next((word for word in words if word in _TELLING or word == "u&"), None)
