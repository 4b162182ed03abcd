"""A recorded run: the bodies that PubMed sent and what was asked, in the database or as a folder of files.

A folder holds manifest.json and one .xml for each body. The manifest:

    {"format": "regen-review recorded run 1", "run_id": ..., "strategy": ..., "strategy_version": ...,
     "simulated": false,
     "responses": [{"endpoint": "esearch" | "efetch", "request": {"purpose": "line" | "ids" | "fetch", "line": 3,
                    "params": {...}}, "requested_at": "2026-11-20T12:00:00+00:00", "http_status": 200,
                    "file": "001-esearch.xml", "sha256": ...}, ...]}

`line` asks for the count of a line, `ids` for the ids of the last one, `fetch` for records. Neither the key
nor the address of who asked is in it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from review.errors import FormatError, UsageProblem
from review.search.records import sha256

FORMAT = "regen-review recorded run 1"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Body:
    """One answer and its question."""

    endpoint: str
    request: Mapping[str, Any]
    requested_at: datetime
    http_status: int
    content: bytes

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


def canonical(request: Mapping[str, Any]) -> str:
    """A request as JSON with sorted keys."""
    return json.dumps(request, ensure_ascii=False, sort_keys=True)


def response_row(run_id: str, body: Body) -> dict[str, Any]:
    """The row that keeps a body."""
    fingerprint = hashlib.sha256(body.content).hexdigest()
    return {
        "response_id": sha256(run_id, body.endpoint, body.question, str(body.http_status), fingerprint)[:40],
        "run_id": run_id,
        "endpoint": body.endpoint,
        "request": body.question,
        "requested_at": body.requested_at,
        "http_status": body.http_status,
        "body_sha256": fingerprint,
        "body_bytes": len(body.content),
        "body_gz": gzip.compress(body.content, mtime=0),
    }


def body_of_row(row: Mapping[str, Any]) -> Body:
    """The body that a row keeps. Raises FormatError when it is not what it was."""
    content = gzip.decompress(row["body_gz"])
    if hashlib.sha256(content).hexdigest() != row["body_sha256"]:
        message = f"the stored body {row['response_id']} does not match its sha256"
        raise FormatError(message, hint="restore the database from a backup")
    return Body(row["endpoint"], json.loads(row["request"]), row["requested_at"], row["http_status"], content)


def write_folder(folder: Path, recording: Recording) -> Path:
    """Write a recording; the manifest comes last, so that a folder with one is whole. Returns the manifest's path."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / MANIFEST).exists():
        message = f"{folder} holds a recorded run already"
        raise UsageProblem(message, hint="give another folder")
    entries = []
    for number, body in enumerate(recording.bodies, start=1):
        name = f"{number:03d}-{body.endpoint}.xml"
        (folder / name).write_bytes(body.content)
        entries.append(
            {
                "endpoint": body.endpoint,
                "request": body.request,
                "requested_at": body.requested_at.isoformat(),
                "http_status": body.http_status,
                "file": name,
                "sha256": hashlib.sha256(body.content).hexdigest(),
            }
        )
    manifest = {
        "format": FORMAT,
        "run_id": recording.run_id,
        "strategy": recording.strategy,
        "strategy_version": recording.strategy_version,
        "simulated": recording.simulated,
        "responses": entries,
    }
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
    )


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
    return Body(endpoint, request, asked_at, status, content)


def _refuse_irregular(path: Path) -> None:
    """A pipe in the place of a file would be waited for without end."""
    if path.exists() and not path.is_file():
        message = f"{path} is no regular file"
        raise FormatError(message, hint="export the run again")


def successful(bodies: Sequence[Body]) -> list[Body]:
    """The answers that count: status 200, and the last one where a question was asked again."""
    last: dict[tuple[str, str], Body] = {}
    for body in bodies:
        if body.http_status == 200:
            last.pop((body.endpoint, body.question), None)
            last[(body.endpoint, body.question)] = body
    return list(last.values())
