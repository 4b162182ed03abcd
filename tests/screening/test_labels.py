"""Labels: put, taken off, never twice, and seen by others only where the decision is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.database import LocalStore
from review.errors import DecisionError, FormatError, ReviewError, UsageProblem
from review.flows.events import export_events, import_events
from review.project import Project, load_project
from review.screening.conflicts import adjudicate
from review.screening.decisions import decide
from review.screening.labels import (
    clean_label,
    own_labels,
    problem_of_label,
    put_label,
    remove_label,
    visible_labels,
)
from review.screening.retrieval import retrieved
from tests.conftest import REVIEW_TOML, write_review
from tests.screening.records import bring


@pytest.fixture
def records(store: LocalStore) -> list[str]:
    return bring(store, [{"pmid": "101"}, {"pmid": "102"}, {"pmid": "103"}])


def say(
    store: LocalStore,
    project: Project,
    who: str,
    verdict: str,
    *,
    record: str = "101",
    stage: str = "title_abstract",
    reason: str | None = None,
) -> None:
    decide(store, project, record=record, stage=stage, reviewer=who, verdict=verdict, reason=reason)


def seen(store: LocalStore, project: Project, who: str, record: str) -> list[tuple[str, bool]]:
    found = visible_labels(store, project, records=[record], reviewer=who)
    return [(row["label"], row["mine"]) for row in found.get(record, [])]


def test_a_label_is_put_once_and_taken_off(store: LocalStore, empty_review: Project, records: list[str]) -> None:
    first = put_label(store, empty_review, record="101", reviewer="ben", label="  check   dose ")
    assert (first.label, first.new, first.record_id) == ("check dose", True, records[0])
    assert not put_label(store, empty_review, record="101", reviewer="ben", label="check dose").new
    put_label(store, empty_review, record="102", reviewer="ben", label="Arm 2")
    put_label(store, empty_review, record="101", reviewer="ben", label="arm 2")
    assert own_labels(store, empty_review, reviewer="ben") == ["Arm 2", "arm 2", "check dose"]
    assert own_labels(store, empty_review, reviewer="ana") == []
    gone = remove_label(store, empty_review, record="101", reviewer="ben", label="check dose")
    assert gone.withdrawn and gone.new
    assert seen(store, empty_review, "ben", records[0]) == [("arm 2", True)]
    with pytest.raises(DecisionError, match=r"ben has no label 'check dose'"):
        remove_label(store, empty_review, record="101", reviewer="ben", label="check dose")
    assert put_label(store, empty_review, record="101", reviewer="ben", label="check dose").new
    assert store.read("select count(*) as n from screening.label")["n"][0] == 5


def test_a_retry_under_the_same_id_adds_nothing(store: LocalStore, empty_review: Project, records: list[str]) -> None:
    for deed in (put_label, remove_label):
        done = [
            deed(store, empty_review, record="101", reviewer="ben", label="x", label_id=f"id {deed.__name__}")
            for _ in range(2)
        ]
        assert done[0] == done[1] and (done[0].new, done[1].new) == (True, False)
    assert store.read("select count(*) as n from screening.label")["n"][0] == 2
    for other in ({"label": "y"}, {"reviewer": "ana"}):
        with pytest.raises(DecisionError, match="is another one"):
            put_label(
                store, empty_review, **{"record": "101", "reviewer": "ben", "label": "x", **other},
                label_id="id put_label",
            )  # fmt: skip


@pytest.mark.parametrize(
    ("label", "problem"),
    [
        ("", "is blank"),
        ("   ", "is blank"),
        ("x" * 61, "has 61 characters; allowed are 60"),
        ("a\nb", "control character"),
        ("a\x1b[2Jb", "control character"),
        ("a\x00", "control character"),
        ("a\u2028b", "control character"),
        ("a\x85b", "control character"),
        ("\u202eevil", "control character"),
        ("half \ud800", "control character"),
    ],
)
def test_what_is_no_label(
    store: LocalStore, empty_review: Project, records: list[str], label: str, problem: str
) -> None:
    with pytest.raises(UsageProblem, match=problem):
        put_label(store, empty_review, record="101", reviewer="ben", label=label)
    assert store.read("select count(*) as n from screening.label")["n"][0] == 0


def test_sixty_characters_of_any_script_are_a_label(
    store: LocalStore, empty_review: Project, records: list[str]
) -> None:
    for label in ("x" * 60, "疼痛" * 30, "naïve", "<script>alert(1)</script>", "'; drop table x; --", "👩‍⚕️ ask"):
        assert put_label(store, empty_review, record="101", reviewer="ben", label=label).label == label
    assert put_label(store, empty_review, record="101", reviewer="ben", label="nai\u0308ve").new is False


@given(st.text())
def test_a_clean_label_is_its_own_clean_form_and_has_no_problem(text: str) -> None:
    try:
        clean = clean_label(text)
    except UsageProblem:
        return
    assert problem_of_label(clean) is None
    assert clean_label(clean) == clean and len(clean) <= 60


def test_anothers_label_is_seen_only_where_the_decision_is(
    store: LocalStore, empty_review: Project, records: list[str]
) -> None:
    put_label(store, empty_review, record="101", reviewer="ana", label="MARK")
    say(store, empty_review, "ana", "include")
    for who in ("ben", "cyd"):
        assert seen(store, empty_review, who, records[0]) == []
    assert seen(store, empty_review, "ana", records[0]) == [("MARK", True)]
    put_label(store, empty_review, record="101", reviewer="ben", label="mine")
    assert seen(store, empty_review, "ben", records[0]) == [("mine", True)]
    say(store, empty_review, "ben", "exclude")
    assert seen(store, empty_review, "ben", records[0]) == [("MARK", False), ("mine", True)]
    # the adjudicator sees what is in conflict
    assert seen(store, empty_review, "cyd", records[0]) == [("MARK", False), ("mine", False)]


def test_a_label_without_a_decision_is_nobody_elses(
    store: LocalStore, empty_review: Project, records: list[str]
) -> None:
    put_label(store, empty_review, record="102", reviewer="cyd", label="MARK")
    for who in ("ana", "ben"):
        say(store, empty_review, who, "include", record="102")
        assert seen(store, empty_review, who, records[1]) == []


def test_at_full_text_labels_are_hidden_again_until_both_have_decided(
    store: LocalStore, empty_review: Project, records: list[str]
) -> None:
    for who in ("ana", "ben"):
        say(store, empty_review, who, "include")
    put_label(store, empty_review, record="101", reviewer="ana", label="MARK")
    assert seen(store, empty_review, "ben", records[0]) == [("MARK", False)]
    retrieved(store, empty_review, record="101", who="ana")
    assert seen(store, empty_review, "ben", records[0]) == []
    say(store, empty_review, "ana", "exclude", stage="full_text", reason="design")
    assert seen(store, empty_review, "ben", records[0]) == []
    say(store, empty_review, "ben", "include", stage="full_text")
    assert seen(store, empty_review, "ben", records[0]) == [("MARK", False)]
    adjudicate(store, empty_review, record="101", verdict="include", by="cyd", stage="full_text")
    assert seen(store, empty_review, "cyd", records[0]) == [("MARK", False)]


def test_in_a_review_that_is_not_blind_labels_are_everybodys(
    store: LocalStore, tmp_path: Path, records: list[str]
) -> None:
    text = REVIEW_TOML.replace("blind = true", "blind = false")
    open_review = load_project(write_review(tmp_path / "open", text=text))
    put_label(store, open_review, record="101", reviewer="ana", label="seen")
    assert seen(store, open_review, "ben", records[0]) == [("seen", False)]


def test_records_are_asked_for_many_at_once(store: LocalStore, empty_review: Project, records: list[str]) -> None:
    put_label(store, empty_review, record="101", reviewer="ben", label="one")
    put_label(store, empty_review, record="103", reviewer="ben", label="two")
    found = visible_labels(store, empty_review, records=records, reviewer="ben")
    assert {record: [row["label"] for row in rows] for record, rows in found.items()} == {
        records[0]: ["one"],
        records[2]: ["two"],
    }
    assert visible_labels(store, empty_review, records=[], reviewer="ben") == {}


def test_after_a_merge_a_label_stands_once_and_comes_off_whole(
    store: LocalStore, empty_review: Project, records: list[str]
) -> None:
    from review.dedupe.deeds import merge

    put_label(store, empty_review, record="101", reviewer="ben", label="dose")
    put_label(store, empty_review, record="102", reviewer="ben", label="dose")
    merge(store, empty_review, records[0], records[1], who="ana")
    merged = store.read("select distinct record_id from v1.current_label")["record_id"].to_list()
    assert len(merged) == 1
    assert seen(store, empty_review, "ben", merged[0]) == [("dose", True)]
    remove_label(store, empty_review, record=merged[0], reviewer="ben", label="dose")
    assert seen(store, empty_review, "ben", merged[0]) == []


def test_labels_travel_with_the_events(
    store: LocalStore, empty_review: Project, records: list[str], tmp_path: Path
) -> None:
    put_label(store, empty_review, record="101", reviewer="ben", label="dose")
    put_label(store, empty_review, record="101", reviewer="ben", label="arm")
    remove_label(store, empty_review, record="101", reviewer="ben", label="arm")
    export_events(store, empty_review, tmp_path / "out")
    other = LocalStore(tmp_path / "other.duckdb")
    bring(other, [{"pmid": "101"}])
    import_events(other, empty_review, tmp_path / "out")
    assert own_labels(other, empty_review, reviewer="ben") == ["dose"]
    file = tmp_path / "out" / "ben.jsonl"
    file.write_text(file.read_text("utf-8").replace('"dose"', '"do\\nse"'), "utf-8")
    with pytest.raises(FormatError, match="holds a control character"):
        import_events(LocalStore(tmp_path / "third.duckdb"), empty_review, file)


def test_who_labels_is_named_in_the_protocol(store: LocalStore, empty_review: Project, records: list[str]) -> None:
    with pytest.raises(ReviewError, match="not a reviewer of this project"):
        put_label(store, empty_review, record="101", reviewer="eve", label="x")
