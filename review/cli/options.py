"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])

DATA_FORMATS = ("table", "csv", "json", "parquet")


def format_option(command: _Command) -> _Command:
    """Adds `--format table|csv|json|parquet`."""
    return click.option(
        "--format",
        "format",
        type=click.Choice(DATA_FORMATS),
        default="table",
        show_default=True,
        help="How the rows are written to standard output.",
    )(command)
