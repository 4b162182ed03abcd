"""What both engines share: the fields that a PubMed element gave, made into a record."""

from __future__ import annotations

import re
from typing import Any

from review.identifiers import find_registry_ids, normalise_doi
from review.search.records import Record

# the white space that long texts do have; the rest is rare
_BLANKS = ("\n", "\xa0", "\u2009", "\u202f")
Fields = dict[str, Any]
# deeper markup than this is no writing; its text is kept, its tags are not
DEEPEST = 100
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")


def pubmed_record(
    pmid: str, version: str | None, fields: Fields, *, status: str | None, kind: str, offset: int | None
) -> Record:
    """The record of *fields*; those that are empty are left out."""
    version = version or "1"
    if pmid[:1] == "0":  # the same record as the one without
        pmid = pmid.lstrip("0") or pmid
    fields = {name: value for name, value in fields.items() if value}
    fields |= {"pmid": pmid, "version": version, "record_type": kind}
    if status:
        fields["status"] = status
    get = fields.get
    parts = get("abstract", ())
    abstract = "\n".join([f"{p['label']}: {p['text']}" if "label" in p else p["text"] for p in parts])
    types = tuple(get("publication_types", ()))
    registry_ids = find_registry_ids(abstract)
    if banks := get("databanks"):
        accessions = " ".join([a for bank in banks for a in bank["accessions"]])
        registry_ids = list(dict.fromkeys(find_registry_ids(accessions) + registry_ids))
    return Record(
        fields=fields,
        dialect="pubmed_xml",
        title=get("title"),
        vernacular_title=get("vernacular_title"),
        abstract=abstract or None,
        authors="; ".join([a["name"] for a in get("authors", ())]) or None,
        journal=get("journal"),
        year=get("year"),
        month=get("month"),
        volume=get("volume"),
        issue=get("issue"),
        pages=get("pages"),
        language="; ".join(get("languages", ())) or None,
        pmid=pmid,
        doi=normalise_doi(get("doi")),
        pmcid=get("pmc"),
        registry_ids=tuple(registry_ids),
        publication_types=types,
        mesh=tuple([h["term"] for h in get("mesh", ())]),
        keywords=tuple(get("keywords", ())),
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/",
        status=status,
        retracted="Retracted Publication" in types
        or any(c["type"] == "RetractionIn" for c in get("comments_corrections", ())),
        record_type=kind,
        accession=pmid,
        version=int(version) if version.isdecimal() and len(version) < 10 else None,
        offset=offset,
    )


def one_line(text: str) -> str:
    """*text* with each run of white space as one blank, and none at its ends.

    To split and join a long text costs more than to parse it, so it is looked at first: in a printable text, the
    blank is the only white space.
    """
    if not text.isprintable():
        for blank in _BLANKS:
            text = text.replace(blank, " ")
        if not text.isprintable():
            return " ".join(text.split())
    if "  " in text or text[:1] == " " or text[-1:] == " ":
        return " ".join(text.split())
    return text


def person(
    last: str | None,
    initials: str | None,
    fore: str | None,
    group: str | None,
    identifiers: list[str],
    affiliations: list[str],
) -> dict[str, Any]:
    """One author, without what is empty; nothing at all without a name."""
    name = f"{last or ''} {initials or ''}".strip() or group
    if not name:
        return {}
    named: dict[str, Any] = {"name": name}
    if fore:
        named["fore"] = fore
    if group:
        named["collective"] = group
    if identifiers:
        named["identifiers"] = identifiers
    if affiliations:
        named["affiliations"] = affiliations
    return named


def dated(given_year: str, month: str, free: str) -> Fields:
    """Year, month (or season) and the free date that some journals print, such as "1998 Dec-1999 Jan"."""
    found = _YEAR.search(given_year or free)
    if found is None:
        return {"year": None, "month": month, "medline_date": free, "year_as_given": given_year}
    year = found.group(0)
    if not month and free:
        month = free.replace(year, "", 1).strip(" -")
    return {"year": int(year), "month": month, "medline_date": free}
