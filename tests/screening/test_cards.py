"""Cards come many at a time, records are found by their words, and neither tells anything of the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from review.database import LocalStore
from review.dedupe.deeds import merge
from review.errors import UsageProblem
from review.project import Project
from review.screening.decisions import decide
from review.screening.labels import put_label
from review.screening.queue import Card, cards, count_waiting, find_records, next_record, queue, show_record
from review.team.protocol import record_protocol
from tests.screening.records import bring


@pytest.fixture
def held(empty_review: Project, store: LocalStore) -> Iterator[LocalStore]:
    """Six records, each unlike the others."""
    with store.holding():
        record_protocol(store, empty_review)
        bring(
            store,
            [
                {"title": "Bone marrow cells for knees", "abstract": "A trial of Marrow.", "year": 2001, "pmid": "11"},
                {"title": "Platelets", "abstract": "Plasma for KNEES, 50 % better_", "year": 2003, "doi": "10.9/x"},
                {"title": "Fat", "authors": "Straße A; Test B", "journal": "J Fat", "year": 2003, "mesh": ["Knee"]},
                {"title": "Hips", "registry_ids": ["NCT00000001"], "keywords": ["hip"], "year": None},
                {"title": "Marrow and bone", "year": 1999, "pmcid": "PMC5"},
                {"title": "Last", "year": 2010},
            ],
        )
        yield store


def found(store: LocalStore, project: Project, **what: Any) -> list[str]:
    """The titles that a search of ben finds."""
    result = find_records(store, project, reviewer="ben", **what)
    assert result.total >= len(result.rows)
    return [row["title"] for row in result.rows]


def test_cards_are_what_the_queue_names_and_what_one_card_shows(held: LocalStore, empty_review: Project) -> None:
    order = queue(held, empty_review, reviewer="ben")
    some = cards(held, empty_review, reviewer="ben", limit=4, without=[order[1]])
    assert [card.record_id for card in some] == [order[0], *order[2:5]]
    assert queue(held, empty_review, reviewer="ben", without=order[:5]) == order[5:]
    assert count_waiting(held, empty_review, reviewer="ben") == 6
    first = next_record(held, empty_review, reviewer="ben")
    assert first == some[0] == cards(held, empty_review, reviewer="ben", limit=1)[0]
    for card in some:
        alone = show_record(held, empty_review, record=card.record_id, reviewer="ben", stage="title_abstract")
        assert alone == card
    by_title = {card.fields["title"]: card for card in cards(held, empty_review, reviewer="ben")}
    assert by_title["Hips"].registry_ids == ["NCT00000001"] and by_title["Hips"].keywords == ["hip"]
    assert by_title["Fat"].mesh == ["Knee"] and by_title["Marrow and bone"].pmcid == "PMC5"
    assert all(card.criteria_version == "1" and card.own is None for card in by_title.values())
    assert cards(held, empty_review, reviewer="ben", limit=0) == []
    assert cards(held, empty_review, reviewer="ben", stage="full_text") == []


def test_a_card_bears_the_own_word_and_the_links(held: LocalStore, empty_review: Project) -> None:
    record = queue(held, empty_review, reviewer="ben")[0]
    decide(held, empty_review, record=record, stage="title_abstract", reviewer="ben", verdict="unsure", note="mine")
    card = show_record(held, empty_review, record=record, reviewer="ben")
    assert card.own is not None and (card.own["verdict"], card.own["note"]) == ("unsure", "mine")
    assert show_record(held, empty_review, record=record, reviewer="ana").own is None


def test_words_are_found_wherever_they_stand_and_nothing_is_a_pattern(held: LocalStore, empty_review: Project) -> None:
    for words, titles in {
        "": ["Last", "Fat", "Platelets", "Bone marrow cells for knees", "Marrow and bone", "Hips"],
        "marrow": ["Bone marrow cells for knees", "Marrow and bone"],
        "BONE marrow": ["Bone marrow cells for knees", "Marrow and bone"],
        '"bone marrow"': ["Bone marrow cells for knees"],
        "knees plasma": ["Platelets"],
        "straße": ["Fat"],
        "10.9/x": ["Platelets"],
        "nct00000001": ["Hips"],
        "pmc5": ["Marrow and bone"],
        "11": ["Bone marrow cells for knees"],
        "50 % better_": ["Platelets"],
        "%": ["Platelets"],
        "'; drop table screening.decision; --": [],
        "$reviewer": [],
        '"': [],
    }.items():
        assert found(held, empty_review, words=words) == titles, words


def test_a_search_by_pages(held: LocalStore, empty_review: Project) -> None:
    whole = find_records(held, empty_review, reviewer="ben")
    pages = [find_records(held, empty_review, reviewer="ben", limit=4, offset=at) for at in (0, 4, 8)]
    assert [len(page.rows) for page in pages] == [4, 2, 0] and {page.total for page in pages} == {6}
    assert [row for page in pages for row in page.rows] == whole.rows


def test_own_words_and_own_labels_narrow_it(held: LocalStore, empty_review: Project) -> None:
    for title, verdict in (("Fat", "include"), ("Hips", "exclude"), ("Last", "unsure")):
        record = find_records(held, empty_review, reviewer="ben", words=title).rows[0]["record_id"]
        decide(held, empty_review, record=record, stage="title_abstract", reviewer="ben", verdict=verdict)
        put_label(held, empty_review, record=record, reviewer="ben", label="look again")
    assert found(held, empty_review, own="include") == ["Fat"]
    assert found(held, empty_review, own="exclude") == ["Hips"]
    assert found(held, empty_review, own="unsure") == ["Last"]
    assert len(found(held, empty_review, own="undecided")) == 3
    assert found(held, empty_review, own="include", stage="full_text") == []
    assert found(held, empty_review, label="look again") == ["Last", "Fat", "Hips"]
    assert found(held, empty_review, label="look again", words="fat") == ["Fat"]
    with pytest.raises(UsageProblem, match="allowed: any, undecided, include"):
        find_records(held, empty_review, reviewer="ben", own="mine")
    with pytest.raises(UsageProblem, match="a search takes 8 words, not 9"):
        find_records(held, empty_review, reviewer="ben", words="a b c d e f g h i")


def test_nothing_that_another_decided_changes_a_search_or_a_card(held: LocalStore, empty_review: Project) -> None:
    def seen() -> tuple[Any, ...]:
        searches = [
            find_records(held, empty_review, reviewer="ben", own=own, words=words)
            for own in ("any", "undecided", "include")
            for words in ("", "marrow", "MARK", "dreadful")
        ]
        at_full_text = find_records(held, empty_review, reviewer="ben", stage="full_text")
        return searches, at_full_text, _words(cards(held, empty_review, reviewer="ben", limit=50))

    before = seen()
    for number, record in enumerate(queue(held, empty_review, reviewer="ana")):
        word = "exclude" if number % 2 else "include"
        decide(held, empty_review, record=record, stage="title_abstract", reviewer="ana", verdict=word, note="MARK")
        put_label(held, empty_review, record=record, reviewer="ana", label="dreadful")
    assert seen() == before
    assert find_records(held, empty_review, reviewer="ben", label="dreadful").total == 0


def test_a_merged_record_is_found_once_by_the_words_of_either(held: LocalStore, empty_review: Project) -> None:
    one, other = (
        find_records(held, empty_review, reviewer="ben", words=title).rows[0]["record_id"] for title in ("fat", "hips")
    )
    merge(held, empty_review, one, other, who="ana")
    for words in ("fat", "hips", "nct00000001", "straße"):
        assert [row["record_id"] for row in find_records(held, empty_review, reviewer="ben", words=words).rows] == [
            min(one, other)
        ]


def _words(shown: list[Card]) -> list[str]:
    return [repr(card) for card in shown]
