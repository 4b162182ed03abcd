"""The only place that writes to the terminal: data to standard output, words to standard error."""

from __future__ import annotations

import errno
import io
import os
import shutil
import sys
from collections.abc import Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from review.errors import UsageProblem
from review.reporting.table import legible

if TYPE_CHECKING:
    import polars as pl
    from typing_extensions import Buffer

Line = Sequence[tuple[str, str | None]]
_ROWS = 500  # of a table for people; rich needs seconds for thousands, and nobody reads them
_STAMP = "SIMULATED"
_simulated: ContextVar[bool] = ContextVar("simulated", default=False)
_said: ContextVar[bool] = ContextVar("said", default=False)


def stamp(simulated: bool) -> None:
    """From here on whatever is written says SIMULATED, or not; set by the project that a command works on."""
    _simulated.set(simulated)
    _said.set(False)


class _Closed(io.FileIO):
    """A standard output that the shell has closed: says so to whoever writes first, and then takes everything."""

    _told = False

    def write(self, data: Buffer, /) -> int:
        if not self._told:
            self._told = True
            raise OSError(errno.EBADF, "standard output is closed, and nothing was written to it")
        return super().write(data)


def open_streams() -> None:
    """Give the process the streams that its shell has closed (`>&-`), and have them take every character.

    A stream that is no UTF-8 gets a character that it lacks as its number (`\\u2265`): a title in Greek must not end a
    report on a terminal of Windows. In UTF-8 nothing is lost, and a pipe gets the same bytes as ever.
    """
    # the next file that is opened would else take the number of the stream, and be read or get what is printed
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(_Closed(os.devnull, "w")), encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors != "backslashreplace":
            stream.reconfigure(errors="backslashreplace")


def text(words: str) -> None:
    """Data that is text."""
    if _simulated.get() and not _said.get():
        _said.set(True)
        if _STAMP not in words and not words.startswith(("{", "[")):
            print(_STAMP)
    print(legible(words))


def styled(lines: Sequence[Line]) -> None:
    """Data that is text, each line as pieces with a style of rich or none; wrapped at the width of a terminal.

    Where no terminal reads it, it is plain, and a line is not wrapped.
    """
    from rich.console import Console
    from rich.text import Text

    if _simulated.get() and not _said.get():
        text(_STAMP)
    live = sys.stdout is not None and sys.stdout.isatty()
    # a terminal that writes in its last column begins a new line by itself
    width = max(20, shutil.get_terminal_size().columns - 1) if live else None
    console = Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False, soft_wrap=not live)
    for line in lines:
        console.print(Text.assemble(*((legible(words), style or "") for words, style in line)))


def say(words: str) -> None:
    """Narration and progress."""
    print(legible(words), file=sys.stderr)


def say_error(words: str) -> None:
    """The one line of an error."""
    print(f"review: error: {legible(' '.join(words.split()))}", file=sys.stderr)


def counted(number: int, thing: str) -> str:
    """`1 record`, `2 records`."""
    return f"1 {thing}" if number == 1 else f"{number} {thing}s"


def frame(rows: pl.DataFrame, format: str = "table", *, title: str = "") -> None:
    """Rows in the format that was asked for; no rows are a header, not an error.

    A table shows the first 500 and says how many there are; the other formats hold every row.
    """
    if _simulated.get():
        rows, title = stamped(rows), title if _STAMP in title else f"{_STAMP}: {title}".rstrip(": ")
    if format == "csv":
        text(defuse(flatten(rows)).write_csv().rstrip("\n"))
    elif format == "json":
        import json

        text(json.dumps(rows.to_dicts(), ensure_ascii=False, indent=1, default=str))
        if _simulated.get() and not rows.height:
            say(_STAMP)  # an empty list has no column that could
    elif format == "parquet":
        binary = io.BytesIO()
        rows.write_parquet(binary)
        if sys.stdout.isatty():
            message = "parquet is binary and standard output is a terminal"
            raise UsageProblem(message, hint="send it to a file: ... --format parquet > rows.parquet")
        sys.stdout.buffer.write(binary.getvalue())
    else:
        _rich_table(rows.head(_ROWS), title=title)
        if rows.height > _ROWS:
            say(f"the first {_ROWS} of {rows.height} rows; all of them: --format csv")


def stamped(rows: pl.DataFrame) -> pl.DataFrame:
    """*rows* with a column that says SIMULATED, where the project is."""
    import polars as pl

    if not _simulated.get():
        return rows
    if "simulated" in rows.columns and rows["simulated"].cast(pl.String).eq(_STAMP).all():
        return rows
    # a column of that name may hold what the row itself says of itself
    return rows.with_columns(pl.lit(_STAMP).alias(_STAMP if "simulated" in rows.columns else "simulated"))


def flatten(rows: pl.DataFrame) -> pl.DataFrame:
    """Lists and structs as text, so that CSV can hold them."""
    import polars as pl

    def as_text(value: Any) -> str | None:
        return None if value is None else "; ".join(str(item) for item in value)

    for name, dtype in rows.schema.items():
        if isinstance(dtype, pl.List | pl.Array):
            rows = rows.with_columns(pl.Series(name, [as_text(value) for value in rows[name].to_list()], pl.String))
        elif isinstance(dtype, pl.Struct):
            rows = rows.with_columns(pl.col(name).struct.json_encode())
    return rows


def defuse(rows: pl.DataFrame) -> pl.DataFrame:
    """Text cells that a spreadsheet would run as a formula get a leading apostrophe; numbers stay as they are."""
    import polars as pl

    texts = [name for name, dtype in rows.schema.items() if dtype == pl.String]
    starts = r"^[=+\-@\t\r]"
    number = r"^[+\-]?\d+([.,]\d+)?$"
    return rows.with_columns(
        pl.when(pl.col(name).str.contains(starts) & ~pl.col(name).str.contains(number))
        .then(pl.lit("'") + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name in texts
    )


def _rich_table(rows: pl.DataFrame, *, title: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    flat = flatten(rows)
    for name, dtype in flat.schema.items():
        shown.add_column(name.replace("_", " "), justify="right" if dtype.is_numeric() else "left", overflow="fold")
    for row in flat.iter_rows():
        shown.add_row(*(Text(_cell(value)) for value in row))
    # without a terminal a table is as wide as its words: what is piped into a file should not be folded
    page = io.StringIO()
    width = shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else 200
    console = Console(file=page, width=width, soft_wrap=False, highlight=False, color_system=None)
    console.print(shown)
    if not rows.height:
        console.print(Text("(no rows)"))
    text("\n".join(line.rstrip() for line in page.getvalue().rstrip().split("\n")))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 10000 else f"{value:,.0f}"
    # titles come from strangers: an escape sequence in one could repaint the terminal or write to its clipboard
    return legible(str(value))
