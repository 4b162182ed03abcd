"""Runs an analyst's SELECT or a saved report in the sandbox."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from review.database import LocalStore, run_query
from review.errors import UsageProblem
from review.project import Project
from review.reporting.saved_queries import saved_queries

if TYPE_CHECKING:
    import polars as pl


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
            "purpose": [item.purpose for item in found],
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
) -> pl.DataFrame:
    """The rows of *query*: a SELECT, or the name of a saved report.

    Raises UsageProblem for an unknown name or parameter, QueryRefused for what the sandbox does not run.
    The rows of a simulated project carry a column that says so.
    """
    import polars as pl

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
    rows = run_query(store.path, sql, values or None, limit=limit, seconds=seconds)
    if project.simulated and "simulated" not in rows.columns:
        rows = rows.with_columns(pl.lit("SIMULATED").alias("simulated"))
    return rows


def _is_name(query: str) -> bool:
    return query.strip().replace("_", "").replace("-", "").isalnum()
