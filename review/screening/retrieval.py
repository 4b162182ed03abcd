"""Keeps track of reports: ordered, retrieved or not, authors asked, translations wanted, and what cannot be classified.

Each deed is one event. Retrieval, correspondence and classification are tracks of their own, so that a letter to the
authors does not take back an order; which event holds is said in `report_tracks`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from review.database import Store
from review.errors import DecisionError, UsageProblem
from review.project import Project
from review.screening import full_texts, report_store
from review.screening import store as tables
from review.screening.blinding import RESOLVED, is_blinded
from review.screening.report_events import ReportEvent, as_track, note_event, prepare
from review.terms import ReportEventKind, ReportTrack, Stage

_Kind = ReportEventKind
_ABSTRACT = Stage.TITLE_ABSTRACT.value
# what the others' decisions made of a report
_OF_DECISIONS = ("full_text_state", "exclusion_reason")
# somebody's opinion of a report, in their words: it could tell more than the mark
_OPINION = "classification_reason"


def seek(store: Store, project: Project, *, record: str, who: str, event_id: str | None = None) -> ReportEvent:
    """Note that somebody looks for the report; an include at title and abstract makes it one to be sought."""
    return note_event(store, project, _Kind.SOUGHT, record=record, who=who, event_id=event_id)


def order(
    store: Store,
    project: Project,
    *,
    record: str,
    who: str,
    source: str,
    note: str | None = None,
    event_id: str | None = None,
) -> ReportEvent:
    """Note that the report is ordered, and from where: a library, a shop, a person.

    Raises DecisionError for one that is there already.
    """
    where = _words(source, "an order needs to say from where", "--source 'interlibrary loan'")
    return note_event(
        store, project, _Kind.ORDERED, record=record, who=who, event_id=event_id, from_where=where, note=note
    )


def retrieved(
    store: Store,
    project: Project,
    *,
    record: str,
    who: str,
    file: Path | None = None,
    event_id: str | None = None,
) -> ReportEvent:
    """Note that the report is there; of *file* its name and sha256 are kept, not its content."""
    sha256 = None
    if file is not None:
        if not file.is_file():
            message = f"{file} is not a file"
            raise UsageProblem(message)
        with file.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    name = file.name if file else None
    return note_event(
        store, project, _Kind.RETRIEVED, record=record, who=who, event_id=event_id, file_name=name, file_sha256=sha256
    )


def attach(
    store: Store,
    project: Project,
    *,
    record: str,
    who: str,
    name: str,
    content: bytes,
    event_id: str | None = None,
) -> ReportEvent:
    """Keep the report's PDF in the project's folder as full_texts/SHA256.pdf, and note that it is retrieved.

    Raises FormatError for what is no PDF of 1 byte to 100 MB, FullDisk when there is no room for it; then nothing is
    kept. *name* is kept as a text and is no place. The file comes before the event: a retry finds it there.
    """
    name = full_texts.as_name(name)
    full_texts.check_pdf(content, name=name)
    details = {"file_name": name, "file_sha256": hashlib.sha256(content).hexdigest(), "kept": True}
    # refused before anything is written
    event, row = prepare(store, project, _Kind.RETRIEVED, record=record, who=who, event_id=event_id, details=details)
    full_texts.keep(project, content)
    if row is not None:
        store.apply([report_store.append_events([row])])
    return event


def attach_file(
    store: Store, project: Project, *, record: str, who: str, file: Path, event_id: str | None = None
) -> ReportEvent:
    """`attach` for a *file* on this machine, which stays where it is."""
    # one that is too large is not read to its end, only far enough to say so
    with file.open("rb") as opened:
        content = opened.read(full_texts.MOST_BYTES + 1)
    return attach(store, project, record=record, who=who, name=file.name, content=content, event_id=event_id)


def not_retrieved(
    store: Store, project: Project, *, record: str, who: str, reason: str, event_id: str | None = None
) -> ReportEvent:
    """Note that the report could not be had, and why, in words."""
    why = _words(reason, "a report that was not retrieved needs a reason", '--reason "no answer from the authors"')
    return note_event(store, project, _Kind.NOT_RETRIEVED, record=record, who=who, event_id=event_id, reason=why)


def ask_authors(
    store: Store,
    project: Project,
    *,
    record: str,
    who: str,
    asked_on: date,
    note: str | None = None,
    event_id: str | None = None,
) -> ReportEvent:
    """Note the day on which the authors were asked. Raises DecisionError for a day that is still to come."""
    # it may be tomorrow already where somebody sits
    if asked_on > datetime.now(UTC).date() + timedelta(days=1):
        message = f"{asked_on.isoformat()} is still to come"
        raise DecisionError(message, hint="give the day on which the authors were asked")
    return note_event(
        store, project, _Kind.AUTHORS_ASKED, record=record, who=who, event_id=event_id, asked_on=asked_on, note=note
    )


def want_translation(
    store: Store,
    project: Project,
    *,
    record: str,
    who: str,
    language: str,
    note: str | None = None,
    event_id: str | None = None,
) -> ReportEvent:
    """Note that a translation is wanted, and from which language."""
    words = _words(language, "a translation needs the language of the report", "--language Chinese")
    return note_event(
        store, project, _Kind.TRANSLATION_WANTED, record=record, who=who, event_id=event_id, language=words, note=note
    )


def translated(
    store: Store, project: Project, *, record: str, who: str, note: str | None = None, event_id: str | None = None
) -> ReportEvent:
    """Note that the translation that was wanted is there. Raises DecisionError where none was wanted."""
    return note_event(store, project, _Kind.TRANSLATED, record=record, who=who, event_id=event_id, note=note)


def await_classification(
    store: Store, project: Project, *, record: str, who: str, reason: str, event_id: str | None = None
) -> ReportEvent:
    """Mark a report of which nobody can say yet whether it is eligible, and why: it is neither in nor out.

    The mark wins over decisions on full text while it stands, and nobody owes one.
    """
    why = _words(reason, "what awaits classification needs a reason", '--reason "only a conference abstract"')
    return note_event(
        store, project, _Kind.AWAITING_CLASSIFICATION, record=record, who=who, event_id=event_id, reason=why
    )


def mark_ongoing(
    store: Store, project: Project, *, record: str, who: str, reason: str, event_id: str | None = None
) -> ReportEvent:
    """Mark a report of a study that has not ended, and what tells so: it is neither in nor out."""
    why = _words(reason, "an ongoing study needs a reason", '--reason "registry entry, recruiting until 2027"')
    return note_event(store, project, _Kind.ONGOING, record=record, who=who, event_id=event_id, reason=why)


def classified(
    store: Store, project: Project, *, record: str, who: str, note: str | None = None, event_id: str | None = None
) -> ReportEvent:
    """End `awaiting classification` or `ongoing`: the decisions on full text count again."""
    return note_event(store, project, _Kind.CLASSIFIED, record=record, who=who, event_id=event_id, note=note)


def withdraw(
    store: Store,
    project: Project,
    *,
    record: str,
    who: str,
    track: ReportTrack | str | None = None,
    event_id: str | None = None,
) -> ReportEvent:
    """Take back the newest event of a report that holds, of *track* if named; what it had replaced holds again."""
    at = as_track(track)
    return note_event(store, project, _Kind.WITHDRAWN, record=record, who=who, event_id=event_id, track=at)


def reports(store: Store, project: Project, *, reviewer: str | None = None) -> pl.DataFrame:
    """v1.report: every report that was to be sought.

    A reviewer of a blind review sees what full-text screening said only of reports on which they decided
    themselves.
    """
    with tables.one_look(store):
        return _as_seen(store, project, report_store.read_reports(store), reviewer)


def retrieval_list(
    store: Store, project: Project, *, reviewer: str | None = None, waiting: bool = False
) -> pl.DataFrame:
    """What to retrieve: of every report what it waits for, where it was ordered, when its authors were asked.

    `waits_for`: order, delivery, answer of the authors, translation, classification, the end of the study; null for
    what waits for nothing, which *waiting* leaves out. A reviewer of a blind review sees no more than in `reports`.
    """
    with tables.one_look(store):
        rows = _as_seen(store, project, report_store.read_list(store), reviewer)
    return rows.filter(pl.col("waits_for").is_not_null()) if waiting else rows


def _as_seen(store: Store, project: Project, rows: pl.DataFrame, reviewer: str | None) -> pl.DataFrame:
    """*rows* of reports without what *reviewer* must not see."""
    if reviewer is None or not is_blinded(store, project, reviewer):
        return rows
    # what a merge of their own made of others' words is told to the others only
    rows = rows.filter(~pl.col("record_id").is_in(sorted(tables.read_joined_by(store, reviewer, _ABSTRACT))))
    decided = tables.read_decided(store, reviewer, Stage.FULL_TEXT.value)
    open_to_them = pl.col("record_id").is_in(decided) & pl.col("full_text_state").is_in(RESOLVED)
    hidden = [name for name in (*_OF_DECISIONS, _OPINION) if name in rows.columns]
    # that somebody decided makes a report a retrieved one: they are told what was noted, and no more
    noted = pl.col("noted").is_in([_Kind.RETRIEVED.value, _Kind.NOT_RETRIEVED.value])
    retrieval = pl.when(open_to_them).then(pl.col("retrieval")).when(noted).then(pl.col("noted"))
    seen = rows.join(report_store.read_noted(store), on="record_id", how="left", maintain_order="left").with_columns(
        retrieval.otherwise(pl.lit("pending")).alias("retrieval"),
        pl.when(open_to_them)
        .then(pl.col("not_retrieved_reason"))
        .otherwise(pl.col("noted_reason"))
        .alias("not_retrieved_reason"),
        *(pl.when(open_to_them).then(pl.col(name)).alias(name) for name in hidden),
    )
    return seen.drop("noted", "noted_reason")


def kept_files(store: Store, records: Collection[str]) -> dict[str, dict[str, Any]]:
    """Record → file_name and file_sha256 of the PDF that is kept of its report; of *records*, those that have one."""
    return {row["record_id"]: row for row in report_store.read_kept(store) if row["record_id"] in records}


def _words(text: str, problem: str, hint: str) -> str:
    """*text* without blanks around it. Raises DecisionError where nothing is left."""
    if not text.strip():
        raise DecisionError(problem, hint=hint)
    return text.strip()
