"""Follows citations at PubMed: a search run of its own, whose records came by "other methods".

Its records get a source of their own, PubMed citation links, and not PubMed: an entry counts for the source that
listed it first, and a paper that the database search finds a month after the citations did must count for the database.
Deduplication joins the two by their PMID.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from review.database import Append, Store
from review.errors import Incomplete, SearchError, UsageProblem
from review.project import Project
from review.search import store as rows
from review.search.citation_links import (
    Direction,
    DirectionResult,
    Plan,
    Traced,
    answered,
    counted_seeds,
    known_seeds,
    linked_ids,
    plan_of,
    read_links,
    trace,
    unlinked,
)
from review.search.closing import close_run, tool_name
from review.search.entrez import Client, Request
from review.search.fetching import Progress, batches, fetch, stored_pmids
from review.search.recorded import Body, body_of_row, read_folder, response_rows
from review.search.replayed import known_here
from review.search.resume import OLDEST, alone
from review.search.transport import Answer

SOURCE = "PubMed citation links"
KIND = "citation_search"
NAME = "citation searching"
SEEDS_A_QUESTION = 50
_NAMED = 20

Say = Callable[[str], None]


@dataclass(frozen=True)
class Chased:
    """What a run or a replay found. `known` of the linked records had come from other sources already."""

    run_id: str
    mode: str
    plan: Plan
    lines: tuple[DirectionResult, ...]
    hits: int
    retrieved: int
    new_records: int
    known: int
    without_links: tuple[str, ...]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]


def included_seeds(store: Store) -> tuple[str, ...]:
    """The PMIDs of the included reports and of the studies' reports. Raises UsageProblem when there is none."""
    seeds = rows.included_pmids(store)
    if not seeds:
        message = "no included report of this review has a PMID"
        raise UsageProblem(message, hint="name the papers to start from: review search cite --pmids FILE")
    return tuple(seeds)


def chase(
    store: Store,
    project: Project,
    plan: Plan,
    *,
    client: Client | None = None,
    count_only: bool = False,
    allow_missing: bool = False,
    fresh: bool = False,
    run_by: str | None = None,
    say: Say = lambda words: None,
    progress: Progress = lambda done, total: None,
) -> Chased:
    """Ask PubMed for the links of the plan's seeds, then for the records that they lead to.

    A run of the same plan that was cut off is taken up again, unless *fresh*: what was answered is not asked again.
    With *count_only* nothing is fetched and no run is closed. Raises EntrezError, or Incomplete unless
    *allow_missing*; then the bodies stay, and no run is visible.
    """
    asking = client or Client.from_environment()
    begun: Mapping[str, Any] | None = None
    if not count_only:
        with alone(store):
            begun = None if fresh else _cut_off(store, plan, say)
            if begun is None:
                begun = _start_row(plan, str(uuid.uuid4()), run_by=run_by, simulated=project.simulated)
                rows.begin_run(store, begun)
    run_id = str(begun["run_id"]) if begun else str(uuid.uuid4())
    stored = _bodies(store, run_id)
    row_of = response_rows(run_id, earlier=stored)

    def keep(endpoint: str, request: Request, answer: Answer) -> None:
        rows.keep_response(store, row_of(Body(endpoint, request, answer.requested_at, answer.status, answer.body)))

    asking = asking.keeping(keep)
    found = answered(stored)
    for way in plan.directions:
        for batch in batches([seed for seed in plan.seeds if seed not in found[way]], SEEDS_A_QUESTION):
            found[way] |= _links(asking, batch, way, say)
    due = [seed for seed in unlinked(plan, found) if seed not in known_seeds(stored)[0]]
    for batch in batches(due, SEEDS_A_QUESTION):
        # an answer without links does not tell a paper without any from a number that is no paper
        term = " OR ".join(f"{seed}[uid]" for seed in batch)
        asking.esearch(term, what="the seeds without links", purpose="seeds", line=0, retmax=len(batch))
    if count_only:
        return _result(store, plan, trace(_bodies(store, run_id), plan), run_id=run_id, mode="count")
    fetch(asking, linked_ids(plan, found), stored=stored_pmids(stored), say=say, progress=progress)
    return _close(
        store,
        plan,
        run_id,
        run_by=begun["run_by"] if begun else run_by,
        simulated=bool(begun["simulated"]) if begun else project.simulated,
        allow_missing=allow_missing,
    )


def replay(store: Store, project: Project, run_id: str, *, allow_missing: bool = False) -> Chased:
    """Read the stored bodies of a citation run anew, without a network; the same bodies give the same ids.

    A run that was cut off after its last body is closed by it. Raises UsageProblem for a run of another kind,
    SearchError where answers are missing, and Incomplete where records are, unless *allow_missing*.
    """
    closed, begun = rows.find_run(store, run_id), rows.find_start(store, run_id)
    if (closed and closed["source_kind"] != KIND) or (begun and begun["kind"] != "citations"):
        message = f"the run {run_id} is no citation search"
        raise UsageProblem(message, hint="review search replay NAME reads the runs of strategies")
    plan = plan_of(_bodies(store, run_id))
    began = closed or begun
    if began is None or not plan.seeds:
        message = f"no answers of a citation search {run_id!r} are stored"
        raise UsageProblem(message, hint="review search history lists the runs")
    if plan.sha256 != began["strategy_sha256"]:
        message = f"the run {run_id} was cut off before all its seeds were asked"
        raise SearchError(message, hint="run the same command again; it goes on where it stopped")
    return _close(
        store,
        plan,
        run_id,
        run_by=began["run_by"],
        simulated=bool(began["simulated"]) or project.simulated,
        allow_missing=allow_missing or bool(closed and closed["missing_pmids"]),
    )


def replay_folder(
    store: Store, project: Project, folder: Path, *, run_by: str | None = None, allow_missing: bool = False
) -> Chased:
    """Replay a citation run that `review search export` wrote to *folder*; its bodies are stored first.

    Raises UsageProblem where a run of its name has other answers here.
    """
    recording = read_folder(folder)
    plan = plan_of(recording.bodies)
    if recording.strategy not in (None, NAME) or not plan.seeds:
        message = f"{folder} records {recording.strategy or 'no links'!r}, not a citation search"
        raise UsageProblem(message, hint="review search replay NAME --from DIR reads the runs of strategies")
    if not known_here(store, recording, folder).stored:
        row_of = response_rows(recording.run_id)
        rows.keep_responses(store, [row_of(body) for body in recording.bodies])
    return _close(
        store,
        plan,
        recording.run_id,
        mode="replay",
        run_by=run_by,
        simulated=recording.simulated or project.simulated,
        allow_missing=allow_missing,
    )


def _cut_off(store: Store, plan: Plan, say: Say) -> dict[str, Any] | None:
    """The run of the same plan that was cut off, unless it is too old to go on with."""
    begun = rows.cut_off_citations(store, plan.sha256)
    if begun is None:
        return None
    day = f"{begun['started_at']:%Y-%m-%d}"
    if datetime.now(UTC) - begun["started_at"] > OLDEST:
        say(f"the run {begun['run_id']} of {day} was cut off more than {OLDEST.days} days ago: starting anew")
        return None
    say(f"taking up the run {begun['run_id']} of {day} (--fresh starts anew)")
    return begun


def _links(client: Client, seeds: Sequence[str], way: Direction, say: Say) -> dict[str, tuple[str, ...]]:
    """Seed → its links; a seed that the answer leaves out is asked once more."""
    say(f"{way}: asking for the links of {counted_seeds(len(seeds))}")
    found = read_links(client.elink(seeds, linkname=way.linkname), way.linkname)
    absent = [seed for seed in seeds if seed not in found]
    if absent:
        say(f"asking again for {counted_seeds(len(absent))} that came without an answer")
        found |= read_links(client.elink(absent, linkname=way.linkname), way.linkname)
    if silent := [seed for seed in absent if seed not in found]:
        left = counted_seeds(len(silent))
        message = f"PubMed left {left} out of its answer, asked twice: PMID {_shortened(silent)}"
        raise Incomplete(message, hint="run the same command again later")
    return {seed: linked for seed, linked in found.items() if seed in set(seeds)}


def _close(
    store: Store,
    plan: Plan,
    run_id: str,
    *,
    run_by: str | None,
    simulated: bool,
    allow_missing: bool,
    mode: str = "run",
) -> Chased:
    """Read the stored bodies of a run and write all that they hold, with the closing row, in one batch."""
    bodies = _bodies(store, run_id)
    traced = trace(bodies, plan)
    if traced.missing and not allow_missing:
        message = (
            f"{len(traced.missing)} of {len(traced.ids)} linked records did not come, asked twice: "
            f"PMID {_shortened(traced.missing)}"
        )
        raise Incomplete(
            message,
            hint="those that came are kept, the run is not closed; run the same command again, or accept and record "
            "what is missing with --allow-missing",
        )
    result = _result(store, plan, traced, run_id=run_id, mode=mode)
    closed = close_run(
        store,
        run=_run_row(traced, bodies, plan, run_id, mode=mode, run_by=run_by, simulated=simulated),
        name=NAME,
        records=traced.records,
        bodies=bodies,
        rejected=traced.rejected,
        lines=[_line_row(run_id, no, plan, traced, line) for no, line in enumerate(traced.lines, start=1)],
        unasked=len(traced.unasked),
        more=[Append("search.citation_link", _link_rows(run_id, traced))],
    )
    return replace(result, retrieved=closed.records, new_records=closed.new)


def _result(store: Store, plan: Plan, traced: Traced, *, run_id: str, mode: str) -> Chased:
    return Chased(
        run_id=run_id,
        mode=mode,
        plan=plan,
        lines=traced.lines,
        hits=len(traced.ids),
        retrieved=0,
        new_records=0,
        known=len(rows.pmids_of_other_sources(store, source=SOURCE, pmids=traced.ids)),
        without_links=traced.without_links,
        unknown=traced.unknown,
        missing=traced.missing,
    )


def _start_row(plan: Plan, run_id: str, *, run_by: str | None, simulated: bool) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "kind": "citations",
        "strategy": NAME,
        "strategy_sha256": plan.sha256,
        "pinned_to": None,
        "updates": None,
        "run_by": run_by,
        "simulated": simulated,
        "started_at": datetime.now(UTC),
    }


def _run_row(
    traced: Traced, bodies: Sequence[Body], plan: Plan, run_id: str, *, mode: str, run_by: str | None, simulated: bool
) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "strategy": NAME,
        "strategy_version": None,
        "strategy_sha256": plan.sha256,
        "mode": mode,
        "source": SOURCE,
        "source_kind": KIND,
        "platform": "E-utilities",
        "query": plan.query,
        "limits": None,
        "searched_on": min(body.requested_at for body in bodies).date(),
        "run_by": run_by,
        "hits": len(traced.ids),
        "retrieved": len(traced.records),
        "dropped_terms": None,
        "tool": tool_name(),
        "simulated": simulated,
        "finished_at": datetime.now(UTC),
        "missing_pmids": list(traced.missing),
    }


def _line_row(run_id: str, no: int, plan: Plan, traced: Traced, line: DirectionResult) -> dict[str, Any]:
    said = []
    if traced.without_links and no == 1:  # in no direction: once is enough
        said.append(f"seeds without links: PMID {', '.join(traced.without_links)}")
    if traced.unknown and no == 1:
        said.append(f"seeds that PubMed does not know: PMID {', '.join(traced.unknown)}")
    return {
        "run_id": run_id,
        "line_no": no,
        "label": line.direction.value,
        "text": f"{line.direction.linkname} of {counted_seeds(len(plan.seeds))}: {line.direction.words}",
        "hits": line.hits,
        "query_translation": None,
        "warnings": json.dumps(said, ensure_ascii=False),
    }


def _link_rows(run_id: str, traced: Traced) -> list[dict[str, Any]]:
    return [
        {"run_id": run_id, "direction": way.value, "seed_pmid": seed, "pmid": pmid} for way, seed, pmid in traced.links
    ]


def _bodies(store: Store, run_id: str) -> list[Body]:
    return [body_of_row(row) for row in rows.responses_of(store, run_id)]


def _shortened(items: Sequence[str]) -> str:
    return ", ".join(items[:_NAMED]) + (" ..." if len(items) > _NAMED else "")
