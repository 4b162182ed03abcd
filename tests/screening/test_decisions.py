"""Decisions, conflicts and retrieval on a real database: states, blinding, roles, and what is refused."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from review.database import LocalStore
from review.dedupe import engine
from review.errors import ConflictOpen, DecisionError, UsageProblem
from review.project import Project
from review.screening import conflicts, decisions, overview, queue, retrieval
from review.terms import Role
from tests.screening.records import bring, state_of

ABSTRACT, TEXT = "title_abstract", "full_text"


@pytest.fixture
def two(store: LocalStore) -> list[str]:
    return bring(store, [{"pmid": "101", "title": "First"}, {"pmid": "102", "title": "Second"}])


def say(store: LocalStore, project: Project, record: str, *words: str, stage: str = ABSTRACT) -> None:
    """`ana include`, `ben exclude design` ..."""
    for word in words:
        who, verdict, *reason = word.split()
        decisions.decide(
            store,
            project,
            record=record,
            stage=stage,
            reviewer=who,
            verdict=verdict,
            reason=reason[0] if reason else None,
        )


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ((), "needs_first"),
        (("ana include",), "needs_second"),
        (("ana exclude",), "needs_second"),
        (("ana include", "ben include"), "include"),
        (("ana include", "ben unsure"), "include"),
        (("ana unsure", "ben unsure"), "include"),
        (("ana exclude", "ben exclude"), "exclude"),
        (("ana include", "ben exclude"), "conflict"),
        (("ana unsure", "ben exclude"), "conflict"),
        (("ana include", "ben exclude", "ben include"), "include"),
    ],
)
def test_the_state_follows_from_the_decisions_that_hold(
    store: LocalStore, empty_review: Project, two: list[str], words: tuple[str, ...], state: str
) -> None:
    say(store, empty_review, two[0], *words)
    assert state_of(store, two[0]) == state
    assert state_of(store, two[1]) == "needs_first"


def test_undo_is_an_event_and_the_record_waits_again(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    say(store, empty_review, two[0], "ana include", "ben include")
    decisions.undo(store, empty_review, record=two[0], stage=ABSTRACT, reviewer="ben")
    assert state_of(store, two[0]) == "needs_second"
    assert store.read("select count(*) as n from screening.decision")["n"][0] == 3
    with pytest.raises(DecisionError, match="no decision"):
        decisions.undo(store, empty_review, record=two[0], stage=ABSTRACT, reviewer="ben")


def test_the_same_id_twice_is_one_decision(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    words = {"record": two[0], "stage": ABSTRACT, "reviewer": "ana", "verdict": "include", "decision_id": "d1"}
    first = decisions.decide(store, empty_review, **words)
    again = decisions.decide(store, empty_review, **words)
    assert first == again
    assert store.read("select count(*) as n from screening.decision")["n"][0] == 1
    with pytest.raises(DecisionError, match="another one"):
        decisions.decide(store, empty_review, **{**words, "verdict": "exclude"})


def test_a_decision_carries_criteria_and_place(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    say(store, empty_review, two[1], "ana include", "ana exclude")
    say(store, empty_review, two[0], "ana include")
    rows = store.read("select criteria_version, position, supersedes, via from screening.decision order by arrival")
    assert rows["criteria_version"].to_list() == ["1", "1", "1"]
    assert rows["position"].to_list() == [1, 1, 2]
    assert [bool(one) for one in rows["supersedes"]] == [False, True, False]


def test_only_what_was_said_before_sight_of_the_other_is_blind(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    say(store, empty_review, two[0], "ana include", "ana exclude", "ben include")  # a conflict is open now
    say(store, empty_review, two[0], "ana include")
    decisions.undo(store, empty_review, record=two[0], stage=ABSTRACT, reviewer="ben")
    say(store, empty_review, two[0], "ben exclude")  # ben has seen ana's word and cannot be blind again
    rows = store.read("select reviewer, verdict, blind from screening.decision order by arrival").rows()
    assert [row[2] for row in rows] == [True, True, True, False, False, False]
    blind = store.read("select reviewer, verdict from v1.blind_decision order by reviewer").rows()
    assert blind == [("ana", "exclude"), ("ben", "include")]
    cells = store.read("select both_include, first_only, second_only, both_exclude from v1.agreement").rows()
    assert cells == [(0, 0, 1, 0)]


def test_agreement_counts_records_that_one_only_has_seen(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    say(store, empty_review, two[0], "ana include", "ben include")
    say(store, empty_review, two[1], "ana include")
    row = overview.agreement_table(store, empty_review).to_dicts()[0]
    assert (row["n"], row["both_include"], row["seen_by_one"], row["kappa"]) == (1, 1, 1, None)
    assert row["remark"] == "kappa: undefined (one verdict only)"
    assert overview.agreement_table(store, empty_review, reviewer="ben")["seen_by_one"].to_list() == [None]


def test_one_reviewer_per_record_is_enough_where_the_protocol_says_so(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    from review.team.protocol import record_protocol

    alone = replace(
        empty_review,
        screening=replace(empty_review.screening, reviewers_per_record=1),
        parts={**empty_review.parts, "reviewers_per_record": "1"},
    )
    record_protocol(store, alone)
    say(store, alone, two[0], "ana exclude")
    assert state_of(store, two[0]) == "exclude"


def test_roles_are_kept(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    with pytest.raises(DecisionError, match="role adjudicator"):
        say(store, empty_review, two[0], "cyd include")
    with pytest.raises(UsageProblem, match="'eve' is not a reviewer"):
        say(store, empty_review, two[0], "eve include")
    say(store, empty_review, two[0], "ana include", "ben exclude")
    for who, words in (("ben", "role reviewer"), ("ana", "decided on")):
        with pytest.raises(DecisionError, match=words):
            conflicts.adjudicate(store, empty_review, record=two[0], verdict="include", by=who)


def test_the_adjudicator_ends_a_conflict_until_it_is_reopened(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    say(store, empty_review, two[0], "ana include", "ben exclude")
    with pytest.raises(DecisionError, match="not in conflict"):
        conflicts.adjudicate(store, empty_review, record=two[1], verdict="include", by="cyd")
    words = {"record": two[0], "verdict": "exclude", "by": "cyd", "reason": "design", "adjudication_id": "a1"}
    assert conflicts.adjudicate(store, empty_review, **words) == conflicts.adjudicate(store, empty_review, **words)
    row = store.read("select state, adjudicated, reason from v1.screening_state where adjudicated").rows()
    assert row == [("exclude", True, "design")]
    conflicts.adjudicate(store, empty_review, record=two[0], verdict="reopened", by="cyd", stage=ABSTRACT)
    assert state_of(store, two[0]) == "conflict"
    say(store, empty_review, two[0], "ben include")
    assert state_of(store, two[0]) == "include"


def test_reasons_are_those_of_the_protocol(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    with pytest.raises(DecisionError, match="allowed: population, design"):
        say(store, empty_review, two[0], "ana exclude ugly")
    with pytest.raises(DecisionError, match="goes with exclude"):
        say(store, empty_review, two[0], "ana include design")
    with pytest.raises(UsageProblem, match="allowed: include, exclude, unsure"):
        say(store, empty_review, two[0], "ana perhaps")
    with pytest.raises(UsageProblem, match="allowed: title_abstract, full_text"):
        say(store, empty_review, two[0], "ana include", stage="final")


def test_full_text_needs_an_include_a_report_and_a_reason(
    store: LocalStore, empty_review: Project, two: list[str], tmp_path: Path
) -> None:
    with pytest.raises(DecisionError, match="not included at title and abstract"):
        say(store, empty_review, two[0], "ana include", stage=TEXT)
    say(store, empty_review, two[0], "ana include", "ben include")
    with pytest.raises(DecisionError, match="has not been retrieved"):
        say(store, empty_review, two[0], "ana include", stage=TEXT)
    assert store.read("select retrieval, sought from v1.report").rows() == [("pending", True)]
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(b"a paper")
    event = retrieval.retrieved(store, empty_review, record="101", who="ben", file=paper)
    assert (event.file_name, event.file_sha256) == ("paper.pdf", hashlib.sha256(b"a paper").hexdigest())
    assert state_of(store, two[0], TEXT) == "needs_first"
    with pytest.raises(DecisionError, match="needs a reason; allowed: population, design"):
        say(store, empty_review, two[0], "ana exclude", stage=TEXT)
    say(store, empty_review, two[0], "ana exclude design", "ben exclude population", stage=TEXT)
    report = store.read("select retrieval, full_text_state, exclusion_reason, study_id from v1.report").rows()
    assert report == [("retrieved", "exclude", "design", None)]  # the first reason that was given


def test_no_full_text_while_the_abstract_is_in_conflict(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    say(store, empty_review, two[0], "ana include", "ben exclude")
    with pytest.raises(ConflictOpen, match="in conflict at title and abstract"):
        say(store, empty_review, two[0], "ana include", stage=TEXT)


def test_a_report_that_was_not_retrieved_says_why(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    with pytest.raises(DecisionError, match="not sought"):
        retrieval.not_retrieved(store, empty_review, record=two[0], who="ana", reason="lost")
    say(store, empty_review, two[0], "ana include", "ben unsure")
    with pytest.raises(DecisionError, match="needs a reason"):
        retrieval.not_retrieved(store, empty_review, record=two[0], who="ana", reason=" ")
    retrieval.not_retrieved(store, empty_review, record=two[0], who="ana", reason="no answer")
    assert store.read("select retrieval, not_retrieved_reason from v1.report").rows() == [
        ("not_retrieved", "no answer")
    ]
    retrieval.withdraw(store, empty_review, record=two[0], who="ana")
    assert store.read("select retrieval from v1.report").rows() == [("pending",)]


def test_a_report_joins_its_study_by_pmid_or_doi(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    from review.database import Replace

    place = {"file": "study.toml", "line": 1, "kind": "primary"}
    rows = [{"report_id": "PMID:101", "study_id": "s1", "pmid": "101", **place}]
    store.apply([Replace("extraction.study_report", rows)])
    say(store, empty_review, two[0], "ana include", "ben include")
    assert store.read("select study_id, study_ids from v1.report").rows() == [("s1", ["s1"])]


def test_a_merge_of_opposed_decisions_is_a_conflict_and_a_split_gives_each_its_own_back(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    say(store, empty_review, two[0], "ana include", "ben include")
    say(store, empty_review, two[1], "ana exclude", "ben exclude")
    engine.merge(store, empty_review, *two, who="ana")
    record = min(two)
    assert state_of(store, record) == "conflict"
    row = store.read("select include_by, exclude_by from v1.conflict").rows()
    assert row == [(["ana", "ben"], ["ana", "ben"])]
    engine.split(store, empty_review, *two, who="ana")
    assert (state_of(store, two[0]), state_of(store, two[1])) == ("include", "exclude")


def test_a_decision_on_a_merged_record_is_the_persons_one_word_on_it(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    say(store, empty_review, two[0], "ana include", "ben include")
    say(store, empty_review, two[1], "ana exclude", "ben exclude")
    engine.merge(store, empty_review, *two, who="ana")
    say(store, empty_review, min(two), "ana include", "ben include")
    assert state_of(store, min(two)) == "include"
    assert store.read("select count(*) as n from v1.current_decision")["n"][0] == 2


def test_everybody_has_an_own_order_and_nothing_waits_twice(store: LocalStore, empty_review: Project) -> None:
    records = set(bring(store, [{}] * 30))
    ana = queue.queue(store, empty_review, reviewer="ana")
    ben = queue.queue(store, empty_review, reviewer="ben")
    assert set(ana) == set(ben) == records
    assert ana != ben
    say(store, empty_review, ana[0], "ana include")
    assert queue.queue(store, empty_review, reviewer="ana") == ana[1:]
    assert queue.queue(store, empty_review, reviewer="ben") == ben
    card = queue.next_record(store, empty_review, reviewer="ben")
    assert card is not None
    assert (card.record_id, card.decisions) == (ben[0], [])


def test_an_open_review_follows_the_file(store: LocalStore, empty_review: Project) -> None:
    seen = replace(empty_review, screening=replace(empty_review.screening, blind=False))
    records = bring(store, [{}] * 5)
    assert queue.queue(store, seen, reviewer="ana") == records
    say(store, seen, records[0], "ana include", "ben include")
    assert store.read("select blind from screening.decision order by arrival")["blind"].to_list() == [True, False]


def test_who_owes_what(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    say(store, empty_review, two[0], "ana include")
    rows = overview.owed(store, empty_review).rows()
    assert rows == [("ana", ABSTRACT, 1), ("ben", ABSTRACT, 2)]
    assert overview.owed(store, empty_review, reviewer="ben").rows() == [("ben", ABSTRACT, 2)]
    assert store.read("select reviewer, record_id from v1.owed").rows() == [("ana", two[1])]


def test_a_record_with_a_final_label_waits_for_nobody(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    from review.screening.past import import_past_decisions

    file = empty_review.root / "labels.csv"
    file.write_text("pmid,label_included\n101,1\n", "utf-8")
    import_past_decisions(store, empty_review, file, stage="final")
    assert (state_of(store, two[0], "final"), state_of(store, two[0])) == ("include", None)
    assert state_of(store, two[1]) == "needs_first"


def test_the_owner_screens_only_where_needed(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    third = replace(empty_review.reviewers[1], id="dan", role=Role.REVIEWER)
    enough = replace(empty_review, reviewers=(*empty_review.reviewers, third))
    assert [row[0] for row in overview.owed(store, enough).rows()] == ["ben", "dan"]
    assert [row[0] for row in overview.owed(store, empty_review).rows()] == ["ana", "ben"]
