"""What the lint looks for beyond what is refused: functions of a strategy that yield findings."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from review.search import wording
from review.search.dates import wrong_dates
from review.search.pubmed_tags import DATE_FIELDS
from review.search.strategy import Line, Strategy, span
from review.search.syntax import Group, Node, Reference, Term, ands_after_not, parse, readable, terms

# of more terms than this in one OR, not each is held against each: the list is a vocabulary, not a strategy
_EACH_WITH_EACH = 300
_MOST_BLOCKS, _MOST_TERMS, _MOST_SIGNS, _SHORTEST = 4, 50, 2500, 3
_LANGUAGE, _TYPES, _FILTERS = {"la"}, {"pt"}, {"filter"}
_ANIMALS = re.compile(r"^(animals?|animal experimentation|models, animal|animals, laboratory|disease models, animal)$")
_HUMANS = re.compile(r"^humans?$")
_PEOPLE = re.compile(r"^(humans?|patients?|clinical|people|subjects?)\*?$")
# words that tell a filter of trials: those are validated as they stand, so no single word of them is to be mended
_FILTER_WORDS = {"randomly", "placebo"}
_LOOK_ALIKE = {
    "\u2010": "a typographic hyphen",
    "\u2011": "a hyphen that does not break",
    "\u2013": "an en dash",
    "\u2014": "an em dash",
    "\u2212": "a minus sign",
    "\u2018": "a curled apostrophe",
    "\u2019": "a curled apostrophe",
    "\u200b": "a blank of no width",
    "\u00ad": "a hyphen that cannot be seen",
    "\ufeff": "a byte order mark",
}


@dataclass(frozen=True)
class Finding:
    """One remark before it has its place in the file: rule, line, the exact words, what is wrong, how to mend."""

    rule: str
    no: int
    words: str
    wrong: str
    mend: str


@dataclass(frozen=True)
class Reading:
    """A strategy with its terms told apart. *vocabulary* holds the ids that `covers` may name; empty: any."""

    strategy: Strategy
    vocabulary: Collection[str] = ()

    @cached_property
    def lines(self) -> list[Line]:
        """The lines whose terms can be told apart; the others have an error that says why."""
        return [line for line in self.strategy.lines if readable(line.text)]

    @cached_property
    def terms(self) -> dict[int, list[Term]]:
        """Number of a line → its terms."""
        return {line.no: terms(line.text) for line in self.lines}

    @cached_property
    def trees(self) -> dict[int, Group]:
        """Number of a line → its tree."""
        return {line.no: parse(line.text) for line in self.lines}

    @cached_property
    def blocks(self) -> dict[str, list[tuple[Line, Term]]]:
        """Block → every term of its lines."""
        found: dict[str, list[tuple[Line, Term]]] = {}
        for line in self.lines:
            found.setdefault(line.block, []).extend((line, term) for term in self.terms[line.no])
        return found

    def expand(self, node: Node, no: int) -> Node:
        """The node with a reference from line *no* followed and single brackets taken off."""
        if isinstance(node, Reference) and 1 <= node.no < no and node.no in self.trees:
            return self.expand(self.trees[node.no], node.no)
        if isinstance(node, Group) and len(node.parts) == 1:
            return self.expand(node.parts[0], no)
        return node


Check = Callable[[Reading], Iterator[Finding]]


def findings(reading: Reading) -> Iterator[Finding]:
    """Everything that a searcher should look at, rule by rule."""
    for check in _CHECKS:
        yield from check(reading)


def _question(reading: Reading) -> Iterator[Finding]:
    """P101 to P104: the blocks and what they stand for."""
    for line in reading.strategy.lines:
        for name in line.covers:
            if reading.vocabulary and name not in reading.vocabulary:
                yield Finding(
                    "P101", line.no, name, "no id of the vocabulary", "mend the id, or add it to the vocabulary"
                )
    worded = {block for block, found in reading.blocks.items() if found}
    last = len(reading.strategy.lines)
    for line in reading.lines:
        joined = [reading.strategy.line(no) for no in line.refers_to if 1 <= no < line.no]
        blocks = list(dict.fromkeys(other.block for other in joined))
        if line.combines and len(blocks) == 1 and len(joined) > 1 and line.block not in worded and line.no != last:
            wrong = f"the line joins lines of the block {blocks[0]!r} and names a block that has no words"
            yield Finding("P102", line.no, line.block, wrong, f"name the block {blocks[0]!r}")
        for group in _groups(reading.trees[line.no]):
            named = [
                reading.strategy.line(part.no).block
                for part in group.parts
                if isinstance(part, Reference) and 1 <= part.no < line.no
            ]
            mixed = list(dict.fromkeys(named))
            if group.operator == "OR" and len(mixed) > 1:
                wrong = f"OR joins the blocks {', '.join(map(repr, mixed))}: a record needs only one of them"
                mend = "join different concepts by AND, or name the blocks alike; AND finds fewer records"
                yield Finding("P103", line.no, line.text[:80], wrong, mend)
            elif group.operator == "AND" and len(mixed) > _MOST_BLOCKS:
                wrong = f"{len(mixed)} blocks are joined by AND; each may lose records that do not name it"
                mend = "leave out blocks that titles and abstracts often omit, such as outcomes; it finds more records"
                yield Finding("P104", line.no, line.text[:80], wrong, mend)


def _nots(reading: Reading) -> Iterator[Finding]:
    """P205, P207 and P604: what NOT takes away. Animals that are not humans may go."""
    taking = _taking(reading)
    for line in reading.lines:
        if ands_after_not(line.text):
            wrong = "PubMed reads from left to right: what follows AND bounds what NOT has left, not what it takes away"
            yield Finding("P207", line.no, line.text[:80], wrong, "put brackets around what is meant")
        for group in _groups(reading.trees[line.no], taken=line.no in taking):
            if group.operator == "NOT" and not _is_double(reading, group, line.no):
                for part in group.parts[1:]:
                    taken = reading.expand(part, line.no)
                    for one in taken.parts if isinstance(taken, Group) and taken.operator == "OR" else (taken,):
                        yield from _taken(reading, reading.expand(one, line.no), line.no)


def _taken(reading: Reading, node: Node, no: int) -> Iterator[Finding]:
    if isinstance(node, Group) and _is_double(reading, node, no):
        return
    if _only(reading, node, _ANIMALS, no):
        wrong = "trials in humans and animals carry both headings and are lost"
        yield Finding("P604", no, _shown(node), wrong, "NOT (animals[mh] NOT humans[mh]); this finds more records")
    else:
        wrong = "NOT takes away every record that has this anywhere, relevant ones too"
        mend = "leave it to the screening, or look at what it takes: run the line with AND in its place"
        yield Finding("P205", no, _shown(node), wrong, mend)


def _taking(reading: Reading) -> set[int]:
    """The lines that the search takes away and uses in no other way: what NOT spares in them is not lost."""
    ways: dict[int, set[bool]] = {}
    open_ways = [(len(reading.strategy.lines), False)]
    while open_ways:
        no, taken = open_ways.pop()
        if no not in reading.trees or taken in ways.setdefault(no, set()):
            continue
        ways[no].add(taken)
        open_ways += [(other, way) for other, way in _uses(reading.trees[no], taken=taken) if 1 <= other < no]
    return {no for no, found in ways.items() if found == {True}}


def _uses(group: Group, *, taken: bool) -> Iterator[tuple[int, bool]]:
    """(number of a line, whether it is taken away) for each line that a tree joins."""
    for at, part in enumerate(group.parts):
        way = taken != (group.operator == "NOT" and at > 0)
        if isinstance(part, Reference):
            yield part.no, way
        elif isinstance(part, Group):
            yield from _uses(part, taken=way)


def _headings(reading: Reading) -> Iterator[Finding]:
    """P302 to P306 and P606: subject headings beside text words."""
    unverified = [line.no for line in reading.strategy.lines if line.mesh == "unverified" and _has_mesh(reading, line)]
    if unverified:
        count = f"{len(unverified)} lines" if len(unverified) > 1 else "one line"
        wrong = f"MeSH terms that nobody has looked up, in {count}"
        mend = 'look each up in the MeSH browser, then write mesh = "verified"'
        yield Finding("P302", unverified[0], span(unverified), wrong, mend)
    for block, found in reading.blocks.items():
        # words beside other lines narrow what was found; a concept stands in lines of its own
        topics = [(line, t) for line, t in found if not line.refers_to and not (t.is_heading and _either(t))]
        texts = [t for _, t in topics if t.is_text]
        meshed = [(line, t) for line, t in topics if t.is_heading]
        typed = [(line, t) for line, t in topics if t.field in _TYPES]
        if meshed and not texts:
            wrong = f"the block {block!r} has headings alone: records that are not indexed, or not yet, are lost"
            mend = "join text words for the same concept by OR; this finds more records"
            yield Finding("P303", meshed[0][0].no, meshed[0][1].raw, wrong, mend)
        elif typed and not texts:
            wrong = f"the block {block!r} has publication types alone: trials that are not indexed yet are lost"
            mend = "join words such as randomly[tiab] OR placebo[tiab] by OR; this finds more records"
            yield Finding("P606", typed[0][0].no, typed[0][1].raw, wrong, mend)
        elif texts and not meshed and not typed:
            line, term = next((line, t) for line, t in topics if t.is_text)
            wrong = f"the block {block!r} has text words alone: records that say it in other words are lost"
            mend = "look for its headings in the MeSH browser and join them by OR; this finds more records"
            yield Finding("P304", line.no, term.raw, wrong, mend)
    for line, term in _terms(reading):
        if not term.is_heading or _either(term):
            continue
        if "*" in term.words:
            wrong = "a truncated heading does not bring its narrower terms"
            yield Finding("P306", line.no, term.raw, wrong, "write the headings out, joined by OR; the set changes")
        if term.field == "majr" or term.tag.endswith(":noexp"):
            what = "without its narrower terms" if term.tag.endswith(":noexp") else "where it is the major topic alone"
            wrong = f"the heading is searched {what}"
            yield Finding("P305", line.no, term.raw, wrong, "justify it in the report, or write [mh], which finds more")


def _asterisks(reading: Reading) -> Iterator[Finding]:
    """P403, P404, P406, P410: single terms."""
    for line, term in _terms(reading):
        if not term.is_text:
            continue
        *before, last = term.words.split() or [""]
        if any("*" in word for word in before):
            wrong = "the truncated word must be the last of its phrase; PubMed may drop the asterisk or the phrase"
            mend = "write the phrases out, joined by OR, and look at PubMed's translation"
            yield Finding("P403", line.no, term.raw, wrong, mend)
        elif "*" in last[:-1]:
            wrong = "PubMed truncates at the end of a word; elsewhere it may drop the asterisk or the word"
            mend = "write the spellings out, joined by OR, and look at PubMed's translation"
            yield Finding("P404", line.no, term.raw, wrong, mend)
        if wording.field(term) == "all":
            wrong = "all fields hold addresses, authors and journals too"
            mend = "write [tiab] or [tw], and the heading with [mh]; both find fewer records"
            yield Finding("P406", line.no, term.raw, wrong, mend)
        if not before and 0 < len(re.sub(r"\W", "", last)) < _SHORTEST and "*" not in last:
            wrong = "so short an abbreviation means many things"
            mend = "write the words out, or join the abbreviation to them by AND; the latter finds fewer records"
            yield Finding("P410", line.no, term.raw, wrong, mend)


def _forms(reading: Reading) -> Iterator[Finding]:
    """P405, P508, P509: other forms of a word that no term of the block finds. One remark for each line."""
    for block in reading.blocks.values():
        others = [term for _, term in block]
        for line in dict.fromkeys(line for line, _ in block):
            ours = [term for term in reading.terms[line.no] if term.is_text and not term.near]
            filters = any(term.heading in _FILTER_WORDS for term in ours)
            kinds = (
                ("P405", "in one number only", [] if filters else [(t, wording.other_number(t)) for t in ours]),
                ("P508", "in one spelling only", [(t, o) for t in ours for o in wording.other_spellings(t)]),
                ("P509", "in one form only", [(t, o) for t in ours for o in wording.other_hyphens(t)]),
            )
            for rule, wrong, pairs in kinds:
                if len(others) > 3 * _EACH_WITH_EACH:
                    continue
                lacking = [(t, o) for t, o in pairs if o is not None and not wording.covered(o, others)]
                if lacking:
                    yield _form(rule, line.no, wrong, lacking)


def _form(rule: str, no: int, wrong: str, lacking: Sequence[tuple[Term, Term]]) -> Finding:
    found = ", ".join(dict.fromkeys(term.raw for term, _ in lacking))
    add = " OR ".join(dict.fromkeys(wording.written(other) for _, other in lacking))
    mend = f"add OR {add}"
    short = [text for term, _ in lacking if (text := wording.truncated(term))] if rule == "P405" else []
    if len(short) == len(lacking):
        mend += f", or truncate: {' OR '.join(dict.fromkeys(short))}"
    return Finding(rule, no, found, wrong, f"{mend}; this finds more records")


def _repeats(reading: Reading) -> Iterator[Finding]:
    """P407 to P409: terms that add nothing to their OR."""
    for line in reading.lines:
        twice, short, parts = list[tuple[str, str]](), list[tuple[str, str]](), list[tuple[str, str]]()
        for group in _groups(reading.trees[line.no]):
            siblings = [part for part in group.parts if isinstance(part, Term)] if group.operator == "OR" else []
            seen = set[tuple[str, str, str]]()
            for term in siblings:
                if wording.identity(term) in seen:
                    twice.append((term.raw, ""))
                    continue
                seen.add(wording.identity(term))
                if len(siblings) > _EACH_WITH_EACH:
                    continue
                wider = next((o for o in siblings if wording.finds_all(o, term) and not wording.same(o, term)), None)
                if wider is not None:
                    (short if "*" in wider.words else parts).append((term.raw, wider.raw))
        if twice:
            yield Finding("P407", line.no, _listed(twice), "twice in one OR", "leave one out; the set stays the same")
        for rule, pairs in (("P408", short), ("P409", parts)):
            if pairs:
                wrong = f"found already by {', '.join(dict.fromkeys(wider for _, wider in pairs))}"
                mend = "leave it out, or the wider term if that was not meant; compare the counts before you do"
                yield Finding(rule, line.no, _listed(pairs), wrong, mend)
    for found in reading.blocks.values():
        yield from _again(found)


def _again(block: Sequence[tuple[Line, Term]]) -> Iterator[Finding]:
    """The same term in two lines of one block."""
    first: dict[tuple[str, str], tuple[Line, Term]] = {}
    for line, term in block:
        key = (f"{wording.field(term)}:{term.tag.partition(':')[2]}", term.heading)
        if term.is_heading and _either(term):
            continue
        before, _ = first.setdefault(key, (line, term))
        if before.no != line.no:
            wrong = f"also in #{before.no} of the same block; harmless, and counted in both lines"
            yield Finding("P407", line.no, term.raw, wrong, "keep it where its count is wanted; the set stays")


def _signs(reading: Reading) -> Iterator[Finding]:
    """P510 and P511: long lines, and signs that are not what they look like."""
    for line in reading.strategy.lines:
        count = len(reading.terms.get(line.no, ()))
        if count and (count > _MOST_TERMS or len(line.text) > _MOST_SIGNS):
            wrong = f"{count} terms and {len(line.text)} characters in one line: nobody sees which finds what"
            yield Finding("P510", line.no, line.text[:60], wrong, "cut it in lines and join them by OR; the set stays")
        for sign, name in _LOOK_ALIKE.items():
            if sign in line.text:
                at = line.text.index(sign)
                around = line.text[max(0, at - 15) : at + 16]
                mend = "type it on the keyboard: - or ', or nothing; the set may change"
                yield Finding("P511", line.no, around, f"{name} (U+{ord(sign):04X})", mend)


def _limits(reading: Reading) -> Iterator[Finding]:
    """P601 to P603, P605, P607, P608: limits, which lose records that nobody has seen."""
    for line, term in _terms(reading):
        justify = "justify it in the report, or take it out, which finds more records"
        if term.field in _LANGUAGE:
            yield Finding("P601", line.no, term.raw, "a limit on language", justify)
        elif term.field in DATE_FIELDS:
            yield Finding("P602", line.no, term.raw, "a limit on dates", justify)
            if (wrong := wrong_dates(term.words)) is not None:
                yield Finding(
                    "P608", line.no, term.raw, wrong, "write YEAR/MONTH/DAY, the earlier day before the colon"
                )
        elif term.field in _FILTERS and not _HUMANS.match(term.heading):
            yield Finding("P605", line.no, term.raw, "a filter of PubMed", justify)
    for line in reading.lines:
        for group in _groups(reading.trees[line.no]):
            if group.operator != "AND" or any(_only(reading, part, _ANIMALS, line.no) for part in group.parts):
                continue
            for part in group.parts:
                if _only(reading, part, _HUMANS, line.no):
                    wrong = "records that are not indexed, or not yet, carry no heading Humans and are lost"
                    mend = "NOT (animals[mh] NOT humans[mh]) in its place; this finds more records"
                    yield Finding("P603", line.no, _shown(reading.expand(part, line.no)), wrong, mend)
                elif _only(reading, part, _PEOPLE, line.no, text=True):
                    wrong = "trials in people often say neither in title and abstract and are lost"
                    mend = "NOT (animals[mh] NOT humans[mh]) in its place; this finds more records"
                    yield Finding("P607", line.no, _shown(reading.expand(part, line.no)), wrong, mend)


_CHECKS: tuple[Check, ...] = (_question, _nots, _headings, _asterisks, _forms, _repeats, _signs, _limits)


def _terms(reading: Reading) -> Iterator[tuple[Line, Term]]:
    for line in reading.lines:
        for term in reading.terms[line.no]:
            yield line, term


def _groups(group: Group, *, taken: bool | None = None) -> Iterator[Group]:
    """The groups of a tree; with *taken*, whether the tree is taken away, only those that are not."""
    if not taken:
        yield group
    for at, part in enumerate(group.parts):
        if isinstance(part, Group):
            turned = group.operator == "NOT" and at > 0
            yield from _groups(part, taken=None if taken is None else taken != turned)


def _is_double(reading: Reading, group: Group, no: int) -> bool:
    """`animals NOT humans`, or `animals NOT (animals AND humans)`: what the animal filter takes away."""
    if group.operator != "NOT" or len(group.parts) != 2:
        return False
    left, right = (reading.expand(part, no) for part in group.parts)
    if isinstance(right, Group) and right.operator == "AND":
        kept = [part for part in right.parts if not _only(reading, part, _ANIMALS, no)]
        right = Group("OR", tuple(kept))
    return _only(reading, left, _ANIMALS, no) and _only(reading, right, _HUMANS, no)


def _only(reading: Reading, node: Node, pattern: re.Pattern[str], no: int, *, text: bool = False) -> bool:
    """Whether a node is such a heading or filter (with *text*: such a word), or an OR of nothing else."""
    node = reading.expand(node, no)
    if isinstance(node, Group):
        parts = [_only(reading, part, pattern, no, text=text) for part in node.parts]
        return node.operator == "OR" and bool(parts) and all(parts)
    if isinstance(node, Reference):
        return False
    asked = node.is_text if text else node.is_heading or node.field in _FILTERS
    return asked and bool(pattern.match(node.heading))


def _either(term: Term) -> bool:
    return bool(_ANIMALS.match(term.heading) or _HUMANS.match(term.heading))


def _has_mesh(reading: Reading, line: Line) -> bool:
    return any(term.is_heading for term in reading.terms.get(line.no, ()))


def _shown(node: Node) -> str:
    if isinstance(node, Term):
        return node.raw
    if isinstance(node, Reference):
        return f"#{node.no}"
    inside = f" {node.operator} ".join(_shown(part) for part in node.parts[:3])
    return f"({inside}{' ...' if len(node.parts) > 3 else ''})"


def _listed(pairs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(dict.fromkeys(raw for raw, _ in pairs))
