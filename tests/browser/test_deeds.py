"""Deeds beside screening: settling and taking back, clicks that were not meant, criteria everywhere, kept notes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from review.database import open_store
from review.project import load_project
from review.screening import retrieval
from review.screening.decisions import decide
from review.team.protocol import record_protocol
from tests.browser.conftest import Sign
from tests.browser.site import PHONE, Site, Visitor, serving, synthetic, with_work_done

pytestmark = pytest.mark.browser

Serve = Callable[..., Site]
LONG = "Unbroken" + "x" * 190
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def at_full_text(root: Path) -> None:
    """One report, included by everybody and attached."""
    project = load_project(root)
    store = open_store(project.database_path)
    record_protocol(store, project)
    record = store.read("select record_id from v1.record order by record_id")["record_id"][0]
    for person in ("ben", "dan"):
        decide(store, project, record=record, reviewer=person, stage="title_abstract", verdict="include")
    retrieval.attach(store, project, record=record, who="ben", name="paper.pdf", content=PDF)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory, blank_database: Path) -> Iterator[Site]:
    """A review in which something has happened, with titles that do not break; these tests only look."""
    records = [synthetic(number, title=LONG) for number in range(1, 13)]
    records += [synthetic(number, title=f"{LONG} of the same", doi=None, pmid=None) for number in range(13, 15)]
    folder = tmp_path_factory.mktemp("deeds") / "review"
    with serving(folder, records, blank=blank_database, before=with_work_done) as site:
        yield site


def rulings(site: Site) -> list[str]:
    return [row["verdict"] for row in site.read("select verdict from screening.adjudication order by arrival")]


def test_an_adjudicator_takes_the_last_word_back(serve: Serve, sign_in: Sign) -> None:
    site = serve(12, before=with_work_done)
    cyd = sign_in(site, "cyd")
    page = cyd.open("/conflicts")
    page.get_by_text("Conflict 1 of 2").wait_for()
    assert page.get_by_role("button", name="Ask both again").count() == 0
    cyd.press("r")
    record = page.get_attribute("article[data-record]", "data-record")
    cyd.press("i")
    page.get_by_text("Conflict 1 of 1").wait_for()
    cyd.press("z")
    page.get_by_text("Conflict 1 of 2").wait_for()
    assert page.get_attribute("article[data-record]", "data-record") == record
    cyd.settled()
    assert rulings(site) == ["include", "reopened"]


def test_what_was_adjudicated_is_shown_on_its_record_and_can_be_reopened(serve: Serve, sign_in: Sign) -> None:
    site = serve(12, before=with_work_done)
    cyd = sign_in(site, "cyd")
    page = cyd.open("/conflicts")
    page.get_by_text("Conflict 1 of 2").wait_for()
    record = page.get_attribute("article[data-record]", "data-record")
    cyd.press("i")
    cyd.settled()
    cyd.open(f"/records/{record}?stage=title_abstract")
    page.get_by_role("heading", name="Adjudicated").wait_for()
    page.get_by_role("button", name="Reopen").click()
    page.get_by_role("heading", name="Adjudicated").wait_for(state="detached")
    cyd.settled()
    assert rulings(site) == ["include", "reopened"]


def test_a_double_click_decides_once(serve: Serve, sign_in: Sign) -> None:
    site = serve(5)
    ben = sign_in(site, "ben")
    page = ben.screen()
    page.wait_for_timeout(400)
    page.locator("[data-deed=include]").dblclick()
    ben.settled()
    assert len(site.decisions()) == 1


def test_enter_that_rests_on_a_button_decides_once(serve: Serve, sign_in: Sign) -> None:
    site = serve(5)
    ben = sign_in(site, "ben")
    page = ben.screen()
    page.wait_for_timeout(400)
    page.locator("[data-deed=include]").focus()
    for _ in range(3):
        page.keyboard.down("Enter")
        page.wait_for_timeout(400)
    page.keyboard.up("Enter")
    ben.settled()
    assert len(site.decisions()) == 1


@pytest.mark.parametrize(("person", "path"), [("cyd", "/conflicts"), ("ben", "/numbers"), ("eve", "/flow")])
def test_c_opens_the_criteria_on_every_page(busy: Site, sign_in: Sign, person: str, path: str) -> None:
    visitor = sign_in(busy, person)
    page = visitor.open(path)
    visitor.press("c")
    page.locator("#criteria-text").get_by_text("Excluded because").wait_for()
    visitor.press("Escape")
    assert page.is_hidden("#criteria")


def test_a_phone_has_the_criteria_at_hand(busy: Site, sign_in: Sign) -> None:
    ben = sign_in(busy, "ben", viewport=PHONE)
    page = ben.screen()
    page.evaluate("scrollTo(0, 400)")
    button = page.locator("header").get_by_role("button", name="Criteria")
    box = button.bounding_box()
    assert box is not None and box["y"] >= 0 and box["y"] + box["height"] < 100
    button.tap()
    page.locator("#criteria-text").get_by_text("Excluded because").wait_for()
    page.get_by_text("? stands for one letter").wait_for()


def test_a_typed_note_outlives_a_reload(serve: Serve, sign_in: Sign) -> None:
    site = serve(3)
    ben = sign_in(site, "ben")
    page = ben.screen()
    record = ben.record()
    ben.press("n")
    page.keyboard.type("half a tho")
    page.reload()
    page.wait_for_selector("#card .title")
    assert ben.record() == record
    assert page.input_value("#note") == "half a tho"
    ben.press("i")
    ben.settled()
    assert [row["note"] for row in site.decisions()] == ["half a tho"]


def test_signing_in_leads_to_the_work(busy: Site, sign_in: Sign) -> None:
    assert sign_in(busy, "ben").page.url.endswith("/screen")
    assert sign_in(busy, "cyd").page.url == f"{busy.url}/"


def test_p_brings_the_pdf_into_view(serve: Serve, sign_in: Sign) -> None:
    ben = sign_in(serve(2, before=at_full_text), "ben")
    ben.allowed = ("net::ERR_ABORTED",)
    page = ben.screen("full_text")
    ben.press("p")
    page.wait_for_selector("iframe.pdf")
    box = page.locator("iframe.pdf").bounding_box()
    assert box is not None and 0 <= box["y"] < 200
    assert page.evaluate("document.activeElement.className") == "reader"
    ben.press("p")
    assert page.locator("iframe.pdf").count() == 0


DROP = """([selector, name, text]) => {
  const carried = new DataTransfer();
  carried.items.add(new File([text], name, { type: "application/pdf" }));
  const place = document.querySelector(selector);
  for (const kind of ["dragenter", "dragover", "drop"])
    place.dispatchEvent(new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true }));
}"""


def test_a_pdf_that_is_dropped_is_kept_under_its_hash(serve: Serve, sign_in: Sign) -> None:
    site = serve(2, before=at_full_text)
    page = sign_in(site, "ben").screen("full_text")
    other = PDF.decode() + "% another\n"
    page.evaluate(DROP, [".drop", "dropped.pdf", other])
    page.get_by_role("link", name="dropped.pdf").wait_for()
    name = hashlib.sha256(other.encode()).hexdigest() + ".pdf"
    assert (site.root / "full_texts" / name).read_bytes() == other.encode()


def test_a_file_that_is_no_pdf_or_misses_the_place_changes_nothing(serve: Serve, sign_in: Sign) -> None:
    site = serve(2, before=at_full_text)
    ben = sign_in(site, "ben")
    ben.allowed = ("status of 400",)
    page = ben.screen("full_text")
    page.evaluate(DROP, [".drop", "words.pdf", "only words"])
    page.get_by_role("region", name="Notices").get_by_text("words.pdf is not stored").wait_for()
    page.evaluate(DROP, ["main", "missed.pdf", PDF.decode() + "% missed\n"])
    assert page.url.startswith(f"{site.url}/screen")
    assert [path.suffix for path in (site.root / "full_texts").iterdir()] == [".pdf"]


def test_a_label_is_put_on_and_taken_off(serve: Serve, sign_in: Sign) -> None:
    site = serve(2)
    ben = sign_in(site, "ben")
    page = ben.screen()
    record = ben.record()
    page.fill("#label", "animal")
    page.keyboard.press("Enter")
    ben.settled()
    labels = f"select label from v1.current_label where record_id = '{record}'"
    assert [row["label"] for row in site.read(labels)] == ["animal"]
    page.get_by_role("button", name="Remove the label animal").click()
    ben.settled()
    assert site.read(labels) == []
    ben.screen()
    assert page.get_by_role("button", name="Remove the label animal").count() == 0


@pytest.mark.parametrize("path", ["/records", "/records/{record}", "/reports", "/conflicts", "/duplicates", "/team"])
def test_titles_that_do_not_break_make_no_page_wide(busy: Site, sign_in: Sign, path: str) -> None:
    ana = sign_in(busy, "ana", viewport=PHONE)
    record = busy.read("select record_id from v1.record order by 1 limit 1")[0]["record_id"]
    page = ana.open(path.format(record=record))
    for width in (PHONE["width"], 768, 1024):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_message_lies_over_nothing_that_is_read(serve: Serve, sign_in: Sign) -> None:
    ben = sign_in(serve(4), "ben")
    page = ben.screen()
    ben.press("i", "z")
    message = page.locator(".message").bounding_box()
    card = page.locator("#card").bounding_box()
    assert message is not None and card is not None
    assert message["y"] + message["height"] <= card["y"]


def test_the_reports_are_found_by_words(busy: Site, sign_in: Sign) -> None:
    page = sign_in(busy, "ben").open("/reports")
    rows = page.locator(".list > li")
    assert rows.count() > 1
    assert "Journal of Synthetic Trials" in rows.first.inner_text()
    page.get_by_label("Words").fill("no such word")
    page.get_by_text("No report fits.").wait_for()


def test_owed_rows_are_said_to_overlap(busy: Site, sign_in: Sign) -> None:
    page = sign_in(busy, "cyd").open("/numbers")
    page.get_by_text("waits for several people counts for each of them").wait_for()


def interval_of(visitor: Visitor, row: dict[str, Any]) -> str:
    page = visitor.page
    page.route("**/api/agreement", lambda route: route.fulfill(json={"rows": [row]}))
    visitor.open("/numbers")
    return str(page.locator("section", has_text="Cohen's").inner_text())


def test_an_interval_that_is_not_defined_says_so(busy: Site, sign_in: Sign) -> None:
    row = {"stage": "title_abstract", "reviewer_1": "ben", "reviewer_2": "dan", "n": 2, "observed": 1.0, "kappa": 1.0}
    said = interval_of(sign_in(busy, "cyd"), {**row, "kappa_lo": None, "kappa_hi": None})
    assert "1.00 (interval not defined)" in said
    assert "null" not in said
