"""Keeps the PDFs of reports in the project's folder, each under its sha256: the name that it came with is no place.

A file is written under another name and moved into place whole, so that there is all of it or nothing; the same content
twice is one file.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import uuid
from pathlib import Path

from review.errors import FormatError, FullDisk, StoreError, UnknownId
from review.project import Project

FOLDER = "full_texts"
MOST_BYTES = 100_000_000
LONGEST_NAME = 200
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BEGINS = b"%PDF-"
# what is no character of a name; a half character could not even be written down
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def check_pdf(content: bytes, *, name: str) -> None:
    """Raises FormatError for what is empty, larger than 100 MB, or does not begin as a PDF does."""
    shown = repr(name)
    if not content:
        message = f"{shown} is empty"
        raise FormatError(message, hint="the download may have failed; get the file again")
    if len(content) > MOST_BYTES:
        message = f"{shown} is larger than {MOST_BYTES // 1_000_000} MB"
        raise FormatError(message, hint="print or save it as a smaller PDF, without its supplements")
    if not content.startswith(_BEGINS):
        message = f"{shown} is not a PDF: it begins with {content[:8]!r}"
        raise FormatError(message, hint="open it to see what it is; a page of a web site can be printed as a PDF")


def as_name(name: str) -> str:
    """*name* as a text to keep: no control characters, at most 200 characters, its end kept."""
    clean = _UNPRINTABLE.sub("\ufffd", name).strip()
    if len(clean) > LONGEST_NAME:
        half = LONGEST_NAME // 2
        clean = f"{clean[: half - 1]}…{clean[-half:]}"
    return clean or "without a name"


def keep(project: Project, content: bytes) -> str:
    """Put a PDF into the project's folder, readable by its owner alone; its sha256.

    Raises FullDisk when there is no room, and then nothing of it is left; StoreError where the folder cannot be
    written.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    place = project.root / FOLDER / f"{sha256}.pdf"
    try:
        place.parent.mkdir(mode=0o700, exist_ok=True)
        # one that is there and damaged gets its content back
        if file_sha256(place) != sha256:
            _write(place, content)
    except OSError as problem:
        if problem.errno in _NO_SPACE:
            message = f"no space left on the disk that holds {place.parent}; the file was not kept"
            raise FullDisk(message, hint="free some space and attach it again") from problem
        message = f"{place.parent} cannot be written: {problem.strerror or problem}"
        raise StoreError(message, hint="it must be a folder that you may write in") from problem
    return sha256


def is_sha256(text: str) -> bool:
    """Whether *text* is 64 hex digits, small ones."""
    return _SHA256.fullmatch(text) is not None


def full_text(project: Project, sha256: str) -> Path:
    """Where the PDF with that *sha256* lies. Raises UnknownId for what is no sha256, or of no file that is kept."""
    if not is_sha256(sha256):
        message = f"{sha256[:70]!r} is not the sha256 of a file: 64 of 0-9 and a-f"
        raise UnknownId(message)
    place = project.root / FOLDER / f"{sha256}.pdf"
    # a link could lead out of the folder
    if place.is_symlink() or not place.is_file():
        message = f"there is no file {sha256}.pdf in {FOLDER}/ of the project"
        raise UnknownId(message, hint="attach it again, or copy the folder from where it was attached")
    return place


def file_sha256(place: Path) -> str | None:
    """The sha256 of what lies there; None where no file does."""
    if place.is_symlink() or not place.is_file():
        return None
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(place: Path, content: bytes) -> None:
    fresh = place.with_name(f".{place.stem}.{uuid.uuid4().hex}.new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(place)
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
