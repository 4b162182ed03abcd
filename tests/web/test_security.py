"""The site against whoever means it ill: strangers, forgers, other sites, members who try more than they may."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from review.database import Append
from review.team import tokens
from review.web.api import ROUTES
from review.web.app import make_app
from review.web.attempts import OF_ALL, OF_ONE, WINDOW, Attempts, network_of
from review.web.headers import inline_file
from review.web.key import read_key
from review.web.pages import PAGES
from tests.conftest import synthetic_record, write_review
from tests.web.conftest import Team, make_team
from tests.web.site import Browser

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>&{{7*7}}${7*7}"
STRANGER = {"error": "Open the invitation link that you were given.", "hint": ""}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_no_route_answers_a_stranger(outside: Browser, route: object) -> None:
    path = route.path.replace("{record}", "1").replace("{study}", "x").replace("{sha256}", "0" * 64)  # type: ignore[attr-defined]
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"):
        answer = outside.ask(path, method=method, json={} if method in ("POST", "PUT") else None)
        assert answer.status_code == 401
        if path.startswith("/api/") and method != "HEAD":
            assert answer.json() == STRANGER


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_no_page_answers_a_stranger(outside: Browser, page: object) -> None:
    answer = outside.ask(page.path.replace("{record}", "1").replace("{study}", "x"))  # type: ignore[attr-defined]
    assert answer.status_code == 401
    assert "A tiny review" not in answer.text


def cookie_of(browser: Browser) -> tuple[str, str]:
    [(name, value)] = browser.cookies.items()
    return name, value


def test_no_bit_of_a_cookie_can_be_flipped(team: Team) -> None:
    name, value = cookie_of(team.of("ben"))
    for place in range(len(value)):
        forged = value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]
        if forged[place] in ';, "\\' or not forged[place].isprintable():
            continue
        # the last letter of base64 has bits that nothing is read from
        if place == len(value) - 1:
            continue
        assert Browser(team.app, cookies={name: forged}).ask("/api/me").status_code == 401


def test_a_cookie_is_not_put_together_from_two(team: Team) -> None:
    name, ben = cookie_of(team.of("ben"))
    eve = cookie_of(team.of("eve"))[1]
    mixed = f"{ben.rpartition('.')[0]}.{eve.rpartition('.')[2]}"
    assert Browser(team.app, cookies={name: mixed}).ask("/api/me").status_code == 401
    assert Browser(team.app, cookies={name: ben.rpartition(".")[0]}).ask("/api/me").status_code == 401


def test_a_cookie_signed_with_another_key_opens_nothing(team: Team) -> None:
    name, value = cookie_of(team.of("ben"))
    other = read_key(team.project.root / "other.key")
    secret = value.rpartition(".")[0]
    assert Browser(team.app, cookies={name: other.signed(secret)}).ask("/api/me").status_code == 401


def test_a_secret_that_we_signed_but_never_gave_opens_nothing(team: Team) -> None:
    name, _ = cookie_of(team.of("ben"))
    key = read_key(team.project.root / "review.duckdb.key")
    assert Browser(team.app, cookies={name: key.signed("guess")}).ask("/api/me").status_code == 401


def test_the_key_is_for_its_owner_only_and_made_anew_where_others_may_have_read_it(team: Team) -> None:
    team.of("ben")
    path = team.project.root / "review.duckdb.key"
    before = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    rows = team.store.read("select * from team.session").to_dicts()
    assert before.hex() not in json.dumps(rows, default=str)
    path.chmod(0o644)
    make_app(team.project.root, team.store)
    assert path.read_bytes() != before
    assert path.stat().st_mode & 0o777 == 0o600


def test_neither_tokens_nor_secrets_are_in_the_database(team: Team) -> None:
    token = tokens.invite(team.store, team.project, "ben")
    browser = Browser(team.app)
    browser.sign_in(token)
    secret = cookie_of(browser)[1].rpartition(".")[0]
    kept = json.dumps(
        [team.store.read(f"select * from team.{table}").to_dicts() for table in ("session", "reviewer_token")],
        default=str,
    )
    assert token not in kept
    assert secret not in kept


def test_a_session_ends_with_its_time(team: Team) -> None:
    ben = team.of("ben")
    past = datetime.now(UTC) - timedelta(seconds=1)
    row = team.store.read("select * from team.session").to_dicts()[0]
    team.store.apply([Append("team.session", [{**row, "session_id": "over", "session_sha256": "0" * 64}])])
    key = read_key(team.project.root / "review.duckdb.key")
    team.store.apply(
        [
            Append(
                "team.session",
                [
                    {
                        "session_id": "late",
                        "kind": "opened",
                        "reviewer": "ben",
                        "session_sha256": tokens.sha256_of("late"),
                        "expires_at": past,
                        "supersedes": None,
                        "decided_at": past,
                    }
                ],
            )
        ]
    )
    name, _ = cookie_of(ben)
    assert Browser(team.app, cookies={name: key.signed("late")}).ask("/api/me").status_code == 401
    assert ben.ask("/api/me").status_code == 200


def test_whoever_is_revoked_or_leaves_is_out_with_the_next_request(team: Team) -> None:
    ben, eve = team.of("ben"), team.of("eve")
    tokens.revoke(team.store, team.project, "ben")
    assert ben.ask("/api/queue").status_code == 401
    path = team.project.root / "review.toml"
    path.write_text(path.read_text("utf-8").replace('name = "Eve Test"', 'name = "Eve Test"\nleft = "2020-01-01"'))
    assert eve.ask("/api/queue").status_code == 401
    assert team.of("cyd").ask("/api/me").status_code == 200


DEED = {"stage": "title_abstract", "verdict": "include"}


def deed(team: Team) -> dict[str, str]:
    return {**DEED, "id": str(uuid.uuid4()), "record": team.records[0]}


def test_a_deed_needs_the_token_of_its_own_session(team: Team) -> None:
    ben, eve = team.of("ben"), team.of("eve")
    for headers in ({}, {"x-review-token": ""}, {"x-review-token": "x" * 64}, {"x-review-token": eve.csrf}):
        assert ben.ask("/api/decisions", method="POST", json=deed(team), headers=headers).status_code == 403
    second = Browser(team.app)
    second.sign_in(tokens.invite(team.store, team.project, "ben"))
    headers = {"x-review-token": second.csrf}
    assert ben.ask("/api/decisions", method="POST", json=deed(team), headers=headers).status_code == 403
    assert team.store.read("select * from screening.decision").height == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://127.0.0.1"},
        {"origin": "http://127.0.0.1:8350.evil.example"},
        {"origin": "http://localhost:8350"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:8350"},
    ],
)
def test_a_deed_from_another_site_is_refused_even_with_the_token(team: Team, headers: dict[str, str]) -> None:
    assert team.of("ben").post("/api/decisions", deed(team), headers=headers).status_code == 403
    stranger = Browser(team.app)
    token = tokens.invite(team.store, team.project, "ben")
    assert stranger.ask("/sign-in", method="POST", form={"token": token}, headers=headers).status_code == 403
    assert not stranger.cookies


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "http://127.0.0.1:8350"}, {"sec-fetch-site": "same-origin"}, {"origin": "null"}]
)
def test_a_deed_from_a_page_of_the_site_is_done(team: Team, headers: dict[str, str]) -> None:
    assert team.of("ben").post("/api/decisions", deed(team), headers=headers).status_code == 200


def test_a_form_of_another_page_cannot_decide(team: Team) -> None:
    """What a page elsewhere can send without asking: a form, its fields, our cookie."""
    ben = team.of("ben")
    plain = json.dumps(deed(team)).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = ben.ask("/api/decisions", method="POST", content=plain, headers={"content-type": kind})
        assert answer.status_code == 403


def test_hostile_records_notes_labels_and_names_come_as_data(tmp_path_factory: pytest.TempPathFactory, blank_database):  # type: ignore[no-untyped-def]
    record = {**synthetic_record(1), "title": HOSTILE, "abstract": HOSTILE, "journal": HOSTILE, "authors": HOSTILE}
    record |= {"url": "javascript:alert(1)", "doi": '10.1000/"><script>', "registry_ids": [HOSTILE], "mesh": [HOSTILE]}
    team = make_team(tmp_path_factory.mktemp("hostile"), blank_database, records=[record])
    toml = team.project.root / "review.toml"
    toml.write_text(toml.read_text("utf-8").replace('"Ben Test"', json.dumps(HOSTILE)), "utf-8")
    ben, eve = team.of("ben"), team.of("eve")
    [one] = team.records
    assert ben.decide(one, "include", note=HOSTILE).status_code == 200
    assert eve.decide(one, "include").status_code == 200
    label = {"id": str(uuid.uuid4()), "record": one, "label": HOSTILE[:60]}
    assert ben.post("/api/labels", label).status_code == 200
    pdf = f"/api/reports/{one}/file?id={uuid.uuid4()}&name=%22%3E%3Cscript%3E%0d%0aX-Evil:%20yes.pdf"
    kept = ben.post(pdf, method="PUT", content=b"%PDF-1.4", headers={"content-type": "application/pdf"})
    assert kept.status_code == 200
    read = ben.ask(kept.json()["url"])
    assert "x-evil" not in read.headers
    assert "<" not in read.headers["content-disposition"].partition("filename*")[0]
    for path in ("/api/queue", f"/api/records/{one}", "/api/labels", "/api/reports", "/api/me", "/api/events"):
        answer = ben.ask(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].split(";")[0] in ("application/json", "application/x-ndjson")
        assert answer.headers["x-content-type-options"] == "nosniff"
    card = ben.ask(f"/api/records/{one}").json()
    assert "".join(words for words, _ in card["title"]) == HOSTILE
    assert card["url"] == ""
    assert all(address["url"].startswith("https://") and "<" not in address["url"] for address in card["addresses"])
    for page in PAGES:
        text = ben.ask(page.path.replace("{record}", one).replace("{study}", "x")).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "49" not in text.partition("{{7*7}}")[1]
    team.store.close()


@pytest.mark.parametrize(
    "path",
    [
        "/full-texts/..%2f..%2freview.toml",
        "/full-texts/../review.toml",
        "/full-texts/review.duckdb",
        f"/full-texts/{'A' * 64}",
        f"/full-texts/{'0' * 64}",
        f"/full-texts/{'0' * 64}.pdf",
        f"/full-texts/{'0' * 63}%00",
        "/full-texts/%2e%2e%2freview.duckdb.key",
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/static//etc/passwd",
        "/static/",
        "/static",
        "/static/style.css/",
        "/static/style.css%00",
    ],
)
def test_no_path_leads_out_of_the_folders(team: Team, path: str) -> None:
    answer = team.of("ben").ask(path)
    assert answer.status_code == 404
    assert "[criteria]" not in answer.text and "import" not in answer.text


def test_a_link_in_the_folder_of_full_texts_is_not_followed(team: Team) -> None:
    folder = team.project.root / "full_texts"
    folder.mkdir()
    (folder / f"{'0' * 64}.pdf").symlink_to(team.project.root / "review.duckdb.key")
    assert team.of("ben").ask(f"/full-texts/{'0' * 64}").status_code == 404


def test_style_sheets_and_scripts_are_kept_by_the_hash_of_their_content(outside: Browser) -> None:
    page = outside.ask("/sign-in?token=x").text
    address = page.partition('href="')[2].partition('"')[0]
    answer = outside.ask(address)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    plain = outside.ask(address.partition("?")[0])
    assert plain.headers["cache-control"] == "no-cache"
    again = outside.ask(address.partition("?")[0], headers={"if-none-match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_guessing_is_slowed_for_an_address_and_nobody_else_is_locked_out(team: Team) -> None:
    good = tokens.invite(team.store, team.project, "ben")
    guesser = Browser(team.app, address="203.0.113.9")
    codes = [guesser.sign_in(f"guess{number}").status_code for number in range(OF_ONE + 1)]
    assert codes == [401] * OF_ONE + [429]
    refused = guesser.sign_in(good)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= WINDOW
    assert Browser(team.app, address="203.0.113.10").sign_in(good).status_code == 303


def test_when_all_guess_one_failure_is_enough_and_a_good_token_is_still_let_in(team: Team) -> None:
    good = tokens.invite(team.store, team.project, "ben")
    for number in range(OF_ALL):
        team.app._site.attempts.failed(f"198.51.{number // 250}.{number % 250}")  # type: ignore[attr-defined]
    guesser = Browser(team.app, address="203.0.113.9")
    assert [guesser.sign_in("guess").status_code for _ in range(2)] == [401, 429]
    assert Browser(team.app, address="203.0.113.10").sign_in(good).status_code == 303


def test_the_window_of_failures_slides_and_its_memory_is_bounded() -> None:
    now = 0.0
    attempts = Attempts(clock=lambda: now)
    for _ in range(OF_ONE):
        attempts.failed("203.0.113.9")
        now += 1
    assert attempts.wait("203.0.113.9") == WINDOW - OF_ONE
    now += WINDOW - OF_ONE
    assert attempts.wait("203.0.113.9") == 0
    for number in range(20_000):
        attempts.failed(f"2001:db8:{number:x}::1")
    assert len(attempts._failures) <= 4096
    assert len(attempts._all) <= OF_ALL


def test_one_customer_has_one_network() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:2")
    assert network_of("2001:db8:0:1::1") != network_of("2001:db8::1")
    assert network_of("::ffff:203.0.113.9") == "203.0.113.9"
    assert len(network_of("x" * 10_000)) <= 64


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("a.pdf", "a.pdf"),
        ('a".pdf', "a_.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\r\nb.pdf", "a__b.pdf"),
        ("", "report.pdf"),
        ("...", "report.pdf"),
        ("ü\U0001f600.pdf", "__.pdf"),
        ("\u202egpj.pdf", "_gpj.pdf"),
    ],
)
def test_a_file_name_cannot_leave_its_header(name: str, plain: str) -> None:
    shown = inline_file(name)
    assert f'filename="{plain}"' in shown
    assert shown.isascii() and "\r" not in shown and "\n" not in shown


def test_a_session_of_another_review_opens_nothing(team: Team, tmp_path_factory: pytest.TempPathFactory) -> None:
    ben = team.of("ben")
    other = make_app(write_review(tmp_path_factory.mktemp("other")), team.store)
    assert Browser(other, cookies=ben.cookies).ask("/api/me").status_code == 401
