"""Imports: one file, one receipt, all or nothing; and searches that were run elsewhere."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from review.cli import run
from review.database import LocalStore
from review.errors import ExitCode, FormatError, UsageProblem
from review.project import Project
from review.search.ingest import import_file, import_files
from review.search.manual import enter_manual, read_query
from review.search.pubmed_files import ingest_file
from review.search.receipts import words
from tests.eutils_server import article, article_set

RIS = "TY  - JOUR\nTI  - First synthetic trial\nER  - \n\nTY  - JOUR\nTI  - Second synthetic trial\nER  - \n"


@pytest.fixture
def store(store: LocalStore) -> Iterator[LocalStore]:
    """The empty database, held open: opening it for every step would take most of the time."""
    with store.holding():
        yield store


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


def test_the_same_file_gives_the_same_ids_anywhere(
    store: LocalStore, ris: Path, tmp_path: Path, blank_database: Path
) -> None:
    import_file(store, ris, source="Embase")
    other = LocalStore(Path(shutil.copy(blank_database, tmp_path / "other.duckdb")))
    import_file(other, ris, source="Embase")
    ids = "select source_record_id, import_id from v1.source_record order by 1"
    assert store.read(ids).rows() == other.read(ids).rows()


def test_what_pubmed_withdrew_is_kept_as_search_ingest_keeps_it(store: LocalStore, tmp_path: Path) -> None:
    path = tmp_path / "update.xml"
    path.write_bytes(
        article_set(article(1) + "<DeleteCitation><PMID>1</PMID><PMID>77</PMID><PMID>77</PMID></DeleteCitation>")
    )
    receipt = import_file(store, path, source="PubMed")
    rows = "select import_id, pmid from search.deletion order by pmid"
    assert store.read(rows).rows() == [(receipt.import_id, "1"), (receipt.import_id, "77")]
    assert store.read("select pmid, kind from v1.notice order by 1").rows() == [("1", "deletion"), ("77", "deletion")]
    assert words(receipt).endswith("\n  2 deletions: PMIDs that PubMed withdrew")
    assert ingest_file(store, path).receipt.already
    assert import_file(store, path, source="PubMed").already
    assert count(store, "search.deletion") == 2


def test_a_file_that_only_withdraws_is_imported_and_a_refused_one_withdraws_nothing(
    store: LocalStore, tmp_path: Path
) -> None:
    only, lost = tmp_path / "only.xml", tmp_path / "lost.xml"
    deleted, bad = "<DeleteCitation><PMID>77</PMID></DeleteCitation>", "<PubmedArticle>&nothing;</PubmedArticle>"
    lost.write_bytes(article_set(article(1) + bad + deleted))
    with pytest.raises(FormatError, match="--strict allows no loss"):
        import_file(store, lost, source="PubMed", strict=True)
    assert count(store, "search.deletion") == 0
    only.write_bytes(article_set(deleted))
    receipt = import_file(store, only, source="PubMed", strict=True)
    assert (receipt.records_read, receipt.status) == (0, "committed")
    assert "  1 deletion: PMIDs that PubMed withdrew" in words(receipt)
    assert store.read("select pmid, kind from v1.notice").rows() == [("77", "deletion")]


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
    assert receipt.losses == ()
    assert (receipt.repairs[-1]["line"], receipt.records_repaired) == (5, 1)
    said = words(receipt)
    assert "markers 2 = read 2 + rejected 0" in said
    assert said.startswith("cut.ris: committed, loss accepted; ris")
    assert "repaired: line 5: the file ends inside the record that begins at line 5 (no ER line)" in said
    assert "lost" not in said
    assert count(store, "v1.source_record") == 2


def test_the_command_passes_strict_on(
    empty_review: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "export.ris"
    path.write_text(RIS.replace("ER  - \n\nTY", "TY"), "utf-8")
    command = ["--project", str(empty_review.root), "import", str(path), "--source", "Embase"]
    assert run([*command, "--strict"]) == ExitCode.ERROR
    assert "line 1: repaired: missing ER before line 3; --strict allows no loss" in capsys.readouterr().err
    assert run(command) == ExitCode.OK
    assert "markers 2 = read 2 + rejected 0" in capsys.readouterr().out


def test_an_nbib_that_is_cut_off_is_refused_like_ris(store: LocalStore, tmp_path: Path) -> None:
    path = tmp_path / "cut.nbib"
    path.write_text("PMID- 1\nTI  - A\nSO  - J.\n\nPMID- 2\nTI  - Synthe", "utf-8")
    with pytest.raises(
        FormatError, match=r"cut\.nbib: the file ends inside the record that begins at line 5 \(no newl"
    ):
        import_file(store, path, source="PubMed")
    assert count(store, "v1.source_record") == 0
    receipt = import_file(store, path, source="PubMed", accept_loss=True)
    assert (receipt.loss_accepted, receipt.records_read, receipt.repairs[-1]["line"]) == (True, 2, 5)


@pytest.mark.parametrize("accept", [False, True])
def test_a_file_of_which_nothing_can_be_read_is_refused(store: LocalStore, tmp_path: Path, accept: bool) -> None:
    path = tmp_path / "nameless.xml"
    one = "<PubmedArticle><MedlineCitation><PMID>abc</PMID><Article/></MedlineCitation></PubmedArticle>"
    path.write_text(f"<PubmedArticleSet>{one}{one}</PubmedArticleSet>", "utf-8")
    with pytest.raises(FormatError, match=r"0 of 2 records could be read") as caught:
        import_file(store, path, source="PubMed", accept_loss=accept)
    assert "--accept-loss" not in str(caught.value)
    assert count(store, "search.import_record") == 0
    stored = store.read("select status, losses from v1.import_receipt").to_dicts()[0]
    assert stored["status"] == "refused"
    assert len(json.loads(stored["losses"])) == 2


def test_a_record_without_content_was_listed_and_stays(store: LocalStore, tmp_path: Path) -> None:
    path = tmp_path / "hollow.ris"
    path.write_text("TY  - JOUR\nAU  - A\nER  - \nTY  - JOUR\nTI  - B\nER  - \n", "utf-8")
    receipt = import_file(store, path, source="Embase")
    assert receipt.records_read == 2
    assert "line 1: no title, no abstract, no DOI" in words(receipt)


def test_an_unreadable_value_is_in_the_receipt_and_in_the_record(store: LocalStore, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("title,doi\nA,hello\n", "utf-8")
    receipt = import_file(store, path, source="Embase")
    assert "repaired: line 2: unreadable DOI: doi 'hello', kept only as given" in words(receipt)
    assert store.read("select doi, fields from search.source_record").rows() == [
        (None, '[["title","A"],["doi","hello"]]')
    ]


def test_a_pipe_is_refused_and_not_waited_for(store: LocalStore, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ris")
    with pytest.raises(UsageProblem, match=r"pipe\.ris cannot be read: it is no regular file"):
        import_file(store, tmp_path / "pipe.ris", source="Embase")


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
    assert receipt.losses[0]["reason"].startswith("record 2, PMID 2: not well-formed")
    assert receipt.losses[0]["byte"] > 0
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


def test_another_kind_for_the_same_file_is_refused_and_not_passed_over(store: LocalStore, ris: Path) -> None:
    first = import_file(store, ris, source="Embase")
    with pytest.raises(UsageProblem, match="with the source kind 'database', not 'register'") as caught:
        import_file(store, ris, source="Embase", source_kind="register")
    assert first.import_id in caught.value.message
    assert "review events export" in caught.value.hint
    assert import_file(store, ris, source="Embase", source_kind="database").already


def test_the_same_file_from_two_sources_and_two_kinds_of_one_source_are_said(
    store: LocalStore, ris: Path, tmp_path: Path
) -> None:
    first = import_file(store, ris, source="Embase")
    assert first.remarks == ()
    second = words(import_file(store, ris, source="CENTRAL"))
    assert f"mind: the same file was imported as {first.import_id} from 'Embase'" in second
    other = tmp_path / "other.ris"
    other.write_text(RIS.replace("First", "Third"), "utf-8")
    (said,) = import_file(store, other, source="Embase", source_kind="register").remarks
    assert said == "earlier imports from 'Embase' are of the kind database, this one is of register"


def test_a_source_in_other_capitals_is_refused_with_the_known_spelling(
    store: LocalStore, ris: Path, tmp_path: Path
) -> None:
    import_file(store, ris, source="Embase")
    other = tmp_path / "other.ris"
    other.write_text(RIS.replace("First", "Third"), "utf-8")
    for given in ("embase", "EMBASE "):
        with pytest.raises(UsageProblem, match="differs from 'Embase'"):
            import_file(store, other, source=given)
    assert count(store, "v1.import_receipt") == 1


def test_a_file_that_cannot_be_read_stops_none_behind_it(
    empty_review: Project, ris: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet, blank, last = tmp_path / "sheet.xlsx", tmp_path / "blank.csv", tmp_path / "last.csv"
    sheet.write_bytes(b"PK\x03\x04" + bytes(40))
    blank.write_text("title\n", "utf-8")
    last.write_text("title\nThird\n", "utf-8")
    files = [str(path) for path in (ris, sheet, blank, last)]
    assert run(["--project", str(empty_review.root), "import", *files, "--source", "Embase"]) == ExitCode.ERROR
    shown = capsys.readouterr()
    assert "last.csv: committed" in shown.out
    told = [line for line in shown.err.splitlines() if line.startswith("not imported: ")]
    assert [name for name in ("sheet.xlsx", "blank.csv") if any(name in line for line in told)] == [
        "sheet.xlsx",
        "blank.csv",
    ]
    assert len(told) == 2
    assert "2 of 4 files were not imported" in shown.err.splitlines()[-1]


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


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"source": "CENTRAL"}, "--source 'CENTRAL' contradicts the search one, which is of 'Embase'"),
        ({"source_kind": "register"}, "--source-kind 'register' contradicts the search one, which is of 'database'"),
        ({"platform": "Ovid"}, "--platform 'Ovid' contradicts the search one, which is of 'embase.com'"),
    ],
)
def test_what_contradicts_the_search_is_refused(store: LocalStore, ris: Path, given: dict[str, str], said: str) -> None:
    enter_manual(
        store,
        name="n",
        source="Embase",
        source_kind="database",
        platform="embase.com",
        query="q",
        searched_on=date(2026, 1, 2),
        hits=2,
        run_id="one",
    )
    with pytest.raises(UsageProblem, match=said):
        import_file(store, ris, run_id="one", **given)  # type: ignore[arg-type]
    assert import_file(store, ris, run_id="one", source_kind="database").records_new == 2


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
        ({"searched_on": date(1899, 12, 31)}, "1899-12-31; allowed: 1900-01-01 or later"),
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


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n\x00\x00", b"%PDF-1.7\n", b"PK\x03\x04", "1 knee".encode("utf-16-le")]
)
def test_a_strategy_in_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "strategy"
    path.write_bytes(content)
    with pytest.raises(UsageProblem, match="strategy is no plain text"):
        read_query(path)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_a_strategy_in_a_text_file_is_read_in_its_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "strategy.txt"
    path.write_bytes("1 exp Ménière/\r\n2 1 or x\t".encode(encoding))
    assert read_query(path) == "1 exp Ménière/\n2 1 or x\t"
