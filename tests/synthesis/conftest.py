"""The shipped review, loaded and computed once for the tests that look at its numbers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from review.database import LocalStore
from review.project import load_project
from tests.synthesis.synthesis_data import Computed, computed, copy_of_the_review


@pytest.fixture(scope="session")
def shipped_review(tmp_path_factory: pytest.TempPathFactory) -> Computed:
    """Everything that is shipped; read it, do not change it."""
    return computed(copy_of_the_review(tmp_path_factory.mktemp("shipped") / "review"))


@pytest.fixture(scope="session")
def _two_trials_once(tmp_path_factory: pytest.TempPathFactory) -> Computed:
    folder = tmp_path_factory.mktemp("two") / "review"
    return computed(copy_of_the_review(folder, studies=["gosens2011", "jpma2015le"]))


@pytest.fixture
def two_trials(_two_trials_once: Computed, tmp_path: Path) -> Computed:
    """Two trials of PRP against a corticosteroid in tennis elbow; every test gets its own copy."""
    folder = tmp_path / "review"
    shutil.copytree(_two_trials_once.project.root, folder)
    project = load_project(folder)
    return Computed(project, LocalStore(project.database_path), _two_trials_once.report)
