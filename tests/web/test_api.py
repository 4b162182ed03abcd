"""The API as a page uses it: each deed once, each refusal with its status, a description that leaves nothing out."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from review.database import OwnerStore
from review.web.api import ROUTES, openapi_document, openapi_markdown
from review.web.app import make_app
from tests.web.conftest import Team
from tests.web.site import Browser

PDF = b"%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"


def new_id() -> str:
    return str(uuid.uuid4())


def decisions(team: Team) -> int:
    return int(team.store.read("select count(*) as n from screening.decision")["n"][0])


def include(team: Team, record: str) -> None:
    for who in ("ben", "eve"):
        assert team.of(who).decide(record, "include").status_code == 200


def test_me_says_who_is_signed_in_and_what_they_may(team: Team) -> None:
    me = team.of("ben").ask("/api/me").json()
    assert (me["id"], me["name"], me["role"], me["screens"], me["blind"]) == ("ben", "Ben Test", "reviewer", True, True)
    assert me["may"]["screen"] and not me["may"]["resolve"] and not me["may"]["query"]
    assert team.of("dan").ask("/api/me").json()["may"]["query"]
    assert len(me["csrf"]) == 64


def test_the_protocol_has_a_number_key_for_each_reason(team: Team) -> None:
    found = team.of("ben").ask("/api/protocol").json()
    assert [(one["code"], one["key"]) for one in found["reasons"]] == [("population", "1"), ("design", "2")]
    assert found["inclusion"] == ["People with knee pain.", "A trial of the test injection."]
    assert found["highlight"]["include"] == ["injection"]


def test_the_queue_gives_cards_and_leaves_out_what_the_page_holds(team: Team) -> None:
    ben = team.of("ben")
    first = ben.ask("/api/queue?limit=3").json()
    assert first["waiting"] == 8
    held = [card["record"] for card in first["cards"]]
    assert len(held) == 3
    more = ben.ask(f"/api/queue?limit=50&without={','.join(held)}").json()
    assert sorted(held + [card["record"] for card in more["cards"]]) == sorted(team.records)
    card = first["cards"][0]
    assert ["injection", "include"] in card["title"]
    assert card["own"] is None and card["decisions"] == []


def test_a_decision_is_recorded_and_taken_back(team: Team) -> None:
    ben, record = team.of("ben"), team.records[0]
    said = ben.decide(record, "exclude", reason="design", note="no arms").json()
    assert said["new"] and said["blind"] and said["verdict"] == "exclude"
    card = ben.ask(f"/api/records/{record}?stage=title_abstract").json()
    assert card["own"]["reason"] == "design" and card["own"]["note"] == "no arms"
    assert card["own"]["decision"] == said["decision"]
    assert ben.ask("/api/queue").json()["waiting"] == 7
    gone = ben.post("/api/undo", {"id": new_id(), "record": record}).json()
    assert gone["verdict"] == "withdrawn"
    assert ben.ask("/api/queue").json()["waiting"] == 8


def test_the_same_id_twice_is_one_event(team: Team) -> None:
    ben, key = team.of("ben"), new_id()
    body = {"id": key, "record": team.records[0], "stage": "title_abstract", "verdict": "include"}
    first, again = ben.post("/api/decisions", body), ben.post("/api/decisions", body)
    assert (first.status_code, again.status_code) == (200, 200)
    assert (first.json()["new"], again.json()["new"]) == (True, False)
    assert decisions(team) == 1
    other = ben.post("/api/decisions", {**body, "verdict": "exclude", "reason": "design"})
    assert other.status_code == 409
    assert decisions(team) == 1


def test_two_requests_with_one_id_at_the_same_time_are_one_event(team: Team) -> None:
    key, record = new_id(), team.records[0]
    body = {"id": key, "record": record, "stage": "title_abstract", "verdict": "include"}
    ben = team.of("ben")

    async def at_once() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=team.app)
        async with httpx.AsyncClient(transport=transport, base_url=ben.base, cookies=ben.cookies) as client:
            headers = {"x-review-token": ben.csrf}
            sent = [client.post("/api/decisions", json=body, headers=headers) for _ in range(8)]
            return await asyncio.gather(*sent)

    answers = asyncio.run(at_once())
    assert [answer.status_code for answer in answers] == [200] * 8
    assert {answer.json()["decision"] for answer in answers} == {key}
    assert decisions(team) == 1


def test_a_conflict_is_resolved_by_the_third_person(team: Team) -> None:
    record = team.records[0]
    team.of("ben").decide(record, "include", note="fits")
    team.of("eve").decide(record, "exclude", reason="design")
    cyd = team.of("cyd")
    [conflict] = cyd.ask("/api/conflicts").json()["rows"]
    assert conflict["card"]["record"] == record
    sides = [(side["reviewer"], side["verdict"], side["reason"], side["note"]) for side in conflict["sides"]]
    assert sorted(sides) == [("ben", "include", None, "fits"), ("eve", "exclude", "design", None)]
    body = {"id": new_id(), "record": record, "stage": "title_abstract", "verdict": "include"}
    assert team.of("ben").post("/api/adjudications", body).status_code == 403
    assert cyd.post("/api/adjudications", body).status_code == 200
    assert cyd.post("/api/adjudications", body).json()["adjudication"] == body["id"]
    assert cyd.ask("/api/conflicts").json()["rows"] == []
    assert team.of("ben").decide(record, "exclude").status_code == 409


def test_a_label_is_put_and_taken_off(team: Team) -> None:
    ben, record = team.of("ben"), team.records[0]
    body = {"id": new_id(), "record": record, "label": "check dose"}
    assert ben.post("/api/labels", body).json()["new"]
    assert not ben.post("/api/labels", body).json()["new"]
    assert ben.ask("/api/labels").json() == {"labels": ["check dose"]}
    off = {"id": new_id(), "record": record, "label": "check dose", "withdrawn": True}
    assert ben.post("/api/labels", off).status_code == 200
    assert ben.ask("/api/labels").json() == {"labels": []}


def test_a_pdf_is_kept_and_read_in_the_browser(team: Team) -> None:
    record, ben = team.records[0], team.of("ben")
    include(team, record)
    headers = {"content-type": "application/pdf"}
    path = f"/api/reports/{record}/file?id={new_id()}&name=%C3%9Cbersicht%20%22x%22.pdf"
    kept = ben.post(path, method="PUT", content=PDF, headers=headers)
    assert kept.status_code == 200
    assert kept.json()["file_sha256"] == hashlib.sha256(PDF).hexdigest()
    read = ben.ask(kept.json()["url"])
    assert (read.status_code, read.content) == (200, PDF)
    assert read.headers["content-type"] == "application/pdf"
    assert read.headers["x-content-type-options"] == "nosniff"
    assert read.headers["content-security-policy"].startswith("sandbox")
    assert "frame-ancestors 'self'" in read.headers["content-security-policy"]
    shown = read.headers["content-disposition"]
    assert shown.startswith('inline; filename="_bersicht _x_.pdf"; ')
    assert shown.endswith("filename*=UTF-8''%C3%9Cbersicht%20%22x%22.pdf")
    [row] = ben.ask("/api/reports").json()["rows"]
    assert (row["record_id"], row["retrieval"]) == (record, "retrieved")


def test_a_report_event_takes_its_own_fields_and_no_others(team: Team) -> None:
    record, ben = team.records[0], team.of("ben")
    include(team, record)
    body = {"id": new_id(), "record": record, "kind": "ordered"}
    assert ben.post("/api/report-events", body).status_code == 400
    assert ben.post("/api/report-events", {**body, "source": "library", "language": "x"}).status_code == 400
    done = ben.post("/api/report-events", {**body, "source": "library"})
    assert (done.status_code, done.json()["new"]) == (200, True)
    assert not ben.post("/api/report-events", {**body, "source": "library"}).json()["new"]
    asked = {"id": new_id(), "record": record, "kind": "authors_asked", "asked_on": "2026-01-31"}
    assert ben.post("/api/report-events", asked).status_code == 200
    assert ben.post("/api/report-events", {**asked, "id": new_id(), "asked_on": "2026-02-31"}).status_code == 422


def test_a_calibration_round_is_opened_by_the_owner(team: Team) -> None:
    body = {"id": new_id(), "deed": "open", "records": 2}
    assert team.of("ben").post("/api/calibration", body).status_code == 403
    opened = team.of("ana").post("/api/calibration", body)
    assert (opened.status_code, opened.json()["records"], opened.json()["open"]) == (200, 2, True)
    [seen] = team.of("ben").ask("/api/calibration").json()["rounds"]
    assert (seen["own"], seen["pairs"]) == (0, None)


def test_records_are_shared_out_by_the_owner_and_everybody_sees_their_own_row(team: Team) -> None:
    body = {"id": new_id(), "mode": "double", "share": 50}
    assert team.of("ben").post("/api/assignments", body).status_code == 403
    done = team.of("ana").post("/api/assignments", body).json()
    assert (done["records"], done["each"]) == (8, {"ben": 6, "eve": 6})
    assert team.of("ana").post("/api/assignments", body).json()["new"] == 0
    rows = team.of("ben").ask("/api/assignments").json()["rows"]
    assert [(row["reviewer"], row["assigned"]) for row in rows] == [("ben", 6)]
    everybody = team.of("cyd").ask("/api/assignments").json()
    assert {row["reviewer"] for row in everybody["rows"]} == {"ben", "eve"}
    assert [one["id"] for one in everybody["people"]] == ["ana", "ben", "cyd", "eve", "dan"]


def test_an_unfinished_round_is_closed_only_when_that_is_said(team: Team) -> None:
    opened = {"id": new_id(), "deed": "open", "records": 2}
    assert team.of("ana").post("/api/calibration", opened).status_code == 200
    closing = {"id": new_id(), "deed": "close", "note": "wording of age"}
    assert team.of("ana").post("/api/calibration", closing).status_code == 409
    for _ in range(2):
        closed = team.of("ana").post("/api/calibration", {**closing, "unfinished": True})
        assert (closed.status_code, closed.json()["open"]) == (200, False)


def test_an_analyst_asks_in_sql_and_nobody_who_screens_does(team: Team) -> None:
    body = {"sql": "select record_id from v1.record order by 1"}
    found = team.of("dan").post("/api/query", {**body, "limit": 3}).json()
    assert found["columns"] == ["record_id"]
    assert (len(found["rows"]), found["truncated"]) == (3, True)
    assert not team.of("dan").post("/api/query", body).json()["truncated"]
    for who in ("ana", "ben", "cyd"):
        assert team.of(who).post("/api/query", body).status_code == 403
    for sql in ("drop table team.session", "select * from read_csv('/etc/passwd')", "select 1; select 2", "nonsense"):
        assert team.of("dan").post("/api/query", {"sql": sql}).status_code == 400


@pytest.mark.parametrize(
    "value",
    [
        "170141183460469231731687303715884105727::hugeint",
        "340282366920938463463374607431768211455::uhugeint",
        "18446744073709551615::ubigint",
        "sum(range)",
        "'nan'::double",
        "'inf'::double",
        "1.5::decimal(38, 10)",
        "interval 3 days",
        "time '10:00'",
        "timestamptz '2026-01-01'",
        "timestamp '290000-01-01'",
        "date '-4000-01-01'",
        "'infinity'::date",
        "[1, null]",
        "{'a': [{'b': 1}]}",
        "map {'a': 1}",
        "'\\xff'::blob",
        "'10101'::bit",
        "uuid()",
        "null",
        "chr(0)",
        "'😀'",
        "union_value(k := 1)",
    ],
)
def test_any_value_of_the_database_can_be_an_answer(team: Team, value: str) -> None:
    answer = team.of("dan").post("/api/query", {"sql": f"select {value} as v from range(1)"})
    assert answer.status_code in (200, 400), answer.text
    assert json.loads(answer.text)


def test_an_answer_that_is_too_large_is_refused(team: Team) -> None:
    answer = team.of("dan").post("/api/query", {"sql": "select repeat('x', 30000000) as v"})
    assert (answer.status_code, answer.json()["error"]) == (400, "the answer is larger than 20 MB")


def test_an_analyst_who_once_screened_does_not_ask_in_sql(team: Team) -> None:
    team.of("ben").decide(team.records[0], "include")
    path = team.project.root / "review.toml"
    text = path.read_text("utf-8")
    ben = 'name = "Ben Test"\nrole = "reviewer"'
    path.write_text(text.replace(ben, ben.replace("reviewer", "analyst")), "utf-8")
    assert team.of("ben").ask("/api/me").json()["role"] == "analyst"
    answer = team.of("ben").post("/api/query", {"sql": "select * from v1.decision"})
    assert answer.status_code == 403
    assert "screens in this review" in answer.json()["error"]


def test_own_events_come_as_json_lines(team: Team) -> None:
    ben = team.of("ben")
    ben.decide(team.records[0], "include")
    team.of("eve").decide(team.records[0], "exclude")
    lines = [json.loads(line) for line in ben.ask("/api/events").text.splitlines()]
    assert [(line["table"], line["reviewer"]) for line in lines] == [("screening.decision", "ben")]


@pytest.mark.parametrize(
    "path",
    [
        "/api/queue",
        "/api/conflicts",
        "/api/labels",
        "/api/reports",
        "/api/duplicates",
        "/api/status",
        "/api/evidence",
        "/api/flow",
        "/api/progress",
        "/api/owed",
        "/api/agreement",
        "/api/pace",
        "/api/calibration",
        "/api/assignments",
        "/api/records",
        "/api/events",
        "/api/studies",
        "/api/openapi.json",
    ],
)
def test_every_table_can_be_read(team: Team, path: str) -> None:
    team.of("ben").decide(team.records[0], "include")
    assert team.of("ben").ask(path).status_code == 200


def test_an_unknown_id_is_not_found(team: Team) -> None:
    ben = team.of("ben")
    assert ben.ask("/api/records/nobody").status_code == 404
    assert ben.ask("/api/studies/none").status_code == 404
    assert "no study" in ben.ask("/api/studies/no-such-study").json()["error"]
    assert ben.decide("nobody", "include").status_code == 404


def test_who_may_what_is_refused_with_a_reason(team: Team) -> None:
    answer = team.of("cyd").decide(team.records[0], "include")
    assert answer.status_code == 403
    assert answer.json()["hint"] == "this is for: owner, reviewer"
    assert team.of("dan").post("/api/labels", {}).status_code == 403


DECISION = {"id": "6f1c0f3e-0d5b-4a43-9d58-9a3f0a6b0001", "stage": "title_abstract", "verdict": "include"}


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"verdict": "perhaps"}, 422),
        ({"stage": "final"}, 422),
        ({"id": "x"}, 422),
        ({"id": None}, 422),
        ({"record": ""}, 422),
        ({"record": 7}, 422),
        ({"record": "a\x00b"}, 422),
        ({"note": "x" * 10_001}, 422),
        ({"note": "\x00"}, 422),
        ({"reviewer": "eve"}, 422),
        ({"reason": "design"}, 409),
        ({"verdict": "exclude", "reason": "moon"}, 409),
        ({"stage": "full_text"}, 409),
    ],
)
def test_a_decision_that_is_none_is_refused(team: Team, more: dict[str, Any], status: int) -> None:
    answer = team.of("ben").post("/api/decisions", {**DECISION, "record": team.records[0], **more})
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "hint"}
    assert decisions(team) == 0


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 422),
        (b"null", 422),
        (b"[" * 100_000, 422),
        (b'{"id":' + b"[" * 100_000, 422),
        (b'{"note":' + b'{"a":' * 50_000, 422),
        (b"\xff\xfe", 400),
        (b'{"note": "\\ud800"}', 400),
        (b'{"note": "' + b"x" * 1_000_001 + b'"}', 413),
    ],
)
def test_a_body_that_is_none_is_refused(team: Team, content: bytes, status: int) -> None:
    headers = {"content-type": "application/json"}
    answer = team.of("ben").post("/api/decisions", content=content, headers=headers)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "hint"}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"])
def test_another_content_type_is_refused(team: Team, kind: str) -> None:
    body = json.dumps({**DECISION, "record": team.records[0]}).encode()
    answer = team.of("ben").post("/api/decisions", content=body, headers={"content-type": kind})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=51", "limit=x", "stage=final", "reviewer=eve", "limit=1&limit=2", "limit=%00"]
)
def test_a_question_that_is_none_is_refused(team: Team, query: str) -> None:
    assert team.of("ben").ask(f"/api/queue?{query}").status_code == 422


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x03\x04", b" %PDF-1.4"])
def test_what_is_no_pdf_is_not_kept(team: Team, content: bytes) -> None:
    include(team, team.records[0])
    path = f"/api/reports/{team.records[0]}/file?id={new_id()}&name=x.pdf"
    answer = team.of("ben").post(path, method="PUT", content=content, headers={"content-type": "application/pdf"})
    assert answer.status_code == 400
    assert not list(team.project.root.glob("full_texts/*"))


def test_unknown_methods_are_refused_in_words(team: Team) -> None:
    ben = team.of("ben")
    for method in ("DELETE", "PATCH", "TRACE", "PROPFIND"):
        answer = ben.post("/api/decisions", method=method)
        assert (answer.status_code, set(answer.json())) == (405, {"error", "hint"})
    assert ben.ask("/api/me", method="OPTIONS").status_code == 405
    head = ben.ask("/api/me", method="HEAD")
    assert (head.status_code, head.content) == (200, b"")


def test_every_route_is_described_and_nothing_else(team: Team) -> None:
    served = team.of("ben").ask("/api/openapi.json").json()
    assert served["openapi"] == "3.1.0"
    described = {(path, method.upper()) for path, one in served["paths"].items() for method in one}
    assert described == {(route.path, route.method) for route in ROUTES}
    for one in served["paths"].values():
        for operation in one.values():
            assert operation["summary"] and operation["description"] and operation["operationId"]
            assert {"200", "401", "403", "422"} <= set(operation["responses"])
    words = json.dumps(served)
    names = set(re.findall(r"#/components/schemas/([^\"]+)", words))
    assert names <= set(served["components"]["schemas"])
    assert str(team.project.root) not in words


def test_the_description_is_a_page_too() -> None:
    page = openapi_markdown()
    for route in ROUTES:
        assert f"## {route.method} {route.path}\n" in page
    assert openapi_document()["components"]["securitySchemes"].keys() == {"session", "token"}


@pytest.mark.parametrize("proxied", ["/knee/review", ""])
def test_the_site_works_at_a_prefix_whether_or_not_the_proxy_takes_it_off(team: Team, proxied: str) -> None:
    app = make_app(team.project.root, team.store, root_path="/knee/review")
    browser = Browser(app, base=f"http://127.0.0.1:8350{proxied}")
    from review.team import tokens

    answer = browser.sign_in(tokens.invite(team.store, team.project, "ben"))
    assert answer.headers["location"] == "/knee/review/screen"
    assert "Path=/knee/review" in answer.headers["set-cookie"]
    page = browser.ask("/flow")
    assert page.status_code == 200
    addresses = re.findall(r"(?:href|src|action)=\"(/[^\"]*)", page.text)
    assert addresses
    assert all(one.startswith("/knee/review/") for one in addresses)
    for one in addresses:
        if "/static/" in one:
            assert Browser(app).ask(one).status_code == 200
    assert browser.ask("/api/me").status_code == 200


def test_the_database_may_be_gone_and_the_api_says_so(team: Team) -> None:
    ben = team.of("ben")
    team.store.close()
    answer = ben.ask("/api/queue")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert str(team.project.root) not in answer.text


def test_a_session_outlives_the_server(team: Team, tmp_path: Path) -> None:
    ben = team.of("ben")
    team.store.close()
    store = OwnerStore(team.project.database_path)
    again = Browser(make_app(team.project.root, store), cookies=ben.cookies)
    assert again.ask("/api/me").json()["id"] == "ben"
    store.close()
