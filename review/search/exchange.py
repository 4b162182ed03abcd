"""One request and its answer, with an end: neither a silent server nor one that sends a byte a second is waited for.

The time-out of a socket only ends silence, and looking up a name has none at all. So the request runs in a thread
of its own, which is left behind when the deadline passes.
"""

from __future__ import annotations

import http.client
import socket
import threading
import time
import urllib.error
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from types import TracebackType
from typing import Any

_CHUNK = 1 << 16


@dataclass(frozen=True)
class Reply:
    """What came back: a status (0 when no answer began), the body as far as it came, and what broke it off."""

    status: int = 0
    body: bytes = b""
    retry_after: str | None = None
    broken: str = ""


class _Exchange(threading.Thread):
    """The request itself. `begun` is set when its answer begins or fails, `ended` when all has come."""

    def __init__(self, call: Callable[[], Any], until: float) -> None:
        super().__init__(daemon=True)
        self._call = call
        self.until = until
        self.begun = threading.Event()
        self.ended = threading.Event()
        self.reply = Reply()
        self.problem: BaseException | None = None

    def run(self) -> None:
        with self:
            try:
                handle = self._call()
            except urllib.error.HTTPError as refused:
                handle = refused
            self.begun.set()
            with closing(handle):
                # plain text comes wrapped for reading as characters; the bytes below are what was sent
                self.reply = self._read(getattr(handle, "buffer", handle))

    def __enter__(self) -> None:
        """The inside belongs to whoever waits."""

    def __exit__(self, kind: object, problem: BaseException | None, trace: TracebackType | None) -> bool:
        """Hand every problem on to the thread that waits, which raises or words it."""
        self.problem = problem
        self.begun.set()
        self.ended.set()
        return True

    def _read(self, raw: Any) -> Reply:
        """The whole body, or as much as came before the connection broke or the time was up."""
        status, retry_after = int(raw.status), raw.headers.get("Retry-After")
        came: list[bytes] = []
        broken = ""
        try:
            # read1 returns what is there; read would wait for the whole chunk
            while piece := raw.read1(_CHUNK):
                came.append(piece)
                if time.monotonic() > self.until:
                    broken = "the answer came too slowly and was given up"
                    break
        except (OSError, http.client.HTTPException) as problem:
            broken = words_of(problem)
        missing = getattr(raw, "length", None)
        if missing and not broken:
            broken = f"the answer ended {missing} bytes early"
        return Reply(status, b"".join(came), retry_after, broken)


def exchange(call: Callable[[], Any], *, timeout: float, deadline: float, slot: AbstractContextManager[None]) -> Reply:
    """What *call*, which opens a response, brings: within *deadline* seconds, and *timeout* of silence at most.

    *slot* is entered before the request goes and left when its answer begins. A connection that cannot be made or
    breaks is told in the reply; everything else that goes wrong is raised.
    """
    with slot:
        worker = _Exchange(call, time.monotonic() + deadline)
        before = socket.getdefaulttimeout()
        # the only way in: Bio.Entrez passes no time-out to urlopen
        socket.setdefaulttimeout(timeout)
        try:
            worker.start()
            worker.begun.wait(deadline)
        finally:
            socket.setdefaulttimeout(before)
    if not worker.ended.wait(max(0.0, worker.until - time.monotonic()) + 1.0):
        return Reply(broken=f"no whole answer within {deadline:g} s")
    if isinstance(worker.problem, OSError | http.client.HTTPException):
        return Reply(broken=words_of(worker.problem))
    if worker.problem is not None:
        raise worker.problem
    return worker.reply


def words_of(problem: BaseException) -> str:
    """A broken connection in words; urllib wraps the reason."""
    reason = problem.reason if isinstance(problem, urllib.error.URLError) else problem
    if isinstance(reason, TimeoutError):
        return "no byte came for too long: the connection hangs"
    if isinstance(problem, urllib.error.URLError):
        return f"no connection: {reason}"
    return f"the connection broke: {type(problem).__name__}: {problem}"
