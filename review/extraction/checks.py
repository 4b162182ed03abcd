"""Checks on extracted figures that load nevertheless: values that print does not show, or that cannot be.

A finding that people have looked at has a remark on the same row, of a kind that speaks of it; it passes. A remark
with `*` explains rows in general and never excuses a finding, or one line could hide every later slip.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from review.extraction import printed
from review.extraction.extracted import Study, read_extracted
from review.extraction.files import Row
from review.extraction.form import ADVERSE_EVENTS, BINARY, CONTINUOUS, CONTRASTS
from review.project import Project

_FIGURES = {
    CONTINUOUS.name: ("center", "spread_lo", "spread_hi"),
    BINARY.name: ("events", "pct_printed", "pct_lo", "pct_hi"),
    CONTRASTS.name: ("est", "lo", "hi"),
    ADVERSE_EVENTS.name: ("events", "pct_printed"),
}
# which kinds of remark speak of which kind of finding; nothing excuses a figure that is not in print
_EXPLAINS = {
    "print": frozenset[str](),
    "sign": frozenset({"sign"}),
    "interval": frozenset({"do_not_pool", "contradiction"}),
    "scale": frozenset({"contradiction", "other"}),
    "percent": frozenset({"contradiction", "n"}),
    "measure": frozenset({"contradiction"}),
}
_PERCENT_POINTS = 1.0  # papers truncate as often as they round: 42/51 = 82.35 is printed 82.3


@dataclass(frozen=True)
class Finding:
    """Something that a person should look at; *looked_at* when a remark says that somebody did."""

    file: str
    line: int
    field: str
    problem: str
    looked_at: bool
    kind: str
    study_id: str


def findings(project: Project) -> list[Finding]:
    """Every finding in the project's files, in the order of files and lines. Raises ExtractionError like a load."""
    extracted = read_extracted(project.extracted, root=project.root)
    return [finding for study in extracted.studies for finding in study_findings(study)]


def study_findings(study: Study) -> Iterator[Finding]:
    """The findings of one study."""
    remarks = {(str(remark["subject"]), str(remark["kind"])) for remark in study.remarks}
    for reading in study.readings:
        for row in reading.results:
            for kind, field, problem in row_problems(row):
                looked_at = any((row.subject, word) in remarks for word in _EXPLAINS[kind])
                yield Finding(row.file, row.line, field, problem, looked_at, kind, study.keys.study_id)
        for row, other in _twins(reading.results):
            problem = (
                f"prints the same figures as line {other.line}, there as {other['measure']}, here as {row['measure']}"
            )
            looked_at = any((row.subject, word) in remarks for word in _EXPLAINS["measure"])
            yield Finding(row.file, row.line, "measure", problem, looked_at, "measure", study.keys.study_id)


def row_problems(row: Row) -> Iterator[tuple[str, str, str]]:
    """(kind, field, problem) of each thing that is odd about one row."""
    yield from _not_printed(row)
    yield from _intervals(row)
    yield from _off_scale(row)
    yield from _percents(row)


def _not_printed(row: Row) -> Iterator[tuple[str, str, str]]:
    """Each value must stand as a number in the figures as printed; n may stand in its own."""
    shown = printed.figures(row["as_printed"])
    for name in _FIGURES[row.form.name]:
        value = row[name]
        if value is None or printed.occurs(value, shown):
            continue
        if printed.occurs(-value, shown):
            yield "sign", name, f"is {value:g}, printed with the other sign: {shown.strip()!r}"
        else:
            yield "print", name, f"is {value:g}, which does not occur in its printed figures {shown.strip()!r}"
    n = row.values.get("n")
    if n is not None:
        beside = printed.figures(row.values.get("n_as_printed") or "")
        if not (printed.occurs(n, shown) or printed.occurs(n, beside)):
            yield (
                "print",
                "n",
                f"is {n}, which occurs neither in {shown.strip()!r} nor in n_as_printed {beside.strip()!r}",
            )


def _intervals(row: Row) -> Iterator[tuple[str, str, str]]:
    name, low, high = {
        CONTINUOUS.name: ("center", "spread_lo", "spread_hi"),
        BINARY.name: ("pct_printed", "pct_lo", "pct_hi"),
        CONTRASTS.name: ("est", "lo", "hi"),
    }.get(row.form.name, ("", "", ""))
    if not name or row[low] is None or row[high] is None:
        return
    what = {"ci95": "95 % CI", "iqr_bounds": "quartiles", "range": "range"}.get(
        row.values.get("spread_kind", ""), "95 % CI"
    )
    if row[low] > row[high]:
        yield "interval", low, f"{row[low]:g} is above {high} = {row[high]:g}: a minus sign may be lost"
    elif row[name] is not None and not row[low] <= row[name] <= row[high]:
        yield "interval", name, f"is {row[name]:g}, outside its {what} {row[low]:g} to {row[high]:g}"


def _off_scale(row: Row) -> Iterator[tuple[str, str, str]]:
    if row.values.get("scale_min") is None:
        return
    low, high = row["scale_min"], row["scale_max"]
    width = high - low
    names = _FIGURES[row.form.name]
    level = row["measure"] in ("baseline", "final") and row.form is CONTINUOUS
    for name in names:
        value = row[name]
        if value is None or row["measure"] == "percent_change":
            continue
        spread = name != names[0] and row.values.get("spread_kind") in ("sd", "se", "iqr_width")
        if level and not spread:
            if not low <= value <= high:
                yield "scale", name, f"is {value:g}, outside its scale {low:g} to {high:g}"
        elif abs(value) > width:
            yield "scale", name, f"is {value:g}, more than the whole scale {low:g} to {high:g}"


def _percents(row: Row) -> Iterator[tuple[str, str, str]]:
    events, n, percent = (row.values.get(name) for name in ("events", "n", "pct_printed"))
    if events is None or n is None or percent is None:
        return
    computed = 100 * events / n
    if abs(computed - percent) > _PERCENT_POINTS:
        yield "percent", "pct_printed", f"is {percent:g}, but {events}/{n} is {computed:.1f} %"


def _twins(rows: tuple[Row, ...]) -> Iterator[tuple[Row, Row]]:
    """Rows that give the same figures under two kinds of measure, for one arm, instrument and month."""
    seen: dict[tuple[object, ...], Row] = {}
    for row in rows:
        if row.form is not CONTINUOUS or row["spread_lo"] is None:
            continue
        key = tuple(row[name] for name in ("arm_id", "instrument", "month", "center", "spread_lo", "spread_hi"))
        other = seen.setdefault(key, row)
        if other is not row and other["measure"] != row["measure"]:
            yield row, other
