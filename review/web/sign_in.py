"""Signing in and out: an invitation link opens a page with one button, and the button opens the session.

What fetches links by itself (previews, mail scanners) so opens nothing, and no answer to a mere link tells whether its
token is right.
"""

from __future__ import annotations

from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from review.team import tokens
from review.web.answers import BodyProblem, TooLarge, read_body
from review.web.gate import SIGN_IN, form_field, secrets_of
from review.web.headers import FORM_HEADERS
from review.web.look import Look
from review.web.roles import May, may
from review.web.site import Site

_LONGEST_TOKEN = 200
_LONGEST_FORM = 4096
_NO_GOOD = "This invitation does not work, or no longer. Ask the owner of the review for a new one."
_SLOWER = "Too many invitations did not work. Wait some minutes and try again."


def sign_in_routes(site: Site, look: Look) -> list[Route]:
    """The page behind an invitation link, its button, and the way out."""

    async def offer(request: Request) -> Response:
        token = request.query_params.get("token", "")
        page = look.stranger("sign_in.html", request.scope, heading="Sign in", invitation=token[:_LONGEST_TOKEN])
        return HTMLResponse(page, headers=FORM_HEADERS)

    async def enter(request: Request) -> Response:
        address = request.client.host if request.client else ""
        if wait := site.attempts.wait(address):
            return slower(request, wait)
        try:
            token = form_field(await read_body(request, _LONGEST_FORM), "token")
        except TooLarge:
            token = ""
        except BodyProblem as problem:
            page = look.message(request.scope, "Not signed in", str(problem))
            return HTMLResponse(page, problem.status, headers={"connection": "close"})
        session = None
        if 0 < len(token) <= _LONGEST_TOKEN:
            session = await run_in_threadpool(_open, site, token)
        if session is None:
            site.attempts.failed(address)
            page = look.message(request.scope, "Not signed in", _NO_GOOD)
            return HTMLResponse(page, HTTPStatus.UNAUTHORIZED)
        first_page = "/screen" if may(session.reviewer, May.SCREEN) else "/"
        # 303: the page that follows is asked for anew, and going back does not send the token again
        answer = RedirectResponse(site.root_path + first_page, HTTPStatus.SEE_OTHER)
        answer.set_cookie(
            site.cookie,
            site.key.signed(session.secret),
            max_age=tokens.SESSION_HOURS * 3600,
            path=site.root_path or "/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer

    def slower(request: Request, wait: int) -> Response:
        page = look.message(request.scope, "Not now", _SLOWER)
        return HTMLResponse(page, HTTPStatus.TOO_MANY_REQUESTS, headers={"retry-after": str(wait)})

    async def leave(request: Request) -> Response:
        for secret in secrets_of(request.headers, site):
            await run_in_threadpool(tokens.close_session, site.store, secret)
        words = "The invitation link signs you in again."
        page = look.stranger("message.html", request.scope, heading="Signed out", words=words)
        answer = HTMLResponse(page)
        answer.delete_cookie(site.cookie, path=site.root_path or "/", httponly=True, samesite="strict")
        return answer

    return [
        Route(SIGN_IN, offer, methods=["GET"]),
        Route(SIGN_IN, enter, methods=["POST"]),
        Route("/sign-out", leave, methods=["POST"]),
    ]


def _open(site: Site, token: str) -> tokens.Session | None:
    return tokens.open_session(site.store, site.project(), token)
