"""A stream of PubMed XML bytes into slices, one for each record, with its place in the file.

Only tags are looked at, all of a chunk at once with numpy: a search for each start and end tag would read every
byte several times.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from review.errors import FormatError
from review.search.pubmed_asides import Asides, behind_blanks, is_nothing, root_tag
from review.search.pubmed_regular import angles

LARGEST = 8 * 2**20  # real ones, with thousands of authors, stay below 2 MB
KEPT = 64 * 2**10
_AHEAD = 64
_CHUNK = 2**20
_LONGEST_LOOK = 4 * 2**20  # what is kept beyond it is one large thing, and whether that is regular matters to nobody
_TAG = re.compile(
    rb"<(?:(PubmedArticle|PubmedBookArticle|MedlineCitation|DeleteCitation|DeleteDocument)(?=[\s>/])"
    rb"|/(PubmedArticle|PubmedBookArticle|MedlineCitation|DeleteCitation|DeleteDocument)>)"
)
_Bytes = np.ndarray[Any, np.dtype[np.uint8]]
_Places = np.ndarray[Any, np.dtype[np.int64]]
_JUNK = "bytes between records that are no known record"
_HIDDEN = "a comment between records that holds tags of records"


class Slice(NamedTuple):
    """The bytes of one record; `reason` says why it cannot be one, and `kind` is empty for what lies between two.

    `is_plain`: no comment, instruction or CDATA in it. `is_regular`: all its markup is what PubMed writes (see
    `pubmed_regular`); that is only known where it was asked for.
    """

    kind: bytes
    number: int
    offset: int
    content: bytes
    reason: str = ""
    is_plain: bool = False
    is_regular: bool = False


class _Tag(NamedTuple):
    at: int
    kind: bytes
    closing: bool


class _Look(NamedTuple):
    """The tags of records in a chunk, where something other than a tag begins with `<`, and what is not regular."""

    tags: list[_Tag]
    asides: array[int]
    odd: array[int] | None


@dataclass
class Seen:
    """Record tags passed so far; bare citations count only in a file that has no articles."""

    articles: int = 0
    citations: int = 0

    @property
    def markers(self) -> int:
        return self.articles or self.citations

    def count(self, tags: Iterable[_Tag]) -> None:
        """Add the opening tags among *tags*."""
        for tag in tags:
            if not tag.closing:
                self.articles += tag.kind in (b"PubmedArticle", b"PubmedBookArticle")
                self.citations += tag.kind == b"MedlineCitation"


def slices(chunks: Iterable[bytes], *, name: str, seen: Seen, first: int = 0, regular: bool = False) -> Iterator[Slice]:
    """The records of *chunks* in order, and what lies between them; *first* is the offset of the first byte.

    With *regular*, each slice says whether it is. Raises FormatError when it is not PubMed XML, or when it ends
    early: after the slices before that place.
    """
    source = _Source(iter(chunks), first)
    root = source.find_root(name)
    if root is None:
        return
    cutter = _Cutter(source, seen, root, regular=regular)
    yield from cutter.cut()
    closing = source.data.rfind(cutter.root_end, cutter.at, source.end)
    if closing < 0 and not cutter.is_closed:
        raise _ends_early(name, root, source.root_ends, source.read)
    if cutter.unclosed is not None:
        raise _ends_early(name, *cutter.unclosed, source.read)
    yield from cutter.left_over(cutter.at, max(closing, cutter.at))


class _Source:
    """The chunk that is being read: data[:end] counts, behind it stand zeros or what the next look will see."""

    def __init__(self, chunks: Iterator[bytes], first: int) -> None:
        self._chunks = chunks
        self.data = b""
        self.end = 0
        self.base = first
        self.read = first
        self.final = False
        self.root_ends = 0

    def find_root(self, name: str) -> bytes | None:
        """Go behind the start tag of the root and say its name; None when the root is empty."""
        found = None
        while found is None and not self.final and self.end < LARGEST:
            self.more(0)
            found = root_tag(self.data, self.end)
        if found is None:
            message = f"{name} holds no PubmedArticleSet, MedlineCitationSet or PubmedBookArticleSet"
            raise FormatError(message, hint="is it PubMed XML, and complete?")
        root, behind, is_empty = found
        if is_empty:
            return None
        self.root_ends = self.base = self.base + behind
        self.data = self.data[behind:]
        self.end -= behind
        return root

    def more(self, at: int) -> None:
        """Forget data[:at] and read on: as much again as is left, so that a long record is not copied often."""
        parts = [self.data[at : self.end]]
        self.base += at
        have = self.end - at
        wanted = max(_CHUNK, have)
        while wanted > 0 and not self.final:
            chunk = next(self._chunks, None)
            if chunk is None:
                self.final = True
            else:
                parts.append(chunk)
                wanted -= len(chunk)
                have += len(chunk)
                self.read += len(chunk)
        if self.final:
            parts.append(bytes(_AHEAD))
        self.data = b"".join(parts)
        self.end = have


class _Cutter:
    """Where the cutting stands: `at` is the first byte that belongs to nothing yet, `open` a record without end."""

    def __init__(self, source: _Source, seen: Seen, root: bytes, *, regular: bool) -> None:
        self.source = source
        self.root_end = b"</" + root + b">"
        self.is_closed = False  # whether the end of the root stood in what was dropped
        self.regular = regular
        self.seen = seen
        self.at = 0
        self.open: _Tag | None = None
        self.number = 0
        self._skipped: bytes | None = None
        self._skipped_at = 0
        self._waiting = -1  # where a comment begins whose end may be to come
        self._hides = False  # whether a comment behind `at` holds tags
        self._is_dropping = False  # whether what comes before the next record was told already

    @property
    def unclosed(self) -> tuple[bytes, int] | None:
        """Kind and offset of the record whose end was not found."""
        if self._skipped is not None:
            return self._skipped, self._skipped_at
        return None if self.open is None else (self.open.kind, self.source.base + self.open.at)

    def cut(self) -> Iterator[Slice]:
        """Every slice up to the last whole record."""
        source = self.source
        while True:
            last = source.final
            stop = source.end if last else max(0, source.end - _AHEAD)
            yield from self._cut_chunk(_look(source.data, stop, self.regular))
            if last:
                return
            yield from self._let_go()
            source.more(self.at)
            self.at = 0

    def _cut_chunk(self, look: _Look) -> Iterator[Slice]:
        data, base = self.source.data, self.source.base
        tags, asides, odd = look
        place, count = 0, len(tags)
        self.open = None
        self._hides = False
        if self._skipped is not None:
            while place < count and tags[place].kind != self._skipped:
                place += 1
            if place == count:
                self.seen.count(tags)
                self.at = max(self.at, self.source.end - _AHEAD)
                return
            self.seen.count(tags[:place])
            self.at = data.index(b">", tags[place].at) + 1 if tags[place].closing else tags[place].at
            self._skipped = None
        between = Asides(data, self.source.end, asides, longest=LARGEST, is_final=self.source.final)
        self._waiting = -1
        while place < count:
            tag = tags[place]
            at, kind, closing = tag
            if closing or at < self.at:
                place += 1
                continue
            if asides and (behind := between.behind(self.at, at)) != at:
                if behind < 0:
                    self._waiting = between.waiting
                    return
                self._hides = True
                place = bisect_left(tags, behind, place, key=attrgetter("at"))
                continue
            inside = data.find(b">", at, self.source.end)
            follow = place + 1
            while follow < count and (tags[follow].kind != kind or tags[follow].at < inside):
                follow += 1
            if inside < 0 or follow == count:
                self.open = tag
                return
            yield from self.left_over(self.at, at)
            self._is_dropping = False
            self.number += not kind.startswith(b"Delete")
            self.seen.count(tags[place:follow])
            place = follow
            stop, _, closing = tags[follow]
            reason = ""
            if closing:
                stop += len(kind) + 3
            else:
                reason = f"no </{kind.decode()}> before the next record"
            self.at = stop
            if stop - at > LARGEST:
                yield self._too_large(kind, at)
                continue
            is_plain = _is_free(asides, at, stop)
            is_regular = is_plain and odd is not None and _is_free(odd, at, stop)
            yield Slice(kind, self.number, base + at, data[at:stop], reason, is_plain, is_regular)

    def _let_go(self) -> Iterator[Slice]:
        """Drop what has grown too large to be kept: a record without end, or bytes that are no record."""
        if self.source.end - self.at <= LARGEST:
            return
        tag = self.open
        if tag is not None:
            yield from self.left_over(self.at, tag.at)
            self._is_dropping = False
            self.at = tag.at
            if self.source.end - tag.at <= LARGEST:
                return
            self.number += not tag.kind.startswith(b"Delete")
            self.seen.count([tag])
            self._skipped, self._skipped_at = tag.kind, self.source.base + tag.at
            yield self._too_large(tag.kind, tag.at)
            self.at = self.source.end - _AHEAD
            return
        stop = self._waiting if self._waiting >= 0 else self.source.end - _AHEAD
        told = list(self.left_over(self.at, stop, most=KEPT))
        yield from told
        self._is_dropping |= bool(told)
        self.is_closed |= self.source.data.find(self.root_end, self.at, self.source.end) >= 0
        self.at = stop

    def _too_large(self, kind: bytes, at: int) -> Slice:
        reason = f"larger than {LARGEST >> 20} MB; only its first {KEPT:,} bytes are kept"
        return Slice(kind, self.number, self.source.base + at, self.source.data[at : at + KEPT], reason)

    def left_over(self, at: int, stop: int, *, most: int = LARGEST) -> Iterator[Slice]:
        """What lies between two records and is neither blank nor a comment; whole, if it is no longer than *most*.

        A comment that holds tags of records is told as well: a `<!--` too many would hide them without a word.
        """
        if stop - at < 2**10 and self.source.data[at:stop].isspace():
            return
        hides, self._hides = self._hides, False
        if self._is_dropping:
            return
        data = self.source.data
        nothing = is_nothing(data, at, stop)
        if nothing and not hides:
            return
        reason = _HIDDEN if nothing else _JUNK
        if stop - at > most:
            at = behind_blanks(data, at, stop)
            stop = min(stop, at + KEPT)
            reason += f"; only the first {KEPT:,} are kept"
        yield Slice(b"", self.number, self.source.base + at, data[at:stop], reason)


def _ends_early(name: str, element: bytes, offset: int, read: int) -> FormatError:
    message = f"{name} ends early: <{element.decode()}> at byte {offset} is never closed ({read} bytes read)"
    return FormatError(message, hint="download it again")


def _is_free(places: Sequence[int], start: int, stop: int) -> bool:
    """Whether none of the sorted *places* lies in data[start:stop]."""
    if not places:
        return True
    following = bisect_left(places, start)
    return following == len(places) or places[following] >= stop


def _look(data: bytes, stop: int, regular: bool) -> _Look:
    """What begins before data[stop]; at least 16 bytes stand behind it."""
    raw: _Bytes = np.frombuffer(data, np.uint8)
    if regular and stop <= _LONGEST_LOOK:
        opens, irregular = angles(raw, stop)
        tags, asides = _tags(data, raw, opens)
        return _Look(tags, asides, _listed(np.sort(irregular)))
    tags, asides = [], array("q")
    for first in range(0, stop, _CHUNK):  # a piece at a time, for a place takes eight times as much as a byte
        opens = np.flatnonzero(raw[first : min(stop, first + _CHUNK)] == 60) + first
        more, others = _tags(data, raw, opens)
        tags += more
        asides += others
    return _Look(tags, asides, None)


def _tags(data: bytes, raw: _Bytes, opens: _Places) -> tuple[list[_Tag], array[int]]:
    """The tags of records at the places *opens*, and which of these begin with `<!` or `<?`."""
    name = opens + 1
    name += raw[name] == 47
    first = raw[name]
    asides = _listed(opens[(first == 33) | (first == 63)])
    wanted = np.flatnonzero((first == 80) | (first == 77) | (first == 68))  # P, M, D
    name = name[wanted]
    first, third, seventh, eighth = raw[name], raw[name + 2], raw[name + 6], raw[name + 7]
    ours = (
        ((first == 80) & (third == 98) & ((seventh == 65) | (seventh == 66)))  # PubmedA, PubmedB
        | ((first == 77) & (eighth == 67))  # MedlineC
        | ((first == 68) & (third == 108))  # Del
    )
    tags = []
    for at in opens[wanted[ours]].tolist():
        if found := _TAG.match(data, at):
            opening, ending = found.groups()
            tags.append(_Tag(at, opening or ending, opening is None))
    return tags, asides


def _listed(places: _Places) -> array[int]:
    """*places* for a search by bisection, in a quarter of the memory of a list."""
    return array("q", places.astype(np.int64).tobytes())
