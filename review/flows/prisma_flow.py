"""The PRISMA flow beside the strategies that it rests on: which ran, which did not, which changed since."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from review.database import Store
from review.errors import ProtocolError
from review.project import Project
from review.reporting.prisma import Identity, flow_table
from review.reporting.table import Table
from review.search import store as searches
from review.search.standing import standing
from review.search.strategy import Strategy, load_strategy, strategies

if TYPE_CHECKING:
    import polars as pl

_SHORT = 8


def prisma_flow(store: Store, project: Project) -> tuple[Table, tuple[Identity, ...], pl.DataFrame]:
    """`flow_table`, with a note for each strategy of the project: its version, its fingerprint, and when it ran."""
    table, identities, lines = flow_table(store, project)
    return replace(table, notes=(*table.notes, *strategy_notes(store, project))), identities, lines


def strategy_notes(store: Store, project: Project) -> list[str]:
    """One sentence for each strategy."""
    ran = _last_runs(store)
    notes = [f"Strategy {name} cannot be read: {problem.message}." for name, problem in broken_strategies(project)]
    for strategy in _readable(project):
        named = f"Strategy {strategy.name}, version {strategy.version} ({strategy.sha256[:_SHORT]})"
        run = ran.get(strategy.name)
        if run is None:
            notes.append(f"{named}: {standing(store, strategy)}.")
        elif run["strategy_sha256"] == strategy.sha256:
            notes.append(f"{named}: run on {run['searched_on']}, {run['hits']} records.")
        else:
            notes.append(f"{named} HAS CHANGED since it ran on {run['searched_on']}: the counts are of the old one.")
    return notes


def changed_strategies(store: Store, project: Project) -> list[dict[str, Any]]:
    """Strategies whose file is not the one that ran last: file, line, strategy, run_id, searched_on."""
    ran = _last_runs(store)
    found = []
    for strategy in _readable(project):
        run = ran.get(strategy.name)
        if run is not None and run["strategy_sha256"] != strategy.sha256:
            file = str(strategy.path.relative_to(project.root))
            line = _first_change(store, strategy, run["run_id"])
            found.append(
                {"file": file, "line": line, "strategy": strategy.name, "run": run["run_id"], "on": run["searched_on"]}
            )
    return found


def broken_strategies(project: Project) -> list[tuple[str, ProtocolError]]:
    """(name, what is wrong) of the strategies that cannot be read; one of them must not hide the others."""
    found = []
    for path in strategies(project.queries):
        try:
            load_strategy(path)
        except ProtocolError as problem:
            found.append((path.stem, problem))
    return found


def _readable(project: Project) -> list[Strategy]:
    broken = {name for name, _ in broken_strategies(project)}
    return [load_strategy(path) for path in strategies(project.queries) if path.stem not in broken]


def _last_runs(store: Store) -> dict[str, dict[str, Any]]:
    runs = searches.history(store).sort("finished_at").to_dicts()
    return {run["strategy"]: run for run in runs if run["strategy_sha256"]}


def _first_change(store: Store, strategy: Strategy, run_id: str) -> int:
    """The line of the file at which the first line that was not asked like this begins; 1 when all were."""
    asked = {row["line_no"]: row["text"] for row in searches.lines_of(store, run_id)}
    for line in strategy.lines:
        if asked.get(line.no) != strategy.resolved(line.no):
            return line.at
    return 1
