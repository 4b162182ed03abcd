"""A review kept alive: strategies run again, known PMIDs read again, versions of one record, notices to the end.

All records are SYNTHETIC and come from the loopback server.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from review.cli import run as at_keyboard
from review.database import Append, LocalStore
from review.dedupe import deeds, engine, explaining
from review.errors import DecisionError, EntrezError, ExitCode, SearchError, UsageProblem
from review.flows.update import Update, update
from review.project import Project
from review.reporting.prisma import flow_values
from review.screening import decisions, queue
from review.screening.blinding import is_open, visible_decisions
from review.screening.records import find_record
from review.search import runs
from review.search.entrez import Client
from review.search.ingest import import_file
from review.search.pubmed_files import ingest_file
from review.search.strategy import load_strategy
from review.search.transport import Transport
from review.search.watch import replay, unwatched, watch
from review.terms import Stage
from tests.conftest import synthetic_receipt
from tests.eutils_server import Eutils, Mood, article, article_set, pointed_at, serving
from tests.screening.records import bring, state_of

STRATEGY = """\
name = "{name}"
version = "1"
source = "PubMed"
status = "not run"

[[line]]
label = "{name}"
block = "condition"
text = "{name}[tiab]"
"""
# what an update may add to: what was asked and answered, and which import brought what; never a record or an event
LOG = {
    "search.run_start",
    "search.response",
    "search.search_run",
    "search.search_line",
    "search.import_receipt",
    "search.import_record",
    "search.watched_record",
}


@dataclass
class Library:
    """What PubMed holds: *found* by strategy, *papers* that are not as `article` writes them (None: not there)."""

    found: dict[str, list[int]] = field(default_factory=lambda: {"knee": [11, 12, 13]})
    papers: dict[int, str | None] = field(default_factory=dict)

    def search(self, term: str) -> list[int]:
        return self.found.get(term.removesuffix("[tiab]"), [])

    def write(self, pmid: int) -> str:
        return self.papers.get(pmid, article(pmid)) or ""

    def revise(self, pmid: int, words: str) -> None:
        self.papers[pmid] = article(pmid).replace("SYNTHETIC.", f"SYNTHETIC. {words}")

    def say_of(self, pmid: int, *said: tuple[str, int]) -> None:
        """Let the record of *pmid* carry notices: (RefType, PMID of the other)."""
        listed = "".join(
            f'<CommentsCorrections RefType="{kind}"><RefSource>J Synth. 2026;1:{other}</RefSource>'
            f'<PMID Version="1">{other}</PMID></CommentsCorrections>'
            for kind, other in said
        )
        self.papers[pmid] = article(pmid, extra=f"<CommentsCorrectionsList>{listed}</CommentsCorrectionsList>")


@pytest.fixture
def pubmed() -> Library:
    return Library()


@pytest.fixture
def server(pubmed: Library) -> Iterator[Eutils]:
    with serving(Eutils(search=pubmed.search, write=pubmed.write)) as eutils, pointed_at(eutils):
        yield eutils


@pytest.fixture
def client() -> Client:
    # with a key Bio.Entrez pauses a quarter as long between two questions
    quick = Transport(tries=1, timeout=20, sleep=lambda seconds: None)
    return Client(email="nobody@example.org", api_key="synthetic-key", transport=quick)


@pytest.fixture
def store(store: LocalStore) -> Iterator[LocalStore]:
    """The empty database, held open."""
    with store.holding():
        yield store


@pytest.fixture
def knee(empty_review: Project) -> Project:
    """A review with the strategy `knee`, which has not run."""
    return with_strategy(empty_review, "knee")


@pytest.fixture
def ran(store: LocalStore, knee: Project, client: Client, server: Eutils) -> Project:
    """A review whose strategy found the records 11, 12 and 13 once."""
    run(store, knee, client, "knee")
    return knee


def with_strategy(project: Project, name: str) -> Project:
    folder = project.queries / "pubmed"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.toml").write_text(STRATEGY.format(name=name), "utf-8")
    return project


def run(store: LocalStore, project: Project, client: Client, name: str) -> str:
    strategy = load_strategy(project.queries / "pubmed" / f"{name}.toml")
    return runs.run(store, project, strategy, client=client).run_id


def changes(done: Update) -> list[tuple[str, str, str | None]]:
    return [(row["change"], row["pmid"], row["kind"]) for row in done.changes.to_dicts()]


def record_of(store: LocalStore, pmid: int) -> str:
    return str(store.read("select record_id from v1.record where pmid = $pmid", {"pmid": str(pmid)}).item())


def contents(store: LocalStore) -> dict[str, list[tuple[object, ...]]]:
    """Every table of the database with all its rows."""
    tables = store.read(
        "select schema_name || '.' || table_name as t from duckdb_tables() where not internal order by t"
    )["t"].to_list()
    return {table: store.read(f"select * from {table} order by all").rows() for table in tables}


def report_of_a_study(store: LocalStore, pmid: int | None, study: str = "smith-2020", **known_by: str) -> None:
    row = {"report_id": f"PMID:{pmid}" if pmid else f"SRC:{study}", "study_id": study, "kind": "primary"}
    row |= {"pmid": str(pmid)} if pmid else {}
    store.apply([Append("extraction.study_report", [{**row, **known_by, "file": "study.toml", "line": 1}])])


def page_of_a_study(store: LocalStore, number: int, url: str, report: str | None = None) -> None:
    """A page from which figures of smith-2020 were read; of no report, or of *report*."""
    row = {
        "source_id": f"S{number}",
        "study_id": "smith-2020",
        "report_id": report,
        "kind": "page",
        "level": "secondary",
    }
    row |= {"locator": "table 1", "canonical_url": url, "file": "sources.csv"}
    store.apply([Append("extraction.source", [{**row, "line": number}])])


def version(number: int, words: str, **changed: object) -> dict[str, object]:
    """A version of the PubMed entry 5; *number* makes its id another one."""
    fields = {"source": "PubMed", "pmid": "5", "accession": "5", "title": words, "abstract": words}
    return {**fields, "number": number, **changed}


# strategies ---------------------------------------------------------------------------------------------------


def test_an_update_says_what_is_new_revised_and_found_no_longer(
    store: LocalStore, ran: Project, client: Client, pubmed: Library
) -> None:
    pubmed.found["knee"] = [12, 13, 14]
    pubmed.revise(13, "Corrected.")
    done = update(store, ran, client=client, run_by="cyd")
    (knee,) = done.strategies
    assert (len(knee.before), len(knee.now)) == (3, 3)
    assert changes(done) == [("new", "14", None), ("revised", "13", None), ("found no longer", "11", None)]
    assert store.read("select updates, run_by from v1.search_history where updates is not null").rows() == [
        (knee.updates, "cyd")
    ]
    rows = {row["pmid"]: row for row in done.changes.to_dicts()}
    assert (rows["11"]["record_id"], rows["11"]["state"]) == (record_of(store, 11), "needs_first")


def test_what_a_strategy_finds_no_longer_is_watched_and_gets_its_new_version(
    store: LocalStore, ran: Project, client: Client, pubmed: Library, server: Eutils
) -> None:
    pubmed.found["knee"] = [12, 13]
    pubmed.revise(11, "Corrected.")
    done = update(store, ran, client=client)
    assert done.watched is not None
    assert done.watched.pmids == ("11",)
    assert changes(done) == [("found no longer", "11", None), ("revised", "11", None)]
    assert [one.params["id"] for one in server.of("efetch")[-2:]] == ["12,13", "11"]
    shown = store.read("select abstract from v1.record where pmid = '11'").item()
    assert "Corrected." in shown


def test_a_re_run_with_nothing_new_changes_no_row_but_the_log_of_itself(
    store: LocalStore, ran: Project, client: Client, pubmed: Library
) -> None:
    # everything that an update may touch: a record of another source, a study report, decisions, duplicates
    bring(store, [{"number": 7, "source": "Embase", "doi": "10.5555/synthetic.12"}, {"number": 8, "pmid": "31"}])
    report_of_a_study(store, 41)
    pubmed.say_of(12, ("RetractionIn", 900))
    pubmed.say_of(41, ("ExpressionOfConcernIn", 901))
    update(store, ran, client=client)
    decisions.decide(store, ran, record="11", stage="title_abstract", reviewer="ana", verdict="include")
    before = contents(store)
    again = update(store, ran, client=client)
    assert again.changes.is_empty()
    assert again.new_merges == 0
    after = contents(store)
    assert {table for table in after if after[table] != before[table]} == LOG
    assert all(set(before[table]) <= set(after[table]) for table in LOG)


def test_a_strategy_that_never_ran_has_to_run_first(
    store: LocalStore, knee: Project, client: Client, server: Eutils
) -> None:
    with pytest.raises(UsageProblem, match="'knee' never ran") as refused:
        update(store, knee, ["knee"], client=client)
    assert "review search run knee" in refused.value.hint
    with pytest.raises(UsageProblem, match="no strategy 'elbow'"):
        update(store, knee, ["elbow"], client=client)
    assert server.asked == []


def test_a_strategy_that_changed_is_another_search_and_keeps_no_other_back(
    store: LocalStore, ran: Project, client: Client, pubmed: Library
) -> None:
    pubmed.found["elbow"] = [21]
    with_strategy(ran, "elbow")
    run(store, ran, client, "elbow")
    path = ran.queries / "pubmed" / "knee.toml"
    path.write_text(path.read_text("utf-8").replace("knee[tiab]", "knees[tiab]"), "utf-8")
    with pytest.raises(SearchError, match=r"knee\.toml has changed since it ran on .*: it is another search now"):
        update(store, ran, ["knee"], client=client)
    done = update(store, ran, client=client)
    assert [one.strategy for one in done.strategies] == ["elbow"]
    with pytest.raises(SearchError, match=r"not updated: knee: .*another search now"):
        done.raise_problems()


def test_a_strategy_that_fails_does_not_lose_the_others_and_the_same_command_goes_on(
    store: LocalStore, ran: Project, client: Client, pubmed: Library, server: Eutils
) -> None:
    pubmed.found["elbow"] = [21]
    with_strategy(ran, "elbow")
    run(store, ran, client, "elbow")
    pubmed.found = {"elbow": [21, 22], "knee": [11, 12, 13, 14]}
    server.misbehave("efetch", Mood(), Mood(500, b"<html>down</html>"))  # elbow's records come, knee's do not
    done = update(store, ran, client=client, watching=False)
    assert [one.strategy for one in done.strategies] == ["elbow"]
    assert ("new", "22", None) in changes(done)
    with pytest.raises(EntrezError, match="not updated: knee: PubMed did not answer"):
        done.raise_problems()
    again = update(store, ran, client=client, watching=False)
    assert changes(again) == [("new", "14", None)]
    again.raise_problems()


# watch --------------------------------------------------------------------------------------------------------


def test_pmids_of_other_sources_and_of_study_reports_are_read_for_their_notices_alone(
    store: LocalStore, empty_review: Project, client: Client, pubmed: Library, server: Eutils
) -> None:
    bring(store, [{"source": "Embase", "pmid": "31"}])
    report_of_a_study(store, 41)
    pubmed.say_of(31, ("ExpressionOfConcernIn", 901))
    pubmed.say_of(41, ("RetractionIn", 900))
    done = update(store, empty_review, client=client)
    assert changes(done) == [("notice", "31", "expression_of_concern"), ("notice", "41", "retraction")]
    rows = {row["pmid"]: row for row in done.changes.to_dicts()}
    assert (rows["31"]["record_id"], rows["31"]["state"]) == (record_of(store, 31), "needs_first")
    assert (rows["41"]["record_id"], rows["41"]["study_ids"]) == (None, ["smith-2020"])
    assert rows["41"]["notice_pmid"] == "900"
    assert store.read("select source, pmid from v1.source_record").rows() == [("Embase", "31")]
    assert store.read("select count(*) from search.watched_record").item() == 2
    assert store.read("select count(*) from v1.search_history").item() == 0


def test_the_pubmed_addresses_of_secondary_sources_are_watched_and_name_the_study(
    store: LocalStore, empty_review: Project, client: Client, pubmed: Library, server: Eutils
) -> None:
    report_of_a_study(store, 41)
    page_of_a_study(store, 1, "https://pubmed.ncbi.nlm.nih.gov/51/")
    page_of_a_study(store, 2, "https://www.ncbi.nlm.nih.gov/pubmed/52")
    page_of_a_study(store, 3, "https://doi.org/10.5555/synthetic.53")
    pubmed.say_of(51, ("RetractionIn", 900))
    done = update(store, empty_review, client=client)
    assert done.watched is not None
    assert done.watched.pmids == ("41", "51", "52")
    assert changes(done) == [("notice", "51", "retraction")]
    assert done.changes["study_ids"].to_list() == [["smith-2020"]]
    assert done.unwatched == (0, 1)


def test_a_study_without_a_pmid_is_said_not_to_be_watched_until_a_record_with_its_doi_is_read(
    store: LocalStore, empty_review: Project, client: Client, pubmed: Library, server: Eutils, tmp_path: Path
) -> None:
    report_of_a_study(store, 41)
    page_of_a_study(store, 1, "https://pubmed.ncbi.nlm.nih.gov/51/")
    report_of_a_study(store, None, "doe-2021", doi="10.5555/synthetic.61")
    report_of_a_study(store, None, "roe-2022", url="https://example.org/trial")
    done = update(store, empty_review, client=client)
    assert done.watched is not None
    assert done.watched.pmids == ("41", "51")
    assert done.unwatched == unwatched(store) == (2, 3)
    path = tmp_path / "update.xml"
    path.write_bytes(article_set(article(61) + article(62)))
    assert ingest_file(store, path, known_only=True).watched == 1
    assert unwatched(store) == (1, 3)
    pubmed.say_of(61, ("RetractionIn", 900))
    done = update(store, empty_review, client=client)
    assert changes(done) == [("notice", "61", "retraction")]
    assert done.changes["study_ids"].to_list() == [["doe-2021"]]
    assert update(store, empty_review, client=client, watching=False).unwatched is None


def test_what_another_database_says_of_a_record_without_a_pmid_is_told_by_its_doi(
    store: LocalStore, ran: Project, client: Client, tmp_path: Path
) -> None:
    update(store, ran, client=client)
    report_of_a_study(store, None, "doe-2021", doi="10.5555/lone.1")
    path = tmp_path / "embase.ris"
    path.write_text("TY  - JOUR\nTI  - RETRACTED: Synthetic trial\nDO  - 10.5555/lone.1\nER  - \n", "utf-8")
    import_file(store, path, source="Embase")
    done = update(store, ran, client=client)
    (row,) = done.changes.to_dicts()
    assert (row["change"], row["pmid"], row["doi"], row["kind"]) == ("notice", None, "10.5555/lone.1", "retraction")
    assert (row["title"], row["state"]) == ("RETRACTED: Synthetic trial", "needs_first")
    assert row["study_ids"] == ["doe-2021"]


def test_a_pmid_that_pubmed_no_longer_sends_is_asked_twice_and_noted_on_the_receipt(
    store: LocalStore, empty_review: Project, client: Client, pubmed: Library, server: Eutils
) -> None:
    report_of_a_study(store, 41)
    pubmed.papers[41] = None
    done = update(store, empty_review, client=client)
    assert changes(done) == [("not sent", "41", None)]
    assert [one.params["id"] for one in server.of("efetch")] == ["41", "41"]
    losses = json.loads(store.read("select losses from v1.import_receipt").item())
    assert losses[0]["text"] == "PMID 41"
    assert store.read("select * from search.deletion").is_empty()


def test_a_watch_that_was_cut_off_goes_on_and_its_replay_changes_nothing(
    store: LocalStore,
    empty_review: Project,
    client: Client,
    pubmed: Library,
    server: Eutils,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bring(store, [{"number": pmid, "pmid": str(pmid)} for pmid in range(1, 251)])
    pubmed.say_of(7, ("RetractionIn", 900))
    server.misbehave("efetch", Mood(), Mood(502, b""))
    failed = update(store, empty_review, client=client)
    with pytest.raises(EntrezError, match="the watch: PubMed did not answer"):
        failed.raise_problems()
    assert store.read("select * from v1.notice").is_empty()
    done = update(store, empty_review, client=client)
    assert server.of("efetch")[-1].params["id"].split(",") == [str(pmid) for pmid in range(201, 251)]
    assert changes(done) == [("notice", "7", "retraction")]
    assert done.watched is not None
    before = contents(store)
    again = replay(store, done.watched.run_id)
    assert (again.pmids, again.not_sent) == (done.watched.pmids, ())
    assert contents(store) == before


def test_an_old_watch_that_was_cut_off_is_not_taken_up(
    store: LocalStore, empty_review: Project, client: Client, server: Eutils
) -> None:
    report_of_a_study(store, 41)
    start = {"run_id": "old", "kind": "watch", "strategy": "watch", "strategy_sha256": "x"}
    store.apply([Append("search.run_start", [{**start, "started_at": datetime(2026, 1, 1, tzinfo=UTC)}])])
    done = watch(store, empty_review, client=client)
    assert done is not None
    assert done.run_id != "old"


def test_nothing_known_is_nothing_to_update(store: LocalStore, empty_review: Project) -> None:
    done = update(store, empty_review)
    assert not done.asked
    assert done.changes.is_empty()


# notices ------------------------------------------------------------------------------------------------------


def test_a_retraction_is_told_once_with_where_its_record_stands(
    store: LocalStore, ran: Project, client: Client, pubmed: Library
) -> None:
    for person in ("ana", "ben"):
        decisions.decide(store, ran, record="12", stage="title_abstract", reviewer=person, verdict="include")
    pubmed.say_of(12, ("RetractionIn", 900), ("ErratumIn", 902))
    done = update(store, ran, client=client)
    assert changes(done) == [("revised", "12", None), ("notice", "12", "erratum"), ("notice", "12", "retraction")]
    notice = done.changes.to_dicts()[2]
    assert (notice["notice_pmid"], notice["stage"], notice["state"]) == ("900", "title_abstract", "include")
    assert update(store, ran, client=client).changes.is_empty()


def test_a_retraction_notice_that_the_search_finds_tells_of_the_article(
    store: LocalStore, ran: Project, client: Client, pubmed: Library
) -> None:
    pubmed.found["knee"].append(900)
    pubmed.say_of(900, ("RetractionOf", 12))
    done = update(store, ran, client=client)
    assert ("notice", "12", "retraction") in changes(done)


def test_a_notice_that_pubmed_took_back_is_said_and_no_longer_listed(
    store: LocalStore, ran: Project, client: Client, pubmed: Library
) -> None:
    pubmed.say_of(12, ("ExpressionOfConcernIn", 901))
    update(store, ran, client=client)
    del pubmed.papers[12]
    done = update(store, ran, client=client)
    assert changes(done) == [("revised", "12", None), ("notice taken back", "12", "expression_of_concern")]
    assert store.read("select * from v1.notice").is_empty()
    assert store.read("select count(*) from v1.source_record where pmid = '12'").item() == 2


def test_an_old_export_that_is_imported_late_takes_a_retraction_back_until_the_next_update(
    store: LocalStore, ran: Project, client: Client, pubmed: Library, tmp_path: Path
) -> None:
    pubmed.say_of(12, ("RetractionIn", 900))
    update(store, ran, client=client)
    path = tmp_path / "last-year.xml"
    path.write_bytes(article_set(article(12)))
    import_file(store, path, source="PubMed")
    assert store.read("select * from v1.notice").is_empty()  # as the guides say
    update(store, ran, client=client)
    assert store.read("select pmid, kind from v1.notice").rows() == [("12", "retraction")]


def test_a_text_that_comes_back_is_the_latest_again(
    store: LocalStore, ran: Project, client: Client, pubmed: Library
) -> None:
    record = record_of(store, 12)
    first = store.read("select shown_source_record_id from v1.record where pmid = '12'").item()
    pubmed.revise(12, "Corrected.")
    update(store, ran, client=client)
    assert store.read("select shown_source_record_id from v1.record where pmid = '12'").item() != first
    del pubmed.papers[12]
    assert changes(update(store, ran, client=client)) == [("revised", "12", None)]
    assert store.read("select shown_source_record_id from v1.record where pmid = '12'").item() == first
    assert record_of(store, 12) == record


def test_a_deletion_that_a_file_told_since_the_last_update_is_told(
    store: LocalStore, ran: Project, client: Client, pubmed: Library
) -> None:
    update(store, ran, client=client)
    receipt = synthetic_receipt("daily", records=0, at=datetime.now(UTC))
    store.apply(
        [
            Append("search.deletion", [{"import_id": "daily", "pmid": "12"}]),
            Append("search.import_receipt", [receipt]),
        ]
    )
    pubmed.found["knee"] = [11, 13]
    pubmed.papers[12] = None
    told = changes(update(store, ran, client=client))
    assert told == [("found no longer", "12", None), ("not sent", "12", None), ("notice", "12", "deletion")]
    assert ("notice", "12", "deletion") not in changes(update(store, ran, client=client))


def test_a_blinded_reviewer_is_not_told_how_far_screening_is(
    store: LocalStore, ran: Project, client: Client, pubmed: Library
) -> None:
    pubmed.found["knee"] = [11, 12]
    assert update(store, ran, client=client, run_by="ben").changes["state"].to_list() == [None]


# versions of one record ---------------------------------------------------------------------------------------


def test_a_decision_on_the_first_version_counts_after_the_second_came_without_dedupe(
    store: LocalStore, ran: Project, client: Client, pubmed: Library
) -> None:
    record = record_of(store, 12)
    decisions.decide(store, ran, record="12", stage="title_abstract", reviewer="ana", verdict="include")
    flow = flow_values(store.read("select * from v1.prisma_flow"))
    pubmed.revise(12, "Corrected.")
    run(store, ran, client, "knee")  # a plain run finds no duplicates by itself
    assert record_of(store, 12) == record
    assert state_of(store, record) == "needs_second"
    assert flow_values(store.read("select * from v1.prisma_flow")) == flow
    assert record not in queue.queue(store, ran, reviewer="ana")
    assert record in queue.queue(store, ran, reviewer="ben")
    card = queue.show_record(store, ran, record=record, reviewer="ben")
    assert "Corrected." in card.fields["abstract"]
    assert len(store.read("select * from v1.record")) == 3
    # the second opinion is of the new text, a change of mind of the first takes the old word back
    decisions.decide(store, ran, record=record, stage="title_abstract", reviewer="ben", verdict="include")
    assert state_of(store, record) == "include"
    seen = visible_decisions(store, ran, record_id=record, reviewer="ben", stage=Stage.TITLE_ABSTRACT)
    assert {row["reviewer"] for row in seen} == {"ana", "ben"}
    decisions.decide(store, ran, record=record, stage="title_abstract", reviewer="ana", verdict="exclude")
    current = store.read("select reviewer, verdict from v1.current_decision order by reviewer").rows()
    assert current == [("ana", "exclude"), ("ben", "include")]


def test_no_revision_changes_the_id_of_a_record_and_each_version_leads_to_it(
    store: LocalStore, empty_review: Project
) -> None:
    ids = [bring(store, [version(n, f"Words {n}", version=n)], name=f"i{n}")[0] for n in range(1, 7)]
    assert min(ids) != ids[0]  # else the smallest id would be the first by chance
    for deduplicated in (False, True):
        if deduplicated:
            assert engine.deduplicate(store, empty_review).new_merges == 0
        rows = store.read("select record_id, shown_source_record_id, members, title from v1.record").rows()
        assert rows == [(ids[0], ids[-1], 1, "Words 6")]
        assert {find_record(store, one) for one in [*ids, "5"]} == {ids[0]}


def test_a_new_version_follows_what_people_said_of_the_first(store: LocalStore, empty_review: Project) -> None:
    (first,) = bring(store, [version(1, "One title", doi="10.1000/a")], name="i1")
    same, apart, joined = bring(
        store,
        [
            {"number": 2, "source": "Embase", "doi": "10.1000/a", "title": "One title"},
            {"number": 3, "source": "CENTRAL", "doi": "10.1000/a", "title": "One title"},
            {"number": 4, "source": "Scopus", "title": "Another"},
        ],
        name="i2",
    )
    engine.deduplicate(store, empty_review)
    deeds.split(store, empty_review, first, apart, who="ana")
    deeds.split(store, empty_review, same, apart, who="ana")
    merge = deeds.merge(store, empty_review, first, joined, who="ana")
    (second,) = bring(store, [version(9, "One title, corrected", doi="10.1000/a")], name="i3")

    def together() -> set[str]:
        of = dict(store.read("select source_record_id, record_id from v1.record_member").rows())
        return {one for one in of if of[one] == of[second]}

    assert together() == {first, second, same, joined}
    assert engine.deduplicate(store, empty_review).new_merges == 0
    assert together() == {first, second, same, joined}
    assert engine.deduplicate(store, empty_review).queue == 0
    deeds.undo(store, empty_review, merge.event_id, who="ana")
    assert together() == {first, second, same}
    # a word on the new version is a word on the entry
    deeds.lock(store, empty_review, second, joined, who="ana")
    with pytest.raises(DecisionError, match="cannot be merged"):
        deeds.merge(store, empty_review, first, joined, who="ben")
    with pytest.raises(DecisionError, match="the same source record, or versions of one"):
        deeds.split(store, empty_review, first, second, who="ana")
    assert explaining.explain(store, empty_review, second, same).together


def test_who_decided_on_a_version_is_not_blind_on_what_it_was_merged_with(
    store: LocalStore, empty_review: Project
) -> None:
    (first,) = bring(store, [version(1, "One title")], name="i1")
    (second,) = bring(store, [version(2, "One title, corrected")], name="i2")
    (other,) = bring(store, [{"number": 3, "source": "Embase", "title": "Other"}], name="i3")
    merged = deeds.merge(store, empty_review, first, other, who="ana")
    decided = decisions.decide(
        store, empty_review, record=second, stage="title_abstract", reviewer="ben", verdict="include"
    )
    assert decided.source_record_id == second
    deeds.undo(store, empty_review, merged.event_id, who="ana")
    assert is_open(store, empty_review, record_id=other, reviewer="ben", stage=Stage.TITLE_ABSTRACT)
    assert not is_open(store, empty_review, record_id=other, reviewer="ana", stage=Stage.FULL_TEXT)


def test_a_correction_of_doi_or_title_does_not_part_what_is_one_record(
    store: LocalStore, empty_review: Project
) -> None:
    old = version(1, "Cells for the knee: a trial", doi="10.1000/mistyped", version=1)
    first, other = bring(
        store, [old, {"number": 2, "source": "Embase", "doi": "10.1000/mistyped", "title": old["title"]}]
    )
    engine.deduplicate(store, empty_review)
    bring(store, [version(3, "Wholly different words now", doi="10.1000/right", version=2)], name="i2")
    engine.deduplicate(store, empty_review)
    members = store.read("select distinct record_id from v1.record_member").rows()
    assert members == [(min(first, other),)]
    assert store.read("select title, doi, members from v1.record").rows() == [
        ("Wholly different words now", "10.1000/right", 2)
    ]


def test_a_version_that_no_committed_import_brought_is_not_there(store: LocalStore, empty_review: Project) -> None:
    (first,) = bring(store, [version(1, "Old words")], name="i1")
    row = store.read("select * exclude (arrival) from search.source_record").to_dicts()[0]
    store.apply([Append("search.source_record", [{**row, "source_record_id": "0", "title": "Half arrived"}])])
    assert store.read("select source_record_id from v1.record_member").rows() == [(first,)]
    assert store.read("select title from v1.record").item() == "Old words"


# at the keyboard ----------------------------------------------------------------------------------------------


def test_the_command_writes_a_table_in_every_format_and_ends_well_when_nothing_is_new(
    knee: Project,
    blank_database: Path,
    pubmed: Library,
    server: Eutils,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    monkeypatch.setenv("NCBI_EMAIL", "nobody@example.org")
    monkeypatch.setenv("NCBI_API_KEY", "synthetic-key")
    knee.database_path.parent.mkdir(exist_ok=True)
    shutil.copy(blank_database, knee.database_path)

    def say(*words: str) -> tuple[int, bytes, str]:
        code = at_keyboard(["--project", str(knee.root), "search", *words])
        shown = capsysbinary.readouterr()
        return code, shown.out, shown.err.decode()

    code, out, words = say("update", "--format", "csv")
    assert (code, len(out.splitlines())) == (ExitCode.OK, 1)
    assert "Nothing to update" in words
    assert "not watched" not in words
    assert say("update", "knee")[0] == ExitCode.USAGE
    assert say("update", "--watch-only", "knee")[0] == ExitCode.USAGE
    assert say("run", "knee")[0] == ExitCode.OK
    pubmed.say_of(12, ("RetractionIn", 900))
    code, out, words = say("update", "--format", "json")
    assert code == ExitCode.OK
    assert [(row["change"], row["pmid"]) for row in json.loads(out)] == [("revised", "12"), ("notice", "12")]
    assert "knee: 3 records before, 3 now: 0 new, 1 revised, 0 found no longer" in words
    assert "new notices: 1 retraction" in words
    assert say("update", "--no-watch", "--format", "parquet")[1].startswith(b"PAR1")
    report_of_a_study(LocalStore(knee.database_path), None, "doe-2021", doi="10.5555/synthetic.61")
    code, out, words = say("update", "--watch-only")
    assert (code, b"(no rows)" in out) == (ExitCode.OK, True)
    assert (
        "1 of 1 study has no PMID on any report: it is not watched "
        "(its DOI counts when a record with that DOI is read)" in words
    )
    assert "watch: 3 PMIDs read again, 0 of them not sent by PubMed" in words
    run_id = words.rsplit("run ", 1)[1].split()[0]
    asked = len(server.asked)
    code, _, words = say("update", "--replay", run_id)
    assert (code, len(server.asked)) == (ExitCode.OK, asked)
    assert "watch: 3 PMIDs read again from stored answers, 0 of the records new" in words
    assert say("update", "--replay", "nonsense")[0] == ExitCode.USAGE
    assert say("update", "--replay", run_id, "--watch-only")[0] == ExitCode.USAGE
    monkeypatch.delenv("NCBI_EMAIL")
    assert say("update")[0] == ExitCode.USAGE
