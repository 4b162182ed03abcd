"""Puts edited files of `extracted/` in place: shown as a difference, checked beside the others, all of them or none."""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from review.errors import ExtractionError
from review.extraction.extracted import VOCABULARY, read_extracted
from review.extraction.study_edit import decode, parse
from review.extraction.study_file import STUDY_ID

_STAGING = ".study-edit-"


@dataclass(frozen=True)
class FileEdit:
    """One file before and after: bytes, or None where the file is not there."""

    path: Path
    before: bytes | None
    after: bytes | None


def unified_diff(edits: Sequence[FileEdit], *, root: Path) -> str:
    """What the edits change, as `diff -u` shows it; line ends of Windows are not shown."""
    parts: list[str] = []
    for edit in edits:
        name = edit.path.relative_to(root).as_posix()
        old, new = (
            [line.removesuffix("\r") for line in content.decode("utf-8", "replace").split("\n")] if content else []
            for content in (edit.before, edit.after)
        )
        # a file that ends with a line end has one line less than pieces
        old, new = (lines[:-1] if lines and not lines[-1] else lines for lines in (old, new))
        was = "/dev/null" if edit.before is None else f"a/{name}"
        now = "/dev/null" if edit.after is None else f"b/{name}"
        parts.extend(difflib.unified_diff(old, new, was, now, lineterm=""))
    return "\n".join(parts)


def complaint(edits: Sequence[FileEdit], extracted: Path) -> ExtractionError | None:
    """What the checker of `review extract load` would say of the edited studies, or None; nothing is replaced.

    The studies that are edited are put together beside the others, in a hidden folder that no load reads, with those
    that they name in overlap_with.
    """
    with _staging(extracted) as stage:
        mirror = stage / extracted.name
        mirror.mkdir()
        if (extracted / VOCABULARY).is_dir():
            shutil.copytree(extracted / VOCABULARY, mirror / VOCABULARY)
        for name in _concerned(edits, extracted):
            shutil.copytree(extracted / name, mirror / name)
        for edit in edits:
            copy = mirror / edit.path.relative_to(extracted)
            if edit.after is None:
                copy.unlink()
            else:
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(edit.after)
        _remove_emptied([mirror / edit.path.relative_to(extracted) for edit in edits if edit.after is None], mirror)
        try:
            read_extracted(mirror, root=stage)
        except ExtractionError as problem:
            return problem
    return None


def replace_files(edits: Sequence[FileEdit], extracted: Path) -> None:
    """Put every edit in place, or none of them: written under a temporary name, then renamed.

    Raises ExtractionError when a file is no longer as it was when the edit was made, or leads out of *extracted*.
    """
    for edit in edits:
        inside(edit.path, extracted)
    with _staging(extracted) as stage:
        staged = [stage / f"{number}.new" for number in range(len(edits))]
        for edit, temporary in zip(edits, staged, strict=True):
            if edit.after is not None:
                _write_through(temporary, edit.after, like=edit.path)
        for edit in edits:
            _refuse_changed(edit, extracted)
        folders = {folder for edit in edits for folder in edit.path.parents if folder.is_relative_to(extracted)}
        made = sorted(folder for folder in folders if not folder.is_dir())
        done: list[FileEdit] = []
        try:
            for folder in made:
                folder.mkdir()
            for edit, temporary in zip(edits, staged, strict=True):
                _refuse_changed(edit, extracted)
                done.append(edit)
                if edit.after is None:
                    edit.path.unlink()
                else:
                    temporary.replace(edit.path)
        except BaseException:
            _take_back(done, made, stage)
            raise
    _remove_emptied([edit.path for edit in edits if edit.after is None], extracted)


def inside(path: Path, extracted: Path) -> Path:
    """*path*. Raises ExtractionError when it leads out of *extracted*, by `..` or by a symbolic link."""
    if not path.resolve().is_relative_to(extracted.resolve()):
        message = f"{path} leads out of {extracted.name}/, to {path.resolve()}"
        raise ExtractionError(message, hint="a study is a folder of the project; nothing outside it is edited")
    return path


@contextmanager
def _staging(extracted: Path) -> Iterator[Path]:
    """A hidden folder in *extracted*, so that a rename stays within one disk; it goes when the work is done."""
    made = not extracted.is_dir()
    extracted.mkdir(exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=_STAGING, dir=extracted))
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if made:
            with suppress(OSError):  # something stands in it now
                extracted.rmdir()


def _concerned(edits: Sequence[FileEdit], extracted: Path) -> list[str]:
    """The study folders that stand now and are edited, and those that the checker looks up for them."""
    edited = {edit.path.relative_to(extracted).parts[0] for edit in edits}
    texts = [edit.after for edit in edits if edit.path.name == "study.toml" and edit.after is not None]
    found = {name for content in texts for name in _overlaps(content)}
    wanted = list(found)
    while wanted:  # whom those overlap with must be there too
        path = extracted / wanted.pop() / "study.toml"
        more = _overlaps(path.read_bytes()) - found if path.is_file() else set()
        found |= more
        wanted.extend(more)
    return sorted(name for name in edited | found if (extracted / name).is_dir())


def _overlaps(content: bytes) -> set[str]:
    """The studies that a study.toml names in overlap_with; none where it cannot be read: the checker says so."""
    try:
        named = parse(decode(content, "study.toml"), "study.toml").get("overlap_with", [])
    except ExtractionError:
        return set()
    return {each for each in named if isinstance(each, str) and STUDY_ID.fullmatch(each)}


def _write_through(path: Path, content: bytes, *, like: Path) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if like.is_file():
        shutil.copymode(like, path)


def _refuse_changed(edit: FileEdit, extracted: Path) -> None:
    now = edit.path.read_bytes() if edit.path.is_file() else None
    if now != edit.before:
        name = f"{extracted.name}/{edit.path.relative_to(extracted).as_posix()}"
        message = f"{name} changed while this was being answered; nothing was written"
        raise ExtractionError(message, hint="run the same command again and look at the new difference")


def _take_back(done: Sequence[FileEdit], made: Sequence[Path], stage: Path) -> None:
    """Put back what was replaced already, the last first."""
    for edit in reversed(done):
        if edit.before is None:
            if edit.path.is_file() and edit.path.read_bytes() == edit.after:
                edit.path.unlink()
        else:
            temporary = stage / "back"
            _write_through(temporary, edit.before, like=edit.path)
            temporary.replace(edit.path)
    for folder in reversed(made):
        with suppress(OSError):
            folder.rmdir()


def _remove_emptied(gone: Sequence[Path], extracted: Path) -> None:
    """The folders of files that went, the deepest first: a study of which nothing is left."""
    folders = {folder for path in gone for folder in path.parents if folder != extracted}
    for folder in sorted((each for each in folders if each.is_relative_to(extracted)), reverse=True):
        with suppress(OSError):  # other files stand there still
            folder.rmdir()
