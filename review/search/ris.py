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
from review.search.joined import Once, beheaded
from review.search.reading import Reading, Repair, Stray, collector_at_rest, stray
from review.search.records import Record, Rejected
from review.search.tagged import begins_of_lines, ris_record, unmapped

_TAG = re.compile(r"^([A-Z][A-Z0-9])  -(?:[ \t](.*)|)$", re.DOTALL)
_ODD = re.compile(r"^([A-Z][A-Z0-9])(?:[ \t]{1,3}|)-(?:[ \t](.*)|)$", re.DOTALL)
_LONG_ODD = re.compile(r"^(PMID|PMCID)[ \t]*-[ \t](.*)$")
_PLAIN_TAG = re.compile(r"\n([A-Z][A-Z0-9])  - ")
_MARKER = re.compile(r"TY[^\S\n]{0,4}-(?!\w)")
_END_MARKER = re.compile(r"ER  -[^\S\n]*$", re.MULTILINE)
KNOWN = frozenset(
    """
    A1 A2 A3 A4 AB AD AN AU AV BT C1 C2 C3 C4 C5 C6 C7 C8 CA CN CP CT CY DA DB DO DP ED EP ER ET ID IS J1 J2 JA JF
    JO K1 KW L1 L2 L3 L4 LA LB LK M1 M2 M3 N1 N2 NV OP PB PP PY RI RN RP SE SN SP ST T1 T2 T3 TA TI TT TY U1 U2 U3
    U4 U5 UR VL VO Y1 Y2
    """.split()  # noqa: SIM905 - the tags of the format, as one reads them
)

_ONCE = Once(
    titles=frozenset({"TI", "T1"}),
    others=frozenset({"DO", "PY", "Y1", "VL", "SP", "AN", "JO", "JF", "T2", "ID", "TY", "AB"}),
)
# the Cochrane Library prints three lines above each record
_FURNITURE = re.compile(r"\ufeff?(?:Record #\d+ of \d+|Provider: .*|Content: text/plain.*)")
_TITLE = re.compile(r"(?:TI|T1|CT) {0,3}- ?\S")
_END = re.compile(r"ER {0,3}-$")
_KINDS = {"DO": "DOI", "PY": "year", "Y1": "year", "PMID": "PMID"}


class _Open:
    """The record that is being read: its tags, the line of each, and the lines that continue one."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.pairs: list[list[str]] = []
        self.at: list[int] = []
        self.more: list[tuple[int, str]] = []

    def add(self, tag: str, value: str, line: int) -> None:
        """Take a tag with its value, from that line of the file."""
        self.pairs.append([tag, value])
        self.at.append(line)

    def finish(self) -> None:
        """Make each value whole; a list of thousands of references is joined once."""
        rest: dict[int, list[str]] = {}
        for place, text in self.more:
            rest.setdefault(place, []).append(text)
        for place, texts in rest.items():
            # a repeated line of keywords is a new value, everything else the rest of the last one
            glue = "\n" if self.pairs[place][0] == "KW" else " "
            self.pairs[place][1] = glue.join([self.pairs[place][1], *texts])
        for pair in self.pairs:
            pair[1] = pair[1].strip()


class RisLines:
    """The tags of every record of a RIS text, and the account of the lines that are in none."""

    def __init__(self, text: str) -> None:
        self.entries: list[_Open] = []
        self.repairs: list[Repair] = []
        self.strays: list[Stray] = []
        self.current: _Open | None = None
        starts = begins_of_lines(text, _MARKER, before=3)
        self.typed = bool(starts)
        self.marks = starts or begins_of_lines(text, _END_MARKER)
        with collector_at_rest():
            _read_lines(self, text)
        self.unfinished = self.current.line if self.current is not None else None
        if self.unfinished is not None and not self.typed:
            self.marks += (self.unfinished,)  # without TY the ER lines are the markers, and the last record has none
        self.close()

    def close(self) -> None:
        """End the record that is open, if one is."""
        if self.current is not None:
            self.current.finish()
            self.entries.append(self.current)
        self.current = None

    def take(self, number: int, text: str) -> None:
        """Read one line, whatever it is."""
        tag, value, odd = _tag_of(text)
        self.put(number, text, tag, value)
        if odd and self.current is not None:
            self.repairs.append(Repair(number, f"odd spacing after {tag}"))

    def put(self, number: int, text: str, tag: str, value: str) -> None:
        """Take a line with its tag and value; no tag where it continues another."""
        if tag == "ER" and not value.strip():
            if self.current is None:
                self.strays.append(stray(number, text))
            self.close()
        elif tag == "TY":
            if self.current is not None:
                self.repairs.append(Repair(self.current.line, f"missing ER before line {number}"))
                self.close()
            self.current = _Open(number)
            self.current.add(tag, value, number)
        elif tag and self.current is None and not self.typed:
            self.repairs.append(Repair(number, "no TY"))
            self.current = _Open(number)
            self.current.add(tag, value, number)
        elif self.current is None:
            if text.strip() and not _FURNITURE.fullmatch(text.strip()):
                self.strays.append(stray(number, text))
        elif tag:
            self.current.add(tag, value, number)
        elif text.strip():
            self.current.more.append((len(self.current.pairs) - 1, text.strip()))


def read_ris(decoded: Decoded, *, evidence: str = "TY lines") -> Reading:
    """The records of a RIS file."""
    read = RisLines(decoded.text)
    records: list[Record] = []
    repairs = read.repairs
    rejected: list[Rejected] = []
    strays = read.strays
    if read.typed and strays:
        rejected, strays = beheaded(
            strays,
            begins=[entry.line for entry in read.entries],
            lines=decoded.lines,
            title=_TITLE.match,
            tag=lambda text: _tag_of(text)[0],
            end=_END.match,
            mark="TY",
        )
    begins = [*(entry.line for entry in read.entries[1:]), decoded.text.count("\n") + 2]
    for entry, stop in zip(read.entries, begins, strict=False):
        kept, joined, twice = _ONCE.parts(entry.pairs, entry.at, stop=stop, lines=lambda: decoded.lines)
        if joined:
            del entry.pairs[kept:], entry.at[kept:]
        rejected += joined
        repairs += twice
        records.append(_split_keywords(ris_record(entry.pairs, line=entry.line)))
        repairs += unreadable(
            [
                (line, _KINDS[pair[0]], pair[0], pair[1])
                for line, pair in zip(entry.at, entry.pairs, strict=True)
                if pair[0] in _KINDS
            ]
        )
    return Reading(
        dialect="ris",
        evidence=evidence,
        records=tuple(records),
        markers=len(read.marks) + len(rejected),
        marker_lines=tuple(sorted((*read.marks, *(bad.line or 0 for bad in rejected)))) if rejected else read.marks,
        rejected=tuple(sorted(rejected, key=lambda bad: bad.line or 0)),
        repairs=tuple(sorted(repairs, key=lambda repair: repair.line)),
        strays=tuple(strays),
        unmapped=unmapped(records, dialect="ris"),
        unfinished=read.unfinished,
        cut_off="no ER line" if read.unfinished is not None else "",
        encoding=decoded.encoding,
        bom=decoded.bom,
        newlines=decoded.newlines,
    )


def _read_lines(reader: RisLines, text: str) -> None:
    """Every line of *text*, in order; the plain ones, nine of ten, are cut out by one search for their tags."""
    pieces = _PLAIN_TAG.split("\n" + text)
    number = 0
    for line in pieces[0].split("\n")[1:]:
        number += 1
        reader.take(number, line)
    pairs: list[list[str]] = []
    at: list[int] = []
    for tag, value in zip(pieces[1::2], pieces[2::2], strict=True):
        number += 1
        if reader.current is not None and tag != "ER" and tag != "TY" and "\n" not in value:
            pairs.append([tag, value])
            at.append(number)
            continue
        first, *rest = value.split("\n")
        if reader.current is not None and tag != "ER" and tag != "TY":
            pairs.append([tag, first])
            at.append(number)
        else:
            reader.put(number, f"{tag}  - {first}", tag, first)
        for line in rest:
            number += 1
            if line:
                reader.take(number, line)
        if reader.current is not None:
            pairs, at = reader.current.pairs, reader.current.at


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
    joined = "".join(record.keywords)
    if "\n" not in joined and "|" not in joined:
        return record
    words = [part.strip() for word in record.keywords for part in re.split(r"\n|\s\|\s|\|", word)]
    return replace(record, keywords=tuple(filter(None, words)))
