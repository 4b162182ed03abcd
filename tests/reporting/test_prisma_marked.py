"""Reports that await classification and ongoing studies: lines of their own, and a flow that still adds up."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from review.database import Append, LocalStore
from review.paths import shipped
from review.project import Project
from review.reporting import store as reads
from review.reporting.prisma import check_identities, flow_table, flow_values
from review.reporting.saved_queries import read_query
from tests.conftest import examples
from tests.reporting.test_prisma_flow import NOW, check, counts, decide, records, retrieve
from tests.reporting.test_prisma_identities import FULL, verdicts

MARKS = ("awaiting_classification", "ongoing")


def mark(store: LocalStore, record: str, kind: str, *, name: str = "m") -> None:
    """A report event of classification."""
    row = {"event_id": f"{name}-{record}", "source_record_id": record, "kind": kind, "reason": "words", "who": "ana",
           "decided_at": NOW}  # fmt: skip
    store.apply([Append("screening.report_event", [row])])


def test_marked_reports_stand_beside_the_boxes(empty_review: Project) -> None:
    store = LocalStore(empty_review.database_path)
    ids = records(store, range(1, 8))
    for one in ids:
        decide(store, one, "include")
    for one in ids[:5]:
        retrieve(store, one)
        decide(store, one, "include", stage="full_text")
    mark(store, ids[0], "awaiting_classification")
    mark(store, ids[5], "awaiting_classification")
    mark(store, ids[6], "ongoing")
    found = counts(store)
    assert (found["sought"], found["assessed"], found["new_reports"]) == (7, 4, 4)
    assert (found["awaiting_classification"], found["ongoing"]) == (2, 1)
    assert (found["not_retrieved"], found["awaiting_retrieval"], found["awaiting_assessment"]) == (0, 0, 0)
    told = check(store)
    assert [name for name in ("2", "3", "6", "8") if told[name] != "pass"] == []
    table, identities, _ = flow_table(store, empty_review)
    words = {row.cells[1]: row.cells[2] for row in table.rows}
    assert (words["Reports awaiting classification"], words["Reports of ongoing studies"]) == ("2", "1")
    third = next(one for one in identities if one.number == "3")
    assert "− awaiting classification 2 − ongoing 1" in third.terms


def test_a_review_without_marks_has_no_line_for_them(store: LocalStore) -> None:
    ids = records(store, range(1, 3))
    for one in ids:
        decide(store, one, "include")
        retrieve(store, one)
    assert not {"awaiting_classification", "ongoing", "other_ongoing"} & set(counts(store))


def test_marks_alone_begin_the_full_text_stage(store: LocalStore) -> None:
    ids = records(store, range(1, 4))
    for one in ids:
        decide(store, one, "include")
    assert counts(store)["assessed"] == "not done"
    mark(store, ids[0], "ongoing")
    found = counts(store)
    assert (found["ongoing"], found["awaiting_retrieval"], found["assessed"], found["new_reports"]) == (1, 2, 0, 0)
    assert check(store)["3"] == "pass"


def test_a_mark_that_ended_is_counted_no_longer(store: LocalStore) -> None:
    (one,) = records(store, range(1, 2))
    decide(store, one, "include")
    retrieve(store, one)
    decide(store, one, "exclude", stage="full_text", reason="design")
    mark(store, one, "ongoing")
    assert "excluded_reports" in counts(store) and counts(store)["excluded_reports"] == 0
    row = {"event_id": "c", "supersedes": f"m-{one}", "source_record_id": one, "kind": "classified", "who": "ana",
           "decided_at": NOW}  # fmt: skip
    store.apply([Append("screening.report_event", [row])])
    assert (counts(store)["excluded_reports"], counts(store)["assessed"]) == (1, 1)
    assert check(store)["6"] == "pass"


@pytest.mark.parametrize("route", ["", "other_"])
@pytest.mark.parametrize("item", MARKS)
def test_the_identity_is_off_by_a_mark_that_is_forgotten(route: str, item: str) -> None:
    number = "5" if route else "3"
    marked = {**FULL, f"{route}{item}": 2, f"{route}not_retrieved": (FULL[f"{route}not_retrieved"] or 0) - 1}
    assert verdicts(marked)[number] == "fail"
    marked[f"{route}assessed"] = (FULL[f"{route}assessed"] or 0) - 1
    assert verdicts(marked)[number] == "pass"


def told_by_hand(reports: list[dict[str, Any]]) -> Counter[str]:
    """The lines of the flow, counted report by report as a person with a pencil would."""
    count: Counter[str] = Counter()
    for one in reports:
        if one["abstract"] != "include":
            continue
        route = "" if one["searched"] else "other_"
        count[f"{route}sought"] += 1
        if one["mark"]:
            count[f"{route}{one['mark']}"] += 1
        elif one["text"] == "include":
            count[f"{route}assessed"] += 1
            count["new_reports"] += 1
        elif one["text"] == "exclude":
            count[f"{route}assessed"] += 1
            count[f"{route}excluded_reports"] += 1
        elif one["retrieval"] == "retrieved":
            count[f"{route}awaiting_assessment"] += 1
        elif one["retrieval"] == "not_retrieved":
            count[f"{route}not_retrieved"] += 1
        else:
            count[f"{route}awaiting_retrieval"] += 1
    return count


@pytest.mark.parametrize("seed", range(examples(1, 6)))
def test_the_flow_equals_an_independent_count_in_both_routes(store: LocalStore, seed: int) -> None:
    with store.holding():
        chance = random.Random(seed)
        found = records(store, range(1, 31))
        other = records(store, range(31, 46), kind="citation_search", source="hand")
        reports: list[dict[str, Any]] = []
        for place, record in enumerate([*found, *other]):
            # of each route one report is there for sure, so that the stage has begun in both
            sure = place in (0, len(found))
            abstract = "include" if sure else chance.choice(["include", "include", "include", "exclude"])
            retrieval = "retrieved" if sure else chance.choice([None, "retrieved", "retrieved", "not_retrieved"])
            text = (
                chance.choice([None, "include", "exclude"])
                if retrieval == "retrieved" and abstract == "include"
                else None
            )
            marked = None if sure else chance.choice([None, None, None, *MARKS])
            decide(store, record, abstract)
            if retrieval and abstract == "include":
                retrieve(store, record, retrieval)
            if text:
                decide(store, record, text, stage="full_text", reason="design" if text == "exclude" else None)
            if marked and abstract == "include":
                mark(store, record, marked)
            reports.append(
                {
                    "searched": record in found,
                    "abstract": abstract,
                    "retrieval": retrieval,
                    "text": text,
                    "mark": marked,
                }
            )
    by_hand = told_by_hand(reports)
    lines = counts(store)
    items = [
        "sought",
        "not_retrieved",
        "awaiting_retrieval",
        "awaiting_assessment",
        "assessed",
        "excluded_reports",
        *MARKS,
    ]
    for item in [*items, *(f"other_{one}" for one in items), "new_reports"]:
        assert lines.get(item, 0) == by_hand[item], item
    told = check(store)
    assert [name for name in ("2", "3", "4", "5", "6", "7", "8") if told[name] == "fail"] == []
    assert [name for name in ("3", "5", "6") if told[name] != "pass"] == []
    values = flow_values(reads.flow_lines(store))
    for item in (f"{route}{one}" for route in ("", "other_") for one in MARKS):
        if values.get(item):
            off = check_identities({**values, item: (values[item] or 0) + 1})
            assert {one.number for one in off if one.verdict == "fail"} == {"5" if item.startswith("other") else "3"}


def test_check_warns_of_a_pooled_study_that_is_marked(evidence: tuple[Project, LocalStore]) -> None:
    _, store = evidence
    query = read_query(shipped("queries", "checks", "marked_study_pooled.sql"))
    assert query.severity == "warning"
    study = store.read("select min(study_id) as study from v1.effect_size where pooled")["study"][0]
    one, other = records(store, range(1, 3))
    for record in (one, other):
        decide(store, record, "include")
    reports = [
        {"report_id": f"SRC:{record}", "study_id": study, "file": "study.toml", "line": 1, "kind": "primary"}
        for record in (one, other)
    ]
    store.apply([Append("extraction.study_report", reports)])
    assert store.read(query.sql).height == 0
    mark(store, one, "ongoing")
    assert store.read(query.sql).rows() == [(study, [one], "ongoing")]
    # another report of it that is included makes it an included study
    retrieve(store, other)
    decide(store, other, "include", stage="full_text")
    assert store.read(query.sql).height == 0
