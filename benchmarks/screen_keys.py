"""From the key to the next record painted, in Chromium, beside a page that asks the server only after the key.

    .venv-bench/bin/python benchmarks/screen_keys.py [--records 10000 100000] [--keys 60]

SYNTHETIC records. The screening page marks the moment of the key and the moment after the frame in which the next
record stands. The other way is the same page with /screen?prefetch=0, against the same server: nothing is held ahead,
and the next record is asked for when the key is pressed. Needs Debian's chromium and playwright.
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
                ahead = _took(visit(browser, site, "r1", viewport=DESKTOP, scheme="light"), "/screen", asked.keys)
                other = visit(browser, site, "r2", viewport=DESKTOP, scheme="light")
                after = _took(other, "/screen?prefetch=0", asked.keys)
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


def _took(visitor: Any, path: str, keys: int) -> list[float]:
    """Milliseconds of each key; a key is pressed a quarter of a second after the record before was there."""
    page = visitor.open(path)
    for place in range(keys):
        page.wait_for_selector("#card .title")
        page.wait_for_timeout(250)
        visitor.press("ieu"[place % 3])
        visitor.until(f"performance.getEntriesByName('review:painted').length === {place + 1}")
    visitor.settled()
    marks = page.evaluate(
        "['review:key', 'review:painted'].map(name => performance.getEntriesByName(name).map(one => one.startTime))"
    )
    return [painted - key for key, painted in zip(*marks, strict=True)]


def _most(values: list[float]) -> float:
    return sorted(values)[int(0.95 * len(values))]


if __name__ == "__main__":
    sys.exit(main())
