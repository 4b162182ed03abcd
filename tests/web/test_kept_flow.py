"""The flow is kept while nothing changed, for those who are blinded and for others apart."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from review.database import Append
from review.flows import pages
from review.web.kept_flow import PATIENCE, KeptFlow
from tests.conftest import synthetic_receipt, synthetic_record
from tests.web.conftest import Team


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Each time the page is made: whether screening was hidden."""
    made: list[bool] = []
    real = pages.flow_as

    def counted(*given: object, hidden: bool) -> pages.Page:
        made.append(hidden)
        return real(*given, hidden=hidden)  # type: ignore[arg-type]

    monkeypatch.setattr(pages, "flow_as", counted)
    return made


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def page(team: Team, kept: KeptFlow, who: str) -> pages.Page:
    with team.store.reading():
        return kept.page(team.store, team.project, team.project.reviewer(who))


def screened(page: pages.Page) -> object:
    return next((line["n"] for line in page.data if line["item"] == "screened"), "hidden")


def test_it_is_made_once_for_each_kind_of_reader(team: Team, made: list[bool]) -> None:
    kept = KeptFlow()
    for who in ("dan", "ben", "eve", "dan", "ben"):
        page(team, kept, who)
    assert made == [False, True]
    assert screened(page(team, kept, "ben")) == "hidden"
    assert screened(page(team, kept, "dan")) != "hidden"


def test_a_new_record_is_seen_at_once(team: Team, made: list[bool]) -> None:
    kept = KeptFlow()
    page(team, kept, "dan")
    row = synthetic_record(99)
    team.store.apply(
        [
            Append("search.source_record", [row]),
            Append(
                "search.import_record",
                [{"import_id": "i2", "source_record_id": row["source_record_id"], "position": 1}],
            ),
            Append("search.import_receipt", [synthetic_receipt("i2", records=1, at=datetime(2026, 1, 2, tzinfo=UTC))]),
        ]
    )
    fresh = pages.flow_page(team.store, team.project, team.project.reviewer("dan"))
    assert page(team, kept, "dan").data == fresh.data
    assert len(made) == 3


def test_decisions_are_seen_after_a_moment(team: Team, made: list[bool]) -> None:
    clock = Clock()
    kept = KeptFlow(clock=clock)
    for who in ("ben", "eve"):
        team.of(who)  # whoever asks first has the protocol recorded, and that is no decision
    page(team, kept, "dan")
    for record in team.records:
        for who in ("ben", "eve"):
            assert team.of(who).decide(record, "exclude", reason="design").status_code == 200
        clock.now += PATIENCE / 100
        page(team, kept, "dan")
    assert len(made) == 1
    clock.now += PATIENCE
    assert screened(page(team, kept, "dan")) == 8
    assert len(made) == 2
    clock.now += 1000
    page(team, kept, "dan")
    assert len(made) == 2


def test_what_is_settled_opens_at_once_and_what_opens_again_closes_at_once(team: Team) -> None:
    clock = Clock()
    kept = KeptFlow(clock=clock)
    assert screened(page(team, kept, "dan")) != "hidden"
    assert screened(page(team, kept, "ben")) == "hidden"
    for record in team.records:
        for who in ("ben", "eve"):
            team.of(who).decide(record, "exclude", reason="design")
    assert screened(page(team, kept, "ben")) == 8
    done = team.of("ben").post("/api/undo", {"id": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "record": team.records[0]})
    assert done.status_code == 200
    assert screened(page(team, kept, "ben")) == "hidden"


def test_a_changed_strategy_is_seen_at_once(team: Team, made: list[bool]) -> None:
    kept = KeptFlow()
    page(team, kept, "dan")
    folder = team.project.queries
    folder.mkdir(exist_ok=True)
    (folder / "new.sql").write_text("-- purpose: x\nselect 1")
    page(team, kept, "dan")
    assert len(made) == 2


def test_what_is_written_while_it_is_made_is_not_missed(team: Team) -> None:
    """The moment that is read began before the batch: what was made from it is not taken for newer than it is."""
    kept = KeptFlow()
    with team.store.reading():
        before = team.store.versions_but()
        other = threading.Thread(target=team.store.apply, args=([Append("team.assignment", [])],))
        other.start()
        other.join()
        assert team.store.versions_but() == before
        kept.page(team.store, team.project, team.project.reviewer("dan"))
    assert team.store.versions_but() != before
