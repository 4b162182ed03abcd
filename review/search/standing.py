"""What may be claimed of a strategy: when it ran and how many records it found, and its recall as it was measured.

Both are of its very text where the database knows it; else they are what its file says. Apart from recall.py, which
asks PubMed: to list strategies must not load what asks.
"""

from __future__ import annotations

from review.database import Store
from review.search import store as rows
from review.search.strategy import Strategy

_RUN = ("run", "replay")


def standing(store: Store, strategy: Strategy) -> str:
    """`run on 2026-11-20, 2 hits; recall measured: 49 of 51 (known set mine, 2026-11-20)`, or `not run; recall not
    measured`."""
    checks = rows.measured_recall(store, strategy.sha256)
    recall = f"measured: {'; '.join(_measured(row) for row in checks)}" if checks else strategy.recall
    return f"{_last_run(store, strategy)}; recall {recall}"


def _last_run(store: Store, strategy: Strategy) -> str:
    """When the strategy ran last; what its file says counts only where no run of it is here."""
    ran = [run for run in rows.history(store).to_dicts() if run["strategy"] == strategy.name and run["mode"] in _RUN]
    if not ran:
        return strategy.status if strategy.status != "run" else "run, says its file, but no run of it is recorded here"
    last = max(ran, key=lambda run: (run["searched_on"], run["finished_at"]))
    said = f"run on {last['searched_on']}, {last['hits']} hit{'' if last['hits'] == 1 else 's'}"
    if last["simulated"]:
        said += ", SIMULATED"
    return said if last["strategy_sha256"] == strategy.sha256 else f"{said}; its file has changed since"


def _measured(row: rows.Row) -> str:
    absent = f", {len(row['not_in_source'])} not in PubMed" if row["not_in_source"] else ""
    words = f"known set {row['known_name']}{absent}, {row['checked_on']}{', SIMULATED' if row['simulated'] else ''}"
    return f"{row['found']} of {row['in_source']} ({words})"
