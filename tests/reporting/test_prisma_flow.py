"""The flow as SQL counts it: nothing done, only a catalogue, a search under way, final labels, and a whole review."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from review.database import Append, LocalStore, Replace
from review.project import Project
from review.reporting import store as reads
from review.reporting.prisma import check_identities, flow_table, flow_values, refuse_violations
from tests.conftest import synthetic_receipt, synthetic_record

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def records(store: LocalStore, numbers: range, *, kind: str = "database", source: str = "PubMed") -> list[str]:
    """Import synthetic records; their ids."""
    rows = [{**synthetic_record(number), "source": source} for number in numbers]
    name = f"i-{source}"
    store.apply(
        [
            Append("search.source_record", rows),
            Append(
                "search.import_record",
                [
                    {"import_id": name, "source_record_id": row["source_record_id"], "position": place}
                    for place, row in enumerate(rows, start=1)
                ],
            ),
            Append(
                "search.import_receipt",
                [{**synthetic_receipt(name, records=len(rows), at=NOW), "source": source, "source_kind": kind}],
            ),
        ]
    )
    return [str(row["source_record_id"]) for row in rows]


def decide(store: LocalStore, record: str, verdict: str, *, stage: str = "title_abstract", reason: str | None = None,
           reviewers: tuple[str, ...] = ("ana", "ben")) -> None:  # fmt: skip
    """The same decision by each of *reviewers*."""
    store.apply(
        [
            Append(
                "screening.decision",
                [
                    {
                        "decision_id": f"{record}-{stage}-{who}", "source_record_id": record, "stage": stage,
                        "reviewer": who, "verdict": verdict, "reason": reason, "blind": True,
                        "criteria_version": "1", "via": "test", "decided_at": NOW,
                    }
                    for who in reviewers
                ],
            )
        ]
    )  # fmt: skip


def retrieve(store: LocalStore, record: str, kind: str = "retrieved") -> None:
    """A report event."""
    reason = "no copy" if kind == "not_retrieved" else None
    row = {"event_id": f"e-{record}", "source_record_id": record, "kind": kind, "reason": reason, "who": "ana",
           "decided_at": NOW}  # fmt: skip
    store.apply([Append("screening.report_event", [row])])


def counts(store: LocalStore) -> dict[str, Any]:
    """Item → count, or its status where there is none; the lines of one item are added."""
    found: dict[str, Any] = {}
    for line in reads.flow_lines(store).iter_rows(named=True):
        if line["status"] != "counted":
            found.setdefault(line["item"], line["status"])
        else:
            before = found.get(line["item"], 0)
            found[line["item"]] = line["n"] + (before if isinstance(before, int) else 0)
    return found


def check(store: LocalStore) -> dict[str, str]:
    """The verdicts, after making sure that SQL and Python agree on each."""
    lines = reads.flow_lines(store)
    by_python = {one.number: (one.left, one.right, one.verdict) for one in check_identities(flow_values(lines))}
    by_sql = {
        row["identity"]: (row["left_value"], row["right_value"], row["verdict"])
        for row in reads.flow_checks(store).iter_rows(named=True)
    }
    assert {name: value[2] for name, value in by_python.items()} == {name: value[2] for name, value in by_sql.items()}
    for name, (left, right, verdict) in by_python.items():
        if verdict != "not applicable":
            assert by_sql[name][:2] == (left, right)
    return {name: value[2] for name, value in by_sql.items()}


def test_an_empty_review_says_not_done_in_every_box(store: LocalStore) -> None:
    lines = reads.flow_lines(store)
    assert set(lines.filter(lines["box"] != "1")["status"]) == {"not done"}
    assert sorted(set(lines["box"]), key=int) == [str(box) for box in range(1, 18)]
    assert set(check(store).values()) == {"not applicable"}


def test_a_catalogue_of_studies_came_by_other_methods(evidence: tuple[Project, LocalStore]) -> None:
    _, store = evidence
    found = counts(store)
    assert found["other_identified"] == 6
    assert (found["total_studies"], found["total_reports"]) == (6, 6)
    assert (found["pooled_studies"], found["pooled_reports"]) == (3, 3)
    done = {"other_identified", "total_studies", "total_reports", "pooled_studies", "pooled_reports"}
    rest = {item: value for item, value in found.items() if item not in done and not item.startswith("previous")}
    assert set(rest.values()) == {"not done"}
    verdicts = check(store)
    assert {name for name, verdict in verdicts.items() if verdict == "pass"} == {"9c", "10a", "10b"}
    assert "fail" not in verdicts.values()


def test_imported_citations_of_other_methods_are_counted_once_each(store: LocalStore) -> None:
    ids = records(store, range(1, 6), kind="other_method", source="citations")
    store.apply([Replace("dedupe.cluster", [{"source_record_id": one, "record_id": ids[0]} for one in ids[:2]])])
    found = counts(store)
    assert found["other_identified"] == 4
    assert found["database"] == found["screened"] == found["other_sought"] == "not done"
    assert "fail" not in check(store).values()


def test_a_search_that_nobody_screened_is_only_identified(store: LocalStore) -> None:
    records(store, range(1, 4))
    records(store, range(4, 6), kind="register", source="ClinicalTrials.gov")
    found = counts(store)
    assert (found["database"], found["register"], found["duplicates"]) == (3, 2, 0)
    assert found["screened"] == "not done"
    assert check(store)["1"] == "not applicable"


def test_screening_under_way_adds_up(store: LocalStore) -> None:
    ids = records(store, range(1, 8))
    store.apply([Replace("dedupe.cluster", [{"source_record_id": one, "record_id": ids[0]} for one in ids[:2]])])
    decide(store, ids[2], "exclude")
    decide(store, ids[3], "include")
    decide(store, ids[4], "include", reviewers=("ana",))
    found = counts(store)
    assert (found["database"], found["duplicates"], found["screened"]) == (7, 1, 2)
    assert (found["awaiting_screening"], found["excluded_human"], found["sought"]) == (4, 1, 1)
    assert found["not_retrieved"] == "not done"
    verdicts = check(store)
    assert (verdicts["1"], verdicts["2"], verdicts["3"]) == ("pass", "pass", "not applicable")


def test_a_whole_review_passes_every_identity(evidence: tuple[Project, LocalStore]) -> None:
    project, store = evidence
    ids = records(store, range(1, 11))
    for one in ids[:4]:
        decide(store, one, "exclude")
    for one in ids[4:]:
        decide(store, one, "include")
    retrieve(store, ids[4], "not_retrieved")
    for one in ids[5:]:
        retrieve(store, one)
    for one in ids[5:7]:
        decide(store, one, "exclude", stage="full_text", reason="population")
    decide(store, ids[7], "exclude", stage="full_text", reason="design")
    for one in ids[8:]:
        decide(store, one, "include", stage="full_text")
    found = counts(store)
    assert (found["screened"], found["excluded_human"], found["sought"]) == (10, 4, 6)
    assert (found["not_retrieved"], found["assessed"], found["excluded_reports"]) == (1, 5, 3)
    assert (found["new_reports"], found["total_reports"], found["reports_without_study"]) == (2, 2, 2)
    verdicts = check(store)
    assert [name for name in ("1", "2", "3", "6", "7", "8") if verdicts[name] != "pass"] == []
    table, identities, _ = flow_table(store, project)
    reasons = [row.cells[1:] for row in table.rows if row.cells[0] == "9"]
    assert reasons == [("Reports excluded: Not people with knee pain", "2"), ("Reports excluded: Not a trial", "1")]
    # the pools stand on studies that this screening never included: the flow says so
    assert verdicts["10a"] == "fail"
    with pytest.raises(Exception, match="pooled studies"):
        refuse_violations(identities)


def test_final_labels_leave_the_boxes_they_cannot_fill(store: LocalStore) -> None:
    ids = records(store, range(1, 11))
    for place, one in enumerate(ids):
        decide(store, one, "include" if place < 3 else "exclude", stage="final", reviewers=("import",))
    found = counts(store)
    assert (found["screened"], found["new_reports"], found["total_reports"]) == (10, 3, 3)
    silent = ("excluded_human", "excluded_automation", "sought", "not_retrieved", "assessed", "excluded_reports")
    assert {found[item] for item in silent} == {"not reported by source"}
    assert found["new_studies"] == found["total_studies"] == "not reported by source"
    verdicts = check(store)
    assert (verdicts["1"], verdicts["8"]) == ("pass", "pass")
    assert "fail" not in verdicts.values()


def test_a_record_that_a_database_listed_is_not_an_other_method(store: LocalStore) -> None:
    one = records(store, range(1, 3))
    other = records(store, range(3, 5), kind="citation_search", source="hand")
    pair = [{"source_record_id": name, "record_id": one[0]} for name in (one[0], other[0])]
    store.apply([Replace("dedupe.cluster", pair)])
    found = counts(store)
    assert (found["database"], found["duplicates"], found["other_identified"]) == (2, 0, 1)
