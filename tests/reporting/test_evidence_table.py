"""The evidence table: every cell, every pair without figures, nothing claimed that nobody did."""

from __future__ import annotations

from dataclasses import replace

import pytest

from review.database import Append, LocalStore
from review.errors import UsageProblem
from review.project import Project
from review.reporting.evidence_table import EXTRACTION, evidence_table, number
from review.reporting.explain import explain, explanation_json, explanation_text, near_cells
from review.reporting.table import Table
from review.reporting.writers import write_text
from tests.reporting.conftest import EMPTY, POOLED, SINGLE, effect

Evidence = tuple[Project, LocalStore]


def lines(table: Table) -> dict[str, dict[str, object]]:
    """Cell id → its line, by column."""
    names = [column.key for column in table.columns]
    found = [dict(zip(names, row.cells, strict=True)) for row in table.rows]
    return {str(line["cell_id"]): line for line in found}


def test_pooled_single_and_empty_lines(evidence: Evidence) -> None:
    project, store = evidence
    table, _ = evidence_table(store, project, ids=True)
    found = lines(table)
    assert set(found) == {POOLED, SINGLE, EMPTY}
    assert found[POOLED]["effect"] == "−11.5 (−19.5 to −3.5)"
    assert found[POOLED]["measure"] == "MD, points on 0–100"
    assert found[POOLED]["prediction"] == "−31.5 to 8.5"
    assert found[POOLED]["level"] == "includes secondary"
    assert (found[POOLED]["k"], found[POOLED]["trials"], found[POOLED]["participants"]) == (3, 4, 120)
    assert found[SINGLE]["effect"] == "−5.0 (−11.2 to 1.2)"
    assert (found[SINGLE]["notes"], found[SINGLE]["heterogeneity"]) == ("one study, not pooled", "")
    assert (found[EMPTY]["comparator"], found[EMPTY]["trials"], found[EMPTY]["k"]) == ("no poolable figures", 1, 0)
    assert found[POOLED]["certainty"] == found[POOLED]["risk_of_bias"] == "not rated"


def test_primary_only_leaves_secondary_effects_out(evidence: Evidence) -> None:
    project, store = evidence
    table, _ = evidence_table(store, project, ids=True, primary_only=True)
    found = lines(table)
    assert (found[POOLED]["k"], found[POOLED]["level"], found[POOLED]["prediction"]) == (2, "primary", "")
    assert "two studies: the interval is hardly more than a guess" in table.footnotes


def test_why_an_effect_is_not_pooled_stands_below(evidence: Evidence) -> None:
    project, store = evidence
    table, _ = evidence_table(store, project)
    assert "Not pooled: not randomised" in table.footnotes


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("condition", ["Hip osteoarthritis", "Knee osteoarthritis"]),
        ("cell_source", ["Bone-marrow concentrate", "Platelet-rich plasma"]),
        (
            "condition,cell_source",
            [
                "Hip osteoarthritis: Platelet-rich plasma",
                "Knee osteoarthritis: Bone-marrow concentrate",
                "Knee osteoarthritis: Platelet-rich plasma",
            ],
        ),
    ],
)
def test_lines_are_grouped_as_asked(evidence: Evidence, by: str, groups: list[str]) -> None:
    project, store = evidence
    table, _ = evidence_table(store, project, by=by)  # type: ignore[arg-type]
    assert [label for label, _ in table.groups()] == groups


def test_an_outcome_without_figures_still_names_every_pair(evidence: Evidence) -> None:
    project, store = evidence
    table, _ = evidence_table(store, project, outcome="function", ids=True)
    found = lines(table)
    assert set(found) == {"knee_oa/prp", "knee_oa/bmac", "hip_oa/prp"}
    assert {line["comparator"] for line in found.values()} == {"no poolable figures"}
    assert found["knee_oa/prp"]["trials"] == 4


def test_an_unknown_outcome_names_the_known_ones(evidence: Evidence) -> None:
    project, store = evidence
    with pytest.raises(UsageProblem, match="known: function, pain"):
        evidence_table(store, project, outcome="joy")


def test_the_footer_claims_nothing_that_nobody_did(evidence: Evidence) -> None:
    project, store = evidence
    table, _ = evidence_table(store, project)
    assert EXTRACTION in table.notes
    assert {"Certainty: not rated.", "Risk of bias: not rated."} <= set(table.notes)


def test_a_simulated_project_says_so_in_table_and_data(evidence: Evidence) -> None:
    project, store = evidence
    table, frame = evidence_table(store, replace(project, simulated=True))
    assert "SIMULATED" in write_text(table)
    assert set(frame["simulated"]) == {"SIMULATED"}


def test_no_line_is_wider_than_the_screen(evidence: Evidence) -> None:
    project, store = evidence
    table, _ = evidence_table(store, project, ids=True)
    for width in (60, 80, 100, 140):
        assert max(map(len, write_text(table, width=width).splitlines())) <= width


def test_a_ratio_is_taken_back_from_its_logarithm() -> None:
    assert number(0.0, "RR") == "1.00"
    assert number(-12.34, "MD") == "−12.3"


def test_every_line_can_be_explained_and_shows_its_numbers(evidence: Evidence) -> None:
    project, store = evidence
    for primary_only in (False, True):
        _, frame = evidence_table(store, project, primary_only=primary_only)
        for line in frame.iter_rows(named=True):
            text = explanation_text(explain(store, project, line["cell_id"]), project)
            if line["k"]:
                assert f"k = {line['k']}, participants {line['participants']}" in text
                assert number(line["estimate"], line["measure"]) in text
            else:
                assert f"trials {line['trials']}" in text


def test_explain_leads_to_file_line_figure_and_address(evidence: Evidence) -> None:
    project, store = evidence
    text = explanation_text(explain(store, project, POOLED), project)
    for words in (
        "extracted/s1/r1/continuous.csv:2 a printed “30 (10)”, n “20”",
        "table 2, https://example.org/s1",
        "secondary source S1",
        "not pooled: not randomised",
        "remark: S1: read from the figure (maintainers, 2026-01-01; from the printed text, not checked at the source)",
        "model: random effects, τ² 1.5 (REML)",
        EXTRACTION,
    ):
        assert words in text
    assert '"row_id": "extracted/s2/r1/continuous.csv:3"' in explanation_json(explain(store, project, POOLED))


def test_explain_of_a_pair_lists_its_trials(evidence: Evidence) -> None:
    project, store = evidence
    text = explanation_text(explain(store, project, EMPTY), project)
    assert "S5 [s5], rct_parallel, 0 figures" in text
    assert "extracted/s5/study.toml" in text


def test_an_unknown_cell_lists_near_ones(evidence: Evidence) -> None:
    project, store = evidence
    with pytest.raises(UsageProblem, match="is not a cell") as caught:
        explain(store, project, "knee_oa/prp/placebo/pain/over_9m")
    assert POOLED in caught.value.hint
    assert near_cells("bmac", [POOLED, SINGLE]) == [SINGLE]


def test_a_cell_whose_effects_cannot_be_pooled_is_told_with_its_reason(evidence: Evidence) -> None:
    project, store = evidence
    cell = "hip_oa/prp/placebo/pain/upto_3m"
    store.apply([Append("synthesis.effect_size", [effect("s5", cell, yi=1.0, why_not="no spread")])])
    table, _ = evidence_table(store, project, ids=True)
    assert lines(table)[EMPTY]["comparator"] == "no poolable figures"
    assert "Not pooled: no spread" in table.footnotes
    assert "no spread" in explanation_text(explain(store, project, EMPTY), project)
    assert "no poolable figures" in explanation_text(explain(store, project, cell), project)
