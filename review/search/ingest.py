"""Imports reference files: one file, one atomic batch, one receipt."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from review.database import Append, Store
from review.errors import FormatError, UsageProblem
from review.search import store as rows
from review.search.notices import notice_rows
from review.search.receipts import Receipt, as_already, fault_of, make_receipt, problem_of, receipt_of_row, receipt_row
from review.search.records import membership, quarantine_rows, source_rows
from review.search.reference_files import read_reference_file
from review.terms import SourceKind

_ANEW = (
    "an import is not changed afterwards; to change its kind, import all files into a new review directory: ids follow "
    "from source and content, so decisions from `review events export` still fit"
)


def import_files(
    store: Store,
    paths: Sequence[Path],
    *,
    source: str | None = None,
    source_kind: str | None = None,
    platform: str | None = None,
    run_id: str | None = None,
    dialect: str = "auto",
    mapping: Mapping[str, str] | None = None,
    accept_loss: bool = False,
    strict: bool = False,
    imported_by: str | None = None,
    imported_at: datetime | None = None,
) -> list[Receipt]:
    """Import each of *paths*; see `import_file`. Stops at the first that is refused; those before it stand."""
    return [
        import_file(
            store,
            path,
            source=source,
            source_kind=source_kind,
            platform=platform,
            run_id=run_id,
            dialect=dialect,
            mapping=mapping,
            accept_loss=accept_loss,
            strict=strict,
            imported_by=imported_by,
            imported_at=imported_at,
        )
        for path in paths
    ]


def import_file(
    store: Store,
    path: Path,
    *,
    source: str | None = None,
    source_kind: str | None = None,
    platform: str | None = None,
    run_id: str | None = None,
    dialect: str = "auto",
    mapping: Mapping[str, str] | None = None,
    accept_loss: bool = False,
    strict: bool = False,
    imported_by: str | None = None,
    imported_at: datetime | None = None,
) -> Receipt:
    """Import one file and return its receipt.

    *source* names the database (`Embase`), *source_kind* is a word of `terms.SourceKind`; with *run_id* (a
    search that was entered) both default to the search's. The same file from the same source adds nothing and
    returns the first receipt with `already`. Raises FormatError when the file or none of its records can be read,
    or when its markers do not add up or it is cut off and *accept_loss* is not given: then only a refused receipt
    is stored. With *strict* any loss, any repair and any tag outside a record is refused in the same way.
    """
    if strict and accept_loss:
        message = "--strict and --accept-loss contradict each other"
        raise UsageProblem(message, hint="strict refuses every loss; leave one of the two out")
    kind_given, source_given = source_kind, source
    source, source_kind, platform = _source(store, source, source_kind, platform, run_id)
    data = read_bytes(path)
    fingerprint = hashlib.sha256(data).hexdigest()
    if earlier := rows.find_import(store, source=source, sha256=fingerprint):
        if run_id is not None and earlier["run_id"] != run_id:
            belongs = f"the search {earlier['run_id']}" if earlier["run_id"] else "no search"
            message = (
                f"{path.name} was imported as {earlier['import_id']}, where it belongs to {belongs}, not to {run_id}"
            )
            raise UsageProblem(message, hint="a file belongs to the search it was first imported for")
        if kind_given is not None and kind_given != earlier["source_kind"]:
            message = (
                f"{path.name} was imported as {earlier['import_id']} with the source kind {earlier['source_kind']!r}, "
                f"not {kind_given!r}; nothing was changed"
            )
            raise UsageProblem(message, hint=_ANEW)
        return as_already(receipt_of_row(earlier))
    remarks = _at_odds(store, source, fingerprint, kind=source_kind, typed=source_given is not None)
    reading = read_reference_file(data, name=path.name, dialect=dialect, mapping=mapping)
    problem = problem_of(reading, name=path.name) or (fault_of(reading, name=path.name) if strict else None)
    refused = problem is not None and not (accept_loss and reading.records)
    records = source_rows(reading.records, source=source)
    known = rows.known_ids(store, [row["source_record_id"] for row in records])
    receipt = make_receipt(
        reading,
        data_sha256=fingerprint,
        size=len(data),
        name=path.name,
        source=source,
        source_kind=source_kind,
        platform=platform,
        run_id=run_id,
        imported_by=imported_by,
        imported_at=imported_at or datetime.now(UTC),
        new=0 if refused else len({row["source_record_id"] for row in records} - known),
        refused=refused,
        loss_accepted=accept_loss and problem is not None,
    )
    if refused:
        rows.keep_refused(store, receipt_row(receipt))
        message = f"{problem}; nothing of it was imported"
        or_accept = ", or accept the loss with --accept-loss" if reading.records else ""
        if strict and reading.records:
            or_accept = ", mend the lines that are named, or leave --strict out"
        raise FormatError(message, hint=f"export the file again{or_accept}")
    rows.commit_import(
        store,
        records=records,
        notices=notice_rows(reading.records, records),
        membership=membership(receipt.import_id, records, reading.records),
        receipt=receipt_row(receipt),
        quarantine=quarantine_rows(reading.rejected, import_id=receipt.import_id, run_id=run_id),
        more=[
            Append("search.deletion", [{"import_id": receipt.import_id, "pmid": pmid} for pmid in reading.deleted]),
        ],
    )
    return replace(receipt, remarks=remarks)


def _at_odds(store: Store, source: str, fingerprint: str, *, kind: str, typed: bool) -> tuple[str, ...]:
    """What earlier imports say otherwise: the same bytes from another source, another kind of this source.

    Raises UsageProblem when *source*, as somebody *typed* it, differs from a known one in capitals or blanks only.
    """
    earlier = [row for row in rows.receipts(store).to_dicts() if row["status"] == "committed"]
    remarks = []
    known = sorted({row["source"] for row in earlier})
    if source not in known and (alike := [name for name in known if _plain(name) == _plain(source)]):
        message = (
            f"--source {source!r} differs from {alike[0]!r}, of which records are here, in capitals or blanks only"
        )
        if typed:
            raise UsageProblem(message, hint=f"it would be counted as a second source; write --source {alike[0]!r}")
        remarks.append(f"{message}; it is counted as a second source")
    for row in earlier:
        if row["sha256"] == fingerprint and row["source"] != source:
            remarks.append(
                f"the same file was imported as {row['import_id']} from {row['source']!r}; its records are counted as "
                "identified in both sources"
            )
    if others := sorted({row["source_kind"] for row in earlier if row["source"] == source} - {kind}):
        remarks.append(f"earlier imports from {source!r} are of the kind {', '.join(others)}, this one is of {kind}")
    return tuple(remarks)


def _plain(source: str) -> str:
    return " ".join(source.casefold().split())


def read_bytes(path: Path) -> bytes:
    """The bytes of *path*. Raises UsageProblem when it cannot be read, or is a pipe, which might never end."""
    try:
        if path.exists() and not path.is_file():
            message = f"{path} cannot be read: it is no regular file"
            raise UsageProblem(message, hint="give the file that was exported")
        return path.read_bytes()
    except OSError as problem:
        message = f"{path} cannot be read: {problem.strerror or problem}"
        raise UsageProblem(message, hint="give the path of the file that was exported") from problem


def _source(
    store: Store, source: str | None, source_kind: str | None, platform: str | None, run_id: str | None
) -> tuple[str, str, str | None]:
    """Source, its kind and platform: as given, else as the search says."""
    run: Mapping[str, Any] = {}
    if run_id is not None:
        found = rows.find_run(store, run_id)
        if found is None:
            message = f"there is no search {run_id!r}"
            raise UsageProblem(message, hint="review search history lists them; review search enter records a new one")
        run = found
        for option, given, known in (
            ("--source", source, run["source"]),
            ("--source-kind", source_kind, run["source_kind"]),
            ("--platform", platform, run["platform"]),
        ):
            if given is not None and known is not None and given != known:
                message = f"{option} {given!r} contradicts the search {run_id}, which is of {known!r}"
                raise UsageProblem(message, hint=f"leave {option} out: the search says it")
    name = source or run.get("source")
    if not name or not name.strip():
        message = "the source of the file is missing"
        raise UsageProblem(message, hint='name it: --source "Embase", or give the search with --search RUN_ID')
    kind = source_kind or run.get("source_kind") or SourceKind.DATABASE.value
    if kind not in set(SourceKind):
        message = f"unknown source kind {kind!r}; allowed: {', '.join(SourceKind)}"
        raise UsageProblem(message)
    return name, kind, platform or run.get("platform")
