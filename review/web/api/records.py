"""Records: what waits for a person, one record, and the search through all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta

from review.screening import queue as queues
from review.screening.retrieval import kept_files
from review.terms import Stage
from review.web.api.cards import CardView, FullText, Label, card_view
from review.web.api.route import Answer, ApiRoute, Given, Key
from review.web.roles import May
from review.web.site import Desk

StageName = Literal["title_abstract", "full_text"]
_MOST_WITHOUT = 20_000


class QueueQuery(Given, frozen=True):
    """*without*: record ids between commas, those that the page holds already or that were skipped."""

    stage: StageName = "title_abstract"
    limit: Annotated[int, Meta(ge=1, le=50)] = 10
    without: Annotated[str, Meta(max_length=_MOST_WITHOUT)] = ""


class Queue(Answer, frozen=True):
    """The next records in the person's own order; *waiting* is how many there are in all.

    *criteria_version* is the present one: a page that shows another asks for the protocol again.
    """

    stage: str
    criteria_version: str
    waiting: int
    cards: list[CardView]


class RecordsQuery(Given, frozen=True):
    """*own* asks for records on which the person has a certain word or none, *label* for those with this label."""

    words: Annotated[str, Meta(max_length=500)] = ""
    stage: StageName = "title_abstract"
    own: Literal["any", "undecided", "include", "exclude", "unsure"] = "any"
    label: Annotated[str, Meta(max_length=200)] = ""
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    offset: Annotated[int, Meta(ge=0, le=10_000_000)] = 0


class FoundRow(Answer, frozen=True):
    """A record that was found."""

    record_id: str
    title: str | None
    year: int | None
    journal: str | None
    own_verdict: str | None
    labels: list[Label]


class Found(Answer, frozen=True):
    """How many were found, and those that were asked for, the newest first."""

    total: int
    rows: list[FoundRow]


class RecordQuery(Given, frozen=True):
    """Without *stage* the decisions of both stages are given."""

    stage: StageName | None = None


def queue(desk: Desk, query: QueueQuery) -> Queue:
    """The next records that wait for the person, in an order of their own that tells nothing of the others."""
    without = [one for one in query.without.split(",") if one]
    who, stage = desk.reviewer.id, query.stage
    waiting = queues.count_waiting(desk.store, desk.project, reviewer=who, stage=stage)
    cards = queues.cards(desk.store, desk.project, reviewer=who, stage=stage, limit=query.limit, without=without)
    version = desk.project.criteria.version
    return Queue(stage=stage, criteria_version=version, waiting=waiting, cards=views(desk, cards))


def record(desk: Desk, record: Key, query: RecordQuery) -> CardView:
    """One record, with the decisions that the person may see."""
    card = queues.show_record(desk.store, desk.project, record=record, reviewer=desk.reviewer.id, stage=query.stage)
    return views(desk, [card])[0]


def records(desk: Desk, query: RecordsQuery) -> Found:
    """The records of a stage that hold every one of the words, "several words" as they stand together."""
    found = queues.find_records(
        desk.store,
        desk.project,
        reviewer=desk.reviewer.id,
        words=query.words,
        stage=query.stage,
        own=query.own,
        label=query.label or None,
        limit=query.limit,
        offset=query.offset,
    )
    return Found(total=found.total, rows=[_row(row) for row in found.rows])


def views(desk: Desk, cards: Sequence[queues.Card]) -> list[CardView]:
    """*cards* as JSON, those that were screened in full with the file that is kept of them."""
    files: dict[str, dict[str, Any]] = {}
    if any(card.stage is not Stage.TITLE_ABSTRACT for card in cards):
        files = kept_files(desk.store, [card.record_id for card in cards])
    return [card_view(card, desk.project, full_text=_file(desk, files.get(card.record_id))) for card in cards]


def _file(desk: Desk, kept: dict[str, Any] | None) -> FullText | None:
    if kept is None:
        return None
    return FullText(file_name=kept["file_name"], url=f"{desk.prefix}/full-texts/{kept['file_sha256']}")


def _row(row: dict[str, Any]) -> FoundRow:
    labels = [Label(label=one["label"], mine=one["mine"]) for one in row["labels"]]
    return FoundRow(**{**row, "labels": labels})


ROUTES = (
    ApiRoute("GET", "/api/queue", queue, "The next records that wait for you", May.SCREEN),
    ApiRoute("GET", "/api/records", records, "Search the records"),
    ApiRoute("GET", "/api/records/{record}", record, "One record"),
)
