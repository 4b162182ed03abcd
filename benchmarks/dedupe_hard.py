"""Deduplication: our engine and bib-dedupe on SYNTHETIC records that look like duplicates and are not.

    .venv-bench/bin/python benchmarks/dedupe_hard.py [--sizes 1000 10000 80000] [--peer 1000] [--probe 1000 10000]

Two suites: the families of `tests/dedupe/hard_negatives.py`, written beside the rules, which guard against relapse; and
those of `dedupe_probe_families.py`, in words that the rules were not written for. FP TP FN by record, and pairs asked.
bib-dedupe does not read PMIDs, registry numbers and publication types; types of books and chapters are passed on. It
took many minutes for 10,000 such records.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

# not as tests.dedupe: a peer installs a package "tests"
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "dedupe"))

from dedupe import counted, has_peer, ours_of, peer_of, peer_records
from dedupe_probe_families import PROBE
from hard_negatives import FAMILIES, Families, hard_negatives, trap_of


def main() -> int:
    """Print a line for each size and suite; 1 when our engine merges two works of the first suite."""
    words = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    words.add_argument("--sizes", type=int, nargs="*", default=[1000, 10_000, 80_000])
    words.add_argument("--peer", type=int, nargs="*", default=[1000], help="the sizes that bib-dedupe runs too")
    words.add_argument("--probe", type=int, nargs="*", default=[1000, 10_000], help="sizes of the second suite")
    asked = words.parse_args()
    print("suite, records | ours FP TP FN | asked | seconds | bib-dedupe FP TP FN | seconds | SYNTHETIC")
    missed = False
    for size in asked.sizes:
        missed |= _suite("hard negatives", size, FAMILIES, size in asked.peer) > 0
    for size in asked.probe:
        _suite("new wording", size, PROBE, size in asked.peer)
    return 1 if missed else 0


def _suite(name: str, size: int, families: Families, peer: bool) -> int:
    """Prints one line, and which families were merged wrongly; our false merges."""
    frame, works = hard_negatives(size, families=families)
    family = trap_of(size, families=families)
    groups: dict[int, list[str]] = defaultdict(list)
    for one, work in works.items():
        groups[work].append(one)
    began = time.perf_counter()
    made, ask, _ = ours_of(frame)
    seconds = time.perf_counter() - began
    counts = counted(made.record_of, list(works), groups.values())
    line = f"{name}, {size} | {counts} | {ask.height} | {seconds:.1f}"
    told = [f"  ours joined two works of: {_joined(made.record_of, works, family)}"] if counts[0] else []
    if peer and has_peer():
        records = peer_records(frame)
        began = time.perf_counter()
        theirs = peer_of(records)
        seconds = time.perf_counter() - began
        other = counted(theirs, list(works), groups.values())
        line += f" | {other} | {seconds:.1f}"
        told += [f"  bib-dedupe joined two works of: {_joined(theirs, works, family)}"] if other[0] else []
    print("\n".join((line, *told)), flush=True)
    return counts[0]


def _joined(record_of: Mapping[str, str], works: Mapping[str, int], family: Mapping[str, str]) -> str:
    """The families of the works that share a cluster with another work, and how many clusters of each."""
    members: dict[str, list[str]] = defaultdict(list)
    for one, record in record_of.items():
        members[record].append(one)
    wrong = [group for group in members.values() if len({works[one] for one in group}) > 1]
    found = Counter(" and ".join(sorted({family[one] for one in group})) for group in wrong)
    return ", ".join(f"{name} ({times})" for name, times in found.most_common())


if __name__ == "__main__":
    sys.exit(main())
