"""Records that lost the lines between them, or their first line: each is a loss with its line, in every dialect."""

from __future__ import annotations

from pathlib import Path

import pytest

from review.database import LocalStore
from review.errors import FormatError
from review.search.ingest import import_file
from review.search.receipts import problem_of, words
from review.search.reference_files import read_reference_file

RIS = "TY  - JOUR\nAU  - A, B\nTI  - One\nPY  - 2001\nER  - \n\nTY  - JOUR\nAU  - C, D\nTI  - Two\nPY  - 2002\nER  - \n"
WOS = (
    "FN Clarivate\nVR 1.0\nPT J\nAU A, B\nTI One\nPY 2001\nUT WOS:1\nER\n\n"
    "PT J\nAU C, D\nTI Two\nPY 2002\nUT WOS:2\nER\n\nEF\n"
)
NBIB = (
    "PMID- 1\nOWN - NLM\nTI  - One\nDP  - 2001\nSO  - J. 2001.\n\nPMID- 2\nOWN - NLM\nTI  - Two\nDP  - 2002\n"
    "SO  - J. 2002.\n"
)
ENDNOTE = "%0 Journal Article\n%T One\n%A X\n%D 2001\n%0 Journal Article\n%T Two\n%A X\n%D 2002\n"
BIBTEX = "@article{a,\n title = {One},\n year = 2001\n}\n\n@article{b,\n title = {Two},\n year = 2002\n}\n"
XML = (
    "<xml><records>\n<record><titles><title><style>One</style></title></titles></record>\n"
    "<record><titles><title><style>Two</style></title></titles></record>\n</records></xml>\n"
)
# a file of two records, what of it is gone, the line of the second record
LOST = [
    pytest.param(RIS, "ER  - \n\nTY  - JOUR\n", 5, id="ris without ER and TY"),
    pytest.param(RIS, "\nTY  - JOUR\nAU  - C", 7, id="ris without TY"),
    pytest.param(WOS, "ER\n\nPT J\n", 8, id="wos without ER and PT"),
    pytest.param(WOS, "PT J\nAU C", 11, id="wos without PT"),
    pytest.param(NBIB, "\nPMID- 2\nOWN - NLM\n", 6, id="nbib without PMID"),
    pytest.param(ENDNOTE, "%0 Journal Article\n%T Two", 5, id="endnote without %0"),
    pytest.param(BIBTEX, "@article{b", 6, id="bibtex without @"),
    pytest.param(BIBTEX, "}\n\n@article{b,\n", 4, id="bibtex without the lines between"),
    pytest.param(XML, "<record><titles><title><style>Two", 3, id="endnote xml without <record>"),
]


def planted(whole: str, gone: str) -> str:
    """The file without those signs; what names the second record stays."""
    assert whole.count(gone) == 1
    stays = {"\nTY  - JOUR\nAU  - C": "\n\nAU  - C", "PT J\nAU C": "\nAU C", "@article{b": "article{b"}
    stays |= {
        "%0 Journal Article\n%T Two": "%T Two",
        "<record><titles><title><style>Two": "<recor><titles><title><style>Two",
    }
    return whole.replace(gone, stays.get(gone, ""))


@pytest.mark.parametrize(("whole", "gone", "line"), LOST)
def test_a_record_without_its_beginning_is_a_loss_with_its_line(
    store: LocalStore, tmp_path: Path, whole: str, gone: str, line: int
) -> None:
    path = tmp_path / "export.txt"
    path.write_text(planted(whole, gone), "utf-8")
    reading = read_reference_file(path.read_bytes(), name="export.txt")
    assert [record.title for record in reading.records] == ["One"]
    assert len(reading.rejected) == 1
    assert abs((reading.rejected[0].line or 0) - line) <= 1
    assert b"Two" in reading.rejected[0].content
    assert reading.markers == 2
    assert problem_of(reading, name="export.txt") is None
    with pytest.raises(FormatError, match=r"--strict allows no loss"):
        import_file(store, path, source="Embase", strict=True)
    said = words(import_file(store, path, source="Embase"))
    assert "markers 2 = read 1 + rejected 1" in said
    assert f"lost: line {reading.rejected[0].line}: " in said


@pytest.mark.parametrize("whole", [RIS, WOS, NBIB, ENDNOTE, BIBTEX, XML])
def test_the_whole_file_loses_nothing(whole: str) -> None:
    reading = read_reference_file(whole.encode(), name="export.txt")
    assert [record.title for record in reading.records] == ["One", "Two"]
    assert reading.rejected == ()


def test_three_records_in_one_are_two_losses() -> None:
    text = "TY  - JOUR\n" + "\n".join(f"AU  - {n}, X\nTI  - Trial {n}\nPY  - 200{n}\n" for n in (1, 2, 3)) + "ER  - \n"
    reading = read_reference_file(text.encode(), name="a.ris")
    assert [(record.title, record.authors) for record in reading.records] == [("Trial 1", "1, X")]
    assert [bad.content.decode().split("\n")[0] for bad in reading.rejected] == ["AU  - 2, X", "AU  - 3, X"]


def test_a_second_title_alone_is_a_repair_and_the_same_title_twice_is_nothing() -> None:
    def read(title: str) -> tuple[int, list[str]]:
        text = f"TY  - JOUR\nTI  - A trial of one\n{title}PY  - 2001\nER  - \n"
        reading = read_reference_file(text.encode(), name="a.ris")
        return len(reading.rejected), [repair.rule for repair in reading.repairs]

    assert read("TI  - Ein Versuch\n") == (0, ["TI given twice; the first is taken"])
    assert read("TI  - A TRIAL of one.\n") == (0, [])
    assert read("T1  - A trial of one\n") == (0, [])


def test_an_end_without_anything_is_listed_and_no_record() -> None:
    reading = read_reference_file((RIS + "ER  - \n").encode(), name="a.ris")
    assert (len(reading.records), reading.rejected, [bad.line for bad in reading.strays]) == (2, (), [12])


def test_names_that_double_each_other_are_refused_in_one_line() -> None:
    bomb = "".join(f"@string{{a{n} = a{n - 1} # a{n - 1}}}\n" for n in range(1, 60))
    text = '@string{a0 = "xxxxxxxxxx"}\n' + bomb + "@article{k, title = a59, year = 2020}\n"
    with pytest.raises(FormatError, match=r"^a\.bib line \d+: the names of @string stand for more than") as caught:
        read_reference_file(text.encode(), name="a.bib")
    assert "\n" not in str(caught.value)


def test_a_cell_above_pythons_limit_is_read() -> None:
    abstract = "word " * 40_000
    reading = read_reference_file(f'"title","abstract"\n"A","{abstract}"\n'.encode(), name="a.csv")
    assert len(reading.records[0].abstract or "") == len(abstract.strip()) > 131_072
