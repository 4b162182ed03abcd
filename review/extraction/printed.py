"""Finds a value in the figures as a paper printed them: the token rule behind the grounding check.

A value is grounded when a whole number of the printed text equals it. Papers print minus signs as U+2212 or dashes,
decimal commas, thousands commas, ranges with a dash, and small counts as words; each is read here, in one place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLAIN = re.compile(r"(?<![\d.])(?:\d+(?:\.\d+)?|\.\d+)(?!\d|\.\d)")
_DECIMAL_COMMA = re.compile(r"(?<![\d.,])\d+,\d+(?![\d.,]\d)")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)")
_WORD = re.compile(r"[A-Za-z]+(?:['’′][a-z]+)?(?:-[A-Za-z]+)?")
_DASHES = str.maketrans({"−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-"})
_RANGE_BEFORE = re.compile(r"(?:[A-Za-z]|[0-9%)\]]\s*)-$")

_UNIT_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TEN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_UNITS = {word: number for number, word in enumerate(_UNIT_WORDS.split())}
_TENS = {word: 10 * number for number, word in enumerate(_TEN_WORDS.split(), start=2)}
_TENS["fourty"] = 40  # as one abstract prints it
_ZERO = frozenset({"no", "none", "not", "nil", "without", "neither", "didn't"})


@dataclass(frozen=True)
class Token:
    """One number of a text: where it stands, its size, and the signs under which it can be read."""

    start: int
    end: int
    size: float
    positive: bool
    negative: bool
    spelled: bool = False


def tokens(text: str) -> list[Token]:
    """Every number in *text*, in order; a number that can be read in two ways is there twice.

    `5-28` reads as a range (28) and as a negative number (-28): print alone cannot tell, so both count.
    """
    plain = _unify(text)
    found: list[Token] = []
    for match in _PLAIN.finditer(plain):
        found.append(_token(plain, match, float(match.group())))
    for match in _DECIMAL_COMMA.finditer(plain):
        found.append(_token(plain, match, float(match.group().replace(",", "."))))
    for match in _THOUSANDS.finditer(plain):
        found.append(_token(plain, match, float(match.group().replace(",", ""))))
    for match in _WORD.finditer(plain):
        number = number_word(match.group())
        if number is not None:
            found.append(Token(match.start(), match.end(), float(number), True, False, spelled=True))
    return sorted(found, key=lambda token: (token.start, token.end))


def occurrences(value: float, text: str) -> list[Token]:
    """The numbers of *text* that equal *value*, sign included; zero has no sign."""
    return [
        token
        for token in tokens(text)
        if token.size == abs(value) and (value == 0 or (token.negative if value < 0 else token.positive))
    ]


def occurs(value: float, text: str) -> bool:
    """Whether *value* stands in *text* as a number of its own."""
    return bool(occurrences(value, text))


def number_word(word: str) -> int | None:
    """The count that *word* spells (`nine`, `Thirty-three`, `no`), or None."""
    lower = word.lower().replace("’", "'").replace("′", "'")
    if lower in _ZERO:
        return 0
    if lower in _UNITS:
        return _UNITS[lower]
    if lower in _TENS:
        return _TENS[lower]
    tens, dash, units = lower.partition("-")
    if dash and tens in _TENS and 0 < _UNITS.get(units, 0) < 10:
        return _TENS[tens] + _UNITS[units]
    return None


def figures(as_printed: str) -> str:
    """The figures of `row label | column label | figures`; a text with fewer bars is all figures."""
    parts = as_printed.split("|", 2)
    return parts[2] if len(parts) == 3 else as_printed


def _unify(text: str) -> str:
    """*text* with one kind of dash and one kind of ±, at the same length so that positions hold."""
    return text.translate(_DASHES).replace("+/-", "  ±")


def _token(text: str, match: re.Match[str], size: float) -> Token:
    before = text[: match.start()].rstrip()
    minus = before.endswith("-")
    ranged = minus and _RANGE_BEFORE.search(before) is not None
    return Token(match.start(), match.end(), size, positive=not minus or ranged, negative=minus)
