"""The states that the store keeps are those that plain Python works out from all the events."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.database import Append, LocalStore, Replace
from tests.conftest import examples, synthetic_record
from tests.database.test_derived import kept, made_anew
from tests.screening.records import bring

DAY = datetime(2026, 11, 20, tzinfo=UTC)
PEOPLE = ("ana", "ben", "dee")
STAGES = ("title_abstract", "full_text")
_MINE = {
    "screening.decision": "decision_id",
    "screening.adjudication": "adjudication_id",
    "screening.report_event": "event_id",
    "team.assignment": "assignment_id",
}

# which record, which of the earlier rows of its table on it is superseded (if any), and what is said
_WHERE = st.tuples(st.integers(0, 4), st.none() | st.integers(0, 3))
_DECISION = st.tuples(
    st.just("screening.decision"),
    _WHERE,
    st.fixed_dictionaries(
        {
            "stage": st.sampled_from([*STAGES, "final"]),
            "reviewer": st.sampled_from(PEOPLE),
            "verdict": st.sampled_from(["include", "exclude", "unsure", "withdrawn"]),
            "reason": st.sampled_from(["population", "design"]),
        }
    ),
)
_ADJUDICATION = st.tuples(
    st.just("screening.adjudication"),
    _WHERE,
    st.fixed_dictionaries(
        {
            "stage": st.sampled_from(STAGES),
            "verdict": st.sampled_from(["include", "exclude", "reopened"]),
            "reason": st.sampled_from(["population", "design"]),
        }
    ),
)
_REPORT = st.tuples(
    st.just("screening.report_event"),
    st.tuples(st.integers(0, 4), st.none()),
    st.fixed_dictionaries({"kind": st.sampled_from(["sought", "retrieved", "not_retrieved", "ongoing", "classified"])}),
)
_ASSIGNMENT = st.tuples(
    st.just("team.assignment"),
    _WHERE,
    st.fixed_dictionaries(
        {
            "stage": st.sampled_from(STAGES),
            "reviewer": st.sampled_from(PEOPLE),
            "kind": st.sampled_from(["assigned", "released"]),
            "reviewers": st.sampled_from([None, 1, 2]),
        }
    ),
)
_MERGE = st.tuples(st.just("merge"), st.sets(st.integers(0, 4), max_size=3), st.none())
_LEFT = st.tuples(st.just("left"), st.sampled_from([*PEOPLE, "nobody"]), st.none())
_IMPORT = st.tuples(st.just("import"), st.integers(3, 4), st.none())
_EVENTS = st.lists(
    st.one_of(_DECISION, _DECISION, _ADJUDICATION, _REPORT, _ASSIGNMENT, _MERGE, _LEFT, _IMPORT), max_size=25
)


@settings(max_examples=examples(6, 60))
@given(events=_EVENTS)
def test_states_are_those_of_plain_python(
    tmp_path_factory: pytest.TempPathFactory, blank_database: Path, events: list[tuple[str, Any, Any]]
) -> None:
    path = tmp_path_factory.mktemp("states") / "review.duckdb"
    path.write_bytes(blank_database.read_bytes())
    store = LocalStore(path)
    log: dict[str, list[dict[str, Any]]] = defaultdict(list)
    merged: set[str] = set()
    left = ""
    with store.holding():
        ids = bring(store, [{"number": number} for number in range(1, 4)])
        ids += [synthetic_record(number)["source_record_id"] for number in (4, 5)]
        here = set(ids[:3])
        for kind, what, fields in events:
            if kind == "import":
                bring(store, [{"number": what + 1}], name=f"import-{what}")
                here.add(ids[what])
            elif kind == "merge":
                merged = {ids[one] for one in what} if len(what) > 1 else set()
                rows = [{"source_record_id": one, "record_id": min(merged)} for one in sorted(merged)]
                store.apply([Replace("dedupe.cluster", rows)])
            elif kind == "left":
                left = what
                store.apply([Replace("team.reviewer", [_person(one, gone=one == left) for one in PEOPLE])])
            else:
                row = _row(log[kind], kind, ids[what[0]], what[1], fields)
                log[kind].append(row)
                store.apply([Append(kind, [row])])
            there = {
                (row.pop("record_id"), row.pop("stage")): row
                for row in store.read("select * exclude (position, is_calibrating) from screening.state").to_dicts()
            }
            assert there == expected(log, here, merged, left), kind
        tables = kept(store)
    for table, rows in made_anew(path).items():
        assert rows.equals(tables[table]), table


def _person(who: str, *, gone: bool) -> dict[str, Any]:
    day = date(2026, 11, 1) if gone else None
    return {"reviewer": who, "name": who, "role": "reviewer", "left_on": day, "place": PEOPLE.index(who) + 1}


def _row(
    log: list[dict[str, Any]], table: str, record: str, place: int | None, fields: dict[str, Any]
) -> dict[str, Any]:
    """The row of an event; *place* says which earlier one on the same record and stage it supersedes."""
    earlier = [one for one in log if one["source_record_id"] == record and one.get("stage") == fields.get("stage")]
    key = _MINE[table]
    row: dict[str, Any] = {
        key: f"{table}-{len(log)}",
        "supersedes": earlier[place % len(earlier)][key] if earlier and place is not None else None,
        "source_record_id": record,
        "decided_at": DAY,
        "arrival": len(log) + 1,
        **fields,
    }
    if "verdict" in row and row["verdict"] != "exclude":
        row["reason"] = None
    if table == "screening.decision":
        row |= {"blind": True, "criteria_version": "1", "via": "test"}
    elif table == "screening.adjudication":
        row |= {"decided_by": "cyd", "criteria_version": "1"}
    else:
        row["who"] = "ana"
        if row.get("kind") in ("not_retrieved", "ongoing"):
            row["reason"] = "not to be had"
    return row


def _standing(rows: list[dict[str, Any]], key: str, *slot: str) -> list[dict[str, Any]]:
    """Of the rows that none supersedes the last of each slot."""
    gone = {row["supersedes"] for row in rows}
    last = {tuple(row[name] for name in slot): row for row in rows if row[key] not in gone}
    return sorted(last.values(), key=lambda row: row["arrival"])


def expected(
    log: dict[str, list[dict[str, Any]]], here: set[str], merged: set[str], left: str
) -> dict[tuple[str, str], dict[str, Any]]:
    """(record, stage) → its state, worked out from the whole log: an independent reading of the rules."""
    record_of = {one: min(merged) if one in merged else one for one in here}
    decisions = _standing(log["screening.decision"], "decision_id", "source_record_id", "stage", "reviewer")
    rulings = _standing(log["screening.adjudication"], "adjudication_id", "source_record_id", "stage")
    shares = _standing(log["team.assignment"], "assignment_id", "source_record_id", "stage", "reviewer")
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for record in sorted(set(record_of.values())):
        members = {one for one, other in record_of.items() if other == record}
        judged: dict[str, dict[str, Any]] = {}
        for stage in (*STAGES, "final"):

            def mine(
                rows: list[dict[str, Any]], stage: str = stage, members: set[str] = members
            ) -> list[dict[str, Any]]:
                return [row for row in rows if row["source_record_id"] in members and row["stage"] == stage]

            said = [row for row in mine(decisions) if row["verdict"] != "withdrawn"]
            ruled = [row for row in mine(rulings) if row["verdict"] != "reopened"]
            assigned = {
                row["reviewer"] for row in mine(shares) if row["kind"] == "assigned" and row["reviewer"] != left
            }
            newest = {row["source_record_id"]: row["reviewers"] for row in mine(shares)}
            needed = max((2 if one is None else one for one in newest.values()), default=2)
            by = {row["reviewer"] for row in said}
            words = {row["verdict"] for row in ruled}
            sides = {row["verdict"] == "exclude" for row in said}
            if words:
                state = words.pop() if len(words) == 1 else "conflict"
            elif not said:
                state = ""
            elif stage != "final" and len(by) < needed:
                state = "needs_second"
            else:
                state = "conflict" if len(sides) > 1 else "exclude" if True in sides else "include"
            reasons = [row["reason"] for row in said if row["verdict"] == "exclude" and row["reason"]]
            by_ruling = len({row["verdict"] for row in ruled}) == 1
            judged[stage] = {
                "state": state,
                "adjudicated": by_ruling,
                "reason": (ruled[-1]["reason"] if by_ruling else reasons[0] if reasons else None)
                if state == "exclude"
                else None,
                "reasons_differ": state == "exclude" and not ruled and len(set(reasons)) > 1,
                "decisions": len(said),
                "reviewers_needed": needed,
                "decided_by": sorted(by),
                "assigned_to": sorted(assigned),
                "open_to_all": len(by | assigned) < needed,
            }
        reports = [row for row in log["screening.report_event"] if row["source_record_id"] in members]
        retrieval = [row["kind"] for row in reports if row["kind"] in ("sought", "retrieved", "not_retrieved")]
        marks = [row["kind"] for row in reports if row["kind"] in ("ongoing", "classified")]
        marked = marks[-1:] == ["ongoing"]
        if judged["title_abstract"]["state"] or not judged["final"]["state"]:
            found[record, "title_abstract"] = judged["title_abstract"]
        due = judged["title_abstract"]["state"] == "include" and (retrieval[-1:] == ["retrieved"] or marked)
        if judged["full_text"]["state"] not in ("", "needs_second") or due:
            found[record, "full_text"] = judged["full_text"]
            if marked:
                judged["full_text"] |= {"state": "ongoing", "reason": None, "reasons_differ": False}
        if judged["final"]["state"]:
            found[record, "final"] = judged["final"]
    for row in found.values():
        row["state"] = row["state"] or "needs_first"
    return found


def test_what_was_ever_merged_is_known(store: LocalStore) -> None:
    ids = sorted(bring(store, [{} for _ in range(4)]))
    merge = {
        "event_id": "m1", "kind": "merge", "record_a": ids[0], "record_b": ids[1], "who": "ana", "automatic": False,
        "decided_at": DAY,
    }  # fmt: skip
    store.apply([Append("dedupe.duplicate_event", [merge])])
    told = """
        select source_record_id, ever_merged from v1.record_member order by source_record_id"""
    assert [one for one, merged in store.read(told).iter_rows() if merged] == ids[:2]
    # an undo changes nothing of what was learnt
    store.apply([Append("dedupe.duplicate_event", [{**merge, "event_id": "u1", "kind": "undo", "undo_of": "m1"}])])
    edges = store.read("select record_a, record_b from v1.merge_ever_made").rows()
    assert [one for one, merged in store.read(told).iter_rows() if merged] == sorted(
        {one for two in edges for one in two}
    )
