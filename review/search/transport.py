"""Asks a web service until it answers whole: one caller at a time, `Retry-After` honoured, backoff with
jitter.

Bio.Entrez repeats a 429 without any gap, waits for ever on a dead socket and reads the body outside its
retry, so a cut body is never asked again. Here it is told to try once, and the body is read before the answer
counts.
"""

from __future__ import annotations

import http.client
import random
import socket
import threading
import time
import urllib.error
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from review.errors import EntrezError

_TURN = threading.Lock()
_AGAIN = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Answer:
    """One body as it came."""

    status: int
    body: bytes
    requested_at: datetime


@dataclass(frozen=True)
class Transport:
    """How patient to be. `hide` is a text (the key) that no message may show; *sleep* is the clock's, or a test's."""

    tries: int = 6
    timeout: float = 60.0
    first_wait: float = 1.0
    longest_wait: float = 120.0
    hide: str | None = None
    sleep: Callable[[float], None] = time.sleep

    def ask(
        self,
        call: Callable[[], Any],
        *,
        what: str,
        short: Callable[[bytes], str | None],
        keep: Callable[[Answer], None],
    ) -> Answer:
        """The first whole answer of *call*, which opens a response.

        *short* says what is missing from a body, if anything; *keep* gets every body before it is looked at.
        Raises EntrezError when no try brings a whole one.
        """
        problem = ""
        for turn in range(self.tries):
            asked_at = datetime.now(UTC)
            wait: float | None = None
            try:
                answer = self._once(call, asked_at)
                keep(answer)
                missing = _rate_limit(answer.body) or short(answer.body)
                if missing is None:
                    return answer
                problem = missing
            except urllib.error.HTTPError as refused:
                problem, wait = self._refusal(refused, asked_at, keep, what)
            except (OSError, http.client.HTTPException) as broken:
                problem = f"{type(broken).__name__}: {self._masked(str(broken))}"
            if turn + 1 < self.tries:
                self.sleep(min(self._backoff(turn) if wait is None else max(wait, 0.34), self.longest_wait))
        message = f"PubMed did not answer {what} after {self.tries} tries: {problem}"
        raise EntrezError(message, hint="nothing half-done was kept; run the same command again later")

    def _once(self, call: Callable[[], Any], asked_at: datetime) -> Answer:
        """One try; the lock makes Bio.Entrez's own pause between requests hold for every thread."""
        with _TURN:
            before = socket.getdefaulttimeout()
            socket.setdefaulttimeout(self.timeout)
            try:
                handle = call()
                # plain text comes wrapped for reading as characters; the bytes below are what was sent
                with closing(handle):
                    raw = getattr(handle, "buffer", handle)
                    return Answer(int(raw.status), raw.read(), asked_at)
            finally:
                socket.setdefaulttimeout(before)

    def _refusal(
        self, refused: urllib.error.HTTPError, asked_at: datetime, keep: Callable[[Answer], None], what: str
    ) -> tuple[str, float | None]:
        """What the server said with its error status, and how long it wants us to wait."""
        with closing(refused):
            try:
                body = refused.read()
            except (OSError, http.client.HTTPException):
                body = b""
            keep(Answer(refused.code, body, asked_at))
            said = self._masked(" ".join(body[:200].decode("utf-8", errors="replace").split()))
            problem = f"HTTP {refused.code} {said}".strip()
            if refused.code not in _AGAIN:
                message = f"PubMed refused {what}: {problem}"
                raise EntrezError(message, hint="check NCBI_API_KEY and the strategy") from None
            return problem, _retry_after(refused.headers.get("Retry-After"))

    def _backoff(self, turn: int) -> float:
        return float(self.first_wait * 2**turn * random.uniform(0.75, 1.25))

    def _masked(self, text: str) -> str:
        return text.replace(self.hide, "***") if self.hide else text


def _retry_after(header: str | None) -> float | None:
    """Seconds of a Retry-After header, which holds a number or a date."""
    if not header:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (until - datetime.now(UTC)).total_seconds()) if until.tzinfo else None


def _rate_limit(body: bytes) -> str | None:
    """The rate-limit answer that comes with status 200 now and then."""
    if body[:300].lstrip().startswith(b"{") and b"rate limit" in body[:300]:
        return "API rate limit exceeded"
    return None
