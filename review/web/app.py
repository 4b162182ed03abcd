"""The site: sign-in, read-only pages and their JSON, all behind the gate."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from review.database import LocalStore, Store
from review.errors import ProtocolError, ReviewError, StoreError
from review.flows import pages
from review.project import Project, Reviewer, load_project
from review.team import tokens
from review.web.gate import COOKIE, SIGN_IN, Gate, is_api, json_response, session_secret, why_not_now
from review.web.look import Look

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_LONGEST_TOKEN = 200

Deed = Callable[[Store, Project, Reviewer], pages.Page]


def make_app(root: Path, store: LocalStore, *, hosts: frozenset[str] = LOOPBACK) -> ASGIApp:
    """The site of the review in *root*, as an ASGI application that answers to the names in *hosts*.

    review.toml is read anew for every request, so that whoever leaves the team is out at once.
    """
    look = Look(title=load_project(root).title)

    def who(secret: str) -> Reviewer | None:
        return tokens.session_reviewer(store, load_project(root), secret) if secret else None

    def read(deed: Deed, request: Request) -> pages.Page:
        # one connection for the whole page: its tables show the same moment
        with store.reading():
            return deed(store, load_project(root), request.scope["reviewer"])

    def show(deed: Deed) -> Callable[[Request], Response]:
        def endpoint(request: Request) -> Response:
            return HTMLResponse(look.page(request.scope, read(deed, request), request.scope["reviewer"]))

        return endpoint

    def give(deed: Deed) -> Callable[[Request], Response]:
        def endpoint(request: Request) -> Response:
            page = read(deed, request)
            return json_response({"title": page.title, "banner": page.banner, "rows": page.data})

        return endpoint

    def sign_in(request: Request) -> Response:
        token = request.query_params.get("token", "")
        session = None
        if 0 < len(token) <= _LONGEST_TOKEN:
            session = tokens.open_session(store, load_project(root), token)
        if session is None:
            words = "This invitation does not work, or no longer. Ask the owner of the review for a new one."
            return HTMLResponse(look.message(request.scope, "Not signed in", words), HTTPStatus.UNAUTHORIZED)
        answer = HTMLResponse(look.welcome(request.scope, session.reviewer))
        answer.set_cookie(
            COOKIE,
            session.secret,
            max_age=tokens.SESSION_HOURS * 3600,
            path=request.scope.get("root_path", "") or "/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer

    def sign_out(request: Request) -> Response:
        tokens.close_session(store, session_secret(request.headers))
        answer = HTMLResponse(look.message(request.scope, "Signed out", "The invitation link signs you in again."))
        answer.delete_cookie(COOKIE, path=request.scope.get("root_path", "") or "/")
        return answer

    def say(request: Request, status: int, heading: str, words: str) -> Response:
        if is_api(request.url.path.removeprefix(request.scope.get("root_path", ""))):
            return json_response({"error": words}, status)
        reviewer = request.scope.get("reviewer")
        return HTMLResponse(look.message(request.scope, heading, words, reviewer=reviewer), status)

    def no_such_page(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, HTTPException)
        return say(
            request,
            problem.status_code,
            HTTPStatus(problem.status_code).phrase,
            "There is no such page here.",
        )

    def not_now(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, ReviewError)
        later = isinstance(problem, StoreError | ProtocolError)
        status = HTTPStatus.SERVICE_UNAVAILABLE if later else HTTPStatus.INTERNAL_SERVER_ERROR
        words = str(problem) if request.scope.get("reviewer") else why_not_now(problem)
        return say(request, status, "That did not work", words)

    routes = [
        Route(SIGN_IN, sign_in, methods=["GET"]),
        Route("/sign-out", sign_out, methods=["POST"]),
        Route("/", show(pages.status_page)),
        Route("/evidence", show(pages.evidence_page)),
        Route("/flow", show(pages.flow_page)),
        Route("/gap-map", show(pages.gap_page)),
        Route("/api/status", give(pages.status_page)),
        Route("/api/evidence", give(pages.evidence_page)),
        Route("/api/flow", give(pages.flow_page)),
    ]
    inner = Starlette(routes=routes, exception_handlers={HTTPException: no_such_page, ReviewError: not_now})
    return Gate(inner, look=look, hosts=hosts, who=who)
