"""Bodies that do not come, cookies of others, people who hang up: nobody keeps what others need."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest

from review.team import tokens
from review.web import answers
from review.web.api import serving
from tests.web.conftest import Team
from tests.web.site import BASE, Browser

PDF = {"content-type": "application/pdf"}


def place(team: Team) -> str:
    return f"/api/reports/{team.records[0]}/file?id={uuid.uuid4()}&name=x.pdf"


async def silence(first: bytes = b"") -> AsyncIterator[bytes]:
    """A body that begins and never comes."""
    if first:
        yield first
    await asyncio.Event().wait()


def client(browser: Browser) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=browser.app),
        base_url=BASE,
        cookies=browser.cookies,
        headers={"x-review-token": browser.csrf},
    )


@pytest.mark.parametrize("first", [b"", b"%PDF-1.4"])
def test_a_body_that_does_not_come_is_given_up(team: Team, first: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "IDLE", 0.2)
    ben = team.of("ben")

    async def ask() -> Sequence[httpx.Response]:
        async with client(ben) as one:
            headers = {**PDF, "content-length": "1000"}
            return (
                await one.put(place(team), content=silence(first), headers=headers),
                await one.post("/api/labels", content=silence(first), headers={"content-type": "application/json"}),
                await one.post("/sign-in", data={}, headers={"content-length": "10"}),
            )

    upload, label, _ = asyncio.run(ask())
    for answer in (upload, label):
        assert (answer.status_code, answer.headers["connection"]) == (408, "close")
        assert answer.json()["error"].startswith("Nothing came for")


def test_a_form_that_does_not_come_is_given_up(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "IDLE", 0.2)
    form = {"content-type": "application/x-www-form-urlencoded"}
    ben = team.of("ben")
    ben.csrf = ""

    async def ask(path: str) -> httpx.Response:
        async with client(ben) as one:
            one.headers.pop("x-review-token")
            return await one.post(path, content=silence(b"token="), headers=form)

    for path in ("/sign-in", "/sign-out"):
        assert asyncio.run(ask(path)).status_code == 408


def test_uploads_that_do_not_come_hold_up_nobody(team: Team) -> None:
    ben, eve = team.of("ben"), team.of("eve")
    for one in (ben, eve):
        assert one.decide(team.records[0], "include").status_code == 200

    async def ask() -> tuple[httpx.Response, httpx.Response]:
        async with client(ben) as slow, client(eve) as quick:
            held = [
                asyncio.create_task(slow.put(place(team), content=silence(b"%PDF-"), headers=PDF))
                for _ in range(serving._UPLOADS_OF_ONE)
            ]
            await asyncio.sleep(0.3)
            assert not any(one.done() for one in held)
            one_more = await slow.put(place(team), content=b"%PDF-1.4", headers=PDF)
            others = await asyncio.wait_for(quick.put(place(team), content=b"%PDF-1.4 x", headers=PDF), 60)
            for one in held:
                one.cancel()
            await asyncio.gather(*held, return_exceptions=True)
            return one_more, others

    one_more, others = asyncio.run(ask())
    assert one_more.status_code == 429
    assert others.status_code == 200
    assert [path.name for path in team.project.root.iterdir() if path.name.startswith(".upload")] == []


def test_a_large_upload_comes_whole(team: Team) -> None:
    ben = team.of("ben")
    for who in ("ben", "eve"):
        team.of(who).decide(team.records[0], "include")
    content = b"%PDF-1.4" + bytes(range(256)) * 12_000
    assert ben.post(place(team), method="PUT", content=content, headers=PDF).status_code == 200
    [kept] = (team.project.root / "full_texts").glob("*.pdf")
    assert kept.read_bytes() == content


@pytest.mark.parametrize("path", ["/sign-in", "/api/labels", "/sign-out"])
def test_whoever_hangs_up_in_the_middle_leaves_no_trace(team: Team, path: str) -> None:
    ben = team.of("ben")
    kind = b"application/json" if path.startswith("/api") else b"application/x-www-form-urlencoded"
    cookie = "; ".join(f"{name}={value}" for name, value in ben.cookies.items()).encode()
    headers = [(b"host", b"127.0.0.1:8350"), (b"content-type", kind), (b"content-length", b"50"), (b"cookie", cookie)]
    if path.startswith("/api"):
        headers.append((b"x-review-token", ben.csrf.encode()))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers, "root_path": "",
        "server": ("127.0.0.1", 8350), "client": ("127.0.0.1", 40000),
    }  # fmt: skip
    came = [{"type": "http.request", "body": b"token=", "more_body": True}]

    async def receive() -> dict[str, object]:
        return came.pop() if came else {"type": "http.disconnect"}

    async def send(_: object) -> None:
        pass

    asyncio.run(ben.app(scope, receive, send))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "others",
    [
        'a={"x":1}', "a@b=1", "=foo", "foo", "ä=ü", "a=\xff\xfe", "a=b=c", ";;;", "a=[1,2]", 'a="', "expires=x",
        "OURS=", "OURS=x", "OURS=ä", "OURS=x.y", 'OURS="', "ours=x", " OURS =x", "x" * 4000,
    ],
)  # fmt: skip
def test_cookies_of_other_programs_of_this_host_hide_none_of_ours(team: Team, others: str) -> None:
    [(name, value)] = team.of("ben").cookies.items()
    odd = others.replace("OURS", name)
    for line in (f"{odd}; {name}={value}", f"{name}={value}; {odd}", f"{odd};{name}={value};{odd}"):
        sent = httpx.Headers([("cookie", line)], encoding="utf-8")
        assert Browser(team.app).ask("/api/me", headers=sent).json()["id"] == "ben"  # type: ignore[arg-type]


def test_an_old_cookie_of_ours_does_not_hide_the_new_one(team: Team) -> None:
    [(name, new)] = team.of("ben").cookies.items()
    old = Browser(team.app)
    old.sign_in(tokens.invite(team.store, team.project, "ben"))
    old.post("/sign-out")
    assert old.ask("/api/me").status_code == 401
    stale = old.cookies.get(name) or team.app._site.key.signed("never given")  # type: ignore[attr-defined]
    for line in (f"{name}={stale}; {name}={new}", f"{name}={new}; {name}={stale}"):
        found = Browser(team.app).ask("/api/me", headers={"cookie": line}).json()
        assert (found["id"], found["csrf"]) == ("ben", team.of("ben").csrf)
    for line in (f"x{name}={new}", f"{name}x={new}", f"a={name}={new}", f"{name.upper()}={new}"):
        assert Browser(team.app).ask("/api/me", headers={"cookie": line}).status_code == 401


def test_one_person_has_so_many_sessions_and_the_oldest_is_closed(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST_SESSIONS", 3)
    eve, token = team.of("eve"), tokens.invite(team.store, team.project, "ben")
    browsers = [Browser(team.app) for _ in range(5)]
    for one in browsers:
        assert one.sign_in(token).status_code == 303
    assert [one.ask("/api/me").status_code for one in browsers] == [401, 401, 200, 200, 200]
    assert eve.ask("/api/me").status_code == 200
