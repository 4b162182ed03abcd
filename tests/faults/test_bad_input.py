"""Wrong files and figures at the command line: one clear line, its exit code, and nothing half written."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from review.cli import run
from review.database import LocalStore
from review.errors import ExitCode
from review.project import Project
from tests.conftest import REPOSITORY, write_review
from tests.database.processes import HOLD, finish, start

RIS = """\
TY  - JOUR
TI  - Synthetic one
AU  - Test, A.
PY  - 2001
ER  -

TY  - JOUR
TI  - Synthetic two
PY  - 2002
{end}
TY  - JOUR
TI  - Synthetic three
PY  - 2003
ER  -
"""

XML = """<?xml version="1.0" encoding="UTF-8"?>
<PubmedArticleSet>
<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">1</PMID>
<Article PubModel="Print"><Journal><Title>Tests</Title></Journal><ArticleTitle>Synthetic</ArticleTitle></Article>
</MedlineCitation></PubmedArticle>
<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">2</PMID>
<Article PubModel="Print"><Journal><Title>Tests</Title></Journal><ArticleTitle>Synthetic
"""


def records(root: Path) -> int:
    """How many records the views show."""
    if not (root / "review.duckdb").exists():
        return 0
    return int(LocalStore(root / "review.duckdb").read("select count(*) as n from v1.source_record")["n"][0])


def refused(root: Path, words: list[str], capsys: pytest.CaptureFixture[str], code: ExitCode = ExitCode.ERROR) -> str:
    """Run a command that must be refused; the one line that it says."""
    capsys.readouterr()
    assert run(["--project", str(root), *words]) == code
    err = capsys.readouterr().err
    errors = [line for line in err.splitlines() if line.startswith("review: error: ")]
    assert len(errors) == 1, err
    assert "Traceback" not in err
    return errors[0]


def import_words(path: Path) -> list[str]:
    return ["import", str(path), "--source", "Synthetic", "--source-kind", "database"]


def test_a_truncated_gzip(empty_review: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "records.xml.gz"
    path.write_bytes(gzip.compress(XML.encode() * 50)[:-40])
    said = refused(empty_review.root, import_words(path), capsys)
    assert "records.xml.gz" in said
    assert records(empty_review.root) == 0


def test_xml_that_ends_early(empty_review: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "records.xml"
    path.write_text(XML, "utf-8")
    said = refused(empty_review.root, import_words(path), capsys)
    assert "records.xml" in said
    assert records(empty_review.root) == 0


def test_a_ris_record_without_its_end_is_repaired_or_refused_with_its_line(
    empty_review: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No record may vanish: the receipt tells of all three, or nothing is imported and the line is named."""
    path = tmp_path / "records.ris"
    path.write_text(RIS.format(end=""), "utf-8")
    code = run(["--project", str(empty_review.root), *import_words(path)])
    out, err = capsys.readouterr()
    said = out + err
    assert "line" in said
    assert any(str(number) in said for number in (7, 8, 9, 10, 11))
    assert (code, records(empty_review.root)) in {(ExitCode.OK, 3), (ExitCode.ERROR, 0)}


def test_a_csv_with_a_wrong_header(empty_review: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "records.csv"
    path.write_text("colour,shape\nred,round\n", "utf-8")
    said = refused(empty_review.root, import_words(path), capsys)
    assert "records.csv" in said
    assert "colour,shape" in said
    said = refused(empty_review.root, [*import_words(path), "--dialect", "csv"], capsys)
    assert "records.csv" in said
    assert "title" in said.lower()
    assert records(empty_review.root) == 0


def test_a_file_that_is_not_there(empty_review: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(empty_review.root, import_words(tmp_path / "nothing.ris"), capsys, ExitCode.USAGE)
    assert "nothing.ris" in said


def test_an_empty_file(empty_review: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty.ris"
    path.write_text("")
    assert "empty.ris" in refused(empty_review.root, import_words(path), capsys)
    assert records(empty_review.root) == 0


def test_a_folder_in_the_place_of_a_file(
    empty_review: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "folder.ris"
    folder.mkdir()
    assert "folder.ris" in refused(empty_review.root, import_words(folder), capsys, ExitCode.USAGE)


def test_an_import_into_a_held_database(
    tiny_review: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REVIEW_LOCK_WAIT", "0.2")
    path = tmp_path / "records.ris"
    path.write_text(RIS.format(end="ER  -\n"), "utf-8")
    holder = start(HOLD, tiny_review.database_path)
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        said = refused(tiny_review.root, import_words(path), capsys, ExitCode.LOCKED)
    finally:
        finish(holder)
    assert str(holder.pid) in said
    assert records(tiny_review.root) == 3


@pytest.fixture
def extracted_review(tmp_path: Path) -> Path:
    """A project with a copy of the shipped extraction."""
    root = tmp_path / "extracted-review"
    shutil.copytree(REPOSITORY / "extracted", root / "extracted")
    text = (REPOSITORY / "review.toml").read_text("utf-8")
    return write_review(root, text=text)


def change(root: Path, table: str, column: str, value: str) -> tuple[Path, int]:
    """Put *value* into the first row of a table of that name that has figures; the file and its line."""
    import csv
    import io

    for path in sorted((root / "extracted").glob(f"*/r1/{table}.csv")):
        rows = list(csv.reader(io.StringIO(path.read_text("utf-8"))))
        header = rows[0]
        for line, row in enumerate(rows[1:], start=2):
            wanted = {"continuous": ("spread_lo", "spread_kind"), "binary": ("events", "n"), "arms": ("cell_source",)}
            cells = [row[header.index(name)] for name in wanted[table]]
            if any(cell in {"", "NR", "NA"} for cell in cells) or (column == "spread_lo" and cells[1] != "sd"):
                continue
            row[header.index(column)] = value
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows(rows)
            path.write_text(text.getvalue(), "utf-8")
            return path, line
    raise AssertionError(f"no row of {table}.csv to change")


@pytest.mark.parametrize(
    ("table", "column", "value", "words"),
    [
        ("continuous", "spread_lo", "-2.1", ["-2.1"]),
        ("binary", "events", "99999", ["99999", "events"]),
        ("arms", "cell_source", "unicorn", ["unicorn", "cell_source"]),
        ("continuous", "center", "about 3", ["about 3", "center"]),
        ("continuous", "arm_id", "nobody", ["nobody", "arm"]),
        ("continuous", "spread_kind", "sigma", ["sigma", "sd"]),
    ],
)
def test_a_wrong_figure_is_named_with_file_line_and_field(
    extracted_review: Path,
    capsys: pytest.CaptureFixture[str],
    table: str,
    column: str,
    value: str,
    words: list[str],
) -> None:
    path, line = change(extracted_review, table, column, value)
    said = refused(extracted_review, ["extract", "load"], capsys)
    assert f"{path.relative_to(extracted_review)} line {line}" in said
    for word in words:
        assert word in said
    store = LocalStore(extracted_review / "review.duckdb")
    assert store.read("select count(*) as n from extraction.study")["n"][0] == 0


def test_a_figure_that_is_not_in_its_printed_text_is_found_by_check_and_the_load_stands(
    extracted_review: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, line = change(extracted_review, "continuous", "center", "12.3456789")
    assert run(["--project", str(extracted_review), "extract", "load"]) == ExitCode.OK
    capsys.readouterr()
    assert run(["--project", str(extracted_review), "check", "--format", "csv"]) == ExitCode.CHECK_FAILED
    out, err = capsys.readouterr()
    assert str(path.relative_to(extracted_review)) in out + err
    assert str(line) in out + err
    store = LocalStore(extracted_review / "review.duckdb")
    assert store.read("select count(*) as n from v1.study")["n"][0] > 0
