"""Pace: decisions of a day, and the usual time between two of them within a sitting."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from review.database import Append, LocalStore
from review.project import Project
from review.screening.pace import PACE_COLUMNS, pace

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def row(number: int, seconds: float, who: str = "ben", **more: Any) -> dict[str, Any]:
    return {
        "decision_id": f"{who} {number}", "source_record_id": f"s{number}", "stage": "title_abstract", "reviewer": who,
        "verdict": "include", "blind": True, "criteria_version": "1", "via": "web page",
        "decided_at": NINE + timedelta(seconds=seconds), **more,
    }  # fmt: skip


def brought(store: LocalStore, rows: list[dict[str, Any]]) -> LocalStore:
    store.apply([Append("screening.decision", rows)])
    return store


def test_a_pause_of_half_an_hour_ends_a_sitting(store: LocalStore, empty_review: Project) -> None:
    moments = [0, 10, 30, 60, 60 + 1801, 60 + 1801 + 4]
    brought(store, [row(number, seconds) for number, seconds in enumerate(moments)])
    found = pace(store, empty_review)
    assert found.schema == PACE_COLUMNS
    # 10, 20, 30 and 4; the pause is none of them
    assert found.rows() == [("ben", "title_abstract", date(2026, 3, 2), 6, 15.0)]


def test_a_pause_of_exactly_half_an_hour_does_not(store: LocalStore, empty_review: Project) -> None:
    brought(store, [row(1, 0), row(2, 1800)])
    assert pace(store, empty_review)["median_seconds"].to_list() == [1800.0]


def test_one_decision_has_no_pace(store: LocalStore, empty_review: Project) -> None:
    brought(store, [row(1, 0)])
    assert pace(store, empty_review).rows() == [("ben", "title_abstract", date(2026, 3, 2), 1, None)]
    assert pace(store, empty_review).height == 1


def test_stages_days_and_people_are_apart(store: LocalStore, empty_review: Project) -> None:
    brought(
        store,
        [
            row(1, 0), row(2, 5), row(3, 12, stage="full_text"), row(4, 86_400), row(5, 86_407), row(1, 3, who="ana"),
            row(6, 86_500, via="import"), row(7, 86_411, verdict="withdrawn"), row(8, 86_413),
        ],
    )  # fmt: skip
    day, next_day = date(2026, 3, 2), date(2026, 3, 3)
    assert pace(store, empty_review).rows() == [
        ("ana", "title_abstract", day, 1, None),
        ("ben", "full_text", day, 1, 7.0),
        ("ben", "title_abstract", day, 2, 5.0),
        ("ben", "title_abstract", next_day, 3, 4.5),
    ]


def test_a_blind_reviewer_sees_only_their_own(store: LocalStore, empty_review: Project) -> None:
    brought(store, [row(1, 0), row(2, 5), row(1, 3, who="ana")])
    assert set(pace(store, empty_review, reviewer="ben")["reviewer"]) == {"ben"}
    assert set(pace(store, empty_review, reviewer="cyd")["reviewer"]) == {"ana", "ben"}


def test_nobody_decided_is_no_row(store: LocalStore, empty_review: Project) -> None:
    assert pace(store, empty_review).schema == PACE_COLUMNS
    assert pace(store, empty_review).is_empty()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gaps=st.lists(st.integers(min_value=1, max_value=4000), min_size=1, max_size=12))
def test_the_median_is_that_of_the_gaps(store: LocalStore, empty_review: Project, gaps: list[int]) -> None:
    who = f"p{uuid.uuid4()}"
    moments = [0]
    for gap in gaps:
        moments.append(moments[-1] + gap)
    brought(store, [row(number, seconds, who=who) for number, seconds in enumerate(moments)])
    # the days are apart, and so this stays within one
    assert moments[-1] < 15 * 3600
    mine = pace(store, empty_review).filter(reviewer=who)
    within = [gap for gap in gaps if gap <= 1800]
    assert mine["decisions"].sum() == len(moments)
    assert mine["median_seconds"].to_list() == [median(within) if within else None]
