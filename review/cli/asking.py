"""Asks a person at the keyboard; words go to standard error, because standard output is data."""

from __future__ import annotations

import signal
from typing import Any

import click


def ask(words: str, **more: Any) -> str:
    """A line from the keyboard or a pipe, checked as click.prompt does it."""
    _hear_ctrl_c()
    return str(click.prompt(words, show_default=False, show_choices=False, err=True, **more))


def agree(words: str) -> bool:
    """Whether the person says yes; Enter alone is no."""
    _hear_ctrl_c()
    return click.confirm(words, err=True)


def _hear_ctrl_c() -> None:
    """Have Ctrl-C end a read: Polars takes it over in a way that lets the read go on until the next Enter."""
    if hasattr(signal, "siginterrupt"):
        signal.siginterrupt(signal.SIGINT, True)
