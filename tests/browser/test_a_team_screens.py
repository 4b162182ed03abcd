"""Two reviewers and an adjudicator screen 30 records by keyboard; flow and agreement equal an independent count."""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Callable
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Sign
from tests.browser.site import Site, Visitor, synthetic
from tests.conftest import run_review

pytestmark = pytest.mark.browser

Serve = Callable[..., Site]
KEYS = {"include": "i", "unsure": "u", "exclude": "e", "population": "1", "design": "2"}
Plan = dict[str, tuple[str, str]]  # record → (Ben's, Dan's) word: a verdict, or the code of a reason
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def plan_for(records: list[str], *, seed: int) -> Plan:
    """What each will say: mostly alike, with every kind of difference among them."""
    dice = random.Random(seed)
    pairs = [
        *[("include", "include")] * 6,
        *[("include", "unsure")] * 2,
        *[("exclude", "exclude")] * 7,
        *[("population", "design")] * 4,
        *[("design", "design")] * 5,
        *[("include", "exclude")] * 2,
        *[("population", "include")] * 2,
        *[("unsure", "design")] * 2,
    ]
    assert len(pairs) == len(records) == 30
    dice.shuffle(pairs)
    return dict(zip(records, pairs, strict=True))


def screen_all(visitor: Visitor, words: dict[str, str]) -> None:
    """Read each record's id off the page and press the key of the plan, until nothing waits."""
    page = visitor.screen()
    for _ in words:
        visitor.press(KEYS[words[visitor.record()]])
    page.get_by_role("heading", name="Nothing waits for you here").wait_for()
    visitor.settled()


def excludes(word: str) -> bool:
    return word not in ("include", "unsure")


def kappa_of(plan: Plan) -> tuple[float, float, float]:
    """Cohen's kappa with its jackknife 95 % interval, record by record and without the program's code."""

    def kappa(pairs: list[tuple[bool, bool]]) -> float:
        n = len(pairs)
        agreed = sum(one == other for one, other in pairs) / n
        first, second = (sum(pair[side] for pair in pairs) / n for side in (0, 1))
        chance = first * second + (1 - first) * (1 - second)
        return (agreed - chance) / (1 - chance)

    pairs = [(not excludes(one), not excludes(other)) for one, other in plan.values()]
    value = kappa(pairs)
    left_out = [kappa(pairs[:at] + pairs[at + 1 :]) for at in range(len(pairs))]
    mean = sum(left_out) / len(left_out)
    se = sqrt((len(pairs) - 1) / len(pairs) * sum((one - mean) ** 2 for one in left_out))
    return value, value - 1.959964 * se, value + 1.959964 * se


def team_screens(site: Site, sign_in: Sign, *, seed: int) -> None:
    """The whole way, from the first key to the flow."""
    records = sorted(row["record_id"] for row in site.read("select record_id from v1.record"))
    plan = plan_for(records, seed=seed)
    conflicts = {record for record, (one, other) in plan.items() if excludes(one) != excludes(other)}
    assert len(conflicts) == 6

    screen_all(sign_in(site, "ben"), {record: pair[0] for record, pair in plan.items()})
    screen_all(sign_in(site, "dan"), {record: pair[1] for record, pair in plan.items()})

    cyd = sign_in(site, "cyd")
    page = cyd.open("/conflicts")
    page.wait_for_selector("#place")
    ruled: dict[str, str] = {}
    for number, left in enumerate(range(len(conflicts), 0, -1)):
        page.get_by_text(f"Conflict 1 of {left} ").wait_for()
        record = str(page.get_attribute("article[data-record]", "data-record"))
        ruled[record] = "include" if number % 2 else "exclude"
        cyd.press(KEYS[ruled[record]])
    page.get_by_text("No conflict waits.").wait_for()
    cyd.settled()
    assert set(ruled) == conflicts

    # of the included, one report is not to be had; the rest are attached and read
    included = [
        record
        for record, (one, _) in plan.items()
        if (ruled[record] == "include" if record in ruled else not excludes(one))
    ]
    missing, *there = sorted(included)
    paper = site.root.parent / "paper.pdf"
    paper.write_bytes(PDF)
    said = run_review(
        ["--as", "ben", "screen", "not-retrieved", missing, "--reason", "no answer from the authors"], cwd=site.root
    )
    assert said.returncode == 0, said.stderr
    for record in there:
        said = run_review(["--as", "ben", "screen", "attach", record, str(paper)], cwd=site.root)
        assert said.returncode == 0, said.stderr
    full = {record: "design" if place % 3 == 0 else "include" for place, record in enumerate(there)}
    for person in ("ben", "dan"):
        visitor = sign_in(site, person)
        page = visitor.screen("full_text")
        for _ in full:
            visitor.press(KEYS[full[visitor.record()]])
        page.get_by_role("heading", name="Nothing waits for you here").wait_for()
        visitor.settled()

    check_agreement(sign_in(site, "cyd"), plan)
    check_flow(sign_in(site, "cyd"), plan, ruled, missing, full)


def check_agreement(visitor: Visitor, plan: Plan) -> None:
    rows = visitor.page.request.get(f"{visitor.site.url}/api/agreement").json()["rows"]
    (row,) = [row for row in rows if row["stage"] == "title_abstract"]
    value, low, high = kappa_of(plan)
    assert row["n"] == 30
    assert row["kappa"] == pytest.approx(value, abs=1e-9)
    assert (row["kappa_lo"], row["kappa_hi"]) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))
    # and as the page shows it
    page = visitor.open("/numbers")
    shown = f"{value:.2f} ({low:.2f} to {high:.2f})".replace("-", "−")
    page.get_by_text(shown).first.wait_for()


def check_flow(visitor: Visitor, plan: Plan, ruled: dict[str, str], missing: str, full: dict[str, str]) -> None:
    """The boxes, counted from the plan alone."""
    sought = len(full) + 1
    expected = Counter(
        {
            "screened": 30,
            "excluded_human": 30 - sought,
            "sought": sought,
            "not_retrieved": 1,
            "assessed": len(full),
            "excluded_reports": sum(word == "design" for word in full.values()),
            "new_reports": sum(word == "include" for word in full.values()),
        }
    )
    assert expected["excluded_human"] == sum(
        ruled[record] == "exclude" if record in ruled else excludes(one) for record, (one, _) in plan.items()
    )
    rows = visitor.page.request.get(f"{visitor.site.url}/api/flow").json()["rows"]
    found = Counter({name: 0 for name in expected})
    for row in rows:
        if row["item"] in expected and row["status"] == "counted":
            found[row["item"]] += row["n"]
    assert found == expected
    page = visitor.open("/flow")
    body = page.inner_text("main")
    assert "Counts do not add up" not in body
    assert "not retrieved" in body.lower()


def test_two_reviewers_and_an_adjudicator_screen_thirty_records(serve: Serve, sign_in: Sign) -> None:
    team_screens(serve(30), sign_in, seed=5)


def jeyaraman(folder: Path) -> list[dict[str, Any]]:
    """The first 30 records with a title and an abstract, as changes of synthetic records."""
    with (folder / "screening" / "Jeyaraman_2020.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["title"] and row["abstract"]]
    return [
        synthetic(
            number,
            title=row["title"],
            abstract=row["abstract"],
            year=int(row["year"] or 0) or None,
            doi=row["doi"].removeprefix("https://doi.org/") or None,
            pmid=row["pmid"].rstrip("/").rpartition("/")[2] or None,
            mesh=[one for one in row["mesh"].split("; ") if one],
        )
        for number, row in enumerate(rows[:30], start=1)
    ]


@pytest.mark.shared
def test_a_team_screens_thirty_records_of_a_real_review(serve: Serve, sign_in: Sign, shared_data: Path) -> None:
    team_screens(serve(jeyaraman(shared_data)), sign_in, seed=7)
