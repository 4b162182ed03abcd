"""The server is killed while reviewers decide: what was acknowledged is stored, and nothing is stored twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from review.database import LocalStore
from review.project import Project
from tests.faults.killed_server import screen_under_fire
from tests.screening.records import bring


@pytest.mark.thorough
def test_a_killed_server_costs_no_acknowledged_decision_and_stores_none_twice(empty_review: Project) -> None:
    bring(LocalStore(empty_review.database_path), [{"year": 2000}] * 3000)
    found = screen_under_fire(Path(empty_review.root), reviewers=["ana", "ben"], kills=8)
    assert found.acknowledged >= 8
    assert (found.lost, found.twice, found.strangers, found.refused) == (0, 0, 0, ())
