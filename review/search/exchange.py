"""One request and its answer, with an end: neither a silent server nor one that sends a byte a second is waited for,
nor is more read than an answer can hold.

The time-out of a socket only ends silence, and looking up a name has none at all. So the request runs in a thread
of its own, which is left behind when the deadline passes.
"""

from __future__ import annotations

import copy
import http.client
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any

_CHUNK = 1 << 16
# what would follow a redirect, or lead to anything that is not https
_ELSEWHERE = (
    urllib.request.HTTPRedirectHandler,
    urllib.request.HTTPHandler,
    urllib.request.FTPHandler,
    urllib.request.FileHandler,
    urllib.request.DataHandler,
)


@dataclass(frozen=True)
class Reply:
    """What came back: a status (0 when no answer began), the body as far as it came, and what broke it off.

    `too_large` is an answer that is not read to its end; nothing of its body is here.
    """

    status: int = 0
    body: bytes = b""
    retry_after: str | None = None
    broken: str = ""
    too_large: bool = False


class _Exchange(threading.Thread):
    """The request itself. `begun` is set when its answer begins or fails, `ended` when all has come."""

    def __init__(self, call: Callable[[], Any], until: float, most: int) -> None:
        super().__init__(daemon=True)
        self._call = call
        self.until = until
        self.most = most
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
            size = getattr(raw, "length", None) or 0  # as announced
            if size > self.most:
                return _too_large(status, self.most)
            size = 0
            # read1 returns what is there; read would wait for the whole chunk
            while piece := raw.read1(_CHUNK):
                came.append(piece)
                size += len(piece)
                if size > self.most:
                    return _too_large(status, self.most)
                if time.monotonic() > self.until:
                    broken = "the answer came too slowly and was given up"
                    break
        except (OSError, http.client.HTTPException) as problem:
            broken = words_of(problem)
        missing = getattr(raw, "length", None)
        if missing and not broken:
            broken = f"the answer ended {missing} bytes early"
        return Reply(status, b"".join(came), retry_after, broken)


def open_without_leaving(request: urllib.request.Request) -> Any:
    """What urllib's own `urlopen` brings, but over https alone, and a redirect is an answer that nobody follows.

    Whoever is redirected carries key and address along, and takes a stranger's answer for PubMed's. The opener that is
    installed for the process (a proxy, a test's) is used as it is and not changed.
    """
    return _opener(getattr(urllib.request, "_opener", None)).open(request)


@lru_cache(maxsize=2)
def _opener(installed: urllib.request.OpenerDirector | None) -> urllib.request.OpenerDirector:
    """A copy of the opener that is installed, or of urllib's usual one, without the handlers that lead elsewhere."""
    opener = urllib.request.OpenerDirector()
    usual = installed or urllib.request.build_opener()
    for handler in vars(usual)["handlers"]:
        if not isinstance(handler, _ELSEWHERE):
            # a handler belongs to one opener; the copy becomes ours
            opener.add_handler(copy.copy(handler))
    return opener


def _too_large(status: int, most: int) -> Reply:
    return Reply(status, broken=f"it is larger than {most / 1e6:,.0f} MB", too_large=True)


def exchange(
    call: Callable[[], Any], *, timeout: float, deadline: float, most: int, slot: AbstractContextManager[None]
) -> Reply:
    """What *call*, which opens a response, brings: within *deadline* seconds, and *timeout* of silence at most.

    An answer of more than *most* bytes is not read to its end. *slot* is entered before the request goes and left when
    its answer begins. A connection that cannot be made or breaks is told in the reply; everything else that goes wrong
    is raised.
    """
    with slot:
        worker = _Exchange(call, time.monotonic() + deadline, most)
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
