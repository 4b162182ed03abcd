"""Imports: one file, one receipt, all or nothing; and searches that were run elsewhere."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from tests.eutils_server import article, article_set

from review.database import LocalStore
from review.errors import FormatError, UsageProblem
from review.search.ingest import import_file, import_files
from review.search.manual import enter_manual
from review.search.receipts import words

RIS = "TY  - JOUR\nTI  - First synthetic trial\nER  - \n\nTY  - JOUR\nTI  - Second synthetic trial\nER  - \n"


@pytest.fixture
def ris(tmp_path: Path) -> Path:
    path = tmp_path / "export.ris"
    path.write_text(RIS, "utf-8")
    return path


def count(store: LocalStore, table: str) -> int:
    return int(store.read(f"select count(*) from {table}").item())


def test_a_file_becomes_records_and_a_receipt(store: LocalStore, ris: Path) -> None:
    receipt = import_file(store, ris, source="Embase", platform="Ovid", imported_by="ana")
    assert (receipt.markers_seen, receipt.records_read, receipt.records_rejected, receipt.records_new) == (2, 2, 0, 2)
    assert count(store, "v1.source_record") == 2
    stored = store.read("select * from v1.import_receipt").to_dicts()[0]
    assert (stored["status"], stored["platform"], stored["imported_by"]) == ("committed", "Ovid", "ana")
    assert json.loads(stored["filled"])["title"] == 2
    assert "markers 2 = read 2 + rejected 0" in words(receipt)


def test_the_same_file_twice_adds_nothing_and_says_when(store: LocalStore, ris: Path) -> None:
    first = import_file(store, ris, source="Embase")
    again = import_file(store, ris, source="Embase")
    assert again.already
    assert words(again) == (
        f"export.ris: already imported on {first.imported_at:%Y-%m-%d} as {first.import_id}; nothing added"
    )
    assert count(store, "search.import_receipt") == 1


def test_the_same_file_gives_the_same_ids_anywhere(store: LocalStore, ris: Path, tmp_path: Path) -> None:
    import_file(store, ris, source="Embase")
    other = LocalStore(tmp_path / "other.duckdb")
    import_file(other, ris, source="Embase")
    ids = "select source_record_id, import_id from v1.source_record order by 1"
    assert store.read(ids).rows() == other.read(ids).rows()


def test_an_overlapping_file_adds_only_what_is_new(store: LocalStore, ris: Path, tmp_path: Path) -> None:
    import_file(store, ris, source="Embase")
    more = tmp_path / "more.ris"
    more.write_text(RIS + "\nTY  - JOUR\nTI  - Third synthetic trial\nER  - \n", "utf-8")
    assert import_file(store, more, source="Embase").records_new == 1
    assert count(store, "v1.source_record") == 3


def test_two_equal_records_in_one_file_are_two(store: LocalStore, tmp_path: Path) -> None:
    path = tmp_path / "twice.csv"
    path.write_text("title\nSame\nSame\n", "utf-8")
    assert import_file(store, path, source="Embase").records_new == 2
    assert store.read("select is_latest from v1.source_record")["is_latest"].to_list() == [True, True]


def test_a_file_that_is_cut_off_imports_nothing_and_leaves_a_refused_receipt(store: LocalStore, tmp_path: Path) -> None:
    path = tmp_path / "cut.ris"
    path.write_text(RIS.rstrip().removesuffix("ER  -"), "utf-8")
    with pytest.raises(FormatError, match=r"cut\.ris: the file ends inside the record that begins at line 5"):
        import_file(store, path, source="Embase")
    assert count(store, "search.source_record") == 0
    assert store.read("select status from v1.import_receipt")["status"].to_list() == ["refused"]


def test_a_loss_can_be_accepted_and_is_recorded(store: LocalStore, tmp_path: Path) -> None:
    path = tmp_path / "cut.ris"
    path.write_text(RIS.rstrip().removesuffix("ER  -"), "utf-8")
    receipt = import_file(store, path, source="Embase", accept_loss=True)
    assert receipt.loss_accepted
    assert receipt.losses[0]["line"] == 5
    assert count(store, "v1.source_record") == 2


def test_a_record_that_is_not_separated_is_named_with_its_line(store: LocalStore, tmp_path: Path) -> None:
    path = tmp_path / "glued.ris"
    path.write_text(RIS.replace("ER  - \n\nTY  - JOUR", " TY  - JOUR"), "utf-8")
    with pytest.raises(
        FormatError, match=r"2 TY markers but 1 records read and 0 rejected; the record at line 3 was not"
    ):
        import_file(store, path, source="Embase")
    assert count(store, "search.source_record") == 0


def test_a_bad_record_goes_to_the_quarantine_and_the_others_come(store: LocalStore, tmp_path: Path) -> None:
    path = tmp_path / "records.xml"
    path.write_bytes(article_set(article(1) + article(2)).replace(b"Trial 2,", b"Trial \xff,"))
    receipt = import_file(store, path, source="PubMed")
    assert (receipt.records_read, receipt.records_rejected) == (1, 1)
    assert "not well-formed" in receipt.losses[0]["reason"]
    assert count(store, "search.quarantine") == 1


def test_a_nul_byte_sends_its_record_to_the_quarantine(store: LocalStore, tmp_path: Path) -> None:
    path = tmp_path / "nul.ris"
    path.write_text(RIS.replace("Second", "Sec\0nd"), "utf-8")
    receipt = import_file(store, path, source="Embase")
    assert (receipt.records_read, receipt.losses[0]["line"], receipt.losses[0]["reason"]) == (
        1,
        5,
        "a NUL byte inside the record",
    )


def test_an_empty_file_is_an_error_that_writes_nothing(store: LocalStore, tmp_path: Path) -> None:
    path = tmp_path / "empty.ris"
    path.touch()
    with pytest.raises(FormatError, match="is empty"):
        import_file(store, path, source="Embase")
    assert count(store, "search.import_receipt") == 0


def test_a_file_that_is_not_there_is_named(store: LocalStore, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"nothing\.ris cannot be read"):
        import_file(store, tmp_path / "nothing.ris", source="Embase")


def test_several_files_give_several_receipts(store: LocalStore, ris: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("title\nThird\n", "utf-8")
    assert [receipt.records_read for receipt in import_files(store, [ris, other], source="Embase")] == [2, 1]


def test_a_search_that_was_run_elsewhere_is_reconciled_with_its_file(store: LocalStore, ris: Path) -> None:
    run_id = enter_manual(
        store,
        name="Embase main",
        source="Embase",
        source_kind="database",
        platform="Ovid",
        query="1 exp knee pain/",
        searched_on=date(2026, 1, 2),
        hits=2,
    )
    history = "select imported, reconciled, mode from v1.search_history"
    assert store.read(history).rows() == [(0, None, "manual")]
    receipt = import_file(store, ris, run_id=run_id)
    assert (receipt.source, receipt.platform, receipt.run_id) == ("Embase", "Ovid", run_id)
    assert store.read(history).rows() == [(2, True, "manual")]


def test_a_file_belongs_to_one_search(store: LocalStore, ris: Path) -> None:
    import_file(store, ris, source="Embase")
    run_id = enter_manual(
        store, name="n", source="Embase", source_kind="database", query="q", searched_on=date(2026, 1, 2), hits=2
    )
    with pytest.raises(UsageProblem, match="where it belongs to no search"):
        import_file(store, ris, run_id=run_id)


def test_a_file_that_misses_hits_is_not_reconciled(store: LocalStore, ris: Path) -> None:
    run_id = enter_manual(
        store, name="n", source="Embase", source_kind="database", query="q", searched_on=date(2026, 1, 2), hits=3
    )
    import_file(store, ris, run_id=run_id)
    assert store.read("select reconciled from v1.search_history").item() is False


def test_the_same_search_entered_twice_is_one(store: LocalStore) -> None:
    for _ in range(2):
        enter_manual(
            store,
            name="n",
            source="CENTRAL",
            source_kind="register",
            query="q",
            searched_on=date(2026, 1, 2),
            hits=1,
            run_id="one",
        )
    assert count(store, "v1.search_history") == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"source_kind": "library"}, "unknown source kind 'library'; allowed: database, register"),
        ({"query": " "}, "the strategy of the search is blank"),
        ({"hits": -1}, "hits is -1"),
        ({"searched_on": date(2027, 1, 1)}, "2027-01-01, which is still to come"),
    ],
)
def test_a_search_that_cannot_be_reported_is_refused(store: LocalStore, wrong: dict[str, object], said: str) -> None:
    good: dict[str, object] = {
        "name": "n",
        "source": "Embase",
        "source_kind": "database",
        "query": "q",
        "searched_on": date(2026, 1, 2),
        "hits": 1,
        "today": date(2026, 2, 1),
    }
    with pytest.raises(UsageProblem, match=said):
        enter_manual(store, **(good | wrong))  # type: ignore[arg-type]
    assert count(store, "search.search_run") == 0


def test_an_unknown_search_and_a_missing_source_are_said(store: LocalStore, ris: Path) -> None:
    with pytest.raises(UsageProblem, match="there is no search 'x'"):
        import_file(store, ris, run_id="x")
    with pytest.raises(UsageProblem, match="the source of the file is missing"):
        import_file(store, ris)
