"""Calibration rounds: all decide on all, nothing is seen before, and everything is seen by everybody then."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from review.database import LocalStore
from review.dedupe.deeds import merge
from review.errors import DecisionError, UsageProblem
from review.flows.check import run_checks
from review.flows.events import export_events, import_events
from review.project import Project, load_project
from review.screening.agreement import Cells, agreement
from review.screening.calibration import calibration_table, close_round, open_round, rounds
from review.screening.conflicts import open_conflicts
from review.screening.decisions import decide, undo
from review.screening.overview import agreement_table, owed
from review.screening.queue import queue, show_record
from review.team.protocol import record_protocol
from tests.conftest import REVIEW_TOML, write_review
from tests.screening.records import bring, state_of

DEE = '[[reviewers]]\nid = "dee"\nname = "Dee Test"\nrole = "reviewer"\n\n[criteria]'
TEXT = REVIEW_TOML.replace("[criteria]", DEE, 1).replace("blind = true", "blind = true\ncalibration = 4")
# ana the owner screens too, once she has begun; ben and dee do
WORDS = {
    "ben": ("include", "include", "exclude", "exclude"),
    "dee": ("include", "exclude", "exclude", "exclude"),
}


@pytest.fixture
def team(tmp_path: Path, blank_database: Path) -> Project:
    project = load_project(write_review(tmp_path / "team", text=TEXT))
    shutil.copy(blank_database, project.database_path)
    return project


@pytest.fixture
def held(team: Project) -> LocalStore:
    store = LocalStore(team.database_path)
    record_protocol(store, team)
    bring(store, [{"pmid": str(100 + number), "title": f"Trial {number}"} for number in range(12)])
    return store


def say(store: LocalStore, project: Project, who: str, record: str, verdict: str, note: str | None = None) -> bool:
    done = decide(
        store, project, record=record, stage="title_abstract", reviewer=who, verdict=verdict,
        reason="design" if verdict == "exclude" else None, note=note,
    )  # fmt: skip
    return done.blind


def finish(store: LocalStore, project: Project, records: tuple[str, ...]) -> None:
    for who, words in WORDS.items():
        for record, word in zip(records, words, strict=True):
            assert say(store, project, who, record, word, note=f"{who} thinks so")


def amended(project: Project) -> Project:
    file = project.root / "review.toml"
    text = (
        file.read_text("utf-8")
        .replace('version = "1"', 'version = "2"')
        .replace("People with knee", "Adults with knee")
    )
    file.write_text(text, "utf-8")
    return load_project(project.root)


def test_the_protocol_says_how_many_are_drawn_and_the_draw_follows_from_the_round(
    held: LocalStore, team: Project, tmp_path: Path
) -> None:
    one = open_round(held, team, by="ana", round_id="round-1")
    assert (len(one.records), one.reviewers, one.criteria_version, one.is_open) == (4, ("ben", "dee"), "1", True)
    again = LocalStore(tmp_path / "again.duckdb")
    bring(again, [{"pmid": str(100 + number), "title": f"Trial {number}"} for number in range(12)])
    assert open_round(again, team, by="ana", round_id="round-1").records == one.records
    assert open_round(held, team, by="ana", round_id="round-1") == one
    assert held.read("select count(*) as n from screening.calibration_event")["n"][0] == 1


def test_who_may_open_and_when(held: LocalStore, team: Project) -> None:
    with pytest.raises(DecisionError, match=r"ben has the role reviewer; .* by: owner"):
        open_round(held, team, by="ben")
    with pytest.raises(UsageProblem, match="0 records"):
        open_round(held, team, by="ana", records=0)
    assert rounds(held, team) == []
    with pytest.raises(DecisionError, match="no calibration round is open"):
        close_round(held, team, by="ana")
    open_round(held, team, by="ana", records=2, round_id="r1")
    with pytest.raises(DecisionError, match=r"round r1 .* still open"):
        open_round(held, team, by="ana")
    with pytest.raises(DecisionError, match="is another one"):
        open_round(held, team, by="ana", stage="full_text", round_id="r1")
    with pytest.raises(DecisionError, match="nobody has decided on"):
        open_round(held, team, by="ana", stage="full_text")
    with pytest.raises(UsageProblem, match=r"'r9' is not a calibration round; there are: r1"):
        close_round(held, team, by="ana", round_id="r9")


def test_a_round_needs_two_who_screen(tmp_path: Path, blank_database: Path) -> None:
    alone = REVIEW_TOML.replace("reviewers_per_record = 2", "reviewers_per_record = 1")
    project = load_project(write_review(tmp_path / "alone", text=alone))
    store = LocalStore(Path(shutil.copy(blank_database, project.database_path)))
    bring(store, [{}, {}])
    with pytest.raises(DecisionError, match="needs two who screen; there is ben"):
        open_round(store, project, by="ana", records=1)


def test_the_records_of_a_round_come_first_in_everybodys_queue(held: LocalStore, team: Project) -> None:
    before = queue(held, team, reviewer="ben")
    drawn = open_round(held, team, by="ana").records
    for who in ("ben", "dee"):
        mine = queue(held, team, reviewer=who)
        assert set(mine[:4]) == set(drawn) and len(mine) == 12
    rest = [record for record in queue(held, team, reviewer="ben") if record not in drawn]
    assert rest == [record for record in before if record not in drawn]
    assert {row["reviewer"]: row["records"] for row in owed(held, team).to_dicts()} == {"ben": 12, "dee": 12}


def test_a_round_waits_for_every_screener_even_where_two_are_enough(held: LocalStore, team: Project) -> None:
    # ana has begun to screen, so that three take part in a review of two decisions a record
    waiting = queue(held, team, reviewer="ana")
    say(held, team, "ana", waiting[0], "include")
    one = open_round(held, team, by="ana", records=2)
    assert one.reviewers == ("ana", "ben", "dee") and waiting[0] not in one.records
    first, second = one.records
    assert state_of(held, first) == "needs_first"
    assert say(held, team, "ben", first, "include")
    assert say(held, team, "dee", first, "include")
    assert state_of(held, first) == "needs_second"
    assert first in queue(held, team, reviewer="ana")[:2]
    assert say(held, team, "ana", first, "exclude")
    assert state_of(held, first) == "needs_second"
    for who in ("ana", "ben", "dee"):
        assert first not in queue(held, team, reviewer=who)
        assert say(held, team, who, second, "include")
    assert (state_of(held, first), state_of(held, second)) == ("conflict", "include")


def test_nobody_sees_anything_before_everybody_has_decided_on_everything(held: LocalStore, team: Project) -> None:
    records = open_round(held, team, by="ana").records
    for who, words in WORDS.items():
        for record, word in list(zip(records, words, strict=True))[: 4 if who == "ben" else 3]:
            say(held, team, who, record, word, note="MARK")
    for who in ("ana", "ben", "cyd", "dee", None):
        (one,) = rounds(held, team, reviewer=who)
        assert (one.finished, one.pairs, one.differences) == (False, None, None)
        assert one.own == {"ben": 4, "dee": 3}.get(who or "")
        assert "MARK" not in repr(one)
        assert calibration_table(held, team, reviewer=who).is_empty()
        assert agreement_table(held, team, reviewer=who).is_empty()
    # not even of a record that both have decided on
    assert [row["reviewer"] for row in show_record(held, team, record=records[1], reviewer="ben").decisions] == ["ben"]
    for who in ("ana", "ben", "cyd"):
        assert open_conflicts(held, team, reviewer=who) == []
    assert held.read("select * from v1.calibration_agreement").is_empty()
    with pytest.raises(DecisionError, match="not finished"):
        close_round(held, team, by="ana")
    # a change of mind is still blind: nothing was seen
    assert say(held, team, "ben", records[1], "unsure")


def test_agreement_and_differences_are_shown_to_everybody_when_the_round_is_in(held: LocalStore, team: Project) -> None:
    records = open_round(held, team, by="ana").records
    finish(held, team, records)
    expected = agreement(Cells(1, 1, 0, 2))
    for who in ("ana", "ben", "cyd", "dee", None):
        (one,) = rounds(held, team, reviewer=who)
        assert one.finished and one.is_open and one.pairs is not None and one.differences is not None
        (pair,) = one.pairs
        assert (pair.reviewer_1, pair.reviewer_2, pair.cells) == ("ben", "dee", Cells(1, 1, 0, 2))
        for name, estimate in (("kappa", expected.kappa), ("pabak", expected.pabak), ("ac1", expected.ac1)):
            figures = tuple(pair.figures[f"{name}{end}"] for end in ("", "_lo", "_hi"))
            assert figures == (estimate.value, estimate.lo, estimate.hi)
        (differ,) = one.differences
        assert (differ.record_id, differ.opposed) == (records[1], True)
        assert [(side["reviewer"], side["verdict"], side["note"]) for side in differ.sides] == [
            ("ben", "include", "ben thinks so"),
            ("dee", "exclude", "dee thinks so"),
        ]
        table = calibration_table(held, team, reviewer=who)
        assert table.select("n", "both_include", "first_only", "second_only", "both_exclude").row(0) == (4, 1, 1, 0, 2)
    assert agreement_table(held, team).is_empty()


def test_a_merge_shows_nothing_of_a_round_to_who_has_not_decided_on_it(held: LocalStore, team: Project) -> None:
    one = open_round(held, team, by="ana", records=2)
    other = next(record for record in queue(held, team, reviewer="dee") if record not in one.records)
    say(held, team, "ben", one.records[0], "include")
    say(held, team, "ben", one.records[1], "exclude")
    say(held, team, "dee", one.records[0], "include")
    say(held, team, "dee", other, "include")
    merge(held, team, one.records[1], other, who="dee")
    assert rounds(held, team)[0].pairs is not None
    seen = rounds(held, team, reviewer="dee")[0]
    assert (seen.finished, seen.pairs, seen.differences) == (False, None, None)
    assert calibration_table(held, team, reviewer="dee").height == 0


def test_what_is_decided_after_the_round_was_shown_is_not_blind_and_changes_no_figure(
    held: LocalStore, team: Project
) -> None:
    records = open_round(held, team, by="ana").records
    finish(held, team, records)
    assert not say(held, team, "dee", records[1], "include")
    undo(held, team, record=records[0], reviewer="ben")
    (one,) = rounds(held, team)
    assert one.finished and one.pairs is not None and one.pairs[0].cells == Cells(1, 1, 0, 2)
    assert state_of(held, records[1]) == "include"
    assert state_of(held, records[0]) == "needs_second"


def test_an_undo_before_the_end_reopens_what_was_said(held: LocalStore, team: Project) -> None:
    records = open_round(held, team, by="ana", records=2).records
    for record in records:
        say(held, team, "ben", record, "include")
    undo(held, team, record=records[0], reviewer="ben")
    for record in records:
        say(held, team, "dee", record, "include")
    assert [one.finished for one in rounds(held, team)] == [False]
    assert queue(held, team, reviewer="ben")[0] == records[0]
    assert say(held, team, "ben", records[0], "include")
    assert [one.finished for one in rounds(held, team)] == [True]


def test_records_keep_their_state_when_the_round_is_closed_and_the_criteria_are_amended(
    held: LocalStore, team: Project
) -> None:
    records = open_round(held, team, by="ana").records
    finish(held, team, records)
    states = [state_of(held, record) for record in records]
    assert states == ["include", "conflict", "exclude", "exclude"]
    newer = amended(team)
    record_protocol(held, newer)
    closed = close_round(held, newer, by="ana", note="children are out", event_id="close-1")
    assert (closed.is_open, closed.note, closed.closed_by) == (False, "children are out", "ana")
    assert (closed.criteria_version, closed.closing_criteria_version, closed.amended) == ("1", "2", True)
    assert closed.pairs is not None and len(closed.pairs) == 1
    assert close_round(held, newer, by="ana", event_id="close-1") == closed
    assert [state_of(held, record) for record in records] == states
    with pytest.raises(DecisionError, match="no calibration round is open"):
        close_round(held, newer, by="ana")
    versions = held.read("select distinct criteria_version from v1.current_decision")["criteria_version"].to_list()
    assert versions == ["1"]
    # the screening goes on, and its agreement is another one
    rest = [record for record in queue(held, newer, reviewer="ben") if record not in records][:3]
    for who in ("ben", "dee"):
        for record in rest:
            assert say(held, newer, who, record, "include")
    assert agreement_table(held, newer).select("n", "both_include").row(0) == (3, 3)
    assert calibration_table(held, newer).select("n", "both_include").row(0) == (4, 1)


def test_a_second_round_draws_other_records_and_has_figures_of_its_own(held: LocalStore, team: Project) -> None:
    first = open_round(held, team, by="ana").records
    finish(held, team, first)
    close_round(held, team, by="ana")
    second = open_round(held, team, by="ana", records=2).records
    assert not set(first) & set(second)
    for who in ("ben", "dee"):
        for record in second:
            say(held, team, who, record, "include")
    one, two = rounds(held, team, reviewer="cyd")
    assert [len(one.pairs or ()), len(two.pairs or ())] == [1, 1]
    assert two.pairs is not None and two.pairs[0].cells == Cells(2, 0, 0, 0) and two.differences == ()
    assert "undefined" in two.pairs[0].figures["remark"]
    assert calibration_table(held, team)["round_id"].to_list() == [one.round_id, two.round_id]


def test_fewer_records_than_asked_for_are_all_of_them(held: LocalStore, team: Project) -> None:
    assert len(open_round(held, team, by="ana", records=500).records) == 12


def test_a_round_that_is_given_up_shows_nothing_and_its_records_wait_as_others_do(
    held: LocalStore, team: Project
) -> None:
    records = open_round(held, team, by="ana", records=2).records
    say(held, team, "ben", records[0], "include")
    closed = close_round(held, team, by="ana", unfinished=True, note="dee is ill")
    assert (closed.is_open, closed.finished, closed.pairs) == (False, False, None)
    assert (state_of(held, records[0]), state_of(held, records[1])) == ("needs_second", "needs_first")
    assert say(held, team, "dee", records[0], "include")
    assert state_of(held, records[0]) == "include"
    assert agreement_table(held, team).is_empty()


def test_a_round_does_not_wait_for_somebody_who_left(held: LocalStore, team: Project) -> None:
    records = open_round(held, team, by="ana").records
    finish(held, team, records)
    close_round(held, team, by="ana")
    more = open_round(held, team, by="ana", records=2).records
    for record in more:
        say(held, team, "ben", record, "include")
    file = team.root / "review.toml"
    text = file.read_text("utf-8").replace('id = "dee"', f'id = "dee"\nleft = "{date(2026, 1, 2)}"')
    file.write_text(text, "utf-8")
    later = load_project(team.root)
    record_protocol(held, later)
    assert rounds(held, later)[-1].finished
    # one decision on each: they wait for a second as all records do
    assert {state_of(held, record) for record in more} == {"needs_second"}


def test_check_warns_when_little_agreement_changed_nothing(held: LocalStore, team: Project) -> None:
    def warned(project: Project) -> list[tuple[str, ...]]:
        return [one.lines for one in run_checks(held, project) if one.name == "calibration_without_change" and one.rows]

    records = open_round(held, team, by="ana").records
    finish(held, team, records)
    assert warned(team) == []
    close_round(held, team, by="ana")
    (lines,) = warned(team)
    assert "reviewer_1 ben, reviewer_2 dee, records 4, agreed 3, criteria_version 1" in lines[0]


def test_rounds_travel_with_the_events(held: LocalStore, team: Project, tmp_path: Path) -> None:
    records = open_round(held, team, by="ana", round_id="r1").records
    finish(held, team, records)
    close_round(held, team, by="ana", note="done")
    export_events(held, team, tmp_path / "events")
    other = LocalStore(tmp_path / "other.duckdb")
    bring(other, [{"pmid": str(100 + number), "title": f"Trial {number}"} for number in range(12)])
    import_events(other, team, tmp_path / "events")
    assert rounds(other, team) == rounds(held, team)
    assert [state_of(other, record) for record in records] == [state_of(held, record) for record in records]
    assert import_events(other, team, tmp_path / "events").new == 0


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('"reviewers": ["ben", "dee"]', '"reviewers": []', "reviewers of an opening"),
        ('"reviewers": ["ben", "dee"]', '"reviewers": "ben"', "not a varchar"),
        ('"reviewers": ["ben", "dee"]', '"reviewers": ["ben", 3]', "not a varchar"),
        ('"reviewers": ["ben", "dee"]', '"reviewers": ["ben", "eve"]', "'eve' is not one of review.toml"),
        ('"kind": "opened"', '"kind": "ended"', "allowed: opened, closed"),
        ('"round_id": "r1"', '"round_id": "r2"', "round_id of an opening"),
        ('"size": 4', '"size": null', "opening without size"),
    ],
)
def test_a_forged_round_is_refused(
    held: LocalStore, team: Project, tmp_path: Path, before: str, after: str, words: str
) -> None:
    open_round(held, team, by="ana", round_id="r1")
    export_events(held, team, tmp_path / "events")
    file = tmp_path / "events" / "ana.jsonl"
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after), "utf-8")
    other = LocalStore(tmp_path / "other.duckdb")
    with pytest.raises(Exception, match=words):
        import_events(other, team, file)
    assert rounds(other, team) == []
