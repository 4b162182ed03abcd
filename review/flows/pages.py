"""What the site shows: the tables of the command line, and never what one reviewer decided."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import Any

from review.appraisal import grade, judgements
from review.database import Store
from review.errors import UsageProblem
from review.flows import status
from review.flows.prisma_flow import prisma_flow, strategy_notes
from review.project import Project, Reviewer
from review.reporting import evidence_table, gap_map, prisma
from review.reporting.table import SIMULATED, Table
from review.screening import overview
from review.screening.blinding import is_blinded

# boxes of the flow that no screening decision touches
_BEFORE_SCREENING = frozenset(
    {
        "previous_studies",
        "previous_reports",
        "database",
        "register",
        "other_identified",
        "duplicates",
        "duplicates_by_automation",
        "duplicates_by_person",
        "duplicates_not_recorded",
        "duplicates_of_source",
        "remaining_of_source",
        "automation",
        "other_removed",
    }
)
_SETTLED = ("include", "exclude")
_HIDDEN = "What screening came to is hidden from those who screen blind until every record is settled."


@dataclass(frozen=True)
class Page:
    """A page before it has a look: *lead* says what it shows, *data* is the same for programs."""

    title: str
    lead: str
    tables: tuple[Table, ...]
    data: list[dict[str, Any]]
    banner: str


def status_page(store: Store, project: Project, reviewer: Reviewer) -> Page:
    """What has been done and what has not; of a blind review, only what *reviewer* may know."""
    table = status.status_table(store, project, reviewer=reviewer.id)
    keys = [column.key for column in table.columns]
    data = [dict(zip(keys, row.cells, strict=True)) for row in table.rows]
    return Page("Status", _truth(store, project, reviewer), (table,), data, _banner(project))


def evidence_page(store: Store, project: Project, reviewer: Reviewer) -> Page:
    """The evidence table, condition by condition."""
    table, lines = evidence_table.evidence_table(store, project, by="condition")
    lead = "What the trials add up to, one line for each comparison, outcome and time."
    return Page("Evidence table", lead, (table,), lines.to_dicts(), _banner(project))


def flow_page(store: Store, project: Project, reviewer: Reviewer) -> Page:
    """The PRISMA 2020 flow: counts of what is settled, never who decided what.

    Who screens blind sees what comes before screening, and the rest once nothing of it is open: a count that grows
    would tell how far the others are.
    """
    return flow_as(store, project, hidden=hides_screening(store, project, reviewer.id))


def hides_screening(store: Store, project: Project, reviewer: str | None) -> bool:
    """Whether *reviewer* must not be told counts of screening: they screen blind, and something is still open."""
    return is_blinded(store, project, reviewer) and screening_is_open(store, project)


def flow_as(store: Store, project: Project, *, hidden: bool) -> Page:
    """The flow, whoever looks at it; *hidden* leaves out what tells of screening."""
    table, _, lines = prisma_flow(store, project)
    lead = "How records became reports and studies; a box that nobody can fill says why."
    data = lines.to_dicts()
    if hidden:
        kept = [place for place, line in enumerate(data) if line["item"] in _BEFORE_SCREENING]
        data = [data[place] for place in kept]
        notes = (_HIDDEN, *strategy_notes(store, project))
        table = replace(table, rows=tuple(table.rows[place] for place in kept), notes=notes)
    return Page("Flow", lead, (table,), data, _banner(project))


def gap_page(store: Store, project: Project, reviewer: Reviewer) -> Page:
    """Condition by cell source, for each outcome that the protocol pools."""
    found = []
    for plan in project.synthesis.outcomes:
        # a vocabulary that is not loaded yet has no such outcome: the page is empty then, and no error
        with contextlib.suppress(UsageProblem):
            found.append(gap_map.gap_map(store, project, outcome=plan.outcome_id))
    lead = "Where there are trials, where there are figures, and where there is nothing."
    data = [line for _, lines in found for line in lines.to_dicts()]
    return Page("Gap map", lead, tuple(table for table, _ in found), data, _banner(project))


def _banner(project: Project) -> str:
    return SIMULATED if project.simulated else ""


def screening_is_open(store: Store, project: Project) -> bool:
    """Whether a record is not settled yet; so it is while there is none."""
    states = overview.progress(store, project)["what"]
    return not states.is_in(_SETTLED).all() or not states.len()


def _truth(store: Store, project: Project, reviewer: Reviewer) -> str:
    """In words, what nobody has done; a page of numbers would let it be taken for granted.

    Whether others have begun to screen is not told to those who screen blind.
    """
    if project.simulated:
        return "Records, reviewers and decisions of this project are made up to show the program at work."
    _, _, flow = prisma.flow_table(store, project)
    counted = {line["item"] for line in flow.to_dicts() if line["status"] == "counted"}
    done = {
        "searched": bool(counted & {"database", "register"}),
        "screened": "screened" in counted,
        "rated the risk of bias": "judged" in judgements.risk_of_bias(store)["status"].to_list(),
        "rated the certainty": any(word != "not rated" for word in grade.certainties(store)["certainty"].to_list()),
    }
    blinded = is_blinded(store, project, reviewer.id)
    if blinded:
        del done["screened"]
    undone = [words for words, so in done.items() if not so]
    if not undone:
        words = "Searched and rated" if blinded else "Searched, screened and rated"
        return f"{words}; the tables say by how many and how far."
    words = undone[0] if len(undone) == 1 else f"{', '.join(undone[:-1])} or {undone[-1]}"
    return f"Nobody has {words} for this review."
