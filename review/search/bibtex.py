"""BibTeX, entry by entry, so that a fault in one costs no other and each has its line.

A reader of our own: bibtexparser hands back a failed block as raw text (a repeated key or field, a comma in a key,
a brace too many), and none of its lines of fields; here such an entry is read and the receipt says what was wrong.
An entry ends where its braces close. Where they do not, or close before the entry is over, it ends at the next one,
and its fields are found by the lines on which they begin.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from review.errors import FormatError
from review.search.bibtex_record import bibtex_record, unmapped
from review.search.checking import unreadable
from review.search.decoding import Decoded
from review.search.joined import Once
from review.search.reading import Reading, Repair, Stray, stray
from review.search.records import Rejected

_HEAD = r"@[ \t]*([A-Za-z]\w*)\s*"
_FIELDS = r"[^@={}\"#]{0,200}?,\s*[A-Za-z][\w:+/. -]{0,60}?\s*="
# at the beginning of a line, or behind the entry before, where a key and a field follow
MARKER = re.compile(
    rf"(?:^[ \t]*{_HEAD}(?:\{{|\((?={_FIELDS}))|(?<=[}})])[ \t]*{_HEAD}[{{(](?={_FIELDS}))", re.MULTILINE
)
_FIELD = re.compile(r"\s*([A-Za-z][^\s={},\"#]*(?:[^\S\n]+[^\s={},\"#]+){0,4})\s*=\s*")
_FIELD_LINE = re.compile(
    r"(?:^|(?<=,))[ \t]*([A-Za-z][\w:+/.-]*(?:[^\S\n][\w:+/.-]+){0,3})[ \t]*=[ \t]*(?=[{\"]|\w+[ \t]*,?[ \t]*$)",
    re.MULTILINE,
)
_NO_SIGN = re.compile(r"^[ \t]*[A-Za-z]+[ \t]*\{[^{}=\n]*,[ \t]*$", re.MULTILINE)  # an entry that lost its @
# the same with its key and a field, or what is left of its head
_LOST = re.compile(
    r"^[^\n@={}]{0,24}[{(][^{}=\n]*,\s*(?=[A-Za-z][\w-]*[ \t]*=)|^[ \t]*title[ \t]*=[ \t]*[{\"]",
    re.MULTILINE | re.IGNORECASE,
)
_ONCE = Once(titles=frozenset({"title"}), others=frozenset({"doi", "year", "journal", "volume", "pages", "url"}))
_MOST_EXPANDED = 20_000_000  # characters that the names of @string may stand for in one file
_BARE = re.compile(r"[^\s,#{}\"()]+")
_FAR = 20
_APART = frozenset({"comment", "preamble", "string"})
_MONTHS = {m[:3].lower(): m for m in (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December")}  # fmt: skip
_KINDS = {"doi": "DOI", "year": "year", "pmid": "PMID", "pubmed_id": "PMID"}


@dataclass
class _Entry:
    """What one entry says: fields as given, fields resolved, and what was wrong with it."""

    kind: str
    key: str
    line: int
    given: list[tuple[str, str]] = field(default_factory=list)
    expanded: dict[str, str] = field(default_factory=dict)
    at: list[int] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def add(self, name: str, raw: str, text: str, line: int) -> None:
        """Take a field; the first of a name that says something fills the column, every one is kept."""
        if name.lower() in {given.lower() for given, _ in self.given}:
            self.faults.append((line, f"field {name!r} given twice"))
        self.given.append((name, raw))
        self.at.append(line)
        if not self.expanded.get(name.lower()):
            self.expanded[name.lower()] = text


class _Irregular(Exception):
    """The body does not follow the grammar; its fields are found by their lines."""


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.breaks = [found.start() for found in re.finditer("\n", text)]
        self.macros: dict[str, tuple[str, str]] = {}
        self.strays: list[Stray] = []
        self.lost: list[Rejected] = []
        self.expanded = 0
        self.apart_until = -1

    def line(self, at: int) -> int:
        """The line of the character at that place."""
        return bisect_right(self.breaks, at - 1) + 1

    def outside(self, start: int, stop: int) -> None:
        """Note the lines of a piece that belongs to no entry; one that looks like an entry is a lost record."""
        heads = [found.start() for found in _LOST.finditer(self.text, start, stop)]
        named = [at for at in heads if self.text[at : at + 30].lstrip()[:5].lower() != "title"]
        heads = named or heads[:1]
        for at, end in pairwise([*heads, stop]):
            content = self.text[at:end].strip()
            reason = f"an entry without its beginning (@ is missing): {content[:40].splitlines()[0]!r}"
            self.lost.append(Rejected(reason, content.encode("utf-8", "surrogatepass"), line=self.line(at)))
        stop = heads[0] if heads else stop
        for number, text in enumerate(self.text[start:stop].split("\n"), start=self.line(start)):
            if text.strip(" \t\ufeff,\x1a"):
                self.strays.append(stray(number, text))

    def close_of(self, opened: int, stop: int) -> int | None:
        """Where the brace at *opened* is closed (behind it), before *stop*; or None."""
        return next((end for escapes in (True, False) if (end := self._close(opened, stop, escapes=escapes))), None)

    def _close(self, opened: int, stop: int, *, escapes: bool) -> int | None:
        depth, round_one = 0, self.text[opened] == "("
        for found in re.compile(r"\\.|[{}()]", re.DOTALL).finditer(self.text, opened + round_one, stop):
            sign = found.group(0)
            if len(sign) == 2:
                if escapes or sign[1] not in "{}":
                    continue
                sign = sign[1]
            if sign == "{":
                depth += 1
            elif sign == "}":
                depth -= 1
                if depth <= 0 and not round_one:
                    return found.end()
            elif sign == ")" and round_one and depth == 0:
                return found.end()
        return None

    def apart(self, kind: str, begins: int, opened: int, end: int) -> int:
        """Take a block that is no record, and say where it ends; a @string gives a name to a text."""
        self.apart_until = end
        if kind == "string" and (found := _FIELD.match(self.text, opened + 1, end - 1)):
            try:
                _, text, _ = self._value(found.end(), end - 1)
                self.macros[found.group(1).lower()] = (self.text[found.end() : end - 1].strip(), text)
                return end
            except _Irregular:
                pass
        if kind == "string":
            self.strays.append(stray(self.line(begins), self.text[begins:end]))
        return end

    def entry(self, kind: str, begins: int, start: int, stop: int, *, closed: bool) -> _Entry:
        """The entry whose body lies between *start* and *stop*."""
        body = self.text[start:stop]
        comma = _key_end(body)
        entry = _Entry(kind, " ".join(body[: max(comma, 0)].split()), self.line(begins))
        if not closed:
            entry.faults.append((entry.line, "its braces do not balance"))
        if "," in entry.key:
            entry.faults.append((entry.line, f"a comma in the key {entry.key!r}"))
        elif re.search(r"\s", entry.key):
            entry.faults.append((entry.line, f"a blank in the key {entry.key!r}"))
        try:
            if not closed:
                raise _Irregular
            fields = list(self._fields(start + comma + 1, stop))
        except _Irregular:
            if closed:
                entry.faults.append((entry.line, "its fields are not as BibTeX has them; found by their lines"))
            fields = list(self._fields_by_line(start + comma + 1, stop, entry))
        for name, raw, text, at in fields:
            entry.add(name, raw, text, self.line(at))
        used = [name for _, raw in entry.given for name in _BARE.findall(raw) if name.lower() in self.macros]
        for name in dict.fromkeys(word.lower() for word in used):
            if any(raw.lower() == name or "#" in raw for _, raw in entry.given if name in raw.lower()):
                entry.given.append((f"@string {name}", self.macros[name][0]))
        return entry

    def _fields(self, start: int, stop: int) -> Iterator[tuple[str, str, str, int]]:
        """(name, as given, resolved, place) by the grammar. Raises _Irregular."""
        at = start
        while True:
            while at < stop and self.text[at] in " \t\n,":
                at += 1
            if at >= stop:
                return
            found = _FIELD.match(self.text, at, stop)
            if found is None:
                raise _Irregular
            raw, text, end = self._value(found.end(), stop)
            yield found.group(1).strip(), raw, text, found.start(1)
            at = end
            while at < stop and self.text[at] in " \t\n":
                at += 1
            if at < stop and self.text[at] != ",":
                raise _Irregular

    def _value(self, at: int, stop: int) -> tuple[str, str, int]:
        parts: list[str] = []
        raws: list[str] = []
        begins = at
        while True:
            while at < stop and self.text[at] in " \t\n":
                at += 1
            if at >= stop or self.text[at] in ",#":
                if parts:
                    raise _Irregular
                return "", "", at
            raw, text, at = self._part(at, stop)
            raws.append(raw)
            parts.append(text)
            after = at
            while after < stop and self.text[after] in " \t\n":
                after += 1
            if after >= stop or self.text[after] != "#":
                break
            at = after + 1
        given = raws[0] if len(raws) == 1 else self.text[begins:at].strip()
        return given.strip(), "".join(parts).strip(), at

    def _part(self, at: int, stop: int) -> tuple[str, str, int]:
        """One piece of a value: (as given, resolved, place behind it)."""
        sign = self.text[at]
        if sign == "{":
            end = self.close_of(at, stop)
            if end is None:
                raise _Irregular
            inner = self.text[at + 1 : end - 1]
            return inner, inner, end
        if sign == '"':
            depth = 0
            for found in re.compile(r'\\.|[{}"]', re.DOTALL).finditer(self.text, at + 1, stop):
                depth += {"{": 1, "}": -1}.get(found.group(0), 0)
                if found.group(0) == '"' and depth <= 0:
                    inner = self.text[at + 1 : found.start()]
                    if re.search(r"\n\s*[A-Za-z][\w-]*\s*=\s*$", inner):
                        raise _Irregular  # the closing mark is missing: this one opens the next field
                    return inner, inner, found.end()
            raise _Irregular
        word = _BARE.match(self.text, at, stop)
        if word is None:
            raise _Irregular
        name = word.group(0)
        known = self.macros.get(name.lower())
        if known:
            self.expanded += len(known[1])
        if self.expanded > _MOST_EXPANDED:
            message = f"line {self.line(at)}: the names of @string stand for more than {_MOST_EXPANDED} characters"
            raise FormatError(message, hint="a name that doubles another grows without end; write the texts out")
        return name, known[1] if known else _MONTHS.get(name.lower(), name), word.end()

    def _fields_by_line(self, start: int, stop: int, entry: _Entry) -> Iterator[tuple[str, str, str, int]]:
        """(name, as given, resolved, place) where a line, or a comma, is followed by `name =`."""
        marks = list(_FIELD_LINE.finditer(self.text, start, stop))
        begins = marks[0].start() if marks else stop
        if text := self.text[start:begins].strip(" \t\n,{}"):
            entry.given.append(("@text", text))
            entry.at.append(self.line(start))
            entry.faults.append((self.line(start), f"text that is no field: {text[:60]!r}"))
        if not marks:
            return
        for mark, following in zip(marks, [*[one.start() for one in marks[1:]], stop], strict=True):
            text = self.text[mark.end() : following].strip(" \t\n,")
            while following == stop and text.endswith("}") and text.count("{") < text.count("}"):
                text = text[:-1].rstrip(" \t\n,")
            if text[:1] == "{":
                text = text[1:-1] if text.endswith("}") else text[1:]
            elif text[:1] == '"':
                text = text[1:-1] if text.endswith('"') and len(text) > 1 else text[1:]
            yield mark.group(1).strip(), text.strip(), text.strip(), mark.start(1)


def read_bibtex(decoded: Decoded, *, evidence: str = "@ entries") -> Reading:
    """The records of a BibTeX file; @string, @preamble and @comment are no records."""
    text = decoded.text
    reader = _Reader(text)
    marks = list(MARKER.finditer(text))
    entries: list[_Entry] = []
    counted: list[int] = []
    unfinished, at = None, 0
    for place, mark in enumerate(marks):
        kind, opened, begins = mark.group(1) or mark.group(2), mark.end() - 1, text.index("@", mark.start())
        if begins < at:  # inside another block: the markers will not add up, unless somebody commented it out
            if entries and begins > reader.apart_until:
                counted.append(reader.line(begins))
            else:
                reader.strays.append(stray(reader.line(begins), text[begins : begins + 80].split("\n")[0]))
            continue
        reader.outside(at, begins)
        following = text.index("@", marks[place + 1].start()) if place + 1 < len(marks) else len(text)
        # an entry that is never closed must not be looked for through a file of thousands, time and again
        far = marks[place + _FAR].start() if place + _FAR < len(marks) else len(text)
        end = reader.close_of(opened, far)
        if kind.lower() in _APART:
            at = reader.apart(kind.lower(), begins, opened, end if end is not None else following)
            continue
        closed = end is not None and _is_whole(text, opened, end, following)
        stop = end - 1 if closed and end is not None else following
        at = end if closed and end is not None else following
        if end is None and following == len(text) and not re.search(r"\n[ \t]*[})]\s*$", text):
            unfinished = reader.line(begins)
        entry = reader.entry(kind, begins, opened + 1, stop, closed=closed)
        entries.append(entry)
        counted.append(entry.line)
        pairs = [[name.lower(), raw] for name, raw in entry.given[: len(entry.at)]]
        _, joined, _ = _ONCE.parts(pairs, entry.at, stop=reader.line(stop) + 1, lines=lambda: decoded.lines)
        reader.lost += joined
    reader.outside(at, len(text))
    records = tuple(bibtex_record(e.kind, e.key, e.given, e.expanded, line=e.line) for e in entries)
    return Reading(
        dialect="bibtex",
        evidence=evidence,
        records=records,
        markers=len(counted) + len(reader.lost),
        marker_lines=tuple(sorted((*counted, *(bad.line or 0 for bad in reader.lost)))),
        rejected=tuple(sorted(reader.lost, key=lambda bad: bad.line or 0)),
        repairs=tuple(_repairs(entries)),
        strays=tuple(reader.strays),
        unmapped=unmapped(records),
        unfinished=unfinished,
        cut_off="its braces are not closed" if unfinished is not None else "",
        encoding=decoded.encoding,
        bom=decoded.bom,
        newlines=decoded.newlines,
    )


def _is_whole(text: str, opened: int, end: int, following: int) -> bool:
    """Whether the entry that is opened there is over where its braces close, and not before or behind it."""
    if end <= following:
        between = _NO_SIGN.split(text[end:following])[0]
        return not (re.search(r"[{}]", between) or _FIELD_LINE.search(between))
    inside = re.sub(r"\\.", "", text[opened:following])
    return inside.count("{") - inside.count("}") > 1  # else the next entry begins where no field is open


def _key_end(body: str) -> int:
    """Where the comma behind the key stands; -1 when the fields begin without a key."""
    if _FIELD.match(body):
        return -1
    found = re.search(rf",(?={_FIELD.pattern})", body)
    if found:
        return found.start()
    return body.find(",") if "," in body else len(body)


def _repairs(entries: list[_Entry]) -> list[Repair]:
    """What was wrong, in the order of the lines: within entries and between them."""
    repairs: list[Repair] = []
    first: dict[str, int] = {}
    for entry in entries:
        repairs += [Repair(line, rule) for line, rule in entry.faults]
        if not entry.key:
            repairs.append(Repair(entry.line, "no key"))
        elif entry.key.lower() in first:
            repairs.append(Repair(entry.line, f"key {entry.key!r} given before, at line {first[entry.key.lower()]}"))
        first.setdefault(entry.key.lower(), entry.line)
        repairs += unreadable(
            (line, _KINDS[name.lower()], name, text.strip("{}"))
            for line, (name, text) in zip(entry.at, entry.given, strict=False)
            if name.lower() in _KINDS and text
        )
    return sorted(repairs, key=lambda repair: repair.line)
