"""Rebuilding: what is stored, when nothing changes, when it is stale, and what a changed figure moves."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from review.cli import run
from review.database import LocalStore
from review.errors import SynthesisError, UsageProblem
from review.extraction.load import load
from review.measures import formulas
from review.measures.formulas import FORMULAS
from review.project import Project, load_project
from review.reporting.explain import explain, explanation_text
from review.synthesis import rebuild as rebuilding
from review.synthesis import store as tables
from review.synthesis.effects import effects_of_study
from review.synthesis.pools import pool_cells
from review.synthesis.reading import effects_of, pooled_cells
from review.synthesis.rebuild import effect_record, is_stale, rebuild
from tests.synthesis.synthesis_data import Computed
from tests.synthesis.test_effects import PLAN, both, study

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


def test_the_evidence_table_has_the_studies_of_each_subset(empty_review: Project) -> None:
    """Large (a review's table) shares people with middle, middle with small: large and small, or middle alone."""
    cell = "knee_oa/bm_msc/placebo/pain/late"
    made = {
        name: study(*both(n=n, level=level), study_id=name, overlap_with=partners)
        for name, n, level, partners in (
            ("large", 60, "secondary", ("middle",)),
            ("middle", 30, "primary", ("small",)),
            ("small", 10, "primary", ()),
        )
    }
    effects = [effect for each in made.values() for effect in effects_of_study(each, PLAN)]
    done = pool_cells(effects, PLAN, studies=list(made.values()))
    store = LocalStore(empty_review.database_path)
    tables.write(
        store,
        effects=[effect_record(effect) for effect in done.effects],
        pooled=done.pooled,
        influence=done.influence,
        closing={"rebuild_id": "b", "formula_version": "x", "built_at": datetime.now(UTC)},
    )
    lines = store.read(
        "select * from v1.evidence_table where cell_id = $cell order by subset", {"cell": cell}
    ).to_dicts()
    assert [(line["subset"], line["k"], line["participants"]) for line in lines] == [
        ("all", 2, 140),
        ("primary", 1, 60),
    ]
    assert lines[1]["estimate"] == pytest.approx(-20.0)
    assert lines[1]["ci_lo"] == pytest.approx(-20.0 - 1.959964 * math.sqrt(100 * (4 / 30 + 4 / 30)))
    assert lines[0]["not_pooled_because"] == ["participants may overlap with large"]
    assert lines[1]["not_pooled_because"] == ["participants may overlap with a larger study"]
    text = explanation_text(explain(store, empty_review, cell), empty_review)
    assert "pooled with primary figures only; else not pooled: participants may overlap with large" in text
