"""Every page as people with and without a mouse, with and without sight, on a phone and at a desk find it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Sign
from tests.browser.site import DESKTOP, PHONE, Site, Visitor, serving, synthetic, with_work_done

pytestmark = pytest.mark.browser

Serve = Callable[..., Site]

READ = (
    "/",
    "/evidence",
    "/flow",
    "/gap-map",
    "/records",
    "/conflicts",
    "/reports",
    "/numbers",
    "/calibration",
    "/studies",
)
PAGES = {
    "ana": (*READ, "/screen", "/screen?stage=full_text", "/duplicates", "/team"),
    "cyd": ("/conflicts",),
    "ben": ("/screen", "/screen?stage=full_text", "/records", "/numbers", "/flow"),
    "eve": ("/query",),
}
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory, blank_database: Path) -> Iterator[Site]:
    """A review in which something has happened; these tests only look."""
    records = [synthetic(number, retracted=number == 3) for number in range(1, 31)]
    folder = tmp_path_factory.mktemp("busy") / "review"
    with serving(folder, records, blank=blank_database, before=with_work_done) as site:
        yield site


def findings(visitor: Visitor) -> list[str]:
    """What axe calls serious or critical on the page that is open."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(visitor.page).response["violations"]
    return [
        f"{visitor.page.url}: {one['id']}: {node['html']}"
        for one in found
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("person", sorted(PAGES))
def test_no_page_shuts_anybody_out(
    busy: Site, sign_in: Sign, person: str, viewport: dict[str, int], scheme: str
) -> None:
    visitor = sign_in(busy, person, viewport=viewport, scheme=scheme)
    found = []
    for path in PAGES[person]:
        page = visitor.open(path)
        assert page.locator("main h1").count() >= 1, f"{path} has no heading"
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], f"{path} is too wide"
        found += findings(visitor)
    assert not found, "\n".join(found)


def test_dialogs_and_panels_shut_nobody_out(busy: Site, sign_in: Sign) -> None:
    visitor = sign_in(busy, "ben")
    visitor.screen()
    visitor.press("c")
    found = findings(visitor)
    visitor.press("?")
    found += findings(visitor)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_stranger_can_read_the_sign_in_page(busy: Site, browser: Any, viewport: dict[str, int]) -> None:
    context = browser.new_context(viewport=viewport)
    page = context.new_page()
    visitor = Visitor(busy, "nobody", page)
    page.goto(busy.invitation("ben"))
    found = findings(visitor)
    page.goto(busy.url + "/records")
    found += findings(visitor)
    context.close()
    assert not found, "\n".join(found)


def test_the_keyboard_alone_goes_through_a_working_day(serve: Serve, sign_in: Sign) -> None:
    site = serve(6)
    ben = sign_in(site, "ben")
    page = ben.open("/")

    def focused() -> str:
        return str(page.evaluate("document.activeElement.textContent.trim()"))

    def tab_to(words: str) -> None:
        for _ in range(60):
            ben.press("Tab")
            if focused().startswith(words):
                return
        raise AssertionError(f"Tab never comes to {words!r}")

    ben.press("Tab")
    assert focused() == "To the content"
    tab_to("Screen")
    ben.press("Enter")
    page.wait_for_selector("#card .title")
    assert page.evaluate("document.activeElement.className") == "title"
    ben.press("c")
    assert page.is_visible("#criteria")
    ben.press("c")
    assert page.is_hidden("#criteria")
    ben.press("?")
    assert page.is_visible("#help")
    ben.press("Escape")
    assert page.is_hidden("#help")
    ben.press("l")
    page.keyboard.type("look again")
    ben.press("Enter", "Escape")
    tab_to("Include")
    first = ben.record()
    page.wait_for_timeout(400)  # a click right after a record appears decides nothing
    ben.press("Space")
    assert ben.record() != first
    assert focused().startswith("Include"), "who decides with a button keeps it under the finger"
    assert "Included" in page.inner_text("#said")
    ben.press("i")
    assert page.evaluate("document.activeElement.className") == "title"
    ben.settled()
    assert [row["verdict"] for row in site.decisions()] == ["include", "include"]


def test_words_of_the_protocol_are_marked_by_more_than_colour(busy: Site, sign_in: Sign) -> None:
    page = sign_in(busy, "ben").screen()
    line = "element => getComputedStyle(element).textDecorationStyle"
    assert page.locator("mark.include").first.evaluate(line) == "solid"
    assert page.locator("mark.exclude").first.evaluate(line) == "dotted"
    page.keyboard.press("h")
    assert page.locator("mark.include").first.evaluate("e => getComputedStyle(e).textDecorationLine") == "none"


def test_forced_colours_shut_nobody_out_and_keep_the_marks(busy: Site, sign_in: Sign) -> None:
    ben = sign_in(busy, "ben")
    ben.page.emulate_media(forced_colors="active")
    page = ben.screen()
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    assert not findings(ben)
    line = "getComputedStyle(document.querySelector('#card mark')).textDecorationLine + "
    line += "getComputedStyle(document.querySelector('#card mark')).borderBottomStyle"
    assert page.evaluate(line) != "nonenone"


def test_paper_shows_the_record_and_no_button(busy: Site, sign_in: Sign) -> None:
    ben = sign_in(busy, "ben")
    page = ben.screen()
    page.emulate_media(media="print")
    assert page.locator("#card .title").is_visible()
    assert page.locator("button:visible").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_light_and_dark_are_remembered(busy: Site, sign_in: Sign) -> None:
    ben = sign_in(busy, "ben")
    page = ben.open("/records")
    page.get_by_role("button", name="Switch to dark colours").click()
    ben.open("/numbers")
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_an_adjudicator_settles_a_conflict_by_key(serve: Serve, sign_in: Sign) -> None:
    site = serve(12, before=with_work_done)
    cyd = sign_in(site, "cyd")
    page = cyd.open("/conflicts")
    page.get_by_text("Conflict 1 of 2").wait_for()
    assert page.locator(".side").count() == 2
    cyd.press("i")
    page.get_by_text("Conflict 1 of 1").wait_for()
    cyd.settled()
    rows = site.read("select verdict, decided_by from screening.adjudication")
    assert rows == [{"verdict": "include", "decided_by": "cyd"}]


def test_the_menu_shows_what_a_role_may_do(busy: Site, sign_in: Sign) -> None:
    for person, shown, hidden in (("ana", "Team", "SQL"), ("ben", "Screen", "Team"), ("eve", "SQL", "Screen")):
        page = sign_in(busy, person).open("/records")
        words = page.evaluate("[...document.querySelectorAll('header nav a')].map(a => a.textContent)")
        assert shown in words and hidden not in words
