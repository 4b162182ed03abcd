"""Decisions that arrive late: under the criteria that were read, with the time of the key, and only where they wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from review.project import FILE
from tests.web.conftest import Team


def stored(team: Team, record: str) -> list[dict[str, object]]:
    return team.store.read(
        "select reviewer, verdict, criteria_version, decided_at from screening.decision "
        "where source_record_id = $record order by arrival",
        {"record": record},
    ).to_dicts()


def amend(root: Path, version: str) -> None:
    """Change a criterion, and give it a version of its own."""
    path = root / FILE
    text = path.read_text("utf-8")
    path.write_text(
        text.replace('version = "1"', f'version = "{version}"').replace("A trial of", "Any study of"), "utf-8"
    )


def test_a_decision_is_stamped_with_the_criteria_that_its_reviewer_had_read(team: Team) -> None:
    ben, record = team.of("ben"), team.records[0]
    amend(team.project.root, "2")
    assert ben.ask("/api/queue").json()["criteria_version"] == "2"
    assert ben.decide(record, "include", criteria_version="1").status_code == 200
    assert [row["criteria_version"] for row in stored(team, record)] == ["1"]
    # the same word after the new version was read is a decision of its own
    assert ben.decide(record, "include", criteria_version="2").json()["new"] is True
    assert ben.decide(record, "include", criteria_version="3").status_code == 409
    assert [row["criteria_version"] for row in stored(team, record)] == ["1", "2"]


def test_the_moment_of_the_key_is_kept_and_a_wrong_clock_is_not_believed(team: Team) -> None:
    ben, now = team.of("ben"), datetime.now(UTC)
    early = now - timedelta(hours=3)
    for record, given in zip(
        team.records, (early, now + timedelta(days=1), datetime(1990, 1, 1, tzinfo=UTC)), strict=False
    ):
        assert ben.decide(record, "include", decided_at=given.isoformat()).status_code == 200
    first, ahead, long_ago = (stored(team, record)[0]["decided_at"] for record in team.records[:3])
    assert first == early
    for moment in (ahead, long_ago):
        assert isinstance(moment, datetime)
        assert now <= moment <= datetime.now(UTC)
    assert ben.decide(team.records[3], "include", decided_at="2026-01-01T00:00:00").status_code in (400, 422)


def test_a_word_on_a_record_that_enough_have_decided_on_is_refused(team: Team) -> None:
    record = team.records[0]
    for person in ("ana", "eve"):
        assert team.of(person).decide(record, "include").status_code == 200
    late = team.of("ben").decide(record, "exclude")
    assert late.status_code == 409
    assert "no longer waits for you" in late.json()["error"]
    assert {row["reviewer"] for row in stored(team, record)} == {"ana", "eve"}


def test_a_late_word_on_an_adjudicated_record_is_refused_and_a_change_of_mind_is_told_why(team: Team) -> None:
    record = team.records[0]
    assert team.of("ana").decide(record, "include").status_code == 200
    assert team.of("eve").decide(record, "exclude").status_code == 200
    ruling = {"id": "7d1f2f5e-98a5-4d0e-9d3b-0a6c4f1b2c3d", "record": record, "stage": "title_abstract"}
    assert team.of("cyd").post("/api/adjudications", {**ruling, "verdict": "exclude"}).status_code == 200
    assert team.of("ben").decide(record, "include").status_code == 409
    card = team.of("cyd").ask(f"/api/records/{record}").json()
    assert [(one["decided_by"], one["verdict"]) for one in card["adjudications"]] == [("cyd", "exclude")]
    assert team.of("ben").ask(f"/api/records/{record}").json()["adjudications"] == []


def test_the_review_keeps_its_name_whatever_its_title_becomes(team: Team) -> None:
    before = team.of("ben").ask("/api/me").json()
    path = team.project.root / FILE
    path.write_text(path.read_text("utf-8").replace('title = "', 'title = "Another: ', 1), "utf-8")
    after = team.of("ben").ask("/api/me").json()
    assert after["title"] != before["title"]
    assert after["review"] == before["review"] != ""


@pytest.mark.parametrize("version", ["", "1\n", "x" * 5000])
def test_a_version_that_never_was_is_refused(team: Team, version: str) -> None:
    answer = team.of("ben").decide(team.records[0], "include", criteria_version=version)
    assert answer.status_code in (400, 409, 422)
    assert stored(team, team.records[0]) == []


def test_a_word_that_was_long_on_its_way_does_not_replace_a_newer_one(team: Team) -> None:
    ben, record, now = team.of("ben"), team.records[0], datetime.now(UTC)
    assert ben.decide(record, "exclude", decided_at=now.isoformat()).status_code == 200
    late = ben.decide(record, "include", decided_at=(now - timedelta(minutes=30)).isoformat())
    assert late.status_code == 409
    assert "decided again" in late.json()["error"]
    assert [row["verdict"] for row in stored(team, record)] == ["exclude"]
    assert ben.decide(record, "include", decided_at=datetime.now(UTC).isoformat()).status_code == 200
