"""`review table`, `explain`, `query` and `check` as they are typed: data on stdout, words on stderr, exit codes."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import shutil
from pathlib import Path

import polars as pl
import pytest

from review.cli import run
from review.database import Append, LocalStore
from review.paths import shipped
from review.project import Project
from tests.conftest import REVIEW_TOML
from tests.reporting.conftest import EMPTY, NOW, POOLED, SINGLE


@pytest.fixture
def project(empty_review: Project, figures_database: Path) -> Project:
    """A project with figures."""
    shutil.copy(figures_database, empty_review.database_path)
    return empty_review


@pytest.fixture
def review(project: Project, capfd: pytest.CaptureFixture[str]) -> object:
    """Runs a command in the project; (exit code, stdout, stderr)."""

    def call(*words: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run(["--project", str(project.root), *words])
        out, err = capfd.readouterr()
        return code, out, err

    return call


def test_evidence_prints_cells_with_ids(review) -> None:
    code, out, err = review("table", "evidence", "--ids")
    assert (code, err) == (0, "")
    assert "poolable" in out and "not verified" in out
    for cell in (POOLED, SINGLE, EMPTY):
        assert cell in out


def test_csv_is_one_header_and_raw_numbers(review) -> None:
    code, out, _ = review("table", "evidence", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert {row["cell_id"]: row["estimate"] for row in rows} == {POOLED: "-11.5", SINGLE: "-5.0", EMPTY: ""}


@pytest.mark.parametrize("format", ["md", "html", "json", "parquet", "docx", "xlsx"])
def test_every_format_goes_to_a_file(review, tmp_path: Path, format: str) -> None:
    if format in ("docx", "xlsx"):
        pytest.importorskip("docx")
        pytest.importorskip("xlsxwriter")
    file = tmp_path / f"evidence.{format}"
    code, out, err = review("table", "evidence", "--format", format, "--output", str(file))
    assert (code, out) == (0, "")
    assert f"wrote {file}" in err and file.stat().st_size > 100


def test_a_document_without_a_file_says_what_to_add(review) -> None:
    code, out, err = review("table", "evidence", "--format", "xlsx")
    assert (code, out) == (2, "")
    assert "--output table.xlsx" in err


def test_flow_prints_all_boxes(review) -> None:
    code, out, _ = review("table", "flow")
    assert code == 0
    assert "not done" in out and "Identities that hold: 9c, 10a, 10b." in out


def test_flow_that_does_not_add_up_prints_and_then_fails(review, project: Project) -> None:
    store = LocalStore(project.database_path)
    # an included report without a search or a screening: the total and the pool contradict each other
    record = {
        "source_record_id": "r1", "source": "x", "title": "t", "registry_ids": [], "publication_types": [],
        "mesh": [], "keywords": [], "retracted": False, "fields": "{}", "dialect": "t", "content_sha256": "c",
    }  # fmt: skip
    from tests.conftest import synthetic_receipt

    decisions = [
        {
            "decision_id": f"{who}{stage}", "source_record_id": "r1", "stage": stage, "reviewer": who,
            "verdict": "include", "blind": True, "criteria_version": "1", "via": "test", "decided_at": NOW,
        }
        for who in ("ana", "ben")
        for stage in ("title_abstract", "full_text")
    ]  # fmt: skip
    store.apply(
        [
            Append("search.source_record", [record]),
            Append("search.import_record", [{"import_id": "i", "source_record_id": "r1", "position": 1}]),
            Append("search.import_receipt", [synthetic_receipt("i", records=1, at=NOW)]),
            Append("screening.decision", decisions),
        ]
    )
    code, out, err = review("table", "flow", "--format", "json")
    assert code == 5
    assert any(line["item"] == "new_reports" and line["n"] == 1 for line in json.loads(out))
    assert "counts do not add up: identity 10a: pooled studies 3 is more than total studies 0" in err


def test_gap_prints_states_and_draws(review, tmp_path: Path) -> None:
    code, out, _ = review("table", "gap")
    assert code == 0 and "no trial" in out
    pytest.importorskip("matplotlib")
    code, _, err = review("table", "gap", "--figure", str(tmp_path / "gap.svg"))
    assert code == 0 and "gap.svg" in err


def test_explain_prints_the_chain_as_text_and_json(review) -> None:
    code, out, _ = review("explain", SINGLE)
    assert code == 0 and "extracted/s4/r1/continuous.csv:2" in out
    code, out, _ = review("explain", SINGLE, "--format", "json")
    assert json.loads(out)["effects"][0]["study_id"] == "s4"
    code, out, err = review("explain", "knee_oa/prp/placebo/pain")
    assert (code, out) == (2, "") and POOLED in err


def test_query_runs_a_select_and_refuses_anything_else(review) -> None:
    code, out, _ = review("query", "select study_id from v1.study order by 1", "--limit", "2", "--format", "csv")
    assert (code, out) == (0, "study_id\ns1\ns2\n")
    code, out, err = review("query", "drop table extraction.study")
    assert (code, out) == (1, "") and "one SELECT is allowed" in err
    assert len(err.splitlines()) == 1


def test_query_without_rows_is_a_header(review) -> None:
    code, out, _ = review("query", "select study_id from v1.study where false", "--format", "csv")
    assert (code, out.strip()) == (0, "study_id")


def test_a_saved_report_binds_its_parameters(review, tmp_path: Path) -> None:
    code, out, _ = review("query", "trials_of_condition", "--param", "condition=hip_oa", "--format", "json")
    assert code == 0 and [row["study_id"] for row in json.loads(out)] == ["s5"]
    file = tmp_path / "rows.parquet"
    code, _, _ = review("query", "evidence_of_condition", "--param", "condition=knee_oa", "--output", str(file))
    assert code == 0 and pl.read_parquet(file).height == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("trials_of_condition",), "needs the parameter condition"),
        (("trials_of_condition", "--param", "x=1"), "has no parameter x; it takes: condition (text)"),
        (("trials_of_condition", "--param", "condition"), "is not NAME=VALUE"),
        (("trials_of_conditions",), "did you mean trials_of_condition"),
        ((), "nothing to run"),
    ],
)
def test_wrong_words_get_one_clear_line(review, words: tuple[str, ...], message: str) -> None:
    code, out, err = review("query", *words)
    assert (code, out) == (2, "")
    assert message in err and len(err.splitlines()) == 1


def test_query_lists_the_reports(review) -> None:
    code, out, _ = review("query", "--list", "--format", "csv")
    assert code == 0 and "who_owes_what,[reviewer]," in out


def test_check_passes_or_fails_with_the_place(review, project: Project) -> None:
    code, out, _ = review("check")
    assert code == 0 and "pass  figures_without_source" in out
    (project.queries / "checks").mkdir(exist_ok=True)
    (project.queries / "checks" / "no_figures_of_thirty.sql").write_text(
        "-- name: no_figures_of_thirty\n-- purpose: a mean of 30 is not wanted here\n"
        "select file, line, center from v1.result where center = 30\n"
    )
    code, out, err = review("check")
    assert code == 5
    assert "FAIL  no_figures_of_thirty: a mean of 30 is not wanted here (5)" in out
    assert "extracted/s1/r1/continuous.csv:2: center 30.0" in out
    assert "5 rows are wrong in no_figures_of_thirty" in err


def test_a_warning_does_not_fail_the_check(review, project: Project) -> None:
    (project.queries / "checks").mkdir(exist_ok=True)
    (project.queries / "checks" / "odd.sql").write_text(
        "-- name: odd\n-- purpose: odd\n-- severity: warning\nselect 1 as one\n"
    )
    code, out, _ = review("check", "--format", "csv")
    assert code == 0 and "odd,warning,one 1" in out


def test_every_output_of_a_simulated_project_says_so(review, project: Project) -> None:
    text = REVIEW_TOML.replace('title = "A tiny review"', 'title = "A tiny review"\nsimulated = true')
    (project.root / "review.toml").write_text(text)
    for words in (
        ("table", "evidence"),
        ("table", "evidence", "--format", "csv"),
        ("table", "gap", "--format", "json"),
        ("table", "flow"),
        ("table", "flow", "--format", "html"),
        ("explain", SINGLE),
        ("explain", SINGLE, "--format", "json"),
        ("query", "select 1 as one", "--format", "csv"),
        ("check",),
        ("check", "--format", "csv"),
    ):
        code, out, _ = review(*words)
        assert code == 0 and "simulated" in out.lower(), words


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("query", "select 1", "--output", "x.xlsx"), "x.xlsx ends in .xlsx; allowed here: .csv, .json, .parquet."),
        (("query", "select 1", "--output", "x.foo"), "x.foo ends in .foo"),
        (("query", "select 1", "--output", "x"), "x has no ending"),
        (("query", "select 1", "--output", "x.json", "--format", "csv"), "x.json ends in .json and --format says csv"),
        (("table", "evidence", "--output", "x.pdf"), "x.pdf ends in .pdf; allowed here: .csv, .json, .parquet, .md"),
        (("table", "flow", "--output", "x.html", "--format", "md"), "--format says md"),
        (("table", "gap", "--figure", "x.bmp"), "a figure ends in .svg, .png or .pdf"),
        (("query", "select 1", "--seconds", "nan"), "nan seconds is no time limit"),
        (("query", "select 1", "--seconds", "1e300"), "1e+300 seconds is no time limit"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_printed(
    review, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = review(*words)
    assert (code, out) == (2, "")
    assert message in err and len(err.splitlines()) == 1
    assert not list(tmp_path.glob("x*"))


def test_the_ending_of_the_file_says_the_format(review, tmp_path: Path) -> None:
    for name, sign in (("e.html", "<!doctype html>"), ("e.csv", "cell_id"), ("e.md", "| "), ("e.txt", "─")):
        assert review("table", "evidence", "--output", str(tmp_path / name))[0] == 0
        assert sign in (tmp_path / name).read_text("utf-8")


@pytest.mark.parametrize(
    "words",
    [
        ("query", "select 1 as one", "--output"),
        ("table", "evidence", "--output"),
        ("table", "gap", "--output", "other.csv", "--figure"),
    ],
    ids=["query", "table", "figure"],
)
def test_a_full_disk_leaves_the_old_document_and_no_half_one(
    review, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    if "--figure" in words:
        pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    file = tmp_path / ("old.svg" if "--figure" in words else "old.csv")
    file.write_text("what stood there")
    there = sorted(tmp_path.iterdir())

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, out, err = review(*words, str(file))
    assert (code, out) == (7, "")
    assert f"no space left for {file}" in err and "Hint: " in err and len(err.splitlines()) == 1
    assert file.read_text() == "what stood there"
    assert sorted(tmp_path.iterdir()) == there


def test_a_file_that_cannot_be_written_is_named(review, tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "rows.csv"
    code, _, err = review("query", "select 1 as one", "--output", str(file))
    assert code == 1 and f"{file} cannot be written: No such file" in err and len(err.splitlines()) == 1


def test_a_link_stays_a_link_and_a_mode_stays_a_mode(review, tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    assert review("query", "select 1 as one", "--output", str(link))[0] == 0
    assert link.is_symlink() and real.read_text() == "one\n1\n" and real.stat().st_mode & 0o777 == 0o640


def test_a_query_error_is_one_line(review) -> None:
    for sql in (
        "select nosuch from v1.study",
        "select * from nosuch",
        "select from",
        "select $x",
        "select date 'infinity'",
    ):
        code, out, err = review("query", sql)
        assert (code, out) == (1, "") and len(err.splitlines()) == 1
        assert "Did you mean" not in err and "LINE" not in err


@pytest.mark.parametrize("format", ["table", "csv", "json"])
def test_every_type_is_shown_in_every_format(review, format: str) -> None:
    sql = "select interval 1 day as i, map {'a': 1} as m, [1, 2]::int[2] as a, 'x'::blob as b, {'s': [1]} as s"
    code, out, err = review("query", sql, "--format", format)
    assert (code, err) == (0, "") and "1 day" in out


BROKEN = {
    "no_header": "select 1",
    "no_sql": "-- name: no_sql\n-- purpose: x\nselect nosuch",
    "not_utf8": b"-- name: not_utf8\n-- purpose: \xff\nselect 1",
    "writes": "-- name: writes\n-- purpose: x\ndrop table extraction.study",
    "asks": "-- name: asks\n-- purpose: x\n-- parameter k: text\nselect $k",
}


def test_a_broken_check_is_named_and_stops_no_other(review, project: Project) -> None:
    folder = project.queries / "checks"
    folder.mkdir(exist_ok=True)
    for name, content in BROKEN.items():
        (folder / f"{name}.sql").write_bytes(content if isinstance(content, bytes) else content.encode())
    code, out, err = review("check")
    assert code == 5
    assert "pass  figures_without_source" in out and "pass  extracted_figures" in out
    for name in BROKEN:
        assert f"FAIL  {name}: this check cannot be run (1)" in out
        assert f"{folder / name}.sql" in out
        assert name in err


def test_a_check_of_the_package_cannot_be_replaced(review, project: Project) -> None:
    folder = project.queries / "checks"
    folder.mkdir(exist_ok=True)
    (folder / "orphan_decisions.sql").write_text("-- name: orphan_decisions\n-- purpose: ours\nselect 1 as one")
    code, out, _ = review("check")
    assert code == 5
    assert "pass  orphan_decisions\n" in out
    assert "FAIL  orphan_decisions (project's own): ours (1)" in out


def test_a_copy_of_a_shipped_query_is_not_the_projects_own(review, project: Project) -> None:
    shutil.copytree(shipped("queries"), project.queries, dirs_exist_ok=True)
    assert "project's own" not in "".join(review("check")[1:])
    assert review("check")[1].count("orphan_decisions") == 1
    assert "project's own" not in review("query", "--list", "--format", "csv")[1]


def test_a_report_of_the_project_is_marked_in_the_list(review, project: Project) -> None:
    (project.queries / "reports").mkdir(exist_ok=True)
    (project.queries / "reports" / "who_owes_what.sql").write_text("-- name: who_owes_what\n-- purpose: ours\nselect 1")
    assert 'who_owes_what,"",ours (project\'s own)' in review("query", "--list", "--format", "csv")[1]
