"""A small review with figures: four studies, one pooled cell, one single study, one pair without figures."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from review.database import Append, LocalStore
from review.project import Project

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POOLED = "knee_oa/prp/placebo/pain/upto_3m"
SINGLE = "knee_oa/bmac/placebo/pain/upto_3m"
EMPTY = "hip_oa/prp"
Rows = list[dict[str, Any]]


def _where(file: str, line: int) -> dict[str, Any]:
    return {"file": file, "line": line}


def vocabulary() -> list[Append]:
    """Three conditions, three cell sources, two outcomes."""
    place = _where("extracted/_vocabulary/x.csv", 2)
    return [
        Append(
            "extraction.condition",
            [
                {"condition_id": name, "label": label, "umbrella": umbrella, **place}
                for name, label, umbrella in (
                    ("oa", "Osteoarthritis", True),
                    ("knee_oa", "Knee osteoarthritis", False),
                    ("hip_oa", "Hip osteoarthritis", False),
                    ("stenosis", "Spinal stenosis", False),
                )
            ],
        ),
        Append(
            "extraction.cell_source",
            [
                {"cell_source_id": name, "label": label, "umbrella": False, "axis": axis, **place}
                for name, label, axis in (
                    ("prp", "Platelet-rich plasma", False),
                    ("bmac", "Bone-marrow concentrate", False),
                    ("autologous", "Autologous", True),
                )
            ],
        ),
        Append(
            "extraction.instrument",
            [{"instrument_id": "VAS pain 0-100", "outcome_id": "pain", "family": "vas_pain", **place}],
        ),
        Append(
            "extraction.outcome",
            [
                {"outcome_id": name, "label": label, "better": "lower", **place}
                for name, label in (("pain", "Pain intensity"), ("function", "Function"))
            ],
        ),
    ]


def study(name: str, condition: str, source: str, *, figures: bool, level: str = "primary") -> list[Append]:
    """A study with two arms and, with *figures*, a row for each at 3 months."""
    file = f"extracted/{name}/study.toml"
    rows = f"extracted/{name}/r1/continuous.csv"
    steps = [
        Append(
            "extraction.study",
            [
                {
                    "study_id": name, "label": name.title(), "year": 2020, "design": "rct_parallel",
                    "condition_id": condition, "cell_source_id": source, "registry_ids": [], "unit": "patient",
                    "level": level, "overlap_with": [], "extraction_status": "single reading", **_where(file, 1),
                }
            ],
        ),
        Append(
            "extraction.study_report",
            [
                {"report_id": f"PMID:{name}", "study_id": name, "kind": "primary", **_where(file, 9)},
            ],
        ),
        Append(
            "extraction.source",
            [
                {
                    "source_id": "S1", "study_id": name, "report_id": f"PMID:{name}", "kind": "article",
                    "level": level, "locator": "table 2", "url": f"https://example.org/{name}",
                    **_where(f"extracted/{name}/sources.csv", 2),
                }
            ],
        ),
        Append(
            "extraction.arm",
            [
                {
                    "study_id": name, "reader": "r1", "arm_id": "a", "role": "intervention", "label": "cells",
                    "cell_source_id": source, "combines": [], **_where(f"extracted/{name}/r1/arms.csv", 2),
                },
                {
                    "study_id": name, "reader": "r1", "arm_id": "b", "role": "comparator", "label": "saline",
                    "comparator_type": "saline", "combines": [], **_where(f"extracted/{name}/r1/arms.csv", 3),
                },
            ],
        ),
    ]  # fmt: skip
    if figures:
        steps.append(
            Append(
                "extraction.result_continuous",
                [
                    {
                        "row_id": f"{rows}:{line}", "study_id": name, "reader": "r1", "arm_id": arm,
                        "outcome_id": "pain", "instrument": "VAS pain 0-100", "scale_min": 0.0, "scale_max": 100.0,
                        "better": "lower", "month": 3.0, "measure": "final", "analysis": "as_reported", "n": 20,
                        "center": mean, "center_kind": "mean", "spread_lo": 10.0, "spread_kind": "sd",
                        "as_printed": f"{mean:g} (10)", "n_as_printed": "20", "source_id": "S1", **_where(rows, line),
                    }
                    for line, arm, mean in ((2, "a", 30.0), (3, "b", 42.0))
                ],
            )
        )  # fmt: skip
    return steps


def effect(name: str, cell: str, *, yi: float, level: str = "primary", why_not: str | None = None) -> dict[str, Any]:
    """The effect of a study in *cell*."""
    condition, source, comparator, outcome, window = cell.split("/")
    return {
        "effect_id": f"{cell}#{name}#a_vs_b", "cell_id": cell, "study_id": name, "condition_id": condition,
        "cell_source_id": source, "comparator": comparator, "outcome_id": outcome, "time_window": window,
        "arms_a": ["a"], "arms_b": ["b"], "instrument": "VAS pain 0-100", "month": 3.0, "value_kind": "final",
        "measure": "MD", "yi": yi, "vi": 10.0, "ci_lo": yi - 6.2, "ci_hi": yi + 6.2, "n_a": 20, "n_b": 20,
        "mean_a": 30.0, "sd_a": 10.0, "mean_b": 30.0 - yi, "sd_b": 10.0, "formula": "MD", "level": level,
        "randomised": True, "unit": "patient", "flags": [], "pooled": why_not is None, "not_pooled_because": why_not,
        "row_ids": [f"extracted/{name}/r1/continuous.csv:{line}" for line in (2, 3)],
    }  # fmt: skip


def pool(cell: str, *, k: int, estimate: float, subset: str = "all") -> dict[str, Any]:
    """A pooled effect with made-up but consistent numbers."""
    condition, source, comparator, outcome, window = cell.split("/")
    return {
        "cell_id": cell, "subset": subset, "condition_id": condition, "cell_source_id": source,
        "comparator": comparator, "outcome_id": outcome, "time_window": window, "measure": "MD", "k": k,
        "participants": 40 * k, "estimate": estimate, "ci_lo": estimate - 8, "ci_hi": estimate + 8, "se": 4.0,
        "p": 0.01,
        "pi_lo": estimate - 20 if k > 2 else None, "pi_hi": estimate + 20 if k > 2 else None,
        "pi_method": "t_k-2",
        "tau2": 1.5, "tau2_method": "REML", "i2": 0.25, "q": 2.0, "q_p": 0.4, "ci_method": "HKSJ",
        "warnings": ["two studies: the interval is hardly more than a guess"] if k == 2 else [],
        "effect_ids": [f"{cell}#s{place}#a_vs_b" for place in range(1, k + 1)],
    }  # fmt: skip


def figures() -> list[Append]:
    """Everything above: s1, s2, s3 pooled (s3 secondary), s4 alone, s5 without figures, s6 not randomised."""
    effects = [
        effect("s1", POOLED, yi=-12.0),
        effect("s2", POOLED, yi=-9.0),
        effect("s3", POOLED, yi=-14.0, level="secondary"),
        effect("s4", SINGLE, yi=-5.0),
        effect("s6", POOLED, yi=-20.0, why_not="not randomised"),
    ]
    return [
        *vocabulary(),
        *study("s1", "knee_oa", "prp", figures=True),
        *study("s2", "knee_oa", "prp", figures=True),
        *study("s3", "knee_oa", "prp", figures=True, level="secondary"),
        *study("s4", "knee_oa", "bmac", figures=True),
        *study("s5", "hip_oa", "prp", figures=False),
        *study("s6", "knee_oa", "prp", figures=True),
        Append("synthesis.effect_size", effects),
        Append(
            "synthesis.pooled_effect",
            [
                pool(POOLED, k=3, estimate=-11.5),
                pool(POOLED, k=2, estimate=-10.5, subset="primary"),
                {**pool(SINGLE, k=1, estimate=-5.0), "tau2": None, "i2": None},
                {**pool(SINGLE, k=1, estimate=-5.0, subset="primary"), "tau2": None, "i2": None},
            ],
        ),
        Append("extraction.load", [{"load_id": "l1", "files": 1, "rows": 1, "loaded_at": NOW}]),
        Append("synthesis.rebuild", [{"rebuild_id": "b1", "load_id": "l1", "formula_version": "1", "built_at": NOW}]),
        Append(
            "extraction.remark",
            [
                {
                    "remark_id": "extracted/s1/remarks.csv:2", "study_id": "s1", "kind": "figure", "subject": "S1",
                    "remark": "read from the figure", "who": "maintainers", "remarked_on": date(2026, 1, 1),
                    "basis": "from the printed text, not checked at the source",
                    **_where("extracted/s1/remarks.csv", 2),
                }
            ],
        ),
    ]  # fmt: skip


@pytest.fixture
def evidence(empty_review: Project, figures_database: Path) -> tuple[Project, LocalStore]:
    """A project whose database holds the figures."""
    return empty_review, LocalStore(Path(shutil.copy(figures_database, empty_review.database_path)))
