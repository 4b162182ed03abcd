"""CSV and TSV: columns are found by the names that exports give them, or by a mapping of your own."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from review.errors import FormatError, UsageProblem
from review.identifiers import normalise_pmid
from review.search.checking import unreadable
from review.search.decoding import Decoded
from review.search.reading import Reading, Repair
from review.search.records import Record, Rejected
from review.search.tagged import doi_of, pmcid_of, trials_of, year_of

NAMES: dict[str, tuple[str, ...]] = {
    "title": ("title", "article title", "item title", "document title", "primary title", "title primary", "ti", "t1"),
    "abstract": ("abstract", "abstract note", "ab", "notes abstract"),
    "authors": ("authors", "author", "author s", "author names", "authors primary", "first authors",
                "author full names", "au"),
    "journal": ("journal", "journal book", "periodical full", "publication title", "source title", "journal title",
                "publication", "periodical", "periodical abbrev", "journal name", "so", "source"),
    "book": ("booktitle", "book title"),
    "year": ("year", "publication year", "pub year", "published year", "py", "date", "publication date"),
    "vernacular_title": ("vernacular title",),
    "month": ("month",),
    "volume": ("volume", "volume number", "journal volume", "vl"),
    "issue": ("issue", "issue number", "journal issue", "number", "is"),
    "pages": ("pages", "page", "start page", "page start", "bp", "art no", "article number"),
    "last_page": ("end page", "page end", "other pages", "ep"),
    "language": ("language", "language s", "languages", "language of original document", "la"),
    "pmid": ("pmid", "pubmed id", "medline pmid", "pubmedid", "pm"),
    "doi": ("doi", "item doi", "do", "di"),
    "pmcid": ("pmcid", "pmc id"),
    "keywords": ("keywords", "author keywords", "keyword s", "keyword", "kw", "de"),
    "mesh": ("mesh", "mesh terms", "descriptor s"),
    "url": ("url", "link", "fulltext url", "open url link", "urls"),
    "registry": ("registry id", "clinical trial numbers", "nct number", "trial registration"),
    "record_type": ("type", "publication type", "reference type", "type of reference", "content type", "item type",
                    "document type", "dt", "pt"),
    "publication_types": ("publication types",),
    "accession": ("accession number", "accession", "embase accession id", "eid", "ut", "ut unique wos id",
                  "openalex id", "record id"),
}  # fmt: skip
# the column of our own tables that names the cells of its row which got an apostrophe, so that no spreadsheet runs them
DEFUSED = "defused"
# an abstract with its references may be longer than the 128 kB that Python allows by default
csv.field_size_limit(2**31 - 1)
_ENOUGH = ("title", "abstract", "pmid", "doi")
# Embase gives one column for all: `Journal (2014) 3:3 (152-160). Date of Publication: 2014`
_CITATION = re.compile(
    r"(?P<journal>.+?) \((?P<year>\d{4})\)(?: (?P<volume>[^\s:()]+)(?::(?P<issue>[^\s()]+))?)?"
    r"(?: \((?P<pages>[^)]*)\))?"
)
_INITIALS = re.compile(r"[^\W\d][\w'’.\- ]* (?:[A-Z]\.?-?){1,4}(?: (?:Jr|Sr|2nd|3rd)\.?)?")
_TURNED = re.compile(r"([^,;]+, (?:[A-Z]\.[ -]?){1,4})(?:, |$)")
_KINDS = {"pmid": "PMID", "doi": "DOI", "year": "year"}


def read_csv(decoded: Decoded, *, mapping: Mapping[str, str] | None = None, name: str = "the file") -> Reading:
    """The records of a CSV or TSV file; *mapping* takes a column of ours to a header of the file.

    Raises FormatError for a header without a known column or with one twice, for a table without rows and for a
    quoted cell that is never closed.
    """
    delimiter, _ = find_header(decoded.text)
    rows = _rows(decoded.text, delimiter, name)
    if looks_turned(decoded.text, delimiter):
        rows, turned = _turned(rows)
    else:
        turned = 0
    head_line, header = next(rows, (1, []))
    place = f"{name} line {head_line}"
    columns = _columns(header, mapping or {}, delimiter=delimiter, place=place)
    columns = {ours: theirs.strip() for ours, theirs in columns.items()}
    records: list[Record] = []
    rejected: list[Rejected] = []
    repairs: list[Repair] = []
    marks: list[int] = []
    for line, cells in rows:
        marks.append(line)
        extra = [cell for cell in cells[len(header) :] if cell.strip()]
        if extra:
            reason = f"{len(cells)} cells under {len(header)} columns"
            rejected.append(Rejected(reason, delimiter.join(cells).encode(), line=line))
            continue
        if len(cells) < len(header):
            repairs.append(
                Repair(line, f"{len(cells)} cells under {len(header)} columns; the last ones taken as blank")
            )
        pairs = [(head.strip(), cell.strip()) for head, cell in zip(header, cells, strict=False) if cell.strip()]
        records.append(_record(pairs, columns, line=line))
        values = dict(pairs)
        repairs += unreadable(
            (line, kind, columns[ours], values[columns[ours]])
            for ours, kind in _KINDS.items()
            if columns.get(ours) in values
        )
    if not marks:
        message = f"0 records in {name}: no rows below the header {delimiter.join(header)[:200]!r} of line {head_line}"
        raise FormatError(message, hint="export the search again")
    taken = set(columns.values())
    counts = Counter(pair[0] for record in records for pair in record.fields if pair[0] not in taken)
    return Reading(
        dialect="tsv" if delimiter == "\t" else "csv",
        evidence=("a field in each row; " if turned else "")
        + f"header {delimiter.join(header)[:200]!r}, columns: "
        + ", ".join(sorted(columns)),
        records=tuple(records),
        markers=len(marks),
        marker_lines=tuple(marks),
        rejected=tuple(rejected),
        repairs=tuple(repairs),
        unmapped=dict(sorted(counts.items())),
        encoding=decoded.encoding,
        bom=decoded.bom,
        newlines=decoded.newlines,
    )


def find_header(text: str) -> tuple[str, list[str]]:
    """(delimiter, header cells): the delimiter that gives most known columns, then most columns."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    best: tuple[int, int, str, list[str]] = (-1, -1, ",", [])
    for delimiter in (",", "\t", ";", "|"):
        cells = next(csv.reader([first], delimiter=delimiter), [])
        found = sum(any(plain(cell) in names for names in NAMES.values()) for cell in cells)
        if (found, len(cells)) > best[:2]:
            best = (found, len(cells), delimiter, cells)
    return best[2], best[3]


def looks_like_header(header: Sequence[str]) -> bool:
    """Whether the first line names columns that a record needs."""
    return any(plain(cell) in NAMES[column] for cell in header for column in _ENOUGH)


def looks_like_table(text: str, delimiter: str) -> bool:
    """Whether the first two lines have several cells, and as many; a table of one's own header."""
    first = _lines(text, 2)
    sizes = [len(cells) for cells in csv.reader(first, delimiter=delimiter)]
    return bool(sizes) and (sizes[0] > 2 or (sizes[0] == 2 and set(sizes) == {2}))


def _lines(text: str, count: int) -> list[str]:
    return [line for line in text.split("\n", 50)[:50] if line.strip()][:count]


def looks_turned(text: str, delimiter: str) -> bool:
    """Whether each row is a field and no record, as in Embase's "fields by row": it begins with a column's name."""
    first = [cells[0] for cells in csv.reader(_lines(text, 12), delimiter=delimiter) if cells]
    return len(first) > 3 and sum(any(plain(cell) in names for names in NAMES.values()) for cell in first) > 3


def plain(header: str) -> str:
    """A header in small letters and single blanks: `Author(s)` → `author s`."""
    return re.sub(r"[\W_]+", " ", header).strip().lower()


def _columns(header: list[str], mapping: Mapping[str, str], *, delimiter: str, place: str) -> dict[str, str]:
    """Our column → the file's header."""
    for ours, theirs in mapping.items():
        if ours not in NAMES:
            message = f"--map {ours}={theirs}: {ours!r} is no column; allowed: {', '.join(NAMES)}"
            raise UsageProblem(message)
        if theirs not in [cell.strip() for cell in header]:
            message = f"--map {ours}={theirs}: {place} has no column {theirs!r}; it has: {', '.join(header)}"
            raise UsageProblem(message)
    columns = dict(mapping)
    for ours, names in NAMES.items():
        for wanted in names:
            found = next((cell for cell in header if plain(cell) == wanted), None)
            if found is not None and ours not in columns:
                columns[ours] = found
    if not any(ours in columns for ours in _ENOUGH):
        allowed = "; ".join(f"{ours}: {', '.join(NAMES[ours])}" for ours in _ENOUGH)
        message = (
            f"{place}: the header {delimiter.join(header)[:200]!r} names no title, abstract, PMID or DOI; "
            f"allowed names: {allowed}"
        )
        raise FormatError(message, hint="rename a column, or say which it is: --map title=Titel")
    for theirs in columns.values():
        twins = [number for number, cell in enumerate(header, start=1) if plain(cell) == plain(theirs)]
        if len(twins) > 1:
            numbers = " and ".join(map(str, twins))
            message = f"{place}: the columns {numbers} are both called {theirs.strip()!r}; one has to go"
            raise FormatError(message, hint="rename or remove one of them")
    return columns


def _rows(text: str, delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """(line on which it begins, cells) of every row that is not blank, the header first."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as problem:
        if "unexpected end of data" in str(problem):
            message = f"{name}: a quoted cell of the row at line {begins} is never closed; the file ends inside it"
        else:
            message = f"{name}: the row at line {begins} has a stray quotation mark ({problem})"
        raise FormatError(message, hint="export the file again; nothing was read") from problem


def _turned(rows: Iterator[tuple[int, list[str]]]) -> tuple[Iterator[tuple[int, list[str]]], int]:
    """The rows of a table with a record in each row, of one with a field in each; and how many records there are.

    A record begins where a field comes that the one before has already.
    """
    found: list[tuple[int, dict[str, str]]] = []
    for line, cells in rows:
        name = cells[0].strip()
        if not found or name in found[-1][1]:
            found.append((line, {}))
        found[-1][1][name] = "; ".join(cell.strip() for cell in cells[1:] if cell.strip())
    header = list(dict.fromkeys(name for _, record in found for name in record))
    table = [(line, [record.get(name, "") for name in header]) for line, record in found]
    return iter([(1, header), *table]), len(found)


def names(text: str | None) -> str | None:
    """Authors as `Last F; Last F`, where a table joins them by commas or writes a list of Python's."""
    if not text:
        return None
    if re.fullmatch(r"\[(?:'[^\]]*'|\"[^\]]*\")\]", text):
        listed = re.findall(r"""'([^']*)'|"([^"]*)\"""", text)
        return "; ".join(one or other for one, other in listed)
    if ";" in text:
        return "; ".join(re.sub(r",(?=\S)", ", ", part.strip()) for part in text.split(";") if part.strip())
    parts = [part.strip() for part in text.rstrip(" .,").split(", ")]
    if len(parts) > 1 and all(_INITIALS.fullmatch(part) for part in parts[:-1]) and " " in parts[-1]:
        return "; ".join([*parts[:-1], text.rstrip(" ,").split(", ")[-1]])
    turned = _TURNED.findall(text)
    if len(turned) > 1 and ", ".join(turned) == text.rstrip(" ,"):
        return "; ".join(turned)
    return text


def _record(pairs: list[tuple[str, str]], columns: Mapping[str, str], *, line: int) -> Record:
    values: dict[str, str] = {}
    for head, cell in pairs:
        values.setdefault(head, cell)
    if DEFUSED in values:
        values |= {head: values[head].removeprefix("'") for head in values[DEFUSED].split("; ") if head in values}

    def get(column: str) -> str | None:
        return values.get(columns.get(column, ""))

    def many(column: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in re.split(r"[;|]", get(column) or "") if part.strip())

    place = _CITATION.match(get("journal") or "") if plain(columns.get("journal", "")) == "source" else None
    cited = {name: value for name, value in place.groupdict().items() if value} if place else {}
    first, last = get("pages"), get("last_page")
    return Record(
        fields=[list(pair) for pair in pairs],
        dialect="csv",
        title=get("title"),
        vernacular_title=get("vernacular_title"),
        abstract=get("abstract"),
        authors=names(get("authors")),
        journal=cited.get("journal") or get("journal") or get("book"),
        year=year_of(get("year") or "", cited.get("year", "")),
        month=get("month"),
        volume=get("volume") or cited.get("volume"),
        issue=get("issue") or cited.get("issue"),
        pages=(f"{first}-{last}" if first and last and "-" not in first else first) or cited.get("pages"),
        language=get("language"),
        pmid=normalise_pmid(get("pmid")),
        doi=doi_of(get("doi") or "") or doi_of(get("url") or ""),
        pmcid=pmcid_of(get("pmcid") or ""),
        registry_ids=trials_of(
            f"{get('registry') or ''} {get('abstract') or ''}",
            *filter(None, map(get, ("journal", "authors", "url", "accession"))),
        ),
        publication_types=many("publication_types"),
        mesh=many("mesh"),
        keywords=many("keywords"),
        url=get("url"),
        record_type=get("record_type"),
        accession=get("accession"),
        line=line,
    )
