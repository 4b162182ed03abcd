"""Which dialect a file is in, by its content: `.txt` may be RIS, MEDLINE or Web of Science, `.csv` may be tabs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from review.errors import FormatError
from review.search.bibtex import MARKER
from review.search.csv_records import find_header, looks_like_header, looks_like_table
from review.search.decoding import Decoded
from review.search.tagged import begins_of_lines

READ = ("pubmed_xml", "nbib", "ris", "wos", "endnote", "endnote_xml", "bibtex", "csv", "tsv")
READ_IN_WORDS = "PubMed XML, NBIB (MEDLINE), RIS, BibTeX, EndNote (% tags and XML), Web of Science tagged, CSV and TSV"

_LINES = {
    "ty": re.compile(r"^\W{0,3}TY\s{1,3}-(?!\w)", re.MULTILINE),
    "er": re.compile(r"^ER  -[ \t]*$", re.MULTILINE),
    "tag": re.compile(r"^[A-Z][A-Z0-9]  - ", re.MULTILINE),
    "pmid": re.compile(r"^PMID- ?\d", re.MULTILINE),
    "medline": re.compile(r"^(?:OWN|STAT|PMC|FAU|DCOM|EDAT) {0,1}- ", re.MULTILINE),
    "wos": re.compile(r"^\W{0,3}PT [A-Z]\s*$", re.MULTILINE),
    "wos_end": re.compile(r"^(?:ER|EF)\s*$", re.MULTILINE),
    "endnote": re.compile(r"^\ufeff?%[0ATDJXBK] ", re.MULTILINE),
    "endnote_type": re.compile(r"^\ufeff?%0 \S", re.MULTILINE),
    "bibtex": MARKER,
}


# what a text must hold for the slower pattern to be tried at all
_HINTS: dict[str, str | re.Pattern[str]] = {
    "ty": "TY", "er": "ER  -", "pmid": "PMID-", "wos": "PT ", "endnote": "%", "endnote_type": "%0 ",
    "bibtex": re.compile(r"@[ \t]*[A-Za-z]\w*\s*[{(]"),
}  # fmt: skip
_QUICK = {
    "ty": (re.compile(r"TY[^\S\n]{1,3}-(?!\w)"), 3),
    "er": (re.compile(r"ER  -[ \t]*$", re.MULTILINE), 0),
    "pmid": (re.compile(r"PMID- ?\d"), 0),
    "wos": (re.compile(r"PT [A-Z][^\S\n]*$", re.MULTILINE), 3),
    "endnote_type": (re.compile(r"%0 \S"), 1),
}
_SAVE_AS = "open it and save the sheet as CSV (UTF-8): File, Save as, CSV UTF-8 (comma delimited)"


class _Counts(dict[str, int]):
    """How often each marker stands in a text; each is counted when it is asked for, and RIS needs but two."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def __missing__(self, key: str) -> int:
        hint = _HINTS.get(key)
        there = hint is None or (hint.search(self.text) if isinstance(hint, re.Pattern) else hint in self.text)
        if not there:
            self[key] = 0
        elif key in _QUICK:
            pattern, before = _QUICK[key]
            self[key] = len(begins_of_lines(self.text, pattern, before=before))
        else:
            self[key] = len(_LINES[key].findall(self.text))
        return self[key]


@dataclass(frozen=True)
class Dialect:
    """What a file is, and the markers that proved it."""

    name: str
    evidence: str


def detect(decoded: Decoded, *, name: str) -> Dialect:
    """The dialect of a text. Raises FormatError for one that is not read, for a mixture and for none."""
    text = decoded.text
    start = text[:100_000].lstrip("\ufeff \t\n") or text.lstrip("\ufeff \t\n")
    if not start:
        message = f"{name} is empty"
        raise FormatError(message, hint="export it again")
    if start.startswith("<"):
        return _markup(start, name)
    counts = _Counts(text)
    _refuse_mixture(text, counts, name)
    if counts["ty"]:
        return Dialect("ris", f"{counts['ty']} TY lines, {counts['er']} ER lines")
    if counts["wos"] and (counts["wos_end"] or re.search(r"^\W{0,3}FN \S", text)):
        return Dialect("wos", f"{counts['wos']} PT lines, {counts['wos_end']} ER and EF lines")
    if counts["pmid"] or counts["medline"] > 1 or (counts["medline"] and counts["tag"] > 2 and not counts["er"]):
        return Dialect("nbib", f"{counts['pmid']} PMID lines, {counts['medline']} other MEDLINE tags")
    if counts["er"] and counts["tag"] > counts["er"]:
        return Dialect("ris", f"no TY line, {counts['er']} ER lines")
    if counts["bibtex"] and "=" in text:
        return Dialect("bibtex", f"{counts['bibtex']} entries that begin with @")
    if counts["endnote"] > 1:
        return Dialect("endnote", f"{counts['endnote_type']} %0 lines, {counts['endnote']} lines of the usual tags")
    delimiter, header = find_header(text)
    if looks_like_header(header):
        return Dialect("csv", "a header with known columns")
    if looks_like_table(text, delimiter):
        return Dialect("csv", "a first line of several cells")
    message = f"0 records in {name}: tried {READ_IN_WORDS}; it begins with {start[:60]!r}"
    raise FormatError(
        message, hint="export the search as RIS or CSV; a table names its title column: --map title=Titel"
    )


def _refuse_mixture(text: str, counts: Mapping[str, int], name: str) -> None:
    """Raise FormatError when records of two dialects begin in one file: a reader would take the second for text."""
    entries = [m for m in _LINES["bibtex"].finditer(text) if _is_entry(text, m)] if counts["bibtex"] else []
    found = {
        "TY lines (RIS)": (counts["ty"], "ty"),
        "PMID lines (MEDLINE)": (
            counts["pmid"] if counts["pmid"] > 1 or (counts["pmid"] and counts["medline"] > 1) else 0,
            "pmid",
        ),
        "PT lines (Web of Science)": (counts["wos"] if counts["wos"] and counts["wos_end"] else 0, "wos"),
        "%0 lines (EndNote)": (
            counts["endnote_type"] if counts["endnote_type"] and counts["endnote"] > 1 else 0,
            "endnote_type",
        ),
        "@ entries (BibTeX)": (len(entries), "bibtex"),
    }
    there = {words: count for words, (count, _) in found.items() if count}
    if len(there) < 2:
        return
    starts = {words: _LINES[found[words][1]].search(text) for words in there}
    second = sorted(starts, key=lambda words: match.start() if (match := starts[words]) else 0)[1]
    match = starts[second]
    place = match.start() + (re.search(r"TY|PM|PT|%0|@|$", match.group()) or match).start() if match else 0
    line = text.count("\n", 0, place) + 1
    said = " and ".join(f"{count} {words}" for words, count in there.items())
    message = f"{name} holds two dialects: {said}; the second begins at line {line}"
    raise FormatError(message, hint="split it into one file for each, or name its dialect with --dialect")


def _is_entry(text: str, found: re.Match[str]) -> bool:
    """Whether a key and a field, and no prose, follow the marker of an entry."""
    return (
        re.match(r"[^={}\"]{0,200},\s*[A-Za-z][\w -]{0,40}=\s*[{\"\w]", text[found.end() : found.end() + 300])
        is not None
    )


def refuse_binary(data: bytes, *, name: str) -> None:
    """Raise FormatError for spreadsheets, PDFs and other files that are no text."""
    if data.startswith(b"PK\x03\x04"):
        raise _not_read(name, "a spreadsheet (or another zip file)", hint=_SAVE_AS)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise _not_read(name, "an old spreadsheet (.xls) or another Office file", hint=_SAVE_AS)
    if data.startswith(b"%PDF"):
        raise _not_read(name, "a PDF")
    start = data[:1000]
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        raise _not_read(name, "text in UTF-32", hint="save it as UTF-8")
    if start.count(0) * 4 > len(start) and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _not_read(name, "no plain text, or text in UTF-16 or UTF-32 without a mark", hint="save it as UTF-8")
    if not data.strip():
        message = f"{name} is empty"
        raise FormatError(message, hint="export it again")


def _markup(start: str, name: str) -> Dialect:
    head = start[:5000]
    root = re.search(r"<(PubmedArticleSet|MedlineCitationSet|PubmedBookArticleSet)\b", start)
    library = re.search(r"<records>\s*<record[\s>]", start)
    if root and library:
        line = start.count("\n", 0, max(root.start(), library.start())) + 1
        message = f"{name} holds two dialects: PubMed XML and EndNote XML; the second begins about line {line}"
        raise FormatError(message, hint="split it into one file for each, or name its dialect with --dialect")
    if root:
        return Dialect("pubmed_xml", f"<{root.group(1)}>")
    if re.search(r"<records>|<record>", head) and re.search(r"EndNote|<ref-type|<style", head, re.IGNORECASE):
        return Dialect("endnote_xml", "<records> of EndNote")
    if re.search(r"<!doctype html|<html", head, re.IGNORECASE):
        raise _not_read(name, "a web page (HTML)", hint="an export that failed often saves an error page; open it")
    raise _not_read(name, "XML, but neither PubMed's nor EndNote's")


def _not_read(name: str, dialect: str, *, hint: str = "export the search as RIS or CSV") -> FormatError:
    message = f"{name} is {dialect}, which this version does not read; it reads {READ_IN_WORDS}"
    return FormatError(message, hint=hint)
