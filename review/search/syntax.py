"""The syntax of a PubMed query, as far as a mistake in it changes the question in silence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from review.search.other_databases import foreign, with_signs
from review.search.pubmed_tags import MESH_FIELDS, NEAR_FIELDS, SHORT, TEXT_FIELDS, canonical, known

_TAG = re.compile(r"\[([^\]]*)\]")
_TAGGED = r"(?:\s*\[[^\]]*\])"  # PubMed takes a blank before the tag, and Cochrane prints its filters so
_DAY = r"(?:\"\s*\d[^\"]*\"|\d[\d/.-]*)"
_RANGE = re.compile(rf"({_DAY}){_TAGGED}?\s*:\s*({_DAY}){_TAGGED}")
_OPERATOR = r"(?:AND|OR|NOT)(?![^\s()\"])"
_TOKEN = re.compile(
    rf"{_DAY}{_TAGGED}?\s*:\s*{_DAY}{_TAGGED}|\"[^\"]*\"{_TAGGED}?|\(|\)|#\d+|{_OPERATOR}"
    rf"|[^\s()\[\]\"]+{_TAGGED}?|\[[^\]]*\]",
    re.IGNORECASE,
)
_LAST_TAG = re.compile(r"\s*\[([^\[\]]*)\]$")
_REFERENCE = re.compile(r"#\d{1,4}")
_OPERATORS = ("AND", "OR", "NOT")
_CURLED = re.compile("[\u201c\u201d\u201e\u201f\u00ab\u00bb]")
_UNTAGGED = {"hasabstract"}  # what PubMed's help writes without a tag
_SHORTEST = 4  # letters that PubMed wants before an asterisk
# Ovid's signs for one letter or for any: osteoarthrit$, wom?n, arthros#s
_WILD = re.compile(r"[^\W\d]{3,}\$\d*(?!\w)|[^\W\d]{2,}[?#](?=[^\W\d])")
_WILD_BARE = re.compile(rf"{_WILD.pattern}|[^\W\d]{{3,}}[?#]$")


@dataclass(frozen=True)
class Fault:
    """A part that PubMed reads otherwise than it was meant, or not at all: its rule, its words, what is allowed.

    `wrong` and `mend` stand where the words of the rule would be too general.
    """

    rule: str
    words: str
    allowed: str
    wrong: str = ""
    mend: str = ""


@dataclass(frozen=True)
class Term:
    """One term: its words without quotation marks, and its tag by its short name (none: an empty text).

    `written` is the tag in the letters of the strategy.
    """

    raw: str
    words: str
    tag: str
    quoted: bool
    written: str

    @property
    def field(self) -> str:
        """The short name of the tag, without `:noexp` or `:~3`."""
        return self.tag.split(":")[0]

    @property
    def near(self) -> bool:
        """Whether the words may stand apart: `[tiab:~3]`."""
        return ":~" in self.tag

    @property
    def is_text(self) -> bool:
        """Whether it is looked for in what the authors wrote; a term without a tag is."""
        return not self.tag or self.field in TEXT_FIELDS

    @property
    def is_heading(self) -> bool:
        """Whether it is a MeSH heading."""
        return self.field in MESH_FIELDS

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
        text = _CURLED.sub('"', text)
        if text.count('"') % 2:
            return
        bare = _bare(text)
    if other := _elsewhere(text):
        yield other
        return
    for opening, closing in ("()", "[]"):
        if _unbalanced(bare, opening, closing):
            counts = f"{bare.count(opening)} {opening} and {bare.count(closing)} {closing}"
            yield Fault("P503", counts, f"balanced brackets: every {opening} has its {closing}")
    for tag in dict.fromkeys(_TAG.findall(bare)):
        if not known(tag):
            allowed = f"a known field tag, not [{tag}]: {', '.join(SHORT)}, or its full name"
            near = ":~" in canonical(tag)
            wrong = "PubMed counts distances in [tiab], [ti] and [ad] alone" if near else ""
            yield Fault("P504", f"[{tag}]", allowed, wrong)
    tokens = _joined(text)
    yield from _order_faults(tokens)
    yield from _word_faults(tokens)


def readable(text: str) -> bool:
    """Whether the terms of a line can be told apart: its quotation marks are in pairs and it is written for PubMed."""
    straight = _CURLED.sub('"', text)
    return bool(text) and text.count('"') % 2 == straight.count('"') % 2 == 0 and not _elsewhere(straight)


def fault(text: str) -> str | None:
    """The first thing that is wrong with a query, as what would be allowed instead; None when nothing is."""
    return next((one.allowed for one in faults(text)), None)


def holds_mesh(text: str) -> bool:
    """Whether a term of the query is a MeSH term, however its tag is written: [Mesh], [mh], [majr:noexp], ..."""
    return any(canonical(tag).split(":")[0] in MESH_FIELDS for tag in _TAG.findall(_bare(text)))


def terms(text: str) -> list[Term]:
    """The terms of a query in their order, as far as they can be told apart."""
    return [_term(token) for token in _joined(text) if _is_term(token)]


def ands_after_not(text: str) -> bool:
    """Whether AND follows a NOT on one level of brackets: `a NOT b AND c` is (a NOT b) AND c."""
    levels: list[list[str]] = [[]]
    for token in _joined(text):
        if token == "(":
            levels.append([])
        elif token == ")":
            levels = levels[:-1] or [[]]
        elif token.upper() in _OPERATORS:
            if token.upper() == "AND" and "NOT" in levels[-1]:
                return True
            levels[-1].append(token.upper())
    return False


def parse(text: str) -> Group:
    """The query as a tree; brackets that do not match are closed at the end, and words without operator are joined."""
    return _group(iter(_joined(text)))


def _elsewhere(text: str) -> Fault | None:
    """A line that was written for another database, where the rest would be told wrongly."""
    if (numbered := with_signs(text)) is not None:
        allowed = f"each number with its sign: {numbered}"
        return Fault("P514", text[:60], allowed, mend=f"write {numbered[:200]}")
    if (sign := foreign(text)) is not None:
        words, whose, instead = sign
        wrong = f"this looks like {whose}; the rest of the line was not looked at"
        return Fault("P513", words, f"PubMed's own words, not those of {whose}: {instead}", wrong, f"write {instead}")
    return None


def _joined(text: str) -> list[str]:
    """The tokens of a query; words that share one tag, `knee pain[tiab]`, are one."""
    tokens: list[str] = []
    for token in _TOKEN.findall(_CURLED.sub('"', text)):
        open_ended = tokens and _is_term(tokens[-1]) and not tokens[-1].endswith("]") and '"' not in tokens[-1] + token
        if open_ended and _is_term(token) and not token.startswith("["):
            tokens[-1] += f" {token}"
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
    if dates := _RANGE.fullmatch(token):
        words = ":".join(day.strip('" ') for day in dates.groups())
    else:
        words = _LAST_TAG.sub("", token) if token.endswith("]") else token
    tag = found[1].strip() if token.endswith("]") and (found := _LAST_TAG.search(token)) else ""
    return Term(token, words.strip('"'), canonical(tag), token.startswith('"') and not dates, tag)


def _is_term(token: str) -> bool:
    return token not in ("(", ")") and token.upper() not in _OPERATORS and not _REFERENCE.fullmatch(token)


def _bare(text: str) -> str:
    """The query with nothing between its quotation marks."""
    return re.sub(r'"[^"]*"', '""', text)


def _unbalanced(text: str, opening: str, closing: str) -> bool:
    depth = 0
    for sign in text:
        depth += (sign == opening) - (sign == closing)
        if depth < 0:
            return True
    return depth != 0


def _order_faults(tokens: list[str]) -> Iterator[Fault]:
    """Operands and operators take turns, and one level of brackets holds one kind of operator."""
    levels: list[list[str]] = [[]]
    wants_operand = True
    before = ""
    for token in tokens:
        if token == "(":
            if not wants_operand:
                yield Fault("P202", f"{before} (", "AND, OR or NOT before each opening bracket")
            levels.append([])
        elif token == ")":
            if wants_operand:
                yield Fault("P202", f"{before} )".strip(), "a term before each closing bracket")
            levels = levels[:-1] or [[]]
        elif token in _OPERATORS:
            if wants_operand:
                yield Fault("P202", f"{before} {token}".strip(), f"a term on both sides of {token}")
            yield from _mixed(levels[-1], token)
            wants_operand, before = True, token
            continue
        elif token.upper() in _OPERATORS:
            yield Fault("P203", token, f"{token.upper()} in capitals")
            yield from _mixed(levels[-1], token.upper())
            wants_operand, before = True, token
            continue
        elif not wants_operand:
            yield _unjoined(before, token)
        wants_operand, before = token == "(", token
    if wants_operand:
        yield Fault("P202", before, "a term at the end")


def _unjoined(before: str, token: str) -> Fault:
    """Two terms without an operator, or a tag on a whole bracket."""
    if token.startswith("[") and before == ")":
        wrong = "a tag belongs to one term, not to a bracket"
        return Fault(
            "P204", f"{before}{token}", f"a tag at each term, not {token} at a bracket", wrong, "tag each term"
        )
    asked = f"AND, OR or NOT before {token[:40]!r}, or quotation marks around the phrase"
    wrong = "PubMed joins what stands side by side by AND, or looks it up as a phrase"
    return Fault("P204", f"{before} {token}", asked, wrong, "write AND, OR or NOT between them")


def _mixed(level: list[str], operator: str) -> Iterator[Fault]:
    """Add an operator to those of its level; OR beside another kind is told of once.

    `a AND b NOT c` is one set however it is read; AND after a NOT is for the lint.
    """
    kinds = set(level)
    told = len(kinds) == len(_OPERATORS)
    if told or kinds <= {operator} or kinds | {operator} == {"AND", "NOT"}:
        level.append(operator)
    else:
        asked = "brackets where AND, OR and NOT meet: PubMed reads them from left to right"
        yield Fault("P201", f"{level[-1]} ... {operator}", asked)
        level[:] = _OPERATORS


def _word_faults(tokens: list[str]) -> Iterator[Fault]:
    """Every term has words that PubMed can look for, and carries a field tag."""
    for place, token in enumerate(tokens):
        if not _is_term(token):
            continue
        term = _term(token)
        if not re.search(r"\w", term.words):
            before = tokens[place - 1] if place else "("
            if not token.startswith("[") or before == "(" or before.upper() in _OPERATORS:  # else it is told of above
                yield Fault("P512", token, f"a word to look for, not {token}")
            continue
        if not term.written and term.heading not in _UNTAGGED:
            named = f"a field tag after {token[:40]!r}, such as [tiab]: without one PubMed maps the words as it likes"
            yield Fault("P401", token, named)
        elif term.is_text and not term.quoted and " " in term.words:
            yield _side_by_side(term)
        if "*" in term.words and len(term.words.split("*")[0]) < _SHORTEST:
            yield Fault("P402", token, f"at least four letters before the asterisk of {term.words!r}")
        if term.is_text and (wild := (_WILD if term.quoted else _WILD_BARE).search(term.words)):
            sign = re.sub(r"\w", "", wild.group())
            yield Fault("P411", token, f"words without {sign}, a wildcard of another database, not {term.words!r}")
        if term.near and (not term.quoted or "*" in term.words or " " not in term.words.strip()):
            yield Fault("P206", token, "two or more words in quotation marks, without an asterisk, before a distance")


def _side_by_side(term: Term) -> Fault:
    """Words that share a tag of titles and abstracts; headings, types and names are looked up whole."""
    tag = f"[{term.written}]"
    ways = [
        f'"{term.words}"{tag}',
        " AND ".join(f"{word}{tag}" for word in term.words.split() if re.search(r"\w", word)),
    ]
    if term.field in NEAR_FIELDS and not term.near and "*" not in term.words:
        ways.append(f'"{term.words}"[{term.written}:~3]')
    mend = f"say which is meant: {', or '.join(ways)}; they find different sets"
    asked = f"AND, OR or NOT between the words of {term.words[:40]!r}, or quotation marks around the phrase"
    return Fault("P204", term.raw, asked, mend=mend)
