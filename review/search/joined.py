"""Records that lost the lines between them: two in one, or one without its beginning. What was lost has its line.

A reader that only follows marks takes both for one record, and its counts add up. So a second title, where another
field that a record has once comes a second time too, is a mark of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from review.search.reading import Repair, Stray
from review.search.records import Rejected

Tagged = Sequence[Sequence[str]]
_ENOUGH = 20


@dataclass(frozen=True)
class Once:
    """Which tags a record of a dialect has once: those of its title, and others that tell one record from another."""

    titles: frozenset[str]
    others: frozenset[str]

    def parts(
        self, pairs: list[list[str]], at: list[int], *, stop: int, lines: Callable[[], Sequence[str]]
    ) -> tuple[int, list[Rejected], list[Repair]]:
        """(how many of *pairs* are the first record's, the records joined to it, what the receipt says of the rest).

        *at* is the line of each pair, *stop* the line where the next record begins, *lines* gives those of the file.
        """
        tags = [pair[0] for pair in pairs]
        if all(tags.count(tag) < 2 for tag in self.titles):
            return len(pairs), [], []
        kept, found, begins = len(pairs), [], 0
        while (second := self._join_of(pairs[begins:])) is not None:
            text = lines()
            cut = begins + cut_at(pairs[begins:], at[begins:], second, lines=text, skip=0 if begins else 1)
            kept = min(kept, cut)
            found.append((cut, pairs[begins + second][1]))
            begins = cut
        ends = [*(at[cut] for cut, _ in found[1:]), stop][: len(found)]
        return (
            kept,
            [lost(at[cut], end, lines(), title=title) for (cut, title), end in zip(found, ends, strict=True)],
            self._twice(pairs[:kept], at[:kept]),
        )

    def _join_of(self, pairs: Tagged) -> int | None:
        """The place in *pairs* of the first title of a second record; None where they are one record."""
        first: dict[str, str] = {}
        second: int | None = None
        for place, (tag, value) in enumerate(pairs):
            if not value or (tag not in self.titles and tag not in self.others):
                continue
            known = first.setdefault(tag, value)
            if tag in self.titles and second is None and known is not value and not _alike(known, value):
                second = place
        if second is None:
            return None
        before = {tag for tag, value in pairs[:second] if value and tag in self.others}
        after = {tag for tag, value in pairs[second:] if value and tag in self.others}
        # what stands between the two titles may be of either: a tag that comes twice there is enough
        between = _repeated(pairs[:second], self.others)
        return second if before & after or between else None

    def _twice(self, pairs: Tagged, at: Sequence[int]) -> list[Repair]:
        """A line of the receipt for each tag that a record has once and that comes again with another value."""
        first: dict[str, str] = {}
        found = []
        for (tag, value), line in zip(pairs, at, strict=True):
            if value and tag in self.titles:
                known = first.setdefault(tag, value)
                if known is not value and not _alike(known, value):
                    found.append(Repair(line, f"{tag} given twice; the first is taken"))
        return found


def cut_at(pairs: Tagged, at: Sequence[int], second: int, *, lines: Sequence[str], skip: int = 1) -> int:
    """The place in *pairs* where the record with the title at *second* seems to begin.

    That is behind the last blank line above it, else where the tags begin anew with which the first record began
    (behind its *skip* marks), else the title itself.
    """
    for place in range(second, skip, -1):
        if any(not text.strip() for text in lines[at[place - 1] : at[place] - 1]):
            return place
    opening = pairs[skip][0] if len(pairs) > skip else ""
    place = second
    while place > skip and pairs[place][0] != opening:
        place -= 1
    while place > skip and pairs[place - 1][0] == opening:
        place -= 1
    return place if place > skip else second


def lost(line: int, stop: int, lines: Sequence[str], *, title: str) -> Rejected:
    """The record between two lines (the second not in it) that was joined to the one above it."""
    content = "\n".join(lines[line - 1 : stop - 1]).strip()
    reason = f"a second title in one record ({title[:60]!r}): the lines that part the two are missing"
    return Rejected(reason, content.encode("utf-8", "surrogatepass"), line=line)


def beheaded(
    strays: Iterable[Stray],
    *,
    begins: Sequence[int],
    lines: Sequence[str],
    title: Callable[[str], object],
    tag: Callable[[str], object],
    end: Callable[[str], object],
    mark: str,
) -> tuple[list[Rejected], list[Stray]]:
    """(records without their beginning, the other lines): a row of *strays* with a title, or with tags and an end.

    *begins* are the lines where records begin; *title*, *tag* and *end* say what a line is; *mark* names what is
    missing.
    """
    rejected: list[Rejected] = []
    kept: list[Stray] = []
    rows: dict[tuple[int, int], list[Stray]] = {}
    ended = 0
    for bad in strays:
        rows.setdefault((bisect_right(begins, bad.line), ended), []).append(bad)
        ended += bool(end(bad.text))
    for row in rows.values():
        from_first = next((place for place, bad in enumerate(row) if tag(bad.text) and not end(bad.text)), None)
        texts = [bad.text for bad in row]
        if from_first is None or not (any(map(title, texts)) or any(map(end, texts))):
            kept += row
            continue
        kept += row[:from_first]
        first, last = row[from_first].line, row[-1].line
        content = "\n".join(lines[first - 1 : last]).strip()
        reason = f"a record without its beginning ({mark} is missing): {row[from_first].text[:40]!r}"
        rejected.append(Rejected(reason, content.encode("utf-8", "surrogatepass"), line=first))
    return rejected, kept


def _alike(one: str, other: str) -> bool:
    """Whether two titles are the same but for capitals, signs and a part that one of them lacks."""
    a, b = ("".join(sign for sign in text.casefold() if sign.isalnum()) for text in (one, other))
    return a == b or (min(len(a), len(b)) >= _ENOUGH and (a.startswith(b) or b.startswith(a)))


def _repeated(pairs: Tagged, tags: Collection[str]) -> bool:
    seen: set[str] = set()
    for tag, value in pairs:
        if value and tag in tags:
            if tag in seen:
                return True
            seen.add(tag)
    return False
