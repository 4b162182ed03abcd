"""Who is signed in, remembered between requests: asked of the database again only when something there changed.

A store that counts its own writes (`versions`) says when that is. Any other store is asked every time, because
another process may have revoked somebody.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

from review.database import Store
from review.project import Project, Reviewer
from review.team import store as tables
from review.team.tokens import member, sha256_of

_TABLES = ("team.session", "team.reviewer_token")


@runtime_checkable
class Counting(Protocol):
    """A store that says how often tables were written."""

    def versions(self, *tables: str) -> tuple[int, ...]:
        """Numbers that grow with every batch that touched these tables."""
        ...


class Sessions:
    """The open sessions of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: tuple[tuple[int, ...], dict[str, tuple[str, datetime]]] | None = None

    def find(self, project: Project, secret: str, *, now: datetime | None = None) -> Reviewer | None:
        """Who is signed in with this secret, or None when the session is unknown, over or closed."""
        if not secret:
            return None
        # looked up by its hash: how long that takes tells nothing about the secret
        found = self._open().get(sha256_of(secret))
        if found is None:
            return None
        reviewer, expires_at = found
        return member(project, reviewer) if expires_at > (now or datetime.now(UTC)) else None

    def _open(self) -> dict[str, tuple[str, datetime]]:
        """Hash → (reviewer, end) of every session that nobody closed."""
        if not isinstance(self._store, Counting):
            return self._read()
        # counted before it is read: what is written in between is read again next time
        version = self._store.versions(*_TABLES)
        kept = self._kept
        if kept is None or kept[0] != version:
            self._kept = kept = (version, self._read())
        return kept[1]

    def _read(self) -> dict[str, tuple[str, datetime]]:
        return {
            row["session_sha256"]: (row["reviewer"], row["expires_at"]) for row in tables.live_sessions(self._store)
        }
