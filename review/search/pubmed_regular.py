"""Where the markup of a chunk of PubMed XML is not the plain one that every XML parser reads alike.

pygixml takes much that XML forbids, and a check by expat costs almost as much as pygixml's own work. PubMed writes its
markup in one plain way, so it is enough to know where a chunk departs from it: all places at once, with numpy.
Plain is: `<` and `>` in turn; in a tag no colon, no semicolon and nothing beyond ASCII; attributes as `name="value"`,
no more than three in a tag, none twice and no namespace; no control character. All else goes to ElementTree.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_Bytes = np.ndarray[Any, np.dtype[np.uint8]]
_Places = np.ndarray[Any, np.dtype[np.int64]]
_Flags = np.ndarray[Any, np.dtype[np.bool_]]

_XMLNS = ord("s") * 256 + ord("n")  # how no other attribute of PubMed ends


def angles(raw: _Bytes, stop: int) -> tuple[_Places, _Places]:
    """The places of `<` in raw[:stop], and those where the markup is not plain; one byte is read behind them."""
    marks = np.flatnonzero((raw[:stop] - np.uint8(58)) < 5)  # : ; < = >
    kinds = raw[marks]
    is_open = kinds == 60
    # a bracket out of turn shifts the level: what comes after it is odd too, which is slower and never wrong
    level = np.cumsum(is_open.view(np.int8) - (kinds == 62).view(np.int8), dtype=np.int8)
    inside = level == 1
    odd = inside & (kinds < 60)
    odd |= (level & -2) != 0  # neither 0 nor 1
    equals = np.flatnonzero(inside & (kinds == 61))
    if len(equals):
        odd[equals] |= _odd_attributes(raw, marks[equals], equals)
    high = np.flatnonzero(raw[:stop] > 127)
    if len(high) and len(marks):
        high = high[inside[np.searchsorted(marks, high) - 1]]  # what the mark before it says
    return marks[is_open], np.concatenate([marks[odd], high, _controls(raw[:stop])])


def _odd_attributes(raw: _Bytes, equals: _Places, place: _Places) -> _Flags:
    """Which of the signs of equality in tags are not those of an attribute in its plain form, or of one given twice.

    *place* counts all marks: signs that follow each other in it stand in one tag.
    """
    last, before = raw[equals - 1], raw[equals - 2]
    odd: _Flags = (raw[equals + 1] != 34) | ~_is_letter(last) | ~(_is_letter(before) | (before == 32))
    ends = last.astype(np.uint16) * 256 + before  # two names of one tag do not end alike, unless they are the same
    odd |= ends == _XMLNS
    for step in (1, 2):
        odd[step:] |= (place[step:] - place[:-step] == step) & (ends[step:] == ends[:-step])
    odd[3:] |= place[3:] - place[:-3] == 3
    return odd


def _is_letter(one: _Bytes) -> _Flags:
    found: _Flags = ((one | np.uint8(32)) - np.uint8(97)) < 26
    return found


def _controls(raw: _Bytes) -> _Places:
    low = raw < 32
    if np.count_nonzero(low) == np.count_nonzero(raw == 10):
        return np.empty(0, np.int64)
    return np.flatnonzero(low & (raw != 10) & (raw != 9) & (raw != 13))
