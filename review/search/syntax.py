"""The syntax of a PubMed query, as far as a mistake in it changes the question in silence."""

from __future__ import annotations

import re

# the tags that a strategy needs, from PubMed's help; PubMed ignores an unknown one, and all records come back
_TAGS = frozenset(
    """
    tiab ti ab tw ot mesh mh majr mesh:noexp mh:noexp majr:noexp sh pt pt:noexp au ad la dp edat crdt pdat ta jour
    so nm rn si uid pmid sb filter aid doi all gr is ir lid pg vi ip tt title title/abstract
    """.split()  # noqa: SIM905 - forty quoted words are harder to read
) | {
    "text word",
    "all fields",
    "publication type",
    "mesh terms",
    "mesh terms:noexp",
    "mesh major topic",
    "mesh major topic:noexp",
}
_MESH = frozenset({"mesh", "mh", "majr", "sh", "mesh terms", "mesh major topic"})
_TAG = re.compile(r"\[([^\]]*)\]")
_TOKEN = re.compile(r'"[^"]*"(?:\[[^\]]*\])?|\(|\)|#\d+|[^\s()\[\]]+(?:\[[^\]]*\])?|\[[^\]]*\]')
_OPERATORS = ("AND", "OR", "NOT")
_CURLED = re.compile("[\u201c\u201d\u201e\u201f\u00ab\u00bb]")


def fault(text: str) -> str | None:
    """What is wrong with a query, as what would be allowed instead; None when nothing is."""
    if text.count('"') % 2:
        return "an even number of quotation marks"
    bare = _bare(text)
    if curled := _CURLED.search(bare):
        return f'straight quotation marks (") in the place of {curled.group(0)}: use straight quotes'
    for opening, closing in ("()", "[]"):
        if _unbalanced(bare, opening, closing):
            return f"balanced brackets: every {opening} has its {closing}"
    for tag in _TAG.findall(bare):
        if _plain(tag) not in _TAGS:
            return f"a known field tag, not [{tag}]: {', '.join(sorted(_TAGS))}"
    return _order_fault(_TOKEN.findall(text)) or _word_fault(text)


def holds_mesh(text: str) -> bool:
    """Whether a term of the query is a MeSH term, however its tag is written: [Mesh], [mh], [majr:noexp], ..."""
    return any(_plain(tag).split(":")[0] in _MESH for tag in _TAG.findall(_bare(text)))


def _bare(text: str) -> str:
    """The query with nothing between its quotation marks."""
    return re.sub(r'"[^"]*"', '""', text)


def _plain(tag: str) -> str:
    return " ".join(tag.lower().split())


def _unbalanced(text: str, opening: str, closing: str) -> bool:
    depth = 0
    for sign in text:
        depth += (sign == opening) - (sign == closing)
        if depth < 0:
            return True
    return depth != 0


def _order_fault(tokens: list[str]) -> str | None:
    """Operands and operators take turns, and one level of brackets holds one kind of operator."""
    kinds: list[set[str]] = [set()]
    wants_operand = True
    for token in tokens:
        if token == "(":
            if not wants_operand:
                return "AND, OR or NOT before each opening bracket"
            kinds.append(set())
        elif token == ")":
            if wants_operand:
                return "a term before each closing bracket"
            kinds.pop()
        elif token in _OPERATORS:
            if wants_operand:
                return f"a term on both sides of {token}"
            kinds[-1].add(token)
            if len(kinds[-1]) > 1:
                return "brackets where AND, OR and NOT meet: PubMed reads them from left to right"
            wants_operand = True
            continue
        elif token.lower() in ("and", "or", "not"):
            return f"{token.upper()} in capitals"
        elif not wants_operand:
            return f"AND, OR or NOT before {token[:40]!r}, or quotation marks around the phrase"
        wants_operand = token == "("
    return "a term at the end" if wants_operand else None


def _word_fault(text: str) -> str | None:
    """Every term carries a field tag, and a truncated one has at least four letters before the asterisk."""
    for token in _TOKEN.findall(text):
        if token in ("(", ")", *_OPERATORS) or token.startswith("#"):
            continue
        if not token.endswith("]"):
            return f"a field tag after {token[:40]!r}, such as [tiab]: without one PubMed maps the words as it likes"
        term = token.split("[")[0].strip('"')
        if "*" in term and len(term.split("*")[0]) < 4:
            return f"at least four letters before the asterisk of {term!r}"
    return None
