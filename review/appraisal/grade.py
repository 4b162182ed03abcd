"""Certainty of the evidence in a cell (GRADE): a person rates, the levels are added up and checked."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from review.appraisal import store as tables
from review.database import Store
from review.errors import DecisionError, UsageProblem
from review.project import Project

if TYPE_CHECKING:
    import polars as pl


class Certainty(StrEnum):
    """How sure we are, from the least."""

    VERY_LOW = "very_low"
    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


# domain → how many levels it may move the certainty; guidance 35 of the GRADE series lets imprecision go to
# three
DOWN = {"risk_of_bias": 2, "inconsistency": 2, "indirectness": 2, "imprecision": 3, "publication_bias": 2}
UP = {"large_effect": 2, "dose_response": 1, "opposing_confounding": 1}
NO_CHANGE = "none"
WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Reason:
    """Why the certainty moved, and by how many levels: negative is down."""

    levels: int
    words: str


def start(*, randomised: bool) -> Certainty:
    """Where the rating begins: high for randomised trials, low for observational studies."""
    return Certainty.HIGH if randomised else Certainty.LOW


def level(begin: Certainty, reasons: Mapping[str, Reason]) -> Certainty:
    """*begin* moved by the levels of *reasons* (domain → reason), and kept within very low … high."""
    order = list(Certainty)
    place = order.index(begin) + sum(reason.levels for reason in reasons.values())
    return order[max(0, min(place, len(order) - 1))]


def check_reasons(reasons: Mapping[str, Reason]) -> None:
    """Raise UsageProblem for an unknown domain, a move that it does not allow, or a reason without words."""
    allowed = [*DOWN, *UP, NO_CHANGE]
    if not reasons:
        message = "a certainty needs at least one reason"
        raise UsageProblem(message, hint="where nothing moves it, say so: none:0:no reason to rate down, because ...")
    for domain, reason in reasons.items():
        if domain not in allowed:
            message = f"{domain!r} is not a domain of GRADE; allowed: {', '.join(allowed)}"
            raise UsageProblem(message)
        least, most = (-DOWN[domain], 0) if domain in DOWN else (0, UP.get(domain, 0))
        if not least <= reason.levels <= most:
            message = f"{domain} moves the certainty by {least} to {most} levels, not {reason.levels}"
            raise UsageProblem(message)
        if not reason.words.strip():
            message = f"{domain} has no words that say why"
            raise UsageProblem(message, hint="write it as domain:levels:why, such as imprecision:-1:few participants")


def rate(
    store: Store,
    project: Project,
    *,
    cell_id: str,
    certainty: str,
    reasons: Mapping[str, Reason],
    who: str,
    event_id: str | None = None,
    now: datetime | None = None,
) -> str:
    """Record what *who* decided on the certainty of a cell, or take it back with `withdrawn`; the event's id.

    A newer decision supersedes the one before. Raises UsageProblem for an unknown cell or person,
    DecisionError when the certainty is not what its reasons make.
    """
    person = project.reviewer(who)
    allowed = [*(item.value for item in Certainty), WITHDRAWN]
    if certainty not in allowed:
        message = f"{certainty!r} is not a certainty; allowed: {', '.join(allowed)}"
        raise UsageProblem(message)
    cell = tables.cell(store, cell_id)
    if cell is None:
        message = f"there is no cell {cell_id!r}"
        raise UsageProblem(message, hint="review table evidence --ids prints the cells; review synthesize makes them")
    if certainty != WITHDRAWN:
        _check_arithmetic(cell_id, certainty, reasons)
    event = {
        "decision_id": event_id or str(uuid.uuid4()),
        "supersedes": cell["decision_id"],
        "cell_id": cell_id,
        "certainty": certainty,
        "reasons": json.dumps(
            {domain: {"levels": reason.levels, "reason": reason.words} for domain, reason in reasons.items()},
            ensure_ascii=False,
            sort_keys=True,
        ),
        "who": person.id,
        "decided_at": now or datetime.now(UTC),
    }
    tables.add_certainty(store, event)
    return str(event["decision_id"])


def _check_arithmetic(cell_id: str, certainty: str, reasons: Mapping[str, Reason]) -> None:
    """Only randomised trials are pooled, so every cell begins at high."""
    check_reasons(reasons)
    begin = start(randomised=True)
    made = level(begin, reasons)
    if made != certainty:
        message = f"{cell_id}: these reasons lead from {begin.value} to {made.value}, not to {certainty}"
        raise DecisionError(message, hint="change the certainty, or the levels of the reasons")


def certainties(store: Store) -> pl.DataFrame:
    """Every cell and its certainty; 'not rated' where nobody rated it."""
    return tables.certainties(store)
