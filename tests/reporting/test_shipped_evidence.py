"""The shipped review: its conditions all have lines, and every number leads back to file, line and address."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from review.database import LocalStore
from review.flows.build import build
from review.flows.check import run_checks
from review.paths import shipped
from review.project import Project, load_project
from review.reporting.evidence_table import evidence_table, number
from review.reporting.explain import explain, explanation_text
from review.reporting.gap_map import gap_map
from review.reporting.prisma import flow_table, refuse_violations
from review.reporting.writers import write_text

NAMED = (
    "knee_oa", "hip_oa", "degenerative_disc", "chronic_low_back_pain", "rotator_cuff", "lateral_epicondylitis",
    "achilles_tendinopathy", "diabetic_neuropathy",
)  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, LocalStore]:
    """The shipped review, built from extracted/."""
    folder = tmp_path_factory.mktemp("shipped")
    shutil.copy(shipped("review.toml"), folder)
    for name in ("extracted", "queries"):
        shutil.copytree(shipped(name), folder / name)
    project = load_project(folder)
    store = LocalStore(project.database_path)
    build(store, project)
    return project, store


def test_every_named_condition_has_a_line(built: tuple[Project, LocalStore]) -> None:
    project, store = built
    _, lines = evidence_table(store, project)
    assert set(NAMED) <= set(lines["condition_id"])


def test_every_condition_and_source_with_a_trial_has_a_line(built: tuple[Project, LocalStore]) -> None:
    project, store = built
    pairs = set(store.read("select distinct condition_id, cell_source_id from v1.study_cell_source").iter_rows())
    for primary_only in (False, True):
        _, lines = evidence_table(store, project, primary_only=primary_only)
        assert set(lines.select("condition_id", "cell_source_id").iter_rows()) == pairs


@pytest.fixture
def written_out(built: tuple[Project, LocalStore], tmp_path: Path) -> LocalStore:
    """The same database with its deepest views written out as tables: a hundred cells read each of them anew."""
    _, store = built
    path = Path(shutil.copy(store.path, tmp_path / "review.duckdb"))
    con = duckdb.connect(str(path))
    names = ("study_notice", "study", "effect_size", "pooled_effect", "evidence_table")
    for name in names:
        con.execute(f"create table main.{name} as select * from v1.{name}")
    for name in names:
        con.execute(f"drop view v1.{name}")
        con.execute(f"create table v1.{name} as select * from main.{name}")
    con.close()
    return LocalStore(path)


def test_every_number_survives_explain(built: tuple[Project, LocalStore], written_out: LocalStore) -> None:
    project, store = built[0], written_out
    with store.reading():
        _, lines = evidence_table(store, project)
        # the lines without figures differ only in their trials: every fifth of them is enough
        empty = lines.filter(lines["k"] == 0).gather_every(5)
        for line in [*lines.filter(lines["k"] > 0).iter_rows(named=True), *empty.iter_rows(named=True)]:
            found = explain(store, project, line["cell_id"])
            text = explanation_text(found, project)
            if not line["k"]:
                assert len(found.trials) == line["trials"]
                continue
            assert f"k = {line['k']}, participants {line['participants'] or 'not printed'}" in text
            assert number(line["estimate"], line["measure"]) in text
            assert found.rows, line["cell_id"]
            for row in found.rows:
                assert f"{row['file']}:{row['line']} " in text
                assert row["as_printed"] in text
                assert row["locator"] and row["url"]
                place = (project.root / row["file"]).read_text("utf-8").splitlines()
                assert row["line"] <= len(place)


def test_no_cell_of_two_studies_is_missing(built: tuple[Project, LocalStore]) -> None:
    project, store = built
    _, lines = evidence_table(store, project)
    shown = set(lines.filter(lines["k"] >= 2)["cell_id"])
    sql = "select cell_id from v1.effect_size where pooled group by cell_id having count(*) >= 2"
    assert shown == set(store.read(sql)["cell_id"])


def test_the_flow_claims_no_search_and_no_screening(built: tuple[Project, LocalStore]) -> None:
    project, store = built
    table, identities, lines = flow_table(store, project)
    refuse_violations(identities)
    for line in lines.iter_rows(named=True):
        if line["box"] in {"2", "3", "4", "5", "6", "7", "8", "9", "10", "12", "13", "14", "15"}:
            assert line["status"] == "not done", line
    counted = {line["box"] for line in lines.iter_rows(named=True) if line["status"] == "counted"}
    assert counted == {"11", "16", "17"}
    assert "SIMULATED" not in write_text(table)


def test_no_table_states_a_rating(built: tuple[Project, LocalStore]) -> None:
    project, store = built
    _, lines = evidence_table(store, project)
    assert set(lines["certainty"].drop_nulls()) == set(lines["risk_of_bias"].drop_nulls()) == {"not rated"}


def test_the_gap_map_has_gaps_and_pools(built: tuple[Project, LocalStore]) -> None:
    project, store = built
    _, lines = gap_map(store, project)
    found = {(line["condition_id"], line["cell_source_id"]): line["state"] for line in lines.iter_rows(named=True)}
    assert found["spinal_stenosis", "prp"] == "no trial"
    assert set(found.values()) == {"no trial", "trial without this outcome", "figures", "pooled"}


def test_the_checks_pass(built: tuple[Project, LocalStore]) -> None:
    project, store = built
    assert [result.summary for result in run_checks(store, project) if result.rows] == []


def test_a_changed_figure_moves_cell_and_explain_and_fails_the_check(
    built: tuple[Project, LocalStore], tmp_path: Path
) -> None:
    project, store = built
    cell = "knee_oa/prp/corticosteroid/pain/upto_3m"
    folder = tmp_path / "changed"
    shutil.copytree(project.root, folder)
    row = next(row for row in explain(store, project, cell).rows if row["center"] is not None)
    path = folder / row["file"]
    lines = path.read_text("utf-8").splitlines(keepends=True)
    old, new = f"{row['center']:g}", f"{row['center'] + 9.07:g}"
    lines[row["line"] - 1] = lines[row["line"] - 1].replace(f",{old},", f",{new},", 1)
    path.write_text("".join(lines), "utf-8")
    changed = load_project(folder)
    other = LocalStore(changed.database_path)
    build(other, changed)
    before, after = explain(store, project, cell), explain(other, changed, cell)
    assert before.lines[0]["estimate"] != after.lines[0]["estimate"]
    findings = next(result for result in run_checks(other, changed) if result.name == "extracted_figures")
    assert any(f"{row['file']}:{row['line']}" in line for line in findings.lines)
