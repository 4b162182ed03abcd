"""Copies of the shipped review, loaded and computed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from review.database import LocalStore
from review.extraction.load import load
from review.paths import shipped
from review.project import Project, load_project
from review.synthesis.rebuild import SynthesisReport, rebuild


@dataclass(frozen=True)
class Computed:
    """A project with everything computed."""

    project: Project
    store: LocalStore
    report: SynthesisReport


def copy_of_the_review(folder: Path, *, studies: list[str] | None = None) -> Project:
    """The shipped protocol with all its extracted studies, or only some."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(shipped("review.toml"), folder / "review.toml")
    wanted = None if studies is None else {*studies, "_vocabulary"}
    for part in sorted(shipped("extracted").iterdir()):
        if part.is_dir() and (wanted is None or part.name in wanted):
            shutil.copytree(part, folder / "extracted" / part.name)
    return load_project(folder)


def computed(project: Project) -> Computed:
    """*project* loaded and computed."""
    store = LocalStore(project.database_path)
    load(store, project)
    return Computed(project, store, rebuild(store, project))
