"""How far a long deed has come: a bar on a terminal, now and then a line where nobody watches; on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from review.cli import output

Progress = Callable[[int, int], None]

_RECORDS = 2000
_SECONDS = 5.0


@contextmanager
def records_here(*, clock: Callable[[], float] = time.monotonic) -> Iterator[Progress]:
    """What is told how many records are here, of how many; the rate leaves out those that were here at the start."""
    if sys.stderr.isatty():
        with _bar() as told:
            yield told
    else:
        with _lines(clock) as told:
            yield told


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar
    from rich.progress import Task as BarTask
    from rich.text import Text

    class Rate(ProgressColumn):
        """Records a second."""

        def render(self, task: BarTask) -> Text:
            return Text(f"{task.speed:,.0f}/s" if task.speed else "")

    columns = (TextColumn("records"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    bar = Bar(*columns, console=Console(stderr=True))
    task = bar.add_task("records", start=False)

    def told(done: int, total: int) -> None:
        if not bar.live.is_started:
            bar.start()
            bar.start_task(task)
            bar.reset(task, total=total, completed=done)
        bar.update(task, completed=done, total=total)

    try:
        yield told
    finally:
        bar.stop()


@contextmanager
def _lines(clock: Callable[[], float]) -> Iterator[Progress]:
    began = said_at = 0.0
    first = said = now = whole = -1

    def told(done: int, total: int) -> None:
        nonlocal began, said_at, first, said, now, whole
        now, whole = done, total
        if first < 0:
            began, said_at, first, said = clock(), clock(), done, done
        elif done < total and (done - said >= _RECORDS or clock() - said_at >= _SECONDS):
            said, said_at = done, clock()
            output.say(_line(done, total, rate=(done - first) / max(clock() - began, 1e-9)))

    try:
        yield told
    finally:
        if whole > 0:
            output.say(_line(now, whole, rate=0))


def _line(done: int, total: int, *, rate: float) -> str:
    words = f"{done:,} of {total:,} records are here"
    if rate <= 0:
        return words
    left = int((total - done) / rate)
    return f"{words}, {rate:,.0f}/s, {left // 60}:{left % 60:02d} left"
