"""A review that is served for a browser: its records, `review serve` as a process of its own, and who is signed in."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from review.database import LocalStore, open_store
from review.project import load_project
from review.screening import retrieval
from review.screening.decisions import decide
from review.team.protocol import record_protocol
from tests.conftest import REPOSITORY, REVIEW_TOML, run_review, shell_environment, write_review
from tests.screening.records import bring

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# what a browser complains of when its connection is gone
LOST = ("net::ERR_", "Failed to load resource")

# ana owns, ben and dan screen, cyd adjudicates, eve asks in SQL
TEAM_TOML = REVIEW_TOML.replace(
    "[criteria]\n",
    '[[reviewers]]\nid = "dan"\nname = "Dan Test"\nrole = "reviewer"\n\n'
    '[[reviewers]]\nid = "eve"\nname = "Eve Test"\nrole = "analyst"\n\n[criteria]\n',
    1,
).replace('include = ["injection"]', 'include = ["injection", "randomi?ed"]\nexclude = ["rats"]', 1)

ABSTRACT = (
    "BACKGROUND: Knee pain is common, and what is offered for it helps few people for long.\n"
    "METHODS: In this randomised trial 120 adults were assigned to one injection of the test product or of saline. "
    "Earlier work in rats had suggested an effect.\n"
    "RESULTS: Pain fell by 24.1 points in one group and by 19.8 points in the other.\n"
    "CONCLUSIONS: A single injection did not do more than saline."
)


def synthetic(number: int, **changes: object) -> dict[str, Any]:
    """The changes that make synthetic record *number* look like one of PubMed, for `bring`."""
    return {
        "number": number,
        "title": f"Synthetic trial {number}: test injection for knee pain in adults",
        "abstract": ABSTRACT,
        "journal": "Journal of Synthetic Trials",
        "year": 2020,
        "pmid": str(90_000_000 + number),
        "doi": f"10.5555/synthetic.{number}",
        "authors": "Test A; Test B",
        "mesh": ["Osteoarthritis, Knee"],
        "publication_types": ["Randomized Controlled Trial"],
        **changes,
    }


@dataclass
class Site:
    """A served review. `stop()` takes the server away and `start()` brings it back at the same port."""

    root: Path
    port: int = 0
    _process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where it is served."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """`review serve`; returns once it answers."""
        command = [sys.executable, "-m", "review", "--project", str(self.root), "serve", "--port", str(self.port)]
        environment = {**shell_environment(), "PYTHONPATH": str(REPOSITORY), "REVIEW_THREADS": "1"}
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        lines: queue.Queue[str] = queue.Queue()
        # read on to the end: a server whose pipe is full would wait for us
        threading.Thread(target=_listen, args=(process, lines), daemon=True).start()
        first = lines.get(timeout=60)
        assert first.startswith("Serving on"), first
        self.port = int(first.partition("127.0.0.1:")[2].partition("/")[0])
        self._process = process

    def stop(self) -> None:
        """End the server as Ctrl-C does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=30)
            assert self._process.stderr is not None
            self._process = None

    def invitation(self, person: str) -> str:
        """The address that signs *person* in, made beside the running server by the command line."""
        done = run_review(["--project", str(self.root), "reviewer", "invite", person], cwd=self.root)
        assert done.returncode == 0, done.stderr
        return f"{self.url}/sign-in?token={done.stdout.strip().partition('token=')[2]}"

    def read(self, sql: str) -> list[dict[str, Any]]:
        """Rows, read through the running server."""
        return open_store(self.root / "review.duckdb").read(sql).to_dicts()

    def decisions(self) -> list[dict[str, Any]]:
        """Every decision event, in the order of arrival."""
        return self.read(
            "select decision_id, source_record_id, stage, reviewer, verdict, reason, note "
            "from screening.decision order by arrival"
        )


def _listen(process: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    assert process.stderr is not None
    with process.stderr as words:
        for line in words:
            lines.put(line)
    lines.put("(the server ended)")


@contextmanager
def serving(
    folder: Path,
    records: Sequence[Mapping[str, Any]],
    *,
    blank: Path,
    text: str = TEAM_TOML,
    before: Callable[[Path], None] | None = None,
) -> Iterator[Site]:
    """A project in *folder* with these records, served until the end. *blank*: a database file to begin with.

    *before* is called with the project's folder before the server takes the database.
    """
    root = write_review(folder, text=text)
    (root / "review.duckdb").write_bytes(blank.read_bytes())
    if records:
        bring(LocalStore(root / "review.duckdb"), records)
    if before is not None:
        before(root)
    site = Site(root)
    site.start()
    try:
        yield site
    finally:
        site.stop()


@dataclass
class Visitor:
    """Somebody in a browser of their own. What it asked for and complained of is kept for the test's end."""

    site: Site
    person: str
    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    # a lost connection and an answer of 4xx or 5xx are complaints of the browser too: tests that cause them say so
    allowed: tuple[str, ...] = ()

    def open(self, path: str) -> Any:
        """Open a page and wait until it stands."""
        self.page.goto(self.site.url + path)
        self.page.wait_for_load_state("networkidle")
        return self.page

    def press(self, *keys: str) -> None:
        """Press keys, one after another."""
        for key in keys:
            self.page.keyboard.press(key)

    def screen(self, stage: str = "title_abstract") -> Any:
        """Open the screening page and wait for the first record."""
        self.open("/screen" if stage == "title_abstract" else f"/screen?stage={stage}")
        self.page.wait_for_selector("#card .title")
        return self.page

    def record(self) -> str:
        """The record that is on the screen."""
        return str(self.page.get_attribute("#card article", "data-record"))

    def settled(self) -> None:
        """Wait until everything that was decided is acknowledged."""
        self.until("Object.keys(localStorage).every(key => !key.startsWith('review/outbox/'))")

    def until(self, expression: str, *, seconds: float = 30) -> None:
        """Wait until *expression* is true in the page. (Playwright's own wait needs `eval`, which the page forbids.)"""
        end = time.monotonic() + seconds
        while not self.page.evaluate(expression):
            assert time.monotonic() < end, f"after {seconds} s it is not so that {expression}"
            self.page.wait_for_timeout(25)

    def cut_off(self) -> None:
        """No decision reaches the server from now on; `connect` ends that."""
        self.allowed = LOST
        self.page.route("**/api/decisions", lambda route: route.abort())

    def connect(self) -> None:
        """Whatever stood between decisions and the server is gone."""
        self.page.unroute("**/api/decisions")

    def check(self) -> None:
        """No request left this machine, and the browser complained of nothing that was not allowed."""
        for address in self.requests:
            parts = urlsplit(address)
            assert parts.scheme in ("data", "blob", "chrome-extension", "about") or parts.hostname == "127.0.0.1", (
                f"the page of {self.person} asked {address}"
            )
        left = [words for words in self.complaints if not any(part in words for part in self.allowed)]
        assert not left, left


def visit(browser: Any, site: Site, person: str, *, viewport: dict[str, int], scheme: str) -> Visitor:
    """*person*, signed in by the button of the invitation page."""
    small = viewport["width"] < 600
    context = browser.new_context(viewport=viewport, color_scheme=scheme, is_mobile=small, has_touch=small)
    page = context.new_page()
    visitor = Visitor(site, person, page)
    page.on("request", lambda request: visitor.requests.append(request.url))
    page.on(
        "console",
        lambda said: visitor.complaints.append(said.text) if said.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda problem: visitor.complaints.append(f"uncaught: {problem}"))
    page.goto(site.invitation(person))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state("networkidle")
    return visitor


def with_work_done(root: Path) -> None:
    """Give a review of twelve records or more something to show: agreement, a conflict, reports, labels, a round."""
    project = load_project(root)
    store = open_store(project.database_path)
    record_protocol(store, project)
    rows = store.read("select record_id from v1.record order by record_id")["record_id"].to_list()
    verdicts = {"ben": "iiieeeuei", "dan": "iieeeeuii"}
    words = {"i": "include", "e": "exclude", "u": "unsure"}
    for person, said in verdicts.items():
        for record, letter in zip(rows, said, strict=False):
            decide(
                store,
                project,
                record=record,
                reviewer=person,
                stage="title_abstract",
                verdict=words[letter],
                reason="design" if letter == "e" else None,
                note="a note of " + person if letter == "u" else None,
            )
    retrieval.order(store, project, record=rows[0], who="ben", source="the library")
    retrieval.not_retrieved(store, project, record=rows[1], who="ben", reason="no answer from anybody")
