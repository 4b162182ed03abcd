"""The site from outside: who gets in, what strangers see, and that hostile text stays text."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from review.cli import run
from review.database import LocalStore
from review.errors import ReviewError, UsageProblem
from review.flows.pages import Page
from review.project import Project, Reviewer
from review.reporting.table import Column, Row, Table
from review.team import tokens
from review.terms import Role
from review.web.app import make_app
from review.web.look import Look
from review.web.server import take_port
from review.web.site import Desk
from review.web.static_files import StaticFiles
from tests.web.site import Browser

PAGES = ("/", "/evidence", "/flow", "/gap-map")
API = ("/api/status", "/api/evidence", "/api/flow")
HOSTILE = "<script>alert(1)</script>\"'&"


@pytest.mark.parametrize("path", [*PAGES, "/nowhere", "/static/nothing.css", "/sign-in/", "/apiary", "/docs"])
def test_a_stranger_gets_401_and_nothing_of_the_review(outside: Browser, path: str) -> None:
    answer = outside.ask(path)
    assert answer.status_code == 401
    assert "A tiny review" not in answer.text
    assert "<nav" not in answer.text


@pytest.mark.parametrize("path", [*API, "/api", "/api/", "/api/nowhere", "/api/../api/flow", "/api/%2e%2e/flow"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_the_api_answers_401_before_routing(outside: Browser, path: str, method: str) -> None:
    answer = outside.ask(path, method=method)
    assert answer.status_code == 401
    assert answer.headers["content-type"] in ("application/json", "text/html; charset=utf-8")


def test_a_stranger_cannot_tell_which_addresses_exist(outside: Browser) -> None:
    assert outside.ask("/api/flow").content == outside.ask("/api/nowhere").content
    assert outside.ask("/flow").content == outside.ask("/nowhere").content


@pytest.mark.parametrize("path", PAGES)
def test_a_member_reads_every_page(member: Browser, path: str) -> None:
    answer = member.ask(path)
    assert answer.status_code == 200
    for part in ('<html lang="en">', "<main", "<nav", "<h1>", "Ana Test", 'aria-current="page"'):
        assert part in answer.text
    assert re.findall(r"<script(?! (?:type=\"module\" )?src=\"/static/)", answer.text) == []
    assert re.findall(r"<style|\son\w+=|\sstyle=|javascript:", answer.text) == []
    assert "http://" not in answer.text
    assert "https://" not in answer.text


@pytest.mark.parametrize("path", API)
def test_a_member_reads_the_same_as_json(member: Browser, path: str) -> None:
    answer = member.ask(path)
    assert answer.status_code == 200
    assert set(answer.json()) == {"title", "banner", "rows"}


def test_the_status_page_says_what_nobody_has_done(member: Browser) -> None:
    # whether somebody has screened is not told to an owner who screens blind
    words = "Nobody has searched, rated the risk of bias or rated the certainty for this review."
    assert words in member.ask("/").text


def test_a_simulated_project_says_so_on_every_page(project: Project, member: Browser) -> None:
    path = project.root / "review.toml"
    path.write_text("simulated = true\n" + path.read_text("utf-8"), "utf-8")
    for page in PAGES:
        assert "SIMULATED" in member.ask(page).text
    assert "SIMULATED" in member.ask("/api/flow").json()["banner"]


@pytest.mark.parametrize("path", ["/api/me", "/api/queue", "/api/events", "/api/nowhere", "/evidence"])
def test_whatever_a_simulated_project_answers_carries_the_word(project: Project, member: Browser, path: str) -> None:
    assert "x-review-data" not in member.ask(path).headers
    toml = project.root / "review.toml"
    toml.write_text("simulated = true\n" + toml.read_text("utf-8"), "utf-8")
    assert member.ask(path).headers["x-review-data"] == "SIMULATED"


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(
    project: Project, site_store: LocalStore, stranger: Browser
) -> None:
    token = tokens.invite(site_store, project, "ana")
    cookie = stranger.sign_in(token).headers["set-cookie"]
    assert re.match(r"review_session_[0-9a-f]{8}=", cookie)
    for flag in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"):
        assert flag in cookie
    assert token not in cookie
    assert "Secure" not in cookie
    secure = Browser(stranger.app, base="https://127.0.0.1")
    assert "Secure" in secure.sign_in(token).headers["set-cookie"]


@pytest.mark.parametrize("token", ["", "guess", "x" * 5000, "\x00", "é", "a&token=b"])
def test_a_forged_token_opens_nothing(stranger: Browser, token: str) -> None:
    answer = stranger.ask("/sign-in", method="POST", form={"token": token})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_the_link_itself_opens_nothing_and_tells_nothing(
    project: Project, site_store: LocalStore, stranger: Browser
) -> None:
    token = tokens.invite(site_store, project, "ana")
    good, bad = stranger.ask(f"/sign-in?token={token}"), stranger.ask(f"/sign-in?token={'x' * len(token)}")
    assert good.status_code == bad.status_code == 200
    assert "set-cookie" not in good.headers
    assert good.text.replace(token, "") == bad.text.replace("x" * len(token), "")
    assert site_store.read("select count(*) as n from team.session")["n"][0] == 0
    assert "<button" in good.text
    assert project.title not in good.text


def test_an_invitation_signs_in_on_a_second_machine_too(
    project: Project, site_store: LocalStore, stranger: Browser
) -> None:
    token = tokens.invite(site_store, project, "ana")
    assert stranger.sign_in(token).headers["location"] == "/screen"
    second = Browser(stranger.app)
    assert second.sign_in(token).status_code == 303
    assert second.csrf != stranger.csrf
    assert stranger.ask("/").status_code == second.ask("/").status_code == 200


def test_an_expired_token_opens_nothing(project: Project, site_store: LocalStore, stranger: Browser) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=30)
    token = tokens.invite(site_store, project, "ana", now=long_ago)
    assert stranger.sign_in(token).status_code == 401


def test_a_revoked_person_is_out_at_once(project: Project, site_store: LocalStore, member: Browser) -> None:
    assert member.ask("/").status_code == 200
    tokens.revoke(site_store, project, "ana")
    assert member.ask("/").status_code == 401


def test_a_person_who_left_review_toml_is_out_at_once(project: Project, member: Browser) -> None:
    path = project.root / "review.toml"
    path.write_text(path.read_text("utf-8").replace('id = "ana"', 'id = "eve"'), "utf-8")
    assert member.ask("/").status_code == 401


@pytest.mark.parametrize("secret", ["", "guess", "a; b=c", '"', "\t"])
def test_a_forged_cookie_opens_nothing(outside: Browser, secret: str) -> None:
    for name in ("review_session", outside.app._site.cookie):  # type: ignore[attr-defined]
        assert outside.ask("/", headers={"cookie": f"{name}={secret}"}).status_code == 401


def test_signing_out_closes_the_session(member: Browser) -> None:
    kept = dict(member.cookies)
    assert member.ask("/sign-out").status_code == 405
    assert member.ask("/sign-out", method="POST").status_code == 403
    assert member.ask("/sign-out", method="POST", form={"csrf": member.csrf}).status_code == 200
    assert Browser(member.app, cookies=kept).ask("/").status_code == 401


def test_every_answer_carries_the_security_headers(stranger: Browser, member: Browser) -> None:
    for answer in (stranger.ask("/x"), member.ask("/"), member.ask("/api/flow"), member.ask("/nowhere")):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


def test_another_name_for_this_machine_is_refused(member: Browser) -> None:
    assert member.ask("/", headers={"host": "evil.example"}).status_code == 400
    assert member.ask("/", headers={"host": "LOCALHOST:8350"}).status_code == 200
    assert member.ask("/", headers={"host": "[::1]:8350"}).status_code == 200


def test_there_is_no_way_to_a_file(member: Browser) -> None:
    for path in ("/nowhere", "/evidence/", "/../review.toml", "/%2e%2e/review.toml", "/..%2freview.toml"):
        answer = member.ask(path)
        assert answer.status_code in (404, 307)
        assert "[criteria]" not in answer.text


def test_an_unknown_api_address_is_json_too(member: Browser) -> None:
    answer = member.ask("/api/nowhere")
    assert (answer.status_code, answer.json()) == (404, {"error": "There is no such page here.", "hint": ""})


def test_a_broken_protocol_is_said_in_words(project: Project, member: Browser) -> None:
    (project.root / "review.toml").write_text("title = 3\n", "utf-8")
    answer = member.ask("/")
    assert answer.status_code == 503
    assert "Traceback" not in answer.text


def rendered(page: Page, project: Project, *, title: str, name: str) -> str:
    person = Reviewer("x", name, Role.OWNER)
    desk = Desk(LocalStore(project.database_path), replace(project, title=title), person, "token", "cookie", "", "/")
    return Look(static=StaticFiles()).page("page.html", desk, heading=page.title, page=page)


def test_hostile_text_stays_text(project: Project) -> None:
    columns = (Column("a", HOSTILE), Column("n", "n", kind="number"))
    table = Table(HOSTILE, columns, (Row((HOSTILE, 1), group=HOSTILE),), (HOSTILE,), (HOSTILE,), HOSTILE)
    page = Page(HOSTILE, HOSTILE, (table,), [], HOSTILE)
    html = rendered(page, project, title=HOSTILE, name=HOSTILE)
    assert "<script>" not in html
    assert html.count("&lt;script&gt;") >= 9


def test_tables_have_captions_and_scopes(project: Project) -> None:
    table = Table("Caption", (Column("a", "A"), Column("n", "N", kind="number")), (Row(("x", 2), group="g"),))
    page = Page("Title", "Lead.", (table,), [], "")
    html = rendered(page, project, title="T", name="X")
    for part in (
        "<caption>Caption</caption>",
        'scope="col"',
        'scope="rowgroup"',
        'scope="row"',
        'role="region"',
    ):
        assert part in html


def test_a_port_in_use_is_said_in_words(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    with take_port("127.0.0.1", 0) as held:
        port = held.getsockname()[1]
        with pytest.raises(ReviewError, match=f"port {port} on 127.0.0.1 is in use"):
            take_port("127.0.0.1", port)
        assert run(["--project", str(project.root), "serve", "--port", str(port)]) == 1
    assert "review serve --port N" in capsys.readouterr().err


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70000), ("192.0.2.1", 0), ("no such host", 0)])
def test_an_address_that_cannot_be_served_is_said_in_words(host: str, port: int) -> None:
    with pytest.raises(UsageProblem):
        take_port(host, port)


@pytest.fixture
def served(project: Project) -> Iterator[int]:
    """`review serve` as its own process; the port that it took."""
    command = [sys.executable, "-m", "review", "--project", str(project.root), "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        yield int(line.partition("127.0.0.1:")[2].partition("/")[0])
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


def test_the_command_line_works_beside_the_site(
    project: Project, served: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(path: str, cookie: str = "", form: str = "") -> tuple[int, str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", served, timeout=10)
        headers = {"Cookie": cookie} if cookie else {}
        headers |= {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        connection.request("POST" if form else "GET", path, body=form or None, headers=headers)
        answer = connection.getresponse()
        found = answer.status, answer.getheader("set-cookie") or "", answer.read().decode()
        connection.close()
        return found

    assert ask("/../../etc/passwd")[0] == 401
    assert run(["--project", str(project.root), "reviewer", "invite", "ben"]) == 0
    token = capsys.readouterr().out.strip().partition("token=")[2]
    status, cookie, _ = ask("/sign-in", form=f"token={token}")
    assert status == 303
    signed_in = cookie.partition(";")[0]
    assert ask("/../../etc/passwd", signed_in)[0] == 404
    assert json.loads(ask("/api/flow", signed_in)[2])["title"] == "Flow"
    assert run(["--project", str(project.root), "reviewer", "revoke", "ben"]) == 0
    assert ask("/api/flow", signed_in)[0] == 401
    assert (project.root / "review.duckdb.key").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def kept(project: Project, site_store: LocalStore) -> Browser:
    """Somebody signed in at a site that may not make a database, as `review serve` runs it."""
    token = tokens.invite(site_store, project, "ana")
    browser = Browser(make_app(project.root, LocalStore(project.database_path, create=False)))
    assert browser.sign_in(token).status_code == 303
    return browser


@pytest.mark.parametrize("path", [*PAGES, *API])
def test_a_database_that_is_gone_is_said_and_not_made_anew(project: Project, kept: Browser, path: str) -> None:
    assert kept.ask("/").status_code == 200
    project.database_path.unlink()
    answer = kept.ask(path)
    assert answer.status_code == 503
    assert "database is gone" in answer.text
    assert str(project.root) not in answer.text
    assert not project.database_path.exists()
    assert Browser(kept.app).sign_in("x").status_code == 503


def test_a_damaged_database_is_said(project: Project, kept: Browser) -> None:
    project.database_path.write_bytes(b"")
    assert kept.ask("/").status_code == 503
    assert project.database_path.read_bytes() == b""


@pytest.mark.parametrize("text", ["title = 3\n", "x = " + "[" * 5000, "\x00"])
def test_a_broken_protocol_is_not_called_busy(project: Project, member: Browser, text: str) -> None:
    (project.root / "review.toml").write_text(text, "utf-8")
    for answer in (member.ask("/"), member.ask("/api/status"), Browser(member.app).sign_in("x")):
        assert answer.status_code == 503
        assert "protocol" in answer.text and "busy" not in answer.text
        assert str(project.root) not in answer.text


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8350:evil",
        "127.0.0.1:evil",
        "127.0.0.1:",
        "[::1]evil",
        "[::1]:x",
        "127.0.0.1:99999",
        "::1",
        "",
        "a@localhost",
    ],
)
def test_a_host_with_more_than_a_port_is_refused(member: Browser, host: str) -> None:
    assert member.ask("/", headers={"host": host}).status_code == 400
