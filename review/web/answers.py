"""Answers that are JSON, and how the program's errors become statuses: the truth, and no word about the machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from review.errors import (
    BlindError,
    DecisionError,
    FullDisk,
    ProtocolError,
    ReviewError,
    StoreError,
    StoreLocked,
    UnknownId,
    UsageProblem,
)

# the first class that fits says the status
_STATUSES: tuple[tuple[type[ReviewError], int], ...] = (
    (UnknownId, 404),
    (FullDisk, 507),
    (StoreError, 503),
    (ProtocolError, 503),
    (BlindError, 403),
    (DecisionError, 409),
    (UsageProblem, 400),
)
IDLE = 15.0  # seconds in which a body that was announced has to bring something
_ENCODER = msgspec.json.Encoder(enc_hook=str)


class BodyProblem(Exception):
    """A body that is not taken."""

    status = 400


class TooLarge(BodyProblem):
    """A body of more bytes than are allowed."""

    status = 413


class Stalled(BodyProblem):
    """A body that was announced and does not come."""

    status = 408


class Problem(msgspec.Struct, frozen=True):
    """Why there is no answer, and how that can be mended."""

    error: str
    hint: str = ""


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """*content* as JSON: structs, frames' rows, dates."""
    return Response(_ENCODER.encode(content), status, headers=headers, media_type="application/json")


def problem_response(status: int, words: str, hint: str = "", headers: dict[str, str] | None = None) -> Response:
    """A refusal as JSON. What will be otherwise in a moment says when to ask again."""
    later = {"retry-after": "1"} if status == 503 else {}
    return json_response(Problem(words, hint), status, {**later, **(headers or {})})


def status_of(problem: ReviewError) -> int:
    """The status that says what went wrong; whatever else the person can mend is their request's fault."""
    return next((status for kind, status in _STATUSES if isinstance(problem, kind)), 400)


def words_of(problem: ReviewError, root: str) -> tuple[str, str]:
    """Message and hint for somebody who is signed in; nothing of the machine's folders is in them."""
    if isinstance(problem, StoreError):
        return why_not_now(problem), ""
    return problem.message.replace(f"{root}/", ""), problem.hint.replace(f"{root}/", "")


def why_not_now(problem: ReviewError) -> str:
    """What anybody is told when the review cannot answer."""
    if isinstance(problem, StoreLocked):
        return "The review is busy. Try again in a moment."
    if isinstance(problem, FullDisk):
        return "The disk of the review is full; nothing was written. Its owner has to make room."
    if isinstance(problem, ProtocolError | UsageProblem):
        return "The review's protocol, review.toml, cannot be read. Its owner has to mend it."
    return "The review's database is gone or cannot be read. Its owner has to put it back."


def is_api(path: str) -> bool:
    """Whether programs ask, not people."""
    return path == "/api" or path.startswith("/api/")


async def read_body(request: Request, most: int) -> bytes:
    """The body, at most *most* bytes of it. Raises TooLarge as soon as there are more, Stalled when nothing comes."""
    return b"".join([part async for part in body_parts(request, most)])


async def body_parts(request: Request, most: int) -> AsyncIterator[bytes]:
    """The body as it comes. Raises TooLarge as soon as there are more than *most* bytes, whatever was announced, and
    Stalled where nothing comes for a while: whoever sends nothing does not keep what others need.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > most:
        raise _too_large(most)
    size = 0
    stream = aiter(request.stream())
    while True:
        try:
            with anyio.fail_after(IDLE):
                part = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            message = f"Nothing came for {IDLE:g} seconds."
            raise Stalled(message) from None
        size += len(part)
        if size > most:
            raise _too_large(most)
        yield part


def _too_large(most: int) -> TooLarge:
    words = f"{most // 1_000_000} MB" if most >= 1_000_000 else f"{most} bytes"
    return TooLarge(f"That is too large: at most {words} are taken.")
