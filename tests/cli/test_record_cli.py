"""`review record show`: words and JSON, hostile text, keys that name none or several, and nothing of screening."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from review.cli import run
from review.database import LocalStore
from review.dedupe import deeds
from review.errors import ExitCode
from review.project import Project
from review.screening import decisions
from tests.screening.records import bring

SECRET = "SECRETWORD"
TRIAL: dict[str, Any] = {"title": "A test injection for knee pain", "authors": "Smith J; Doe A", "year": 2019}
EVIL = "Evil\x1b[31m title\x1b[2J\r\n\x9b1;1Hyear: 1850\u2028doi: 10.5555/forged\x07"
EVIL += " <script>alert(1)</script> [red]x[/red]"
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
RECORDS = [
    {**TRIAL, "source": "PubMed", "pmid": "101", "doi": "10.5555/one", "journal": "J Test Med", "abstract": "Short.",
     "accession": "101"},
    {**TRIAL, "source": "Embase", "title": "A TEST INJECTION", "authors": "Smith J; Doe A; Roe B", "doi": "10.5555/one",
     "journal": "Journal of Test Medicine", "abstract": "BACKGROUND: Long.\nRESULTS: Longer.", "accession": "E1"},
    {"title": EVIL, "source": "Scopus\x1b]0;x\x07\n", "authors": "Evil\nE", "journal": "[link=file:///etc]J[/link]",
     "abstract": f"First.\nyear: 1999\r\nother: {EVIL}", "accession": "S\n\x1b[1m1", "doi": "10.5555/evil",
     "url": "javascript:alert(1)", "mesh": ["Kn\nee\x1b[0m"]},
    {"title": "One of two", "doi": "10.5555/shared", "source": "Embase", "accession": "E3"},
    {"title": "Two of two", "doi": "10.5555/shared", "source": "Embase", "accession": "E4"},
]  # fmt: skip


@pytest.fixture
def held(empty_review: Project, blank_database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStore]:
    """The database held open for commands that follow each other, as no shell could; the first two are one record."""
    store = LocalStore(Path(shutil.copy(blank_database, empty_review.database_path)))
    monkeypatch.setattr("review.database.open_store", lambda path: store)
    monkeypatch.setenv("COLUMNS", "200")
    with store.holding():
        ids = bring(store, RECORDS)
        deeds.merge(store, empty_review, ids[0], ids[1], who="ana")
        yield store


def show(project: Project, *words: str, who: str = "ana") -> int:
    """`review record show WORDS`."""
    return run(["--project", str(project.root), "--as", who, "record", "show", *words])


def test_each_field_says_where_it_came_from_and_what_others_say(
    empty_review: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(empty_review, "101") == ExitCode.OK
    out, err = capsys.readouterr()
    assert err == ""
    (record,) = held.read("select record_id from v1.record where members = 2")["record_id"].to_list()
    assert out.startswith(f"record {record}: 2 source records, of Embase; PubMed\n")
    title = (
        "title: A test injection for knee pain\n    from PubMed: PubMed first\n    other: Embase: A TEST INJECTION\n"
    )
    assert title in out
    assert "authors: Smith J; Doe A; Roe B\n    from Embase: most authors\n    other: PubMed: Smith J; Doe A\n" in out
    assert "journal: Journal of Test Medicine\n    from Embase: journal written out\n" in out
    assert "doi: 10.5555/one\n    from PubMed: all say the same\n" in out
    assert "pmid: 101\n    from PubMed: the only one that gives it\n" in out
    # the abstract comes last, and each of its lines is marked
    assert "\nabstract: BACKGROUND: Long.\n  | RESULTS: Longer.\n    from Embase: longest abstract\n" in out
    assert out.index("abstract:") > out.index("year:")
    members = out[out.index("Source records") :]
    assert members.index("PubMed") < members.index("Embase")
    assert "synthetic.csv" in members
    assert "Links" not in out


@pytest.mark.parametrize("key", ["101", "10.5555/one", "https://doi.org/10.5555/ONE", "id", "beginning"])
def test_a_record_is_named_by_pmid_doi_or_id(
    empty_review: Project, held: LocalStore, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    (name,) = held.read("select source_record_id as id from v1.source_record where source = 'PubMed'")["id"].to_list()
    assert show(empty_review, {"id": name, "beginning": name[:12]}.get(key, key)) == ExitCode.OK
    assert "title: A test injection for knee pain\n" in capsys.readouterr().out


def test_json_is_the_rows_of_the_views(
    empty_review: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(empty_review, "10.5555/one", "--format", "json") == ExitCode.OK
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["record", "fields", "members", "links"]
    (record,) = held.read("select * from v1.record where members = 2").to_dicts()
    assert found["record"] == json.loads(json.dumps(record, default=str))
    assert {row["field"]: row["value"] for row in found["fields"]}["authors"] == record["authors"]
    assert [row["source"] for row in found["members"]] == ["PubMed", "Embase"]
    assert found["members"][0]["source_record_id"] == record["shown_source_record_id"]
    assert found["links"] == []


def test_a_link_stands_below(empty_review: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["dedupe", "link", "10.5555/evil", "101", "--as", "erratum_of", "--note", "told\x1b[1m by\nmail"]
    assert run(["--project", str(empty_review.root), "--as", "ana", *words]) == ExitCode.OK
    capsys.readouterr()
    for key, direction in (("101", "to this"), ("10.5555/evil", "of")):
        assert show(empty_review, key) == ExitCode.OK
        links = capsys.readouterr().out.split("Links")[1]
        assert "erratum_of" in links
        assert direction in links
        assert not CONTROL.search(links)


def test_hostile_text_moves_no_cursor_and_forges_no_line(
    empty_review: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(empty_review, "10.5555/evil") == ExitCode.OK
    out = capsys.readouterr().out
    assert not CONTROL.search(out)
    lines = out.splitlines()
    assert [line for line in lines if line.startswith(("year:", "doi:", "other:"))] == [
        "year: 2003",
        "doi: 10.5555/evil",
    ]
    (title,) = [line for line in lines if line.startswith("title: ")]
    # mark-up is only text in a terminal, and none of it is lost
    assert "<script>alert(1)</script> [red]x[/red]" in title
    assert "journal: [link=file:///etc]J[/link]" in lines
    assert "  | year: 1999" in lines


def test_hostile_text_stays_text_in_json(
    empty_review: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(empty_review, "10.5555/evil", "--format", "json") == ExitCode.OK
    out = capsys.readouterr().out
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", out)
    assert json.loads(out)["record"]["title"].startswith("Evil\x1b[31m title")


def test_a_key_that_names_none_or_several_is_a_mistake_of_use(
    empty_review: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(empty_review, "99999") == ExitCode.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert "no record has the id, PMID or DOI '99999'" in err
    assert "Hint: ids are listed by: review query" in err
    assert show(empty_review, "10.5555/shared") == ExitCode.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert "'10.5555/shared' names 2 records: " in err
    assert "Hint: give the source_record_id" in err
    assert show(empty_review, "") == ExitCode.USAGE
    assert show(empty_review, "101", "--format", "xml") == ExitCode.USAGE
    assert "Traceback" not in capsys.readouterr().err


def test_who_screens_blind_sees_the_record_and_nothing_of_screening(
    empty_review: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {}
    for format in ("table", "json"):
        assert show(empty_review, "101", "--format", format, who="ben") == ExitCode.OK
        before[format] = capsys.readouterr().out
    (record,) = held.read("select record_id from v1.record where members = 2")["record_id"].to_list()
    decisions.decide(
        held, empty_review, record=record, stage="title_abstract", reviewer="ana", verdict="exclude", note=SECRET
    )
    assert held.read("select note from screening.decision")["note"].to_list() == [SECRET]
    for format, words in before.items():
        assert show(empty_review, "101", "--format", format, who="ben") == ExitCode.OK
        assert capsys.readouterr().out == words
        assert SECRET not in words
