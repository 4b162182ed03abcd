"""The dedupe room on a real database: runs, people's words, undo, and what is asked of a person."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from review.database import Append, LocalStore, Replace
from review.dedupe import deeds, engine, explaining, log, waiting
from review.dedupe.rules import RULES
from review.errors import DecisionError, UsageProblem
from review.flows import search_report
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
    assert pairs[0]["against"] == "different PMIDs; different numbers in the titles"
    found = explaining.explain(store, empty_review, "31", "32")
    assert (found.together, found.rule, found.vetoes) == (False, "same_doi", ("different PMIDs",))
    deeds.merge(store, empty_review, "31", "32", who="ana")
    assert waiting.waiting_pairs(store).height == 0
    assert explaining.explain(store, empty_review, one, other).together


PRP = "Platelet-rich plasma for lateral epicondylitis: a randomised trial"
OTHER = "Bone marrow aspirate in discogenic low back pain"
LITTLE = "little in common besides title and authors"
# SYNTHETIC: no such article exists
ARTICLE: dict[str, object] = {
    "title": PRP,
    "authors": "Probe A; Testa BC; Sample D",
    "year": 2015,
    "journal": "Journal of Imaginary Medicine",
    "volume": "12",
    "issue": "3",
    "pages": "226-236",
}


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
    against = waiting.waiting_pairs(store)["against"].to_list()
    assert [words.split("; ")[-1] for words in against] == ([] if merged else ["different titles under one DOI"])


@pytest.mark.parametrize(
    ("one", "other", "against"),
    [
        ({}, {}, LITTLE),
        ({"doi": A}, {}, LITTLE),
        ({"doi": A}, {"doi": B}, f"different DOIs; {LITTLE}"),
        ({"pmid": "11"}, {"pmid": "12"}, f"different PMIDs; {LITTLE}"),
        ({}, {"year": 2016}, LITTLE),
        ({}, {"year": 2018}, f"years apart; {LITTLE}"),
        ({}, {"authors": "Else E"}, None),
        ({}, {"title": PRP.replace("a randomised", "a second randomised phase 2")}, None),
    ],
)
def test_one_title_and_its_authors_wait_for_a_person(
    store: LocalStore, empty_review: Project, one: dict[str, object], other: dict[str, object], against: str | None
) -> None:
    first = {"title": PRP, "year": 2015, "authors": "Gosens T; Peerbooms JC", **one}
    second = {"title": f"{PRP.replace('-', ' ').lower()}.", "year": 2015, "authors": "Gosens, Taco", **other}
    bring(store, [first, second])
    assert engine.deduplicate(store, empty_review).new_merges == 0
    pairs = waiting.waiting_pairs(store).to_dicts()
    assert [(row["rule"], row["against"]) for row in pairs] == ([("same_title_authors", against)] if against else [])


def test_one_title_and_its_authors_at_one_place_are_merged(store: LocalStore, empty_review: Project) -> None:
    bring(store, [ARTICLE, {**ARTICLE, "title": PRP.upper(), "pages": "226-36", "journal": "J Imagin Med"}])
    done = engine.deduplicate(store, empty_review)
    assert (done.records, done.new_merges, done.queue) == (1, 1, 0)
    (event,) = log.read_log(store).to_dicts()
    assert (event["rule"], event["automatic"], event["who"]) == ("title_place", True, "program")
    assert json.loads(event["scores"])["title"] == 100


def test_a_person_answers_a_pair_of_one_title(store: LocalStore, empty_review: Project) -> None:
    same = {"title": PRP, "year": 2015, "authors": "Gosens T"}
    one, other = bring(store, [same, same])
    found = explaining.explain(store, empty_review, one, other)
    assert (found.rule, found.asked_as, found.program) == (None, "same_title_authors", "ask")
    split = deeds.split(store, empty_review, one, other, who="ana")
    assert engine.deduplicate(store, empty_review).queue == 0
    deeds.undo(store, empty_review, split.event_id, who="ana")
    assert engine.deduplicate(store, empty_review).queue == 1


def test_an_answered_pair_does_not_come_back_with_another_copy(store: LocalStore, empty_review: Project) -> None:
    one, other = bring(store, [{**ARTICLE, "pages": None, "volume": "1"}, {**ARTICLE, "pages": None, "volume": "2"}])
    assert engine.deduplicate(store, empty_review).queue == 1
    deeds.split(store, empty_review, one, other, who="ana")
    bring(store, [{**ARTICLE, "number": 3, "pages": None, "volume": "2", "title": PRP.upper()}], name="i2")
    done = engine.deduplicate(store, empty_review)
    assert (done.records, done.queue) == (2, 0)


def test_a_linked_pair_is_not_asked_again(store: LocalStore, empty_review: Project) -> None:
    early = {"journal": "medRxiv", "volume": None, "issue": None, "pages": None}
    article, preprint = bring(store, [ARTICLE, {**ARTICLE, **early}])
    engine.deduplicate(store, empty_review)
    (pair,) = waiting.waiting_pairs(store).to_dicts()
    assert (pair["suggested"], pair["suggested_from"]) == ("preprint_of", preprint)
    link = {"link_id": "l1", "kind": "preprint_of", "from_record": preprint, "to_record": article, "who": "ana"}
    when = datetime(2026, 1, 1, tzinfo=UTC)
    store.apply([Append("dedupe.record_link", [{**link, "withdrawn": False, "decided_at": when}])])
    assert waiting.waiting_pairs(store).is_empty()
    assert waiting.linkable(store).is_empty()
    assert engine.deduplicate(store, empty_review).queue == 0


def test_what_is_about_another_record_is_proposed_as_a_link(store: LocalStore, empty_review: Project) -> None:
    elsewhere = {**ARTICLE, "volume": "13", "pages": "7"}
    article, *others = bring(
        store,
        [
            ARTICLE,
            {**elsewhere, "title": f"Erratum: {PRP}"},
            {**elsewhere, "title": PRP, "pages": "8", "publication_types": ["Retraction of Publication"]},
            {**elsewhere, "title": f"{PRP}: study protocol", "year": 2014},
            {**ARTICLE, "pages": "S36"},
        ],
    )
    engine.deduplicate(store, empty_review)
    rows = waiting.linkable(store).filter(record_b=article).to_dicts()
    kinds = ("erratum_of", "retraction_of", "protocol_of", "abstract_of")
    assert {row["record_a"]: row["kind"] for row in rows} == dict(zip(others, kinds, strict=True))
    assert {row["title_b"] for row in rows} == {PRP}


def test_the_program_takes_back_what_it_no_longer_finds_and_finds_again(
    store: LocalStore, empty_review: Project
) -> None:
    title = "Notes from a made-up register"
    yearly = {**ARTICLE, "title": title, "pages": None, "issue": None}
    pair = [{**yearly, "year": 2010, "volume": "2"}, {**yearly, "number": 2, "year": 2010, "volume": "2"}]
    one, other = bring(store, pair, name="i1")
    assert engine.deduplicate(store, empty_review).new_merges == 1
    others = [{**yearly, "number": n, "year": 2008 + n, "volume": str(n)} for n in range(3, 6)]
    bring(store, others, name="i2")  # now it is a title that many works have
    done = engine.deduplicate(store, empty_review)
    assert (done.new_merges, done.withdrawn, done.records) == (0, 1, 5)
    first, withdrawal = log.read_log(store).to_dicts()
    assert (withdrawal["kind"], withdrawal["undo_of"], withdrawal["who"]) == ("undo", first["event_id"], "program")
    assert (first["undone"], withdrawal["undone"]) == (True, False)
    assert engine.deduplicate(store, empty_review).withdrawn == 0
    with pytest.raises(DecisionError, match=f"review dedupe merge {min(one, other)} {max(one, other)}"):
        deeds.undo(store, empty_review, withdrawal["event_id"], who="ana")
    with pytest.raises(DecisionError, match=r"undone already.*review dedupe split"):
        deeds.undo(store, empty_review, first["event_id"], who="ana")
    store.apply([Replace("search.import_receipt", [], where={"import_id": "i2"})])
    done = engine.deduplicate(store, empty_review)
    assert (done.new_merges, done.withdrawn, done.records) == (1, 0, 1)
    assert log.read_log(store)["undone"].to_list() == [False, True, False]
    with pytest.raises(DecisionError, match=f"review dedupe undo {first['event_id']}"):
        deeds.undo(store, empty_review, log.read_log(store)["event_id"][2], who="ana")


def test_a_withdrawal_is_no_word_of_a_person(store: LocalStore, empty_review: Project) -> None:
    bring(store, [{"doi": A, "title": PRP, "pmid": "11"}, {"doi": A, "title": PRP}], name="i1")
    engine.deduplicate(store, empty_review)
    bring(store, [{"number": 3, "doi": A, "title": PRP, "pmid": "12"}], name="i2")
    done = engine.deduplicate(store, empty_review)
    assert (done.withdrawn, done.records, done.queue) == (1, 3, 3)  # two PMIDs under one DOI: all three pairs wait
    assert "several PMIDs share this DOI" in set(waiting.waiting_pairs(store)["against"])


def test_each_cluster_tells_by_which_edges_it_was_joined(store: LocalStore, empty_review: Project) -> None:
    ids = bring(store, [{**ARTICLE, "doi": A}, {**ARTICLE, "doi": A}, ARTICLE, {"title": "Another"}])
    engine.deduplicate(store, empty_review)
    deeds.merge(store, empty_review, ids[0], ids[3], who="ana", event_id="mine")
    rows = store.read("select * from dedupe.joined order by automatic").to_dicts()
    assert len(rows) == 3
    assert {row["record_id"] for row in rows} == {min(ids)}
    assert [(row["event_id"], row["automatic"]) for row in rows[:1]] == [("mine", False)]
    assert [row["rule"] for row in rows[1:]] == ["same_doi", "title_place"]
    deeds.undo(store, empty_review, "mine", who="ana")
    assert store.read("select count(*) as n from dedupe.joined").item() == 2


def test_explain_tells_scores_and_fields_also_of_what_was_never_a_candidate(
    store: LocalStore, empty_review: Project
) -> None:
    one, other, third = bring(store, [ARTICLE, {**ARTICLE, "pages": "401-410"}, {"title": "Hips", "authors": "X Y"}])
    found = explaining.explain(store, empty_review, one, other)
    assert (found.rule, found.vetoes, found.conflicts) == (None, (), ("different pages",))
    assert (found.scores["title"], found.scores["authors"], found.scores["journal"]) == (100, 100, 100)
    assert (found.fields["volume"], found.fields["pages"], found.fields["PMID"]) == ("agree", "differ", "not known")
    found = explaining.explain(store, empty_review, one, third)
    assert (found.rule, found.asked_as, found.program, found.together) == (None, None, "", False)
    assert (found.scores["title"] or 0) < 50
    assert "rule: none" in explaining.lines(found)
    with pytest.raises(UsageProblem, match="same source record"):
        explaining.explain(store, empty_review, one, one)


def test_any_version_of_an_entry_makes_the_pair(store: LocalStore, empty_review: Project) -> None:
    entry = {**ARTICLE, "source": "PubMed", "pmid": "5", "accession": "5", "version": 1}
    first, other = bring(store, [entry, {**ARTICLE, "source": "Embase"}], name="i1")
    corrected = {**entry, "number": 3, "version": 2, "title": f"Erratum: {OTHER}", "pages": "1-2"}
    bring(store, [corrected], name="i2")
    done = engine.deduplicate(store, empty_review)
    assert (done.source_records, done.records, done.queue) == (2, 1, 0)
    assert explaining.explain(store, empty_review, first, other).rule == "title_place"


def test_unknown_words_are_named(store: LocalStore, empty_review: Project, three: list[str]) -> None:
    with pytest.raises(UsageProblem, match="'nobody' is not a reviewer"):
        deeds.merge(store, empty_review, three[0], three[1], who="nobody")
    with pytest.raises(UsageProblem, match=r"no record has.*review query \"select record_id"):
        deeds.merge(store, empty_review, three[0], "99999", who="ana")
    with pytest.raises(UsageProblem, match="is not an event"):
        deeds.undo(store, empty_review, "nothing", who="ana")
    with pytest.raises(DecisionError, match="same source record"):
        deeds.split(store, empty_review, three[0], three[0], who="ana")


def test_every_rule_has_words_for_the_methods_section() -> None:
    assert set(search_report._RULES) == set(RULES)


def test_the_counts_of_a_run_add_up(store: LocalStore, empty_review: Project) -> None:
    alike = {"title": "Saline for invented knee pain of four", "authors": "Probe, A.", "year": 2015, "volume": "12"}
    bring(store, [{**alike, "pages": "226-236", "journal": "Journal of Imaginary Medicine"}] * 4)
    done = engine.deduplicate(store, empty_review)
    assert (done.source_records, done.records, done.removed, done.new_merges) == (4, 1, 3, 3)


def test_a_review_without_records_has_nothing_to_merge_or_ask(store: LocalStore, empty_review: Project) -> None:
    done = engine.deduplicate(store, empty_review)
    assert (done.source_records, done.records, done.new_merges, done.queue, done.withdrawn) == (0, 0, 0, 0, 0)
    assert waiting.waiting_pairs(store).is_empty()
    assert waiting.linkable(store).is_empty()


def test_records_that_print_nothing_are_left_alone(store: LocalStore, empty_review: Project) -> None:
    blank = dict.fromkeys(("title", "authors", "year", "abstract", "journal"))
    one, other = bring(store, [blank, blank])
    assert engine.deduplicate(store, empty_review).records == 2
    assert explaining.explain(store, empty_review, one, other).program == ""
