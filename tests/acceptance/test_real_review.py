"""A real review of this topic, with final labels only, from its export to the flow; skipped where it is not at hand."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.conftest import run_review

SET = "screening/Jeyaraman_2020.csv"


def said(folder: Path, *words: str) -> str:
    done = run_review(list(words), cwd=folder)
    assert done.returncode == 0, (done.returncode, done.stderr, done.stdout[-2000:])
    return done.stdout


@pytest.mark.shared
def test_final_labels_fill_the_boxes_that_they_can_and_no_other(shared_data: Path, tmp_path: Path) -> None:
    file = shared_data / SET
    with file.open(encoding="utf-8", newline="") as lines:
        labels = [row["label_included"] for row in csv.DictReader(lines)]
    assert (len(labels), labels.count("1")) == (1175, 96)

    run_review(["init", "real"], cwd=tmp_path)
    folder = tmp_path / "real"
    receipt = said(folder, "import", str(file), "--source", "SYNERGY", "--source-kind", "database")
    assert "1175" in receipt
    said(folder, "dedupe", "run")
    said(folder, "screen", "import", str(file), "--stage", "final", "--source", "Jeyaraman 2020")

    boxes = list(csv.DictReader(io.StringIO(said(folder, "table", "flow", "--format", "csv"))))
    by_item = {box["item"]: box for box in boxes}
    listed, removed = int(by_item["database"]["n"]), int(by_item["duplicates"]["n"] or 0)
    assert listed == 1175
    assert int(by_item["screened"]["n"]) == listed - removed
    assert int(by_item["new_reports"]["n"]) == 96
    for item in ("excluded_human", "sought", "not_retrieved", "assessed", "excluded_reports"):
        assert by_item[item]["status"] == "not reported by source", by_item[item]
    included = said(
        folder, "query", "select count(*) n from v1.screening_state where state = 'include'", "--format", "csv"
    )
    assert included.split() == ["n", "96"]
