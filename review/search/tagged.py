"""Tags of RIS and MEDLINE into the columns of a record; every tag stays in `fields` as the file gave it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from review.identifiers import find_registry_ids, normalise_doi, normalise_pmid
from review.search.records import Record

Pairs = Sequence[tuple[str, str]]

_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")
_PMCID = re.compile(r"\bPMC\d+\b")

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
_RIS_OTHER = {"SP", "EP", "DO", "ER", "SN", "ID", "N1", "M1", "M2", "M3", "L3", "C2", "C7", "AD", "PMID"}


def ris_record(pairs: Pairs, *, line: int) -> Record:
    """The record of one RIS entry."""
    values = _by_tag(pairs)

    def first(column: str) -> str | None:
        return next((v for tag in RIS_COLUMNS[column] for v in values.get(tag, ()) if v), None)

    def every(column: str) -> list[str]:
        return [v for tag in RIS_COLUMNS[column] for v in values.get(tag, ()) if v]

    abstract = max(every("abstract"), key=len, default=None)
    pages = "-".join(v for tag in ("SP", "EP") for v in values.get(tag, ())[:1] if v)
    ids = [v for tag in ("DO", "L3", "M3", "N1", "UR", "C7") for v in values.get(tag, ())]
    numbers = [v for tag in ("PMID", "C2", "UR", "L2") for v in values.get(tag, ())]
    return Record(
        fields=[list(pair) for pair in pairs],
        dialect="ris",
        title=first("title"),
        vernacular_title=first("vernacular_title"),
        abstract=abstract,
        authors="; ".join(every("authors")) or None,
        journal=first("journal"),
        year=year_of(*every("year")),
        volume=first("volume"),
        issue=first("issue"),
        pages=pages or None,
        language=first("language"),
        pmid=next((p for v in numbers if (p := normalise_pmid(v)) and _is_pmid(v)), None),
        doi=next((doi for value in ids if (doi := normalise_doi(value))), None),
        pmcid=pmcid_of(*numbers, *values.get("C2", ())),
        registry_ids=tuple(find_registry_ids(" ".join([*values.get("N1", ()), abstract or ""]))),
        publication_types=tuple(values.get("M3", ())[:1]),
        keywords=tuple(every("keywords")),
        url=first("url"),
        retracted=_says_retracted(first("title")),
        record_type=first("record_type"),
        accession=first("accession"),
        line=line,
    )


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
    counts = Counter(str(pair[0]) for record in records for pair in record.fields)
    return {tag: count for tag, count in sorted(counts.items()) if tag not in known}


def year_of(*texts: str) -> int | None:
    """The first year from 1500 on in *texts*."""
    return next((int(found.group(1)) for text in texts if (found := _YEAR.search(text))), None)


def pmcid_of(*texts: str) -> str | None:
    """The first PMC number in *texts*."""
    return next((found.group(0) for text in texts if (found := _PMCID.search(text))), None)


def _by_tag(pairs: Pairs) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for tag, value in pairs:
        if value:
            values.setdefault(tag, []).append(value)
    return values


def _is_pmid(value: str) -> bool:
    """Whether a field that may hold anything (C2, UR) holds a PMID: a bare number of five digits or more, or named."""
    return bool(re.search(r"pubmed|pmid", value, re.IGNORECASE) or re.fullmatch(r"\s*\d{5,8}\s*", value))


def _says_retracted(title: str | None) -> bool:
    return bool(title and re.match(r"\W*retracted\b", title, re.IGNORECASE))
