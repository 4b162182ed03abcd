"""One side of a comparison: its arms as one mean and SD, or as one count; or the reason why not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Generic, TypeVar

from review.measures import conversions
from review.measures.formulas import MeanSd
from review.measures.rounding import places_of
from review.synthesis.figures import Arm, Row

NO_N = "n per arm not printed"
NO_N_LATER = "n at follow-up not printed"
"""Where the number randomised is known: it does not stand in for those who were measured."""
NO_SD = "no SD printed"
NO_CENTER = "no mean or median printed"
SKEWED = "median of skewed values (skew test), not converted to a mean"
NO_QUARTILES = "median without quartiles or range"
RANGE_ONLY = "mean with a range only: no SD can be derived"
PERCENT_CHANGE = "percent change is not a score on the scale"
NO_COUNT = "the printed percentage fits no single count of participants"
NO_EVENTS = "no events and no percentage printed"


T = TypeVar("T")


@dataclass(frozen=True)
class Count:
    """Participants with an event, of n."""

    events: int
    n: int
    formulas: tuple[str, ...] = ()


@dataclass(frozen=True)
class Side(Generic[T]):
    """The arms that were used, their rows, and their value or why there is none; arms without a row."""

    arms: tuple[str, ...]
    rows: tuple[Row, ...]
    value: T | None
    reason: str | None = None
    absent: tuple[str, ...] = ()


def read_side(
    arms: Sequence[Arm],
    rows: Sequence[Row],
    *,
    read: Callable[[Row], T | str],
    join: Callable[[T, T], T],
) -> Side[T]:
    """All of *arms* that have a row, each once; an arm that combines others replaces them if usable.

    An arm with an unusable row makes the whole side unusable: dropping it would change the comparison.
    """
    present = {row.arm_id for row in rows}
    having = [arm for arm in arms if arm.arm_id in present]
    whole = [arm for arm in having if arm.combines]
    covered = {part for arm in whole for part in arm.combines}
    # a combined arm first, then its parts, where the parts are there instead
    choices = [
        [arm for arm in having if arm.arm_id not in covered],
        [arm for arm in having if not arm.combines],
    ]
    tries = [_try(choice, rows, read=read, join=join) for choice in choices if choice]
    if not tries:
        return Side((), (), None, "no figures for this arm")
    side = next((side for side in tries if side.reason is None), tries[0])
    parts = {part for arm in arms if arm.arm_id in side.arms for part in arm.combines}
    absent = (arm.arm_id for arm in arms if arm.arm_id not in present | parts and not arm.combines)
    return replace(side, absent=tuple(absent))


def _try(
    arms: Sequence[Arm],
    rows: Sequence[Row],
    *,
    read: Callable[[Row], T | str],
    join: Callable[[T, T], T],
) -> Side[T]:
    ids = tuple(arm.arm_id for arm in arms)
    used: list[Row] = []
    values: list[T] = []
    reasons: list[str] = []
    for arm in arms:
        arm_id = arm.arm_id
        mine = [row for row in rows if row.arm_id == arm_id]
        # the trial's own report goes before a review's table of it
        best = [row for row in mine if row.level == "primary"] or mine
        used.append(best[0])
        if len({_figures(row) for row in best}) > 1:
            reasons.append(f"two different figures printed for arm {arm_id} at one time")
            continue
        value = read(best[0])
        if isinstance(value, str):
            later = value == NO_N and arm.n_randomised is not None
            reasons.append(NO_N_LATER if later else value)
        else:
            values.append(value)
    if reasons:
        return Side(ids, tuple(used), None, reasons[0])
    return Side(ids, tuple(used), reduce(join, values))


def mean_sd(row: Row) -> MeanSd | str:
    """Mean and SD of one arm, converted where that is allowed; otherwise the reason in plain words."""
    if row.measure == "percent_change":
        return PERCENT_CHANGE
    if row.center is None:
        return NO_CENTER
    lo, hi, n = row.spread_lo, row.spread_hi, row.n
    if row.center_kind == "median":
        return _from_median(row)
    if row.spread_kind == "none" or lo is None:
        return NO_SD
    if row.spread_kind == "range":
        return RANGE_ONLY
    if n is None:
        return NO_N
    if n < 2:
        return f"n = {n}: an arm needs two or more participants"
    flags = ("least_squares_mean",) if row.center_kind == "lsmean" else ()
    if row.spread_kind == "sd":
        return MeanSd(n, row.center, lo, flags=flags)
    if row.spread_kind == "se":
        sd = conversions.sd_from_se(lo, n=n)
    elif row.spread_kind == "iqr_width":
        sd = conversions.sd_from_iqr_width(lo, n=n)
    elif hi is None:
        return NO_SD
    elif lo > hi:
        return f"printed bounds {lo:g} to {hi:g} stand the wrong way round"
    elif row.spread_kind == "ci95":
        sd = conversions.sd_from_ci(lo, hi, n=n)
    else:
        sd = conversions.sd_from_iqr_width(hi - lo, n=n)
    return MeanSd(n, row.center, sd.value, (sd.formula,), sd.inputs, sd.assumption, flags=(*flags, "sd_converted"))


def _from_median(row: Row) -> MeanSd | str:
    center, lo, hi, n = row.center, row.spread_lo, row.spread_hi, row.n
    if center is None or lo is None or hi is None or row.spread_kind not in ("iqr_bounds", "range"):
        return NO_QUARTILES
    if n is None:
        return NO_N
    if n < 2:
        return f"n = {n}: an arm needs two or more participants"
    if not lo <= center <= hi:
        return f"printed median {center:g} lies outside its bounds {lo:g} to {hi:g}"
    if row.spread_kind == "range":
        made = conversions.mean_sd_from_range(low=lo, median=center, high=hi, n=n)
    else:
        made = conversions.mean_sd_from_quartiles(q1=lo, median=center, q3=hi, n=n)
    return SKEWED if made.skewed else replace(made, flags=("median_converted",))


def count(row: Row) -> Count | str:
    """Events and n of one arm; a percentage counts only where one whole number fits it."""
    if row.n is None:
        return NO_N
    if row.events is not None:
        if row.events > row.n:
            return f"{row.events} events in {row.n} participants: events were counted, not participants"
        return Count(row.events, row.n)
    if row.pct_printed is None:
        return NO_EVENTS
    made = conversions.events_from_percent(
        row.pct_printed, n=row.n, places=printed_places(row.as_printed, row.pct_printed)
    )
    return NO_COUNT if made is None else Count(int(made.value), row.n, (made.formula,))


def join_counts(first: Count, second: Count) -> Count:
    """Two arms' counts as one."""
    formulas = dict.fromkeys((*first.formulas, *second.formulas, "combine_events@handbook-6.5.2.10"))
    return Count(first.events + second.events, first.n + second.n, tuple(formulas))


def printed_places(text: str, value: float) -> int:
    """The decimals with which *value* stands in its printed text: 1 for 40 in '40.0 %'."""
    found = [
        len(token.partition(".")[2])
        for token in re.findall(r"(?<![\d.])\d+(?:\.\d+)?(?![\d.]*\d)", text)
        if float(token) == value
    ]
    return max(found, default=places_of(value))


def _figures(row: Row) -> tuple[object, ...]:
    return (row.center, row.spread_lo, row.spread_hi, row.spread_kind, row.events, row.pct_printed, row.n)
