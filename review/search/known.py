"""What a review knows publications by: PMIDs, DOIs and PubMed Central numbers of records, reports and sources.

PubMed is asked by PMID alone. A DOI or PubMed Central number waits until a record that bears it is read from a file;
from then on the PMID of that record is known too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from review.database import Store
from review.search import store as rows

SOURCE = "PubMed"
_PMID = re.compile(r"[1-9]\d{0,7}")
_KINDS = ("pmid", "doi", "pmcid")


@dataclass(frozen=True)
class Numbers:
    """Numbers of publications; `found` are the PMIDs of records that were read under one of the DOIs or PMC numbers."""

    pmids: frozenset[str] = frozenset()
    dois: frozenset[str] = frozenset()
    pmcids: frozenset[str] = frozenset()
    found: frozenset[str] = frozenset()


def known(store: Store, *, source: str = SOURCE) -> Numbers:
    """The numbers of records of any source, of study reports, and of the pages from which figures were read.

    A record of *source* counts by its PMID alone: its DOI and its PMC number are what *source* itself says of that
    PMID, and may change with every reading.
    """
    names = rows.document_names(store)
    of_records = rows.record_numbers(store, source=source)
    pmids, dois, pmcids = (
        frozenset(given) | {row["id"] for row in names if row["id_kind"] == kind}
        for kind, given in zip(_KINDS, of_records, strict=True)
    )
    read = rows.read_under(store, dois=sorted(dois), pmcids=sorted(pmcids))
    return Numbers(
        frozenset(pmid for pmid in pmids if _PMID.fullmatch(pmid)), dois, pmcids, frozenset(row["pmid"] for row in read)
    )


def studies_without_pmid(store: Store) -> tuple[int, int]:
    """How many studies have no report of which the PMID is known, and how many studies there are.

    A PMID stands in study.toml or in the PubMed address of the report; or a record was read that has the DOI or the
    PMC number of the report.
    """
    names: dict[str, set[tuple[str, str]]] = {study: set() for study in rows.study_ids(store)}
    for row in rows.document_names(store):
        if row["report_kind"] != "secondary source":
            names[row["study_id"]].add((row["id_kind"], row["id"]))
    dois, pmcids = (
        sorted({number for given in names.values() for one, number in given if one == kind}) for kind in _KINDS[1:]
    )
    read = rows.read_under(store, dois=dois, pmcids=pmcids)
    met = {(kind, row[kind]) for row in read for kind in _KINDS[1:]}
    without = sum(
        not any(kind == "pmid" or (kind, number) in met for kind, number in given) for given in names.values()
    )
    return without, len(names)
