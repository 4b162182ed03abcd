"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click


class EventId(click.ParamType[str]):
    """An id that a person gives an event: one line of at most 200 characters."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from review.flows.event_checks import problem_of_id

        problem = problem_of_id(str(value))
        if problem is not None:
            self.fail(f"{str(value)[:40]!r} {problem}", param, ctx)
        return str(value)


EVENT_ID = EventId()

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
        help="How the rows are written to standard output; a table shows the first 500.",
    )(command)
