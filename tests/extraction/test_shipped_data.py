"""The shipped review's data: every row loads, every figure is in its print, and the counts are those of the seed."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from review.database import LocalStore
from review.extraction.checks import study_findings
from review.extraction.extracted import Extracted, read_extracted
from review.extraction.load import load
from review.extraction.printed import figures
from review.project import load_project
from tests.conftest import REPOSITORY

SEED_ROWS = 815
SEED_TRIALS = 219


@pytest.fixture(scope="module")
def shipped() -> Extracted:
    return read_extracted(REPOSITORY / "extracted", root=REPOSITORY)


def test_every_seed_trial_and_row_is_there(shipped: Extracted) -> None:
    # two pairs of reports of one trial each were merged
    assert len(shipped.studies) == SEED_TRIALS - 2
    rows = [row for study in shipped.studies for reading in study.readings for row in reading.results]
    assert len(rows) == SEED_ROWS
    assert Counter(row.form.name for row in rows) == {
        "continuous": 558,
        "adverse_events": 115,
        "binary": 107,
        "contrasts": 35,
    }


def test_levels_are_those_of_the_sources(shipped: Extracted) -> None:
    counts: Counter[str] = Counter()
    for study in shipped.studies:
        levels = {source["source_id"]: source["level"] for source in study.sources}
        counts.update(levels[row["source_id"]] for reading in study.readings for row in reading.results)
    assert counts == {"primary": 721, "secondary": 94}


def test_nobody_has_to_look_at_anything(shipped: Extracted) -> None:
    found = [finding for study in shipped.studies for finding in study_findings(study)]
    assert [finding for finding in found if not finding.looked_at] == []
    # the published exceptions: a lost minus, a CI without its estimate, a median outside its bracket
    assert {finding.study_id for finding in found} == {"kwong2021", "ruane2021", "villanova-hip"}


def test_all_of_it_loads(store: LocalStore) -> None:
    done = load(store, load_project(REPOSITORY))
    assert done.studies == SEED_TRIALS - 2
    assert store.read("select count(*) from v1.result").item() == SEED_ROWS
    assert store.read("select count(*) from v1.result where level is null or locator is null").item() == 0
    assert store.read("select count(distinct study_id) from v1.remark where kind = 'no_identifier'").item() == 101


def test_figures_in_both_arms_are_as_many_as_the_seed_counts(store: LocalStore) -> None:
    load(store, load_project(REPOSITORY))
    both = """
      select count(distinct study_id) from (
        select study_id from v1.result
        where kind = 'continuous' and outcome_id = $outcome and measure in ('final', 'change')
          and spread_kind in (select unnest($kinds))
        group by study_id, instrument, month, measure
        having count(distinct arm_id) >= 2)
    """
    wide = ["sd", "ci95", "iqr_bounds"]
    assert store.read(both, {"outcome": "pain", "kinds": ["sd"]}).item() == 41
    assert store.read(both, {"outcome": "pain", "kinds": wide}).item() == 47
    assert store.read(both, {"outcome": "function", "kinds": ["sd"]}).item() == 18
    assert store.read(both, {"outcome": "function", "kinds": wide}).item() == 23


def test_the_extraction_says_what_was_done_and_nothing_more(shipped: Extracted) -> None:
    for study in shipped.studies:
        assert study.keys.extraction == "single reading, tables and abstracts, not verified"
        assert [reading.reader for reading in study.readings] in ([], ["r1"])
        assert study.consensus == ()


def test_no_sentence_of_an_article_is_shipped(shipped: Extracted) -> None:
    run = re.compile(r"(?:\b[A-Za-z]{2,}\b[\s,;:]+){8}\b[A-Za-z]{2,}\b")
    for study in shipped.studies:
        for reading in study.readings:
            for row in (*reading.arms, *reading.results):
                for name in ("as_printed", "n_as_printed"):
                    text = figures(row.values.get(name) or "")
                    assert len(text) < 80, (row.row_id, text)
                    assert not run.search(text), (row.row_id, text)


def test_trials_without_identifier_have_a_remark(shipped: Extracted) -> None:
    for study in shipped.studies:
        if study.keys.reports[0].id.startswith("SRC:"):
            assert "no_identifier" in {remark["kind"] for remark in study.remarks}, study.keys.study_id


def test_reports_of_one_trial_are_one_study(shipped: Extracted) -> None:
    studies = {study.keys.study_id: study.keys for study in shipped.studies}
    assert {report.id for report in studies["devos2010"].reports} == {"DOI:10.1001/jama.2009.1986", "SRC:B_DEVOS11"}
    assert "NCT03709901" in {report.id for report in studies["beall2021"].reports}
    assert "beall2020" not in studies
    assert studies["hassanien2019"].overlap_with == ("dn-nct03250403",)


def test_every_report_has_its_line_among_the_citations(shipped: Extracted) -> None:
    with (REPOSITORY / "extracted" / "_citations.csv").open(encoding="utf-8", newline="") as lines:
        cited = [(row["study_id"], row["report_id"]) for row in csv.DictReader(lines)]
    assert cited == [(study.keys.study_id, report.id) for study in shipped.studies for report in study.keys.reports]
    assert len({report for _, report in cited}) == len(cited)


def test_a_combined_arm_names_the_arms_it_pools(shipped: Extracted) -> None:
    kuah = next(study for study in shipped.studies if study.keys.study_id == "kuah2018")
    combined = {row["arm_id"]: row["combines"] for row in kuah.readings[0].arms if row["combines"]}
    assert combined["cells_comb"] == ["d39", "d67"]


def test_the_seed_figures_are_the_shipped_figures(shipped: Extracted, shared_data: Path) -> None:
    names = {"DEJONGE_BJSEM": "DEVOS2010", "BEALL2020": "BEALL2021"}
    fields = ("value", "sd", "ci_low", "ci_high", "q1", "q3", "events", "n")
    with (shared_data / "domain" / "outcomes_long.csv").open(encoding="utf-8", newline="") as lines:
        wanted = Counter(
            (
                re.sub(r"[^a-z0-9]+", "-", names.get(row["trial_id"], row["trial_id"]).lower()),
                row["instrument"],
                float(row["months"]) if row["months"] else None,
                tuple(sorted(float(row[name]) for name in fields if row[name])),
            )
            for row in csv.DictReader(lines)
        )
    own = ("center", "spread_lo", "spread_hi", "events", "n", "pct_printed", "pct_lo", "pct_hi", "est", "lo", "hi")
    found = Counter(
        (
            study.keys.study_id,
            row.values.get("instrument") or row["term_text"],
            row["month"],
            tuple(sorted(float(row[name]) for name in own if row.values.get(name) is not None)),
        )
        for study in shipped.studies
        for reading in study.readings
        for row in reading.results
    )
    assert found == wanted
