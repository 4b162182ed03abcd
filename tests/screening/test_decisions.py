"""Decisions, conflicts and retrieval on a real database: states, blinding, roles, and what is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from review.database import Append, LocalStore
from review.dedupe import deeds
from review.errors import ConflictOpen, DecisionError, UsageProblem
from review.project import Project
from review.reporting.saved_queries import saved_queries
from review.screening import conflicts, decisions, overview, queue, retrieval
from review.terms import Role
from tests.screening.records import bring, state_of

ABSTRACT, TEXT = "title_abstract", "full_text"


@pytest.fixture
def store(store: LocalStore) -> Iterator[LocalStore]:
    """Held open: these tests take many small steps."""
    with store.holding():
        yield store


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
    deeds.merge(store, empty_review, *two, who="ana")
    record = min(two)
    assert state_of(store, record) == "conflict"
    row = store.read("select include_by, exclude_by from v1.conflict").rows()
    assert row == [(["ana", "ben"], ["ana", "ben"])]
    deeds.split(store, empty_review, *two, who="ana")
    assert (state_of(store, two[0]), state_of(store, two[1])) == ("include", "exclude")


def test_a_decision_on_a_merged_record_is_the_persons_one_word_on_it(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    say(store, empty_review, two[0], "ana include", "ben include")
    say(store, empty_review, two[1], "ana exclude", "ben exclude")
    deeds.merge(store, empty_review, *two, who="ana")
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
    import_past_decisions(store, empty_review, file, stage="final", source="labels")
    assert (state_of(store, two[0], "final"), state_of(store, two[0])) == ("include", None)
    assert state_of(store, two[1]) == "needs_first"


def test_the_owner_screens_only_where_needed(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    third = replace(empty_review.reviewers[1], id="dan", role=Role.REVIEWER)
    enough = replace(empty_review, reviewers=(*empty_review.reviewers, third))
    assert [row[0] for row in overview.owed(store, enough).rows()] == ["ben", "dan"]
    assert [row[0] for row in overview.owed(store, empty_review).rows()] == ["ana", "ben"]


def seen_by(store: LocalStore, project: Project, who: str, record: str) -> list[tuple[str, str]]:
    """(reviewer, verdict) of what *who* is shown of a record."""
    card = queue.show_record(store, project, record=record, reviewer=who)
    return [(row["reviewer"], row["verdict"]) for row in card.decisions]


def test_a_merge_by_hand_opens_nothing_and_what_follows_it_is_not_blind(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    trio = replace(
        empty_review, reviewers=(*empty_review.reviewers, replace(empty_review.reviewers[1], id="dan", name="Dan"))
    )
    say(store, trio, two[0], "dan exclude population")
    say(store, trio, two[1], "ben include")
    event = deeds.merge(store, trio, *two, who="ben").event_id
    assert state_of(store, min(two)) == "conflict"
    assert seen_by(store, trio, "ben", two[0]) == [("ben", "include")]
    assert conflicts.open_conflicts(store, trio, reviewer="ben") == []
    with pytest.raises(DecisionError, match="is not included"):
        say(store, trio, two[0], "ben include", stage=TEXT)
    assert seen_by(store, trio, "cyd", two[0]) != []
    deeds.undo(store, trio, event, who="ben")
    say(store, trio, two[0], "ben exclude population")
    say(store, trio, two[1], "dan include")
    rows = store.read("select source_record_id, reviewer, blind from screening.decision order by arrival").rows()
    assert rows[2:] == [(two[0], "ben", False), (two[1], "dan", False)]
    assert seen_by(store, trio, "ben", two[0]) == [("dan", "exclude"), ("ben", "exclude")]


def test_somebody_who_had_decided_nothing_before_the_merge_is_not_blind_after_it_either(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    say(store, empty_review, two[0], "ana include")
    event = deeds.merge(store, empty_review, *two, who="ben").event_id
    say(store, empty_review, two[0], "ben exclude")
    deeds.undo(store, empty_review, event, who="ben")
    decided = store.read("select source_record_id from screening.decision where reviewer = 'ben'")["source_record_id"]
    other = next(one for one in two if one != decided[0])
    say(store, empty_review, other, "ben include")
    rows = store.read("select reviewer, blind from screening.decision order by arrival").rows()
    assert rows == [("ana", True), ("ben", False), ("ben", False)]


@pytest.mark.parametrize("deed", ["merge", "split"])
def test_who_joins_or_parts_what_others_decided_on_is_not_blind_after_it(
    store: LocalStore, empty_review: Project, two: list[str], deed: str
) -> None:
    if deed == "split":
        deeds.merge(store, empty_review, *two, who="cyd")
    say(store, empty_review, two[0], "ana include")
    if deed == "merge":
        event = deeds.merge(store, empty_review, *two, who="ben").event_id
        deeds.undo(store, empty_review, event, who="ben")
    else:
        deeds.split(store, empty_review, *two, who="ben")
    for record in two:
        say(store, empty_review, record, "ben exclude")
    rows = store.read("select blind from screening.decision where reviewer = 'ben'")
    assert rows["blind"].to_list() == [False, False]


def test_who_joined_two_records_before_anybody_decided_is_blind_on_them(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    event = deeds.merge(store, empty_review, *two, who="ben").event_id
    say(store, empty_review, two[0], "ana include", "ben exclude")
    assert store.read("select blind from screening.decision")["blind"].to_list() == [True, True]
    # taken apart after ana spoke, the merge tells where she did
    other = replace(empty_review, reviewers=(*empty_review.reviewers, replace(empty_review.reviewers[1], id="dan")))
    deeds.undo(store, other, event, who="dan")
    for record in two:
        say(store, other, record, "dan include")
    rows = store.read("select blind from screening.decision where reviewer = 'dan'")
    assert rows["blind"].to_list() == [False, False]


def test_a_merge_moves_neither_agreement_nor_reports_of_who_made_it(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    say(store, empty_review, two[1], "ben include")
    say(store, empty_review, two[0], "ana include")
    retrieval_seen = []
    for joined in (False, True):
        if joined:
            deeds.merge(store, empty_review, *two, who="ben")
            assert state_of(store, min(two)) == "include"
        assert overview.agreement_table(store, empty_review, reviewer="ben").height == 0
        assert retrieval.reports(store, empty_review, reviewer="ben").height == 0
        with pytest.raises(DecisionError, match="is not included at title and abstract, so its report is not sought"):
            retrieval.seek(store, empty_review, record=two[0], who="ben")
        with pytest.raises(DecisionError, match="is not included at title and abstract"):
            say(store, empty_review, two[0], "ben include", stage=TEXT)
        retrieval_seen.append(retrieval.retrieval_list(store, empty_review, reviewer="ben").height)
    assert retrieval_seen == [0, 0]
    # the others handle the report, and whoever owns the file counts what stands
    assert retrieval.reports(store, empty_review, reviewer="ana").height == 1
    assert overview.agreement_table(store, empty_review)["both_include"].to_list() == [1]


def test_agreement_of_a_blinded_reviewer_counts_settled_records_that_both_decided_on(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    say(store, empty_review, two[0], "ana include", "ben include")
    say(store, empty_review, two[1], "ana exclude", "ben include")
    cells = ["both_include", "first_only", "second_only", "both_exclude", "seen_by_one"]
    own = overview.agreement_table(store, empty_review, reviewer="ben").select(cells).rows()
    assert own == [(1, 0, 1, 0, None)]
    deeds.merge(store, empty_review, *two, who="ana")
    assert overview.agreement_table(store, empty_review, reviewer="ben").select(cells).rows() == own


def test_an_id_of_another_decision_is_refused_in_words_that_tell_nothing(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    said = {"record": two[0], "stage": ABSTRACT, "decision_id": "d1"}
    decisions.decide(store, empty_review, **said, reviewer="ana", verdict="include")
    words = set()
    for verdict in ("include", "exclude", "unsure"):
        with pytest.raises(DecisionError) as why:
            decisions.decide(store, empty_review, **said, reviewer="ben", verdict=verdict)
        words.add(str(why.value))
    with pytest.raises(DecisionError) as why:
        decisions.undo(store, empty_review, **said, reviewer="ben")
    assert words | {str(why.value)} == {
        "decision d1 exists already and is another one. Hint: give each decision an id of its own"
    }
    with pytest.raises(DecisionError, match="another one"):
        decisions.decide(store, empty_review, **{**said, "record": two[1]}, reviewer="ana", verdict="include")
    # what could not be taken anyhow does not try the id
    for key in ("d1", "d2"):
        with pytest.raises(DecisionError, match="not a reason of the protocol"):
            decisions.decide(
                store, empty_review, **{**said, "decision_id": key}, reviewer="ben", verdict="exclude", reason="moon"
            )


def test_an_id_of_another_adjudication_is_refused(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    for record in two:
        say(store, empty_review, record, "ana include", "ben exclude")
    dora = replace(empty_review, reviewers=(*empty_review.reviewers, replace(empty_review.reviewers[2], id="dora")))
    words = {"record": two[0], "verdict": "include", "by": "cyd", "adjudication_id": "a1"}
    conflicts.adjudicate(store, dora, **words)
    for other in ({"record": two[1]}, {"verdict": "exclude"}, {"by": "dora"}, {"stage": TEXT}):
        with pytest.raises(DecisionError, match="adjudication a1 exists already and is another one"):
            conflicts.adjudicate(store, dora, **{**words, **other})
    assert conflicts.adjudicate(store, dora, **words).record_id == two[0]


def test_a_first_decision_stays_blind_when_anothers_was_not(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    deeds.undo(store, empty_review, deeds.merge(store, empty_review, *two, who="ben").event_id, who="ben")
    say(store, empty_review, two[1], "ben include")
    say(store, empty_review, two[0], "ben include", "ben exclude")
    rows = store.read("select reviewer, blind from screening.decision order by arrival").rows()
    assert rows == [("ben", True), ("ben", False), ("ben", False)]
    dan = replace(empty_review, reviewers=(*empty_review.reviewers, replace(empty_review.reviewers[1], id="dan")))
    say(store, dan, two[0], "dan include")
    assert store.read("select blind from screening.decision where reviewer = 'dan'")["blind"].to_list() == [True]


def test_the_same_word_twice_adds_nothing(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    words = {"record": two[0], "stage": ABSTRACT, "reviewer": "ana", "verdict": "exclude", "reason": "design"}
    first = decisions.decide(store, empty_review, **words, note="why")
    again = decisions.decide(store, empty_review, **words)
    assert (first.new, again.new, again.decision_id) == (True, False, first.decision_id)
    assert decisions.decide(store, empty_review, **words, note="another").new
    assert decisions.decide(store, empty_review, **{**words, "reason": "population"}).new
    assert store.read("select count(*) as n from screening.decision")["n"][0] == 3


def test_title_and_abstract_stand_once_the_full_text_was_read(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    say(store, empty_review, two[0], "ana include", "ben include")
    retrieval.retrieved(store, empty_review, record=two[0], who="ana")
    # a refusal must not tell ben whether anybody decided on the report: that it is there is enough
    refused = []
    for text in ((), ("ana include",)):
        say(store, empty_review, two[0], *text, stage=TEXT)
        with pytest.raises(DecisionError, match=r"is at full text: its report is there.*--track retrieval") as why:
            say(store, empty_review, two[0], "ben exclude")
        with pytest.raises(DecisionError, match="is at full text") as undone:
            decisions.undo(store, empty_review, record=two[0], stage=ABSTRACT, reviewer="ben")
        refused.append((str(why.value), str(undone.value)))
    assert refused[0] == refused[1]
    with pytest.raises(DecisionError, match=r"has full-text decisions.*undo those first, or say --stage full_text"):
        say(store, empty_review, two[0], "ana exclude")
    assert decisions.undo(store, empty_review, record=two[0], reviewer="ana").stage == TEXT
    retrieval.withdraw(store, empty_review, record=two[0], who="ana", track="retrieval")
    assert decisions.undo(store, empty_review, record=two[0], reviewer="ana").stage == ABSTRACT
    with pytest.raises(DecisionError, match="ana has no decision on"):
        decisions.undo(store, empty_review, record=two[0], reviewer="ana")
    # a report that was retrieved is sought no more when its record is not included any more
    assert store.read("select record_id from v1.report").rows() == []
    assert store.read("select verdict from v1.prisma_check where verdict = 'fail'").rows() == []
    say(store, empty_review, two[0], "ana include")
    assert store.read("select retrieval from v1.report").rows() == [("pending",)]


def test_once_the_report_is_taken_back_a_word_may_change_whatever_others_read(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    for record, texts in zip(two, ((), ("ana include",)), strict=True):
        say(store, empty_review, record, "ana include", "ben include")
        retrieval.retrieved(store, empty_review, record=record, who="ana")
        say(store, empty_review, record, *texts, stage=TEXT)
        retrieval.withdraw(store, empty_review, record=record, who="ben", track="retrieval")
        say(store, empty_review, record, "ben exclude")
        assert state_of(store, record) == "conflict"
    assert store.read("select verdict from v1.prisma_check where verdict = 'fail'").rows() == []


def test_the_same_verdict_with_another_note_is_always_taken(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    say(store, empty_review, two[0], "ana include", "ben include")
    retrieval.retrieved(store, empty_review, record=two[0], who="ana")
    for text in ((), ("ana include",)):
        say(store, empty_review, two[0], *text, stage=TEXT)
        said = {"record": two[0], "stage": ABSTRACT, "reviewer": "ben", "verdict": "include"}
        assert decisions.decide(store, empty_review, **said, note=f"{len(text)}").new
    say(store, empty_review, two[1], "ana include", "ben exclude")
    conflicts.adjudicate(store, empty_review, record=two[1], verdict="exclude", by="cyd")
    said = {"record": two[1], "stage": ABSTRACT, "reviewer": "ben", "verdict": "exclude"}
    assert decisions.decide(store, empty_review, **said, note="still so").new


def test_where_nothing_is_blind_title_and_abstract_stand_once_somebody_read_the_full_text(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    seen = replace(empty_review, screening=replace(empty_review.screening, blind=False))
    say(store, seen, two[0], "ana include", "ben include")
    retrieval.retrieved(store, seen, record=two[0], who="ana")
    say(store, seen, two[0], "ben unsure")
    say(store, seen, two[0], "ana include", stage=TEXT)
    with pytest.raises(DecisionError, match="has full-text decisions"):
        say(store, seen, two[0], "ben exclude")


def test_full_text_beside_a_conflict_that_a_merge_made_adds_up(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    say(store, empty_review, two[0], "ana include", "ben include")
    retrieval.retrieved(store, empty_review, record=two[0], who="ana")
    say(store, empty_review, two[0], "ana include", "ben include", stage=TEXT)
    say(store, empty_review, two[1], "ana exclude", "ben exclude")
    deeds.merge(store, empty_review, *two, who="ana")
    assert state_of(store, min(two)) == "conflict"
    assert store.read("select identity from v1.prisma_check where verdict = 'fail'").rows() == []
    say(store, empty_review, two[0], "ana include", "ben include")
    assert store.read("select full_text_state from v1.report").rows() == [("include",)]


def test_what_was_adjudicated_is_changed_by_nobody_but_its_adjudicator(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    say(store, empty_review, two[0], "ana include", "ben exclude")
    conflicts.adjudicate(store, empty_review, record=two[0], verdict="exclude", by="cyd")
    with pytest.raises(DecisionError, match=r"adjudicated at title_abstract by cyd.*ask cyd for it to be reopened"):
        say(store, empty_review, two[0], "ben include")
    with pytest.raises(DecisionError, match="ask cyd for it to be reopened"):
        decisions.undo(store, empty_review, record=two[0], reviewer="ben")
    assert len(seen_by(store, empty_review, "cyd", two[0])) == 2
    dora = replace(empty_review, reviewers=(*empty_review.reviewers, replace(empty_review.reviewers[2], id="dora")))
    with pytest.raises(DecisionError, match=r"was adjudicated at title_abstract by cyd.*reopen it first"):
        conflicts.adjudicate(store, dora, record=two[0], verdict="include", by="dora", stage=ABSTRACT)
    # cyd's new word takes the place of the old one; neither needs the stage
    anew = conflicts.adjudicate(store, empty_review, record=two[0], verdict="include", by="cyd")
    assert (anew.stage, state_of(store, two[0])) == (ABSTRACT, "include")
    conflicts.adjudicate(store, empty_review, record=two[0], verdict="reopened", by="cyd")
    assert state_of(store, two[0]) == "conflict"
    say(store, empty_review, two[0], "ben include")
    assert len(seen_by(store, empty_review, "cyd", two[0])) == 2  # what she adjudicated stays open to her


def test_an_adjudicated_abstract_stands_once_the_full_text_was_read(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    say(store, empty_review, two[0], "ana include", "ben exclude")
    conflicts.adjudicate(store, empty_review, record=two[0], verdict="include", by="cyd")
    retrieval.retrieved(store, empty_review, record=two[0], who="ana")
    say(store, empty_review, two[0], "ana include", stage=TEXT)
    for verdict in ("exclude", "reopened"):
        with pytest.raises(DecisionError, match="has full-text decisions, which rest on the adjudication"):
            conflicts.adjudicate(store, empty_review, record=two[0], verdict=verdict, by="cyd")


def test_two_first_decisions_are_found_and_a_decision_after_an_undo_is_none(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    query = saved_queries("checks", None)["two_first_decisions"].sql
    for record in two:
        say(store, empty_review, record, "ana include")
        decisions.undo(store, empty_review, record=record, reviewer="ana")
        say(store, empty_review, record, "ana exclude")
    assert store.read(query).rows() == []
    # the same person at another site, merged by an import of events
    rows = store.read("select * exclude (arrival) from screening.decision where verdict = 'exclude'").to_dicts()
    elsewhere = {**rows[0], "decision_id": "elsewhere", "supersedes": None}
    store.apply([Append("screening.decision", [elsewhere])])
    found = store.read(query).to_dicts()
    assert [(row["source_record_id"], row["reviewer"], row["decisions"]) for row in found] == [(two[0], "ana", 2)]
    say(store, empty_review, two[0], "ana include")
    assert store.read(query).rows() == []
