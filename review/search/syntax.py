"""The syntax of a PubMed query, as far as a mistake in it changes the question in silence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# the tags that a strategy needs, from PubMed's help; PubMed ignores an unknown one, and all records come back
_TAGS = frozenset(
    """
    tiab ti ab tw ot mesh mh majr mesh:noexp mh:noexp majr:noexp sh pt pt:noexp au ad la dp edat crdt pdat ta jour
    so nm rn si uid pmid sb filter aid doi all gr is ir lid pg vi ip tt title title/abstract
    1au lastau fau auid cn ed pa jid lr mhda dcom cois author affiliation journal language
    """.split()  # noqa: SIM905 - forty quoted words are harder to read
) | {
    "text word",
    "all fields",
    "other term",
    "publication type",
    "publication date",
    "mesh terms",
    "mesh terms:noexp",
    "mesh major topic",
    "mesh major topic:noexp",
}
MESH_TAGS = frozenset({"mesh", "mh", "majr", "sh", "mesh terms", "mesh major topic"})
TEXT_TAGS = frozenset({"tiab", "ti", "ab", "tw", "ot", "all", "title", "title/abstract"}) | {
    "text word",
    "all fields",
    "other term",
}
# PubMed counts words between others in these fields alone: "knee pain"[tiab:~3]
_NEAR = re.compile(r"^(?:tiab|ti|ad|title/abstract|title|affiliation):~\d+$")
_TAG = re.compile(r"\[([^\]]*)\]")
_TOKEN = re.compile(r'"[^"]*"(?:\[[^\]]*\])?|\(|\)|#\d+|[^\s()\[\]]+(?:\[[^\]]*\])?|\[[^\]]*\]')
_REFERENCE = re.compile(r"#\d+")
_OPERATORS = ("AND", "OR", "NOT")
_CURLED = re.compile("[\u201c\u201d\u201e\u201f\u00ab\u00bb]")
_SHORTEST = 4  # letters that PubMed wants before an asterisk


@dataclass(frozen=True)
class Fault:
    """A part that PubMed reads otherwise than it was meant, or not at all: its rule, its words, what is allowed."""

    rule: str
    words: str
    allowed: str


@dataclass(frozen=True)
class Term:
    """One term: its words without quotation marks, and its tag in lower case (none: an empty text)."""

    raw: str
    words: str
    tag: str
    quoted: bool

    @property
    def field(self) -> str:
        """The tag without `:noexp` or `:~3`."""
        return self.tag.split(":")[0]

    @property
    def near(self) -> bool:
        """Whether the words may stand apart: `[tiab:~3]`."""
        return ":~" in self.tag

    @property
    def is_text(self) -> bool:
        """Whether it is looked for in what the authors wrote; a term without a tag is."""
        return not self.tag or self.field in TEXT_TAGS

    @property
    def is_heading(self) -> bool:
        """Whether it is a MeSH heading."""
        return self.field in MESH_TAGS

    @property
    def heading(self) -> str:
        """The heading or type in lower case, in one spelling of its blanks."""
        return " ".join(self.words.lower().split())


@dataclass(frozen=True)
class Reference:
    """Another line: `#3`."""

    no: int


@dataclass(frozen=True)
class Group:
    """What stands on one level of brackets; *operator* joins its parts (the last one read, where they are mixed)."""

    operator: str
    parts: tuple[Node, ...]


Node = Term | Reference | Group


def faults(text: str) -> Iterator[Fault]:
    """Everything that is wrong with a query. After a quotation mark without its partner the rest is not read."""
    if text.count('"') % 2:
        yield Fault("P501", text[text.rindex('"') :][:60], "an even number of quotation marks")
        return
    bare = _bare(text)
    if curled := _CURLED.findall(bare):
        allowed = f'straight quotation marks (") in the place of {curled[0]}: use straight quotes'
        yield Fault("P502", " ".join(dict.fromkeys(curled)), allowed)
        straight = _CURLED.sub('"', text)
        if straight.count('"') % 2:
            return
        text, bare = straight, _bare(straight)
    for opening, closing in ("()", "[]"):
        if _unbalanced(bare, opening, closing):
            counts = f"{bare.count(opening)} {opening} and {bare.count(closing)} {closing}"
            yield Fault("P503", counts, f"balanced brackets: every {opening} has its {closing}")
    for tag in dict.fromkeys(_TAG.findall(bare)):
        if not _known(_plain(tag)):
            yield Fault("P504", f"[{tag}]", f"a known field tag, not [{tag}]: {', '.join(sorted(_TAGS))}")
    tokens = _TOKEN.findall(text)
    yield from _order_faults(tokens)
    yield from _word_faults(tokens)


def fault(text: str) -> str | None:
    """The first thing that is wrong with a query, as what would be allowed instead; None when nothing is."""
    return next((one.allowed for one in faults(text)), None)


def holds_mesh(text: str) -> bool:
    """Whether a term of the query is a MeSH term, however its tag is written: [Mesh], [mh], [majr:noexp], ..."""
    return any(_plain(tag).split(":")[0] in MESH_TAGS for tag in _TAG.findall(_bare(text)))


def terms(text: str) -> list[Term]:
    """The terms of a query in their order, as far as they can be told apart."""
    return [_term(token) for token in _joined(text) if _is_term(token)]


def parse(text: str) -> Group:
    """The query as a tree; brackets that do not match are closed at the end, and words without operator are joined."""
    return _group(iter(_joined(text)))


def _joined(text: str) -> list[str]:
    """The tokens of a query; words that share one tag, `knee pain[tiab]`, are one."""
    tokens: list[str] = []
    for token in _TOKEN.findall(_CURLED.sub('"', text)):
        bare = tokens and _is_term(tokens[-1]) and not tokens[-1].endswith("]") and '"' not in tokens[-1] + token
        if bare and _is_term(token):
            tokens[-1] += token if token.startswith("[") else f" {token}"
        else:
            tokens.append(token)
    return tokens


def _group(tokens: Iterator[str]) -> Group:
    operator, parts = "", list[Node]()
    for token in tokens:
        if token == ")":
            break
        if token == "(":
            parts.append(_group(tokens))
        elif token.upper() in _OPERATORS:
            if operator and operator != token.upper():  # PubMed reads from left to right
                parts = [Group(operator, tuple(parts))]
            operator = token.upper()
        elif _REFERENCE.fullmatch(token):
            parts.append(Reference(int(token[1:])))
        else:
            parts.append(_term(token))
    return Group(operator, tuple(parts))


def _term(token: str) -> Term:
    words, _, tag = token.partition("[") if not token.startswith('"') else _quoted(token)
    return Term(token, words.strip('"'), _plain(tag.rstrip("]")), token.startswith('"'))


def _quoted(token: str) -> tuple[str, str, str]:
    end = token.index('"', 1) + 1 if '"' in token[1:] else len(token)
    return token[:end], "[", token[end:].lstrip("[")


def _is_term(token: str) -> bool:
    return token not in ("(", ")") and token.upper() not in _OPERATORS and not _REFERENCE.fullmatch(token)


def _bare(text: str) -> str:
    """The query with nothing between its quotation marks."""
    return re.sub(r'"[^"]*"', '""', text)


def _plain(tag: str) -> str:
    return " ".join(tag.lower().split())


def _known(tag: str) -> bool:
    return tag in _TAGS or bool(_NEAR.match(tag))


def _unbalanced(text: str, opening: str, closing: str) -> bool:
    depth = 0
    for sign in text:
        depth += (sign == opening) - (sign == closing)
        if depth < 0:
            return True
    return depth != 0


def _order_faults(tokens: list[str]) -> Iterator[Fault]:
    """Operands and operators take turns, and one level of brackets holds one kind of operator."""
    kinds: list[set[str]] = [set()]
    wants_operand = True
    before = ""
    for token in tokens:
        if token == "(":
            if not wants_operand:
                yield Fault("P202", f"{before} (", "AND, OR or NOT before each opening bracket")
            kinds.append(set())
        elif token == ")":
            if wants_operand:
                yield Fault("P202", f"{before} )".strip(), "a term before each closing bracket")
            kinds = kinds[:-1] or [set()]
        elif token in _OPERATORS:
            if wants_operand:
                yield Fault("P202", f"{before} {token}".strip(), f"a term on both sides of {token}")
            yield from _mixed(kinds[-1], token)
            wants_operand, before = True, token
            continue
        elif token.upper() in _OPERATORS:
            yield Fault("P203", token, f"{token.upper()} in capitals")
            yield from _mixed(kinds[-1], token.upper())
            wants_operand, before = True, token
            continue
        elif not wants_operand:
            asked = f"AND, OR or NOT before {token[:40]!r}, or quotation marks around the phrase"
            yield Fault("P204", f"{before} {token}", asked)
        wants_operand, before = token == "(", token
    if wants_operand:
        yield Fault("P202", before, "a term at the end")


def _mixed(kinds: set[str], operator: str) -> Iterator[Fault]:
    """Add an operator to those of its level; a second kind is told of once."""
    if len(kinds) == 1 and operator not in kinds:
        mixed = "brackets where AND, OR and NOT meet: PubMed reads them from left to right"
        yield Fault("P201", f"{' '.join(kinds)} ... {operator}", mixed)
    kinds.add(operator)


def _word_faults(tokens: list[str]) -> Iterator[Fault]:
    """Every term carries a field tag, and a truncated one has at least four letters before the asterisk."""
    for place, token in enumerate(tokens):
        if not _is_term(token):
            continue
        if not token.endswith("]"):
            # `platelet plasma[tiab]` is told above: the words before the tag share it
            after = tokens[place + 1] if place + 1 < len(tokens) else ""
            shared = after.startswith("[") or (bool(after) and _is_term(after) and not token.startswith('"'))
            if not shared:
                named = (
                    f"a field tag after {token[:40]!r}, such as [tiab]: without one PubMed maps the words as it likes"
                )
                yield Fault("P401", token, named)
            continue
        term = _term(token)
        if "*" in term.words and len(term.words.split("*")[0]) < _SHORTEST:
            yield Fault("P402", token, f"at least four letters before the asterisk of {term.words!r}")
        if term.near and (not term.quoted or "*" in term.words or " " not in term.words.strip()):
            yield Fault("P206", token, "two or more words in quotation marks, without an asterisk, before a distance")
