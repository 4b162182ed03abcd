"""The page of the flow, kept while what it rests on is as it was: it counts every record, and pages ask for it often.

Who screens blind never gets what was made for others: whether a person is blind, and whether screening is hidden from
them, is asked anew each time, and each answer has a page of its own.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from review.database import Store
from review.flows import pages
from review.project import Project, Reviewer
from review.screening.blinding import is_blinded

PATIENCE = 5.0  # seconds that a page may be old when only decisions have been added
_DECIDED = (
    "screening.decision",
    "screening.adjudication",
    "screening.label",
    "screening.report_event",
    "screening.report_event_new",
)
_OF_NO_MATTER = ("team.session", "team.reviewer_token")


@runtime_checkable
class CountingAll(Protocol):
    """A store that says how often tables were written."""

    def versions(self, *tables: str) -> tuple[int, ...]:
        """Numbers that grow with every batch that touched these tables."""
        ...

    def versions_but(self, *tables: str) -> tuple[tuple[str, int], ...]:
        """The same of all tables that are neither these nor derived from others."""
        ...


@dataclass(frozen=True)
class _Kept:
    page: pages.Page
    project: Project
    rests_on: object
    decided: tuple[int, ...]
    at: float


class KeptFlow:
    """The pages of the flow of one site. Threads may share it."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[tuple[bool, bool], _Kept] = {}
        self._locks: defaultdict[tuple[bool, bool], threading.Lock] = defaultdict(threading.Lock)

    def page(self, store: Store, project: Project, reviewer: Reviewer) -> pages.Page:
        """The page for *reviewer*: made anew unless it would come out the same, or differ by the last decisions.

        A store that does not count its writes is asked every time.
        """
        if not isinstance(store, CountingAll):
            return pages.flow_page(store, project, reviewer)
        blinded = is_blinded(store, project, reviewer.id)
        hidden = blinded and pages.screening_is_open(store, project)
        with self._locks[blinded, hidden]:
            # counted before it is read: what is written in between is read again next time
            rests_on = (store.versions_but(*_DECIDED, *_OF_NO_MATTER), _files(project))
            decided, now = store.versions(*_DECIDED), self._clock()
            kept = self._kept.get((blinded, hidden))
            if (
                kept is not None
                and kept.project is project
                and kept.rests_on == rests_on
                and (kept.decided == decided or now - kept.at < PATIENCE)
            ):
                return kept.page
            page = pages.flow_as(store, project, hidden=hidden)
            self._kept[blinded, hidden] = _Kept(page, project, rests_on, decided, now)
            return page


def _files(project: Project) -> tuple[tuple[str, int, int], ...]:
    """What tells that a strategy has changed: the page says which ran."""
    found = []
    for path in sorted(project.queries.rglob("*")):
        try:
            seen = path.stat()
        except OSError:
            continue
        found.append((str(path), seen.st_mtime_ns, seen.st_size))
    return tuple(found)
