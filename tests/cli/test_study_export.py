"""`review study export` and `review dedupe export`, as an author uses them: out of the demo, into a new project."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from review.cli.context import Review
from review.cli.dedupe_export import export as dedupe_export
from review.cli.study_export import FORMATS
from review.database import LocalStore, open_store
from review.errors import BlindError
from review.flows.reference_export import study_references
from review.project import load_project
from review.search.ingest import import_file
from review.search.reference_files import read_reference_file
from review.search.written import formats
from tests.conftest import run_review

_IMPORTED = "select source, title, doi, pmid, year, month, pages, journal from v1.source_record"


@pytest.fixture(scope="module")
def example(demo: Path) -> Path:
    return demo / "demo" / "example"


@pytest.fixture(scope="module")
def shipped(demo: Path) -> Path:
    return demo / "demo" / "review"


def flow(folder: Path) -> list[dict[str, str]]:
    done = run_review(["table", "flow", "--format", "csv"], cwd=folder)
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_the_formats_of_the_command_are_those_of_the_writers() -> None:
    assert FORMATS == formats.FORMATS


def test_included_and_excluded_are_the_counts_of_the_flow(example: Path, tmp_path: Path) -> None:
    boxes = flow(example)
    included = next(int(row["n"]) for row in boxes if row["item"] == "new_reports")
    excluded = sum(int(row["n"]) for row in boxes if row["item"] in ("excluded_reports", "other_excluded_reports"))
    for decision, wanted in (("included", included), ("excluded", excluded), ("all", included + excluded)):
        file = tmp_path / f"{decision}.ris"
        done = run_review(["study", "export", "--decision", decision, "--output", str(file)], cwd=example)
        assert done.returncode == 0, done.stderr
        assert len(read_reference_file(file.read_bytes(), name=file.name).records) == wanted > 0
        assert f"wrote {file}: {wanted} references" in done.stderr


def test_labels_are_the_studies_and_the_reasons_stand_in_the_note(example: Path) -> None:
    done = run_review(["study", "export", "--decision", "all", "--format", "csl-json"], cwd=example)
    items = {item["citation-label"]: item for item in json.loads(done.stdout)}
    assert items["Simulated trial 01"]["PMID"] == "99000001"
    assert items["Simulated trial 01, follow-up"]["PMID"] == "99000011"
    assert "Included at full text." in items["Simulated trial 04"]["note"]
    assert "Excluded at full text: Not people with chronic pain (population)." in items["Varley 2011"]["note"]
    assert all(item["note"].startswith("SIMULATED") for item in items.values())


def test_every_format_of_the_example_says_simulated(example: Path) -> None:
    project = load_project(example)
    found = study_references(open_store(project.database_path), project, decision="included")
    for format in FORMATS:
        text = formats.write_references(found.references, format, simulated=True)
        assert text.count("SIMULATED") >= len(found.references), format
    done = run_review(["study", "export"], cwd=example)
    assert done.returncode == 0, done.stderr
    assert done.stdout == formats.write_references(found.references, "ris")[:-1]


def test_what_is_exported_is_imported_strictly_into_a_new_review(
    example: Path, tmp_path: Path, store: LocalStore
) -> None:
    """Every format under a source of its own: as many records as were exported, with the same columns."""
    there = open_store(load_project(example).database_path)
    found = study_references(there, load_project(example), decision="all")
    for ending, format in formats.ENDINGS.items():
        if format not in formats.READ_BACK:
            continue
        file = tmp_path / f"all{ending}"
        file.write_text(formats.write_references(found.references, format, simulated=True), "utf-8")
        receipt = import_file(store, file, source=format, source_kind="other_method", strict=True)
        assert (receipt.dialect, receipt.records_read) == (formats.READ_BACK[format], len(found.references))
    rows = store.read(_IMPORTED).to_dicts()
    wanted = {one.title: (one.doi, one.pmid, one.year, one.month, one.pages, one.journal) for one in found.references}
    assert len(rows) == len(formats.READ_BACK) * len(wanted)
    for row in rows:
        assert (row["doi"], row["pmid"], row["year"], row["month"], row["pages"], row["journal"]) == wanted[
            row["title"]
        ]


def test_a_review_that_nobody_screened_exports_its_catalogue_and_says_so(shipped: Path) -> None:
    done = run_review(["study", "export", "--format", "csv"], cwd=shipped)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    total = next(int(row["n"]) for row in flow(shipped) if row["item"] == "total_reports")
    assert len(rows) == total
    assert all("Catalogued; nobody screened." in row["note"] for row in rows)
    assert "catalogued; nobody screened" in done.stderr
    labels = [row["label"] for row in rows]
    assert {"Lamo-Espinosa 2016", "Wu 2017a", "Wu 2017b"} <= set(labels)
    assert len(set(labels)) == len(labels)
    assert "studies are called" not in done.stderr  # the letters stand in study.toml
    assert "SIMULATED" not in done.stdout
    none = run_review(["study", "export", "--decision", "excluded"], cwd=shipped)
    assert (none.returncode, none.stdout) == (0, "")
    assert none.stderr.startswith("0 reports: nobody screened")


def test_a_file_is_replaced_whole_and_the_format_must_be_known(example: Path, tmp_path: Path) -> None:
    file = tmp_path / "included.bib"
    file.write_text("what stood here\n" * 10_000)
    done = run_review(["study", "export", "--output", str(file)], cwd=example)
    assert done.returncode == 0
    assert "what stood here" not in file.read_text("utf-8")
    before = file.read_bytes()
    refused = run_review(["study", "export", "--format", "ris", "--output", str(file)], cwd=example)
    assert refused.returncode == 2
    assert "included.bib ends in .bib, which is bibtex, and --format says ris" in refused.stderr
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_the_same_review_gives_the_same_references_and_labels(example: Path) -> None:
    project = load_project(example)
    store = open_store(project.database_path)
    first, second = (study_references(store, project, decision="all") for _ in range(2))
    assert first == second
    assert len({one.label for one in first.references}) == len(first.references)


def test_who_screens_blind_is_not_told_what_others_decided(example: Path) -> None:
    project = load_project(example)
    blind = next(person.id for person in project.reviewers if person.role == "reviewer")
    with pytest.raises(BlindError, match="screens blind"):
        study_references(open_store(project.database_path), project, decision="included", reviewer=blind)


def test_every_record_once(example: Path, tmp_path: Path) -> None:
    file = tmp_path / "records.csv"
    review = Review(start=example, reviewer_id=None)
    done = CliRunner().invoke(dedupe_export, ["--output", str(file)], obj=review)
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8"))))
    asked = run_review(["query", "select record_id from v1.record", "--format", "csv"], cwd=example).stdout
    ids = [line.split(",")[0] for line in asked.split("\n")[1:] if line]
    assert sorted(row["id"] for row in rows) == sorted(ids)
    assert all(row["simulated"] == "SIMULATED" for row in rows)
