"""Calibration, labels and pace at the command line: what is said, what is shown when, and what is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from review.cli import run
from review.database import LocalStore
from review.project import Project, load_project
from review.screening.calibration import rounds
from review.screening.decisions import decide
from tests.conftest import REVIEW_TOML, write_review
from tests.screening.records import bring

DEE = '[[reviewers]]\nid = "dee"\nname = "Dee Test"\nrole = "reviewer"\n\n[criteria]'
TEXT = REVIEW_TOML.replace("[criteria]", DEE, 1).replace("blind = true", "blind = true\ncalibration = 3")


@pytest.fixture
def team(tmp_path: Path, blank_database: Path) -> Project:
    project = load_project(write_review(tmp_path / "team", text=TEXT))
    store = LocalStore(Path(shutil.copy(blank_database, project.database_path)))
    bring(store, [{"pmid": str(101 + number), "title": f"Trial {number}"} for number in range(8)])
    return project


def call(project: Project, *words: str, who: str | None = None) -> int:
    person = ["--as", who] if who else []
    return run(["--project", str(project.root), *person, "screen", *words])


def finish(project: Project) -> None:
    store = LocalStore(project.database_path)
    (one,) = rounds(store, project)
    for who, words in {"ben": ("include", "include", "exclude"), "dee": ("include", "exclude", "exclude")}.items():
        for record, word in zip(one.records, words, strict=True):
            decide(
                store, project, record=record, stage="title_abstract", reviewer=who, verdict=word,
                reason="design" if word == "exclude" else None, note=f"MARK of {who}",
            )  # fmt: skip


def test_a_round_from_opening_to_closing(team: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(team, "calibrate", "show") == 0
    assert "No calibration round was opened" in capsys.readouterr().err
    assert call(team, "calibrate", "open", "--id", "r1", who="ben") == 1
    assert "opened and closed by: owner" in capsys.readouterr().err
    assert call(team, "calibrate", "open", "--id", "r1", who="ana") == 0
    assert "3 records for ben, dee under criteria 1. Round r1" in capsys.readouterr().err
    assert call(team, "calibrate", "close", who="ana") == 1
    assert "is not finished" in capsys.readouterr().err

    assert call(team, "calibrate", "show", who="ben") == 0
    shown = capsys.readouterr().out
    assert "nothing is shown before everybody" in shown and "You have decided on 0 of 3." in shown
    finish(team)
    for who in ("ben", "cyd", "ana", None):
        assert call(team, "calibrate", "show", who=who) == 0
        shown = capsys.readouterr().out
        assert "ben and dee: n 3, raw 0.67, kappa 0.40 (95 % CI" in shown and "PABAK 0.33" in shown
        assert "ben: include  MARK of ben" in shown and "dee: exclude  design  MARK of dee" in shown
    assert call(team, "calibrate", "show", "--format", "csv") == 0
    header, line = capsys.readouterr().out.splitlines()
    assert header.startswith("round_id,stage,reviewer_1,reviewer_2,n,") and line.startswith(
        "r1,title_abstract,ben,dee,3,"
    )
    assert call(team, "agreement", "--format", "csv") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1

    file = team.root / "review.toml"
    file.write_text(file.read_text("utf-8").replace('version = "1"', 'version = "2"').replace("A trial", "Any trial"))
    assert call(team, "calibrate", "close", "--note", "any trial", "--id", "c1", who="ana") == 0
    assert "Round r1 is closed; criteria 1 became 2." in capsys.readouterr().err
    assert call(team, "calibrate", "close", "--id", "c1", who="ana") == 0
    assert call(team, "calibrate", "show", who="dee") == 0
    shown = capsys.readouterr().out
    assert "closed by ana" in shown and "  any trial" in shown


def test_a_round_that_is_given_up(team: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(team, "calibrate", "open", "--records", "2", who="ana") == 0
    assert call(team, "calibrate", "close", "--unfinished", who="ana") == 0
    assert "criteria 1 stay" in capsys.readouterr().err
    assert call(team, "calibrate", "open", "--records", "0", who="ana") == 2


def test_labels_at_the_command_line(team: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(team, "label", "101", "check dose", who="ben") == 0
    assert "label check dose" in capsys.readouterr().err
    assert call(team, "label", "101", "check dose", who="ben") == 0
    assert "already done" in capsys.readouterr().err
    assert call(team, "labels", who="ben") == 0
    assert capsys.readouterr().out == "check dose\n"
    assert call(team, "labels", who="dee") == 0
    assert capsys.readouterr().out == ""
    assert call(team, "label", "101", "check dose", "--remove", who="dee") == 1
    assert call(team, "label", "101", "check dose", "--remove", who="ben") == 0
    assert "taken off check dose" in capsys.readouterr().err
    assert call(team, "label", "101", "x" * 61, who="ben") == 2
    assert call(team, "label", "101", "x") == 2


def test_pace_is_ones_own_while_the_review_is_blind(team: Project, capsys: pytest.CaptureFixture[str]) -> None:
    call(team, "calibrate", "open", who="ana")
    finish(team)
    capsys.readouterr()
    assert call(team, "pace", "--format", "csv", who="ben") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "reviewer,stage,day,decisions,median_seconds"
    assert len(lines) == 2 and lines[1].startswith("ben,title_abstract,")
    assert call(team, "pace", "--format", "csv") == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
