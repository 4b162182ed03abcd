"""DOIs whole, CENTRAL's own ones apart, and registry numbers where registers print them."""

from __future__ import annotations

import pytest

from review.identifiers import behind_doi, find_registry_ids, normalise_doi
from review.search.reading import Reading
from review.search.receipts import fault_of
from review.search.records import Record
from review.search.reference_files import read_reference_file

SICI = "10.1002/(SICI)1097-0258(19980815/30)17:15/16<1661::AID-SIM968>3.0.CO;2-2"
AMS = "10.1175/1520-0469(1999)056<0027:TNAOAE>2.0.CO;2"


def read(text: str) -> Reading:
    return read_reference_file(text.encode(), name="a.txt")


@pytest.mark.parametrize("doi", [SICI, AMS])
@pytest.mark.parametrize(
    "form",
    [
        "{}",
        "doi: {} [doi]",
        "https://doi.org/{}",
        "<{}>",
        '"{}"',
        "({}).",
        "see {}, and others",
        '<a href="https://doi.org/{}">text</a>',
        "<sup>{}</sup>",
    ],
)
def test_a_doi_with_angle_brackets_stays_whole(doi: str, form: str) -> None:
    escaped = doi.replace("<", "&lt;").replace(">", "&gt;")
    percent = doi.replace("<", "%3C").replace(">", "%3E").replace(";", "%3B")
    for given in (doi, escaped, escaped.replace("&", "&amp;"), percent):
        assert normalise_doi(form.format(given)) == doi.lower()


def test_a_sici_that_a_platform_wrapped_is_joined() -> None:
    assert normalise_doi(SICI.replace("<", " <")) == SICI.lower()
    assert normalise_doi(SICI.replace(";2", "; 2")) == SICI.lower()


@pytest.mark.parametrize(
    ("text", "doi", "behind"),
    [
        ("10.5555/a<br/>", "10.5555/a", ""),
        ("text 10.5555/a<b>x</b>", "10.5555/a", "<b>x</b>"),
        ("10.1016/S0140-6736(99)1.", "10.1016/s0140-6736(99)1", ""),
        ("(10.1016/S0140-6736(99)1)", "10.1016/s0140-6736(99)1", ""),
        ("10.5555/a [pii]", "10.5555/a", ""),
        ("10.5555/a b", "10.5555/a", "b"),
        ("10.5555/a; 10.5555/b", "10.5555/a", "10.5555/b"),
        ("10.5555/a]>", "10.5555/a", ""),
    ],
)
def test_what_is_no_part_of_a_doi_is_left_out_and_said(text: str, doi: str, behind: str) -> None:
    assert (normalise_doi(text), behind_doi(text)) == (doi, behind)


@pytest.mark.parametrize(
    "text",
    [
        "TY  - JOUR\nTI  - A\nDO  - {}\nER  - \n",
        "TY  - JOUR\nTI  - A\nUR  - https://doi.org/{}\nER  - \n",
        "%0 Journal Article\n%T A\n%R {}\n",
        "PT J\nTI A\nDI {}\nER\n\nEF\n",
        "PMID- 1\nTI  - A\nAID - {} [doi]\nSO  - J.\n",
        "@article{{a,\n title = {{A}},\n doi = {{{}}}\n}}\n",
        "title,doi\nA,{}\n",
    ],
)
def test_every_reader_keeps_a_sici_whole_and_repairs_nothing(text: str) -> None:
    reading = read(text.format(SICI))
    assert (reading.records[0].doi, reading.repairs) == (SICI.lower(), ())


def test_a_doi_that_is_followed_by_something_is_in_the_receipt_with_its_line() -> None:
    reading = read("TY  - JOUR\nTI  - A\nDO  - 10.5555/a b\nER  - \n")
    assert reading.records[0].doi == "10.5555/a"
    assert [(repair.line, repair.rule) for repair in reading.repairs] == [
        (3, "DO holds more than a DOI: read as '10.5555/a', without 'b'")
    ]


def ris(*lines: str) -> Record:
    (record,) = read("\n".join(("TY  - JOUR", "TI  - A", *lines, "ER  - ", ""))).records
    return record


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("JO  - https://clinicaltrials.gov/show/NCT03000001", "NCT03000001"),
        ("T2  - http://www.who.int/trialsearch/Trial2.aspx?TrialID=EUCTR2010-000001-11-GB", "2010-000001-11"),
        ("AU  - NCT03000001", "NCT03000001"),
        ("AN  - NCT03000001", "NCT03000001"),
        ("UR  - https://www.isrctn.com/ISRCTN12345678", "ISRCTN12345678"),
    ],
)
def test_the_number_of_a_registers_entry_is_found_where_it_is_printed(line: str, number: str) -> None:
    assert ris(line).registry_ids == (number,)
    assert [list(pair) for pair in ris(line).fields][2] == line.split("  - ")


def test_an_address_that_is_no_registers_names_no_trial() -> None:
    assert ris("UR  - https://example.org/NCT03000001.pdf").registry_ids == ()
    assert find_registry_ids("EUCTR2010-000001-11-GB") == ["2010-000001-11"]


def test_the_doi_of_centrals_own_entry_is_no_articles() -> None:
    address = "https://www.cochranelibrary.com/central/doi/10.1002/central/CN-01000000/full"
    record = ris("AN  - CN-01000000", f"UR  - {address}", "XR  - PubMed 20000000")
    assert (record.doi, record.url, record.accession, record.pmid) == (None, address, "CN-01000000", "20000000")
    assert ris(f"UR  - {address}", "DO  - 10.5555/a").doi == "10.5555/a"
    assert ris("XR  - PubMed 1", "XR  - PubMed 2").pmid is None
    assert ris("XR  - EMBASE 20000000").pmid is None


def test_the_lines_that_central_prints_above_a_record_are_known() -> None:
    head = 'Record #1 of 20\nProvider: John Wiley & Sons, Inc.\nContent: text/plain; charset="UTF-8"\n\n'
    reading = read(f"{head}TY  - JOUR\nTI  - A\nER  - \n\n\n{head}TY  - JOUR\nTI  - B\nER  - \n")
    assert ([record.title for record in reading.records], reading.strays) == (["A", "B"], ())
    assert fault_of(reading, name="a") is None


def test_a_book_title_is_the_journal_where_none_is_given() -> None:
    records = read("title,journal,booktitle\nA,,Proceedings\nB,J Synth,Proceedings\n").records
    assert [record.journal for record in records] == ["Proceedings", "J Synth"]
    (entry,) = read("@inproceedings{a,\n title = {A},\n booktitle = {Proceedings}\n}\n").records
    assert entry.journal == "Proceedings"
