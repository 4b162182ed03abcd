"""Blinding by byte search: whatever ben decides, everything that eve can receive stays as it was, byte for byte."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from review.web.api import ROUTES
from review.web.pages import PAGES
from tests.web.conftest import Team

NOTE, LABEL = "MARKER-NOTE-5b1f", "MARKER-LABEL-9c2e"
STAGES = ("", "?stage=title_abstract", "?stage=full_text")
PDF = b"%PDF-1.4\n%%EOF\n"


def questions(team: Team) -> list[str]:
    """Every address that can be asked, each with every parameter that could tell something."""
    one = team.records
    asked = [
        *(f"/api/queue?stage={stage}&limit=50" for stage in ("title_abstract", "full_text")),
        f"/api/queue?without={one[0]},{one[1]}",
        *(f"/api/records?own={own}" for own in ("any", "undecided", "include", "exclude", "unsure")),
        *(f"/api/records?stage=full_text&own={own}" for own in ("any", "undecided", "include")),
        f"/api/records?words={NOTE}",
        f"/api/records?words={LABEL}",
        f"/api/records?label={LABEL}",
        "/api/records?words=ben",
        *(
            f"/api/records/{record}{more}"
            for record in one
            for more in ("", "?stage=title_abstract", "?stage=full_text")
        ),
        "/api/reports?waiting=true",
        "/api/duplicates?limit=50",
        "/full-texts/" + "0" * 64,
        "/api/studies/none",
        "/nowhere",
    ]
    plain = [route.path for route in ROUTES if route.method == "GET" and "{" not in route.path]
    pages = [page.path for page in PAGES if "{" not in page.path]
    more = ["/screen?stage=full_text", *(f"/records/{record}" for record in one), "/studies/none"]
    return [*asked, *plain, *pages, *more]


def attempts(team: Team) -> list[tuple[str, dict[str, object]]]:
    """Deeds that are refused, for what their refusals might tell."""
    found: list[tuple[str, dict[str, object]]] = []
    for place, record in enumerate(team.records):
        key = str(uuid.UUID(int=place + 1, version=4))
        full = {"id": key, "record": record, "stage": "full_text", "verdict": "include"}
        found += [
            ("/api/decisions", full),
            ("/api/undo", {"id": key, "record": record}),
            ("/api/undo", {"id": key, "record": record, "stage": "full_text"}),
            ("/api/labels", {"id": key, "record": record, "label": LABEL, "withdrawn": True}),
            ("/api/adjudications", {**full, "stage": "title_abstract"}),
            ("/api/report-events", {"id": key, "record": record, "kind": "sought"}),
            ("/api/report-events", {"id": key, "record": record, "kind": "withdrawn"}),
        ]
    found.append(("/api/query", {"sql": "select * from v1.decision"}))
    found.append(("/api/calibration", {"id": str(uuid.UUID(int=99, version=4)), "deed": "close"}))
    return found


def received(team: Team, who: str, *, refused: bool = True) -> dict[str, bytes]:
    """Everything that a person can receive: status, headers and bytes."""
    browser, found = team.of(who), {}
    for path in questions(team):
        answer = browser.ask(path)
        found[path] = f"{answer.status_code} {sorted(answer.headers.items())}\n".encode() + answer.content
    for path, body in attempts(team) if refused else ():
        answer = browser.post(path, body)
        assert 400 <= answer.status_code < 500, (path, body, answer.text)
        found[f"{path} {json.dumps(body)}"] = f"{answer.status_code}\n".encode() + answer.content
    return found


def compared(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    return [path for path in before if before[path] != after[path]]


def marked(found: dict[str, bytes]) -> list[str]:
    """Where a marker of ben's shows; a refusal may repeat the words that eve herself sent."""
    return [path for path, text in found.items() if b"MARKER" in text and "MARKER" not in path]


def ben_screens_all(team: Team, *, stage: str = "title_abstract") -> None:
    """Ben says something of every record, with a note, a label and both reasons."""
    ben = team.of("ben")
    for place, record in enumerate(team.records):
        verdict = ("include", "exclude", "unsure", "exclude")[place % 4]
        reason = {"reason": ("population", "design")[place % 2]} if verdict == "exclude" else {}
        body = {"id": str(uuid.uuid4()), "record": record, "stage": stage, "verdict": verdict, "note": NOTE, **reason}
        assert ben.post("/api/decisions", body).status_code == 200
        label = {"id": str(uuid.uuid4()), "record": record, "label": LABEL}
        assert ben.post("/api/labels", label).status_code == 200


def test_before_she_decides_eve_receives_the_bytes_of_a_review_without_ben(team: Team) -> None:
    before = received(team, "eve")
    ben_screens_all(team)
    after = received(team, "eve")
    assert compared(before, after) == []
    assert marked(after) == []


def test_in_a_calibration_round_too(team: Team) -> None:
    opened = team.of("ana").post("/api/calibration", {"id": str(uuid.uuid4()), "deed": "open", "records": 4})
    assert opened.status_code == 200
    before = received(team, "eve")
    ben_screens_all(team)
    after = received(team, "eve")
    assert compared(before, after) == []
    assert marked(after) == []


def test_a_decision_of_her_own_opens_that_record_and_no_other(team: Team) -> None:
    ben_screens_all(team)
    one = team.records[0]
    assert team.of("eve").decide(one, "include", note="mine").status_code == 200
    found = received(team, "eve", refused=False)
    opened = marked(found)
    assert f"/api/records/{one}" in opened
    lists = [path for path in opened if one not in path]
    assert {path.partition("?")[0] for path in lists} == {"/api/records"}
    for path in lists:
        rows = json.loads(found[path].partition(b"\n")[2])["rows"]
        assert [row["record_id"] for row in rows if "MARKER" in json.dumps(row)] == [one]
    queue = json.loads(found["/api/queue?stage=title_abstract&limit=50"].partition(b"\n")[2])
    assert queue["waiting"] == len(team.records) - 1
    assert one not in [card["record"] for card in queue["cards"]]


def test_her_other_records_stay_as_they_would_be_without_ben(team: Team, tmp_path: Path, blank_database: Path) -> None:
    """Ben decides on all but the first record, after both decided on that: only he knows."""
    one = team.records[0]
    for who in ("ben", "eve"):
        assert team.of(who).decide(one, "include").status_code == 200
    before = received(team, "eve", refused=False)
    ben = team.of("ben")
    for record in team.records[1:]:
        assert ben.decide(record, "exclude", reason="population", note=NOTE).status_code == 200
    after = received(team, "eve", refused=False)
    assert compared(before, after) == []
    assert marked(after) == []


def test_full_text_decisions_are_hidden_too(team: Team) -> None:
    chosen = team.records[:3]
    for record in chosen:
        for who in ("ben", "eve"):
            assert team.of(who).decide(record, "include").status_code == 200
        path = f"/api/reports/{record}/file?id={uuid.uuid4()}&name=report.pdf"
        kept = team.of("ana").post(path, method="PUT", content=PDF, headers={"content-type": "application/pdf"})
        assert kept.status_code == 200
    before = received(team, "eve", refused=False)
    for record, verdict in zip(chosen, ("include", "exclude", "unsure"), strict=True):
        body = {"id": str(uuid.uuid4()), "record": record, "stage": "full_text", "verdict": verdict, "note": NOTE}
        if verdict == "exclude":
            body["reason"] = "population"
        assert team.of("ben").post("/api/decisions", body).status_code == 200
        label = {"id": str(uuid.uuid4()), "record": record, "label": "shown to both"}
        assert team.of("eve").post("/api/labels", label).status_code == 200
    for record in chosen:
        label = {"id": str(uuid.uuid4()), "record": record, "label": "shown to both", "withdrawn": True}
        assert team.of("eve").post("/api/labels", label).status_code == 200
    after = received(team, "eve", refused=False)
    differing = [path for path in compared(before, after) if path != "/api/events"]
    assert differing == []
    assert marked(after) == []


def test_what_she_exports_holds_her_own_rows_only(team: Team) -> None:
    ben_screens_all(team)
    eve = team.of("eve")
    eve.decide(team.records[0], "include")
    lines = [json.loads(line) for line in eve.ask("/api/events").text.splitlines()]
    assert {line["reviewer"] for line in lines} == {"eve"}


def test_the_flow_says_that_it_hides_what_screening_came_to(team: Team) -> None:
    ben_screens_all(team)
    page = team.of("eve").ask("/flow").text
    assert "hidden from those who screen blind" in page
    items = {row["item"] for row in team.of("eve").ask("/api/flow").json()["rows"]}
    assert "database" in items
    assert not items & {"screened", "excluded_human", "sought", "assessed", "new_studies", "awaiting_screening"}
    for record in team.records:
        team.of("eve").decide(record, "exclude", reason="design")
    everything = {row["item"] for row in team.of("cyd").ask("/api/flow").json()["rows"]}
    assert "screened" in everything


@pytest.mark.parametrize("who", ["cyd", "ana"])
def test_who_resolves_sees_nothing_before_both_have_decided(team: Team, who: str) -> None:
    ben_screens_all(team)
    cards = [team.of(who).ask(f"/api/records/{record}").text for record in team.records]
    assert not any("MARKER" in card for card in cards)
    assert team.of(who).ask("/api/conflicts").json()["rows"] == []


def joins(team: Team, who: str, one: str, other: str) -> tuple[int, bytes]:
    """What somebody is answered who says that two records are one."""
    body = {"id": str(uuid.UUID(int=7, version=4)), "record_a": one, "record_b": other, "answer": "merge"}
    answer = team.of(who).post("/api/duplicates", body)
    return answer.status_code, answer.content


def test_nobody_who_screens_joins_records_at_will_to_see_what_moves(team: Team) -> None:
    one, other = team.records[:2]
    before = joins(team, "eve", one, other)
    ben_screens_all(team)
    assert joins(team, "eve", one, other) == before
    assert before[0] == 409 and b"does not wait for you" in before[1]
    assert joins(team, "cyd", one, other)[0] == 409
    # ana owns the review and does not screen in it
    assert joins(team, "ana", one, other)[0] == 200


@pytest.mark.parametrize(
    "key",
    [
        str(uuid.uuid5(uuid.NAMESPACE_OID, "an imported decision")),
        str(uuid.UUID(int=1)),
        str(uuid.UUID(int=1, version=4)).upper().replace("0", "A"),
        "6f1c0f3e-0d5b-4a43-7d58-9a3f0a6b0001",
    ],
)
def test_only_random_ids_are_taken(team: Team, key: str) -> None:
    body = {"id": key, "record": team.records[0], "stage": "title_abstract", "verdict": "include"}
    answer = team.of("eve").post("/api/decisions", body)
    assert answer.status_code == 422 and "id" in answer.json()["error"]
    assert team.of("eve").post("/api/decisions", {**body, "id": "018f3e6c-7b2a-7c3d-9e4f-0123456789ab"}).json()["new"]


def test_an_owner_who_screens_is_told_of_no_others_assignments(team: Team) -> None:
    body = {"mode": "double", "share": 50}
    everything = {"mode": "all"}
    told = team.of("ana").post("/api/assignments", {"id": str(uuid.uuid4()), **everything}).json()
    assert (told["records"], told["new"], told["released"]) == (8, 0, 0)
    assert team.of("ana").decide(team.records[0], "include").status_code == 200
    answers = []
    for _ in range(2):
        told = team.of("ana").post("/api/assignments", {"id": str(uuid.uuid4()), **body}).json()
        answers.append((told["records"], told["new"], told["released"], told["each"]))
        for record in team.records:
            team.of("ben").decide(record, "include")
    assert answers[0] == answers[1]
    assert answers[0][:3] == (None, None, None) and set(answers[0][3]) <= {"ana"}
