"""Small programs that the tests of locks and crashes start as processes of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

HOLD = """
import sys, duckdb
con = duckdb.connect(sys.argv[1])
print("holding", flush=True)
sys.stdin.readline()
"""

# an event, and beside it its pair and a bulk of twenty, all in one batch; the id is printed when it is safely stored
WRITE_FOR_EVER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from review.database import Append, LocalStore

store = LocalStore(Path(sys.argv[1]))
at = datetime(2026, 1, 1, tzinfo=UTC)
number = int(sys.argv[2])
while True:
    number += 1
    def label(kind, part):
        return {"label_id": f"{number}-{kind}-{part}", "source_record_id": str(number), "reviewer": kind,
                "label": "x" * 2000, "decided_at": at}
    store.apply([
        Append("screening.label", [label("event", 0)]),
        Append("screening.label", [label("pair", 0)]),
        Append("screening.label", [label("bulk", part) for part in range(20)]),
    ])
    print(number, flush=True)
"""


def start(script: str, *arguments: object, python: str = sys.executable) -> subprocess.Popen[str]:
    """*script* in a Python process that speaks by pipes."""
    return subprocess.Popen(
        [python, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def finish(process: subprocess.Popen[str]) -> str:
    """Kill *process* as kill -9 does, and give what it had still said."""
    process.kill()
    out, _ = process.communicate(timeout=30)
    return out


def mounted(place: Path, *, megabytes: int) -> Iterator[Path]:
    """A small file system at *place*, for a fixture; the test skips where the machine lets nobody mount one."""
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("a small file system can be mounted by root only")
    place.mkdir()
    command = [mount, "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this machine does not let us mount a small file system: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)
