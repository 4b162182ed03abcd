"""Entries of trials in registries: one entry is one record, two entries are two, and an entry is no report."""

from __future__ import annotations

from typing import Any

import pytest

from review.dedupe.compare import clusters, compare, compare_related
from tests.dedupe.test_compare import ARTICLE, frame, outcome

ENTRY: dict[str, Any] = {"volume": None, "issue": None, "pages": None, "year": 2017}


def entry(number: str, **fields: Any) -> dict[str, Any]:
    """CENTRAL's copy of the entry of a trial."""
    return {**ENTRY, "authors": number, "journal": f"https://clinicaltrials.gov/show/{number}", **fields}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (entry("NCT03000001"), entry("NCT03000002")),
        (entry("NCT03000001", authors="Nct,"), entry("NCT03000002", authors="Nct,")),
        (entry("EUCTR2010-000001-11-GB", authors="Euctr, GB"), entry("EUCTR2010-000002-22-GB", authors="Euctr, GB")),
        (entry("", authors="Nct", url="https://x/NCT03000001"), entry("", authors="Nct", url="https://x/NCT03000002")),
    ],
)
def test_entries_of_two_trials_are_left_alone(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert outcome(one, other) == ("", "")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            entry("NCT03000001"),
            {**ENTRY, "authors": None, "journal": None, "registry_ids": ["NCT03000001"], "record_type": "registry"},
        ),
        (
            entry("EUCTR2010-000001-11-GB", authors="Euctr, GB"),
            entry("EUCTR2010-000001-11-DE", authors="Euctr, DE", registry_ids=["2010-000001-11"]),
        ),
    ],
)
def test_two_prints_of_one_registry_entry_are_one_record(one: dict[str, Any], other: dict[str, Any]) -> None:
    records = frame({**ARTICLE, **one}, {**ARTICLE, **other})
    found = compare(records)
    assert found.merge["rule"][0] in ("same_registry_entry", "title_authors_journal")
    assert set(clusters(records, found).record_of.values()) == {"r0"}


def test_an_entry_is_linked_with_the_report_of_its_trial() -> None:
    pairs = compare_related(frame({**ARTICLE, **entry("NCT03000001")}, ARTICLE))
    assert pairs.select("from_id", "kind").rows() == [("r0", "registry_of")]


def test_entries_without_a_number_in_common_are_asked() -> None:
    assert outcome(entry("NCT03000001", authors="Nct"), entry("", authors="Nct"))[0] == "ask"
