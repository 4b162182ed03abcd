"""The receipt of an import: what the file held, what was read, and each loss with its line.

Identity: markers seen = records read + records rejected (+ those set aside, where only a selection of a file was
wanted). The markers are counted by a scan of their own, so a record that a reader swallowed shows as a difference, and
nothing is committed.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from review.search.reading import Reading, Repair
from review.search.records import filled, sha256

_SHOWN = 10
_NOT_KEPT = ("already", "remarks")
_NUMBER = re.compile(r"^record \d+(?=:)")
# a line that would be a part of a record, if it stood in one
_TAGGED = re.compile(r"[A-Z][A-Z0-9]{1,3}\s{0,3}- |%[0-9A-Z] |@\w+\s*[{(]|<record\b")
_TAGGED_IN = {"wos": re.compile(r"[A-Z][A-Z0-9] \S"), "bibtex": re.compile(r"@|[A-Za-z]+\s*\{|[A-Za-z][\w -]*=")}
# records that were read and set aside; they stand among the unmapped, because they fill no column
NOT_SELECTED = "not selected"
NEWER = "in a newer file already"
# PMIDs that PubMed withdrew: no records, but among the counts of the file too
DELETED = "DeleteCitation"


@dataclass(frozen=True)
class Receipt:
    """One import of one file; `already` says that the same file had been imported before and nothing was added.

    `remarks` are for people at the time of the import: what in other imports is at odds with this one.
    """

    import_id: str
    run_id: str | None
    file_name: str
    sha256: str
    bytes: int
    source: str
    source_kind: str
    platform: str | None
    dialect: str
    dialect_evidence: str
    encoding: str
    bom: bool
    newlines: str
    markers_seen: int
    records_read: int
    records_rejected: int
    records_repaired: int
    records_new: int
    filled: Mapping[str, int]
    unmapped: Mapping[str, int]
    losses: tuple[Mapping[str, Any], ...]
    repairs: tuple[Mapping[str, Any], ...]
    not_understood: tuple[Mapping[str, Any], ...]
    loss_accepted: bool
    status: str
    imported_by: str | None
    imported_at: datetime
    already: bool = False
    remarks: tuple[str, ...] = ()


def problem_of(reading: Reading, *, name: str) -> str | None:
    """What forbids to commit *reading*, with its line; None when all markers are accounted for and nothing is cut."""
    if reading.rejected and not reading.records:
        first = reading.rejected[0]
        place = _place({"line": first.line, "byte": first.offset})
        return f"{name}: 0 of {len(reading.rejected)} records could be read; the first, at {place}: {first.reason}"
    if reading.unfinished is not None:
        return f"{name}: {_cut_off(reading)}"
    return _difference(reading, name=name)


def fault_of(reading: Reading, *, name: str) -> str | None:
    """What forbids to commit *reading* where nothing may be lost or mended: the first fault with its line."""
    faults = [(bad.line, bad.offset, f"lost: {bad.reason}") for bad in reading.rejected]
    faults += [(repair.line, None, f"repaired: {repair.rule}") for repair in reading.repairs]
    tagged = _TAGGED_IN.get(reading.dialect, _TAGGED)
    faults += [
        (bad.line, None, f"a tag outside a record: {bad.text!r}") for bad in reading.strays if tagged.match(bad.text)
    ]
    if not faults:
        return None
    line, offset, said = min(faults, key=lambda fault: (fault[0] is None, fault[0] or 0))
    more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    return f"{name}: {_place({'line': line, 'byte': offset})}: {said}{more}; --strict allows no loss and no repair"


def _cut_off(reading: Reading) -> str:
    return (
        f"the file ends inside the record that begins at line {reading.unfinished} ({reading.cut_off}); "
        "it may be cut off"
    )


def _difference(reading: Reading, *, name: str) -> str | None:
    """How the markers differ from the records, if they do."""
    read, rejected = len(reading.records), len(reading.rejected)
    if reading.markers == read + rejected:
        return None
    kind = {"ris": "TY", "nbib": "PMID", "wos": "PT", "bibtex": "@"}.get(reading.dialect, "record")
    line = _unseparated(reading)
    where = f"; the record at line {line} was not separated" if line else ""
    return f"{name}: {reading.markers} {kind} markers but {read} records read and {rejected} rejected{where}"


def make_receipt(
    reading: Reading,
    *,
    data_sha256: str,
    size: int,
    name: str,
    source: str,
    source_kind: str,
    platform: str | None,
    run_id: str | None,
    imported_by: str | None,
    imported_at: datetime,
    new: int,
    refused: bool,
    loss_accepted: bool,
) -> Receipt:
    """The receipt of *reading*. Its id follows from source, file and outcome, so that a repeat is harmless."""
    status = "refused" if refused else "committed"
    rejected = [
        {"line": bad.line, "byte": bad.offset, "reason": bad.reason, "text": _start(bad.content)}
        for bad in reading.rejected
    ]
    if difference := _difference(reading, name=name):
        rejected.append({"line": _unseparated(reading), "byte": None, "reason": difference, "text": ""})
    if reading.unfinished is not None:  # as far as it goes the record was read: a repair, not a loss
        reading = replace(reading, repairs=(*reading.repairs, Repair(reading.unfinished, _cut_off(reading))))
    return Receipt(
        import_id="im_" + sha256(source, data_sha256, status, run_id or "")[:20],
        run_id=run_id,
        file_name=name,
        sha256=data_sha256,
        bytes=size,
        source=source,
        source_kind=source_kind,
        platform=platform,
        dialect=reading.dialect,
        dialect_evidence=reading.evidence,
        encoding=reading.encoding,
        bom=reading.bom,
        newlines=reading.newlines,
        markers_seen=reading.markers,
        records_read=len(reading.records),
        records_rejected=len(reading.rejected),
        records_repaired=_repaired(reading),
        records_new=new,
        filled=filled(reading.records),
        unmapped=reading.unmapped,
        losses=tuple(rejected),
        repairs=tuple({"line": repair.line, "rule": repair.rule} for repair in reading.repairs),
        not_understood=tuple({"line": bad.line, "text": bad.text} for bad in reading.strays),
        loss_accepted=loss_accepted,
        status=status,
        imported_by=imported_by,
        imported_at=imported_at,
    )


def receipt_row(receipt: Receipt) -> dict[str, Any]:
    """The receipt as a row of its table."""
    row = {name: getattr(receipt, name) for name in receipt.__dataclass_fields__ if name not in _NOT_KEPT}
    for name in ("filled", "unmapped"):
        row[name] = _json(dict(row[name]))
    for name in ("losses", "repairs", "not_understood"):
        row[name] = _json([dict(item) for item in row[name]])
    return row


def receipt_of_row(row: Mapping[str, Any]) -> Receipt:
    """The receipt that a stored row holds."""
    kept = {name: row[name] for name in Receipt.__dataclass_fields__ if name not in _NOT_KEPT}
    for name in ("filled", "unmapped"):
        kept[name] = json.loads(kept[name])
    for name in ("losses", "repairs", "not_understood"):
        kept[name] = tuple(json.loads(kept[name]))
    return Receipt(**kept)


def as_already(receipt: Receipt) -> Receipt:
    """The receipt of an earlier import, as the answer to the same file once more."""
    return replace(receipt, already=True)


def words(receipt: Receipt) -> str:
    """The receipt for people: a line of counts, then each repair and loss with its line."""
    if receipt.already:
        day = f"{receipt.imported_at:%Y-%m-%d}"
        return f"{receipt.file_name}: already imported on {day} as {receipt.import_id}; nothing added"
    status = f"{receipt.status}, loss accepted" if receipt.loss_accepted else receipt.status
    aside = {name: receipt.unmapped[name] for name in (NOT_SELECTED, NEWER) if name in receipt.unmapped}
    counts = {"read": receipt.records_read, "rejected": receipt.records_rejected, **aside}
    accounted, parts = sum(counts.values()), [f"{name} {count}" for name, count in counts.items()]
    lines = [
        f"{receipt.file_name}: {status}; {receipt.dialect} ({receipt.dialect_evidence})",
        f"  import {receipt.import_id}, sha256 {receipt.sha256[:16]}…, {receipt.bytes} bytes, {receipt.encoding}, "
        f"newlines {receipt.newlines}",
        f"  markers {receipt.markers_seen} {'=' if receipt.markers_seen == accounted else '≠'} {' + '.join(parts)}",
        f"  repaired {receipt.records_repaired}, new {receipt.records_new}",
        "  filled: " + ", ".join(f"{name} {count}" for name, count in receipt.filled.items()),
    ]
    if deleted := receipt.unmapped.get(DELETED):
        lines.append(f"  {deleted} deletion{'' if deleted == 1 else 's'}: PMIDs that PubMed withdrew")
    if in_no_column := {tag: n for tag, n in receipt.unmapped.items() if tag not in (*aside, DELETED)}:
        lines.append(
            "  kept but in no column: " + ", ".join(f"{tag} {n}" for tag, n in list(in_no_column.items())[:20])
        )
    lines += [f"  mind: {remark}" for remark in receipt.remarks]
    lines += _listed("lost", receipt.losses, "reason")
    lines += _listed("repaired", receipt.repairs, "rule")
    lines += _listed("not understood", receipt.not_understood, "text")
    return "\n".join(lines)


def _listed(what: str, items: Iterable[Mapping[str, Any]], key: str) -> list[str]:
    """One line for each of the first items, and how many more there are."""
    found = list(items)
    lines = [f"  {what}: {_place(item)}: {item[key]}" for item in found[:_SHOWN]]
    if len(found) > _SHOWN:
        lines.append(f"  {what}: {len(found) - _SHOWN} more; see review search history --receipts --format json")
    return lines


def _place(item: Mapping[str, Any]) -> str:
    if item.get("line") is not None:
        return f"line {item['line']}"
    return f"byte {item['byte']}" if item.get("byte") is not None else "the file"


def _unseparated(reading: Reading) -> int | None:
    """The line of the first marker that begins no record."""
    begins = sorted(record.line for record in reading.records if record.line is not None)
    begins += [bad.line for bad in reading.rejected if bad.line is not None]
    starts = set(begins)
    for line in reading.marker_lines:
        if line not in starts and (reading.dialect != "nbib" or not _near(begins, line)):
            return line
    return None


def _near(begins: list[int], line: int) -> bool:
    """Whether a MEDLINE record begins a few tags above its PMID line, as PMC's do."""
    place = bisect_right(begins, line)
    return place > 0 and line - begins[place - 1] <= 3


def _repaired(reading: Reading) -> int:
    """How many records have a repair: the one that begins at or above each repaired line."""
    begins = sorted(record.line for record in reading.records if record.line is not None)
    # where a whole file is one line, the rule tells which record it was
    return len({(bisect_right(begins, repair.line), *_NUMBER.findall(repair.rule)[:1]) for repair in reading.repairs})


def _start(content: bytes) -> str:
    return content[:80].decode("utf-8", errors="replace").strip()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
