"""A page that stays open while the review goes on: new criteria, other tabs, a new title, a clock that went back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from review.database import open_store
from review.project import load_project
from review.screening.decisions import decide
from tests.browser.conftest import Sign
from tests.browser.site import LOST, Site, Visitor

pytestmark = pytest.mark.browser

Serve = Callable[..., Site]


def amend(site: Site, old: str, new: str) -> None:
    """Change the protocol of the running review."""
    path = site.root / "review.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def looked_at_again(visitor: Visitor) -> None:
    """As when somebody comes back to the tab: the page asks the queue again."""
    with visitor.page.expect_response("**/api/queue*"):
        visitor.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    visitor.page.wait_for_load_state("networkidle")


def another_tab(visitor: Visitor) -> Visitor:
    """A second tab of the same person, on the screening page."""
    page = visitor.page.context.new_page()
    page.on("pageerror", lambda problem: visitor.complaints.append(f"uncaught: {problem}"))
    other = Visitor(visitor.site, visitor.person, page)
    other.screen()
    return other


def versions(site: Site) -> list[str]:
    rows = site.read("select criteria_version from screening.decision order by arrival")
    return [row["criteria_version"] for row in rows]


def test_what_waits_is_sent_although_the_review_has_another_title_now(serve: Serve, sign_in: Sign) -> None:
    site = serve(4)
    ben = sign_in(site, "ben")
    page = ben.screen()
    ben.cut_off()
    ben.press("i", "e")
    page.get_by_text("2 decisions wait").first.wait_for()
    title = load_project(site.root).title
    amend(site, f'title = "{title}"', 'title = "Another title"')
    ben.connect()
    ben.open("/records")
    assert "Another title" in page.title()
    ben.settled()
    assert len(site.decisions()) == 2


def test_what_waits_under_the_older_name_is_sent_once(serve: Serve, sign_in: Sign) -> None:
    site = serve(4)
    ben = sign_in(site, "ben")
    page = ben.screen()
    ben.cut_off()
    ben.press("i")
    page.get_by_text("1 decision waits").first.wait_for()
    page.evaluate(
        """() => {
          const key = Object.keys(localStorage).find(one => one.startsWith('review/outbox/'));
          const title = document.querySelector('meta[name="review"]').content;
          localStorage.setItem(`review/outbox//${title}/ben/${key.split('/').at(-1)}`, localStorage.getItem(key));
          localStorage.removeItem(key);
        }"""
    )
    ben.connect()
    ben.open("/records")
    ben.settled()
    assert [row["verdict"] for row in site.decisions()] == ["include"]


def test_an_open_page_learns_of_new_criteria_and_stamps_what_it_showed(serve: Serve, sign_in: Sign) -> None:
    site = serve(6)
    ben = sign_in(site, "ben")
    page = ben.screen()
    before = load_project(site.root).criteria.version
    ben.press("i")
    ben.settled()
    reason = load_project(site.root).criteria.reasons[0].label
    amend(site, f'version = "{before}"', 'version = "next"')
    amend(site, f'label = "{reason}"', 'label = "The new reason"')
    ben.press("i")
    ben.settled()
    looked_at_again(ben)
    page.get_by_text("The criteria changed: version next").first.wait_for()
    page.locator("#reasons").get_by_text("The new reason").wait_for()
    reading = ben.record()
    ben.press("i")
    ben.settled()
    assert ben.record() != reading
    assert versions(site) == [before, before, "next"]
    notice = page.locator("#notices .notice")
    assert notice.count() == 1, "it stays until somebody closes it"
    ben.press("c")
    page.locator("#criteria-text").get_by_text("The new reason").wait_for()
    notice.get_by_role("button", name="Close this message").click()
    assert notice.count() == 0


def test_the_moment_of_the_key_is_kept(serve: Serve, sign_in: Sign) -> None:
    site = serve(3)
    ben = sign_in(site, "ben")
    sent: list[Any] = []
    ben.screen()
    ben.page.on("request", lambda one: sent.append(one.post_data_json) if one.url.endswith("/api/decisions") else None)
    ben.press("i")
    ben.settled()
    assert sent[0]["decided_at"].endswith("Z")


def test_what_no_longer_waits_leaves_the_hand_but_not_the_screen(serve: Serve, sign_in: Sign) -> None:
    site = serve(6)
    ben = sign_in(site, "ben")
    ben.screen()
    reading = ben.record()
    store, project = open_store(site.root / "review.duckdb"), load_project(site.root)
    others = [row["record_id"] for row in site.read("select record_id from v1.record") if row["record_id"] != reading]
    for record in [reading, *others[:3]]:
        for person in ("ana", "dan"):
            decide(store, project, record=record, reviewer=person, stage="title_abstract", verdict="include")
    looked_at_again(ben)
    assert ben.record() == reading
    ben.allowed = LOST
    ben.press("s")
    seen = set()
    for _ in range(2):
        seen.add(ben.record())
        ben.press("u")
    assert seen == set(others[3:])


def test_after_a_long_pause_the_queue_is_asked_before_the_next_record_is_shown(serve: Serve, sign_in: Sign) -> None:
    site = serve(5)
    ben = sign_in(site, "ben")
    page = ben.screen()
    page.evaluate("() => { const now = Date.now; Date.now = () => now() + 11 * 60000; }")
    with page.expect_response("**/api/queue*"):
        ben.press("i")
    page.wait_for_selector("#card .title")
    ben.settled()
    assert len(site.decisions()) == 1


def test_a_clock_that_goes_back_does_not_turn_the_order_round(serve: Serve, sign_in: Sign) -> None:
    site = serve(4)
    ben = sign_in(site, "ben")
    page = ben.screen()
    ben.cut_off()
    ben.press("i")
    page.get_by_text("1 decision waits").first.wait_for()
    page.reload()
    page.wait_for_selector("#card .title")
    page.evaluate("() => { const now = Date.now; Date.now = () => now() - 3600000; }")
    ben.press("z")
    ben.connect()
    ben.settled()
    assert [row["verdict"] for row in site.decisions()] == ["include", "withdrawn"]


def test_a_decision_in_one_tab_leaves_the_hand_of_the_other(serve: Serve, sign_in: Sign) -> None:
    site = serve(5)
    ben = sign_in(site, "ben")
    ben.screen()
    first = ben.record()
    other = another_tab(ben)
    assert other.record() == first
    ben.press("s")
    second = ben.record()
    ben.press("e")
    ben.settled()
    other.press("s")
    assert other.record() not in (first, second)


def test_the_record_on_the_screen_says_what_another_tab_said_of_it(serve: Serve, sign_in: Sign) -> None:
    site = serve(3)
    ben = sign_in(site, "ben")
    page = ben.screen()
    other = another_tab(ben)
    other.press("e")
    page.get_by_text("In another window you said").wait_for()
    ben.settled()


def test_undo_takes_back_nothing_that_was_said_elsewhere(serve: Serve, sign_in: Sign) -> None:
    site = serve(3)
    ben = sign_in(site, "ben")
    ben.allowed = LOST
    page = ben.screen()
    record = ben.record()
    ben.press("i")
    ben.settled()
    other = another_tab(ben)
    other.open(f"/records/{record}?stage=title_abstract")
    other.page.get_by_role("button", name="Exclude", exact=True).click()
    other.settled()
    ben.press("z")
    page.get_by_text("You decided on it again in another window").first.wait_for()
    ben.settled()
    assert [row["verdict"] for row in site.decisions()] == ["include", "exclude"]
