"""Which of the events of a report hold: three tracks that do not overwrite each other, and what takes back what.

`v1.report_event` says the same in SQL; here it is arithmetic over rows, for the report that somebody is about to note
something of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from review.terms import ReportEventKind, ReportTrack

_R, _C, _K = ReportTrack.RETRIEVAL, ReportTrack.CORRESPONDENCE, ReportTrack.CLASSIFICATION
TRACKS: Mapping[ReportEventKind, ReportTrack] = {
    ReportEventKind.SOUGHT: _R,
    ReportEventKind.ORDERED: _R,
    ReportEventKind.RETRIEVED: _R,
    ReportEventKind.NOT_RETRIEVED: _R,
    ReportEventKind.AUTHORS_ASKED: _C,
    ReportEventKind.TRANSLATION_WANTED: _C,
    ReportEventKind.TRANSLATED: _C,
    ReportEventKind.AWAITING_CLASSIFICATION: _K,
    ReportEventKind.ONGOING: _K,
    ReportEventKind.CLASSIFIED: _K,
}
# what the newest event takes the place of: authors may be asked while a translation is wanted
_LINES: Mapping[ReportEventKind, str] = {
    **{kind: track.value for kind, track in TRACKS.items()},
    ReportEventKind.AUTHORS_ASKED: "authors",
    ReportEventKind.TRANSLATION_WANTED: "translation",
    ReportEventKind.TRANSLATED: "translation",
}
MARKS = (ReportEventKind.AWAITING_CLASSIFICATION, ReportEventKind.ONGOING)
Event = Mapping[str, Any]


def holding(events: Iterable[Event]) -> list[Event]:
    """Of all *events* of one report those that hold, at most one a line, in order of arrival.

    With them come events of other records that name one of them: these are not `here`, and hold nothing.
    """
    return [row for row in _newest(events) if row["kind"] != ReportEventKind.WITHDRAWN]


def newest_in_line(events: Iterable[Event], kind: ReportEventKind) -> Event | None:
    """The event that a new one of *kind* takes the place of."""
    return next((row for row in reversed(_newest(events)) if _line(row) == _LINES[kind]), None)


def of_kind(held: Sequence[Event], *kinds: ReportEventKind) -> Event | None:
    """Of the events that hold, the one of one of these kinds."""
    return next((row for row in held if row["kind"] in kinds), None)


def _newest(events: Iterable[Event]) -> list[Event]:
    rows = sorted(events, key=lambda row: (row["arrival"], row["event_id"]))
    taken_back = {row["supersedes"] for row in rows if _takes_back(row)}
    standing = [row for row in rows if not _takes_back(row) and row["event_id"] not in taken_back]
    replaced = {row["supersedes"] for row in standing}
    # later rows of a line come later, and so win
    found = {_line(row): row for row in standing if row["here"] and row["event_id"] not in replaced}
    return sorted(found.values(), key=lambda row: (row["arrival"], row["event_id"]))


def _takes_back(row: Event) -> bool:
    """Whether it takes one event back; one of an earlier version of the program ended the retrieval instead."""
    return bool(row["kind"] == ReportEventKind.WITHDRAWN and row["track"] is not None)


def _line(row: Event) -> str:
    if row["kind"] == ReportEventKind.WITHDRAWN:
        return ReportTrack.RETRIEVAL.value
    return _LINES[ReportEventKind(row["kind"])]
