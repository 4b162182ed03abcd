"""Web of Science tagged text, line by line: PT begins a record, a lone ER ends it, three blanks continue a tag."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from review.identifiers import find_registry_ids, normalise_doi, normalise_pmid
from review.search.checking import unreadable
from review.search.decoding import Decoded
from review.search.joined import Once, beheaded
from review.search.reading import Reading, Repair, Stray, stray
from review.search.records import Record, Rejected
from review.search.tagged import says_retracted, year_of

_TAG = re.compile(r"^([A-Z][A-Z0-9])(?: (.*)|)$", re.DOTALL)
MARKER = re.compile(r"^\W{0,3}PT [A-Z]\s*$")
_KINDS = {"PY": "year", "DI": "DOI", "PM": "PMID"}
# tags of which every line is a value of its own; the lines of all others are one text
_LISTS = frozenset({"AU", "AF", "BA", "BF", "CA", "BE", "GP", "C1", "C3", "CR"})
_COLUMNS = frozenset(
    """
    PT AU AF BA CA GP TI FT SO SE LA DT DE ID AB PY EY EA VL IS BP EP AR DI D2 PM UT PD J9 JI NT ER
    """.split()  # noqa: SIM905 - the tags of the format, as one reads them
)
_ONCE = Once(
    titles=frozenset({"TI"}), others=frozenset({"UT", "PY", "SO", "DI", "VL", "BP", "PM", "PT", "SN", "PG", "AB"})
)
_HEADER = frozenset({"FN", "VR"})


class _Open:
    """The record that is being read."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.pairs: list[list[str]] = []
        self.at: list[int] = []

    def add(self, tag: str, value: str, line: int) -> None:
        """Take a tag with its value, from that line of the file."""
        self.pairs.append([tag, value])
        self.at.append(line)


def read_wos(decoded: Decoded, *, evidence: str = "PT lines") -> Reading:
    """The records of a Web of Science tagged file."""
    lines = decoded.lines
    marks = tuple(n for n, text in enumerate(lines, start=1) if MARKER.match(text))
    groups: list[_Open] = []
    repairs: list[Repair] = []
    strays: list[Stray] = []
    current: _Open | None = None
    ended, last_tag = False, 0
    for number, raw in enumerate(lines, start=1):
        text = raw.lstrip("\ufeff")
        if not text.strip():
            continue
        if current is not None and not text.startswith("   ") and text.strip() == "ER":
            current = None
            continue
        found = None if text.startswith("   ") else _TAG.match(text.rstrip())
        tag, value = (found.group(1), found.group(2) or "") if found else ("", text.strip())
        if tag in _HEADER and current is None:
            ended = False
        elif tag == "EF" and not value.strip():
            if current is not None:
                repairs.append(Repair(current.line, f"missing ER before line {number}"))
            current, ended = None, True
        elif MARKER.match(text):
            if current is not None:
                repairs.append(Repair(current.line, f"missing ER before line {number}"))
            groups.append(current := _Open(number))
            current.add("PT", value.strip(), number)
        elif current is None:
            strays.append(stray(number, text))
        elif tag:
            current.add(tag, value.strip(), number)
        else:
            if not text.startswith("   ") and number != last_tag + 1:
                repairs.append(Repair(number, "a line that begins with neither a tag nor three blanks"))
            if not text.startswith("   "):
                last_tag = number
            current.pairs[-1][1] += "\n" + text.strip()
    if groups and current is None and not ended and any(text.lstrip("\ufeff").startswith("FN ") for text in lines[:5]):
        repairs.append(Repair(groups[-1].line, "no EF line behind the last record: is the file cut off?"))
    rejected: list[Rejected] = []
    if strays:
        rejected, strays = beheaded(
            strays,
            begins=[group.line for group in groups],
            lines=lines,
            title=re.compile(r"TI \S").match,
            tag=_TAG.match,
            end=lambda text: text == "ER",
            mark="PT",
        )
    for group, stop in zip(groups, [*(one.line for one in groups[1:]), len(lines) + 1], strict=False):
        kept, joined, twice = _ONCE.parts(group.pairs, group.at, stop=stop, lines=lambda: lines)
        del group.pairs[kept:], group.at[kept:]
        rejected += joined
        repairs += twice
    records = tuple(_record(group) for group in groups)
    for group in groups:
        repairs += unreadable(
            (line, _KINDS[tag], tag, value)
            for line, (tag, value) in zip(group.at, group.pairs, strict=True)
            if tag in _KINDS
        )
    counts = Counter(str(pair[0]) for record in records for pair in record.fields)
    return Reading(
        dialect="wos",
        evidence=evidence,
        records=records,
        markers=len(marks) + len(rejected),
        marker_lines=tuple(sorted((*marks, *(bad.line or 0 for bad in rejected)))),
        rejected=tuple(sorted(rejected, key=lambda bad: bad.line or 0)),
        repairs=tuple(sorted(repairs, key=lambda repair: repair.line)),
        strays=tuple(strays),
        unmapped={tag: count for tag, count in sorted(counts.items()) if tag not in _COLUMNS},
        unfinished=current.line if current is not None else None,
        cut_off="no ER line" if current is not None else "",
        encoding=decoded.encoding,
        bom=decoded.bom,
        newlines=decoded.newlines,
    )


def _record(group: _Open) -> Record:
    values: dict[str, list[str]] = {}
    for tag, value in group.pairs:
        if value:
            values.setdefault(tag, []).extend(value.split("\n") if tag in _LISTS else [" ".join(value.split("\n"))])

    def first(*tags: str) -> str | None:
        return next((value for tag in tags for value in values.get(tag, ()) if value), None)

    abstract, title = first("AB"), first("TI")
    pages = "-".join(values[tag][0] for tag in ("BP", "EP") if tag in values)
    return Record(
        fields=[list(pair) for pair in group.pairs],
        dialect="wos",
        title=title,
        vernacular_title=first("FT"),
        abstract=abstract,
        authors="; ".join(_authors(values)) or None,
        journal=first("SO", "SE", "JI", "J9"),
        year=year_of(*values.get("PY", ()), *values.get("EY", ()), *values.get("EA", ())),
        month=first("PD"),
        volume=first("VL"),
        issue=first("IS"),
        pages=pages or first("AR"),
        language=first("LA"),
        pmid=normalise_pmid(first("PM")),
        doi=normalise_doi(first("DI")) or normalise_doi(first("D2")),
        registry_ids=tuple(find_registry_ids(" ".join([*values.get("NT", ()), abstract or ""]))),
        publication_types=tuple(part.strip() for part in (first("DT") or "").split(";") if part.strip()),
        keywords=tuple(
            word.strip()
            for tag in ("DE", "ID")
            for text in values.get(tag, ())
            for word in text.split(";")
            if word.strip()
        ),
        retracted=says_retracted(title) or "retracted publication" in (first("DT") or "").lower(),
        record_type=first("PT"),
        accession=first("UT"),
        line=group.line,
    )


def _authors(values: dict[str, list[str]]) -> Sequence[str]:
    return values.get("AU") or values.get("AF") or values.get("BA") or values.get("CA") or values.get("GP") or ()
