"""The dedupe room on a real database: runs, people's words, undo, and what is asked of a person."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from review.database import LocalStore
from review.dedupe import deeds, engine, explaining, log, waiting
from review.errors import DecisionError, UsageProblem
from review.project import Project
from tests.screening.records import bring

A, B = "10.1000/a", "10.1000/b"


@pytest.fixture
def store(store: LocalStore) -> Iterator[LocalStore]:
    """Held open: these tests take many small steps."""
    with store.holding():
        yield store


@pytest.fixture
def three(store: LocalStore) -> list[str]:
    """Two records of one article and another one."""
    return bring(
        store,
        [
            {"source": "PubMed", "pmid": "11", "doi": A, "title": "From PubMed", "abstract": "short"},
            {
                "source": "Embase",
                "doi": A,
                "title": "From Embase",
                "abstract": "a longer abstract",
                "journal": "J Test",
            },
            {"source": "Embase", "doi": B},
        ],
    )


def log_size(store: LocalStore) -> int:
    return int(store.read("select count(*) as n from dedupe.duplicate_event")["n"][0])


def members(store: LocalStore) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in store.read("select * from v1.record_member").to_dicts():
        found.setdefault(row["record_id"], set()).add(row["source_record_id"])
    return found


def test_a_second_run_adds_nothing(store: LocalStore, empty_review: Project, three: list[str]) -> None:
    first = engine.deduplicate(store, empty_review)
    assert (first.source_records, first.records, first.new_merges, first.queue) == (3, 2, 1, 0)
    before = members(store)
    assert engine.deduplicate(store, empty_review).new_merges == 0
    assert members(store) == before == {min(three[:2]): set(three[:2]), three[2]: {three[2]}}


def test_the_record_takes_each_field_from_its_best_source(
    store: LocalStore, empty_review: Project, three: list[str]
) -> None:
    engine.deduplicate(store, empty_review)
    row = store.read("select * from v1.record where members = 2").to_dicts()[0]
    assert (row["title"], row["journal"], row["sources"]) == ("From PubMed", "J Test", ["Embase", "PubMed"])
    assert (row["record_id"], row["shown_source_record_id"]) == (min(three[:2]), three[0])


def test_a_new_version_of_a_pubmed_entry_is_the_same_record(store: LocalStore, empty_review: Project) -> None:
    old = {"source": "PubMed", "pmid": "5", "accession": "5", "version": 1, "title": "Old words"}
    bring(store, [old], name="i1")
    bring(store, [{**old, "number": 2, "version": 2, "title": "New words"}], name="i2")
    engine.deduplicate(store, empty_review)
    row = store.read("select record_id, members, title from v1.record").to_dicts()
    assert [(one["members"], one["title"]) for one in row] == [(1, "New words")]


def test_arrival_in_two_imports_makes_the_records_of_one(
    store: LocalStore, empty_review: Project, tmp_path: Path, blank_database: Path
) -> None:
    rows = [{"number": n, "doi": A, "pmid": pmid} for n, pmid in ((1, None), (2, "21"), (3, "22"))]
    bring(store, rows[:2], name="i1")
    engine.deduplicate(store, empty_review)
    bring(store, rows[2:], name="i2")
    engine.deduplicate(store, empty_review)
    other = LocalStore(Path(shutil.copy(blank_database, tmp_path / "other.duckdb")))
    bring(other, rows, name="i1")
    engine.deduplicate(other, empty_review)
    assert members(store) == members(other)
    assert all(len(found) == 1 for found in members(other).values())


def test_what_a_person_split_is_not_merged_again(store: LocalStore, empty_review: Project, three: list[str]) -> None:
    engine.deduplicate(store, empty_review)
    done = deeds.split(store, empty_review, three[0], three[1], who="ana", note="conference abstract")
    assert not done.together
    assert engine.deduplicate(store, empty_review).new_merges == 0
    assert len(members(store)) == 3
    assert waiting.waiting_pairs(store).height == 0
    back = deeds.undo(store, empty_review, done.event_id, who="ana")
    assert back.together
    assert len(members(store)) == 2


def test_an_undone_automatic_merge_stays_undone(store: LocalStore, empty_review: Project, three: list[str]) -> None:
    engine.deduplicate(store, empty_review)
    event = str(log.read_log(store)["event_id"][0])
    undone = deeds.undo(store, empty_review, event, who="ben")
    engine.deduplicate(store, empty_review)
    assert len(members(store)) == 3
    with pytest.raises(DecisionError, match="undone already"):
        deeds.undo(store, empty_review, event, who="ben")
    deeds.undo(store, empty_review, undone.event_id[:8], who="ben")
    assert len(members(store)) == 2


def test_a_deed_with_the_same_id_is_done_once(store: LocalStore, empty_review: Project, three: list[str]) -> None:
    for _ in range(2):
        deeds.merge(store, empty_review, three[0], three[2], who="ana", event_id="mine")
    assert log_size(store) == 1
    for _ in range(2):
        deeds.undo(store, empty_review, "mine", who="ana", event_id="mine too")
    assert log_size(store) == 2


def test_a_locked_pair_is_not_merged(store: LocalStore, empty_review: Project, three: list[str]) -> None:
    deeds.lock(store, empty_review, three[0], three[2], who="ana")
    with pytest.raises(DecisionError, match="locked"):
        deeds.merge(store, empty_review, three[0], three[2], who="ben")
    deeds.unlock(store, empty_review, three[2], three[0], who="ana")
    assert deeds.merge(store, empty_review, three[0], three[2], who="ben").together


def test_a_merge_that_would_join_a_split_pair_is_refused_and_writes_nothing(
    store: LocalStore, empty_review: Project, three: list[str]
) -> None:
    deeds.merge(store, empty_review, three[0], three[1], who="ana")
    deeds.split(store, empty_review, three[1], three[2], who="ana")
    before = log_size(store)
    with pytest.raises(DecisionError, match="were split by ana"):
        deeds.merge(store, empty_review, three[0], three[2], who="ben")
    assert log_size(store) == before


def test_two_pmids_under_one_doi_wait_for_a_person(store: LocalStore, empty_review: Project) -> None:
    one, other = bring(store, [{"pmid": "31", "doi": A}, {"pmid": "32", "doi": A}])
    assert engine.deduplicate(store, empty_review).queue == 1
    pairs = waiting.waiting_pairs(store).to_dicts()
    assert {pairs[0]["record_a"], pairs[0]["record_b"]} == {one, other}
    assert pairs[0]["against"] == "different PMIDs"
    found = explaining.explain(store, empty_review, "31", "32")
    assert (found.together, found.rule, found.vetoes) == (False, "same_doi", ("different PMIDs",))
    deeds.merge(store, empty_review, "31", "32", who="ana")
    assert waiting.waiting_pairs(store).height == 0
    assert explaining.explain(store, empty_review, one, other).together


PRP = "Platelet-rich plasma for lateral epicondylitis: a randomised trial"
OTHER = "Bone marrow aspirate in discogenic low back pain"


@pytest.mark.parametrize(
    ("one", "other", "merged"),
    [
        ({"title": PRP, "year": 2015}, {"title": OTHER, "year": 2019}, False),
        ({"title": PRP, "year": 2015}, {"title": OTHER, "year": 2015, "authors": "Else E"}, False),
        ({"title": PRP, "year": 2015}, {"title": PRP.upper().removesuffix(": A RANDOMISED TRIAL"), "year": 2016}, True),
        ({"title": PRP, "year": 2015}, {"title": "Plasma rico en plaquetas en el codo de tenista", "year": 2015}, True),
        ({"title": PRP, "year": 2015}, {"title": None, "year": 2019}, True),
    ],
)
def test_one_doi_under_two_titles_waits_for_a_person(
    store: LocalStore, empty_review: Project, one: dict[str, object], other: dict[str, object], merged: bool
) -> None:
    bring(store, [{"doi": A, **one}, {"doi": A, **other}])
    done = engine.deduplicate(store, empty_review)
    assert (done.new_merges, done.queue) == ((1, 0) if merged else (0, 1))
    assert waiting.waiting_pairs(store)["against"].to_list() == ([] if merged else ["different titles"])


@pytest.mark.parametrize(
    ("one", "other", "against"),
    [
        ({}, {}, "no PMID or DOI in common"),
        ({"doi": A}, {}, "no PMID or DOI in common"),
        ({"doi": A}, {"doi": B}, "different DOIs"),
        ({"pmid": "11"}, {"pmid": "12"}, "different PMIDs"),
        ({}, {"authors": "Else E"}, None),
        ({}, {"year": 2016}, None),
    ],
)
def test_one_title_year_and_first_author_wait_for_a_person(
    store: LocalStore, empty_review: Project, one: dict[str, object], other: dict[str, object], against: str | None
) -> None:
    first = {"title": PRP, "year": 2015, "authors": "Gosens T; Peerbooms JC", **one}
    second = {"title": f"{PRP.replace('-', ' ').lower()}.", "year": 2015, "authors": "Gosens, Taco", **other}
    bring(store, [first, second])
    assert engine.deduplicate(store, empty_review).new_merges == 0
    pairs = waiting.waiting_pairs(store).to_dicts()
    assert [(row["rule"], row["against"]) for row in pairs] == (
        [("same_title_year_author", against)] if against else []
    )


def test_a_person_answers_a_pair_of_one_title(store: LocalStore, empty_review: Project) -> None:
    same = {"title": PRP, "year": 2015, "authors": "Gosens T"}
    one, other = bring(store, [same, same])
    assert explaining.explain(store, empty_review, one, other).rule == "same_title_year_author"
    deeds.split(store, empty_review, one, other, who="ana")
    assert engine.deduplicate(store, empty_review).queue == 0


def test_unknown_words_are_named(store: LocalStore, empty_review: Project, three: list[str]) -> None:
    with pytest.raises(UsageProblem, match="'nobody' is not a reviewer"):
        deeds.merge(store, empty_review, three[0], three[1], who="nobody")
    with pytest.raises(UsageProblem, match=r"no record has.*review query \"select record_id"):
        deeds.merge(store, empty_review, three[0], "99999", who="ana")
    with pytest.raises(UsageProblem, match="is not an event"):
        deeds.undo(store, empty_review, "nothing", who="ana")
    with pytest.raises(DecisionError, match="same source record"):
        deeds.split(store, empty_review, three[0], three[0], who="ana")
