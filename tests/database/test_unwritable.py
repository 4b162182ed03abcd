"""A place that cannot be written is named as such, and nobody is told that the file is damaged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from review.database import Append, LocalStore
from review.database.complaints import speak
from review.errors import FullDisk, StoreError
from tests.conftest import synthetic_record


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may grow beyond 300,000 bytes."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_may_not_grow_is_a_full_disk(store: LocalStore, small_files: None) -> None:
    record = {**synthetic_record(1), "abstract": "x" * 600_000}
    with pytest.raises(FullDisk, match=r"largest size .* nothing was written.*ulimit -f"):
        store.apply([Append("search.source_record", [record])])


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        ('Cannot open file "x": Read-only file system', StoreError, "cannot be written.*copy the project"),
        ('Could not write file "x": File too large', FullDisk, "ulimit -f"),
        ('Could not write file "x": Disk quota exceeded', FullDisk, "no space left"),
        ('Cannot open file "x": Permission denied', StoreError, "you may read and write the file and its folder"),
    ],
)
def test_a_place_that_cannot_be_written_is_no_damaged_file(said: str, kind: type[StoreError], words: str) -> None:
    import duckdb

    with pytest.raises(kind, match=words) as refusal:
        speak(duckdb.IOException(f"IO Error: {said}"), Path("review.duckdb"))
    assert "damaged" not in str(refusal.value)
    assert type(refusal.value) is kind
