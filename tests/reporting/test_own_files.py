"""No document is written over the files that a review is made of, whatever they are called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from review.cli import run
from review.errors import ReviewError, UsageProblem
from review.project import Project
from review.reporting.export import write_whole
from review.reporting.own_files import refuse_own_files
from tests.conftest import write_review


@pytest.fixture
def root(empty_review: Project) -> Path:
    """A review with its database and a file of each kind."""
    assert run(["--project", str(empty_review.root), "status"]) == 0
    root = empty_review.root
    for name in ("queries/reports", "extracted/wu2017/r1"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "queries/reports/mine.sql").write_text("select 1")
    (root / "extracted/wu2017/study.toml").write_text("label = 'Wu'")
    (root / "extracted/wu2017/r1/arms.csv").write_text("arm_id")
    return root


OWN = [
    "review.toml",
    "REVIEW.TOML",
    "review.duckdb",
    "review.duckdb.wal",
    "review.duckdb.before-0002_name",
    "Review.DuckDB",
    "queries/reports/mine.sql",
    "queries/new.csv",
    "extracted/wu2017/study.toml",
    "extracted/wu2017/r1/arms.csv",
    "extracted/../review.duckdb",
    "out/../queries/new.csv",
]


def contents(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_the_review_is_not_written_over_under_any_spelling(root: Path) -> None:
    (root / "out").mkdir()
    before = contents(root)
    for name in OWN:
        with pytest.raises(UsageProblem, match="; nothing was written"):
            write_whole(root / name, b"1")
    assert contents(root) == before


@pytest.mark.parametrize(
    "words",
    [
        ["query", "select 1 as one", "--format", "csv", "--output"],
        ["table", "flow", "--format", "csv", "--output"],
        ["search", "report", "--format", "csv", "--output"],
        ["study", "export", "--format", "ris", "--output"],
        ["dedupe", "export", "--format", "ris", "--output"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_no_command_writes_over_the_database(root: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(root)
    capsys.readouterr()
    assert run(["--project", str(root), *words, str(root / "review.duckdb")]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "is the database of a review, or a copy of it; nothing was written. Hint: " in err
    assert contents(root) == before


@pytest.mark.parametrize("kind", ["symbolic", "hard"])
@pytest.mark.parametrize("name", ["review.duckdb", "review.toml", "extracted/wu2017/r1/arms.csv"])
def test_a_link_to_a_file_of_the_review_is_that_file(
    root: Path, tmp_path: Path, name: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    link = tmp_path / "rows.csv"
    if kind == "hard":
        os.link(root / name, link)
    else:
        link.symlink_to(root / name)
    before = (root / name).read_bytes()
    assert run(["--project", str(root), "query", "select 1 as one", "--output", str(link)]) == 2
    assert f"{link}" in capsys.readouterr().err
    assert (root / name).read_bytes() == before == link.read_bytes()


def test_another_review_and_any_database_are_left_alone(root: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = write_review(tmp_path / "other")
    (other / "review.duckdb").write_bytes(b"x")
    elsewhere = tmp_path / "backup.csv"
    elsewhere.write_bytes((root / "review.duckdb").read_bytes())
    for path in (other / "review.duckdb", other / "review.toml", other / "queries" / "a.csv", elsewhere):
        with pytest.raises(UsageProblem, match="nothing was written"):
            write_whole(path, b"1")
    assert elsewhere.read_bytes()[8:12] == b"DUCK"


def test_a_recorded_search_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{\n "format": "regen-review recorded run 1"}')
    (tmp_path / "001-esearch.xml").write_text("<a/>")
    for name in ("manifest.json", "001-esearch.xml"):
        with pytest.raises(UsageProblem, match="is part of a recorded search"):
            write_whole(tmp_path / name, b"1")


def test_a_link_elsewhere_is_followed_and_said(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    link.symlink_to(real)
    capsys.readouterr()
    assert run(["--project", str(root), "query", "select 1 as one", "--output", str(link)]) == 0
    assert capsys.readouterr().err == f"wrote {real} ({link} leads there): 1 row\n"
    assert real.read_text() == "one\n1\n"


def test_other_files_beside_the_review_are_free(root: Path) -> None:
    for name in ("out/table.csv", "records.ris", "manifest.json", "reviews.duckdb.csv"):
        assert refuse_own_files(root / name) == root / name


def test_a_link_to_itself_is_one_line(tmp_path: Path) -> None:
    loop = tmp_path / "loop.csv"
    loop.symlink_to(loop)
    with pytest.raises(ReviewError, match=r"loop\.csv cannot be written: "):
        write_whole(loop, b"1")
