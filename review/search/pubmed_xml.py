"""PubMed XML of any size into records and a quarantine, record by record; one bad record costs no other.

The file is cut into records on their tags and each is parsed alone: no DTD, no network, no entity is ever
resolved, so a new DTD, an old one and an entity bomb are all the same to it. A tree of the whole file would
lose all its records to one bad byte.
"""

from __future__ import annotations

import gc
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO
from xml.etree import ElementTree

from review.search.pubmed_bytes import gunzip, utf8_chunks
from review.search.pubmed_engine import engine, is_fast
from review.search.pubmed_fields import article_record, book_record
from review.search.pubmed_needed import what_is_read
from review.search.pubmed_split import Seen, Slice, slices
from review.search.records import Record, Rejected

__all__ = ["PubmedBatch", "engine", "gunzip", "parse", "read_batches"]

# a batch ends with the record that brings it to so many bytes: records of 8 MB are few in a batch, not 500
BATCH_BYTES = 24 * 2**20
_NUMBER = re.compile(rb"<PMID\b[^<>]{0,200}>\s{0,99}([0-9]{1,20})\s{0,99}</PMID>")
_PMID = re.compile(r"(?!0+$)[0-9]{1,8}")
_MATHML = b'<record xmlns:mml="http://www.w3.org/1998/Math/MathML">%s</record>'
_Item = Record | Rejected | tuple[str, ...]
_Items = Iterator[tuple[_Item, int]]  # each with the bytes it was read from


@dataclass(frozen=True)
class PubmedBatch:
    """What one body held. `markers` counts record tags before anything is parsed; `deleted` are withdrawn PMIDs."""

    records: tuple[Record, ...]
    rejected: tuple[Rejected, ...]
    deleted: tuple[str, ...]
    markers: int


def parse(data: bytes, *, name: str = "the file") -> PubmedBatch:
    """The records of one PubMed XML body (maybe gzip).

    *name* is what error messages call it. Raises FormatError when it is not PubMed XML or ends early.
    """
    seen = Seen()
    items = _items(io.BytesIO(data), seen, name)
    found: list[_Item] = []
    while some := _next(items, 500):
        found += some
    return _batch(found, seen.markers)


def read_batches(stream: BinaryIO, *, name: str, size: int = 500) -> Iterator[PubmedBatch]:
    """The records of a PubMed XML file (maybe gzip) in batches of at most *size*, one batch in memory at a time.

    A batch of large records is shorter: it is closed when they have reached BATCH_BYTES.
    Raises FormatError when the file is not PubMed XML, and when it ends early. That is seen only at its end: the
    batches before it were given out already, and it is for the caller to take them back. `offset` counts the
    bytes of the unpacked file; where that is not UTF-8, the bytes that it has in UTF-8.
    """
    seen, before = Seen(), 0
    items = _items(stream, seen, name)
    while some := _next(items, size):
        yield _batch(some, max(0, seen.markers - before))
        before = seen.markers


def _next(items: _Items, size: int) -> list[_Item]:
    """The next *size* items, or as many as make BATCH_BYTES.

    Trees have no cycles: the collector would look at each of them and find nothing.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        found, held = [], 0
        for item, count in islice(items, size):
            found.append(item)
            held += count
            if held >= BATCH_BYTES:
                break
        return found
    finally:
        if was_on:
            gc.enable()


def _batch(items: list[_Item], markers: int) -> PubmedBatch:
    return PubmedBatch(
        tuple([item for item in items if isinstance(item, Record)]),
        tuple([item for item in items if isinstance(item, Rejected)]),
        tuple([pmid for item in items if isinstance(item, tuple) for pmid in item]),
        markers,
    )


def _items(stream: BinaryIO, seen: Seen, name: str) -> _Items:
    first, chunks = utf8_chunks(stream, name=name)
    quick = _quick_reader() if is_fast() else None
    for cut in slices(chunks, name=name, seen=seen, first=first, regular=quick is not None):
        count = len(cut.content)
        if cut.kind.startswith(b"Delete"):
            for item in _withdrawn(cut):
                yield item, count
            continue
        needed = what_is_read(cut.content) if cut.is_plain and not cut.reason else cut.content
        found = quick(cut.kind, needed, cut.offset) if quick is not None and cut.is_regular and not cut.reason else None
        yield _careful(cut, needed) if found is None else _checked(found, cut), count


def _quick_reader() -> Callable[[bytes, bytes, int], Record | None]:
    from review.search.pubmed_fast import quick_reader  # the library of an extra

    return quick_reader()


def _careful(cut: Slice, needed: bytes) -> Record | Rejected:
    """What ElementTree says of one slice: its word is the last. A fault is told of the whole."""
    element = _tree(cut, needed)
    if isinstance(element, Rejected):
        return element
    build = book_record if cut.kind == b"PubmedBookArticle" else article_record
    record = build(element, offset=cut.offset)
    if record is None:
        return Rejected(f"record {cut.number}: no PMID", cut.content, offset=cut.offset)
    return _checked(record, cut)


def _withdrawn(cut: Slice) -> Iterator[_Item]:
    """The PMIDs of a list of deletions; where one is no number, the list is rejected beside those that are."""
    element = _tree(cut, cut.content)
    if isinstance(element, Rejected):
        yield element
        return
    given = [(one.text or "").strip() for one in element.iter("PMID")]
    yield tuple(pmid.lstrip("0") for pmid in given if _PMID.fullmatch(pmid))
    if wrong := [pmid for pmid in given if not _PMID.fullmatch(pmid)]:
        named = ", ".join(repr(pmid[:40]) for pmid in wrong[:5]) + (", ..." if len(wrong) > 5 else "")
        reason = f"{len(wrong)} of {len(given)} PMIDs in {cut.kind.decode()} are no numbers: {named}"
        yield Rejected(reason, cut.content, offset=cut.offset)


def _tree(cut: Slice, needed: bytes) -> ElementTree.Element | Rejected:
    if cut.reason:
        reason = _named(cut.reason, cut) if cut.kind else cut.reason
        return Rejected(reason, cut.content, offset=cut.offset)
    try:
        try:
            return _element(needed)
        except (ElementTree.ParseError, ValueError):
            if needed is cut.content:
                raise
            return _element(cut.content)
    except (ElementTree.ParseError, ValueError) as problem:
        return Rejected(_named(f"not well-formed: {problem}", cut), cut.content, offset=cut.offset)


def _checked(record: Record, cut: Slice) -> Record | Rejected:
    pmid = record.pmid or ""
    if _PMID.fullmatch(pmid):
        return record
    reason = f"record {cut.number}: the PMID {pmid[:40]!r} is no number"
    return Rejected(reason, cut.content, offset=cut.offset)


def _named(reason: str, cut: Slice) -> str:
    """A reason with the number of the record in its file and, where it can still be read, its PMID."""
    pmid = _NUMBER.search(cut.content)
    return f"record {cut.number}{f', PMID {pmid.group(1).decode()}' if pmid else ''}: {reason}"


def _element(content: bytes) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(content)
    except ElementTree.ParseError as problem:
        if "unbound prefix" not in str(problem):
            raise
        return ElementTree.fromstring(_MATHML % content)[0]  # the prefix stood on the root, which is not in the slice
