"""Answers to waiting pairs: one deed each, asked once of a person, taken back with what came of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from review.database import LocalStore
from review.dedupe import answers, deeds, engine, links, log
from review.dedupe.side_by_side import side_by_side
from review.errors import DecisionError, UsageProblem
from review.flows.events import export_events, import_events
from review.project import Project
from review.terms import LinkKind
from tests.screening.records import bring

LIKE = {"doi": "10.1000/a", "title": "A test injection for knee pain", "authors": "Smith J; Doe A", "year": 2019}


@pytest.fixture
def store(store: LocalStore) -> Iterator[LocalStore]:
    """Held open: these tests take many small steps."""
    with store.holding():
        yield store


@pytest.fixture
def two(store: LocalStore, empty_review: Project) -> list[str]:
    """Two records that look like one and have two PMIDs, so that a person is asked."""
    ids = bring(store, [{**LIKE, "pmid": "11"}, {**LIKE, "pmid": "12"}])
    engine.deduplicate(store, empty_review)
    return ids


def waiting(store: LocalStore, project: Project, who: str) -> list[frozenset[str]]:
    return [frozenset((one.record_a, one.record_b)) for one in answers.waiting_for(store, project, who=who)]


def table(store: LocalStore, name: str) -> list[dict[str, Any]]:
    return store.read(f"select * from dedupe.{name} order by arrival").to_dicts()


@pytest.mark.parametrize(("said", "kind"), [("merge", None), ("different", None), ("link", "preprint_of")])
def test_an_answer_settles_the_pair_for_everybody(
    store: LocalStore, empty_review: Project, two: list[str], said: str, kind: str | None
) -> None:
    done = answers.answer(
        store, empty_review, two[1], two[0], answer=said, kind=kind, who="ana", note="seen", answer_id="a1"
    )
    assert (done.answer_id, done.answer, done.new) == ("a1", said, True)
    assert (done.record_a == done.record_b) == (said == "merge")
    for who in ("ana", "ben"):
        assert waiting(store, empty_review, who) == []
    (row,) = table(store, "pair_answer")
    assert (row["answer_id"], row["answer"], row["who"], row["note"]) == ("a1", said, "ana", "seen")
    assert row["record_a"] < row["record_b"]
    # what came of it bears the same id
    assert log.read_log(store, people_only=True)["event_id"].to_list() == ["a1"]
    assert [one["link_id"] for one in table(store, "record_link")] == (["a1"] if kind else [])
    again = answers.answer(store, empty_review, two[1], two[0], answer=said, kind=kind, who="ana", answer_id="a1")
    assert (again.new, len(table(store, "pair_answer"))) == (False, 1)


def test_an_answer_cut_off_after_its_deed_is_written_by_its_repeat(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    deeds.merge(store, empty_review, *two, who="ana", event_id="a1")
    for new in (True, False):
        done = answers.answer(store, empty_review, *two, answer="merge", who="ana", answer_id="a1")
        assert (done.new, done.record_a) == (new, done.record_b)
    assert len(table(store, "pair_answer")) == log.read_log(store, people_only=True).height == 1


@pytest.mark.parametrize(("said", "kind"), [("merge", None), ("different", None), ("link", "erratum_of")])
def test_an_answer_taken_back_puts_the_pair_back(
    store: LocalStore, empty_review: Project, two: list[str], said: str, kind: str | None
) -> None:
    before = waiting(store, empty_review, "ana")
    done = answers.answer(store, empty_review, *two, answer=said, kind=kind, who="ana")
    back = answers.take_back(store, empty_review, done.answer_id, who="ana")
    assert back.record_a != back.record_b
    assert waiting(store, empty_review, "ana") == waiting(store, empty_review, "ben") == before
    assert links.all_links(store).height == 0
    with pytest.raises(DecisionError, match="not an answer that stands"):
        answers.take_back(store, empty_review, done.answer_id, who="ana")
    last = table(store, "pair_answer")[-1]
    assert (last["answer"], last["supersedes"]) == ("withdrawn", done.answer_id)


def test_what_was_undone_on_the_way_can_still_be_taken_back(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    one = answers.answer(store, empty_review, *two, answer="different", who="ana")
    deeds.undo(store, empty_review, one.answer_id, who="ben")
    answers.take_back(store, empty_review, one.answer_id, who="ana")
    other = answers.answer(store, empty_review, *two, answer="link", kind="part_of", who="ana")
    links.withdraw(store, empty_review, other.answer_id, who="ben")
    answers.take_back(store, empty_review, other.answer_id, who="ana")
    assert answers.standing_answers(store) == frozenset()
    assert len(waiting(store, empty_review, "ana")) == 1


def test_unsure_leaves_the_pair_to_another_person(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    done = answers.answer(store, empty_review, *two, answer="unsure", who="ana", note="no full text")
    assert waiting(store, empty_review, "ana") == []
    (asked,) = answers.waiting_for(store, empty_review, who="ben")
    assert asked.unsure == ("ana: unsure, no full text",)
    assert log.read_log(store, people_only=True).height == 0
    answers.take_back(store, empty_review, done.answer_id, who="ana")
    assert len(waiting(store, empty_review, "ana")) == 1


def test_unsure_holds_when_a_record_joins_one_side(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    answers.answer(store, empty_review, *two, answer="unsure", who="ana")
    # whichever of the three becomes the record's name, the question is between the same two works
    bring(store, [{**LIKE, "number": number, "pmid": "12", "source": "Embase"} for number in range(20, 26)], name="i2")
    engine.deduplicate(store, empty_review)
    assert waiting(store, empty_review, "ana") == []
    assert len(waiting(store, empty_review, "ben")) == 1


def test_a_later_answer_of_one_person_takes_the_place_of_theirs(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    answers.answer(store, empty_review, *two, answer="unsure", who="ana", answer_id="a1")
    answers.answer(store, empty_review, *two, answer="unsure", who="ben", answer_id="b1")
    answers.answer(store, empty_review, *two, answer="different", who="ana", answer_id="a2")
    assert answers.standing_answers(store) == {"a2", "b1"}


def test_a_merge_does_not_override_a_link_or_a_lock(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    made = answers.answer(store, empty_review, *two, answer="link", kind="erratum_of", who="ana")
    with pytest.raises(DecisionError, match=r"ana linked them as erratum_of.*review dedupe unlink"):
        answers.answer(store, empty_review, *two, answer="merge", who="ben")
    answers.take_back(store, empty_review, made.answer_id, who="ana")
    deeds.lock(store, empty_review, *two, who="cyd")
    with pytest.raises(DecisionError, match="cannot be merged"):
        answers.answer(store, empty_review, *two, answer="merge", who="ben")
    assert len(table(store, "pair_answer")) == 2  # the link, and that it was taken back


@pytest.mark.parametrize(
    ("said", "kind", "match"),
    [
        ("link", None, "needs a kind"),
        ("link", "twin_of", "not a kind of link"),
        ("merge", "erratum_of", "goes with the answer link only"),
        ("maybe", None, "allowed: merge, different, link, unsure"),
        ("withdrawn", None, "allowed: merge, different, link, unsure"),
    ],
)
def test_what_is_no_answer_writes_nothing(
    store: LocalStore, empty_review: Project, two: list[str], said: str, kind: str | None, match: str
) -> None:
    with pytest.raises(UsageProblem, match=match):
        answers.answer(store, empty_review, *two, answer=said, kind=kind, who="ana")
    assert table(store, "pair_answer") == table(store, "record_link") == []


def test_one_answer_settles_the_pairs_beside_it(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    (pair,) = answers.waiting_for(store, empty_review, who="ben")
    known = answers.standing_answers(store)
    assert answers.settled(store, pair, known=known) is None
    done = answers.answer(store, empty_review, *two, answer="different", who="ana")
    assert answers.settled(store, pair, known=known) == "ana answered different for these two records"
    answers.take_back(store, empty_review, done.answer_id, who="ana")
    assert answers.settled(store, pair, known=known) is None
    answers.answer(store, empty_review, *two, answer="merge", who="ana")
    assert answers.settled(store, pair, known=known) == "the two are one record now"


def test_answers_and_links_travel_as_events(
    store: LocalStore, empty_review: Project, two: list[str], tmp_path: Path, blank_database: Path
) -> None:
    answers.answer(store, empty_review, *two, answer="unsure", who="ben")
    answers.answer(store, empty_review, *two, answer="link", kind="erratum_of", who="ana")
    export_events(store, empty_review, tmp_path / "out")
    other_file = tmp_path / "other.duckdb"
    other_file.write_bytes(blank_database.read_bytes())
    other = LocalStore(other_file)
    with other.holding():
        bring(other, [{**LIKE, "pmid": "11"}, {**LIKE, "pmid": "12"}])
        assert import_events(other, empty_review, tmp_path / "out").new == 4
        assert import_events(other, empty_review, tmp_path / "out").new == 0
        engine.deduplicate(other, empty_review)
        assert waiting(other, empty_review, "ana") == []
        assert other.read("select * from v1.record_link").equals(store.read("select * from v1.record_link"))


def test_where_only_what_waits_is_answered_no_other_pair_is(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    (other,) = bring(store, [{"number": 9, "pmid": "19", "title": "Something else entirely"}], name="i2")
    refused = []
    for a, b in ((two[0], other), (other, two[1])):
        with pytest.raises(DecisionError, match="does not wait for you") as why:
            answers.answer(store, empty_review, a, b, answer="merge", who="ben", asked_only=True)
        refused.append(str(why.value))
    assert refused[0] == refused[1]
    assert table(store, "pair_answer") == []
    said = {"answer": "merge", "who": "ben", "answer_id": "b1", "asked_only": True}
    assert answers.answer(store, empty_review, *two, **said).new
    assert not answers.answer(store, empty_review, *two, **said).new
    # ben may change his word; to ana the pair is settled
    again = answers.answer(store, empty_review, *two, answer="different", who="ben", asked_only=True)
    assert again.record_a != again.record_b
    with pytest.raises(DecisionError, match="does not wait for you"):
        answers.answer(store, empty_review, *two, answer="merge", who="ana", asked_only=True)
    answers.take_back(store, empty_review, again.answer_id, who="ben")


def test_an_answer_cut_off_is_written_by_its_repeat_where_only_what_waits_is_answered(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    deeds.merge(store, empty_review, *two, who="ana", event_id="a1")
    done = answers.answer(store, empty_review, *two, answer="merge", who="ana", answer_id="a1", asked_only=True)
    assert (done.answer_id, done.new) == ("a1", True)


def test_side_by_side_says_what_differs(store: LocalStore) -> None:
    ids = bring(
        store,
        [
            {
                **LIKE,
                "journal": "Journal of Test Medicine",
                "pages": "221-228",
                "volume": "12",
                "abstract": "One\n text",
            },
            {
                **LIKE,
                "title": "Part II. A test injection for knee pain",
                "journal": "J Test Med",
                "pages": "221-8",
                "abstract": "one text",
            },
        ],
    )
    for a, b in (ids, ids[::-1]):
        sides = side_by_side(store, a, b)
        assert (sides.a["entry_id"], sides.b["entry_id"]) == (a, b)
        marks = {field.name: field.mark for field in sides.fields}
        assert marks == {
            "title": "≠", "authors": "=", "journal": "=", "year": "=", "volume": "", "issue": "", "pages": "=",
            "PMID": "", "DOI": "=", "registry": "", "type": "", "abstract": "=",
        }  # fmt: skip
        assert sides.scores["authors"] == sides.scores["abstract"] == 100
        assert {sides.only_a, sides.only_b} == {(), ("part", "ii")}
        assert sides.only_a == (() if a == ids[0] else ("part", "ii"))


def test_authors_parted_by_and_are_several(store: LocalStore) -> None:
    ids = bring(store, [{**LIKE, "authors": "Smith, J."}, {**LIKE, "authors": "Smith, J. and Doe, A."}, LIKE])
    marks = [
        next(field.mark for field in side_by_side(store, ids[1], other).fields if field.name == "authors")
        for other in (ids[0], ids[2])
    ]
    assert marks == ["≠", "="]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"title": "Erratum to: A test injection for knee pain"}, LinkKind.ERRATUM_OF),
        ({"title": "Retraction: A test injection for knee pain"}, LinkKind.RETRACTION_OF),
        ({"title": "Reply to: A test injection for knee pain"}, LinkKind.REPLY_TO),
        ({"journal": "medRxiv"}, LinkKind.PREPRINT_OF),
        ({"publication_types": ["Meeting Abstract"]}, LinkKind.ABSTRACT_OF),
        ({"title": "A test injection for knee pain: study protocol"}, LinkKind.PROTOCOL_OF),
        ({"source": "ClinicalTrials.gov"}, LinkKind.REGISTRY_OF),
        ({"record_type": "book chapter"}, LinkKind.PART_OF),
        ({}, None),
    ],
)
def test_the_signs_on_one_side_suggest_a_link(store: LocalStore, change: dict[str, Any], kind: LinkKind | None) -> None:
    ids = bring(store, [LIKE, {**LIKE, **change}])
    assert side_by_side(store, *ids).suggested == ((kind, "b") if kind else None)
    assert side_by_side(store, *ids[::-1]).suggested == ((kind, "a") if kind else None)
