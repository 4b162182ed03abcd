"""The dedupe room on a real database: runs, people's words, undo, and what is asked of a person."""

from __future__ import annotations

import pytest

from review.database import LocalStore
from review.dedupe import engine
from review.errors import DecisionError, UsageProblem
from review.project import Project
from tests.screening.records import bring

A, B = "10.1000/a", "10.1000/b"


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


def test_arrival_in_two_imports_makes_the_records_of_one(store: LocalStore, empty_review: Project) -> None:
    rows = [{"number": n, "doi": A, "pmid": pmid} for n, pmid in ((1, None), (2, "21"), (3, "22"))]
    bring(store, rows[:2], name="i1")
    engine.deduplicate(store, empty_review)
    bring(store, rows[2:], name="i2")
    engine.deduplicate(store, empty_review)
    other = LocalStore(store.path.with_name("other.duckdb"))
    bring(other, rows, name="i1")
    engine.deduplicate(other, empty_review)
    assert members(store) == members(other)
    assert all(len(found) == 1 for found in members(other).values())


def test_what_a_person_split_is_not_merged_again(store: LocalStore, empty_review: Project, three: list[str]) -> None:
    engine.deduplicate(store, empty_review)
    done = engine.split(store, empty_review, three[0], three[1], who="ana", note="conference abstract")
    assert not done.together
    assert engine.deduplicate(store, empty_review).new_merges == 0
    assert len(members(store)) == 3
    assert engine.waiting_pairs(store).height == 0
    back = engine.undo(store, empty_review, done.event_id, who="ana")
    assert back.together
    assert len(members(store)) == 2


def test_an_undone_automatic_merge_stays_undone(store: LocalStore, empty_review: Project, three: list[str]) -> None:
    engine.deduplicate(store, empty_review)
    event = str(engine.read_log(store)["event_id"][0])
    undone = engine.undo(store, empty_review, event, who="ben")
    engine.deduplicate(store, empty_review)
    assert len(members(store)) == 3
    with pytest.raises(DecisionError, match="undone already"):
        engine.undo(store, empty_review, event, who="ben")
    engine.undo(store, empty_review, undone.event_id[:8], who="ben")
    assert len(members(store)) == 2


def test_a_deed_with_the_same_id_is_done_once(store: LocalStore, empty_review: Project, three: list[str]) -> None:
    for _ in range(2):
        engine.merge(store, empty_review, three[0], three[2], who="ana", event_id="mine")
    assert log_size(store) == 1
    for _ in range(2):
        engine.undo(store, empty_review, "mine", who="ana", event_id="mine too")
    assert log_size(store) == 2


def test_a_locked_pair_is_not_merged(store: LocalStore, empty_review: Project, three: list[str]) -> None:
    engine.lock(store, empty_review, three[0], three[2], who="ana")
    with pytest.raises(DecisionError, match="locked"):
        engine.merge(store, empty_review, three[0], three[2], who="ben")
    engine.unlock(store, empty_review, three[2], three[0], who="ana")
    assert engine.merge(store, empty_review, three[0], three[2], who="ben").together


def test_a_merge_that_would_join_a_split_pair_is_refused_and_writes_nothing(
    store: LocalStore, empty_review: Project, three: list[str]
) -> None:
    engine.merge(store, empty_review, three[0], three[1], who="ana")
    engine.split(store, empty_review, three[1], three[2], who="ana")
    before = log_size(store)
    with pytest.raises(DecisionError, match="were split by ana"):
        engine.merge(store, empty_review, three[0], three[2], who="ben")
    assert log_size(store) == before


def test_two_pmids_under_one_doi_wait_for_a_person(store: LocalStore, empty_review: Project) -> None:
    one, other = bring(store, [{"pmid": "31", "doi": A}, {"pmid": "32", "doi": A}])
    assert engine.deduplicate(store, empty_review).queue == 1
    pairs = engine.waiting_pairs(store).to_dicts()
    assert {pairs[0]["record_a"], pairs[0]["record_b"]} == {one, other}
    assert pairs[0]["against"] == "different PMIDs"
    found = engine.explain(store, empty_review, "31", "32")
    assert (found.together, found.rule, found.vetoes) == (False, "same_doi", ("different PMIDs",))
    engine.merge(store, empty_review, "31", "32", who="ana")
    assert engine.waiting_pairs(store).height == 0
    assert engine.explain(store, empty_review, one, other).together


def test_unknown_words_are_named(store: LocalStore, empty_review: Project, three: list[str]) -> None:
    with pytest.raises(UsageProblem, match="'nobody' is not a reviewer"):
        engine.merge(store, empty_review, three[0], three[1], who="nobody")
    with pytest.raises(UsageProblem, match="no record has"):
        engine.merge(store, empty_review, three[0], "99999", who="ana")
    with pytest.raises(UsageProblem, match="is not an event"):
        engine.undo(store, empty_review, "nothing", who="ana")
    with pytest.raises(DecisionError, match="same source record"):
        engine.split(store, empty_review, three[0], three[0], who="ana")
