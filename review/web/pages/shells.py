"""Pages that the browser fills from the API: what stands here is the frame, the script, and who may open it."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request

from review.terms import Stage
from review.web.look import Look
from review.web.page import PageRoute, Show
from review.web.roles import May
from review.web.site import Desk


@dataclass(frozen=True)
class Shell:
    """A page of one script: *lead* says what it shows, *takes* names the part of the path that the script gets."""

    heading: str
    script: str
    lead: str = ""
    takes: str = ""

    def __call__(self, look: Look, desk: Desk, request: Request) -> str:
        """The frame; the data comes by the API, behind the same gate."""
        facts = {self.takes: request.path_params[self.takes]} if self.takes else {}
        return look.page(
            "shell.html", desk, heading=self.heading, script=self.script, lead=self.lead, facts=facts, page_class=""
        )


def _screen(look: Look, desk: Desk, request: Request) -> str:
    """The screening page at one of the two stages."""
    stage = request.query_params.get("stage", Stage.TITLE_ABSTRACT.value)
    if stage not in (Stage.TITLE_ABSTRACT.value, Stage.FULL_TEXT.value):
        raise HTTPException(404)
    return look.page("screen.html", desk, heading="Screen", stage=stage, page_class="screening")


def _page(path: str, show: Show, words: str = "", *, may: May = May.READ, first: bool = False) -> PageRoute:
    return PageRoute(path, show, words, may=may, first=first)


SHELL_PAGES = (
    _page("/screen", _screen, "Screen", may=May.SCREEN, first=True),
    _page("/records", Shell("Records", "records"), "Records", first=True),
    _page("/records/{record}", Shell("Record", "record", takes="record")),
    _page(
        "/conflicts",
        Shell("Conflicts", "conflicts", "Records on which the verdicts differ. An adjudication settles them."),
        "Conflicts",
        first=True,
    ),
    _page(
        "/reports",
        Shell("Reports", "reports", "The documents to be had: what to order, what came, what cannot be had and why."),
        "Reports",
        first=True,
    ),
    _page("/numbers", Shell("Numbers", "numbers"), "Numbers", first=True),
    _page(
        "/duplicates",
        Shell("Duplicates", "duplicates", "Pairs that the rules could not settle. Is it the same publication?"),
        "Duplicates",
        may=May.SETTLE_DUPLICATES,
    ),
    _page(
        "/calibration",
        Shell(
            "Calibration",
            "calibration",
            "Everybody screens the same few records first; then the criteria are talked over.",
        ),
        "Calibration",
    ),
    _page("/studies", Shell("Studies", "studies", "The investigations, each with its reports."), "Studies"),
    _page("/studies/{study}", Shell("Study", "study", takes="study")),
    _page("/team", Shell("Team", "team", "Who screens what, and who still owes a decision."), "Team", may=May.ASSIGN),
    _page(
        "/query",
        Shell("SQL", "query", "One SELECT over the views of schema v1. It reads; it cannot change anything."),
        "SQL",
        may=May.QUERY,
    ),
)
