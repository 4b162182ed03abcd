"""EndNote tagged text (%0, %A, %T), line by line.

Blank lines part the records, but `%0` need not come first and an abstract may hold a blank line: so a blank line ends
a record only where the lines behind it repeat a tag that a record has once. In a file that names types (%0) a block
without one is rejected with its line: such exports list tables of contents among the papers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from review.identifiers import normalise_pmid
from review.search.checking import unreadable
from review.search.decoding import Decoded
from review.search.joined import Once
from review.search.reading import Reading, Repair, Stray, stray
from review.search.records import Record, Rejected
from review.search.tagged import OpenRecord, doi_of, pmcid_of, says_retracted, trials_of, year_of

_TAG = re.compile(r"^(%[0-9A-Z!#$&()*+/<=>?@\[\]^~|])(?:[ \t](.*)|)$", re.DOTALL)
MARKER = re.compile(r"^\W{0,3}%0(?:[ \t]|$)")
_ONCE = frozenset({"%0", "%T", "%D", "%J", "%B", "%V", "%N", "%P", "%X", "%R", "%M"})
_TITLES = Once(titles=frozenset({"%T"}), others=frozenset({"%D", "%J", "%R", "%V", "%M", "%8", "%P", "%X", "%0"}))
_KINDS = {"%D": "year", "%R": "DOI"}
_COLUMNS = frozenset(
    """
    %0 %A %T %J %B %D %8 %V %N %P %X %K %R %U %G %M %2 %W %Q %~
    """.split()  # noqa: SIM905 - the tags of the format, as one reads them
)
_PUBMED = re.compile(r"medline|pubmed|\bnlm\b", re.IGNORECASE)


def read_endnote_tagged(decoded: Decoded, *, evidence: str = "% tags") -> Reading:
    """The records of an EndNote tagged file."""
    lines = decoded.lines
    marks = tuple(n for n, text in enumerate(lines, start=1) if MARKER.match(text))
    groups, repairs, strays = _groups(lines)
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
        if marks and "%0" not in group.tags:
            stop = groups[place + 1].line - 1 if place + 1 < len(groups) else len(lines)
            content = "\n".join(lines[group.line - 1 : stop]).strip()
            rejected.append(Rejected("no %0 line (type of reference), which others have", content.encode(), group.line))
            continue
        records.append(_record(group))
        repairs += unreadable(
            (line, _KINDS[tag], tag, value)
            for line, (tag, value) in zip(group.at, group.pairs, strict=True)
            if tag in _KINDS
        )
    unmarked = tuple(group.line for group in groups if "%0" not in group.tags)
    cut = bool(groups) and not decoded.text.rstrip(" \t").endswith("\n")
    counts = Counter(str(pair[0]) for record in records for pair in record.fields)
    # a record begins where its block does, which may be above its %0
    begins = {
        n: group.line for group in groups for n, (tag, _) in zip(group.at, group.pairs, strict=True) if tag == "%0"
    }
    return Reading(
        dialect="endnote",
        evidence=evidence,
        records=tuple(records),
        markers=len(marks) + len(unmarked) + len(second),
        marker_lines=tuple(sorted((*(begins.get(n, n) for n in marks), *unmarked, *second))),
        rejected=tuple(sorted(rejected, key=lambda bad: bad.line or 0)),
        repairs=tuple(sorted(repairs, key=lambda repair: repair.line)),
        strays=tuple(strays),
        unmapped={tag: count for tag, count in sorted(counts.items()) if tag not in _COLUMNS},
        unfinished=groups[-1].line if cut else None,
        cut_off=f"no newline after its last line, which is of {groups[-1].pairs[-1][0]}" if cut else "",
        encoding=decoded.encoding,
        bom=decoded.bom,
        newlines=decoded.newlines,
    )


def _groups(lines: Sequence[str]) -> tuple[list[OpenRecord], list[Repair], list[Stray]]:
    groups: list[OpenRecord] = []
    repairs: list[Repair] = []
    strays: list[Stray] = []
    after_blank = True
    for number, raw in enumerate(lines, start=1):
        text = raw.lstrip("\ufeff")
        if not text.strip():
            after_blank = True
            continue
        found = _TAG.match(text)
        if found is None:
            if not groups:
                strays.append(stray(number, text))
            else:
                if after_blank:
                    repairs.append(Repair(groups[-1].line, f"blank line inside a field before line {number}"))
                groups[-1].pairs[-1][1] += "\n" + text.strip()
        else:
            tag, value = found.group(1), found.group(2) or ""
            if not groups or (after_blank and _repeats(groups[-1], lines, number)):
                groups.append(OpenRecord(number))
            elif tag == "%0" and tag in groups[-1].tags:
                repairs.append(Repair(number, "no blank line before %0"))
                groups.append(OpenRecord(number))
            elif after_blank:
                repairs.append(Repair(groups[-1].line, f"blank line inside the record before line {number}"))
            groups[-1].add(tag, value, number)
        after_blank = False
    return groups, repairs, strays


def _repeats(group: OpenRecord, lines: Sequence[str], number: int) -> bool:
    """Whether the lines from *number* to the next blank one hold a tag of *group* that a record has only once."""
    for at in range(number - 1, len(lines)):
        text = lines[at]
        if not text.strip():
            return False
        found = _TAG.match(text.lstrip("\ufeff"))
        if found is not None and found.group(1) in _ONCE and found.group(1) in group.tags:
            return True
    return False


def _record(group: OpenRecord) -> Record:
    values: dict[str, list[str]] = {}
    for tag, value in group.pairs:
        if value:
            values.setdefault(tag, []).append(value)

    def first(*tags: str) -> str | None:
        found = next((value for tag in tags for value in values.get(tag, ())), None)
        return " ".join(found.split("\n")) if found else None

    title, abstract, accession = first("%T"), first("%X"), first("%M")
    ids = [value for tag in ("%R", "%U") for value in values.get(tag, ())]
    of_pubmed = any(_PUBMED.search(value) for tag in ("%W", "%~") for value in values.get(tag, ()))
    pmid = normalise_pmid(accession) if of_pubmed else None
    return Record(
        fields=[list(pair) for pair in group.pairs],
        dialect="endnote",
        title=title,
        vernacular_title=first("%Q"),
        abstract=abstract,
        authors="; ".join(line.strip(" ,") for name in values.get("%A", ()) for line in name.split("\n")) or None,
        journal=first("%J", "%B"),
        year=year_of(*values.get("%D", ()), *values.get("%8", ())),
        volume=first("%V"),
        issue=first("%N"),
        pages=first("%P"),
        language=first("%G"),
        pmid=pmid or next((p for url in values.get("%U", ()) if "pubmed" in url and (p := normalise_pmid(url))), None),
        doi=next((doi for value in ids if (doi := doi_of(value))), None),
        pmcid=pmcid_of(*values.get("%2", ()), *values.get("%U", ())),
        registry_ids=trials_of(
            f"{first('%Z') or ''} {abstract or ''}",
            *(value for tag in ("%J", "%B", "%A", "%U", "%M") for value in values.get(tag, ())),
        ),
        keywords=tuple(w.strip() for text in values.get("%K", ()) for w in re.split(r"[\n;|]", text) if w.strip()),
        url=first("%U"),
        retracted=says_retracted(title),
        record_type=first("%0"),
        accession=accession,
        line=group.line,
    )
