"""A second, blind probe of deduplication: families that its author wrote without having read the rules.

    .venv/bin/python benchmarks/dedupe_probe_second.py [--records 1000] [--seed 20]

The records are invented, the same ones for the same seed; unrelated records fill up to the number asked for. It is a
probe and not a test: it prints what the engine did by family and ends with 0 whatever that was.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import combinations

import polars as pl
from dedupe_probe_second_families import HARD
from dedupe_probe_second_printings import TRUE
from dedupe_probe_second_records import Family, Press, Record, printed

from review.dedupe import compare
from review.identifiers import normalise_doi

_IN_CASES = 0.6  # of the records; the others have nothing to do with each other
_SCHEMA = pl.Schema(
    {name: pl.String for name in ("source_record_id", "source", "title", "authors", "journal", "volume", "issue")}
    | {name: pl.String for name in ("pages", "doi", "pmid", "abstract", "record_type")}
    | {"year": pl.Int64, "registry_ids": pl.List(pl.String), "publication_types": pl.List(pl.String)}
)


@dataclass(frozen=True)
class Pair:
    """Two records of one case, by identifier, with the truth between them."""

    family: str
    truth: str  # same, different, ask
    a: str
    b: str


def main() -> None:
    """Make the records, let the engine decide, and print the table."""
    asked_for = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    asked_for.add_argument("--records", type=int, default=1000, help="how many records, unrelated ones included")
    asked_for.add_argument("--seed", type=int, default=20)
    asked_for.add_argument("--show", action="store_true", help="print each pair that was merged wrongly")
    options = asked_for.parse_args()
    records, pairs = made(options.records, options.seed)
    table = frame(records)
    start = time.perf_counter()
    found = compare.compare(table)
    clusters = compare.clusters(table, found)
    seconds = time.perf_counter() - start
    record_of = {one: clusters.record_of.get(one, one) for one in table["source_record_id"]}
    asked = list(found.ask.select("id_a", "id_b").iter_rows()) + [(held.a, held.b) for held in clusters.held]
    questions = {frozenset((record_of[a], record_of[b])) for a, b in asked if record_of[a] != record_of[b]}
    done = {pair: outcome(pair, record_of, questions) for pair in pairs}
    print(f"{len(records)} records, {len(pairs)} pairs in cases, {seconds:.1f} s\n")
    print(by_family(done))
    print(totals(done, records, record_of, questions))
    if options.show:
        print(shown(done, records))


def made(count: int, seed: int) -> tuple[list[Record], list[Pair]]:
    """About *count* records in mixed order, and the pairs of each case.

    Every family takes its turn until the cases hold their share; the smallest probe holds each family once.
    """
    press = Press(seed)
    records: list[Record] = []
    pairs: list[Pair] = []
    families: tuple[Family, ...] = HARD + TRUE
    turn = 0
    while turn < len(families) or len(records) < count * _IN_CASES:
        family = families[turn % len(families)]
        turn += 1
        case = family.make(press)
        for one in case:
            one["source_record_id"] = f"r{len(records):06d}"
            records.append(one)
        for one, other in combinations(case, 2):
            truth = "same" if one["work"] == other["work"] else family.truth
            pairs.append(Pair(family.name, truth, one["source_record_id"], other["source_record_id"]))
    while len(records) < count:
        one = press.paper()
        one = press.elsewhere(one) if press.rng.random() < 0.5 else one
        records.append(one | {"source_record_id": f"r{len(records):06d}"})
    press.rng.shuffle(records)
    return records, pairs


def frame(records: list[Record]) -> pl.DataFrame:
    """*records* as the import would hand them on: authors in one text, DOIs as the readers clean them."""
    rows = [
        one | {"authors": printed(one["people"], one["style"]), "doi": normalise_doi(one["doi"])} for one in records
    ]
    return pl.DataFrame([{name: row[name] for name in _SCHEMA} for row in rows], schema=_SCHEMA)


def outcome(pair: Pair, record_of: dict[str, str], questions: set[frozenset[str]]) -> str:
    """What became of *pair*: merged, asked, or left apart; through others counts too."""
    ends = frozenset((record_of[pair.a], record_of[pair.b]))
    if len(ends) == 1:
        return "merged"
    return "asked" if ends in questions else "apart"


def by_family(done: dict[Pair, str]) -> str:
    """The table: a line for each family and truth, with the pairs by outcome; `!` marks wrong merges."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for pair, what in done.items():
        counts[pair.truth, pair.family][what] += 1
    lines = [f"{'truth':10} {'family':36} {'pairs':>6} {'merged':>7} {'asked':>6} {'apart':>6}"]
    for truth in ("different", "ask", "same"):
        for (_, family), found in ((key, each) for key, each in counts.items() if key[0] == truth):
            mark = " !" if truth != "same" and found["merged"] else ""
            numbers = f"{found.total():6} {found['merged']:7} {found['asked']:6} {found['apart']:6}"
            lines.append(f"{truth:10} {family:36} {numbers}{mark}")
    return "\n".join(lines) + "\n"


def totals(
    done: dict[Pair, str], records: list[Record], record_of: dict[str, str], questions: set[frozenset[str]]
) -> str:
    """The sums, and what was merged or asked between records of different cases."""
    sums = Counter((pair.truth, what) for pair, what in done.items())
    same = sum(number for (truth, _), number in sums.items() if truth == "same")
    known = {frozenset((pair.a, pair.b)) for pair in done}
    groups: dict[str, list[str]] = defaultdict(list)
    for one in records:
        groups[record_of[one["source_record_id"]]].append(one["source_record_id"])
    strays = sum(frozenset(two) not in known for group in groups.values() for two in combinations(group, 2))
    expected = {frozenset((record_of[pair.a], record_of[pair.b])) for pair in done}
    wrong = sums["different", "merged"] + sums["ask", "merged"] + strays
    return "\n".join(
        (
            f"wrong merges: {wrong} ({sums['different', 'merged']} different, {sums['ask', 'merged']} to be asked, "
            f"{strays} across cases)",
            f"true pairs: {same}, found automatically {sums['same', 'merged']} "
            f"({sums['same', 'merged'] / same:.1%}), asked {sums['same', 'asked']}, missed {sums['same', 'apart']}",
            f"different works asked: {sums['different', 'asked']}; of those where asking is right: "
            f"{sums['ask', 'asked']} asked, {sums['ask', 'apart']} left apart",
            f"questions: {len(questions)}, {1000 * len(questions) / len(records):.1f} per 1,000 records, "
            f"{len(questions - expected)} of them across cases",
        )
    )


def shown(done: dict[Pair, str], records: list[Record]) -> str:
    """Each pair that should not have been merged but was, and each true pair left apart, both records in a line."""
    of = {one["source_record_id"]: one for one in records}
    fields = ("source", "title", "journal", "year", "volume", "issue", "pages", "doi")
    lines = []
    for pair, what in done.items():
        if (pair.truth == "same" and what == "apart") or (pair.truth != "same" and what == "merged"):
            lines.append(f"\n{pair.family}: {pair.truth}, {what}")
            lines += ["  " + " | ".join(str(of[end][name]) for name in fields) for end in (pair.a, pair.b)]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
