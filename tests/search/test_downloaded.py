"""The .md5 file beside a download: read only where it is a small regular file. All SYNTHETIC."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from review.errors import FormatError, UsageProblem
from review.search.downloaded import check_md5, opened

SUM = hashlib.md5(b"data", usedforsecurity=False).hexdigest()


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    """An end for what would wait or read for ever."""
    signal.alarm(60)
    yield
    signal.alarm(0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A download without an .md5 file."""
    path = tmp_path / "a.xml.gz"
    path.write_bytes(b"data")
    return path


@pytest.fixture
def beside(file: Path) -> Path:
    """Where its .md5 file would be."""
    return file.with_name("a.xml.gz.md5")


def said(file: Path) -> str:
    """What the .md5 file says of *file*."""
    with opened(file) as found:
        return check_md5(found)


def test_a_sum_is_read_through_a_link_to_a_file(file: Path, beside: Path, tmp_path: Path) -> None:
    assert said(file) == "no .md5 file beside it"
    (tmp_path / "sums").write_text(f"{SUM}  a.xml.gz\n", "ascii")
    beside.symlink_to(tmp_path / "sums")
    assert said(file) == "md5 as NLM says"


def test_a_pipe_a_device_and_a_folder_are_refused(file: Path, beside: Path) -> None:
    kinds = [lambda: os.mkfifo(beside), lambda: beside.symlink_to("/dev/zero"), beside.mkdir]
    for make in kinds:
        make()
        with pytest.raises(UsageProblem, match=r"a\.xml\.gz\.md5 cannot be read: it is no regular file"):
            said(file)
        if beside.is_dir():
            beside.rmdir()
        else:
            beside.unlink()


def test_a_link_to_itself_is_no_traceback(file: Path, beside: Path) -> None:
    beside.symlink_to(beside)
    with pytest.raises(UsageProblem, match=r"md5 cannot be read: "):
        said(file)


def test_no_more_than_64_kilobytes_are_read(file: Path, beside: Path) -> None:
    beside.write_text(f"{SUM}  a.xml.gz\n", "ascii")
    os.truncate(beside, 10 * 2**30)  # a hole of ten gigabytes behind it
    with pytest.raises(FormatError, match=r"a\.xml\.gz\.md5 is larger than 65,536 bytes"):
        said(file)
