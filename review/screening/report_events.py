"""Notes one event of a report: who may, whether it fits what holds, what it takes the place of; each id once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from review.database import Store, again_when_overtaken, all_new
from review.errors import DecisionError, UsageProblem
from review.project import Project
from review.screening import full_texts, report_store
from review.screening import store as tables
from review.screening.blinding import hides_include
from review.screening.records import find_record
from review.screening.report_tracks import MARKS, TRACKS, holding, newest_in_line, of_kind
from review.terms import ReportEventKind, ReportTrack, Role, Stage

_Kind = ReportEventKind
_DETAILS = ("reason", "from_where", "asked_on", "language", "note", "file_name", "file_sha256", "kept")

_NEEDED = {
    _Kind.ORDERED: ("from_where", "an order does not say from where"),
    _Kind.NOT_RETRIEVED: ("reason", "a report that was not retrieved has no reason"),
    _Kind.AUTHORS_ASKED: ("asked_on", "authors were asked on no day"),
    _Kind.TRANSLATION_WANTED: ("language", "a translation is wanted from no language"),
    _Kind.AWAITING_CLASSIFICATION: ("reason", "what awaits classification has no reason"),
    _Kind.ONGOING: ("reason", "an ongoing study has no reason"),
}


@dataclass(frozen=True)
class ReportEvent:
    """What happened to one report. *new* is off where the event had been noted before."""

    event_id: str
    record_id: str
    kind: ReportEventKind
    reason: str | None = None
    file_name: str | None = None
    file_sha256: str | None = None
    from_where: str | None = None
    asked_on: date | None = None
    language: str | None = None
    note: str | None = None
    kept: bool | None = None
    track: ReportTrack | None = None
    new: bool = True


@again_when_overtaken
def note_event(
    store: Store,
    project: Project,
    kind: ReportEventKind,
    *,
    record: str,
    who: str,
    event_id: str | None = None,
    track: ReportTrack | None = None,
    **details: Any,
) -> ReportEvent:
    """Note one event; *details* are columns of it. The same id again is the same event."""
    event, row = prepare(store, project, kind, record=record, who=who, event_id=event_id, track=track, details=details)
    if row is not None:
        all_new(store.apply([report_store.append_events([row])]), "screening.report_event", 1)
    return event


def prepare(
    store: Store,
    project: Project,
    kind: ReportEventKind,
    *,
    record: str,
    who: str,
    event_id: str | None,
    details: Mapping[str, Any],
    track: ReportTrack | None = None,
) -> tuple[ReportEvent, dict[str, Any] | None]:
    """The event and the row that notes it; no row where that id was noted before.

    Raises DecisionError where *who* may not, or where it does not fit what holds of the report.
    """
    person = project.reviewer(who)
    if person.has_left:
        message = f"{person.id} left the team on {person.left}"
        raise DecisionError(message, hint="what they noted stays; review.toml says who is in the team")
    if person.role is Role.ANALYST:
        allowed = "owner, reviewer, adjudicator"
        message = f"{person.id} has the role {person.role.value}; reports are handled by: {allowed}"
        raise DecisionError(message)
    with tables.one_look(store):
        record_id = find_record(store, record)
        if event_id and (known := report_store.read_event(store, event_id)):
            return _same_again(store, known, kind, record_id, who=person.id, details=details), None
        events = report_store.read_events(store, record_id)
        last = newest_in_line(events, kind) if kind is not _Kind.WITHDRAWN else None
        held = holding(events)
        taken = _newest_held(held, record_id, track) if kind is _Kind.WITHDRAWN else None
        if taken is None:
            _check(store, record_id, kind, held, hidden=hides_include(store, project, record_id, person.id))
        shown = tables.read_shown(store, record_id)
    if taken is not None:
        track = TRACKS[_Kind(taken["kind"])]
    event = ReportEvent(
        event_id=event_id or str(uuid.uuid4()),
        record_id=record_id,
        kind=kind,
        track=track,
        **{name: _clean(details.get(name)) for name in _DETAILS},
    )
    if kind is _Kind.TRANSLATED and last is not None:
        event = replace(event, language=last["language"])
    before = taken or last
    row = {
        "event_id": event.event_id,
        "supersedes": before["event_id"] if before else None,
        # taken back where it was noted, so that both stay together whatever is split
        "source_record_id": taken["source_record_id"] if taken else shown,
        "kind": kind.value,
        "track": track.value if track else None,
        **{name: getattr(event, name) for name in _DETAILS},
        "who": person.id,
        "decided_at": datetime.now(UTC),
    }
    return event, row


def _newest_held(held: list[Mapping[str, Any]], record_id: str, track: ReportTrack | None) -> Mapping[str, Any]:
    """What a withdrawal takes back."""
    mine = [row for row in held if track is None or TRACKS[_Kind(row["kind"])] is track]
    if not mine:
        about = f" in {track.value}" if track else ""
        message = f"nothing is noted about the report of {record_id}{about}"
        raise DecisionError(message, hint="review screen retrieval shows what is noted")
    return mine[-1]


def _check(store: Store, record_id: str, kind: ReportEventKind, held: list[Mapping[str, Any]], *, hidden: bool) -> None:
    """Raises DecisionError for what cannot be noted of the report as it stands, *hidden* as one not included."""
    state = tables.read_states(store, record_id).get(Stage.TITLE_ABSTRACT, {}).get("state")
    if state != "include" or hidden:
        message = f"{record_id} is not included at title and abstract, so its report is not sought"
        raise DecisionError(message, hint="review screen reports lists the reports to be sought")
    if kind is _Kind.ORDERED and of_kind(held, _Kind.RETRIEVED):
        message = f"the report of {record_id} is there already"
        raise DecisionError(message, hint="if it is the wrong one: review screen take-back RECORD --track retrieval")
    if kind is _Kind.TRANSLATED and not of_kind(held, _Kind.TRANSLATION_WANTED):
        message = f"no translation of the report of {record_id} is wanted"
        raise DecisionError(message, hint="review screen translation RECORD --language LANGUAGE notes that one is")
    if kind is _Kind.CLASSIFIED and not of_kind(held, *MARKS):
        message = f"the report of {record_id} is neither awaiting classification nor ongoing"
        raise DecisionError(message, hint="review screen retrieval shows which are")


def _same_again(
    store: Store,
    known: Mapping[str, Any],
    kind: ReportEventKind,
    record_id: str,
    *,
    who: str,
    details: Mapping[str, Any],
) -> ReportEvent:
    """The event of that id, for a retry. Raises DecisionError when the id belongs to another one."""
    same_words = all(known[name] == _clean(value) for name, value in details.items())
    same_place = known["source_record_id"] in tables.read_members(store, record_id)
    if known["kind"] != kind or known["who"] != who or not same_words or not same_place:
        message = f"event {known['event_id']} exists already and is another one"
        raise DecisionError(message, hint="give each event an id of its own")
    return ReportEvent(
        event_id=known["event_id"],
        record_id=record_id,
        kind=kind,
        track=as_track(known["track"]),
        new=False,
        **{name: known[name] for name in _DETAILS},
    )


def problem_of_event(row: Mapping[str, Any]) -> str | None:
    """What no command would note and the database would refuse, in words, of a row from elsewhere."""
    kind = _Kind(row["kind"])
    if (needed := _NEEDED.get(kind)) and row[needed[0]] is None:
        return needed[1]
    if row["track"] is not None:
        if kind is not _Kind.WITHDRAWN:
            return f"track goes with kind withdrawn, not with {kind.value}"
        if row["track"] not in list(ReportTrack):
            return f"track {row['track']!r} is not allowed; allowed: {', '.join(ReportTrack)}"
        if row["supersedes"] is None:
            return "a withdrawal of one track names in supersedes what it takes back"
    if row["file_sha256"] is not None and not full_texts.is_sha256(row["file_sha256"]):
        return f"file_sha256 {row['file_sha256'][:70]!r} is not a sha256: 64 of 0-9 and a-f"
    if row["kept"] and (kind is not _Kind.RETRIEVED or row["file_sha256"] is None):
        return "kept goes with kind retrieved and a file_sha256"
    return None


def as_track(track: ReportTrack | str | None) -> ReportTrack | None:
    """*track* as a word of the field. Raises UsageProblem for what is none."""
    if track is None or track in list(ReportTrack):
        return None if track is None else ReportTrack(track)
    message = f"{str(track)!r} is not a track; allowed: {', '.join(ReportTrack)}"
    raise UsageProblem(message)


def _clean(value: Any) -> Any:
    return value.strip() or None if isinstance(value, str) else value
