"""What the site shows: the tables of the command line, and never what one reviewer decided."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

from review.appraisal import grade, judgements
from review.database import Store
from review.errors import UsageProblem
from review.flows import status
from review.flows.prisma_flow import prisma_flow
from review.project import Project, Reviewer
from review.reporting import evidence_table, gap_map, prisma
from review.reporting.table import SIMULATED, Table


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
    return Page("Status", _truth(store, project), (table,), data, _banner(project))


def evidence_page(store: Store, project: Project, reviewer: Reviewer) -> Page:
    """The evidence table, condition by condition."""
    table, lines = evidence_table.evidence_table(store, project, by="condition")
    lead = "What the trials add up to, one line for each comparison, outcome and time."
    return Page("Evidence table", lead, (table,), lines.to_dicts(), _banner(project))


def flow_page(store: Store, project: Project, reviewer: Reviewer) -> Page:
    """The PRISMA 2020 flow: counts of what is settled, never who decided what."""
    table, _, lines = prisma_flow(store, project)
    lead = "How records became reports and studies; a box that nobody can fill says why."
    return Page("Flow", lead, (table,), lines.to_dicts(), _banner(project))


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


def _truth(store: Store, project: Project) -> str:
    """In words, what nobody has done; a page of numbers would let it be taken for granted."""
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
    undone = [words for words, so in done.items() if not so]
    if not undone:
        return "Searched, screened and rated; the tables say by how many and how far."
    words = undone[0] if len(undone) == 1 else f"{', '.join(undone[:-1])} or {undone[-1]}"
    return f"Nobody has {words} for this review."
