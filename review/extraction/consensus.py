"""The final figures of a study with two readers: the first reader's rows, with what was agreed where they differ.

The readers' own rows stay in the tables as they were read; consensus makes rows of its own beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from review.extraction.extracted import Study
from review.extraction.files import Row, cast


def apply_consensus(study: Study) -> Iterator[tuple[Row, dict[str, Any]]]:
    """(row of the first reader, its agreed values) for each row that consensus.csv changes.

    Raises FieldError when consensus.csv names a row, column or value that is not allowed.
    """
    first = next((reading for reading in study.readings if reading.reader == "r1"), None)
    rows = {(row.form.name, " | ".join(row.key)): row for row in first.results} if first else {}
    changed: dict[str, tuple[Row, dict[str, Any]]] = {}
    for agreed in study.consensus:
        row = rows.get((str(agreed["table"]), str(agreed["key"])))
        if row is None:
            agreed.refuse(
                "key",
                f"{agreed['key']!r} is no row of {agreed['table']!r} in r1",
                hint="the key is the row's 'arm | instrument | month | measure | source', as in remarks.csv",
            )
        column = next((column for column in row.form.columns if column.name == agreed["field"]), None)
        if column is None:
            agreed.refuse("field", f"{agreed['field']!r} is no column of {agreed['table']}.csv")
        try:
            value = cast(agreed.raw["final"], column)
        except ValueError as problem:
            agreed.refuse("final", f"is {agreed.raw['final']!r}; allowed: {problem}")
        changed.setdefault(row.row_id, (row, {}))[1][column.target] = value
    yield from changed.values()
