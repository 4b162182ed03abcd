"""What tells that a line was written for another database, and what PubMed has in its place."""

from __future__ import annotations

import re

_OVID_FIELDS = r"(?:mp|tw|ti|ab|kw|kf|pt|sh|hw|fs|af|rn|nm|ot|tn|dm|mf|dv|in|jn|jw|au|lg|yr|id|tc|ps|rs|px|rx|ui|sy)"
_TAG = 'a tag after each term: word[tiab], "two words"[tiab]'
_HEADING = '"Heading"[mh], or "Heading"[mh:noexp] without its narrower terms'
_DISTANCE = '"both words"[tiab:~3], or one[tiab] AND other[tiab]'
# what stands in the line, whose it is, what PubMed has; looked for outside of quotation marks
_SIGNS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(sign), whose, instead)
    for sign, whose, instead in (
        (r"(?i)\bexp\s+[^\[\]()]{1,200}?/", "Ovid", _HEADING),
        (rf"(?i)\.{_OVID_FIELDS}(?:,{_OVID_FIELDS})*\.", "Ovid", _TAG),
        (rf"(?i)(?<=[\w*$?)\"])\.{_OVID_FIELDS}(?:,{_OVID_FIELDS})*(?=[\s)]|$)", "Ovid", _TAG),
        (r"(?i)(?<=[\s)\"])adj(?:\d+(?=[\s(\"])|(?=[\s(\"])(?![^\n]*\[))", "Ovid", _DISTANCE),
        (r"(?i)\blimit\s+\d+\s+to\b", "Ovid", "the limit as a term, such as english[la], joined by AND"),
        (r"(?i)/(?:exp|de|mj)\b(?!\s*\w*\[)", "Embase", _HEADING),
        (r"(?i)\[mh\s+[^\]:\s]", "Cochrane", _HEADING),
        (r"(?i)\bMeSH\s+descriptor\b", "Cochrane", _HEADING),
        (r"\b(?:TS|TI|AB|AK|KP|AU|SO|ALL|PY|DT|WC|SU)\s*=", "Web of Science", _TAG),
        (r"\bTITLE-ABS(?:-KEY)?\s*\(|\b(?:TITLE|ABS|KEY|INDEXTERMS|AUTHKEY)\(", "Scopus", _TAG),
        (r"(?<=[\s)\"])(?:W|PRE)/\d+", "Scopus", _DISTANCE),
        (r"\((?:MH|MM|TI|AB|SU)\s+\"", "EBSCO", _TAG),
        (r"(?<=[\s)\"])[NW]\d{1,2}(?=[\s(\"])(?![^\n]*\[)", "EBSCO", _DISTANCE),
        (r"(?i)[\w,\"-]{0,60}[a-z\"]/(?=\s*(?:$|\))|\s+(?:and|or|not)\b)", "Ovid", _HEADING),
        (r"(?i):(?:ti|ab|kw)(?:,(?:ti|ab|kw|de|tt|tn|dn))*(?=[\s)]|$)", "Embase or Cochrane", _TAG),
        (r"(?i)(?<=[\s)\"])(?:NEAR|NEXT|ONEAR)/\d+", "Embase, Cochrane or Web of Science", _DISTANCE),
    )
)
_QUOTED = re.compile(r'"[^"]*"')
_ALONE = re.compile(r"(?i)[\s()]*(?:(?:#?\d{1,3}|and|or|not)\b[\s()]*)+")
_NUMBERS = r"#?\d{1,3}(?:\s*[-,]\s*#?\d{1,3})*"
_JOINT = re.compile(rf"(?i)\b(and|or)\s*/\s*({_NUMBERS})|(?<![\d#,-])({_NUMBERS})\s*/\s*(and|or)\b")
_MOST = 200  # lines that `or/1-200` may name
_LONGEST = 1000  # characters of a line that only joins others


def foreign(text: str) -> tuple[str, str, str] | None:
    """(the words, whose they are, what PubMed has) of every sign of another database; None where there is none."""
    hidden = _QUOTED.sub(lambda quoted: f'"{"_" * (len(quoted.group()) - 2)}"', text)
    found = [(sign, whose, instead) for pattern, whose, instead in _SIGNS if (sign := pattern.search(hidden))]
    if not found:
        return None
    words: list[str] = []
    for sign, _, _ in found:
        said = " ".join(text[slice(*sign.span())].split())[:60]
        words += [said] if not any(said in other for other in words) else []
    return ", ".join(words), found[0][1], "; ".join(dict.fromkeys(instead for _, _, instead in found))


def with_signs(text: str) -> str | None:
    """The line as PubMed's history would write it, where it joins lines by bare numbers: `1 AND 2`, `or/1-3`."""
    if '"' in text or "[" in text or len(text) > _LONGEST:
        return None
    spread = _JOINT.sub(_spread, text)
    if not _ALONE.fullmatch(spread) or not re.search(r"(?i)\b(?:and|or|not)\b", text):
        return None
    if spread == text and not re.search(r"(?<![#\d])\d", text):
        return None
    numbered = re.sub(r"(?<![#\d])(?=\d)", "#", spread)
    return " ".join(re.sub(r"(?i)\b(?:and|or|not)\b", lambda found: found.group().upper(), numbered).split())


def _spread(found: re.Match[str]) -> str:
    """`or/1-3` as `(1 OR 2 OR 3)`."""
    operator, numbers = (found[1], found[2]) if found[1] else (found[4], found[3])
    named: list[str] = []
    for part in numbers.replace("#", "").split(","):
        first, _, last = (one.strip() for one in part.partition("-"))
        if not last.isdigit():
            named.append(first)
        else:
            named += [str(no) for no in range(int(first), min(int(last), int(first) + _MOST) + 1)]
    joined = f" {operator.upper()} ".join(named)
    return joined if found.group() == found.string.strip() or len(named) == 1 else f"({joined})"
