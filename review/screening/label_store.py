"""The SQL of labels: what reviewers wrote on records, each with the record's latest stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from review.database import Append, Store

_LABEL = "select * from screening.label where label_id = $id"
_ON = """
select record_id, source_record_id, entry_id, reviewer, label, decided_at, label_id
from v1.current_label
where list_contains($records, record_id)
order by lower(label), label, arrival
"""
_OWN = "select distinct label from v1.current_label where reviewer = $reviewer order by lower(label), label"
_SHOWN = "select shown_source_record_id from v1.record where record_id = $record"


def read_label(store: Store, label_id: str) -> dict[str, Any] | None:
    """One label event."""
    found = store.read(_LABEL, {"id": label_id}).to_dicts()
    return found[0] if found else None


def read_labels(store: Store, records: Sequence[str]) -> list[dict[str, Any]]:
    """The labels that stand on *records*, by label."""
    return store.read(_ON, {"records": list(records)}).to_dicts() if records else []


def read_own_labels(store: Store, reviewer: str) -> list[str]:
    """Every label that the reviewer has on some record, by name."""
    return [str(one) for one in store.read(_OWN, {"reviewer": reviewer})["label"]]


def read_shown(store: Store, record: str) -> str:
    """The source record of a record that is shown."""
    return str(store.read(_SHOWN, {"record": record})["shown_source_record_id"][0])


def append_labels(rows: list[dict[str, Any]]) -> Append:
    """The step that writes labels."""
    return Append("screening.label", rows)
