"""One PubmedArticle, MedlineCitation or PubmedBookArticle element into a record of 26 fields.

Text is always the whole text of an element with all that is nested in it: `.text` stops at the first tag and
cuts titles such as "Effect of <i>n</i>-3 acids". A DOI is taken only from the record's own list of ids,
because a reference list carries one such list for each paper that it cites.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element, tostring

from review.identifiers import find_registry_ids, normalise_doi
from review.search.records import Record

_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_OPEN_TAG = re.compile(r"^<[^>]*>|</[^>]*>\s*$")


def article_record(element: Element, *, offset: int | None = None) -> Record | None:
    """The record of a PubmedArticle or a bare MedlineCitation; None without a PMID."""
    citation = element if element.tag == "MedlineCitation" else element.find("MedlineCitation")
    if citation is None or not (pmid := text_of(citation.find("PMID"))):
        return None
    article = citation.find("Article")
    if article is None:
        article = Element("Article")
    ids = _own_ids(element.find("PubmedData/ArticleIdList"))
    fields = _citation_fields(citation, article)
    fields |= {"doi": ids.get("doi") or _e_location(article), "pmc": ids.get("pmc")}
    return _record(pmid, citation.find("PMID"), fields, status=citation.get("Status"), kind="article", offset=offset)


def book_record(element: Element, *, offset: int | None = None) -> Record | None:
    """The record of a PubmedBookArticle; the book's title stands where a journal's would."""
    document = element.find("BookDocument")
    if document is None or not (pmid := text_of(document.find("PMID"))):
        return None
    book = document.find("Book")
    own = document.find("ArticleIdList")
    ids = _own_ids(element.find("PubmedBookData/ArticleIdList")) | _own_ids(own)
    date = document.find("ContributionDate")
    title = document.find("ArticleTitle")
    book_title = None if book is None else book.find("BookTitle")
    fields: dict[str, Any] = {
        "title": text_of(title) or text_of(book_title),
        "title_markup": markup_of(title),
        "abstract": _abstract(document.find("Abstract")),
        "abstract_markup": _abstract_markup(document.find("Abstract")),
        "journal": text_of(book_title),
        "languages": [text_of(e) for e in document.findall("Language")],
        "authors": _authors(document.find("AuthorList[@Type='authors']")) or _authors(document.find("AuthorList")),
        "keywords": [text_of(e) for e in document.findall("KeywordList/Keyword")],
        "publication_types": [text_of(e) for e in document.findall("PublicationType")],
        "doi": ids.get("doi"),
        "pmc": ids.get("pmc"),
        "book_accession": ids.get("bookaccession"),
    }
    fields |= _date(date if date is not None else None if book is None else book.find("PubDate"))
    return _record(pmid, document.find("PMID"), fields, status=None, kind="book", offset=offset)


def text_of(element: Element | None) -> str:
    """All text inside *element*, runs of white space as one blank."""
    return "" if element is None else " ".join("".join(element.itertext()).split())


def markup_of(element: Element | None) -> str:
    """The inside of *element* with its tags, or nothing when it has none."""
    if element is None or len(element) == 0:
        return ""
    whole = tostring(element, encoding="unicode").strip()
    return " ".join(_OPEN_TAG.sub("", whole).split())


def _citation_fields(citation: Element, article: Element) -> dict[str, Any]:
    journal = article.find("Journal")
    journal = Element("Journal") if journal is None else journal
    issue = journal.find("JournalIssue")
    issue = Element("JournalIssue") if issue is None else issue
    fields: dict[str, Any] = {
        "title": text_of(article.find("ArticleTitle")),
        "title_markup": markup_of(article.find("ArticleTitle")),
        "vernacular_title": text_of(article.find("VernacularTitle")),
        "abstract": _abstract(article.find("Abstract")),
        "abstract_markup": _abstract_markup(article.find("Abstract")),
        "other_abstracts": [
            {"language": e.get("Language"), "type": e.get("Type"), "parts": _abstract(e)}
            for e in citation.findall("OtherAbstract")
        ],
        "journal": text_of(journal.find("Title")),
        "iso_abbreviation": text_of(journal.find("ISOAbbreviation"))
        or text_of(citation.find("MedlineJournalInfo/MedlineTA")),
        "issn": text_of(journal.find("ISSN")) or text_of(citation.find("MedlineJournalInfo/ISSNLinking")),
        "nlm_id": text_of(citation.find("MedlineJournalInfo/NlmUniqueID")),
        "volume": text_of(issue.find("Volume")),
        "issue": text_of(issue.find("Issue")),
        "pages": text_of(article.find("Pagination/MedlinePgn")) or _start_end(article.find("Pagination")),
        "languages": [text_of(e) for e in article.findall("Language")],
        "authors": _authors(article.find("AuthorList")),
        "mesh": [_heading(e) for e in citation.findall("MeshHeadingList/MeshHeading")],
        "keywords": [text_of(e) for e in citation.findall("KeywordList/Keyword")],
        "publication_types": [text_of(e) for e in article.findall("PublicationTypeList/PublicationType")],
        "comments_corrections": [
            {
                "type": e.get("RefType"),
                "pmid": text_of(e.find("PMID")),
                "source": text_of(e.find("RefSource")),
            }
            for e in citation.findall("CommentsCorrectionsList/CommentsCorrections")
        ],
        "databanks": [
            {
                "name": text_of(e.find("DataBankName")),
                "accessions": [text_of(a) for a in e.findall("AccessionNumberList/AccessionNumber")],
            }
            for e in article.findall("DataBankList/DataBank")
        ],
    }
    dated = _date(issue.find("PubDate"))
    if not dated.get("year"):
        dated["year"] = _date(article.find("ArticleDate")).get("year")
    return fields | dated


def _record(
    pmid: str,
    number: Element | None,
    fields: dict[str, Any],
    *,
    status: str | None,
    kind: str,
    offset: int | None,
) -> Record:
    version = (number.get("Version") if number is not None else None) or "1"
    fields = {"pmid": pmid, "version": version, "status": status, "record_type": kind} | fields
    fields = {name: value for name, value in fields.items() if value not in ("", None, [])}
    parts = fields.get("abstract", [])
    abstract = "\n".join(f"{p['label']}: {p['text']}" if p.get("label") else p["text"] for p in parts)
    accessions = " ".join(a for bank in fields.get("databanks", []) for a in bank["accessions"])
    types = tuple(fields.get("publication_types", ()))
    corrections = {c["type"] for c in fields.get("comments_corrections", ())}
    return Record(
        fields=fields,
        dialect="pubmed_xml",
        title=fields.get("title"),
        vernacular_title=fields.get("vernacular_title"),
        abstract=abstract or None,
        authors="; ".join(a["name"] for a in fields.get("authors", ())) or None,
        journal=fields.get("journal"),
        year=fields.get("year"),
        month=fields.get("month"),
        volume=fields.get("volume"),
        issue=fields.get("issue"),
        pages=fields.get("pages"),
        language="; ".join(fields.get("languages", ())) or None,
        pmid=pmid,
        doi=normalise_doi(fields.get("doi")),
        pmcid=fields.get("pmc"),
        registry_ids=tuple(dict.fromkeys(find_registry_ids(accessions) + find_registry_ids(abstract))),
        publication_types=types,
        mesh=tuple(h["term"] for h in fields.get("mesh", ())),
        keywords=tuple(fields.get("keywords", ())),
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/",
        status=status,
        retracted="Retracted Publication" in types or "RetractionIn" in corrections,
        record_type=kind,
        accession=pmid,
        version=int(version) if version.isdigit() else None,
        offset=offset,
    )


def _abstract(element: Element | None) -> list[dict[str, str]]:
    """The parts of an abstract: label, NLM's category and text."""
    parts = []
    for part in [] if element is None else element.findall("AbstractText"):
        named = {
            "label": part.get("Label", ""),
            "category": part.get("NlmCategory", ""),
            "text": text_of(part),
        }
        if named["text"] or named["label"]:
            parts.append({name: value for name, value in named.items() if value or name == "text"})
    return parts


def _abstract_markup(element: Element | None) -> list[str]:
    """The parts again with their tags, when any has one."""
    parts = [] if element is None else element.findall("AbstractText")
    return [markup_of(part) or text_of(part) for part in parts] if any(len(part) for part in parts) else []


def _authors(element: Element | None) -> list[dict[str, Any]]:
    """Authors in order with all their affiliations; those that NLM marked as wrong (ValidYN="N") are left out."""
    people = []
    for author in [] if element is None else element.findall("Author"):
        if author.get("ValidYN") == "N":
            continue
        last, initials = text_of(author.find("LastName")), text_of(author.find("Initials"))
        group = text_of(author.find("CollectiveName"))
        named = {
            "name": f"{last} {initials}".strip() or group,
            "fore": text_of(author.find("ForeName")),
            "collective": group,
            "identifiers": [text_of(e) for e in author.findall("Identifier")],
            "affiliations": [text_of(e) for e in author.findall("AffiliationInfo/Affiliation")]
            or [text_of(e) for e in author.findall("Affiliation")],
        }
        if named["name"]:
            people.append({name: value for name, value in named.items() if value not in ("", [])})
    return people


def _heading(element: Element) -> dict[str, Any]:
    descriptor = element.find("DescriptorName")
    qualifiers = element.findall("QualifierName")
    major = any(e.get("MajorTopicYN") == "Y" for e in element)
    return {
        "term": text_of(descriptor),
        "ui": descriptor.get("UI", "") if descriptor is not None else "",
        "qualifiers": [text_of(e) for e in qualifiers],
        "major": major,
    }


def _own_ids(element: Element | None) -> dict[str, str]:
    """Id type → id of a record's own list: direct children only."""
    children = [] if element is None else element.findall("ArticleId")
    return {e.get("IdType", ""): text_of(e) for e in children if text_of(e)}


def _e_location(article: Element) -> str:
    for element in article.findall("ELocationID"):
        if element.get("EIdType") == "doi" and element.get("ValidYN") != "N":
            return text_of(element)
    return ""


def _start_end(element: Element | None) -> str:
    if element is None:
        return ""
    return "-".join(filter(None, (text_of(element.find("StartPage")), text_of(element.find("EndPage")))))


def _date(element: Element | None) -> dict[str, Any]:
    """Year, month (or season) and the free date that some journals print, such as "1998 Dec-1999 Jan"."""
    if element is None:
        return {}
    free = text_of(element.find("MedlineDate"))
    year = _YEAR.search(text_of(element.find("Year")) or free)
    month = text_of(element.find("Month")) or text_of(element.find("Season"))
    if not month and free and year:
        month = free.replace(year.group(0), "", 1).strip(" -")
    dated: dict[str, Any] = {"year": int(year.group(0)) if year else None, "month": month, "medline_date": free}
    return dated if year else dated | {"year_as_given": text_of(element.find("Year"))}
