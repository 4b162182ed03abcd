"""A recorded run: the bodies that PubMed sent and what was asked, in the database or as a folder of files.

A folder holds manifest.json and one .xml for each body. The manifest:

    {"format": "regen-review recorded run 1", "run_id": ..., "strategy": ..., "strategy_version": ...,
     "simulated": false, "pinned_to": "2026-11-20", "updates": RUN_ID,
     "responses": [{"endpoint": "esearch" | "efetch", "request": {"purpose": "line" | "ids" | "fetch" | "recount",
                    "line": 3, "params": {...}}, "requested_at": "2026-11-20T12:00:00+00:00", "http_status": 200,
                    "file": "001-esearch.xml", "sha256": ...}, ...]}

`line` asks for the count of a line, `ids` for the ids of the last one, `fetch` for records, `recount` whether the
ids are still all. `pinned_to` and `updates` stand only where the run had them. Neither the key nor the address of
who asked is in it.

A folder may come from a stranger, so that nothing in it is believed: every value is of its type and length, every body
a regular file in the folder, neither a link nor of a size that no answer has.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from review.errors import FormatError, UsageProblem
from review.search import signals
from review.search.records import sha256

FORMAT = "regen-review recorded run 1"
MANIFEST = "manifest.json"
_AGAIN = "export the run again: review search export RUN_ID FOLDER"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_ENDPOINT = re.compile(r"[a-z]{1,20}")
_MOST = 50_000  # answers: ten million records
_LARGEST = 512 * 2**20
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_STATUS = range(100, 600)


@dataclass(frozen=True)
class Body:
    """One answer and its question; *held* is its content, or that gzipped when it is *packed*.

    A large run is too much to hold unpacked: each body is unpacked when it is read, and forgotten.
    """

    endpoint: str
    request: Mapping[str, Any]
    requested_at: datetime
    http_status: int
    held: bytes
    packed: bool = False

    @property
    def content(self) -> bytes:
        """What was sent."""
        return gzip.decompress(self.held) if self.packed else self.held

    @property
    def question(self) -> str:
        """The request in one canonical line."""
        return canonical(self.request)


@dataclass(frozen=True)
class Recording:
    """A run as a folder holds it."""

    run_id: str
    strategy: str | None
    strategy_version: str | None
    simulated: bool
    bodies: tuple[Body, ...]
    pinned_to: date | None = None
    updates: str | None = None


def canonical(request: Mapping[str, Any]) -> str:
    """A request as JSON with sorted keys."""
    return json.dumps(request, ensure_ascii=False, sort_keys=True)


def response_row(run_id: str, body: Body, *, again: bool = False) -> dict[str, Any]:
    """The row that keeps a body; *again* makes a row of its own of an answer that was given before."""
    content = body.content
    fingerprint = hashlib.sha256(content).hexdigest()
    parts = [run_id, body.endpoint, body.question, str(body.http_status), fingerprint]
    if again:
        parts.append(body.requested_at.isoformat())
    return {
        "response_id": sha256(*parts)[:40],
        "run_id": run_id,
        "endpoint": body.endpoint,
        "request": body.question,
        "requested_at": body.requested_at,
        "http_status": body.http_status,
        "body_sha256": fingerprint,
        "body_bytes": len(content),
        "body_gz": gzip.compress(content, mtime=0),
    }


def response_rows(run_id: str, *, earlier: Iterable[Body] = ()) -> Callable[[Body], dict[str, Any]]:
    """A maker of the rows of a run, body after body; the *earlier* ones are kept already.

    The same answer to the same question is one row. But where PubMed said A, then B, then A again, the last A is a row
    of its own, because it is the answer that holds: servers of PubMed that disagree for a while take turns.
    """
    last: dict[tuple[str, str], str] = {}
    said: set[tuple[str, str, str]] = set()

    def returns(body: Body) -> bool:
        question = (body.endpoint, body.question)
        answer = f"{body.http_status} {hashlib.sha256(body.content).hexdigest()}"
        known = (*question, answer) in said and last[question] != answer
        last[question] = answer
        said.add((*question, answer))
        return known

    for body in earlier:
        returns(body)
    return lambda body: response_row(run_id, body, again=returns(body))


def body_of_row(row: Mapping[str, Any]) -> Body:
    """The body that a row keeps. Raises FormatError when it is not what it was."""
    body = Body(
        row["endpoint"],
        json.loads(row["request"]),
        row["requested_at"],
        row["http_status"],
        row["body_gz"],
        packed=True,
    )
    if hashlib.sha256(body.content).hexdigest() != row["body_sha256"]:
        message = f"the stored body {row['response_id']} does not match its sha256"
        raise FormatError(message, hint="restore the database from a backup")
    return body


def write_folder(folder: Path, recording: Recording) -> Path:
    """Write a recording; the manifest comes last, so that a folder with one is whole. Returns the manifest's path.

    Raises UsageProblem where no folder can be made, or one holds a recording already.
    """
    if folder.exists() and not folder.is_dir():
        message = f"{folder} is no folder"
        raise UsageProblem(message, hint="give a new folder: each stored answer becomes a file in it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        if problem.errno == errno.ENOSPC:
            raise
        message = f"the folder {folder} cannot be made: {problem.strerror or problem}"
        raise UsageProblem(message, hint="give a folder in a place where you may write") from problem
    if (folder / MANIFEST).exists():
        message = f"{folder} holds a recorded run already"
        raise UsageProblem(message, hint="give another folder")
    entries = []
    for number, body in enumerate(recording.bodies, start=1):
        name = f"{number:03d}-{body.endpoint}.xml"
        content = body.content
        (folder / name).write_bytes(content)
        entries.append(
            {
                "endpoint": body.endpoint,
                "request": body.request,
                "requested_at": body.requested_at.isoformat(),
                "http_status": body.http_status,
                "file": name,
                "sha256": hashlib.sha256(content).hexdigest(),
            }
        )
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "run_id": recording.run_id,
        "strategy": recording.strategy,
        "strategy_version": recording.strategy_version,
        "simulated": recording.simulated,
    }
    if recording.pinned_to is not None:
        manifest["pinned_to"] = recording.pinned_to.isoformat()
    if recording.updates is not None:
        manifest["updates"] = recording.updates
    manifest["responses"] = entries
    path = folder / MANIFEST
    path.write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return path


def read_folder(folder: Path) -> Recording:
    """Read a recording. Raises FormatError for a manifest or a body that is not what it says."""
    path = folder / MANIFEST
    try:
        words = _content(path).decode("utf-8")
    except OSError as problem:
        message = f"{path} cannot be read: {problem.strerror}"
        raise UsageProblem(message, hint="a recorded run is a folder with manifest.json and its bodies") from problem
    except UnicodeDecodeError as problem:
        message = f"{path} is not UTF-8: {problem}"
        raise FormatError(message, hint=_AGAIN) from problem
    try:
        manifest = json.loads(words, parse_constant=_no_number)
    except ValueError as problem:
        message = f"{path} is not JSON: {problem}"
        raise FormatError(message, hint=_AGAIN) from problem
    except RecursionError as problem:
        message = f"{path} is no manifest: its lists are nested too deeply"
        raise FormatError(message, hint=_AGAIN) from problem
    if isinstance(manifest, list):
        manifest = {"format": FORMAT, "responses": manifest}
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        _refuse(path, "format", manifest.get("format") if isinstance(manifest, dict) else manifest, repr(FORMAT))
    entries = manifest.get("responses") or []
    if not isinstance(entries, list):
        _refuse(path, "responses", entries, "a list")
    if len(entries) > _MOST:
        message = f"{path} lists {len(entries):,} responses; allowed: at most {_MOST:,}"
        raise FormatError(message, hint=_AGAIN)
    simulated = manifest.get("simulated", False)
    if not isinstance(simulated, bool):
        _refuse(path, "simulated", simulated, "true or false")
    run_id, updates = (_name(path, key, manifest.get(key)) for key in ("run_id", "updates"))
    strategy, version = (_text(path, key, manifest.get(key)) for key in ("strategy", "strategy_version"))
    pinned_to = _day(path, manifest.get("pinned_to"))
    bodies = tuple(_body(folder, path, number, entry) for number, entry in enumerate(entries, start=1))
    fallback = "rec_" + sha256(*(hashlib.sha256(body.content).hexdigest() for body in bodies))[:24]
    return Recording(
        run_id=run_id or fallback,
        strategy=strategy,
        strategy_version=version,
        simulated=simulated,
        bodies=bodies,
        pinned_to=pinned_to,
        updates=updates,
    )


def _no_number(words: str) -> NoReturn:
    message = f"{words} is no number"
    raise ValueError(message)


def _refuse(path: Path, key: str, given: object, allowed: str) -> NoReturn:
    """Say what stands in the manifest, shortened, and what may stand there."""
    message = f"{path}: {key} is {ascii(given)[:80]}; allowed: {allowed}"
    raise FormatError(message, hint=_AGAIN)


def _name(path: Path, key: str, given: object) -> str | None:
    if given is not None and not (isinstance(given, str) and _NAME.fullmatch(given)):
        _refuse(path, key, given, f"{_NAME.pattern}, that is letters, digits, _ . - and at most 100 of them")
    return given


def _text(path: Path, key: str, given: object) -> str | None:
    if given is not None and not (isinstance(given, str) and len(given) <= 200 and given.isprintable()):
        _refuse(path, key, given, "at most 200 characters that can be printed")
    return given


def _day(path: Path, given: object) -> date | None:
    if given is None:
        return None
    try:
        return date.fromisoformat(str(given))
    except ValueError:
        _refuse(path, "pinned_to", given, "a day such as '2026-11-20'")


def _body(folder: Path, path: Path, number: int, entry: object) -> Body:
    """One entry of the manifest and the file that it names."""
    if not isinstance(entry, dict):
        _refuse(path, f"response {number}", entry, "endpoint, request, requested_at, http_status, file, sha256")
    of = f"response {number}: "
    name, endpoint, wanted = entry.get("file"), entry.get("endpoint"), entry.get("sha256")
    if not (isinstance(name, str) and _NAME.fullmatch(name)) or name in {".", ".."}:
        _refuse(path, f"{of}file", name, f"a name in the folder of {_NAME.pattern}")
    if not (isinstance(endpoint, str) and _ENDPOINT.fullmatch(endpoint)):
        _refuse(path, f"{of}endpoint", endpoint, "'esearch', 'efetch' or 'elink'")
    status = entry.get("http_status")
    if not isinstance(status, int) or status not in _STATUS or isinstance(status, bool):
        _refuse(path, f"{of}http_status", status, "a whole number from 100 to 599")
    request, asked_at = _request(path, of, entry.get("request")), _asked_at(path, of, entry.get("requested_at"))
    try:
        content = _content(folder / name)
    except OSError as problem:
        message = f"{path}: {of}{name} cannot be read: {problem.strerror}"
        raise FormatError(message, hint=f"put the file back, or {_AGAIN}") from problem
    if hashlib.sha256(content).hexdigest() != wanted:
        message = f"{folder / name} does not match the sha256 of {path.name}: it was changed or cut off"
        raise FormatError(message, hint=_AGAIN)
    return Body(endpoint, request, asked_at, status, gzip.compress(content, compresslevel=1), packed=True)


def _request(path: Path, of: str, given: object) -> Mapping[str, Any]:
    """A question; one that cannot be written as a line of UTF-8 cannot be stored."""
    try:
        if isinstance(given, dict) and canonical(given).encode("utf-8"):
            return given
    except (ValueError, RecursionError):
        pass
    _refuse(path, f"{of}request", given, "what was asked, as an object of Unicode text and numbers")


def _asked_at(path: Path, of: str, given: object) -> datetime:
    """When a question was asked: not before E-utilities were there, and not in the future."""
    latest = datetime.now(UTC) + timedelta(days=1)
    try:
        asked_at = datetime.fromisoformat(str(given))
        if asked_at.tzinfo is not None and _EARLIEST <= asked_at <= latest:
            return asked_at
    except (ValueError, OverflowError):
        pass
    allowed = f"a time with its zone such as '2026-11-20T12:00:00+00:00', from 2000 to {latest:%Y-%m-%d}"
    _refuse(path, f"{of}requested_at", given, allowed)


def _content(path: Path) -> bytes:
    """What a file of the folder holds.

    A pipe would be waited for without end, a link may lead anywhere, and a file full of holes is larger than memory.
    """
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        message = f"{path} is no regular file"
        raise FormatError(message, hint=f"neither links nor pipes are read; {_AGAIN}")
    if found.st_size > _LARGEST:
        message = f"{path} has {found.st_size:,} bytes; allowed: at most {_LARGEST:,}"
        raise FormatError(message, hint=_AGAIN)
    return path.read_bytes()


def successful(bodies: Iterable[Body]) -> list[Body]:
    """The answers that count: status 200, records whole, and the last one where a question was asked again."""
    last: dict[tuple[str, str], Body] = {}
    for body in bodies:
        if body.http_status == 200 and not _cut_off(body):
            last.pop((body.endpoint, body.question), None)
            last[(body.endpoint, body.question)] = body
    return list(last.values())


def _cut_off(body: Body) -> bool:
    """Whether an answer to a fetch is an error or ends early.

    It was asked again at once, but a run that is taken up again asks for what is missing in other batches.
    """
    if body.endpoint != "efetch":
        return False
    content = body.content
    return signals.incomplete_efetch(content) is not None or signals.efetch_error(content) is not None
