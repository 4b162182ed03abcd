"""Reads study.toml: the keys of a study that its readers agree on before they extract."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from review.errors import ExtractionError, ProtocolError
from review.extraction.form import DONORS
from review.terms import ArmRole, Design, ReportKind, Unit
from review.toml_file import TomlTable, read_toml

STUDY_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
REPORT_ID = re.compile(r"PMID:\d+|DOI:10\.\S+|SRC:\S+|NCT\d{8}|[A-Za-z]+[-/\w]*\d+|\d{4}-\d{6}-\d{2}")


@dataclass(frozen=True)
class Report:
    """A document of a study."""

    id: str
    kind: str
    pmid: str | None
    doi: str | None
    registry_id: str | None
    title: str | None
    journal: str | None
    year: int | None
    url: str | None
    line: int


@dataclass(frozen=True)
class ArmKey:
    """An arm as study.toml names it."""

    id: str
    role: str
    label: str
    line: int


@dataclass(frozen=True)
class StudyKeys:
    """What study.toml holds. Blank texts are None; *cell_sources* are the ones under which the study is catalogued."""

    study_id: str
    label: str
    first_author: str | None
    year: int | None
    country: str | None
    design: str
    design_as_printed: str | None
    condition: str
    cell_sources: tuple[str, ...]
    registry: tuple[str, ...]
    unit: str
    n_randomised: int | None
    randomised_until_month: float | None
    follow_up_months: float | None
    dose_as_printed: str | None
    comparator_as_printed: str | None
    donor: str | None
    overlap_with: tuple[str, ...]
    funding_class: str | None
    coi: str | None
    extraction: str
    reports: tuple[Report, ...]
    arms: tuple[ArmKey, ...]
    file: str
    sha256: str
    lines: dict[str, int]


def read_study(path: Path, *, root: Path) -> StudyKeys:
    """The keys in *path*. Raises ExtractionError naming file, line, key and what is allowed."""
    name = path.relative_to(root).as_posix()
    try:
        top, text = read_toml(path)
        keys = _read(top, text, folder=path.parent.name, name=name)
        top.refuse_unknown()
    except ProtocolError as problem:
        message = problem.message.replace(str(path), name)
        raise ExtractionError(message, hint=problem.hint) from problem
    return keys


def _read(top: TomlTable, text: str, *, folder: str, name: str) -> StudyKeys:
    raw = top.content
    study_id = top.text("study_id")
    if study_id != folder:
        top.refuse("study_id", study_id, f"the name of its folder, {folder!r}")
    if not STUDY_ID.fullmatch(study_id):
        top.refuse("study_id", study_id, "small letters and digits, with single dashes between them")
    cells = raw.get("cell_source")
    cell_sources = top.texts("cell_source") if isinstance(cells, list) else (top.slug("cell_source"),)
    reports = tuple(
        _report(item, line) for item, line in zip(top.tables("reports"), _lines(text, "reports"), strict=True)
    )
    top.refuse_repeats("reports", [report.id for report in reports])
    arms: tuple[ArmKey, ...] = ()
    if raw.get("arms"):
        arms = tuple(
            ArmKey(item.slug("id"), item.choice("role", [role.value for role in ArmRole]), item.text("label"), line)
            for item, line in zip(top.tables("arms"), _lines(text, "arms"), strict=True)
        )
        top.refuse_repeats("arms", [arm.id for arm in arms])
    else:
        top.texts("arms", default=())
    return StudyKeys(
        study_id=study_id,
        label=top.text("label"),
        first_author=_text(top, "first_author"),
        year=_whole(top, "year", least=1900, most=2100),
        country=_text(top, "country"),
        design=top.choice("design", [design.value for design in Design]),
        design_as_printed=_text(top, "design_as_printed"),
        condition=top.slug("condition"),
        cell_sources=cell_sources,
        registry=top.texts("registry", default=()),
        unit=top.choice("unit", [unit.value for unit in Unit], default=Unit.PATIENT.value),
        n_randomised=_whole(top, "n_randomised", least=1, most=1_000_000),
        randomised_until_month=_months(top, "randomised_until_month"),
        follow_up_months=_months(top, "follow_up_months"),
        dose_as_printed=_text(top, "dose_as_printed"),
        comparator_as_printed=_text(top, "comparator_as_printed"),
        donor=top.choice("donor", list(DONORS)) if "donor" in raw else _text(top, "donor"),
        overlap_with=top.texts("overlap_with", default=()),
        funding_class=_text(top, "funding_class"),
        coi=_text(top, "coi"),
        extraction=top.text("extraction"),
        reports=reports,
        arms=arms,
        file=name,
        sha256=hashlib.sha256(top.path.read_bytes()).hexdigest(),
        lines={key: number for number, key in _key_lines(text)},
    )


def _report(item: TomlTable, line: int) -> Report:
    report_id = item.text("id")
    if not REPORT_ID.fullmatch(report_id):
        item.refuse("id", report_id, "PMID:1, DOI:10.1/a, a registry id such as NCT01234567, or SRC:source")
    return Report(
        id=report_id,
        kind=item.choice("kind", [kind.value for kind in ReportKind]),
        pmid=_text(item, "pmid"),
        doi=_text(item, "doi"),
        registry_id=_text(item, "registry_id"),
        title=_text(item, "title"),
        journal=_text(item, "journal"),
        year=_whole(item, "year", least=1900, most=2100),
        url=_text(item, "url"),
        line=line,
    )


def _text(table: TomlTable, key: str) -> str | None:
    word = table.text(key, default="")
    return word if word not in ("", "NR", "NA") else None


def _whole(table: TomlTable, key: str, *, least: int, most: int) -> int | None:
    found = table.whole(key, least=least, most=most, default=least)
    return found if key in table.content else None


def _months(table: TomlTable, key: str) -> float | None:
    found = table.number(key, least=0, most=1200, default=0)
    return found if key in table.content else None


def _lines(text: str, table: str) -> list[int]:
    header = re.compile(rf"\s*\[\[\s*{table}\s*\]\]")
    return [number for number, line in enumerate(text.split("\n"), start=1) if header.match(line)]


def _key_lines(text: str) -> list[tuple[int, str]]:
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.lstrip().startswith("["):
            break
        if key := re.match(r"\s*([\w\-]+)\s*=", line):
            found.append((number, key.group(1)))
    return found
