"""kill -9 and a full disk: what was acknowledged is stored, nothing is half there, a repeat is harmless."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from review.database import Append, LocalStore
from review.errors import ExitCode, FullDisk, StoreError
from tests.database.processes import ROOT, WRITE_FOR_EVER, finish, mounted, start

pytestmark = pytest.mark.thorough

AT = datetime(2026, 1, 1, tzinfo=UTC)


def labels(number: int, *, size: int = 1000) -> list[dict[str, object]]:
    """A hundred rows that do not compress."""
    return [
        {
            "label_id": f"{number}-{part}",
            "source_record_id": str(number),
            "reviewer": "ana",
            "label": os.urandom(size).hex(),
            "decided_at": AT,
        }
        for part in range(100)
    ]


def test_a_killed_writer_leaves_whole_batches_only(tmp_path: Path) -> None:
    path = tmp_path / "review.duckdb"
    acknowledged = 0
    for pause in (0.05, 0.11, 0.17, 0.23):
        writer = start(WRITE_FOR_EVER, path, acknowledged)
        assert writer.stdout is not None
        first = writer.stdout.readline()
        assert first, writer.communicate(timeout=10)
        time.sleep(pause)
        said = [first, *finish(writer).splitlines()]
        assert writer.returncode == -signal.SIGKILL
        # the last line may be cut off by the kill
        acknowledged = max(int(line) for line in said[: -1 if len(said) > 1 else None])

        rows = LocalStore(path).read(
            "select source_record_id as batch, count(*) as n, count(distinct reviewer) as kinds "
            "from screening.label group by all"
        )
        assert set(rows["n"].to_list()) == {22}
        assert set(rows["kinds"].to_list()) == {3}
        assert {str(number) for number in range(1, acknowledged + 1)} <= set(rows["batch"].to_list())


def test_a_killed_batch_repeated_is_stored_once(tmp_path: Path) -> None:
    path = tmp_path / "review.duckdb"
    writer = start(WRITE_FOR_EVER, path, 0)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "1\n"
    finish(writer)
    again = start(WRITE_FOR_EVER, path, 0)
    assert again.stdout is not None
    assert [again.stdout.readline() for _ in range(3)] == ["1\n", "2\n", "3\n"]
    finish(again)
    found = LocalStore(path).read("select count(*) as n, count(distinct label_id) as ids from screening.label").row(0)
    assert found[0] == found[1]
    assert found[0] % 22 == 0


def test_a_database_killed_while_it_was_made_is_made_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "review.duckdb"
    for pause in (0.15, 0.25, 0.35, 0.5):
        maker = start(WRITE_FOR_EVER, path, 0)
        time.sleep(pause)
        finish(maker)
        if path.exists():
            assert LocalStore(path).read("select count(*) as n from house.migration")["n"][0] >= 1
    assert LocalStore(path).read("select name from house.migration")["name"][0] == "0001_house"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB, where the machine lets us mount one."""
    yield from mounted(tmp_path / "small", megabytes=8)


def test_a_full_disk_is_named_and_costs_nothing_that_was_stored(small_disk: Path) -> None:
    store = LocalStore(small_disk / "review.duckdb")
    stored = 0
    with pytest.raises(FullDisk) as refusal:
        for number in range(200):
            store.apply([Append("screening.label", labels(number))])
            stored = number + 1
    assert refusal.value.exit_code == ExitCode.FULL_DISK == 7
    assert "no space left" in refusal.value.message
    assert str(store.path) in refusal.value.message
    assert stored >= 1
    rows = LocalStore(store.path).read("select source_record_id as b, count(*) as n from screening.label group by all")
    assert rows.height == stored
    assert set(rows["n"].to_list()) == {100}


def test_a_database_that_does_not_fit_on_the_disk_leaves_nothing_behind(small_disk: Path) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(b"\0" * (8 * 1024 * 1024 - 128 * 1024))
    with pytest.raises(FullDisk):
        LocalStore(small_disk / "review.duckdb").read("select 1")
    assert [path.name for path in small_disk.iterdir()] == ["filler"]
    filler.unlink()
    assert LocalStore(small_disk / "review.duckdb").read("select 1 as n")["n"][0] == 1


def test_a_file_that_may_not_grow_is_an_error_and_not_a_loss(tmp_path: Path) -> None:
    """A limit on the size of files, where no small disk can be mounted."""
    path = tmp_path / "review.duckdb"
    LocalStore(path).apply([Append("screening.label", labels(0))])
    script = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from review.database import Append, LocalStore
from review.errors import StoreError
store = LocalStore(Path(sys.argv[1]))
at = datetime(2026, 1, 1, tzinfo=UTC)
try:
    for number in range(1, 100):
        store.apply([Append("screening.label", [
            {"label_id": f"{number}-{part}", "source_record_id": str(number), "reviewer": "ana",
             "label": os.urandom(1000).hex(), "decided_at": at} for part in range(100)])])
        print(number, flush=True)
except StoreError as problem:
    print(problem.message, file=sys.stderr)
    sys.exit(9)
"""
    size = path.stat().st_size + 2_000_000

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=limit,
        check=False,
    )
    assert done.returncode == 9, done.stderr
    assert "review.duckdb" in done.stderr
    stored = len(done.stdout.split()) + 1
    rows = LocalStore(path).read("select source_record_id as b, count(*) as n from screening.label group by all")
    assert set(rows["n"].to_list()) == {100}
    assert rows.height >= stored


def test_a_database_without_leave_to_write_is_named(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    path = tmp_path / "review.duckdb"
    LocalStore(path).read("select 1")
    path.chmod(0o400)
    with pytest.raises(StoreError, match=r"review\.duckdb"):
        LocalStore(path).apply([Append("screening.label", labels(0))])
