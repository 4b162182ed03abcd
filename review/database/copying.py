"""Copies a database file that this very process holds open.

Closing any descriptor of a file gives up every POSIX lock that the process has on it, and DuckDB's lock is one: a copy
made here would open the door to a second writer. Another process copies, and has no lock to lose.
"""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

from review.errors import FullDisk, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from http.client import HTTPResponse

_PIECE = 1 << 20

_COPY = """
import os, shutil, sys
for source, target in zip(sys.argv[1::2], sys.argv[2::2]):
    if os.path.exists(source):
        try:
            shutil.copyfile(source, target)
            with open(target, "rb+") as copy:
                os.fsync(copy.fileno())
        except OSError as problem:
            sys.exit(f"{problem.errno} {problem.strerror}")
"""


def copy_database(path: Path, target: Path) -> None:
    """Copy the file at *path* and its write-ahead log to *target*; nobody may be writing meanwhile.

    The copy is made under another name, takes its log in, and is moved into place whole. Raises FullDisk or StoreError;
    then nothing is left at *target*.
    """
    if target.exists():
        message = f"{target} is there already"
        raise StoreError(message, hint="give the name of a file that does not exist yet")
    half = target.with_name(f".{target.name}.half")
    log = half.with_name(half.name + ".wal")
    try:
        _copy([path, half, path.with_name(path.name + ".wal"), log], target)
        _take_log_in(half)
        half.replace(target)
    finally:
        for leftover in (half, log):
            leftover.unlink(missing_ok=True)


def copy_received(target: Path, ask: Callable[[], HTTPResponse]) -> None:
    """Write the copy that another process sends to *target*, under another name first.

    Raises StoreError where it does not come whole, FullDisk where it does not fit; then nothing is left at *target*.
    """
    if target.exists():
        message = f"{target} is there already"
        raise StoreError(message, hint="give the name of a file that does not exist yet")
    half = target.with_name(f".{target.name}.half")
    try:
        with half.open("wb") as file:
            digest = hashlib.sha256()
            with ask() as answer:
                while piece := answer.read(_PIECE):
                    digest.update(piece)
                    file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() != answer.headers.get("x-sha256"):
            message = "the copy of the database did not come whole; nothing was kept"
            raise StoreError(message, hint="run the same command again")
        half.replace(target)
    except (OSError, HTTPException) as problem:
        number = getattr(problem, "errno", None)
        if number == errno.ENOSPC:
            message = f"no space left on the disk that holds {target}; no copy was made"
            raise FullDisk(message, hint="free some space and run the same command again") from problem
        message = f"{target} cannot be written: {getattr(problem, 'strerror', None) or problem}"
        raise StoreError(message, hint="see that its folder is there and that you may write in it") from problem
    finally:
        half.unlink(missing_ok=True)


def _copy(pairs: Sequence[Path], target: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", _COPY, *map(str, pairs)], capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return
    said = done.stderr.strip()[-200:]
    number, _, words = said.partition(" ")
    if number == str(errno.ENOSPC):
        message = f"no space left on the disk that holds {target}; no copy was made"
        raise FullDisk(message, hint="free some space and run the same command again")
    message = f"{target} cannot be written: {words if number.isdecimal() else said}"
    raise StoreError(message, hint="see that its folder is there and that you may write in it")


def _take_log_in(path: Path) -> None:
    """Open the copy once, so that it is one file: what stands in the log is written into it."""
    import duckdb

    from review.database.complaints import speak

    try:
        con = duckdb.connect(str(path))
        try:
            con.execute("checkpoint")
        finally:
            con.close()
    except duckdb.Error as problem:
        speak(problem, path)
