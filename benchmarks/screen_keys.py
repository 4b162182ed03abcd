"""From the key to the next record painted, in Chromium, beside a page that asks the server only after the key.

    .venv-bench/bin/python benchmarks/screen_keys.py [--records 10000 100000] [--keys 60]

SYNTHETIC records. The screening page marks the moment of the key and the moment after the frame in which the next
record stands. The other way, in the same browser against the same server: on the key the decision is sent, then the
next card is asked for, then painted. Needs Debian's chromium and playwright.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import sync_playwright
from synthetic_team import make_review

from tests.browser.site import DESKTOP, FLAGS, Site, visit

_GOAL = 50.0  # milliseconds
# a page of the older kind: nothing is ahead, so each key waits for two answers
_AFTER_THE_KEY = """
async (count) => {
  const me = await (await fetch("api/me")).json();
  const ask = async () => (await (await fetch("api/queue?stage=title_abstract&limit=1")).json()).cards[0];
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const place = document.createElement("article");
  document.body.prepend(place);
  let card = await ask();
  const took = [];
  for (let at = 0; at < count; at += 1) {
    const begun = performance.now();
    const body = { id: crypto.randomUUID(), record: card.record, stage: "title_abstract", verdict: "exclude" };
    const headers = { "content-type": "application/json", "x-review-token": me.csrf };
    const said = await fetch("api/decisions", { method: "POST", headers, body: JSON.stringify(body) });
    if (!said.ok) throw new Error(await said.text());
    card = await ask();
    const text = (pieces) => pieces.map((piece) => piece[0]).join("");
    place.textContent = text(card.title) + card.abstract.map((part) => text(part.parts)).join(" ");
    await frame();
    took.push(performance.now() - begun);
  }
  return took;
}
"""


def main() -> int:
    """Print both medians for each size; 1 when the screening page's is over the goal."""
    words = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    words.add_argument("--records", type=int, nargs="*", default=[10_000, 100_000])
    words.add_argument("--keys", type=int, default=60)
    asked = words.parse_args()
    program = shutil.which("chromium")
    if program is None:
        print("chromium is not installed: apt-get install chromium", file=sys.stderr)
        return 1
    missed = False
    print("records | ms from key to next record: median, 95 % | asked after the key: median, 95 % | ratio | SYNTHETIC")
    for records in asked.records:
        with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
            site = Site(make_review(Path(folder) / "review", records=records, reviewers=2))
            site.start()
            browser = started.chromium.launch(executable_path=program, args=list(FLAGS))
            try:
                ahead = _ahead(visit(browser, site, "r1", viewport=DESKTOP, scheme="light"), asked.keys)
                other = visit(browser, site, "r2", viewport=DESKTOP, scheme="light")
                other.open("/numbers")
                after = other.page.evaluate(_AFTER_THE_KEY, asked.keys)
            finally:
                browser.close()
                site.stop()
        middle, beside = statistics.median(ahead), statistics.median(after)
        print(
            f"{records} | {middle:.1f}, {_most(ahead):.1f} ({len(ahead)} keys) | {beside:.1f}, {_most(after):.1f} | "
            f"{middle / beside:.3f}",
            flush=True,
        )
        missed |= middle > _GOAL
    return 1 if missed else 0


def _ahead(visitor: Any, keys: int) -> list[float]:
    """Milliseconds of each key at the screening page; a key every quarter of a second, faster than anybody reads."""
    page = visitor.screen()
    for place in range(keys):
        visitor.press("ieu"[place % 3])
        page.wait_for_timeout(250)
    visitor.settled()
    marks = page.evaluate(
        "['review:key', 'review:painted'].map(name => performance.getEntriesByName(name).map(one => one.startTime))"
    )
    return [painted - key for key, painted in zip(*marks, strict=True)]


def _most(values: list[float]) -> float:
    return sorted(values)[int(0.95 * len(values))]


if __name__ == "__main__":
    sys.exit(main())
