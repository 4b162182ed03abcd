"""The demonstration: the shipped review from its files, then the simulated example from search to flow. No network.

Everything goes through the same functions as the command line, so that what the demo shows is what the program does.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import polars as pl

from review.database import Store, open_store
from review.dedupe.engine import deduplicate
from review.errors import MissingExtra, UsageProblem
from review.flows.build import build
from review.flows.prisma_flow import prisma_flow
from review.flows.status import status_table
from review.paths import packaged, shipped
from review.project import Project, load_project
from review.reporting.evidence_table import evidence_table
from review.reporting.export import export_table, write_whole
from review.reporting.gap_map import draw_gap_map, gap_list, gap_map
from review.reporting.table import SIMULATED, Column, Row, Table
from review.screening import conflicts, decisions, overview, retrieval
from review.search import runs
from review.search.ingest import import_file
from review.search.manual import enter_manual
from review.search.strategy import find_strategy
from review.team.protocol import record_protocol

Say = Callable[[str], None]

# file → source, kind, platform, the search as it was asked, hits
_ELSEWHERE = (
    ("embase_simulated.ris", "Embase", "database", "simulated platform", "simulated strategy of 12 lines", 16),
    ("register_simulated.csv", "ClinicalTrials.gov", "register", "simulated site", "simulated words", 3),
    ("citations_simulated.ris", "Citation searching", "citation_search", "by hand", "simulated reference lists", 2),
)


def demo(folder: Path, *, show: Say, say: Say) -> list[Path]:
    """Build both projects in *folder*, *show* their tables, return the files. UsageProblem if it holds anything."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = f"{folder} is there already and is not an empty folder"
        raise UsageProblem(message, hint="give another folder, or remove this one")
    folder.mkdir(parents=True, exist_ok=True)
    files = [*shipped_review(folder / "review", show=show, say=say), *example(folder / "example", show=show, say=say)]
    show("Files written:")
    for path in files:
        show(f"  {path}")
    return files


def shipped_review(folder: Path, *, show: Say, say: Say) -> list[Path]:
    """The review that ships: its extracted files become effect sizes, pools, an evidence table and a gap map."""
    shutil.copytree(shipped("extracted"), folder / "extracted")
    shutil.copytree(shipped("queries"), folder / "queries", ignore=shutil.ignore_patterns("views"))
    shutil.copy2(shipped("review.toml"), folder / "review.toml")
    project, store = _open(folder)
    say(f"loading {folder / 'extracted'}")
    with store.holding():
        built = build(store, project)
        say(f"{built.extraction.studies} studies, {built.extraction.rows} rows; {built.synthesis.cells} cells")
        return [store.path, *_tables(store, project, show=show, say=say)]


def example(folder: Path, *, show: Say, say: Say) -> list[Path]:
    """The simulated example: search replay, imports, duplicates, two reviewers, adjudicator, reports, pools, flow."""
    shutil.copytree(packaged("demo", "example"), folder)
    shutil.copytree(shipped("extracted", "_vocabulary"), folder / "extracted" / "_vocabulary")
    project, store = _open(folder)
    with store.holding():
        strategy = find_strategy(project.queries, "example")
        owner = project.reviewers[0].id
        found = runs.replay_folder(store, project, strategy, folder / "recorded", run_by=owner)
        say(f"SIMULATED: replayed a search of {found.hits} records from stored bodies")
        for name, source, kind, platform, asked, hits in _ELSEWHERE:
            run_id = enter_manual(
                store,
                name=f"{source} (simulated)",
                source=source,
                source_kind=kind,
                query=asked,
                searched_on=date(2026, 1, 12),
                hits=hits,
                platform=platform,
                run_by=owner,
                simulated=True,
                run_id=f"simulated-{name.split('_')[0]}",
            )
            receipt = import_file(store, folder / "exports" / name, run_id=run_id, imported_by=owner)
            say(f"SIMULATED: {name}: {receipt.records_read} of {receipt.markers_seen} records read")
        done = deduplicate(store, project)
        say(f"SIMULATED: {done.source_records} source records are {done.records} records")
        counted = screen_by_script(store, project, folder / "decisions.csv")
        say(f"SIMULATED: {counted} deeds of two reviewers and an adjudicator")
        build(store, project)
        show(_text(_agreement(store, project)))
        return [store.path, *_tables(store, project, show=show, say=say)]


def screen_by_script(store: Store, project: Project, script: Path) -> int:
    """Carry out the deeds of a script (record, stage, reviewer, deed, verdict, reason, note) in order; how many."""
    count = 0
    for count, row in enumerate(_script(script), start=1):
        record, reviewer, key = row["record"], row["reviewer"], f"simulated-{count:04d}"
        reason, note = row["reason"] or None, row["note"] or None
        match row["deed"]:
            case "decide":
                decisions.decide(
                    store,
                    project,
                    record=record,
                    stage=row["stage"],
                    reviewer=reviewer,
                    verdict=row["verdict"],
                    reason=reason,
                    note=note,
                    decision_id=key,
                    via="simulated",
                )
            case "adjudicate":
                conflicts.adjudicate(
                    store,
                    project,
                    record=record,
                    stage=row["stage"],
                    verdict=row["verdict"],
                    by=reviewer,
                    reason=reason,
                    note=note,
                    adjudication_id=key,
                )
            case "retrieved":
                retrieval.retrieved(store, project, record=record, who=reviewer, event_id=key)
            case "not_retrieved":
                retrieval.not_retrieved(store, project, record=record, who=reviewer, reason=reason or "", event_id=key)
            case other:
                message = f"{script} line {count + 1}: {other!r} is not a deed"
                raise UsageProblem(message, hint="allowed: decide, adjudicate, retrieved, not_retrieved")
    return count


def _open(folder: Path) -> tuple[Project, Store]:
    project = load_project(folder)
    store = open_store(project.database_path)
    record_protocol(store, project)
    return project, store


def _script(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _agreement(store: Store, project: Project) -> Table:
    wanted = ("stage", "reviewer_1", "reviewer_2", "n", "observed", "kappa", "pabak", "ac1")
    rows = overview.agreement_table(store, project).to_dicts()
    names = [name for name in wanted if rows and name in rows[0]]
    return Table(
        caption="Agreement of the two simulated reviewers",
        columns=tuple(
            Column(name, name.replace("_", " "), "number" if name in wanted[4:] else "text", 3) for name in names
        ),
        rows=tuple(Row(tuple(str(row[name]) if name == "n" else row[name] for name in names)) for row in rows),
        banner=SIMULATED,
    )


def _tables(store: Store, project: Project, *, show: Say, say: Say) -> list[Path]:
    """Print status, flow, evidence table and gap map, and write them into the project's folder `out`."""
    out = project.root / "out"
    out.mkdir()
    flow, _, flow_lines = prisma_flow(store, project)
    evidence, evidence_lines = evidence_table(store, project, by="condition,cell_source")
    gaps, gap_lines = gap_map(store, project)
    for table in (status_table(store, project), flow, evidence, gap_list(gaps, gap_lines)):
        show(_text(table))
    files = []
    for name, table, lines in (
        ("evidence_table", evidence, evidence_lines),
        ("gap_map", gaps, gap_lines),
        ("prisma_flow", flow, flow_lines),
    ):
        for format in ("csv", "md", "html"):
            files.append(out / f"{name}.{format}")
            write_whole(files[-1], export_table(table, lines, format))
    try:
        for format in ("docx", "xlsx"):
            written = export_table(evidence, evidence_lines, format)
            files.append(out / f"evidence_table.{format}")
            write_whole(files[-1], written)
        draw_gap_map(gap_lines, out / "gap_map.svg", title=gaps.caption, simulated=project.simulated)
        files.append(out / "gap_map.svg")
    except MissingExtra as missing:
        say(f"skipped: {missing}")
    return files


def _text(table: Table) -> str:
    return export_table(table, pl.DataFrame(), "table", width=132).decode()
