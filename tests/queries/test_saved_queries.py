"""Every shipped view, report and check: a true header, one SELECT, comments; a check finds its planted row."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from review.database import Append, Batch, LocalStore, Replace, run_query
from review.database.views import view_files
from review.errors import FormatError, UsageProblem
from review.paths import shipped
from review.project import Project
from review.reporting.dictionary import data_dictionary, uncommented
from review.reporting.saved_queries import read_query, saved_queries
from tests.conftest import synthetic_receipt
from tests.reporting.conftest import POOLED, effect

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REPORTS = sorted(saved_queries("reports"))
CHECKS = sorted(saved_queries("checks"))


def decision(name: str, record: str = "r9", **more: object) -> Append:
    """A decision on a record."""
    row = {"decision_id": name, "source_record_id": record, "stage": "title_abstract", "reviewer": "ana",
           "verdict": "include", "blind": True, "criteria_version": "1", "via": "test", "decided_at": NOW}  # fmt: skip
    return Append("screening.decision", [{**row, **more}])


def two_pmids() -> Batch:
    """Two PubMed records in one cluster."""
    rows = [
        {
            "source_record_id": name, "source": "PubMed", "accession": name, "pmid": name, "registry_ids": [],
            "publication_types": [], "mesh": [], "keywords": [], "retracted": False, "fields": "{}", "dialect": "t",
            "content_sha256": name,
        }
        for name in ("1", "2")
    ]  # fmt: skip
    members = [{"import_id": "i", "source_record_id": name, "position": int(name)} for name in ("1", "2")]
    return [
        Append("search.source_record", rows),
        Append("search.import_record", members),
        Append("search.import_receipt", [synthetic_receipt("i", records=2, at=NOW)]),
        Replace("dedupe.cluster", [{"source_record_id": name, "record_id": "1"} for name in ("1", "2")]),
    ]


def search(hits: int) -> Batch:
    """A search whose import brought one record."""
    run = {"run_id": "q", "mode": "manual", "source": "Embase", "source_kind": "database", "hits": hits,
           "finished_at": NOW}  # fmt: skip
    receipt = {**synthetic_receipt("e", records=1, at=NOW), "run_id": "q"}
    return [Append("search.search_run", [run]), Append("search.import_receipt", [receipt])]


PLANTED: dict[str, Batch] = {
    "two_first_decisions": [decision("a"), decision("b")],
    "cluster_with_two_pmids": two_pmids(),
    "orphan_decisions": [decision("a")],
    "figures_without_source": [Replace("extraction.source", [], where={"study_id": "s1"})],
    "arm_counted_twice": [Append("synthesis.effect_size", [{**effect("s1", POOLED, yi=-1.0), "effect_id": "again"}])],
    "pooled_effects_stale": [
        Append("extraction.load", [{"load_id": "l2", "files": 1, "rows": 1, "loaded_at": NOW + timedelta(days=1)}])
    ],
    "search_not_reconciled": search(hits=7),
    "decision_under_unknown_criteria": [decision("a", criteria_version="0.9")],
    "study_without_included_report": [decision("a", stage="full_text")],
    "prisma_identities": [*two_pmids(), decision("a", "1", stage="full_text")],
}


@pytest.fixture
def store(tmp_path: Path, figures_database: Path) -> LocalStore:
    """A database with figures and nothing wrong."""
    return LocalStore(Path(shutil.copy(figures_database, tmp_path / "review.duckdb")))


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_runs_and_returns_the_columns_of_its_header(store: LocalStore, name: str) -> None:
    query = saved_queries("reports")[name]
    given = {item.name: "knee_oa" for item in query.parameters if item.default is None}
    rows = run_query(store.path, query.sql, query.bind(given) or None)
    promised = [word.split("(")[0].strip() for word in query.columns.split(",")]
    assert list(rows.columns) == promised


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_runs_in_the_sandbox(store: LocalStore, name: str) -> None:
    query = saved_queries("checks")[name]
    assert not query.parameters
    rows = run_query(store.path, query.sql)
    assert list(rows.columns) == [word.strip() for word in query.columns.split(",")] or not query.columns


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_a_check_finds_its_planted_row_and_nothing_without_it(store: LocalStore, name: str) -> None:
    sql = saved_queries("checks")[name].sql
    assert run_query(store.path, sql).height == 0
    store.apply(PLANTED[name])
    assert run_query(store.path, sql).height >= 1


def test_every_view_and_column_is_explained(store: LocalStore) -> None:
    assert uncommented(store) == []


def test_the_dictionary_names_every_view(store: LocalStore) -> None:
    page = data_dictionary(store)
    for name in view_files():
        assert f"## v1.{name}\n" in page
    assert "| `cell_id` | VARCHAR |" in page


@pytest.mark.parametrize("path", sorted(view_files().values()), ids=lambda path: path.stem)
def test_a_view_file_says_its_name_and_purpose(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert lines[0] == f"-- name: {path.stem}"
    assert lines[1].startswith("-- purpose: ")


def test_a_projects_query_replaces_the_packages(empty_review: Project) -> None:
    folder = empty_review.queries / "reports"
    folder.mkdir()
    (folder / "search_history.sql").write_text("-- name: search_history\n-- purpose: ours\nselect 1 as one\n")
    found = saved_queries("reports", empty_review.queries)
    assert found["search_history"].purpose == "ours"
    assert set(REPORTS) <= set(found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("select 1", "no line '-- name"),
        ("-- name: other\n-- purpose: x\nselect 1", "the file is called 'mine'"),
        ("-- name: mine\nselect 1", "no line '-- purpose"),
        ("-- name: mine\n-- purpose: x\n-- severity: fatal\nselect 1", "allowed: error, warning"),
        ("-- name: mine\n-- purpose: x\n-- parameter k: varchar\nselect 1", "line 3: parameter k has type 'varchar'"),
        ("-- name: mine\n-- purpose: x\n-- parameter k: text, 5\nselect 1", "only ', default VALUE'"),
    ],
)
def test_a_wrong_header_is_named_with_its_file(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.sql"
    path.write_text(text)
    with pytest.raises(FormatError, match=r"mine\.sql") as caught:
        read_query(path)
    assert message in str(caught.value)


def test_parameters_are_typed_and_may_have_defaults(tmp_path: Path) -> None:
    path = tmp_path / "mine.sql"
    path.write_text(
        "-- name: mine\n-- purpose: x\n-- parameter day: date\n-- parameter least: integer, default 3\n"
        "-- parameter word: text, default\nselect $day, $least, $word"
    )
    query = read_query(path)
    bound = query.bind({"day": "2026-01-31"})
    assert (str(bound["day"]), bound["least"], bound["word"]) == ("2026-01-31", 3, None)
    with pytest.raises(UsageProblem, match="'soon', which is not of type date"):
        query.bind({"day": "soon"})


def test_shipped_queries_lie_where_the_wheel_packs_them() -> None:
    assert shipped("queries", "reports").is_dir() and len(REPORTS) >= 6 and len(CHECKS) >= 8
