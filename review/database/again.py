"""Does a deed again that somebody else overtook: what it was computed from had changed before it was written."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

from review.errors import Overtaken

_P = ParamSpec("_P")
_T = TypeVar("_T")
_TIMES = 10


def all_new(done: Mapping[str, int], table: str, rows: int) -> None:
    """Raise Overtaken where an id among the *rows* for *table* was there when they came: somebody else used it first.

    Done again, the deed finds the id known, and says whose it is.
    """
    if done.get(table, 0) < rows:
        message = f"an id of {table} was used by somebody else meanwhile"
        raise Overtaken(message, hint="give each event an id of its own")


def again_when_overtaken(deed: Callable[_P, _T]) -> Callable[_P, _T]:
    """*deed* from its first read on, until nobody comes between, at most ten times."""

    @functools.wraps(deed)
    def doing(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        for _ in range(_TIMES - 1):
            try:
                return deed(*args, **kwargs)
            except Overtaken:
                continue
        return deed(*args, **kwargs)

    return doing
