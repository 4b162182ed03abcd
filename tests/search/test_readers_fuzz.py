"""Whatever a file holds: no crash, and markers = read + rejected or the import is refused. All SYNTHETIC."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.errors import ReviewError
from review.search.detect import READ
from review.search.receipts import problem_of
from review.search.reference_files import read_reference_file
from tests.search.test_readers_losses import whole

_DIALECTS = ["ris", "nbib", "bibtex", "endnote", "endnote_xml", "wos", "csv", "tsv", "pubmed_xml"]
_SCRAPS = st.sampled_from(
    [
        b"TY  - JOUR\n", b"ER  - \n", b"ER\n", b"PT J\n", b"TI  - x\n", b"PMID- 1\n", b"@article{a,\n", b"}\n", b"{",
        b'"', b" title = {x},\n", b"%0 Book\n", b"%T x\n", b"<xml><records>", b"<record>", b"</record>", b"<style>",
        b"\0", b"\n", b"a,b\n", b"title,year\n", b"\xe9", b"\xef\xbb\xbf", "\u2028".encode(), b"\\", b"#", b"(",
        b"EF\n", b"@string{a=b}", b"\r", b"=", b"\xff\xfe", b"   more\n", b"]]>", b"<!-- ",
    ]
)  # fmt: skip


def check(data: bytes, dialect: str = "auto") -> None:
    """No error but ours; and what is read and rejected are the markers, or the file is refused."""
    try:
        reading = read_reference_file(data, name="fuzz.txt", dialect=dialect)
    except ReviewError:
        return
    accounted = reading.markers == len(reading.records) + len(reading.rejected)
    assert accounted or problem_of(reading, name="fuzz.txt")
    assert all(item.line is None or item.line >= 1 for item in (*reading.repairs, *reading.strays, *reading.rejected))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["auto", *READ]))
def test_random_bytes_never_crash(data: bytes, dialect: str) -> None:
    check(data, dialect)


@settings(max_examples=200, deadline=None)
@given(st.lists(_SCRAPS, max_size=25).map(b"".join), st.sampled_from(["auto", *READ]))
def test_scraps_of_all_dialects_never_crash(data: bytes, dialect: str) -> None:
    check(data, dialect)


@pytest.mark.parametrize("dialect", _DIALECTS)
def test_a_file_cut_anywhere_loses_nothing_in_silence(dialect: str) -> None:
    """Each tenth place of the file: the records before the cut are all read, and the cut one is told of."""
    text = "".join(whole(dialect))
    full = read_reference_file(text.encode(), name="fuzz.txt").records
    for place in range(1, len(text), 10):
        check(text[:place].encode())
        try:
            reading = read_reference_file(text[:place].encode(), name="fuzz.txt", dialect=dialect)
        except ReviewError:
            continue
        told = reading.rejected or reading.repairs or reading.strays or problem_of(reading, name="fuzz.txt")
        kept = [record.fields for record in reading.records]
        # a table cut inside its last cell cannot be told from a whole one
        last = kept[:-1] if dialect in ("csv", "tsv") else kept
        assert told or last == [record.fields for record in full[: len(last)]]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(_DIALECTS),
    st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12), min_size=3, max_size=3),
)
def test_what_is_typed_into_a_file_costs_no_marker(dialect: str, typed: list[str]) -> None:
    pieces = whole(dialect)
    check("".join(piece + word for piece, word in zip(pieces, [*typed, "", ""], strict=True)).encode())
