"""The same records and words come to the same clusters and questions, in whatever order they and the runs came."""

from __future__ import annotations

import random
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from review.database import Append, LocalStore
from review.dedupe import deeds, engine, log, waiting
from review.dedupe.cluster import live_events, standing
from review.dedupe.deeds import event_row
from review.project import Project
from review.terms import DuplicateEventKind as Kind
from tests.conftest import examples, synthetic_record
from tests.dedupe.hard_negatives import hard_negatives
from tests.screening.records import bring

Outcome = tuple[frozenset[frozenset[str]], frozenset[frozenset[frozenset[str]]]]

# SYNTHETIC: no such article exists
ARTICLE: dict[str, Any] = {
    "title": "Saline for invented knee pain: a made-up randomised trial",
    "authors": "Probe, Anna; Testa, B. C.; Sample, Dora",
    "year": 2015,
    "journal": "Journal of Imaginary Medicine",
    "volume": "12",
    "issue": "3",
    "pages": "226-236",
}
OTHER = {**ARTICLE, "title": "Cost of imaginary braces in fabled sprains of the ankle", "pages": "40-48"}
SHARED = {**OTHER, "title": "Whey for the elbows of unicorns, a registry of ten years", "pages": "90-99"}
YEARLY = {**ARTICLE, "title": "Notes from a made-up register", "pages": None, "issue": None}
ENTRY = {**OTHER, "title": "Stem cells of dragons in the discs of giants", "source": "PubMed", "pmid": "5"}
ENTRY |= {"accession": "5", "pages": "7-17"}


def pool() -> list[dict[str, Any]]:
    """Records of which each kind of trouble has some: what they come to depends on all of them."""
    traps, _ = hard_negatives(24, seed=3)
    rows: list[dict[str, Any]] = [
        # one without identifiers between two DOIs
        {**ARTICLE, "doi": "10.5555/a"},
        {**ARTICLE, "doi": "10.5555/b", "pages": None},
        {**ARTICLE},
        {**ARTICLE, "title": ARTICLE["title"].upper(), "pages": None, "volume": None},
        # four equal ones, and a volume that differs
        *[{**OTHER, "source": source} for source in ("Embase", "Scopus", "CENTRAL", "CINAHL")],
        {**OTHER, "volume": "13"},
        # one DOI: merged, until a second PMID comes with it
        {**SHARED, "doi": "10.5555/shared", "pmid": "31"},
        {**SHARED, "doi": "10.5555/shared"},
        {**SHARED, "doi": "10.5555/shared", "pmid": "32", "pages": "100-101"},
        # one title: merged, until it turns out that many volumes have it
        *[{**YEARLY, "year": year, "volume": str(year - 2000)} for year in (2010, 2010, 2011, 2012)],
        # versions of one entry, each like another record
        {**ENTRY, "version": 1},
        {**ENTRY, "version": 2, "title": "Corrected words that nobody else has printed", "doi": "10.5555/new"},
        {**ENTRY, "source": "Embase", "pmid": None, "accession": "E1"},
        {
            **ENTRY,
            "source": "Scopus",
            "pmid": None,
            "accession": "S1",
            "doi": "10.5555/new",
            "title": "Corrected words",
        },
    ]
    rows += traps.drop("source_record_id").to_dicts()
    for number, row in enumerate(rows, start=1):
        row["number"] = number
        row["accession"] = row.get("accession") or f"n{number}"
        for name in ("registry_ids", "publication_types"):
            row[name] = row.get(name) or []
    return rows


IDS = [str(synthetic_record(row["number"])["source_record_id"]) for row in pool()]


def words(dice: random.Random) -> list[dict[str, Any]]:
    """What people said, each of a pair of its own, and some of it taken back; with fixed ids."""
    said: dict[tuple[str, str], dict[str, Any]] = {}
    for number in range(14):
        # mostly of neighbours, which are often alike
        first = dice.randrange(len(IDS) - 1)
        second = first + 1 if dice.random() < 0.7 and first + 1 < len(IDS) else dice.randrange(len(IDS))
        low, high = sorted((IDS[first], IDS[second]))
        kind = dice.choice((Kind.MERGE, Kind.SPLIT, Kind.LOCK, Kind.SPLIT))
        if low != high and {low, high} != {IDS[16], IDS[17]}:
            said[low, high] = event_row(kind, (low, high), "ana", event_id=f"word-{number}")
    undone = dice.sample(sorted(row["event_id"] for row in said.values()), 4)
    undos = [event_row(Kind.UNDO, None, "ben", event_id=f"undo-{one}", undo_of=one) for one in undone]
    undos.append(event_row(Kind.UNDO, None, "ana", event_id="redo", undo_of=f"undo-{undone[0]}"))
    return [*said.values(), *undos]


def of_the_program(store: LocalStore, project: Project, dice: random.Random) -> list[dict[str, Any]]:
    """Undos of merges that the program makes of all the records; their ids are the same in every database."""
    engine.deduplicate(store, project)
    versions = set(IDS[16:18])
    merges = [edge for edge in standing(log.read(store).events).automatic if not {edge.a, edge.b} & versions]
    chosen = dice.sample([edge.event_id for edge in merges], 2)
    return [event_row(Kind.UNDO, None, "ana", event_id=f"no-{one}", undo_of=one) for one in chosen]


def say(store: LocalStore, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append events as another site's file would bring them: whether their records or targets are there or not."""
    store.apply([Append("dedupe.duplicate_event", rows), *engine.rebuilt(store, rows)])


def outcome(store: LocalStore) -> Outcome:
    members: dict[str, set[str]] = {}
    record: dict[str, str] = {}
    for source, whole in store.read("select source_record_id, record_id from v1.record_member").rows():
        members.setdefault(whole, set()).add(source)
        record[source] = whole
    group = {one: frozenset(members[whole]) for one, whole in record.items()}
    asked = waiting.waiting_pairs(store).select("record_a", "record_b").rows()
    return frozenset(group.values()), frozenset(frozenset((group[a], group[b])) for a, b in asked)


def rows_of(store: LocalStore) -> list[Any]:
    tables = ("dedupe.duplicate_event", "dedupe.cluster", "dedupe.joined")
    return [sorted(store.read(f"select * from {table}").rows(), key=str) for table in tables]


class Site:
    """A database that gets the records in files, and the words, in an order of its own."""

    def __init__(self, path: Path, blank: Path, project: Project) -> None:
        self.store = LocalStore(Path(shutil.copy(blank, path)))
        self.project = project

    def fill(self, said: list[dict[str, Any]], dice: random.Random) -> Outcome:
        rows = pool()
        dice.shuffle(rows)
        cuts = sorted(dice.sample(range(1, len(rows)), 3))
        parts = [rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
        spoken = dice.sample(said, len(said))
        steps: list[Any] = [*enumerate(parts), *(spoken[at::5] for at in range(5) if said), *["run"] * 2]
        dice.shuffle(steps)
        for step in steps:
            if isinstance(step, list):
                say(self.store, step)
            elif isinstance(step, tuple):
                bring(self.store, step[1], name=f"i{step[0]}")
            else:
                engine.deduplicate(self.store, self.project)
        engine.deduplicate(self.store, self.project)
        return outcome(self.store)


@pytest.mark.parametrize("seed", range(examples(1, 2)))
def test_no_order_of_files_runs_and_words_changes_the_outcome(
    seed: int, empty_review: Project, blank_database: Path, tmp_path: Path
) -> None:
    dice = random.Random(seed)
    plain = Site(tmp_path / "plain.duckdb", blank_database, empty_review)
    with plain.store.holding():
        untouched = plain.fill([], dice)
        said = [*words(dice), *of_the_program(plain.store, empty_review, dice)]
    found = []
    for number in range(3):
        site = Site(tmp_path / f"{number}.duckdb", blank_database, empty_review)
        with site.store.holding():
            found.append(site.fill(said, dice))
            assert found[-1] == found[0]
            before = rows_of(site.store)
            engine.deduplicate(site.store, empty_review)
            assert rows_of(site.store) == before
    assert found[0] != untouched
    with site.store.holding():
        undo_people(site)
        assert outcome(site.store) == untouched
        undo_everything(site)
        alone = outcome(site.store)[0]
    versions = frozenset(IDS[16:18])
    assert alone == {frozenset({one}) for one in IDS if one not in versions} | {versions}


def undo_people(site: Site) -> None:
    """Take back what people said of pairs, and what they took back of the program's merges."""
    events = log.read(site.store).events
    live, automatic = live_events(events), {event.event_id for event in events if event.automatic}
    for event in events:
        if event.event_id in live and not event.automatic and (event.pair or event.undo_of in automatic):
            deeds.undo(site.store, site.project, event.event_id, who="ana")


def undo_everything(site: Site) -> None:
    """Take back every merge that holds, as a person may."""
    events = log.read(site.store).events
    live = live_events(events)
    for event in events:
        if event.kind is Kind.MERGE and event.event_id in live:
            deeds.undo(site.store, site.project, event.event_id, who="ben")
    engine.deduplicate(site.store, site.project)
