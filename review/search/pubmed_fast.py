"""One slice of PubMed XML into a record through pygixml, the quick engine of the extra `fast`.

pygixml turns a whole record into nested dicts in one call, and one look-up in a dict costs less than one step in
a tree. What the dicts cannot say (where an inline tag stands in its text) is read again from pygixml's tree, for
titles and abstracts only; what is rarer still goes to ElementTree, and so does all that is not plain (see
`pubmed_regular`): its word is the last. The fields are those of `pubmed_fields`, found in the same order; the
tests hold the two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from pygixml import XMLDocument, XMLNode
from pygixml.dictify import parse as dicts_of

from review.search.pubmed_marked import Tree, markup, node_text
from review.search.pubmed_record import Fields, dated, one_line, person, pubmed_record
from review.search.records import Record

# the dicts are made by recursion: in this many bytes nobody nests so deep that the stack is full
_LONGEST = 40_000
# a reference that is not surely right: pygixml lets every wrong one stand as it is
_REFERENCE = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos);|#(?:x(?:[a-fA-F][0-9a-fA-F]|0?[1-9a-cA-C][0-9a-fA-F]{2}|[1-9a-cA-C][0-9a-fA-F]{3})"
    r"|[1-9][0-9]{2,3});)"
)
# the keys of an element that has no tag inside
_FLAT = frozenset(
    {"#text", "@UI", "@MajorTopicYN", "@Type", "@Version", "@ValidYN", "@EIdType", "@IdType", "@Label", "@NlmCategory"}
    | {"@Source", "@IssnType", "@DateType", "@book", "@part", "@sec"}
)
_Dict = dict[str, Any]
_EMPTY: _Dict = {}
_NONE: list[Any] = []


class _Nested(Exception):
    """An element has tags inside where few records have any: no error, but the way out to ElementTree."""


def quick_reader() -> Callable[[bytes, bytes, int], Record | None]:
    """A function from the kind, bytes and offset of a plain slice to its record, or None: ElementTree should look."""
    return partial(_record, XMLDocument())


def _record(document: XMLDocument, kind: bytes, content: bytes, offset: int) -> Record | None:
    if len(content) > _LONGEST or (kind != b"PubmedArticle" and kind != b"MedlineCitation"):
        return None
    try:
        text = content.decode()
        if "&" in text and _REFERENCE.search(text):
            return None
        if not text.isascii() and ("\ufffe" in text or "\uffff" in text):
            return None
        (root,) = dicts_of(text).values()
        return None if type(root) is not dict else _built(document, text, root, kind == b"MedlineCitation", offset)
    except (ValueError, _Nested):  # no UTF-8, not well-formed
        return None


def _built(document: XMLDocument, whole: str, root: _Dict, is_bare: bool, offset: int) -> Record | None:
    citation = root if is_bare else _one(root, "MedlineCitation")
    numbers = _all(citation, "PMID")
    pmid = _text(numbers[0]) if numbers else ""
    if not pmid:
        return None
    article = _one(citation, "Article")
    fields = _article_fields(article, Tree(document, whole))
    _add_citation_fields(fields, citation)
    ids = _own_ids(root)
    fields["doi"] = ids.get("doi") or _e_location(article)
    fields["pmc"] = ids.get("pmc")
    number = numbers[0]
    version = number.get("@Version") if type(number) is dict else None
    return pubmed_record(pmid, version, fields, status=citation.get("@Status"), kind="article", offset=offset)


def _all(parent: _Dict, tag: str) -> list[Any]:
    """The children called *tag*."""
    found = parent.get(tag, _NONE)
    return found if type(found) is list else [found]


def _one(parent: _Dict, tag: str) -> _Dict:
    """The first child called *tag*, for what stands in it; nothing stands in one that is not there."""
    found = parent.get(tag)
    if type(found) is list:
        found = found[0]
    return found if type(found) is dict else _EMPTY


def _inside(parent: _Dict, outer: str, tag: str) -> list[Any]:
    """The children called *tag* of all children called *outer*."""
    found = parent.get(outer)
    if type(found) is dict:
        inner = found.get(tag, _NONE)
        return inner if type(inner) is list else [inner]
    if type(found) is list:
        return [child for one in found if type(one) is dict for child in _all(one, tag)]
    return _NONE


def _text(element: Any) -> str:
    """All text of an element, runs of white space as one blank; raises _Nested when it has tags inside."""
    if type(element) is dict:
        if not element.keys() <= _FLAT and _is_nested(element):
            raise _Nested
        element = element.get("#text")
    if not element:  # an empty element is None
        return ""
    return element if element.isalnum() else one_line(element)


def _is_nested(element: Any) -> bool:
    return type(element) is dict and any(key[0] not in "@#" for key in element)


def _first(parent: _Dict, tag: str) -> str:
    found = parent.get(tag)
    if type(found) is str:
        return found if found.isalnum() else one_line(found)
    if type(found) is list:
        found = found[0]
    return _text(found) if found else ""


def _given(element: Any, name: str) -> str | None:
    return element.get(name) if type(element) is dict else None


def _article_fields(article: _Dict, tree: Tree) -> Fields:
    journal = _one(article, "Journal")
    issue = _one(journal, "JournalIssue")
    title = article.get("ArticleTitle")
    if type(title) is list:
        title = title[0]
    title_node = tree.marked("ArticleTitle")[0] if _is_nested(title) else None
    abstract = _one(article, "Abstract")
    parts = _all(abstract, "AbstractText")
    nodes = tree.marked("AbstractText", "Abstract") if any(_is_nested(part) for part in parts) else None
    fields: Fields = {
        "title": _text(title) if title_node is None else node_text(title_node),
        "title_markup": "" if title_node is None else markup(title_node),
        "vernacular_title": _first(article, "VernacularTitle"),
        "abstract": _abstract(parts, nodes),
        "abstract_markup": nodes and [markup(node) or node_text(node) for node in nodes],
        "journal": _first(journal, "Title"),
        "iso_abbreviation": _first(journal, "ISOAbbreviation"),
        "issn": _first(journal, "ISSN"),
        "volume": _first(issue, "Volume"),
        "issue": _first(issue, "Issue"),
        "pages": _pages(article),
        "languages": [_text(one) for one in _all(article, "Language")],
        "authors": _authors(_all(_one(article, "AuthorList"), "Author")),
        "publication_types": [_text(one) for one in _inside(article, "PublicationTypeList", "PublicationType")],
    }
    if "DataBankList" in article:
        fields["databanks"] = [_databank(one) for one in _inside(article, "DataBankList", "DataBank")]
    fields |= _date(issue, "PubDate")
    if not fields.get("year"):
        fields["year"] = _date(article, "ArticleDate").get("year")
    return fields


def _add_citation_fields(fields: Fields, citation: _Dict) -> None:
    info = citation.get("MedlineJournalInfo")
    if type(info) is list:
        raise _Nested
    if type(info) is dict:
        fields["iso_abbreviation"] = fields["iso_abbreviation"] or _first(info, "MedlineTA")
        fields["issn"] = fields["issn"] or _first(info, "ISSNLinking")
        fields["nlm_id"] = _first(info, "NlmUniqueID")
    fields["mesh"] = [_heading(one) for one in _inside(citation, "MeshHeadingList", "MeshHeading")]
    fields["keywords"] = [_text(one) for one in _inside(citation, "KeywordList", "Keyword")]
    fields["comments_corrections"] = [
        {
            "type": _given(one, "@RefType"),
            "pmid": _first(one, "PMID") if type(one) is dict else "",
            "source": _first(one, "RefSource") if type(one) is dict else "",
        }
        for one in _inside(citation, "CommentsCorrectionsList", "CommentsCorrections")
    ]
    fields["other_abstracts"] = [
        {
            "language": _given(one, "@Language"),
            "type": _given(one, "@Type"),
            "parts": _abstract(_all(one, "AbstractText"), None) if type(one) is dict else [],
        }
        for one in _all(citation, "OtherAbstract")
    ]


def _databank(element: Any) -> dict[str, Any]:
    bank = element if type(element) is dict else _EMPTY
    numbers = _inside(bank, "AccessionNumberList", "AccessionNumber")
    return {"name": _first(bank, "DataBankName"), "accessions": [_text(number) for number in numbers]}


def _abstract(elements: list[Any], nodes: list[XMLNode] | None) -> list[dict[str, str]]:
    """The parts of an abstract, with label and NLM's category; their text out of *nodes*, where there are any."""
    parts = []
    for place, element in enumerate(elements):
        text = _text(element) if nodes is None else node_text(nodes[place])
        label = category = None
        if type(element) is dict:
            label, category = element.get("@Label"), element.get("@NlmCategory")
        if not text and not label:
            continue
        named = {"text": text}
        if label:
            named["label"] = label
        if category:
            named["category"] = category
        parts.append(named)
    return parts


def _authors(elements: list[Any]) -> list[dict[str, Any]]:
    """Authors in order with all their affiliations; those that NLM marked as wrong (ValidYN="N") are left out."""
    people = []
    for author in elements:
        if type(author) is not dict or author.get("@ValidYN") == "N":
            continue
        affiliations = []
        if "AffiliationInfo" in author:
            affiliations = [_text(one) for one in _inside(author, "AffiliationInfo", "Affiliation")]
        if not affiliations and "Affiliation" in author:
            affiliations = [_text(one) for one in _all(author, "Affiliation")]
        named = person(
            _first(author, "LastName"),
            _first(author, "Initials"),
            _first(author, "ForeName"),
            _first(author, "CollectiveName") if "CollectiveName" in author else None,
            [_text(one) for one in _all(author, "Identifier")] if "Identifier" in author else _NONE,
            affiliations,
        )
        if named:
            people.append(named)
    return people


def _heading(element: Any) -> dict[str, Any]:
    if type(element) is not dict:
        return {"term": "", "ui": "", "qualifiers": [], "major": False}
    descriptor = element.get("DescriptorName")
    if len(element) == 1 and type(descriptor) is dict:  # most have no qualifier
        given = descriptor.get
        major = given("@MajorTopicYN") == "Y"
        return {"term": _text(descriptor), "ui": given("@UI") or "", "qualifiers": [], "major": major}
    term = ui = ""
    major = False
    qualifiers = []
    for key, child in element.items():
        for one in child if type(child) is list else (child,):
            if type(one) is dict and one.get("@MajorTopicYN") == "Y":
                major = True
        if key == "QualifierName":
            qualifiers = [_text(one) for one in (child if type(child) is list else (child,))]
        elif key == "DescriptorName":
            first = child[0] if type(child) is list else child
            term, ui = _text(first), _given(first, "@UI") or ""
    return {"term": term, "ui": ui, "qualifiers": qualifiers, "major": major}


def _own_ids(root: _Dict) -> dict[str, str]:
    """Id type → id of the record's own list: direct children only."""
    for data in _all(root, "PubmedData"):
        if type(data) is dict and "ArticleIdList" in data:
            ids = _all(_one(data, "ArticleIdList"), "ArticleId")
            return {_given(one, "@IdType") or "": text for one in ids if (text := _text(one))}
    return {}


def _e_location(article: _Dict) -> str:
    for one in _all(article, "ELocationID"):
        if type(one) is dict and one.get("@EIdType") == "doi" and one.get("@ValidYN") != "N":
            return _text(one)
    return ""


def _pages(article: _Dict) -> str:
    if "Pagination" not in article:
        return ""
    printed = _inside(article, "Pagination", "MedlinePgn")
    if printed and (text := _text(printed[0])):
        return text
    pagination = _one(article, "Pagination")
    return "-".join(filter(None, (_first(pagination, tag) for tag in ("StartPage", "EndPage"))))


def _date(parent: _Dict, tag: str) -> Fields:
    if tag not in parent:
        return {}
    date = _one(parent, tag)
    return dated(_first(date, "Year"), _first(date, "Month") or _first(date, "Season"), _first(date, "MedlineDate"))
