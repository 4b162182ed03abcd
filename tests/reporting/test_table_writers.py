"""One table, every format: nothing lost, nothing run by a spreadsheet, the same bytes twice."""

from __future__ import annotations

import builtins
import csv
import io
import json
import sys
import zipfile
from typing import Any

import polars as pl
import pytest

from review.errors import MissingExtra, UsageProblem
from review.reporting import office, writers
from review.reporting.export import FORMATS, export_table
from review.reporting.table import Column, Row, Table, mark, shown

TABLE = Table(
    caption="Effects <of> cells",
    columns=(
        Column("source", "Cell source"),
        Column("k", "k", kind="number"),
        Column("effect", "Effect", kind="number", digits=1),
        Column("note", "Certainty", drop=1),
    ),
    rows=(
        Row(("Platelet-rich plasma", 3, -11.54, "not rated"), group="Knee | osteoarthritis", marks=(0,)),
        Row(("=HYPERLINK(1)", 1, None, "not rated"), group="Knee | osteoarthritis"),
        Row(("Bone-marrow concentrate", 2, 0.0, "not rated"), group="Hip", marks=(0, 1)),
    ),
    footnotes=("two studies", "scale <10>"),
    notes=("Nothing is rolled up.",),
    banner="SIMULATED",
)
LINES = pl.DataFrame(
    {
        "text": ["=1+1", "-2", "@x", "plain", "\tt"],
        "number": [-1.5, 2.0, None, 4.0, 5.0],
        "list": [["a", "b"], [], [], [], []],
    }
)


def test_groups_follow_the_rows() -> None:
    assert [(label, len(rows)) for label, rows in TABLE.groups()] == [
        ("Knee | osteoarthritis", 2),
        ("Hip", 1),
    ]


def test_a_number_has_fixed_decimals_and_a_true_minus_sign() -> None:
    assert shown(-11.54, TABLE.columns[2]) == "−11.5"
    assert shown(None, TABLE.columns[2]) == ""


def test_footnote_letters_go_on_after_z() -> None:
    assert [mark(place) for place in (0, 25, 26, 52)] == ["a", "z", "aa", "ba"]


@pytest.mark.parametrize("width", [30, 50, 80, 200])
def test_text_never_runs_over_the_width(width: int) -> None:
    text = writers.write_text(TABLE, width=width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "SIMULATED" in text
    for word in ("Platelet-rich", "−11.5", "two studies"):
        assert word in text


def test_a_narrow_screen_says_what_it_leaves_out() -> None:
    assert "Certainty" in writers.write_text(TABLE, width=80)
    assert "Left out at 34 characters: Certainty" in " ".join(writers.write_text(TABLE, width=34).split())


def test_a_very_narrow_screen_gets_blocks() -> None:
    assert "Cell source: Bone-marrow" in writers.write_text(TABLE, width=26)


def test_markdown_escapes_bars_and_tags() -> None:
    text = writers.write_md(TABLE)
    assert "**Knee \\| osteoarthritis**" in text
    assert "scale &lt;10>" in text
    assert all(line.count(" |") == 4 for line in text.splitlines() if line.startswith("| Plat"))


def test_html_is_escaped_and_links_its_footnotes_both_ways() -> None:
    text = writers.write_html(TABLE)
    assert "Effects &lt;of&gt; cells" in text
    assert text.count('id="mark-a"') == 1 and text.count('href="#note-a"') == 2
    assert 'scope="col"' in text and 'scope="row"' in text and 'scope="rowgroup"' in text


def test_csv_has_one_header_raw_numbers_and_no_formula() -> None:
    rows = list(csv.reader(io.StringIO(writers.write_csv(LINES))))
    assert rows[0] == ["text", "number", "list"]
    assert rows[1] == ["'=1+1", "-1.5", "a; b"]
    assert [row[0] for row in rows[2:]] == ["'-2", "'@x", "plain", "'\tt"]


def test_zero_rows_are_a_header() -> None:
    assert writers.write_csv(LINES.head(0)) == "text,number,list\n"
    assert json.loads(writers.write_json(LINES.head(0))) == []


def test_json_keeps_types_and_has_no_nan() -> None:
    rows = json.loads(writers.write_json(LINES.with_columns(pl.lit(float("nan")).alias("odd"))))
    assert rows[0] == {"text": "=1+1", "number": -1.5, "list": ["a", "b"], "odd": None}


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_bytes_twice(format: str) -> None:
    if format in ("docx", "xlsx"):
        pytest.importorskip("docx" if format == "docx" else "xlsxwriter")
    once = export_table(TABLE, LINES, format)
    assert once and once == export_table(TABLE, LINES, format)


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(UsageProblem, match="allowed: table, csv"):
        export_table(TABLE, LINES, "pdf")


def test_word_holds_a_real_table_with_a_repeated_header() -> None:
    docx = pytest.importorskip("docx")
    document = docx.Document(io.BytesIO(office.write_docx(TABLE)))
    grid = document.tables[0]
    assert [cell.text for cell in grid.rows[0].cells] == ["Cell source", "k", "Effect", "Certainty"]
    assert "tblHeader" in grid.rows[0]._tr.xml
    assert len(grid.rows) == 1 + 2 + 3
    assert [line.text for line in document.paragraphs] == [
        "SIMULATED", "Effects <of> cells", "a two studies", "b scale <10>", "Nothing is rolled up.",
    ]  # fmt: skip


def test_excel_holds_numbers_as_numbers_and_formulas_as_text() -> None:
    pytest.importorskip("xlsxwriter")
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(io.BytesIO(office.write_xlsx(TABLE, LINES)))
    values = [[cell.value for cell in row] for row in book["table"].iter_rows()]
    assert ["=HYPERLINK(1)", 1, None, "not rated", None] in values
    assert [cell.data_type for cell in book["data"][2]] == ["s", "n", "s"]
    assert book["notes"]["A1"].value == "SIMULATED"


def test_a_missing_extra_is_one_line_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith(("docx", "xlsxwriter")):
            raise ModuleNotFoundError(name)
        return real(name, *rest, **more)

    def gone(name: str, package: str | None = None) -> Any:
        return without(name)

    monkeypatch.setattr("importlib.import_module", gone)
    for name in [module for module in sys.modules if module.startswith(("docx", "xlsxwriter"))]:
        monkeypatch.delitem(sys.modules, name)
    for write in (office.write_docx, office.write_xlsx):
        with pytest.raises(MissingExtra) as caught:
            write(TABLE)
        assert "pip install 'regen-review[paper]'" in str(caught.value)
        assert "\n" not in str(caught.value)


HOSTILE = "a\x00b\x1b[31m [x](http://evil) ![y](z) `code` ~~s~~ &lt; \u202e \ufffe"
STRANGE = Table(HOSTILE, (Column("a", HOSTILE),), (Row((HOSTILE,), group=HOSTILE),), (HOSTILE,), (HOSTILE,), HOSTILE)


@pytest.mark.parametrize("format", ["table", "md", "html", "docx", "xlsx"])
def test_no_document_holds_a_control_character(format: str) -> None:
    if format in ("docx", "xlsx"):
        pytest.importorskip("docx")
        pytest.importorskip("xlsxwriter")
    content = export_table(STRANGE, pl.DataFrame({"text": [HOSTILE]}), format)
    if format in ("docx", "xlsx"):
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            words = "".join(parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml"))
        assert "_x001B_" not in words
    else:
        words = content.decode()
    assert not set(words) & set("\x00\x1b\u202e\ufffe")
    assert "a\N{REPLACEMENT CHARACTER}b" in words


def test_markdown_makes_no_link_and_no_code_of_a_text() -> None:
    words = writers.write_md(STRANGE)
    for live in ("[x](", "![y]", " `", "~~s", " &lt;"):
        assert live not in words
    assert "\\[x\\](http" in words and "&amp;lt;" in words
