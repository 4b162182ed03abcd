"""Certainty: the arithmetic of levels, the events, and the fixed table of sentences."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest

from review.appraisal import grade
from review.appraisal import store as tables
from review.appraisal.grade import Certainty, Reason
from review.appraisal.phrases import Direction, Size, phrase
from review.cli import run
from review.database import LocalStore, Replace
from review.errors import DecisionError, UsageProblem
from review.project import Project

CELL = "knee_oa/bmac/placebo/pain/upto_3m"
FEW = {"imprecision": Reason(-1, "few participants")}


def with_cell(store: LocalStore) -> LocalStore:
    names = ("condition_id", "cell_source_id", "comparator", "outcome_id", "time_window")
    row = dict(zip(names, CELL.split("/"), strict=True))
    pool = {
        **row,
        "cell_id": CELL,
        "measure": "MD",
        "k": 2,
        "participants": 40,
        "warnings": [],
        "effect_ids": [],
    }
    store.apply([Replace("synthesis.pooled_effect", [{**pool, "subset": word} for word in ("all", "primary")])])
    return store


def test_levels_add_up_and_stay_within_the_scale() -> None:
    assert grade.level(Certainty.HIGH, {}) is Certainty.HIGH
    assert grade.level(Certainty.HIGH, FEW) is Certainty.MODERATE
    assert grade.level(Certainty.HIGH, {"imprecision": Reason(-3, "x"), "inconsistency": Reason(-2, "x")}) is (
        Certainty.VERY_LOW
    )
    assert grade.level(Certainty.LOW, {"large_effect": Reason(1, "RR > 2")}) is Certainty.MODERATE
    assert grade.level(Certainty.HIGH, {"large_effect": Reason(2, "RR > 5")}) is Certainty.HIGH


def test_randomised_trials_start_high_and_observational_studies_low() -> None:
    assert grade.start(randomised=True) is Certainty.HIGH
    assert grade.start(randomised=False) is Certainty.LOW


@pytest.mark.parametrize(
    ("reasons", "words"),
    [
        ({}, "at least one reason"),
        ({"luck": Reason(-1, "x")}, "'luck' is not a domain"),
        ({"inconsistency": Reason(-3, "x")}, "by -2 to 0 levels, not -3"),
        ({"imprecision": Reason(1, "x")}, "by -3 to 0 levels, not 1"),
        ({"dose_response": Reason(2, "x")}, "by 0 to 1 levels, not 2"),
        ({"none": Reason(1, "x")}, "by 0 to 0 levels"),
        ({"imprecision": Reason(-1, " ")}, "no words that say why"),
    ],
)
def test_reasons_that_are_none_are_refused(reasons: dict[str, Reason], words: str) -> None:
    with pytest.raises(UsageProblem, match=words):
        grade.check_reasons(reasons)


def test_a_cell_is_not_rated_until_somebody_does(store: LocalStore, empty_review: Project) -> None:
    with_cell(store)
    assert grade.certainties(store).select("cell_id", "certainty").rows() == [(CELL, "not rated")]
    grade.rate(store, empty_review, cell_id=CELL, certainty="moderate", reasons=FEW, who="ana")
    row = grade.certainties(store).row(0, named=True)
    assert (row["certainty"], row["who"]) == ("moderate", "ana")
    assert json.loads(row["reasons"]) == {"imprecision": {"levels": -1, "reason": "few participants"}}


def test_a_change_of_mind_supersedes_and_a_withdrawal_unrates(store: LocalStore, empty_review: Project) -> None:
    with_cell(store)
    first = grade.rate(store, empty_review, cell_id=CELL, certainty="moderate", reasons=FEW, who="ana")
    worse = {"imprecision": Reason(-2, "few participants, wide interval")}
    grade.rate(store, empty_review, cell_id=CELL, certainty="low", reasons=worse, who="ben")
    assert grade.certainties(store)["certainty"].to_list() == ["low"]
    grade.rate(store, empty_review, cell_id=CELL, certainty="withdrawn", reasons={}, who="ben")
    assert grade.certainties(store)["certainty"].to_list() == ["not rated"]
    events = tables.read_events(store)["appraisal.certainty_decision"]
    assert [row["certainty"] for row in events] == ["moderate", "low", "withdrawn"]
    assert events[1]["supersedes"] == first


def test_the_same_event_twice_is_one(store: LocalStore, empty_review: Project, tmp_path: Path) -> None:
    with_cell(store)
    for _ in range(2):
        grade.rate(store, empty_review, cell_id=CELL, certainty="moderate", reasons=FEW, who="ana", event_id="e1")
    events = tables.read_events(store)
    assert len(events["appraisal.certainty_decision"]) == 1
    other = LocalStore(tmp_path / "other.duckdb")
    other.apply(tables.append_events(events))
    assert tables.read_events(other) == events


def test_a_certainty_that_its_reasons_do_not_make_is_refused(store: LocalStore, empty_review: Project) -> None:
    with_cell(store)
    with pytest.raises(DecisionError, match="from high to moderate, not to low"):
        grade.rate(store, empty_review, cell_id=CELL, certainty="low", reasons=FEW, who="ana")


def test_an_unknown_cell_or_person_is_refused(store: LocalStore, empty_review: Project) -> None:
    with pytest.raises(UsageProblem, match="there is no cell"):
        grade.rate(store, empty_review, cell_id=CELL, certainty="moderate", reasons=FEW, who="ana")
    with pytest.raises(UsageProblem, match="'eve' is not a reviewer"):
        grade.rate(with_cell(store), empty_review, cell_id=CELL, certainty="moderate", reasons=FEW, who="eve")


def test_rating_on_the_command_line(empty_review: Project, capsys: pytest.CaptureFixture[str]) -> None:
    with_cell(LocalStore(empty_review.database_path))
    base = ["--project", str(empty_review.root)]
    rate = ["appraise", "rate", CELL, "moderate", "--reason"]
    assert run([*base, *rate, "imprecision:-1:few participants"]) == 2
    assert run([*base, "--as", "ana", *rate, "imprecision:few"]) == 2
    assert "is not DOMAIN:LEVELS:WHY" in capsys.readouterr().err
    assert run([*base, "--as", "ana", *rate, "imprecision:-1:few participants: 40"]) == 0
    assert run([*base, "appraise", "certainty", "--format", "csv"]) == 0
    assert f"{CELL},moderate" in capsys.readouterr().out


def sentence(certainty: Certainty, size: Size, direction: Direction) -> str:
    return phrase(certainty, size, direction, intervention="I", outcome="O")


# certainty → large, moderate, small, trivial; the noun and the verb follow the direction
GRID = {
    Certainty.HIGH: (
        "I results in a large reduction in O",
        "I reduces O",
        "I reduces O slightly",
        "I results in little to no difference in O",
    ),
    Certainty.MODERATE: (
        "I probably results in a large reduction in O",
        "I probably reduces O",
        "I probably reduces O slightly",
        "I probably results in little to no difference in O",
    ),
    Certainty.LOW: (
        "I may result in a large reduction in O",
        "I may reduce O",
        "I may reduce O slightly",
        "I may result in little to no difference in O",
    ),
    Certainty.VERY_LOW: ("The evidence is very uncertain about the effect of I on O",) * 4,
}


def test_all_32_cells_of_the_phrase_grid() -> None:
    for certainty, row in GRID.items():
        for size, reduces in zip(Size, row, strict=True):
            increases = reduces.replace("reduction", "increase").replace("reduce", "increase")
            assert sentence(certainty, size, Direction.REDUCES) == reduces
            assert sentence(certainty, size, Direction.INCREASES) == increases


def test_there_are_22_different_sentences() -> None:
    cells = [sentence(*cell) for cell in product(Certainty, Size, Direction)]
    assert (len(cells), len(set(cells))) == (32, 22)
