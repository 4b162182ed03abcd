"""Versions of the protocol: the first is the protocol, later ones after a registration are amendments."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from review.cli import run
from review.database import LocalStore
from review.errors import ProtocolError
from review.project import Project, load_project
from review.team import store as tables
from review.team.protocol import amendments, history, record_protocol

THEN = datetime(2026, 3, 1, 9, tzinfo=UTC)


def change(project: Project, old: str, new: str) -> Project:
    path = project.root / "review.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return load_project(project.root)


def register(project: Project) -> Project:
    return change(project, 'id = ""\nregistered_on = ""', 'id = "CRD42"\nregistered_on = 2026-02-01')


def test_the_first_version_is_the_protocol(store: LocalStore, empty_review: Project) -> None:
    recorded = record_protocol(store, empty_review, now=THEN)
    assert recorded.new
    assert not recorded.amendment
    row = history(store).row(0, named=True)
    assert row["is_current"]
    assert row["criteria_version"] == "1"
    assert row["reviewers_per_record"] == 2
    assert row["registration"] is None
    assert row["changed"] == []
    assert row["decided_at"] == THEN


def test_a_known_protocol_is_not_recorded_twice(store: LocalStore, empty_review: Project) -> None:
    first = record_protocol(store, empty_review)
    second = record_protocol(store, load_project(empty_review.root))
    assert not second.new
    assert second.version_id == first.version_id
    assert history(store).height == 1


def test_words_that_change_nothing_are_no_new_version(store: LocalStore, empty_review: Project) -> None:
    record_protocol(store, empty_review)
    assert not record_protocol(store, change(empty_review, "A tiny review", "A small review")).new


def test_a_change_before_registration_is_no_amendment(store: LocalStore, empty_review: Project) -> None:
    record_protocol(store, empty_review)
    recorded = record_protocol(store, change(empty_review, "upto = 3.0", "upto = 2.5"))
    assert recorded.new
    assert recorded.changed == ("windows",)
    assert not recorded.amendment
    assert amendments(store) == []


def test_registering_is_no_amendment_but_what_follows_is(store: LocalStore, empty_review: Project) -> None:
    record_protocol(store, empty_review)
    registered = register(empty_review)
    assert not record_protocol(store, registered).amendment
    later = change(registered, "upto = 3.0", "upto = 2.5")
    recorded = record_protocol(store, later)
    assert recorded.amendment
    assert "says why" in recorded.hint
    (amendment,) = amendments(store)
    assert amendment.changed == ("windows",)
    assert amendment.reason is None


def test_a_reason_can_be_given_later_and_stands_beside_the_amendment(store: LocalStore, empty_review: Project) -> None:
    registered = register(empty_review)
    record_protocol(store, registered)
    later = change(registered, "upto = 3.0", "upto = 2.5")
    record_protocol(store, later, now=THEN)
    record_protocol(store, later, who="ana", reason="trials report 14 weeks")
    (amendment,) = amendments(store)
    assert (amendment.reason, amendment.who, amendment.decided_at) == ("trials report 14 weeks", "ana", THEN)
    assert record_protocol(store, later).hint == ""
    # the version before the amendment, and the amendment: the row with the reason stands for both of its rows
    assert history(store)["is_current"].to_list() == [False, True]


def test_a_changed_mid_is_an_amendment_too(store: LocalStore, empty_review: Project) -> None:
    registered = register(empty_review)
    folder = registered.extracted / "_vocabulary"
    folder.mkdir()
    (folder / "mid.csv").write_text("instrument_family,mid\nvas_pain,15\n", "utf-8")
    record_protocol(store, registered)
    (folder / "mid.csv").write_text("instrument_family,mid\nvas_pain,10\n", "utf-8")
    assert record_protocol(store, registered).changed == ("mids",)
    assert [item.changed for item in amendments(store)] == [("mids",)]


def test_going_back_is_a_version_of_its_own(store: LocalStore, empty_review: Project) -> None:
    first = record_protocol(store, empty_review)
    record_protocol(store, change(empty_review, "upto = 3.0", "upto = 2.5"))
    back = record_protocol(store, change(empty_review, "upto = 2.5", "upto = 3.0"))
    assert back.new
    assert back.version_id == f"{first.version_id}~2"
    assert history(store)["is_current"].to_list() == [False, False, True]


def test_criteria_that_change_without_a_new_version_are_refused(store: LocalStore, empty_review: Project) -> None:
    record_protocol(store, empty_review, now=THEN)
    with pytest.raises(ProtocolError) as caught:
        record_protocol(store, change(empty_review, "People with knee pain.", "Adults with knee pain."))
    words = str(caught.value)
    assert "review.toml line 24: criteria.version is still '1'" in words
    assert "recorded as '1' on 2026-03-01" in words
    assert "give the changed criteria a new version" in words
    assert history(store).height == 1


def test_criteria_with_a_new_version_are_recorded(store: LocalStore, empty_review: Project) -> None:
    record_protocol(store, empty_review)
    changed = change(empty_review, "People with knee pain.", "Adults with knee pain.")
    recorded = record_protocol(store, change(changed, 'version = "1"', 'version = "2"'))
    assert recorded.changed == ("criteria", "criteria_version")


def test_events_leave_out_tokens_and_come_back_whole(store: LocalStore, empty_review: Project, tmp_path: Path) -> None:
    record_protocol(store, empty_review, now=THEN)
    events = tables.read_events(store)
    assert set(events) == {"team.protocol_version", "team.assignment"}
    other = LocalStore(tmp_path / "other.duckdb")
    other.apply(tables.append_events(events))
    other.apply(tables.append_events(events))
    assert tables.read_events(other) == events


def test_the_command_line_lists_versions(empty_review: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--project", str(empty_review.root), "reviewer", "protocol", "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("version_id,criteria_version,")
