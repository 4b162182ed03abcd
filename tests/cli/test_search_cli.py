"""`review search` and `review import` at the keyboard: data on standard output, one line for each mistake."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from review.cli import run
from review.errors import ExitCode
from review.project import Project
from tests.eutils_server import Eutils, pointed_at, serving

STRATEGY = """\
name = "knee"
version = "1"
source = "PubMed"
status = "not run"

[[line]]
label = "knee"
block = "condition"
text = "knee[tiab]"

[[line]]
label = "product"
block = "cell source"
text = "product[tiab]"

[[line]]
label = "both"
block = "search"
text = "#1 AND #2"
"""


@pytest.fixture
def knee(empty_review: Project) -> Project:
    folder = empty_review.root / "queries" / "pubmed"
    folder.mkdir(parents=True)
    (folder / "knee.toml").write_text(STRATEGY, "utf-8")
    return empty_review


@pytest.fixture
def pubmed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Eutils]:
    monkeypatch.setenv("NCBI_EMAIL", "nobody@example.org")
    monkeypatch.setenv("NCBI_API_KEY", "synthetic-key")
    with serving(Eutils(search=lambda term: [11, 12])) as server, pointed_at(server):
        yield server


def say(project: Project, *words: str) -> int:
    return run(["--project", str(project.root), *words])


def test_a_strategy_is_listed_and_shown(knee: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert say(knee, "search", "list", "--format", "csv") == 0
    assert "knee,1,PubMed,3,not run; recall not measured" in capsys.readouterr().out
    assert say(knee, "search", "show", "knee", "--full") == 0
    assert capsys.readouterr().out.strip() == "(knee[tiab]) AND (product[tiab])"
    assert say(knee, "search", "show", "knee", "--format", "json") == 0
    assert [line["no"] for line in json.loads(capsys.readouterr().out)] == [1, 2, 3]


def test_count_run_replay_export_and_history(
    knee: Project, pubmed: Eutils, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert say(knee, "search", "run", "knee", "--count-only", "--format", "csv") == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines()[-1].startswith("3,both,2,")
    assert "2 records; 3 questions asked, nothing fetched" in shown.err
    assert say(knee, "search", "run", "knee", "--format", "csv") == 0
    assert "2 records counted, 2 retrieved, 2 new" in capsys.readouterr().err
    assert say(knee, "search", "replay", "knee", "--format", "csv") == 0
    assert "2 retrieved, 0 new" in capsys.readouterr().err
    assert say(knee, "search", "history", "--format", "json") == 0
    history = json.loads(capsys.readouterr().out)
    assert [(row["hits"], row["imported"], row["reconciled"]) for row in history] == [(2, 2, True)]
    folder = tmp_path / "recorded"
    assert say(knee, "search", "export", history[0]["run_id"], str(folder)) == 0
    assert capsys.readouterr().out.strip() == str(folder / "manifest.json")
    assert say(knee, "search", "replay", "knee", "--from", str(folder)) == 0
    assert say(knee, "search", "history", "--lines", history[0]["run_id"], "--format", "csv") == 0
    assert "knee[tiab]" in capsys.readouterr().out


def test_a_dropped_term_has_an_exit_code_of_its_own(
    knee: Project, pubmed: Eutils, capsys: pytest.CaptureFixture[str]
) -> None:
    pubmed.dropped = {"product": "PhraseNotFound"}
    assert say(knee, "search", "run", "knee") == ExitCode.ENTREZ
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("review: error: line #2 (product): PubMed ignored a part of the question")


def test_a_search_elsewhere_is_entered_and_its_file_reconciled(
    knee: Project, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ["--source", "Embase", "--platform", "Ovid", "--query", "knee.mp.", "--date", "2026-01-02", "--hits", "1"]
    assert say(knee, "search", "enter", "Embase main", *words) == 0
    run_id = capsys.readouterr().out.strip()
    path = tmp_path / "embase.ris"
    path.write_text("TY  - JOUR\nTI  - Synthetic\nER  - \n", "utf-8")
    assert say(knee, "import", str(path), "--search", run_id) == 0
    assert "markers 1 = read 1 + rejected 0" in capsys.readouterr().out
    assert say(knee, "import", str(path), "--search", run_id) == 0
    assert "nothing added" in capsys.readouterr().out
    assert say(knee, "import", "--receipts", "--format", "csv") == 0
    assert "embase.ris,Embase" not in capsys.readouterr().err
    assert say(knee, "search", "history", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)[0]["reconciled"] is True


def test_mistakes_are_one_line(knee: Project, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert say(knee, "search", "show", "nothing") == ExitCode.USAGE
    assert say(knee, "search", "enter", "x", "--source", "Embase", "--date", "2026-01-02") == ExitCode.USAGE
    assert say(knee, "import") == ExitCode.USAGE
    path = tmp_path / "a.csv"
    path.write_text("Titel\nErste\n", "utf-8")
    assert say(knee, "import", str(path), "--source", "x", "--map", "title") == ExitCode.USAGE
    assert say(knee, "import", str(path), "--source", "x", "--dialect", "csv") == ExitCode.ERROR
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len([line for line in shown.err.splitlines() if line.startswith("review: error:")]) == 5
    assert say(knee, "import", str(path), "--source", "x", "--map", "title=Titel") == 0
