"""Who screens blind queries a copy without the decisions: no spelling of a query reaches what is not there."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from review.database import Append, LocalStore
from review.database.open_views import CLOSED, OPEN
from review.database.views import view_files
from review.errors import BlindError, QueryRefused
from review.flows.query import run_report
from review.project import Project
from tests.screening.records import bring

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "SECRETWORD"
SEED = "77001177"

ESCAPES = [
    # by its name
    "select * from screening.decision",
    "select * from v1.current_decision",
    'select * from "v1"."Blind_Decision"',
    'select * from "screening" . "decision"',
    "select /* */ * from/**/screening/**/./**/decision",
    "select 1 as \"'\", * from v1.conflict where '' = \"'\"",
    'select * from v1.U&"current\\005fdecision"',
    "select * from review.screening.decision",
    "select * from whole.screening.decision",
    "select * from memory.screening.decision",
    "table screening.decision",
    "from v1.report",
    "from v1.owed",
    "from v1.screening_state",
    "from v1.prisma_flow",
    "from v1.citation_link",
    "from search.citation_link",
    "from search.search_run",
    "from search.search_line",
    "select (select max(note) from screening.decision)",
    "select 'SECRET' || 'WORD' where exists (from screening.decision where verdict = 'include')",
    "with record as (from screening.decision) from record",
    "from v1.record semi join screening.decision on true",
    "from v1.record, lateral (from screening.decision)",
    "who_owes_what",
    # SQL and names as text
    "from query('from screening.decision')",
    "from query('select * from v1.current_' || 'decision')",
    "from query_table('screening.decision')",
    "from query_table(['v1.current_' || 'decision'])",
    "select * from json_execute_serialized_sql(json_serialize_sql('select * from screen' || 'ing.deci' || 'sion'))",
    "select * from JSON_EXECUTE_serialized_SQL(json_serialize_sql('from query(''from screening.decision'')'))",
    "from query('from json_execute_serialized_sql(json_serialize_sql(''from search.citation_link''))')",
    "select json_serialize_plan('from screening.decision')",
    # functions that show the contents
    "from pragma_storage_info('screen' || 'ing.decision')",
    "from pragma_table_info('screening.decision')",
    "from pragma_show('screening.decision')",
    "from duckdb_table_sample('screening.decision')",
    "from histogram_values('screening.decision', note)",
    "select sql from duckdb_views() where schema_name = 'v1'",
    "select table_name, estimated_size from duckdb_tables() where table_name = 'decision'",
    "select * from (summarize screening.decision)",
    "select * from (describe screening.decision)",
    "select * from information_schema.tables where table_name = 'decision'",
    "from duckdb_logs()",
    # the file itself
    "from read_duckdb('{path}')",
    "from read_duckdb('{path}', table_name := 'decision')",
    "select * from read_blob('{path}')",
    "select content::varchar from read_blob('{path}.wal')",
    "from '{path}'",
    "from glob('{path}*')",
    "attach '{path}' as again",
    "pragma storage_info('screening.decision')",
    # the questions of a citation search are its seeds
    "from v1.search_history",
    "search_history",
    "select query from v1.search_history where query is not null",
    "from pragma_storage_info('v1.search_history')",
]


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory, blank_database: Path) -> LocalStore:
    """A database in which ana has decided with a note, and a citation search started from an included report."""
    path = Path(shutil.copy(blank_database, tmp_path_factory.mktemp("blind") / "review.duckdb"))
    store = LocalStore(path)
    bring(store, [{"pmid": "101", "title": "First"}])
    entry = store.read("select source_record_id from v1.source_record").item()
    decision = {
        "decision_id": "d1", "source_record_id": entry, "stage": "title_abstract", "reviewer": "ana",
        "verdict": "include", "note": SECRET, "blind": True, "criteria_version": "1", "via": "test", "decided_at": NOW,
    }  # fmt: skip
    run = {
        "run_id": "c1", "mode": "run", "source": "PubMed citation links", "source_kind": "citation_search",
        "query": f"cited by and references of PMID {SEED}", "missing_pmids": [SEED], "hits": 1, "finished_at": NOW,
    }  # fmt: skip
    plain = {**run, "run_id": "s1", "source_kind": "database", "source": "PubMed", "query": "knee", "missing_pmids": []}
    link = {"run_id": "c1", "direction": "forward", "seed_pmid": SEED, "pmid": "101"}
    store.apply(
        [
            Append("screening.decision", [decision]),
            Append("search.search_run", [run, plain]),
            Append("search.citation_link", [link]),
        ]
    )
    return store


@pytest.mark.parametrize("sql", ESCAPES)
def test_no_query_reaches_what_is_closed(decided: LocalStore, empty_review: Project, sql: str) -> None:
    try:
        rows = run_report(decided, empty_review, sql.replace("{path}", str(decided.path)), reviewer="ben")
    except (BlindError, QueryRefused) as refusal:
        shown = str(refusal)
    else:
        shown = str(rows.to_dicts())
        assert rows.is_empty() or "table_name = 'decision'" not in sql
    assert SECRET not in shown and SEED not in shown


@pytest.mark.parametrize("sql", ESCAPES[:3])
def test_the_owner_reads_it_all(decided: LocalStore, empty_review: Project, sql: str) -> None:
    assert SECRET in str(run_report(decided, empty_review, sql).to_dicts()) or "blind_" in sql.lower()


def test_the_refusal_says_who_and_what_to_do(decided: LocalStore, empty_review: Project) -> None:
    with pytest.raises(BlindError, match=r"ben screens blind.*current_decision.*run it without --as"):
        run_report(decided, empty_review, "from v1.current_decision", reviewer="ben")
    with pytest.raises(QueryRefused, match="colour"):
        run_report(decided, empty_review, "select colour from v1.record", reviewer="ben")


def test_what_is_open_reads_as_it_does_for_everybody(decided: LocalStore, empty_review: Project) -> None:
    counts = "select " + ", ".join(f'(select count(*) from "V1".{name}) as {name}' for name in OPEN)
    assert run_report(decided, empty_review, counts, reviewer="ben").equals(run_report(decided, empty_review, counts))
    for name in ("record", "source_record", "data_dictionary", "protocol"):
        sql = f"select * from v1.{name} order by all"
        assert run_report(decided, empty_review, sql, reviewer="ben").equals(run_report(decided, empty_review, sql)), (
            name
        )


def test_a_search_of_a_database_keeps_its_question(decided: LocalStore, empty_review: Project) -> None:
    rows = run_report(decided, empty_review, "select run_id, query from v1.search_history order by 1", reviewer="ben")
    assert rows.rows() == [("c1", None), ("s1", "knee")]


def test_parameters_and_limits_hold_in_the_copy(decided: LocalStore, empty_review: Project) -> None:
    sql = "select $word as word, title from v1.record"
    rows = run_report(decided, empty_review, sql, params={"word": "it's"}, limit=1, reviewer="ben")
    assert rows.rows() == [("it's", "First")]
    endless = "select count(*) from range(1000000) a, range(1000000) b where (a.range * 3 + b.range) % 7 = 1"
    with pytest.raises(QueryRefused, match=r"longer than 0\.3 seconds"):
        run_report(decided, empty_review, endless, seconds=0.3, reviewer="ben")


def test_every_view_is_open_or_closed() -> None:
    """A new view is closed; whoever makes one says here what it is."""
    assert set(OPEN) | CLOSED == set(view_files())
    assert not CLOSED & set(OPEN)
