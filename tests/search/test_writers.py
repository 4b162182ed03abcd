"""References are written and read back: nothing that the format can hold is lost. All SYNTHETIC."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from xml.etree import ElementTree

import bibtexparser
import pytest
from Bio import Medline
from hypothesis import given, settings
from hypothesis import strategies as st

from review.errors import UsageProblem
from review.identifiers import find_registry_ids
from review.search.receipts import problem_of
from review.search.records import Record
from review.search.reference_files import read_reference_file
from review.search.written.bibtex import citation_keys
from review.search.written.formats import ENDINGS, FORMATS, HOLDS, READ_BACK, format_of_file, held_by, write_references
from review.search.written.reference import NAMES, Reference, people, reference_of

_HOSTILE = st.sampled_from(
    [
        "\n", "\r\n", "\r", "\t", "\nER  - ", "\nER  - \n\nTY  - JOUR\n", "\n%0 Book\n", "\nPMID- 1\n", "\nPT J\n",
        "\nER\n", "\nEF\n", "\n@article{a,\n title = {x}}\n", "\n\nOWN - x", "{", "}", "{}", "\\", "\\{", "\\}", "\\'e",
        "\\alpha ", "\\textbackslash{}", "\\textasciicircum{}", "$x^2$", "~", "^", "%", "#", "_", "&", "&amp;", "&#1;",
        "<record>", "</record>", "]]>", "<!ENTITY x>", "<style>", '"', "'", "'=", "=1+1", "+", "-", "@", "|", ";", ",",
        " and ", ")@book(a, b = ", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x00", "\x1f", "\ud800", "\ufeff",
        "\ufffe", "\ue000", "\u00a0", "e\u0301", "\u202eabc", "שלום", "مرحبا", "🧬", "👩‍⚕️", "β", "ß", "10⁷", "–", "--",
        "  ",
    ]
)  # fmt: skip
_TEXT = st.lists(
    st.one_of(_HOSTILE, st.text(max_size=8), st.sampled_from(["pain", "Knee", "a", "Wu", "2016"])), max_size=6
)
_WORDS = _TEXT.map("".join)
_MAYBE = st.one_of(st.none(), _WORDS)
_LIST = st.lists(_WORDS, max_size=3).map(tuple)
_NAME = _WORDS.map(lambda text: text.replace(";", ""))
_PEOPLE = st.lists(
    st.one_of(
        st.sampled_from(
            ["Lamo-Espinosa J", "van der Berg AB", "Smith J Jr", "de la Cruz, María José", "A Study Group"]
        ),
        _NAME,
        st.tuples(_NAME, _NAME).map(", ".join),
    ),
    max_size=4,
).map("; ".join)
_REGISTRY = st.sampled_from(
    ["NCT01234567", "ISRCTN12345678", "2012-123456-12", "DRKS00012345", "JRCTS031180001", "PACTR202005610509496"]
)

REFERENCES = st.builds(
    Reference,
    reference_id=st.none(),
    label=st.one_of(st.none(), st.sampled_from(["Lamo-Espinosa 2016a", "Wu 2017", "Müller 2020, follow-up"])),
    record_type=st.one_of(st.none(), st.sampled_from(["article", "JOUR", "Book Section", "inproceedings", "MGZN"])),
    title=_MAYBE,
    vernacular_title=_MAYBE,
    abstract=_MAYBE,
    authors=_PEOPLE,
    journal=_MAYBE,
    year=st.one_of(st.none(), st.integers(1500, 2099)),
    month=st.one_of(st.none(), st.sampled_from(["Mar", "03", "Spring", "Mar-Apr", "MAR 15"]), _WORDS),
    volume=_MAYBE,
    issue=_MAYBE,
    pages=st.one_of(st.none(), st.sampled_from(["12-15", "e12724", "S12-S15", "12–15", "215 pp", "1-2, 4-5"]), _WORDS),
    language=_MAYBE,
    pmid=st.one_of(st.none(), st.integers(1, 99_999_999).map(str)),
    doi=st.one_of(
        st.none(), st.sampled_from(["10.1186/s12967-016-0998-2", "10.1002/(sici)1#a&b%{c}_d~e\\f", "10.5555/a}{b"])
    ),
    pmcid=st.one_of(st.none(), st.integers(1, 9_999_999).map("PMC{}".format)),
    registry_ids=st.lists(_REGISTRY, max_size=3, unique=True).map(tuple),
    publication_types=_LIST,
    mesh=_LIST,
    keywords=_LIST,
    url=st.one_of(
        st.none(), st.sampled_from(["https://example.org/a?b=1&c={x}#d~e_f%20\\g", "https://example.org/}, x={"])
    ),
    accession=st.one_of(st.none(), st.sampled_from(["WOS:000123", "EJ12", "{A}_\\1", "CN-01234567", "A}1"])),
    note=_MAYBE,
)  # fmt: skip


def returned(references: list[Reference], format: str) -> list[Record]:
    """What our own reader takes from *references* in *format*; no marker is left over and nothing is lost."""
    text = write_references(references, format)
    reading = read_reference_file(text.encode(), name="written.txt", dialect=READ_BACK[format])
    assert problem_of(reading, name="written.txt") is None
    assert len(reading.records) == reading.markers == len(references)
    assert not reading.rejected
    assert not [repair for repair in reading.repairs if "no other identifier" not in repair.rule]
    assert not [one for one in reading.strays if not one.text.startswith(("FN", "VR"))]
    return list(reading.records)


def compare(reference: Reference, record: Record, format: str) -> None:
    """Each column as the format can hold it; a number that is missing may be found in another field."""
    held = held_by(reference, format)
    for name in ("title", "vernacular_title", "abstract", "journal", "year", "month", "volume", "issue", "pages",
                 "language", "publication_types", "mesh", "keywords", "record_type"):  # fmt: skip
        assert (getattr(record, name) or None) == (getattr(held, name) or None), (format, name)
    assert people(record.authors) == people(held.authors), format
    if not (format == "bibtex" and "\ue000" in (reference.authors or "")):
        assert people(held.authors) == people(held_by(reference, "csv").authors), format
    for name in ("pmid", "doi", "pmcid", "url", "accession"):
        wanted = getattr(held, name)
        assert wanted is None or getattr(record, name) == wanted, (format, name)
    assert set(held.registry_ids) <= set(record.registry_ids)
    elsewhere = find_registry_ids(" ".join([held.note or "", reference.note or "", record.abstract or ""]))
    assert set(record.registry_ids) <= {*held.registry_ids, *elsewhere}


@pytest.mark.parametrize("format", READ_BACK)
@settings(max_examples=80, deadline=None)
@given(st.lists(REFERENCES, min_size=1, max_size=3))
def test_what_is_written_is_read_back(format: str, references: list[Reference]) -> None:
    records = returned(references, format)
    for reference, record in zip(references, records, strict=True):
        compare(reference, record, format)


TAME = Reference(
    reference_id="sr_0123456789abcdef",
    label="Lamo-Espinosa 2016a",
    record_type="article",
    title="Cells & plasma: 50% less pain {in} knees_of #1 at $5",
    vernacular_title="Células y plasma",
    abstract="BACKGROUND: Pain ~ 5 ^ 2. RESULTS: It fell <0.05.",
    authors="Lamo-Espinosa, JM; Müller, Jörg; A Study Group",
    journal="Journal of Made-up Trials",
    year=2016,
    month="Mar",
    volume="4",
    issue="2",
    pages="12-15",
    language="eng",
    pmid="12345678",
    doi="10.5555/made.up_(1)",
    pmcid="PMC123456",
    registry_ids=("NCT01234567", "ISRCTN12345678"),
    publication_types=("Journal Article", "Randomized Controlled Trial"),
    mesh=("Humans", "Osteoarthritis, Knee"),
    keywords=("cells", "knee, pain of"),
    url="https://example.org/a?b=1&c=2#d",
    accession="EJ123",
    note="Included at full text.",
)


@pytest.mark.parametrize("format", READ_BACK)
@pytest.mark.parametrize("name", [name for name in HOLDS if name in NAMES and name not in ("label", "note")])
def test_the_table_of_what_a_format_holds_is_true(format: str, name: str) -> None:
    """`yes` is equal; `no` and other words are not, unless the reference is changed to what they say."""
    (record,) = returned([TAME], format)
    wanted, got, said = getattr(TAME, name), getattr(record, name), HOLDS[name][format]
    if name == "keywords":
        assert got[: len(wanted)] == wanted  # MeSH may stand behind them
    elif said in ("yes", "with its year"):
        assert got == wanted
    elif said == "among the keywords":
        assert set(wanted) <= set(record.keywords) and not got
    elif said == "in its words":
        (again,) = returned([replace(TAME, record_type=got)], format)
        assert again.record_type == got
    elif said == "where there is no PMID":
        (alone,) = returned([replace(TAME, pmid=None)], format)
        assert got == TAME.pmid and alone.accession == wanted
    elif said in ("headings without qualifiers", "all are articles"):
        assert got == wanted
    elif said == "PubMed's, by the PMID":
        assert got == f"https://pubmed.ncbi.nlm.nih.gov/{TAME.pmid}/"
    else:
        assert said == "no" and got != wanted


def test_every_format_is_in_every_line_of_the_table() -> None:
    assert all(set(how) == set(FORMATS) for how in HOLDS.values())
    assert {name for name in NAMES if name != "reference_id"} <= set(HOLDS)
    assert set(ENDINGS.values()) == set(FORMATS)


@pytest.mark.parametrize("format", ["csv", "tsv"])
@settings(max_examples=60, deadline=None)
@given(st.lists(REFERENCES, min_size=1, max_size=3))
def test_no_cell_of_a_table_is_a_formula(format: str, references: list[Reference]) -> None:
    text = write_references(references, format)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t" if format == "tsv" else ","))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_an_apostrophe_that_was_there_stays_and_one_of_ours_goes() -> None:
    titles = ["=1+1", "'=1+1", "''=1+1", "'-omics of pain", "-omics of pain", "plain"]
    assert [record.title for record in returned([Reference(title=one) for one in titles], "csv")] == titles
    theirs = "title,year\n'=1+1,2020\n"  # of a table that is not ours nothing is taken away
    assert read_reference_file(theirs.encode(), name="theirs.csv").records[0].title == "'=1+1"


@pytest.mark.parametrize("format", READ_BACK)
def test_a_file_says_itself_what_it_is(format: str) -> None:
    several = [TAME, replace(TAME, pmid=None, title="Another"), replace(TAME, pmid="2", accession=None)]
    reading = read_reference_file(write_references(several, format).encode(), name="written.txt")
    assert reading.dialect == READ_BACK[format] and len(reading.records) == 3


@pytest.mark.parametrize("format", READ_BACK)
@settings(max_examples=40, deadline=None)
@given(REFERENCES)
def test_a_second_trip_changes_nothing(format: str, reference: Reference) -> None:
    (first,) = returned([reference], format)
    (second,) = returned([reference_of(asdict(first))], format)
    assert replace(second, fields=(), line=None, offset=None) == replace(first, fields=(), line=None, offset=None)


@settings(max_examples=80, deadline=None)
@given(st.lists(REFERENCES, min_size=1, max_size=3))
def test_other_programs_find_as_many_references(references: list[Reference]) -> None:
    library = bibtexparser.parse_string(write_references(references, "bibtex"))
    assert not library.failed_blocks
    assert [entry.key for entry in library.entries] == citation_keys(references)
    medline = list(Medline.parse(io.StringIO(write_references(references, "nbib"), newline="\n")))
    assert [record.get("PMID") for record in medline] == [one.pmid for one in references]
    root = ElementTree.fromstring(write_references(references, "endnote-xml"))
    assert len(root.findall("records/record")) == len(references)


def counted_as_bibtex_counts(text: str) -> list[dict[str, str]]:
    """The entries of *text* as BibTeX, biber and pybtex part them: by every brace, behind a backslash or not."""
    found = []
    place = 0
    while head := re.compile(r"@(\w+)\{([^,{}\s]*),").search(text, place):
        entry = {"@type": head.group(1), "@key": head.group(2)}
        place = head.end()
        while field := re.compile(r"\s*(\w+) = (?=\{)").match(text, place):
            depth, place = 0, field.end()
            while True:
                depth += (text[place] == "{") - (text[place] == "}")
                place += 1
                if depth == 0:
                    break
            assert field.group(1) not in entry and text[place] == ","
            entry[field.group(1)] = text[field.end() + 1 : place - 1]
            place += 1
        assert text[place : place + 3].strip() == "}", text[place:]
        found.append(entry)
    return found


@settings(max_examples=120, deadline=None)
@given(st.lists(REFERENCES, min_size=1, max_size=3))
def test_every_value_of_bibtex_ends_where_every_reader_ends_it(references: list[Reference]) -> None:
    text = write_references(references, "bibtex")
    entries = counted_as_bibtex_counts(text)
    assert [entry["@key"] for entry in entries] == citation_keys(references)
    others = [dict(entry.items()) for entry in bibtexparser.parse_string(text).entries]
    for entry, other in zip(entries, others, strict=True):
        assert set(other) - {"ENTRYTYPE", "ID"} == set(entry) - {"@type", "@key"}
        assert all(other[name] == value for name, value in entry.items() if name[0] != "@")


@pytest.mark.parametrize(
    "name", ["title", "doi", "url", "accession", "note", "label", "journal", "authors", "abstract"]
)
@pytest.mark.parametrize(
    "evil",
    [
        'Stem cells}, note="injected", doi="10.9/evil", x=123',
        "Stem cells {and",
        "Stem} cells {and",
        "a\\}, note={b",
        "}}@article{evil, title={",
    ],
)
def test_no_value_becomes_a_field_of_bibtex(name: str, evil: str) -> None:
    written = f"10.5555/{evil.replace(' ', '')}" if name == "doi" else evil
    text = write_references([replace(TAME, **{name: written}), TAME], "bibtex")
    hostile, tame = counted_as_bibtex_counts(text)
    (wanted,) = counted_as_bibtex_counts(write_references([TAME], "bibtex"))
    assert set(hostile) == set(wanted) and {**tame, "@key": ""} == {**wanted, "@key": ""}
    library = bibtexparser.parse_string(text)
    assert not library.failed_blocks and len(library.entries) == 2
    (record, _) = read_reference_file(text.encode(), name="a.bib").records
    if name in ("title", "journal", "abstract"):
        assert getattr(record, name) == evil


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e"])
@pytest.mark.parametrize("format", FORMATS)
def test_no_line_ends_but_where_a_line_is_written(format: str, sign: str) -> None:
    broken = replace(TAME, title=f"Pain{sign}ER  - {sign}TY  - JOUR", authors=f"Wu{sign}A, B", keywords=(f"a{sign}b",))
    text = write_references([broken], format)
    assert text.splitlines() == text.removesuffix("\n").split("\n")
    if format in READ_BACK:
        (record,) = returned([broken], format)
        assert (
            record.title == "Pain ER - TY - JOUR" if format in ("bibtex", "endnote-xml") else "Pain ER  -  TY  - JOUR"
        )


def test_a_manuscript_cites_the_same_keys_from_bibtex_and_from_csl_json() -> None:
    several = [TAME, TAME, replace(TAME, label=None), replace(TAME, label=None, authors="W\x85u, A")]
    items = json.loads(write_references(several, "csl-json"))
    entries = bibtexparser.parse_string(write_references(several, "bibtex")).entries
    assert [item["id"] for item in items] == [entry.key for entry in entries]


@settings(max_examples=80, deadline=None)
@given(st.lists(REFERENCES, max_size=3))
def test_csl_json_holds_what_the_table_says(references: list[Reference]) -> None:
    items = json.loads(write_references(references, "csl-json"))
    assert len({item["id"] for item in items}) == len(items) == len(references)
    for item, reference in zip(items, references, strict=True):
        ris = held_by(reference, "ris")
        for key, name in (("title", "title"), ("abstract", "abstract"), ("container-title", "journal"),
                          ("DOI", "doi"), ("PMID", "pmid"), ("PMCID", "pmcid"), ("page", "pages")):  # fmt: skip
            assert item.get(key) == getattr(ris, name)
        assert len(item.get("author", [])) == len(people(ris.authors))
        assert (ris.note or "") in item.get("note", "")


def test_an_item_of_csl_json() -> None:
    (item,) = json.loads(write_references([TAME], "csl-json"))
    assert (item["id"], item["citation-label"]) == ("Lamo-Espinosa2016a", TAME.label)
    assert (item["type"], item["issued"]) == ("article-journal", {"date-parts": [[2016, 3]]})
    assert item["author"][0] == {"family": "Lamo-Espinosa", "given": "JM"}
    assert item["author"][2] == {"literal": "A Study Group"}
    assert item["note"].startswith("Included at full text.")
    (season,) = json.loads(write_references([replace(TAME, month="Spring")], "csl-json"))
    assert season["issued"] == {"date-parts": [[2016]], "season": "Spring"}


def test_keys_are_ascii_unique_and_do_not_depend_on_the_neighbours() -> None:
    twins = [TAME, replace(TAME, label="LAMO-Espinosa 2016a"), replace(TAME, label=None), replace(TAME, label="张")]
    keys = citation_keys(twins)
    by_id = "Lamo-Espinosa2016-01234567"
    assert keys == ["Lamo-Espinosa2016a", "LAMO-Espinosa2016a-2", by_id, f"{by_id}-2"]
    assert citation_keys([twins[2]]) == [keys[2]]
    assert all(key.isascii() for key in keys)


def test_names_are_parted_where_they_can_be() -> None:
    found = people("Lamo-Espinosa JM; van der Berg A; Smith J Jr; Müller, Jörg, Jr; A Study Group; ; 张 伟;")
    assert [(person.family, person.given) for person in found] == [
        ("Lamo-Espinosa", "JM"),
        ("van der Berg", "A"),
        ("Smith", "J Jr"),
        ("Müller", "Jörg, Jr"),
        ("A Study Group", ""),
        ("张 伟", ""),
    ]


def test_the_ending_or_the_format_decides() -> None:
    assert format_of_file("a.b.BIB", None) == "bibtex"
    assert format_of_file("a.txt", "ris") == format_of_file("a.ris", "ris") == "ris"
    with pytest.raises(UsageProblem, match=r"a\.bib ends in \.bib, which is bibtex, and --format says ris"):
        format_of_file("a.bib", "ris")
    with pytest.raises(UsageProblem, match=r"references has no ending; allowed here: \.ris, \.bib"):
        format_of_file("references", None)
    with pytest.raises(UsageProblem, match="'docx' is no format of references; allowed: ris"):
        write_references([], "docx")


def test_the_guide_prints_the_table_of_what_each_format_holds() -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs" / "guides" / "export-references.md").read_text("utf-8")
    lines = ["| | " + " | ".join(FORMATS) + " |", "|" + "---|" * (len(FORMATS) + 1)]
    for name, how in HOLDS.items():
        lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(how[format] for format in FORMATS) + " |")
    assert "\n".join(lines) in guide


@pytest.mark.parametrize("format", READ_BACK)
@pytest.mark.parametrize(
    "authors",
    [
        "Van A, Bob C",  # one name, that a table might take for two
        "['Smith J']",
        "Sm{ith, A; Doe, B; J}ones, C",  # braces that do not pair between two names
        "Salt and Pepper, J; Band and Sons; and; And, A",
        "von der Heide, A; O'Neill B; d'Arc, Jeanne",
        "PT J; ER; EF; 100, A",
        "{Group}; \\and, B; A & B, C~D",
    ],
)
def test_names_that_a_reader_might_part_otherwise(format: str, authors: str) -> None:
    reference = replace(TAME, authors=authors)
    (record,) = returned([reference], format)
    assert people(record.authors) == people(authors)
