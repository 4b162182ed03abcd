"""The tables of appraisal: judgements (a cache of files) and decisions on certainty (events)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from review.database import Append, Replace, Store

if TYPE_CHECKING:
    import polars as pl

_RISK_OF_BIAS = """
select * from v1.risk_of_bias
where $study_id is null or study_id = $study_id
order by study_id, reader, outcome_id, month, comparison
"""
_JUDGEMENTS = """
select study_id, reader, outcome_id, month, comparison, tool, effect, domain, question, answer, source_id,
       words, proposal, final, override_reason, file, line
from appraisal.judgement where study_id = $study_id order by file, line, domain, question nulls last
"""
_CERTAINTIES = "select * from v1.certainty order by cell_id"
_CELL = "select * from v1.certainty where cell_id = $cell_id"
_EVENTS = "select * from appraisal.certainty_decision order by arrival"


def replace_judgements(store: Store, rows: list[dict[str, Any]]) -> None:
    """Put *rows* in the place of all judgements."""
    store.apply([Replace("appraisal.judgement", rows)])


def risk_of_bias(store: Store, study_id: str | None) -> pl.DataFrame:
    """The view `v1.risk_of_bias`, of one study or of all."""
    return store.read(_RISK_OF_BIAS, {"study_id": study_id})


def judgements(store: Store, study_id: str) -> pl.DataFrame:
    """Every answer and domain of one study."""
    return store.read(_JUDGEMENTS, {"study_id": study_id})


def certainties(store: Store) -> pl.DataFrame:
    """The view `v1.certainty`."""
    return store.read(_CERTAINTIES)


def cell(store: Store, cell_id: str) -> dict[str, Any] | None:
    """The row of one cell in `v1.certainty`, or None where there is no such cell."""
    rows = store.read(_CELL, {"cell_id": cell_id}).to_dicts()
    return rows[0] if rows else None


def add_certainty(store: Store, event: Mapping[str, Any]) -> None:
    """Append one decision."""
    store.apply([Append("appraisal.certainty_decision", [event])])


def read_events(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Table → rows, of what people decided on certainty."""
    rows = [
        {name: value.astimezone(UTC) if isinstance(value, datetime) else value for name, value in row.items()}
        for row in store.read(_EVENTS).iter_rows(named=True)
    ]
    return {"appraisal.certainty_decision": rows}


def append_events(rows: Mapping[str, list[dict[str, Any]]]) -> list[Append]:
    """The steps that write appraisal's part of *rows* (table → rows)."""
    found = rows.get("appraisal.certainty_decision")
    return [Append("appraisal.certainty_decision", found)] if found else []
