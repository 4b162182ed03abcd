"""A backup is the whole review at one moment; it comes back here or elsewhere, or not at all."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from review.database import LocalStore, open_store
from review.errors import BlindError, FormatError, UsageProblem
from review.flows.backup import MANIFEST, back_up, check_backup, restore
from review.flows.events import export_events
from review.project import Project, load_project
from review.screening import decisions
from tests.conftest import REPOSITORY, run_review, shell_environment
from tests.screening.records import state_of


@contextmanager
def serving(root: Path) -> Iterator[subprocess.Popen[str]]:
    """`review serve` on any free port, as a shell runs it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "review", "serve", "--port", "0"],
        cwd=root,
        env={**shell_environment(), "PYTHONPATH": str(REPOSITORY)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("Serving on"), line + process.stderr.read()
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


@pytest.fixture
def decided(tiny_review: Project) -> tuple[Project, list[str]]:
    """The tiny review after Ben's word on its first record, with a figure and a full text in their places."""
    store = LocalStore(tiny_review.database_path)
    records = store.read("select record_id from v1.record order by 1")["record_id"].to_list()
    decisions.decide(store, tiny_review, record=records[0], stage="title_abstract", reviewer="ben", verdict="include")
    (tiny_review.extracted / "note.csv").write_text("a,b\n1,2\n")
    (tiny_review.root / "full_texts").mkdir()
    (tiny_review.root / "full_texts" / f"{'0' * 64}.pdf").write_bytes(b"%PDF-1.4 test")
    return tiny_review, records


def words_of(root: Path, folder: Path) -> dict[str, bytes]:
    """The events of the review in *root* as text."""
    project = load_project(root)
    export_events(LocalStore(project.database_path), project, folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_backup_brought_back_is_the_same_review(decided: tuple[Project, list[str]], tmp_path: Path) -> None:
    project, records = decided
    done = back_up(LocalStore(project.database_path), project, tmp_path / "backup")
    assert check_backup(tmp_path / "backup") == done
    assert restore(tmp_path / "backup", tmp_path / "elsewhere").files == done.files
    assert words_of(tmp_path / "elsewhere", tmp_path / "b") == words_of(project.root, tmp_path / "a")
    assert (tmp_path / "backup" / "events" / "ben.jsonl").read_bytes() == words_of(project.root, tmp_path / "c")[
        "ben.jsonl"
    ]
    back = load_project(tmp_path / "elsewhere")
    assert (back.extracted / "note.csv").read_text() == "a,b\n1,2\n"
    assert [path.name for path in (back.root / "full_texts").iterdir()] == [f"{'0' * 64}.pdf"]
    assert not (back.root / MANIFEST).exists()
    # and it is a review that goes on
    store = LocalStore(back.database_path)
    decisions.decide(store, back, record=records[0], stage="title_abstract", reviewer="ana", verdict="include")
    assert state_of(store, records[0]) == "include"


def test_a_backup_is_taken_while_people_decide_and_holds_one_moment(
    decided: tuple[Project, list[str]], tmp_path: Path
) -> None:
    project, records = decided
    with serving(project.root):
        store = open_store(project.database_path)
        stop, written = threading.Event(), [0]

        def decide_for_ever() -> None:
            own = open_store(project.database_path)
            while not stop.is_set():
                verdict = "include" if written[0] % 2 else "exclude"
                decisions.decide(
                    own,
                    project,
                    record=records[1],
                    stage="title_abstract",
                    reviewer="ben",
                    verdict=verdict,
                    reason=None,
                )
                written[0] += 1

        writer = threading.Thread(target=decide_for_ever)
        writer.start()
        while written[0] < 3:
            pass
        before = written[0]
        back_up(store, project, tmp_path / "backup")
        after = written[0] + 1
        stop.set()
        writer.join()
    check_backup(tmp_path / "backup")
    said = LocalStore(tmp_path / "backup" / "review.duckdb").read("select count(*) as n from screening.decision")["n"][
        0
    ]
    assert 1 + before <= said <= 1 + after
    lines = (tmp_path / "backup" / "events" / "ben.jsonl").read_text().splitlines()
    assert sum('"screening.decision"' in line for line in lines) == said


def test_what_was_decided_since_is_added_from_its_text(decided: tuple[Project, list[str]], tmp_path: Path) -> None:
    project, records = decided
    store = LocalStore(project.database_path)
    back_up(store, project, tmp_path / "backup")
    decisions.decide(store, project, record=records[1], stage="title_abstract", reviewer="ben", verdict="exclude")
    export_events(store, project, tmp_path / "since")
    restore(tmp_path / "backup", tmp_path / "back")
    done = run_review(["events", "import", str(tmp_path / "since")], cwd=tmp_path / "back")
    assert done.returncode == 0, done.stderr
    assert words_of(tmp_path / "back", tmp_path / "b") == words_of(project.root, tmp_path / "a")


@pytest.mark.parametrize("harm", ["changed", "missing", "strange", "manifest", "none"])
def test_a_backup_that_is_not_as_it_was_written_brings_nothing_back(
    decided: tuple[Project, list[str]], tmp_path: Path, harm: str
) -> None:
    project, _ = decided
    folder = tmp_path / "backup"
    back_up(LocalStore(project.database_path), project, folder)
    if harm == "changed":
        with (folder / "review.duckdb").open("r+b") as file:
            file.seek(5000)
            file.write(b"\xff\xff")
    elif harm == "missing":
        (folder / "extracted" / "note.csv").unlink()
    elif harm == "strange":
        (folder / "extracted" / "more.csv").write_text("x")
    elif harm == "manifest":
        (folder / MANIFEST).write_text(json.dumps({"files": [1]}))
    else:
        (folder / MANIFEST).unlink()
    with pytest.raises(FormatError) as refusal:
        restore(folder, tmp_path / "back")
    assert str(folder) in refusal.value.message
    assert not (tmp_path / "back").exists()


def test_nothing_is_written_over(decided: tuple[Project, list[str]], tmp_path: Path) -> None:
    project, _ = decided
    store = LocalStore(project.database_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("x")
    with pytest.raises(UsageProblem, match="not an empty folder"):
        back_up(store, project, tmp_path / "full")
    with pytest.raises(UsageProblem, match="that the backup copies"):
        back_up(store, project, project.root / "extracted" / "backup")
    back_up(store, project, tmp_path / "backup")
    with pytest.raises(UsageProblem, match="not an empty folder"):
        restore(tmp_path / "backup", tmp_path / "full")
    assert (tmp_path / "full" / "mine").read_text() == "x"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_who_screens_blind_takes_no_backup(decided: tuple[Project, list[str]], tmp_path: Path) -> None:
    project, _ = decided
    with pytest.raises(BlindError, match="ben screens blind"):
        back_up(LocalStore(project.database_path), project, tmp_path / "backup", reviewer="ben")
    assert not (tmp_path / "backup").exists()


def test_the_commands_say_what_they_did_and_where(decided: tuple[Project, list[str]], tmp_path: Path) -> None:
    project, _ = decided
    made = run_review(["store", "backup", str(tmp_path / "backup")], cwd=project.root)
    assert (made.returncode, made.stdout) == (0, f"{tmp_path / 'backup'}\n"), made.stderr
    assert run_review(["store", "check", str(tmp_path / "backup")], cwd=tmp_path).returncode == 0
    brought = run_review(["store", "restore", str(tmp_path / "backup"), "back"], cwd=tmp_path)
    assert (brought.returncode, brought.stdout) == (0, "back\n"), brought.stderr
    shutil.rmtree(tmp_path / "backup" / "queries")
    (tmp_path / "backup" / "review.toml").unlink()
    refused = run_review(["store", "check", str(tmp_path / "backup")], cwd=tmp_path)
    assert refused.returncode == 1
    assert "review.toml is missing" in refused.stderr
    status = run_review(["store", "status", "--format", "json"], cwd=project.root)
    assert json.loads(status.stdout)[0]["served"] is False
