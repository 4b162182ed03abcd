"""Begins a run, or takes up the one that was cut off: the same id, the same day, and no question asked twice.

A row is written before the first question. A run is taken up only with the very questions that it began with: a
strategy that was changed since would mix two searches in one.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, timedelta

from review.database import Store
from review.errors import EntrezError, UsageProblem
from review.search import signals
from review.search import store as rows
from review.search.entrez import Client
from review.search.recorded import Body, successful
from review.search.records import sha256
from review.search.signals import Found
from review.search.strategy import Strategy

OLDEST = timedelta(days=7)


@dataclass(frozen=True)
class Start:
    """A run that has begun; `resumed` says that it had begun before."""

    run_id: str
    pinned_to: date | None
    run_by: str | None
    simulated: bool
    started_at: datetime
    resumed: bool


@dataclass(frozen=True)
class Remembering(Client):
    """A client that gives the answers it has: *answers* is (purpose, term, number of ids) → what PubMed said."""

    answers: Mapping[tuple[str, str, int], Found] = field(default_factory=dict)

    def esearch(self, term: str, *, what: str, purpose: str, line: int, retmax: int = 0) -> Found:
        """Count of *term* and up to *retmax* ids, from memory where they are in it."""
        known = self.answers.get((purpose, term, retmax))
        return known or super().esearch(term, what=what, purpose=purpose, line=line, retmax=retmax)

    def forgetting(self) -> Remembering:
        """The same client, asking everything anew."""
        return replace(self, answers={})


def remembering(client: Client, bodies: Iterable[Body]) -> Remembering:
    """*client* with the memory of the answers among *bodies*; an answer that was an error is no answer."""
    answers = {}
    for body in successful(bodies):
        params = body.request.get("params", {})
        if body.endpoint != "esearch" or "term" not in params:
            continue
        retmax = int(params.get("retmax", 0))
        try:
            found = signals.read_esearch(body.content, what="a stored answer", asked=retmax)
        except EntrezError:
            continue
        answers[(str(body.request.get("purpose")), str(params["term"]), retmax)] = found
    known = {one.name: getattr(client, one.name) for one in fields(Client)}
    return Remembering(**known, answers=answers)


def asked_sha256(strategy: Strategy) -> str:
    """The fingerprint of what a strategy asks: its source and lines in full, without labels and notes."""
    return sha256(strategy.source, *(strategy.resolved(line.no) for line in strategy.lines))


def begin(
    store: Store,
    strategy: Strategy,
    *,
    run_id: str | None,
    fresh: bool,
    updates: str | None,
    run_by: str | None,
    simulated: bool,
    today: date,
    say: Callable[[str], None],
) -> Start:
    """Take up the strategy's newest run where it was cut off, or write the row with which a new one begins.

    Two processes at once begin one run: the second looks only when the first has written its row. Raises UsageProblem
    for a *run_id* that has finished.
    """
    with alone(store):
        last = None if fresh else _cut_off(store, strategy, run_id=run_id, updates=updates, today=today, say=say)
        if last is not None:
            return last
        if run_id is not None and rows.find_start(store, run_id) is not None:
            message = f"the run {run_id} began with other questions, or too long ago"
            raise UsageProblem(message, hint="leave the id to the program")
        started = datetime.now(UTC)
        start = Start(run_id or str(uuid.uuid4()), today, run_by, simulated, started, resumed=False)
        row = {
            "run_id": start.run_id,
            "kind": "strategy",
            "strategy": strategy.name,
            "strategy_sha256": asked_sha256(strategy),
            "pinned_to": today,
            "updates": updates,
            "run_by": run_by,
            "simulated": simulated,
            "started_at": started,
        }
        rows.begin_run(store, row)
        return start


def alone(store: Store) -> AbstractContextManager[None]:
    """Keep other processes out of the database between a look and what is written on it."""
    return store.holding()


def _cut_off(
    store: Store,
    strategy: Strategy,
    *,
    run_id: str | None,
    updates: str | None,
    today: date,
    say: Callable[[str], None],
) -> Start | None:
    """The newest run that asks the same, when it has no closing row; it may be too old to go on with."""
    last = rows.newest_start(store, strategy=strategy.name, sha256=asked_sha256(strategy))
    if run_id is not None and rows.find_run(store, run_id) is not None:
        message = f"the run {run_id} has finished"
        raise UsageProblem(message, hint="review search replay reads it again; review search run starts a new one")
    if last is None or last["closed"] or last["updates"] != updates or run_id not in (None, last["run_id"]):
        return None
    began: datetime = last["started_at"]
    if today - began.date() > OLDEST:
        say(f"the run {last['run_id']} of {began:%Y-%m-%d} was cut off more than {OLDEST.days} days ago: starting anew")
        return None
    return Start(last["run_id"], last["pinned_to"], last["run_by"], last["simulated"], began, resumed=True)
