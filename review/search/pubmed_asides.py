"""What is no markup of records in PubMed XML: comments, instructions, CDATA, and all that stands before the root.

A pattern that looks for `<!--.*?-->` reads the rest of a file anew from every `<!--` that has no end. Here each end is
looked for once, so that a file of a million openings takes as long as any other of its size.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

_ENDS = ((b"<!--", b"-->"), (b"<?", b"?>"), (b"<![CDATA[", b"]]>"))
_BLANK = re.compile(rb"\s*")
_BEFORE_ROOT = re.compile(
    rb"<!--|<\?|<!DOCTYPE\b|<(PubmedArticleSet|MedlineCitationSet|PubmedBookArticleSet)(?=[\s>/])"
)
_OF_DOCTYPE = re.compile(rb"[\[\]>\"']|<!--")
_DOCTYPE = 2**16  # the longest document type that is understood


class Asides:
    """The asides of data[:end] that begin at the sorted *places*; none is longer than *longest*.

    Where `is_final` is not said, the end of the last one may still be to come.
    """

    def __init__(self, data: bytes, end: int, places: Sequence[int], *, longest: int, is_final: bool) -> None:
        self._data = data
        self._end = end
        self._places = places
        self._longest = longest
        self._is_final = is_final
        self._cursor = 0
        self._until = 0
        self._ends: dict[bytes, int] = {}
        self.waiting = -1

    def behind(self, start: int, at: int) -> int:
        """Where the aside ends in which data[at] stands, *at* when it stands in none; -1: the end may be to come.

        Only asides from data[start] on count; neither of both may go back from call to call.
        """
        places = self._places
        if not places:
            return at
        cursor = bisect_left(places, max(start, self._until), self._cursor)
        while cursor < len(places) and (place := places[cursor]) < at:
            if place >= self._until:
                end = self._end_of(place)
                if end < 0 and not self._is_final and self._end - place <= self._longest:
                    self._cursor, self.waiting = cursor, place
                    return -1
                if 0 <= end <= place + self._longest:
                    self._until = end
            cursor += 1
        self._cursor = cursor
        return max(at, self._until)

    def _end_of(self, place: int) -> int:
        """Where the aside at *place* ends; -1 when it has no end, *place* when it is none."""
        for opening, closing in _ENDS:
            if self._data.startswith(opening, place):
                first = place + len(opening)
                known = self._ends.get(closing, 0)
                if 0 <= known < first:
                    known = self._ends[closing] = self._data.find(closing, first, self._end)
                return known if known < 0 else known + len(closing)
        return place


def is_nothing(data: bytes, at: int, stop: int) -> bool:
    """Whether data[at:stop] holds blanks, comments and instructions only."""
    while (at := behind_blanks(data, at, stop)) < stop:
        for opening, closing in _ENDS[:2]:
            if data.startswith(opening, at, stop):
                at = data.find(closing, at + len(opening), stop) + len(closing)
                if at < len(closing):
                    return False
                break
        else:
            return False
    return True


def behind_blanks(data: bytes, at: int, stop: int) -> int:
    """The first place in data[at:stop] that is no white space."""
    found = _BLANK.match(data, at, stop)
    return found.end() if found else at


def root_tag(data: bytes, end: int) -> tuple[bytes, int, bool] | None:
    """Name of the root in data[:end], where its start tag ends, and whether it is empty; None when there is none."""
    at, ends = 0, {b"-->": 0, b"?>": 0}
    is_typed = False
    while found := _BEFORE_ROOT.search(data, at, end):
        at = found.end()
        if name := found.group(1):
            close = data.find(b">", at, end)
            return None if close < 0 else (name, close + 1, data[close - 1 : close] == b"/")
        closing = {b"<!--": b"-->", b"<?": b"?>"}.get(found.group())
        if closing is None:
            at = at if is_typed else _behind_doctype(data, at, min(end, at + _DOCTYPE))
            is_typed = True
        elif ends[closing] >= 0:  # one without an end is no comment
            ends[closing] = data.find(closing, at, end)
            at = max(at, ends[closing] + len(closing))
    return None


def _behind_doctype(data: bytes, first: int, end: int) -> int:
    """Where the document type ends, with the entities that are declared in it; *first* when it has no end."""
    at, is_inside = first, False
    while found := _OF_DOCTYPE.search(data, at, end):
        at, mark = found.end(), found.group()
        if mark in b"[]":
            is_inside = mark == b"["
        elif mark != b">":
            closing = b"-->" if mark == b"<!--" else mark
            at = data.find(closing, at, end) + len(closing)
            if at < len(closing):
                return first
        elif not is_inside:
            return at
    return first
