"""Records are shared out evenly, once, and come back when somebody leaves."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from pathlib import Path

import pytest

from review.database import LocalStore
from review.errors import DecisionError, UsageProblem
from review.flows.events import export_events, import_events
from review.project import Project, load_project
from review.screening.conflicts import adjudicate
from review.screening.decisions import decide
from review.screening.overview import agreement_table, owed
from review.screening.queue import queue
from review.team import tokens
from review.team.assignments import assign, assignments, leave, release
from review.team.protocol import record_protocol
from tests.conftest import REVIEW_TOML, write_review
from tests.screening.records import bring, state_of

FOUR = "".join(
    f'[[reviewers]]\nid = "{one}"\nname = "{one} Test"\nrole = "reviewer"\n\n' for one in ("dee", "eli", "fay")
)
TEAM = ("ben", "dee", "eli", "fay")


@pytest.fixture
def team(tmp_path: Path) -> Project:
    """An owner, four reviewers and an adjudicator."""
    return load_project(
        write_review(tmp_path / "team", text=REVIEW_TOML.replace("[criteria]\n", FOUR + "[criteria]\n", 1))
    )


@pytest.fixture
def held(team: Project, blank_database: Path) -> Iterator[LocalStore]:
    """Its database with 30 records."""
    team.database_path.write_bytes(blank_database.read_bytes())
    store = LocalStore(team.database_path)
    with store.holding():
        record_protocol(store, team)
        bring(store, [{} for _ in range(30)])
        yield store


def without(project: Project, who: str, *, day: date = date(2026, 11, 1)) -> Project:
    """The project after *who* left."""
    people = tuple(dataclasses.replace(one, left=day) if one.id == who else one for one in project.reviewers)
    return dataclasses.replace(project, reviewers=people)


def shared(store: LocalStore, stage: str = "title_abstract") -> dict[str, list[str]]:
    """Record → to whom it is assigned."""
    rows = store.read(
        "select record_id, list(reviewer order by reviewer) as people from v1.assignment where stage = $stage "
        "group by record_id",
        {"stage": stage},
    )
    return dict(rows.iter_rows())


def test_each_record_goes_to_two_and_each_person_gets_equally_many(held: LocalStore, team: Project) -> None:
    done = assign(held, team, by="ana", mode="split")
    people = shared(held)
    assert (done.records, done.new) == (30, 60)
    assert len(people) == 30 and all(len(set(two)) == 2 for two in people.values())
    assert done.each == dict.fromkeys(TEAM, 15)
    # not always the same two: agreement is of the team, not of one pair
    assert {tuple(two) for two in people.values()} == set(combinations(TEAM, 2))
    for who in TEAM:
        assert set(queue(held, team, reviewer=who)) == {record for record, two in people.items() if who in two}
    assert queue(held, team, reviewer="ana") == []
    assert {row["reviewer"]: row["records"] for row in owed(held, team).to_dicts()} == done.each
    in_sql = held.read("select reviewer, count(*) as n from v1.owed group by reviewer order by reviewer")
    assert dict(in_sql.iter_rows()) == done.each


def test_called_again_it_adds_only_what_came_since(held: LocalStore, team: Project) -> None:
    assign(held, team, by="ana", mode="split")
    before = shared(held)
    assert assign(held, team, by="ana", mode="split").new == 0
    bring(held, [{"number": 100 + number} for number in range(5)], name="i2")
    done = assign(held, team, by="ana", mode="split")
    assert done.new == 10 and {record: shared(held)[record] for record in before} == before
    counts = done.each.values()
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize("share", [0, 20, 33, 50, 100])
def test_a_share_is_read_by_two_and_the_rest_by_one(held: LocalStore, team: Project, share: int) -> None:
    assign(held, team, by="ana", mode="double", share=share)
    sizes = Counter(len(people) for people in shared(held).values())
    assert sizes[2] == round(30 * share / 100) and sizes[1] == 30 - sizes[2]
    counts = Counter(person for people in shared(held).values() for person in people).values()
    assert max(counts) - min(counts) <= 1
    bring(held, [{"number": 100 + number} for number in range(20)], name="i2")
    assign(held, team, by="ana", mode="double", share=share)
    sizes = Counter(len(people) for people in shared(held).values())
    assert abs(sizes[2] - 50 * share / 100) <= 1


def test_one_decision_settles_a_record_that_one_reads(held: LocalStore, team: Project) -> None:
    assign(held, team, by="ana", mode="double", share=0)
    record, (only,) = next(iter(shared(held).items()))
    decide(held, team, record=record, stage="title_abstract", reviewer=only, verdict="exclude", reason="design")
    assert state_of(held, record) == "exclude"
    # all: the protocol's two are asked for again, of those too that one has decided on
    done = assign(held, team, by="ana", mode="all")
    assert (done.new, done.released) == (0, 29)
    assert state_of(held, record) == "needs_second"
    assert all(len(queue(held, team, reviewer=one)) == (29 if one == only else 30) for one in TEAM)


def test_records_that_somebody_began_are_taken_into_account(held: LocalStore, team: Project) -> None:
    record = queue(held, team, reviewer="ben")[0]
    decide(held, team, record=record, stage="title_abstract", reviewer="ben", verdict="include")
    assign(held, team, by="ana", mode="double", share=0)
    assert shared(held)[record] == ["ben"] and state_of(held, record) == "include"


def test_what_is_released_waits_for_everybody_or_for_whom_it_is_given_to(held: LocalStore, team: Project) -> None:
    assign(held, team, by="ana", mode="split")
    mine = queue(held, team, reviewer="ben")
    decide(held, team, record=mine[0], stage="title_abstract", reviewer="ben", verdict="include")
    done = release(held, team, reviewer="ben", by="ana", to="dee")
    assert done.released == 14 and 0 < done.given < 14
    people = shared(held)
    assert "ben" in people[mine[0]]
    for record in mine[1:]:
        assert "ben" not in people[record] and "dee" in people[record]
        # where dee had it already there is one too few: everybody else may take it
        assert (record in queue(held, team, reviewer="ben")) == (people[record] == ["dee"] or len(people[record]) == 1)
    assert release(held, team, reviewer="ben", by="ana").released == 0


def test_a_reviewer_who_leaves_breaks_nothing(held: LocalStore, team: Project) -> None:
    assign(held, team, by="ana", mode="split", reviewers=["ben", "dee"])
    records = queue(held, team, reviewer="ben")[:3]
    for who, word in (("ben", "include"), ("dee", "exclude")):
        for record in records:
            decide(held, team, record=record, stage="title_abstract", reviewer=who, verdict=word)
    before = agreement_table(held, team)
    tokens.invite(held, team, "ben")
    gone = leave(held, team, reviewer="ben", by="ana")
    assert (gone.released, gone.invitations) == (27, 1) and gone.line.startswith('left = "20')
    after = without(team, "ben")
    record_protocol(held, after)
    assert agreement_table(held, after).equals(before)
    assert state_of(held, records[0]) == "conflict"
    adjudicate(held, after, record=records[0], verdict="include", by="cyd")
    assert state_of(held, records[0]) == "include"
    assert "ben" not in owed(held, after)["reviewer"].to_list()
    assert "ben" not in held.read("select distinct reviewer from v1.owed")["reviewer"].to_list()
    # dee's share stays dee's; for the second word of each record everybody is asked
    assert {row["reviewer"]: row["records"] for row in owed(held, after).to_dicts()} == {
        "dee": 27,
        "eli": 27,
        "fay": 27,
    }
    assert assign(held, after, by="ana", mode="split").new == 27
    assert dict(held.read("select reviewer, left_on from v1.reviewer where left_on is not null").iter_rows()) == {
        "ben": date(2026, 11, 1)
    }
    with pytest.raises(DecisionError, match="ben left the team on 2026-11-01"):
        decide(held, after, record=records[1], stage="title_abstract", reviewer="ben", verdict="unsure")
    with pytest.raises(DecisionError, match="left the team"):
        adjudicate(held, without(team, "cyd"), record=records[1], verdict="include", by="cyd")


def test_whom_review_toml_calls_gone_is_waited_for_no_longer_even_when_nobody_ran_a_command(
    held: LocalStore, team: Project
) -> None:
    assign(held, team, by="ana", mode="split", reviewers=["ben", "dee"])
    after = without(team, "ben")
    record_protocol(held, after)
    assert len(queue(held, after, reviewer="eli")) == 30
    record_protocol(held, team)
    assert queue(held, team, reviewer="eli") == [] and len(queue(held, team, reviewer="ben")) == 30


def test_who_may_share_out_and_with_whom(held: LocalStore, team: Project) -> None:
    with pytest.raises(DecisionError, match="records are shared out by: owner"):
        assign(held, team, by="ben", mode="split")
    with pytest.raises(UsageProblem, match="cyd has the role adjudicator"):
        assign(held, team, by="ana", mode="split", reviewers=["cyd", "ben"])
    with pytest.raises(UsageProblem, match="each record is for 2 people, and these are 1: ben"):
        assign(held, team, by="ana", mode="split", reviewers=["ben", "ben"])
    with pytest.raises(UsageProblem, match="allowed: all, split, double"):
        assign(held, team, by="ana", mode="some")
    with pytest.raises(UsageProblem, match="from 0 to 100"):
        assign(held, team, by="ana", mode="double", share=101)
    with pytest.raises(DecisionError):
        release(held, team, reviewer="ben", by="dee")
    assert assignments(held, team).is_empty()


def test_assignments_travel_with_the_events(held: LocalStore, team: Project, tmp_path: Path) -> None:
    assign(held, team, by="ana", mode="double", share=50)
    release(held, team, reviewer="ben", by="ana", to="dee")
    export_events(held, team, tmp_path / "out")
    other = LocalStore(tmp_path / "other.duckdb")
    with other.holding():
        record_protocol(other, team)
        import_events(other, team, tmp_path / "out")
        bring(other, [{} for _ in range(30)])
        for one in TEAM:
            assert queue(other, team, reviewer=one) == queue(held, team, reviewer=one)
        assert assignments(other, team).equals(assignments(held, team))
