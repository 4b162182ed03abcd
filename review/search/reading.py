"""What a reader of reference files hands back: the records, and an account of every line that is in none."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from review.search.records import Record, Rejected


@dataclass(frozen=True)
class Repair:
    """A record that was read although a rule of its dialect was broken."""

    line: int
    rule: str


@dataclass(frozen=True)
class Stray:
    """A line that belongs to no record."""

    line: int
    text: str


@dataclass(frozen=True)
class Reading:
    """One file as read. `markers` is counted by a scan of its own, so that it can disagree with the records.

    `marker_lines` are where the markers stand, `unfinished` the line of a last record that the file cuts off, and
    `cut_off` what shows that it does. `deleted` are the PMIDs that the file says PubMed withdrew.
    """

    dialect: str
    evidence: str
    records: tuple[Record, ...]
    markers: int
    marker_lines: tuple[int, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    repairs: tuple[Repair, ...] = ()
    strays: tuple[Stray, ...] = ()
    unmapped: Mapping[str, int] = field(default_factory=dict)
    deleted: tuple[str, ...] = ()
    unfinished: int | None = None
    cut_off: str = ""
    encoding: str = "utf-8"
    bom: bool = False
    newlines: str = ""


def stray(line: int, text: str) -> Stray:
    """A line that was not understood, cut to 80 characters."""
    return Stray(line, text.strip()[:80])


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Keep the collector of cycles from looking at each of a hundred thousand lists, none of which is in a cycle."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
