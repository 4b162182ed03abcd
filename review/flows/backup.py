"""A whole review in one folder, taken while people work, and brought back here or on another machine.

The folder is a review of its own: the database as it was at one moment, the protocol, queries, extracted figures and
full texts, the decisions once more as text, and a manifest with the sha256 of every file.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from review import __version__
from review.database import LocalStore, Store
from review.errors import BlindError, FormatError, ReviewError, UsageProblem
from review.flows.events import export_events
from review.project import FILE, Project, load_project
from review.screening.blinding import is_blinded

MANIFEST = "backup.json"
_EVENTS = "events"
_FOLDERS = ("queries", "extracted", "full_texts")
_PIECE = 1 << 20


@dataclass(frozen=True)
class Backup:
    """A backup that was written or read: where, how many files, how many bytes, and when it was taken."""

    folder: Path
    files: int
    bytes: int
    taken_at: str


def back_up(store: Store, project: Project, folder: Path, *, reviewer: str | None = None) -> Backup:
    """Write a backup of *project* into *folder*, which is not there yet; people go on working meanwhile.

    It is made under another name and moved into place whole. Raises BlindError where *reviewer*, who asks for it,
    screens blind: the copy tells what others decided.
    """
    if is_blinded(store, project, reviewer):
        message = f"{reviewer} screens blind, and a backup tells what others decided"
        raise BlindError(message, hint="run it without --as as the owner of the file")
    _refuse_taken(folder)
    if (
        folder.resolve().is_relative_to(project.root)
        and folder.resolve().relative_to(project.root).parts[0] in _FOLDERS
    ):
        message = f"{folder} lies in a folder that the backup copies"
        raise UsageProblem(message, hint="put backups outside the review, best on another disk")
    half = folder.with_name(f".{folder.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    try:
        half.mkdir(parents=True)
        store.backup(half / project.database_path.name)
        shutil.copy2(project.root / FILE, half / FILE)
        ignored = project.root / ".gitignore"
        if ignored.is_file():
            shutil.copy2(ignored, half / ignored.name)
        for name in _FOLDERS:
            if (project.root / name).is_dir():
                shutil.copytree(project.root / name, half / name, ignore=shutil.ignore_patterns(".*"))
        # from the copy, so that the text says what the database says
        export_events(LocalStore(half / project.database_path.name), load_project(half), half / _EVENTS)
        taken_at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        sums = {name: (_sha256(path), path.stat().st_size) for name, path in _files(half)}
        manifest = {
            "what": "a backup of a review",
            "program": f"regen-review {__version__}",
            "title": project.title,
            "taken_at": taken_at,
            "files": {name: {"sha256": digest, "bytes": size} for name, (digest, size) in sorted(sums.items())},
        }
        (half / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", "utf-8")
        half.rename(folder)
    except OSError as problem:
        raise _in_words(problem, folder) from problem
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return Backup(folder, len(sums), sum(size for _, size in sums.values()), taken_at)


def check_backup(folder: Path) -> Backup:
    """Read every file of a backup. Raises FormatError with all that is missing, strange or changed."""
    files, taken_at = _read_manifest(folder)
    here = dict(_files(folder))
    wrong = [f"{name} is missing" for name in files if name not in here]
    wrong += [f"{name} is not in {MANIFEST}" for name in here if name not in files]
    wrong += [
        f"{name} has changed" for name, (digest, _) in files.items() if name in here and _sha256(here[name]) != digest
    ]
    if wrong:
        message = f"{folder} is not as it was written: {'; '.join(sorted(wrong)[:10])}"
        raise FormatError(message, hint="take another backup; nothing was restored")
    return Backup(folder, len(files), sum(size for _, size in files.values()), taken_at)


def restore(folder: Path, target: Path) -> Backup:
    """Make the review of the backup in *folder* anew in *target*, which is not there yet or is empty.

    Every file is checked first. What was decided after the backup and exported as text can be added with
    `review events import`. Invitations stay; everybody signs in anew.
    """
    found = check_backup(folder)
    _refuse_taken(target)
    half = target.with_name(f".{target.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    try:
        half.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(folder, half, ignore=lambda where, names: [MANIFEST, _EVENTS] if Path(where) == folder else [])
        load_project(half)
        if target.exists():
            target.rmdir()
        half.rename(target)
    except OSError as problem:
        raise _in_words(problem, target) from problem
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return found


def _read_manifest(folder: Path) -> tuple[dict[str, tuple[str, int]], str]:
    """The files of a backup, and when it was taken."""
    try:
        cells = json.loads((folder / MANIFEST).read_text("utf-8"))
        files = {str(name): (str(one["sha256"]), int(one["bytes"])) for name, one in cells["files"].items()}
        return files, str(cells["taken_at"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as problem:
        message = f"{folder} holds no {MANIFEST} that can be read, so it is no backup of a review"
        raise FormatError(message, hint="review store backup FOLDER makes one") from problem


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file below *folder* but the manifest, by its name within it."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != MANIFEST:
            yield name, path


def _refuse_taken(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        message = f"{folder} is there already and is not an empty folder"
        raise UsageProblem(message, hint="give the name of a folder that does not exist yet")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _in_words(problem: OSError, folder: Path) -> ReviewError:
    message = f"{folder} cannot be written: {problem.strerror or problem}"
    return ReviewError(message, hint="see that there is space and that you may write there; nothing is half there")
