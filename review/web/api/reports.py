"""Reports: what is to be had and what was tried, one event a deed, and the PDFs themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from review.errors import UsageProblem
from review.screening import full_texts, retrieval
from review.screening.report_events import ReportEvent
from review.web.api.route import Answer, ApiRoute, Document, Given, Id, Key, Line, Rows, Upload, Words
from review.web.roles import May
from review.web.site import Desk

Kind = Literal[
    "sought",
    "ordered",
    "retrieved",
    "not_retrieved",
    "authors_asked",
    "translation_wanted",
    "translated",
    "awaiting_classification",
    "ongoing",
    "classified",
    "withdrawn",
]

# kind → the deed, and the fields that it takes of the body
_DEEDS: dict[str, tuple[Callable[..., ReportEvent], dict[str, bool]]] = {
    "sought": (retrieval.seek, {}),
    "ordered": (retrieval.order, {"source": True, "note": False}),
    "retrieved": (retrieval.retrieved, {}),
    "not_retrieved": (retrieval.not_retrieved, {"reason": True}),
    "authors_asked": (retrieval.ask_authors, {"asked_on": True, "note": False}),
    "translation_wanted": (retrieval.want_translation, {"language": True, "note": False}),
    "translated": (retrieval.translated, {"note": False}),
    "awaiting_classification": (retrieval.await_classification, {"reason": True}),
    "ongoing": (retrieval.mark_ongoing, {"reason": True}),
    "classified": (retrieval.classified, {"note": False}),
    "withdrawn": (retrieval.withdraw, {"track": False}),
}
_FIELDS = ("source", "reason", "asked_on", "language", "note", "track")


class ReportsQuery(Given, frozen=True):
    """*waiting* leaves out what waits for nothing."""

    waiting: bool = False


class ReportEventBody(Given, frozen=True):
    """What happened to a report: `ordered` takes *source*, `authors_asked` *asked_on*, `translation_wanted` *language*,
    `not_retrieved`, `awaiting_classification` and `ongoing` *reason*; `withdrawn` takes back what holds last, of
    *track* if that is given.
    """

    id: Id
    record: Key
    kind: Kind
    source: Line | None = None
    reason: Words | None = None
    asked_on: date | None = None
    language: Line | None = None
    note: Words | None = None
    track: Literal["retrieval", "correspondence", "classification"] | None = None


class FileQuery(Given, frozen=True):
    """*name* is kept as a text and is no place."""

    id: Id
    name: Annotated[str, Meta(min_length=1, max_length=1000)]


class ReportNoted(Answer, frozen=True):
    """The event as it was recorded; *url* is where a kept file is read."""

    id: str
    record: str
    kind: str
    reason: str | None
    file_name: str | None
    file_sha256: str | None
    url: str | None
    new: bool


def reports(desk: Desk, query: ReportsQuery) -> Rows:
    """The retrieval list: of every report what it waits for, where it was ordered, when its authors were asked."""
    rows = retrieval.retrieval_list(desk.store, desk.project, reviewer=desk.reviewer.id, waiting=query.waiting)
    return Rows(rows=rows.to_dicts())


def note_report(desk: Desk, body: ReportEventBody) -> ReportNoted:
    """Note one event of a report."""
    deed, takes = _DEEDS[body.kind]
    given = {name: getattr(body, name) for name in _FIELDS if getattr(body, name) is not None}
    for name in given:
        if name not in takes:
            message = f"{name} does not go with {body.kind}"
            raise UsageProblem(message, hint=f"it takes: {', '.join(takes) or 'nothing more'}")
    for name, needed in takes.items():
        if needed and name not in given:
            message = f"{body.kind} needs {name}"
            raise UsageProblem(message)
    done = deed(desk.store, desk.project, record=body.record, who=desk.reviewer.id, event_id=body.id, **given)
    return _noted(desk, done)


def attach(desk: Desk, record: Key, query: FileQuery, body: Upload) -> ReportNoted:
    """Keep the PDF of a report with the review, and note that it is retrieved."""
    done = retrieval.attach(
        desk.store,
        desk.project,
        record=record,
        who=desk.reviewer.id,
        name=query.name,
        content=body.content,
        event_id=query.id,
    )
    return _noted(desk, done)


def full_text(desk: Desk, sha256: str) -> Document:
    """The PDF of that hash, to be read in the browser."""
    path = full_texts.full_text(desk.project, sha256)
    rows = retrieval.reports(desk.store, desk.project, reviewer=desk.reviewer.id)
    names = rows.filter(rows["file_sha256"] == sha256)["file_name"].drop_nulls()
    return Document(path, names[0] if names.len() else "report.pdf")


def _noted(desk: Desk, done: ReportEvent) -> ReportNoted:
    return ReportNoted(
        id=done.event_id,
        record=done.record_id,
        kind=done.kind.value,
        reason=done.reason,
        file_name=done.file_name,
        file_sha256=done.file_sha256,
        url=f"{desk.prefix}/full-texts/{done.file_sha256}" if done.kept else None,
        new=done.new,
    )


ROUTES = (
    ApiRoute("GET", "/api/reports", reports, "The retrieval list"),
    ApiRoute("POST", "/api/report-events", note_report, "Note what happened to a report", May.HANDLE_REPORTS),
    ApiRoute("PUT", "/api/reports/{record}/file", attach, "Keep the PDF of a report", May.HANDLE_REPORTS),
    ApiRoute("GET", "/full-texts/{sha256}", full_text, "A PDF that is kept"),
)
