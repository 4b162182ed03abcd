"""Single keys from a terminal and the same keys as lines from a pipe; words are typed with Enter in both."""

from __future__ import annotations

import contextlib
import sys

import click

from review.cli.asking import ask

END = ""  # the key that a pipe gives at its end


def read_key() -> str:
    """The next key in small letters, or END. From a pipe it is a line of one character.

    Raises click.Abort for Ctrl-C. In a terminal only keys that are pressed from now on count: what was pressed before
    the record was there to be seen must not decide on it.
    """
    if not is_terminal():
        line = sys.stdin.readline()
        # a blank line is a key that means nothing
        return line.strip().lower() or " " if line else END
    _forget_typed_ahead()
    try:
        pressed = click.getchar()
    except (KeyboardInterrupt, EOFError) as stopped:
        if isinstance(stopped, EOFError):
            return END
        raise click.Abort from None
    # several at once are an arrow key, or what was pressed too early for the record after this one
    return pressed if pressed.startswith("\x1b") else pressed[:1].lower()


def read_words(asked: str) -> str:
    """A line of words, blank where only Enter was pressed; from a pipe the next line. Raises click.Abort for Ctrl-C."""
    if not is_terminal():
        return sys.stdin.readline().strip()
    try:
        return ask(asked, default="").strip()
    except click.Abort as stopped:
        if isinstance(stopped.__context__, EOFError):
            return ""
        raise


def is_terminal() -> bool:
    """Whether a person sits at the keyboard."""
    return sys.stdin is not None and sys.stdin.isatty()


def _forget_typed_ahead() -> None:
    try:
        import termios
    except ImportError:  # Windows
        return
    with contextlib.suppress(termios.error):
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
