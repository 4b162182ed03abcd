"""The door for commands beside the server: reads and batches over loopback, on a port of its own.

A proxy that shows the site to others never sees this port, and whoever knocks must know the token of the side file:
to read that is to own the database file. There is no page here and nothing for a browser.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from review.database import OwnerStore, wire
from review.database.side_file import proof
from review.errors import ReviewError, StoreError, StoreLocked

if TYPE_CHECKING:
    import polars as pl

MOST_LOOKS = 64
_LOOK_LASTS = 300.0  # seconds without a read until a look is closed: its command was killed
_PIECE = 1 << 20


@dataclass
class _Look:
    """One moment that a command goes on reading."""

    cursor: Any
    opened: ExitStack
    used: float
    lock: threading.Lock = field(default_factory=threading.Lock)


class Looks:
    """The moments that commands keep open; those that nobody asks for any more are closed."""

    def __init__(self, store: OwnerStore) -> None:
        self._store = store
        self._open: dict[str, _Look] = {}
        self._lock = threading.Lock()

    def begin(self) -> str:
        """A new look. Raises StoreLocked where too many are open."""
        with self._lock:
            self._close_forgotten()
            if len(self._open) >= MOST_LOOKS:
                message = f"{MOST_LOOKS} commands are reading at once"
                raise StoreLocked(message, hint="run it again in a moment")
            opened = ExitStack()
            cursor = opened.enter_context(self._store.look())
            name = secrets.token_hex(16)
            self._open[name] = _Look(cursor, opened, time.monotonic())
            return name

    def read(self, name: str, sql: str, params: Mapping[str, Any] | None) -> pl.DataFrame:
        """The rows of one SELECT at the moment of that look."""
        with self._lock:
            look = self._open.get(name)
            if look is not None:
                look.used = time.monotonic()
        if look is None:
            message = "the moment that was being read is closed"
            raise StoreError(message, hint="run the same command again")
        with look.lock:
            return self._store.read_at(look.cursor, sql, params)

    def end(self, name: str) -> None:
        """Close a look; one that is closed already is as good."""
        with self._lock:
            look = self._open.pop(name, None)
        if look is not None:
            with look.lock:
                look.opened.close()

    def close(self) -> None:
        """Close all of them."""
        for name in list(self._open):
            self.end(name)

    def _close_forgotten(self) -> None:
        now = time.monotonic()
        for name, look in list(self._open.items()):
            if now - look.used > _LOOK_LASTS and look.lock.acquire(blocking=False):
                try:
                    look.opened.close()
                    del self._open[name]
                finally:
                    look.lock.release()


def make_door(store: OwnerStore, *, token: str) -> ASGIApp:
    """The door to *store* for whoever knows *token*."""
    looks = Looks(store)

    async def hello(request: Request) -> Response:
        return Response(proof(token, request.query_params.get("nonce", ""), store.path), media_type="text/plain")

    def read(body: bytes) -> Response:
        head, (params,) = wire.unpack(body)
        if head.get("look"):
            frame = looks.read(str(head["look"]), str(head["sql"]), wire.params_of(params))
        else:
            # inside a look, which writes nothing: what writes is a batch
            with store.reading():
                frame = store.read(str(head["sql"]), wire.params_of(params))
        return _frame(frame)

    def apply(body: bytes) -> Response:
        return _json(store.apply(wire.unpack_batch(body)))

    def query(body: bytes) -> Response:
        head, (params,) = wire.unpack(body)
        rows = store.query(
            str(head["sql"]),
            wire.params_of(params),
            limit=head["limit"],
            seconds=float(head["seconds"]),
            only=head["only"],
        )
        return _frame(rows)

    def look(body: bytes) -> Response:
        return _json({"look": looks.begin()})

    def end_look(body: bytes) -> Response:
        looks.end(str(json.loads(body)["look"]))
        return _json({})

    def backup(body: bytes) -> Response:
        folder = tempfile.TemporaryDirectory(prefix=".backup-", dir=store.path.parent)
        copy = Path(folder.name) / "copy.duckdb"
        try:
            store.backup(copy)
            digest = hashlib.sha256()
            for piece in _pieces(copy):
                digest.update(piece)
        except BaseException:
            folder.cleanup()
            raise

        def send() -> Iterator[bytes]:
            try:
                yield from _pieces(copy)
            finally:
                folder.cleanup()

        headers = {"x-sha256": digest.hexdigest(), "content-length": str(copy.stat().st_size)}
        return StreamingResponse(send(), media_type="application/octet-stream", headers=headers)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(looks.close)

    routes = [
        Route("/hello", hello, methods=["GET"]),
        Route("/read", _endpoint(read), methods=["POST"]),
        Route("/apply", _endpoint(apply), methods=["POST"]),
        Route("/query", _endpoint(query), methods=["POST"]),
        Route("/look", _endpoint(look), methods=["POST"]),
        Route("/look/end", _endpoint(end_look), methods=["POST"]),
        Route("/backup", _endpoint(backup), methods=["POST"]),
    ]
    return _Lock(Starlette(routes=routes, lifespan=lifespan), token)


class _Lock:
    """Lets through whoever names the token; others learn at most that somebody here knows it."""

    def __init__(self, inner: ASGIApp, token: str) -> None:
        self._inner = inner
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] != "/hello":
            given = Headers(scope=scope).get("authorization", "").encode("latin-1", "replace")
            if not secrets.compare_digest(given, self._expected):
                await Response(status_code=HTTPStatus.UNAUTHORIZED)(scope, receive, send)
                return
        await self._inner(scope, receive, send)


def _endpoint(deed: Callable[[bytes], Response]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        try:
            return await run_in_threadpool(deed, body)
        except ReviewError as problem:
            said = {"kind": type(problem).__name__, "message": problem.message, "hint": problem.hint}
        except (ValueError, TypeError, LookupError, RecursionError) as problem:
            words = f"the server could not read what it was asked: {type(problem).__name__}"
            said = {"kind": "StoreError", "message": words, "hint": "is the command of the same version as the server?"}
        return _json(said, HTTPStatus.UNPROCESSABLE_ENTITY)

    return endpoint


def _json(content: object, status: int = HTTPStatus.OK) -> Response:
    return Response(json.dumps(content), status, media_type="application/json")


def _frame(frame: pl.DataFrame) -> Response:
    return Response(wire.pack({}, [frame]), media_type=wire.MEDIA_TYPE)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
