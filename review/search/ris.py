"""RIS, line by line, so that no line vanishes.

`ER  -` ends a record only when nothing follows it: a wrapped line of an abstract may begin with "ER", and
taking that for an end invents records. A tag outside a record is stray where the file uses TY (Ovid writes
`NL  -` after ER) and opens a record where it never does.
"""

from __future__ import annotations

import re
from dataclasses import replace

from review.search.checking import unreadable
from review.search.decoding import Decoded
from review.search.reading import Reading, Repair, Stray, stray
from review.search.records import Record
from review.search.tagged import ris_record, unmapped

_TAG = re.compile(r"^([A-Z][A-Z0-9])  -(?:[ \t](.*)|)$", re.DOTALL)
_ODD = re.compile(r"^([A-Z][A-Z0-9])(?:[ \t]{1,3}|)-(?:[ \t](.*)|)$", re.DOTALL)
_LONG_ODD = re.compile(r"^(PMID|PMCID)[ \t]*-[ \t](.*)$")
_MARKER = re.compile(r"^\W{0,3}TY\s{0,4}-(?!\w)")
_END_MARKER = re.compile(r"^ER  -\s*$")
KNOWN = frozenset(
    """
    A1 A2 A3 A4 AB AD AN AU AV BT C1 C2 C3 C4 C5 C6 C7 C8 CA CN CP CT CY DA DB DO DP ED EP ER ET ID IS J1 J2 JA JF
    JO K1 KW L1 L2 L3 L4 LA LB LK M1 M2 M3 N1 N2 NV OP PB PP PY RI RN RP SE SN SP ST T1 T2 T3 TA TI TT TY U1 U2 U3
    U4 U5 UR VL VO Y1 Y2
    """.split()  # noqa: SIM905 - the tags of the format, as one reads them
)

_KINDS = {"DO": "DOI", "PY": "year", "Y1": "year", "PMID": "PMID"}


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


def read_ris(decoded: Decoded, *, evidence: str = "TY lines") -> Reading:
    """The records of a RIS file."""
    lines = decoded.lines
    starts = tuple(n for n, text in enumerate(lines, start=1) if _MARKER.match(text))
    typed = bool(starts)
    marks = starts or tuple(n for n, text in enumerate(lines, start=1) if _END_MARKER.match(text))
    records: list[Record] = []
    repairs: list[Repair] = []
    strays: list[Stray] = []
    current: _Open | None = None

    def close() -> None:
        nonlocal current
        if current is not None:
            pairs = [(tag, value.strip()) for tag, value in current.pairs]
            records.append(ris_record(pairs, line=current.line))
            repairs.extend(
                unreadable(
                    (line, _KINDS[tag], tag, value)
                    for line, (tag, value) in zip(current.at, pairs, strict=True)
                    if tag in _KINDS
                )
            )
        current = None

    for number, text in enumerate(lines, start=1):
        tag, value, odd = _tag_of(text)
        if tag == "ER" and not value.strip():
            if current is None:
                strays.append(stray(number, text))
            close()
        elif tag == "TY":
            if current is not None:
                repairs.append(Repair(current.line, f"missing ER before line {number}"))
                close()
            current = _Open(number)
            current.add(tag, value, number)
        elif tag and current is None and not typed:
            repairs.append(Repair(number, "no TY"))
            current = _Open(number)
            current.add(tag, value, number)
        elif current is None:
            if text.strip():
                strays.append(stray(number, text))
        elif tag:
            current.add(tag, value, number)
        elif text.strip():
            # a repeated line of keywords is a new value, everything else the rest of the last one
            current.pairs[-1][1] += "\n" + text.strip() if current.pairs[-1][0] == "KW" else " " + text.strip()
        if odd and current is not None:
            repairs.append(Repair(number, f"odd spacing after {tag}"))
    unfinished = current.line if current is not None else None
    if unfinished is not None and not typed:
        marks += (unfinished,)  # without TY the ER lines are the markers, and the last record has none
    close()
    return Reading(
        dialect="ris",
        evidence=evidence,
        records=tuple(_split_keywords(record) for record in records),
        markers=len(marks),
        marker_lines=marks,
        repairs=tuple(repairs),
        strays=tuple(strays),
        unmapped=unmapped(records, dialect="ris"),
        unfinished=unfinished,
        cut_off="no ER line" if unfinished is not None else "",
        encoding=decoded.encoding,
        bom=decoded.bom,
        newlines=decoded.newlines,
    )


def _tag_of(text: str) -> tuple[str, str, bool]:
    """(tag, value, odd spacing) of a line; no tag for a line that continues another."""
    if found := _TAG.match(text):
        return found.group(1), found.group(2) or "", False
    if (found := _ODD.match(text)) and found.group(1) in KNOWN:
        return found.group(1), found.group(2) or "", True
    if found := _LONG_ODD.match(text):
        return found.group(1), found.group(2), True
    return "", text, False


def _split_keywords(record: Record) -> Record:
    """Keywords that stand on lines of their own, or joined by a bar, as single ones."""
    if not any("\n" in word or "|" in word for word in record.keywords):
        return record
    words = [part.strip() for word in record.keywords for part in re.split(r"\n|\s\|\s|\|", word)]
    return replace(record, keywords=tuple(filter(None, words)))
