"""One process writes at a time: another waits, and then names who holds the file."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from review.database import Append, LocalStore, open_store, run_query
from review.errors import ExitCode, StoreLocked
from tests.database.processes import HOLD, ROOT, finish, start

AT = datetime(2026, 1, 1, tzinfo=UTC)
LABEL = {"label_id": "l1", "source_record_id": "r1", "reviewer": "ana", "label": "x", "decided_at": AT}


@pytest.fixture
def held(store: LocalStore):  # type: ignore[no-untyped-def]
    """A database that another process has open for writing."""
    store.read("select 1")
    holder = start(HOLD, store.path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holding\n"
    yield store.path, holder
    finish(holder)


def test_a_held_database_is_refused_naming_the_process(held) -> None:  # type: ignore[no-untyped-def]
    path, holder = held
    with pytest.raises(StoreLocked) as refusal:
        LocalStore(path, wait=0.2).read("select 1")
    assert str(holder.pid) in refusal.value.message
    assert "python" in refusal.value.message
    assert refusal.value.exit_code == ExitCode.LOCKED == 3
    assert refusal.value.hint


def test_a_write_to_a_held_database_is_refused_too(held) -> None:  # type: ignore[no-untyped-def]
    path, holder = held
    with pytest.raises(StoreLocked, match=str(holder.pid)):
        LocalStore(path, wait=0.2).apply([Append("screening.label", [LABEL])])


def test_an_analysts_query_on_a_held_database_is_refused_too(held) -> None:  # type: ignore[no-untyped-def]
    path, holder = held
    with pytest.raises(StoreLocked, match=str(holder.pid)):
        run_query(path, "select 1")


def test_the_lock_is_waited_for(held) -> None:  # type: ignore[no-untyped-def]
    path, holder = held
    threading.Timer(0.5, finish, [holder]).start()
    began = time.monotonic()
    assert LocalStore(path, wait=20).apply([Append("screening.label", [LABEL])]) == {"screening.label": 1}
    assert time.monotonic() - began > 0.3


def test_the_environment_sets_how_long(held, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    path, _ = held
    monkeypatch.setenv("REVIEW_LOCK_WAIT", "0.1")
    began = time.monotonic()
    with pytest.raises(StoreLocked):
        open_store(path).read("select 1")
    assert time.monotonic() - began < 5


def test_two_readers_do_not_wait_for_each_other(store: LocalStore) -> None:
    store.apply([Append("screening.label", [LABEL])])
    with store.reading():
        code = (
            "import sys; from pathlib import Path; from review.database import LocalStore;"
            "print(LocalStore(Path(sys.argv[1]), wait=0).read('select 1 as n')['n'][0])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(store.path)], cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    """Four processes make the same new database and write to it; every row is there, in one order of arrival."""
    script = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from review.database import Append, LocalStore
store = LocalStore(Path(sys.argv[1]), wait=60)
for number in range(5):
    row = {"label_id": f"{sys.argv[2]}-{number}", "source_record_id": "r", "reviewer": "ana", "label": "x",
           "decided_at": datetime(2026, 1, 1, tzinfo=UTC)}
    store.apply([Append("screening.label", [row])])
"""
    path = tmp_path / "review.duckdb"
    writers = [start(script, path, name) for name in "abcd"]
    said = [writer.communicate(timeout=120) for writer in writers]
    assert [(writer.returncode, err) for writer, (_, err) in zip(writers, said, strict=True)] == [(0, "")] * 4
    rows = LocalStore(path).read("select label_id, arrival from screening.label order by arrival").rows()
    assert len({name for name, _ in rows}) == 20
    assert [arrival for _, arrival in rows] == list(range(1, 21))
    assert [item.name for item in tmp_path.iterdir()] == ["review.duckdb"]
