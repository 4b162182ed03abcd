"""Runs a strategy at PubMed, and replays it from stored bodies without a network.

A run's closing row is written with its records, lines and receipt in one batch, at the very end. A run that
was killed has none and is invisible; the same command again is harmless.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from review.database import Store
from review.errors import SearchError, UsageProblem
from review.project import Project
from review.search import store as rows
from review.search.assemble import (
    Assembled,
    LineResult,
    assemble,
    line_result,
    refuse_dropped,
    refuse_missing,
)
from review.search.closing import close_run, tool_name
from review.search.entrez import Client, Request
from review.search.fetching import fetch
from review.search.recorded import Body, Recording, body_of_row, read_folder, response_row, write_folder
from review.search.records import source_rows
from review.search.strategy import Strategy
from review.search.transport import Answer

Say = Callable[[str], None]


@dataclass(frozen=True)
class RunResult:
    """What a run or a replay found; `new_records` of the retrieved ones were not there before."""

    run_id: str
    strategy: str
    mode: str
    lines: tuple[LineResult, ...]
    hits: int
    retrieved: int
    new_records: int
    requests: int
    dropped: tuple[dict[str, Any], ...]


def run(
    store: Store,
    project: Project,
    strategy: Strategy,
    *,
    client: Client | None = None,
    count_only: bool = False,
    allow_dropped_terms: bool = False,
    run_by: str | None = None,
    run_id: str | None = None,
    say: Say = lambda words: None,
) -> RunResult:
    """Ask PubMed each line of *strategy*, then fetch the records of the last.

    Every body is kept before it is read. With *count_only* nothing is fetched and no run is closed. Raises
    EntrezError, DroppedTerms (unless *allow_dropped_terms*) or Incomplete; then the bodies stay, and no run
    is visible.
    """
    run_id = run_id or str(uuid.uuid4())
    asked = 0

    def keep(endpoint: str, request: Request, answer: Answer) -> None:
        nonlocal asked
        asked += 1
        body = Body(endpoint, request, answer.requested_at, answer.status, answer.body)
        rows.keep_response(store, response_row(run_id, body))

    client = (client or Client.from_environment()).keeping(keep)
    before = rows.last_translations(store, strategy=strategy.name, run_id=run_id)
    results: list[LineResult] = []
    ids: list[str] = []
    for line in strategy.lines:
        term = strategy.resolved(line.no)
        if line.no == len(strategy.lines) and not count_only:
            found, ids = client.every_id(term, line=line.no)
        else:
            found = client.esearch(term, what=f"line #{line.no} ({line.label})", purpose="line", line=line.no)
        results.append(line_result(strategy, line.no, found, before=before))
        if not allow_dropped_terms:
            refuse_dropped(results[-1:])
        say(f"#{line.no} {line.label}: {found.count}")
    if count_only:
        dropped = tuple({"line": r.no, "signal": k, "text": t} for r in results for k, t in r.dropped)
        return RunResult(run_id, strategy.name, "count", tuple(results), results[-1].hits, 0, 0, asked, dropped)
    fetch(client, ids, say=say)
    return _close(
        store,
        project,
        strategy,
        run_id=run_id,
        mode="run",
        run_by=run_by,
        simulated=project.simulated,
        accept_dropped=allow_dropped_terms,
    )


def replay(
    store: Store,
    project: Project,
    strategy: Strategy,
    *,
    run_id: str | None = None,
    allow_dropped_terms: bool = False,
) -> RunResult:
    """Read the stored bodies of a run (by default the strategy's newest) anew, without a network.

    The same bodies give the same ids, so that nothing changes; a run that was killed after its last body is
    closed by it. Raises UsageProblem without a stored run and SearchError when the strategy has changed
    since.
    """
    known = rows.runs_of(store, strategy.name)
    if run_id is None and not known:
        message = f"no stored run of {strategy.name!r} to replay"
        raise UsageProblem(message, hint="run it, or give a recorded folder: review search replay NAME --from DIR")
    chosen = run_id or known[0]
    closed = rows.find_run(store, chosen)
    if closed is not None and closed["strategy"] != strategy.name:
        message = f"the run {chosen} is of the strategy {closed['strategy']!r}, not of {strategy.name!r}"
        raise UsageProblem(message, hint="review search history lists the runs")
    return _close(
        store,
        project,
        strategy,
        run_id=chosen,
        mode="run",
        run_by=closed["run_by"] if closed else None,
        simulated=bool(closed["simulated"]) if closed else project.simulated,
        accept_dropped=allow_dropped_terms or bool(closed and closed["dropped_terms"]),
    )


def replay_folder(
    store: Store,
    project: Project,
    strategy: Strategy,
    folder: Path,
    *,
    run_by: str | None = None,
    allow_dropped_terms: bool = False,
) -> RunResult:
    """Replay a recorded run from *folder* (see recorded.py); its bodies are stored first, as those of a run are."""
    recording = read_folder(folder)
    if recording.strategy not in (None, strategy.name):
        message = f"{folder} records the strategy {recording.strategy!r}, not {strategy.name!r}"
        raise UsageProblem(message)
    rows.keep_responses(store, [response_row(recording.run_id, body) for body in recording.bodies])
    return _close(
        store,
        project,
        strategy,
        run_id=recording.run_id,
        mode="replay",
        run_by=run_by,
        simulated=recording.simulated or project.simulated,
        accept_dropped=allow_dropped_terms,
    )


def export_run(store: Store, run_id: str, folder: Path) -> Path:
    """Write the bodies of a run into *folder*; returns the manifest's path."""
    closed = rows.find_run(store, run_id)
    bodies = _bodies(store, run_id)
    if closed is None:
        message = f"there is no finished search {run_id!r}"
        raise UsageProblem(message, hint="review search history lists them")
    if not bodies:
        message = f"the search {run_id} was run elsewhere: no bodies are stored"
        raise UsageProblem(message)
    recording = Recording(
        run_id=run_id,
        strategy=closed["strategy"],
        strategy_version=closed["strategy_version"],
        simulated=closed["simulated"],
        bodies=tuple(bodies),
    )
    return write_folder(folder, recording)


def _bodies(store: Store, run_id: str) -> list[Body]:
    return [body_of_row(row) for row in rows.responses_of(store, run_id)]


def _close(
    store: Store,
    project: Project,
    strategy: Strategy,
    *,
    run_id: str,
    mode: str,
    run_by: str | None,
    simulated: bool,
    accept_dropped: bool,
) -> RunResult:
    """Read the stored bodies of a run and write all that they hold, with the closing row, in one batch."""
    bodies = _bodies(store, run_id)
    if not bodies:
        message = f"no bodies of the run {run_id!r} are stored"
        raise SearchError(message, hint="review search history lists the runs")
    before = rows.last_translations(store, strategy=strategy.name, run_id=run_id)
    found = assemble(bodies, strategy, before=before)
    if not accept_dropped:
        refuse_dropped(found.lines)
    if found.missing:
        rows.keep_records(store, source_rows(found.records, source=strategy.source))
    refuse_missing(found)
    closed = close_run(
        store,
        run=_run_row(found, bodies, strategy, run_id=run_id, mode=mode, run_by=run_by, simulated=simulated),
        name=strategy.name,
        records=found.records,
        bodies=bodies,
        rejected=found.rejected,
        lines=[_line_row(run_id, line) for line in found.lines],
        unasked=len(found.unasked),
    )
    return RunResult(
        run_id, strategy.name, mode, found.lines, found.hits, closed.records, closed.new, len(bodies), found.dropped
    )


def _line_row(run_id: str, line: LineResult) -> dict[str, Any]:
    said = [*line.warnings, *(f"{kind}: {text}" for kind, text in line.dropped)]
    return {
        "run_id": run_id,
        "line_no": line.no,
        "label": line.label,
        "text": line.text,
        "hits": line.hits,
        "query_translation": line.translation,
        "warnings": json.dumps(said, ensure_ascii=False),
    }


def _run_row(
    found: Assembled,
    bodies: Sequence[Body],
    strategy: Strategy,
    *,
    run_id: str,
    mode: str,
    run_by: str | None,
    simulated: bool,
) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "strategy": strategy.name,
        "strategy_version": strategy.version,
        "strategy_sha256": strategy.sha256,
        "mode": mode,
        "source": strategy.source,
        "source_kind": "database",
        "platform": "E-utilities",
        "query": strategy.query,
        "limits": None,
        "searched_on": min(body.requested_at for body in bodies).date(),
        "run_by": run_by,
        "hits": found.hits,
        "retrieved": len(found.records),
        "dropped_terms": json.dumps(list(found.dropped), ensure_ascii=False) if found.dropped else None,
        "tool": tool_name(),
        "simulated": simulated,
        "finished_at": datetime.now(UTC),
    }
