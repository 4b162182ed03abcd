"""Rebuilding: what is stored, when nothing changes, when it is stale, and what a changed figure moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from review.cli import run
from review.database import LocalStore
from review.errors import SynthesisError, UsageProblem
from review.extraction.load import load
from review.measures import formulas
from review.measures.formulas import FORMULAS
from review.project import Project, load_project
from review.synthesis import rebuild as rebuilding
from review.synthesis.reading import effects_of, pooled_cells
from review.synthesis.rebuild import is_stale, rebuild
from tests.synthesis.synthesis_data import Computed

ELBOW = "lateral_epicondylitis/prp/corticosteroid/pain/upto_3m"


def test_an_unchanged_review_is_not_computed_again(two_trials: Computed) -> None:
    again = rebuild(two_trials.store, two_trials.project)
    assert two_trials.report.changed
    assert not again.changed
    assert again.pooled_cells == two_trials.report.pooled_cells
    assert not is_stale(two_trials.store, two_trials.project)


def test_computing_again_gives_the_same_rows(two_trials: Computed) -> None:
    before = pooled_cells(two_trials.store).to_dicts()
    assert rebuild(two_trials.store, two_trials.project, force=True).changed
    assert pooled_cells(two_trials.store).to_dicts() == before


def test_one_changed_figure_makes_the_cell_stale_and_moves_it(two_trials: Computed) -> None:
    file = two_trials.project.extracted / "gosens2011" / "r1" / "continuous.csv"
    before = pooled_cells(two_trials.store, cell=ELBOW)["estimate"][0]
    lines = file.read_text("utf-8").splitlines(keepends=True)
    place = next(i for i, line in enumerate(lines) if line.startswith("prp,pain,VAS") and ",2.76,final," in line)
    used = effects_of(two_trials.store, cell=ELBOW)["row_ids"].to_list()
    assert any(f"gosens2011/r1/continuous.csv:{place + 1}" in row for rows in used for row in rows)
    cells = lines[place].split(",")
    center = next(i for i, cell in enumerate(cells) if cell == "mean") - 1
    cells[center] = str(float(cells[center]) - 10)
    lines[place] = ",".join(cells)
    file.write_text("".join(lines), "utf-8")
    load(two_trials.store, two_trials.project)
    assert is_stale(two_trials.store, two_trials.project)
    assert rebuild(two_trials.store, two_trials.project).changed
    assert pooled_cells(two_trials.store, cell=ELBOW)["estimate"][0] < before


def test_a_changed_window_makes_everything_stale(two_trials: Computed) -> None:
    path = two_trials.project.root / "review.toml"
    path.write_text(path.read_text("utf-8").replace("upto = 12.0", "upto = 13.0").replace("over = 12.0", "over = 13.0"))
    assert is_stale(two_trials.store, load_project(two_trials.project.root))


def test_a_new_formula_version_makes_everything_stale(two_trials: Computed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "FORMULA_VERSION", f"{formulas.FORMULA_VERSION}+")
    assert is_stale(two_trials.store, two_trials.project)


def test_nothing_loaded_is_an_error_that_says_what_to_do(empty_review: Project) -> None:
    store = LocalStore(empty_review.database_path)
    with pytest.raises(SynthesisError, match="review extract load"):
        rebuild(store, empty_review)
    assert not is_stale(store, empty_review)


def test_an_unknown_cell_is_named_with_the_nearest(two_trials: Computed) -> None:
    with pytest.raises(UsageProblem, match=ELBOW):
        pooled_cells(two_trials.store, cell=ELBOW.replace("prp", "prq"))


def test_every_stored_formula_is_described(shipped_review: Computed) -> None:
    used = effects_of(shipped_review.store)["formula"].to_list()
    assert {part for formula in used for part in formula.split("; ") if part} <= set(FORMULAS)


def test_every_row_id_is_a_line_of_a_file(shipped_review: Computed) -> None:
    for row_ids in effects_of(shipped_review.store)["row_ids"].to_list():
        for row_id in row_ids:
            path, _, line = row_id.rpartition(":")
            text = (shipped_review.project.root / path).read_text("utf-8").splitlines()
            assert 2 <= int(line) <= len(text)


def test_every_effect_is_pooled_or_says_why_not(shipped_review: Computed) -> None:
    for effect in effects_of(shipped_review.store).to_dicts():
        assert effect["pooled"] == (effect["not_pooled_because"] is None)
        assert effect["pooled"] <= (effect["randomised"] and effect["unit"] == "patient")


def test_the_commands_print_what_was_computed(two_trials: Computed, capsys: pytest.CaptureFixture[str]) -> None:
    project = ["--project", str(two_trials.project.root)]
    assert run([*project, "synthesize", "run"]) == 0
    assert "nothing changed" in capsys.readouterr().err
    assert run([*project, "synthesize", "show", "--least", "2", "--format", "csv"]) == 0
    assert ELBOW in capsys.readouterr().out
    assert run([*project, "synthesize", "effects", "--cell", ELBOW, "--format", "csv"]) == 0
    assert capsys.readouterr().out.count(ELBOW) >= 2
    assert run([*project, "synthesize", "show", "no/such/cell"]) == 2


def test_the_views_show_ratios_as_ratios(shipped_review: Computed) -> None:
    rows = effects_of(shipped_review.store).to_dicts()
    ratios = [row for row in rows if row["measure"] == "RR" and row["yi"] is not None]
    for row in ratios:
        assert row["effect"] > 0
        assert row["effect_lo"] <= row["effect"] <= row["effect_hi"]
    assert all(row["effect"] == row["yi"] for row in rows if row["measure"] != "RR")


def test_a_project_without_a_database_is_made_one(tmp_path: Path) -> None:
    assert not (tmp_path / "review.duckdb").exists()
    assert pooled_cells(LocalStore(tmp_path / "review.duckdb")).height == 0
