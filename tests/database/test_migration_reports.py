"""A database from before reports had tracks: every event comes over, keeps id and arrival, and means what it meant."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from review.database import Append, LocalStore
from review.database.local import STORAGE
from review.database.migrate import apply_migration, read_migrations
from review.errors import StoreError
from review.flows.events import export_events, import_events
from review.project import Project
from tests.screening.records import bring, state_of

OLD = [
    # event, supersedes, record, kind, reason, file, who
    ("e1", None, 0, "sought", None, None, "ana"),
    ("e2", "e1", 0, "retrieved", None, "smith.pdf", "ana"),
    ("e3", None, 1, "not_retrieved", "no answer", None, "ben"),
    ("e4", None, 2, "retrieved", None, None, "ben"),
    ("e5", "e4", 2, "withdrawn", None, None, "ana"),
    ("e6", None, 3, "not_retrieved", "lost", None, "ben"),
    ("e7", "e6", 3, "retrieved", None, None, "ben"),
    ("e8", "e7", 3, "withdrawn", None, None, "ben"),
]
COLUMNS = "event_id, supersedes, source_record_id, kind, reason, file_name, file_sha256, who, decided_at, arrival"
# as text: duckdb alone gives no moments without another library
AS_TEXT = f"select {COLUMNS} from screening.report_event order by arrival".replace("decided_at", "decided_at::varchar")


def records_of(project: Project) -> list[str]:
    """The ids that four synthetic records get."""
    other = LocalStore(project.root / "other.duckdb")
    return bring(other, [{"pmid": str(100 + number)} for number in range(4)])


@pytest.fixture
def before(empty_review: Project) -> list[tuple[object, ...]]:
    """The project's database as it was before migration 0005, with events; its rows of report_event."""
    records = records_of(empty_review)
    path = empty_review.database_path
    path.unlink()
    with duckdb.connect(str(path), config={"storage_compatibility_version": STORAGE}) as con:
        con.execute("set timezone = 'UTC'")
        for migration in read_migrations():
            if migration.name < "0005":
                apply_migration(con, migration, program="an older program")
        for place, (event, supersedes, record, kind, reason, file, who) in enumerate(OLD, start=1):
            con.execute(
                f"insert into screening.report_event ({COLUMNS}) values "
                "($event, $supersedes, $record, $kind, $reason, $file, $sha, $who, $at, $arrival)",
                {
                    "event": event, "supersedes": supersedes, "record": records[record], "kind": kind,
                    "reason": reason, "file": file, "sha": "a" * 64 if file else None, "who": who,
                    "at": datetime(2026, 1, 1, 12, place, tzinfo=UTC), "arrival": place * 10,
                },
            )  # fmt: skip
        con.execute("checkpoint")
        return con.execute(AS_TEXT).fetchall()


def test_every_event_comes_over_as_it_was(empty_review: Project, before: list[tuple[object, ...]]) -> None:
    store = LocalStore(empty_review.database_path)
    after = store.read(AS_TEXT).rows()
    assert after == before
    assert len(after) == len(OLD)
    fresh = store.read("select track, from_where, asked_on, language, note, kept from screening.report_event").rows()
    assert set(fresh) == {(None,) * 6}
    # the key still holds, and the order of arrival goes on
    row = {"event_id": "e1", "source_record_id": "x", "kind": "sought", "who": "ana",
           "decided_at": datetime(2026, 1, 2, tzinfo=UTC)}  # fmt: skip
    assert store.apply([Append("screening.report_event", [row])]) == {"screening.report_event": 0}
    store.apply([Append("screening.report_event", [{**row, "event_id": "e9"}])])
    assert store.read("select max(arrival) as n from screening.report_event")["n"][0] == 81


def test_the_file_as_it_was_is_kept(empty_review: Project, before: list[tuple[object, ...]]) -> None:
    LocalStore(empty_review.database_path).read("select 1")
    kept = empty_review.database_path.with_name("review.duckdb.before-0005_reports")
    with duckdb.connect(str(kept), read_only=True) as con:
        con.execute("set timezone = 'UTC'")
        assert con.execute(AS_TEXT).fetchall() == before


def test_what_it_said_of_each_report_it_still_says(
    empty_review: Project, before: list[tuple[object, ...]], tmp_path: Path
) -> None:
    store = LocalStore(empty_review.database_path)
    records = bring(store, [{"pmid": str(100 + number)} for number in range(4)])
    at = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        {"decision_id": f"{record}{who}", "source_record_id": record, "stage": "title_abstract", "reviewer": who,
         "verdict": "include", "blind": True, "criteria_version": "1", "via": "test", "decided_at": at}
        for record in records for who in ("ana", "ben")
    ]  # fmt: skip
    store.apply([Append("screening.decision", rows)])
    found = {row["record_id"]: row for row in store.read("select * from v1.report").to_dicts()}
    told = [(found[one]["retrieval"], found[one]["not_retrieved_reason"], found[one]["file_name"]) for one in records]
    assert told == [
        ("retrieved", None, "smith.pdf"),
        ("not_retrieved", "no answer", None),
        ("pending", None, None),
        ("pending", None, None),  # a withdrawal ended the retrieval, whatever had been noted before
    ]
    assert not any(row["file_kept"] or row["classification"] or row["translation_wanted"] for row in found.values())
    assert [state_of(store, one, "full_text") for one in records] == ["needs_first", None, None, None]

    # what an older program exported is the same events still
    export_events(store, empty_review, tmp_path / "out")
    text = "".join(path.read_text("utf-8") for path in (tmp_path / "out").iterdir())
    for word in ("track", "kept", "from_where", "asked_on"):
        assert f'"{word}"' not in text
    assert import_events(store, empty_review, tmp_path / "out").new == 0


SHAPES = [
    ({"kind": "lost"}, False),
    ({"kind": "ordered"}, False),
    ({"kind": "ordered", "from_where": "the shop"}, True),
    ({"kind": "authors_asked"}, False),
    ({"kind": "authors_asked", "asked_on": "2026-03-31"}, True),
    ({"kind": "translation_wanted"}, False),
    ({"kind": "translation_wanted", "language": "Chinese"}, True),
    ({"kind": "translated"}, True),
    ({"kind": "awaiting_classification"}, False),
    ({"kind": "ongoing"}, False),
    ({"kind": "ongoing", "reason": "recruiting"}, True),
    ({"kind": "classified"}, True),
    ({"kind": "sought", "track": "retrieval"}, False),
    ({"kind": "withdrawn", "track": "letters", "supersedes": "e"}, False),
    ({"kind": "withdrawn", "track": "retrieval"}, False),
    ({"kind": "withdrawn", "track": "retrieval", "supersedes": "e"}, True),
    ({"kind": "withdrawn"}, True),
    ({"kind": "retrieved", "kept": True}, False),
    ({"kind": "sought", "kept": True, "file_sha256": "a" * 64}, False),
    ({"kind": "retrieved", "kept": True, "file_sha256": "a" * 64}, True),
]


@pytest.mark.parametrize(("shape", "allowed"), SHAPES, ids=lambda value: str(value)[:60])
def test_the_database_takes_no_event_that_says_nothing(
    store: LocalStore, shape: dict[str, object], allowed: bool
) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    row = {"event_id": "n1", "source_record_id": "r", "who": "ana", "decided_at": at, **shape}
    if allowed:
        assert store.apply([Append("screening.report_event", [row])]) == {"screening.report_event": 1}
    else:
        with pytest.raises(StoreError):
            store.apply([Append("screening.report_event", [row])])
