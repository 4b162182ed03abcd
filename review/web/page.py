"""What a page is: a path, its line in the menu, who may open it, and the function that renders it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from review.web.look import Entry, Look
from review.web.roles import May
from review.web.site import Desk

# gets the look, the desk and the request; answers with HTML, or with a response of its own
Show = Callable[[Look, Desk, Request], "str | Response"]


@dataclass(frozen=True)
class PageRoute:
    """A page. It runs in a thread, inside one reading of the store; it writes nothing.

    *words* is its name in the menu (none: not in the menu), *first* puts it where a wide screen shows it.
    """

    path: str
    show: Show
    words: str = ""
    may: May = May.READ
    first: bool = False

    @property
    def entry(self) -> Entry:
        """Its line in the menu."""
        return Entry(self.path, self.words, first=self.first, may=self.may)
