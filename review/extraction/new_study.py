"""Writes the files of a study that is made for a report: what its record says, what a person said, and blanks."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from review.errors import UsageProblem
from review.extraction.extracted import VOCABULARY
from review.extraction.files import read_csv
from review.extraction.form import CELL_SOURCE, CONDITION, SOURCES, Form
from review.extraction.placing import FileEdit
from review.extraction.report_identity import year_of
from review.extraction.study_edit import toml_value
from review.extraction.trial_signs import RecordFacts, devoted_to, read_authors
from review.project import Project
from review.terms import Design

_KEYS_FILE = "study.toml"
_SOURCES_FILE = "sources.csv"


@dataclass(frozen=True)
class NewStudy:
    """What a person says of a study that is made; what they leave blank waits to be filled in study.toml."""

    label: str = ""
    design: str = ""
    condition: str = ""
    cell_source: str = ""


def label_of(record: RecordFacts, said: NewStudy, study_id: str) -> str:
    """What a new study is called: as the person says, else first author and year, else its id."""
    first, year = _first(record), year_of(record)
    return said.label or (" ".join(str(each) for each in (first, year) if each) if first else study_id)


def new_study(project: Project, study_id: str, record: RecordFacts, said: NewStudy, block: str) -> dict[Path, bytes]:
    """The two files of a study that is made, path → content. Raises UsageProblem for a word of no vocabulary."""
    first, year = _first(record), year_of(record)
    label = label_of(record, said, study_id)
    _refuse_unknown_word(project, CONDITION, said.condition)
    _refuse_unknown_word(project, CELL_SOURCE, said.cell_source)
    words = f"an id of {VOCABULARY}"
    keys = {
        "design": (said.design, " | ".join(design.value for design in Design)),
        "condition": (said.condition, f"{words}/condition.csv"),
        "cell_source": (said.cell_source, f"{words}/cell_source.csv"),
    }
    lines = [
        "# The keys of this study, agreed before its figures are read; the figures stand in r1/.",
        f"study_id = {toml_value(study_id)}",
        f"label = {toml_value(label)}",
        *([f"first_author = {toml_value(first)}"] if first else []),
        *([f"year = {year}"] if year else []),
        *(
            f"{key} = {toml_value(value)}" + ("" if value else f"  # to be filled: {allowed}")
            for key, (value, allowed) in keys.items()
        ),
        f"registry = {toml_value(devoted_to(record)[0])}",
        'extraction = "not extracted yet"',
        "",
    ]
    folder = project.extracted / study_id
    content = "\n".join([*lines, block, ""])
    header = ",".join(SOURCES.header) + "\n"
    return {folder / _SOURCES_FILE: header.encode(), folder / _KEYS_FILE: content.encode()}


def _refuse_unknown_word(project: Project, form: Form, word: str) -> None:
    path = project.extracted / VOCABULARY / f"{form.name}.csv"
    rows = read_csv(path, form, root=project.root).rows if path.is_file() else ()
    known = [str(row[form.key[0]]) for row in rows]
    if word and word not in known:
        near = difflib.get_close_matches(word, known, n=3)
        message = f"{word!r} is no {form.name} of {path.relative_to(project.root).as_posix()}"
        raise UsageProblem(message, hint=f"did you mean {', '.join(near)}?" if near else "define it there first")


def _first(record: RecordFacts) -> str:
    authors = [part for part in record.authors.split(";") if part.strip()]
    return _family(authors[0]) if authors and read_authors(authors[0]) else ""


def _family(author: str) -> str:
    """The family name as it is written: `Lamo-Espinosa J` and `Lamo-Espinosa, J.` are Lamo-Espinosa."""
    words = author.strip()
    if "," in words:
        return words.partition(",")[0].strip()
    return words.rpartition(" ")[0] or words


def blanks(edits: Sequence[FileEdit]) -> str:
    """The keys of a new study.toml that wait for a person, with their lines."""
    text = next(edit.after for edit in edits if edit.before is None and edit.path.name == _KEYS_FILE)
    assert text is not None
    lines = [
        f"line {number} {line.split(' = ')[0]}"
        for number, line in enumerate(text.decode().split("\n"), start=1)
        if "# to be filled" in line
    ]
    return ", ".join(lines)
