"""Deduplication: seconds and peak memory of our engine on 10,000, 100,000 and 1,000,000 SYNTHETIC records.

    .venv-bench/bin/python benchmarks/dedupe_growth.py [--sizes 10000 100000 1000000] [--rounds 1]

Each size is made, written down and measured in processes of their own, so that the peak is of one run: from reading the
columns to clusters. Three in four records are one work each, the others duplicates as another database prints them
(journal short, initials, page range short, identifiers left out), one in a hundred a trap of
`tests/dedupe/hard_negatives.py`. Abstracts have 200 characters: the engine looks at no more.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

# not as tests.dedupe: a peer installs a package "tests"
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "dedupe"))

import polars as pl
from dedupe import Counts, sensitivity
from hard_negatives import FAMILIES, Dice

from review.dedupe.compare import clusters, compare
from review.dedupe.normalise import COLUMNS

_SECONDS = {100_000: 30.0, 1_000_000: 240.0}
_GIGABYTES = 4.0
_AT_ONCE = 50_000


def main() -> int:
    """Print a line for each size; 1 when there is a false merge, or too much time or memory is taken."""
    words = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    words.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    words.add_argument("--rounds", type=int, default=1)
    words.add_argument("--make", type=int, help=argparse.SUPPRESS)
    words.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    words.add_argument("--at", type=Path, help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.make:
        _write(asked.make, asked.at)
        return 0
    if asked.measure:
        print(json.dumps(_measured(asked.measure)))
        return 0
    missed = False
    before: tuple[int, float, float] | None = None
    print("records | seconds: compare, cluster, both | peak GB | FP TP FN | sensitivity | growth | SYNTHETIC")
    with tempfile.TemporaryDirectory() as folder:
        for size in asked.sizes:
            path = Path(folder) / f"{size}.parquet"
            _own("--make", str(size), "--at", str(path))
            runs = [json.loads(_own("--measure", str(path))) for _ in range(asked.rounds)]
            path.unlink()
            took = {name: statistics.median(run[name] for run in runs) for name in ("compare", "cluster", "both")}
            peak = max(run["peak"] for run in runs)
            counts: Counts = tuple(runs[0]["counts"])
            line = f"{size} | {took['compare']:.1f}, {took['cluster']:.1f}, {took['both']:.1f} | {peak:.2f} | {counts}"
            line += f" | {sensitivity(counts):.4f}"
            if before:
                line += f" | {size / before[0]:.0f} x records: {took['both'] / before[1]:.1f} x time, "
                line += f"{peak / before[2]:.1f} x memory"
            print(line, flush=True)
            before = size, took["both"], peak
            missed |= counts[0] > 0 or peak > _GIGABYTES or took["both"] > _SECONDS.get(size, took["both"])
    return 1 if missed else 0


def _own(*words: str) -> str:
    done = subprocess.run([sys.executable, __file__, *words], capture_output=True, text=True, check=True)
    return done.stdout


def _measured(path: Path) -> dict[str, Any]:
    """Seconds of the two steps, peak memory of this process in GB, and the counts."""
    began = time.perf_counter()
    frame = pl.read_parquet(path)
    works = frame.select("source_record_id", "work")
    frame = frame.drop("work")
    found = compare(frame)
    between = time.perf_counter()
    made = clusters(frame, found)
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return {
        "compare": between - began,
        "cluster": done - between,
        "both": done - began,
        "peak": peak,
        "counts": _counted(works, made.record_of),
    }


def _counted(works: pl.DataFrame, record_of: Mapping[str, str]) -> Counts:
    made = pl.DataFrame(
        {"source_record_id": list(record_of), "record": list(record_of.values())},
        schema={"source_record_id": pl.String, "record": pl.String},
    )
    both = works.join(made, on="source_record_id", how="left")
    both = both.with_columns(record=pl.coalesce("record", "source_record_id"))
    parts = both.unique(["record", "work"]).height
    false, true = parts - both["record"].n_unique(), both.height - parts
    return false, true, both.height - both["work"].n_unique() - true


def _write(size: int, path: Path) -> None:
    """*size* synthetic records with their work, the same ones each time, in a random order of ids."""
    rows = islice(_Library().records(), size)
    chunks = []
    while chunk := list(islice(rows, _AT_ONCE)):
        chunks.append(pl.DataFrame(chunk, schema={**COLUMNS, "work": pl.Int64}))
    pl.concat(chunks).sample(fraction=1, shuffle=True, seed=1).write_parquet(path)


class _Library:
    """Works of made-up words, some words and names far more common than others, as in a real library."""

    def __init__(self) -> None:
        self._dice = Dice(7)
        self._made = 0
        self._words = [self._dice.word(self._dice.randrange(2, 5)) for _ in range(20_000)]
        self._names = [self._dice.word(self._dice.randrange(2, 4)).title() for _ in range(30_000)]
        self._journals = [
            " ".join(("Journal", "of", *(self._dice.word(3).title() for _ in range(self._dice.randrange(1, 4)))))
            for _ in range(3000)
        ]
        self._weights = {
            len(chosen): list(accumulate(1 / (place + 20) for place in range(len(chosen))))
            for chosen in (self._words, self._names, self._journals)
        }

    def records(self) -> Iterator[dict[str, Any]]:
        """Without end."""
        dice, work, place = self._dice, 0, 0
        while True:
            turn = dice.random()
            if turn < 0.01:
                works = [(fields, work + n) for n, fields in enumerate(dice.choice(FAMILIES)(dice))]
            elif turn < 0.75:
                works = [(self._work(), work)]
            else:
                one = self._work()
                copies = 2 if dice.random() < 0.2 else 1
                works = [(one, work), *((self._again(one), work) for _ in range(copies))]
            for fields, number in works:
                yield {**fields, "source_record_id": f"s{place:07}", "work": number}
                place += 1
            work = works[-1][1] + 1

    def _drawn(self, chosen: list[str], count: int) -> list[str]:
        return self._dice.choices(chosen, cum_weights=self._weights[len(chosen)], k=count)

    def _work(self) -> dict[str, Any]:
        dice = self._dice
        self._made += 1
        first, year = dice.randrange(1, 2500), dice.randrange(1975, 2026)
        names = self._drawn(self._names, dice.randrange(1, 8))
        known = dice.random()
        return {
            "title": " ".join(self._drawn(self._words, dice.randrange(7, 17))).capitalize(),
            "authors": "; ".join(f"{name}, {dice.choice('ABCDEFGHJK')}." for name in names),
            "year": year,
            "journal": self._drawn(self._journals, 1)[0],
            "volume": str(max(1, year - 1960 + dice.randrange(-15, 15))),
            "issue": str(dice.randrange(1, 13)),
            "pages": f"{first}-{first + dice.randrange(3, 15)}",
            "doi": f"10.5555/{dice.word(2)}.{self._made}" if known < 0.6 else None,
            "pmid": dice.pmid() if known < 0.5 else None,
            "abstract": " ".join(self._drawn(self._words, 30))[:200] if dice.random() < 0.7 else None,
        }

    def _again(self, one: dict[str, Any]) -> dict[str, Any]:
        """The same work as another database prints it."""
        dice = self._dice
        short = " ".join(word[:4] for word in one["journal"].split() if word != "of")
        lost = {name: None for name in ("doi", "pmid", "abstract", "issue") if dice.random() < 0.5}
        first, last = one["pages"].split("-")
        title = dice.choice((one["title"], one["title"].upper(), one["title"] + " [Review] [33 refs]"))
        pages = f"{first}-{last[-2:]}" if len(first) == len(last) and first[:-2] == last[:-2] else one["pages"]
        return {
            **one,
            **lost,
            "title": title,
            "journal": short,
            "authors": one["authors"].replace(".", ""),
            "pages": pages,
        }


if __name__ == "__main__":
    sys.exit(main())
