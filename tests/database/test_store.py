"""The local store: batches are whole or absent, repeats are harmless, and every refusal says why."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from review.database import Append, LocalStore, Replace, open_store
from review.errors import StoreError, UsageProblem

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def label(number: int, **more: object) -> dict[str, object]:
    """A row of screening.label."""
    return {
        "label_id": f"l{number}",
        "source_record_id": f"r{number}",
        "reviewer": "ana",
        "label": "knee",
        "decided_at": AT,
        **more,
    }


def count(store: LocalStore, table: str) -> int:
    return int(store.read(f"select count(*) as n from {table}")["n"][0])


def test_a_store_makes_its_file_in_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "review.duckdb"
    assert LocalStore(path).read("select name from house.migration")["name"].to_list()[0] == "0001_house"
    assert [item.name for item in path.parent.iterdir()] == ["review.duckdb"]


def test_apply_tells_how_many_rows_were_new_per_table(store: LocalStore) -> None:
    done = store.apply(
        [
            Append("screening.label", [label(1), label(2)]),
            Replace("dedupe.cluster", [{"source_record_id": "r1", "record_id": "r1"}]),
        ]
    )
    assert done == {"screening.label": 2, "dedupe.cluster": 1}


def test_an_append_repeated_changes_nothing(store: LocalStore) -> None:
    batch = [Append("screening.label", [label(1), label(2)])]
    store.apply(batch)
    before = store.read("select * from screening.label order by arrival")
    assert store.apply(batch) == {"screening.label": 0}
    assert store.read("select * from screening.label order by arrival").equals(before)


def test_an_append_never_changes_a_row_that_is_there(store: LocalStore) -> None:
    store.apply([Append("screening.label", [label(1, label="knee")])])
    store.apply([Append("screening.label", [label(1, label="hip"), label(2, label="hip")])])
    assert store.read("select label from screening.label order by label_id")["label"].to_list() == ["knee", "hip"]


def test_arrival_follows_the_order_of_the_rows_and_goes_on(store: LocalStore) -> None:
    store.apply([Append("screening.label", [label(3), label(1)])])
    store.apply([Append("screening.label", [label(2), label(1)])])
    store.apply([Append("screening.label", [label(4)])])
    rows = store.read("select label_id, arrival from screening.label order by arrival").rows()
    assert [name for name, _ in rows] == ["l3", "l1", "l2", "l4"]
    assert len({arrival for _, arrival in rows}) == 4


def test_rows_that_bring_their_arrival_keep_it(store: LocalStore) -> None:
    store.apply([Append("screening.label", [label(1, arrival=70), label(2, arrival=40)])])
    assert store.read("select arrival from screening.label order by label_id")["arrival"].to_list() == [70, 40]


def test_replace_takes_only_the_rows_that_match(store: LocalStore) -> None:
    rows = [{"source_record_id": f"r{n}", "record_id": "a" if n < 3 else "b"} for n in range(1, 5)]
    store.apply([Replace("dedupe.cluster", rows)])
    store.apply([Replace("dedupe.cluster", [{"source_record_id": "r9", "record_id": "a"}], where={"record_id": "a"})])
    assert store.read("select source_record_id as s from dedupe.cluster order by s")["s"].to_list() == [
        "r3",
        "r4",
        "r9",
    ]


def test_replace_without_rows_empties_the_table(store: LocalStore) -> None:
    store.apply([Replace("dedupe.cluster", [{"source_record_id": "r1", "record_id": "r1"}])])
    store.apply([Replace("dedupe.cluster", [])])
    assert count(store, "dedupe.cluster") == 0


def test_an_empty_batch_is_not_an_error(store: LocalStore) -> None:
    assert store.apply([]) == {}
    assert store.apply([Append("screening.label", [])]) == {"screening.label": 0}


@pytest.mark.parametrize(
    ("step", "named"),
    [
        (Append("screening.nothing", [{"a": 1}]), "nothing"),
        (Append("nowhere.label", [{"a": 1}]), "nowhere"),
        (Append("screening.label; drop table screening.label", [{"a": 1}]), "not a table name"),
        (Append("label", [{"a": 1}]), "not a table name"),
        (Append("screening.label", [label(2, colour="red")]), "colour"),
        (Append("screening.label", [{**label(2), 'x" int, y': 1}]), "not a column name"),
        (Append("screening.label", [label(2, decided_at=None)]), "decided_at"),
        (Append("screening.label", [{"label_id": "l2"}]), "NOT NULL"),
        (Append("screening.label", [label(2, decided_at="yesterday")]), "yesterday"),
        (Replace("dedupe.cluster", [], where={"record_id = 1 or 1": 1}), "not a column name"),
        (
            Append(
                "screening.decision",
                [
                    {
                        "decision_id": "d",
                        "source_record_id": "r",
                        "stage": "full_text",
                        "reviewer": "ana",
                        "verdict": "exclude",
                        "blind": True,
                        "criteria_version": "1",
                        "via": "test",
                        "decided_at": AT,
                    }
                ],
            ),
            "CHECK",
        ),
    ],
)
def test_a_batch_with_one_bad_step_writes_nothing(store: LocalStore, step: Append | Replace, named: str) -> None:
    store.apply([Append("screening.label", [label(1)])])
    with pytest.raises(StoreError) as refusal:
        store.apply([Append("screening.label", [label(5)]), step])
    assert named in refusal.value.message
    assert store.read("select label_id from screening.label")["label_id"].to_list() == ["l1"]


def test_a_batch_after_a_refused_one_is_written(store: LocalStore) -> None:
    with pytest.raises(StoreError):
        store.apply([Append("screening.label", [label(1, colour="red")])])
    assert store.apply([Append("screening.label", [label(1)])]) == {"screening.label": 1}


def test_an_interrupt_in_the_middle_of_a_batch_writes_nothing(store: LocalStore) -> None:
    class Rows(list[dict[str, object]]):
        """Rows whose reader is interrupted, as by Ctrl-C."""

        def __iter__(self):  # type: ignore[no-untyped-def]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.apply([Append("screening.label", [label(1)]), Append("screening.label", Rows([label(2)]))])
    assert count(store, "screening.label") == 0


def test_values_are_bound_and_never_read_as_sql(store: LocalStore) -> None:
    nasty = "'; drop table screening.label; --"
    store.apply([Append("screening.label", [label(1, label=nasty)])])
    found = store.read("select label_id from screening.label where label = $label", {"label": nasty})
    assert found["label_id"].to_list() == ["l1"]


def test_values_come_back_as_they_went_in(store: LocalStore) -> None:
    text = 'Größe: −2.1 ± 0.3\n"quoted", comma\t日本語 🦴'
    store.apply(
        [
            Append(
                "search.source_record",
                [
                    {
                        "source_record_id": "r1",
                        "source": "synthetic",
                        "title": text,
                        "year": 2020,
                        "registry_ids": ["NCT00000001", "a, b"],
                        "mesh": [],
                        "keywords": None,
                        "retracted": True,
                        "fields": '{"a": [1, 2]}',
                        "dialect": "test",
                        "content_sha256": "0",
                    }
                ],
            ),
            Append(
                "search.response",
                [
                    {
                        "response_id": "x",
                        "run_id": "run",
                        "endpoint": "esearch",
                        "request": "{}",
                        "requested_at": AT,
                        "http_status": 200,
                        "body_sha256": "0",
                        "body_bytes": 4,
                        "body_gz": b"\x1f\x8b\x00\xff",
                    }
                ],
            ),
            Append(
                "search.search_run",
                [
                    {
                        "run_id": "run",
                        "mode": "manual",
                        "source": "Embase",
                        "source_kind": "database",
                        "searched_on": date(2026, 2, 28),
                        "hits": 0,
                        "finished_at": AT,
                    }
                ],
            ),
        ]
    )
    record = store.read("select * from search.source_record").to_dicts()[0]
    assert record["title"] == text
    assert (record["registry_ids"], record["mesh"], record["keywords"]) == (["NCT00000001", "a, b"], [], None)
    assert (record["year"], record["retracted"], record["abstract"]) == (2020, True, None)
    assert store.read("select body_gz from search.response")["body_gz"].to_list() == [b"\x1f\x8b\x00\xff"]
    run = store.read("select * from search.search_run").to_dicts()[0]
    assert (run["searched_on"], run["hits"], run["retrieved"]) == (date(2026, 2, 28), 0, None)
    assert run["finished_at"] == AT
    assert run["simulated"] is False


def test_a_column_without_any_value_is_null_whatever_its_type(store: LocalStore) -> None:
    rows = [
        {
            "run_id": f"run{n}",
            "mode": "manual",
            "source": "Embase",
            "source_kind": "database",
            "searched_on": None,
            "hits": None,
            "strategy": None,
            "finished_at": AT,
        }
        for n in (1, 2)
    ]
    store.apply([Append("search.search_run", rows)])
    found = store.read("select searched_on, hits, strategy from search.search_run")
    assert found.null_count().row(0) == (2, 2, 2)


def test_rows_that_name_different_columns_travel_together(store: LocalStore) -> None:
    store.apply([Append("screening.label", [label(1), label(2, supersedes="l1")])])
    rows = store.read("select label_id, supersedes from screening.label order by 1").rows()
    assert rows == [("l1", None), ("l2", "l1")]


def test_reading_no_rows_keeps_the_columns_and_their_types(store: LocalStore) -> None:
    found = store.read("select label_id, arrival, decided_at from screening.label")
    assert found.height == 0
    assert dict(found.schema) == {"label_id": pl.String, "arrival": pl.Int64, "decided_at": pl.Datetime("us", "UTC")}


def test_times_are_read_in_utc_wherever_the_machine_stands(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    store.apply([Append("screening.label", [label(1)])])
    assert store.read("select decided_at from screening.label")["decided_at"].to_list() == [AT]
    assert store.read("select cast(decided_at as varchar) as t from screening.label")["t"][0].endswith("+00")


def test_nested_reads_share_one_connection_and_see_one_state(store: LocalStore) -> None:
    store.apply([Append("screening.label", [label(1)])])
    session = "select current_connection_id() as id"
    with store.reading():
        first = (count(store, "screening.label"), store.read(session)["id"][0])
        with store.reading():
            assert (count(store, "screening.label"), store.read(session)["id"][0]) == first
        assert (count(store, "screening.label"), store.read(session)["id"][0]) == first


def test_reading_cannot_write(store: LocalStore) -> None:
    store.apply([Append("screening.label", [label(1)])])
    with store.reading(), pytest.raises(StoreError, match="read-only"):
        store.read("delete from screening.label")
    assert count(store, "screening.label") == 1


def test_a_read_that_duckdb_refuses_names_what_was_wrong(store: LocalStore) -> None:
    with pytest.raises(StoreError, match="nothing"):
        store.read("select nothing from screening.label")


def test_threads_of_one_process_write_one_after_the_other(store: LocalStore) -> None:
    problems: list[Exception] = []

    def write(first: int) -> None:
        try:
            for number in range(first, first + 5):
                store.apply([Append("screening.label", [label(number)])])
        except (StoreError, OSError) as problem:
            problems.append(problem)

    threads = [threading.Thread(target=write, args=(100 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    arrivals = store.read("select arrival from screening.label")["arrival"].to_list()
    assert sorted(arrivals) == list(range(1, 21))


def test_a_store_whose_file_was_taken_away_makes_it_anew(store: LocalStore) -> None:
    store.apply([Append("screening.label", [label(1)])])
    store.path.unlink()
    assert count(store, "screening.label") == 0


def test_no_wal_and_no_half_file_is_left_behind(store: LocalStore) -> None:
    store.apply([Append("screening.label", [label(n) for n in range(50)])])
    assert [path.name for path in store.path.parent.iterdir()] == ["review.duckdb"]


def test_something_that_is_not_a_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "review.duckdb"
    path.write_text("this is not a database, it is a letter to the editor\n" * 200)
    with pytest.raises(StoreError, match=r"review\.duckdb") as refusal:
        open_store(path).read("select 1")
    assert "backup" in refusal.value.hint


def test_a_folder_that_cannot_hold_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises((StoreError, OSError), match="file"):
        open_store(tmp_path / "file" / "review.duckdb").read("select 1")


def test_a_held_store_reads_what_it_has_just_written(store: LocalStore) -> None:
    with store.holding():
        store.apply([Append("screening.label", [label(1)])])
        assert count(store, "screening.label") == 1
        with store.holding():
            store.apply([Append("screening.label", [label(2)])])
    assert count(store, "screening.label") == 2


def test_a_batch_that_fails_while_held_costs_only_itself(store: LocalStore) -> None:
    with store.holding():
        store.apply([Append("screening.label", [label(1)])])
        with pytest.raises(StoreError):
            store.apply([Append("screening.label", [label(2), label(3, decided_at=None)])])
        store.apply([Append("screening.label", [label(4)])])
    assert store.read("select label_id from screening.label order by 1")["label_id"].to_list() == ["l1", "l4"]


def test_a_batch_inside_a_reading_block_is_refused(store: LocalStore) -> None:
    with store.reading(), pytest.raises(StoreError, match="reading block"):
        store.apply([Append("screening.label", [label(1)])])


@pytest.mark.parametrize(
    "part", ["nothing", "the header", "a half", "zeros", "a block overwritten", "the catalogue overwritten"]
)
def test_a_damaged_file_is_one_line_with_a_remedy(store: LocalStore, part: str) -> None:
    store.read("select 1")
    whole = store.path.read_bytes()
    catalogue = whole.index(b"screening_state")
    store.path.write_bytes(
        {
            "nothing": b"",
            "the header": whole[:8192],
            "a half": whole[: len(whole) // 2],
            "zeros": bytes(len(whole)),
            "a block overwritten": whole[:12352] + bytes(64) + whole[12416:],
            "the catalogue overwritten": whole[:catalogue] + bytes(1000) + whole[catalogue + 1000 :],
        }[part]
    )
    for deed in (
        lambda: LocalStore(store.path).read("select count(*) from duckdb_columns()"),
        lambda: LocalStore(store.path).apply([Append("screening.label", [label(1)])]),
    ):
        with pytest.raises(StoreError) as refusal:
            deed()
        assert "review.duckdb: " in refusal.value.message
        assert "\n" not in str(refusal.value)
        assert "backup" in refusal.value.hint


def test_an_error_in_a_reading_block_is_ours(store: LocalStore) -> None:
    with pytest.raises(StoreError, match="nowhere"), store.reading():
        store.read("select * from nowhere")


def test_a_store_that_may_not_create_says_that_the_database_is_gone(tmp_path: Path) -> None:
    store = open_store(tmp_path / "review.duckdb", create=False)
    for deed in (lambda: store.read("select 1"), lambda: store.apply([])):
        with pytest.raises(StoreError, match="is gone"):
            deed()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", ["abc", "nan", "-1", "inf", "1e300"])
def test_a_lock_wait_that_is_no_time_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.setenv("REVIEW_LOCK_WAIT", words)
    with pytest.raises(UsageProblem, match="REVIEW_LOCK_WAIT"):
        open_store(tmp_path / "review.duckdb")
