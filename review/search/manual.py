"""Searches that were run elsewhere: Embase, CENTRAL, registries, web pages, hand and citation searching."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, date, datetime
from pathlib import Path

from review import __version__
from review.database import Store
from review.errors import UsageProblem
from review.search import store as rows
from review.search.decoding import decode
from review.search.ingest import read_bytes
from review.terms import SourceKind

_FIRST_YEAR = 1900
_NO_TEXT = re.compile(r"^%PDF|[\x00-\x08\x0b\x0e-\x1f]")


def read_query(path: Path) -> str:
    """The strategy that a text file holds. Raises UsageProblem for a file that is not there, or is no text."""
    if not path.is_file():
        message = f"there is no file {path}" if not path.exists() else f"{path} is no file"
        raise UsageProblem(message, hint="give a text file that holds the strategy, or the strategy itself by --query")
    text = decode(read_bytes(path)).text
    if found := _NO_TEXT.search(text):
        message = f"{path} is no plain text (character {found.start() + 1} is {found.group(0)[:1]!r})"
        raise UsageProblem(message, hint="save the strategy as a text file (UTF-8), or give it by --query")
    return text


def enter_manual(
    store: Store,
    *,
    name: str,
    source: str,
    source_kind: str,
    query: str,
    searched_on: date,
    hits: int | None,
    platform: str | None = None,
    limits: str | None = None,
    run_by: str | None = None,
    simulated: bool = False,
    run_id: str | None = None,
    today: date | None = None,
) -> str:
    """Record a search that somebody ran elsewhere and return its id.

    *query* is the strategy as it was asked (for citation searching: the papers whose citations were
    followed), *hits* what the source counted. Files imported with that id are compared with *hits* in
    v1.search_history. The same *run_id* twice is harmless. Raises UsageProblem for an unknown kind, a missing
    strategy, a date to come or one before 1900.
    """
    if source_kind not in set(SourceKind):
        message = f"unknown source kind {source_kind!r}; allowed: {', '.join(SourceKind)}"
        raise UsageProblem(message)
    for what, value in (("name", name), ("source", source), ("strategy", query)):
        if not value.strip():
            message = f"the {what} of the search is blank"
            raise UsageProblem(
                message, hint="a search that cannot be repeated cannot be reported (PRISMA 2020, item 7)"
            )
    if hits is not None and hits < 0:
        message = f"hits is {hits}; allowed: 0 or more"
        raise UsageProblem(message, hint="leave --hits out where the source gave no count")
    if searched_on > (today or datetime.now(UTC).date()):
        message = f"the search is dated {searched_on}, which is still to come"
        raise UsageProblem(message, hint="give the day on which it was run, as YYYY-MM-DD")
    if searched_on.year < _FIRST_YEAR:
        message = f"the search is dated {searched_on}; allowed: {_FIRST_YEAR}-01-01 or later"
        raise UsageProblem(message, hint="give the day on which it was run, as YYYY-MM-DD")
    run_id = run_id or str(uuid.uuid4())
    rows.close_run(
        store,
        {
            "run_id": run_id,
            "strategy": name,
            "strategy_version": None,
            "strategy_sha256": None,
            "mode": "manual",
            "source": source,
            "source_kind": source_kind,
            "platform": platform,
            "query": query,
            "limits": limits,
            "searched_on": searched_on,
            "run_by": run_by,
            "hits": hits,
            "retrieved": None,
            "dropped_terms": None,
            "tool": f"entered by hand, regen-review {__version__}",
            "simulated": simulated,
            "finished_at": datetime.now(UTC),
        },
    )
    return run_id
