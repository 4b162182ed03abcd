"""Deduplication: our engine and bib-dedupe on the labelled sets that the rules were tuned on.

    .venv-bench/bin/python benchmarks/dedupe.py [--rounds 5]

False merges, merges found and missed, counted by record as bib-dedupe counts them: by the labels and after the labels
were read again (`benchmarks/adjudication/`); ours also after right answers to the queue. Seconds from columns in memory
to clusters, by the wall and by the processors (child processes too): rounds in turn, medians; then the ratio. The sets
are those of REVIEW_SHARED_DATA (or ../shared/data beside the checkout). They were read while tuning, so the figures are
in-sample; `dedupe_held_out.py` has the sets that were not.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from dedupe_adjudication import adjudicated, verdicts

from review.dedupe.cluster import Clusters
from review.dedupe.compare import clusters, compare, questions
from review.dedupe.rules import Decided

SETS = ("cytology_screening", "respiratory", "stroke")
_RUNNING_NUMBER = "respiratory"  # its `number` is a running number, no issue: run with and without it
ABSENT = "the labelled sets are absent; set REVIEW_SHARED_DATA to where they are"
_SENSITIVITY, _AFTER_ANSWERS, _QUESTIONS, _TIMES = 0.990, 0.998, 20.0, 20.0

Counts = tuple[int, int, int]


def main() -> int:
    """Print a line for each set and one for all; 1 when a goal is missed."""
    words = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    words.add_argument("--rounds", type=int, default=5)
    rounds = words.parse_args().rounds
    folder = shared_sets()
    if folder is None:
        print(ABSENT)
        return 0
    peer = has_peer()
    print("set, records | FP TP FN by the labels, after adjudication | asked: likewise | bib-dedupe likewise")
    pooled: list[dict[str, Counts]] = [{}, {}]
    waiting = records = 0
    slow = False
    for name in SETS:
        frame, groups = read_set(folder, name)
        told, asked = _judged(name, frame, groups, peer)
        without = told
        if name == _RUNNING_NUMBER:
            bare = frame.with_columns(issue=pl.lit(None, dtype=pl.String))
            without, _ = _judged(f"{name} without its running number", bare, groups, peer)
        for one, said in zip(pooled, (told, without), strict=True):
            one |= {who: _sum(one.get(who, (0, 0, 0)), counts) for who, counts in said.items()}
        waiting, records = waiting + asked, records + frame.height
        if rounds:
            slow |= _race(frame, rounds, peer)
    for one, said in zip(pooled, ("", ", without the running number"), strict=True):
        for who, counts in one.items():
            print(f"pooled{said}: {who} {counts}, sensitivity {sensitivity(counts):.4f}")
    asked = 1000 * waiting / records
    print(f"{asked:.1f} questions per 1,000 records" + ("" if peer else "; bib-dedupe is not installed"))
    ours = pooled[0]
    missed = (
        ours["ours, adjudicated"][0] > 0
        or sensitivity(ours["ours, labels"]) < _SENSITIVITY
        or sensitivity(ours["ours after answers, labels"]) < _AFTER_ANSWERS
        or asked > _QUESTIONS
    )
    return 1 if missed or slow else 0


def _judged(name: str, frame: pl.DataFrame, groups: list[list[str]], peer: bool) -> tuple[dict[str, Counts], int]:
    """Prints and gives the counts of each side by the labels and after adjudication, and how many pairs are asked."""
    ids = frame["source_record_id"].to_list()
    made, ask, found = ours_of(frame)
    theirs = peer_of(peer_records(frame)) if peer else None
    told: dict[str, Counts] = {}
    for said, truth in (("labels", groups), ("adjudicated", adjudicated(groups, verdicts(name.split()[0])))):
        told[f"ours, {said}"] = counted(made.record_of, ids, truth)
        told[f"ours after answers, {said}"] = counted(answered(frame, found, ask, truth), ids, truth)
        if theirs is not None:
            told[f"bib-dedupe, {said}"] = counted(theirs, ids, truth)
    pairs = [f"{told[f'{who}, labels']} {told[f'{who}, adjudicated']}" for who in ("ours", "ours after answers")]
    line = f"{name}, {len(ids)} | {pairs[0]} | {ask.height}: {pairs[1]}"
    print(line + (f" | {told['bib-dedupe, labels']} {told['bib-dedupe, adjudicated']}" if peer else ""), flush=True)
    return told, ask.height


def shared_sets() -> Path | None:
    """The folder of the labelled sets, or None where they are absent."""
    named = os.environ.get("REVIEW_SHARED_DATA")
    folder = (Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data") / "dedup"
    return folder if folder.is_dir() else None


def has_peer() -> bool:
    """Whether bib-dedupe is installed."""
    return importlib.util.find_spec("bib_dedupe") is not None


def read_set(folder: Path, name: str) -> tuple[pl.DataFrame, list[list[str]]]:
    """The records of a labelled set as columns of v1.source_record, and the groups of ids that are one document."""
    path = folder / f"bibdedupe_{name}"
    read = pl.read_csv(path / "records_pre_merged.csv", infer_schema=False)
    more = {"doi": "doi", "abstract": "abstract", "ENTRYTYPE": "record_type"}
    journal = pl.coalesce("journal", "booktitle") if "booktitle" in read.columns else pl.col("journal")
    frame = read.select(
        pl.col("ID").alias("source_record_id"),
        "title",
        pl.col("author").str.replace_all(" and ", "; ", literal=True).alias("authors"),
        pl.col("year").cast(pl.Int32, strict=False),
        journal.alias("journal"),
        "volume",
        pl.col("number" if "number" in read.columns else "issue").alias("issue"),
        "pages",
        *(pl.col(old).alias(new) for old, new in more.items() if old in read.columns),
    )
    merged = pl.read_csv(path / "merged_record_ids.csv")["merged_ids"].to_list()
    return frame, [line.split(";") for line in merged]


def ours_of(frame: pl.DataFrame) -> tuple[Clusters, pl.DataFrame, Decided]:
    """Our clusters of *frame*, the questions that are left, and the pairs behind both."""
    found = compare(frame)
    made = clusters(frame, found)
    return made, questions(found, made), found


def answered(
    frame: pl.DataFrame, found: Decided, ask: pl.DataFrame, groups: Iterable[Sequence[str]]
) -> Mapping[str, str]:
    """The clusters after each of *ask* was answered as *groups* have it."""
    entity = _entities(groups)
    pairs = [(min(pair), max(pair)) for pair in ask.select("id_a", "id_b").iter_rows()]
    # as in the program, what a person joins is not held back by a page or a year
    right = [(a, b) for a, b in pairs if entity.get(a, a) == entity.get(b, b)]
    return clusters(frame, found, right).record_of


def peer_records(frame: pl.DataFrame) -> Any:
    """The columns of *frame* under the names that bib-dedupe reads, as a pandas frame."""
    names = {"source_record_id": "ID", "authors": "author", "issue": "number"}
    frame = frame.rename({old: new for old, new in names.items() if old in frame.columns})
    wanted = ("ID", "title", "author", "year", "journal", "volume", "number", "pages", "doi", "abstract")
    types = {"CHAP": "inbook", "BOOK": "book"}
    said = pl.col("record_type") if "record_type" in frame.columns else pl.lit(None, dtype=pl.String)
    frame = frame.with_columns(ENTRYTYPE=said.replace_strict(types, default="article", return_dtype=pl.String))
    there = [pl.col(name).cast(pl.String).fill_null("") for name in wanted if name in frame.columns]
    frame = frame.select(*there, "ENTRYTYPE", booktitle=pl.col("journal").fill_null(""))
    frame = frame.with_columns(
        pl.col("author").str.replace_all("; ", " and ", literal=True), ENTRYTYPE=pl.lit("article")
    )
    import pandas as pd

    return pd.DataFrame(frame.to_dict(as_series=False))


def peer_of(records: Any) -> dict[str, str]:
    """The clusters that bib-dedupe makes with its defaults: source record to record."""
    from bib_dedupe.bib_dedupe import block, cluster, match, prep

    pairs = block(prep(records, verbosity_level=0), verbosity_level=0)
    found = cluster(match(pairs, verbosity_level=0), verbosity_level=0)
    return {one: min(group) for group in found for one in group}


def counted(record_of: Mapping[str, str], ids: Sequence[str], groups: Iterable[Sequence[str]]) -> Counts:
    """False merges, true merges and missed ones, by record."""
    groups = list(groups)
    entity = _entities(groups)
    members: dict[str, list[str]] = defaultdict(list)
    for one in ids:
        members[record_of.get(one, one)].append(one)
    false = true = 0
    for found in members.values():
        parts = len({entity.get(one, one) for one in found})
        true += len(found) - parts
        false += parts - 1
    return false, true, sum(len(group) - 1 for group in groups) - true


def sensitivity(counts: Counts) -> float:
    """The share of the true merges that was found."""
    return counts[1] / ((counts[1] + counts[2]) or 1)


def precision(counts: Counts) -> float:
    """The share of the merges that is true."""
    return counts[1] / ((counts[0] + counts[1]) or 1)


def timed(rounds: int, sides: Mapping[str, Callable[[], object]]) -> dict[str, tuple[float, float]]:
    """Median seconds of each side, by the wall and by the processors; every other round in the other order."""
    seconds: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for turn in range(rounds):
        for name, run in reversed(sides.items()) if turn % 2 else sides.items():
            before, began = os.times(), time.perf_counter()
            run()
            wall, after = time.perf_counter() - began, os.times()
            seconds[name].append((wall, sum(after[:4]) - sum(before[:4])))
    return {
        name: (statistics.median(wall for wall, _ in each), statistics.median(cpu for _, cpu in each))
        for name, each in seconds.items()
    }


def _race(frame: pl.DataFrame, rounds: int, peer: bool) -> bool:
    """Prints how long each takes and how many times longer bib-dedupe does; whether that is below the goal."""
    sides: dict[str, Callable[[], object]] = {"ours": lambda: clusters(frame, compare(frame))}
    if peer:
        records = peer_records(frame)
        sides["bib-dedupe"] = lambda: peer_of(records)
    taken = timed(rounds, sides)
    said = ", ".join(f"{name} {wall:.3f} s (processors {cpu:.3f})" for name, (wall, cpu) in taken.items())
    if not peer:
        print(f"  {said}")
        return False
    (wall, cpu), (other, more) = taken["ours"], taken["bib-dedupe"]
    print(f"  {said}: {other / wall:.1f} times by the wall, {more / cpu:.1f} by the processors, {rounds} rounds")
    return other / wall < _TIMES


def _entities(groups: Iterable[Sequence[str]]) -> dict[str, int]:
    return {one: place for place, group in enumerate(groups) for one in group}


def _sum(one: Counts, other: Counts) -> Counts:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


if __name__ == "__main__":
    sys.exit(main())
