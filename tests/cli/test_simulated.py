"""The two reviews of the demo say what they are: the example that it is simulated, the shipped one what nobody did."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.conftest import run_review

SHOWN = [
    ["status"],
    ["search", "list"],
    ["search", "history"],
    ["import", "--receipts"],
    ["dedupe", "log"],
    ["screen", "progress"],
    ["screen", "agreement"],
    ["screen", "owed"],
    ["screen", "reports"],
    ["--as", "cleo", "screen", "conflicts"],
    ["study", "list"],
    ["study", "proposals", "--format", "json"],
    ["query", "select 1 as one where false", "--format", "json"],
    ["extract", "status"],
    ["synthesize", "show"],
    ["synthesize", "effects"],
    ["table", "evidence", "--by", "condition"],
    ["table", "evidence", "--by", "cell_source", "--format", "csv"],
    ["table", "gap"],
    ["table", "flow"],
    ["query", "select * from v1.record"],
    ["query", "select 'real' as simulated, 1 as k", "--format", "csv"],
    ["query", "select record_id from v1.record where false"],
    ["check"],
]


@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
def test_all_output_of_the_example_says_simulated(demo: Path, words: list[str]) -> None:
    done = run_review(words, cwd=demo / "demo" / "example")
    assert done.returncode == 0, done.stderr
    assert "SIMULATED" in done.stdout + done.stderr


def test_the_shipped_review_states_nothing_that_nobody_did(demo: Path) -> None:
    root = demo / "demo" / "review"
    status = run_review(["status"], cwd=root).stdout
    for words in ("not registered", "not run", "nobody has screened", "not verified", "not rated"):
        assert words in status
    flow = run_review(["table", "flow", "--format", "csv"], cwd=root).stdout
    boxes = {(row["box"], row["item"]): row["status"] for row in csv.DictReader(io.StringIO(flow))}
    told = {box: {status for (one, _), status in boxes.items() if one == box} for box, _ in boxes}
    for box in (*map(str, range(2, 11)), *map(str, range(12, 16))):
        assert told[box] == {"not done"}, box
    for box in ("11", "16"):
        assert told[box] == {"counted"}, box
    for claim in ("SIMULATED", "adjudicat", "kappa"):
        assert claim not in status + flow


def test_nothing_in_the_shipped_database_is_a_decision(demo: Path) -> None:
    for view in ("current_decision", "blind_decision", "search_history"):
        done = run_review(
            ["query", f"select count(*) as n from v1.{view}", "--format", "csv"], cwd=demo / "demo" / "review"
        )
        assert done.stdout == "n\n0\n", done.stderr


def test_the_demo_refuses_a_folder_that_holds_something(demo: Path) -> None:
    done = run_review(["demo", "demo"], cwd=demo)
    assert done.returncode == 2
    assert "not an empty folder" in done.stderr
    assert len(done.stderr.splitlines()) == 1
