"""Which dialect a file is in, by its content: `.txt` may be RIS, MEDLINE or Web of Science, `.csv` may be tabs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from review.errors import FormatError
from review.search.csv_records import find_header, looks_like_header, looks_like_table
from review.search.decoding import Decoded

READ = ("pubmed_xml", "nbib", "ris", "csv", "tsv")
READ_IN_WORDS = "PubMed XML, NBIB (MEDLINE), RIS, CSV and TSV"

_LINES = {
    "ty": re.compile(r"^\W{0,3}TY\s{1,3}-(?!\w)", re.MULTILINE),
    "er": re.compile(r"^ER  -[ \t]*$", re.MULTILINE),
    "tag": re.compile(r"^[A-Z][A-Z0-9]  - ", re.MULTILINE),
    "pmid": re.compile(r"^PMID- ?\d", re.MULTILINE),
    "medline": re.compile(r"^(?:OWN|STAT|PMC|FAU|DCOM|EDAT) {0,1}- ", re.MULTILINE),
    "wos": re.compile(r"^(?:FN |PT [A-Z]$)", re.MULTILINE),
    "endnote": re.compile(r"^%[0ATDJ] ", re.MULTILINE),
    "bibtex": re.compile(r"^\s*@\w+\s*[{(]", re.MULTILINE),
}


@dataclass(frozen=True)
class Dialect:
    """What a file is, and the markers that proved it."""

    name: str
    evidence: str


def detect(decoded: Decoded, *, name: str) -> Dialect:
    """The dialect of a text. Raises FormatError for one that is not read, for a mixture and for none."""
    text = decoded.text
    start = text.lstrip("\ufeff \t\n")
    if not start:
        message = f"{name} is empty"
        raise FormatError(message, hint="export it again")
    if start.startswith("<"):
        return _markup(start, name)
    counts = {key: len(pattern.findall(text)) for key, pattern in _LINES.items()}
    if counts["ty"] and counts["pmid"] > 1:
        message = f"{name} holds two dialects: {counts['ty']} TY lines (RIS) and {counts['pmid']} PMID lines (MEDLINE)"
        raise FormatError(message, hint="split it into one file for each")
    if counts["ty"]:
        return Dialect("ris", f"{counts['ty']} TY lines, {counts['er']} ER lines")
    if counts["pmid"] or counts["medline"] > 1 or (counts["medline"] and counts["tag"] > 2 and not counts["er"]):
        return Dialect("nbib", f"{counts['pmid']} PMID lines, {counts['medline']} other MEDLINE tags")
    if counts["wos"] and re.search(r"^(?:ER|EF)\s*$", text, re.MULTILINE):
        raise _not_read(name, "Web of Science tagged text")
    if counts["er"] and counts["tag"] > counts["er"]:
        return Dialect("ris", f"no TY line, {counts['er']} ER lines")
    if counts["bibtex"] and "=" in text:
        raise _not_read(name, "BibTeX")
    if counts["endnote"] > 1:
        raise _not_read(name, "EndNote tagged text (%)")
    delimiter, header = find_header(text)
    if looks_like_header(header):
        return Dialect("csv", "a header with known columns")
    if looks_like_table(text, delimiter):
        return Dialect("csv", "a first line of several cells")
    message = f"0 records in {name}: tried {READ_IN_WORDS}; it begins with {start[:60]!r}"
    raise FormatError(
        message, hint="export the search as RIS or CSV; a table names its title column: --map title=Titel"
    )


def refuse_binary(data: bytes, *, name: str) -> None:
    """Raise FormatError for spreadsheets, PDFs and other files that are no text."""
    if data.startswith(b"PK\x03\x04"):
        raise _not_read(name, "a spreadsheet (or another zip file)", hint="save the sheet as CSV (UTF-8)")
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
    if root:
        return Dialect("pubmed_xml", f"<{root.group(1)}>")
    if re.search(r"<records>|<record>", head) and re.search(r"EndNote|<ref-type|<style", head, re.IGNORECASE):
        raise _not_read(name, "EndNote XML")
    if re.search(r"<!doctype html|<html", head, re.IGNORECASE):
        raise _not_read(name, "a web page (HTML)", hint="an export that failed often saves an error page; open it")
    raise _not_read(name, "XML, but not PubMed's")


def _not_read(name: str, dialect: str, *, hint: str = "export the search as RIS or CSV") -> FormatError:
    message = f"{name} is {dialect}, which this version does not read; it reads {READ_IN_WORDS}"
    return FormatError(message, hint=hint)
