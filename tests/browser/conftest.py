"""Chromium, a served review, and people signed in to it: for tests that see what a reviewer sees.

Everything is of one module's life at most: the browser's driver runs an event loop in this process, beside which the
other tests' own loops cannot run.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.browser.site import DESKTOP, FLAGS, Site, Visitor, serving, synthetic, visit

Sign = Callable[..., Visitor]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium; the tests skip where it or playwright is absent."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with driver.sync_playwright() as started:
        found = started.chromium.launch(executable_path=program, args=list(FLAGS))
        yield found
        found.close()


@pytest.fixture
def serve(tmp_path: Path, blank_database: Path) -> Iterator[Callable[..., Site]]:
    """Serves a review for this test: `serve(12)` has twelve synthetic records, `serve([...])` these."""
    with ExitStack() as until_the_end:

        def start(records: int | list[dict[str, Any]] = 12, **options: Any) -> Site:
            rows = [synthetic(number) for number in range(1, records + 1)] if isinstance(records, int) else records
            return until_the_end.enter_context(serving(tmp_path / "review", rows, blank=blank_database, **options))

        yield start


@pytest.fixture
def sign_in(browser: Any) -> Iterator[Sign]:
    """Signs people in: `sign_in(site, "ben")`. At the end each must have asked this machine only, without complaint."""
    visitors: list[Visitor] = []

    def enter(site: Site, person: str, *, viewport: dict[str, int] = DESKTOP, scheme: str = "light") -> Visitor:
        visitors.append(visit(browser, site, person, viewport=viewport, scheme=scheme))
        return visitors[-1]

    yield enter
    for visitor in visitors:
        visitor.page.context.close()
    for visitor in visitors:
        visitor.check()
