"""Loads files of PubMed XML (efetch output, NLM's baseline and update files) of any size, batch by batch.

Each batch is written as it comes, so memory does not grow with the file. What makes the rows visible is the receipt,
written last: a load that was killed shows nothing, and the same command again leaves the rows that are there and adds
the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from review.database import Append, Store
from review.errors import FormatError, ReviewError, UsageProblem
from review.search import store as rows
from review.search.checking import unreadable
from review.search.downloaded import Downloaded, check_md5, check_unchanged, opened
from review.search.notices import notice_rows
from review.search.pubmed_xml import PubmedBatch, read_batches
from review.search.receipts import DELETED, NEWER, NOT_SELECTED, Receipt, as_already, receipt_of_row, receipt_row
from review.search.records import Record, filled, quarantine_rows, sha256, source_rows
from review.search.selection import Selection, in_order, select, without_newer

SOURCE = "PubMed"
PLATFORM = "PubMed files"
BATCH = 2000  # a quarter quicker to write than 500, and still some fifty megabytes only
_LISTED = 1000  # of losses and of repairs on a receipt; the quarantine has every loss

Progress = Callable[[str, int, int, int], None]  # name of the file, bytes read, bytes in all, records so far


@dataclass(frozen=True)
class Ingested:
    """One file: its receipt; of its records the new readings of known PMIDs, and those that are only watched."""

    receipt: Receipt
    revised: int = 0
    watched: int = 0


@dataclass
class _Sums:
    """What a file held so far."""

    markers: int = 0
    read: int = 0
    rejected: int = 0
    repaired: int = 0
    places: int = 0
    withdrawn: set[str] = field(default_factory=set)
    aside: Counter[str] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)
    losses: list[dict[str, Any]] = field(default_factory=list)
    repairs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def accounted(self) -> int:
        """Record markers of which it is known what became of them."""
        return self.read + self.rejected + sum(self.aside.values())


def ingest_files(
    store: Store,
    paths: Sequence[Path],
    *,
    source: str = SOURCE,
    only: Collection[str] | None = None,
    known_only: bool = False,
    imported_by: str | None = None,
    progress: Progress = lambda name, done, total, records: None,
    each: Callable[[Ingested], None] = lambda done: None,
) -> list[Ingested]:
    """Load each of *paths*, files of NLM in the order of their numbers; *each* hears of every one that is done.

    Stops at the first that is refused, because a later file may hold newer readings of the same records; those
    before it stand, and are skipped when the call is repeated. See `ingest_file`.
    """
    if not source.strip():
        message = "the source of the file is blank"
        raise UsageProblem(message, hint='leave --source out, or name it: --source "PubMed"')
    done: list[Ingested] = []
    for path in in_order(paths):
        try:
            one = ingest_file(
                store,
                path,
                source=source,
                only=only,
                known_only=known_only,
                imported_by=imported_by,
                progress=progress,
            )
        except ReviewError as problem:
            if len(paths) > 1:
                problem.message += f"; {len(done)} of {len(paths)} files are done"
            raise
        each(one)
        done.append(one)
    return done


def ingest_file(
    store: Store,
    path: Path,
    *,
    source: str = SOURCE,
    source_kind: str = "database",
    platform: str = PLATFORM,
    only: Collection[str] | None = None,
    known_only: bool = False,
    imported_by: str | None = None,
    imported_at: datetime | None = None,
    progress: Progress = lambda name, done, total, records: None,
    size: int = BATCH,
) -> Ingested:
    """Load one file and return its receipt; *only* takes those PMIDs, *known_only* those that the review knows.

    A file that was loaded before with the same selection adds nothing, and its first receipt comes back with
    `already`. Raises UsageProblem when the file cannot be read; FormatError when it is no PubMed XML, ends early, is
    not what the .md5 file beside it says, or when none of its records can be read: then nothing of it is visible.
    """
    with opened(path) as file:
        evidence = check_md5(file)
        with _holding(store):
            selection = select(store, source=source, only=only, known_only=known_only)
            stub = Receipt(
                import_id=_import_id(source, file, "committed", selection),
                run_id=None,
                file_name=file.name,
                sha256=file.sha256,
                bytes=file.size,
                source=source,
                source_kind=source_kind,
                platform=platform,
                dialect="pubmed_xml",
                dialect_evidence=evidence,
                encoding="utf-8",
                bom=False,
                newlines="not counted",
                markers_seen=0,
                records_read=0,
                records_rejected=0,
                records_repaired=0,
                records_new=0,
                filled={},
                unmapped={},
                losses=(),
                repairs=(),
                not_understood=(),
                loss_accepted=False,
                status="committed",
                imported_by=imported_by,
                imported_at=imported_at or datetime.now(UTC),
            )
            return _ingest(store, file, stub, selection, progress=progress, size=size)


def _ingest(
    store: Store, file: Downloaded, stub: Receipt, selection: Selection, *, progress: Progress, size: int
) -> Ingested:
    """Load a file of which *stub* is the receipt without its counts."""
    earlier = rows.committed_import(store, stub.import_id) or rows.find_import(
        store, source=stub.source, sha256=file.sha256
    )
    if earlier is not None:
        return Ingested(as_already(receipt_of_row(earlier)))
    selection = without_newer(store, selection, source=stub.source, platform=stub.platform or "", name=file.name)
    sums = _Sums()
    if selection.kind != "all":
        sums.aside[NOT_SELECTED] = 0  # on a receipt it says that only a part of the file was wanted
    try:
        _load(store, file, sums, stub, selection, progress=progress, size=size)
    except FormatError as problem:
        # a file of another kind leaves no receipt; a short one may end early in its very first batch
        if sums.markers or "ends early" in problem.message:
            _refuse(store, file, sums, stub, selection, problem.message)
        problem.message += "; nothing of it was taken in"
        raise
    return _close(store, sums, stub)


def _load(
    store: Store, file: Downloaded, sums: _Sums, stub: Receipt, selection: Selection, *, progress: Progress, size: int
) -> None:
    """Write every batch of the file. Raises FormatError when it cannot be committed as a whole."""
    for batch in read_batches(file.handle, name=file.name, size=size):
        rows.keep_batch(store, _steps(batch, sums, stub, selection))
        progress(file.name, file.handle.tell(), file.size, sums.accounted)
    check_unchanged(file)
    if sums.rejected and sums.accounted == sums.rejected:
        first = sums.losses[0]
        message = (
            f"{file.name}: 0 of {sums.rejected} records could be read; the first, at byte {first['byte']}: "
            f"{first['reason']}"
        )
        raise FormatError(message, hint="is it the file that NLM or efetch gave? download it again")
    if sums.markers > sums.accounted:
        message = f"{file.name}: {sums.markers} record markers but only {sums.accounted} records could be told apart"
        raise FormatError(message, hint="download it again")
    if not sums.accounted and not sums.withdrawn:
        message = f"0 records in {file.name}: it is PubMed XML, and empty"
        raise FormatError(message, hint="did the search or the request for it find anything?")


def _steps(batch: PubmedBatch, sums: _Sums, stub: Receipt, selection: Selection) -> list[Append]:
    """The rows of one batch, which is added to *sums*."""
    import_id = stub.import_id
    places = range(sums.places + 1, sums.places + len(batch.records) + 1)
    sums.places += len(batch.records)
    taken = [
        (place, record) for place, record in zip(places, batch.records, strict=True) if _takes(record, selection, sums)
    ]
    records = [record for _, record in taken]
    found = source_rows(records, source=stub.source)
    # a record that stands in the file twice is one: its id must not hang on where a batch ends
    kept = {row["content_sha256"]: at for at, row in reversed(list(enumerate(found)))}
    first = sorted(kept.values())
    watched = [at for at in first if not selection.lists(records[at].pmid)]
    members = [at for at in first if selection.lists(records[at].pmid)]
    deleted = [pmid for pmid in batch.deleted if selection.names(pmid) and pmid not in selection.newer]
    _add(sums, batch, records, deleted)
    chosen = [found[at] for at in first]
    return [
        Append("search.source_record", chosen),
        Append("search.notice", notice_rows([records[at] for at in first], chosen)),
        Append(
            "search.import_record",
            [
                {
                    "import_id": import_id,
                    "source_record_id": found[at]["source_record_id"],
                    "position": taken[at][0],
                    "line": records[at].line,
                }
                for at in members
            ],
        ),
        Append(
            "search.watched_record",
            [{"import_id": import_id, "source_record_id": found[at]["source_record_id"]} for at in watched],
        ),
        Append("search.quarantine", quarantine_rows(batch.rejected, import_id=import_id, run_id=None)),
        Append("search.deletion", [{"import_id": import_id, "pmid": pmid} for pmid in dict.fromkeys(deleted)]),
    ]


def _takes(record: Record, selection: Selection, sums: _Sums) -> bool:
    """Whether a record is taken; one that is not is counted under its reason."""
    if not selection.takes(record):
        sums.aside[NOT_SELECTED] += 1
        return False
    if record.pmid in selection.newer:
        sums.aside[NEWER] += 1
        return False
    return True


def _add(sums: _Sums, batch: PubmedBatch, records: Sequence[Record], deleted: Sequence[str]) -> None:
    sums.markers += batch.markers
    sums.read += len(records)
    sums.rejected += len(batch.rejected)
    sums.withdrawn.update(deleted)
    sums.filled.update(filled(records))
    for bad in batch.rejected[: max(0, _LISTED - len(sums.losses))]:
        text = bad.content[:80].decode("utf-8", errors="replace").strip()
        sums.losses.append({"line": bad.line, "byte": bad.offset, "reason": bad.reason, "text": text})
    for record in records:
        rules = _unreadable(record)
        sums.repaired += bool(rules)
        if len(sums.repairs) < _LISTED:
            sums.repairs += [{"line": None, "byte": record.offset, "rule": rule} for rule in rules]


def _unreadable(record: Record) -> list[str]:
    """What could fill no column of a record: a DOI or a year that is none."""
    given = record.fields
    if not isinstance(given, Mapping) or (record.doi and record.year):
        return []
    values = (("DOI", "doi", record.doi), ("year", "year_as_given", record.year))
    asked = [(0, kind, name, str(given[name])) for kind, name, column in values if given.get(name) and not column]
    return [repair.rule for repair in unreadable(asked)]


def _close(store: Store, sums: _Sums, stub: Receipt) -> Ingested:
    """Write the receipt. New is what no committed import had brought: a repeat after a kill counts the same."""
    brought = rows.brought_by(store, stub.import_id)
    repeats = sums.read - brought["records"] - brought["watched"]
    receipt = replace(
        _filled_in(stub, sums, {"read for notices alone": brought["watched"], "exact repeats": repeats}),
        records_new=brought["new"],
    )
    rows.commit_receipt(store, receipt_row(receipt))
    return Ingested(receipt, revised=brought["revised"], watched=brought["watched"])


def _refuse(store: Store, file: Downloaded, sums: _Sums, stub: Receipt, selection: Selection, reason: str) -> None:
    """Write the receipt of a file of which nothing becomes visible."""
    losses = ({"line": None, "byte": None, "reason": reason, "text": ""}, *sums.losses)
    import_id = _import_id(stub.source, file, "refused", selection)
    refused = replace(_filled_in(stub, sums, {}), import_id=import_id, status="refused", losses=losses)
    rows.keep_refused(store, receipt_row(refused))


def _filled_in(stub: Receipt, sums: _Sums, more: Mapping[str, int]) -> Receipt:
    # bytes that are no record are kept and listed, but no marker stands for them
    pieces = max(0, sums.accounted - sums.markers)
    counts = {**sums.aside, DELETED: len(sums.withdrawn), "pieces that are no record": pieces, **more}
    return replace(
        stub,
        markers_seen=sums.markers,
        records_read=sums.read,
        records_rejected=sums.rejected - pieces,
        records_repaired=sums.repaired,
        filled=sums.filled,
        unmapped={name: count for name, count in counts.items() if count or name in sums.aside},
        losses=tuple(sums.losses),
        repairs=tuple(sums.repairs),
    )


def _import_id(source: str, file: Downloaded, status: str, selection: Selection) -> str:
    # without a selection it is the id that `review import` gives to the same file
    return "im_" + sha256(source, file.sha256, status, "", *selection.fingerprint)[:20]


def _holding(store: Store) -> AbstractContextManager[None]:
    """The file held open for all batches of one file; a store without a file has nothing to hold."""
    return store.holding()
