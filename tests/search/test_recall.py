"""The recall check against the loopback server: what a line finds, which block loses a record, what may be claimed."""

from __future__ import annotations

import csv
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from review.cli import run
from review.database import LocalStore
from review.errors import DroppedTerms, EntrezError, ExitCode, FormatError, SearchError, UsageProblem
from review.paths import shipped
from review.project import Project
from review.search import recall
from review.search.entrez import Client
from review.search.pace import Pace, Rate
from review.search.recall import KnownSet, Recall, read_known
from review.search.standing import standing
from review.search.strategy import Strategy, load_strategy
from review.search.transport import Transport
from tests.eutils_server import Eutils, Mood, pointed_at, serving

STRATEGY = """\
name = "knee"
version = "1"
source = "PubMed"
status = "not run"

[[line]]
label = "knee pain"
block = "condition"
text = '"knee pain"[tiab]'

[[line]]
label = "gonarthrosis"
block = "condition"
text = "gonarthros*[tiab]"

[[line]]
label = "any condition"
block = "condition"
text = "#1 OR #2"

[[line]]
label = "plasma"
block = "cell source"
text = "plasma[tiab]"

[[line]]
label = "reviews"
block = "filter"
text = "review[pt]"

[[line]]
label = "both"
block = "search"
text = "(#3 AND #4) NOT #5"
"""
# what each text finds in the whole of PubMed, as far as the server knows it
PUBMED = {
    '"knee pain"[tiab]': {11, 12, 15, 99},
    "gonarthros*[tiab]": {12, 13},
    "plasma[tiab]": {11, 12, 14, 15},
    "review[pt]": {15},
}
EVERY = {11, 12, 13, 14, 15, 16}
_UID = re.compile(r"(\d+)\[uid\]")


def pubmed(term: str) -> list[int]:
    """The server's answer: brackets and operators over the texts that it knows."""
    sets: list[set[int]] = []

    def known(found: re.Match[str]) -> str:
        text = found.group()
        uid = _UID.fullmatch(text)
        sets.append({int(uid.group(1))} & EVERY if uid else PUBMED[text])
        return f"s[{len(sets) - 1}]"

    words = re.sub(r'"[^"]*"\[\w+\]|[\w*]+\[\w+\]', known, term)
    sums = words.replace(" AND ", " & ").replace(" OR ", " | ").replace(" NOT ", " - ")
    return sorted(eval(sums, {"s": sets}))  # brackets stand wherever the operators of the two languages differ


@pytest.fixture
def store(store: LocalStore) -> Iterator[LocalStore]:
    """The empty database, held open."""
    with store.holding():
        yield store


@pytest.fixture
def server() -> Iterator[Eutils]:
    with serving(Eutils(search=pubmed)) as eutils, pointed_at(eutils):
        yield eutils


@pytest.fixture
def client() -> Client:
    transport = Transport(tries=2, timeout=20, sleep=lambda seconds: None, pace=Pace(Rate(100, 0.0)))
    return Client("nobody@example.org", "synthetic-key", transport)


@pytest.fixture
def strategy(tmp_path: Path) -> Strategy:
    return _strategy(tmp_path, STRATEGY)


KNOWN = KnownSet("mine", ("11", "12", "13", "14", "15", "16", "77"))


def _strategy(folder: Path, text: str) -> Strategy:
    path = folder / "knee.toml"
    path.write_text(text, "utf-8")
    return load_strategy(path)


def _checks(store: LocalStore) -> list[Mapping[str, object]]:
    return store.read("select * from v1.recall_check order by finished_at").to_dicts()


def _words(result: Recall) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for loss in result.losses:
        said.setdefault(loss.pmid, []).append(loss.words)
    return said


def test_each_line_says_what_it_finds_and_misses(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    result = recall.check(store, empty_review, strategy, KNOWN, client=client, run_by="ana", check_id="c1")
    assert result.not_in_source == ("77",)
    assert [one.found for one in result.lines] == [
        ("11", "12", "15"), ("12", "13"), ("11", "12", "13", "15"), ("11", "12", "14", "15"), ("15",), ("11", "12"),
    ]  # fmt: skip
    assert result.lines[0].missed == ("13", "14", "16")
    assert (result.found, result.missed) == (("11", "12"), ("13", "14", "15", "16"))
    (row,) = _checks(store)
    assert (row["known"], row["in_source"], row["found"], row["recall"]) == (7, 6, 2, pytest.approx(1 / 3))
    assert (row["missed"], row["not_in_source"]) == (["13", "14", "15", "16"], ["77"])
    assert (row["known_name"], row["run_by"], row["strategy_sha256"]) == ("mine", "ana", strategy.sha256)
    assert row["lines"][4] == {  # type: ignore[index]
        "line_no": 5, "label": "reviews", "found": 1, "missed": ["11", "12", "13", "14", "16"],
    }  # fmt: skip
    assert store.read("select count(*) from search.response where run_id = 'c1'").item() == len(server.asked) == 7


def test_a_missed_record_names_the_block_that_loses_it(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    condition = "block 'condition': #3 (any condition) does not find it; one of #1 to #2 would have to find it"
    source = "block 'cell source': #4 (plasma) does not find it"
    assert _words(recall.check(store, empty_review, strategy, KNOWN, client=client)) == {
        "13": [source],
        "14": [condition],
        "15": ["block 'filter': #5 (reviews) takes it away by NOT"],
        "16": [condition, source],
    }


def test_words_beside_the_lines_that_are_joined_can_lose_a_record_too(
    store: LocalStore, empty_review: Project, tmp_path: Path, client: Client, server: Eutils
) -> None:
    narrowed = _strategy(tmp_path, STRATEGY.replace("(#3 AND #4) NOT #5", "(#3 AND #4 AND plasma[ti]) NOT #5"))
    server.search = lambda term: [] if "plasma[ti]" in term else pubmed(term)
    result = recall.check(store, empty_review, narrowed, KnownSet("one", ("11",)), client=client)
    assert _words(result) == {"11": ["block 'search': #6 (both) loses it by its own words"]}


def test_a_pmid_that_pubmed_names_as_not_found_is_one_that_it_does_not_have(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    server.dropped = {"77[uid]": "PhraseNotFound"}
    assert recall.check(store, empty_review, strategy, KNOWN, client=client).not_in_source == ("77",)
    server.dropped = {"11[uid]": "FieldNotFound", "nonsense": "FieldNotFound"}
    with pytest.raises(SearchError, match="PubMed has none of the 2 PMIDs of the known set 'gone'"):
        recall.check(store, empty_review, strategy, KnownSet("gone", ("77", "78")), client=client)


def test_a_dropped_word_stops_the_check_and_can_be_accepted(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    server.dropped = {"plasma[tiab]": "PhraseNotFound"}
    with pytest.raises(DroppedTerms, match=r"line #4 \(plasma\).*PhraseNotFound: plasma\[tiab\]"):
        recall.check(store, empty_review, strategy, KNOWN, client=client)
    assert _checks(store) == []
    result = recall.check(store, empty_review, strategy, KNOWN, client=client, allow_dropped_terms=True)
    assert [line for line, _, _ in result.dropped] == [4, 6]


def test_a_check_that_was_cut_off_never_happened(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    server.search = lambda term: pubmed(term) if "plasma" not in term else [11, 999]
    with pytest.raises(EntrezError, match="line #4 is not a part of the 6 known records"):
        recall.check(store, empty_review, strategy, KNOWN, client=client)
    assert _checks(store) == []
    assert store.read("select count(*) from search.response").item() == 5
    assert standing(store, strategy) == "not run; recall not measured"


def test_recall_is_claimed_for_the_very_text_that_was_checked(
    store: LocalStore, empty_review: Project, strategy: Strategy, tmp_path: Path, client: Client, server: Eutils
) -> None:
    assert standing(store, strategy) == "not run; recall not measured"
    recall.check(store, empty_review, strategy, KnownSet("all", ("11", "13")), client=client)
    day = _checks(store)[0]["checked_on"]
    assert standing(store, strategy) == f"not run; recall measured: 1 of 2 (known set all, {day})"
    recall.check(store, empty_review, strategy, KnownSet("all", ("11", "12")), client=client)
    recall.check(store, empty_review, strategy, KnownSet("more", ("11", "12", "14", "77")), client=client)
    said = f"2 of 2 (known set all, {day}); 2 of 3 (known set more, 1 not in PubMed, {day})"
    assert standing(store, strategy) == f"not run; recall measured: {said}"
    changed = _strategy(tmp_path, STRATEGY.replace("plasma[tiab]", "plasma*[tiab]"))
    assert standing(store, changed) == "not run; recall not measured"


def test_a_large_known_set_is_asked_in_groups(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    server.search = lambda term: [int(pmid) for pmid in _UID.findall(term)]
    known = KnownSet("many", tuple(str(pmid) for pmid in range(10_000_000, 10_000_900)))
    result = recall.check(store, empty_review, strategy, known, client=client)
    assert len(result.found) == 900
    assert len(server.asked) == 3 * (1 + len(strategy.lines))
    assert {one.method for one in server.asked} == {"POST"}
    assert max(len(_UID.findall(one.params["term"])) for one in server.asked) == recall.GROUP


def test_nobody_answers(store: LocalStore, empty_review: Project, strategy: Strategy, client: Client) -> None:
    with serving(Eutils()) as gone:
        pass
    with pointed_at(gone), pytest.raises(EntrezError, match="the known records"):
        recall.check(store, empty_review, strategy, KNOWN, client=client)


def test_a_known_set_has_comments_blank_lines_and_repeats(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("\ufeff# SYNTHETIC\n\n 12 # a trial\r\n9\n12\n", "utf-8")
    assert read_known(path) == KnownSet("mine", ("9", "12"), ("12",))
    assert read_known(path, name="other").name == "other"
    assert read_known(path).sha256 == KnownSet("x", ("9", "12")).sha256


def test_every_bad_line_of_a_known_set_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("12\nPMC12\n# fine\n007\n10.1/x\n", "utf-8")
    with pytest.raises(FormatError, match=r"line 2: 'PMC12' is no PMID; .*line 4: '007'.*line 5: '10\.1/x'"):
        read_known(path)
    path.write_text("# nothing\n", "utf-8")
    with pytest.raises(FormatError, match=r"mine\.txt holds no PMID"):
        read_known(path)
    path.write_bytes(b"12\xff")
    with pytest.raises(FormatError, match="byte 2 is not UTF-8"):
        read_known(path)
    with pytest.raises(UsageProblem, match=r"there is no file .*gone\.txt"):
        read_known(tmp_path / "gone.txt")
    with pytest.raises(UsageProblem, match=" is no file"):
        read_known(tmp_path)
    for blank in ("", "  "):
        with pytest.raises(UsageProblem, match="the name of the file of PMIDs is blank"):
            recall.find_known(tmp_path, blank)


def test_the_shipped_known_set_is_the_primary_reports_of_the_shipped_review() -> None:
    known = read_known(shipped("queries", "pubmed", "known", "regenerative-pain.txt"))
    primary: set[str] = set()
    others: set[str] = set()
    for path in shipped("extracted").glob("*/study.toml"):
        for report in tomllib.loads(path.read_text("utf-8")).get("reports", []):
            if report.get("pmid"):
                (primary if report["kind"] == "primary" else others).add(report["pmid"])
    assert set(known.pmids) == primary
    assert len(known.pmids) == 51
    assert known.repeated == ()
    header = shipped("queries", "pubmed", "known", "regenerative-pain.txt").read_text("utf-8").split("\n23", 1)[0]
    assert set(re.findall(r"\b\d{8}\b", header)) == others - primary


def test_the_shipped_known_set_is_that_of_the_trials(shared_data: Path) -> None:
    with (shared_data / "domain" / "trials.csv").open(encoding="utf-8", newline="") as text:
        pmids = {row["pmid"] for row in csv.DictReader(text) if row["pmid"]}
    assert set(read_known(shipped("queries", "pubmed", "known", "regenerative-pain.txt")).pmids) == pmids


def test_the_command_checks_and_its_words_say_what_is_lost(
    empty_review: Project,
    blank_database: Path,
    server: Eutils,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = empty_review.queries / "pubmed" / "known"
    folder.mkdir(parents=True)
    (folder.parent / "knee.toml").write_text(STRATEGY, "utf-8")
    (folder / "mine.txt").write_text("11\n14\n14\n77\n", "utf-8")
    empty_review.database_path.parent.mkdir(exist_ok=True)
    shutil.copy(blank_database, empty_review.database_path)
    call = ["--project", str(empty_review.root), "search"]
    monkeypatch.delenv("NCBI_EMAIL", raising=False)
    assert run([*call, "check", "knee", "--known", "mine"]) == ExitCode.USAGE
    assert "NCBI_EMAIL is not set" in capsys.readouterr().err
    monkeypatch.setenv("NCBI_EMAIL", "nobody@example.org")
    monkeypatch.setenv("NCBI_API_KEY", "synthetic-key")
    assert run([*call, "check", "knee", "--known", "mine", "--format", "csv"]) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines()[0] == "no,block,label,found,missed,missed_pmids"
    assert shown.out.splitlines()[-1] == "6,search,both,1,1,14"
    for words in (
        "mine: more than once, counted once: 14",
        "PubMed has 2 of 3 known records",
        "not in PubMed: 77",
        "PMID 14 is missed: block 'condition': #3 (any condition)",
        "recall of the last line: 1 of 2 (known set mine; 3 PMIDs)",
    ):
        assert words in shown.err
    assert run([*call, "list", "--format", "csv"]) == 0
    assert "not run; recall measured: 1 of 2 (known set mine, 1 not in PubMed, " in capsys.readouterr().out
    assert run([*call, "show", "knee", "--format", "csv"]) == 0
    assert "recall measured: 1 of 2" in capsys.readouterr().err
    (folder / "one.txt").write_text("11\n", "utf-8")
    assert run([*call, "check", "knee", "--known", "one"]) == 0
    assert "(known set one; 1 PMID)" in capsys.readouterr().err
    assert run([*call, "check", "nobody", "--known", "mine"]) == ExitCode.USAGE
    assert run([*call, "check", "knee", "--known", "yours"]) == ExitCode.USAGE
    assert "there is no file yours" in capsys.readouterr().err


def test_an_error_in_the_middle_of_an_answer_is_told(
    store: LocalStore, empty_review: Project, strategy: Strategy, client: Client, server: Eutils
) -> None:
    server.misbehave("esearch", *[Mood(200, b"<eSearchResult><ERROR>no backend</ERROR></eSearchResult>")] * 3)
    with pytest.raises(EntrezError, match="no backend"):
        recall.check(store, empty_review, strategy, KNOWN, client=client)
