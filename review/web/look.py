"""How the site looks: templates that escape everything, a style sheet, the security headers.

Nothing is loaded from anywhere, not even from this site: the style sheet stands in the page and the policy
names its hash, so that no other style and no script of any kind can run.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from review.flows.pages import Page
from review.project import Reviewer
from review.reporting.table import mark, shown

_TEMPLATES = Path(__file__).parent / "templates"

MENU = (
    ("/", "Status"),
    ("/evidence", "Evidence table"),
    ("/flow", "Flow"),
    ("/gap-map", "Gap map"),
)


class Look:
    """Renders pages; made once for each site."""

    def __init__(self, *, title: str) -> None:
        self._title = title
        style = (_TEMPLATES / "style.css").read_text("utf-8")
        self._env = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._env.globals.update(style=Markup(style), menu=MENU, shown=shown, mark=mark)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.headers = {
            "content-security-policy": f"default-src 'none'; style-src 'sha256-{digest}'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "no-referrer",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=()",
            "cache-control": "no-store",
        }

    def page(self, scope: Any, page: Page, reviewer: Reviewer) -> str:
        """A page of tables, for somebody who is signed in."""
        return self._render("page.html", scope, heading=page.title, reviewer=reviewer, page=page, banner=page.banner)

    def message(self, scope: Any, heading: str, words: str, *, reviewer: Reviewer | None = None) -> str:
        """A page that says one thing; strangers see neither the menu nor the review's title."""
        return self._render("message.html", scope, heading=heading, reviewer=reviewer, words=words, banner="")

    def welcome(self, scope: Any, reviewer: Reviewer) -> str:
        """The page after signing in; its link is the first request that carries the strict cookie."""
        return self._render("welcome.html", scope, heading="Signed in", reviewer=reviewer, banner="")

    def _render(self, template: str, scope: Any, **values: Any) -> str:
        return self._env.get_template(template).render(
            site=self._title if values["reviewer"] else "regen-review",
            prefix=scope.get("root_path", ""),
            here=scope["path"].removeprefix(scope.get("root_path", "")) or "/",
            **values,
        )
