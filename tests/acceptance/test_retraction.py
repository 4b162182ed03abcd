"""A retraction arrives from PubMed and is carried to the end: status, every table, the pool without it, explain.

All studies, figures and notices here are SYNTHETIC.
"""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from review.cli import run
from review.database import Append, LocalStore
from review.flows.build import build
from review.flows.prisma_flow import prisma_flow
from review.flows.status import status_table
from review.paths import shipped
from review.project import Project, load_project
from review.reporting.evidence_table import evidence_table
from review.reporting.explain import explain, explanation_json, explanation_text
from review.reporting.export import export_table
from review.reporting.gap_map import gap_map
from review.reporting.saved_queries import read_query
from review.screening.decisions import decide
from review.search.ingest import import_file
from review.synthesis.reading import pooled_cells
from review.synthesis.rebuild import is_stale, rebuild
from review.terms import Stage, Verdict
from tests.conftest import REVIEW_TOML, synthetic_receipt, synthetic_record, write_review
from tests.eutils_server import article, article_set
from tests.extraction.conftest import CONTINUOUS, FILES

CELL = "knee_oa/prp/placebo/pain/upto_3m"
NOTICE = (
    '<CommentsCorrectionsList><CommentsCorrections RefType="{kind}"><RefSource>J Synth Trials. 2026;9:1</RefSource>'
    '<PMID Version="1">90000099</PMID></CommentsCorrections></CommentsCorrectionsList>'
)
# study, PMID, mean with cells and with saline, SD, n in each arm
TRIALS = (("alpha2019", 90000001, 30.0, 50.0, 12.0, 40), ("beta2020", 90000002, 41.0, 46.0, 15.0, 30),
          ("gamma2021", 90000003, 35.0, 48.0, 10.0, 25))  # fmt: skip
Review = tuple[Project, LocalStore]


def files_of(name: str, pmid: int, cells: float, saline: float, sd: float, n: int) -> dict[str, str]:
    """The extracted files of one synthetic trial with a primary report and a follow-up."""
    label = f"Synthetic {name.capitalize()}"
    report = f'[[reports]]\nid = "PMID:{pmid}"\nkind = "primary"\npmid = "{pmid}"\n\n'
    follow_up = f'[[reports]]\nid = "DOI:10.5555/synthetic.{pmid + 100}"\nkind = "follow_up"\n'
    follow_up += f'doi = "10.5555/synthetic.{pmid + 100}"\n\n'
    study = FILES["test2020/study.toml"].replace("test2020", name).replace("Test 2020 (SIMULATED)", label)
    head, _, arms = study.partition("[[reports]]")
    rows = [
        f"{arm},pain,VAS,0,100,lower,3,months,3,final,itt,{n},{mean:g},mean,{sd:g},,sd,,,,"
        f'"VAS, 3 months | {arm} | {mean:g} ({sd:g})",n | {arm} | n = {n},T2,T2,'
        for arm, mean in (("prp", cells), ("sal", saline))
    ]
    return {
        f"{name}/study.toml": head + report + follow_up + arms[arms.index("[[arms]]") :],
        f"{name}/sources.csv": FILES["test2020/sources.csv"].replace("DOI:10.1234/test.1", f"PMID:{pmid}"),
        f"{name}/r1/arms.csv": FILES["test2020/r1/arms.csv"].replace(",20,", f",{n},").replace("n = 20", f"n = {n}"),
        f"{name}/r1/continuous.csv": "\n".join([CONTINUOUS, *rows, ""]),
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three trials in one cell, computed; copy it."""
    text = REVIEW_TOML.replace('designs = ["randomised"]', 'designs = ["randomised"]\ntau2 = "DL"')
    folder = write_review(tmp_path_factory.mktemp("retraction") / "review", text=text)
    for name, content in FILES.items():
        if name.startswith("_vocabulary"):
            _write(folder, name, content)
    for trial in TRIALS:
        for name, content in files_of(*trial).items():
            _write(folder, name, content)
    project = load_project(folder)
    build(LocalStore(project.database_path), project)
    return folder


@pytest.fixture
def review(built: Path, tmp_path: Path) -> Iterator[Review]:
    """A copy of it, held open."""
    project = load_project(Path(shutil.copytree(built, tmp_path / "review")))
    store = LocalStore(project.database_path)
    with store.holding():
        yield project, store


def _write(folder: Path, name: str, content: str) -> None:
    path = folder / "extracted" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8")


def says(review: Review, pmid: int, kind: str | None, *, file: str = "pubmed.xml") -> None:
    """PubMed sends the record of *pmid*, with a notice of that kind or without any."""
    project, store = review
    path = project.root / file
    path.write_bytes(article_set(article(pmid, extra=NOTICE.format(kind=kind) if kind else "")))
    import_file(store, path, source="PubMed")


def status(review: Review, reviewer: str | None = None) -> str:
    return "\n".join(str(row.cells[1]) for row in status_table(review[1], review[0], reviewer=reviewer).rows)


def checked(store: LocalStore) -> list[dict[str, Any]]:
    """What the shipped check finds."""
    return store.read(read_query(shipped("queries", "checks", "retracted_study_pooled.sql")).sql).to_dicts()


def lines(review: Review, **how: Any) -> dict[str, dict[str, Any]]:
    _, found = evidence_table(review[1], review[0], **how)
    return {row["subset"]: row for row in found.to_dicts() if row["cell_id"] == CELL}


def hand_pool(*names: str) -> tuple[float, float, float, float]:
    """DerSimonian and Laird's tau2, estimate and Hartung–Knapp limits of two trials: closed form for k = 2."""
    (y1, v1), (y2, v2) = [(cells - saline, 2 * sd**2 / n) for name, _, cells, saline, sd, n in TRIALS if name in names]
    tau2 = max(0.0, ((y1 - y2) ** 2 - v1 - v2) / 2)
    w1, w2 = 1 / (v1 + tau2), 1 / (v2 + tau2)
    estimate = (w1 * y1 + w2 * y2) / (w1 + w2)
    # Student's t with one degree of freedom is Cauchy's: its 97.5 % point is tan(0.475 pi)
    half = math.tan(0.475 * math.pi) * math.sqrt(w1 * w2) * abs(y1 - y2) / (w1 + w2)
    return tau2, estimate, estimate - half, estimate + half


def test_a_retraction_is_carried_to_the_end_and_back(review: Review) -> None:
    project, store = review
    before = lines(review)
    quiet = status(review)
    assert set(before) == {"all"}
    assert before["all"]["k"] == 3
    assert before["all"]["warnings"] == pooled_cells(store, cell=CELL)["warnings"][0].to_list()
    assert "retracted" not in quiet and "STALE" not in quiet

    says(review, 90000001, "RetractionIn")
    told = status(review)
    today = datetime.now(UTC)
    assert (
        f"retracted: Synthetic Alpha2019 (PMID 90000001; notice PMID 90000099, seen {today:%Y-%m-%d}): in 1 cell; "
        "not yet pooled without it: run review synthesize run"
    ) in told
    assert "STALE: figures, protocol or retractions have changed since: run review synthesize run" in told
    assert is_stale(store, project)
    waiting = lines(review)
    assert set(waiting) == {"all"}
    assert any("not computed yet" in words for words in waiting["all"]["warnings"])
    assert [row["study_ids"] for row in checked(store)] == [["alpha2019"]]

    assert rebuild(store, project).changed
    assert not rebuild(store, project).changed
    told = status(review)
    assert "in 1 cell; pooled without it as a sensitivity line" in told
    assert "STALE" not in told
    assert checked(store) == []
    after = lines(review)
    changed = {"warnings", "notices", "retracted"}
    for name in set(before["all"]) - changed:
        assert after["all"][name] == before["all"][name], name
    assert after["all"]["retracted"] == ["alpha2019"]
    flag = "includes a retracted study: Synthetic Alpha2019 (retraction of PMID 90000001 (notice PMID 90000099))"
    assert flag in after["all"]["warnings"]

    without = after["not_retracted"]
    tau2, estimate, low, high = hand_pool("beta2020", "gamma2021")
    assert tau2 > 0
    # two doubles computed in another order
    for name, value in (("tau2", tau2), ("estimate", estimate), ("ci_lo", low), ("ci_hi", high)):
        assert without[name] == pytest.approx(value, rel=1e-9), name
    assert (without["k"], without["participants"], without["study_ids"]) == (2, 110, ["beta2020", "gamma2021"])
    assert without["retracted"] == []
    assert "without retracted studies: left out Synthetic Alpha2019" in without["warnings"]

    table, raw = evidence_table(store, project)
    for kind in ("table", "md", "html", "csv", "json"):
        text = export_table(table, raw, kind).decode()
        assert "includes a retracted study: Synthetic Alpha2019" in " ".join(text.split()), kind
        assert "90000099" in text, kind
        assert "without retracted studies" in " ".join(text.split()) or "not_retracted" in text, kind
    rows = list(csv.DictReader(io.StringIO(export_table(table, raw, "csv").decode())))
    assert [row["subset"] for row in rows] == ["all", "not_retracted"]
    assert rows[0]["retracted"] == "alpha2019"
    text = explanation_text(explain(store, project, CELL), project)
    place = f"J Synth Trials. 2026;9:1, seen {today:%Y-%m-%d}"
    assert f"  RETRACTED: retraction of PMID 90000001 (notice PMID 90000099), {place}" in text
    assert "without retracted studies: pooled, k = 2, participants 110" in text
    assert json.loads(explanation_json(explain(store, project, CELL)))["notices"][0]["notice_pmid"] == "90000099"
    assert "RETRACTED" in explanation_text(explain(store, project, "knee_oa/prp"), project)
    gaps, long = gap_map(store, project)
    assert "● 3 k=3 †" in export_table(gaps, long, "md").decode()
    assert any("† with a retracted trial, which is counted: Synthetic Alpha2019." in note for note in gaps.notes)
    assert long.filter(long["trials"] > 0)["retracted"].to_list()[0] == ["alpha2019"]
    flow, _, _ = prisma_flow(store, project)
    assert any("Retracted, and still counted: Synthetic Alpha2019" in note for note in flow.notes)
    for view in ("evidence_by_condition", "evidence_by_cell_source"):
        assert store.read(f"select retracted_trials from v1.{view}").to_series().to_list() == [1]

    says(review, 90000001, None, file="later.xml")
    assert is_stale(store, project)
    assert set(lines(review)) == {"all"}
    assert [(row["cell_id"], row["study_ids"]) for row in checked(store)] == [(CELL, [])]
    assert rebuild(store, project).changed
    assert lines(review) == before
    assert checked(store) == []
    assert "retracted" not in status(review) and "STALE" not in status(review)
    assert "RETRACTED" not in explanation_text(explain(store, project, CELL), project)


def test_the_commands_show_the_flags(built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = load_project(Path(shutil.copytree(built, tmp_path / "review")))
    store = LocalStore(project.database_path)
    with store.holding():
        says((project, store), 90000001, "RetractionIn")
        rebuild(store, project)
    for words, wanted in (
        (["study", "list"], "notices"),
        (["study", "list", "--format", "csv"], "retraction of PMID 90000001 (notice PMID 90000099)"),
        (["study", "show", "alpha2019"], "notices: retraction of PMID 90000001 (notice PMID 90000099)"),
        (["synthesize", "show", "--format", "csv"], f"{CELL},not_retracted"),
        (["synthesize", "show", CELL], "not_retracted"),
        (["synthesize", "effects", "--format", "csv"], "retraction of PMID 90000001 (notice PMID 90000099)"),
        (["table", "evidence"], "includes a retracted study: Synthetic Alpha2019"),
        (["table", "evidence", "--primary-only"], "the table of all figures has a line without them"),
    ):
        assert run(["--project", str(project.root), *words]) == 0
        assert wanted in " ".join(capsys.readouterr().out.split()), words


def test_a_watched_record_is_enough_and_a_doi_finds_the_report(review: Review) -> None:
    """The follow-up is named by DOI alone, and no figure was read from it: it is shown, and nothing is left out."""
    project, store = review
    record = synthetic_record(7) | {
        "source": "PubMed", "accession": "90000101", "pmid": "90000101", "doi": "10.5555/synthetic.90000101",
        "retracted": True,
    }  # fmt: skip
    receipt = synthetic_receipt("w1", records=1, at=datetime(2026, 11, 20, tzinfo=UTC)) | {"source": "PubMed"}
    watched = {"import_id": "w1", "source_record_id": record["source_record_id"]}
    store.apply(
        [
            Append("search.source_record", [record]),
            Append("search.watched_record", [watched]),
            Append("search.import_receipt", [receipt]),
        ]
    )
    assert store.read("select count(*) from v1.source_record").item() == 0
    told = status(review)
    assert "retracted, and no figure was read from it: Synthetic Alpha2019 (retraction of PMID 90000101" in told
    assert not is_stale(store, project)
    assert store.read("select list(study_id) from v1.study where retracted").item() is None
    assert set(lines(review)) == {"all"}
    assert any("from which no figure was read" in words for words in lines(review)["all"]["warnings"])


def test_a_retracted_follow_up_takes_the_figures_that_were_read_from_it(review: Review) -> None:
    project, store = review
    sources = project.extracted / "alpha2019" / "sources.csv"
    sources.write_text(sources.read_text("utf-8").replace("PMID:90000001", "DOI:10.5555/synthetic.90000101"), "utf-8")
    build(store, project)
    says(review, 90000101, "RetractionIn")
    build(store, project)
    assert "figures retracted: Synthetic Alpha2019 (PMID 90000101;" in status(review)
    found = lines(review)
    assert (found["all"]["k"], found["not_retracted"]["k"]) == (3, 2)
    assert any("includes retracted figures: Synthetic Alpha2019" in words for words in found["all"]["warnings"])
    assert store.read("select count(*) from v1.study where retracted").item() == 0


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("ExpressionOfConcernIn", "of concern: Synthetic Alpha2019 (expression of concern of PMID 90000001"),
        ("PartialRetractionIn", "of concern: Synthetic Alpha2019 (partial retraction of PMID 90000001"),
        ("ErratumIn", "corrections: 1 on 1 study; seen after the figures were read, so check them: Synthetic Alpha"),
        ("UpdateIn", "corrections: 1 on 1 study"),
    ],
)
def test_other_notices_are_flagged_and_leave_nothing_out(review: Review, kind: str, words: str) -> None:
    project, store = review
    before = lines(review)["all"]
    says(review, 90000001, kind)
    assert words in status(review)
    assert not is_stale(store, project)
    after = lines(review)
    assert set(after) == {"all"}
    assert after["all"]["estimate"] == before["estimate"]
    assert any(text.startswith("Synthetic Alpha2019: ") for text in after["all"]["warnings"])
    table, raw = evidence_table(store, project)
    assert "notice PMID 90000099" in export_table(table, raw, "html").decode()


def test_one_study_that_is_left_is_shown_and_not_pooled(review: Review) -> None:
    project, store = review
    says(review, 90000001, "RetractionIn")
    says(review, 90000002, "RetractionIn", file="second.xml")
    rebuild(store, project)
    one = lines(review)["not_retracted"]
    assert (one["k"], one["state"], one["estimate"]) == (1, "one study, not pooled", -13.0)
    table, raw = evidence_table(store, project)
    assert "sensitivity: one study, not pooled" in export_table(table, raw, "md").decode()


def test_a_cell_of_retracted_studies_only_says_that_none_is_left(review: Review) -> None:
    project, store = review
    for place, (_, pmid, *_) in enumerate(TRIALS):
        says(review, pmid, "RetractionIn", file=f"{place}.xml")
    rebuild(store, project)
    found = lines(review)
    assert (found["all"]["k"], found["not_retracted"]["k"], found["not_retracted"]["estimate"]) == (3, 0, None)
    assert "every figure of this cell is retracted" in found["not_retracted"]["warnings"]
    table, raw = evidence_table(store, project)
    assert "sensitivity: no study is left" in export_table(table, raw, "md").decode()
    text = explanation_text(explain(store, project, CELL), project)
    assert "note: every figure of this cell is retracted" in text


def test_a_line_that_left_out_other_studies_than_those_of_today_is_not_shown(review: Review) -> None:
    """Two retractions, computed; then one is taken back, and nobody computes anew."""
    project, store = review
    says(review, 90000001, "RetractionIn")
    says(review, 90000002, "RetractionIn", file="second.xml")
    rebuild(store, project)
    assert lines(review)["not_retracted"]["k"] == 1
    assert checked(store) == []
    says(review, 90000002, None, file="back.xml")
    waiting = lines(review)
    assert set(waiting) == {"all"}
    assert any("not computed yet" in words for words in waiting["all"]["warnings"])
    assert pooled_cells(store, cell=CELL)["subset"].to_list() == ["all"]
    assert "not yet pooled without it" in status(review)
    assert [row["study_ids"] for row in checked(store)] == [["alpha2019"]]
    rebuild(store, project)
    assert lines(review)["not_retracted"]["study_ids"] == ["beta2020", "gamma2021"]
    assert checked(store) == []


def overlapping(review: Review, larger: str, smaller: str) -> None:
    """*larger* and *smaller* may share people: of the two, the larger is pooled."""
    project, store = review
    path = project.extracted / larger / "study.toml"
    path.write_text(f'overlap_with = ["{smaller}"]\n' + path.read_text("utf-8"), "utf-8")
    build(store, project)


def test_a_retracted_study_that_is_not_in_the_number_is_named_otherwise(review: Review) -> None:
    project, store = review
    overlapping(review, "alpha2019", "gamma2021")
    before = lines(review)["all"]
    assert (before["k"], before["trials"]) == (2, 3)
    says(review, 90000003, "RetractionIn")
    for _ in range(2):
        found = lines(review)
        assert set(found) == {"all"}
        assert found["all"]["retracted"] == []
        assert found["all"]["notices"] == [
            "not in the number: a retracted study: Synthetic Gamma2021 (retraction of PMID 90000003 "
            "(notice PMID 90000099))"
        ]
        assert checked(store) == []
        assert "in 1 cell, in no number" in status(review)
        rebuild(store, project)
    assert store.read("select retracted from v1.pooled_effect where subset = 'all'").item().to_list() == []


def test_the_line_without_names_who_comes_in_and_who_goes(review: Review) -> None:
    """Without Alpha, Beta comes in; and Gamma, which shares people with Beta, goes."""
    project, store = review
    overlapping(review, "alpha2019", "beta2020")
    overlapping(review, "beta2020", "gamma2021")
    assert lines(review)["all"]["k"] == 2
    says(review, 90000001, "RetractionIn")
    rebuild(store, project)
    without = lines(review)["not_retracted"]
    assert (without["k"], without["participants"]) == (1, 60)
    words = (
        "without retracted studies: left out Synthetic Alpha2019; comes in, as it shares people with what is left out: "
        "Synthetic Beta2020; goes, as it shares people with what comes in: Synthetic Gamma2021"
    )
    assert words in without["warnings"]
    assert checked(store) == []


def test_trials_that_are_left_but_cannot_be_pooled_are_counted(review: Review) -> None:
    project, store = review
    for name, sd in (("beta2020", "15"), ("gamma2021", "10")):
        figures = project.extracted / name / "r1" / "continuous.csv"
        figures.write_text(figures.read_text("utf-8").replace(f"mean,{sd},,sd", "mean,,,none"), "utf-8")
    build(store, project)
    says(review, 90000001, "RetractionIn")
    rebuild(store, project)
    found = lines(review)
    assert (found["all"]["k"], found["all"]["trials"]) == (1, 3)
    without = found["not_retracted"]
    assert (without["k"], without["trials"], without["study_ids"]) == (0, 2, ["beta2020", "gamma2021"])
    assert without["not_pooled_because"] == ["no SD printed"]
    assert not any("every figure" in words for words in without["warnings"])
    table, raw = evidence_table(store, project)
    assert "sensitivity: no effect that can be pooled is left" in export_table(table, raw, "md").decode()


def test_a_line_of_another_outcome_holds_no_retracted_figure(review: Review) -> None:
    says(review, 90000001, "RetractionIn")
    _, found = evidence_table(review[1], review[0], outcome="adverse_events")
    (line,) = found.to_dicts()
    assert (line["k"], line["retracted"]) == (0, [])
    flag = "a retracted study: Synthetic Alpha2019 (retraction of PMID 90000001 (notice PMID 90000099))"
    assert line["notices"] == line["warnings"] == [flag]


def test_several_notices_on_a_study_stay_one_warning_in_a_file(review: Review) -> None:
    """Warnings are joined by a semicolon there."""
    project, store = review
    two = NOTICE.format(kind="ErratumIn").replace("</CommentsCorrectionsList>", "")
    two += NOTICE.format(kind="UpdateIn").replace("<CommentsCorrectionsList>", "")
    path = project.root / "two.xml"
    path.write_bytes(article_set(article(90000001, extra=two)))
    import_file(store, path, source="PubMed")
    (words,) = lines(review)["all"]["notices"]
    assert "erratum of PMID 90000001" in words and "update of PMID 90000001" in words
    assert ";" not in words


def test_a_file_of_another_database_that_knows_the_doi_alone_reaches_the_study(review: Review) -> None:
    project, store = review
    path = project.root / "embase.ris"
    ris = "TY  - JOUR\nTI  - RETRACTED: {0}\nAU  - Test, A.\nPY  - 2020\nDO  - {1}\nAB  - SYNTHETIC\nER  - \n\n"
    known, unknown = "10.5555/synthetic.90000101", "10.5555/synthetic.other"
    path.write_text(ris.format("the follow-up", known) + ris.format("another", unknown), "utf-8")
    sources = project.extracted / "alpha2019" / "sources.csv"
    sources.write_text(sources.read_text("utf-8").replace("PMID:90000001", f"DOI:{known}"), "utf-8")
    build(store, project)
    import_file(store, path, source="Embase")
    assert f"figures retracted: Synthetic Alpha2019 (DOI {known}; seen " in status(review)
    assert is_stale(store, project)
    assert [row["study_ids"] for row in checked(store)] == [["alpha2019"]]
    rebuild(store, project)
    found = lines(review)
    flag = f"includes retracted figures: Synthetic Alpha2019 (retraction of DOI {known}, follow up report)"
    assert flag in found["all"]["warnings"]
    assert "without retracted figures: left out Synthetic Alpha2019" in found["not_retracted"]["warnings"]
    # what is included and is no study yet is told by its DOI, too
    record = store.read("select record_id from v1.record where doi = $doi", {"doi": unknown}).item()
    for reviewer in ("ana", "ben"):
        decide(store, project, record=record, reviewer=reviewer, stage=Stage.TITLE_ABSTRACT, verdict=Verdict.UNSURE)
    told = f"retracted: RETRACTED: another (DOI {unknown}; seen "
    assert told in status(review)
    assert told in status(review, reviewer="ben")


def test_a_blinded_reviewer_learns_only_of_what_they_included_themselves(review: Review) -> None:
    project, store = review
    says(review, 90000201, "RetractionIn")
    record = store.read("select record_id from v1.record").item()
    assert store.read("select retracted, notices from v1.record").row(0) == (
        True, ["retraction of PMID 90000201 (notice PMID 90000099)"],
    )  # fmt: skip
    assert "90000201" not in status(review)
    for reviewer in ("ana", "ben"):
        decide(store, project, record=record, reviewer=reviewer, stage=Stage.TITLE_ABSTRACT, verdict=Verdict.INCLUDE)
    words = "retracted: Synthetic trial 90000201: test injection for knee pain (PMID 90000201; notice PMID 90000099"
    assert words in status(review)
    assert "included, not yet a study" in status(review)
    assert "you included it, not yet a study" in status(review, reviewer="ben")


def test_a_blinded_reviewer_does_not_learn_that_another_included_it(review: Review) -> None:
    project, store = review
    says(review, 90000201, "RetractionIn")
    record = store.read("select record_id from v1.record").item()
    decide(store, project, record=record, reviewer="ana", stage=Stage.TITLE_ABSTRACT, verdict=Verdict.INCLUDE)
    assert "90000201" not in status(review, reviewer="ben")
