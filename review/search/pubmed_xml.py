"""PubMed XML, as bytes, into records and a quarantine; one bad record costs no other.

The file is cut into records on their end tags and each is parsed alone: no DTD, no network, no entity is ever
resolved, so a new DTD, an old one and an entity bomb are all the same to it. A tree of the whole file would
lose all its records to one bad byte.
"""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass
from xml.etree import ElementTree

from review.errors import FormatError
from review.search.pubmed_fields import article_record, book_record
from review.search.records import Record, Rejected

_ROOT = re.compile(rb"<(PubmedArticleSet|MedlineCitationSet|PubmedBookArticleSet)\b[^>]*?(/?)>")
_START = re.compile(
    rb"<(PubmedArticle|PubmedBookArticle|MedlineCitation|DeleteCitation|DeleteDocument)(?=[\s>/])[^>]*>"
)
_MARKER = re.compile(rb"<(PubmedArticle|PubmedBookArticle)(?=[\s>/])")
_BARE_MARKER = re.compile(rb"<MedlineCitation(?=[\s>/])")
_DECLARED = re.compile(rb"^\s*<\?xml[^>]*?encoding=[\"']([A-Za-z0-9_.-]+)[\"']")
_COMMENT = re.compile(rb"<!--.*?-->|<\?.*?\?>", re.DOTALL)
_NUMBER = re.compile(rb"<PMID\b[^>]*>\s*(\d+)\s*</PMID>")
_PMID = re.compile(r"0*[1-9]\d{0,7}")
_MATHML = b'<record xmlns:mml="http://www.w3.org/1998/Math/MathML">%s</record>'


@dataclass(frozen=True)
class PubmedBatch:
    """What one body held. `markers` counts record tags before anything is parsed; `deleted` are withdrawn PMIDs."""

    records: tuple[Record, ...]
    rejected: tuple[Rejected, ...]
    deleted: tuple[str, ...]
    markers: int


def gunzip(data: bytes, *, name: str = "the file") -> bytes:
    """*data* as it is, or unpacked when it is gzip; a truncated or broken archive is a FormatError."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as problem:
        message = f"{name} is a gzip file that ends early or is damaged after {_readable(data)} unpacked bytes"
        raise FormatError(message, hint="download it again; nothing was read") from problem


def parse(data: bytes, *, name: str = "the file") -> PubmedBatch:
    """The records of one PubMed XML body (maybe gzip).

    *name* is what error messages call it. Raises FormatError when it is not PubMed XML or ends early.
    """
    data = _as_utf8(gunzip(data, name=name), name)
    root = _ROOT.search(data)
    if root is None:
        message = f"{name} holds no PubmedArticleSet, MedlineCitationSet or PubmedBookArticleSet"
        raise FormatError(message, hint="is it PubMed XML, and complete?")
    if root.group(2):
        return PubmedBatch((), (), (), 0)
    end = data.rfind(b"</" + root.group(1) + b">")
    if end < root.end():
        raise _ends_early(name, data, root.group(1).decode(), root.end())
    return _split(data, root.end(), end, name)


def _split(data: bytes, at: int, end: int, name: str) -> PubmedBatch:
    """Cut data[at:end] into records and parse each."""
    records: list[Record] = []
    rejected: list[Rejected] = []
    deleted: list[str] = []
    number = 0
    markers = len(_MARKER.findall(data, at, end)) or len(_BARE_MARKER.findall(data, at, end))
    while found := _START.search(data, at, end):
        rejected.extend(_left_over(data, at, found.start()))
        kind = found.group(1)
        number += not kind.startswith(b"Delete")
        closing = b"</" + kind + b">"
        stop = data.find(closing, found.end(), end)
        twin = re.compile(rb"<" + kind + rb"(?=[\s>/])").search(data, found.end(), end)
        if stop < 0 or (twin is not None and twin.start() < stop):
            if twin is None:
                raise _ends_early(name, data, kind.decode(), found.start())
            cut = data[found.start() : twin.start()]
            reason = _named(f"no {closing.decode()} before the next record", cut, number)
            rejected.append(Rejected(reason, cut, offset=found.start()))
            at = twin.start()
            continue
        at = stop + len(closing)
        _take(data[found.start() : at], kind, found.start(), number, records, rejected, deleted)
    rejected.extend(_left_over(data, at, end))
    return PubmedBatch(tuple(records), tuple(rejected), tuple(deleted), markers)


def _take(
    cut: bytes,
    kind: bytes,
    offset: int,
    number: int,
    records: list[Record],
    rejected: list[Rejected],
    deleted: list[str],
) -> None:
    """Parse one slice into the list that it belongs to."""
    try:
        element = _element(cut)
    except (ElementTree.ParseError, ValueError) as problem:
        rejected.append(Rejected(_named(f"not well-formed: {problem}", cut, number), cut, offset=offset))
        return
    if kind.startswith(b"Delete"):
        deleted.extend(text.strip() for e in element.iter("PMID") if (text := e.text))
        return
    record = (
        book_record(element, offset=offset) if kind == b"PubmedBookArticle" else article_record(element, offset=offset)
    )
    if record is None:
        rejected.append(Rejected(_named("no PMID", b"", number), cut, offset=offset))
    elif not _PMID.fullmatch(record.pmid or ""):
        reason = _named(f"the PMID {(record.pmid or '')[:40]!r} is no number", b"", number)
        rejected.append(Rejected(reason, cut, offset=offset))
    else:
        records.append(record)


def _named(reason: str, cut: bytes, number: int) -> str:
    """A reason with the number of the record in its file and, where it can still be read, its PMID."""
    pmid = _NUMBER.search(cut)
    return f"record {number}{f', PMID {pmid.group(1).decode()}' if pmid else ''}: {reason}"


def _element(cut: bytes) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(cut)
    except ElementTree.ParseError as problem:
        if "unbound prefix" not in str(problem):
            raise
        return ElementTree.fromstring(_MATHML % cut)[0]  # the prefix stood on the root, which is not in the slice


def _left_over(data: bytes, at: int, stop: int) -> list[Rejected]:
    """What lies between two records and is neither blank nor a comment."""
    between = data[at:stop]
    if not _COMMENT.sub(b"", between).strip():
        return []
    return [Rejected("bytes between records that are no known record", between, offset=at)]


def _as_utf8(data: bytes, name: str) -> bytes:
    """*data* in UTF-8, whatever it declared; slices are parsed without the declaration."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        declared = "utf-16"
    else:
        found = _DECLARED.match(data.removeprefix(b"\xef\xbb\xbf"))
        declared = found.group(1).decode() if found else "utf-8"
    if declared.lower().replace("-", "").replace("_", "") in ("utf8", "ascii", "usascii"):
        return data.removeprefix(b"\xef\xbb\xbf")
    try:
        return data.decode(declared).encode()
    except (LookupError, UnicodeError) as problem:
        message = f"{name} declares the encoding {declared!r} and cannot be read in it"
        raise FormatError(message, hint="save it as UTF-8") from problem


def _ends_early(name: str, data: bytes, element: str, offset: int) -> FormatError:
    message = f"{name} ends early: <{element}> at byte {offset} is never closed ({len(data)} bytes read)"
    return FormatError(message, hint="download it again; nothing was read")


def _readable(data: bytes) -> int:
    """How many bytes of a damaged archive unpack."""
    unpack = zlib.decompressobj(wbits=31)
    count = 0
    try:
        for at in range(0, len(data), 4096):
            count += len(unpack.decompress(data[at : at + 4096]))
    except zlib.error:
        return count
    return count
