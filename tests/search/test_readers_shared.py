"""Every file of the shared import samples gives exactly the records that its README counts."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from review.errors import FormatError
from review.search.receipts import problem_of
from review.search.reference_files import read_reference_file

pytestmark = pytest.mark.shared

_ROW = re.compile(r"^\| (\S+) \| ([^|]+?) \| (\d+)[^|]*\|")


def _folder() -> Path:
    named = os.environ.get("REVIEW_SHARED_DATA")
    return (Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "data") / "import"


def _counts() -> list[tuple[str, str, int]]:
    """(file, dialect, records) of each row of the README; none where the samples are absent."""
    readme = _folder() / "README.md"
    folder, found = "", []
    for line in readme.read_text("utf-8").split("\n") if readme.is_file() else ():
        if heading := re.match(r"### `([\w-]+)/`", line):
            folder = heading.group(1)
        elif folder and (row := _ROW.match(line)):
            found.append((f"{folder}/{row.group(1)}", row.group(2), int(row.group(3))))
    return found


@pytest.mark.parametrize(("name", "dialect", "records"), _counts())
def test_a_sample_gives_the_records_that_its_readme_counts(
    shared_data: Path, name: str, dialect: str, records: int
) -> None:
    data = (shared_data / "import" / name).read_bytes()
    if dialect == "XLSX":
        with pytest.raises(FormatError, match=r"save the sheet as CSV \(UTF-8\)"):
            read_reference_file(data, name=name)
        return
    reading = read_reference_file(data, name=name)
    assert len(reading.records) == records
    assert reading.markers == len(reading.records) + len(reading.rejected)
    assert problem_of(reading, name=name) is None
    # AIS lists tables of contents, and one paper, without a type (%0), by which the README counts
    assert bool(reading.rejected) == (name in ("colrev/ais_enl.txt", "colrev/enl_data.enl"))


def test_all_samples_are_in_the_readme(shared_data: Path) -> None:
    assert len(_counts()) == 114
