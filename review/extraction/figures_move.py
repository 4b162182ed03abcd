"""Moves what was extracted from one report to another study: its sources, the figures read there, their arms.

Rows hang on a report through sources.csv. When the report turns out to be of another study, its rows go with it, word
for word but for the ids of sources and arms that the other study uses already: those get a number. What cannot go with
them without being read anew by a person stops the move, and all of it is named.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise
from pathlib import Path
from typing import Any

from review.errors import ExtractionError
from review.extraction.files import Row, read_csv
from review.extraction.form import ARMS, CONSENSUS, CONTRASTS, READERS, REMARKS, RESULTS, SOURCES, Form

_HINT = "move these rows by hand, or leave the report where it is"
_MOST_NAMED = 12
# the cells that name a source or an arm
_OF_SOURCES = ("source_id", "n_source_id")
_OF_ARMS = ("arm_id", "arm_a", "arm_b", "combines")


@dataclass(frozen=True)
class Moved:
    """The files after the move (path → bytes), how many figures go, the arms they need, and those left undescribed.

    *renamed_sources* and *renamed_arms* (old id → new) had to be named otherwise, because the target has such an id.
    """

    files: Mapping[Path, bytes]
    figures: int
    arms: tuple[str, ...]
    undescribed: tuple[str, ...]
    renamed_sources: Mapping[str, str] = field(default_factory=dict)
    renamed_arms: Mapping[str, str] = field(default_factory=dict)


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


@dataclass(frozen=True)
class _Part:
    """What goes of one file of the study, and the file that it goes to."""

    sheet: _Sheet
    going: Sequence[Row]
    to: Path
    form: Form


def move_figures(
    source: Path,
    target: Path,
    report: str,
    *,
    root: Path,
    standing: Mapping[Path, bytes] | None = None,
    source_arms: Mapping[str, Mapping[str, Any]] | None = None,
    target_arms: Mapping[str, Mapping[str, Any]] | None = None,
) -> Moved:
    """What the files of both studies are after everything that hangs on *report* went from folder *source* to *target*.

    *standing* are files of the target that are not written yet; *source_arms* and *target_arms* the arms of the two
    study.toml, id → keys. Raises ExtractionError, naming every file and line, where a figure rests on two sources of
    which one stays, an arm is described in a source that goes while its figures stay, or a remark, a consensus or a
    judgement speaks of what goes.
    """
    files = dict(standing or {})
    sources = _sheet(source / "sources.csv", SOURCES, root)
    going = [row for row in sources.rows if row["report_id"] == report] if sources else []
    ids = {str(row["source_id"]) for row in going}
    if sources is None or not going:
        return Moved({}, 0, (), ())
    parts = [_Part(sources, going, target / "sources.csv", SOURCES)]
    problems = list(_spoken_of(source, report, ids, root))
    figures = 0
    needed: dict[str, None] = {}
    undescribed: dict[str, None] = {}
    described_here: set[str] = set()
    for reader in READERS:
        used: dict[str, Row] = {}
        for form in RESULTS:
            sheet = _sheet(source / reader / f"{form.name}.csv", form, root)
            if sheet is None:
                continue
            rows = [row for row in sheet.rows if str(row["source_id"]) in ids]
            problems += [*_straddling(sheet.rows, ids), *_remarked(source, rows, root)]
            used.update((arm, row) for row in sheet.rows if str(row["source_id"]) not in ids for arm in _arms_of(row))
            needed.update(dict.fromkeys(arm for row in rows for arm in _arms_of(row)))
            figures += len(rows)
            parts.append(_Part(sheet, rows, target / reader / f"{form.name}.csv", form))
        described = _sheet(source / reader / "arms.csv", ARMS, root)
        if described is None:
            continue
        rows = [row for row in described.rows if str(row["source_id"]) in ids]
        for row in rows:
            if (arm := str(row["arm_id"])) in used:
                described_in = f"{row.row_id}: arm {arm} is described from source {row['source_id']}"
                problems.append(f"{described_in}, which would go, while {used[arm].row_id} stays")
        described_here |= {str(row["arm_id"]) for row in rows}
        needed.update(dict.fromkeys(arm for row in rows for arm in (str(row["arm_id"]), *row["combines"])))
        stays = {str(row["arm_id"]) for row in described.rows} - {str(row["arm_id"]) for row in rows}
        undescribed.update(dict.fromkeys(arm for arm in needed if arm in stays))
        parts.append(_Part(described, rows, target / reader / "arms.csv", ARMS))
    _refuse(problems)
    taken = {str(row["source_id"]) for row in _rows_there(target / "sources.csv", SOURCES, root)}
    new_sources = _renamed(sorted(ids & taken), taken | {str(row["source_id"]) for row in sources.rows})
    ours, theirs = target_arms or {}, source_arms or {}
    described_there = {
        str(row["arm_id"]) for reader in READERS for row in _rows_there(target / reader / "arms.csv", ARMS, root)
    }
    twice = [arm for arm in needed if _is_another(arm, theirs, ours, described_here & described_there)]
    new_arms = _renamed(twice, {*ours, *theirs, *described_there})
    for part in parts:
        _carry(files, part, {**dict.fromkeys(_OF_SOURCES, new_sources), **dict.fromkeys(_OF_ARMS, new_arms)}, root)
    return Moved(files, figures, tuple(needed), tuple(undescribed), new_sources, new_arms)


def is_empty_form(content: bytes) -> bool:
    """Whether a CSV file holds a header and no row."""
    return len([line for line in content.decode("utf-8-sig", "replace").split("\n") if line.strip()]) <= 1


def left_over(folder: Path, after: Mapping[Path, bytes], *, root: Path) -> list[str]:
    """The rows of a study that rest on none of its reports, and why, as they would stand in the files *after* a move.

    A source without a report with its figures, an arm that is described from one, a remark on the study.
    """
    found = []
    sheets: list[tuple[Path, Form]] = [(folder / "sources.csv", SOURCES), (folder / "remarks.csv", REMARKS)]
    sheets += [(folder / reader / f"{form.name}.csv", form) for reader in READERS for form in (ARMS, *RESULTS)]
    for path, form in sheets:
        now = after.get(path)
        for row in _rows_there(path, form, root):
            if now is not None and row.raw not in _raw_rows(now):
                continue
            if form is SOURCES:
                of = f"is of report {row['report_id']}" if row["report_id"] else "names no report"
                found.append(f"{row.row_id} source {row['source_id']} {of}")
            elif form is REMARKS:
                found.append(f"{row.row_id} a remark on {row['subject']}")
            else:
                what = f"arm {row['arm_id']} is described" if form is ARMS else "a figure was read"
                found.append(f"{row.row_id} {what} from source {row['source_id']}")
    return found


def shown(found: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(found) - _MOST_NAMED
    return "; ".join(found[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")


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


def _carry(files: dict[Path, bytes], part: _Part, names: Mapping[str, Mapping[str, str]], root: Path) -> None:
    """Take the rows that go out of their sheet and put them at the end of the other file, *names* (column → old → new)
    replaced."""
    if not part.going:
        return
    sheet, to = part.sheet, part.to
    files[sheet.path] = sheet.without(part.going)
    there = files.get(to) or (to.read_bytes() if to.is_file() else b"")
    columns = _columns(sheet.head.encode())
    if there and _columns(there) != columns:
        name = to.relative_to(root).as_posix()
        message = f"{name} line 1: the columns stand in another order than in {sheet.path.relative_to(root).as_posix()}"
        raise ExtractionError(message, hint=_HINT)
    text = there.decode("utf-8") or sheet.head.removeprefix("\ufeff")
    end = "\r\n" if "\r\n" in text else "\n"
    raws = [_with_names(raw.replace("\r", ""), columns, names) for raw in sheet.texts(part.going)]
    body = "".join(f"{raw}\n" for raw in raws).replace("\n", end)
    files[to] = (text + ("" if text.endswith("\n") else end) + body).encode()


def _with_names(raw: str, columns: Sequence[str], names: Mapping[str, Mapping[str, str]]) -> str:
    """The text of a row with other names in some cells; every other cell stays as it was quoted."""
    cells = []
    for column, cell in zip(columns, _cells(raw), strict=True):
        new = names.get(column, {})
        words = cell.strip().strip('"')
        parts = [part.strip() for part in words.split(";")] if column == "combines" else [words]
        if any(part in new for part in parts):
            made = ";".join(new.get(part, part) for part in parts)
            cell = f'"{made}"' if cell.strip().startswith('"') else made
        cells.append(cell)
    return ",".join(cells)


def _cells(raw: str) -> list[str]:
    """The cells of a row as they are written, with their quotes."""
    cells, start, quoted = [], 0, False
    for place, sign in enumerate(raw):
        if sign == '"':
            quoted = not quoted
        elif sign == "," and not quoted:
            cells.append(raw[start:place])
            start = place + 1
    return [*cells, raw[start:]]


def _renamed(names: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """name → the name with the first number from 2 on that makes it a new one."""
    used = {each.casefold() for each in taken}
    found = {}
    for name in names:
        found[name] = next(new for number in count(2) if (new := f"{name}-{number}").casefold() not in used)
        used.add(found[name].casefold())
    return found


def _is_another(
    arm: str,
    theirs: Mapping[str, Mapping[str, Any]],
    ours: Mapping[str, Mapping[str, Any]],
    described: Iterable[str],
) -> bool:
    """Whether an arm that goes is another one than that of the same id there: of another role, or described in both."""
    if arm not in ours:
        return False
    return arm in described or theirs.get(arm, {}).get("role") != ours[arm].get("role")


def _rows_there(path: Path, form: Form, root: Path) -> tuple[Row, ...]:
    return read_csv(path, form, root=root).rows if path.is_file() else ()


def _raw_rows(content: bytes) -> list[dict[str, str]]:
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return [{name: (cell or "").strip() for name, cell in row.items()} for row in rows]


def _columns(content: bytes) -> list[str]:
    return next(csv.reader(io.StringIO(content.decode("utf-8-sig"))), [])


def _arms_of(row: Row) -> Iterable[str]:
    return (str(row[name]) for name in (("arm_a", "arm_b") if row.form is CONTRASTS else ("arm_id",)))


def _refuse(problems: Sequence[str]) -> None:
    """Raises ExtractionError with all that stops the move."""
    if problems:
        raise ExtractionError(shown(list(dict.fromkeys(problems))), hint=_HINT)


def _straddling(rows: Iterable[Row], ids: set[str]) -> Iterator[str]:
    for row in rows:
        other = row.values.get("n_source_id")
        if other and (str(other) in ids) != (str(row["source_id"]) in ids):
            yield f"{row.row_id} rests on the sources {row['source_id']} and {other}, of which one would go"


def _spoken_of(folder: Path, report: str, ids: set[str], root: Path) -> Iterator[str]:
    """Remarks on the report or its sources, an agreed consensus, and judgements are a person's words on the study."""
    subjects = {f"report:{report}", *(f"source:{each}" for each in ids)}
    for row in _rows_there(folder / "remarks.csv", REMARKS, root):
        if str(row["subject"]) in subjects:
            yield f"{row.row_id} is a remark on {row['subject']}, which would go"
    for row in _rows_there(folder / "consensus.csv", CONSENSUS, root)[:1]:
        yield f"{row.row_id}: two readers agreed on figures of this study"
    for path in (folder / reader / "judgements.toml" for reader in READERS):
        if path.is_file():
            yield f"{path.relative_to(root).as_posix()} judges this study by what was read in it"


def _remarked(folder: Path, rows: Sequence[Row], root: Path) -> Iterator[str]:
    for remark in _rows_there(folder / "remarks.csv", REMARKS, root):
        wanted = str(remark["subject"]).split(" | ")
        for row in rows:
            found = row.subject.split(" | ")
            if len(wanted) == len(found) and all(one in ("*", two) for one, two in zip(wanted, found, strict=True)):
                yield f"{remark.row_id} is a remark on {row.row_id}, which would go"
