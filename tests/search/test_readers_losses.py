"""Losses in every dialect: a planted one is named with its line, all other records are read. All SYNTHETIC."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from review.database import LocalStore
from review.errors import FormatError, UsageProblem
from review.search.ingest import import_file
from review.search.reading import Reading
from review.search.receipts import problem_of, words
from review.search.reference_files import read_reference_file


def whole(dialect: str) -> list[str]:
    """Three records of a dialect as pieces of a file: [head, first, second, third, tail]."""

    def one(n: int) -> str:
        return {
            "ris": f"TY  - JOUR\nTI  - Trial {n}\nPY  - 2020\nER  - \n\n",
            "nbib": f"PMID- {n}\nOWN - NLM\nTI  - Trial {n}\nDP  - 2020\nSO  - J Synth 2020.\n\n",
            "bibtex": f"@article{{k{n},\n  title = {{Trial {n}}},\n  year = {{2020}}\n}}\n\n",
            "endnote": f"%0 Journal Article\n%T Trial {n}\n%D 2020\n\n",
            "endnote_xml": f"<record><titles><title><style>Trial {n}</style></title></titles></record>\n",
            "wos": f"PT J\nTI Trial {n}\nPY 2020\nER\n\n",
            "csv": f"Trial {n},2020\n",
            "tsv": f"Trial {n}\t2020\n",
            "pubmed_xml": (
                f"<PubmedArticle><MedlineCitation><PMID>{n}</PMID><Article><ArticleTitle>Trial {n}</ArticleTitle>"
                "</Article></MedlineCitation></PubmedArticle>\n"
            ),
        }[dialect]

    heads = {
        "endnote_xml": ("<xml><records>\n", "</records></xml>\n"),
        "wos": ("FN Clarivate\nVR 1.0\n", "EF\n"),
        "csv": ("title,year\n", ""),
        "tsv": ("title\tyear\n", ""),
        "pubmed_xml": ("<PubmedArticleSet>\n", "</PubmedArticleSet>\n"),
    }
    head, tail = heads.get(dialect, ("", ""))
    return [head, one(1), one(2), one(3), tail]


# dialect, what of the second record becomes what, the line that the receipt must name, how many of 1, 2, 3 are read
PLANTED = [
    ("ris", "ER  - \n", "", 6, 3),
    ("ris", "TY  - JOUR\n", "", 6, 2),
    ("nbib", "PMID- 2\n", "", 7, 2),
    ("nbib", "PMID- 2", "PMID- two", 7, 2),
    ("bibtex", "@article{k2,", "@article{k1,", 6, 3),
    ("bibtex", "2020}\n}", "2020\n}", 6, 3),
    ("bibtex", "@article", "article", 6, 2),
    ("endnote", "%0 Journal Article\n", "", 5, 2),
    ("endnote_xml", "</record>", "", 3, 2),
    ("endnote_xml", "</title>", "", 3, 2),
    ("wos", "ER\n", "", 8, 3),
    ("wos", "PT J\n", "", 8, 2),
    ("csv", ",2020", ",2020,shifted", 3, 2),
    ("tsv", "\t2020", "\t2020\tshifted", 3, 2),
    ("pubmed_xml", "</ArticleTitle>", "", None, 2),
]


def read(text: str) -> Reading:
    return read_reference_file(text.encode(), name="export.txt")


@pytest.fixture
def store(store: LocalStore) -> Iterator[LocalStore]:
    """The empty database, held open."""
    with store.holding():
        yield store


@pytest.mark.parametrize("dialect", ["ris", "nbib", "bibtex", "endnote", "endnote_xml", "wos", "csv", "tsv"])
def test_a_whole_file_has_nothing_to_tell(dialect: str) -> None:
    reading = read("".join(whole(dialect)))
    assert reading.dialect == dialect
    assert [record.title for record in reading.records] == ["Trial 1", "Trial 2", "Trial 3"]
    assert (reading.markers, reading.rejected, reading.repairs, reading.strays) == (3, (), (), ())
    assert reading.unfinished is None


@pytest.mark.parametrize(("dialect", "gone", "instead", "line", "records"), PLANTED)
def test_a_planted_loss_is_named_with_its_line_and_costs_no_other(
    dialect: str, gone: str, instead: str, line: int | None, records: int
) -> None:
    pieces = whole(dialect)
    assert gone in pieces[2]
    pieces[2] = pieces[2].replace(gone, instead)
    reading = read("".join(pieces))
    titles = [record.title for record in reading.records]
    assert len(titles) == records
    assert {"Trial 1", "Trial 3"} <= set(titles)
    named = [item.line for item in (*reading.rejected, *reading.repairs, *reading.strays)]
    # a RIS record says at its own line that its end is missing; the record without TY is a row of strays
    assert line in named or (gone == "ER\n" and 8 in named)


@pytest.mark.parametrize(("dialect", "gone", "instead", "line", "records"), PLANTED)
def test_strict_refuses_what_is_lost_or_mended_and_stores_the_receipt_alone(
    store: LocalStore, tmp_path: Path, dialect: str, gone: str, instead: str, line: int | None, records: int
) -> None:
    pieces = whole(dialect)
    pieces[2] = pieces[2].replace(gone, instead)
    path = tmp_path / "export.txt"
    path.write_text("".join(pieces), "utf-8")
    with pytest.raises(FormatError, match=r"(line|byte) \d+: .*nothing of it was imported") as caught:
        import_file(store, path, source="Embase", strict=True)
    assert "--strict" in str(caught.value)
    assert store.read("select count(*) from search.source_record").item() == 0
    assert store.read("select status from v1.import_receipt")["status"].to_list() == ["refused"]
    assert import_file(store, path, source="Embase").records_read == records  # without it, as ever


@pytest.mark.parametrize("dialect", ["ris", "nbib", "bibtex", "endnote", "endnote_xml", "wos", "csv", "tsv"])
def test_odd_signs_split_no_line_and_a_nul_byte_costs_one_record(dialect: str) -> None:
    text = "".join(whole(dialect))
    odd = read(text.replace("Trial 2", "Trial\u2028TY  - 2\x85\x0c"))
    assert len(odd.records) == odd.markers == 3
    nul = read(text.replace("Trial 2", "Trial\0 2"))
    assert [record.title for record in nul.records] == ["Trial 1", "Trial 3"]
    assert (len(nul.rejected), nul.markers) == (1, 3)


@pytest.mark.parametrize("dialect", ["ris", "nbib", "bibtex", "endnote", "wos", "csv", "tsv"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_every_dialect_is_read_in_every_encoding(dialect: str, encoding: str) -> None:
    data = "".join(whole(dialect)).replace("Trial 2", "Ménière").encode(encoding)
    reading = read_reference_file(data, name="export.txt")
    assert [record.title for record in reading.records] == ["Trial 1", "Ménière", "Trial 3"]
    assert (reading.encoding, reading.dialect, reading.repairs, reading.strays) == (encoding, dialect, (), ())


def test_strict_counts_the_faults_and_names_the_first(store: LocalStore, tmp_path: Path) -> None:
    path = tmp_path / "export.ris"
    path.write_text("TY  - JOUR\nTI  - A\nPY  - soon\nTY  - JOUR\nTI\t- B\nER  - \n", "utf-8")
    with pytest.raises(FormatError) as caught:
        import_file(store, path, source="Embase", strict=True)
    assert caught.value.message == (
        "export.ris: line 1: repaired: missing ER before line 4, and 2 more; --strict allows no loss and no repair; "
        "nothing of it was imported"
    )


def test_strict_takes_a_file_without_a_fault_and_does_not_go_with_accepted_loss(
    store: LocalStore, tmp_path: Path
) -> None:
    path = tmp_path / "export.ris"
    path.write_text("Header of a platform\n" + "".join(whole("ris")), "utf-8")
    with pytest.raises(UsageProblem, match="contradict each other"):
        import_file(store, path, source="Embase", strict=True, accept_loss=True)
    receipt = import_file(store, path, source="Embase", strict=True)
    assert receipt.records_read == 3
    assert "not understood: line 1: Header of a platform" in words(receipt)


@pytest.mark.parametrize("second", ["bibtex", "wos", "endnote", "nbib", "csv", "endnote_xml", "pubmed_xml"])
@pytest.mark.parametrize("first", ["ris", "nbib", "csv", "bibtex", "wos", "endnote", "endnote_xml", "pubmed_xml"])
def test_two_dialects_in_one_file_are_never_mixed_in_silence(first: str, second: str) -> None:
    if first == second:
        return
    text = "".join(whole(first)) + "".join(whole(second))
    try:
        reading = read(text)
    except FormatError as problem:
        assert re.search(r"two dialects|line \d+|0 records", str(problem))
        return
    if problem_of(reading, name="glued.txt") is None:
        at = "".join(whole(first)).count("\n")
        named = [item.line for item in (*reading.rejected, *reading.repairs, *reading.strays) if item.line is not None]
        assert any(line > at - 6 for line in named) or min(named, default=0) in range(1, at + 1)
        assert named


@pytest.mark.parametrize(
    ("data", "encoding", "said"),
    [
        ("TY  - JOUR\nTI  - Ménière\nAU  - Müller\nER  - \n".encode() + b"N1  - caf\xe9\n", "utf-8", "byte 0xE9"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><xml><records><record><titles><title><style>é</style></title>'
         "</titles></record></records></xml>".encode(), "utf-8", "declares iso8859-1, is utf-8"),
        (b'<?xml version="1.0" encoding="UTF-8"?><xml><records><record><titles><title><style>\xe9</style></title>'
         b"</titles></record></records></xml>", "cp1252", "declares utf-8, is no utf-8"),
        ("% Encoding: Shift_JIS\n@article{a,\n title = {日本}\n}\n".encode("shift_jis"), "shift_jis", ""),
        (b"\xff\xfe" + "TY  - JOUR\nTI  - A\nER  - \n".encode("utf-16-le") + b"\x00\xd8", "utf-16", "no UTF-16"),
    ],
)  # fmt: skip
def test_an_encoding_that_is_not_what_it_says_is_named(data: bytes, encoding: str, said: str) -> None:
    reading = read_reference_file(data, name="a.txt")
    assert reading.encoding == encoding
    assert said in " ".join(repair.rule for repair in reading.repairs)
    assert len(reading.records) == 1


@pytest.mark.parametrize(
    ("text", "authors", "rest"),
    [
        (
            "PMID,Title,Authors,Citation,First Author,Journal/Book,Publication Year,Create Date,PMCID,NIHMS ID,DOI\n"
            '1,A,"Test A, Probe BC.",x,Test A,J Synth,2020,2020/1/1,PMC1,,10.5555/a\n',
            "Test A; Probe BC.",
            ("J Synth", 2020, None, None, "10.5555/a", None),
        ),
        (
            "Title,Author Names,Source,Medline PMID,Open URL Link,Embase Accession ID\n"
            'A,"Test A., Probe B.C.",J Synth (2020) 3:4 (1-9). Date of Publication: 2020,12345,'
            "http://x.org/?sid=E&id=doi:10.5555%2Fa&title=A,L2001\n",
            "Test A.; Probe B.C.",
            ("J Synth", 2020, "3", "1-9", "10.5555/a", "L2001"),
        ),
        (
            '"TITLE","A"\n"AUTHOR NAMES","Test A.","Probe B."\n"SOURCE","J Synth (2020) 3:4 (1-9)"\n'
            '"MEDLINE PMID","12345"\n"DOI","10.5555/a"\n\n"TITLE","B"\n"AUTHOR NAMES","Test A."\n',
            "Test A.; Probe B.",
            ("J Synth", 2020, "3", "1-9", "10.5555/a", None),
        ),
        (
            '"Authors","Title","Year","Source title","Volume","Issue","Art. No.","Page start","Page end","DOI","EID"\n'
            '"Test, A., Probe, B.C.","A","2020","J Synth","3","4","","1","9","10.5555/a","2-s2.0-1"\n',
            "Test, A.; Probe, B.C.",
            ("J Synth", 2020, "3", "1-9", "10.5555/a", "2-s2.0-1"),
        ),
        (
            "PT\tAU\tTI\tSO\tDE\tAB\tPY\tVL\tIS\tBP\tEP\tDI\tPM\tUT\n"
            "J\tTest, A; Probe, B\tA\tJ Synth\tknee\tx\t2020\t3\t4\t1\t9\t10.5555/a\t12345\tWOS:1\n",
            "Test, A; Probe, B",
            ("J Synth", 2020, "3", "1-9", "10.5555/a", "WOS:1"),
        ),
        (
            'Reference Type,"Authors, Primary",Title Primary,Periodical Full,Pub Year,Volume,Issue,Start Page,'
            "Other Pages,DOI\nJournal Article,\"Test,A;Probe,B\",A,J Synth,2020,3,4,1,9,10.5555/a\n",
            "Test, A; Probe, B",
            ("J Synth", 2020, "3", "1-9", "10.5555/a", None),
        ),
        (
            "Title,Authors,Abstract,Published Year,Published Month,Journal,Volume,Issue,Pages,Accession Number,DOI,"
            "Ref,Covidence #\nA,\"Test, A.; Probe, B.\",x,2020,Jan,J Synth,3,4,1-9,7,10.5555/a,1,#1\n",
            "Test, A.; Probe, B.",
            ("J Synth", 2020, "3", "1-9", "10.5555/a", "7"),
        ),
        (
            "title,authors,journal,year,volume,pages,doi\n"
            "A,\"['Test, A', 'Probe, B']\",J Synth,2020//,3,1-9,10.5555/a\n",
            "Test, A; Probe, B",
            ("J Synth", 2020, "3", "1-9", "10.5555/a", None),
        ),
    ],
    ids=["pubmed", "embase", "embase by rows", "scopus", "wos", "refworks", "covidence", "python list"],
)  # fmt: skip
def test_the_tables_of_each_platform_fill_the_same_columns(text: str, authors: str, rest: tuple[object, ...]) -> None:
    record = read(text).records[0]
    assert (record.title, record.authors) == ("A", authors)
    assert (record.journal, record.year, record.volume, record.pages, record.doi, record.accession) == rest


def test_a_reference_list_gives_a_record_no_doi_and_no_trial_of_others() -> None:
    text = "TY  - JOUR\nTI  - A\nN1  - References: Test A. 10.5555/other NCT00000009\nDB  - Scopus\n"
    (record,) = read(text + "UR  - https://s.org/r?eid=2-s2.0-77&doi=10.5555%2fown&partnerID=40\nER  - \n").records
    assert (record.doi, record.registry_ids, record.accession) == ("10.5555/own", (), "2-s2.0-77")
