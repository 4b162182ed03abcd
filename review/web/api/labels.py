"""Labels: put on a record or taken off it; everybody has their own."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from review.screening import labels as screening
from review.web.api.route import Answer, ApiRoute, Given, Id, Key
from review.web.roles import May
from review.web.site import Desk


class LabelBody(Given, frozen=True):
    """A label; *withdrawn* takes it off again."""

    id: Id
    record: Key
    label: Annotated[str, Meta(min_length=1, max_length=200)]
    withdrawn: bool = False


class LabelPut(Answer, frozen=True):
    """The label as it was recorded."""

    id: str
    record: str
    label: str
    withdrawn: bool
    new: bool


class OwnLabels(Answer, frozen=True):
    """The labels that the person has used."""

    labels: list[str]


def put_label(desk: Desk, body: LabelBody) -> LabelPut:
    """Put a label on a record, or take it off."""
    deed = screening.remove_label if body.withdrawn else screening.put_label
    done = deed(
        desk.store,
        desk.project,
        record=body.record,
        reviewer=desk.reviewer.id,
        label=body.label,
        label_id=body.id,
    )
    return LabelPut(id=done.label_id, record=done.record_id, label=done.label, withdrawn=done.withdrawn, new=done.new)


def labels(desk: Desk) -> OwnLabels:
    """The person's own labels, by name."""
    return OwnLabels(labels=screening.own_labels(desk.store, desk.project, reviewer=desk.reviewer.id))


ROUTES = (
    ApiRoute("GET", "/api/labels", labels, "Your labels"),
    ApiRoute("POST", "/api/labels", put_label, "Put a label on a record", May.LABEL),
)
