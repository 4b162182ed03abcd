"""The site as one ASGI application: sign-in, pages and the JSON API, all behind the gate."""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from review.database import Store
from review.errors import ReviewError, UsageProblem
from review.project import load_project
from review.web.answers import is_api, problem_response, status_of, why_not_now, words_of
from review.web.api import ROUTES
from review.web.api.serving import api_routes
from review.web.gate import Gate, own_path
from review.web.look import Look
from review.web.page import PageRoute
from review.web.pages import PAGES
from review.web.sign_in import sign_in_routes
from review.web.site import Desk, Site
from review.web.static_files import StaticFiles

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


def make_app(root: Path, store: Store, *, hosts: frozenset[str] = LOOPBACK, root_path: str = "") -> ASGIApp:
    """The site of the review in *root*, as an ASGI application that answers to the names in *hosts*.

    *root_path* is the prefix at which a proxy shows it (`/knee`, no slash at the end), whether or not the proxy takes
    it off. review.toml is read again when it changes, so that whoever leaves the team is out at once.
    """
    load_project(root)
    if not re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*", root_path):
        message = f"{root_path!r} is not a prefix"
        raise UsageProblem(message, hint="it begins with a slash and does not end with one: /knee")
    site = Site(root, store, root_path=root_path)
    static = StaticFiles()
    look = Look(static=static, menu=[page.entry for page in PAGES if page.words])
    routes = [*sign_in_routes(site, look), *(_page(page, look) for page in PAGES), *api_routes(ROUTES)]

    def say(
        request: Request, status: int, words: str, hint: str = "", headers: dict[str, str] | None = None
    ) -> Response:
        if is_api(own_path(request.scope)):
            return problem_response(status, words, hint, headers)
        heading = "That did not work" if status >= 500 else HTTPStatus(status).phrase
        full = f"{words.rstrip('.')}. {hint[:1].upper()}{hint[1:]}".strip()
        return HTMLResponse(look.message(request.scope, heading, full), status, headers=headers)

    def no_such_page(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, HTTPException)
        words = "There is no such page here." if problem.status_code == 404 else f"{problem.detail}."
        return say(request, problem.status_code, words, headers=dict(problem.headers or {}))

    def refused(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, ReviewError)
        if "desk" not in request.scope:
            return say(request, 503, why_not_now(problem))
        return say(request, status_of(problem), *words_of(problem, str(root)))

    def broken(request: Request, problem: Exception) -> Response:
        return say(request, 500, "The program made a mistake; what you did before is kept.")

    handlers = {HTTPException: no_such_page, ReviewError: refused, 500: broken}
    inner = Starlette(routes=routes, exception_handlers=handlers)
    inner.router.redirect_slashes = False
    return Gate(inner, site=site, look=look, static=static, hosts=hosts)


def _page(page: PageRoute, look: Look) -> Route:
    def endpoint(request: Request) -> Response:
        desk: Desk = request.scope["desk"]
        if not desk.may(page.may):
            words = f"This page is not for the role {desk.reviewer.role.value}."
            return HTMLResponse(look.message(request.scope, "Not for you", words), HTTPStatus.FORBIDDEN)
        # the page's tables show one moment
        with desk.store.reading():
            shown = page.show(look, desk, request)
        return shown if isinstance(shown, Response) else HTMLResponse(shown)

    return Route(page.path, endpoint, methods=["GET"])
