"""RIS, NBIB and CSV: no record is lost, none invented, and each line is accounted for. All records are synthetic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.errors import FormatError, UsageProblem
from review.search.reading import Reading
from review.search.receipts import problem_of
from review.search.records import content_json
from review.search.reference_files import read_reference_file

RIS = """\
TY  - JOUR
AU  - Test, A
AU  - Test, B
TI  - First synthetic trial
AB  - A long abstract that
ER wraps onto a line which begins with ER
JO  - Journal of Synthetic Trials
PY  - 2020//
SP  - 1
EP  - 9
DO  - https://doi.org/10.5555/SYN.1
KW  - knee
KW  - pain
XX  - an unknown tag
ER  - 

TY  - JOUR
TI  - Second synthetic trial
ER  - 
"""
NBIB = """\

PMID- 11
OWN - NLM
TI  - First synthetic trial, whose title goes on
      on a second line.
AB  - Registered as NCT00000001.
AU  - Test A
FAU - Test, Ann
AID - 10.5555/syn.1 [doi]
DP  - 2020 Jan
PT  - Retracted Publication

PMID- 12
TI  - Second synthetic trial.
"""


def read(text: str | bytes, name: str = "file.txt", **more: object) -> Reading:
    data = text if isinstance(text, bytes) else text.encode()
    return read_reference_file(data, name=name, **more)  # type: ignore[arg-type]


def test_a_ris_record_fills_its_columns() -> None:
    record = read(RIS).records[0]
    assert record.title == "First synthetic trial"
    assert record.authors == "Test, A; Test, B"
    assert (record.year, record.pages, record.doi) == (2020, "1-9", "10.5555/syn.1")
    assert record.keywords == ("knee", "pain")
    assert record.line == 1
    assert ["XX", "an unknown tag"] in record.fields


def test_a_wrapped_line_that_begins_with_er_ends_no_record() -> None:
    reading = read(RIS)
    assert len(reading.records) == reading.markers == 2
    assert reading.records[0].abstract == "A long abstract that ER wraps onto a line which begins with ER"


def test_unknown_tags_are_counted() -> None:
    assert read(RIS).unmapped == {"XX": 1}


def test_a_missing_er_is_repaired_and_counted_with_its_line() -> None:
    reading = read(RIS.replace("ER  - \n\nTY", "\nTY"))
    assert [record.title for record in reading.records] == ["First synthetic trial", "Second synthetic trial"]
    assert [(repair.line, repair.rule) for repair in reading.repairs] == [(1, "missing ER before line 16")]


def test_a_tag_behind_er_is_stray_and_opens_no_record() -> None:
    reading = read(RIS.replace("ER  - \n\n", "ER  - \nNL  - J Synth\n\n"))
    assert len(reading.records) == 2
    assert [(stray.line, stray.text) for stray in reading.strays] == [(16, "NL  - J Synth")]


def test_a_file_without_ty_is_read_by_its_er() -> None:
    reading = read(RIS.replace("TY  - JOUR\n", ""))
    assert len(reading.records) == reading.markers == 2
    assert [repair.rule for repair in reading.repairs] == ["no TY", "no TY"]


def test_a_tab_before_the_dash_is_odd_but_read() -> None:
    reading = read(RIS.replace("TI  - Second", "TI\t- Second"))
    assert reading.records[1].title == "Second synthetic trial"
    assert reading.repairs[0].rule == "odd spacing after TI"


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        (
            "TY  - JOUR\nTI  - A\nDO  - hello\nPY  - 20x1\nER  - \n",
            [(3, "DOI: DO 'hello'"), (4, "year: PY '20x1'")],
        ),
        (
            "title,pmid,doi,year\nA,abc,foo,20xx\nB,,n/a,\n",
            [(2, "PMID: pmid 'abc'"), (2, "DOI: doi 'foo'"), (2, "year: year '20xx'")],
        ),
        (
            "PMID- 1\nOWN - NLM\nTI  - A\nDP  - Spring\nAID - hello [doi]\n",
            [(4, "year: DP 'Spring'"), (5, "DOI: AID 'hello [doi]'")],
        ),
    ],
    ids=["ris", "csv", "nbib"],
)
def test_values_that_cannot_be_read_are_listed_with_their_line_and_kept(
    text: str, listed: list[tuple[int, str]]
) -> None:
    reading = read(text)
    assert [(r.line, r.rule) for r in reading.repairs] == [
        (line, f"unreadable {what}, kept only as given") for line, what in listed
    ]
    kept = content_json(reading.records[0])
    assert all(what.split("'")[1] in kept for _, what in listed)


@pytest.mark.parametrize(
    "text",
    [
        "TY  - JOUR\nTI  - A\nER  - \n\nTY  - JOUR\nAU  - Test, A\nKW  - x\nER  - \n",
        "title,authors\nA,x\n\n\n,y\n",
        "OWN - ERIC\nTI  - A\n\n\nOWN - ERIC\nAU  - x\n",
    ],
    ids=["ris", "csv", "nbib"],
)
def test_a_record_that_holds_nothing_was_listed_and_stays_with_its_line_in_the_receipt(text: str) -> None:
    reading = read(text)
    assert [record.title or "" for record in reading.records] == ["A", ""]
    assert reading.rejected == ()
    assert [repair.line for repair in reading.repairs if repair.rule.startswith("no title, no abstract")] == [5]
    assert reading.markers == 2


def test_the_header_may_follow_blank_lines() -> None:
    reading = read("\n\ntitle,year\nA,2020\n")
    assert [(record.title, record.line) for record in reading.records] == [("A", 4)]


def test_a_cut_off_record_of_a_file_without_ty_has_a_marker() -> None:
    reading = read(RIS.replace("TY  - JOUR\n", "").rstrip().removesuffix("ER  -"))
    assert len(reading.records) == reading.markers == 2
    assert (reading.unfinished, reading.cut_off) == (16, "no ER line")


def test_a_file_that_ends_inside_a_record_says_so() -> None:
    assert read(RIS.rstrip().removesuffix("ER  -")).unfinished == 17


def test_a_marker_that_starts_no_record_is_counted_all_the_same() -> None:
    reading = read(RIS.replace("ER  - \n\nTY  - JOUR", "ER  - \n\n  TY-JOUR").replace("  TY-JOUR", "TY   -  JOUR"))
    assert reading.markers == 2


@pytest.mark.parametrize(
    ("encoded", "encoding", "bom"),
    [
        (RIS.encode("utf-8-sig"), "utf-8-sig", True),
        (RIS.replace("First", "Ménière’s").encode("cp1252"), "cp1252", False),
        (RIS.encode("utf-16"), "utf-16", True),
        (b"\xfe\xff" + RIS.encode("utf-16-be"), "utf-16", True),
    ],
)
def test_encodings_are_found(encoded: bytes, encoding: str, bom: bool) -> None:
    reading = read(encoded)
    assert len(reading.records) == 2
    assert (reading.encoding, reading.bom) == (encoding, bom)


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_newlines_of_other_systems_are_read(newline: str) -> None:
    reading = read(RIS.replace("\n", newline))
    assert len(reading.records) == 2
    assert reading.newlines.startswith("CRLF" if newline == "\r\n" else "CR")


def test_a_line_separator_inside_a_field_is_text() -> None:
    reading = read(RIS.replace("First synthetic", "First\u2028TY  - synthetic\x0c"))
    assert len(reading.records) == 2


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=60), min_size=1))
def test_as_many_records_come_out_as_went_in(titles: list[str]) -> None:
    text = "".join(f"TY  - JOUR\nTI  - {title}\nER  - \n\n" for title in titles)
    reading = read(text)
    assert len(reading.records) == reading.markers == len(titles)
    assert [record.title or "" for record in reading.records] == [title.strip() for title in titles]


def test_an_nbib_record_fills_its_columns() -> None:
    first, second = read(NBIB).records
    assert first.title == "First synthetic trial, whose title goes on on a second line."
    assert (first.pmid, first.doi, first.authors, first.year) == ("11", "10.5555/syn.1", "Test A", 2020)
    assert first.registry_ids == ("NCT00000001",)
    assert first.retracted
    assert (second.pmid, second.line) == ("12", 13)


def test_a_blank_line_inside_an_abstract_opens_no_record() -> None:
    reading = read(NBIB.replace("AB  - Registered", "AB  - Blank\n\n      line. Registered"))
    assert len(reading.records) == reading.markers == 2
    assert reading.records[0].abstract == "Blank line. Registered as NCT00000001."
    assert reading.repairs


def test_a_second_pmid_without_a_blank_line_opens_a_record() -> None:
    reading = read(NBIB.replace("\n\nPMID- 12", "\nPMID- 12"))
    assert [record.pmid for record in reading.records] == ["11", "12"]


HEAD = "OWN - NLM\nSTAT- MEDLINE\n"
TAIL = "AU  - Test A\nDP  - 2020 Jan\nJT  - Journal of Synthetic Trials\nSO  - J Synth. 2020;1:1-9.\n"


def medline(*numbers: int) -> str:
    """Records as PubMed writes them, each to its SO line."""
    return "\n".join(f"PMID- {n}\n{HEAD}TI  - Synthetic trial {n}.\nAB  - SYNTHETIC.\n{TAIL}" for n in numbers)


@pytest.mark.parametrize(("without", "line"), [(1, 1), (2, 11), (3, 21)])
def test_an_nbib_record_without_its_pmid_is_rejected_and_fused_with_none(without: int, line: int) -> None:
    whole = medline(1, 2, 3)
    reading = read(whole.replace(f"PMID- {without}\n", ""))
    assert [record.pmid for record in reading.records] == [str(n) for n in (1, 2, 3) if n != without]
    assert [record.title for record in reading.records] == [f"Synthetic trial {n}." for n in (1, 2, 3) if n != without]
    assert [(bad.line, bad.reason) for bad in reading.rejected] == [(line, "no PMID line")]
    assert b"Synthetic trial" in reading.rejected[0].content
    assert reading.markers == 3


def test_two_nbib_records_glued_together_are_two() -> None:
    reading = read(medline(1, 2).replace("\nPMID- 2\n", ""))
    assert (len(reading.records), len(reading.rejected), reading.markers) == (1, 1, 2)
    assert reading.repairs[0].rule == "no blank line before OWN"


def test_a_blank_line_between_two_tags_is_repaired() -> None:
    reading = read(medline(1, 2).replace("AB  -", "\nAB  -"))
    assert [(record.pmid, record.abstract) for record in reading.records] == [("1", "SYNTHETIC."), ("2", "SYNTHETIC.")]
    assert not reading.rejected
    assert len(reading.repairs) == 2


def test_a_paper_of_pubmed_central_needs_no_pmid() -> None:
    reading = read("\nPMC - PMC1\n" + medline(1) + "\nPMC - PMC2\n" + medline(2).replace("PMID- 2\n", ""))
    assert [(record.pmid, record.pmcid) for record in reading.records] == [("1", "PMC1"), (None, "PMC2")]
    assert reading.markers == 2


def test_an_nbib_pmid_that_is_no_number_is_rejected() -> None:
    reading = read(medline(1, 2).replace("PMID- 2", "PMID- abc"))
    assert [bad.reason for bad in reading.rejected] == ["PMID 'abc' is no number"]
    assert (len(reading.records), reading.markers) == (1, 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (medline(1, 2)[:-9], "no newline after its last line, which is of SO"),
        (medline(1, 2)[:-3].rpartition("AU  -")[0].rstrip("\n"), "no newline after its last line, which is of AB"),
        (medline(1, 2).rpartition("AU  -")[0], "its last line is of AB"),
        (medline(1, 2).rpartition("JT  -")[0], "no SO line, which every other record has"),
        (medline(1).rpartition("AU  -")[0], "its last line is of AB"),
        (medline(1).rpartition("JT  -")[0], "no SO line, with which PubMed ends a record"),
    ],
)
def test_an_nbib_that_is_cut_off_says_what_shows_it(text: str, said: str) -> None:
    reading = read(text)
    assert reading.cut_off == said
    assert reading.unfinished == reading.records[-1].line


@given(st.integers(len("PMID- 1\n") + 1, len(medline(1, 2, 3)) - 1))
def test_no_cut_through_an_nbib_goes_unseen(place: int) -> None:
    """Only a cut behind a whole record leaves no trace: then all that is there was read."""
    whole = read(medline(1, 2, 3)).records
    try:
        reading = read(medline(1, 2, 3)[:place])
    except FormatError:
        return
    if problem_of(reading, name="cut.nbib") is None:
        assert reading.records == whole[: len(reading.records)]


def test_an_nbib_record_that_ends_before_the_others_is_warned_of() -> None:
    text = medline(1, 2, 3).replace("SO  -", "PST -")
    assert read(text).repairs == ()
    reading = read(text.rpartition("PST -")[0])
    assert reading.unfinished is None
    assert reading.repairs[-1].rule == "the last record ends with JT, every other with PST: is the file cut off?"


def test_an_nbib_of_a_source_without_pmids_is_read() -> None:
    reading = read("OWN - ERIC\nTI  - Synthetic\nAU  - Test, A\nOID - EJ0\n\nOWN - ERIC\nTI  - Other\nOID - EJ1\n")
    assert [record.accession for record in reading.records] == ["EJ0", "EJ1"]


CSV = 'Title,Abstract,DOI,Pub Year,Note\nFirst,"Two\nlines, one cell",10.5555/a,2020,x\nSecond,,,,\n'


def test_a_csv_is_read_by_the_names_of_its_columns() -> None:
    reading = read(CSV)
    assert len(reading.records) == reading.markers == 2
    first = reading.records[0]
    assert (first.title, first.abstract, first.doi, first.year) == ("First", "Two\nlines, one cell", "10.5555/a", 2020)
    assert [record.line for record in reading.records] == [2, 4]
    assert reading.unmapped == {"Note": 1}


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    reading = read(
        f"title{delimiter}abstract{delimiter}pmid\nA, b; c{delimiter}x{delimiter}12345\n".replace("A, b; c", "A, b")
    )
    assert reading.records[0].pmid == "12345"
    assert reading.dialect == ("tsv" if delimiter == "\t" else "csv")


def test_a_header_of_ones_own_is_mapped() -> None:
    reading = read("Titel,Jahr\nErste,2020\n", mapping={"title": "Titel", "year": "Jahr"})
    assert (reading.records[0].title, reading.records[0].year) == ("Erste", 2020)


def test_a_mapping_to_a_column_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(UsageProblem, match="no column 'Titel'; it has: title, year"):
        read("title,year\na,2020\n", mapping={"title": "Titel"})


def test_a_header_without_a_known_column_names_itself_and_what_is_allowed() -> None:
    with pytest.raises(
        FormatError, match=r"file\.txt line 1: the header 'Titel,Jahr,Ort'.*allowed names: title.*--map title=Titel"
    ):
        read("Titel,Jahr,Ort\na,2020,b\n")


def test_a_row_with_too_many_cells_is_rejected_with_its_line() -> None:
    reading = read("title,year\na,2020\nb,2021,shifted\n")
    assert len(reading.records) == 1
    assert (reading.rejected[0].line, reading.rejected[0].reason) == (3, "3 cells under 2 columns")


def test_a_quoted_cell_that_is_never_closed_is_an_error_with_its_line() -> None:
    with pytest.raises(FormatError, match="row at line 3 is never closed"):
        read('title,abstract\na,b\nc,"d\ne,f\n')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><xml><records><record><style/></record></records></xml>", "declares entities"),
        (b"\xd0\xcf\x11\xe0rest of a workbook", "is an old spreadsheet"),
        (RIS.encode() + b"\n@article{key,\n title = {A}\n}\n", "holds two dialects: 2 TY lines"),
        (b"@article{key,\n title = {A}\n}\n" + RIS.encode(), "the second begins at line 4"),
        (RIS.encode() + b"PT J\nTI A\nER\n\nEF\n", "1 PT lines (Web of Science); the second begins at line 20"),
        (b"%0 Book\n%T A\n\n" + RIS.encode(), "1 %0 lines (EndNote)"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "is a web page"),
        (b"<root/>", "is XML, but neither PubMed's nor EndNote's"),
        (b"PK\x03\x04rest", "is a spreadsheet"),
        (b"%PDF-1.7", "is a PDF"),
        (b"just a sentence\nand another one\n", "0 records in file.txt: tried PubMed XML, NBIB"),
        (b"title,abstract\n", "0 records in file.txt: no rows below the header 'title,abstract' of line 1"),
        (b"Titel,Jahr\na,2020\n", "file.txt line 1: the header 'Titel,Jahr' names no title"),
        (b"Titel\nErste\n", "a table names its title column: --map title=Titel"),
        (b"title,year,Title\na,2020,b\n", "file.txt line 1: the columns 1 and 3 are both called 'title'"),
        (RIS.encode("utf-16-le"), "is no plain text, or text in UTF-16 or UTF-32 without a mark"),
        (RIS.encode("utf-16-be"), "save it as UTF-8"),
        (RIS.encode("utf-32"), "is text in UTF-32"),
        (RIS.encode("utf-32-be"), "save it as UTF-8"),
        (RIS.encode() + NBIB.encode(), "holds two dialects: 2 TY lines"),
    ],
)
def test_what_is_not_read_is_named(text: bytes, said: str) -> None:
    with pytest.raises(FormatError) as caught:
        read(text)
    assert said in str(caught.value)


def test_the_name_of_a_file_says_nothing() -> None:
    assert read(RIS, name="a.csv").dialect == "ris"
    assert read(NBIB, name="a.ris").dialect == "nbib"
    assert read(CSV.replace(",", "\t"), name="a.csv").dialect == "tsv"
