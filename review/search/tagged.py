"""Tags of RIS and MEDLINE into the columns of a record; every tag stays in `fields` as the file gave it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from operator import itemgetter

from review.identifiers import find_registry_ids, normalise_doi, normalise_pmid, unescaped
from review.search.records import Record

Pairs = Sequence[Sequence[str]]

_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")
_WORD = re.compile(r"\w")
# year/month/day/other: the last is a month or a season in words
_OTHER_OF_DATE = re.compile(r"[^/]*/[^/]*/[^/]*/\s*(.*\S)")
_MEDLINE_MONTH = re.compile(r"\d{4}\s+(?:(\d{1,2})|([^\W\d].*?)(?:\s+\d{1,2})?)")
_CENTRAL = "10.1002/central/"
_REGISTER = re.compile(
    r"clinicaltrials\.gov|clinicaltrialsregister|trialsearch|TrialID=|isrctn|anzctr|chictr|drks\.de|ctri\.nic|umin\.ac|"
    r"jrct\.|irct\.ir|trialregister|ensaiosclinicos|cris\.nih|clinicaltrials\.in\.th",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d{4}")
_SHORT = 40
_PMCID = re.compile(r"\bPMC\d+\b")
_ACCESSION = re.compile(
    r"^(L\d{6,})$|[?&]id=(L\d{6,})\b|\b(CN-\d{8})\b|[?&]eid=(2-s2\.0-\d+)|\b((?:WOS|ISI):\w+)", re.MULTILINE
)

RIS_COLUMNS = {
    "title": ("TI", "T1", "CT", "BT"),
    "abstract": ("AB", "N2"),
    "authors": ("AU", "A1"),
    "journal": ("JF", "JO", "T2", "JA", "J2", "BT"),
    "year": ("PY", "Y1", "DA"),
    "volume": ("VL",),
    "issue": ("IS",),
    "language": ("LA",),
    "keywords": ("KW",),
    "url": ("UR",),
    "record_type": ("TY",),
    "accession": ("AN",),
    "vernacular_title": ("TT",),
}
_RIS_OTHER = {"SP", "EP", "DO", "ER", "SN", "ID", "N1", "M1", "M2", "M3", "L3", "C2", "C7", "AD", "PMID", "XR"}


class OpenRecord:
    """The record of a tagged file that is being read: its tags and values, and the line of each."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.pairs: list[list[str]] = []
        self.at: list[int] = []
        self.tags: set[str] = set()

    def add(self, tag: str, value: str, line: int) -> None:
        """Take a tag with its value, from that line of the file."""
        self.pairs.append([tag, value.strip()])
        self.at.append(line)
        self.tags.add(tag)


def ris_record(pairs: Pairs, *, line: int) -> Record:
    """The record of one RIS entry."""
    values = _by_tag(pairs)

    def first(column: str) -> str | None:
        for tag in RIS_COLUMNS[column]:
            if tag in values:
                return values[tag][0]
        return None

    def every(*tags: str) -> list[str]:
        found: list[str] = []
        for tag in tags:
            if tag in values:
                found += values[tag]
        return found

    abstract = max(every("AB", "N2"), key=len, default=None)
    title = first("title")
    dates = every("PY", "Y1", "DA")
    numbers = every("PMID", "C2", "UR", "L2")
    # a list of references names the DOIs and the trials of others
    noted = [note for note in values.get("N1", ()) if not note.startswith("References:")]
    keywords = values.get("KW")
    types = values.get("M3")
    return Record(
        fields=pairs,
        dialect="ris",
        title=title,
        vernacular_title=first("vernacular_title"),
        abstract=abstract,
        authors="; ".join(every("AU", "A1")) or None,
        journal=first("journal"),
        year=year_of(*dates),
        month=_other_of_date(dates),
        volume=first("volume"),
        issue=first("issue"),
        pages="-".join([values[tag][0] for tag in ("SP", "EP") if tag in values]) or None,
        language=first("language"),
        pmid=(_pmid_among(numbers) if numbers else None) or _pmid_of_central(values),
        doi=_doi_among([*every("DO", "L3", "M3"), *noted, *every("UR", "C7")]),
        pmcid=pmcid_of(*numbers) if numbers else None,
        registry_ids=trials_of(
            " ".join([*noted, abstract or ""]) if noted else abstract,
            *every("JO", "JF", "T2", "JA", "AU", "A1", "UR", "AN"),
        ),
        publication_types=tuple(types) if types else (),
        keywords=tuple(keywords) if keywords else (),
        url=first("url"),
        retracted=says_retracted(title),
        record_type=first("record_type"),
        accession=first("accession") or _accession(values),
        line=line,
    )


def _pmid_among(values: Sequence[str]) -> str | None:
    for value in values:
        if not value.startswith("http") or "pubmed" in value:
            pmid = normalise_pmid(value)
            if pmid and _is_pmid(value):
                return pmid
    return None


def _pmid_of_central(values: Mapping[str, Sequence[str]]) -> str | None:
    """The PMID of `XR  - PubMed 1`, as CENTRAL prints it; None where there are two."""
    named = {value for tag in ("XR", "AN") for value in values.get(tag, ()) if value.lower().startswith("pubmed")}
    found = {pmid for value in named if (pmid := normalise_pmid(value))}
    return found.pop() if len(found) == 1 else None


def _doi_among(values: Sequence[str]) -> str | None:
    for value in values:
        doi = doi_of(value)
        if doi:
            return doi
    return None


def _accession(values: Mapping[str, Sequence[str]]) -> str | None:
    """Where no AN is given: Embase's L-number, CENTRAL's CN-number, Scopus' EID or a WOS: number."""
    for tag in ("U2", "ID", "UR", "N1", "M1", "C1"):
        for value in values.get(tag, ()):
            found = _ACCESSION.search(value)
            if found:
                return str(next(filter(None, found.groups())))
    return None


MEDLINE_COLUMNS = frozenset(
    """
    PMID OWN STAT TI TT AB AU FAU JT TA DP VI IP PG LA PT MH OT AID LID SI PMC IS RN SO PHST CRDT EDAT MHDA DCOM LR
    DA AD AUID CN RIN CIN CON CRF CI OID ISSN
    """.split()  # noqa: SIM905 - the tags of the format, as one reads them
)


def medline_record(pairs: Pairs, *, line: int) -> Record:
    """The record of one MEDLINE (.nbib) entry."""
    values = _by_tag(pairs)

    def first(*tags: str) -> str | None:
        return next((v for tag in tags for v in values.get(tag, ()) if v), None)

    ids = [v for tag in ("AID", "LID") for v in values.get(tag, ())]
    doi = next((v for v in ids if "[doi]" in v), None) or next((v for v in ids if normalise_doi(v)), None)
    pmid = normalise_pmid(first("PMID"))
    types = tuple(values.get("PT", ()))
    abstract = first("AB")
    return Record(
        fields=[list(pair) for pair in pairs],
        dialect="nbib",
        title=first("TI", "BTI"),
        vernacular_title=first("TT"),
        abstract=abstract,
        authors="; ".join(values.get("AU") or values.get("FAU") or values.get("CN") or ()) or None,
        journal=first("JT", "TA"),
        year=year_of(first("DP") or ""),
        month=month_of_medline(first("DP") or ""),
        volume=first("VI"),
        issue=first("IP"),
        pages=first("PG"),
        language="; ".join(values.get("LA", ())) or None,
        pmid=pmid,
        doi=normalise_doi(doi),
        pmcid=pmcid_of(*values.get("PMC", ()), *ids),
        registry_ids=tuple(find_registry_ids(" ".join([*values.get("SI", ()), abstract or ""]))),
        publication_types=types,
        mesh=tuple(term.lstrip("*").split("/")[0] for term in values.get("MH", ())),
        keywords=tuple(values.get("OT", ())),
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/" if pmid else None,
        status=first("STAT"),
        retracted="Retracted Publication" in types or "RIN" in values,
        record_type="article",
        accession=pmid or first("OID"),
        line=line,
    )


def unmapped(records: Sequence[Record], *, dialect: str) -> dict[str, int]:
    """Tag → how often, for tags that fill no column."""
    known = {tag for tags in RIS_COLUMNS.values() for tag in tags} | _RIS_OTHER if dialect == "ris" else MEDLINE_COLUMNS
    pairs = chain.from_iterable(record.fields for record in records)
    counts: Counter[str] = Counter(map(itemgetter(0), pairs))
    return {tag: count for tag, count in sorted(counts.items()) if tag not in known}


def year_of(*texts: str) -> int | None:
    """The first year from 1500 on in *texts*."""
    return next((int(found.group(1)) for text in texts if (found := _YEAR.search(text))), None)


def month_of_medline(date: str) -> str | None:
    """The month or season of `2016 Mar 15`, `2016 Mar-Apr`, `2016 Spring`; None where there is none."""
    found = _MEDLINE_MONTH.fullmatch(date.strip())
    return (found.group(1) or found.group(2)) if found else None


def _other_of_date(dates: Sequence[str]) -> str | None:
    found = (_OTHER_OF_DATE.fullmatch(date.strip()) for date in dates if date.count("/") > 2)
    return next((match.group(1) for match in found if match), None)


def pmcid_of(*texts: str) -> str | None:
    """The first PMC number in *texts*."""
    return next((found.group(0) for text in texts if "PMC" in text and (found := _PMCID.search(text))), None)


def begins_of_lines(text: str, pattern: re.Pattern[str], *, before: int = 0) -> tuple[int, ...]:
    """The lines that begin with *pattern*, behind at most *before* signs that are no letters; one pass over the text.

    A search for a fixed first letter is many times as fast as a look at the beginning of each line.
    """
    lines: list[int] = []
    at, line, last = 0, 1, 0
    for found in pattern.finditer(text):
        start = found.start()
        begins = text.rfind("\n", max(0, start - before - 1), start) + 1
        if (begins == 0 and start > before) or (begins < start and _WORD.search(text, begins, start)):
            continue
        line += text.count("\n", at, start)
        at = start
        if line != last:
            lines.append(line)
        last = line
    return tuple(lines)


def _by_tag(pairs: Pairs) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for tag, value in pairs:
        if value:
            if tag in values:
                values[tag].append(value)
            else:
                values[tag] = [value]
    return values


def _is_pmid(value: str) -> bool:
    """Whether a field that may hold anything (C2, UR) holds a PMID: a bare number of five digits or more, or named."""
    return bool(re.search(r"pubmed|pmid", value, re.IGNORECASE) or re.fullmatch(r"\s*\d{5,8}\s*", value))


def doi_of(text: str) -> str | None:
    """The DOI in *text*; in an address with a query it ends where the next part of the query begins."""
    text = unescaped(text) if "&" in text else text
    parts = text.split("&") if "://" in text and "&" in text else (text,)
    # the Cochrane Library gives its own entries DOIs too; they are no article's
    return next((doi for part in parts if (doi := normalise_doi(part)) and not doi.startswith(_CENTRAL)), None)


def trials_of(text: str | None, *places: str) -> tuple[str, ...]:
    """The registry ids in *text*, and in each of *places* (journal, author, address) that only names a trial.

    CENTRAL prints the entries of registers so: as author `NCT00000001`, as journal the address of the register.
    """
    named = [
        place
        for place in places
        if (_REGISTER.search(place) if "://" in place else len(place) < _SHORT and _DIGITS.search(place))
    ]
    return tuple(find_registry_ids("\n".join([*named, text or ""]) if named else text))


def says_retracted(title: str | None) -> bool:
    """Whether a title begins with the word RETRACTED, as publishers and databases write it."""
    return bool(title and re.match(r"\W*retracted\b", title, re.IGNORECASE))
