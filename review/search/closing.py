"""Writes what a run at PubMed found, with its closing row, in one batch: before it the run never happened."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from review import __version__
from review.database import Append, Store
from review.search import store as rows
from review.search.notices import notice_rows
from review.search.pubmed_xml import engine
from review.search.reading import Reading
from review.search.receipts import make_receipt, receipt_row
from review.search.recorded import Body
from review.search.records import Record, Rejected, membership, quarantine_rows, sha256, source_rows

AT_ONCE = 4000


@dataclass(frozen=True)
class Closed:
    """What a run brought: records, those that are rows for the first time, and which of these PubMed had revised."""

    records: int
    new: int
    changed: int


def close_run(
    store: Store,
    *,
    run: Mapping[str, Any],
    name: str,
    records: Sequence[Record],
    bodies: Sequence[Body],
    rejected: Sequence[Rejected] = (),
    lines: Sequence[Mapping[str, Any]] = (),
    unasked: int = 0,
    more: Sequence[Append] = (),
) -> Closed:
    """Write *records*, their receipt and the closing row *run* (its `source` and `source_kind` are the records').

    *name* stands on the receipt, *unasked* counts records that came without having been asked. Closing a run again
    finds its receipt and changes nothing.
    """
    reading = Reading(
        dialect="pubmed_xml",
        evidence="efetch",
        records=tuple(record if record.offset is None else replace(record, offset=None) for record in records),
        markers=len(records),
        unmapped={"records that were not asked": unasked} if unasked else {},
    )
    found: list[dict[str, Any]] = []
    notices: list[dict[str, Any]] = []
    for at in range(0, len(reading.records), AT_ONCE):
        some = reading.records[at : at + AT_ONCE]
        whole = source_rows(some, source=run["source"])
        notices += notice_rows(some, whole)
        if len(reading.records) > AT_ONCE:
            # the rows of a large run go first, part by part, and of each only its keys stay: no receipt, nothing to see
            rows.keep_records(store, whole)
            whole = [{name: row[name] for name in ("source_record_id", "pmid")} for row in whole]
        found += whole
    known = rows.visible_ids(store, [row["source_record_id"] for row in found])
    fresh = [row for row in found if row["source_record_id"] not in known]
    before = rows.known_pmids(store, source=run["source"], pmids=[row["pmid"] for row in fresh if row["pmid"]])
    # the id hangs on the run alone: closing the same run again, with one more body, must find its receipt
    import_id = import_id_of(run["run_id"])
    fingerprint, size = _all_of(bodies)
    receipt = make_receipt(
        reading,
        data_sha256=fingerprint,
        size=size,
        name=f"{name} ({len(bodies)} answers)",
        source=run["source"],
        source_kind=run["source_kind"],
        platform="E-utilities",
        run_id=run["run_id"],
        imported_by=run["run_by"],
        imported_at=datetime.now(UTC),
        new=len({row["source_record_id"] for row in fresh}),
        refused=False,
        loss_accepted=False,
    )
    rows.commit_import(
        store,
        records=found if len(found) <= AT_ONCE else (),
        notices=notices,
        membership=membership(import_id, found, reading.records),
        receipt=receipt_row(receipt) | {"import_id": import_id},
        quarantine=quarantine_rows(rejected, import_id=import_id, run_id=run["run_id"]),
        lines=lines,
        run=run,
        more=more,
    )
    return Closed(len(found), receipt.records_new, sum(row["pmid"] in before for row in fresh))


def _all_of(bodies: Sequence[Body]) -> tuple[str, int]:
    """Fingerprint and size of all contents, of which only one is unpacked at a time; as records.sha256 has it."""
    digest, size = hashlib.sha256(), 0
    for body in bodies:
        content = body.content
        digest.update(str(len(content)).encode() + b":" + content)
        size += len(content)
    return digest.hexdigest(), size


def import_id_of(run_id: str) -> str:
    """The id of the receipt of a run."""
    return "im_" + sha256("run", run_id)[:20]


def tool_name() -> str:
    """Which program asked, with versions."""
    import Bio

    return f"regen-review {__version__}, biopython {Bio.__version__}, {engine()}"
