"""Joins a report to a study and takes it out again, in study.toml: planned first, shown, and put in place on a word.

study.toml is the truth of which report belongs to which study. Figures hang on a report through sources.csv, so a
report on which figures hang is never taken out of its study: that would leave them without the place they were read.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from review.database import Store
from review.errors import ExtractionError, UsageProblem
from review.extraction.extracted import CITATIONS, VOCABULARY
from review.extraction.figures_move import Moved, is_empty_form, left_over, move_figures, shown
from review.extraction.files import read_csv
from review.extraction.form import READERS, REMARKS, RESULTS, SOURCES
from review.extraction.load import load
from review.extraction.new_study import NewStudy, blanks, new_study
from review.extraction.placing import FileEdit, complaint, inside, replace_files, unified_diff
from review.extraction.report_identity import facts_of, find_report, id_of, is_report, report_keys
from review.extraction.study_edit import (
    add_report,
    block_of,
    decode,
    parse,
    remove_report,
    report_blocks,
    toml_value,
    write_block,
)
from review.extraction.study_file import STUDY_ID
from review.extraction.trial_signs import RecordFacts, suggested_kind
from review.project import Project

_KEYS_FILE = "study.toml"
_SOURCES_FILE = "sources.csv"
_ID_LINE = re.compile(r"""^(\s*id\s*=\s*)(["']).*?\2""", re.MULTILINE)
_LONGEST_ID = 60
# no folder of Windows can have these names
_DEVICES = {"con", "prn", "aux", "nul", *(f"{device}{number}" for device in ("com", "lpt") for number in range(10))}


@dataclass(frozen=True)
class Change:
    """What would be done: the files, how they differ, in words; *unfinished* is what the checker says of it still."""

    edits: tuple[FileEdit, ...]
    diff: str
    words: str
    unfinished: str = ""


@dataclass(frozen=True)
class Outcome:
    """Whether the database follows the files now; if not, why."""

    loaded: bool
    problem: str = ""


@dataclass(frozen=True)
class _Standing:
    """A study.toml as it is."""

    study_id: str
    path: Path
    name: str
    content: bytes
    text: str
    keys: Mapping[str, Any]

    @property
    def reports(self) -> list[Mapping[str, Any]]:
        return list(self.keys.get("reports", []))


def standing_labels(project: Project) -> dict[str, str]:
    """study_id → label, as the study.toml of the project have them now."""
    return {each.study_id: str(each.keys.get("label", each.study_id)) for each in _standing(project)}


def named_report(project: Project, word: str) -> RecordFacts | None:
    """What study.toml says of the report that *word* (its id, PMID, DOI or registry id) names; None without one.

    The shipped review has studies and no imported records; their reports can be moved all the same.
    """
    for study in _standing(project):
        own = find_report(study.reports, word)
        if own is not None:
            return facts_of(next(each for each in study.reports if str(each.get("id")) == own))
    return None


def plan_link(
    project: Project,
    record: RecordFacts,
    *,
    study_id: str,
    kind: str | None = None,
    new: NewStudy | None = None,
    move: bool = False,
    figures: bool = False,
    remove_study: bool = False,
) -> Change:
    """What it takes to make *record* a report of the study; no edits where it is one already.

    With *move* it is taken out of the study that it belongs to, with *figures* and all that was extracted from it.
    Raises UsageProblem for an unknown study, a new one that is there, and a record that belongs to another study
    unless *move*; ExtractionError where a study.toml cannot be read or edited, or figures hang on a report that moves
    without them.
    """
    standing = _standing(project)
    target = _target(project, standing, study_id, new=new is not None)
    held = [(each, report) for each in standing for report in each.reports if is_report(record, report)]
    here = next((report for each, report in held if each.study_id == study_id), None)
    if here is not None:
        words = f"{here['id']} is a report of {study_id} already ({_place(target, str(here['id']))}); nothing to do"
        return Change((), "", words)
    elsewhere = [(each, str(report["id"])) for each, report in held]
    _refuse_held(record, elsewhere, move=move)
    if elsewhere:
        source, old_id = elsewhere[0]
        block = _with_kind(block_of(source.text, old_id, source.name), kind)
        words = f"{old_id} is moved from {source.study_id} to {study_id}"
    else:
        has_primary = target is not None and any(report.get("kind") == "primary" for report in target.reports)
        kind = kind or suggested_kind(record, has_primary=has_primary)
        block = write_block(report_keys(record, kind))
        words = f"{id_of(record)} becomes a report of {study_id}: {kind}"
    if target is None:
        assert new is not None
        files = new_study(project, study_id, record, new, block)
    else:
        files = {target.path: add_report(target.text, block, target.name).encode()}
    edits: list[FileEdit] = []
    if elsewhere:
        moved = Moved({}, 0, (), ())
        if figures:
            folder = project.extracted / study_id
            moved = move_figures(
                source.path.parent,
                folder,
                old_id,
                root=project.root,
                standing=files,
                source_arms=_arms(source),
                target_arms=_arms(target),
            )
            keys = folder / _KEYS_FILE
            files = {path: after for path, after in moved.files.items() if path.is_relative_to(folder)} or files
            made = _with_arms(files[keys].decode(), keys.relative_to(project.root).as_posix(), source, moved)
            files[keys] = made.encode()
            words += f" with {'1 figure' if moved.figures == 1 else f'{moved.figures} figures'}{_told(moved, study_id)}"
        edits = _removal(project, standing, source, old_id, remove_study=remove_study, moved=moved if figures else None)
    # what is added stands before anything is taken away: were the machine to stop in between, nothing is missing
    added = _edits(files, target)
    return _checked(project, [*added, *edits], words, new=target is None)


def plan_unlink(
    project: Project, report: str, *, study_id: str, record: RecordFacts | None = None, remove_study: bool = False
) -> Change:
    """What it takes to take *report* (its id, or the document of *record*) out of the study.

    Raises UsageProblem for an unknown study or report; ExtractionError while figures hang on it, their sources named,
    and when it is the study's only report, unless *remove_study* and nothing was extracted.
    """
    standing = _standing(project)
    target = _target(project, standing, study_id, new=False)
    assert target is not None
    found = find_report(target.reports, report)
    if found is None and record is not None:
        found = next((str(each["id"]) for each in target.reports if is_report(record, each)), None)
    if found is None:
        known = ", ".join(str(each.get("id")) for each in target.reports)
        message = f"{study_id} has no report {report!r}"
        raise UsageProblem(message, hint=f"its reports: {known}")
    edits = _removal(project, standing, target, found, remove_study=remove_study)
    return _checked(project, edits, f"{found} is taken out of {study_id}", new=False)


def carry_out(store: Store, project: Project, change: Change) -> Outcome:
    """Put the files of *change* in place, all or none, and load what `review extract load` loads.

    Raises ExtractionError when a file changed meanwhile; nothing is written then. Where the files cannot be loaded
    the edit stands and the outcome says why.
    """
    if change.edits:
        replace_files(change.edits, project.extracted)
    try:
        load(store, project)
    except ExtractionError as problem:
        return Outcome(False, str(problem))
    return Outcome(True)


def _standing(project: Project) -> list[_Standing]:
    """Every study.toml of the project. Raises ExtractionError for one that is not TOML."""
    found = []
    folder = project.extracted
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        keys = path / _KEYS_FILE
        if path.name in (VOCABULARY, CITATIONS) or path.name.startswith(".") or not keys.is_file():
            continue
        inside(keys, folder)
        name = keys.relative_to(project.root).as_posix()
        content = keys.read_bytes()
        text = decode(content, name)
        parsed = parse(text, name)
        report_blocks(text, name)
        found.append(_Standing(path.name, keys, name, content, text, parsed))
    return found


def _target(project: Project, standing: Sequence[_Standing], study_id: str, *, new: bool) -> _Standing | None:
    """The study, or None for one that is to be made."""
    if not STUDY_ID.fullmatch(study_id):
        message = f"{study_id!r} is no id of a study"
        raise UsageProblem(message, hint="small letters and digits, with single dashes between them: lamo2016")
    if new and (len(study_id) > _LONGEST_ID or study_id in _DEVICES):
        why = "is a device of Windows" if study_id in _DEVICES else f"has {len(study_id)} characters"
        message = f"{study_id!r} cannot be the id of a study: its folder has that name, and it {why}"
        raise UsageProblem(message, hint=f"at most {_LONGEST_ID} characters, such as lamo2016")
    found = next((each for each in standing if each.study_id == study_id), None)
    if found and new:
        message = f"there is a study {study_id} already: {found.name}"
        raise UsageProblem(message, hint="leave --new out, or give the new study another id")
    if new and (project.extracted / study_id).exists():
        message = f"{project.extracted.name}/{study_id} is there already, without a {_KEYS_FILE}"
        raise UsageProblem(message, hint="give the new study another id, or remove the folder")
    if found is None and not new:
        near = difflib.get_close_matches(study_id, [each.study_id for each in standing], n=3)
        message = f"no study {study_id!r}"
        hint = f"did you mean {', '.join(near)}?" if near else "review study list shows them; --new makes one"
        raise UsageProblem(message, hint=hint)
    return found


def _refuse_held(record: RecordFacts, held: Sequence[tuple[_Standing, str]], *, move: bool) -> None:
    if len(held) > 1:
        where = ", ".join(f"{each.study_id} ({_place(each, own)})" for each, own in held)
        message = f"record {record.record_id} is a report of {len(held)} other studies: {where}"
        raise UsageProblem(message, hint="take it out of one of them first: review study unlink STUDY REPORT")
    if held and not move:
        each, own = held[0]
        message = f"record {record.record_id} is a report of {each.study_id} already: {own} ({_place(each, own)})"
        raise UsageProblem(message, hint="--move takes it out there and puts it in here")


def _place(study: _Standing | None, own: str) -> str:
    assert study is not None
    line = next(each.line for each in report_blocks(study.text, study.name) if each.id == own)
    return f"{study.name}:{line}"


def _removal(
    project: Project,
    standing: Sequence[_Standing],
    study: _Standing,
    own: str,
    *,
    remove_study: bool,
    moved: Moved | None = None,
) -> list[FileEdit]:
    """The edits that take report *own* out of *study*, or the study away with its only report.

    *moved* is what went to another study before; without it nothing may hang on the report.
    """
    if moved is None and (hanging := _hanging(project, study, own)):
        named = shown(hanging)
        message = f"figures hang on {own} of {study.study_id}, and would lose the place where they were read: {named}"
        hint = "take them along to the study that they are of: review study link STUDY RECORD --move --with-figures"
        raise ExtractionError(message, hint=hint)
    folder = study.path.parent
    gone = {path: after for path, after in (moved.files if moved else {}).items() if path.is_relative_to(folder)}
    if len(study.reports) > 1:
        files = {study.path: remove_report(study.text, own, study.name).encode(), **gone}
        return _edits(files, study)
    others = [path for path in sorted(folder.rglob("*")) if path.is_file() and path != study.path]
    left = [path for path in others if path.suffix != ".csv" or not is_empty_form(gone.get(path, path.read_bytes()))]
    if left:
        rows = left_over(folder, gone, root=project.root)
        kept = [path.relative_to(project.root).as_posix() for path in left if path.suffix != ".csv"]
        named = shown([*(f"there is still {each}" for each in kept), *rows])
        message = f"{own} is the only report of {study.study_id}, and not all that stands there rests on it: {named}"
        hint = "these rows would be left without a study: give the sources their report_id, or move the rows by hand"
        raise ExtractionError(message, hint=hint)
    if not remove_study:
        message = f"{own} is the only report of {study.study_id}, and a study has at least one"
        raise ExtractionError(message, hint="--remove-study takes the study away with it; no figure of it is left")
    if naming := [each.name for each in standing if study.study_id in each.keys.get("overlap_with", [])]:
        message = f"study {study.study_id} cannot be removed: {', '.join(naming)} names it in overlap_with"
        raise ExtractionError(message, hint="take it out of overlap_with first")
    return [FileEdit(path, path.read_bytes(), None) for path in (study.path, *others)]


def _edits(files: Mapping[Path, bytes], study: _Standing | None) -> list[FileEdit]:
    """The edits that make the files so; study.toml is compared with the bytes that were read for the plan."""
    return [
        FileEdit(
            path,
            study.content if study and path == study.path else path.read_bytes() if path.is_file() else None,
            after,
        )
        for path, after in files.items()
    ]


def _arms(study: _Standing | None) -> dict[str, Mapping[str, Any]]:
    return {str(arm["id"]): arm for arm in study.keys.get("arms", [])} if study else {}


def _with_arms(text: str, name: str, source: _Standing, moved: Moved) -> str:
    """The study.toml *text* with the arms that went and that it lacks, as the other study keeps them."""
    ours = {str(arm["id"]) for arm in parse(text, name).get("arms", [])}
    theirs = _arms(source)
    for arm in moved.arms:
        new = moved.renamed_arms.get(arm, arm)
        if new not in ours and arm in theirs:
            block = block_of(source.text, arm, source.name, table="arms")
            if new != arm:
                block = _ID_LINE.sub(rf"\g<1>{toml_value(new)}", block, count=1)
            text = add_report(text, block, name, table="arms")
    return text


def _told(moved: Moved, study_id: str) -> str:
    """What a person has to know of a move."""
    words = ""
    if moved.renamed_sources or moved.renamed_arms:
        names = [f"source {old} -> {new}" for old, new in moved.renamed_sources.items()]
        names += [f"arm {old} -> {new}" for old, new in moved.renamed_arms.items()]
        words += f"; {study_id} has these ids already, so they are renamed: {', '.join(names)}"
        words += "; a move back keeps the new names"
    if moved.undescribed:
        arms = (moved.renamed_arms.get(arm, arm) for arm in moved.undescribed)
        words += f"; describe there in arms.csv: {', '.join(arms)}"
    return words


def _hanging(project: Project, study: _Standing, own: str) -> list[str]:
    """The rows of the study that rest on its report *own*: sources with their figures, remarks."""
    folder, root = study.path.parent, project.root
    found = []
    sources = folder / _SOURCES_FILE
    ids: dict[str, str] = {}
    if sources.is_file():
        for row in read_csv(sources, SOURCES, root=root).rows:
            if row["report_id"] == own:
                ids[str(row["source_id"])] = row.row_id
    counts = dict.fromkeys(ids, 0)
    for reader in READERS:
        for form in RESULTS:
            path = folder / reader / f"{form.name}.csv"
            for row in read_csv(path, form, root=root).rows if path.is_file() else ():
                for source in {str(row["source_id"]), str(row.values.get("n_source_id"))} & counts.keys():
                    counts[source] += 1
    for source, place in ids.items():
        figures = "1 figure" if counts[source] == 1 else f"{counts[source]} figures"
        found.append(f"{place} source {source} with {figures}")
    remarks = folder / "remarks.csv"
    for row in read_csv(remarks, REMARKS, root=root).rows if remarks.is_file() else ():
        if row["subject"] == f"report:{own}":
            found.append(f"{row.row_id} a remark on the report")
    return found


def _with_kind(block: str, kind: str | None) -> str:
    """The block as it stands, its kind another one where a person gave one."""
    if kind is None:
        return block
    lines = block.split("\n")
    place = next((number for number, line in enumerate(lines) if line.split("=")[0].strip() == "kind"), None)
    if place is None:
        return "\n".join([*lines[:2], f"kind = {toml_value(kind)}", *lines[2:]])
    lines[place] = f"kind = {toml_value(kind)}"
    return "\n".join(lines)


def _checked(project: Project, edits: list[FileEdit], words: str, *, new: bool) -> Change:
    """The change, if the checker takes what it makes: or says of it only what it said before, or names the blanks."""
    problem = complaint(edits, project.extracted)
    unfinished = ""
    if problem is not None:
        waiting = blanks(edits) if new else ""
        standing = [FileEdit(edit.path, edit.before, edit.before) for edit in edits if edit.before is not None]
        if not waiting and (not standing or complaint(standing, project.extracted) is None):
            raise problem
        unfinished = waiting or str(problem)
    return Change(tuple(edits), unified_diff(edits, root=project.root), words, unfinished)
