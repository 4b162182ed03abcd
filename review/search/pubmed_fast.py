"""One slice of PubMed XML into a record through pygixml, the quick engine of the extra `fast`.

pygixml takes undefined entities, second roots and much else that XML forbids, so expat reads each slice first,
without building anything. What expat refuses, and what has namespaces, goes to ElementTree: its word is the last.
The fields are those of `pubmed_fields`, found in the same order; the tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from xml.parsers.expat import ExpatError, ParserCreate
from xml.sax.saxutils import escape

from pygixml import ParseFlags, XMLDocument, XMLNode

from review.search.pubmed_record import DEEPEST, Fields, dated, person, pubmed_record
from review.search.records import Record

# the default drops blank-only text between two inline tags
_FLAGS = int(ParseFlags.ESCAPES | ParseFlags.EOL | ParseFlags.CDATA | ParseFlags.WCONV_ATTRIBUTE | ParseFlags.WS_PCDATA)
_Children = dict[str | None, list[XMLNode]]
_NONE: list[XMLNode] = []
_QUOTED = {'"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#09;"}


def quick_reader() -> Callable[[bytes, bytes, int], Record | None]:
    """A function from the kind, bytes and offset of a slice to its record, or None: ElementTree should look."""
    return partial(_record, XMLDocument())


def _record(document: XMLDocument, kind: bytes, content: bytes, offset: int) -> Record | None:
    if kind not in (b"PubmedArticle", b"MedlineCitation"):
        return None
    try:
        ParserCreate(None, "}").Parse(content, True)
    except ExpatError:
        return None
    if b"xmlns" in content or not document.load_string(content.decode(), _FLAGS):
        return None
    root = document.first_child()
    citation = root if kind == b"MedlineCitation" else root.child("MedlineCitation")
    if citation is None:
        return None
    parts = _sorted(citation)
    pmid = _first(parts.get("PMID"))
    if not pmid:
        return None
    article = _first_sorted(parts.get("Article"))
    ids = _own_ids(root)
    fields = _article_fields(article)
    _add_citation_fields(fields, parts)
    fields["doi"] = ids.get("doi") or _e_location(article.get("ELocationID", _NONE))
    fields["pmc"] = ids.get("pmc")
    version, status = _given(parts["PMID"][0], "Version"), _given(citation, "Status")
    return pubmed_record(pmid, version, fields, status=status, kind="article", offset=offset)


def _text(node: XMLNode) -> str:
    """All text inside *node*, runs of white space as one blank."""
    text: str = node.text(True, "")
    return text if text.isalnum() else " ".join(text.split())


def _given(node: XMLNode, name: str) -> str | None:
    attribute = node.attribute(name)
    value: str | None = attribute.value
    # an attribute that is not there is an object without a name; an empty one has no value either
    return value if value or attribute.name is None else ""


def _sorted(node: XMLNode) -> _Children:
    """The children by tag, each in order."""
    found: _Children = {}
    for child in node.children():
        tag = child.name
        if tag in found:
            found[tag].append(child)
        else:
            found[tag] = [child]
    return found


def _first_sorted(nodes: list[XMLNode] | None) -> _Children:
    return _sorted(nodes[0]) if nodes else {}


def _first(nodes: list[XMLNode] | None) -> str:
    return _text(nodes[0]) if nodes else ""


def _inside(nodes: list[XMLNode] | None, tag: str) -> list[XMLNode]:
    """The children called *tag* of all *nodes*."""
    return [child for node in nodes or _NONE for child in node.children() if child.name == tag]


def _first_text(node: XMLNode, tag: str) -> str:
    child = node.child(tag)
    return "" if child is None else _text(child)


def _markup(node: XMLNode) -> str:
    """The inside of *node* with its tags, written as ElementTree writes it; nothing when it has none."""
    whole = _written(node, 0) if _has_tags(node) else None
    return "" if whole is None else " ".join(whole.split())


def _has_tags(node: XMLNode) -> bool:
    child = node.first_child()
    while child is not None:
        if child.name is not None:
            return True
        child = child.next_sibling
    return False


def _written(node: XMLNode, depth: int) -> str | None:
    if depth >= DEEPEST:
        return None
    parts = []
    child = node.first_child()
    while child is not None:
        tag = child.name
        if tag is None:
            parts.append(escape(child.value or ""))
        else:
            inner = _written(child, depth + 1)
            if inner is None:
                return None
            given = _attributes(child)
            parts.append(f"<{tag}{given}>{inner}</{tag}>" if inner else f"<{tag}{given} />")
        child = child.next_sibling
    return "".join(parts)


def _attributes(node: XMLNode) -> str:
    parts = []
    attribute = node.first_attribute()
    while attribute is not None and attribute.name:  # behind the last stands one without a name
        parts.append(f' {attribute.name}="{escape(attribute.value or "", _QUOTED)}"')
        attribute = attribute.next_attribute
    return "".join(parts)


def _article_fields(article: _Children) -> Fields:
    journal = _first_sorted(article.get("Journal"))
    issue = _first_sorted(journal.get("JournalIssue"))
    titles, abstracts = article.get("ArticleTitle"), article.get("Abstract")
    abstract, abstract_markup = _abstract(abstracts[0]) if abstracts else ([], [])
    fields: Fields = {
        "title": _first(titles),
        "title_markup": _markup(titles[0]) if titles else "",
        "vernacular_title": _first(article.get("VernacularTitle")),
        "abstract": abstract,
        "abstract_markup": abstract_markup,
        "journal": _first(journal.get("Title")),
        "iso_abbreviation": _first(journal.get("ISOAbbreviation")),
        "issn": _first(journal.get("ISSN")),
        "volume": _first(issue.get("Volume")),
        "issue": _first(issue.get("Issue")),
        "pages": _pages(article.get("Pagination", _NONE)),
        "languages": [_text(node) for node in article.get("Language", _NONE)],
        "authors": _authors(article["AuthorList"][0]) if "AuthorList" in article else [],
        "publication_types": [_text(node) for node in _inside(article.get("PublicationTypeList"), "PublicationType")],
        "databanks": [
            {
                "name": _first_text(node, "DataBankName"),
                "accessions": [
                    _text(number) for number in _inside(_inside([node], "AccessionNumberList"), "AccessionNumber")
                ],
            }
            for node in _inside(article.get("DataBankList"), "DataBank")
        ],
    }
    fields |= _date(issue["PubDate"][0] if "PubDate" in issue else None)
    if not fields.get("year"):
        fields["year"] = _date(article["ArticleDate"][0]).get("year") if "ArticleDate" in article else None
    return fields


def _add_citation_fields(fields: Fields, citation: _Children) -> None:
    for journal in citation.get("MedlineJournalInfo", _NONE):
        info = _sorted(journal)
        fields["iso_abbreviation"] = fields["iso_abbreviation"] or _first(info.get("MedlineTA"))
        fields["issn"] = fields["issn"] or _first(info.get("ISSNLinking"))
        fields["nlm_id"] = fields.get("nlm_id") or _first(info.get("NlmUniqueID"))
    fields["mesh"] = [_heading(node) for node in _inside(citation.get("MeshHeadingList"), "MeshHeading")]
    fields["keywords"] = [_text(node) for node in _inside(citation.get("KeywordList"), "Keyword")]
    fields["comments_corrections"] = [
        {
            "type": _given(node, "RefType"),
            "pmid": _first_text(node, "PMID"),
            "source": _first_text(node, "RefSource"),
        }
        for node in _inside(citation.get("CommentsCorrectionsList"), "CommentsCorrections")
    ]
    fields["other_abstracts"] = [
        {"language": _given(node, "Language"), "type": _given(node, "Type"), "parts": _abstract(node)[0]}
        for node in citation.get("OtherAbstract", _NONE)
    ]


def _abstract(node: XMLNode) -> tuple[list[dict[str, str]], list[str]]:
    """The parts of an abstract, with label and NLM's category; and again with their tags, when any has one."""
    parts, marked = [], []
    is_marked = False
    for part in node.children():
        if part.name != "AbstractText":
            continue
        text, label, category = _text(part), _given(part, "Label"), _given(part, "NlmCategory")
        with_tags = _has_tags(part)
        is_marked = is_marked or with_tags
        marked.append((_markup(part) if with_tags else "") or text)
        if not text and not label:
            continue
        named = {"text": text}
        if label:
            named["label"] = label
        if category:
            named["category"] = category
        parts.append(named)
    return parts, marked if is_marked else []


def _authors(node: XMLNode) -> list[dict[str, Any]]:
    """Authors in order with all their affiliations; those that NLM marked as wrong (ValidYN="N") are left out."""
    people = []
    for author in node.children():
        if author.name != "Author" or _given(author, "ValidYN") == "N":
            continue
        last = initials = fore = group = None
        identifiers: list[str] = []
        affiliations: list[str] = []
        older: list[str] = []
        for child in author.children():
            tag = child.name
            if tag == "LastName":
                last = _text(child) if last is None else last
            elif tag == "ForeName":
                fore = _text(child) if fore is None else fore
            elif tag == "Initials":
                initials = _text(child) if initials is None else initials
            elif tag == "AffiliationInfo":
                affiliations += [_text(inner) for inner in child.children() if inner.name == "Affiliation"]
            elif tag == "Identifier":
                identifiers.append(_text(child))
            elif tag == "CollectiveName":
                group = _text(child) if group is None else group
            elif tag == "Affiliation":
                older.append(_text(child))
        if named := person(last, initials, fore, group, identifiers, affiliations or older):
            people.append(named)
    return people


def _heading(node: XMLNode) -> dict[str, Any]:
    term, ui, major = None, "", False
    qualifiers = []
    for child in node.children():
        tag = child.name
        if not major and _given(child, "MajorTopicYN") == "Y":
            major = True
        if tag == "QualifierName":
            qualifiers.append(_text(child))
        elif tag == "DescriptorName" and term is None:
            term, ui = _text(child), _given(child, "UI") or ""
    return {"term": term or "", "ui": ui, "qualifiers": qualifiers, "major": major}


def _own_ids(root: XMLNode) -> dict[str, str]:
    """Id type → id of the record's own list: direct children only."""
    for data in root.children():
        if data.name == "PubmedData" and (ids := data.child("ArticleIdList")) is not None:
            return {
                _given(node, "IdType") or "": text
                for node in ids.children()
                if node.name == "ArticleId" and (text := _text(node))
            }
    return {}


def _e_location(nodes: list[XMLNode]) -> str:
    for node in nodes:
        if _given(node, "EIdType") == "doi" and _given(node, "ValidYN") != "N":
            return _text(node)
    return ""


def _pages(nodes: list[XMLNode]) -> str:
    printed = next((_text(node) for node in _inside(nodes, "MedlinePgn")), "")
    if printed or not nodes:
        return printed
    return "-".join(filter(None, (_first_text(nodes[0], tag) for tag in ("StartPage", "EndPage"))))


def _date(node: XMLNode | None) -> Fields:
    if node is None:
        return {}
    found = _sorted(node)
    return dated(
        _first(found.get("Year")),
        _first(found.get("Month")) or _first(found.get("Season")),
        _first(found.get("MedlineDate")),
    )
