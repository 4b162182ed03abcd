"""Frames in and out of DuckDB by the Arrow C stream, on 1.5 and 2.0 alike and without pyarrow.

DuckDB recognises a polars frame by its class and then asks for pyarrow; handed an object that has only the stream, it
reads that. On 2.0 a relation handed to polars leaks at exit; its stream, behind the same one-method object, does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    import polars as pl


class _Stream:
    """An object whose only method is the Arrow C stream of another."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._source.__arrow_c_stream__(requested_schema)


def read_frame(con: duckdb.DuckDBPyConnection, sql: str, params: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """The rows of one SELECT as a polars frame."""
    import polars as pl

    relation = con.sql(sql, params=dict(params) if params else None)
    if relation is None:
        return pl.DataFrame()
    return pl.DataFrame(_Stream(relation))


def offer(rows: Sequence[Mapping[str, Any]]) -> tuple[_Stream, list[str]]:
    """*rows* as an object that DuckDB can scan, and the names of its columns."""
    import polars as pl

    names = list(dict.fromkeys(name for row in rows for name in row))
    frame = pl.DataFrame(
        {name: pl.Series(name, [row.get(name) for row in rows], strict=False) for name in names},
    )
    # 2.0 refuses Arrow's null type: a column without any value travels as text and is cast on arrival
    untyped = {
        name: pl.List(pl.String) if dtype == pl.List(pl.Null) else pl.String
        for name, dtype in frame.schema.items()
        if dtype in (pl.Null, pl.List(pl.Null))
    }
    return _Stream(frame.cast(untyped) if untyped else frame), names  # type: ignore[arg-type]
