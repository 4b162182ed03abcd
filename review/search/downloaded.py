"""A file as it was downloaded: whole, with its fingerprints, and what NLM's .md5 file beside it says."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from review.errors import FormatError, UsageProblem

_BLOCK = 2**20
_LONGEST_MD5 = 2**16
# as NLM writes it, and as md5sum does
_MD5 = re.compile(r"MD5\s*\(([^)]*)\)\s*=\s*([0-9a-fA-F]{32})")
_MD5SUM = re.compile(r"([0-9a-fA-F]{32})(?:\s+\*?(\S.*))?")


@dataclass(frozen=True)
class Downloaded:
    """A file that is open for reading; `stamp` is when it was last written to."""

    path: Path
    handle: BinaryIO
    size: int
    stamp: int
    sha256: str
    md5: str

    @property
    def name(self) -> str:
        """Its name without the folder."""
        return self.path.name


@contextmanager
def opened(path: Path) -> Iterator[Downloaded]:
    """The file with its fingerprints. Raises UsageProblem when it is no regular file or cannot be read."""
    try:
        if path.exists() and not path.is_file():
            message = f"{path} cannot be read: it is {'a folder' if path.is_dir() else 'no regular file'}"
            raise UsageProblem(message, hint="give the .xml or .xml.gz files themselves")
        handle = path.open("rb")
    except OSError as problem:
        message = f"{path} cannot be read: {problem.strerror or problem}"
        raise UsageProblem(message, hint="give the path of a .xml or .xml.gz file") from problem
    with handle:
        whole, short, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
        while block := handle.read(_BLOCK):
            whole.update(block)
            short.update(block)
            size += len(block)
        if not size:
            message = f"{path} is empty"
            raise FormatError(message, hint="download it again")
        handle.seek(0)
        stamp = os.fstat(handle.fileno()).st_mtime_ns
        yield Downloaded(path, handle, size, stamp, whole.hexdigest(), short.hexdigest())


def check_unchanged(file: Downloaded) -> None:
    """Raise FormatError when the file was written to since its fingerprint was taken."""
    now = os.fstat(file.handle.fileno())
    if (now.st_size, now.st_mtime_ns) != (file.size, file.stamp):
        message = f"{file.name} changed while it was read: {file.size} bytes, then {now.st_size}"
        raise FormatError(message, hint="wait until its download has finished")


def check_md5(file: Downloaded) -> str:
    """What the .md5 file beside it says of the file, in words. Raises FormatError when it says otherwise."""
    beside = file.path.with_name(file.name + ".md5")
    try:
        text = _small(beside).decode("ascii", errors="replace")
    except FileNotFoundError:
        return "no .md5 file beside it"
    except OSError as problem:
        message = f"{beside} cannot be read: {problem.strerror or problem}"
        raise UsageProblem(message) from problem
    said = _sum_of(file.name, [line.strip() for line in text.splitlines() if line.strip()])
    if said is None:
        message = f"{beside.name} holds no md5 sum of {file.name}: {text.strip()[:60]!r}"
        raise FormatError(message, hint=f"it should say MD5({file.name})= and 32 digits; download it again")
    if said != file.md5:
        message = f"{file.name} has the md5 sum {file.md5}, and {beside.name} says {said}; nothing was written"
        raise FormatError(message, hint="download both again")
    return "md5 as NLM says"


def _small(path: Path) -> bytes:
    """The bytes of a small regular file; what it is counts once it is open, for a name may be given away again."""
    # without the flag, to open a pipe waits until somebody writes to it
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            message = f"{path} cannot be read: it is no regular file"
            raise UsageProblem(message, hint="download it again, or remove it")
        found = b""
        while len(found) <= _LONGEST_MD5 and (more := os.read(number, _LONGEST_MD5 + 1 - len(found))):
            found += more
    finally:
        os.close(number)
    if len(found) > _LONGEST_MD5:
        message = f"{path.name} is larger than {_LONGEST_MD5:,} bytes, which no .md5 file is"
        raise FormatError(message, hint="download it again, or remove it")
    return found


def _sum_of(name: str, lines: list[str]) -> str | None:
    """The md5 sum that *lines* give for *name*; a single line counts whatever name it has, for files get renamed."""
    sums = {}
    for line in lines:
        if found := _MD5.fullmatch(line):
            sums[found.group(1).strip()] = found.group(2).lower()
        elif found := _MD5SUM.fullmatch(line):
            sums[(found.group(2) or "").strip()] = found.group(1).lower()
    if len(lines) == 1 and sums:
        return next(iter(sums.values()))
    return sums.get(name)
