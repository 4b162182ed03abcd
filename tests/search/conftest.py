"""The store of this room's tests is held open: a run keeps each answer at once, and opening the file costs the most."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from review.database import LocalStore


@pytest.fixture
def store(tmp_path: Path, blank_database: Path) -> Iterator[LocalStore]:
    """A real, empty database, open from the first step of a test to its last."""
    held = LocalStore(Path(shutil.copy(blank_database, tmp_path / "review.duckdb")))
    with held.holding():
        yield held
