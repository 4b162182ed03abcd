"""Box 3 of the flow: duplicates by whom and by source, counted a second time here from events and source records."""

from __future__ import annotations

import random
import shutil
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from review.database import Append, LocalStore, Replace
from review.dedupe import deeds, engine
from review.dedupe.match import SAME_DOI
from review.project import Project
from review.reporting import store as reads
from review.terms import DuplicateEventKind as Kind
from tests.conftest import synthetic_receipt, synthetic_record
from tests.reporting.test_prisma_flow import check, records

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = {"PubMed": "database", "Embase": "database", "ClinicalTrials.gov": "register", "hand": "citation_search"}
SEARCHED = ("database", "register")
Row = dict[str, Any]


def arrive(store: LocalStore, rows: Sequence[Mapping[str, Any]], name: str, *, source: str) -> None:
    """One committed import of *source*."""
    store.apply(
        [
            Append("search.source_record", [dict(row) for row in rows]),
            Append(
                "search.import_record",
                [
                    {"import_id": name, "source_record_id": row["source_record_id"], "position": place}
                    for place, row in enumerate(rows, start=1)
                ],
            ),
            Append(
                "search.import_receipt",
                [
                    {
                        **synthetic_receipt(name, records=len(rows), at=NOW),
                        "source": source,
                        "source_kind": KINDS[source],
                    }
                ],
            ),
        ]
    )


def pool(dice: random.Random) -> list[Row]:
    """Records of four sources, and second versions of two entries of PubMed; `entry` says whose version one is."""
    rows: list[Row] = []
    for number in range(1, 25):
        source = dice.choice([*KINDS, "PubMed", "Embase"])
        abstract = "SYNTHETIC. " * dice.randrange(3)
        # of one year, so that nothing but people's words keeps two records apart
        row = synthetic_record(number) | {"year": 2020, "source": source, "accession": f"n{number}"}
        rows.append({**row, "abstract": abstract})
    # an entry has its PMID for accession; it is one PMID, so that no two meet in one record
    first = next(row for row in rows if row["source"] == "PubMed")
    first.update(pmid="7", accession="7", version=1)
    rows.append({**synthetic_record(30), "year": 2020, "source": "PubMed", "pmid": "7", "accession": "7", "version": 2})
    for row in rows:
        row["entry"] = first["source_record_id"] if row.get("pmid") else row["source_record_id"]
    return rows


def bare(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "entry"}


def said(rows: Sequence[Row], dice: random.Random) -> list[Row]:
    """Merges of the program and of people, splits, undos, and an undo of an undo; each of a pair of its own."""
    entries = sorted({row["entry"] for row in rows})
    events: dict[tuple[str, str], Row] = {}
    for number in range(22):
        low, high = sorted(dice.sample(entries, 2))
        kind = dice.choice((Kind.MERGE, Kind.MERGE, Kind.MERGE, Kind.SPLIT))
        row = deeds.event_row(kind, (low, high), "ana", event_id=f"word-{number}")
        if kind is Kind.MERGE and dice.random() < 0.6:
            row.update(rule=SAME_DOI, automatic=True)
        events[low, high] = row
    undone = dice.sample(sorted(row["event_id"] for row in events.values()), 4)
    undos = [deeds.event_row(Kind.UNDO, None, "ben", event_id=f"undo-{one}", undo_of=one) for one in undone]
    undos.append(deeds.event_row(Kind.UNDO, None, "ana", event_id="redo", undo_of=f"undo-{undone[0]}"))
    return [*events.values(), *undos]


def say(store: LocalStore, rows: Sequence[Row]) -> None:
    """Append events and replay the log."""
    store.apply([Append("dedupe.duplicate_event", rows), *engine.rebuilt(store, rows)])


class Counted:
    """Box 3 by hand: the edges join one after the other, people's first; of each tree one member stays."""

    def __init__(self, rows: Sequence[Row], events: Sequence[Row]) -> None:
        taken = {row["undo_of"] for row in events if row["undo_of"]}
        taken -= {row["undo_of"].removeprefix("undo-") for row in events if row["event_id"] == "redo"}
        live = [row for row in events if row["record_a"] and row["event_id"] not in taken]
        apart = [{row["record_a"], row["record_b"]} for row in live if row["kind"] == Kind.SPLIT.value]
        smallest: dict[str, str] = {}
        latest: dict[str, Row] = {}
        for row in rows:
            entry = row["entry"]
            smallest[entry] = min(smallest.get(entry, row["source_record_id"]), row["source_record_id"])
            latest[entry] = max(latest.get(entry, row), row, key=lambda one: one.get("version") or 0)
        self.group = {entry: {entry} for entry in smallest}
        self.edges: dict[str, dict[str, bool]] = defaultdict(dict)
        merges = [row for row in live if row["kind"] == Kind.MERGE.value]
        for row in sorted(
            merges,
            key=lambda one: (one["automatic"], sorted((smallest[one["record_a"]], smallest[one["record_b"]]))),
        ):
            a, b = row["record_a"], row["record_b"]
            whole = self.group[a] | self.group[b]
            crosses = any(
                len(pair & self.group[a]) == 1 and len(pair & self.group[b]) == 1 for pair in apart if pair <= whole
            )
            if self.group[a] is self.group[b] or crosses:
                continue
            for one in whole:
                self.group[one] = whole
            self.edges[a][b] = self.edges[b][a] = row["automatic"]
        self.by: Counter[str] = Counter()
        self.removed: Counter[str] = Counter()
        self.remaining: Counter[str] = Counter()
        for whole in {id(one): one for one in self.group.values()}.values():
            self._count([latest[one] for one in whole])

    def _count(self, members: Sequence[Row]) -> None:
        listed = [row for row in members if KINDS[row["source"]] in SEARCHED]
        if not listed:
            return
        stays = min(
            listed, key=lambda row: (row["source"] != "PubMed", -len(row["abstract"] or ""), row["source_record_id"])
        )
        self.remaining[stays["source"]] += 1
        for row in listed:
            if row is not stays:
                self.removed[row["source"]] += 1
                self.by["automation" if self._last(stays["entry"], row["entry"]) else "person"] += 1

    def _last(self, here: str, there: str) -> bool:
        """Whether the last edge of the only path is the program's."""
        todo: list[tuple[str, str | None]] = [(here, None)]
        while todo:
            one, before = todo.pop()
            for following, automatic in self.edges[one].items():
                if following == there:
                    return automatic
                if following != before:
                    todo.append((following, one))
        raise AssertionError((here, there))


def box(store: LocalStore) -> dict[str, Any]:
    """The lines of box 3: item → count, or source → count for the two items that have one line a source."""
    found: dict[str, Any] = {"duplicates_of_source": {}, "remaining_of_source": {}}
    for line in reads.flow_lines(store).filter(box="3").to_dicts():
        if line["source"]:
            found[line["item"]][line["source"]] = line["n"]
        else:
            found[line["item"]] = line["n"] if line["status"] == "counted" else line["status"]
    return found


@pytest.mark.parametrize("seed", range(6))
def test_box_3_is_what_the_events_and_the_source_records_come_to(seed: int, store: LocalStore) -> None:
    dice = random.Random(seed)
    rows = pool(dice)
    events = said(rows, dice)
    with store.holding():
        for source in KINDS:
            mine = [bare(row) for row in rows if row["source"] == source and (row.get("version") or 1) == 1]
            if mine:
                arrive(store, mine, f"i-{source}", source=source)
        arrive(store, [bare(row) for row in rows if row.get("version") == 2], "i-again", source="PubMed")
        say(store, events)
        found, verdicts = box(store), check(store)
        removed = store.read("select * from v1.duplicates_removed").to_dicts()
    expected = Counted(rows, events)
    entries = {row["entry"]: row["source"] for row in rows}
    searched = {source for source in entries.values() if KINDS[source] in SEARCHED}
    assert found["duplicates"] == expected.by.total() == expected.removed.total()
    assert found["duplicates_by_automation"] == expected.by["automation"]
    assert found["duplicates_by_person"] == expected.by["person"]
    assert "duplicates_not_recorded" not in found
    assert found["duplicates_of_source"] == {source: expected.removed[source] for source in searched}
    assert found["remaining_of_source"] == {source: expected.remaining[source] for source in searched}
    for source in searched:
        identified = sum(one == source for one in entries.values())
        assert identified == expected.removed[source] + expected.remaining[source]
    assert (verdicts["11"], verdicts["12"]) == ("pass", "pass")
    assert {(row["removed_by"], row["rule"]) for row in removed} <= {("automation", SAME_DOI), ("person", None)}
    assert Counter({"automation": 0, "person": 0}) + expected.by == Counter(
        {word: sum(row["n"] for row in removed if row["removed_by"] == word) for word in ("automation", "person")}
    )


def test_the_seeds_hold_every_kind_of_trouble() -> None:
    """Else the test above would compare zeros."""
    totals: Counter[str] = Counter()
    for seed in range(6):
        dice = random.Random(seed)
        rows = pool(dice)
        events = said(rows, dice)
        expected = Counted(rows, events)
        totals += expected.by
        source = {row["entry"]: row["source"] for row in rows}
        totals["with other methods"] += sum(
            {"hand"} < {source[one] for one in whole} for whole in expected.group.values()
        )
        totals["splits"] += sum(row["kind"] == Kind.SPLIT.value for row in events)
        totals["versions"] += len(expected.group[next(row["entry"] for row in rows if row.get("version") == 2)]) > 1
    assert min(totals[word] for word in ("automation", "person", "with other methods", "splits", "versions")) > 0


def test_before_the_first_import_nothing_was_done(store: LocalStore) -> None:
    assert set(reads.flow_lines(store).filter(box="3")["status"]) == {"not done"}
    found = box(store)
    assert found["duplicates_of_source"] == found["remaining_of_source"] == {}
    assert {check(store)[number] for number in ("11", "12")} == {"not applicable"}


def test_records_of_other_methods_alone_leave_box_3_empty(store: LocalStore) -> None:
    ids = records(store, range(1, 4), kind="citation_search", source="hand")
    store.apply([Replace("dedupe.cluster", [{"source_record_id": one, "record_id": ids[0]} for one in ids[:2]])])
    assert set(reads.flow_lines(store).filter(box="3")["status"]) == {"not done"}


def test_a_run_that_finds_nothing_counts_0_by_everybody(store: LocalStore, empty_review: Project) -> None:
    records(store, range(1, 4))
    before = box(store)
    assert engine.deduplicate(store, empty_review).new_merges == 0
    found = box(store)
    assert found == before
    assert (found["duplicates"], found["duplicates_by_automation"], found["duplicates_by_person"]) == (0, 0, 0)
    assert (found["duplicates_of_source"], found["remaining_of_source"]) == ({"PubMed": 0}, {"PubMed": 3})
    assert {check(store)[number] for number in ("11", "12")} == {"pass"}


def test_what_an_older_version_merged_is_not_recorded_until_the_next_run(store: LocalStore) -> None:
    ids = records(store, range(1, 5))
    store.apply([Replace("dedupe.cluster", [{"source_record_id": one, "record_id": ids[0]} for one in ids[:3]])])
    found = box(store)
    assert (found["duplicates"], found["duplicates_not_recorded"], found["duplicates_by_person"]) == (2, 2, 0)
    assert check(store)["11"] == "pass"


def test_a_merge_that_a_person_made_and_took_back(store: LocalStore, empty_review: Project) -> None:
    one, other = records(store, range(1, 3))
    done = deeds.merge(store, empty_review, one, other, who="ana")
    assert box(store)["duplicates_by_person"] == 1
    deeds.undo(store, empty_review, done.event_id, who="ben")
    assert (box(store)["duplicates"], box(store)["duplicates_by_person"]) == (0, 0)


def test_a_source_keeps_what_another_method_showed_better(
    empty_review: Project, blank_database: Path, tmp_path: Path
) -> None:
    """The longest abstract is shown, but what a search listed stays where it was counted."""
    store = LocalStore(Path(shutil.copy(blank_database, tmp_path / "own.duckdb")))
    with store.holding():
        listed = {**synthetic_record(1), "source": "Embase", "abstract": "Short."}
        again = {**synthetic_record(2), "source": "ClinicalTrials.gov", "abstract": None}
        by_hand = {**synthetic_record(3), "source": "hand", "abstract": "A much longer abstract."}
        for row in (listed, again, by_hand):
            arrive(store, [row], f"i-{row['source']}", source=str(row["source"]))
        ids = [str(row["source_record_id"]) for row in (listed, again, by_hand)]
        deeds.merge(store, empty_review, ids[0], ids[2], who="ana")
        deeds.merge(store, empty_review, ids[1], ids[2], who="ana")
        assert store.read("select shown_source_record_id as id from v1.record")["id"].to_list() == [ids[2]]
        found = box(store)
    assert found["remaining_of_source"] == {"Embase": 1, "ClinicalTrials.gov": 0}
    assert found["duplicates_of_source"] == {"Embase": 0, "ClinicalTrials.gov": 1}
    assert (found["duplicates"], found["duplicates_by_person"]) == (1, 1)


def test_no_column_of_the_list_is_a_word_of_sql(store: LocalStore) -> None:
    """`select by` is an error of the parser."""
    names = store.read("select * from v1.duplicates_removed").columns
    assert names == ["source", "source_kind", "removed_by", "rule", "n"]
    assert store.read(f"select {', '.join(names)} from v1.duplicates_removed").height == 0
