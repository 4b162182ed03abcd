"""`review init`: a review that works at once, or one clear line and nothing made."""

from __future__ import annotations

from pathlib import Path

import pytest

from review.cli import run
from review.project import load_project


def test_a_new_review_works_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", str(tmp_path / "knee"), "--title", 'PRP: "for" knees']) == 0
    assert load_project(tmp_path / "knee").title == 'PRP: "for" knees'
    assert "review.toml" in capsys.readouterr().out
    assert run(["--project", str(tmp_path / "knee"), "status"]) == 0
    status = capsys.readouterr().out
    assert "nobody has screened" in status and "STALE" not in status
    assert run(["--project", str(tmp_path / "knee"), "search", "list"]) == 0
    assert run(["--project", str(tmp_path / "knee"), "check"]) == 0


@pytest.mark.parametrize("name", ["", ".", "held"])
def test_a_folder_that_cannot_be_a_new_review_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "held").mkdir()
    (tmp_path / "held" / "note.txt").write_text("mine", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert run(["init", name]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["held"]


def test_a_folder_that_may_not_be_made_is_named_and_not_a_temporary_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "/proc/knee"]) == 2
    said = capsys.readouterr().err
    assert "/proc/knee cannot be made" in said and ".half" not in said
