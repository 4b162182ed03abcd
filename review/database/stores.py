"""Opens the store of a review: for a command, or for the server that will hold the file."""

from __future__ import annotations

import math
import os
from pathlib import Path

from review.database.local import LocalStore
from review.database.owner import OwnerStore
from review.database.routed import RoutedStore
from review.errors import StoreLocked, UsageProblem

_LONGEST_WAIT = 86400


def open_store(path: Path, *, create: bool = True) -> RoutedStore:
    """The store of the database at *path*, through `review serve` while that holds the file.

    `REVIEW_LOCK_WAIT` sets the seconds to wait for another process.
    """
    return RoutedStore(LocalStore(path, wait=_wait(), create=create))


def open_owned(path: Path) -> OwnerStore:
    """The store of the process that will serve others. Raises StoreLocked where another server holds the file."""
    serving = open_store(path).server()
    if serving is not None:
        message = f"{path} is served already, by process {serving.serving.pid}"
        raise StoreLocked(message, hint="one server is enough; stop that one first if you want another")
    LocalStore(path, wait=_wait()).make_ready()
    return OwnerStore(path)


def _wait() -> float:
    words = os.environ.get("REVIEW_LOCK_WAIT") or "10"
    try:
        wait = float(words)
    except ValueError:
        wait = math.nan
    if not 0 <= wait <= _LONGEST_WAIT:
        message = f"REVIEW_LOCK_WAIT is {words!r}; allowed: seconds from 0 to {_LONGEST_WAIT}"
        raise UsageProblem(message, hint="unset it for 10 seconds")
    return wait
