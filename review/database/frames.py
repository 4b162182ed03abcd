"""Frames in and out of DuckDB by the Arrow C stream, on 1.5 and 2.0 alike and without pyarrow.

DuckDB recognises a polars frame by its class and then asks for pyarrow; handed an object that has only the stream, it
reads that. On 2.0 a relation handed to polars leaks at exit; its stream, behind the same one-method object, does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from operator import itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    import polars as pl

_UNIT = "\x1f"  # the separator that ASCII has for the parts of a record


class _Stream:
    """An object whose only method is the Arrow C stream of another."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._source.__arrow_c_stream__(requested_schema)


def stream_of(source: Any) -> _Stream:
    """A relation or frame as an object that DuckDB and polars read as a stream."""
    return _Stream(source)


def read_frame(con: duckdb.DuckDBPyConnection, sql: str, params: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """The rows of one SELECT as a polars frame; whatever fails on the way is a duckdb.Error."""
    import duckdb
    import polars as pl

    relation = con.sql(sql, params=dict(params) if params else None)
    if relation is None:
        return pl.DataFrame()
    try:
        rows = pl.DataFrame(_Stream(relation))
    except pl.exceptions.PanicException as problem:
        # polars panics at types that it does not know, and its panic is no Exception
        columns = ", ".join(f"{name} ({kind})" for name, kind in zip(relation.columns, relation.types, strict=True))
        message = f"a column cannot be read: {columns}"
        raise duckdb.ConversionException(message) from problem
    except (pl.exceptions.PolarsError, ValueError) as problem:
        # what DuckDB says while its rows are streaming comes through polars
        raise duckdb.ConversionException(str(problem).rpartition("external error: ")[2]) from problem
    for column in rows.iter_columns():
        if _beyond_the_calendar(column):
            message = f"column {column.name} holds a date or time outside the years 1 to 9999"
            raise duckdb.ConversionException(message)
    return rows


def _beyond_the_calendar(column: pl.Series) -> bool:
    """Whether a date in *column* is one that Python cannot hold: DuckDB knows infinity and the year 290000."""
    import polars as pl

    kind = column.dtype
    if isinstance(kind, pl.List | pl.Array):
        dated = kind.inner.is_nested() or kind.inner.is_temporal()
        return dated and _beyond_the_calendar(column.explode())
    if isinstance(kind, pl.Struct):
        return any(_beyond_the_calendar(column.struct.field(part.name)) for part in kind.fields)
    if isinstance(kind, pl.Date):
        a_day = 1
    elif isinstance(kind, pl.Datetime):
        a_day = 86400 * {"ms": 10**3, "us": 10**6, "ns": 10**9}[kind.time_unit]
    else:
        return False
    bounds = column.to_physical().drop_nulls()
    first, last = (day.toordinal() - date(1970, 1, 1).toordinal() for day in (date.min, date.max))
    return not bounds.is_empty() and not (
        first * a_day <= bounds.min() and bounds.max() < (last + 1) * a_day  # type: ignore[operator]
    )


def offer(rows: Sequence[Mapping[str, Any]]) -> tuple[_Stream, list[str]]:
    """*rows* as an object that DuckDB can scan, and the names of its columns."""
    import polars as pl

    frame = frame_of(rows)
    # 2.0 refuses Arrow's null type: a column without any value travels as text and is cast on arrival
    untyped = {
        name: pl.List(pl.String) if dtype == pl.List(pl.Null) else pl.String
        for name, dtype in frame.schema.items()
        if dtype in (pl.Null, pl.List(pl.Null))
    }
    return _Stream(frame.cast(untyped) if untyped else frame), frame.columns  # type: ignore[arg-type]


def frame_of(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """*rows* as a frame; a row may lack some of the columns. Without rows it has no column."""
    import polars as pl

    if not rows:
        return pl.DataFrame()
    names, columns = _columns(rows)
    return pl.DataFrame([_series(name, values) for name, values in zip(names, columns, strict=True)])


def _columns(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], Iterable[Sequence[Any]]]:
    """The names of all columns of *rows*, and the values of each; a row may lack some."""
    keys = rows[0].keys()
    if len(keys) > 1 and all(row.keys() == keys for row in rows):
        return list(keys), zip(*map(itemgetter(*keys), rows), strict=True)
    names = list(dict.fromkeys(name for row in rows for name in row))
    return names, ([row.get(name) for row in rows] for name in names)


def _series(name: str, values: Sequence[Any]) -> pl.Series:
    """One column."""
    import polars as pl

    if isinstance(next((value for value in values if value is not None), None), list):
        lists = _lists_of_texts(values)
        if lists is not None:
            return lists.alias(name)
    return pl.Series(name, values, strict=False)


def _lists_of_texts(values: Sequence[Any]) -> pl.Series | None:
    """Lists of texts by way of joined texts, which polars takes ten times as fast; None where that cannot be done."""
    import polars as pl

    if not all(value is None or isinstance(value, list) for value in values):
        return None
    try:
        joined = [None if value is None else _UNIT.join(value) for value in values]
    except TypeError:  # lists of something else
        return None
    lengths = [None if value is None else len(value) for value in values]
    frame = pl.DataFrame({"texts": pl.Series(joined, dtype=pl.String).str.split(_UNIT), "length": lengths})
    # what holds no sign is split into one empty text, whether it was an empty list or a list of one
    if frame["texts"].list.len().sum() != sum(max(length, 1) for length in lengths if length is not None):
        return None  # a text holds the separator itself
    return frame.select(pl.col("texts").list.head(pl.col("length"))).to_series()
