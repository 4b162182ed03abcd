"""The full-text stage: ordering, asking, translating, attaching and marking a report, and what takes back what."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from review.database import Append, LocalStore
from review.dedupe import deeds
from review.errors import DecisionError, UsageProblem
from review.project import Project
from review.screening import decisions, overview, queue, report_store, retrieval
from review.screening.report_tracks import TRACKS, holding
from review.terms import ReportEventKind, ReportTrack, Role
from tests.screening.records import bring, state_of

TEXT = "full_text"
DAY = date(2026, 3, 31)


@pytest.fixture
def store(store: LocalStore) -> Iterator[LocalStore]:
    """Held open: these tests take many small steps."""
    with store.holding():
        yield store


@pytest.fixture
def two(store: LocalStore, empty_review: Project) -> list[str]:
    """Two records that both reviewers included at title and abstract."""
    records = bring(store, [{"pmid": "101", "title": "First"}, {"pmid": "102", "title": "Second"}])
    for record in records:
        include(store, empty_review, record)
    return records


def include(store: LocalStore, project: Project, record: str, *, stage: str = "title_abstract") -> None:
    for who in ("ana", "ben"):
        decisions.decide(store, project, record=record, stage=stage, reviewer=who, verdict="include")


def report(store: LocalStore, record: str) -> dict[str, Any]:
    """The row of v1.report."""
    return store.read("select * from v1.report where record_id = $record", {"record": record}).to_dicts()[0]


def events(store: LocalStore) -> int:
    return int(store.read("select count(*) as n from screening.report_event")["n"][0])


DEEDS: dict[str, tuple[Callable[..., retrieval.ReportEvent], dict[str, Any]]] = {
    "order": (retrieval.order, {"source": "interlibrary loan"}),
    "retrieved": (retrieval.retrieved, {}),
    "not_retrieved": (retrieval.not_retrieved, {"reason": "no copy"}),
    "ask_authors": (retrieval.ask_authors, {"asked_on": DAY}),
    "want_translation": (retrieval.want_translation, {"language": "Chinese"}),
    "await_classification": (retrieval.await_classification, {"reason": "only an abstract"}),
    "mark_ongoing": (retrieval.mark_ongoing, {"reason": "recruiting until 2027"}),
    "seek": (retrieval.seek, {}),
    "attach": (retrieval.attach, {"name": "a.pdf", "content": b"%PDF-1.7 a"}),
}


def test_an_order_says_from_where_who_and_when(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    done = retrieval.order(store, empty_review, record="101", who="ben", source="  interlibrary loan ")
    assert (done.kind, done.from_where, done.new) == ("ordered", "interlibrary loan", True)
    row = report(store, two[0])
    assert (row["retrieval"], row["ordered_from"], row["ordered_by"]) == ("pending", "interlibrary loan", "ben")
    assert abs((row["ordered_on"] - datetime.now(UTC).date()).days) <= 1
    # the other report is untouched
    assert report(store, two[1])["ordered_from"] is None


def test_three_tracks_do_not_overwrite_each_other(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    words = {"record": two[0], "who": "ana"}
    retrieval.order(store, empty_review, **words, source="the shop")
    retrieval.ask_authors(store, empty_review, **words, asked_on=DAY)
    retrieval.want_translation(store, empty_review, **words, language="Chinese", note="methods only")
    retrieval.await_classification(store, empty_review, **words, reason="no methods in the abstract")
    retrieval.retrieved(store, empty_review, **words)
    row = report(store, two[0])
    assert row["retrieval"] == "retrieved"
    assert (row["ordered_from"], row["authors_asked_on"], row["authors_asked_by"]) == ("the shop", DAY, "ana")
    assert (row["translation_wanted"], row["language"]) == (True, "Chinese")
    assert (row["classification"], row["classification_reason"]) == (
        "awaiting_classification",
        "no methods in the abstract",
    )
    retrieval.translated(store, empty_review, **words)
    row = report(store, two[0])
    assert (row["translation_wanted"], row["language"], row["authors_asked_on"]) == (False, "Chinese", DAY)
    retrieval.classified(store, empty_review, **words)
    assert report(store, two[0])["classification"] is None


@pytest.mark.parametrize("name", sorted(DEEDS))
def test_the_same_id_twice_is_one_event(store: LocalStore, empty_review: Project, two: list[str], name: str) -> None:
    deed, words = DEEDS[name]
    first = deed(store, empty_review, record=two[0], who="ana", event_id="e1", **words)
    again = deed(store, empty_review, record=two[0], who="ana", event_id="e1", **words)
    assert (first.new, again.new) == (True, False)
    assert replace(again, new=True) == first
    assert events(store) == 1


@pytest.mark.parametrize("name", sorted(DEEDS))
def test_an_id_of_another_event_is_refused(store: LocalStore, empty_review: Project, two: list[str], name: str) -> None:
    deed, words = DEEDS[name]
    other = "not_retrieved" if name == "order" else "order"
    DEEDS[other][0](store, empty_review, record=two[0], who="ana", event_id="e1", **DEEDS[other][1])
    with pytest.raises(DecisionError, match="e1 exists already and is another one"):
        deed(store, empty_review, record=two[0], who="ana", event_id="e1", **words)
    # the same words about another record, or of another person, are another event too
    deed(store, empty_review, record=two[0], who="ana", event_id="e2", **words)
    for record, who in ((two[1], "ana"), (two[0], "ben")):
        with pytest.raises(DecisionError, match="e2 exists already"):
            deed(store, empty_review, record=record, who=who, event_id="e2", **words)
    assert events(store) == 2


@pytest.mark.parametrize("name", sorted(DEEDS))
def test_who_may(store: LocalStore, empty_review: Project, two: list[str], name: str) -> None:
    deed, words = DEEDS[name]
    people = [replace(one, role=Role.ANALYST) if one.id == "ben" else one for one in empty_review.reviewers]
    project = replace(empty_review, reviewers=tuple(people))
    with pytest.raises(DecisionError, match="ben has the role analyst; reports are handled by: owner, reviewer"):
        deed(store, project, record=two[0], who="ben", **words)
    with pytest.raises(UsageProblem, match="'eve' is not a reviewer"):
        deed(store, project, record=two[0], who="eve", **words)
    gone = [replace(one, left=date(2026, 1, 1)) if one.id == "ben" else one for one in empty_review.reviewers]
    with pytest.raises(DecisionError, match="ben left the team on 2026-01-01"):
        deed(store, replace(project, reviewers=tuple(gone)), record=two[0], who="ben", **words)
    assert events(store) == 0
    assert not (project.root / "full_texts").exists()
    deed(store, project, record=two[0], who="cyd", **words)


@pytest.mark.parametrize("name", sorted(DEEDS))
def test_only_what_is_included_at_title_and_abstract_is_sought(
    store: LocalStore, empty_review: Project, name: str
) -> None:
    record = bring(store, [{"pmid": "301"}])[0]
    deed, words = DEEDS[name]
    with pytest.raises(DecisionError, match="not included at title and abstract, so its report is not sought"):
        deed(store, empty_review, record=record, who="ana", **words)
    assert not (empty_review.root / "full_texts").exists()


@pytest.mark.parametrize(
    ("name", "words", "problem"),
    [
        ("order", {"source": " "}, "from where"),
        ("not_retrieved", {"reason": ""}, "needs a reason"),
        ("want_translation", {"language": "\n"}, "needs the language"),
        ("await_classification", {"reason": " "}, "needs a reason"),
        ("mark_ongoing", {"reason": ""}, "needs a reason"),
        ("ask_authors", {"asked_on": datetime.now(UTC).date() + timedelta(days=9)}, "still to come"),
    ],
)
def test_what_a_deed_needs(
    store: LocalStore, empty_review: Project, two: list[str], name: str, words: dict[str, Any], problem: str
) -> None:
    with pytest.raises(DecisionError, match=problem) as refusal:
        DEEDS[name][0](store, empty_review, record=two[0], who="ana", **words)
    assert refusal.value.hint
    assert events(store) == 0


def test_what_does_not_fit_is_refused(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    words = {"record": two[0], "who": "ana"}
    with pytest.raises(DecisionError, match=r"no translation .* is wanted"):
        retrieval.translated(store, empty_review, **words)
    with pytest.raises(DecisionError, match="neither awaiting classification nor ongoing"):
        retrieval.classified(store, empty_review, **words)
    retrieval.retrieved(store, empty_review, **words)
    with pytest.raises(DecisionError, match="is there already"):
        retrieval.order(store, empty_review, **words, source="the shop")
    with pytest.raises(UsageProblem, match="'letters' is not a track; allowed: retrieval, correspondence, classif"):
        retrieval.withdraw(store, empty_review, **words, track="letters")


def test_a_withdrawal_takes_the_newest_back_and_what_it_replaced_holds_again(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    words = {"record": two[0], "who": "ana"}
    retrieval.order(store, empty_review, **words, source="the shop")
    retrieval.not_retrieved(store, empty_review, **words, reason="out of print")
    retrieval.retrieved(store, empty_review, **words)
    assert report(store, two[0])["retrieval"] == "retrieved"
    seen = []
    for _ in range(3):
        assert retrieval.withdraw(store, empty_review, **words).track is ReportTrack.RETRIEVAL
        row = report(store, two[0])
        seen.append((row["retrieval"], row["not_retrieved_reason"], row["ordered_from"]))
    assert seen == [
        ("not_retrieved", "out of print", "the shop"),
        ("pending", None, "the shop"),
        ("pending", None, None),
    ]
    with pytest.raises(DecisionError, match="nothing is noted about the report"):
        retrieval.withdraw(store, empty_review, **words)


def test_a_withdrawal_of_a_track_leaves_the_others(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    words = {"record": two[0], "who": "ana"}
    retrieval.retrieved(store, empty_review, **words)
    retrieval.ask_authors(store, empty_review, **words, asked_on=DAY)
    retrieval.want_translation(store, empty_review, **words, language="Chinese")
    retrieval.mark_ongoing(store, empty_review, **words, reason="recruiting")
    with pytest.raises(DecisionError, match=r"nothing is noted .* in classification"):
        retrieval.withdraw(store, empty_review, record=two[1], who="ana", track="classification")
    retrieval.withdraw(store, empty_review, **words, track="classification")
    retrieval.withdraw(store, empty_review, **words, track=ReportTrack.CORRESPONDENCE)
    row = report(store, two[0])
    assert (row["classification"], row["translation_wanted"], row["authors_asked_on"]) == (None, False, DAY)
    assert row["retrieval"] == "retrieved"
    # without a track: the newest of all that holds, whoever said it
    retrieval.withdraw(store, empty_review, record=two[0], who="ben")
    row = report(store, two[0])
    assert (row["authors_asked_on"], row["retrieval"]) == (None, "retrieved")


def test_a_translation_that_was_said_to_be_there_too_early_is_wanted_again(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    words = {"record": two[0], "who": "ana"}
    retrieval.want_translation(store, empty_review, **words, language="Chinese")
    retrieval.translated(store, empty_review, **words)
    retrieval.withdraw(store, empty_review, **words, track="correspondence")
    assert (report(store, two[0])["translation_wanted"], report(store, two[0])["language"]) == (True, "Chinese")


def old_event(record: str, name: str, kind: str, supersedes: str | None) -> dict[str, Any]:
    """An event as the program wrote it before there were tracks."""
    reason = "no copy" if kind == "not_retrieved" else None
    return {
        "event_id": name, "supersedes": supersedes, "source_record_id": record, "kind": kind, "reason": reason,
        "file_name": None, "file_sha256": None, "who": "ana", "decided_at": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip


def test_a_withdrawal_from_before_there_were_tracks_means_what_it_meant(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    chain = [("e1", "not_retrieved", None), ("e2", "retrieved", "e1"), ("e3", "withdrawn", "e2")]
    store.apply([Append("screening.report_event", [old_event(two[0], *one) for one in chain])])
    assert report(store, two[0])["retrieval"] == "pending"
    assert state_of(store, two[0], TEXT) is None
    with pytest.raises(DecisionError, match="nothing is noted"):
        retrieval.withdraw(store, empty_review, record=two[0], who="ana")
    retrieval.retrieved(store, empty_review, record=two[0], who="ana")
    assert report(store, two[0])["retrieval"] == "retrieved"
    retrieval.withdraw(store, empty_review, record=two[0], who="ana")
    assert report(store, two[0])["retrieval"] == "pending"


def test_full_text_is_screened_only_where_the_report_is_there(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    words = {"record": two[0], "who": "ana"}
    for name in ("order", "ask_authors", "want_translation"):
        DEEDS[name][0](store, empty_review, **words, **DEEDS[name][1])
        with pytest.raises(DecisionError, match="has not been retrieved"):
            include(store, empty_review, two[0], stage=TEXT)
        assert state_of(store, two[0], TEXT) is None
    retrieval.retrieved(store, empty_review, **words)
    # a letter after it does not take the report away
    retrieval.ask_authors(store, empty_review, **words, asked_on=DAY)
    assert state_of(store, two[0], TEXT) == "needs_first"
    include(store, empty_review, two[0], stage=TEXT)
    assert state_of(store, two[0], TEXT) == "include"


@pytest.mark.parametrize("mark", ["await_classification", "mark_ongoing"])
def test_a_marked_report_is_neither_in_nor_out_until_it_is_classified(
    store: LocalStore, empty_review: Project, two: list[str], mark: str
) -> None:
    word = {"await_classification": "awaiting_classification", "mark_ongoing": "ongoing"}[mark]
    words = {"record": two[0], "who": "ana"}
    retrieval.retrieved(store, empty_review, **words)
    include(store, empty_review, two[0], stage=TEXT)
    assert report(store, two[0])["full_text_state"] == "include"
    DEEDS[mark][0](store, empty_review, **words, **DEEDS[mark][1])
    row = report(store, two[0])
    assert (row["classification"], row["full_text_state"], row["exclusion_reason"]) == (word, word, None)
    assert state_of(store, two[0], TEXT) == word
    retrieval.classified(store, empty_review, **words)
    row = report(store, two[0])
    assert (row["classification"], row["full_text_state"]) == (None, "include")
    # and the other way to the same end
    DEEDS[mark][0](store, empty_review, **words, **DEEDS[mark][1])
    retrieval.withdraw(store, empty_review, **words)
    assert report(store, two[0])["full_text_state"] == "include"


def test_nobody_owes_a_decision_on_a_marked_report(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    for record in two:
        retrieval.retrieved(store, empty_review, record=record, who="ana")
    retrieval.await_classification(store, empty_review, record=two[0], who="ana", reason="no methods")
    assert queue.queue(store, empty_review, reviewer="ben", stage=TEXT) == [two[1]]
    owed = {(row["reviewer"], row["stage"]): row["records"] for row in overview.owed(store, empty_review).to_dicts()}
    assert owed == {("ana", TEXT): 1, ("ben", TEXT): 1}
    retrieval.classified(store, empty_review, record=two[0], who="ana")
    assert set(queue.queue(store, empty_review, reviewer="ben", stage=TEXT)) == set(two)


def test_a_mark_needs_no_report_at_hand(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    retrieval.mark_ongoing(store, empty_review, record=two[0], who="ana", reason="registry entry, recruiting")
    row = report(store, two[0])
    assert (row["classification"], row["retrieval"], row["full_text_state"]) == ("ongoing", "pending", "ongoing")


def test_a_mark_is_silent_while_its_record_is_not_included(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    retrieval.mark_ongoing(store, empty_review, record=two[0], who="ana", reason="recruiting")
    decisions.undo(store, empty_review, record=two[0], stage="title_abstract", reviewer="ben")
    assert store.read("select record_id from v1.report")["record_id"].to_list() == [two[1]]
    assert state_of(store, two[0], TEXT) is None


def test_the_list_says_what_each_report_waits_for(store: LocalStore, empty_review: Project) -> None:
    titles = ["order", "ordered", "asked", "ordered after asking", "wanted", "awaiting", "ongoing", "there", "gone"]
    records = bring(store, [{"title": title, "number": 50 + place} for place, title in enumerate(titles)], name="i9")
    for record in records:
        include(store, empty_review, record)
    by = dict(zip(titles, records, strict=True))

    def note(title: str, *names: str) -> None:
        for name in names:
            deed, words = DEEDS[name]
            deed(store, empty_review, record=by[title], who="ana", **words)

    note("ordered", "order")
    note("asked", "order")
    retrieval.ask_authors(store, empty_review, record=by["asked"], who="ana", asked_on=datetime.now(UTC).date())
    note("ordered after asking", "ask_authors", "order")
    note("wanted", "retrieved", "want_translation")
    note("awaiting", "retrieved", "await_classification")
    note("ongoing", "mark_ongoing")
    note("there", "ask_authors", "retrieved")
    note("gone", "not_retrieved")
    rows = retrieval.retrieval_list(store, empty_review)
    waits = dict(zip(rows["title"], rows["waits_for"], strict=True))
    assert waits == {
        "order": "order", "ordered": "delivery", "asked": "answer of the authors",
        "ordered after asking": "delivery", "wanted": "translation", "awaiting": "classification",
        "ongoing": "the end of the study", "there": None, "gone": None,
    }  # fmt: skip
    # what waits stands first, and --waiting is all that does
    assert set(rows["title"].to_list()[-2:]) == {"there", "gone"}
    waiting = retrieval.retrieval_list(store, empty_review, waiting=True)
    assert waiting.equals(rows.head(7))
    assert {"authors", "journal", "volume", "pages", "ordered_by", "authors_asked_on"} <= set(waiting.columns)


def test_a_blind_reviewer_sees_in_the_lists_what_was_noted_and_nothing_that_was_decided(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    for record in two:
        retrieval.retrieved(store, empty_review, record=record, who="ben")
    before = [read(store, empty_review, reviewer="ben") for read in (retrieval.reports, retrieval.retrieval_list)]
    decisions.decide(store, empty_review, record=two[0], stage=TEXT, reviewer="ana", verdict="exclude", reason="design")
    after = [read(store, empty_review, reviewer="ben") for read in (retrieval.reports, retrieval.retrieval_list)]
    assert all(one.equals(other) for one, other in zip(before, after, strict=True))
    # a report that is not here waits for nobody, whether somebody has read it or not: that is no news for ben
    retrieval.withdraw(store, empty_review, record=two[0], who="ana")
    assert report(store, two[0])["retrieval"] == "pending"
    for rows in (retrieval.reports(store, empty_review, reviewer="ben"),
                 retrieval.retrieval_list(store, empty_review, reviewer="ben")):  # fmt: skip
        row = next(one for one in rows.to_dicts() if one["record_id"] == two[0])
        assert row["retrieval"] == "pending"
        assert row["full_text_state"] is None
        assert row.get("waits_for", "order") == "order"
        assert "design" not in str(rows.to_dicts())
    # the owner of the file, and whoever resolves, see all of it
    assert "design" not in str(retrieval.reports(store, empty_review, reviewer="cyd").to_dicts())
    assert retrieval.reports(store, empty_review)["full_text_state"].to_list() != [None, None]


@pytest.mark.parametrize("read", [False, True], ids=["nobody has read it", "ana has"])
@pytest.mark.parametrize("gone", [retrieval.withdraw, retrieval.not_retrieved])
def test_a_report_that_is_not_here_any_more_waits_for_nobody(
    store: LocalStore, empty_review: Project, two: list[str], gone: Any, read: bool
) -> None:
    record = two[0]
    retrieval.retrieved(store, empty_review, record=record, who="ben")
    if read:
        decisions.decide(store, empty_review, record=record, stage=TEXT, reviewer="ana", verdict="include")
    why = {"reason": "the wrong paper"} if gone is retrieval.not_retrieved else {}
    gone(store, empty_review, record=record, who="ben", **why)
    assert queue.queue(store, empty_review, reviewer="ben", stage=TEXT) == []
    assert store.read("select * from v1.owed where stage = 'full_text'").height == 0
    assert state_of(store, record, TEXT) is None
    assert report(store, record)["retrieval"] == ("not_retrieved" if why else "pending")
    # what was said of it is kept, and counts when it is here again
    retrieval.retrieved(store, empty_review, record=record, who="ben")
    assert state_of(store, record, TEXT) == ("needs_second" if read else "needs_first")


def test_why_a_report_was_not_had_is_told_whoever_decided_on_it_beside(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    retrieval.retrieved(store, empty_review, record=two[0], who="ben")
    seen = []
    for texts in (False, True):
        if texts:
            retrieval.retrieved(store, empty_review, record=two[0], who="ana")
            words = {"record": two[0], "stage": TEXT, "reviewer": "ana", "verdict": "include"}
            decisions.decide(store, empty_review, **words)
        retrieval.not_retrieved(store, empty_review, record=two[0], who="ben", reason="no answer")
        rows = retrieval.reports(store, empty_review, reviewer="ben").to_dicts()
        row = next(one for one in rows if one["record_id"] == two[0])
        seen.append((row["retrieval"], row["not_retrieved_reason"]))
    assert seen == [("not_retrieved", "no answer")] * 2


def test_why_a_report_is_marked_is_an_opinion_and_kept_from_the_blind(
    store: LocalStore, empty_review: Project, two: list[str]
) -> None:
    retrieval.retrieved(store, empty_review, record=two[0], who="ana")
    retrieval.await_classification(store, empty_review, record=two[0], who="ana", reason="SECRET I would exclude it")
    for read in (retrieval.reports, retrieval.retrieval_list):
        assert "SECRET" not in str(read(store, empty_review, reviewer="ben").to_dicts())
        assert "awaiting_classification" in str(read(store, empty_review, reviewer="ben").to_dicts())
        assert "SECRET" in str(read(store, empty_review).to_dicts())


def test_a_split_gives_each_side_its_own_reports_back(store: LocalStore, empty_review: Project, two: list[str]) -> None:
    retrieval.retrieved(store, empty_review, record=two[1], who="ana")
    deeds.merge(store, empty_review, *two, who="ana")
    merged = min(two)
    assert report(store, merged)["retrieval"] == "retrieved"
    retrieval.withdraw(store, empty_review, record=merged, who="ana")
    assert report(store, merged)["retrieval"] == "pending"
    deeds.split(store, empty_review, *two, who="ana")
    assert [report(store, one)["retrieval"] for one in two] == ["pending", "pending"]


def by_hand(rows: list[dict[str, Any]]) -> set[str]:
    """The ids that hold, as a person would find them: cross out what was taken back, then what was replaced."""
    crossed: set[str] = set()
    for row in rows:
        if row["kind"] == "withdrawn" and row["track"]:
            crossed.add(row["supersedes"])
    left = [row for row in rows if row["event_id"] not in crossed and not (row["kind"] == "withdrawn" and row["track"])]
    left = [row for row in left if not any(other["supersedes"] == row["event_id"] for other in left)]
    lines: dict[str, dict[str, Any]] = {}
    for row in sorted(left, key=lambda one: one["arrival"]):
        if row["kind"] == "authors_asked":
            line = "authors"
        elif row["kind"].startswith("translat"):
            line = "translation"
        elif row["kind"] in ("awaiting_classification", "ongoing", "classified"):
            line = "mark"
        else:
            line = "retrieval"
        lines[line] = row
    return {row["event_id"] for row in lines.values() if row["kind"] != "withdrawn"}


@pytest.mark.parametrize("seed", range(12))
def test_sql_python_and_a_hand_agree_on_what_holds(
    store: LocalStore, empty_review: Project, two: list[str], seed: int
) -> None:
    chance = random.Random(seed)
    rows: list[dict[str, Any]] = []
    for number in range(14):
        kind = chance.choice(list(ReportEventKind))
        earlier = [None, *(row["event_id"] for row in rows)]
        target = chance.choice(earlier)
        track = chance.choice([None, "retrieval", "classification"]) if kind == "withdrawn" and target else None
        rows.append(
            {
                "event_id": f"e{number}", "supersedes": target, "source_record_id": two[0], "kind": kind.value,
                "track": track, "reason": "words", "from_where": "shop", "asked_on": DAY, "language": "x",
                "who": "ana", "decided_at": datetime(2026, 1, 1, tzinfo=UTC), "arrival": number + 1,
            }
        )  # fmt: skip
    store.apply([Append("screening.report_event", rows)])
    in_sql = store.read("select event_id from v1.report_event where holds")["event_id"].to_list()
    in_python = [row["event_id"] for row in holding(report_store.read_events(store, two[0]))]
    assert sorted(in_sql) == sorted(in_python) == sorted(by_hand(rows))
    # the state that is kept for the queue rests on the same
    held = [row for row in rows if row["event_id"] in in_sql]
    marked = next((row["kind"] for row in held if row["kind"] in ("awaiting_classification", "ongoing")), None)
    there = any(row["kind"] == "retrieved" for row in held)
    assert state_of(store, two[0], TEXT) == (marked or ("needs_first" if there else None))
    kinds = {ReportEventKind(row["kind"]) for row in held}
    assert all(TRACKS[kind] for kind in kinds)
