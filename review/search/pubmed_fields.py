"""One PubmedArticle, MedlineCitation or PubmedBookArticle element into a record of 26 fields.

Text is always the whole text of an element with all that is nested in it: `.text` stops at the first tag and
cuts titles such as "Effect of <i>n</i>-3 acids". A DOI is taken only from the record's own list of ids,
because a reference list carries one such list for each paper that it cites. Children are gone through once
and sorted by tag, because a search per field costs more than the parse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, tostring

from review.search.pubmed_record import DEEPEST, Fields, dated, one_line, person, pubmed_record
from review.search.records import Record

_OPEN_TAG = re.compile(r"^<[^>]*>|</[^>]*>\s*$")
_Children = dict[str, list[Element]]
_NONE: list[Element] = []


def article_record(element: Element, *, offset: int | None = None) -> Record | None:
    """The record of a PubmedArticle or a bare MedlineCitation; None without a PMID."""
    citation = element if element.tag == "MedlineCitation" else element.find("MedlineCitation")
    if citation is None:
        return None
    parts = _sorted(citation)
    number = parts.get("PMID", _NONE)
    pmid = _first(number)
    if not pmid:
        return None
    article = _first_sorted(parts.get("Article"))
    ids = _own_ids(element.find("PubmedData/ArticleIdList"))
    fields = _article_fields(article)
    _add_citation_fields(fields, parts)
    fields["doi"] = ids.get("doi") or _e_location(article.get("ELocationID", _NONE))
    fields["pmc"] = ids.get("pmc")
    version = number[0].get("Version")
    return pubmed_record(pmid, version, fields, status=citation.get("Status"), kind="article", offset=offset)


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
    abstract = document.find("Abstract")
    fields: Fields = {
        "title": text_of(title) or text_of(book_title),
        "title_markup": markup_of(title),
        "abstract": _abstract(abstract),
        "abstract_markup": _abstract_markup(abstract),
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
    number = document.find("PMID")
    version = None if number is None else number.get("Version")
    return pubmed_record(pmid, version, fields, status=None, kind="book", offset=offset)


def text_of(element: Element | None) -> str:
    """All text inside *element*, runs of white space as one blank."""
    if element is None:
        return ""
    text = "".join(element.itertext()) if len(element) else element.text
    if not text:
        return ""
    return text if text.isalnum() else one_line(text)


def markup_of(element: Element | None) -> str:
    """The inside of *element* with its tags, or nothing when it has none."""
    if element is None or len(element) == 0 or _is_deep(element):
        return ""
    element.tail = None  # what stands behind the element is none of its inside
    whole = tostring(element, encoding="unicode").strip()
    return " ".join(_OPEN_TAG.sub("", whole).split())


def _is_deep(element: Element) -> bool:
    level = [element]
    for _ in range(DEEPEST):
        level = [child for one in level for child in one]
        if not level:
            return False
    return True


def _sorted(element: Element | None) -> _Children:
    """The children by tag, each in order."""
    found: _Children = {}
    for child in _NONE if element is None else element:
        tag = child.tag
        if tag in found:
            found[tag].append(child)
        else:
            found[tag] = [child]
    return found


def _first_sorted(elements: list[Element] | None) -> _Children:
    return _sorted(elements[0]) if elements else {}


def _first(elements: list[Element] | None) -> str:
    return text_of(elements[0]) if elements else ""


def _inside(elements: list[Element] | None, tag: str) -> Iterator[Element]:
    """The children called *tag* of all *elements*."""
    return (child for element in elements or _NONE for child in element if child.tag == tag)


def _article_fields(article: _Children) -> Fields:
    journal = _first_sorted(article.get("Journal"))
    issue = _first_sorted(journal.get("JournalIssue"))
    titles, abstracts = article.get("ArticleTitle"), article.get("Abstract")
    abstract = abstracts[0] if abstracts else None
    fields: Fields = {
        "title": _first(titles),
        "title_markup": markup_of(titles[0]) if titles else "",
        "vernacular_title": _first(article.get("VernacularTitle")),
        "abstract": _abstract(abstract),
        "abstract_markup": _abstract_markup(abstract),
        "journal": _first(journal.get("Title")),
        "iso_abbreviation": _first(journal.get("ISOAbbreviation")),
        "issn": _first(journal.get("ISSN")),
        "volume": _first(issue.get("Volume")),
        "issue": _first(issue.get("Issue")),
        "pages": _pages(article.get("Pagination", _NONE)),
        "languages": [text_of(e) for e in article.get("Language", _NONE)],
        "authors": _authors(article["AuthorList"][0]) if "AuthorList" in article else [],
        "publication_types": [text_of(e) for e in _inside(article.get("PublicationTypeList"), "PublicationType")],
        "databanks": [
            {
                "name": text_of(e.find("DataBankName")),
                "accessions": [text_of(a) for a in e.findall("AccessionNumberList/AccessionNumber")],
            }
            for e in _inside(article.get("DataBankList"), "DataBank")
        ],
    }
    fields |= _date(issue["PubDate"][0] if "PubDate" in issue else None)
    if not fields.get("year"):
        fields["year"] = _date(article["ArticleDate"][0]).get("year") if "ArticleDate" in article else None
    return fields


def _add_citation_fields(fields: Fields, citation: _Children) -> None:
    journals = citation.get("MedlineJournalInfo")
    if journals:
        info = _sorted(journals[0]) if len(journals) == 1 else _merged(journals)
        fields["iso_abbreviation"] = fields["iso_abbreviation"] or _first(info.get("MedlineTA"))
        fields["issn"] = fields["issn"] or _first(info.get("ISSNLinking"))
        fields["nlm_id"] = _first(info.get("NlmUniqueID"))
    fields["mesh"] = [_heading(e) for e in _inside(citation.get("MeshHeadingList"), "MeshHeading")]
    fields["keywords"] = [text_of(e) for e in _inside(citation.get("KeywordList"), "Keyword")]
    fields["comments_corrections"] = [
        {
            "type": e.get("RefType"),
            "pmid": text_of(e.find("PMID")),
            "source": text_of(e.find("RefSource")),
        }
        for e in _inside(citation.get("CommentsCorrectionsList"), "CommentsCorrections")
    ]
    fields["other_abstracts"] = [
        {"language": e.get("Language"), "type": e.get("Type"), "parts": _abstract(e)}
        for e in citation.get("OtherAbstract", _NONE)
    ]


def _merged(elements: list[Element]) -> _Children:
    found: _Children = {}
    for element in elements:
        for child in element:
            found.setdefault(child.tag, []).append(child)
    return found


def _abstract(element: Element | None) -> list[dict[str, str]]:
    """The parts of an abstract: label, NLM's category and text."""
    parts = []
    for part in _NONE if element is None else element:
        if part.tag != "AbstractText":
            continue
        text, label, category = text_of(part), part.get("Label"), part.get("NlmCategory")
        if not text and not label:
            continue
        named = {"text": text}
        if label:
            named["label"] = label
        if category:
            named["category"] = category
        parts.append(named)
    return parts


def _abstract_markup(element: Element | None) -> list[str]:
    """The parts again with their tags, when any has one."""
    parts = [] if element is None else element.findall("AbstractText")
    return [markup_of(part) or text_of(part) for part in parts] if any(len(part) for part in parts) else []


def _authors(element: Element | None) -> list[dict[str, Any]]:
    """Authors in order with all their affiliations; those that NLM marked as wrong (ValidYN="N") are left out."""
    people = []
    for author in _NONE if element is None else element:
        if author.tag != "Author" or author.get("ValidYN") == "N":
            continue
        last = initials = fore = group = None
        identifiers: list[str] = []
        affiliations: list[str] = []
        older: list[str] = []
        for child in author:
            tag = child.tag
            if tag == "LastName":
                last = text_of(child) if last is None else last
            elif tag == "ForeName":
                fore = text_of(child) if fore is None else fore
            elif tag == "Initials":
                initials = text_of(child) if initials is None else initials
            elif tag == "AffiliationInfo":
                affiliations += [text_of(e) for e in child if e.tag == "Affiliation"]
            elif tag == "Identifier":
                identifiers.append(text_of(child))
            elif tag == "CollectiveName":
                group = text_of(child) if group is None else group
            elif tag == "Affiliation":
                older.append(text_of(child))
        if named := person(last, initials, fore, group, identifiers, affiliations or older):
            people.append(named)
    return people


def _heading(element: Element) -> dict[str, Any]:
    term, ui, major = None, "", False
    qualifiers = []
    for child in element:
        tag = child.tag
        if not major and child.get("MajorTopicYN") == "Y":
            major = True
        if tag == "QualifierName":
            qualifiers.append(text_of(child))
        elif tag == "DescriptorName" and term is None:
            term, ui = text_of(child), child.get("UI", "")
    return {"term": term or "", "ui": ui, "qualifiers": qualifiers, "major": major}


def _own_ids(element: Element | None) -> dict[str, str]:
    """Id type → id of a record's own list: direct children only."""
    children = _NONE if element is None else element
    return {e.get("IdType", ""): text for e in children if e.tag == "ArticleId" and (text := text_of(e))}


def _e_location(elements: list[Element]) -> str:
    for element in elements:
        if element.get("EIdType") == "doi" and element.get("ValidYN") != "N":
            return text_of(element)
    return ""


def _pages(elements: list[Element]) -> str:
    printed = next((text_of(e) for e in _inside(elements, "MedlinePgn")), "")
    if printed or not elements:
        return printed
    return "-".join(filter(None, (text_of(elements[0].find(tag)) for tag in ("StartPage", "EndPage"))))


def _date(element: Element | None) -> Fields:
    if element is None:
        return {}
    found = _sorted(element)
    return dated(
        _first(found.get("Year")),
        _first(found.get("Month")) or _first(found.get("Season")),
        _first(found.get("MedlineDate")),
    )
