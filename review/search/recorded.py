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
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from review.errors import FormatError, UsageProblem
from review.search import signals
from review.search.records import sha256

FORMAT = "regen-review recorded run 1"
MANIFEST = "manifest.json"


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
    """Write a recording; the manifest comes last, so that a folder with one is whole. Returns the manifest's path."""
    folder.mkdir(parents=True, exist_ok=True)
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
    _refuse_irregular(path)
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except OSError as problem:
        message = f"{path} cannot be read: {problem.strerror}"
        raise UsageProblem(message, hint="a recorded run is a folder with manifest.json and its bodies") from problem
    except ValueError as problem:
        message = f"{path} is not JSON: {problem}"
        raise FormatError(message) from problem
    if isinstance(manifest, list):
        manifest = {"format": FORMAT, "responses": manifest}
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        message = f"{path}: format is {manifest.get('format')!r}; allowed: {FORMAT!r}"
        raise FormatError(message)
    entries = manifest.get("responses") or []
    bodies = tuple(_body(folder, path, number, entry) for number, entry in enumerate(entries, start=1))
    fallback = "rec_" + sha256(*(hashlib.sha256(body.content).hexdigest() for body in bodies))[:24]
    return Recording(
        run_id=str(manifest.get("run_id") or fallback),
        strategy=manifest.get("strategy"),
        strategy_version=manifest.get("strategy_version"),
        simulated=bool(manifest.get("simulated", False)),
        bodies=bodies,
        pinned_to=_day(path, manifest.get("pinned_to")),
        updates=manifest.get("updates"),
    )


def _day(path: Path, given: object) -> date | None:
    if given is None:
        return None
    try:
        return date.fromisoformat(str(given))
    except ValueError as problem:
        message = f"{path}: pinned_to is {given!r}; allowed: a day such as '2026-11-20'"
        raise FormatError(message, hint="export the run again") from problem


def _body(folder: Path, path: Path, number: int, entry: Mapping[str, Any]) -> Body:
    try:
        name, endpoint, request = str(entry["file"]), str(entry["endpoint"]), dict(entry["request"])
        asked_at = datetime.fromisoformat(str(entry["requested_at"]))
        status, wanted = int(entry["http_status"]), str(entry["sha256"])
    except (KeyError, TypeError, ValueError) as problem:
        message = f"{path}: response {number}: {problem!r} is missing or wrong"
        raise FormatError(
            message, hint="each has endpoint, request, requested_at, http_status, file, sha256"
        ) from problem
    if Path(name).name != name or asked_at.tzinfo is None:
        message = f"{path}: response {number}: {name!r} must be a name in the folder, requested_at must have a zone"
        raise FormatError(message)
    _refuse_irregular(folder / name)
    try:
        content = (folder / name).read_bytes()
    except OSError as problem:
        message = f"{path}: response {number}: {name} cannot be read: {problem.strerror}"
        raise FormatError(message) from problem
    if hashlib.sha256(content).hexdigest() != wanted:
        message = f"{folder / name} does not match the sha256 of {path.name}: it was changed or cut off"
        raise FormatError(message, hint="export the run again")
    return Body(endpoint, request, asked_at, status, gzip.compress(content, compresslevel=1), packed=True)


def _refuse_irregular(path: Path) -> None:
    """A pipe in the place of a file would be waited for without end."""
    if path.exists() and not path.is_file():
        message = f"{path} is no regular file"
        raise FormatError(message, hint="export the run again")


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
