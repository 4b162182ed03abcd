"""Which cells of the shipped review hold two or more studies, found a second time by slow and simple code.

Nothing of review.synthesis is used to count: the extracted files and review.toml are read as they lie, every way in
which a study could have a usable effect is tried, and studies are counted.
"""

from __future__ import annotations

import csv
import math
import tomllib
from collections import defaultdict
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from review.reporting.evidence_table import evidence_table
from review.reporting.explain import explain, explanation_text
from review.synthesis.pools import LARGE
from review.synthesis.reading import effects_of, pooled_cells
from tests.synthesis.synthesis_data import Computed

MISSING = ("", "NR", "NA")
Line = dict[str, str]


def lines(path: Path) -> list[Line]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number(text: str | None) -> float | None:
    return None if text is None or text in MISSING else float(text)


def has_mean_and_sd(row: Line) -> bool:
    n, center, lo, hi = (number(row[name]) for name in ("n", "center", "spread_lo", "spread_hi"))
    if row["measure"] == "percent_change" or n is None or n < 2 or center is None or lo is None:
        return False
    if row["center_kind"] == "median":
        if hi is None or not lo <= center <= hi:
            return False
        skew = abs(lo + hi - 2 * center) / (hi - lo)
        if row["spread_kind"] == "iqr_bounds":
            return skew < 2.65 / math.sqrt(n) - 6 / n**2
        return row["spread_kind"] == "range" and skew < 1 / math.log(n + 9) + 2.5 / (n + 1)
    if row["spread_kind"] in ("sd", "se", "iqr_width"):
        return lo > 0
    return row["spread_kind"] in ("ci95", "iqr_bounds") and hi is not None and hi > lo


def has_count(row: Line) -> bool:
    n, events = number(row["n"]), number(row["events"])
    if n is None:
        return False
    if events is not None:
        return events <= n
    percent = number(row["pct_printed"])
    if percent is None:
        return False
    places = max(
        (
            len(word.partition(".")[2])
            for word in row["as_printed"].replace("%", " ").split()
            if word == row["pct_printed"]
        ),
        default=0,
    )
    fits = [e for e in range(int(n) + 1) if abs(100 * e / n - percent) <= 0.5 * 10**-places + 1e-9]
    return len(fits) == 1


def barred(remarks: list[Line], table: str, row: Line) -> bool:
    for remark in remarks:
        parts = remark["subject"].split(" | ")
        if parts[0].startswith(table) and len(parts) > 4 and parts[1] == row.get("arm_id"):
            same = parts[2] == row["instrument"] and float(parts[3]) == number(row["month"])
            if same and parts[-1] == row["source_id"]:
                return True
    return False


# what the shipped files print as co-intervention, read by hand
SAME_AS = {
    "hyaluronic acid": "hyaluronic_acid",
    "drilling, hyaluronic acid": "hyaluronic_acid",
    "carpal tunnel release": "surgery",
    "open-wedge high tibial osteotomy": "surgery",
    "rigottomy": "surgery",
    "eccentric exercise": "exercise",
    "home exercise": "exercise",
    "heavy slow resistance training": "exercise",
    "conventional treatment": "usual_care",
    "medical treatment": "usual_care",
    "splint": "usual_care",
    "radiofrequency ablation": "radiofrequency ablation",
}
BACKGROUND = {"usual_care", "exercise", "no_treatment", "surgery"}


def add_on(arms: list[Line], a: set[str], b: set[str]) -> bool:
    """Both sides had one more treatment than the care that goes on in most trials."""
    had: dict[bool, set[str]] = {True: set(), False: set()}
    for arm in arms:
        if arm["arm_id"] in a | b:
            if arm["co_intervention"] not in MISSING:
                had[arm["arm_id"] in a].add(SAME_AS[arm["co_intervention"]])
            if arm["arm_id"] in b:
                had[False].add(arm["comparator_type"])
    return bool((had[True] & had[False]) - BACKGROUND)


def study_cells(folder: Path, families: dict[str, Line], plan: dict[str, Any]) -> set[tuple[str, bool]]:
    """(cell, primary only possible) for every cell in which the study can be pooled."""
    study = tomllib.loads((folder / "study.toml").read_text("utf-8"))
    if study["design"] not in ("rct_parallel", "rct_crossover") or study["unit"] != "patient":
        return set()
    until = study.get("randomised_until_month", math.inf)
    if study["design"] == "rct_crossover" and until == math.inf:
        return set()
    roles = {arm["id"]: arm["role"] for arm in study.get("arms", [])}
    arms = lines(folder / "r1" / "arms.csv")
    levels = {line["source_id"]: line["level"] for line in lines(folder / "sources.csv")}
    remarks = [line for line in lines(folder / "remarks.csv") if line["kind"] == "do_not_pool"]
    if any(remark["subject"] == "study" for remark in remarks):
        return set()
    tables = {
        name: lines(folder / "r1" / f"{name}.csv") for name in ("continuous", "binary", "adverse_events", "contrasts")
    }
    for line in tables["adverse_events"]:
        line["instrument"] = line["term_text"]
    found: set[tuple[str, bool]] = set()
    sources = {arm["cell_source"] for arm in arms if roles[arm["arm_id"]] == "intervention"} - set(MISSING)
    for source, group, outcome, window in product(sources, plan["comparator"], plan["outcome"], plan["window"]):
        a = {arm["arm_id"] for arm in arms if roles[arm["arm_id"]] == "intervention" and arm["cell_source"] == source}
        b = {
            arm["arm_id"]
            for arm in arms
            if roles[arm["arm_id"]] == "comparator" and arm["comparator_type"] in group["types"]
        }
        if add_on(arms, a, b):
            continue
        cell = f"{study['condition']}/{source}/{group['id']}/{outcome['outcome']}/{window['id']}"

        def wanted(row: Line, outcome: Any = outcome, window: Any = window) -> bool:
            month = number(row["month"])
            if row["outcome"] != outcome["outcome"] or month is None or row.get("measure") == "baseline":
                return False
            family = families.get(row["instrument"], {}).get("family")
            inside = window["over"] < month <= min(window.get("upto", math.inf), until + 0.05)
            return inside and family in outcome["hierarchy"]

        groups: dict[tuple[str, ...], dict[str, list[Line]]] = defaultdict(lambda: defaultdict(list))
        if outcome["measure"] == "RR":
            rows = [("binary", row) for row in tables["binary"]] + [
                ("adverse", row) for row in tables["adverse_events"]
            ]
        else:
            rows = [("continuous", row) for row in tables["continuous"]]
        for table, row in rows:
            if row["arm_id"] not in a | b or not wanted(row):
                continue
            usable = has_count(row) if outcome["measure"] == "RR" else has_mean_and_sd(row)
            usable = usable and not barred(remarks, table, row)
            if outcome["measure"] == "MD":
                usable = usable and number(row["scale_max"] or families[row["instrument"]]["scale_max"]) is not None
            if outcome["measure"] == "SMD":
                usable = usable and row["measure"] == "final"
            key = (row["instrument"], row["month"], row.get("measure", ""), row.get("analysis", ""))
            groups[key]["good" if usable else "bad"].append(row)
        for rows_of in groups.values():
            bad = {row["arm_id"] for row in rows_of["bad"]}
            good = [row for row in rows_of["good"] if row["arm_id"] not in bad]
            if not ({row["arm_id"] for row in good} & a and {row["arm_id"] for row in good} & b):
                continue
            if bad and not any(arm["combines"] not in MISSING for arm in arms):
                continue
            if outcome["measure"] == "RR" and not any(
                (number(row["events"]) or number(row["pct_printed"])) for row in good
            ):
                continue
            used = {levels.get(row[name], "primary") for row in good for name in ("source_id", "n_source_id")}
            found.add((cell, "secondary" not in used))
        if outcome["measure"] == "MD" and not any(name == cell for name, _ in found):
            pairs = [
                row
                for row in tables["contrasts"]
                if wanted(row)
                and row["kind"] == "MD"
                and {row["arm_a"], row["arm_b"]} & a
                and {row["arm_a"], row["arm_b"]} & b
            ]
            pairs = [
                row
                for row in pairs
                if number(row["lo"]) is not None
                and number(row["scale_max"] or families[row["instrument"]]["scale_max"]) is not None
            ]
            arms_used = {(row["arm_a"], row["arm_b"]) for row in pairs}
            if len(arms_used) == 1:
                found.add((cell, levels[pairs[0]["source_id"]] == "primary"))
    return found


def counted(root: Path) -> dict[str, list[str]]:
    """cell → studies that can be pooled there."""
    plan = tomllib.loads((root / "review.toml").read_text("utf-8"))["synthesis"]
    families = {line["instrument"]: line for line in lines(root / "extracted" / "_vocabulary" / "instrument.csv")}
    cells: dict[str, list[str]] = defaultdict(list)
    for folder in sorted((root / "extracted").iterdir()):
        if (folder / "study.toml").exists():
            for cell in sorted({name for name, _ in study_cells(folder, families, plan)}):
                cells[cell].append(folder.name)
    return cells


def test_the_same_studies_are_pooled_in_every_cell(shipped_review: Computed) -> None:
    expected = counted(shipped_review.project.root)
    effects = effects_of(shipped_review.store).to_dicts()
    found: dict[str, list[str]] = defaultdict(list)
    for effect in effects:
        if effect["pooled"]:
            found[effect["cell_id"]].append(effect["study_id"])
    assert {cell: sorted(studies) for cell, studies in found.items()} == dict(expected)


def test_cells_with_two_or_more_studies_are_those_that_the_windows_give(shipped_review: Computed) -> None:
    expected = {
        cell: len(studies) for cell, studies in counted(shipped_review.project.root).items() if len(studies) > 1
    }
    pooled = pooled_cells(shipped_review.store, least=2).to_dicts()
    assert {row["cell_id"]: row["k"] for row in pooled} == expected
    assert tuple(sorted(expected)) == shipped_review.report.pooled_cells
    assert expected


def test_one_pooled_cell_is_what_a_calculator_gives(shipped_review: Computed) -> None:
    """Two-study REML has a closed form when both variances are equal; else the moments of the stored effects serve."""
    for row in pooled_cells(shipped_review.store, least=2).to_dicts():
        effects = [e for e in effects_of(shipped_review.store, cell=row["cell_id"]).to_dicts() if e["pooled"]]
        weights = [1 / (e["vi"] + row["tau2"]) for e in effects]
        mean = sum(w * e["yi"] for w, e in zip(weights, effects, strict=True)) / sum(weights)
        q = sum(w * (e["yi"] - mean) ** 2 for w, e in zip(weights, effects, strict=True)) / (row["k"] - 1)
        half = stats.t.ppf(0.975, row["k"] - 1) * math.sqrt(q / sum(weights))
        # scipy's t quantile for one degree of freedom is good to ten digits
        assert math.isclose(row["estimate"], mean, rel_tol=1e-9, abs_tol=1e-9)
        assert math.isclose(row["ci_hi"] - row["estimate"], half, rel_tol=1e-8, abs_tol=1e-8)


def test_no_co_intervention_of_the_files_is_unknown_to_this_count(shipped_review: Computed) -> None:
    files = (shipped_review.project.root / "extracted").glob("*/r1/arms.csv")
    assert {arm["co_intervention"] for file in files for arm in lines(file)} - set(MISSING) == set(SAME_AS)


def effects_of_the_study(shipped_review: Computed, study: str) -> list[dict[str, Any]]:
    return [effect for effect in effects_of(shipped_review.store).to_dicts() if effect["study_id"] == study]


@pytest.mark.parametrize(
    ("study", "beside"),
    [
        ("gupta2016", "hyaluronic acid"),
        ("wangmpc2017", "hyaluronic acid"),
        ("saw2021", "hyaluronic acid"),
        ("singhfacet", "radiofrequency ablation"),
    ],
)
def test_add_on_trials_are_shown_and_not_pooled(shipped_review: Computed, study: str, beside: str) -> None:
    effects = effects_of_the_study(shipped_review, study)
    assert effects
    for effect in effects:
        assert effect["not_pooled_because"] == f"both arms also had {beside}: an add-on comparison"
        assert f"add_on:{beside}" in effect["flags"]


def test_figures_on_which_a_remark_stands_say_so(shipped_review: Computed) -> None:
    for study, month, flag in (
        ("sheoran2025", 6.0, "remarked:contradiction"),
        ("jpma2015le", 0.69, "remarked:label"),
        ("gosens2011", 2.76, "imputed"),
    ):
        effects = [effect for effect in effects_of_the_study(shipped_review, study) if effect["month"] == month]
        assert effects
        assert all(flag in effect["flags"] for effect in effects)
    early = [effect for effect in effects_of_the_study(shipped_review, "sheoran2025") if effect["month"] < 6]
    assert early
    assert not any(flag.startswith("remarked") for effect in early for flag in effect["flags"])


def test_open_remarks_are_told_beside_the_pool_and_not_beside_every_pool(shipped_review: Computed) -> None:
    rows = pooled_cells(shipped_review.store, least=1).to_dicts()
    told = {row["cell_id"] for row in rows if any("open remarks" in text for text in row["warnings"])}
    assert {
        "knee_oa/prp/corticosteroid/pain/over_3_to_6m",
        "lateral_epicondylitis/prp/corticosteroid/pain/upto_3m",
    } <= told
    assert len(told) < len(rows) / 2


def test_a_narrow_interval_stands_beside_the_wider_one_in_table_and_explanation(shipped_review: Computed) -> None:
    cell = "lateral_epicondylitis/prp/corticosteroid/pain/upto_3m"
    sql = "select * from v1.evidence_table where cell_id = $cell and subset = 'all'"
    line = shipped_review.store.read(sql, {"cell": cell}).to_dicts()[0]
    assert any(text.endswith("judge by the wider one: −12.5 to 2.2") for text in line["warnings"])
    assert (round(line["common_lo"], 1), round(line["common_hi"], 1)) == (-12.5, 2.2)
    text = explanation_text(explain(shipped_review.store, shipped_review.project, cell), shipped_review.project)
    assert "common-effect model, to compare: −12.5 to 2.2" in text


def test_one_study_keeps_the_warnings_about_its_figures(shipped_review: Computed) -> None:
    sql = "select warnings from v1.evidence_table where cell_id = $cell and subset = 'all'"
    table, lines_ = evidence_table(shipped_review.store, shipped_review.project)
    cell = "knee_oa/uc_msc/hyaluronic_acid/pain/over_3_to_6m"
    assert LARGE in shipped_review.store.read(sql, {"cell": cell}).to_dicts()[0]["warnings"]
    place = lines_["cell_id"].to_list().index(cell)
    assert table.footnotes.index(LARGE) in table.rows[place].marks


def test_a_pair_without_figures_of_an_outcome_shows_no_number_of_another(shipped_review: Computed) -> None:
    table, lines_ = evidence_table(shipped_review.store, shipped_review.project, outcome="adverse_events")
    empty = lines_.filter(lines_["k"] == 0)
    assert empty.height
    for name in ("estimate", "effect", "effect_lo", "effect_hi", "common_lo", "common_hi"):
        assert empty[name].null_count() == empty.height
    assert not any(empty["warnings"].list.len())
    assert table.rows
