"""What may be claimed of a strategy: its recall where its very text was checked, else what its file says.

Apart from recall.py, which asks PubMed: to list strategies must not load what asks.
"""

from __future__ import annotations

from review.database import Store
from review.search import store as rows
from review.search.strategy import Strategy


def standing(store: Store, strategy: Strategy) -> str:
    """`not run; recall measured: 49 of 51 (known set mine, 2026-11-20)`, or `not run; recall not measured`."""
    checks = rows.measured_recall(store, strategy.sha256)
    if not checks:
        return strategy.standing
    return f"{strategy.status}; recall measured: {'; '.join(_measured(row) for row in checks)}"


def _measured(row: rows.Row) -> str:
    absent = f", {len(row['not_in_source'])} not in PubMed" if row["not_in_source"] else ""
    words = f"known set {row['known_name']}{absent}, {row['checked_on']}{', SIMULATED' if row['simulated'] else ''}"
    return f"{row['found']} of {row['in_source']} ({words})"
