"""Moves what was extracted from one report to another study: its sources, the figures read there, their arms.

Rows hang on a report through sources.csv. When the report turns out to be of another study, its rows go with it, word
for word; what cannot go with them without being read anew by a person stops the move, and is named.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from review.errors import ExtractionError
from review.extraction.files import Row, read_csv
from review.extraction.form import ARMS, CONSENSUS, CONTRASTS, READERS, REMARKS, RESULTS, SOURCES, Form

_HINT = "move these rows by hand, or leave the report where it is"


@dataclass(frozen=True)
class Moved:
    """The files after the move (path → bytes), how many figures go, the arms they need, and those left undescribed."""

    files: Mapping[Path, bytes]
    figures: int
    arms: tuple[str, ...]
    undescribed: tuple[str, ...]


@dataclass(frozen=True)
class _Sheet:
    path: Path
    head: str
    rows: tuple[Row, ...]
    raw: tuple[str, ...]

    def without(self, gone: Sequence[Row]) -> bytes:
        lines = {row.line for row in gone}
        kept = [raw for row, raw in zip(self.rows, self.raw, strict=True) if row.line not in lines]
        return (self.head + "".join(kept)).encode()

    def texts(self, rows: Sequence[Row]) -> list[str]:
        lines = {row.line for row in rows}
        return [raw.rstrip("\r\n") for row, raw in zip(self.rows, self.raw, strict=True) if row.line in lines]


def move_figures(
    source: Path, target: Path, report: str, *, root: Path, standing: Mapping[Path, bytes] | None = None
) -> Moved:
    """What the files of both studies are after everything that hangs on *report* went from folder *source* to *target*.

    *standing* are files of the target that are not written yet. Raises ExtractionError, naming file and line, where a
    figure rests on two sources of which one stays, an arm is described in a source that goes while its figures stay,
    a remark, a consensus or a judgement speaks of what goes, or the target has such a row already.
    """
    files = dict(standing or {})
    sources = _sheet(source / "sources.csv", SOURCES, root)
    going = [row for row in sources.rows if row["report_id"] == report] if sources else []
    ids = {str(row["source_id"]) for row in going}
    if sources is None or not going:
        return Moved({}, 0, (), ())
    _refuse_spoken_of(source, report, ids, root)
    _carry(files, sources, going, target / "sources.csv", SOURCES, root)
    figures, needed, undescribed = 0, {}, {}
    for reader in READERS:
        used: dict[str, Row] = {}
        for form in RESULTS:
            sheet = _sheet(source / reader / f"{form.name}.csv", form, root)
            if sheet is None:
                continue
            rows = [row for row in sheet.rows if str(row["source_id"]) in ids]
            _refuse_straddling(sheet.rows, ids)
            _refuse_remarked(source, rows, root)
            used.update((arm, row) for row in sheet.rows if str(row["source_id"]) not in ids for arm in _arms_of(row))
            needed.update(dict.fromkeys(arm for row in rows for arm in _arms_of(row)))
            figures += len(rows)
            _carry(files, sheet, rows, target / reader / f"{form.name}.csv", form, root)
        described = _sheet(source / reader / "arms.csv", ARMS, root)
        if described is None:
            continue
        rows = [row for row in described.rows if str(row["source_id"]) in ids]
        for row in rows:
            if (arm := str(row["arm_id"])) in used:
                described_in = f"{row.row_id}: arm {arm} is described from source {row['source_id']}"
                message = f"{described_in}, which would go, while {used[arm].row_id} stays"
                raise ExtractionError(message, hint=_HINT)
        needed.update(dict.fromkeys(arm for row in rows for arm in (str(row["arm_id"]), *row["combines"])))
        stays = {str(row["arm_id"]) for row in described.rows} - {str(row["arm_id"]) for row in rows}
        undescribed.update(dict.fromkeys(arm for arm in needed if arm in stays))
        _carry(files, described, rows, target / reader / "arms.csv", ARMS, root)
    return Moved(files, figures, tuple(needed), tuple(undescribed))


def is_empty_form(content: bytes) -> bool:
    """Whether a CSV file holds a header and no row."""
    return len([line for line in content.decode("utf-8-sig", "replace").split("\n") if line.strip()]) <= 1


def _sheet(path: Path, form: Form, root: Path) -> _Sheet | None:
    """The rows of a file, each with its very text; None where there is no file."""
    if not path.is_file():
        return None
    rows = read_csv(path, form, root=root).rows
    text = path.read_bytes().decode("utf-8")
    if "\r" in text.replace("\r\n", ""):
        message = f"{path.relative_to(root).as_posix()} has line ends of old Macs"
        raise ExtractionError(message, hint="save it with line ends of Unix or Windows")
    lines = text.split("\n")
    pieces = [*(f"{line}\n" for line in lines[:-1]), *([lines[-1]] if lines[-1] else [])]
    starts = [*(row.line for row in rows), len(pieces) + 1]
    raw = tuple("".join(pieces[start - 1 : end - 1]) for start, end in pairwise(starts))
    return _Sheet(path, "".join(pieces[: starts[0] - 1]), rows, raw)


def _carry(files: dict[Path, bytes], sheet: _Sheet, rows: Sequence[Row], to: Path, form: Form, root: Path) -> None:
    """Take *rows* out of their sheet and put them at the end of the file *to*."""
    if not rows:
        return
    files[sheet.path] = sheet.without(rows)
    there = files.get(to) or (to.read_bytes() if to.is_file() else b"")
    name = to.relative_to(root).as_posix()
    if there and _columns(there) != _columns(sheet.head.encode()):
        message = f"{name} line 1: the columns stand in another order than in {sheet.path.relative_to(root).as_posix()}"
        raise ExtractionError(message, hint=_HINT)
    if to.is_file():
        taken = {row.key: row for row in read_csv(to, form, root=root).rows}
        if twice := next((row for row in rows if row.key in taken), None):
            message = f"{taken[twice.key].row_id} is the same as {twice.row_id}: {' | '.join(twice.key)}"
            raise ExtractionError(message, hint="name one of them otherwise, or remove it")
    text = there.decode("utf-8") or sheet.head.removeprefix("\ufeff")
    end = "\r\n" if "\r\n" in text else "\n"
    body = "".join(f"{raw.replace(chr(13), '')}\n" for raw in sheet.texts(rows)).replace("\n", end)
    files[to] = (text + ("" if text.endswith("\n") else end) + body).encode()


def _columns(content: bytes) -> list[str]:
    return next(csv.reader(io.StringIO(content.decode("utf-8-sig"))), [])


def _arms_of(row: Row) -> Iterable[str]:
    return (str(row[name]) for name in (("arm_a", "arm_b") if row.form is CONTRASTS else ("arm_id",)))


def _refuse_straddling(rows: Iterable[Row], ids: set[str]) -> None:
    for row in rows:
        other = row.values.get("n_source_id")
        if other and (str(other) in ids) != (str(row["source_id"]) in ids):
            message = f"{row.row_id} rests on the sources {row['source_id']} and {other}, of which one would go"
            raise ExtractionError(message, hint=_HINT)


def _refuse_spoken_of(folder: Path, report: str, ids: set[str], root: Path) -> None:
    """Remarks on the report or its sources, an agreed consensus, and judgements are a person's words on the study."""
    subjects = {f"report:{report}", *(f"source:{each}" for each in ids)}
    path = folder / "remarks.csv"
    for row in read_csv(path, REMARKS, root=root).rows if path.is_file() else ():
        if str(row["subject"]) in subjects:
            message = f"{row.row_id} is a remark on {row['subject']}, which would go"
            raise ExtractionError(message, hint=_HINT)
    path = folder / "consensus.csv"
    if path.is_file() and (agreed := read_csv(path, CONSENSUS, root=root).rows):
        message = f"{agreed[0].row_id}: two readers agreed on figures of this study"
        raise ExtractionError(message, hint=_HINT)
    judged = [folder / reader / "judgements.toml" for reader in READERS]
    for path in judged:
        if path.is_file():
            message = f"{path.relative_to(root).as_posix()} judges this study by what was read in it"
            raise ExtractionError(message, hint=_HINT)


def _refuse_remarked(folder: Path, rows: Sequence[Row], root: Path) -> None:
    path = folder / "remarks.csv"
    for remark in read_csv(path, REMARKS, root=root).rows if path.is_file() else ():
        wanted = str(remark["subject"]).split(" | ")
        for row in rows:
            found = row.subject.split(" | ")
            if len(wanted) == len(found) and all(one in ("*", two) for one, two in zip(wanted, found, strict=True)):
                message = f"{remark.row_id} is a remark on {row.row_id}, which would go"
                raise ExtractionError(message, hint=_HINT)
