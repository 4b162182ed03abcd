"""A load is whole or nothing; findings point at file and line and pass once somebody has looked at them."""

from __future__ import annotations

import pytest

from review.cli import run
from review.database import LocalStore
from review.extraction.checks import findings
from review.extraction.load import drift, load
from tests.extraction.conftest import Desk

ROWS = "test2020/r1/continuous.csv"
REMARKS = "kind,subject,remark,who,remarked_on,basis\n"


def test_every_row_knows_its_file_and_line(desk: Desk, store: LocalStore) -> None:
    done = load(store, desk.project)
    assert (done.changed, done.studies) == (True, 1)
    rows = store.read("select row_id, file, line, arm_id, center, level from v1.result where kind = 'continuous'")
    assert rows.rows() == [
        (f"extracted/{ROWS}:2", f"extracted/{ROWS}", 2, "prp", 30.5, "primary"),
        (f"extracted/{ROWS}:3", f"extracted/{ROWS}", 3, "sal", 41.0, "primary"),
    ]


def test_a_second_load_of_the_same_files_writes_nothing(desk: Desk, store: LocalStore) -> None:
    first = load(store, desk.project)
    at = store.read("select loaded_at from extraction.load").rows()
    again = load(store, desk.project)
    assert (again.changed, again.load_id) == (False, first.load_id)
    assert store.read("select loaded_at from extraction.load").rows() == at


def test_a_changed_figure_is_drift_until_it_is_loaded(desk: Desk, store: LocalStore) -> None:
    load(store, desk.project)
    assert drift(store, desk.project) == []
    desk.edit(ROWS, ",20,41,mean", ",20,42,mean")
    assert [(each.path, each.state) for each in drift(store, desk.project)] == [(f"extracted/{ROWS}", "changed")]
    assert load(store, desk.project).changed
    assert drift(store, desk.project) == []
    assert store.read("select center from v1.result where arm_id = 'sal'").item() == 42


def test_a_study_that_is_gone_leaves_no_row(desk: Desk, store: LocalStore) -> None:
    load(store, desk.project)
    for path in sorted((desk.root / "extracted" / "test2020").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (desk.root / "extracted" / "test2020").rmdir()
    load(store, desk.project)
    assert store.read("select count(*) from v1.result").item() == 0


def test_a_figure_that_is_not_in_print_is_found_and_the_load_stands(desk: Desk, store: LocalStore) -> None:
    desk.edit(ROWS, ",20,41,mean", ",20,14,mean")
    load(store, desk.project)
    (found,) = findings(desk.project)
    assert (found.file, found.line, found.field) == (f"extracted/{ROWS}", 3, "center")
    assert "14, which does not occur" in found.problem
    assert not found.looked_at


def test_no_remark_excuses_a_figure_that_is_not_in_print(desk: Desk) -> None:
    desk.edit(ROWS, ",20,41,mean", ",20,14,mean")
    desk.write(
        "test2020/remarks.csv",
        f"{REMARKS}contradiction,continuous | sal | VAS | 6 | final | T2,odd,ana,2026-01-02,print\n",
    )
    assert [found.looked_at for found in findings(desk.project)] == [False]


def test_an_estimate_outside_its_interval_passes_when_it_was_looked_at(desk: Desk) -> None:
    desk.edit(ROWS, "41,mean,13,,sd", "41,mean,13,40,ci95")
    desk.edit(ROWS, "41.0 (13)", "41.0 (13 to 40)")
    assert [(found.kind, found.looked_at) for found in findings(desk.project)] == [("interval", False)]
    desk.write(
        "test2020/remarks.csv",
        f"{REMARKS}do_not_pool,continuous | sal | VAS | 6 | final | T2,the CI excludes it,ana,2026-01-02,print\n",
    )
    assert [(found.kind, found.looked_at) for found in findings(desk.project)] == [("interval", True)]


def test_a_general_remark_excuses_nothing(desk: Desk) -> None:
    desk.edit(ROWS, "41,mean,13,,sd", "41,mean,13,40,ci95")
    desk.edit(ROWS, "41.0 (13)", "41.0 (13 to 40)")
    desk.write(
        "test2020/remarks.csv", f"{REMARKS}do_not_pool,continuous | * | VAS | * | * | *,odd,ana,2026-01-02,print\n"
    )
    assert [found.looked_at for found in findings(desk.project)] == [False]


def test_scale_sign_percent_and_n_are_looked_at(desk: Desk) -> None:
    desk.edit(ROWS, "30.5,mean,12.25", "130.5,mean,12.25")
    desk.edit(ROWS, "30.5 ± 12.25", "130.5 ± 12.25")
    desk.edit(ROWS, "n | saline | n = 20", "n | saline | n = 21")
    desk.edit("test2020/r1/adverse_events.csv", ",3,20,15,", ",3,20,25,")
    desk.edit("test2020/r1/adverse_events.csv", "three (15 %)", "three (25 %)")
    assert [(found.kind, found.line) for found in findings(desk.project)] == [
        ("scale", 2),
        ("print", 3),
        ("percent", 2),
    ]


def test_one_figure_cannot_be_both_a_score_and_a_change(desk: Desk) -> None:
    desk.edit(
        ROWS,
        "sal,pain,VAS",
        'prp,pain,VAS,0,100,lower,6,months,6,change,itt,20,30.5,mean,12.25,,sd,,,,"VAS | PRP | 30.5 ± 12.25",'
        "n | PRP | n = 20,T2,T2,\nsal,pain,VAS",
    )
    (found,) = findings(desk.project)
    assert (found.kind, found.line) == ("measure", 3)


def test_missing_words_are_no_values(desk: Desk, store: LocalStore) -> None:
    desk.edit(ROWS, ",itt,20,41,mean", ",itt,NR,41,mean")
    desk.edit(ROWS, "n | saline | n = 20,T2,T2,", ",NA,T2,")
    load(store, desk.project)
    assert store.read("select n, n_source_id from v1.result where arm_id = 'sal'").rows() == [(None, None)]


def test_consensus_makes_the_final_figure_and_keeps_both_readings(desk: Desk, store: LocalStore) -> None:
    first = (desk.root / "extracted" / ROWS).read_text("utf-8")
    desk.write("test2020/r2/continuous.csv", first.replace(",20,41,mean", ",20,47,mean"))
    desk.write(
        "test2020/consensus.csv",
        "table,key,field,r1,r2,final,by,date,reason\n"
        "continuous,sal | VAS | 6 | final | T2,center,41,47,47,ana,2026-01-03,misread\n",
    )
    load(store, desk.project)
    rows = store.read("select row_id, center from v1.result where arm_id = 'sal'").rows()
    assert rows == [(f"extracted/{ROWS}:3", 47.0)]
    readings = store.read("select reader, center from extraction.result_continuous where arm_id = 'sal' order by all")
    assert readings.rows() == [("final", 47.0), ("r1", 41.0), ("r2", 47.0)]


def test_a_review_without_studies_is_empty_not_wrong(desk: Desk, store: LocalStore) -> None:
    for path in sorted((desk.root / "extracted").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert load(store, desk.project).studies == 0
    assert findings(desk.project) == []


def test_the_commands_say_what_they_did(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    at = ["--project", str(desk.root)]
    assert run([*at, "study", "list"]) == 2
    assert "review extract load" in capsys.readouterr().err
    assert run([*at, "extract", "load"]) == 0
    assert "1 studies" in capsys.readouterr().err
    assert run([*at, "extract", "load"]) == 0
    assert "Nothing to do" in capsys.readouterr().err
    assert run([*at, "study", "list", "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("test2020,")
    assert run([*at, "study", "show", "test2020"]) == 0
    assert "30.5 ± 12.25" in capsys.readouterr().out
    assert run([*at, "study", "show", "test202"]) == 2
    assert "did you mean test2020" in capsys.readouterr().err
    desk.edit(ROWS, ",20,41,mean", ",20,14,mean")
    assert run([*at, "extract", "status", "--format", "csv"]) == 0
    assert f"extracted/{ROWS},changed" in capsys.readouterr().out
    assert run([*at, "extract", "check"]) == 5
    assert f"extracted/{ROWS}:3 center" in capsys.readouterr().err
