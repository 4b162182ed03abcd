"""Invitations and sessions: who may look at the site; only hashes are stored.

An invitation link works until it expires or is revoked, so that a person can sign in from a second machine. A
session ends with its time, with signing out, with a revocation, or when review.toml no longer names the
person.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from review.database import Store
from review.errors import UsageProblem
from review.project import Project, Reviewer
from review.team import store as tables

SESSION_HOURS = 12
MOST_SESSIONS = 50  # of one person at once


@dataclass(frozen=True)
class Session:
    """A session that was just opened: the secret goes into the cookie and nowhere else."""

    secret: str
    reviewer: Reviewer
    expires_at: datetime


@dataclass(frozen=True)
class Invited:
    """How a person of the team stands: the newest invitation that still works, if any."""

    reviewer: Reviewer
    expires_at: datetime | None


def invite(store: Store, project: Project, reviewer_id: str, *, days: int = 14, now: datetime | None = None) -> str:
    """A new invitation token for a person whom review.toml names; *days* until it expires.

    Raises UsageProblem for a person whom it does not name or who left, or for fewer than 1 or more than 365 days.
    """
    reviewer = project.reviewer(reviewer_id)
    if reviewer.has_left:
        message = f"{reviewer.id} left the team on {reviewer.left}"
        raise UsageProblem(message, hint="take the line `left` out of review.toml if they are back")
    if not 1 <= days <= 365:
        message = f"an invitation lasts from 1 to 365 days, not {days}"
        raise UsageProblem(message)
    now = now or datetime.now(UTC)
    token = secrets.token_urlsafe(32)
    event = {
        "token_id": str(uuid.uuid4()),
        "kind": "invited",
        "reviewer": reviewer.id,
        "token_sha256": sha256_of(token),
        "expires_at": now + timedelta(days=days),
        "supersedes": None,
        "decided_at": now,
    }
    tables.append_access(store, tokens=[event])
    return token


def check_token(store: Store, project: Project, token: str, *, now: datetime | None = None) -> Reviewer | None:
    """Whom the token invites, or None when it is unknown, expired or revoked, or the person has left the
    team.
    """
    now = now or datetime.now(UTC)
    wanted = sha256_of(token)
    for row in tables.live_tokens(store):
        if secrets.compare_digest(row["token_sha256"], wanted) and row["expires_at"] > now:
            return member(project, row["reviewer"])
    return None


def revoke(store: Store, project: Project, reviewer_id: str, *, now: datetime | None = None) -> tuple[int, int]:
    """Take back every invitation of a person and close every session; how many of each.

    Works for people whom review.toml no longer names. Raises UsageProblem for an id that nobody ever had.
    """
    now = now or datetime.now(UTC)
    invitations = [row for row in tables.live_tokens(store) if row["reviewer"] == reviewer_id]
    sessions = [row for row in tables.live_sessions(store) if row["reviewer"] == reviewer_id]
    if not invitations and not sessions:
        project.reviewer(reviewer_id)
        return 0, 0
    tables.append_access(
        store,
        tokens=[_end(row, "token_id", "revoked", now) for row in invitations],
        sessions=[_end(row, "session_id", "closed", now) for row in sessions],
    )
    return len(invitations), len(sessions)


def invitations(store: Store, project: Project, *, now: datetime | None = None) -> list[Invited]:
    """Everybody whom review.toml names, with the end of the newest invitation that still works."""
    now = now or datetime.now(UTC)
    ends: dict[str, datetime] = {}
    for row in tables.live_tokens(store):
        if row["expires_at"] > now:
            ends[row["reviewer"]] = max(row["expires_at"], ends.get(row["reviewer"], now))
    return [Invited(person, ends.get(person.id)) for person in project.reviewers]


def open_session(
    store: Store, project: Project, token: str, *, hours: int = SESSION_HOURS, now: datetime | None = None
) -> Session | None:
    """A session for whom the token invites, or None when it invites nobody.

    Where the person has too many already, the oldest are closed: a link that is opened again and again fills nothing.
    """
    now = now or datetime.now(UTC)
    reviewer = check_token(store, project, token, now=now)
    if reviewer is None:
        return None
    session = Session(secrets.token_urlsafe(32), reviewer, now + timedelta(hours=hours))
    event = {
        "session_id": str(uuid.uuid4()),
        "kind": "opened",
        "reviewer": reviewer.id,
        "session_sha256": sha256_of(session.secret),
        "expires_at": session.expires_at,
        "supersedes": None,
        "decided_at": now,
    }
    mine = [row for row in tables.live_sessions(store) if row["reviewer"] == reviewer.id and row["expires_at"] > now]
    oldest = mine[: max(0, len(mine) - MOST_SESSIONS + 1)]
    tables.append_access(store, sessions=[event, *(_end(row, "session_id", "closed", now) for row in oldest)])
    return session


def session_reviewer(store: Store, project: Project, secret: str, *, now: datetime | None = None) -> Reviewer | None:
    """Who is signed in with this secret, or None when the session is unknown, over or closed."""
    now = now or datetime.now(UTC)
    wanted = sha256_of(secret)
    for row in tables.live_sessions(store):
        if secrets.compare_digest(row["session_sha256"], wanted) and row["expires_at"] > now:
            return member(project, row["reviewer"])
    return None


def close_session(store: Store, secret: str, *, now: datetime | None = None) -> bool:
    """Sign out; whether there was such a session."""
    now = now or datetime.now(UTC)
    wanted = sha256_of(secret)
    found = [row for row in tables.live_sessions(store) if secrets.compare_digest(row["session_sha256"], wanted)]
    if found:
        tables.append_access(store, sessions=[_end(row, "session_id", "closed", now) for row in found])
    return bool(found)


def _end(row: dict[str, object], key: str, kind: str, now: datetime) -> dict[str, object]:
    """The event that takes back the event *row*."""
    hashed = "token_sha256" if key == "token_id" else "session_sha256"
    return {
        key: str(uuid.uuid4()),
        "kind": kind,
        "reviewer": row["reviewer"],
        hashed: None,
        "expires_at": None,
        "supersedes": row[key],
        "decided_at": now,
    }


def member(project: Project, reviewer_id: str) -> Reviewer | None:
    """The person of that id, if review.toml still names one who has not left."""
    return next((one for one in project.reviewers if one.id == reviewer_id and not one.has_left), None)


def sha256_of(secret: str) -> str:
    """What is stored of a token or a session."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
