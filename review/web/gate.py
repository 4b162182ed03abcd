"""What stands before every page: the host's name, who is signed in, whence a deed comes, the headers of every answer.

It is plain ASGI around the router, so that an address that does not exist answers no differently to strangers than
one that does, and no page can be added that forgets to ask.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from secrets import compare_digest
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from review.errors import ReviewError
from review.web.answers import BodyProblem, is_api, problem_response, read_body, why_not_now
from review.web.headers import HEADERS, SIMULATED
from review.web.look import Look
from review.web.site import Desk, Site
from review.web.static_files import StaticFiles

SIGN_IN = "/sign-in"
FORM_FIELD = "csrf"
TOKEN_HEADER = "x-review-token"
_SAFE = ("GET", "HEAD", "OPTIONS")
_FORM = "application/x-www-form-urlencoded"
_LONGEST_FORM = 16_384
_STRANGER = "Open the invitation link that you were given."
_ELSEWHERE = "This did not come from a page of this site. Load the page again."


class Gate:
    """Lets in whoever carries a session; answers everybody else itself."""

    def __init__(self, inner: ASGIApp, *, site: Site, look: Look, static: StaticFiles, hosts: frozenset[str]) -> None:
        self._inner = inner
        self._site = site
        self._look = look
        self._static = static
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. Connections other than HTTP are refused: the site has no use for them."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        scope = _below(scope, self._site.root_path)
        # whoever hangs up in the middle of a body is nobody's trouble
        with suppress(ClientDisconnect):
            answer = await self._answer(scope, receive)
            desk: Desk | None = scope.get("desk")
            simulated = desk is not None and desk.project.simulated
            await answer(scope, receive, _with_headers(send, {**HEADERS, **SIMULATED} if simulated else HEADERS))

    async def _answer(self, scope: Scope, receive: Receive) -> ASGIApp:
        """What answers: the pages behind the gate, or a refusal."""
        headers, path = Headers(scope=scope), own_path(scope)
        # a page elsewhere can make a browser look up its own name as 127.0.0.1: only our names are served
        if _host(headers.get("host", "")) not in self._hosts:
            return self._refuse(scope, 400, "This site does not go by that name.")
        if scope["method"] in ("GET", "HEAD") and self._static.has(path):
            return self._static.answer(Request(scope), path)
        safe = scope["method"] in _SAFE
        if path == SIGN_IN and scope["method"] in ("GET", "HEAD", "POST"):
            if safe or comes_from_here(headers):
                return self._inner
            return self._refuse(scope, 403, _ELSEWHERE)
        carried = secrets_of(headers, self._site)
        try:
            found = await run_in_threadpool(self._site.who, carried) if carried else None
            if found is None:
                return self._refuse(scope, 401, _STRANGER)
            project = self._site.project()
        except ReviewError as problem:
            return self._refuse(scope, 503, why_not_now(problem))
        reviewer, secret = found
        token = self._site.key.form_token(secret)
        site = self._site
        scope["desk"] = Desk(site.store, project, reviewer, token, site.cookie, site.root_path, path, site.flow)
        if safe:
            return self._inner
        if not comes_from_here(headers):
            return self._refuse(scope, 403, _ELSEWHERE)
        return await self._with_token(scope, receive, token)

    async def _with_token(self, scope: Scope, receive: Receive, token: str) -> ASGIApp:
        """The pages, for a deed that carries the session's own token: in a header, or in a field of a form."""
        headers = Headers(scope=scope)
        given, inner = headers.get(TOKEN_HEADER, ""), self._inner
        if not given and headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM:
            try:
                body = await read_body(Request(scope, receive), _LONGEST_FORM)
            except BodyProblem as problem:
                return self._refuse(scope, problem.status, str(problem))
            given = form_field(body, FORM_FIELD)
            inner = _replaying(inner, body)
        if not compare_digest(given.encode("utf-8", "replace"), token.encode()):
            return self._refuse(scope, 403, _ELSEWHERE)
        return inner

    def _refuse(self, scope: Scope, status: int, words: str) -> Response:
        # of a body that did not come or is too large the rest is not read
        ended = {"connection": "close"} if status in (408, 413) else None
        if is_api(own_path(scope)):
            return problem_response(status, words, headers=ended)
        heading = {401: "Not signed in", 503: "Not now"}.get(status, "Refused")
        return HTMLResponse(self._look.message(scope, heading, words), status, headers=ended)


def own_path(scope: Scope) -> str:
    """The path below the prefix at which a proxy shows the site."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) or "/"


def secrets_of(headers: Headers, site: Site) -> Sequence[str]:
    """The secrets in all cookies of our name that our key signed.

    Every application of this host writes into the same header, whatever it likes: nothing there may hide ours.
    """
    found: dict[str, None] = {}
    for line in headers.getlist("cookie"):
        for part in line.split(";"):
            name, _, value = part.strip(" \t").partition("=")
            if name == site.cookie and (secret := site.key.read(value)):
                found[secret] = None
    return list(found)


def comes_from_here(headers: Headers) -> bool:
    """Whether a page of this very site sent it, as far as the browser tells; what is no browser tells nothing.

    Another port of this machine is another site, though browsers send it our cookie.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    if origin is None or origin == "null":
        # "null" is what a browser without the header above says of a page that sends no referrer, as ours do
        return origin is None or TOKEN_HEADER in headers or headers.get("content-type", "").startswith(_FORM)
    scheme, _, authority = origin.lower().partition("://")
    default = {"http": ":80", "https": ":443"}.get(scheme, "")
    here = headers.get("host", "").lower()
    return bool(authority) and authority.removesuffix(default) == here.removesuffix(default)


def form_field(body: bytes, name: str) -> str:
    """A field of an urlencoded form, or nothing."""
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=20)
    except ValueError:
        return ""
    return fields.get(name, [""])[0]


def _below(scope: Scope, root_path: str) -> Scope:
    """The request as if its path had the prefix once, whether or not the proxy took it off or a server put it on."""
    path: str = scope["path"]
    put_on = scope.get("root_path", "")
    if put_on and path.startswith(f"{put_on}/"):
        path = path[len(put_on) :]
    if root_path and path != root_path and not path.startswith(f"{root_path}/"):
        path = root_path + path
    return {**scope, "path": path, "root_path": root_path}


def _replaying(inner: ASGIApp, body: bytes) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        given = False

        async def again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await inner(scope, again, send)

    return app


def _with_headers(send: Send, ours: Mapping[str, str]) -> Send:
    """Every answer's headers; an answer that brings one of its own keeps it."""

    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in ours.items():
                headers.setdefault(name, value)
        await send(message)

    return sender


_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]@/]+)(?::([0-9]{1,5}))?")


def _host(value: str) -> str:
    """The name in a Host header, without the port; nothing where it is not a name and perhaps a port."""
    found = _HOST.fullmatch(value)
    if found is None or int(found[2] or 0) > 65535:
        return ""
    return found[1].lower()
