"""What every command starts from: the project, its store, and who is asking."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from review.errors import UsageProblem

if TYPE_CHECKING:
    from review.database import Store
    from review.project import Project, Reviewer


class Review:
    """The review that a command works on; read and opened when it is first asked for."""

    def __init__(self, *, start: Path | None, reviewer_id: str | None) -> None:
        self._start = start
        self._reviewer_id = reviewer_id

    @cached_property
    def root(self) -> Path:
        """The project's folder; from here on no table is written over its files."""
        from review.reporting.own_files import protect

        root = self._find_root()
        protect(root)
        return root

    def _find_root(self) -> Path:
        from review.project import FILE, find_root

        if self._start is None:
            return find_root(Path.cwd())
        if not (self._start / FILE).is_file():
            message = f"no {FILE} in {self._start}"
            raise UsageProblem(message, hint="--project takes the folder that holds it; review init NAME makes one")
        return self._start.resolve()

    @cached_property
    def project(self) -> Project:
        """The protocol."""
        from review.cli import output
        from review.project import load_project

        project = load_project(self.root)
        output.stamp(project.simulated)
        return project

    @cached_property
    def store(self) -> Store:
        """The database; a criterion that changed without a new version is refused here, before any deed."""
        from review.database import open_store
        from review.team.protocol import record_protocol

        store = open_store(self.project.database_path)
        record_protocol(store, self.project)
        return store

    @cached_property
    def reviewer(self) -> Reviewer:
        """Who is asking. Raises UsageProblem when nobody was named."""
        if not self._reviewer_id:
            known = ", ".join(person.id for person in self.project.reviewers)
            message = f"this command needs to know who you are; review.toml names: {known}"
            command = click.get_current_context().command_path.partition(" ")[2]
            raise UsageProblem(message, hint=f"review --as ID {command} ..., or set REVIEW_AS")
        return self.project.reviewer(self._reviewer_id)

    @property
    def named(self) -> str | None:
        """The id that was given with --as, or None."""
        return self.reviewer.id if self._reviewer_id else None

    @property
    def who(self) -> str:
        """The id that was given with --as, or the project's first reviewer: for deeds that anyone may do."""
        return self.reviewer.id if self._reviewer_id else self.project.reviewers[0].id


pass_review = click.make_pass_decorator(Review)
