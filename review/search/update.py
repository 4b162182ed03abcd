"""Runs a strategy once more and says what became of its records: new, revised, found no longer.

Another text is another search: what it finds cannot be compared with what the old one found, so a strategy whose
file has changed is not updated but has to be run anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from review.database import Store
from review.errors import ReviewError, SearchError, UsageProblem
from review.project import Project
from review.search import runs
from review.search import store as rows
from review.search.entrez import Client
from review.search.fetching import Progress
from review.search.strategy import Strategy, find_strategy, strategies

Say = Callable[[str], None]


@dataclass(frozen=True)
class Updated:
    """What one strategy finds now, beside its last run: all as PMIDs."""

    strategy: str
    run_id: str
    updates: str
    before: frozenset[str]
    now: frozenset[str]
    new: tuple[str, ...]
    revised: tuple[str, ...]

    @property
    def gone(self) -> tuple[str, ...]:
        """What the last run found and this one does not, by number."""
        return by_number(self.before - self.now)


@dataclass(frozen=True)
class Problem:
    """What was not updated, and why."""

    name: str
    error: ReviewError


def choose(
    store: Store, queries: Path, names: Sequence[str] = ()
) -> tuple[list[tuple[Strategy, str]], tuple[Problem, ...]]:
    """The strategies to be updated, each with its last run: those of *names*, else all that ever ran.

    Of *names* each must be one that ran and has not changed since: else UsageProblem or SearchError. Without names
    a strategy that cannot be updated is a problem of its own and does not keep the others back.
    """
    last = rows.last_runs(store)
    chosen: list[tuple[Strategy, str]] = []
    problems: list[Problem] = []
    there = [path.stem for path in strategies(queries)]
    for name in dict.fromkeys(names) or (one for one in there if one in last):
        try:
            chosen.append(_ready(find_strategy(queries, name), last))
        except ReviewError as problem:
            if names:
                raise
            problems.append(Problem(name, problem))
    return chosen, tuple(problems)


def update_strategy(
    store: Store,
    project: Project,
    strategy: Strategy,
    *,
    updates: str,
    client: Client | None = None,
    allow_dropped_terms: bool = False,
    allow_missing: bool = False,
    run_by: str | None = None,
    say: Say = lambda words: None,
    progress: Progress = lambda done, total: None,
) -> Updated:
    """Run *strategy* as an update of the run *updates*. Raises what a run raises; then no run is closed."""
    before = rows.shown_versions(store, source=strategy.source)
    done = runs.run(
        store,
        project,
        strategy,
        client=client,
        allow_dropped_terms=allow_dropped_terms,
        allow_missing=allow_missing,
        updates=updates,
        run_by=run_by,
        say=say,
        progress=progress,
    )
    after = rows.shown_versions(store, source=strategy.source)
    now = rows.run_pmids(store, done.run_id)
    return Updated(
        strategy=strategy.name,
        run_id=done.run_id,
        updates=updates,
        before=frozenset(rows.run_pmids(store, updates)),
        now=frozenset(now),
        new=by_number(now - before.keys()),
        revised=revised(before, after, among=now),
    )


def revised(before: dict[str, str], after: dict[str, str], *, among: set[str]) -> tuple[str, ...]:
    """The PMIDs *among* those that had a version before and show another one after, by number."""
    return by_number({pmid for pmid in among & before.keys() if after.get(pmid) != before[pmid]})


def by_number(pmids: set[str] | frozenset[str]) -> tuple[str, ...]:
    """PMIDs in the order of their numbers."""
    return tuple(sorted(pmids, key=int))


def _ready(strategy: Strategy, last: dict[str, dict[str, Any]]) -> tuple[Strategy, str]:
    run = last.get(strategy.name)
    if run is None:
        message = f"the strategy {strategy.name!r} never ran, so there is nothing to bring up to date"
        raise UsageProblem(message, hint=f"run it first: review search run {strategy.name}")
    if run["strategy_sha256"] != strategy.sha256:
        message = f"{strategy.path} has changed since it ran on {run['searched_on']}: it is another search now"
        raise SearchError(message, hint=f"run it anew: review search run {strategy.name}")
    return strategy, str(run["run_id"])
