"""A command in a pseudo-terminal, as somebody at a keyboard has it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

from review.project import Project
from tests.conftest import REPOSITORY, shell_environment


class Terminal:
    """`review --as WHO WORDS` in a terminal of so many columns."""

    def __init__(self, project: Project, who: str, words: list[str], *, columns: int, colour: bool = False) -> None:
        self._fd, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        left_out = {"COLUMNS", "NO_COLOR"} if colour else {"COLUMNS"}
        environment = {name: value for name, value in shell_environment().items() if name not in left_out}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "review", "--project", str(project.root), "--as", who, *words],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env={**environment, "PYTHONPATH": str(REPOSITORY), "TERM": "xterm", "PYTHONIOENCODING": "utf-8"},
            start_new_session=True,
            preexec_fn=_as_a_shell_would,
        )
        os.close(inner)
        self.seen = ""

    def wait_for(self, words: str, *, still: float = 0) -> None:
        """Read until *words* were printed since the last wait, and nothing more comes for *still* seconds."""
        start, until = len(self.seen), time.monotonic() + 120
        while words not in self.seen[start:]:
            assert time.monotonic() < until, self.seen[start:]
            if not self._read(40):
                break
        assert words in self.seen[start:], self.seen
        while still and self._read(still):
            pass

    def press(self, keys: bytes) -> None:
        os.write(self._fd, keys)

    def end(self, *, again: bytes = b"") -> int:
        """Read to the end. A Ctrl-C between Python's prompt and its read is lost: press it *again*, as people do."""
        for _ in range(5 if again else 1):
            while self._read(8 if again else 40):
                pass
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=2 if again else 120)
                break
            self.press(again)
        os.close(self._fd)
        return self.process.wait(timeout=120)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._fd], [], [], seconds)[0]:
            return False
        try:
            chunk = os.read(self._fd, 65536)
        except OSError:  # what Linux says when the other side has gone
            return False
        self.seen += chunk.decode("utf-8", errors="replace")
        return bool(chunk)


def _as_a_shell_would() -> None:
    """Give the process the terminal, and the Ctrl-C that whoever runs the tests may have switched off."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
