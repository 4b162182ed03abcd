"""Visitors of a site, as far as the tests need them: a browser that keeps cookies and follows nothing by itself."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.types import ASGIApp

from review.database import Store
from review.project import Project
from review.team import tokens

BASE = "http://127.0.0.1:8350"


@dataclass
class Browser:
    """One person's browser. It sends what a browser sends from a page of the site; *headers* take the place of that."""

    app: ASGIApp
    base: str = BASE
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""
    address: str = "127.0.0.1"

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        form: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One request; redirects are not followed."""

        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=True, client=(self.address, 40000))
            async with httpx.AsyncClient(transport=transport, base_url=self.base, cookies=self.cookies) as client:
                return await client.request(method, path, headers=headers, json=json, content=content, data=form)

        answer = asyncio.run(once())
        self.cookies.update(answer.cookies)
        return answer

    def sign_in(self, token: str) -> httpx.Response:
        """Press the button of the invitation's page; learn the session's token from /api/me."""
        answer = self.ask("/sign-in", method="POST", form={"token": token})
        if answer.status_code == 303:
            self.csrf = self.ask("/api/me").json()["csrf"]
        return answer

    def post(self, path: str, body: Any = None, *, method: str = "POST", **more: Any) -> httpx.Response:
        """A deed through the API, with the session's token."""
        headers = {"x-review-token": self.csrf, **more.pop("headers", {})}
        return self.ask(path, method=method, json=body, headers=headers, **more)

    def decide(self, record: str, verdict: str, **more: Any) -> httpx.Response:
        """A decision at title and abstract."""
        body = {"id": str(uuid.uuid4()), "record": record, "stage": "title_abstract", "verdict": verdict, **more}
        return self.post("/api/decisions", body)


def signed_in(app: ASGIApp, store: Store, project: Project, who: str) -> Browser:
    """The browser of somebody who has just signed in."""
    browser = Browser(app)
    assert browser.sign_in(tokens.invite(store, project, who)).status_code == 303
    return browser
