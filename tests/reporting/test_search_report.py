"""The search report: what ran, what was counted, and no claim for what the data cannot know."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from review.cli import run
from review.database import Append, LocalStore
from review.errors import ExitCode
from review.flows.search_report import search_report
from review.project import Project, load_project
from review.reporting.export import FORMATS, export_table
from review.reporting.prisma_s import ITEMS
from review.reporting.store import flow_lines
from review.search.manual import enter_manual
from review.search.strategy import load_strategy
from tests.conftest import synthetic_receipt, synthetic_record

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
STRATEGY = """\
name = "knee"
version = "1"
source = "PubMed"
status = "run"
note = "The trial filter is ours."

[[line]]
label = "condition"
block = "condition"
text = 'knee[tiab] AND english[la]'
"""
Lines = list[dict[str, Any]]


@pytest.fixture
def store(store: LocalStore) -> Iterator[LocalStore]:
    """The empty database, held open."""
    with store.holding():
        yield store


def a_run(**changes: Any) -> dict[str, Any]:
    """The closing row of a run at PubMed that counted and retrieved two records."""
    return {
        "run_id": "r1", "strategy": "knee", "strategy_version": "1", "strategy_sha256": "0" * 64, "mode": "run",
        "source": "PubMed", "source_kind": "database", "platform": "E-utilities", "query": "knee[tiab]",
        "limits": None, "searched_on": date(2026, 1, 1), "run_by": "ana", "hits": 2, "retrieved": 2,
        "dropped_terms": None, "tool": "test", "simulated": False, "finished_at": NOW, **changes,
    }  # fmt: skip


def a_line(**changes: Any) -> dict[str, Any]:
    """The one line of that run."""
    return {"run_id": "r1", "line_no": 1, "label": "condition", "text": "knee[tiab]", "hits": 2,
            "query_translation": "knee[Title/Abstract]", "warnings": "[]", **changes}  # fmt: skip


def bring(
    store: LocalStore, numbers: range, *, run_id: str | None = "r1", source: str = "PubMed", **changes: Any
) -> None:
    """Import synthetic records, as the answer to a run or as a file."""
    name = f"i-{run_id}-{source}"
    rows = [{**synthetic_record(number), "source": source} for number in numbers]
    places = [
        {"import_id": name, "source_record_id": row["source_record_id"], "position": place}
        for place, row in enumerate(rows, start=1)
    ]
    receipt = {**synthetic_receipt(name, records=len(rows), at=NOW), "source": source, "run_id": run_id, **changes}
    store.apply(
        [
            Append("search.source_record", rows),
            Append("search.import_record", places),
            Append("search.import_receipt", [receipt]),
        ]
    )


def close(store: LocalStore, *lines: dict[str, Any], **changes: Any) -> None:
    """Write the closing row of a run and its lines."""
    store.apply([Append("search.search_run", [a_run(**changes)]), Append("search.search_line", list(lines))])


def report(store: LocalStore, project: Project) -> Lines:
    """The raw lines of the report."""
    return search_report(store, project)[1].to_dicts()


def of_item(lines: Lines, item: int) -> Lines:
    return [line for line in lines if line["item"] == item]


def test_an_empty_review_has_every_item_and_claims_nothing(store: LocalStore, empty_review: Project) -> None:
    lines = report(store, empty_review)
    assert {line["item"] for line in lines} == set(range(len(ITEMS)))
    assert not [line for line in lines if line["status"] == "reported"]
    assert lines[0]["about"] == "Nobody has searched"
    assert {line["item"] for line in lines if line["status"] == "not reported"} == {6, 9, 10, 11, 14}


def test_the_shipped_review_says_that_nobody_has_searched(demo: Path) -> None:
    project = load_project(demo / "demo" / "review")
    table, frame = search_report(LocalStore(project.database_path), project)
    lines = frame.to_dicts()
    assert table.banner == ""
    assert lines[0]["about"] == "Nobody has searched"
    assert "version 1: not run; recall not measured" in [line["text"] for line in of_item(lines, 8)]
    assert [line for line in lines if line["records"] is not None] == []
    assert {line["about"] for line in lines if line["status"] == "reported"} == {"PubMed: regenerative-pain, note"}


def test_the_example_reports_its_searches_as_they_ran_under_the_word_simulated(demo: Path) -> None:
    project = load_project(demo / "demo" / "example")
    store = LocalStore(project.database_path)
    with store.holding():
        table, frame = search_report(store, project)
        flow = flow_lines(store).to_dicts()
    lines = frame.to_dicts()
    assert table.banner.startswith("SIMULATED")
    assert {line["simulated"] for line in lines} == {"SIMULATED"}
    sent = [
        (line["line"], line["records"])
        for line in of_item(lines, 8)
        if line["run_id"] == "simulated-search-1" and line["line"]
    ]
    assert sent == [(1, 118), (2, 96), (3, 30)]
    full = load_strategy(project.queries / "pubmed" / "example.toml").query
    assert full in [line["text"] for line in of_item(lines, 8)]
    assert all("reconciled" in line["text"] for line in of_item(lines, 15) if line["run_id"])
    totals = {line["about"]: line["records"] for line in of_item(lines, 15) if not line["run_id"]}
    listed = {row["source"]: row["n"] for row in flow if row["item"] in ("database", "register")}
    assert listed.items() <= totals.items()
    assert totals["All sources"] == sum(records for about, records in totals.items() if about != "All sources")
    assert of_item(lines, 16)[-1]["text"] == "51 entries of all sources are 41 records"
    assert of_item(lines, 0) == []


def test_a_search_that_does_not_reconcile_is_said_first_with_its_difference(
    store: LocalStore, empty_review: Project
) -> None:
    close(store, a_line(hits=5), hits=5, retrieved=2, missing_pmids=["7", "8"])
    bring(store, range(1, 3), records_rejected=1)
    first = report(store, empty_review)[0]
    assert (first["item"], first["about"]) == (0, "Not reconciled")
    assert "5 counted, 2 retrieved, 2 imported: 3 fewer than counted" in first["text"]
    assert "accepted as missing: PMID 7, 8" in first["text"]
    assert "1 could not be read" in first["text"]


def test_a_search_whose_records_were_never_imported_says_so(store: LocalStore, empty_review: Project) -> None:
    enter_manual(
        store,
        name="main",
        source="Embase",
        source_kind="database",
        query="knee",
        searched_on=date(2026, 1, 1),
        hits=412,
    )
    assert "412 counted, nothing imported yet" in [line["text"] for line in report(store, empty_review)]


def test_records_of_a_file_without_a_search_are_named(store: LocalStore, empty_review: Project) -> None:
    bring(store, range(1, 4), run_id=None, source="Embase")
    lines = report(store, empty_review)
    assert "no search is recorded" in of_item(lines, 1)[0]["text"]
    assert [line["status"] for line in of_item(lines, 15) if "synthetic.csv" in line["text"]] == ["nothing recorded"]


def test_a_strategy_that_changed_since_it_ran_is_said_and_the_lines_are_those_that_ran(
    store: LocalStore, empty_review: Project
) -> None:
    folder = empty_review.queries / "pubmed"
    folder.mkdir()
    (folder / "knee.toml").write_text(STRATEGY, "utf-8")
    sha256 = load_strategy(folder / "knee.toml").sha256
    close(store, a_line(), strategy_sha256=sha256)
    bring(store, range(1, 3))
    assert of_item(report(store, empty_review), 0) == []
    (folder / "knee.toml").write_text(STRATEGY.replace("english", "german"), "utf-8")
    lines = report(store, empty_review)
    assert of_item(lines, 0)[0]["about"] == "Strategy has changed"
    texts = [line["text"] for line in of_item(lines, 8)]
    assert "knee[tiab]" in texts
    assert "The trial filter is ours." in texts
    assert not [text for text in texts if "german" in text]


def test_a_run_that_was_cut_off_counts_nowhere_and_is_said(store: LocalStore, empty_review: Project) -> None:
    start = {"run_id": "r9", "kind": "strategy", "strategy": "knee", "strategy_sha256": "x", "started_at": NOW}
    store.apply([Append("search.run_start", [start])])
    lines = report(store, empty_review)
    assert [line["about"] for line in of_item(lines, 0)] == ["Nobody has searched", "Cut off"]
    assert "the run r9 that was begun on 2026-01-01 has not finished; it counts nowhere" in lines[1]["text"]


def test_what_pubmed_dropped_and_remarked_stands_with_the_strategy(store: LocalStore, empty_review: Project) -> None:
    dropped = json.dumps([{"line": 1, "signal": "PhraseNotFound", "text": "kneee"}])
    close(store, a_line(warnings=json.dumps(["no hits, but 3 when it last ran"])), dropped_terms=dropped)
    texts = [line["text"] for line in of_item(report(store, empty_review), 8)]
    assert "PubMed ignored, and a person accepted: line #1 PhraseNotFound: kneee" in texts
    assert "no hits, but 3 when it last ran" in texts


def test_limits_are_the_pin_the_fields_of_the_lines_and_what_was_entered(
    store: LocalStore, empty_review: Project
) -> None:
    narrow = a_line(line_no=2, text="english[la]")
    both = a_line(line_no=3, text="(knee[tiab]) AND (english[la])")
    close(store, a_line(), narrow, both, pinned_to=date(2026, 1, 1))
    enter_manual(store, name="main", source="Embase", source_kind="database", query="knee",
                 searched_on=date(2026, 1, 1), hits=None, limits="humans")  # fmt: skip
    texts = [line["text"] for line in of_item(report(store, empty_review), 9)]
    assert texts[0] == (
        "records that entered PubMed up to 2026-01-01 ([edat]); fields that narrow the search stand in line #2"
    )
    assert texts[1] == "as entered: humans"


def test_documents_print_a_joining_line_by_its_numbers_and_the_last_in_full(
    store: LocalStore, empty_review: Project
) -> None:
    either = a_line(line_no=3, text="(knee[tiab]) OR (hip[tiab])")
    last = a_line(line_no=4, text="((knee[tiab]) OR (hip[tiab])) NOT (knee[tiab])")
    close(store, a_line(), a_line(line_no=2, text="hip[tiab]"), either, last)
    table, frame = search_report(store, empty_review)
    shown = [row.cells[1] for row in table.rows]
    assert "#1 OR #2" in shown
    assert "#3 NOT #1\n= ((knee[tiab]) OR (hip[tiab])) NOT (knee[tiab])" in shown
    assert "(knee[tiab]) OR (hip[tiab])" in frame["text"].to_list()


def test_a_strategy_that_was_entered_by_hand_is_printed_line_by_line(store: LocalStore, empty_review: Project) -> None:
    enter_manual(store, name="main", source="Embase", platform="Ovid", source_kind="database",
                 query="1 knee.ti,ab.\n2 exp pain/\n3 1 and 2", searched_on=date(2026, 1, 1), hits=4)  # fmt: skip
    lines = of_item(report(store, empty_review), 8)
    assert [line["text"] for line in lines if line["line"]] == ["1 knee.ti,ab.", "2 exp pain/", "3 1 and 2"]


def test_a_search_that_was_run_again_is_one_strategy_with_two_dates(store: LocalStore, empty_review: Project) -> None:
    close(store, a_line())
    later = {"run_id": "r2", "searched_on": date(2026, 3, 1), "finished_at": NOW.replace(month=3)}
    close(store, a_line(run_id="r2", hits=3), **later, hits=3, updates="r1")
    lines = report(store, empty_review)
    assert of_item(lines, 1)[0]["text"] == "platform: E-utilities; 1 strategy"
    assert of_item(lines, 12)[0]["text"] == (
        "run 2 times as it stands: 2026-01-01, 2026-03-01; the last run brings r1 up to date"
    )
    assert of_item(lines, 13)[0]["text"] == "last searched on 2026-03-01, first on 2026-01-01"
    assert [line["records"] for line in of_item(lines, 8) if line["line"]] == [3]
    assert [line["records"] for line in of_item(lines, 15) if line["run_id"]] == [2, 3]


def test_a_reading_for_notices_is_an_update_and_brings_no_records(store: LocalStore, empty_review: Project) -> None:
    start = {"run_id": "w1", "kind": "watch", "strategy": "watch", "strategy_sha256": "x", "started_at": NOW}
    receipt = {**synthetic_receipt("iw", records=9, at=NOW), "run_id": "w1", "source": "PubMed"}
    store.apply([Append("search.run_start", [start]), Append("search.import_receipt", [receipt])])
    lines = report(store, empty_review)
    assert of_item(lines, 12)[0]["text"] == "known records were read again for notices, once, last on 2026-01-01"
    assert not [line for line in of_item(lines, 15) if line["records"]]
    assert not [line for line in of_item(lines, 0) if line["about"] == "Cut off"]


def test_a_citation_search_stands_under_its_item_with_its_seeds(store: LocalStore, empty_review: Project) -> None:
    ways = [
        a_line(label="backward", text="pubmed_pubmed_refs of 1 seeds"),
        a_line(line_no=2, label="forward", text="x"),
    ]
    close(store, *ways, source="PubMed citation links", source_kind="citation_search", strategy="citation searching",
          strategy_version=None, query="Citations of 1 seeds. Seeds: PMID 101")  # fmt: skip
    lines = report(store, empty_review)
    assert "citations followed backward and forward; seeds and links stand under item 8" in [
        line["text"] for line in of_item(lines, 5)
    ]
    assert "Citations of 1 seeds. Seeds: PMID 101" in [line["text"] for line in of_item(lines, 8)]
    assert of_item(lines, 1)[0]["status"] == "nothing recorded"


def test_a_recall_check_says_what_was_found_missed_and_of_which_version(
    store: LocalStore, empty_review: Project
) -> None:
    folder = empty_review.queries / "pubmed"
    folder.mkdir()
    (folder / "knee.toml").write_text(STRATEGY, "utf-8")
    check = {
        "check_id": "c1", "strategy": "knee", "strategy_version": "1", "strategy_sha256": "old",
        "known_name": "known.txt", "known_sha256": "x", "known": 4, "in_source": 3, "found": 2, "missed": ["7"],
        "not_in_source": ["9"], "checked_on": date(2026, 1, 1), "tool": "test", "finished_at": NOW,
    }  # fmt: skip
    store.apply([Append("search.recall_check", [check])])
    texts = [line["text"] for line in of_item(report(store, empty_review), 8)]
    assert texts[-1] == (
        "finds 2 of 3 known records that PubMed has (4 in known.txt), checked on 2026-01-01; misses PMID 7; "
        "the strategy HAS CHANGED since"
    )


def test_the_newest_check_of_each_known_set_is_said_for_the_text_that_ran(
    store: LocalStore, empty_review: Project
) -> None:
    folder = empty_review.queries / "pubmed"
    folder.mkdir()
    (folder / "knee.toml").write_text(STRATEGY, "utf-8")
    now = load_strategy(folder / "knee.toml").sha256
    close(store, a_line(), strategy_sha256="ran")
    bring(store, range(1, 3))
    row = {
        "strategy": "knee", "strategy_version": "1", "known_sha256": "x", "known": 4, "in_source": 4, "missed": [],
        "not_in_source": [], "checked_on": date(2026, 1, 1), "tool": "test", "finished_at": NOW,
    }  # fmt: skip
    made = [("a", "ran", 1), ("b", "ran", 2), ("a", "ran", 3), ("a", now, 4), ("c", "old", 2), ("d", now, 4)]
    checks = [
        {**row, "check_id": f"c{no}", "known_name": name, "strategy_sha256": sha256, "found": found}
        for no, (name, sha256, found) in enumerate(made)
    ]
    store.apply([Append("search.recall_check", checks)])
    said = [line for line in of_item(report(store, empty_review), 8) if line["about"].endswith(", recall")]
    day = "checked on 2026-01-01"
    assert [line["text"].removeprefix("finds ") for line in said] == [
        f"3 of 4 known records that PubMed has (4 in a), {day}",
        f"2 of 4 known records that PubMed has (4 in b), {day}",
        f"2 of 4 known records that PubMed has (4 in c), {day}; the strategy HAS CHANGED since",
        f"4 of 4 known records that PubMed has (4 in d), {day}; of the file as it is now, WHICH HAS NOT RUN",
    ]


def test_a_later_run_that_brought_all_heals_one_that_did_not_reconcile(
    store: LocalStore, empty_review: Project
) -> None:
    close(store, a_line(hits=3), hits=3, retrieved=2, missing_pmids=["3"])
    bring(store, range(1, 3))
    later = {"searched_on": date(2026, 3, 1), "finished_at": NOW.replace(month=3), "hits": 3, "retrieved": 3}
    close(store, a_line(run_id="r2", hits=3), run_id="r2", **later)
    without = [{**synthetic_record(number), "pmid": str(number)} for number in (1, 2, 4)]
    _arrive(store, "r2", without)
    assert of_item(report(store, empty_review), 0)[0]["about"] == "Not reconciled"
    close(store, a_line(run_id="r3", hits=3), run_id="r3", **{**later, "searched_on": date(2026, 4, 1)})
    _arrive(store, "r3", [{**synthetic_record(number), "pmid": str(number)} for number in (5, 6)])
    _arrive(store, "r3", [{**synthetic_record(3), "pmid": "3"}])
    first = of_item(report(store, empty_review), 0)[0]
    assert first["about"] == "Not reconciled, healed since"
    assert first["text"].endswith("; the run r3 of 2026-04-01 brought all, these among them")


def _arrive(store: LocalStore, run_id: str, records: Lines) -> None:
    name = f"i-{run_id}-{len(records)}"
    store.apply(
        [
            Append("search.source_record", records),
            Append(
                "search.import_record",
                [
                    {"import_id": name, "source_record_id": row["source_record_id"], "position": place}
                    for place, row in enumerate(records, start=1)
                ],
            ),
            Append(
                "search.import_receipt",
                [{**synthetic_receipt(name, records=len(records), at=NOW), "source": "PubMed", "run_id": run_id}],
            ),
        ]
    )


def test_files_of_a_hand_search_are_told_to_be_entered_as_one(store: LocalStore, empty_review: Project) -> None:
    bring(store, range(1, 3), run_id=None, source="Journals", source_kind="hand_search")
    browsed = of_item(report(store, empty_review), 4)
    assert [line["about"] for line in browsed] == ["Journals"]
    assert "--source-kind hand_search" in browsed[0]["text"]


def test_removed_entries_are_counted_beside_the_merged_pairs(demo: Path) -> None:
    project = load_project(demo / "demo" / "example")
    lines = of_item(search_report(LocalStore(project.database_path), project)[1].to_dicts(), 16)
    removed = next(line for line in lines if line["about"] == "Removed")
    assert removed["records"] == 10
    pairs = [line for line in lines if line["about"] == "Merged by the program"]
    assert all("three entries of one record are three pairs" in line["text"] for line in pairs)
    assert any("or the same year and first author" in line["text"] for line in pairs)


def test_hostile_words_are_shown_and_never_run(store: LocalStore, empty_review: Project) -> None:
    tag = "<script>alert(1)</script>"
    close(store, a_line(label=tag, text=f"=HYPERLINK(1) {tag}"), source="=cmd()", strategy=f"{tag}|*x*")
    table, frame = search_report(store, empty_review)
    page = export_table(table, frame, "html").decode()
    assert tag not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>" not in export_table(table, frame, "md").decode()
    cells = [cell for row in csv.reader(io.StringIO(export_table(table, frame, "csv").decode())) for cell in row]
    assert any(cell.startswith("'=HYPERLINK(1)") for cell in cells)
    assert not [cell for cell in cells if cell.startswith("=")]


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_holds_the_report(store: LocalStore, empty_review: Project, format: str) -> None:
    if format in ("docx", "xlsx"):
        pytest.importorskip({"docx": "docx", "xlsx": "xlsxwriter"}[format], reason="the paper extra is not installed")
    close(store, a_line())
    table, frame = search_report(store, empty_review)
    made = export_table(table, frame, format)
    assert made == export_table(table, frame, format)
    if format in ("table", "md", "html", "csv", "json"):
        assert "knee[tiab]" in made.decode().replace("\\", "")


def test_the_command_writes_a_file_in_the_format_of_its_ending(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["--project", str(demo / "demo" / "example"), "search", "report"]
    target = tmp_path / "search.md"
    assert run([*base, "--output", str(target)]) == ExitCode.OK
    assert target.read_text("utf-8").startswith("**SIMULATED")
    assert "| **8. Full search strategies** |" in target.read_text("utf-8")
    assert run([*base, "--format", "docx"]) == ExitCode.USAGE
    assert "needs a file" in capsys.readouterr().err
