"""The twelve identities as arithmetic: what holds, what is not applicable, and what a planted error says."""

from __future__ import annotations

import pytest

from review.errors import CheckFailed
from review.reporting.prisma import check_identities, refuse_violations

FULL = {
    "database": 300, "register": 20, "duplicates": 60, "duplicates_by_automation": 55, "duplicates_by_person": 5,
    "sources": 3, "sources_adding_up": 3, "automation": 0, "other_removed": 0, "screened": 260,
    "excluded_human": 122, "excluded_automation": 0, "sought": 138, "not_retrieved": 6, "assessed": 132,
    "excluded_reports": 100, "other_identified": 10, "other_sought": 10, "other_not_retrieved": 1, "other_assessed": 9,
    "other_excluded_reports": 4, "previous_studies": 0, "previous_reports": 0, "new_studies": 30, "new_reports": 37,
    "total_studies": 30, "total_reports": 37, "pooled_studies": 12, "pooled_reports": 14,
}  # fmt: skip


def verdicts(values: dict[str, int | None]) -> dict[str, str]:
    """Number → verdict."""
    return {identity.number: identity.verdict for identity in check_identities(values)}


def test_a_complete_flow_passes_all() -> None:
    assert set(verdicts(FULL).values()) == {"pass", "not applicable"}
    assert [number for number, verdict in verdicts(FULL).items() if verdict != "pass"] == ["9b"]


def test_a_wrong_number_says_both_sides() -> None:
    broken = {**FULL, "assessed": 131}
    messages = [identity.message for identity in check_identities(broken) if identity.verdict == "fail"]
    assert messages[0] == "identity 3: sought 138 − not retrieved 6 = 132, but assessed is 131"
    assert len(messages) == 2
    with pytest.raises(CheckFailed, match="counts do not add up: identity 3"):
        refuse_violations(check_identities(broken))


@pytest.mark.parametrize("item", sorted(FULL))
def test_no_single_number_can_be_off_without_a_message(item: str) -> None:
    silent = {"previous_studies", "previous_reports"}  # 7 and 8 would need a total beside them
    grown = {**FULL, item: (FULL[item] or 0) + 1000}
    assert "fail" in verdicts(grown).values() or item in silent


def test_a_term_that_nobody_counted_is_neither_pass_nor_fail() -> None:
    found = verdicts({**FULL, "not_retrieved": None})
    assert found["3"] == "not applicable"
    assert found["2"] == "pass"


def test_a_route_that_was_not_taken_adds_nothing() -> None:
    only_searched = {**FULL, "new_reports": 32, "total_reports": 32} | {
        name: None for name in FULL if name.startswith("other_") and name != "other_removed"
    }
    found = verdicts(only_searched)
    assert (found["4"], found["5"], found["6"]) == ("not applicable", "not applicable", "pass")


def test_a_shipped_review_without_a_search_checks_only_its_totals() -> None:
    found = verdicts({"other_identified": 260, "previous_studies": 0, "total_studies": 219, "total_reports": 260,
                      "pooled_studies": 20, "pooled_reports": 25})  # fmt: skip
    assert [number for number, verdict in found.items() if verdict == "pass"] == ["9c", "10a", "10b"]
    assert "fail" not in found.values()


def test_what_waits_is_part_of_the_sum() -> None:
    under_way = {"database": 10, "duplicates": 1, "automation": 0, "other_removed": 0, "screened": 4}
    assert verdicts({**under_way, "awaiting_screening": 5})["1"] == "pass"
    assert verdicts(under_way)["1"] == "fail"
