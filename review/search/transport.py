"""Asks a web service until it answers whole: one caller at a time, at the pace of the key, `Retry-After` honoured.

Bio.Entrez repeats a 429 without any gap, waits for ever on a dead socket and reads the body outside its
retry, so a cut body is never asked again. Here it is told to try once, and the body is read before the answer
counts.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from review.errors import EntrezError
from review.search.exchange import Reply, exchange
from review.search.masking import masked, masked_body
from review.search.pace import Pace

_TURN = threading.Lock()
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_SMALLEST_GAP = 0.34  # a Retry-After of 0 is no leave to ask at once
_SHOWN = 200
_MOST = 1 << 29
_NUMBER = re.compile(r"[0-9]+")
_FOREVER = 1e9
_LATER = "nothing half-done was kept; run the same command again later"
_NEW_KEY = (
    "NCBI_API_KEY is wrong, or no longer valid: make a new one in the settings of your NCBI account, "
    "or unset it and go on at 3 requests a second"
)
_TOO_LARGE = "PubMed sends no such answers: is it PubMed that answers, or a proxy in between?"
_ELSEWHERE = "PubMed does not do so: is it the sign-in page of a network, or a proxy in between?"
_HINTS = {
    403: "NCBI lets this address or tool in no longer; write to eutilities@ncbi.nlm.nih.gov",
    414: "the question is too long for PubMed: cut the line of the strategy into two",
}


@dataclass(frozen=True)
class Answer:
    """One body as it came; a key or an address that the server echoed is blotted out."""

    status: int
    body: bytes
    requested_at: datetime


@dataclass(frozen=True)
class Trouble:
    """Why an answer does not count.

    `again` is false where asking once more cannot help; `wait` are the seconds that the server wants; `crowded`
    means that all who share the key are asked to wait. `refused` is an answer that it is us who do not take.
    """

    said: str
    again: bool = True
    hint: str = _LATER
    wait: float | None = None
    crowded: bool = False
    refused: bool = False


@dataclass(frozen=True)
class Transport:
    """How patient to be: *timeout* ends a silence, *deadline* an answer that never ends.

    `hide` are texts (the key, the address) that no message and no body may show, `spare` those of them that a body may;
    *sleep* is the clock's, or a test's. Without a *pace* nothing keeps the limit.
    """

    tries: int = 6
    timeout: float = 60.0
    first_wait: float = 1.0
    longest_wait: float = 120.0
    deadline: float = 300.0
    hide: tuple[str, ...] = field(default=(), repr=False)
    spare: tuple[str, ...] = field(default=(), repr=False)
    sleep: Callable[[float], None] = time.sleep
    pace: Pace | None = None

    def ask(
        self,
        call: Callable[[], Any],
        *,
        what: str,
        short: Callable[[bytes], str | None],
        keep: Callable[[Answer], None],
        during: Callable[[], AbstractContextManager[None]] = nullcontext,
        most: int = _MOST,
    ) -> Answer:
        """The first whole answer of *call*, which opens a response.

        *short* says what is missing from a body, if anything; *keep* gets every body before it is looked at;
        *during* is entered while the request is under way. Raises EntrezError when no try brings a whole one, and at
        once for an answer of more than *most* bytes, or one that leads elsewhere.
        """
        trouble = Trouble("it was not asked")
        for turn in range(self.tries):
            asked_at = datetime.now(UTC)
            reply = self._once(call, during, most)
            secrets = tuple(text for text in self.hide if text not in self.spare)
            answer = Answer(reply.status, masked_body(secrets, reply.body), asked_at)
            if reply.status and not reply.too_large:
                keep(answer)
            found = _trouble(reply, answer, short)
            if found is None:
                return answer
            trouble = found
            if not trouble.again or (trouble.wait or 0.0) > self.longest_wait:
                break
            if turn + 1 < self.tries:
                self._pause(trouble, turn)
        # outside of any `except`: what urllib raises holds the address, and with it the key
        raise self._error(trouble, what)

    def _once(self, call: Callable[[], Any], during: Callable[[], AbstractContextManager[None]], most: int) -> Reply:
        """One try; the lock is for what urllib and Bio.Entrez keep for the whole process, such as time-outs."""
        with _TURN, during():
            slot = self.pace.slot() if self.pace else nullcontext()
            return exchange(call, timeout=self.timeout, deadline=self.deadline, most=most, slot=slot)

    def _pause(self, trouble: Trouble, turn: int) -> None:
        """Wait before the next try; when the key is over its limit, everybody who shares it waits."""
        backoff = self.first_wait * 2**turn * random.uniform(0.75, 1.25)
        wait = min(backoff if trouble.wait is None else max(trouble.wait, _SMALLEST_GAP), self.longest_wait)
        held = self.pace.held(wait) if self.pace and trouble.crowded else nullcontext()
        with held:
            self.sleep(wait)

    def _error(self, trouble: Trouble, what: str) -> EntrezError:
        said = masked(self.hide, trouble.said)[:_SHOWN]
        if trouble.refused:
            return EntrezError(f"the answer to {what} is not taken: {said}", hint=trouble.hint)
        if not trouble.again:
            return EntrezError(f"PubMed refused {what}: {said}", hint=trouble.hint)
        if (trouble.wait or 0.0) > self.longest_wait:
            message = f"PubMed wants {trouble.wait:.0f} s of quiet before it answers {what}: {said}"
            return EntrezError(message, hint=trouble.hint)
        return EntrezError(f"PubMed did not answer {what} after {self.tries} tries: {said}", hint=trouble.hint)


def _trouble(reply: Reply, answer: Answer, short: Callable[[bytes], str | None]) -> Trouble | None:
    """What is wrong with an answer, if anything; the body of *answer* shows no key, and the messages quote it."""
    if not reply.status:
        return Trouble(reply.broken, hint=f"check the connection to the internet; {_LATER}")
    if reply.too_large:
        return Trouble(reply.broken, again=False, hint=_TOO_LARGE, refused=True)
    if 300 <= reply.status < 400:
        # neither the address nor the page that holds it is shown
        said = f"HTTP {reply.status} sends the question to another place, which is not followed"
        return Trouble(said, again=False, hint=_ELSEWHERE, refused=True)
    said = " ".join(answer.body[:2000].decode("utf-8", errors="replace").split())
    if _is_json(answer.body) and "api key" in said.lower() and "rate limit" not in said.lower():
        return Trouble(f"HTTP {reply.status} {said}", again=False, hint=_NEW_KEY)
    crowded = reply.status == 429 or (_is_json(answer.body) and "rate limit" in said.lower())
    if reply.status != 200 or crowded:
        again = crowded or reply.status in _AGAIN
        hint = _LATER if again else _HINTS.get(reply.status, "check the strategy and NCBI_API_KEY")
        wait = _retry_after(reply.retry_after)
        return Trouble(f"HTTP {reply.status} {said}".strip(), again=again, hint=hint, wait=wait, crowded=crowded)
    missing = reply.broken or short(answer.body)
    return Trouble(missing) if missing else None


def _is_json(body: bytes) -> bool:
    return body[:300].lstrip().startswith(b"{")


def _retry_after(header: str | None) -> float | None:
    """Seconds of a Retry-After header, which holds a number or a date."""
    if not header:
        return None
    if _NUMBER.fullmatch(header.strip()):
        return min(float(header), _FOREVER)
    try:
        until = parsedate_to_datetime(header)
        return max(0.0, (until - datetime.now(UTC)).total_seconds()) if until.tzinfo else None
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
