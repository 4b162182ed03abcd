"""A strategy from the first line to the closing row, against the loopback server, and replayed without it."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from review.database import LocalStore
from review.errors import DroppedTerms, EntrezError, FormatError, Incomplete, SearchError, UsageProblem
from review.project import Project
from review.search import runs
from review.search.entrez import Client
from review.search.pace import Pace, Rate
from review.search.strategy import Strategy, load_strategy
from review.search.transport import Transport
from tests.eutils_server import Eutils, Mood, pointed_at, serving

KEY = "synthetic-key-0123456789"
STRATEGY = """\
name = "knee"
version = "1"
source = "PubMed"
status = "not run"

[[line]]
label = "condition"
block = "condition"
text = '"knee pain"[tiab]'

[[line]]
label = "product"
block = "cell source"
text = 'injection[tiab] OR "test product"[tiab]'

[[line]]
label = "both"
block = "search"
text = "#1 AND #2"
"""
TODAY = date(2026, 11, 20)
BOTH = '("knee pain"[tiab]) AND (injection[tiab] OR "test product"[tiab])'
HITS = {'"knee pain"[tiab]': list(range(1, 31)), BOTH: [11, 12, 13]}


def _content(store: LocalStore, table: str) -> str:
    """A fingerprint of every row, but for when it was written and whether a run or a replay wrote it."""
    names = store.read(f"select * from search.{table} limit 0").columns
    kept = [f'"{name}"' for name in names if name not in {"arrival", "finished_at", "imported_at", "mode"}]
    row = f"md5(to_json(({', '.join(kept)}))::varchar)"
    return str(store.read(f"select count(*) || md5(string_agg({row}, '' order by {row})) from search.{table}").item())


@pytest.fixture
def store(store: LocalStore) -> Iterator[LocalStore]:
    """The empty database, held open: opening it for every step would take most of the time."""
    with store.holding():
        yield store


@pytest.fixture
def other(tmp_path: Path, blank_database: Path) -> Iterator[LocalStore]:
    """A second empty database."""
    second = LocalStore(Path(shutil.copy(blank_database, tmp_path / "other.duckdb")))
    with second.holding():
        yield second


@pytest.fixture
def strategy(tmp_path: Path) -> Strategy:
    path = tmp_path / "knee.toml"
    path.write_text(STRATEGY, "utf-8")
    return load_strategy(path)


@pytest.fixture
def server() -> Iterator[Eutils]:
    with serving(Eutils(search=lambda term: HITS.get(term, [1, 2]))) as eutils, pointed_at(eutils):
        yield eutils


@pytest.fixture
def client() -> Client:
    transport = Transport(tries=2, timeout=20, sleep=lambda seconds: None, pace=Pace(Rate(100, 0.0)))
    return Client(email="nobody@example.org", api_key=KEY, transport=transport)


def _rows(store: LocalStore, table: str) -> list[dict[str, object]]:
    return store.read(f"select * from {table} order by all").to_dicts()


def test_a_run_ends_in_records_a_receipt_and_a_closing_row(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    result = runs.run(store, empty_review, strategy, client=client, run_by="ana")
    assert (result.hits, result.retrieved, result.new_records) == (3, 3, 3)
    assert [line.hits for line in result.lines] == [30, 2, 3]
    assert store.read("select pmid, doi from v1.source_record order by pmid").rows() == [
        ("11", "10.5555/synthetic.11"),
        ("12", "10.5555/synthetic.12"),
        ("13", "10.5555/synthetic.13"),
    ]
    history = store.read("select * from v1.search_history").to_dicts()[0]
    assert (history["hits"], history["retrieved"], history["imported"], history["reconciled"]) == (3, 3, 3, True)
    assert history["query"] == BOTH
    assert history["mode"] == "run"
    assert history["simulated"] is False
    receipt = store.read("select * from v1.import_receipt").to_dicts()[0]
    assert receipt["markers_seen"] == receipt["records_read"] == 3


def test_every_body_is_kept_with_its_sha256(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    runs.run(store, empty_review, strategy, client=client)
    kept = store.read("select * from search.response").to_dicts()
    assert len(kept) == len(server.asked) == 6
    asked = [(row["endpoint"], json.loads(row["request"])["purpose"]) for row in kept]
    assert asked == [*[("esearch", "line")] * 3, ("esearch", "ids"), ("efetch", "fetch"), ("esearch", "recount")]
    for row in kept:
        body = gzip.decompress(row["body_gz"])
        assert hashlib.sha256(body).hexdigest() == row["body_sha256"]
        assert KEY not in row["request"]


def test_a_second_run_that_finds_nothing_new_changes_no_record(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    runs.run(store, empty_review, strategy, client=client)
    before = _rows(store, "search.source_record")
    again = runs.run(store, empty_review, strategy, client=client)
    assert again.new_records == 0
    assert _rows(store, "search.source_record") == before
    assert store.read("select count(*) from v1.search_history").item() == 2


def test_an_updated_record_is_a_new_row_and_the_old_one_stays(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    runs.run(store, empty_review, strategy, client=client)
    old = server.write
    server.write = lambda pmid: old(pmid).replace("SYNTHETIC", "SYNTHETIC, corrected") if pmid == 12 else old(pmid)
    again = runs.run(store, empty_review, strategy, client=client)
    assert again.new_records == 1
    rows = store.read("select is_latest, abstract from v1.source_record where pmid = '12' order by is_latest").rows()
    assert [latest for latest, _ in rows] == [False, True]
    assert "corrected" in rows[1][1]


def test_a_replay_asks_nobody_and_changes_no_row(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    done = runs.run(store, empty_review, strategy, client=client)
    tables = ("search.source_record", "search.import_record", "search.import_receipt", "search.search_run")
    before = {table: _rows(store, table) for table in tables}
    asked = len(server.asked)
    again = runs.replay(store, empty_review, strategy)
    assert again.run_id == done.run_id
    assert again.lines == done.lines
    assert len(server.asked) == asked
    assert {table: _rows(store, table) for table in tables} == before


def test_a_run_above_the_limit_of_ids_replays_into_an_empty_database_row_by_row(
    store: LocalStore,
    other: LocalStore,
    empty_review: Project,
    strategy: Strategy,
    client: Client,
    server: Eutils,
    tmp_path: Path,
) -> None:
    """10,050 PMIDs, of which PubMed gives 9,999 at once."""
    server.search = lambda term: list(range(101, 10_050 * 3_000, 3_000))
    server.write = lambda pmid: (
        f'<PubmedArticle><MedlineCitation><PMID Version="1">{pmid}</PMID><Article><ArticleTitle>SYNTHETIC {pmid}'
        "</ArticleTitle></Article></MedlineCitation></PubmedArticle>"
    )
    done = runs.run(store, empty_review, strategy, client=client, batch=2_000)
    assert (done.hits, done.retrieved) == (10_050, 10_050)
    runs.export_run(store, done.run_id, tmp_path / "recorded")
    runs.replay_folder(other, empty_review, strategy, tmp_path / "recorded")
    tables = store.read("select table_name from duckdb_tables() where schema_name = 'search'")["table_name"].to_list()
    for table in tables:
        if table != "run_start":  # a replay asks nothing, so it begins nothing
            assert _content(other, table) == _content(store, table), table


def test_an_exported_run_replays_elsewhere_with_the_same_ids(
    store: LocalStore,
    other: LocalStore,
    empty_review: Project,
    strategy: Strategy,
    client: Client,
    server: Eutils,
    tmp_path: Path,
) -> None:
    done = runs.run(store, empty_review, strategy, client=client)
    folder = tmp_path / "recorded"
    runs.export_run(store, done.run_id, folder)
    assert KEY not in "".join(path.read_text("utf-8") for path in folder.iterdir())
    result = runs.replay_folder(other, empty_review, strategy, folder)
    assert result.retrieved == 3
    ids = "select source_record_id from v1.source_record order by 1"
    assert other.read(ids).rows() == store.read(ids).rows()
    assert other.read("select mode from v1.search_history").item() == "replay"
    runs.replay_folder(other, empty_review, strategy, folder)
    assert other.read("select count(*) from v1.search_history").item() == 1


def test_a_changed_body_in_a_folder_is_refused(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils, tmp_path: Path
) -> None:
    done = runs.run(store, empty_review, strategy, client=client)
    runs.export_run(store, done.run_id, tmp_path / "recorded")
    body = tmp_path / "recorded" / "005-efetch.xml"
    body.write_bytes(body.read_bytes() + b" ")
    with pytest.raises(FormatError, match=r"005-efetch\.xml does not match"):
        runs.replay_folder(store, empty_review, strategy, tmp_path / "recorded")
    body.unlink()
    os.mkfifo(body)
    with pytest.raises(FormatError, match=r"005-efetch\.xml is no regular file"):
        runs.replay_folder(store, empty_review, strategy, tmp_path / "recorded")


def test_a_folder_without_the_format_is_refused(
    store: LocalStore, empty_review: Project, strategy: Strategy, tmp_path: Path
) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"format": "other"}), "utf-8")
    with pytest.raises(FormatError, match="'other'; allowed"):
        runs.replay_folder(store, empty_review, strategy, tmp_path)


def test_a_folder_with_a_pin_that_is_no_day_is_refused(
    store: LocalStore, empty_review: Project, strategy: Strategy, tmp_path: Path
) -> None:
    manifest = {"format": "regen-review recorded run 1", "pinned_to": "soon", "responses": []}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(FormatError, match="pinned_to is 'soon'"):
        runs.replay_folder(store, empty_review, strategy, tmp_path)


def test_a_strategy_that_changed_since_does_not_replay(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    runs.run(store, empty_review, strategy, client=client)
    strategy.path.write_text(STRATEGY.replace('"test product"', '"other product"'), "utf-8")
    with pytest.raises(SearchError, match=r"knee\.toml line 14: line #2 \(product\) was never asked"):
        runs.replay(store, empty_review, load_strategy(strategy.path))


def test_a_run_of_another_strategy_does_not_replay(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils, tmp_path: Path
) -> None:
    done = runs.run(store, empty_review, strategy, client=client)
    path = tmp_path / "elbow.toml"
    path.write_text(STRATEGY.replace('name = "knee"', 'name = "elbow"'), "utf-8")
    with pytest.raises(UsageProblem, match="is of the strategy 'knee', not of 'elbow'"):
        runs.replay(store, empty_review, load_strategy(path), run_id=done.run_id)


def test_counting_fetches_nothing_and_closes_no_run(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    result = runs.run(store, empty_review, strategy, client=client, count_only=True)
    assert (result.hits, result.requests) == (3, 3)
    assert result.needed == 6
    assert server.of("efetch") == []
    assert store.read("select * from v1.search_history").is_empty()
    assert store.read("select * from search.run_start").is_empty()
    assert runs.run(store, empty_review, strategy, client=client).requests == result.needed


def test_a_count_that_fails_stops_the_run_and_is_never_nothing_found(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    server.misbehave("esearch", *[Mood(body=b"<eSearchResult><IdList/></eSearchResult>")] * 2)
    with pytest.raises(EntrezError, match=r"line #1 \(condition\).*without a count"):
        runs.run(store, empty_review, strategy, client=client)
    assert store.read("select * from v1.search_history").is_empty()
    assert runs.run(store, empty_review, strategy, client=client).hits == 3


def test_a_search_without_hits_is_a_search(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    server.search = lambda term: []
    result = runs.run(store, empty_review, strategy, client=client)
    assert result.hits == 0
    assert all("no hits: is a word misspelt" in line.warnings[-1] for line in result.lines)
    assert store.read("select hits, imported from v1.search_history").rows() == [(0, 0)]


@pytest.mark.parametrize("signal", ["PhraseNotFound", "FieldNotFound", "QuotedPhraseNotFound"])
def test_a_term_that_pubmed_ignores_stops_the_run_and_names_the_line(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils, signal: str
) -> None:
    server.dropped = {"test product": signal}
    with pytest.raises(DroppedTerms, match=rf"knee\.toml line 14: line #2 \(product\): .*{signal}: test product"):
        runs.run(store, empty_review, strategy, client=client)
    assert store.read("select * from v1.search_history").is_empty()


def test_an_ignored_term_can_be_accepted_and_is_recorded(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    server.dropped = {"test product": "PhraseNotFound"}
    runs.run(store, empty_review, strategy, client=client, allow_dropped_terms=True)
    recorded = json.loads(store.read("select dropped_terms from v1.search_history").item())
    assert recorded[0] == {"line": 2, "signal": "PhraseNotFound", "text": "test product"}
    assert runs.replay(store, empty_review, strategy).dropped


def test_a_line_that_is_read_differently_now_is_said(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    runs.run(store, empty_review, strategy, client=client)
    server.stored['"knee pain"[tiab]'] = (
        b"<eSearchResult><Count>30</Count><IdList/><QueryTranslation>knee[All Fields]</QueryTranslation>"
        b"</eSearchResult>"
    )
    again = runs.run(store, empty_review, strategy, client=client)
    assert any("differently now" in warning for warning in again.lines[0].warnings)
    assert (
        "knee[All Fields]"
        in store.read(
            "select warnings from search.search_line where run_id = $run and line_no = 1", {"run": again.run_id}
        ).item()
    )


def test_records_that_do_not_come_are_asked_once_more(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    server.withheld = {12: 1}
    assert runs.run(store, empty_review, strategy, client=client).retrieved == 3
    assert [one.params["id"] for one in server.of("efetch")] == ["11,12,13", "12"]


def test_a_bound_on_the_entry_date_that_pubmed_ignores_stops_the_run(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    server.dropped = {"[edat]": "FieldNotFound"}
    with pytest.raises(DroppedTerms, match=r"the ids of line #3: FieldNotFound: \[edat\]"):
        runs.run(store, empty_review, strategy, client=client)
    assert server.of("efetch") == []


def test_ids_are_asked_up_to_the_day_of_the_run(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    server.entered = {13: date(2026, 11, 21)}
    result = runs.run(store, empty_review, strategy, client=client, today=TODAY)
    assert (result.lines[-1].hits, result.hits, result.retrieved) == (3, 2, 2)
    assert [one.params["term"] for one in server.of("esearch")][-1] == f"({BOTH}) AND 1800/01/01:2026/11/20[edat]"
    history = store.read("select pinned_to, hits, reconciled from v1.search_history").rows()
    assert history == [(TODAY, 2, True)]
    assert runs.replay(store, empty_review, strategy).pinned_to == TODAY


def test_what_pubmed_adds_during_a_run_is_fetched_too(
    store: LocalStore,
    other: LocalStore,
    empty_review: Project,
    strategy: Strategy,
    client: Client,
    server: Eutils,
    tmp_path: Path,
) -> None:
    found = [11, 12, 13]
    server.search = lambda term: found
    said: list[str] = []

    def added(done: int, total: int) -> None:
        if done == 3 and 14 not in found:
            found.append(14)

    result = runs.run(store, empty_review, strategy, client=client, say=said.append, progress=added)
    assert (result.hits, result.retrieved) == (4, 4)
    assert [one.params["id"] for one in server.of("efetch")] == ["11,12,13", "14"]
    assert any("3 ids, 4 counted now" in words for words in said)
    runs.export_run(store, result.run_id, tmp_path / "recorded")
    assert runs.replay_folder(other, empty_review, strategy, tmp_path / "recorded").hits == 4


def test_an_index_that_never_rests_stops_the_run_and_the_next_one_goes_on(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    found = [11, 12, 13]
    server.search = lambda term: found

    def added(done: int, total: int) -> None:
        if done == total and len(found) < 5:
            found.append(len(found) + 11)

    with pytest.raises(Incomplete, match="4 ids were found, 5 records are counted now"):
        runs.run(store, empty_review, strategy, client=client, progress=added)
    assert store.read("select * from v1.search_history").is_empty()
    result = runs.run(store, empty_review, strategy, client=client, progress=added)
    assert (result.resumed, result.hits, result.retrieved) == (True, 5, 5)
    assert [one.params["id"] for one in server.of("efetch")] == ["11,12,13", "14", "15"]


def test_servers_of_pubmed_that_take_turns_end_in_one_answer(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    """One more, one less again: the last answer holds, though it is the same as the first."""
    few, many = [11, 12, 13], [11, 12, 13, 14]
    # three lines, ids, count, ids, count; then a run that is taken up: count, ids, count
    turns = iter([few, few, few, few, many, many, few, few, few, few])
    server.search = lambda term: next(turns)
    with pytest.raises(Incomplete, match="4 ids were found, 3 records are counted now"):
        runs.run(store, empty_review, strategy, client=client)
    result = runs.run(store, empty_review, strategy, client=client)
    assert (result.hits, result.retrieved) == (3, 3)
    assert runs.replay(store, empty_review, strategy).hits == 3


def test_records_that_never_come_are_named_and_no_run_is_closed(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    server.withheld = {12: 9}
    with pytest.raises(Incomplete, match="1 of 3 records did not come, asked twice: PMID 12"):
        runs.run(store, empty_review, strategy, client=client)
    assert store.read("select count(*) from search.source_record").item() == 2
    assert store.read("select * from v1.source_record").is_empty()
    assert store.read("select * from v1.search_history").is_empty()
    server.withheld = {}
    again = runs.run(store, empty_review, strategy, client=client)
    assert (again.resumed, again.retrieved, again.new_records) == (True, 3, 3)
    assert [one.params["id"] for one in server.of("efetch")] == ["11,12,13", "12", "12"]


def test_a_run_can_be_finished_without_records_that_never_come_and_says_so(
    store: LocalStore,
    other: LocalStore,
    empty_review: Project,
    strategy: Strategy,
    client: Client,
    server: Eutils,
    tmp_path: Path,
) -> None:
    server.withheld = {12: 9}
    result = runs.run(store, empty_review, strategy, client=client, allow_missing=True)
    assert (result.hits, result.retrieved, result.missing) == (3, 2, ("12",))
    history = store.read("select missing_pmids, hits, imported, reconciled from v1.search_history").rows()
    assert history == [(["12"], 3, 2, False)]
    assert runs.replay(store, empty_review, strategy).missing == ("12",)
    runs.export_run(store, result.run_id, tmp_path / "recorded")
    with pytest.raises(Incomplete, match="PMID 12"):
        runs.replay_folder(other, empty_review, strategy, tmp_path / "recorded")
    replayed = runs.replay_folder(other, empty_review, strategy, tmp_path / "recorded", allow_missing=True)
    assert replayed.missing == ("12",)


def test_of_many_missing_records_the_whole_list_is_said(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    server.search = lambda term: list(range(1, 31))
    server.withheld = dict.fromkeys(range(1, 26), 9)
    said: list[str] = []
    with pytest.raises(Incomplete, match=r"25 of 30 records .* 19, 20 \.\.\. \(all above\)"):
        runs.run(store, empty_review, strategy, client=client, say=said.append)
    listed = [words.removeprefix("did not come: ") for words in said if words.startswith("did not come")]
    assert " ".join(listed).split() == [str(pmid) for pmid in range(1, 26)]


def test_a_record_that_cannot_be_read_is_missing_and_in_quarantine_once(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    good = server.write
    server.write = lambda pmid: good(pmid).replace("p &lt;0.05", "p <0.05") if pmid == 12 else good(pmid)
    result = runs.run(store, empty_review, strategy, client=client, allow_missing=True)
    assert (result.retrieved, result.missing) == (2, ("12",))
    assert store.read("select count(*) from search.quarantine").item() == 1


def test_a_cut_fetch_is_asked_again(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    server.misbehave("efetch", Mood(cut=400, tell_length=False))
    assert runs.run(store, empty_review, strategy, client=client).retrieved == 3


def test_a_run_that_was_killed_is_invisible_and_its_bodies_can_close_it(
    store: LocalStore,
    empty_review: Project,
    strategy: Strategy,
    client: Client,
    server: Eutils,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def killed(*args: object, **more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(runs, "_close", killed)
        runs.run(store, empty_review, strategy, client=client, run_id="killed")
    assert store.read("select * from v1.search_history").is_empty()
    assert store.read("select * from v1.source_record").is_empty()
    runs.replay(store, empty_review, strategy, run_id="killed")
    assert store.read("select run_id from v1.search_history").item() == "killed"
    assert store.read("select count(*) from v1.source_record").item() == 3


def test_nothing_to_replay_is_said(store: LocalStore, empty_review: Project, strategy: Strategy) -> None:
    with pytest.raises(UsageProblem, match="no stored run of 'knee'"):
        runs.replay(store, empty_review, strategy)
