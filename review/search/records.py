"""A record as a source gave it, and the id that the same content gets on any machine."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# made once: json.dumps makes a new encoder for each call with options of its own
_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
COLUMNS = ("title", "abstract", "authors", "journal", "year", "doi", "pmid")


@dataclass(frozen=True)
class Record:
    """One record of one source. `fields` holds everything as given: a mapping, or [name, value] pairs in
    order.

    `line` is the 1-based line and `offset` the byte where the record begins in its file, as far as the
    dialect has them.
    """

    fields: Mapping[str, Any] | Sequence[Sequence[str]]
    dialect: str
    title: str | None = None
    vernacular_title: str | None = None
    abstract: str | None = None
    authors: str | None = None
    journal: str | None = None
    year: int | None = None
    month: str | None = None
    volume: str | None = None
    issue: str | None = None
    pages: str | None = None
    language: str | None = None
    pmid: str | None = None
    doi: str | None = None
    pmcid: str | None = None
    registry_ids: tuple[str, ...] = ()
    publication_types: tuple[str, ...] = ()
    mesh: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    url: str | None = None
    status: str | None = None
    retracted: bool = False
    record_type: str | None = None
    accession: str | None = None
    version: int | None = None
    line: int | None = None
    offset: int | None = None


@dataclass(frozen=True)
class Rejected:
    """A record that could not be read: where it begins, why, and its bytes."""

    reason: str
    content: bytes
    line: int | None = None
    offset: int | None = None


def content_json(record: Record) -> str:
    """The canonical text of everything that the source gave."""
    return _canonical(record.fields)


def sha256(*parts: str | bytes) -> str:
    """The hexadecimal sha256 of *parts*, each closed by its length so that no two lists look alike."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        digest.update(str(len(raw)).encode() + b":" + raw)
    return digest.hexdigest()


def record_id(source: str, content: str, occurrence: int) -> str:
    """The id of a source record: the same for the same source, content and place among its equals."""
    return "sr_" + sha256(source, content, str(occurrence))[:24]


def source_rows(records: Iterable[Record], *, source: str) -> list[dict[str, Any]]:
    """The rows of *records* for the table of source records, in order; equal contents are told apart by occurrence."""
    seen: dict[str, int] = {}
    rows = []
    for record in records:
        content = content_json(record)
        occurrence = seen.get(content, 0)
        seen[content] = occurrence + 1
        rows.append(_row(record, source=source, content=content, occurrence=occurrence))
    return rows


def membership(
    import_id: str, rows: Iterable[Mapping[str, Any]], records: Iterable[Record], *, first: int = 1
) -> list[dict[str, Any]]:
    """Which import brought which record, at which place (counted from *first*) and line."""
    return [
        {
            "import_id": import_id,
            "source_record_id": row["source_record_id"],
            "position": place,
            "line": record.line,
        }
        for place, (row, record) in enumerate(zip(rows, records, strict=True), start=first)
    ]


def quarantine_rows(rejected: Iterable[Rejected], *, import_id: str | None, run_id: str | None) -> list[dict[str, Any]]:
    """The rows of *rejected* for the quarantine."""
    return [
        {
            "quarantine_id": sha256(import_id or run_id or "", str(bad.offset), str(bad.line), bad.reason, bad.content)[
                :32
            ],
            "import_id": import_id,
            "run_id": run_id,
            "byte_offset": bad.offset,
            "line": bad.line,
            "reason": bad.reason,
            "bytes_gz": gzip.compress(bad.content, mtime=0),
        }
        for bad in rejected
    ]


def filled(records: Iterable[Record]) -> dict[str, int]:
    """Column → how many of *records* fill it."""
    counts = dict.fromkeys(COLUMNS, 0)
    for record in records:
        for name in COLUMNS:
            counts[name] += bool(getattr(record, name))
    return counts


def _row(record: Record, *, source: str, content: str, occurrence: int) -> dict[str, Any]:
    return {
        "source_record_id": record_id(source, content, occurrence),
        "source": source,
        "accession": record.accession,
        "version": record.version,
        "record_type": record.record_type,
        "title": record.title,
        "vernacular_title": record.vernacular_title,
        "abstract": record.abstract,
        "authors": record.authors,
        "journal": record.journal,
        "year": record.year,
        "month": record.month,
        "volume": record.volume,
        "issue": record.issue,
        "pages": record.pages,
        "language": record.language,
        "pmid": record.pmid,
        "doi": record.doi,
        "pmcid": record.pmcid,
        "registry_ids": list(record.registry_ids),
        "publication_types": list(record.publication_types),
        "mesh": list(record.mesh),
        "keywords": list(record.keywords),
        "url": record.url,
        "status": record.status,
        "retracted": record.retracted,
        "fields": content,
        "dialect": record.dialect,
        "content_sha256": hashlib.sha256(content.encode()).hexdigest(),
    }
