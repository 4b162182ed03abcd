"""The disk fills up under the server: it says so, keeps what was acknowledged, and takes the same decision later."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from review.database import Append, LocalStore, OwnerStore
from review.errors import FullDisk
from review.project import load_project
from review.web.app import make_app
from tests.conftest import write_review
from tests.database.processes import mounted
from tests.database.test_owner import label
from tests.screening.records import bring
from tests.web.site import signed_in

pytestmark = pytest.mark.thorough


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MB, where the machine lets us mount one."""
    yield from mounted(tmp_path / "small", megabytes=64)


def fill(folder: Path) -> Path:
    """Take all the space there is."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            pass
    return ballast


def test_the_owner_of_the_file_goes_on_after_the_disk_was_full(small_disk: Path, blank_database: Path) -> None:
    store = OwnerStore(Path(shutil.copy(blank_database, small_disk / "review.duckdb")))
    store.apply([Append("screening.label", [label(1)])])
    ballast = fill(small_disk)
    with pytest.raises(FullDisk):
        for number in range(2, 2000):
            store.apply([Append("screening.label", [{**label(number), "label": os.urandom(3000).hex()}])])
    stored = store.read("select count(*) as n from screening.label")["n"][0]
    ballast.unlink()
    assert store.apply([Append("screening.label", [label("after")])]) == {"screening.label": 1}
    store.close()
    assert LocalStore(store.path).read("select count(*) as n from screening.label")["n"][0] == stored + 1


def test_the_site_says_that_the_disk_is_full_and_takes_the_same_decision_later(
    small_disk: Path, blank_database: Path
) -> None:
    project = load_project(write_review(small_disk / "review"))
    shutil.copy(blank_database, project.database_path)
    records = bring(LocalStore(project.database_path), [{"year": 2000}] * 300)
    store = OwnerStore(project.database_path)
    browser = signed_in(make_app(project.root, store), store, project, "ben")
    assert browser.decide(records[0], "include").status_code == 200
    ballast = fill(small_disk)
    acknowledged, refused = 1, None
    for place, record in enumerate(records[1:], start=1):
        number = f"00000000-0000-4000-8000-{place:012d}"
        answer = browser.decide(record, "include", id=number, note=os.urandom(4000).hex())
        if answer.status_code != 200:
            refused = (number, record, answer)
            break
        acknowledged += 1
    assert refused is not None
    number, record, answer = refused
    assert answer.status_code == 507
    assert "disk of the review is full" in answer.json()["error"]
    assert str(project.root) not in answer.text
    assert browser.ask("/api/queue?stage=title_abstract").status_code == 200
    ballast.unlink()
    again = browser.decide(record, "include", id=number, note="the same again")
    assert (again.status_code, again.json()["new"]) == (200, True)
    store.close()
    found = LocalStore(project.database_path).read(
        "select count(*) as n, count(distinct decision_id) as ids from screening.decision"
    )
    assert found.row(0) == (acknowledged + 1, acknowledged + 1)
