"""Where screening stands: progress, who owes what, and how far two reviewers agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from review.database import Store
from review.project import Project
from review.screening import agreement_store
from review.screening import store as tables
from review.screening.agreement import Cells, figures
from review.screening.blinding import is_blinded, screeners


def progress(store: Store, project: Project, *, reviewer: str | None = None) -> pl.DataFrame:
    """Counts of records by stage and state.

    For a reviewer of a blind review only the own decisions and the totals are given (columns stage, what,
    records): a count by state would tell how far the other one is. Without *reviewer*, and for owner and
    adjudicator who do not screen, all states.
    """
    rows: list[dict[str, Any]] = []
    if reviewer is not None and is_blinded(store, project, reviewer):
        total = {row["stage"]: int(row["records"]) for row in tables.read_totals(store).to_dicts()}
        own = tables.read_own(store, reviewer).to_dicts()
        for stage, records in total.items():
            mine = [row for row in own if row["stage"] == stage]
            rows.append({"stage": stage, "what": "records", "records": records})
            rows += [
                {"stage": stage, "what": f"{reviewer}: {row['verdict']}", "records": row["records"]} for row in mine
            ]
    else:
        for row in tables.read_progress(store).to_dicts():
            rows.append({"stage": row["stage"], "what": row["state"], "records": row["records"]})
    return pl.DataFrame(rows, schema={"stage": pl.String, "what": pl.String, "records": pl.Int64})


def owed(store: Store, project: Project, *, reviewer: str | None = None) -> pl.DataFrame:
    """Which reviewer has still to decide on how many records: reviewer, stage, records.

    A record that needs one more decision counts for everybody who could give it: those whom it is assigned to, and
    everybody where these are too few. For a reviewer of a blind review only the own row is given.
    """
    people = screeners(store, project)
    if is_blinded(store, project, reviewer):
        people = [person for person in people if person == reviewer]
    return tables.read_owed(store, people)


def agreement_table(store: Store, project: Project, *, reviewer: str | None = None) -> pl.DataFrame:
    """One row for each stage and pair: cells, shares, kappa, PABAK and AC1 with jackknife 95 % intervals.

    Only decisions that were given blind count, and none on records of calibration rounds, which have a table of
    their own (calibration.calibration_table). Coefficients that are not defined are null, and `remark` says why. A
    reviewer of a blind review sees the pairs they belong to, without the number of records seen
    by one only, and of these the settled records on which both decided on the same entry: what a merge joins may be
    parted again, and must tell nothing of what the other said of the rest.
    """
    if reviewer is not None and is_blinded(store, project, reviewer):
        pairs = agreement_store.read_open_agreement(store, reviewer)
    else:
        pairs = agreement_store.read_agreement(store)
    rows = [_agreement_row(row) for row in pairs]
    return pl.DataFrame(rows, schema=AGREEMENT_COLUMNS)


def _agreement_row(row: dict[str, Any]) -> dict[str, Any]:
    cells = Cells(row["both_include"], row["first_only"], row["second_only"], row["both_exclude"])
    return {
        **{name: row[name] for name in ("stage", "reviewer_1", "reviewer_2")},
        **figures(cells),
        "seen_by_one": row.get("seen_by_one"),
    }


_COUNTS: Sequence[str] = ("n", "both_include", "first_only", "second_only", "both_exclude", "seen_by_one")
_SHARES: Sequence[str] = (
    "observed",
    *(f"{name}{end}" for name in ("kappa", "pabak", "ac1") for end in ("", "_se", "_lo", "_hi")),
    "positive",
    "negative",
)
AGREEMENT_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("stage", "reviewer_1", "reviewer_2"), pl.String),
    **dict.fromkeys(_COUNTS, pl.Int64),
    **dict.fromkeys(_SHARES, pl.Float64),
    "remark": pl.String,
}
