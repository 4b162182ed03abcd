"""Reads all of `extracted/` and checks that its ids agree: what loads is whole, or nothing loads."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from review.errors import ExtractionError, FieldError
from review.extraction.files import FileRead, Row, read_csv
from review.extraction.form import (
    ADVERSE_EVENTS,
    ARMS,
    CELL_SOURCE,
    CONDITION,
    CONSENSUS,
    CONTRASTS,
    INSTRUMENT,
    OUTCOME,
    READER_FORMS,
    READERS,
    REMARKS,
    RESULTS,
    SOURCES,
    VOCABULARIES,
    Form,
)
from review.extraction.study_file import StudyKeys, read_study

VOCABULARY = "_vocabulary"
CITATIONS = "_citations.csv"
_STUDY_FILES = ("study.toml", "sources.csv", "remarks.csv", "consensus.csv", *READERS)
_READER_FILES = (*(f"{form.name}.csv" for form in READER_FORMS), "judgements.toml")


@dataclass(frozen=True)
class Reading:
    """What one reader read off the papers of one study."""

    reader: str
    arms: tuple[Row, ...]
    results: tuple[Row, ...]


@dataclass(frozen=True)
class Study:
    """One study: its keys, its sources, its readers, and the findings that were looked at."""

    keys: StudyKeys
    sources: tuple[Row, ...]
    readings: tuple[Reading, ...]
    remarks: tuple[Row, ...]
    consensus: tuple[Row, ...]
    files: tuple[FileRead, ...]

    @property
    def level(self) -> str:
        """Primary when any source is the study's own report."""
        return "primary" if any(source["level"] == "primary" for source in self.sources) else "secondary"

    def remarked(self, remark: Row) -> list[str]:
        """The subjects of this study that *remark* speaks of: itself, or the rows that its `*` stand for."""
        subject = str(remark["subject"])
        if " | " not in subject:
            return [subject]
        rows = {row.subject: row.row_id for reading in self.readings for row in reading.results}
        return [row_id for name, row_id in rows.items() if _matches(subject, name)]


@dataclass(frozen=True)
class Extracted:
    """Everything under `extracted/`."""

    vocabulary: dict[str, tuple[Row, ...]]
    studies: tuple[Study, ...]
    files: tuple[FileRead, ...]

    def ids(self, form: Form) -> frozenset[str]:
        """The ids of a vocabulary."""
        return frozenset(str(row[form.key[0]]) for row in self.vocabulary[form.name])


def read_extracted(folder: Path, *, root: Path) -> Extracted:
    """All files under *folder*; a project that has none yet is empty, not wrong.

    Raises ExtractionError (mostly FieldError) for the first thing that is not allowed.
    """
    words = [
        read_csv(path, form, root=root) if path.is_file() else FileRead("", "", ())
        for form in VOCABULARIES
        for path in [folder / VOCABULARY / f"{form.name}.csv"]
    ]
    vocabulary = {form.name: read.rows for form, read in zip(VOCABULARIES, words, strict=True)}
    _check_vocabulary(vocabulary)
    studies = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name in (VOCABULARY, CITATIONS) or path.name.startswith("."):
            continue
        if not path.is_dir():
            message = f"{path.relative_to(root).as_posix()} is no study folder"
            raise ExtractionError(message, hint=f"beside the studies stand only {VOCABULARY}/ and {CITATIONS}")
        studies.append(_read_study(path, root=root))
    extracted = Extracted(vocabulary, tuple(studies), tuple(read for read in words if read.path))
    known = {study.keys.study_id for study in studies}
    for study in studies:
        _check_study(study, extracted, known)
    return extracted


def all_files(extracted: Extracted) -> Iterator[tuple[FileRead, str | None, str | None]]:
    """(file, study_id, reader) of everything that was read."""
    for read in extracted.files:
        yield read, None, None
    for study in extracted.studies:
        for read in study.files:
            parts = read.path.split("/")
            yield read, study.keys.study_id, parts[-2] if parts[-2] in READERS else None


def _read_study(path: Path, *, root: Path) -> Study:
    _refuse_strangers(path, _STUDY_FILES, root=root)
    keys_path = path / "study.toml"
    if not keys_path.is_file():
        message = f"{path.relative_to(root).as_posix()} has no study.toml"
        raise ExtractionError(message, hint="study.toml names the reports and arms; write it first")
    keys = read_study(keys_path, root=root)
    files = [FileRead(keys.file, keys.sha256, ())]

    def rows(name: Path, form: Form, *, required: bool = False) -> tuple[Row, ...]:
        if not name.is_file() and not required:
            return ()
        read = read_csv(name, form, root=root)
        files.append(read)
        return read.rows

    sources = rows(path / "sources.csv", SOURCES, required=True)
    remarks = rows(path / "remarks.csv", REMARKS)
    consensus = rows(path / "consensus.csv", CONSENSUS)
    readings = []
    for reader in READERS:
        folder = path / reader
        if folder.is_dir():
            _refuse_strangers(folder, _READER_FILES, root=root)
            arms = rows(folder / "arms.csv", ARMS)
            results = tuple(row for form in RESULTS for row in rows(folder / f"{form.name}.csv", form))
            readings.append(Reading(reader, arms, results))
    return Study(keys, sources, tuple(readings), remarks, consensus, tuple(files))


def _refuse_strangers(folder: Path, allowed: Collection[str], *, root: Path) -> None:
    """A misspelt file would be left out without a word, so it is an error."""
    for path in sorted(folder.iterdir()):
        if path.name not in allowed and not path.name.startswith("."):
            near = difflib.get_close_matches(path.name, allowed, n=1)
            message = f"{path.relative_to(root).as_posix()} is not a file of the form; allowed: {', '.join(allowed)}"
            raise ExtractionError(message, hint=f"did you mean {near[0]}?" if near else "move it elsewhere")


def _check_vocabulary(vocabulary: dict[str, tuple[Row, ...]]) -> None:
    for form in (CONDITION, CELL_SOURCE):
        ids = {str(row[form.key[0]]) for row in vocabulary[form.name]}
        for row in vocabulary[form.name]:
            _known(row, "parent_id", ids, form.name)
    outcomes = {str(row["outcome_id"]) for row in vocabulary[OUTCOME.name]}
    for row in vocabulary[INSTRUMENT.name]:
        _known(row, "outcome_id", outcomes, "outcome")
    for row in vocabulary[INSTRUMENT.name]:
        _check_scale(row)


def _check_study(study: Study, extracted: Extracted, known: Collection[str]) -> None:
    keys = study.keys
    conditions = extracted.ids(CONDITION)
    if keys.condition not in conditions:
        _refuse_key(keys, "condition", keys.condition, conditions, "condition")
    axes = {str(row["cell_source_id"]) for row in extracted.vocabulary[CELL_SOURCE.name] if row["axis"]}
    cells = extracted.ids(CELL_SOURCE) - axes
    for cell in keys.cell_sources:
        if cell not in cells:
            _refuse_key(keys, "cell_source", cell, cells, "cell_source")
    for other in keys.overlap_with:
        if other not in known:
            _refuse_key(keys, "overlap_with", other, known, "study")
    arms = {arm.id for arm in keys.arms}
    reports = {report.id for report in keys.reports}
    sources = {str(row["source_id"]) for row in study.sources}
    outcomes, instruments = extracted.ids(OUTCOME), extracted.ids(INSTRUMENT)
    for row in study.sources:
        _known(row, "report_id", reports, "report of study.toml")
    for reading in study.readings:
        for row in reading.arms:
            _known(row, "arm_id", arms, "arm of study.toml")
            _known(row, "cell_source", cells, "cell source")
            _known(row, "source_id", sources, "source of sources.csv")
            for other in row["combines"]:
                if other not in arms or other == row["arm_id"]:
                    row.refuse(
                        "combines", f"names {other!r}; allowed: other arms of study.toml: {', '.join(sorted(arms))}"
                    )
        for row in reading.results:
            _check_result(row, arms, sources, outcomes, instruments)
    for remark in study.remarks:
        _check_subject(remark, study, arms, reports, sources)


def _check_result(
    row: Row, arms: Collection[str], sources: Collection[str], outcomes: Collection[str], instruments: Collection[str]
) -> None:
    for column in ("arm_a", "arm_b") if row.form is CONTRASTS else ("arm_id",):
        _known(row, column, arms, "arm of study.toml")
    _known(row, "outcome", outcomes, "outcome")
    _known(row, "source_id", sources, "source of sources.csv")
    _known(row, "term_text" if row.form is ADVERSE_EVENTS else "instrument", instruments, "instrument")
    values = row.values
    if values.get("n_source_id"):
        _known(row, "n_source_id", sources, "source of sources.csv")
    if values.get("n") is not None and not values.get("n_source_id"):
        row.refuse("n_source_id", "is blank although n is given", hint="name the source that prints n")
    if values.get("events") is not None and values.get("n") is not None and values["events"] > values["n"]:
        row.refuse("events", f"is {values['events']}, more than n = {values['n']}", hint="events never exceed n")
    if row.form is CONTRASTS and row["arm_a"] == row["arm_b"]:
        row.refuse("arm_b", f"is {row['arm_b']!r}, the same as arm_a", hint="a contrast has two arms")
    if "spread_kind" in values:
        _check_spread(row)
    _check_scale(row)


def _check_spread(row: Row) -> None:
    kind, lo, hi = row["spread_kind"], row["spread_lo"], row["spread_hi"]
    if (row["center"] is None) != (row["center_kind"] is None):
        row.refuse(
            "center_kind", "stands without center" if row["center"] is None else "is blank although center is given"
        )
    if kind in ("sd", "se", "iqr_width"):
        if lo is None or hi is not None:
            row.refuse("spread_lo", f"must hold the {kind}, and spread_hi must be blank")
        if lo < 0:
            row.refuse(
                "spread_lo", f"is {lo:g}; allowed: a {kind.upper()} of 0 or more", hint="a spread is never negative"
            )
    elif kind == "none" and (lo is not None or hi is not None):
        row.refuse("spread_kind", "is 'none' although a spread is given", hint="say which kind of spread it is")
    elif kind in ("ci95", "iqr_bounds", "range") and (lo is None or hi is None):
        row.refuse("spread_lo", f"and spread_hi must both be given for {kind}")


def _check_scale(row: Row) -> None:
    if "scale_min" not in row.values:
        return
    low, high = row["scale_min"], row["scale_max"]
    if (low is None) != (high is None) or (low is not None and low >= high):
        row.refuse("scale_max", "must be given together with scale_min, and be larger")


def _check_subject(
    remark: Row, study: Study, arms: Collection[str], reports: Collection[str], sources: Collection[str]
) -> None:
    subject = str(remark["subject"])
    kind, colon, name = subject.partition(":")
    if subject == "study" or (colon and name in {"arm": arms, "report": reports, "source": sources}.get(kind, ())):
        return
    if " | " in subject and study.remarked(remark):
        return
    remark.refuse(
        "subject",
        f"{subject!r} is nothing of this study",
        hint="allowed: study, arm:ID, report:ID, source:ID, or a row as 'continuous | arm | instrument | month | "
        "measure | source' with * for any",
    )


def _matches(pattern: str, subject: str) -> bool:
    wanted, found = pattern.split(" | "), subject.split(" | ")
    return len(wanted) == len(found) and all(one in ("*", other) for one, other in zip(wanted, found, strict=True))


def _known(row: Row, column: str, allowed: Collection[str], what: str) -> None:
    value = row[column]
    if value is not None and value not in allowed:
        row.refuse(column, f"is {value!r}, which is no {what}", hint=_near(str(value), allowed))


def _refuse_key(keys: StudyKeys, key: str, value: str, allowed: Collection[str], what: str) -> None:
    problem = f"is {value!r}, which is no {what}"
    raise FieldError(keys.file, keys.lines.get(key, 1), key, problem, hint=_near(value, allowed))


def _near(value: str, allowed: Collection[str]) -> str:
    near = difflib.get_close_matches(value, sorted(allowed), n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    shown = ", ".join(sorted(allowed)[:40])
    return f"allowed: {shown}" if shown else "none is defined yet"
