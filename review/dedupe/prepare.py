"""What of a source record matters to the replay: whose version it is, its identifiers and its place in one form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from review.dedupe.normalise import bare_doi, in_columns, places, registry_numbers

Pages = tuple[str | None, str | None]  # first and last


@dataclass(frozen=True)
class Prepared:
    """One version of an entry, its identifiers, and where and when it was printed."""

    source_record_id: str
    pmid: str | None = None
    doi: str | None = None
    registry_ids: tuple[str, ...] = ()
    entry_id: str = ""
    volume: str | None = None
    pages: Pages | None = None
    year: int | None = None

    @property
    def entry(self) -> str:
        """The source record that stands for all versions of it: the one that was read first."""
        return self.entry_id or self.source_record_id


def prepare(records: pl.DataFrame, named: Iterable[str]) -> list[Prepared]:
    """All versions of the entries that *named* ids are versions of, in the order of their ids.

    *records* has the columns of `normalise.COLUMNS` and entry_id; one that is absent is empty.
    """
    names = ("source_record_id", "entry_id") if "entry_id" in records.columns else ("source_record_id",)
    entries = records.select(pl.col("source_record_id").alias("id"), entry=pl.coalesce(pl.col(*names[::-1])))
    ids = pl.Series(sorted(set(named)), dtype=pl.String).implode()
    wanted = entries.filter(pl.col("id").is_in(ids))["entry"].unique()
    chosen = entries["entry"].is_in(wanted.implode())
    frame = in_columns(records.filter(chosen))
    rows = frame.select(
        "source_record_id",
        pl.col("pmid").str.extract(r"0*([1-9]\d*)", 1),
        bare_doi("doi"),
        registry_numbers(),
        "year",
    ).with_columns(entries.filter(chosen)["entry"], *places(frame).drop("source_record_id"))
    return [
        Prepared(one, pmid, doi, tuple(numbers or ()), whole, volume, (first, last) if first or last else None, year)
        for one, pmid, doi, numbers, year, whole, volume, first, last in rows.sort("source_record_id").iter_rows()
    ]
