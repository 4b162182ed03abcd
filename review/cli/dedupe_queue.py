"""`review dedupe queue`: the pairs that wait for a person, side by side, answered with single keys."""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from review.cli import output
from review.cli.asking import ask
from review.cli.context import Review, pass_review
from review.errors import ReviewError
from review.reporting.table import legible
from review.terms import LinkKind

if TYPE_CHECKING:
    from review.dedupe.answers import Answered, Asked
    from review.dedupe.side_by_side import SideBySide

_KEYS = {
    "m": "merge",
    "d": "different",
    "l": "link",
    "p": "pass on",
    "s": "skip",
    "n": "note",
    "f": "full",
    "u": "undo",
    "q": "quit",
}
_LEGEND = ", ".join(f"{key} {word}" for key, word in _KEYS.items()) + ", h help"
_HELP = """\
m  merge: the two are one publication; they become one record
d  different: they are two; no later run merges them
l  link: they are two that belong together, as an erratum and its article; you say which is what
p  pass on: you are unsure; you are not asked again, another person is
s  skip: asked again at the end
n  note: words that are kept with your next answer on this pair
f  full: the whole abstracts
u  undo: take your last answer of this session back
q  quit: what you answered is kept, the rest waits"""
_SHORT_KINDS = {kind.value.rpartition("_")[0]: kind for kind in LinkKind}  # erratum, preprint ...
_SETTLED = {"m": "merge", "d": "different", "p": "unsure"}
_NARROW = 64  # below this many columns the sides stand under each other
_WIDE = 180
_ID = 11  # characters of an id, sr_ and eight
_LINES = {"abstract": 4, "authors": 4}  # of a column; of any other field
_MOST_LINES = 12
_MOST_BESIDE = 4


@dataclass
class _Session:
    """What is left to be asked, and what was answered since the command began."""

    review: Review
    known: frozenset[str]
    total: int
    left: deque[tuple[int, Asked]]
    skipped: deque[tuple[int, Asked]] = field(default_factory=deque)
    again: bool = False
    given: list[tuple[int, Asked, Answered]] = field(default_factory=list)
    gone: list[tuple[int, Asked]] = field(default_factory=list)

    @property
    def who(self) -> str:
        return self.review.reviewer.id


@click.command()
@click.option("--limit", type=click.IntRange(min=1), help="Ask at most so many pairs.")
@pass_review
def queue(review: Review, limit: int | None) -> None:
    """Pairs that look like duplicates, side by side: merge, keep apart, link as erratum, preprint ..., or pass on.

    Every answer is written at once, so you may stop at any time; what you answered is not asked again.

    Example: review --as anna dedupe queue --limit 20
    """
    from review.dedupe import answers

    who = review.reviewer.id
    known = answers.standing_answers(review.store)
    pairs = answers.waiting_for(review.store, review.project, who=who)
    if not pairs:
        output.say(f"No pair waits for {who}.")
        return
    asked = pairs[:limit]
    waits = f"{output.counted(len(pairs), 'pair')} {'waits' if len(pairs) == 1 else 'wait'} for {who}"
    output.say(f"{waits}; at most {limit} now." if len(asked) < len(pairs) else f"{waits}.")
    session = _Session(review, known, len(asked), deque(enumerate(asked, start=1)))
    try:
        _run(session)
    except click.Abort as stopped:
        # the end of the input is an ordinary end; Ctrl-C is told to the shell as such
        if not isinstance(stopped.__context__, EOFError):
            _sum_up(session, len(pairs))
            raise
    _sum_up(session, len(pairs))


def _run(session: _Session) -> None:
    """Ask until nothing is left or the person quits."""
    from review.dedupe import answers

    while session.left or (session.skipped and not session.again):
        if not session.left:
            session.left, session.skipped, session.again = session.skipped, deque(), True
            output.say(f"\nNow the {output.counted(len(session.left), 'pair')} that you skipped.")
        number, pair = session.left.popleft()
        why = answers.settled(session.review.store, pair, known=session.known)
        if why is not None:
            session.gone.append((number, pair))
            output.say(f"\nPair {number} of {session.total} is settled: {why}.")
        elif not _ask(session, number, pair):
            return


def _ask(session: _Session, number: int, pair: Asked) -> bool:
    """Show one pair and do what the person says of it; False when they quit."""
    from review.dedupe.side_by_side import side_by_side

    sides = side_by_side(session.review.store, pair.record_a, pair.record_b)
    _show(sides, pair, f"pair {number} of {session.total}")
    _forget_typed_ahead()
    note: str | None = None
    while True:
        output.say(_LEGEND)
        key = _prompt_key()
        try:
            if key == "q":
                return False
            if key == "s":
                session.skipped.append((number, pair))
                return True
            if key == "u":
                if _undo(session, number, pair):
                    return True
            elif key == "h":
                output.say(_HELP)
            elif key == "f":
                _show_abstracts(sides)
            elif key == "n":
                note = ask("note", default=note or "").strip() or None
            elif _answer(session, number, pair, sides, key, note):
                return True
        except ReviewError as problem:
            output.say_error(str(problem))


def _forget_typed_ahead() -> None:
    """Drop the keys that were pressed before the pair was there to be seen; a pipe is read to its end."""
    try:
        import termios
    except ImportError:  # Windows
        return
    if sys.stdin is not None and sys.stdin.isatty():
        with contextlib.suppress(termios.error):
            termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def _answer(session: _Session, number: int, pair: Asked, sides: SideBySide, key: str, note: str | None) -> bool:
    """Write one answer; False when the person thought better of it."""
    from review.dedupe import answers

    a, b = pair.record_a, pair.record_b
    kind: LinkKind | None = None
    if key == "l":
        chosen = _ask_link(_likely(sides, pair))
        if chosen is None:
            return False
        kind, side = chosen
        a, b = (a, b) if side == "a" else (b, a)
    done = answers.answer(
        session.review.store,
        session.review.project,
        a,
        b,
        answer=_SETTLED.get(key, "link"),
        kind=kind,
        who=session.who,
        note=note,
    )
    session.given.append((number, pair, done))
    output.say(f"{_said(key, sides, kind, a == pair.record_a)}{f'; {done.remark}' if done.remark else ''}.")
    return True


def _undo(session: _Session, number: int, pair: Asked) -> bool:
    """Take the last answer of the session back and put its pair first; False when there is none."""
    from review.dedupe import answers

    if not session.given:
        output.say("Nothing was answered in this session. Earlier deeds: review dedupe log, then review dedupe undo")
        return False
    before, other, done = session.given[-1]
    answers.take_back(session.review.store, session.review.project, done.answer_id, who=session.who)
    session.given.pop()
    # what that answer had settled is open again
    session.left.extendleft([(number, pair), *reversed(session.gone), (before, other)])
    session.gone.clear()
    output.say(f"Taken back: {done.answer.value} on pair {before}.")
    return True


def _likely(sides: SideBySide, pair: Asked) -> tuple[LinkKind, str] | None:
    """What a link of the two would be, and which side (a, b) would be the erratum, preprint ..."""
    if pair.suggested is None:
        return sides.suggested
    kind, entry = pair.suggested
    return kind, "a" if entry == pair.record_a else "b"


def _ask_link(likely: tuple[LinkKind, str] | None) -> tuple[LinkKind, str] | None:
    """The kind of a link and which side (a, b) is the erratum, reply ...; None when the person gives up."""
    from review.dedupe.links import EITHER_WAY, MEANING, read_kind

    kinds = list(LinkKind)
    output.say("One of the two is, of the other:")
    for place, kind in enumerate(kinds, start=1):
        output.say(f"{place:>3}  {kind.value:<15} {MEANING[kind]}")
    default = likely[0].value if likely else ""
    while True:
        hint = f" [{default}]" if default else ""
        word = ask(f"number or name{hint}, q to go back", default=default or "q").strip().lower()
        if word in ("q", "quit", "0"):
            return None
        try:
            numbered = (
                kinds[int(word) - 1] if word.isascii() and word.isdigit() and 0 < int(word) <= len(kinds) else None
            )
            kind = numbered or _SHORT_KINDS.get(word) or read_kind(word)
            break
        except ReviewError as problem:
            output.say_error(str(problem))
    if kind in EITHER_WAY:
        return kind, "a"
    side = likely[1] if likely and likely[0] is kind else None
    words = f"which one is {MEANING[kind]}, A or B{f' [{side.upper()}]' if side else ''}"
    return kind, ask(words, default=side, type=click.Choice(["a", "b"], case_sensitive=False))


def _prompt_key() -> str:
    """One of the keys; a whole word counts as its key, and anything else is asked again."""

    def read(words: str) -> str:
        word = words.strip().lower()
        for key, name in {**_KEYS, "h": "help"}.items():
            if word in (key, name):
                return key
        message = f"{legible(' '.join(words.split()))!r} is none of {', '.join(_KEYS)}, h"
        raise click.BadParameter(message)

    return ask("answer", value_proc=read)


def _said(key: str, sides: SideBySide, kind: LinkKind | None, forward: bool) -> str:
    """An answer in words, as the person sees it afterwards."""
    if kind is not None:
        one, other = ("A", "B") if forward else ("B", "A")
        return f"Linked: {one} {kind.value} {other}"
    return {"m": "Merged", "d": "Kept apart", "p": "Passed on: another person is asked"}[key]


def _show(sides: SideBySide, pair: Asked, place: str) -> None:
    """The pair: what brought it here, and its fields beside each other, or below each other where it is narrow."""
    from review.dedupe.links import MEANING

    width = min(shutil.get_terminal_size().columns, _WIDE)
    output.text(f"\n{f'── {place} ':─<{width}}")
    output.text(f"rule: {pair.rule or 'none merges them'}")
    if pair.against:
        output.text(f"against: {' '.join(pair.against.split())}")
    if sides.scores:
        output.text(f"alike, of 100: {', '.join(f'{name} {score}' for name, score in sides.scores.items())}")
    if likely := _likely(sides, pair):
        output.text(f"perhaps {likely[1].upper()} is {MEANING[likely[0]]} (key l)")
    for words in pair.unsure:
        output.text(" ".join(words.split()))
    output.text("")
    column = width if width < _NARROW else (width - 16) // 2
    rows = [("", "", _head("A", sides.a, sides.beside_a), _head("B", sides.b, sides.beside_b))]
    for one in sides.fields:
        if one.a or one.b:
            most = _LINES.get(one.name, _MOST_LINES) * column
            rows.append((one.name, one.mark, _cut(one.a, most), _cut(one.b, most)))
        if one.name == "title" and (sides.only_a or sides.only_b):
            rows.append(("  only here", "", ", ".join(sides.only_a), ", ".join(sides.only_b)))
    output.text(_stacked(rows) if width < _NARROW else _beside(rows, width))
    output.text("")


def _head(name: str, row: Mapping[str, Any], beside: Sequence[str]) -> str:
    """`A  sr_3f2a91c0, Embase`, and what else is in its record: `, one record with PubMed 31793330`."""
    more = f" and {len(beside) - _MOST_BESIDE} more" if len(beside) > _MOST_BESIDE else ""
    member = f", one record with {', '.join(beside[:_MOST_BESIDE])}{more}" if beside else ""
    return f"{name}  {row['entry_id'][:_ID]}, {row['source']}{member}"


def _cut(words: str, most: int) -> str:
    return words[: most - 1].rstrip() + "…" if len(words) > most else words


def _beside(rows: Sequence[tuple[str, str, str, str]], width: int) -> str:
    """The rows as two columns of equal width, lines folded within each."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    for _ in "ab":
        table.add_column(ratio=1, overflow="fold")
    for row in rows:
        # titles come from strangers: what could move the cursor is replaced before the width is counted
        table.add_row(*(Text(legible(cell)) for cell in row))
    page = io.StringIO()
    Console(file=page, width=width, highlight=False, color_system=None, legacy_windows=False).print(table)
    return "\n".join(line.rstrip() for line in page.getvalue().rstrip().split("\n"))


def _stacked(rows: Sequence[tuple[str, str, str, str]]) -> str:
    """The rows one below the other, for a narrow terminal."""
    lines = []
    for name, mark, a, b in rows:
        if not name:
            lines += [a, b]
        elif name.startswith(" "):
            lines += [f"   only {side}: {words}" for side, words in (("A", a), ("B", b)) if words]
        else:
            lines += [f"{name} {mark}".rstrip(), f"   A: {a or '-'}", f"   B: {b or '-'}"]
    return "\n".join(legible(" ".join(line.split()) if not line.startswith(" ") else line) for line in lines)


def _show_abstracts(sides: SideBySide) -> None:
    for name, row in (("A", sides.a), ("B", sides.b)):
        words = "\n".join(" ".join(line.split()) for line in (row["abstract"] or "(no abstract)").splitlines())
        output.text(f"{name}  {words}\n")


def _sum_up(session: _Session, waited: int) -> None:
    """What the session came to, and what is left."""
    counts = Counter(done.answer.value for _, _, done in session.given)
    words = {"merge": "merged", "different": "kept apart", "link": "linked", "unsure": "passed on"}
    told = ", ".join(f"{counts[answer]} {word}" for answer, word in words.items() if counts[answer])
    left = waited - len(session.given) - len(session.gone)
    answered = output.counted(len(session.given), "pair") + " answered"
    settled = f"; {len(session.gone)} settled by that" if session.gone else ""
    output.say(f"\n{answered}{f': {told}' if told else ''}{settled}. {output.counted(left, 'pair')} left for you.")
