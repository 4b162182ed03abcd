"""MEDLINE text (.nbib), line by line. Bio.Medline never complains, whatever it is given, and tells no lines.

A blank line ends a record only where the lines behind it repeat a tag that a record has once. To wait for the next
PMID would fuse two records when one PMID line is missing; to end at any blank line would cut an abstract in two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from review.search.checking import unreadable
from review.search.decoding import Decoded
from review.search.joined import Once
from review.search.reading import Reading, Repair, Stray, stray
from review.search.records import Record, Rejected
from review.search.tagged import OpenRecord, medline_record, unmapped

_TAG = re.compile(r"^([A-Z][A-Z0-9]{1,4}) {0,3}- ?(.*)$", re.DOTALL)
_PMID = re.compile(r"^\s{0,3}PMID\s{0,2}-")
_ONCE = frozenset({"PMID", "OWN", "STAT", "TI", "BTI", "DP", "SO", "JT", "TA"})
_TITLES = Once(
    titles=frozenset({"TI", "BTI"}), others=frozenset({"DP", "SO", "JT", "TA", "VI", "PG", "EDAT", "STAT", "AB"})
)
_KINDS = {"DP": "year"}


def read_nbib(decoded: Decoded, *, evidence: str = "PMID- lines") -> Reading:
    """The records of a MEDLINE file; in a file with PMIDs a record without one is rejected with its line."""
    lines = decoded.lines
    marks = tuple(n for n, text in enumerate(lines, start=1) if _PMID.match(text))
    groups, repairs, strays = _groups(lines, with_pmid=bool(marks))
    records: list[Record] = []
    rejected: list[Rejected] = []
    second: list[int] = []
    for place, group in enumerate(groups):
        following = groups[place + 1].line if place + 1 < len(groups) else len(lines) + 1
        kept, joined, twice = _TITLES.parts(group.pairs, group.at, stop=following, lines=lambda: lines)
        if joined:
            del group.pairs[kept:], group.at[kept:]
            group.tags = {tag for tag, _ in group.pairs}
            second += [bad.line or 0 for bad in joined]
        rejected += joined
        repairs += twice
        record = medline_record([(tag, value.strip()) for tag, value in group.pairs], line=group.line)
        if reason := _fault(group, record, with_pmid=bool(marks)):
            stop = groups[place + 1].line - 1 if place + 1 < len(groups) else len(lines)
            content = "\n".join(lines[group.line - 1 : stop]).strip()
            rejected.append(Rejected(reason, content.encode(), line=group.line))
        else:
            records.append(record)
            repairs += unreadable(_values(group))
    cut_off = _cut_off(groups, decoded.text)
    if groups and not cut_off and (warning := _other_end(groups)):
        repairs.append(Repair(groups[-1].line, warning))
    unmarked = tuple(group.line for group in groups if "PMID" not in group.tags)
    return Reading(
        dialect="nbib",
        evidence=evidence,
        records=tuple(records),
        markers=len(marks) + len(unmarked) + len(second),
        marker_lines=tuple(sorted((*marks, *unmarked, *second))),
        rejected=tuple(sorted(rejected, key=lambda bad: bad.line or 0)),
        repairs=tuple(repairs),
        strays=tuple(strays),
        unmapped=unmapped(records, dialect="nbib"),
        unfinished=groups[-1].line if cut_off else None,
        cut_off=cut_off,
        encoding=decoded.encoding,
        bom=decoded.bom,
        newlines=decoded.newlines,
    )


def _groups(lines: Sequence[str], *, with_pmid: bool) -> tuple[list[OpenRecord], list[Repair], list[Stray]]:
    """The tags of each record, what was repaired to find them, and the lines before the first."""
    groups: list[OpenRecord] = []
    repairs: list[Repair] = []
    strays: list[Stray] = []
    after_blank = True
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            after_blank = True
            continue
        found = _tag(text)
        if found is None:
            if not groups:
                strays.append(stray(number, text))
            else:
                if after_blank:
                    repairs.append(Repair(groups[-1].line, f"blank line inside a field before line {number}"))
                elif not text.startswith((" ", "\t")):
                    repairs.append(Repair(number, "a line that begins with neither a tag nor blanks"))
                groups[-1].pairs[-1][1] += " " + text.strip()
        else:
            tag, value = found
            if not groups or (after_blank and (not with_pmid or _repeats(groups[-1], lines, number))):
                groups.append(OpenRecord(number))
            elif tag in ("PMID", "OWN") and tag in groups[-1].tags:
                repairs.append(Repair(number, f"no blank line before {tag}"))
                groups.append(OpenRecord(number))
            elif after_blank:
                repairs.append(Repair(groups[-1].line, f"blank line inside the record before line {number}"))
            groups[-1].add(tag, value, number)
        after_blank = False
    return groups, repairs, strays


def _tag(text: str) -> tuple[str, str] | None:
    found = _TAG.match(text)
    if found is None or text.index("-") not in (2, 3, 4, 5):
        return None
    return found.group(1), found.group(2)


def _repeats(group: OpenRecord, lines: Sequence[str], number: int) -> bool:
    """Whether the lines from *number* to the next blank one hold a tag of *group* that a record has only once."""
    for at in range(number - 1, len(lines)):
        if not lines[at].strip():
            return False
        found = _tag(lines[at])
        if found is not None and found[0] in _ONCE and found[0] in group.tags:
            return True
    return False


def _fault(group: OpenRecord, record: Record, *, with_pmid: bool) -> str | None:
    """Why a record cannot be taken: its PMID is no number, or is missing where the others have one."""
    if "PMID" in group.tags and record.pmid is None:
        given = next(value for tag, value in group.pairs if tag == "PMID")
        return f"PMID {given[:40]!r} is no number"
    # PMC lists papers that have none, and a record that begins with OID says which number it has elsewhere
    if with_pmid and "PMID" not in group.tags and group.pairs[0][0] not in ("PMC", "OID"):
        return "no PMID line"
    return None


def _values(group: OpenRecord) -> list[tuple[int, str, str, str]]:
    """The values that a column is read from: (line, kind, tag, text)."""
    found = [
        (line, _KINDS[tag], tag, value)
        for line, (tag, value) in zip(group.at, group.pairs, strict=True)
        if tag in _KINDS
    ]
    return found + [
        (line, "DOI", tag, value)
        for line, (tag, value) in zip(group.at, group.pairs, strict=True)
        if tag in ("AID", "LID") and "[doi]" in value
    ]


def _cut_off(groups: Sequence[OpenRecord], text: str) -> str:
    """What shows that the file ends inside its last record; blank when nothing does."""
    if not groups:
        return ""
    last, others = groups[-1], groups[:-1]
    ends = last.pairs[-1][0]
    if not text.rstrip(" \t").endswith("\n"):
        return f"no newline after its last line, which is of {ends}"
    if ends in ("TI", "AB") and {group.pairs[-1][0] for group in others} != {ends}:
        return f"its last line is of {ends}"
    if "SO" not in last.tags and others and all("SO" in group.tags for group in others):
        return "no SO line, which every other record has"
    if "SO" not in last.tags and not others and last.tags & {"OWN", "STAT"}:  # a record of PubMed's own ends with SO
        return "no SO line, with which PubMed ends a record"
    return ""


def _other_end(groups: Sequence[OpenRecord]) -> str:
    """A word on a last record that ends before the tag with which all others end."""
    usual = {group.pairs[-1][0] for group in groups[:-1]}
    if len(groups) < 3 or len(usual) != 1 or usual <= groups[-1].tags:
        return ""
    return f"the last record ends with {groups[-1].pairs[-1][0]}, every other with {usual.pop()}: is the file cut off?"
