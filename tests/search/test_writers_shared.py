"""Every record of the shared import samples survives the way out and back, in every format."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from review.errors import FormatError
from review.search.reference_files import read_reference_file
from review.search.written.formats import READ_BACK
from review.search.written.reference import Reference, reference_of
from tests.search.test_writers import compare, returned

pytestmark = [pytest.mark.shared, pytest.mark.thorough]


def _references(folder: Path) -> list[Reference]:
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".md"):
        try:
            reading = read_reference_file(path.read_bytes(), name=path.name)
        except FormatError:
            continue
        found += [reference_of(asdict(record)) for record in reading.records]
    return found


@pytest.mark.parametrize("format", READ_BACK)
def test_the_records_of_all_samples_come_back(shared_data: Path, format: str) -> None:
    references = _references(shared_data / "import")
    assert len(references) > 1300
    for reference, record in zip(references, returned(references, format), strict=True):
        compare(reference, record, format)
