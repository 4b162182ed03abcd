"""Brings a review up to date: strategies run again, known PMIDs read again, duplicates found, and what that changes.

The last table is what a team acts on, so each change stands in it with the record that it is about, how far that got
in screening, and the studies that it reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from review.database import Store
from review.dedupe.engine import deduplicate
from review.errors import FormatError, SearchError
from review.project import Project
from review.screening.blinding import is_blinded
from review.search import store as searches
from review.search.entrez import Client
from review.search.fetching import Progress
from review.search.known import SOURCE
from review.search.update import Problem, Updated, choose, revised, update_strategy
from review.search.watch import Watched, unwatched, watch, watchable

COLUMNS: dict[str, Any] = {
    "change": pl.String,
    "strategy": pl.String,
    "pmid": pl.String,
    "doi": pl.String,
    "kind": pl.String,
    "notice_pmid": pl.String,
    "notice_text": pl.String,
    "record_id": pl.String,
    "stage": pl.String,
    "state": pl.String,
    "study_ids": pl.List(pl.String),
    "title": pl.String,
}

Say = Callable[[str], None]
Counting = Callable[[], AbstractContextManager[Progress]]
_Notice = tuple[str, str, str]


@dataclass(frozen=True)
class Update:
    """What an update did: the strategies that ran, the watch, new merges, and what was not updated.

    `unwatched` is (studies of which no report has a PMID, all studies); None where nothing was to be watched.
    """

    strategies: tuple[Updated, ...]
    watched: Watched | None
    new_merges: int
    changes: pl.DataFrame
    problems: tuple[Problem, ...]
    unwatched: tuple[int, int] | None = None

    @property
    def asked(self) -> bool:
        """Whether there was anything to be brought up to date."""
        return bool(self.strategies or self.watched or self.problems)

    def raise_problems(self) -> None:
        """Raise what kept a strategy or the watch from being updated, with its name."""
        if not self.problems:
            return
        first = self.problems[0].error
        said = "; ".join(f"{problem.name}: {problem.error.message}" for problem in self.problems)
        message = f"not updated: {said}"
        raise type(first)(message, hint=first.hint)


def update(
    store: Store,
    project: Project,
    names: Sequence[str] = (),
    *,
    strategies: bool = True,
    watching: bool = True,
    client: Client | None = None,
    allow_dropped_terms: bool = False,
    allow_missing: bool = False,
    run_by: str | None = None,
    say: Say = lambda words: None,
    progress: Counting = lambda: nullcontext(lambda done, total: None),
) -> Update:
    """Run the strategies of *names* (all that ever ran) as updates, then watch the PMIDs that they did not bring.

    Either part can be left out. What PubMed does not answer for one strategy or the watch is a problem in the result:
    the others' results stand, and the same call goes on. *progress* is entered for each part. *run_by*, where blinded,
    is not told how far screening is. Raises what makes it useless to begin: a name that is no strategy that ran, a
    strategy that has changed, a missing NCBI_EMAIL.
    """
    chosen, problems = choose(store, project.queries, names) if strategies else ([], ())
    since = searches.last_update(store)
    known = _by_key(searches.notices(store))
    shown = searches.shown_versions(store, source=SOURCE)
    if client is None and (chosen or (watching and watchable(store))):
        client = Client.from_environment()
    done: list[Updated] = []
    failed = list(problems)
    for strategy, last in chosen:
        say(f"{strategy.name}:")
        try:
            with progress() as told:
                one = update_strategy(
                    store,
                    project,
                    strategy,
                    updates=last,
                    client=client,
                    allow_dropped_terms=allow_dropped_terms,
                    allow_missing=allow_missing,
                    run_by=run_by,
                    say=say,
                    progress=told,
                )
        except (SearchError, FormatError) as problem:
            failed.append(Problem(strategy.name, problem))
            say(f"{strategy.name}: not updated: {problem.message}")
        else:
            done.append(one)
    watched = None
    if watching:
        beside = {pmid for one in done for pmid in one.now}
        try:
            with progress() as told:
                watched = watch(store, project, beside=beside, client=client, run_by=run_by, say=say, progress=told)
        except (SearchError, FormatError) as problem:
            failed.append(Problem("the watch", problem))
    after = searches.shown_versions(store, source=SOURCE)
    # a merge is due only when something came: else nothing at all is to change
    merges = deduplicate(store, project).new_merges if after != shown else 0
    changes = _changes(store, done, watched, before=shown, after=after, known=known, since=since)
    if is_blinded(store, project, run_by):
        changes = changes.with_columns(pl.lit(None, pl.String).alias("stage"), pl.lit(None, pl.String).alias("state"))
    return Update(
        tuple(done), watched, merges, changes, tuple(failed), unwatched=unwatched(store) if watching else None
    )


def _changes(
    store: Store,
    done: Sequence[Updated],
    watched: Watched | None,
    *,
    before: Mapping[str, str],
    after: Mapping[str, str],
    known: Mapping[_Notice, Mapping[str, Any]],
    since: datetime | None,
) -> pl.DataFrame:
    """A row for each change."""
    rows: list[dict[str, Any]] = []
    for one in done:
        rows += _rows("new", one.new, strategy=one.strategy)
        rows += _rows("revised", one.revised, strategy=one.strategy)
        rows += _rows("found no longer", one.gone, strategy=one.strategy)
    if watched is not None:
        named = {pmid for one in done for pmid in one.revised}
        others = revised(dict(before), dict(after), among=set(watched.pmids) - named)
        rows += _rows("revised", others)
        rows += _rows("not sent", watched.not_sent)
    now = _by_key(searches.notices(store))
    fresh = [key for key in now if key not in known or (since is not None and known[key]["seen_at"] > since)]
    rows += [_noticed("notice", now[key]) for key in fresh]
    rows += [_noticed("notice taken back", row) for key, row in known.items() if key not in now]
    # what only another database says of a record without a PMID goes by its DOI
    stands = searches.standing(store, sorted({row["pmid"] or row["doi"] for row in rows}))
    return pl.DataFrame([{**row, **_standing(stands[row["pmid"] or row["doi"]])} for row in rows], schema=COLUMNS)


def _rows(change: str, pmids: Iterable[str], *, strategy: str | None = None) -> list[dict[str, Any]]:
    return [{"change": change, "strategy": strategy, "pmid": pmid} for pmid in pmids]


def _noticed(change: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {"change": change, **{name: row[name] for name in ("pmid", "doi", "kind", "notice_pmid", "notice_text")}}


def _standing(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("record_id", "stage", "state", "study_ids", "title")}


def _by_key(notices: Iterable[Mapping[str, Any]]) -> dict[_Notice, Mapping[str, Any]]:
    return {
        (row["pmid"] or row["doi"], row["kind"], row["notice_pmid"] or row["notice_text"] or ""): row for row in notices
    }
