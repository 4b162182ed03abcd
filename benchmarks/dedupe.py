"""Deduplication: our fuzzy engine and bib-dedupe on the same labelled sets, and on synthetic hard negatives.

    .venv-bench/bin/python benchmarks/dedupe.py [--rounds 5] [--hard 1000 10000]

False merges, merges found and missed, counted by record as bib-dedupe counts them, automatic and after right answers
to the queue; seconds from columns to clusters, wall clock and the processes' own, rounds in turn, medians. The sets
are those of REVIEW_SHARED_DATA (or ../shared/data beside the checkout) that the rules were tuned on, so their figures
are in-sample. Two sets are kept for a final run and are not read here.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import resource
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the generator lies with the tests

from review.dedupe.compare import clusters, compare, questions
from review.dedupe.rules import Decided
from tests.dedupe.hard_negatives import hard_negatives

_SETS = ("cytology_screening", "respiratory", "stroke")
_RUNNING_NUMBER = ("respiratory",)  # its `number` is a running number, no issue

Counts = tuple[int, int, int]


def main() -> int:
    """Print both tables; 1 when there is a false merge or the pooled sensitivity is below .990 or, asked, .998."""
    words = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--hard", type=int, nargs="*", default=[1000, 10_000])
    asked = words.parse_args()
    missed = _labelled(asked.rounds)
    missed += _hard(asked.hard)
    return 1 if missed else 0


def _labelled(rounds: int) -> bool:
    named = os.environ.get("REVIEW_SHARED_DATA")
    folder = (Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data") / "dedup"
    if not folder.is_dir():
        print("the labelled sets are absent; set REVIEW_SHARED_DATA to where they are")
        return False
    peer = importlib.util.find_spec("bib_dedupe") is not None
    print(
        "set | records | FP TP FN | asked | after answers | seconds (CPU) | bib-dedupe FP TP FN | seconds (CPU) | ratio"
    )
    pooled, answered, waiting, records = (0, 0, 0), (0, 0, 0), 0, 0
    for name in _SETS:
        path = folder / f"bibdedupe_{name}"
        frame, groups = read_set(path, issues=name not in _RUNNING_NUMBER)
        found = compare(frame)
        made = clusters(frame, found)
        ask = questions(found, made)
        entity = {one: place for place, group in enumerate(groups) for one in group}
        ids = frame["source_record_id"].to_list()
        counts = counted(made.record_of, ids, entity, groups)
        right = [entity.get(a, a) == entity.get(b, b) for a, b in ask.select("id_a", "id_b").iter_rows()]
        told = pl.concat([found.merge, ask.filter(pl.Series(right, dtype=pl.Boolean)).select(found.merge.columns)])
        after = counted(clusters(frame, Decided(told, found.ask)).record_of, ids, entity, groups)
        ours, theirs = _timed(
            rounds, lambda frame=frame: _ours(frame), (lambda path=path: _peer(path)) if peer else None
        )
        line = f"{name} | {len(ids)} | {counts} | {ask.height} | {after} | {ours[0]:.3f} ({ours[1]:.3f})"
        if peer:
            other = counted(_peer(path), ids, entity, groups)
            line += f" | {other} | {theirs[0]:.3f} ({theirs[1]:.3f}) | {theirs[0] / ours[0]:.1f}"
        print(line)
        pooled = _sum(pooled, counts)
        answered = _sum(answered, after)
        waiting, records = waiting + ask.height, records + len(ids)
    first, second = (right / (right + lost) for _, right, lost in (pooled, answered))
    print(
        f"pooled: false merges {pooled[0]}, sensitivity {first:.4f}, after right answers {second:.4f}, "
        f"{1000 * waiting / records:.1f} questions per 1,000 records"
        + ("" if peer else "; bib-dedupe is not installed")
    )
    return pooled[0] > 0 or first < 0.990 or second < 0.998


def read_set(folder: Path, *, issues: bool) -> tuple[pl.DataFrame, list[list[str]]]:
    """The records of a labelled set as columns of v1.source_record, and the groups of ids that are one document."""
    frame = pl.read_csv(folder / "records_pre_merged.csv", infer_schema=False).select(
        pl.col("ID").alias("source_record_id"),
        "title",
        pl.col("author").str.replace_all(" and ", "; ", literal=True).alias("authors"),
        pl.col("year").cast(pl.Int32, strict=False),
        "journal",
        "volume",
        (pl.col("number") if issues else pl.lit(None, dtype=pl.String)).alias("issue"),
        "pages",
    )
    merged = pl.read_csv(folder / "merged_record_ids.csv")["merged_ids"].to_list()
    return frame, [line.split(";") for line in merged]


def counted(
    record_of: Mapping[str, str], ids: Sequence[str], entity: Mapping[str, int], groups: Sequence[Sequence[str]]
) -> Counts:
    """False merges, true merges and missed ones, by record."""
    members: dict[str, list[str]] = defaultdict(list)
    for one in ids:
        members[record_of.get(one, one)].append(one)
    false = true = 0
    for found in members.values():
        parts = len({entity.get(one, one) for one in found})
        true += len(found) - parts
        false += parts - 1
    return false, true, sum(len(group) - 1 for group in groups) - true


def _hard(sizes: Sequence[int]) -> bool:
    missed = False
    for size in sizes:
        frame, works = hard_negatives(size)
        began = time.perf_counter()
        found = compare(frame)
        made = clusters(frame, found)
        seconds = time.perf_counter() - began
        groups: dict[int, list[str]] = defaultdict(list)
        for one, work in works.items():
            groups[work].append(one)
        counts = counted(made.record_of, list(works), works, list(groups.values()))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"hard negatives | {size} | {counts} | {seconds:.2f} s | peak {peak:.0f} MB so far | SYNTHETIC")
        missed |= counts[0] > 0
    return missed


def _ours(frame: pl.DataFrame) -> Mapping[str, str]:
    return clusters(frame, compare(frame)).record_of


def _peer(folder: Path) -> dict[str, str]:
    import pandas as pd
    from bib_dedupe.bib_dedupe import block, cluster, match, prep

    records = prep(pd.read_csv(folder / "records_pre_merged.csv"), verbosity_level=0)
    found = cluster(match(block(records, verbosity_level=0), verbosity_level=0), verbosity_level=0)
    return {one: min(group) for group in found for one in group}


def _timed(
    rounds: int, ours: Callable[[], object], theirs: Callable[[], object] | None
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Median seconds of each side, by the wall and by the processors (of child processes too)."""
    seconds: dict[str, list[tuple[float, float]]] = {"ours": [], "theirs": []}
    for turn in range(rounds):
        sides = [("ours", ours), ("theirs", theirs)]
        for name, run in reversed(sides) if turn % 2 else sides:
            if run is None:
                continue
            before, began = os.times(), time.perf_counter()
            run()
            wall, after = time.perf_counter() - began, os.times()
            seconds[name].append((wall, sum(after[:4]) - sum(before[:4])))
    return _median(seconds["ours"]), _median(seconds["theirs"])


def _median(found: Sequence[tuple[float, float]]) -> tuple[float, float]:
    if not found:
        return 0.0, 0.0
    return statistics.median(wall for wall, _ in found), statistics.median(cpu for _, cpu in found)


def _sum(one: Counts, other: Counts) -> Counts:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


if __name__ == "__main__":
    sys.exit(main())
