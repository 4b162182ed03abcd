"""Says when the next request may go, so that NCBI's limit holds over all threads and processes that share a key.

A fixed pause between two starts is not enough: a request that is slow on its way arrives together with later
ones. A request arrives between its start and its answer, so it is the answer that counts: one more goes only when
fewer than the limit have been answered in the last second or are still on their way.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

_LOG = logging.getLogger(__name__)
_WINDOW = 1.05  # NCBI counts by the second; the rest is for two clocks that differ
_LONGEST_TRIP = 1.0  # what was sent has arrived after so long, whether its answer came or its process was killed
_LONGEST_HOLD = 600.0  # a hold that ends later than this was written by a clock gone wrong
_LONGEST_NAP = 1.0  # while waiting, look again: another process may have lifted its hold
_LARGEST = 8192  # bytes of a state; a limit of ten a second fills a tenth of it
_LOCK_WAIT = 10.0  # the lock is held for a millisecond; longer means a stopped process


@dataclass(frozen=True)
class Rate:
    """At most *limit* requests a second, and *gap* seconds from one start to the next."""

    limit: int
    gap: float


# the gaps are a little above Bio.Entrez's own 0.37 and 0.1, which then never waits a second time
WITHOUT_KEY = Rate(3, 0.375)
WITH_KEY = Rate(10, 0.11)


@dataclass
class _Sent:
    """One request: when it was let go, and when its answer had come."""

    at: float
    answered: float | None = None

    def arrived_by(self, now: float) -> float:
        """The latest moment at which it may have arrived, as far as is known *now*."""
        seen = now if self.answered is None else self.answered
        return min(max(self.at, seen), self.at + _LONGEST_TRIP)


class Pace:
    """The queue of one key. *path* holds its state for other processes; without it the state is this object's."""

    def __init__(
        self,
        rate: Rate,
        *,
        path: Path | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.rate = rate
        self._path = path
        self._clock = clock
        self._sleep = sleep
        self._turn = threading.Lock()
        self._held_until = 0.0
        self._sent: list[_Sent] = []

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait until one more request may be sent; leave when its answer begins, or will not come."""
        at = self._take()
        try:
            yield
        finally:
            with self._state():
                for one in self._sent:
                    if one.at == at and one.answered is None:
                        one.answered = self._clock()

    @contextmanager
    def held(self, seconds: float) -> Iterator[None]:
        """Hold back everybody who shares the key, for *seconds* or until the caller has waited."""
        with self._state():
            until = self._clock() + min(seconds, _LONGEST_HOLD)
            self._held_until = max(self._held_until, until)
        try:
            yield
        finally:
            with self._state():
                if self._held_until == until:
                    self._held_until = 0.0

    def _take(self) -> float:
        while True:
            with self._state():
                now = self._clock()
                wait = self._earliest(now) - now
                if wait <= 0:
                    self._sent.append(_Sent(now))
                    return now
            self._sleep(min(wait, _LONGEST_NAP))

    def _earliest(self, now: float) -> float:
        """When the next may go, if nothing else happens until then."""
        earliest = self._held_until
        if self._sent:
            earliest = max(earliest, max(one.at for one in self._sent) + self.rate.gap)
        arrived = sorted(one.arrived_by(now) for one in self._sent)
        if len(arrived) >= self.rate.limit:
            earliest = max(earliest, arrived[-self.rate.limit] + _WINDOW)
        return earliest

    @contextmanager
    def _state(self) -> Iterator[None]:
        """The state as all who share the key see it, to be changed by nobody else meanwhile."""
        with self._turn:
            lock = self._lock()
            with lock:
                if self._path is not None:
                    self._read(self._path)
                self._forget(self._clock())
                yield
                if self._path is not None:
                    self._write(self._path)

    def _lock(self) -> AbstractContextManager[Any]:
        """The lock between processes, held; without a folder to write to, none."""
        if self._path is None:
            return nullcontext()
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _check_regular(self._path.with_suffix(".lock"))
            lock = FileLock(self._path.with_suffix(".lock"), mode=0o600, timeout=_LOCK_WAIT, poll_interval=0.005)
            return lock.acquire()
        except (OSError, Timeout, NotImplementedError) as problem:
            # the last is what filelock raises where the file system has no locks
            self._alone(problem)
            return nullcontext()

    def _read(self, path: Path) -> None:
        """What others wrote; garbage is no reason to stop, it only means that nothing is known."""
        try:
            stored = json.loads(_content(path))
            held, sent = float(stored["held_until"]), [_sent(*row) for row in stored["sent"]]
        except FileNotFoundError:
            held, sent = 0.0, []
        except OSError as problem:
            self._alone(problem)
            return
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            held, sent = 0.0, []
        self._held_until, self._sent = held, sent

    def _write(self, path: Path) -> None:
        state = {"held_until": self._held_until, "sent": [[one.at, one.answered] for one in self._sent]}
        try:
            # created anew under a name that nobody can have laid in wait
            number, name = tempfile.mkstemp(prefix=f"{path.stem}-", suffix=".new", dir=path.parent)
            try:
                with os.fdopen(number, "w", encoding="utf-8") as file:
                    json.dump(state, file)
                Path(name).replace(path)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as problem:
            self._alone(problem)

    def _forget(self, now: float) -> None:
        """Drop what no longer matters, and what a clock gone wrong has written."""
        if not now - _WINDOW <= self._held_until <= now + _LONGEST_HOLD:
            self._held_until = 0.0
        self._sent = [one for one in self._sent if now - _LONGEST_TRIP - _WINDOW < one.at <= now + _LONGEST_TRIP]

    def _alone(self, problem: Exception) -> None:
        """Go on without the file, and say so once."""
        _LOG.warning("requests are paced within this process only: %s", problem)
        self._path = None


def _content(path: Path) -> bytes:
    """The first bytes of a file, never of what it links to, nor of a pipe or a device that has no end.

    Raises OSError for what is no regular file.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    number = os.open(path, flags)
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise _irregular(path)
        return file.read(_LARGEST)


def _check_regular(path: Path) -> None:
    """Nothing for a regular file or none; OSError for a link, a pipe or a device."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise _irregular(path)


def _irregular(path: Path) -> OSError:
    return OSError(f"{path} is no regular file")


def _sent(at: Any, answered: Any) -> _Sent:
    known = answered is not None and math.isfinite(answered)
    return _Sent(float(at), float(answered) if known else None)


_KNOWN: dict[tuple[Path | None, str], Pace] = {}
_KNOWN_TURN = threading.Lock()


def pace_of(api_key: str | None) -> Pace:
    """The pace that every thread and process of this user shares for *api_key*.

    Its file is named by a hash: the key itself is written nowhere.
    """
    folder = cache_folder()
    name = "pace-" + (hashlib.sha256(api_key.encode()).hexdigest()[:24] if api_key else "no-key")
    with _KNOWN_TURN:
        if (folder, name) not in _KNOWN:
            path = folder / f"{name}.json" if folder is not None else None
            _KNOWN[folder, name] = Pace(WITH_KEY if api_key else WITHOUT_KEY, path=path)
        return _KNOWN[folder, name]


def cache_folder() -> Path | None:
    """Where the program keeps what it may lose: REVIEW_CACHE, or `regen-review` in the user's cache folder."""
    if named := os.environ.get("REVIEW_CACHE"):
        return Path(named)
    base = Path(os.environ.get("XDG_CACHE_HOME") or "")
    if not base.is_absolute():
        try:
            base = Path.home() / ".cache"
        except RuntimeError:  # a user without a home
            return None
    return base / "regen-review"
