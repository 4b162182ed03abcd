"""One door to all readers: the bytes of a reference file into a reading, whatever its dialect."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from review.errors import FormatError
from review.search import pubmed_xml
from review.search.bibtex import read_bibtex
from review.search.checking import look_at_records, unreadable
from review.search.csv_records import read_csv
from review.search.decoding import Decoded, decode
from review.search.detect import READ, READ_IN_WORDS, Dialect, detect, refuse_binary
from review.search.endnote_tagged import read_endnote_tagged
from review.search.endnote_xml import read_endnote_xml
from review.search.nbib import read_nbib
from review.search.reading import Reading, Repair, Stray, collector_at_rest, stray
from review.search.receipts import DELETED
from review.search.records import Record
from review.search.ris import read_ris
from review.search.wos import read_wos

_SET_END = re.compile(r"</(?:PubmedArticleSet|MedlineCitationSet|PubmedBookArticleSet)\s*>")
_LINE_BY_LINE: Mapping[str, Callable[..., Reading]] = {
    "nbib": read_nbib,
    "ris": read_ris,
    "wos": read_wos,
    "endnote": read_endnote_tagged,
    "bibtex": read_bibtex,
}


def read_reference_file(
    data: bytes, *, name: str, dialect: str = "auto", mapping: Mapping[str, str] | None = None
) -> Reading:
    """The records of a file and the account of its lines.

    *dialect* is `auto` or one of `detect.READ`; *mapping* names columns of a CSV file.
    Raises FormatError when the file is empty, cut off, in a dialect that is not read, or holds no record.
    """
    if dialect not in ("auto", *READ):
        message = f"unknown dialect {dialect!r}; allowed: auto, {', '.join(READ)}"
        raise FormatError(message)
    data = pubmed_xml.gunzip(data, name=name)
    refuse_binary(data, name=name)
    decoded = decode(data)
    if dialect == "auto" and mapping:
        dialect = "csv"  # only tables have columns to name
    found = detect(decoded, name=name) if dialect == "auto" else Dialect(dialect, "as told")
    if found.name == "pubmed_xml":
        reading = _read_xml(data, decoded, name=name, evidence=found.evidence)
    elif found.name == "endnote_xml":
        reading = read_endnote_xml(decoded, evidence=found.evidence, name=name)
    elif found.name in _LINE_BY_LINE:
        try:
            with collector_at_rest():
                reading = _LINE_BY_LINE[found.name](decoded, evidence=found.evidence)
        except FormatError as problem:
            message = f"{name} {problem.message}"
            raise FormatError(message, hint=problem.hint) from problem
    else:
        reading = read_csv(decoded, mapping=mapping, name=name)
    reading = _with_oddities(reading, decoded)
    reading = look_at_records(reading, nul="\0" in decoded.text)
    if not reading.records and not reading.rejected and not reading.deleted:
        tried = READ_IN_WORDS if dialect == "auto" else dialect
        message = f"0 records in {name}: read as {found.name} ({reading.evidence}); tried {tried}"
        raise FormatError(message, hint="export the search again, or name the dialect with --dialect")
    return reading


def _with_oddities(reading: Reading, decoded: Decoded) -> Reading:
    """*reading* with what the encoding did to single lines among its repairs."""
    if not decoded.oddities:
        return reading
    odd = [Repair(line, what) for line, what in decoded.oddities]
    return replace(reading, repairs=tuple(sorted((*odd, *reading.repairs), key=lambda repair: repair.line)))


def _read_xml(data: bytes, decoded: Decoded, *, name: str, evidence: str) -> Reading:
    batch = pubmed_xml.parse(data, name=name)
    deleted = tuple(dict.fromkeys(batch.deleted))
    return Reading(
        dialect="pubmed_xml",
        evidence=evidence,
        records=batch.records,
        markers=batch.markers,
        rejected=batch.rejected,
        repairs=tuple(unreadable(_values(batch.records, data))),
        strays=_behind(decoded.text),
        unmapped={DELETED: len(deleted)} if deleted else {},
        deleted=deleted,
        encoding=decoded.encoding,
        bom=decoded.bom,
        newlines=decoded.newlines,
    )


def _behind(text: str) -> tuple[Stray, ...]:
    """The lines behind the end of the last set of records: another file may have been joined to this one."""
    ends = [found.end() for found in _SET_END.finditer(text)]
    if not ends:
        return ()
    first = text.count("\n", 0, ends[-1]) + 1
    lines = enumerate(text[ends[-1] :].split("\n"), start=first)
    return tuple(stray(number, line) for number, line in lines if line.strip(" \t\ufeff\0"))


def _values(records: Sequence[Record], data: bytes) -> Iterator[tuple[int, str, str, str]]:
    """The DOIs and years from which no column could be filled: (line, kind, name, text)."""
    for record in records:
        given = record.fields if isinstance(record.fields, Mapping) else {}
        for kind, name, column in (("DOI", "doi", record.doi), ("year", "year_as_given", record.year)):
            if given.get(name) and not column:
                yield data.count(b"\n", 0, record.offset or 0) + 1, kind, name, str(given[name])
