"""MEDLINE text (.nbib), line by line. Bio.Medline never complains, whatever it is given, and tells no lines."""

from __future__ import annotations

import re

from review.search.decoding import Decoded
from review.search.reading import Reading, Repair, Stray, stray
from review.search.tagged import medline_record, unmapped

_TAG = re.compile(r"^([A-Z][A-Z0-9]{1,4}) {0,3}- ?(.*)$", re.DOTALL)
_PMID = re.compile(r"^\s{0,3}PMID\s{0,2}-")


class _Open:
    def __init__(self, line: int) -> None:
        self.line = line
        self.pairs: list[list[str]] = []

    def has(self, tag: str) -> bool:
        """Whether *tag* was seen in this record."""
        return any(pair[0] == tag for pair in self.pairs)


def read_nbib(decoded: Decoded, *, evidence: str = "PMID- lines") -> Reading:
    """The records of a MEDLINE file. A record ends at a blank line, or where a second PMID begins."""
    lines = decoded.lines
    marks = tuple(n for n, text in enumerate(lines, start=1) if _PMID.match(text))
    with_pmid = bool(marks)
    groups: list[_Open] = []
    repairs: list[Repair] = []
    strays: list[Stray] = []
    after_blank = True
    for number, text in enumerate(lines, start=1):
        found = _tag(text)
        if not text.strip():
            after_blank = True
            continue
        if found is None:
            if not groups:
                strays.append(stray(number, text))
            else:
                if after_blank:
                    repairs.append(Repair(groups[-1].line, f"blank line inside a field before line {number}"))
                groups[-1].pairs[-1][1] += " " + text.strip()
        else:
            tag, value = found
            if not groups or (after_blank and _ends(groups[-1], lines, number, with_pmid=with_pmid)):
                groups.append(_Open(number))
            elif tag == "PMID" and groups[-1].has("PMID"):
                repairs.append(Repair(number, "no blank line before PMID"))
                groups.append(_Open(number))
            elif after_blank:
                repairs.append(Repair(groups[-1].line, f"blank line inside the record before line {number}"))
            groups[-1].pairs.append([tag, value.strip()])
        after_blank = False
    records = [medline_record([(tag, value.strip()) for tag, value in g.pairs], line=g.line) for g in groups]
    return Reading(
        dialect="nbib",
        evidence=evidence,
        records=tuple(records),
        markers=len(marks) if with_pmid else len(groups),
        marker_lines=marks or tuple(g.line for g in groups),
        repairs=tuple(repairs),
        strays=tuple(strays),
        unmapped=unmapped(records, dialect="nbib"),
        encoding=decoded.encoding,
        bom=decoded.bom,
        newlines=decoded.newlines,
    )


def _tag(text: str) -> tuple[str, str] | None:
    found = _TAG.match(text)
    if found is None or text.index("-") not in (2, 3, 4, 5):
        return None
    return found.group(1), found.group(2)


def _ends(group: _Open, lines: list[str], number: int, *, with_pmid: bool) -> bool:
    """Whether the blank line before line *number* ended the record: where there are PMIDs, a new one must follow."""
    if not with_pmid:
        return True
    if not group.has("PMID"):
        return False
    for text in lines[number - 1 :]:
        if _PMID.match(text):
            return True
        if not text.strip():
            return False
    return False
