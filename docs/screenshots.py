"""Takes the pictures of the site's pages: `python docs/screenshots.py`, with Debian's Chromium and playwright.

Each page at the width of a desk and of a phone, of the simulated example with some records more that wait. They
stand in docs/screenshots, and docs/guides/screen-in-the-browser.md shows them.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PIL import Image
from playwright.sync_api import sync_playwright

from review.database import open_store
from review.flows.demo import example
from review.project import load_project
from review.screening import calibration, decisions, labels, queue
from review.team.protocol import record_protocol
from tests.browser.site import DESKTOP, FLAGS, PHONE, Site, Visitor, synthetic, visit
from tests.screening.records import bring

FOLDER = Path(__file__).with_name("screenshots")
# who looks at what; {record} and {study} are filled in
PAGES = (
    ("ben", "screen", "/screen"),
    ("ben", "screen-full-text", "/screen?stage=full_text"),
    ("ben", "records", "/records"),
    ("ben", "record", "/records/{record}"),
    ("cleo", "conflicts", "/conflicts"),
    ("ben", "reports", "/reports"),
    ("cleo", "numbers", "/numbers"),
    ("ben", "numbers-blind", "/numbers"),
    ("anna", "calibration", "/calibration"),
    ("anna", "duplicates", "/duplicates"),
    ("ben", "studies", "/studies"),
    ("ben", "study", "/studies/{study}"),
    ("anna", "team", "/team"),
    ("dora", "query", "/query"),
    ("cleo", "status", "/"),
    ("cleo", "evidence", "/evidence"),
    ("cleo", "flow", "/flow"),
    ("cleo", "gap-map", "/gap-map"),
)


def main() -> int:
    """Write the pictures; how many."""
    program = shutil.which("chromium")
    if program is None:
        print("chromium is not installed: apt-get install chromium", file=sys.stderr)
        return 1
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        root = Path(folder) / "example"
        names = _make(root)
        site = Site(root)
        site.start()
        browser = started.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            for size, viewport in (("desk", DESKTOP), ("phone", PHONE)):
                visitors: dict[str, Visitor] = {}
                for person, name, path in PAGES:
                    if person not in visitors:
                        visitors[person] = visit(browser, site, person, viewport=viewport, scheme="light")
                    page = visitors[person].open(path.format(**names))
                    page.wait_for_timeout(400)
                    _keep(page.screenshot(), FOLDER / f"{name}-{size}.png")
                stranger = browser.new_page(viewport=viewport)
                stranger.goto(site.invitation("ben"))
                _keep(stranger.screenshot(), FOLDER / f"sign-in-{size}.png")
            dark = visit(browser, site, "ben", viewport=DESKTOP, scheme="dark")
            dark.screen()
            _keep(dark.page.screenshot(), FOLDER / "screen-dark-desk.png")
        finally:
            browser.close()
            site.stop()
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}")
    return 0


def _make(root: Path) -> dict[str, str]:
    """The simulated example, with an analyst, and with records that wait, differ, and are calibrated on."""
    example(root, show=lambda _: None, say=lambda _: None)
    protocol = root / "review.toml"
    text = protocol.read_text("utf-8")
    analyst = '[[reviewers]]\nid = "dora"\nname = "Dora (simulated)"\nrole = "analyst"\n\n'
    protocol.write_text(text.replace("[criteria]\n", analyst + "[criteria]\n", 1), "utf-8")
    project = load_project(root)
    store = open_store(project.database_path)
    with store.holding():
        record_protocol(store, project)
        rows = [synthetic(number) for number in range(901, 925)]
        bring(store, rows, name="more")
        calibration.open_round(store, project, by="anna", records=2)
        for place, record in enumerate(queue.queue(store, project, reviewer="ben")[:9]):
            for person, verdict in (("ben", "include"), ("anna", "exclude" if place % 3 == 2 else "include")):
                decisions.decide(
                    store,
                    project,
                    record=record,
                    reviewer=person,
                    stage="title_abstract",
                    verdict=verdict,
                    note="SIMULATED",
                )
        record = queue.queue(store, project, reviewer="ben")[0]
        labels.put_label(store, project, record=record, reviewer="ben", label="dose")
        study = store.read("select study_id from v1.study order by 1 limit 1")["study_id"][0]
    return {"record": record, "study": str(study)}


def _keep(picture: bytes, path: Path) -> None:
    """Write the picture in few colours: a page of text needs no more, and git keeps it for ever."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
