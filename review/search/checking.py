"""What every record is asked, whatever its dialect: whether it holds anything, and has ids that can be read.

A value that cannot be read stays in the record as given; the receipt lists it, so that nobody takes a blank column
for a blank in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from review.identifiers import behind_doi, normalise_doi, normalise_pmid
from review.search.reading import Reading, Repair
from review.search.records import Record, Rejected, content_json
from review.search.tagged import year_of

_BLANK = frozenset({"", "na", "n/a", "nan", "none", "null", "nil"})
_READERS: Mapping[str, Callable[[str], object]] = {"DOI": normalise_doi, "PMID": normalise_pmid, "year": year_of}


def look_at_records(reading: Reading, *, nul: bool) -> Reading:
    """*reading* with the records that hold a NUL byte (where the file has one) among the rejected.

    A record without title, abstract and identifier stays, because the source listed it; the receipt names its line.
    """
    kept: list[Record] = []
    rejected, repairs = list(reading.rejected), list(reading.repairs)
    for record in reading.records:
        if nul and "\\u0000" in content_json(record):
            rejected.append(_rejected(record, "a NUL byte inside the record"))
            continue
        kept.append(record)
        if _is_hollow(record):
            repairs.append(Repair(record.line or 0, "no title, no abstract, no DOI, no PMID and no other identifier"))
    if len(kept) == len(reading.records) and len(repairs) == len(reading.repairs):
        return reading
    rejected.sort(key=lambda bad: bad.line or 0)
    repairs.sort(key=lambda repair: repair.line)
    return replace(reading, records=tuple(kept), rejected=tuple(rejected), repairs=tuple(repairs))


def unreadable(values: Iterable[tuple[int, str, str, str]]) -> list[Repair]:
    """A line of the receipt for each of *values* (line, kind, name of the field, text) that is not of its kind.

    So is a DOI with more behind it than is understood: what it was read as might be another article's.
    """
    found: list[Repair] = []
    for line, kind, name, text in values:
        if _is_blank(text):
            continue
        if not (value := _READERS[kind](text)):
            found.append(Repair(line, f"unreadable {kind}: {name} {text[:80]!r}, kept only as given"))
        elif kind == "DOI" and (rest := behind_doi(text)):
            found.append(Repair(line, f"{name} holds more than a DOI: read as {str(value)!r}, without {rest[:80]!r}"))
    return found


def _is_blank(text: str) -> bool:
    return text.strip().lower() in _BLANK or not any(sign.isalnum() for sign in text)


def _is_hollow(record: Record) -> bool:
    texts = record.title or record.vernacular_title or record.abstract
    return not (texts or record.doi or record.pmid or record.pmcid or record.registry_ids)


def _rejected(record: Record, reason: str) -> Rejected:
    return Rejected(reason, content_json(record).encode(), line=record.line, offset=record.offset)
