"""The search report in the order of PRISMA-S: sixteen items, and under each what the data know.

Source of the items: Rethlefsen et al. 2021, 10.1186/s13643-020-01542-z. The names are theirs; what is asked is in our
words. An item that the data cannot know says so, and where to write it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from review.reporting.table import SIMULATED, Column, Row, Table

if TYPE_CHECKING:
    import polars as pl

ITEMS = (
    "Read this first",
    "Database name",
    "Multi-database searching",
    "Study registries",
    "Online resources and browsing",
    "Citation searching",
    "Contacts",
    "Other methods",
    "Full search strategies",
    "Limits and restrictions",
    "Search filters",
    "Prior work",
    "Updates",
    "Dates of searches",
    "Peer review",
    "Total records",
    "Deduplication",
)
_MEANINGS = (
    "Items: PRISMA-S, Rethlefsen et al. 2021, doi 10.1186/s13643-020-01542-z.",
    "reported: taken from this review's database and strategy files.",
    "nothing recorded: a search or a deed of that kind would be in the database, and none is.",
    "not reported: the database cannot know it; a person has to write it.",
)
_IN_FULL = "Lines that join others by number were sent in full, as the last one stands; csv and json hold each as sent."


class Status(StrEnum):
    """How much a statement may claim."""

    REPORTED = "reported"
    EMPTY = "nothing recorded"
    OPEN = "not reported"


@dataclass(frozen=True)
class Statement:
    """One line under one of the items (0: what stands before them).

    *line* is the number of a line of a strategy, *records* a count; *brief* is what documents print instead of *text*.
    """

    item: int
    about: str
    text: str
    records: int | None = None
    status: Status = Status.REPORTED
    run_id: str | None = None
    line: int | None = None
    on: date | None = None
    translation: str | None = None
    brief: str | None = None


def prisma_s_table(statements: Sequence[Statement], *, title: str, simulated: bool) -> tuple[Table, pl.DataFrame]:
    """The report as a table, and its raw lines."""
    ordered = sorted(statements, key=lambda one: one.item)
    table = Table(
        caption=f"Search report after PRISMA-S: {title}",
        columns=(
            Column("about", "About"),
            Column("text", "What the data say"),
            Column("records", "Records", kind="number"),
            Column("status", "Status"),
        ),
        rows=tuple(
            Row(
                (one.about, one.brief or one.text, one.records, one.status.value if one.line is None else None),
                group=f"{one.item}. {ITEMS[one.item]}" if one.item else ITEMS[0],
            )
            for one in ordered
        ),
        notes=(*_MEANINGS, *([_IN_FULL] if any(one.brief for one in ordered) else [])),
        banner=SIMULATED if simulated else "",
    )
    return table, _frame(ordered, simulated=simulated)


def _frame(statements: Sequence[Statement], *, simulated: bool) -> pl.DataFrame:
    import polars as pl

    schema = {
        "item": pl.Int64,
        "item_name": pl.String,
        "about": pl.String,
        "status": pl.String,
        "run_id": pl.String,
        "searched_on": pl.String,
        "line": pl.Int64,
        "text": pl.String,
        "records": pl.Int64,
        "query_translation": pl.String,
    }
    rows = [
        (
            one.item,
            ITEMS[one.item],
            one.about,
            one.status.value,
            one.run_id,
            one.on.isoformat() if one.on else None,
            one.line,
            one.text,
            one.records,
            one.translation,
        )
        for one in statements
    ]
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(pl.lit("SIMULATED").alias("simulated")) if simulated else frame
