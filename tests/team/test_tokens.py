"""Invitations and sessions: random, hashed, expiring, revocable, only for whom review.toml names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from review.cli import run
from review.database import LocalStore
from review.errors import UsageProblem
from review.project import Project, load_project
from review.team import store as tables
from review.team import tokens
from tests.conftest import REVIEW_TOML, write_review

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def test_an_invitation_lets_its_person_in(store: LocalStore, empty_review: Project) -> None:
    token = tokens.invite(store, empty_review, "ana", now=NOW)
    reviewer = tokens.check_token(store, empty_review, token, now=NOW)
    assert reviewer is not None
    assert reviewer.id == "ana"


def test_only_a_hash_is_stored(store: LocalStore, empty_review: Project) -> None:
    token = tokens.invite(store, empty_review, "ana", now=NOW)
    session = tokens.open_session(store, empty_review, token, now=NOW)
    assert session is not None
    stored = str(tables.live_tokens(store)) + str(tables.live_sessions(store))
    assert token not in stored
    assert session.secret not in stored


@pytest.mark.parametrize("token", ["", "guess", "\x00", "é" * 50, "\ud800"])
def test_a_forged_token_lets_nobody_in(store: LocalStore, empty_review: Project, token: str) -> None:
    tokens.invite(store, empty_review, "ana", now=NOW)
    assert tokens.check_token(store, empty_review, token, now=NOW) is None
    assert tokens.open_session(store, empty_review, token, now=NOW) is None
    assert tokens.session_reviewer(store, empty_review, token, now=NOW) is None


def test_an_invitation_expires(store: LocalStore, empty_review: Project) -> None:
    token = tokens.invite(store, empty_review, "ana", days=2, now=NOW)
    assert tokens.check_token(store, empty_review, token, now=NOW + timedelta(days=2, seconds=-1)) is not None
    assert tokens.check_token(store, empty_review, token, now=NOW + timedelta(days=2)) is None


def test_revoking_ends_invitations_and_sessions(store: LocalStore, empty_review: Project) -> None:
    token = tokens.invite(store, empty_review, "ana", now=NOW)
    other = tokens.invite(store, empty_review, "ben", now=NOW)
    session = tokens.open_session(store, empty_review, token, now=NOW)
    assert session is not None
    assert tokens.revoke(store, empty_review, "ana", now=NOW) == (1, 1)
    assert tokens.check_token(store, empty_review, token, now=NOW) is None
    assert tokens.session_reviewer(store, empty_review, session.secret, now=NOW) is None
    assert tokens.check_token(store, empty_review, other, now=NOW) is not None
    assert tokens.revoke(store, empty_review, "ana", now=NOW) == (0, 0)


def test_a_session_ends_with_its_time_or_with_signing_out(store: LocalStore, empty_review: Project) -> None:
    token = tokens.invite(store, empty_review, "ana", now=NOW)
    session = tokens.open_session(store, empty_review, token, hours=1, now=NOW)
    assert session is not None
    assert tokens.session_reviewer(store, empty_review, session.secret, now=NOW + timedelta(hours=1)) is None
    assert tokens.session_reviewer(store, empty_review, session.secret, now=NOW) is not None
    assert tokens.close_session(store, session.secret, now=NOW)
    assert tokens.session_reviewer(store, empty_review, session.secret, now=NOW) is None
    assert not tokens.close_session(store, session.secret, now=NOW)


def test_who_leaves_the_team_is_out_and_can_still_be_revoked(store: LocalStore, empty_review: Project) -> None:
    token = tokens.invite(store, empty_review, "ben", now=NOW)
    path = empty_review.root / "review.toml"
    path.write_text(path.read_text("utf-8").replace('id = "ben"', 'id = "dan"'), "utf-8")
    without = load_project(empty_review.root)
    assert tokens.check_token(store, without, token, now=NOW) is None
    assert tokens.revoke(store, without, "ben", now=NOW) == (1, 0)


def test_nobody_outside_the_team_is_invited_or_revoked(store: LocalStore, empty_review: Project) -> None:
    with pytest.raises(UsageProblem, match="names: ana, ben, cyd"):
        tokens.invite(store, empty_review, "eve")
    with pytest.raises(UsageProblem, match="names: ana, ben, cyd"):
        tokens.revoke(store, empty_review, "eve")


@pytest.mark.parametrize("days", [0, -1, 366])
def test_the_length_of_an_invitation_has_bounds(store: LocalStore, empty_review: Project, days: int) -> None:
    with pytest.raises(UsageProblem, match="1 to 365 days"):
        tokens.invite(store, empty_review, "ana", days=days)


def test_the_command_line_invites_lists_and_revokes(empty_review: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project = ["--project", str(empty_review.root), "reviewer"]
    assert run([*project, "invite", "ana"]) == 0
    link = capsys.readouterr().out.strip()
    assert link.startswith("http://127.0.0.1:8350/sign-in?token=")
    store = LocalStore(empty_review.database_path)
    assert tokens.check_token(store, empty_review, link.partition("token=")[2]) is not None
    assert run([*project, "list", "--format", "csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "id,name,role,invited_until,left"
    assert lines[2] == "ben,Ben Test,reviewer,not invited,"
    assert run([*project, "revoke", "ana"]) == 0
    assert "1 invitations revoked" in capsys.readouterr().err
    assert run([*project, "invite", "eve"]) == 2


def test_nobody_who_left_is_invited(tmp_path: Path, store: LocalStore) -> None:
    text = REVIEW_TOML.replace('id = "ben"\n', 'id = "ben"\nleft = "2026-01-02"\n', 1)
    project = load_project(write_review(tmp_path / "left", text=text))
    with pytest.raises(UsageProblem, match="ben left the team on 2026-01-02"):
        tokens.invite(store, project, "ben")
