"""Typed links on a real database: made once, withdrawn, told by PubMed, and refused where they contradict."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from review.database import Append, LocalStore
from review.dedupe import deeds, engine, links, log, waiting
from review.errors import DecisionError, UsageProblem
from review.project import Project
from review.terms import DuplicateEventKind, LinkKind
from tests.conftest import synthetic_receipt
from tests.screening.records import bring

DOI = "10.1000/a"
LIKE = {"doi": DOI, "title": "A test injection for knee pain", "authors": "Smith J; Doe A", "year": 2019}


@pytest.fixture
def store(store: LocalStore) -> Iterator[LocalStore]:
    """Held open: these tests take many small steps."""
    with store.holding():
        yield store


@pytest.fixture
def two(store: LocalStore) -> list[str]:
    """Two records that look like one and have two PMIDs, so that a person is asked; and one that is like neither."""
    return bring(
        store, [{**LIKE, "pmid": "11", "source": "PubMed"}, {**LIKE, "pmid": "12", "source": "PubMed"}, {"pmid": "13"}]
    )


def rows(store: LocalStore) -> list[dict[str, Any]]:
    return store.read("select * from v1.record_link order by link_id").to_dicts()


def counts(store: LocalStore) -> tuple[int, int]:
    """How many rows the tables of links and of duplicate events hold."""
    one, other = (
        store.read(f"select count(*) as n from dedupe.{table}")["n"][0] for table in ("record_link", "duplicate_event")
    )
    return int(one), int(other)


def tell(store: LocalStore, *notices: tuple[str, str, str | None], retracted: str | None = None) -> None:
    """Have PubMed's records tell notices: (kind, the publication, its notice), read with the first record of both."""
    first = store.read("select min(source_record_id) as id from search.source_record where pmid = '11'")["id"][0]
    rows = [
        {"source_record_id": first, "position": place, "kind": kind, "pmid": pmid, "notice_pmid": notice,
         "notice_text": "J Test. 2020;1:2"}
        for place, (kind, pmid, notice) in enumerate(notices, start=1)
    ]  # fmt: skip
    at = datetime(2026, 1, 2, tzinfo=UTC)
    # the table of notices is made anew with each import
    store.apply(
        [Append("search.notice", rows), Append("search.import_receipt", [synthetic_receipt("told", records=0, at=at)])]
    )


def test_a_link_stands_and_keeps_its_records_apart(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    engine.deduplicate(store, empty_review)
    assert waiting.waiting_pairs(store).height == 1
    done = links.link(store, empty_review, two[1], "11", kind="erratum_of", who="ana", note="page 3")
    assert (done.new, done.kind, done.from_record, done.to_record) == (True, LinkKind.ERRATUM_OF, two[1], two[0])
    (row,) = rows(store)
    assert (row["kind"], row["from_record_id"], row["to_record_id"]) == ("erratum_of", two[1], two[0])
    assert (row["who"], row["note"], row["link_id"]) == ("ana", "page 3", done.link_id)
    assert waiting.waiting_pairs(store).height == 0
    (split,) = log.read_log(store, people_only=True).to_dicts()
    assert (split["kind"], split["event_id"], split["who"]) == ("split", done.link_id, "ana")
    engine.deduplicate(store, empty_review)
    assert store.read("select count(*) as n from v1.record")["n"][0] == 3


def test_a_link_outlives_a_later_shared_pmid(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    links.link(store, empty_review, two[0], two[1], kind="abstract_of", who="ana")
    bring(store, [{**LIKE, "number": 9, "pmid": "11", "source": "Embase"}], name="i2")
    engine.deduplicate(store, empty_review)
    (row,) = rows(store)
    assert row["from_record_id"] != row["to_record_id"] == two[1]
    assert links.between(store, "13", two[0]) == []
    assert [one["kind"] for one in links.between(store, two[1], two[0])] == ["abstract_of"]


def test_the_same_link_twice_is_one(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    first = links.link(store, empty_review, two[0], two[1], kind="reply-to", who="ana", link_id="mine")
    before = counts(store)
    again = links.link(store, empty_review, two[0], two[1], kind="reply_to", who="ben")
    sent_again = links.link(store, empty_review, two[0], two[1], kind="reply_to", who="ana", link_id="mine")
    assert (first.link_id, again.link_id, sent_again.link_id) == ("mine", "mine", "mine")
    assert (again.new, again.remark, sent_again.new) == (False, "stands already, by ana", False)
    assert counts(store) == before == (1, 1)


def test_companions_are_companions_either_way(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    links.link(store, empty_review, two[0], two[1], kind="companion_of", who="ana")
    assert not links.link(store, empty_review, two[1], two[0], kind="companion_of", who="ben").new
    assert len(rows(store)) == 1


def test_a_ring_of_one_kind_is_refused(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    links.link(store, empty_review, two[0], two[1], kind="erratum_of", who="ana")
    with pytest.raises(DecisionError, match="ring"):
        links.link(store, empty_review, two[1], two[0], kind="erratum_of", who="ben")
    links.link(store, empty_review, two[1], two[2], kind="erratum_of", who="ana")
    with pytest.raises(DecisionError, match=r"ring.*review dedupe unlink"):
        links.link(store, empty_review, two[2], two[0], kind="erratum_of", who="ben")
    links.link(store, empty_review, two[2], two[0], kind="reply_to", who="ben")
    assert counts(store) == (3, 3)


def test_what_is_one_record_is_not_linked(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    deeds.merge(store, empty_review, two[0], two[1], who="ana")
    with pytest.raises(DecisionError, match=r"one record.*review dedupe split"):
        links.link(store, empty_review, two[0], two[1], kind="erratum_of", who="ana")
    with pytest.raises(DecisionError, match="same source record"):
        links.link(store, empty_review, "13", two[2], kind="erratum_of", who="ana")
    deeds.split(store, empty_review, two[0], two[1], who="ana")
    before = counts(store)[1]
    assert links.link(store, empty_review, two[0], two[1], kind="erratum_of", who="ana").new
    assert counts(store)[1] == before  # they are apart already


@pytest.mark.parametrize("word", ["twin_of", "", "erratum", "merge"])
def test_an_unknown_kind_lists_those_that_are_allowed(
    store: LocalStore, empty_review: Project, two: list[str], word: str
) -> None:
    with pytest.raises(UsageProblem, match=r"allowed: erratum_of, retraction_of, .*companion_of"):
        links.link(store, empty_review, two[0], two[1], kind=word, who="ana")
    assert counts(store) == (0, 0)


def test_nobody_of_the_review_links_nothing(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    with pytest.raises(UsageProblem, match="zoe"):
        links.link(store, empty_review, two[0], two[1], kind="erratum_of", who="zoe")
    with pytest.raises(UsageProblem, match="no record has"):
        links.link(store, empty_review, two[0], "999", kind="erratum_of", who="ana")


def test_a_withdrawn_link_gives_the_pair_back(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    engine.deduplicate(store, empty_review)
    done = links.link(store, empty_review, two[0], two[1], kind="erratum_of", who="ana")
    back = links.withdraw(store, empty_review, done.link_id[:8], who="ben", note="wrong way round")
    assert (back.link_ids, back.apart) == ((done.link_id,), False)
    assert rows(store) == []
    assert waiting.waiting_pairs(store).height == 1
    told = links.link_log(store).to_dicts()
    assert [(row["deed"], row["who"], row["supersedes"]) for row in told] == [
        ("linked", "ana", None),
        ("withdrawn", "ben", done.link_id),
    ]
    with pytest.raises(UsageProblem, match="not a link that stands"):
        links.withdraw(store, empty_review, done.link_id, who="ben")
    assert links.link(store, empty_review, two[0], two[1], kind="erratum_of", who="ana").new


def test_a_split_of_somebody_else_outlives_the_link(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    deeds.split(store, empty_review, two[0], two[1], who="ben")
    links.link(store, empty_review, two[0], two[1], kind="erratum_of", who="ana")
    assert links.withdraw_between(store, empty_review, two[1], two[0], who="ana").apart
    engine.deduplicate(store, empty_review)
    assert waiting.waiting_pairs(store).height == 0


def test_the_last_of_two_links_takes_the_split_along(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    first = links.link(store, empty_review, two[0], two[1], kind="erratum_of", who="ana")
    links.link(store, empty_review, two[0], two[1], kind="reply_to", who="ben")
    assert links.withdraw(store, empty_review, first.link_id, who="ana").apart
    assert waiting.waiting_pairs(store).height == 0
    assert not links.withdraw_between(store, empty_review, two[0], two[1], kind="reply_to", who="ana").apart
    assert waiting.waiting_pairs(store).height == 1


def test_a_withdrawal_sent_twice_is_one(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    done = links.link(store, empty_review, two[0], two[1], kind="erratum_of", who="ana")
    for _ in range(2):
        back = links.withdraw(store, empty_review, done.link_id, who="ana", withdrawal_id="w1")
        assert back.link_ids == (done.link_id,)
    assert counts(store) == (2, 2)
    with pytest.raises(DecisionError, match="no link reply_to stands between"):
        links.withdraw_between(store, empty_review, two[0], two[1], kind="reply_to", who="ana")


def test_a_link_within_what_was_merged_elsewhere_is_not_shown(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    """Another copy of the review may have merged what this one linked; its events come by `review events import`."""
    links.link(store, empty_review, two[0], two[1], kind="erratum_of", who="ana")
    low, high = sorted(two[:2])
    row = deeds.event_row(DuplicateEventKind.MERGE, (low, high), "ben", event_id="theirs")
    store.apply([Append("dedupe.duplicate_event", [row])])
    store.apply(engine.rebuilt(store))
    assert rows(store) == links.between(store, two[0], two[1]) == []
    deeds.undo(store, empty_review, "theirs", who="ben")
    assert len(rows(store)) == 1


def test_a_linked_pair_is_not_merged_before_its_link_is_taken_back(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    done = links.link(store, empty_review, two[0], two[1], kind="erratum_of", who="ana")
    before = counts(store)
    with pytest.raises(DecisionError, match=r"ana linked them as erratum_of") as refused:
        deeds.merge(store, empty_review, two[1], two[0], who="ben")
    assert f"review dedupe unlink {done.link_id}" in str(refused.value)
    assert counts(store) == before
    links.withdraw(store, empty_review, done.link_id, who="ana")
    assert deeds.merge(store, empty_review, two[1], two[0], who="ben").together


def test_what_keeps_linked_records_apart_goes_with_the_link_only(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    """Else the next run, or a merge, would make the link vanish without a word."""
    done = links.link(store, empty_review, two[0], two[1], kind="erratum_of", who="ana")
    also = links.link(store, empty_review, two[0], two[1], kind="reply_to", who="ben")
    for link_id, other in ((done.link_id, also.link_id), (also.link_id, None)):
        with pytest.raises(DecisionError, match="kept apart by their link") as refused:
            deeds.undo(store, empty_review, done.link_id, who="ben")
        assert f"review dedupe unlink {link_id}" in str(refused.value)
        links.withdraw(store, empty_review, link_id, who="ana")
        assert len(rows(store)) == (other is not None)
    deeds.lock(store, empty_review, two[0], two[1], who="ana")
    links.link(store, empty_review, two[0], two[1], kind="erratum_of", who="ana")
    with pytest.raises(DecisionError, match=r"kept apart by their link.*review dedupe unlink"):
        deeds.unlock(store, empty_review, two[0], two[1], who="ana")
    assert len(rows(store)) == 1


def test_a_locked_pair_says_how_to_unlock_it(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    low, high = sorted(two[:2])
    deeds.lock(store, empty_review, low, high, who="ana")
    with pytest.raises(DecisionError, match=f"review dedupe unlock {low} {high}"):
        deeds.merge(store, empty_review, high, low, who="ben")


def test_an_id_of_ones_own_names_one_deed(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    links.link(store, empty_review, two[0], two[1], kind="erratum_of", who="ana", link_id="mine")
    deeds.split(store, empty_review, two[0], two[2], who="ana", event_id="split")
    before = counts(store)
    for a, b, kind in ((two[1], two[0], "erratum_of"), (two[0], two[1], "reply_to"), (two[0], two[2], "erratum_of")):
        for taken in ("mine", "split"):
            with pytest.raises(DecisionError, match=f"the id '{taken}' is that of another deed"):
                links.link(store, empty_review, a, b, kind=kind, who="ana", link_id=taken)
    with pytest.raises(DecisionError, match="the id 'split' is that of another deed: split of"):
        deeds.split(store, empty_review, two[1], two[2], who="ana", event_id="split")
    with pytest.raises(DecisionError, match="the id 'split' is that of another deed"):
        deeds.merge(store, empty_review, two[0], two[2], who="ana", event_id="split")
    with pytest.raises(DecisionError, match="the id 'mine' is that of another deed"):
        deeds.undo(store, empty_review, "split", who="ana", event_id="mine")
    assert counts(store) == before
    assert deeds.split(store, empty_review, two[2], two[0], who="ana", event_id="split").event_id == "split"
    for _ in range(2):
        assert deeds.undo(store, empty_review, "split", who="ana", event_id="back").event_id == "back"


def test_pubmed_links_a_notice_to_what_it_is_about(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    tell(store, ("erratum", "11", "12"), ("retraction", "11", "13"), ("erratum", "11", "77"), ("update", "13", None))
    found = {row["link_id"]: row for row in rows(store)}
    assert set(found) == {"pubmed-erratum_of-12-11", "pubmed-retraction_of-13-11"}
    row = found["pubmed-erratum_of-12-11"]
    assert (row["from_record_id"], row["to_record_id"], row["who"]) == (two[1], two[0], "PubMed")
    assert row["note"] == "J Test. 2020;1:2"
    with pytest.raises(DecisionError, match="by PubMed"):
        links.link(store, empty_review, two[0], two[1], kind="erratum_of", who="ana")


def test_what_was_retracted_and_printed_anew_is_a_reprint(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    new = {"number": 9, "pmid": "14", "publication_types": ["Journal Article", "Corrected and Republished Article"]}
    bring(store, [new], name="i2")
    tell(store, ("retraction", "11", "14"))
    assert [row["link_id"] for row in rows(store)] == ["pubmed-reprint_of-14-11"]


def test_a_person_can_take_back_what_pubmed_tells(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    tell(store, ("erratum", "11", "12"))
    links.withdraw(store, empty_review, "pubmed-erratum_of-12-11", who="ana")
    assert rows(store) == []
    tell(store, ("erratum", "11", "12"))
    assert rows(store) == []
    mine = links.link(store, empty_review, "12", "11", kind="erratum_of", who="ana")
    assert [row["link_id"] for row in rows(store)] == [mine.link_id]


def test_a_person_may_say_what_pubmed_says(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    tell(store, ("erratum", "11", "12"))
    assert waiting.waiting_pairs(store).height == 0  # PubMed has answered
    done = links.link(store, empty_review, "12", "11", kind="erratum_of", who="ana")
    assert (done.new, done.remark) == (True, "PubMed says so too")
    assert links.all_links(store, "13").height == 0
    assert links.all_links(store, "11")["who"].to_list() == ["PubMed", "ana"]
    assert len(links.withdraw_between(store, empty_review, "11", "12", who="ana").link_ids) == 2
    assert rows(store) == []
