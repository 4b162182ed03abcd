"""Citations followed both ways against the loopback server, counted beside the database search, and replayed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from review.cli import run
from review.database import Append, LocalStore
from review.dedupe.engine import deduplicate
from review.errors import EntrezError, ExitCode, Incomplete, SearchError, UsageProblem
from review.project import Project
from review.reporting.prisma import check_identities, flow_values
from review.search import citations, runs
from review.search.citation_links import Direction, Plan, read_links
from review.search.entrez import Client
from review.search.strategy import load_strategy
from review.search.transport import Transport
from tests.eutils_server import Eutils, Mood, pointed_at, serving

REFS, CITED = "pubmed_pubmed_refs", "pubmed_pubmed_citedin"
# 101 cites 1 and 2 and is cited by 3; 102 cites 2; 103 has no links; 104 is no paper
LINKS = {(REFS, 101): [1, 2], (REFS, 102): [2], (CITED, 101): [3]}
_QUERIES = "select query from search.search_run order by arrival"
PAPERS = {1, 2, 3, 101, 102, 103}
BOTH = Plan.of(["101", "102", "103", "104"], Direction)
STRATEGY = """\
name = "knee"
version = "1"
source = "PubMed"
status = "not run"

[[line]]
label = "condition"
block = "condition"
text = '"knee pain"[tiab]'
"""


def _search(term: str) -> list[int]:
    """The database search finds 2 and 7; a question for PMIDs finds those that are papers."""
    if "[uid]" not in term:
        return [2, 7]
    return [int(word.removesuffix("[uid]")) for word in term.split(" OR ") if int(word.removesuffix("[uid]")) in PAPERS]


@pytest.fixture
def store(store: LocalStore) -> Iterator[LocalStore]:
    """The empty database, held open."""
    with store.holding():
        yield store


@pytest.fixture
def server() -> Iterator[Eutils]:
    with serving(Eutils(search=_search, links=dict(LINKS))) as eutils, pointed_at(eutils):
        yield eutils


@pytest.fixture
def client() -> Client:
    return Client(email="nobody@example.org", transport=Transport(tries=2, timeout=20, sleep=lambda seconds: None))


def _rows(store: LocalStore, sql: str) -> list[tuple[Any, ...]]:
    return store.read(sql).rows()


def test_both_directions_end_in_records_links_and_a_closing_row(
    store: LocalStore, empty_review: Project, client: Client, server: Eutils
) -> None:
    result = citations.chase(store, empty_review, BOTH, client=client, run_by="ana")
    assert (result.hits, result.retrieved, result.new_records, result.known) == (3, 3, 3, 0)
    assert [(line.direction, line.hits, line.linked) for line in result.lines] == [
        ("backward", 2, 2),
        ("forward", 1, 1),
    ]
    run = store.read("select * from v1.search_history").to_dicts()[0]
    assert (run["source"], run["source_kind"], run["mode"]) == ("PubMed citation links", "citation_search", "run")
    assert (run["hits"], run["retrieved"], run["imported"], run["reconciled"]) == (3, 3, 3, True)
    assert "Seeds: PMID 101, 102, 103, 104" in run["query"]
    assert _rows(store, "select label, hits from search.search_line order by line_no") == [
        ("backward", 2),
        ("forward", 1),
    ]
    links = "select direction, seed_pmid, pmid, record_id is not null from v1.citation_link order by all"
    assert _rows(store, links) == [
        ("backward", "101", "1", True),
        ("backward", "101", "2", True),
        ("backward", "102", "2", True),
        ("forward", "101", "3", True),
    ]


def test_one_direction_asks_for_its_links_alone(
    store: LocalStore, empty_review: Project, client: Client, server: Eutils
) -> None:
    result = citations.chase(store, empty_review, Plan.of(["101"], [Direction.FORWARD]), client=client)
    assert [line.direction for line in result.lines] == ["forward"]
    assert {asked.params["linkname"] for asked in server.of("elink")} == {CITED}
    assert result.hits == 1


def test_a_seed_without_links_and_a_seed_that_pubmed_does_not_know_are_told_apart(
    store: LocalStore, empty_review: Project, client: Client, server: Eutils
) -> None:
    result = citations.chase(store, empty_review, BOTH, client=client)
    assert result.without_links == ("103",)
    assert result.unknown == ("104",)
    said = _rows(store, "select warnings from search.search_line where line_no = 1")[0][0]
    assert "seeds without links: PMID 103" in said
    assert "seeds that PubMed does not know: PMID 104" in said


def test_seeds_without_any_link_are_a_search_that_found_nothing(
    store: LocalStore, empty_review: Project, client: Client, server: Eutils
) -> None:
    result = citations.chase(store, empty_review, Plan.of(["103"], Direction), client=client)
    assert (result.hits, result.retrieved, result.new_records) == (0, 0, 0)
    assert _rows(store, "select hits, reconciled from v1.search_history") == [(0, True)]
    assert not server.of("efetch")


def test_seeds_go_one_by_one_and_fifty_at_a_time(
    store: LocalStore, empty_review: Project, client: Client, server: Eutils
) -> None:
    plan = Plan.of([str(pmid) for pmid in range(1000, 1120)], [Direction.BACKWARD])
    citations.chase(store, empty_review, plan, client=client, count_only=True)
    assert [len(asked.ids) for asked in server.of("elink")] == [50, 50, 20]


def test_a_count_fetches_nothing_and_closes_no_run(
    store: LocalStore, empty_review: Project, client: Client, server: Eutils
) -> None:
    result = citations.chase(store, empty_review, BOTH, client=client, count_only=True)
    assert (result.mode, result.hits, result.retrieved) == ("count", 3, 0)
    assert not server.of("efetch")
    assert _rows(store, "select * from search.search_run") == []
    assert _rows(store, "select * from search.run_start") == []


@pytest.mark.parametrize("database_first", [True, False])
def test_a_paper_that_the_database_found_too_counts_for_the_database_whichever_came_first(
    store: LocalStore, empty_review: Project, client: Client, server: Eutils, tmp_path: Path, database_first: bool
) -> None:
    path = tmp_path / "knee.toml"
    path.write_text(STRATEGY, "utf-8")
    if database_first:
        runs.run(store, empty_review, load_strategy(path), client=client)
    found = citations.chase(store, empty_review, BOTH, client=client)
    if not database_first:
        runs.run(store, empty_review, load_strategy(path), client=client)
    assert found.known == (1 if database_first else 0)
    deduplicate(store, empty_review)
    flow = store.read("select * from v1.prisma_flow order by place")
    counts = {(row["item"], row["source"] or row["label"]): row["n"] for row in flow.to_dicts()}
    assert counts[("database", "PubMed")] == 2
    assert counts[("other_identified", "Records identified from other methods: citation search")] == 2  # 1 and 3
    assert flow_values(flow)["duplicates"] == 0  # among the databases; 2 is one record of two sources
    assert _rows(store, "select count(*), count(distinct record_id) from v1.record_member") == [(5, 4)]
    assert all(identity.verdict != "fail" for identity in check_identities(flow_values(flow)))


def test_a_second_run_with_nothing_new_is_a_new_run_and_no_new_record(
    store: LocalStore, empty_review: Project, client: Client, server: Eutils
) -> None:
    first = citations.chase(store, empty_review, BOTH, client=client)
    before = _rows(store, "select count(*) from search.source_record")
    second = citations.chase(store, empty_review, BOTH, client=client)
    assert second.run_id != first.run_id
    assert (second.hits, second.retrieved, second.new_records) == (3, 3, 0)
    assert _rows(store, "select count(*) from search.source_record") == before
    server.links[(CITED, 102)] = [9]
    assert citations.chase(store, empty_review, BOTH, client=client).new_records == 1


def test_a_linked_record_that_never_comes_stops_the_run_until_it_is_accepted(
    store: LocalStore, empty_review: Project, client: Client, server: Eutils
) -> None:
    server.withheld[3] = 99
    with pytest.raises(Incomplete, match="PMID 3") as told:
        citations.chase(store, empty_review, BOTH, client=client)
    assert "--allow-missing" in told.value.hint
    assert _rows(store, "select * from v1.search_history") == []
    before = len(server.of("efetch"))
    result = citations.chase(store, empty_review, BOTH, client=client, allow_missing=True)
    assert [asked.params["id"] for asked in server.of("efetch")[before:]] == ["3", "3"]
    assert result.missing == ("3",)
    assert _rows(store, "select hits, imported, reconciled, missing_pmids from v1.search_history") == [
        (3, 2, False, ["3"])
    ]
    assert _rows(store, "select pmid from v1.citation_link where record_id is null") == [("3",)]


def test_a_run_that_was_cut_off_goes_on_where_it_stopped(
    store: LocalStore, empty_review: Project, client: Client, server: Eutils
) -> None:
    server.misbehave("efetch", Mood(500), Mood(500))
    with pytest.raises(EntrezError):
        citations.chase(store, empty_review, BOTH, client=client)
    asked = len(server.asked)
    told: list[str] = []
    result = citations.chase(store, empty_review, BOTH, client=client, say=told.append)
    assert told[0].startswith("taking up the run")
    assert [one.endpoint for one in server.asked[asked:]] == ["efetch"]
    assert result.retrieved == 3
    assert _rows(store, "select count(*), count(distinct run_id) from search.run_start") == [(1, 1)]


def test_a_run_that_was_cut_off_long_ago_is_not_taken_up(
    store: LocalStore, empty_review: Project, client: Client, server: Eutils
) -> None:
    start = {"run_id": "old", "kind": "citations", "strategy": "citation searching", "strategy_sha256": BOTH.sha256}
    store.apply([Append("search.run_start", [{**start, "started_at": datetime(2020, 1, 1, tzinfo=UTC)}])])
    told: list[str] = []
    result = citations.chase(store, empty_review, BOTH, client=client, say=told.append)
    assert result.run_id != "old"
    assert "more than 7 days ago" in told[0]


def test_fresh_begins_anew(store: LocalStore, empty_review: Project, client: Client, server: Eutils) -> None:
    server.misbehave("efetch", Mood(500), Mood(500))
    with pytest.raises(EntrezError):
        citations.chase(store, empty_review, BOTH, client=client)
    asked = len(server.of("elink"))
    citations.chase(store, empty_review, BOTH, client=client, fresh=True)
    assert len(server.of("elink")) == 2 * asked


def test_an_error_among_the_links_stops_the_run_and_is_asked_again(
    store: LocalStore, empty_review: Project, client: Client, server: Eutils
) -> None:
    bad = b"<eLinkResult><LinkSet><IdList><Id>101</Id></IdList><ERROR>Read failed: EOF</ERROR></LinkSet></eLinkResult>"
    server.misbehave("elink", *[Mood(body=bad)] * 9)
    with pytest.raises(EntrezError, match="Read failed: EOF"):
        citations.chase(store, empty_review, BOTH, client=client)
    assert _rows(store, "select * from v1.search_history") == []
    server.moods.clear()
    assert citations.chase(store, empty_review, BOTH, client=client).hits == 3


def test_an_error_about_the_seeds_without_links_is_asked_again(
    store: LocalStore, empty_review: Project, client: Client, server: Eutils
) -> None:
    bad = b"<eSearchResult><ERROR>Search Backend failed</ERROR></eSearchResult>"
    server.misbehave("esearch", *[Mood(body=bad)] * 9)
    with pytest.raises(EntrezError, match="Search Backend failed"):
        citations.chase(store, empty_review, BOTH, client=client)
    server.moods.clear()
    assert citations.chase(store, empty_review, BOTH, client=client).unknown == ("104",)


def test_a_seed_that_the_answer_leaves_out_is_asked_again_then_named(
    store: LocalStore, empty_review: Project, client: Client, server: Eutils
) -> None:
    plan = Plan.of(["101", "102"], [Direction.BACKWARD])
    short = (
        b"<eLinkResult><LinkSet><IdList><Id>101</Id></IdList><LinkSetDb><LinkName>pubmed_pubmed_refs</LinkName>"
        b"<Link><Id>1</Id></Link></LinkSetDb></LinkSet></eLinkResult>"
    )
    server.misbehave("elink", Mood(body=short), Mood(body=short))
    with pytest.raises(Incomplete, match="PMID 102"):
        citations.chase(store, empty_review, plan, client=client)
    assert [asked.ids for asked in server.of("elink")] == [("101", "102"), ("102",)]
    assert citations.chase(store, empty_review, plan, client=client).hits == 2  # 1 of the kept answer, 2 of the new


def test_links_that_nobody_can_tell_apart_are_refused() -> None:
    merged = b"<eLinkResult><LinkSet><IdList><Id>1</Id><Id>2</Id></IdList></LinkSet></eLinkResult>"
    with pytest.raises(EntrezError, match="of 2 seeds together"):
        read_links(merged, REFS)


def test_other_links_of_the_same_answer_are_not_taken() -> None:
    body = (
        b"<eLinkResult><LinkSet><IdList><Id>1</Id></IdList>"
        b"<LinkSetDb><LinkName>pubmed_pubmed</LinkName><Link><Id>5</Id></Link></LinkSetDb>"
        b"<LinkSetDb><LinkName>pubmed_pubmed_refs</LinkName><Link><Id>6</Id></Link></LinkSetDb></LinkSet></eLinkResult>"
    )
    assert read_links(body, REFS) == {"1": ("6",)}


def test_a_replay_without_a_network_gives_the_same_rows(
    store: LocalStore, empty_review: Project, client: Client, server: Eutils, tmp_path: Path, blank_database: Path
) -> None:
    first = citations.chase(store, empty_review, BOTH, client=client, run_by="ana")
    tables = ("source_record", "import_record", "search_line", "citation_link", "search_run", "import_receipt")
    counted = [_rows(store, f"select count(*) from search.{table}") for table in tables]
    asked = len(server.asked)
    again = citations.replay(store, empty_review, first.run_id)
    assert replace(again, new_records=first.new_records, known=first.known) == first
    assert again.new_records == 0
    assert [_rows(store, f"select count(*) from search.{table}") for table in tables] == counted
    folder = tmp_path / "recorded"
    runs.export_run(store, first.run_id, folder)
    other = LocalStore(Path(shutil.copy(blank_database, tmp_path / "other.duckdb")))
    with other.holding():
        elsewhere = citations.replay_folder(other, empty_review, folder)
        assert len(server.asked) == asked
        assert (elsewhere.mode, elsewhere.hits, elsewhere.new_records) == ("replay", 3, 3)
        same = "select source_record_id from v1.source_record order by all"
        assert _rows(other, same) == _rows(store, same)
        links = "select direction, seed_pmid, pmid from search.citation_link order by all"
        assert _rows(other, links) == _rows(store, links)


def test_a_replay_closes_a_run_that_was_killed_after_its_last_answer(
    store: LocalStore, empty_review: Project, client: Client, server: Eutils
) -> None:
    class Killed(Exception):
        pass

    def die(done: int, total: int) -> None:
        if done == total:
            raise Killed

    with pytest.raises(Killed):
        citations.chase(store, empty_review, BOTH, client=client, run_by="ana", progress=die)
    (run_id,) = _rows(store, "select run_id from search.run_start")[0]
    assert citations.replay(store, empty_review, run_id).retrieved == 3
    assert _rows(store, "select run_by, mode from v1.search_history") == [("ana", "run")]


def test_a_run_that_was_cut_off_among_its_seeds_cannot_be_replayed(
    store: LocalStore, empty_review: Project, client: Client, server: Eutils
) -> None:
    server.misbehave("elink", Mood(), Mood(500), Mood(500))
    with pytest.raises(EntrezError):
        citations.chase(store, empty_review, BOTH, client=client)
    (run_id,) = _rows(store, "select run_id from search.run_start")[0]
    with pytest.raises(SearchError, match="was cut off"):
        citations.replay(store, empty_review, run_id)
    with pytest.raises(UsageProblem, match="no answers"):
        citations.replay(store, empty_review, "nowhere")


def test_the_seeds_of_the_review_are_its_included_reports_and_those_of_its_studies(store: LocalStore) -> None:
    with pytest.raises(UsageProblem, match="no included report"):
        citations.included_seeds(store)
    report = {"study_id": "s1", "kind": "main", "file": "x", "line": 1}
    rows = [{**report, "report_id": f"PMID:{pmid}", "pmid": pmid} for pmid in ("20", "3")]
    store.apply([Append("extraction.study_report", [*rows, {**report, "report_id": "DOI:10.5555/x", "pmid": None}])])
    assert citations.included_seeds(store) == ("3", "20")


def test_the_command_prints_directions_and_says_what_it_did(
    empty_review: Project,
    blank_database: Path,
    server: Eutils,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("NCBI_EMAIL", "nobody@example.org")
    empty_review.database_path.parent.mkdir(exist_ok=True)
    shutil.copy(blank_database, empty_review.database_path)
    path = tmp_path / "seeds.txt"
    path.write_text("101\n104\n", "utf-8")
    base = ["--project", str(empty_review.root), "search", "cite"]
    assert run([*base, "--pmids", str(path), "--format", "csv"]) == ExitCode.OK
    out, err = capsys.readouterr()
    assert out == (
        "direction,linkname,seeds,seeds_with_links,hits\n"
        "backward,pubmed_pubmed_refs,2,1,2\nforward,pubmed_pubmed_citedin,2,1,1\n"
    )
    assert "seeds that PubMed does not know: PMID 104" in err
    assert "3 different records linked, 0 of them had come from other sources; 3 retrieved, 3 new" in err
    assert run(base) == run([*base, "--included", "--pmids", str(path)]) == ExitCode.USAGE
    path.write_text("101\n", "utf-8")
    assert run([*base, "--pmids", str(path), "--backward"]) == ExitCode.OK
    assert "the links of 1 seed\n" in capsys.readouterr().err
    assert "Citations of 1 seed, backward" in _rows(LocalStore(empty_review.database_path), _QUERIES)[-1][0]
