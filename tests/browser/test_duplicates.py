"""The page of pairs that may be one publication: linked by form, taken back, also after a reload."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Sign
from tests.browser.site import Site, Visitor, synthetic

pytestmark = pytest.mark.browser

Serve = Callable[..., Site]

TITLE = "Adipose stromal cells for knee osteoarthritis: a randomised comparison with saline"


def alike() -> list[dict[str, Any]]:
    """Two records of one DOI under two PMIDs, and others."""
    twins = [synthetic(number, title=TITLE, doi="10.5555/twin") for number in (1, 2)]
    return [*twins, *(synthetic(number) for number in range(3, 9))]


def a_pair(visitor: Visitor) -> None:
    visitor.open("/duplicates")
    visitor.page.get_by_role("button", name="Same publication: merge").wait_for()


def records(site: Site) -> int:
    return len(site.read("select record_id from v1.record"))


def test_a_pair_is_linked_by_the_form_and_both_records_stay(serve: Serve, sign_in: Sign) -> None:
    site = serve(alike())
    ana = sign_in(site, "ana")
    a_pair(ana)
    page = ana.page
    page.get_by_text("Two publications that belong together").click()
    page.get_by_label("Which").select_option("b")
    page.get_by_label("What").select_option("reply_to")
    page.get_by_role("button", name="Link them").click()
    page.get_by_text("No pair waits for you.").wait_for()
    ana.settled()
    links = site.read("select kind from v1.record_link")
    assert [row["kind"] for row in links] == ["reply_to"]
    assert records(site) == 8
    # what was linked does not come again, and can be taken back
    ana.open("/duplicates")
    page.get_by_text("No pair waits for you.").wait_for()
    ana.press("z")
    page.get_by_role("button", name="Same publication: merge").wait_for()
    ana.settled()
    assert site.read("select kind from v1.record_link") == []


def test_a_merge_is_taken_back_after_a_reload(serve: Serve, sign_in: Sign) -> None:
    site = serve(alike())
    ana = sign_in(site, "ana")
    a_pair(ana)
    ana.press("m")
    ana.page.get_by_text("No pair waits for you.").wait_for()
    ana.settled()
    assert records(site) == 7
    ana.open("/duplicates")
    ana.page.get_by_role("button", name="Undo the last answer").click()
    ana.page.get_by_role("button", name="Same publication: merge").wait_for()
    ana.settled()
    assert records(site) == 8
