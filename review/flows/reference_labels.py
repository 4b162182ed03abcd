"""Stable names of references: what study.toml calls a study, letters only where two are called alike.

A label of study.toml is never changed while no other study has it. Where two have the same, the letters go by study_id,
so that they do not depend on the order of loading. `review study link --new` writes the next free letter into the new
study.toml, so that no other moves; a study made by hand may move them, and a saved check asks for its letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase

from review.search.written.bibtex import key_of

_LETTERS = (*ascii_lowercase, *(first + second for first in ascii_lowercase for second in ascii_lowercase))
_KINDS = {"follow_up": "follow-up"}


@dataclass(frozen=True)
class Clash:
    """Several studies with one label, and the labels that they get instead: id → label."""

    label: str
    given: Mapping[str, str]


def lettered(names: Mapping[str, str], *, taken: Iterable[str] = ()) -> tuple[dict[str, str], list[Clash]]:
    """id → label for *names* (id → name): as it is where nobody shares it, else `Wu 2017a`, `Wu 2017b` by id.

    Names are alike when their BibTeX keys are, whatever the case and the accents. Whose letter another label, or one of
    *taken*, has already gets the next one that is free, and the others keep theirs.
    """
    groups: dict[str, list[str]] = {}
    for name_id in sorted(names):
        groups.setdefault(_folded(names[name_id]), []).append(name_id)
    used = {*groups, *map(_folded, taken)}
    others = set(map(_folded, taken))
    labels: dict[str, str] = {}
    clashes = []
    for key, ids in groups.items():
        if len(ids) == 1 and key not in others:
            labels[ids[0]] = names[ids[0]]
            continue
        given = _given({name_id: names[name_id] for name_id in ids}, used)
        labels |= given
        clashes.append(Clash(names[ids[0]], given))
    return labels, clashes


def free_label(label: str, names: Mapping[str, str]) -> str:
    """*label* for a new study beside those of *names* (id → name), with the next free letter where it is taken.

    No label that `lettered` gives to the others changes by it: the one that stands alone keeps its name, `Wu 2017`, and
    the new one is `Wu 2017b`; beside `Wu 2017a` and `Wu 2017b` it is `Wu 2017c`.
    """
    given, _ = lettered(names)
    used = {*map(_folded, given.values()), *map(_folded, names.values())}
    if _folded(label) not in used:
        return label
    return next(new for letter in _LETTERS[1:] if _folded(new := _with(label, letter)) not in used)


def report_labels(label: str, reports: Sequence[tuple[str, str]]) -> dict[str, str]:
    """report_id → label for the *reports* (report_id, kind) of a study, in the order of its study.toml.

    The first primary report, else the first of all, bears the study's *label*; the others say what they are.
    """
    if not reports:
        return {}
    main = next((report_id for report_id, kind in reports if kind == "primary"), reports[0][0])
    labels = {main: label}
    counted: dict[str, int] = {}
    for report_id, kind in reports:
        if report_id == main:
            continue
        counted[kind] = counted.get(kind, 0) + 1
        word = _KINDS.get(kind, "report" if kind == "primary" else kind)
        number = counted[kind] + (kind == "primary")
        labels[report_id] = f"{label}, {word} {number}" if number > 1 else f"{label}, {word}"
    return labels


def _given(names: Mapping[str, str], used: set[str]) -> dict[str, str]:
    """id → label with a letter for names that are alike; what is given is added to *used*."""
    given: dict[str, str] = {}
    blocked = []
    for letter, (name_id, name) in zip(_LETTERS, names.items(), strict=False):
        if _folded(label := _with(name, letter)) in used:
            blocked.append(name_id)
        else:
            given[name_id] = label
            used.add(_folded(label))
    for name_id in blocked:
        labels = (_with(names[name_id], letter) for letter in _LETTERS)
        given[name_id] = next((label for label in labels if _folded(label) not in used), names[name_id])
        used.add(_folded(given[name_id]))
    return {name_id: given.get(name_id, name) for name_id, name in names.items()}


def _with(name: str, letter: str) -> str:
    return f"{name}{letter}" if name[-1:].isdigit() else f"{name} {letter}"


def _folded(name: str) -> str:
    return key_of(name).lower() or " ".join(name.split()).casefold()
