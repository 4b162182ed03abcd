"""How pages are rendered: templates that escape everything, and what every one of them may name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.types import Scope

from review.errors import ReviewError
from review.reporting.table import SIMULATED, mark, shown
from review.team.protocol import review_id
from review.web.roles import May
from review.web.site import Desk
from review.web.static_files import StaticFiles

_TEMPLATES = Path(__file__).parent / "templates"
_NAMELESS = "regen-review"  # what strangers see in place of the review's title


@dataclass(frozen=True)
class Entry:
    """One line of the menu: shown to those who *may* do what its page is for, *first* on a wide screen."""

    path: str
    words: str
    first: bool = False
    may: May = May.READ


class Look:
    """Renders pages; made once for each site."""

    def __init__(self, *, static: StaticFiles, menu: Sequence[Entry] = ()) -> None:
        self._menu = menu
        self._static = static
        self._env = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._env.globals.update(shown=shown, mark=mark)

    def page(self, template: str, desk: Desk, *, heading: str, **values: Any) -> str:
        """A page for somebody who is signed in.

        Templates may also name site, review_id, prefix, here, csrf, menu and static().
        """
        banner = SIMULATED if desk.project.simulated else ""
        return self._render(
            template,
            desk.prefix,
            heading=heading,
            site=desk.project.title,
            review_id=_review_id(desk),
            reviewer=desk.reviewer,
            desk=desk,
            csrf=desk.form_token,
            here=desk.path,
            menu=[entry for entry in self._menu if desk.may(entry.may)],
            **{"banner": banner, **values},
        )

    def message(self, scope: Scope, heading: str, words: str) -> str:
        """A page that says one thing; strangers see neither the menu nor the review's title."""
        desk: Desk | None = scope.get("desk")
        if desk is not None:
            return self.page("message.html", desk, heading=heading, words=words)
        return self.stranger("message.html", scope, heading=heading, words=words)

    def stranger(self, template: str, scope: Scope, *, heading: str, **values: Any) -> str:
        """A page for somebody who is not signed in."""
        prefix = scope.get("root_path", "")
        known: dict[str, Any] = {"site": _NAMELESS, "reviewer": None, "csrf": "", "here": "", "menu": [], "banner": ""}
        return self._render(template, prefix, heading=heading, **{**known, **values})

    def _render(self, template: str, prefix: str, **values: Any) -> str:
        def static(name: str) -> str:
            return prefix + self._static.address(name)

        return self._env.get_template(template).render(prefix=prefix, static=static, **values)


def _review_id(desk: Desk) -> str:
    """What names the review for good: the browser keeps under it what waits. Nothing on a page that says that the
    store cannot be read.
    """
    try:
        return review_id(desk.store)
    except ReviewError:
        return ""
