"""The tables of the team: protocol versions, tokens, sessions and assignments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from review.database import Append, Replace, Store

if TYPE_CHECKING:
    import polars as pl

# Tokens and sessions are no part of a review's record and never leave the database.
EVENT_TABLES = ("protocol_version", "assignment")

_PROTOCOL_VERSIONS = """
select version_id, criteria_version, criteria_sha256, parts, text, registration, registered_on, reason,
       amendment, simulated, who, decided_at
from team.protocol_version order by arrival
"""
_PROTOCOL_HISTORY = "select * from v1.protocol order by place"
_REVIEWERS = "select reviewer, name, role, left_on, place from v1.reviewer order by place"
_LIVE_TOKENS = """
select i.token_id, i.reviewer, i.token_sha256, i.expires_at, i.decided_at
from team.reviewer_token i
where i.kind = 'invited' and not exists (select 1 from team.reviewer_token r where r.supersedes = i.token_id)
order by i.arrival
"""
_LIVE_SESSIONS = """
select o.session_id, o.reviewer, o.session_sha256, o.expires_at
from team.session o
where o.kind = 'opened' and not exists (select 1 from team.session c where c.supersedes = o.session_id)
order by o.arrival
"""
_EVENTS = {
    "protocol_version": "select * from team.protocol_version order by arrival",
    "assignment": "select * from team.assignment order by arrival",
}


def protocol_versions(store: Store) -> list[dict[str, Any]]:
    """Every recorded version, in the order in which they arrived."""
    return _zoned(store.read(_PROTOCOL_VERSIONS))


def protocol_history(store: Store) -> pl.DataFrame:
    """The view `v1.protocol`, oldest version first."""
    return store.read(_PROTOCOL_HISTORY)


def add_protocol_version(store: Store, row: Mapping[str, Any]) -> None:
    """Append one version."""
    store.apply([Append("team.protocol_version", [row])])


def reviewers(store: Store) -> list[dict[str, Any]]:
    """The people of review.toml as the database knows them, in their order."""
    return store.read(_REVIEWERS).to_dicts()


def replace_reviewers(store: Store, rows: list[dict[str, Any]]) -> None:
    """Put *rows* in the place of the people whom the database knows."""
    store.apply([Replace("team.reviewer", rows)])


def live_tokens(store: Store) -> list[dict[str, Any]]:
    """Invitations that nobody revoked, expired ones included; their hashes, never the tokens."""
    return _zoned(store.read(_LIVE_TOKENS))


def live_sessions(store: Store) -> list[dict[str, Any]]:
    """Sessions that nobody closed, expired ones included."""
    return _zoned(store.read(_LIVE_SESSIONS))


def append_access(
    store: Store,
    *,
    tokens: list[Mapping[str, Any]] | None = None,
    sessions: list[Mapping[str, Any]] | None = None,
) -> None:
    """Append events of invitations and sessions, all or none."""
    steps = [Append("team.reviewer_token", tokens or []), Append("team.session", sessions or [])]
    store.apply([step for step in steps if step.rows])


def read_events(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Table → rows, of what the team decided; tokens and sessions are left out."""
    return {f"team.{table}": _zoned(store.read(sql)) for table, sql in _EVENTS.items()}


def append_events(rows: Mapping[str, list[dict[str, Any]]]) -> list[Append]:
    """The steps that write the team's part of *rows* (table → rows)."""
    return [Append(f"team.{table}", rows[f"team.{table}"]) for table in EVENT_TABLES if rows.get(f"team.{table}")]


def _zoned(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows whose times are in UTC, whatever zone the connection spoke."""
    return [
        {
            name: value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value
            for name, value in row.items()
        }
        for row in frame.iter_rows(named=True)
    ]
