"""Deduplication: which pairs of the labelled sets are read side by side, and the labels after that reading.

    .venv-bench/bin/python benchmarks/dedupe_adjudication.py

Names the pairs again that `benchmarks/adjudication/` holds: the false merges, 50 sampled merges, what only one of the
two programs merges, what is missed and what is asked in vain; 1 when one of them has not been read.
"""

from __future__ import annotations

import csv
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

ADJUDICATED = Path(__file__).resolve().parent / "adjudication"
SEED = 20261120
SAMPLED = {"cytology_screening": 17, "respiratory": 17, "stroke": 16}
COLUMNS = ("set", "id_a", "id_b", "chosen", "label", "relation", "reason", "read_by")
SAME, UNSURE = "same_publication", "unsure"

Pair = tuple[str, str]


@dataclass(frozen=True)
class Verdict:
    """One pair that was read: what the set says and what we say."""

    pair: Pair
    chosen: str
    label: str
    relation: str


def verdicts(name: str, folder: Path = ADJUDICATED) -> list[Verdict]:
    """The pairs of one set that were read, in the order of the file."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [
            Verdict((row["id_a"], row["id_b"]), row["chosen"], row["label"], row["relation"])
            for row in csv.DictReader(file)
        ]


def adjudicated(groups: Iterable[Sequence[str]], read: Iterable[Verdict]) -> list[list[str]]:
    """The groups of one document after the reading: joined by what is one publication, cut where it is not.

    A pair that is unsure keeps its label.
    """
    told = {verdict.pair: verdict.relation for verdict in read if verdict.relation != UNSURE}
    joined = {pair for group in groups for pair in combinations(sorted(group), 2)}
    joined = {pair for pair in joined if told.get(pair, SAME) == SAME}
    return groups_of(joined | {pair for pair, relation in told.items() if relation == SAME})


def groups_of(pairs: Iterable[Pair]) -> list[list[str]]:
    """The groups that *pairs* tie together, sorted."""
    above: dict[str, str] = {}

    def root(one: str) -> str:
        while above.get(one, one) != one:
            one = above[one]
        return one

    for a, b in pairs:
        low, high = sorted((root(a), root(b)))
        above.setdefault(low, low)
        above[high] = low
    members: dict[str, list[str]] = defaultdict(list)
    for one in above:
        members[root(one)].append(one)
    return sorted(sorted(group) for group in members.values())


def to_read(
    name: str,
    ids: Sequence[str],
    groups: Iterable[Sequence[str]],
    ours: Mapping[str, str],
    theirs: Mapping[str, str],
    asked: Iterable[Pair],
) -> dict[Pair, str]:
    """The pairs to read and why each was chosen; *ours* and *theirs* give the record of a source record."""
    labelled = {pair for group in groups for pair in combinations(sorted(group), 2)}
    merged, peer = _together(ids, lambda one: ours.get(one, one)), _together(ids, lambda one: theirs.get(one, one))
    chosen = dict.fromkeys(sorted(merged - labelled), "false_merge")
    chosen |= dict.fromkeys(random.Random(SEED).sample(sorted(merged & labelled), SAMPLED[name]), "sampled_merge")
    others = (
        (labelled - merged, "missed"),
        ({(min(pair), max(pair)) for pair in asked}, "asked"),
        (merged - peer, "merged_by_ours_alone"),
        (peer - merged, "merged_by_the_peer_alone"),
    )
    for pairs, why in others:
        for pair in sorted(pairs):
            chosen.setdefault(pair, why)
    return chosen


def _together(ids: Sequence[str], record: Callable[[str], str]) -> set[Pair]:
    members: dict[str, list[str]] = defaultdict(list)
    for one in ids:
        members[record(one)].append(one)
    return {pair for group in members.values() for pair in combinations(sorted(group), 2)}


def main() -> int:
    """Print the pairs that the rule of choice names now, and whether each was read."""
    from dedupe import SETS, ours_of, peer_of, peer_records, read_set, shared_sets

    folder = shared_sets()
    if folder is None:
        print("the labelled sets are absent; set REVIEW_SHARED_DATA to where they are")
        return 0
    unread = 0
    for name in SETS:
        frame, groups = read_set(folder, name)
        ids = frame["source_record_id"].to_list()
        made, ask, _ = ours_of(frame)
        peer = peer_of(peer_records(frame))
        chosen = to_read(name, ids, groups, made.record_of, peer, ask.select("id_a", "id_b").iter_rows())
        known = {verdict.pair for verdict in verdicts(name)}
        for (a, b), why in sorted(chosen.items(), key=lambda item: (item[1], item[0])):
            print(f"{name},{a},{b},{why},{'read' if (a, b) in known else 'NOT READ'}")
        unread += len(chosen.keys() - known)
    print(f"{unread} not read")
    return 1 if unread else 0


if __name__ == "__main__":
    sys.exit(main())
