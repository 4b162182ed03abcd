"""A report that turns out to be of another study takes what was extracted from it along, and can come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from review.database import LocalStore
from review.errors import ExtractionError
from review.extraction.extracted import read_extracted
from review.extraction.form import REMARKS
from review.extraction.linking import Change, carry_out, plan_link
from review.extraction.new_study import NewStudy
from review.extraction.trial_signs import RecordFacts
from tests.extraction.conftest import CONTINUOUS, FILES, Desk

SECOND = RecordFacts("r7", title="Follow-up", pmid="7", year=2022, authors="Alder A; Birch B")
NEW = NewStudy(design="rct_parallel", condition="knee_oa", cell_source="prp")
LATER = (
    'prp,pain,VAS,0,100,lower,24,months,24,final,itt,18,22.5,mean,9.5,,sd,,,,"VAS, 24 months | PRP | 22.5 ± 9.5\n'
    '(of 18)",n | PRP | n = 18,L1,L1,\n'
)


@pytest.fixture
def two_reports(desk: Desk) -> Desk:
    """test2020 with a second report, from which one figure was read."""
    desk.edit(
        "test2020/study.toml", "[[arms]]", '[[reports]]\nid = "PMID:7"\nkind = "follow_up"\npmid = "7"\n\n[[arms]]'
    )
    for name, more in (
        ("sources.csv", "L1,PMID:7,article table,primary,Table 1,https://example.org/l1,,Table 1,table,2026-01-02\n"),
        ("r1/continuous.csv", LATER),
    ):
        desk.write(f"test2020/{name}", FILES[f"test2020/{name}"] + more)
    return desk


def content(desk: Desk) -> dict[str, bytes]:
    folder = desk.root / "extracted"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows_of(desk: Desk) -> dict[str, int]:
    """Study → how many figures it has, as `review extract load` reads them."""
    read = read_extracted(desk.root / "extracted", root=desk.root)
    return {each.keys.study_id: sum(len(reading.results) for reading in each.readings) for each in read.studies}


def rows(store: LocalStore, table: str) -> list[dict[str, Any]]:
    return store.read(f"select * from {table} order by all").to_dicts()


def moved(desk: Desk, study_id: str, *, new: NewStudy | None = None) -> Change:
    return plan_link(desk.project, SECOND, study_id=study_id, new=new, move=True, figures=True, remove_study=True)


def test_figures_go_with_their_report_and_come_back(two_reports: Desk, store: LocalStore) -> None:
    before = content(two_reports)
    change = moved(two_reports, "alder2022", new=NEW)
    assert content(two_reports) == before
    assert "with 1 figure; describe there in arms.csv: prp" in change.words
    assert carry_out(store, two_reports.project, change).loaded
    assert rows_of(two_reports) == {"alder2022": 1, "test2020": 3}
    figures = (two_reports.root / "extracted/alder2022/r1/continuous.csv").read_text("utf-8")
    assert figures == f"{CONTINUOUS}\n{LATER}"
    assert store.read("select study_id from v1.result where month = 24")["study_id"].to_list() == ["alder2022"]

    assert carry_out(store, two_reports.project, moved(two_reports, "test2020")).loaded
    assert content(two_reports) == before


def test_a_study_that_was_one_with_another_is_merged_and_split_again(two_reports: Desk, store: LocalStore) -> None:
    """Figures, sources and arms of both stay: what Covidence cannot take back."""
    assert carry_out(store, two_reports.project, moved(two_reports, "alder2022", new=NEW)).loaded
    apart = content(two_reports)
    assert carry_out(store, two_reports.project, moved(two_reports, "test2020")).loaded
    assert rows_of(two_reports) == {"test2020": 4}
    assert carry_out(store, two_reports.project, moved(two_reports, "alder2022", new=NEW)).loaded
    assert content(two_reports) == apart


def test_arms_that_the_other_study_lacks_go_along(two_reports: Desk) -> None:
    change = moved(two_reports, "alder2022", new=NEW)
    made = next(edit.after for edit in change.edits if edit.path.name == "study.toml" and edit.before is None)
    assert made is not None
    assert b'[[arms]]\nid = "prp"\nrole = "intervention"\nlabel = "PRP"' in made
    assert b'"sal"' not in made


@pytest.mark.parametrize("subject", ["source:L1", "report:PMID:7", "continuous | prp | VAS | 24 | final | L1"])
def test_a_remark_on_what_goes_stops_the_move(two_reports: Desk, subject: str) -> None:
    words = {
        "kind": "other",
        "subject": subject,
        "remark": "odd",
        "who": "ana",
        "remarked_on": "2026-01-02",
        "basis": "text",
    }
    cells = [words.get(column, "") for column in REMARKS.header]
    two_reports.write("test2020/remarks.csv", f"{','.join(REMARKS.header)}\n{','.join(cells)}\n")
    with pytest.raises(ExtractionError, match=r"remarks.csv:2 is a remark on .*, which would go"):
        moved(two_reports, "alder2022", new=NEW)


def test_a_judgement_of_the_study_stops_the_move(two_reports: Desk) -> None:
    two_reports.write("test2020/r1/judgements.toml", "")
    with pytest.raises(ExtractionError, match=r"judgements.toml judges this study"):
        moved(two_reports, "alder2022", new=NEW)


def test_a_figure_that_rests_on_both_reports_stops_the_move(two_reports: Desk) -> None:
    two_reports.edit("test2020/r1/continuous.csv", "n = 18,L1,L1", "n = 18,T2,L1")
    with pytest.raises(ExtractionError, match=r"continuous.csv:4 rests on the sources L1 and T2"):
        moved(two_reports, "alder2022", new=NEW)


def test_an_arm_described_in_what_goes_stops_the_move_while_its_figures_stay(two_reports: Desk) -> None:
    two_reports.edit("test2020/r1/arms.csv", "PRP | n | n = 20,T2", "PRP | n | n = 20,L1")
    with pytest.raises(ExtractionError, match=r"arms.csv:2: arm prp is described from source L1"):
        moved(two_reports, "alder2022", new=NEW)


def test_ids_that_are_taken_there_are_renamed_in_every_row(two_reports: Desk, store: LocalStore) -> None:
    """Both studies have a source L1 and an arm prp that is described in its own words."""
    two_reports.write("test2020/r1/arms.csv", FILES["test2020/r1/arms.csv"].replace("prp,", '"prp",', 1))
    assert carry_out(store, two_reports.project, moved(two_reports, "alder2022", new=NEW)).loaded
    folder = two_reports.root / "extracted"
    arms = (folder / "test2020/r1/arms.csv").read_text("utf-8")
    described = next(line for line in arms.split("\n") if line.startswith('"prp"'))
    (folder / "alder2022/r1/arms.csv").write_text(f"{arms.partition(chr(10))[0]}\n{described.replace(',T2', ',L1')}\n")
    path = folder / "test2020/sources.csv"
    path.write_text(path.read_text("utf-8").replace("T2,DOI", "L1,DOI"), "utf-8")
    for file in (path.parent / "r1").iterdir():
        file.write_text(file.read_text("utf-8").replace(",T2", ",L1"), "utf-8")
    change = moved(two_reports, "test2020")
    assert "they are renamed: source L1 -> L1-2, arm prp -> prp-2; a move back keeps the new names" in change.words
    assert "+prp-2,pain,VAS,0,100,lower,24," in change.diff
    assert carry_out(store, two_reports.project, change).loaded
    assert rows_of(two_reports) == {"test2020": 4}
    assert [row["source_id"] for row in rows(store, "v1.source")] == ["L1", "L1-2"]
    (figure,) = [row for row in rows(store, "v1.result") if row["month"] == 24]
    assert (figure["arm_id"], figure["source_id"]) == ("prp-2", "L1-2")
    assert (
        (folder / "test2020/r1/continuous.csv")
        .read_text("utf-8")
        .endswith(LATER.replace("prp,", "prp-2,", 1).replace("L1,L1,", "L1-2,L1-2,"))
    )
    assert (folder / "test2020/r1/arms.csv").read_text("utf-8").split("\n")[-2].startswith('"prp-2",')
    kept = (folder / "test2020/study.toml").read_text("utf-8")
    assert 'id = "prp-2"\nrole = "intervention"\nlabel = "PRP"' in kept


def test_all_that_stops_a_move_is_named_at_once(two_reports: Desk) -> None:
    two_reports.write("test2020/r1/judgements.toml", "")
    two_reports.edit("test2020/r1/continuous.csv", "n = 18,L1,L1", "n = 18,T2,L1")
    two_reports.edit("test2020/r1/arms.csv", "PRP | n | n = 20,T2", "PRP | n | n = 20,L1")
    with pytest.raises(ExtractionError) as refused:
        moved(two_reports, "alder2022", new=NEW)
    for place in ("judgements.toml judges", "continuous.csv:4 rests on", "arms.csv:2: arm prp is described"):
        assert place in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_rests_on_no_report_is_named_where_it_would_be_left(two_reports: Desk) -> None:
    """Not the files that are left over, but the rows that keep the study from going."""
    two_reports.write(
        "test2020/study.toml",
        FILES["test2020/study.toml"].replace("DOI:10.1234/test.1", "PMID:7").replace('doi = "10.1234/test.1"', ""),
    )
    path = two_reports.root / "extracted/test2020/sources.csv"
    path.write_text(path.read_text("utf-8").replace("T2,DOI:10.1234/test.1,", "T2,,"), "utf-8")
    with pytest.raises(ExtractionError, match=r"sources.csv:2 source T2 names no report; .*arms.csv:2 arm prp is"):
        moved(two_reports, "alder2022", new=NEW)


def test_line_ends_of_the_file_that_takes_the_rows_are_kept(two_reports: Desk, store: LocalStore) -> None:
    assert carry_out(store, two_reports.project, moved(two_reports, "alder2022", new=NEW)).loaded
    path: Path = two_reports.root / "extracted/test2020/sources.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert carry_out(store, two_reports.project, moved(two_reports, "test2020")).loaded
    assert b"\n" not in path.read_bytes().replace(b"\r\n", b"")
    assert rows_of(two_reports) == {"test2020": 4}
