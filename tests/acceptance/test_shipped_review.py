"""The shipped review as its users meet it: what it says, what it must not say, and what moves when a file changes."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import run_review


@pytest.fixture(scope="module")
def shipped(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shipped review as the demo built it."""
    return Path(shutil.copytree(demo / "demo" / "review", tmp_path_factory.mktemp("shipped") / "review"))


@pytest.fixture
def own(shipped: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(shipped, tmp_path / "review"))


def said(folder: Path, *words: str, code: int = 0) -> str:
    done = run_review(list(words), cwd=folder)
    assert done.returncode == code, (done.returncode, done.stderr, done.stdout[-2000:])
    assert "Traceback" not in done.stderr
    return done.stdout


def evidence(folder: Path, *words: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(said(folder, "table", "evidence", "--format", "csv", *words))))


@pytest.mark.parametrize(
    "condition",
    [
        "knee_oa",
        "hip_oa",
        "degenerative_disc",
        "chronic_low_back_pain",
        "rotator_cuff",
        "lateral_epicondylitis",
        "achilles_tendinopathy",
        "diabetic_neuropathy",
    ],
)
def test_every_condition_with_trials_has_a_line(shipped: Path, condition: str) -> None:
    lines = [line for line in evidence(shipped) if line["condition_id"] == condition]
    assert lines
    for line in lines:
        assert line["k"] != "0" or line["state"] == "no poolable figures"


def test_one_study_is_shown_and_not_pooled(shipped: Path) -> None:
    single = [line for line in evidence(shipped) if line["k"] == "1"]
    assert single
    assert all(line["state"] == "one study, not pooled" and not line["tau2"] for line in single)


def test_two_studies_have_a_warning_and_no_prediction_interval(shipped: Path) -> None:
    double = [line for line in evidence(shipped) if line["k"] == "2"]
    assert double
    assert all(line["warnings"] and not line["pi_lo"] for line in double)


def test_primary_only_leaves_no_secondary_figure(shipped: Path) -> None:
    lines = evidence(shipped, "--primary-only")
    assert {line["level"] for line in lines} <= {"primary", ""}


CLAIMS = [
    r"\b(two|both|independent) reviewers\b",
    r"\bdouble extraction\b",
    r"\bread twice\b",
    r"\blow risk of bias\b",
    r"\bhigh risk of bias\b",
    r"\b(high|moderate|low|very low) certainty\b",
    r"\bsearched on\s+\d{4}",
    r"\brecords screened\s+\d",
    r"(?-i:SIMULATED)",
]


def test_no_output_claims_what_nobody_did(shipped: Path) -> None:
    outputs = {
        "status": said(shipped, "status"),
        "flow": said(shipped, "table", "flow"),
        "evidence": said(shipped, "table", "evidence", "--by", "condition,cell_source"),
        "gap": said(shipped, "table", "gap"),
        "check": said(shipped, "check"),
        "history": said(shipped, "search", "history"),
        "appraise": said(shipped, "appraise", "show"),
        "protocol": said(shipped, "reviewer", "protocol"),
        "progress": said(shipped, "screen", "progress"),
        "agreement": said(shipped, "screen", "agreement"),
    }
    outputs |= {
        path.name: path.read_text("utf-8")
        for path in (shipped / "out").iterdir()
        if path.suffix in {".csv", ".md", ".html"}
    }
    for name, text in outputs.items():
        for claim in CLAIMS:
            assert not re.search(claim, text, re.IGNORECASE), (name, claim)
    assert "not run; recall not measured" in outputs["status"]
    assert "nobody has screened" in outputs["status"]
    assert "single reading, tables and abstracts, not verified" in outputs["evidence"]
    assert "not rated" in outputs["evidence"]


def test_boxes_of_processes_that_nobody_carried_out_say_so(shipped: Path) -> None:
    boxes = list(csv.DictReader(io.StringIO(said(shipped, "table", "flow", "--format", "csv"))))
    for box in boxes:
        number = int(box["box"])
        if number in range(2, 11) or number in range(12, 16):
            assert box["status"] == "not done", box
        if number in (11, 16):
            assert box["status"] == "counted" and int(box["n"]) > 0, box


def test_one_changed_figure_moves_cell_explain_status_and_check(own: Path) -> None:
    cell = "knee_oa/prp/corticosteroid/pain/over_3_to_6m"
    before = next(line for line in evidence(own, "--ids") if line["cell_id"] == cell)
    chain = json.loads(said(own, "explain", cell, "--format", "json"))
    pooled = {row_id for effect in chain["effects"] if effect["pooled"] for row_id in effect["row_ids"]}
    row = next(row for row in chain["rows"] if row["row_id"] in pooled and row["center"] is not None)
    path, line_no = own / row["file"], int(row["line"])
    lines = path.read_text("utf-8").split("\n")
    header = lines[0].split(",")
    cells = next(csv.reader([lines[line_no - 1]]))
    old = cells[header.index("center")]
    cells[header.index("center")] = str(float(old) + 0.9)
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    lines[line_no - 1] = out.getvalue()
    path.write_text("\n".join(lines), "utf-8")

    assert "STALE: 1 file differs" in said(own, "status")
    failed = said(own, "check", code=5)
    assert f"{row['file']}:{line_no}" in failed, "the figure no longer stands in its printed text"
    said(own, "extract", "load")
    assert "run review synthesize run" in said(own, "status")
    said(own, "synthesize", "run")
    after = next(line for line in evidence(own, "--ids") if line["cell_id"] == cell)
    assert after["estimate"] != before["estimate"]
    assert f"{float(old) + 0.9:g}" in said(own, "explain", cell)
    said(own, "check", code=5)


def test_one_changed_strategy_line_moves_the_flow(own: Path) -> None:
    before = said(own, "table", "flow")
    path = own / "queries" / "pubmed" / "regenerative-pain.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace('"gonarthrosis"[tiab] OR ', "", 1), "utf-8")
    assert path.read_text("utf-8") != text
    assert said(own, "table", "flow") != before
    assert "gonarthrosis" not in said(own, "search", "show", "regenerative-pain").split("gonarthroses")[0]


def test_a_strategy_that_changed_after_its_run_is_found_by_flow_status_and_check(demo: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(demo / "demo" / "example", tmp_path / "example"))
    said(folder, "check")
    path = folder / "queries" / "pubmed" / "example.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace(' OR "low back pain"[tiab]', "", 1), "utf-8")
    assert "HAS CHANGED since it ran on 2026-01-12" in said(folder, "table", "flow")
    assert "has changed since it was run" in said(folder, "status")
    found = said(folder, "check", code=5)
    assert "strategy_changed_since_run" in found
    line = 1 + next(no for no, words in enumerate(text.split("\n")) if ' OR "low back pain"[tiab]' in words)
    assert f"queries/pubmed/example.toml:{line}" in found


def test_a_broken_strategy_is_named_and_hides_nothing(own: Path) -> None:
    (own / "queries" / "pubmed" / "broken.toml").write_text('name = "broken"\nversion = 1\n', "utf-8")
    assert "strategy broken cannot be read" in said(own, "status")
    assert "217" in said(own, "table", "flow")
    assert "strategy_unreadable" in said(own, "check", code=5)


def test_a_file_that_cannot_be_read_fails_the_check_and_hides_no_other(own: Path) -> None:
    path = own / "extracted" / "joshi2017" / "r1" / "continuous.csv"
    path.write_text(path.read_text("utf-8").replace(",24.8,", ",-24.8,").replace(",24.80,", ",-24.80,"), "utf-8")
    found = said(own, "check", code=5)
    assert "extracted/joshi2017/r1/continuous.csv line" in found
    assert "pass  two_first_decisions" in found
