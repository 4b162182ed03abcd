"""What a record says of retractions, expressions of concern, corrections and updates: its own, and others'.

An article names its notice (`RetractionIn`) and the notice names its article (`RetractionOf`); either may be in a
review without the other, so both are read and a view puts them together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from review.search.records import Record
from review.terms import NoticeKind

# word of PubMed XML → what is said; words of the article itself, then those of the notice
_OWN = {
    "RetractionIn": NoticeKind.RETRACTION,
    "RetractedandRepublishedIn": NoticeKind.RETRACTION,
    "PartialRetractionIn": NoticeKind.PARTIAL_RETRACTION,
    "ExpressionOfConcernIn": NoticeKind.EXPRESSION_OF_CONCERN,
    "ErratumIn": NoticeKind.ERRATUM,
    "CorrectedandRepublishedIn": NoticeKind.REPUBLICATION,
    "RepublishedIn": NoticeKind.REPUBLICATION,
    "UpdateIn": NoticeKind.UPDATE,
}
_OTHERS = {
    "RetractionOf": NoticeKind.RETRACTION,
    "RetractedandRepublishedFrom": NoticeKind.RETRACTION,
    "PartialRetractionOf": NoticeKind.PARTIAL_RETRACTION,
    "ExpressionOfConcernFor": NoticeKind.EXPRESSION_OF_CONCERN,
    "ErratumFor": NoticeKind.ERRATUM,
    "CorrectedandRepublishedFrom": NoticeKind.REPUBLICATION,
    "RepublishedFrom": NoticeKind.REPUBLICATION,
    "UpdateOf": NoticeKind.UPDATE,
}
# tag of the MEDLINE format → word of PubMed XML
_TAGS = {
    "RIN": "RetractionIn", "ROF": "RetractionOf", "PRIN": "PartialRetractionIn", "PROF": "PartialRetractionOf",
    "RRI": "RetractedandRepublishedIn", "RRF": "RetractedandRepublishedFrom",
    "ECI": "ExpressionOfConcernIn", "ECF": "ExpressionOfConcernFor", "EIN": "ErratumIn", "EFR": "ErratumFor",
    "CRI": "CorrectedandRepublishedIn", "CRF": "CorrectedandRepublishedFrom",
    "RPI": "RepublishedIn", "RPF": "RepublishedFrom", "UIN": "UpdateIn", "UOF": "UpdateOf",
}  # fmt: skip
_PMID = re.compile(r"PMID:\s*(\d{1,8})")


def notice_rows(records: Iterable[Record], rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of search.notice for *records* and their source rows, in order; each record's counted from 1."""
    return [
        {
            "source_record_id": row["source_record_id"],
            "position": place,
            "kind": str(kind),
            "pmid": about,
            "notice_pmid": by,
            "notice_text": text,
        }
        for record, row in zip(records, rows, strict=True)
        for place, (kind, about, by, text) in enumerate(_notices(record), start=1)
    ]


def _notices(record: Record) -> Iterator[tuple[NoticeKind, str, str | None, str | None]]:
    """(kind, PMID that it is about, PMID of the notice, where it was printed) of one record."""
    if not record.pmid:
        return
    for word, pmid, text in _corrections(record):
        if word in _OWN:
            yield _OWN[word], record.pmid, pmid, text
        elif word in _OTHERS and pmid:
            yield _OTHERS[word], pmid, record.pmid, text


def _corrections(record: Record) -> Iterator[tuple[str, str | None, str | None]]:
    """(word of PubMed XML, PMID of the other publication, its place of publication) as the record lists them."""
    fields = record.fields
    if isinstance(fields, Mapping):
        for one in fields.get("comments_corrections", ()):
            yield str(one.get("type")), one.get("pmid") or None, one.get("source") or None
    elif record.dialect == "nbib":
        for tag, value in _pairs(fields):
            if tag in _TAGS:
                pmid = _PMID.search(value)
                yield _TAGS[tag], pmid.group(1) if pmid else None, _PMID.sub("", value).strip(" .") or None


def _pairs(fields: Sequence[Sequence[str]]) -> Iterator[tuple[str, str]]:
    for pair in fields:
        yield pair[0].strip(), pair[1]
