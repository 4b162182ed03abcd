"""Which cells of the shipped review hold two or more studies, found a second time by slow and simple code.

Nothing of review.synthesis is used here: the extracted files and review.toml are read as they lie, every way in
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

from scipy import stats

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
