"""Records: what waits for a person, one record, and the search through all of them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from review.screening import queue as queues
from review.web.api.cards import CardView, card_view
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
    """The next records in the person's own order; *waiting* is how many there are in all."""

    stage: str
    waiting: int
    cards: list[CardView]


class RecordQuery(Given, frozen=True):
    """Without *stage* the decisions of both stages are given."""

    stage: StageName | None = None


def queue(desk: Desk, query: QueueQuery) -> Queue:
    """The next records that wait for the person, in an order of their own that tells nothing of the others."""
    without = {one for one in query.without.split(",") if one}
    waiting = queues.queue(desk.store, desk.project, reviewer=desk.reviewer.id, stage=query.stage)
    wanted = [one for one in waiting if one not in without][: query.limit]
    cards = [
        queues.show_record(desk.store, desk.project, record=one, reviewer=desk.reviewer.id, stage=query.stage)
        for one in wanted
    ]
    return Queue(stage=query.stage, waiting=len(waiting), cards=[_view(desk, card) for card in cards])


def record(desk: Desk, record: Key, query: RecordQuery) -> CardView:
    """One record, with the decisions that the person may see."""
    card = queues.show_record(desk.store, desk.project, record=record, reviewer=desk.reviewer.id, stage=query.stage)
    return _view(desk, card)


def _view(desk: Desk, card: queues.Card) -> CardView:
    return card_view(card, desk.project, reviewer=desk.reviewer.id, prefix=desk.prefix)


ROUTES = (
    ApiRoute("GET", "/api/queue", queue, "The next records that wait for you", May.SCREEN),
    ApiRoute("GET", "/api/records/{record}", record, "One record"),
)
