"""A BibTeX entry into the columns of a record: names, journals and ids where each exporter puts them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from review.identifiers import normalise_pmid
from review.search.latex import plain_text
from review.search.records import Record
from review.search.tagged import doi_of, pmcid_of, says_retracted, trials_of, year_of

COLUMNS = {
    "title": ("title",),
    "vernacular_title": ("origtitle",),
    "abstract": ("abstract",),
    "journal": ("journal", "journaltitle", "booktitle", "abbrev_source_title", "journal-iso"),
    "year": ("year", "date", "da", "issue_date", "earlyaccessdate", "early access date"),
    "month": ("month",),
    "volume": ("volume",),
    "issue": ("number", "issue"),
    "pages": ("pages", "article-number", "art_number", "articleno", "eid"),
    "language": ("language", "langid"),
    "doi": ("doi", "url", "note", "crossref", "ee"),
    "pmid": ("pmid", "pubmed_id", "url"),
    "pmcid": ("pmcid", "pmc", "url", "note"),
    "url": ("url", "link", "ee"),
    "keywords": ("author_keywords", "keywords", "keyword", "key words", "keywords-plus", "mesh"),
    "remarks": ("note", "annote"),
    "type": ("type", "document_type"),
    "accession": ("unique-id", "eid", "accession", "accession_number", "an", "url"),
}
_NAMES = frozenset({"author", "authors", "@type", "@key", *(name for names in COLUMNS.values() for name in names)})
# what a verbatim field hides: a backslash, signs that are escaped, and braces that only group
_HIDDEN = re.compile(r"(\\textbackslash\{\})|\\([&%$#_{}~])|[{}]")
_ANGLE = re.compile(r"(\{?\\textless\b(?:\{\})?\}?|\{?\$<\$\}?)|\{?\\textgreater\b(?:\{\})?\}?|\{?\$>\$\}?")
_CARET = re.compile(r"\\textasciicircum(?:\{\}|(?![A-Za-z]))")
_EID = re.compile(r"\b2-s2\.0-\d+\b")
_PARTICLES = frozenset(
    "von van der den de del della di da dos das do du la le ten ter zu zur af el al".split()  # noqa: SIM905 - words
)
Pairs = Sequence[tuple[str, str]]


def bibtex_record(kind: str, key: str, given: Pairs, expanded: Mapping[str, str], *, line: int) -> Record:
    """The record of one entry: *given* are its fields as they stand, *expanded* those with macros and `#` resolved."""

    def texts(column: str) -> list[str]:
        return [text for name in COLUMNS[column] if (text := _plain(expanded.get(name, "")))]

    def first(column: str) -> str | None:
        return next(iter(texts(column)), None)

    addresses = [_address(expanded[name]) for name in COLUMNS["doi"] if expanded.get(name)]
    abstract, title = first("abstract"), first("title")
    types = tuple(part.strip() for part in (first("type") or "").split(";") if part.strip())
    named_pmid = re.search(r"^PMID:\s*(\d+)$", key, re.IGNORECASE)
    pmids = [_address(expanded[name]) for name in COLUMNS["pmid"] if expanded.get(name)]
    return Record(
        fields=[["@type", kind], ["@key", key], *(list(pair) for pair in given)],
        dialect="bibtex",
        title=title,
        vernacular_title=first("vernacular_title"),
        abstract=abstract,
        authors=names(expanded.get("author") or expanded.get("authors") or "") or None,
        journal=first("journal"),
        year=year_of(*texts("year")),
        month=first("month"),
        volume=first("volume"),
        issue=first("issue"),
        pages=re.sub(r"\s*(?:-{2,3}|[–—])\s*", "-", first("pages") or "") or None,
        language=first("language"),
        pmid=named_pmid.group(1) if named_pmid else next((p for v in pmids if (p := normalise_pmid(v))), None),
        doi=next((doi for text in addresses if (doi := doi_of(text))), None),
        pmcid=pmcid_of(*texts("pmcid")),
        registry_ids=trials_of(
            " ".join([*texts("remarks"), abstract or ""]),
            *texts("journal"),
            *(_address(expanded[name]) for name in ("url", "author", "accession_number") if expanded.get(name)),
        ),
        publication_types=types,
        keywords=_keywords(texts("keywords")),
        url=_address(next((expanded[name] for name in COLUMNS["url"] if expanded.get(name)), "")) or None,
        retracted=says_retracted(title),
        record_type=kind.lower(),
        accession=_accession(key, expanded),
        line=line,
    )


def unmapped(records: Sequence[Record]) -> dict[str, int]:
    """Field → how often, for fields that fill no column."""
    counts = Counter(str(pair[0]).lower() for record in records for pair in record.fields)
    return {name: count for name, count in sorted(counts.items()) if name not in _NAMES}


def names(value: str) -> str:
    """The authors as `Last, First; Last, First`, however BibTeX wrote them."""
    joined = re.sub(r"\s*\n\s*", " ", value).strip()
    people = _outside_braces(joined, re.compile(r"\s+and\s+", re.IGNORECASE))
    if len(people) == 1:
        # SciELO joins people by a comma and two blanks
        people = [part for part in re.split(r",\s{2,}|;\s*", value.strip()) if part] if value.count(",") > 1 else people
    return "; ".join(name for person in people if (name := _name(person)))


def _name(person: str) -> str:
    text = _plain(person).strip(" ,")
    if "," in text or " " not in text or (person.strip().startswith("{") and person.strip().endswith("}")):
        return text  # as one writes it, one word, or a body that braces keep together
    words = text.split(" ")
    last = next((at for at, word in enumerate(words[1:-1], start=1) if word.lower() in _PARTICLES), len(words) - 1)
    return f"{' '.join(words[last:])}, {' '.join(words[:last])}"


def _outside_braces(text: str, pattern: re.Pattern[str]) -> list[str]:
    parts, begins, counted, depth = [], 0, 0, 0
    for found in pattern.finditer(text):
        before = re.sub(r"\\[{}]", "", text[counted : found.start()])
        depth += before.count("{") - before.count("}")
        counted = found.start()
        if depth == 0:
            parts.append(text[begins : found.start()])
            begins = found.end()
    return [*parts, text[begins:]]


def _keywords(values: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for value in values:
        found += [part.strip() for part in re.split(r";|\|" if re.search(r"[;|]", value) else ",", value)]
    return tuple(dict.fromkeys(filter(None, found)))


def _address(value: str) -> str:
    """A DOI or an address without braces and escapes; a tilde and a percent sign belong to it."""
    value = _ANGLE.sub(lambda found: "<" if found.group(1) else ">", value)
    return _HIDDEN.sub(lambda found: "\\" if found.group(1) else found.group(2) or "", value).strip()


def _plain(value: str) -> str:
    return plain_text(_CARET.sub("^", value) if "\\textasciicircum" in value else value)


def _accession(key: str, expanded: Mapping[str, str]) -> str | None:
    for name in COLUMNS["accession"]:
        text = _address(expanded.get(name, ""))
        if found := _EID.search(text):
            return found.group(0)
        if text and name not in ("url", "eid"):
            return text
    return key if re.match(r"(?:WOS|ISI|PMID|PPR|DBLP):", key) else None
