"""Makes endpoints of the routes: checks who may, reads what came, calls the deed in a thread, answers with JSON."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import anyio
import msgspec
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from review.errors import ReviewError
from review.web.answers import (
    BodyProblem,
    body_parts,
    json_response,
    problem_response,
    read_body,
    status_of,
    words_of,
)
from review.web.api.route import ApiRoute, Document, JsonLines, Upload
from review.web.headers import DOCUMENT_HEADERS, inline_file
from review.web.roles import who_may
from review.web.site import Desk

MOST_JSON = 1_000_000
MOST_PDF = 100_000_000
_UPLOADS_AT_ONCE = 2
_UPLOADS_OF_ONE = 4  # that one person may be sending
_IN_MEMORY = 1_000_000  # bytes of an upload that comes; more wait in a file
_QUESTIONS_AT_ONCE = 2
_JSON = ("application/json",)
_PDF = ("application/pdf", "application/octet-stream")


class Refused(Exception):
    """A request that is answered before its deed is done."""

    def __init__(self, status: int, words: str, hint: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(words)
        self.answer = problem_response(status, words, hint, headers)


def api_routes(routes: Sequence[ApiRoute]) -> list[Route]:
    """The routes as the router takes them."""
    turns = _Turns()
    return [Route(one.path, _endpoint(one, turns), methods=[one.method], name=one.name) for one in routes]


class _Turns:
    """One person's deeds come one after another, so that two of them never plan on the same state."""

    def __init__(self) -> None:
        self._of: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)
        self._uploads = anyio.Semaphore(_UPLOADS_AT_ONCE)
        self._sending: Counter[str] = Counter()
        self._asking: set[str] = set()
        self._askers: anyio.CapacityLimiter | None = None

    def of(self, person: str) -> anyio.Lock:
        """The turn of a person of the team; there are few of these."""
        return self._of[person]

    @contextmanager
    def asking(self, person: str) -> Iterator[None]:
        """The one question of a person. Raises Refused while another runs."""
        if person in self._asking:
            raise Refused(429, "Your last question is still being answered.", headers={"retry-after": "1"})
        self._asking.add(person)
        try:
            yield
        finally:
            self._asking.discard(person)

    @contextmanager
    def sending(self, person: str, folder: Path) -> Iterator[IO[bytes]]:
        """Where an upload of a person is put while it comes. Raises Refused while too many of theirs do."""
        if self._sending[person] >= _UPLOADS_OF_ONE:
            words = f"{_UPLOADS_OF_ONE} files of yours are on their way already."
            raise Refused(429, words, headers={"retry-after": "1"})
        self._sending[person] += 1
        try:
            with tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(folder), prefix=".upload-") as file:
                yield file
        finally:
            self._sending[person] -= 1

    @property
    def askers(self) -> anyio.CapacityLimiter:
        """Questions that may take long leave threads to those who screen; made where the event loop runs."""
        if self._askers is None:
            self._askers = anyio.CapacityLimiter(_QUESTIONS_AT_ONCE)
        return self._askers

    @property
    def uploads(self) -> anyio.Semaphore:
        """Large bodies are held in memory, a few at a time, once they are here whole."""
        return self._uploads


def _endpoint(route: ApiRoute, turns: _Turns) -> Any:
    async def endpoint(request: Request) -> Response:
        desk: Desk = request.scope["desk"]
        try:
            if not desk.may(route.may):
                raise Refused(403, f"{desk.reviewer.id} has the role {desk.reviewer.role.value}.", _allowed(route))
            values = {**_places(route, request), **_query(route, request)}
            if route.body is Upload:
                return await _upload(route, desk, values, request, turns)
            if route.body is not None:
                values["body"] = await _json(route, request)
            return await _work(route, desk, values, turns)
        except Refused as refused:
            return refused.answer
        except ReviewError as problem:
            return problem_response(status_of(problem), *words_of(problem, str(desk.project.root)))

    return endpoint


async def _work(route: ApiRoute, desk: Desk, values: dict[str, Any], turns: _Turns) -> Response:
    if route.asks:
        with turns.asking(desk.reviewer.id):
            return await run_sync(_do, route, desk, values, limiter=turns.askers)
    if route.writes:
        async with turns.of(desk.reviewer.id):
            return await run_sync(_do, route, desk, values)
    return await run_sync(_read, route, desk, values)


def _read(route: ApiRoute, desk: Desk, values: dict[str, Any]) -> Response:
    with desk.store.reading():
        return _do(route, desk, values)


def _do(route: ApiRoute, desk: Desk, values: dict[str, Any]) -> Response:
    found = route.do(desk, **values)
    if isinstance(found, Document):
        headers = {**DOCUMENT_HEADERS, "content-disposition": inline_file(found.name)}
        return FileResponse(found.path, media_type="application/pdf", headers=headers)
    if isinstance(found, JsonLines):
        return Response(found.text.encode(), media_type="application/x-ndjson")
    return json_response(found)


def _places(route: ApiRoute, request: Request) -> dict[str, Any]:
    try:
        return {name: msgspec.convert(request.path_params[name], kind) for name, kind in route.places.items()}
    except msgspec.ValidationError:
        raise Refused(404, "There is no such thing here.") from None


def _query(route: ApiRoute, request: Request) -> dict[str, Any]:
    given = request.query_params.multi_items()
    if len(dict(given)) < len(given):
        raise Refused(422, "A parameter is given twice.")
    try:
        query = msgspec.convert(dict(given), route.query, strict=False)
    except msgspec.ValidationError as problem:
        raise Refused(422, f"{problem}.", "the description of all routes: /api/openapi.json") from None
    return {"query": query} if "query" in route.hints else {}


async def _json(route: ApiRoute, request: Request) -> Any:
    _check_type(request, _JSON)
    try:
        return msgspec.json.decode(await read_body(request, MOST_JSON), type=route.body)
    except BodyProblem as problem:
        raise _untaken(problem) from None
    except msgspec.ValidationError as problem:
        raise Refused(422, f"{problem}.", "the description of all routes: /api/openapi.json") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(400, "The body is not JSON.") from None


async def _upload(route: ApiRoute, desk: Desk, values: dict[str, Any], request: Request, turns: _Turns) -> Response:
    """Take the file in first, however slowly it comes, and only then wait for memory: nobody waits for its sender."""
    _check_type(request, _PDF)
    with turns.sending(desk.reviewer.id, desk.project.root) as file:
        try:
            async for part in body_parts(request, MOST_PDF):
                await run_sync(file.write, part)
        except BodyProblem as problem:
            raise _untaken(problem) from None
        except OSError as problem:
            raise Refused(507, "The disk of the review is full; nothing was written.") from problem
        async with turns.uploads:
            await run_sync(file.seek, 0)
            return await _work(route, desk, {**values, "body": Upload(await run_sync(file.read))}, turns)


def _untaken(problem: BodyProblem) -> Refused:
    # the rest of the body is not read: the connection is of no more use
    return Refused(problem.status, str(problem), headers={"connection": "close"})


def _check_type(request: Request, allowed: tuple[str, ...]) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in allowed:
        raise Refused(415, f"The content type has to be {allowed[0]}.")


def _allowed(route: ApiRoute) -> str:
    return f"this is for: {', '.join(role.value for role in who_may(route.may))}"
