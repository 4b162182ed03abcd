"""Reads and batches over the wire: what arrives is what was sent, and nothing else is taken."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.database import Append, Replace, wire
from review.errors import StoreError
from review.terms import Stage

TEXT = st.text(st.characters(exclude_categories=("Cs",)))
ZONED = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
COLUMNS = {
    "text": st.none() | TEXT,
    "number": st.none() | st.integers(-(2**63), 2**63 - 1),
    "share": st.none() | st.floats(allow_nan=False),
    "flag": st.none() | st.booleans(),
    "moment": st.none() | ZONED,
    "day": st.none() | st.dates(),
    "body": st.none() | st.binary(),
    "words": st.none() | st.lists(TEXT),
}


@given(st.lists(st.fixed_dictionaries(COLUMNS), min_size=1, max_size=5))
def test_rows_arrive_as_they_were_sent(rows: list[dict[str, Any]]) -> None:
    batch = wire.unpack_batch(wire.pack_batch([Append("screening.label", rows)]))
    assert batch == [Append("screening.label", rows)]


def test_a_row_that_lacks_a_column_has_none_there() -> None:
    (step,) = wire.unpack_batch(wire.pack_batch([Append("a.b", [{"x": 1}, {"y": "z"}])]))
    assert step.rows == [{"x": 1, "y": None}, {"x": None, "y": "z"}]


def test_what_is_replaced_arrives_too() -> None:
    batch = [Replace("a.b", [{"x": 1}], {"file": "one.csv"}), Replace("a.c", []), Append("a.d", [])]
    assert wire.unpack_batch(wire.pack_batch(batch)) == batch


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.none() | TEXT | st.integers(-9, 9) | ZONED))
def test_parameters_arrive_as_they_were_sent(params: dict[str, Any]) -> None:
    assert wire.params_of(wire.params_frame(params)) == (params or None)


def test_lists_and_controlled_words_are_parameters_too() -> None:
    given = {"ids": ["a", "b"], "pair": ("c", "d"), "stage": Stage.FULL_TEXT, "none": [], "day": date(2026, 1, 2)}
    expected = {**given, "pair": ["c", "d"], "stage": "full_text"}
    assert wire.params_of(wire.params_frame(given)) == expected


def test_a_frame_without_rows_keeps_its_columns() -> None:
    frame = pl.DataFrame(schema={"a": pl.Int64, "b": pl.List(pl.String)})
    _, (back,) = wire.unpack(wire.pack({}, [frame]))
    assert back.schema == frame.schema


@given(st.binary(max_size=200))
def test_any_other_bytes_are_refused_in_words(message: bytes) -> None:
    for sent in (message, b"RRF1" + message):
        with pytest.raises(StoreError, match="no message of this program"):
            wire.unpack(sent)


def test_a_message_that_is_cut_off_is_refused() -> None:
    whole = wire.pack_batch([Append("a.b", [{"x": 1}])])
    for end in range(len(whole)):
        with pytest.raises(StoreError, match="no message of this program"):
            wire.unpack_batch(whole[:end])


def test_a_message_with_frames_too_few_is_no_batch() -> None:
    with pytest.raises(StoreError):
        wire.unpack_batch(wire.pack({"steps": [{"table": "a.b", "replace": False}]}))
