"""EndNote XML, record by record: each is cut out on its tags and parsed alone, so that a bad one costs no other.

No DTD is read and no entity of a file's own is resolved: a file that declares one is refused. The whole file may be
one line, so the receipt gives the number of a record beside its line.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from xml.etree import ElementTree

from review.errors import FormatError
from review.identifiers import normalise_pmid
from review.search.checking import unreadable
from review.search.decoding import Decoded
from review.search.reading import Reading, Repair, Stray, stray
from review.search.records import Record, Rejected
from review.search.tagged import doi_of, pmcid_of, says_retracted, trials_of, year_of

_BEGIN = re.compile(r"<record(?=[\s>/])")
_TAGS = re.compile(r"<record(?=[\s>/])|</record\s*>")
_OF_A_RECORD = re.compile(r"<(?:titles|rec-number|ref-type|contributors)(?=[\s>/])[^>]*>")
_FORBIDDEN = re.compile(
    r"[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
    r"|&#(?:x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F])|0*(?:[0-8]|1[124-9]|2\d|3[01]));"
)
_YEAR_OR_DAY = re.compile(r"\d{4}|[ /-]\d{1,2}$|^\d{1,2}[ /-]")
_PUBMED = re.compile(r"medline|pubmed|\bnlm\b", re.IGNORECASE)
_KINDS = {"dates/year": "year", "electronic-resource-num": "DOI"}
_PLACES = ("periodical/full-title", "titles/secondary-title", "contributors/authors/author", "accession-num")
_COLUMNS = frozenset(
    """
    ref-type ref-type/@name contributors/authors/author titles/title titles/secondary-title titles/alt-title
    periodical/full-title dates/year dates/pub-dates/date volume number pages electronic-resource-num abstract language
    accession-num keywords/keyword urls/related-urls/url custom2 work-type remote-database-name
    remote-database-provider titles/original-title notes label
    """.split()  # noqa: SIM905 - paths, as one reads them
)


def read_endnote_xml(decoded: Decoded, *, evidence: str = "<records>", name: str = "the file") -> Reading:
    """The records of an EndNote XML file. Raises FormatError when it declares entities."""
    text = decoded.text
    if re.search(r"<!ENTITY", text):
        message = f"{name} declares entities, which are never resolved"
        raise FormatError(message, hint="export the library again from EndNote: File, Export, XML")
    breaks = [at for at, sign in enumerate(text) if sign == "\n"]

    def line_of(at: int) -> int:
        return bisect_right(breaks, at - 1) + 1

    records: list[Record] = []
    rejected: list[Rejected] = []
    repairs: list[Repair] = []
    strays: list[Stray] = []
    extra: list[int] = []
    unfinished, behind, counted, offset = None, 0, 0, 0
    begins = [found.start() for found in _BEGIN.finditer(text)]
    for number, (start, stop, ends) in enumerate(_slices(text), start=1):
        outside, lost = _outside(text, behind, start, line_of)
        strays += outside
        rejected += lost
        extra += [bad.line or 0 for bad in lost]
        behind, line, piece = stop, line_of(start), text[start:stop]
        counted, offset = start, offset + len(_bytes(text[counted:start]))
        if not ends:
            if stop == len(text):
                unfinished = line
            rejected.append(Rejected(f"record {number}: not closed by </record>", _bytes(piece), line, offset))
            continue
        clean = _FORBIDDEN.sub("", piece)
        if clean != piece:
            repairs.append(Repair(line, f"record {number}: characters that XML forbids were left out"))
        try:
            element = ElementTree.fromstring(clean)
        except (ElementTree.ParseError, ValueError) as problem:
            rejected.append(Rejected(f"record {number}: not well-formed: {problem}", _bytes(piece), line, offset))
            continue
        pairs = list(_pairs(element, ""))
        records.append(replace(_record(pairs, line=line), offset=offset))
        repairs += [
            Repair(bad.line, f"record {number}: {bad.rule}")
            for bad in unreadable((line, _KINDS[path], path, value) for path, value in pairs if path in _KINDS)
        ]
    outside, lost = _outside(text, behind, len(text), line_of)
    strays += outside
    rejected += lost
    extra += [bad.line or 0 for bad in lost]
    if unfinished is None and records and not re.search(r"</records\s*>", text[behind:]):
        repairs.append(Repair(line_of(len(text)), "no </records> at the end: is the file cut off?"))
    counts = Counter(str(pair[0]) for record in records for pair in record.fields)
    return Reading(
        dialect="endnote_xml",
        evidence=evidence,
        records=tuple(records),
        markers=len(begins) + len(extra),
        marker_lines=tuple(sorted((*(line_of(at) for at in begins), *extra))),
        rejected=tuple(rejected),
        repairs=tuple(repairs),
        strays=tuple(strays),
        unmapped={path: count for path, count in sorted(counts.items()) if path not in _COLUMNS},
        unfinished=unfinished,
        cut_off="no </record>" if unfinished is not None else "",
        encoding=decoded.encoding,
        bom=decoded.bom,
        newlines=decoded.newlines,
    )


def _slices(text: str) -> Iterator[tuple[int, int, bool]]:
    """(begin, end, whether it is closed) of every record; one that is not closed ends where the next begins."""
    opened: int | None = None
    for found in _TAGS.finditer(text):
        if found.group(0).startswith("</"):
            if opened is not None:
                yield opened, found.end(), True
            opened = None
        else:
            if opened is not None:
                yield opened, found.start(), False
            opened = found.start()
    if opened is not None:
        yield opened, len(text), False


def _outside(text: str, start: int, stop: int, line_of: Callable[[int], int]) -> tuple[list[Stray], list[Rejected]]:
    """The lines between two records that hold anything but tags; what has tags of a record is one that is lost."""
    first = line_of(start)
    if found := _OF_A_RECORD.search(text, start, stop):
        reason = f"tags of a record outside <record>: {found.group(0)}; its beginning is missing or broken"
        at = line_of(found.start())
        return [], [Rejected(reason, _bytes(text[start:stop].strip()), line=at)]
    return [
        stray(number, words)
        for number, words in enumerate(text[start:stop].split("\n"), start=first)
        if re.sub(r"<[^<>]*>", "", words).strip(" \t\ufeff\0")
    ], []


def _pairs(element: ElementTree.Element, path: str) -> Iterator[tuple[str, str]]:
    """(path, text) of every leaf; <style> is how a text looks, and no element of its own."""
    for child in element:
        place = f"{path}{child.tag}"
        if child.tag == "ref-type" and child.get("name"):
            yield "ref-type/@name", str(child.get("name"))
        if any(part.tag != "style" for part in child):
            if text := (child.text or "").strip():
                yield place, text
            yield from _pairs(child, f"{place}/")
        elif text := "".join(child.itertext()).strip():
            yield place, text


def _record(pairs: list[tuple[str, str]], *, line: int) -> Record:
    values: dict[str, list[str]] = {}
    for path, value in pairs:
        values.setdefault(path, []).append(value)

    def first(*paths: str) -> str | None:
        found = next((value for path in paths for value in values.get(path, ())), None)
        return " ".join(found.replace("\r", "\n").split()) if found else None

    def parts(path: str) -> list[str]:
        return [one.strip() for value in values.get(path, ()) for one in re.split(r"[\r\n]+", value) if one.strip()]

    title, abstract, accession = first("titles/title"), first("abstract"), first("accession-num")
    urls = [url for path in values if path.startswith("urls/") for url in parts(path)]
    database = " ".join(values.get("remote-database-name", []) + values.get("remote-database-provider", []))
    pmid = normalise_pmid(accession) if _PUBMED.search(database) else None
    return Record(
        fields=[list(pair) for pair in pairs],
        dialect="endnote_xml",
        title=title,
        vernacular_title=first("titles/original-title"),
        abstract=abstract,
        authors="; ".join(name.strip(" ,") for name in parts("contributors/authors/author")) or None,
        journal=first("periodical/full-title", "titles/secondary-title", "titles/alt-title"),
        year=year_of(*values.get("dates/year", ()), *values.get("dates/pub-dates/date", ())),
        month=next((date for date in parts("dates/pub-dates/date") if is_month(date)), None),
        volume=first("volume"),
        issue=first("number"),
        pages=first("pages"),
        language=first("language"),
        pmid=pmid or next((p for url in urls if "pubmed" in url and (p := normalise_pmid(url))), None),
        doi=next((d for v in [*parts("electronic-resource-num"), *urls] if (d := doi_of(v))), None),
        pmcid=pmcid_of(*values.get("custom2", ()), *urls),
        registry_ids=trials_of(
            f"{first('notes') or ''} {abstract or ''}",
            *(place for path in _PLACES for place in parts(path)),
            *urls,
        ),
        publication_types=tuple(parts("work-type")),
        keywords=tuple(word for text in parts("keywords/keyword") for word in [text.strip()] if word),
        url=urls[0] if urls else None,
        retracted=says_retracted(title),
        record_type=first("ref-type/@name"),
        accession=accession,
        line=line,
    )


def is_month(date: str) -> bool:
    """Whether *date* is a month or a season, without a day or a year."""
    return not _YEAR_OR_DAY.search(date)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
