"""Derived tables are true after every batch, made piece by piece or as a whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.database import Append, LocalStore, derived
from review.errors import StoreError
from tests.conftest import examples, synthetic_receipt, synthetic_record

DAY = datetime(2026, 11, 20, tzinfo=UTC)
# a PMID that comes again under another version is one entry; record 0 has no PMID
_READ = st.tuples(st.integers(0, 3), st.integers(1, 3), st.booleans())
_IMPORT = st.tuples(st.lists(_READ, min_size=0, max_size=4, unique=True), st.booleans())


def bring(store: LocalStore, number: int, reads: list[tuple[int, int, bool]], *, committed: bool = True) -> None:
    """One import: its rows first, as a killed import would leave them, and its receipt when *committed*."""
    name = f"import-{number}"
    records = {
        (row := _record(pmid, version, retracted=retracted))["source_record_id"]: row
        for pmid, version, retracted in reads
    }
    rows = [
        {"import_id": name, "source_record_id": one, "position": place} for place, one in enumerate(records, start=1)
    ]
    store.apply([Append("search.source_record", list(records.values())), Append("search.import_record", rows)])
    if committed:
        store.apply([Append("search.import_receipt", [synthetic_receipt(name, records=len(rows), at=DAY)])])


def _record(pmid: int, version: int, *, retracted: bool) -> dict[str, Any]:
    known = (
        {"accession": str(pmid), "pmid": str(pmid), "version": version} if pmid else {"accession": None, "pmid": None}
    )
    row = synthetic_record(pmid * 100 + version * 10 + retracted)
    return row | {"source": "PubMed", "dialect": "pubmed_xml", "retracted": retracted} | known


def kept(store: LocalStore) -> dict[str, pl.DataFrame]:
    """Every derived table, sorted."""
    return {one.table: store.read(f"select * from {one.table} order by all") for one in derived.derived_tables()}


def made_anew(path: Path) -> dict[str, pl.DataFrame]:
    """Every derived table as the whole log gives it."""
    with duckdb.connect(str(path)) as con:
        con.execute("set timezone = 'UTC'")
        con.execute("begin transaction")
        derived.rebuild_all(con)
        con.execute("commit")
    return kept(LocalStore(path))


@settings(max_examples=examples(5, 20))
@given(st.lists(_IMPORT, max_size=5))
def test_piece_by_piece_is_the_same_as_anew(
    tmp_path_factory: pytest.TempPathFactory,
    blank_database: Path,
    imports: list[tuple[list[tuple[int, int, bool]], bool]],
) -> None:
    path = tmp_path_factory.mktemp("derived") / "review.duckdb"
    path.write_bytes(blank_database.read_bytes())
    store = LocalStore(path)
    with store.holding():
        for number, (reads, committed) in enumerate(imports):
            bring(store, number, reads, committed=committed)
        there = kept(store)
    for table, rows in made_anew(path).items():
        assert rows.equals(there[table]), table


def test_rows_without_a_receipt_are_not_seen(store: LocalStore) -> None:
    bring(store, 1, [(1, 1, True)], committed=False)
    assert all(rows.is_empty() for rows in kept(store).values())
    bring(store, 2, [(1, 1, True), (1, 2, False)])
    assert store.read("select is_latest from search.entry order by 1")["is_latest"].to_list() == [False, True]


def test_a_batch_that_fails_leaves_them_as_they_were(store: LocalStore) -> None:
    bring(store, 1, [(1, 1, True)])
    before = kept(store)
    receipt = synthetic_receipt("import-2", records=1, at=DAY)
    row = {
        "import_id": "import-2",
        "source_record_id": _record(1, 1, retracted=True)["source_record_id"],
        "position": 1,
    }
    with pytest.raises(StoreError):
        store.apply(
            [
                Append("search.import_record", [row]),
                Append("search.import_receipt", [receipt]),
                Append("search.no", [row]),
            ]
        )
    after = kept(store)
    assert all(rows.equals(after[table]) for table, rows in before.items())


def test_another_definition_makes_them_anew(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    bring(store, 1, [(1, 1, False)])
    changed = [replace(one, select=one.select + " limit 0") for one in derived.derived_tables()]
    for room in ("review.database.derived", "review.database.views"):
        monkeypatch.setattr(f"{room}.derived_tables", lambda: tuple(changed))
    assert kept(LocalStore(store.path))["search.entry"].is_empty()
    monkeypatch.undo()
    assert kept(LocalStore(store.path))["search.entry"].height == 1


def test_a_definition_must_name_its_table(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.sql"
    wrong.write_text("select 1", "utf-8")
    with pytest.raises(StoreError, match=r"wrong\.sql does not begin with its table, or does not end with its select"):
        derived._read(wrong)
