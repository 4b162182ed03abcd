"""Marks the protocol's words in a title or an abstract, and finds the labelled parts of a structured abstract.

Texts are values and come back as pieces, never as markup: records are written by strangers, and whoever shows a
piece escapes it. Words of review.toml are no regular expressions: only `?` and `*` mean something in them.
"""

from __future__ import annotations

import functools
import re

from review.project import Highlight

Piece = tuple[str, str | None]
_LETTER = r"[^\W\d_]"
_HYPHENS = "-\u2010\u2011\u2012\u2013"
_HYPHEN = f"[{_HYPHENS}]"
# what NLM and journals call the parts of an abstract; in capitals any short label is one
_USUAL = (
    "abstract", "aim", "aims", "aims and objectives", "background", "background and aims", "background and objective",
    "background and objectives", "background and purpose", "clinical relevance", "clinical significance", "conclusion",
    "conclusions", "context", "data analysis", "data collection", "data extraction", "data sources",
    "data synthesis", "design", "design and methods", "discussion", "eligibility criteria", "findings", "funding",
    "importance", "inclusion criteria", "intervention", "interventions", "introduction", "interpretation",
    "level of evidence", "limitations", "main outcome measure", "main outcome measures", "main outcomes",
    "main results", "material and methods", "materials and methods", "method", "methods", "methods and results",
    "objective", "objectives", "outcome measures", "participants", "patients", "patients and methods", "population",
    "purpose", "rationale", "registration", "result", "results", "search methods", "search strategy",
    "selection criteria", "setting", "significance", "study design", "study selection", "subjects", "summary",
    "trial registration", "trial registration number", "unlabelled", "unassigned",
)  # fmt: skip
_LABEL = re.compile(r"[ \t]*([^\W\d_][^:\n]{1,79}):(?:[ \t]+|$)")
_NO_LABEL = ("unlabelled", "unassigned")  # what NLM writes where the authors wrote none


def marked(text: str, highlight: Highlight) -> list[Piece]:
    """*text* in pieces, each with the list whose word it is (`include`, `exclude`) or None; joined they are *text*.

    Whole words in any case: `?` is any one letter, `*` any letters or none, a blank any white space, a hyphen any
    hyphen. Where words begin at one place the longest holds, and of one word in both lists the one of `include`.
    """
    pattern, kinds = _compiled(highlight)
    if pattern is None:
        return [(text, None)] if text else []
    pieces: list[Piece] = []
    done = 0
    for found in pattern.finditer(text):
        if found.start() == found.end():
            continue
        if found.start() > done:
            pieces.append((text[done : found.start()], None))
        pieces.append((found.group(), kinds[(found.lastindex or 1) - 1]))
        done = found.end()
    if done < len(text):
        pieces.append((text[done:], None))
    return pieces


def sections(abstract: str) -> list[tuple[str | None, str]]:
    """The parts of an abstract in order, each with its label (`METHODS`) or None; blank parts are left out.

    A label stands at the start of a line before a colon: in capitals, as PubMed has them, or one of the usual words.
    """
    parts: list[tuple[str | None, list[str]]] = []
    for line in abstract.splitlines():
        found = _LABEL.match(line)
        label = found.group(1).strip() if found else None
        if found and label and _is_label(label):
            parts.append((None if label.lower() in _NO_LABEL else label, [line[found.end() :]]))
        elif parts:
            parts[-1][1].append(line)
        else:
            parts.append((None, [line]))
    joined = [(label, "\n".join(lines).strip()) for label, lines in parts]
    return [(label, words) for label, words in joined if label or words]


def _is_label(words: str) -> bool:
    if words.lower() in _USUAL:
        return True
    # DNA: and WHO: may begin a line of running text; a label of one word that is no usual one is longer
    return words == words.upper() and len(words.split()) <= 10 and (len(words) > 4 or " " in words)


@functools.lru_cache(maxsize=16)
def _compiled(highlight: Highlight) -> tuple[re.Pattern[str] | None, tuple[str, ...]]:
    """One pattern with a group for each word, and the kind of each group; None without words."""
    listed = [(word, "include") for word in highlight.include] + [(word, "exclude") for word in highlight.exclude]
    words = [(" ".join(word.split()), kind) for word, kind in listed if word.strip()]
    words.sort(key=lambda one: -len(one[0]))  # stable: include before exclude of one length
    if not words:
        return None, ()
    return re.compile("|".join(f"({_as_pattern(word)})" for word, _ in words), re.IGNORECASE), tuple(
        kind for _, kind in words
    )


def _as_pattern(word: str) -> str:
    """A regular expression that takes linear time: what a `*` skipped is not tried again once its end was found.

    `*` goes to the nearest place where what follows it fits, which is right for letters; only the last one looks
    further, for the end of the word.
    """
    pieces = [_literal(piece) for piece in re.split(r"\*+", word)]
    before = r"(?<!\w)" if _within_word(word[0]) else ""
    after = r"(?!\w)" if _within_word(word[-1]) else ""
    if len(pieces) == 1:
        return f"{before}{pieces[0]}{after}"
    if not "".join(pieces):
        return f"{before}{_LETTER}++{after}"
    first, *middle, last = pieces
    skipped = "".join(f"(?>{_LETTER}*?{piece})" for piece in middle if piece)
    # at the end of a word nothing follows: then all letters are taken at once
    end = f"{_LETTER}*{last}" if last else f"{_LETTER}*+"
    return f"{before}{first}{skipped}{end}{after}"


def _within_word(sign: str) -> bool:
    return sign in "?*" or sign == "_" or sign.isalnum()


def _literal(words: str) -> str:
    # white space is taken from its beginning only, or a text of blanks would be read once from each of them
    signs = {"?": _LETTER, " ": r"(?<!\s)\s++", **dict.fromkeys(_HYPHENS, _HYPHEN)}
    return "".join(signs.get(sign) or re.escape(sign) for sign in words)
