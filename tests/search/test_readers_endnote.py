"""EndNote, tagged and XML, and Web of Science: every record, every loss with its place. All records are SYNTHETIC."""

from __future__ import annotations

import pytest

from review.errors import FormatError
from review.search.reading import Reading
from review.search.receipts import problem_of
from review.search.reference_files import read_reference_file

ENL = """\
%T First synthetic trial
%0 Journal Article
%A Test, Ann
%A Probe, Ben
%J Journal of Synthetic Trials
%D 2020
%V 3
%N 4
%P 1-9
%X An abstract of ISRCTN00000001

that goes on.
%K knee
pain
%R 10.5555/SYN.1
%M WOS:0001
%~ Synthetic base

%0 Book
%T Second synthetic trial
"""
WOS = """\
FN Clarivate Analytics Web of Science
VR 1.0
PT J
AU Test, A
   Probe, B
TI First synthetic
   trial
SO JOURNAL OF SYNTHETIC TRIALS
LA English
DT Article; Proceedings Paper
DE knee; pain
ID CARTILAGE
AB ER of nothing. ISRCTN00000001
PD JAN
PY 2020
VL 3
IS 4
BP 1
EP 9
DI 10.5555/SYN.1
PM 12345
UT WOS:000000000000001
ER

PT J
TI Second synthetic trial
AR e12
ER

EF
"""


def xml(*titles: str, more: str = "") -> str:
    """An EndNote library on one line."""
    one = (
        '<record><database name="a.enl">a.enl</database><ref-type name="Journal Article">17</ref-type><contributors>'
        '<authors><author><style face="normal">Test, Ann</style></author><author><style>Probe, Ben</style></author>'
        "</authors></contributors><titles><title><style>{}</style><style> in knees</style></title></titles><periodical>"
        "<full-title><style>J Synth</style></full-title></periodical><pages>1-9</pages><volume>3</volume><number>4"
        "</number><keywords><keyword><style>knee</style></keyword></keywords><dates><year><style>2020</style></year>"
        "</dates><accession-num>12345</accession-num><abstract><style>One.&#xD;Two.</style></abstract>"
        "<electronic-resource-num><style>10.5555/SYN.1</style></electronic-resource-num>"
        "<remote-database-provider>NLM</remote-database-provider></record>"
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8" ?><xml><records>{"".join(map(one.format, titles))}{more}</records></xml>'
    )


def read(text: str) -> Reading:
    return read_reference_file(text.encode(), name="file.txt")


def test_an_endnote_block_fills_its_columns() -> None:
    reading = read(ENL)
    first, second = reading.records
    assert (first.title, first.authors) == ("First synthetic trial", "Test, Ann; Probe, Ben")
    assert (first.journal, first.year, first.volume, first.issue) == ("Journal of Synthetic Trials", 2020, "3", "4")
    assert (first.pages, first.doi, first.accession) == ("1-9", "10.5555/syn.1", "WOS:0001")
    assert (first.registry_ids, first.keywords) == (("ISRCTN00000001",), ("knee", "pain"))
    assert first.abstract == "An abstract of ISRCTN00000001 that goes on."
    assert (first.line, second.line, second.record_type) == (1, 19, "Book")
    assert [(repair.line, repair.rule) for repair in reading.repairs] == [
        (1, "blank line inside a field before line 12")
    ]


def test_an_endnote_block_without_its_type_is_rejected_where_others_have_one() -> None:
    reading = read(ENL + "\n%T Contents of the issue\n%D 2020\n")
    assert [(bad.line, bad.reason) for bad in reading.rejected] == [
        (22, "no %0 line (type of reference), which others have")
    ]
    assert reading.markers == len(reading.records) + len(reading.rejected) == 3


def test_endnote_blocks_need_no_type_where_none_has_one() -> None:
    reading = read("%T A\n%A Test\n\n%T B\n%A Probe\n")
    assert [record.title for record in reading.records] == ["A", "B"]


def test_an_endnote_type_without_a_blank_line_opens_a_record() -> None:
    reading = read(ENL.replace("\n\n%0", "\n%0"))
    assert len(reading.records) == 2
    assert reading.repairs[-1].rule == "no blank line before %0"


def test_an_endnote_file_cut_in_its_last_line_says_so() -> None:
    assert "no newline after its last line, which is of %T" in str(problem_of(read(ENL[:-5]), name="a"))


def test_endnote_xml_fills_its_columns() -> None:
    (record,) = read(xml("First trial")).records
    assert (record.title, record.authors) == ("First trial in knees", "Test, Ann; Probe, Ben")
    assert (record.journal, record.year, record.volume, record.issue) == ("J Synth", 2020, "3", "4")
    assert (record.pages, record.doi, record.pmid) == ("1-9", "10.5555/syn.1", "12345")
    assert (record.abstract, record.keywords, record.record_type) == ("One. Two.", ("knee",), "Journal Article")
    assert ["abstract", "One.\rTwo."] in record.fields


@pytest.mark.parametrize(
    ("planted", "reason"),
    [
        ("<record><titles><title>Lost</titles></record>", "record 2: not well-formed: mismatched tag"),
        ("<record><titles><title>Lost</title></titles>", "record 2: not closed by </record>"),
        ("<record><titles><title>&nope;</title></titles></record>", "record 2: not well-formed: undefined entity"),
    ],
)
def test_a_bad_record_of_endnote_xml_costs_no_other(planted: str, reason: str) -> None:
    text = xml("A", "B").replace("</record><record>", f"</record>{planted}<record>")
    reading = read(text)
    assert [record.title for record in reading.records] == ["A in knees", "B in knees"]
    assert reading.rejected[0].reason.startswith(reason)
    assert reading.rejected[0].offset == text.index(planted)
    assert reading.markers == 3


def test_signs_that_xml_forbids_are_left_out_and_named() -> None:
    reading = read(xml("A\x0bB&#x1F;"))
    assert reading.records[0].title == "AB in knees"
    assert reading.repairs[0].rule == "record 1: characters that XML forbids were left out"


def test_endnote_xml_that_is_cut_off_says_so() -> None:
    text = xml("A", "B")
    assert "the file ends inside the record" in str(problem_of(read(text[: text.rindex("<pages>")]), name="a"))
    between = read(text[: text.index("</record>") + 9])
    assert between.repairs[-1].rule == "no </records> at the end: is the file cut off?"


def test_entities_are_never_resolved() -> None:
    with pytest.raises(FormatError, match="declares entities"):
        read(xml("&a;").replace("<xml>", '<!DOCTYPE xml [<!ENTITY a "b">]><xml>'))


def test_a_web_of_science_record_fills_its_columns() -> None:
    reading = read(WOS)
    first, second = reading.records
    assert (first.title, first.authors) == ("First synthetic trial", "Test, A; Probe, B")
    assert (first.journal, first.year, first.volume, first.issue) == ("JOURNAL OF SYNTHETIC TRIALS", 2020, "3", "4")
    assert (first.pages, second.pages) == ("1-9", "e12")
    assert (first.doi, first.pmid, first.accession) == ("10.5555/syn.1", "12345", "WOS:000000000000001")
    assert (first.keywords, first.publication_types) == (
        ("knee", "pain", "CARTILAGE"),
        ("Article", "Proceedings Paper"),
    )
    assert (first.registry_ids, first.language, first.line, second.line) == (("ISRCTN00000001",), "English", 3, 25)
    assert (reading.repairs, reading.strays, reading.unfinished) == ((), (), None)


def test_web_of_science_text_says_what_is_missing() -> None:
    without_er = read(WOS.replace("ER\n\nPT", "\nPT"))
    assert [record.title for record in without_er.records] == ["First synthetic trial", "Second synthetic trial"]
    assert (without_er.repairs[0].line, without_er.repairs[0].rule) == (3, "missing ER before line 24")
    cut = read(WOS[: WOS.index("AR e12")])
    assert "the file ends inside the record that begins at line 25 (no ER line)" in str(problem_of(cut, name="a"))
    assert read(WOS.replace("EF\n", "")).repairs[-1].rule.startswith("no EF line")
    stray = read(WOS.replace("ER\n\nPT", "ER\nTI Lost\n\nPT"))
    assert [(bad.line, bad.content) for bad in stray.rejected] == [(24, b"TI Lost")]


def test_two_web_of_science_files_may_be_joined() -> None:
    reading = read(WOS + "\ufeff" + WOS)
    assert len(reading.records) == 4
    assert reading.strays == ()
