"""The analysts' contract: every view of `v1` loads, and every view and column says what it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from review.database import LocalStore
from review.database.views import ordered_views, view_files, views_sha256

FILES = view_files()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> LocalStore:
    """A database with every view."""
    store = LocalStore(tmp_path_factory.mktemp("views") / "review.duckdb")
    store.read("select 1")
    return store


def test_there_is_one_view_a_file_named_alike(made: LocalStore) -> None:
    found = made.read("select view_name from duckdb_views() where schema_name = 'v1' order by 1")
    assert found["view_name"].to_list() == sorted(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_view_opens_with_its_name_and_purpose(name: str) -> None:
    lines = FILES[name].read_text("utf-8").splitlines()
    assert lines[0] == f"-- name: {name}"
    assert re.match(r"-- purpose: \S", lines[1])


@pytest.mark.parametrize("name", FILES)
def test_a_view_runs_on_an_empty_database(made: LocalStore, name: str) -> None:
    made.read(f'select * from v1."{name}"')


def test_every_view_has_a_comment(made: LocalStore) -> None:
    silent = made.read(
        "select view_name from duckdb_views() where schema_name = 'v1' and coalesce(comment, '') = '' order by 1"
    )
    assert silent["view_name"].to_list() == []


def test_every_column_has_a_comment(made: LocalStore) -> None:
    silent = made.read(
        "select table_name || '.' || column_name as c from duckdb_columns() "
        "where schema_name = 'v1' and coalesce(comment, '') = '' order by 1"
    )
    assert silent["c"].to_list() == []


def test_no_view_is_named_with_a_word_that_a_duckdb_line_keeps_for_itself(made: LocalStore) -> None:
    kept = made.read(
        "select c.table_name || '.' || c.column_name as c from duckdb_columns() c join duckdb_keywords() k "
        "on k.keyword_name = c.column_name where c.schema_name = 'v1' and k.keyword_category = 'reserved'"
    )
    assert kept["c"].to_list() == []


def test_a_view_comes_after_those_that_it_reads() -> None:
    seen: set[str] = set()
    for name, text in ordered_views():
        reads = set(re.findall(r"\bv1\.(\w+)", text)) & set(FILES) - {name}
        assert reads <= seen, name
        seen.add(name)


def test_views_are_loaded_anew_when_the_program_brings_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "review.duckdb"
    LocalStore(path).read("select 1")
    more = {**{name: text for name, text in ordered_views()}, "added": "create view v1.added as select 1 as one;"}
    monkeypatch.setattr("review.database.views.ordered_views", lambda: list(more.items()))
    assert LocalStore(path).read("select * from v1.added").row(0) == (1,)
    monkeypatch.undo()
    gone = LocalStore(path).read("select count(*) as n from duckdb_views() where view_name = 'added'")
    assert gone["n"][0] == 0
    assert LocalStore(path).read("select sha256 from house.view_set")["sha256"].to_list() == [views_sha256()]


def test_an_old_arrow_lambda_is_not_used() -> None:
    """DuckDB 2.0 refuses `x -> ...`; `lambda x: ...` runs on both lines."""
    assert [name for name, text in ordered_views() if re.search(r"\b\w+\s*->\s*(?!>|')", text)] == []
