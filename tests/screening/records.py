"""Brings synthetic records into a database, as a committed import would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from review.database import Append, LocalStore
from tests.conftest import synthetic_receipt, synthetic_record


def bring(store: LocalStore, changes: Sequence[Mapping[str, Any]], *, name: str = "i1") -> list[str]:
    """Import one synthetic record for each of *changes* (fields that differ); their ids, in order.

    `number` in a change makes the record another one; by default they are numbered from 1.
    """
    rows = []
    for place, change in enumerate(changes, start=1):
        fields = dict(change)
        rows.append({**synthetic_record(fields.pop("number", place)), **fields})
    store.apply(
        [
            Append("search.source_record", rows),
            Append(
                "search.import_record",
                [
                    {"import_id": name, "source_record_id": row["source_record_id"], "position": place}
                    for place, row in enumerate(rows, start=1)
                ],
            ),
            Append(
                "search.import_receipt",
                [synthetic_receipt(name, records=len(rows), at=datetime(2026, 1, 1, tzinfo=UTC))],
            ),
        ]
    )
    return [str(row["source_record_id"]) for row in rows]


def state_of(store: LocalStore, record: str, stage: str = "title_abstract") -> str | None:
    """The state of a record, or None where the stage is not due."""
    rows = store.read(
        "select state from v1.screening_state where record_id = $record and stage = $stage",
        {"record": record, "stage": stage},
    )
    return str(rows["state"][0]) if rows.height else None
