"""kill -9 in the middle of an import: nothing half is visible, and the same command again makes it whole."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from review.database import LocalStore
from review.project import Project
from tests.conftest import REPOSITORY, write_review

pytestmark = pytest.mark.thorough

RECORDS = 4000
WAYS = {**os.environ, "PYTHONPATH": str(REPOSITORY)}


@pytest.fixture(scope="module")
def ris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A RIS file of synthetic records, large enough that its import takes a while."""
    path = tmp_path_factory.mktemp("ris") / "synthetic.ris"
    with path.open("w", encoding="utf-8") as file:
        for number in range(1, RECORDS + 1):
            file.write(
                f"TY  - JOUR\nTI  - Synthetic record {number}\nAU  - Test, A.\nPY  - {1990 + number % 30}\n"
                f"JO  - Journal of Tests\nAB  - SYNTHETIC. {'Nothing happened. ' * 40}\nDO  - 10.9999/test.{number}\n"
                "ER  - \n\n"
            )
    return path


def import_command(root: Path, file: Path) -> list[str]:
    words = ["--project", str(root), "import", str(file), "--source", "Synthetic", "--source-kind", "database"]
    return [sys.executable, "-m", "review", *words]


def visible(root: Path) -> tuple[int, int]:
    """Records and receipts that the views show."""
    store = LocalStore(root / "review.duckdb")
    records = store.read("select count(*) as n from v1.source_record")["n"][0]
    receipts = store.read("select count(*) as n from v1.import_receipt where status = 'committed'")["n"][0]
    return int(records), int(receipts)


def state(root: Path) -> list[tuple[object, ...]]:
    """What an import brings, without the times at which it was brought."""
    rows = LocalStore(root / "review.duckdb").read(
        "select source_record_id, title, year, doi, content_sha256, import_id from v1.source_record order by 1"
    )
    return rows.rows()


def test_a_killed_import_is_invisible_and_its_repeat_harmless(tmp_path: Path, ris: Path) -> None:
    untouched = write_review(tmp_path / "untouched")
    began = time.monotonic()
    done = subprocess.run(import_command(untouched, ris), env=WAYS, capture_output=True, text=True, check=False)
    whole = time.monotonic() - began
    assert done.returncode == 0, done.stderr
    assert visible(untouched) == (RECORDS, 1)

    killed = write_review(tmp_path / "killed")
    in_the_middle = 0
    for part in (0.35, 0.5, 0.65, 0.8, 0.9):
        process = subprocess.Popen(
            import_command(killed, ris), env=WAYS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(whole * part)
        process.kill()
        in_the_middle += process.wait() == -9
        if (killed / "review.duckdb").exists():
            assert visible(killed) in {(0, 0), (RECORDS, 1)}
    assert in_the_middle, "no import was killed before it had finished"

    again = subprocess.run(import_command(killed, ris), env=WAYS, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert visible(killed) == (RECORDS, 1)
    assert state(killed) == state(untouched)


def test_the_same_file_twice_adds_nothing(empty_review: Project, ris: Path) -> None:
    for _ in range(2):
        done = subprocess.run(
            import_command(empty_review.root, ris), env=WAYS, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert visible(empty_review.root)[0] == RECORDS
