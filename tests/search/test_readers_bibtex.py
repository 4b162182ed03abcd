"""BibTeX: a fault in one entry costs no other, each has its line, and LaTeX becomes Unicode. All SYNTHETIC."""

from __future__ import annotations

from pathlib import Path

import pytest

from review.search.latex import plain_text
from review.search.reading import Reading
from review.search.receipts import problem_of
from review.search.reference_files import read_reference_file

GOOD = "@article{one,\n  title = {First synthetic trial},\n  year = {2020}\n}\n\n"
LAST = "@article{last,\n  title = {Last synthetic trial},\n  year = {2021}\n}\n"


def read(text: str) -> Reading:
    return read_reference_file(text.encode(), name="file.bib")


def titles(reading: Reading) -> list[str | None]:
    return [record.title for record in reading.records]


def test_an_entry_fills_its_columns_and_keeps_its_raw_text() -> None:
    reading = read(
        '@string{jst = "Journal of Synthetic " # {Trials}}\n'
        "@Article{ WOS:000000000000001,\n"
        ' author = {M{\\"u}ller, J{\\o}rn and Ana von Test and {The SYNTH Group}},\n'
        " Title = {{A trial of {HA} \\& PRP}},\n journal = jst, month = jan # {~1},\n"
        " year = 2020, volume = 3, number = {4}, pages = {1--9},\n"
        " doi = {https://doi.org/10.5555/SYN\\_1},\n pmid = {12345},\n"
        " abstract = {Registered as NCT00000001 ({$\\alpha$} = 5\\%).},\n keywords = {knee; pain},\n"
        " Early Access Date = {DEC 2019}, Unique-ID = {{WOS:000000000000001}}}\n"
    )
    (record,) = reading.records
    assert record.title == "A trial of HA & PRP"
    assert record.authors == "Müller, Jørn; von Test, Ana; The SYNTH Group"
    assert (record.journal, record.year, record.month) == ("Journal of Synthetic Trials", 2020, "January 1")
    assert (record.volume, record.issue, record.pages) == ("3", "4", "1-9")
    assert (record.doi, record.pmid, record.registry_ids) == ("10.5555/syn_1", "12345", ("NCT00000001",))
    assert record.abstract == "Registered as NCT00000001 (α = 5%)."
    assert record.keywords == ("knee", "pain")
    assert (record.record_type, record.accession, record.line) == ("article", "WOS:000000000000001", 2)
    assert ["Title", "{A trial of {HA} \\& PRP}"] in record.fields
    assert ["journal", "jst"] in record.fields
    assert ["@string jst", '"Journal of Synthetic " # {Trials}'] in record.fields
    assert reading.repairs == ()
    assert reading.unmapped == {"@string jst": 1}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("@article{one,\n title = {B}\n}\n", (6, "key 'one' given before, at line 1")),
        ("@article{b,\n title = {B},\n title = {C}\n}\n", (8, "field 'title' given twice")),
        ("@article{b2010,17,\n title = {B}\n}\n", (6, "a comma in the key 'b2010,17'")),
        ("@article{b c,\n title = {B}\n}\n", (6, "a blank in the key 'b c'")),
        ("@article{title = {B}}\n", (6, "no key")),
        ("@article{b,\n title = {B},\n note = {not closed\n}\n", (6, "its braces do not balance")),
        ("@article{b,\n title = {B},\n note = {x}} too many},\n year = {2020}\n}\n", (6, "its braces do not balance")),
        (
            '@article{b,\n title = "B",\n note = "not closed,\n year = "2020"\n}\n',
            (6, "its fields are not as BibTeX has them; found by their lines"),
        ),
        (
            "@article{b,\n title = {B},\n keywords = {a, f(7). go(), @type:Person}, @type:X}, z},\n year = {1}\n}\n",
            (6, "its braces do not balance"),
        ),
        (
            "@article{b,\n title = {B}\n year = {2020}\n}\n",
            (6, "its fields are not as BibTeX has them; found by their lines"),
        ),
        ("@article{b,\n title = {B},\n year = {soon}\n}\n", (8, "unreadable year: year 'soon', kept only as given")),
    ],
)
def test_a_fault_in_one_entry_costs_no_other_and_has_its_line(entry: str, said: tuple[int, str]) -> None:
    reading = read(GOOD + entry + "\n" + LAST)
    assert titles(reading) == ["First synthetic trial", "B", "Last synthetic trial"]
    assert said in [(repair.line, repair.rule) for repair in reading.repairs]
    assert reading.markers == 3
    assert reading.records[2].year == 2021


def test_an_unclosed_field_keeps_the_fields_behind_it() -> None:
    (record,) = read("@article{b,\n title = {B,\n year = {2020},\n doi = {10.5555/b}\n}\n").records
    assert (record.title, record.year, record.doi) == ("B", 2020, "10.5555/b")


def test_comments_and_preambles_are_no_records_and_lines_between_entries_are_named() -> None:
    reading = read(
        "Scopus\nEXPORT DATE: 1 May 2020\n\n@comment{@article{old, title = {Not this}}}\n@preamble{ {x} }\n"
        + GOOD
        + "article{lost,\n title = {No sign}\n}\n"
    )
    assert titles(reading) == ["First synthetic trial"]
    assert [stray.line for stray in reading.strays] == [1, 2]
    assert [(bad.line, bad.content[:12]) for bad in reading.rejected] == [(11, b"article{lost")]


def test_entries_may_stand_on_one_line_and_in_parentheses() -> None:
    reading = read("@misc{a, title={A}} @misc{b, title={B}}\n@misc(c, title={C (1)})\n")
    assert titles(reading) == ["A", "B", "C (1)"]


def test_a_file_that_ends_inside_an_entry_is_cut_off() -> None:
    reading = read(GOOD + LAST[:40])
    assert problem_of(reading, name="a.bib") == (
        "a.bib: the file ends inside the record that begins at line 6 (its braces are not closed); it may be cut off"
    )


def test_an_entry_within_a_field_is_not_taken_for_text_in_silence() -> None:
    reading = read(
        "@article{a,\n title = {A},\n abstract = {Cite as\n@article{x,\n title = {X}}\n},\n year = {2020}\n}\n"
    )
    assert len(reading.records) == 1
    assert "line 4 was not separated" in str(problem_of(reading, name="a.bib"))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ('{\\"O}zg{\\"u}r \\c{C}elik', "Özgür Çelik"),
        ("\\'{e}t\\'e, \\`a, \\^{\\i}, \\~n, \\v{s}, \\H{o}, \\r{a}", "été, à, î, ñ, š, ő, å"),
        ("Stra{\\ss}e \\O re {\\AA}s \\L{}odz", "Straße Øre Ås Łodz"),
        ("5\\% of \\$3 \\& \\#1 a\\_b \\{x\\}", "5% of $3 & #1 a_b {x}"),
        ("$\\beta$-cells, $10^{6}$ \\textit{in vitro}", "β-cells, 106 in vitro"),
        ("{CO}2 --- \\unknown{x}", "CO2 --- \\unknownx"),
        ("~5 ml, Carvalho~P", "~5 ml, Carvalho P"),
    ],
)
def test_latex_becomes_unicode(given: str, meant: str) -> None:
    assert plain_text(given) == meant


@pytest.mark.shared
def test_every_field_that_bibtexparser_finds_is_there_as_given(shared_data: Path) -> None:
    oracle = pytest.importorskip("bibtexparser")
    checked = 0
    for path in sorted((shared_data / "import").rglob("*.bib")):
        data = path.read_bytes()
        found = {record.line: record for record in read_reference_file(data, name=path.name).records}
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252")
        for entry in oracle.parse_string(text.replace("\r\n", "\n")).entries:
            kept: dict[str, str] = {}
            for name, value in found[entry.start_line + 1].fields:
                kept.setdefault(str(name).lower(), str(value).strip('"'))
            # bibtexparser leaves the marks around a text that holds others of its kind
            given = {field.key.lower(): str(field.value).strip().strip('"') for field in entry.fields}
            assert given == {name: kept.get(name) for name in given}
            checked += 1
    assert checked > 400


def test_angle_brackets_of_a_doi_are_read_however_bibtex_writes_them() -> None:
    for left, right in (("<", ">"), ("{\\textless}", "{\\textgreater}"), ("$<$", "$>$")):
        doi = f"10.1002/(SICI)1097-0258(19980815/30)17:15/16{left}1661::AID-SIM968{right}3.0.CO;2-2"
        reading = read(f"@article{{a,\n title = {{A}},\n doi = {{{doi}}}\n}}\n")
        assert reading.records[0].doi == "10.1002/(sici)1097-0258(19980815/30)17:15/16<1661::aid-sim968>3.0.co;2-2"
