"""The full-text stage at the command line: order, ask, attach, wait, and take back."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from review.cli import run
from review.cli.screen import screen
from review.cli.screen_reports import COMMANDS
from review.database import LocalStore
from review.project import Project
from tests.screening.records import bring


@pytest.fixture
def held(empty_review: Project, blank_database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStore]:
    """Two records included at title and abstract, the database held open for commands that follow each other."""
    store = LocalStore(Path(shutil.copy(blank_database, empty_review.database_path)))
    monkeypatch.setattr("review.database.open_store", lambda path: store)
    with store.holding():
        bring(store, [{"pmid": "101", "title": "First"}, {"pmid": "102", "title": "Second"}])
        for who in ("ana", "ben"):
            for record in ("101", "102"):
                assert call(empty_review, "decide", record, "include", who=who) == 0
        yield store


def call(project: Project, *words: str, who: str | None = "ana") -> int:
    person = ["--as", who] if who else []
    return run(["--project", str(project.root), *person, "screen", *words])


def listed(
    project: Project, capsys: pytest.CaptureFixture[str], *words: str, who: str | None = None
) -> dict[str, dict[str, str]]:
    """PMID → row of `review screen retrieval`."""
    capsys.readouterr()
    assert call(project, "retrieval", *words, "--format", "csv", who=who) == 0
    return {row["pmid"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}


def test_a_report_is_ordered_asked_for_attached_and_translated(
    empty_review: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert {pmid: row["waits_for"] for pmid, row in listed(empty_review, capsys).items()} == {
        "101": "order",
        "102": "order",
    }
    assert call(empty_review, "order", "101", "--source", "interlibrary loan") == 0
    assert "ordered from interlibrary loan" in capsys.readouterr().err
    row = listed(empty_review, capsys)["101"]
    assert (row["waits_for"], row["ordered_from"], row["ordered_by"]) == ("delivery", "interlibrary loan", "ana")
    assert call(empty_review, "ask-authors", "101", "--on", "2026-03-31", "--note", "second letter") == 0
    assert listed(empty_review, capsys)["101"]["authors_asked_on"] == "2026-03-31"
    paper = empty_review.root / "smith.pdf"
    paper.write_bytes(b"%PDF-1.7 a paper")
    assert call(empty_review, "attach", "101", str(paper)) == 0
    assert call(empty_review, "translation", "101", "--language", "Chinese") == 0
    row = listed(empty_review, capsys)["101"]
    assert (row["waits_for"], row["language"], row["file_kept"]) == ("translation", "Chinese", "true")
    assert call(empty_review, "translated", "101") == 0
    assert set(listed(empty_review, capsys)) == {"102"}
    assert set(listed(empty_review, capsys, "--all")) == {"101", "102"}
    assert call(empty_review, "decide", "101", "include", "--stage", "full_text") == 0


def test_what_cannot_be_classified_is_told_in_the_flow(
    empty_review: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(empty_review, "awaiting", "101", "--reason", "only an abstract") == 0
    assert call(empty_review, "ongoing", "102", "--reason", "recruiting until 2027") == 0
    assert {pmid: row["waits_for"] for pmid, row in listed(empty_review, capsys).items()} == {
        "101": "classification",
        "102": "the end of the study",
    }
    assert run(["--project", str(empty_review.root), "table", "flow", "--format", "csv"]) == 0
    flow = {row["item"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert (flow["awaiting_classification"]["n"], flow["ongoing"]["n"]) == ("1", "1")
    assert call(empty_review, "classified", "101") == 0
    assert call(empty_review, "classified", "101") == 1
    assert "neither awaiting classification nor ongoing" in capsys.readouterr().err
    assert call(empty_review, "take-back", "102") == 0
    assert "the newest note in classification is taken back" in capsys.readouterr().err
    assert {row["waits_for"] for row in listed(empty_review, capsys).values()} == {"order"}


def test_a_wrong_order_is_taken_back_and_the_same_id_is_one_event(
    empty_review: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert call(empty_review, "order", "101", "--source", "the shop", "--id", "o1") == 0
    assert held.read("select count(*) as n from screening.report_event")["n"][0] == 1
    assert call(empty_review, "take-back", "101", "--track", "retrieval", who="ben") == 0
    assert listed(empty_review, capsys)["101"]["waits_for"] == "order"
    assert call(empty_review, "take-back", "101") == 1
    assert "nothing is noted" in capsys.readouterr().err


def test_who_acts_must_be_said_and_a_day_must_be_one(
    empty_review: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(empty_review, "order", "101", "--source", "x", who=None) == 2
    assert "who you are" in capsys.readouterr().err
    assert call(empty_review, "ask-authors", "101", "--on", "yesterday") == 2
    assert call(empty_review, "ask-authors", "101", "--on", "2999-01-01") == 1
    assert "still to come" in capsys.readouterr().err
    assert call(empty_review, "order", "999", "--source", "x") == 2


def test_reports_lists_in_every_format(
    empty_review: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    for name in ("reports", "retrieval"):
        assert call(empty_review, name, "--format", "json", who=None) == 0
        assert len(json.loads(capsys.readouterr().out)) == 2
        assert call(empty_review, name, who="ben") == 0
        assert "First" in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command.name))
def test_every_command_stands_in_the_group_and_shows_an_example(command: click.Command) -> None:
    assert screen.commands[str(command.name)] is command
    assert f"screen {command.name}" in (command.help or "").split("Example:")[-1]
