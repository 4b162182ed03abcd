"""What of a source record matters to the replay: whose version it is, and its identifiers in one form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from review.dedupe.normalise import bare_doi, registry_numbers


@dataclass(frozen=True)
class Prepared:
    """One version of an entry, and its identifiers."""

    source_record_id: str
    pmid: str | None = None
    doi: str | None = None
    registry_ids: tuple[str, ...] = ()
    entry_id: str = ""

    @property
    def entry(self) -> str:
        """The source record that stands for all versions of it: the one that was read first."""
        return self.entry_id or self.source_record_id


def prepare(records: pl.DataFrame, named: Iterable[str]) -> list[Prepared]:
    """All versions of the entries that *named* ids are versions of, in the order of their ids.

    *records* has the columns source_record_id, entry_id, pmid, doi and registry_ids; one that is absent is empty.
    """
    kinds: dict[str, type[pl.DataType] | pl.DataType] = {
        "entry_id": pl.String,
        "pmid": pl.String,
        "doi": pl.String,
        "registry_ids": pl.List(pl.String),
    }
    absent = [pl.lit(None, dtype=kind).alias(name) for name, kind in kinds.items() if name not in records.columns]
    entry = pl.coalesce("entry_id", "source_record_id")
    frame = records.with_columns(absent).select("source_record_id", *(pl.col(n).cast(k) for n, k in kinds.items()))
    ids = pl.Series(sorted(set(named)), dtype=pl.String).implode()
    wanted = frame.filter(pl.col("source_record_id").is_in(ids)).select(entry).to_series().unique()
    rows = frame.filter(entry.is_in(wanted.implode())).select(
        "source_record_id",
        pl.col("pmid").str.extract(r"0*([1-9]\d*)", 1),
        bare_doi("doi"),
        registry_numbers("registry_ids"),
        entry.alias("entry"),
    )
    return [
        Prepared(one, pmid, doi, tuple(numbers or ()), whole)
        for one, pmid, doi, numbers, whole in rows.sort("source_record_id").iter_rows()
    ]
