"""What DuckDB complains of, in the words of this program and with what to do about it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from review.errors import FullDisk, NewerStore, StoreError, StoreLocked

if TYPE_CHECKING:
    import duckdb


def speak(problem: duckdb.Error, path: Path, *, doing: str = "") -> NoReturn:
    """Turn DuckDB's error into ours; *doing* names the step that failed."""
    text = str(problem)
    if "Could not set lock" in text:
        raise StoreLocked(_holder(text, path), hint="wait until it has finished, or stop it") from problem
    if any(sign in text.lower() for sign in ("no space left on device", "out of disk", "disk quota exceeded")):
        message = f"no space left on the disk that holds {path}; nothing was written"
        raise FullDisk(message, hint="free some space and run the same command again") from problem
    if "File too large" in text:
        message = f"{path} has reached the largest size that a file may have here; nothing was written"
        raise FullDisk(
            message, hint="raise the limit (ulimit -f, a quota), or move the project to another disk"
        ) from problem
    if "Read-only file system" in text:
        message = f"{path} cannot be written: its folder is on a read-only file system"
        raise StoreError(message, hint="mount it to write, or copy the project to where you may write") from problem
    if "version number" in text and "can only read" in text:
        message = f"{path} was made by a newer DuckDB than is installed"
        raise NewerStore(message, hint="upgrade duckdb, or rebuild the database with this version") from problem
    first = re.sub(r"^(\w+ )+Error: ", "", (text.splitlines() or [""])[0]).rstrip("!.")
    message = f"{path}{f', {doing}' if doing else ''}: {first}"
    raise StoreError(message, hint=_remedy(problem)) from problem


def _remedy(problem: duckdb.Error) -> str:
    """What to do about a file that DuckDB cannot use; nothing where only the statement was wrong."""
    import duckdb

    text = str(problem)
    if "Permission denied" in text or "Is a directory" in text or "No such file" in text:
        return "see that its folder is there and that you may read and write the file and its folder"
    kinds = (duckdb.IOException, duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException)
    if isinstance(problem, kinds) or re.search(r"corrupt|checksum|database is empty", text, re.IGNORECASE):
        return "the file is damaged or no database: put a backup in its place, or move it away and rebuild"
    return ""


def _holder(text: str, path: Path) -> str:
    found = re.search(r"PID (\d+)", text)
    if found is None:
        return f"{path} is locked by another process"
    pid = found.group(1)
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").split()
        name = " ".join(words)[:80]
    except OSError:
        name = ""
    return f"{path} is locked by process {pid}" + (f" ({name})" if name else "")
