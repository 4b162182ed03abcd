"""What stands before every page: the name of the host, who is signed in, and the headers of every answer.

It is plain ASGI around the router, so that an address that does not exist answers no differently to strangers
than one that does, and no page can be added that forgets to ask.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from review.errors import ProtocolError, ReviewError, StoreLocked, UsageProblem
from review.project import Reviewer
from review.web.look import Look

COOKIE = "review_session"
SIGN_IN = "/sign-in"


class Gate:
    """Lets in whoever carries a session; answers everybody else itself."""

    def __init__(
        self, inner: ASGIApp, *, look: Look, hosts: frozenset[str], who: Callable[[str], Reviewer | None]
    ) -> None:
        self._inner = inner
        self._look = look
        self._hosts = hosts
        self._who = who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. Connections other than HTTP are refused: the site has no use for them."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        send = self._with_headers(send)
        headers = Headers(scope=scope)
        # a page elsewhere can make a browser look up its own name as 127.0.0.1: only our names are served
        if _host(headers.get("host", "")) not in self._hosts:
            await self._refuse(scope, 400, "This site does not go by that name.")(scope, receive, send)
            return
        if _path(scope) == SIGN_IN and scope["method"] in ("GET", "HEAD"):
            await self._inner(scope, receive, send)
            return
        try:
            scope["reviewer"] = await run_in_threadpool(self._who, session_secret(headers))
        except ReviewError as problem:
            await self._refuse(scope, 503, why_not_now(problem))(scope, receive, send)
            return
        if scope["reviewer"] is None:
            await self._refuse(scope, 401, "Open the invitation link that you were given.")(scope, receive, send)
            return
        await self._inner(scope, receive, send)

    def _refuse(self, scope: Scope, status: int, words: str) -> Response:
        if is_api(_path(scope)):
            return json_response({"error": words}, status)
        heading = {401: "Not signed in", 503: "Not now"}.get(status, "Refused")
        return HTMLResponse(self._look.message(scope, heading, words), status)

    def _with_headers(self, send: Send) -> Send:
        async def sender(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._look.headers.items():
                    headers[name] = value
            await send(message)

        return sender


def session_secret(headers: Headers) -> str:
    """What the session cookie holds, or nothing."""
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


def why_not_now(problem: ReviewError) -> str:
    """What strangers are told when the review cannot answer: the truth, and no word about the machine."""
    if isinstance(problem, StoreLocked):
        return "The review is busy. Try again in a moment."
    if isinstance(problem, ProtocolError | UsageProblem):
        return "The review's protocol, review.toml, cannot be read. Its owner has to mend it."
    return "The review's database is gone or cannot be read. Its owner has to put it back."


def is_api(path: str) -> bool:
    """Whether programs ask, not people."""
    return path == "/api" or path.startswith("/api/")


def json_response(content: object, status: int = 200) -> Response:
    """*content* as JSON; dates as text."""
    body = json.dumps(content, ensure_ascii=False, default=str, allow_nan=False)
    return Response(body, status, media_type="application/json")


def _path(scope: Scope) -> str:
    """The path below the prefix at which a proxy shows the site."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) or "/"


_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]@/]+)(?::([0-9]{1,5}))?")


def _host(value: str) -> str:
    """The name in a Host header, without the port; nothing where it is not a name and perhaps a port."""
    found = _HOST.fullmatch(value)
    if found is None or int(found[2] or 0) > 65535:
        return ""
    return found[1].lower()
