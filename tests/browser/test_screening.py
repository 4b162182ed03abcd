"""A reviewer screens in a browser: by keyboard alone, over a bad connection, and whatever the records contain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Sign
from tests.browser.site import LOST, PHONE, Site, synthetic

pytestmark = pytest.mark.browser

Serve = Callable[..., Site]
HOSTILE = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>"\'&'


def test_a_reviewer_screens_by_keyboard(serve: Serve, sign_in: Sign) -> None:
    site = serve(6)
    ben = sign_in(site, "ben")
    page = ben.screen()
    seen = []
    for key in ("i", "e", "u", "1", "2"):
        seen.append(ben.record())
        ben.press(key)
        assert ben.record() != seen[-1]
    ben.settled()
    assert [(row["source_record_id"], row["verdict"], row["reason"]) for row in site.decisions()] == [
        (seen[0], "include", None),
        (seen[1], "exclude", None),
        (seen[2], "unsure", None),
        (seen[3], "exclude", "population"),
        (seen[4], "exclude", "design"),
    ]
    assert page.inner_text("#progress-words") == "5 of 6"
    ben.press("i")
    page.get_by_role("heading", name="Nothing waits for you here").wait_for()
    ben.settled()


def test_undo_brings_the_record_back(serve: Serve, sign_in: Sign) -> None:
    site = serve(3)
    ben = sign_in(site, "ben")
    ben.screen()
    first = ben.record()
    ben.press("e")
    ben.press("z")
    assert ben.record() == first
    ben.press("i")
    ben.settled()
    verdicts = [row["verdict"] for row in site.decisions()]
    assert verdicts == ["exclude", "withdrawn", "include"]


def test_looking_back_changes_a_mind(serve: Serve, sign_in: Sign) -> None:
    site = serve(4)
    ben = sign_in(site, "ben")
    page = ben.screen()
    first = ben.record()
    ben.press("i", "i", "k", "k")
    assert ben.record() == first
    assert "Looking back, 1 of 2" in page.inner_text("#looking-back")
    ben.press("e")
    assert "Exclude" in page.inner_text("#looking-back")
    ben.press("j", "j")
    assert page.is_hidden("#looking-back")
    ben.settled()
    current = site.read("select verdict from v1.current_decision where record_id is not null order by verdict")
    assert [row["verdict"] for row in current] == ["exclude", "include"]


def test_skipped_records_come_again_and_leave_no_trace(serve: Serve, sign_in: Sign) -> None:
    site = serve(3)
    ben = sign_in(site, "ben")
    ben.screen()
    first = ben.record()
    ben.press("s", "i", "i")
    assert ben.record() == first
    ben.settled()
    assert len(site.decisions()) == 2


def test_keys_do_nothing_while_somebody_types_or_holds_ctrl(serve: Serve, sign_in: Sign) -> None:
    site = serve(3)
    ben = sign_in(site, "ben")
    page = ben.screen()
    first = ben.record()
    ben.press("n")
    page.keyboard.type("include this? e i u 1")
    assert ben.record() == first
    ben.press("Escape", "Control+i", "Alt+i")
    assert ben.record() == first
    ben.press("i")
    ben.settled()
    assert [row["note"] for row in site.decisions()] == ["include this? e i u 1"]


def test_a_key_that_is_held_down_decides_once(serve: Serve, sign_in: Sign) -> None:
    site = serve(5)
    ben = sign_in(site, "ben")
    page = ben.screen()
    for _ in range(4):
        page.keyboard.down("i")
    page.keyboard.up("i")
    ben.settled()
    assert len(site.decisions()) == 1


def test_the_next_record_is_painted_without_asking_the_server(serve: Serve, sign_in: Sign) -> None:
    ben = sign_in(serve(12), "ben")
    ben.allowed = LOST
    page = ben.screen()
    page.context.set_offline(True)
    before = ben.record()
    ben.press("i")
    assert ben.record() != before
    ben.until("performance.getEntriesByName('review:painted').length === 1")
    assert page.evaluate("performance.getEntriesByName('review:key').length") == 1
    page.context.set_offline(False)
    ben.settled()


def test_a_lost_connection_keeps_decisions_and_sends_each_once(serve: Serve, sign_in: Sign) -> None:
    site = serve(8)
    ben = sign_in(site, "ben")
    ben.allowed = LOST
    page = ben.screen()
    page.context.set_offline(True)
    ben.press("i", "e", "u")
    page.get_by_text("3 decisions wait for the connection").first.wait_for()
    assert site.decisions() == []
    page.context.set_offline(False)
    ben.settled()
    assert [row["verdict"] for row in site.decisions()] == ["include", "exclude", "unsure"]
    assert page.is_hidden("#connection")


def test_an_answer_that_is_lost_makes_no_second_decision(serve: Serve, sign_in: Sign) -> None:
    site = serve(4)
    ben = sign_in(site, "ben")
    ben.allowed = LOST
    page = ben.screen()
    sent: list[str] = []

    def swallow(route: Any) -> None:
        sent.append(route.request.post_data)
        if len(sent) == 1:
            route.fetch()  # the server has it, the page never hears of it
            route.abort()
        else:
            route.continue_()

    page.route("**/api/decisions", swallow)
    ben.press("i")
    ben.settled()
    assert len(sent) == 2
    assert sent[0] == sent[1]
    assert len(site.decisions()) == 1


def test_a_server_that_is_gone_and_comes_back_gets_every_decision(serve: Serve, sign_in: Sign) -> None:
    site = serve(8)
    ben = sign_in(site, "ben")
    ben.allowed = LOST
    page = ben.screen()
    site.stop()
    ben.press("i", "e")
    page.get_by_text("2 decisions wait for the connection").first.wait_for()
    site.start()
    page.get_by_role("button", name="Try now").click()
    ben.settled()
    assert [row["verdict"] for row in site.decisions()] == ["include", "exclude"]


def test_decisions_outlive_the_page_that_made_them(serve: Serve, sign_in: Sign) -> None:
    site = serve(6)
    ben = sign_in(site, "ben")
    page = ben.screen()
    ben.cut_off()
    ben.press("i", "e")
    page.get_by_text("2 decisions wait").first.wait_for()
    ben.connect()
    ben.open("/records")
    ben.settled()
    assert len(site.decisions()) == 2


@pytest.mark.parametrize(
    ("status", "words"),
    [(507, "The disk of the review is full"), (503, "does not answer just now"), (429, "asks for a pause")],
)
def test_the_page_says_what_holds_a_decision_up(serve: Serve, sign_in: Sign, status: int, words: str) -> None:
    site = serve(4)
    ben = sign_in(site, "ben")
    ben.allowed = LOST
    page = ben.screen()
    body = '{"error": "not now", "hint": ""}'
    page.route("**/api/decisions", lambda route: route.fulfill(status=status, body=body))
    ben.press("i")
    page.get_by_text(words).first.wait_for()
    ben.connect()
    page.get_by_role("button", name="Try now").click()
    ben.settled()
    assert len(site.decisions()) == 1


def test_a_refused_decision_is_said_and_its_record_comes_back(serve: Serve, sign_in: Sign) -> None:
    ben = sign_in(serve(4), "ben")
    ben.allowed = LOST
    page = ben.screen()
    refused = ben.record()
    body = '{"error": "that is settled", "hint": "ask the owner"}'
    page.route("**/api/decisions", lambda route: route.fulfill(status=409, body=body))
    ben.press("i")
    page.get_by_text("that is settled").first.wait_for()
    ben.connect()
    reading = ben.record()
    assert reading != refused, "what somebody reads is not swapped under their hands"
    ben.press("i")
    assert ben.record() == refused
    ben.settled()


def test_somebody_who_was_signed_out_loses_nothing(serve: Serve, sign_in: Sign) -> None:
    site = serve(5)
    ben = sign_in(site, "ben")
    ben.allowed = LOST
    page = ben.screen()
    page.context.clear_cookies()
    ben.press("i", "e")
    page.get_by_text("Signed out: sign in again, nothing is lost").first.wait_for()
    other = page.context.new_page()
    other.goto(site.invitation("ben"))
    other.get_by_role("button", name="Sign in").click()
    other.wait_for_load_state("networkidle")
    page.bring_to_front()
    ben.settled()
    assert [row["verdict"] for row in site.decisions()] == ["include", "exclude"]
    assert {row["reviewer"] for row in site.decisions()} == {"ben"}


def test_decisions_are_never_sent_as_somebody_else(serve: Serve, sign_in: Sign) -> None:
    site = serve(5)
    ben = sign_in(site, "ben")
    ben.allowed = LOST
    page = ben.screen()
    page.context.clear_cookies()
    other = page.context.new_page()
    other.goto(site.invitation("dan"))
    other.get_by_role("button", name="Sign in").click()
    other.wait_for_load_state("networkidle")
    page.bring_to_front()
    ben.press("i")
    page.get_by_text("Dan Test is signed in now").first.wait_for()
    assert site.decisions() == []


def test_hostile_records_stay_text(serve: Serve, sign_in: Sign) -> None:
    hostile = {name: HOSTILE for name in ("title", "abstract", "authors", "journal", "volume", "issue", "pages")}
    lists = {name: [HOSTILE] for name in ("mesh", "keywords", "publication_types", "registry_ids")}
    site = serve([synthetic(1, **hostile, **lists, url="javascript:window.broken=1"), synthetic(2, **hostile, **lists)])
    ben = sign_in(site, "ben")
    page = ben.screen()
    assert HOSTILE in page.inner_text("#card .title")
    assert page.query_selector("#card img, #card script") is None
    ben.press("n")
    page.keyboard.type(HOSTILE)
    ben.press("Escape", "l")
    page.keyboard.type(HOSTILE[:60])
    ben.press("Enter", "Escape", "i", "k")
    page.wait_for_timeout(300)
    ben.open("/records")
    assert page.evaluate("window.broken") is None
    assert page.query_selector("main img, main a[href^='javascript']") is None


def test_a_phone_has_a_button_for_every_verdict(serve: Serve, sign_in: Sign) -> None:
    site = serve(5)
    ben = sign_in(site, "ben", viewport=PHONE)
    page = ben.screen()
    for name in ("Include", "Exclude", "Unsure"):
        button = page.get_by_role("button", name=name, exact=True)
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44 and box["y"] + box["height"] <= 844
        page.wait_for_timeout(400)  # a tap right after the record changed was meant for the one before
        button.tap()
    ben.settled()
    assert [row["verdict"] for row in site.decisions()] == ["include", "exclude", "unsure"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_two_tabs_send_each_decision_once(serve: Serve, sign_in: Sign) -> None:
    site = serve(8)
    ben = sign_in(site, "ben")
    ben.allowed = LOST
    page = ben.screen()
    page.context.set_offline(True)
    ben.press("i", "e", "u")
    other = page.context.new_page()
    page.context.set_offline(False)
    other.goto(site.url + "/records")
    ben.settled()
    assert [row["verdict"] for row in site.decisions()] == ["include", "exclude", "unsure"]
