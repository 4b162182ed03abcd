"""Deduplication: the two sets that were kept from tuning: tafenoquine and the special cases.

Held-out for the first version of the rules; the second one mends what the first run showed.

    .venv-bench/bin/python benchmarks/dedupe_held_out.py

tafenoquine comes as an EndNote file and goes through our own reader (bib-dedupe gets the same columns); its labels say
only whether a record has a duplicate, so TP counts the flagged records that share a cluster. The special cases are
counted by record, also after right answers to the queue, and their pairs are named.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import polars as pl
from dedupe import ABSENT, Counts, answered, counted, has_peer, ours_of, peer_of, peer_records, read_set, shared_sets

from review.dedupe.normalise import COLUMNS
from review.search.records import Record
from review.search.reference_files import read_reference_file


def main() -> int:
    """Print the counts of both programs; 1 when ours misses a duplicate or merges two works."""
    folder = shared_sets()
    if folder is None:
        print(ABSENT)
        return 0
    missed = _tafenoquine(folder)
    missed |= _special_cases(folder)
    return 1 if missed else 0


def _tafenoquine(folder: Path) -> bool:
    """Whether one of the flagged records is in no cluster, or one that is not flagged in some."""
    path = folder / "iebh_tafenoquine" / "tafenoquine.xml"
    reading = read_reference_file(path.read_bytes(), name=path.name)
    rows = [
        {name: getattr(record, name, None) for name in COLUMNS} | {"source_record_id": f"t{place:04}"}
        for place, record in enumerate(reading.records)
    ]
    frame = pl.DataFrame(rows, schema=COLUMNS)
    flagged = {row["source_record_id"] for row, record in zip(rows, reading.records, strict=True) if _flag(record)}
    made, ask, _ = ours_of(frame)
    ours = _flags(made.record_of, flagged)
    line = f"tafenoquine, {len(rows)} records, {len(flagged)} flagged | ours {ours} | asked {ask.height}"
    if has_peer():
        line += f" | bib-dedupe {_flags(peer_of(peer_records(frame)), flagged)}"
    print(line)
    for a, b, reasons in ask.select("id_a", "id_b", "reasons").iter_rows():
        print(f"  asked: records {int(a[1:]) + 1} and {int(b[1:]) + 1} of the file, {reasons}")
    return ours[0] > 0 or ours[2] > 0


def _flag(record: Record) -> bool:
    """Whether the set says that the record has a duplicate."""
    return any(name.rpartition("/")[2] == "caption" and value == "Duplicate" for name, value in record.fields)


def _flags(record_of: Mapping[str, str], flagged: set[str]) -> Counts:
    """Records in a cluster that are not flagged, flagged records in one, and flagged records in none."""
    sizes = Counter(record_of.values())
    together = {one for one, record in record_of.items() if sizes[record] > 1}
    return len(together - flagged), len(together & flagged), len(flagged - together)


def _special_cases(folder: Path) -> bool:
    """Whether a pair is missed or wrongly merged; all pairs are named."""
    import pandas as pd

    frame, groups = read_set(folder, "special_cases")
    ids = frame["source_record_id"].to_list()
    made, ask, found = ours_of(frame)
    ours = counted(made.record_of, ids, groups)
    after = counted(answered(frame, found, ask, groups), ids, groups)
    line = f"special cases, {len(ids)} records | ours {ours} | asked {ask.height}, after right answers {after}"
    if has_peer():
        records = pd.read_csv(folder / "bibdedupe_special_cases" / "records_pre_merged.csv")
        theirs = peer_of(records)
        line += f" | bib-dedupe {counted({str(a): str(b) for a, b in theirs.items()}, ids, groups)}"
    print(line)
    labelled = {pair for group in groups for pair in combinations(sorted(group), 2)}
    merged = {(a, b) for a, b in combinations(sorted(ids), 2) if made.find(a) == made.find(b)}
    for a, b in sorted(labelled | merged):
        said = "one" if (a, b) in labelled else "two works"
        print(f"  {a} and {b}: {said} by the labels, {'merged' if (a, b) in merged else 'not merged'}")
    for a, b, reasons in ask.select("id_a", "id_b", "reasons").iter_rows():
        print(f"  asked: {a} and {b}, {reasons}")
    return ours[0] > 0 or ours[2] > 0


if __name__ == "__main__":
    sys.exit(main())
