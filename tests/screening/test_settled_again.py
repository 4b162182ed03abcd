"""What a methodologist broke once: reports noted twice, rounds given up, ids used by two, intervals without width."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from review.database import LocalStore, OwnerStore
from review.errors import DecisionError
from review.flows.prisma_flow import prisma_flow
from review.project import Project
from review.screening import calibration, decisions, retrieval
from review.screening.agreement import Cells, agreement
from review.team.protocol import record_protocol
from tests.screening.records import bring


def screened(project: Project) -> tuple[LocalStore, list[str]]:
    store = LocalStore(project.database_path)
    record_protocol(store, project)
    return store, bring(store, [{"year": 2000}] * 6)


def say(
    store: LocalStore | OwnerStore,
    project: Project,
    record: str,
    verdict: str,
    *people: str,
    stage: str = "title_abstract",
) -> None:
    for person in people:
        reason = "design" if verdict == "exclude" else None
        decisions.decide(store, project, record=record, stage=stage, reviewer=person, verdict=verdict, reason=reason)


def test_a_report_that_was_read_stands_in_one_box_only(empty_review: Project) -> None:
    store, ids = screened(empty_review)
    say(store, empty_review, ids[0], "include", "ana", "ben")
    retrieval.retrieved(store, empty_review, record=ids[0], who="ben")
    say(store, empty_review, ids[0], "include", "ana", "ben", stage="full_text")
    retrieval.not_retrieved(store, empty_review, record=ids[0], who="ben", reason="the library has none")
    row = store.read("select retrieval, not_retrieved_reason, full_text_state from v1.report").row(0)
    assert row == ("retrieved", None, "include")
    _, identities, _ = prisma_flow(store, empty_review)
    assert "fail" not in {one.verdict for one in identities}


def test_a_round_that_was_given_up_stays_without_agreement(empty_review: Project) -> None:
    store, _ = screened(empty_review)
    opened = calibration.open_round(store, empty_review, by="ana", records=2)
    drawn = store.read("select distinct record_id from v1.calibration_record")["record_id"].to_list()
    for record in drawn:
        say(store, empty_review, record, "include", "ben")
    calibration.close_round(store, empty_review, by="ana", unfinished=True)
    for record in drawn:
        say(store, empty_review, record, "exclude", "ana")
    (found,) = calibration.rounds(store, empty_review)
    assert (found.round_id, found.finished, found.pairs) == (opened.round_id, False, None)
    assert store.read("select * from v1.calibration_agreement").height == 0


def test_one_id_from_two_people_at_once_is_one_decision_and_the_other_is_told(empty_review: Project) -> None:
    local, ids = screened(empty_review)
    store = OwnerStore(local.path)
    for _ in range(10):
        shared = str(uuid.uuid4())

        def decide(person: str, shared: str = shared) -> str:
            record = ids[0] if person == "ana" else ids[1]
            try:
                done = decisions.decide(
                    store,
                    empty_review,
                    record=record,
                    stage="title_abstract",
                    reviewer=person,
                    verdict="include" if int(shared[0], 16) % 2 else "unsure",
                    note=shared,
                    decision_id=shared,
                )
            except DecisionError:
                return "refused"
            return "new" if done.new else "known"

        with ThreadPoolExecutor(2) as both:
            said = sorted(both.map(decide, ["ana", "ben"]))
        assert said == ["new", "refused"]
    store.close()


@pytest.mark.parametrize(
    "cells", [Cells(2, 0, 0, 0), Cells(1, 0, 0, 1), Cells(0, 1, 1, 0), Cells(5, 0, 0, 0), Cells(0, 0, 0, 9)]
)
def test_no_interval_without_width_is_given(cells: Cells) -> None:
    found = agreement(cells)
    for one in (found.kappa, found.pabak, found.ac1):
        assert one.se is None or one.se > 0
        if one.value is not None and one.se is None:
            assert (one.lo, one.hi) == (None, None)
            assert "no interval" in one.why or "too few" in one.why


def test_the_remark_names_the_record_that_everything_hangs_on() -> None:
    found = agreement(Cells(1, 0, 0, 200))
    assert found.kappa.value == 1
    assert found.kappa.why == "no interval: it hangs on one record"
