"""`review reviewer` shares records out, takes them back, and says what review.toml needs when somebody leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from review.cli import run
from review.database import LocalStore
from review.project import FILE, load_project
from tests.conftest import REVIEW_TOML, write_review
from tests.screening.records import bring

DEE = '[[reviewers]]\nid = "dee"\nname = "Dee Test"\nrole = "reviewer"\n\n'


@pytest.fixture
def folder(tmp_path: Path, blank_database: Path) -> Path:
    """A review of two reviewers and eight records."""
    root = write_review(tmp_path / "team", text=REVIEW_TOML.replace("[criteria]\n", DEE + "[criteria]\n", 1))
    path = load_project(root).database_path
    path.write_bytes(blank_database.read_bytes())
    bring(LocalStore(path), [{} for _ in range(8)])
    return root


def test_assign_list_release_and_leave(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def say(*words: str) -> tuple[str, str]:
        assert run(["--project", str(folder), *words]) == 0
        told = capsys.readouterr()
        return told.out, told.err

    assert (
        "8 new assignments at title_abstract; in all: ben 4, dee 4."
        in (say("reviewer", "assign", "--mode", "double", "--share", "0")[1])
    )
    assert say("reviewer", "assignments", "--format", "csv")[0].splitlines() == [
        "reviewer,stage,assigned,decided,waiting",
        "ben,title_abstract,4,0,4",
        "dee,title_abstract,4,0,4",
    ]
    # who screens blind does not learn how far the other is
    assert "dee" not in say("--as", "ben", "reviewer", "assignments", "--format", "csv")[0]
    assert "ben: 4 assignments taken back, 4 given to dee" in say("reviewer", "release", "ben", "--to", "dee")[1]
    say("reviewer", "invite", "dee")
    out, err = say("reviewer", "leave", "dee")
    assert "dee: 8 assignments taken back, 1 invitations revoked, 0 sessions closed" in err
    assert out.startswith('left = "20')
    text = (folder / FILE).read_text("utf-8").replace('name = "Dee Test"\n', f'name = "Dee Test"\n{out}', 1)
    (folder / FILE).write_text(text, "utf-8")
    lines = say("reviewer", "list", "--format", "csv")[0].splitlines()
    assert lines[-1] == f"dee,Dee Test,reviewer,not invited,{out.strip()[8:-1]}"
    # one reviewer alone is too few, so the owner screens too
    owed = say("screen", "owed", "--format", "csv")[0]
    assert "ben,title_abstract,8" in owed and "ana,title_abstract,8" in owed and "dee" not in owed


def test_only_an_owner_shares_records_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--project", str(folder), "--as", "ben", "reviewer", "assign", "--mode", "split"]) != 0
    assert "records are shared out by: owner" in capsys.readouterr().err
