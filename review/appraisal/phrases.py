"""The sentence that a certainty and a size allow: GRADE guidelines 26 (PMID 31711912), a fixed table."""

from __future__ import annotations

from enum import StrEnum

from review.appraisal.grade import Certainty


class Size(StrEnum):
    """How large an effect is; the cut points, in multiples of the MID, belong into the protocol."""

    LARGE = "large"
    MODERATE = "moderate"
    SMALL = "small but important"
    TRIVIAL = "trivial or none"


class Direction(StrEnum):
    """Which way the outcome moves."""

    REDUCES = "reduces"
    INCREASES = "increases"


_UNCERTAIN = "The evidence is very uncertain about the effect of {i} on {o}"
_TRIVIAL = {
    Certainty.HIGH: "{i} results in little to no difference in {o}",
    Certainty.MODERATE: "{i} probably results in little to no difference in {o}",
    Certainty.LOW: "{i} may result in little to no difference in {o}",
}
_LARGE = {
    Certainty.HIGH: "{i} results in a large {noun} in {o}",
    Certainty.MODERATE: "{i} probably results in a large {noun} in {o}",
    Certainty.LOW: "{i} may result in a large {noun} in {o}",
}
_PLAIN = {
    Certainty.HIGH: "{i} {verb}s {o}",
    Certainty.MODERATE: "{i} probably {verb}s {o}",
    Certainty.LOW: "{i} may {verb} {o}",
}
_WORDS = {Direction.REDUCES: ("reduce", "reduction"), Direction.INCREASES: ("increase", "increase")}


def phrase(certainty: Certainty, size: Size, direction: Direction, *, intervention: str, outcome: str) -> str:
    """The sentence for a cell; at very low certainty neither size nor direction is used."""
    verb, noun = _WORDS[direction]
    if certainty is Certainty.VERY_LOW:
        form = _UNCERTAIN
    elif size is Size.TRIVIAL:
        form = _TRIVIAL[certainty]
    elif size is Size.LARGE:
        form = _LARGE[certainty]
    else:
        form = _PLAIN[certainty] + (" slightly" if size is Size.SMALL else "")
    return form.format(i=intervention, o=outcome, verb=verb, noun=noun)
