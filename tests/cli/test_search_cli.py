"""`review search` and `review import` at the keyboard: data on standard output, one line for each mistake."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from review.cli import run
from review.errors import ExitCode
from review.project import Project
from tests.eutils_server import Eutils, article, article_set, pointed_at, serving

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
def knee(empty_review: Project, blank_database: Path) -> Project:
    folder = empty_review.root / "queries" / "pubmed"
    folder.mkdir(parents=True)
    (folder / "knee.toml").write_text(STRATEGY, "utf-8")
    empty_review.database_path.parent.mkdir(exist_ok=True)
    shutil.copy(blank_database, empty_review.database_path)
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
    said = capsys.readouterr().err
    assert "2 retrieved, 0 new" in said
    assert "replayed from stored answers, PubMed was not asked" in said
    assert say(knee, "search", "history", "--format", "json") == 0
    history = json.loads(capsys.readouterr().out)
    assert [(row["hits"], row["imported"], row["reconciled"]) for row in history] == [(2, 2, True)]
    assert history[0]["run_by"] is None  # nobody said who they are
    assert say(knee, "search", "replay", "knee", "--run", history[0]["run_id"], "--from", "x") == ExitCode.USAGE
    assert "--run" in capsys.readouterr().err
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
    assert re.match(r"review: error: .*knee\.toml line \d+: line #2 \(product\): PubMed ignored a part of", said)


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


def test_one_broken_strategy_hides_no_other(knee: Project, capsys: pytest.CaptureFixture[str]) -> None:
    folder = knee.root / "queries" / "pubmed"
    (folder / "elbow.toml").write_text(STRATEGY.replace('"knee"', '"elbow"', 1).replace("knee[tiab]", "knee"), "utf-8")
    assert say(knee, "search", "list", "--format", "json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["strategy"] for row in rows] == ["elbow", "knee"]
    assert rows[0]["standing"].startswith("broken: ")
    assert "elbow.toml line 9" in rows[0]["standing"]
    assert rows[1]["lines"] == 3


def test_an_id_that_the_vocabulary_lacks_is_said(knee: Project, capsys: pytest.CaptureFixture[str]) -> None:
    folder = knee.root / "extracted" / "_vocabulary"
    folder.mkdir(parents=True)
    (folder / "condition.csv").write_text("condition_id,label\nknee_oa,Knee\n", "utf-8")
    covering = STRATEGY.replace('block = "condition"', 'block = "condition"\ncovers = ["knee_oa", "kne_oa"]')
    (knee.root / "queries" / "pubmed" / "knee.toml").write_text(covering, "utf-8")
    for words in (["list"], ["show", "knee"]):
        assert say(knee, "search", *words) == 0
        assert "line #1 covers 'kne_oa', which is no id of the vocabulary" in capsys.readouterr().err


def test_rejected_records_are_the_last_word_and_the_exit_code_stays_0(
    knee: Project, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("title,year\na,2020\nb,2021,x\nc,2022,y\n", "utf-8")
    assert say(knee, "import", str(path), "--source", "x") == 0
    shown = capsys.readouterr()
    assert "markers 3 = read 1 + rejected 2" in shown.out
    assert "lost: line 3: 3 cells under 2 columns" in shown.out
    assert shown.err.splitlines()[-1] == "2 records were rejected: see the lines above (lost)"
    assert say(knee, "import", "--receipts", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)[0]["imported_by"] is None


def test_who_imported_is_kept_when_it_is_said(
    knee: Project, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("title\na\n", "utf-8")
    assert run(["--project", str(knee.root), "--as", "ben", "import", str(path), "--source", "x"]) == 0
    capsys.readouterr()
    assert say(knee, "import", "--receipts", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)[0]["imported_by"] == "ben"


def test_when_one_of_several_files_fails_the_error_says_which_stand(
    knee: Project, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    paths = [tmp_path / name for name in ("a.csv", "b.csv", "c.csv")]
    for path, text in zip(paths, ("title\na\n", "title\n", "title\nc\n"), strict=True):
        path.write_text(text, "utf-8")
    assert say(knee, "import", *map(str, paths), "--source", "x") == ExitCode.ERROR
    last = capsys.readouterr().err.splitlines()[-1]
    assert "0 records in b.csv: no rows below the header" in last
    assert "the other 2 of 3 files were imported" in last


def test_a_query_file_that_is_no_text_is_refused(
    knee: Project, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "strategy.docx"
    path.write_bytes(b"PK\x03\x04")
    words = ["--source", "Embase", "--query-file", str(path), "--date", "2026-01-02"]
    assert say(knee, "search", "enter", "x", *words) == ExitCode.USAGE
    assert "strategy.docx is no plain text" in capsys.readouterr().err


def test_a_strategy_that_ran_is_listed_with_its_day_and_hits_and_a_changed_file_is_said(
    knee: Project, pubmed: Eutils, capsys: pytest.CaptureFixture[str]
) -> None:
    assert say(knee, "search", "run", "knee") == 0
    capsys.readouterr()
    assert say(knee, "search", "list", "--format", "json") == 0
    ran = json.loads(capsys.readouterr().out)[0]["standing"]
    assert re.fullmatch(r"run on \d{4}-\d\d-\d\d, 2 hits; recall not measured", ran)
    path = knee.queries / "pubmed" / "knee.toml"
    path.write_text(STRATEGY.replace("knee[tiab]", "knees[tiab]").replace('"not run"', '"run"'), "utf-8")
    assert say(knee, "search", "show", "knee", "--format", "csv") == 0
    assert "2 hits; its file has changed since; recall not measured" in capsys.readouterr().err
    (path.parent / "hip.toml").write_text(path.read_text("utf-8").replace('"knee"', '"hip"', 1), "utf-8")
    assert say(knee, "search", "show", "hip", "--format", "csv") == 0
    assert "hip: run, says its file, but no run of it is recorded here" in capsys.readouterr().err


def test_status_has_one_line_for_a_strategy_and_says_how_often_it_ran(
    knee: Project, pubmed: Eutils, capsys: pytest.CaptureFixture[str]
) -> None:
    for hits in ([11], [11, 12]):
        pubmed.search = lambda term, hits=hits: hits
        assert say(knee, "search", "run", "knee") == 0
    elsewhere = ["search", "enter", "Embase main", "--source", "Embase", "--date", "2026-01-02", "--query"]
    assert say(knee, *elsewhere, "knee.mp.", "--hits", "1") == say(knee, *elsewhere, "knees.mp.") == 0
    capsys.readouterr()
    assert say(knee, "status", "--format", "json") == 0
    lines = [row["state"] for row in json.loads(capsys.readouterr().out) if row["part"] == "search"]
    assert [re.sub(r"\d{4}-\d\d-\d\d", "DAY", line) for line in lines] == [
        "PubMed: knee (2 runs): 2 hits on DAY (run); all arrived",
        "Embase main: 1 hit on DAY (manual); nothing imported yet",
        "Embase main: hits not stated on DAY (manual); nothing imported yet",
    ]


def test_an_accepted_dropped_term_stands_in_the_data_of_its_line(
    knee: Project, pubmed: Eutils, capsys: pytest.CaptureFixture[str]
) -> None:
    pubmed.dropped = {"product": "PhraseNotFound"}
    assert say(knee, "search", "run", "knee", "--allow-dropped-terms", "--format", "json") == 0
    warnings = [line["warnings"] for line in json.loads(capsys.readouterr().out)]
    assert warnings[0] == ""
    assert re.search(r"PubMed ignored .*product.* \(PhraseNotFound\)", warnings[1])


def test_the_receipt_of_a_part_of_a_file_adds_up(
    knee: Project, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "three.xml").write_bytes(article_set("".join(map(article, (11, 12, 13)))))
    (tmp_path / "one.txt").write_text("11\n", "utf-8")
    assert say(knee, "search", "ingest", str(tmp_path / "three.xml"), "--pmids", str(tmp_path / "one.txt")) == 0
    capsys.readouterr()
    assert say(knee, "search", "history", "--receipts", "--format", "json") == 0
    row = json.loads(capsys.readouterr().out)[0]
    assert [row[f"records_{name}"] for name in ("read", "rejected")] == [1, 0]
    assert (row["markers_seen"], row["set_aside"]) == (3, 2)
    assert say(knee, "search", "history", "--receipts") == 0
    assert "set aside" in capsys.readouterr().out


def test_the_lines_of_a_search_that_has_none_are_a_mistake_in_words(
    knee: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--source", "Embase", "--query", "knee.mp.", "--date", "2026-01-02"]
    assert say(knee, "search", "enter", "main", *words) == 0
    run_id = capsys.readouterr().out.strip()
    for given, said in (("NOSUCHRUN", "there is no search 'NOSUCHRUN'"), (run_id, "it was entered by hand")):
        assert say(knee, "search", "history", "--lines", given) == ExitCode.USAGE
        shown = capsys.readouterr()
        assert shown.out == ""
        assert said in shown.err
        assert "Hint: " in shown.err


def test_each_mistake_with_files_says_what_to_do(
    knee: Project, pubmed: Eutils, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert say(knee, "search", "run", "knee", "--format", "csv") == 0
    capsys.readouterr()
    assert say(knee, "search", "history", "--format", "json") == 0
    run_id = json.loads(capsys.readouterr().out)[-1]["run_id"]
    file, whole, broken = tmp_path / "file", tmp_path / "whole", tmp_path / "broken"
    file.write_text("x", "utf-8")
    assert say(knee, "search", "export", run_id, str(whole)) == 0
    next(whole.glob("*-efetch.xml")).unlink()
    broken.mkdir()
    enter = ["search", "enter", "x", "--source", "Embase", "--date", "2026-01-02"]
    replay = ["search", "replay", "knee", "--from"]
    for words, said in (
        (["search", "export", run_id, str(file)], "is no folder"),
        (["search", "export", run_id, "/proc/x"], "the folder /proc/x cannot be made"),
        ([*enter, "--query-file", "nix"], "there is no file nix"),
        ([*enter, "--query-file", str(tmp_path)], "is no file"),
        ([*enter, "--query", "knee", "--hits", "-3"], "hits is -3"),
        ([*replay, str(whole)], "efetch.xml cannot be read"),
    ):
        assert say(knee, *words) != 0
        _one_line_with_a_hint(capsys, said)
    for manifest in ("{", '"x"', '{"format": "other"}', '{"format": "regen-review recorded run 1", "responses": 3}'):
        (broken / "manifest.json").write_text(manifest, "utf-8")
        assert say(knee, *replay, str(broken)) == ExitCode.ERROR
        _one_line_with_a_hint(capsys, "manifest.json")


def _one_line_with_a_hint(capsys: pytest.CaptureFixture[str], said: str) -> None:
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("review: error: ")
    assert said in last
    assert "Hint: " in last
