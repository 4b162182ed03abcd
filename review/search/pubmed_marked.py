"""Text with tags inside, out of pygixml's tree: its whole text, and again with the tags as ElementTree writes them."""

from __future__ import annotations

from xml.sax.saxutils import escape

from pygixml import ParseFlags, XMLDocument, XMLNode

from review.search.pubmed_record import DEEPEST, one_line

# the default drops blank-only text between two inline tags
_FLAGS = int(ParseFlags.ESCAPES | ParseFlags.EOL | ParseFlags.CDATA | ParseFlags.WCONV_ATTRIBUTE | ParseFlags.WS_PCDATA)
_QUOTED = {'"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#09;"}


class Tree:
    """The same record as a tree of pygixml, made once and only where it is asked for.

    A second load would free the nodes of the first under those who hold them.
    """

    def __init__(self, document: XMLDocument, whole: str) -> None:
        self._document = document
        self._whole = whole
        self._article: XMLNode | None = None

    def marked(self, tag: str, inside: str = "") -> list[XMLNode]:
        """The elements called *tag* of the article, or of its first child called *inside*."""
        if self._article is None:
            self._document.load_string(self._whole, _FLAGS)
            root = self._document.first_child()
            citation = root if root.name == "MedlineCitation" else root.child("MedlineCitation")
            self._article = citation.child("Article")
        parent = self._article.child(inside) if inside else self._article
        return [node for node in parent.children() if node.name == tag]


def node_text(node: XMLNode) -> str:
    """All text inside *node*, runs of white space as one blank."""
    return one_line(node.text(True, ""))


def markup(node: XMLNode) -> str:
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
