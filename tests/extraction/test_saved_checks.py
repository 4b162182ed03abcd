"""The saved checks on extraction: silent on good tables, and each finds the row that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from review.database import LocalStore, Replace
from review.extraction.load import load
from tests.conftest import REPOSITORY
from tests.extraction.conftest import FILES, Desk

CHECKS = (
    "combined_arm_unknown",
    "figures_with_unknown_arm",
    "figures_with_unknown_words",
    "figures_without_source",
    "impossible_figures",
    "overlap_told_by_one_side",
    "report_in_two_studies",
    "studies_called_alike",
    "study_under_umbrella",
    "study_without_source",
)


def check(store: LocalStore, name: str) -> list[dict[str, Any]]:
    return store.read((REPOSITORY / "queries" / "checks" / f"{name}.sql").read_text("utf-8")).to_dicts()


def change(store: LocalStore, table: str, **values: object) -> None:
    """Write *values* into every row of a table, as no load would."""
    rows = store.read(f"select * from {table}").to_dicts()
    store.apply([Replace(table, [row | values for row in rows])])


@pytest.fixture
def loaded(desk: Desk, store: LocalStore) -> LocalStore:
    load(store, desk.project)
    return store


def test_good_tables_pass(loaded: LocalStore) -> None:
    assert {name: check(loaded, name) for name in CHECKS} == {name: [] for name in CHECKS}


@pytest.mark.parametrize(
    ("name", "table", "values"),
    [
        ("combined_arm_unknown", "extraction.arm", {"combines": ["gone"]}),
        ("figures_with_unknown_arm", "extraction.result_continuous", {"arm_id": "gone"}),
        ("figures_with_unknown_words", "extraction.result_continuous", {"instrument": "gone"}),
        ("figures_without_source", "extraction.result_continuous", {"source_id": "gone"}),
        ("impossible_figures", "extraction.result_continuous", {"spread_lo": -1.0}),
        ("overlap_told_by_one_side", "extraction.study", {"overlap_with": ["other"]}),
        ("study_under_umbrella", "extraction.condition", {"umbrella": True}),
        ("study_without_source", "extraction.source", {"study_id": "other"}),
    ],
)
def test_a_wrong_row_is_found(loaded: LocalStore, name: str, table: str, values: dict[str, object]) -> None:
    change(loaded, table, **values)
    found = check(loaded, name)
    assert found
    assert all(row["file"].startswith("extracted/") and row["line"] for row in found)


def test_two_studies_with_one_label_are_told_which_letters_to_write(desk: Desk, store: LocalStore) -> None:
    for study, label in (("other2020", "TEST 2020, simulated"), ("third2020", "Test 2020 (SIMULATED)")):
        text = FILES["test2020/study.toml"].replace("test2020", study).replace("test.1", f"test.{study}")
        desk.write(f"{study}/study.toml", text.replace("Test 2020 (SIMULATED)", label))
        desk.write(f"{study}/sources.csv", FILES["test2020/sources.csv"].partition("\n")[0] + "\n")
    load(store, desk.project)
    found = check(store, "studies_called_alike")
    assert [row["study_id"] for row in found] == ["other2020", "test2020", "third2020"]
    assert found[1]["problem"] == ('is also the label of other2020, third2020: write label = "Test 2020 (SIMULATED) b"')


def test_a_report_of_two_studies_is_found(loaded: LocalStore) -> None:
    (report,) = loaded.read("select * from extraction.study_report").to_dicts()
    loaded.apply([Replace("extraction.study_report", [report, report | {"study_id": "other"}])])
    assert check(loaded, "report_in_two_studies")[0]["studies"] == ["other", "test2020"]
