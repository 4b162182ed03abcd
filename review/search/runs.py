"""Runs a strategy at PubMed, and replays it from stored bodies without a network.

A run's closing row is written with its records, lines and receipt in one batch, at the very end. A run that
was killed has none and is invisible; the same command again takes it up where it was.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from review.database import Store
from review.errors import SearchError, UsageProblem
from review.project import Project
from review.search import store as rows
from review.search.assemble import (
    NAMED,
    Assembled,
    LineResult,
    assemble,
    counted_ids,
    line_result,
    pinned,
    refuse_dropped,
    refuse_missing,
    refuse_unpinned,
)
from review.search.closing import close_run, tool_name
from review.search.entrez import BATCH, Client, Request
from review.search.fetching import Progress, Say, batches, collect, questions, stored_pmids
from review.search.recorded import Body, Recording, body_of_row, read_folder, response_rows, write_folder
from review.search.records import source_rows
from review.search.replayed import known_here
from review.search.resume import Start, begin, remembering
from review.search.strategy import Strategy
from review.search.transport import Answer

_KEPT_AT_ONCE = 100


@dataclass(frozen=True)
class RunResult:
    """What a run or a replay found.

    `new_records` of the retrieved ones were not there before; of these, `changed_records` are records that PubMed has
    revised. `missing` are PMIDs that were found and never sent, accepted by a person. `needed` is how many requests a
    count says that a run would take.
    """

    run_id: str
    strategy: str
    mode: str
    lines: tuple[LineResult, ...]
    hits: int
    retrieved: int
    new_records: int
    requests: int
    dropped: tuple[dict[str, Any], ...]
    resumed: bool = False
    missing: tuple[str, ...] = ()
    changed_records: int = 0
    pinned_to: date | None = None
    needed: int = 0


@dataclass(frozen=True)
class _Closing:
    """What the closing row says of a run beside what its bodies hold, and what a person accepts."""

    run_id: str
    mode: str
    run_by: str | None
    simulated: bool
    pinned_to: date | None
    updates: str | None
    accept_dropped: bool
    accept_missing: bool


def run(
    store: Store,
    project: Project,
    strategy: Strategy,
    *,
    client: Client | None = None,
    count_only: bool = False,
    allow_dropped_terms: bool = False,
    allow_missing: bool = False,
    fresh: bool = False,
    updates: str | None = None,
    run_by: str | None = None,
    run_id: str | None = None,
    today: date | None = None,
    batch: int = BATCH,
    say: Say = lambda words: None,
    progress: Progress = lambda done, total: None,
) -> RunResult:
    """Ask PubMed each line of *strategy*, then fetch the records of the last, up to the day of the run.

    A run that was cut off is taken up, unless *fresh*: what was answered is not asked again. Every body is kept before
    it is read. With *count_only* nothing is fetched and no run begins. *updates* is the run that this one brings up to
    date, *batch* how many records are asked for at once. Raises EntrezError, DroppedTerms (unless
    *allow_dropped_terms*) or Incomplete (for missing records: unless *allow_missing*); then the bodies stay, no run is
    visible, and the same call goes on.
    """
    client = client or Client.from_environment()
    if count_only:
        return _count(store, strategy, client, accept_dropped=allow_dropped_terms, batch=batch, say=say)
    start = begin(
        store,
        strategy,
        run_id=run_id,
        fresh=fresh,
        updates=updates,
        run_by=run_by,
        simulated=project.simulated,
        today=today or datetime.now(UTC).date(),
        say=say,
    )
    _ask(store, strategy, client, start, accept_dropped=allow_dropped_terms, batch=batch, say=say, progress=progress)
    closed = rows.find_run(store, start.run_id)
    if closed is not None:
        say(f"another process took up the run {start.run_id} too, and has finished it")
    how = _Closing(
        run_id=start.run_id,
        mode="run",
        run_by=start.run_by,
        simulated=start.simulated,
        pinned_to=start.pinned_to,
        updates=updates,
        accept_dropped=allow_dropped_terms,
        accept_missing=allow_missing,
    )
    return _close(store, strategy, how, closed=closed, resumed=start.resumed, say=say)


def _ask(
    store: Store,
    strategy: Strategy,
    client: Client,
    start: Start,
    *,
    accept_dropped: bool,
    batch: int,
    say: Say,
    progress: Progress,
) -> None:
    """Ask what a run has not been answered yet, so that its bodies are all there."""
    bodies = _bodies(store, start.run_id) if start.resumed else []
    stored = stored_pmids(bodies)
    term = strategy.query if start.pinned_to is None else pinned(strategy.query, start.pinned_to)
    if start.resumed:
        total = counted_ids(bodies, term)
        of = f" of {total:,}" if total is not None else ""
        begun = f"{start.started_at:%Y-%m-%d %H:%M} UTC"
        say(f"taking up run {start.run_id} of {begun}: {len(stored):,}{of} records are here (--fresh starts anew)")
    asking = remembering(client.keeping(_keeper(store, start.run_id, bodies)), bodies)
    del bodies
    lines = _ask_lines(store, strategy, asking, run_id=start.run_id, accept_dropped=accept_dropped, say=say)
    collect(
        asking,
        term,
        line=len(strategy.lines),
        stored=stored,
        accept=lambda found: refuse_unpinned(lines[-1], found),
        size=batch,
        say=say,
        progress=progress,
    )


def _count(
    store: Store, strategy: Strategy, client: Client, *, accept_dropped: bool, batch: int, say: Say
) -> RunResult:
    """Ask for the count of each line; the answers are kept under an id that no run has."""
    run_id = str(uuid.uuid4())
    asking = client.keeping(_keeper(store, run_id, ()))
    lines = _ask_lines(store, strategy, asking, run_id=run_id, accept_dropped=accept_dropped, say=say)
    return RunResult(
        run_id=run_id,
        strategy=strategy.name,
        mode="count",
        lines=tuple(lines),
        hits=lines[-1].hits,
        retrieved=0,
        new_records=0,
        requests=len(lines),
        dropped=tuple({"line": r.no, "signal": k, "text": t} for r in lines for k, t in r.dropped),
        needed=questions(lines[-1].hits, lines=len(lines), size=batch),
    )


def _ask_lines(
    store: Store, strategy: Strategy, client: Client, *, run_id: str, accept_dropped: bool, say: Say
) -> list[LineResult]:
    """Ask for the count of each line; the first of which PubMed ran only a part stops it."""
    before = rows.last_translations(store, strategy=strategy.name, run_id=run_id)
    results: list[LineResult] = []
    for line in strategy.lines:
        what = f"line #{line.no} ({line.label})"
        found = client.esearch(strategy.resolved(line.no), what=what, purpose="line", line=line.no)
        results.append(line_result(strategy, line.no, found, before=before))
        if not accept_dropped:
            refuse_dropped(strategy, results[-1:])
        say(f"#{line.no} {line.label}: {found.count:,}")
    return results


def _keeper(store: Store, run_id: str, bodies: Sequence[Body]) -> Callable[[str, Request, Answer], None]:
    """What keeps each answer of a run as it arrives; *bodies* are kept already."""
    row_of = response_rows(run_id, earlier=bodies)

    def keep(endpoint: str, request: Request, answer: Answer) -> None:
        body = Body(endpoint, request, answer.requested_at, answer.status, answer.body)
        rows.keep_response(store, row_of(body))

    return keep


def replay(
    store: Store,
    project: Project,
    strategy: Strategy,
    *,
    run_id: str | None = None,
    allow_dropped_terms: bool = False,
    allow_missing: bool = False,
    say: Say = lambda words: None,
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
    began = closed or rows.find_start(store, chosen)
    if began is not None and began["strategy"] != strategy.name:
        message = f"the run {chosen} is of the strategy {began['strategy']!r}, not of {strategy.name!r}"
        raise UsageProblem(message, hint="review search history lists the runs")
    how = _Closing(
        run_id=chosen,
        mode="run",
        run_by=began["run_by"] if began else None,
        simulated=bool(began["simulated"]) if began else project.simulated,
        pinned_to=began["pinned_to"] if began else None,
        updates=began["updates"] if began else None,
        accept_dropped=allow_dropped_terms or bool(closed and closed["dropped_terms"]),
        accept_missing=allow_missing or bool(closed and closed["missing_pmids"]),
    )
    return _close(store, strategy, how, closed=closed, say=say)


def replay_folder(
    store: Store,
    project: Project,
    strategy: Strategy,
    folder: Path,
    *,
    run_by: str | None = None,
    allow_dropped_terms: bool = False,
    allow_missing: bool = False,
    say: Say = lambda words: None,
) -> RunResult:
    """Replay a recorded run from *folder* (see recorded.py); its bodies are stored first, as those of a run are.

    Of a run that is closed here, the closing row and its answers stand: the folder may only repeat them. Raises
    UsageProblem where it holds others.
    """
    recording = read_folder(folder)
    if recording.strategy not in (None, strategy.name):
        message = f"{folder} records the strategy {recording.strategy!r}, not {strategy.name!r}"
        raise UsageProblem(message)
    known = known_here(store, recording, folder)
    coming = map(response_rows(recording.run_id), () if known.stored else recording.bodies)
    while some := list(islice(coming, _KEPT_AT_ONCE)):
        rows.keep_responses(store, some)
    closed = known.closed
    how = _Closing(
        run_id=recording.run_id,
        mode="replay",
        run_by=run_by,
        simulated=recording.simulated or project.simulated,
        pinned_to=closed["pinned_to"] if closed else recording.pinned_to,
        updates=closed["updates"] if closed else recording.updates,
        accept_dropped=allow_dropped_terms,
        accept_missing=allow_missing,
    )
    return _close(store, strategy, how, closed=closed, say=say)


def export_run(store: Store, run_id: str, folder: Path) -> Path:
    """Write the bodies of a run into *folder*; returns the manifest's path."""
    closed = rows.find_run(store, run_id)
    if closed is None:
        message = f"there is no finished search {run_id!r}"
        raise UsageProblem(message, hint="review search history lists them")
    bodies = _bodies(store, run_id, closed)
    if not bodies:
        message = f"the search {run_id} was run elsewhere: no bodies are stored"
        raise UsageProblem(message)
    recording = Recording(
        run_id=run_id,
        strategy=closed["strategy"],
        strategy_version=closed["strategy_version"],
        simulated=closed["simulated"],
        bodies=tuple(bodies),
        pinned_to=closed["pinned_to"],
        updates=closed["updates"],
    )
    return write_folder(folder, recording)


def _bodies(store: Store, run_id: str, closed: Mapping[str, Any] | None = None) -> list[Body]:
    """The stored bodies of a run; of one that is *closed* those with which it was closed.

    A second process may have gone on with a run that the first one closed: what came afterwards is not of it.
    """
    bodies = (body_of_row(row) for row in rows.responses_of(store, run_id))
    if closed is None or closed["mode"] != "run":
        return list(bodies)
    return [body for body in bodies if body.requested_at <= closed["finished_at"]]


def _close(
    store: Store,
    strategy: Strategy,
    how: _Closing,
    *,
    closed: Mapping[str, Any] | None = None,
    resumed: bool = False,
    say: Say,
) -> RunResult:
    """Read the stored bodies of a run and write all that they hold, with the closing row, in one batch."""
    bodies = _bodies(store, how.run_id, closed)
    if not bodies:
        message = f"no bodies of the run {how.run_id!r} are stored"
        raise SearchError(message, hint="review search history lists the runs")
    before = rows.last_translations(store, strategy=strategy.name, run_id=how.run_id)
    found = assemble(bodies, strategy, before=before, pinned_to=how.pinned_to)
    if not how.accept_dropped:
        refuse_dropped(strategy, found.lines)
    if found.missing and not how.accept_missing:
        rows.keep_records(store, source_rows(found.records, source=strategy.source))
        if len(found.missing) > NAMED:
            for some in batches(found.missing, NAMED):
                say(f"did not come: {' '.join(some)}")
        refuse_missing(found)
    written = close_run(
        store,
        run=_run_row(found, bodies, strategy, how),
        name=strategy.name,
        records=found.records,
        bodies=bodies,
        rejected=found.rejected,
        lines=[_line_row(how.run_id, line) for line in found.lines],
        unasked=len(found.unasked),
    )
    return RunResult(
        run_id=how.run_id,
        strategy=strategy.name,
        mode=how.mode,
        lines=found.lines,
        hits=found.hits,
        retrieved=written.records,
        new_records=written.new,
        requests=len(bodies),
        dropped=found.dropped,
        resumed=resumed,
        missing=found.missing,
        changed_records=written.changed,
        pinned_to=how.pinned_to,
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


def _run_row(found: Assembled, bodies: Sequence[Body], strategy: Strategy, how: _Closing) -> dict[str, Any]:
    return {
        "run_id": how.run_id,
        "strategy": strategy.name,
        "strategy_version": strategy.version,
        "strategy_sha256": strategy.sha256,
        "mode": how.mode,
        "source": strategy.source,
        "source_kind": "database",
        "platform": "E-utilities",
        "query": strategy.query,
        "limits": None,
        "searched_on": min(body.requested_at for body in bodies).date(),
        "run_by": how.run_by,
        "hits": found.hits,
        "retrieved": len(found.records),
        "dropped_terms": json.dumps(list(found.dropped), ensure_ascii=False) if found.dropped else None,
        "tool": tool_name(),
        "simulated": how.simulated,
        "finished_at": datetime.now(UTC),
        "pinned_to": how.pinned_to,
        "updates": how.updates,
        "missing_pmids": list(found.missing) or None,
    }
