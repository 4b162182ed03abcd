"""CSV and TSV with the column names that our reader knows.

A cell that a spreadsheet would run gets an apostrophe, and the column `defused` names the cells of its row that got
one: so the reader can take away exactly those, and an apostrophe that was there before stays.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import replace

from review.identifiers import find_registry_ids
from review.search.csv_records import DEFUSED, names
from review.search.written.reference import Reference, cleaned, inverted, parted

# our column → its header
_HEADERS = {
    "reference_id": "id", "label": "label", "title": "title", "vernacular_title": "vernacular title",
    "abstract": "abstract", "authors": "authors", "journal": "journal", "year": "year", "month": "month",
    "volume": "volume", "issue": "issue", "pages": "pages", "language": "language", "pmid": "pmid", "doi": "doi",
    "pmcid": "pmcid", "registry_ids": "registry id", "record_type": "type", "publication_types": "publication types",
    "mesh": "mesh", "keywords": "keywords", "url": "url", "accession": "accession", "note": "note",
}  # fmt: skip
_FORMULA = re.compile(r"[=+\-@\t\r]")


def held_by_table(reference: Reference) -> Reference:
    """What of *reference* a table can hold, as it is read back: everything, but lists are parted by `;` and `|`."""
    one = cleaned(reference)
    return replace(
        one,
        authors=inverted(one.authors),
        registry_ids=tuple(find_registry_ids("; ".join(one.registry_ids))),
        publication_types=parted(one.publication_types, ";|"),
        mesh=parted(one.mesh, ";|"),
        keywords=parted(one.keywords, ";|"),
    )


def write_csv(references: Iterable[Reference], *, simulated: bool = False) -> str:
    """*references* as CSV; in a *simulated* project a last column says so."""
    return _written(references, ",", simulated=simulated)


def write_tsv(references: Iterable[Reference], *, simulated: bool = False) -> str:
    """*references* as a table with tabs."""
    return _written(references, "\t", simulated=simulated)


def _written(references: Iterable[Reference], delimiter: str, *, simulated: bool) -> str:
    sink = io.StringIO()
    writer = csv.writer(sink, delimiter=delimiter, lineterminator="\n")
    writer.writerow([*_HEADERS.values(), DEFUSED, *(["simulated"] if simulated else [])])
    for number, reference in enumerate(references, start=1):
        cells = _cells(reference, number)
        risky = [header for header, text in cells.items() if _FORMULA.match(text)]
        row = [f"'{text}" if header in risky else text for header, text in cells.items()]
        writer.writerow([*row, "; ".join(risky), *(["SIMULATED"] if simulated else [])])
    return sink.getvalue()


def _cells(reference: Reference, number: int) -> dict[str, str]:
    """Header → text of its cell; the registry ids are all written, also those that no reader knows."""
    one = held_by_table(reference)
    found: dict[str, str] = {}
    for name, header in _HEADERS.items():
        value = getattr(reference if name == "registry_ids" else one, name)
        found[header] = "; ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
    found["id"] = found["id"] or str(number)
    # a name alone, `Last, First`, could be taken for two
    if names(found["authors"]) != (found["authors"] or None):
        found["authors"] += ";"
    return found
