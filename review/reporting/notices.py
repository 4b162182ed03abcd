"""What PubMed says of the reports of the review today, in words: retracted, of concern, corrected, withdrawn.

The rule is in `v1.study_notice`, and docs/methods/retractions.md tells it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from review.database import Store
from review.reporting import store as reads
from review.terms import NoticeKind

OF_CONCERN = (NoticeKind.PARTIAL_RETRACTION, NoticeKind.EXPRESSION_OF_CONCERN)
CORRECTED = (NoticeKind.ERRATUM, NoticeKind.REPUBLICATION, NoticeKind.UPDATE)
Line = Mapping[str, Any]
_NAMED = 3


def notice_lines(store: Store) -> list[str]:
    """One line for each retracted study; one for all that are of concern, corrected, withdrawn; none without notice."""
    found = reads.study_notices(store).to_dicts()
    if not found:
        return []
    taken = [row for row in found if row["retracts"]]
    cells = reads.retracted_cells(store).to_dicts() if taken else []
    said = [_retracted(rows, cells) for rows in _by_study(taken)]
    bare = [row for row in found if row["kind"] == NoticeKind.RETRACTION and not row["retracts"]]
    said += _secondary([row for row in bare if row["concerns"] == "source"])
    said += _one("retracted, and no figure was read from it", [row for row in bare if row["concerns"] != "source"])
    said += _one("of concern", [row for row in found if row["kind"] in OF_CONCERN])
    said += _corrected([row for row in found if row["kind"] in CORRECTED])
    said += _one("withdrawn from PubMed", [row for row in found if row["kind"] == NoticeKind.DELETION])
    return said


def record_lines(store: Store, *, reviewer: str | None = None) -> list[str]:
    """One line for each retracted, one for all other noticed records that are included and no report of a study.

    With *reviewer*, of the records that this person included: how others decided must not show.
    """
    found = reads.noticed_records(store, reviewer=reviewer).to_dicts()
    retracted = [row for row in found if row["kind"] == NoticeKind.RETRACTION]
    others = [row for row in found if row["kind"] in (*OF_CONCERN, NoticeKind.DELETION)]
    by = "you included it" if reviewer else "included"
    said = [
        f"retracted: {row['title'] or row['record_id']} ({_place(row)}): {by}, not yet a study" for row in retracted
    ]
    if others:
        named = "; ".join(f"{row['title'] or row['record_id']} ({row['words']})" for row in others)
        said.append(f"of concern or withdrawn: {named}: {by}, not yet a study")
    return said


def retracted_note(store: Store) -> str:
    """One sentence that names the retracted studies, which are still counted; empty without any."""
    taken = [row for row in reads.study_notices(store).to_dicts() if row["retracts"]]
    named = [f"{rows[0]['label']} ({'; '.join(row['words'] for row in rows)})" for rows in _by_study(taken)]
    return f"Retracted, and still counted: {', '.join(named)}." if named else ""


def notice_words(row: Line) -> str:
    """One notice for `review explain`: kind, report, notice, place of publication, day."""
    day = f"seen {row['seen_at']:%Y-%m-%d}" if row["seen_at"] else "named in study.toml"
    return ", ".join(str(part) for part in (row["words"], row["notice_text"], day) if part)


def _retracted(rows: Sequence[Line], cells: Sequence[Line]) -> str:
    whole = any(row["concerns"] == "study" for row in rows)
    mine = [cell for cell in cells if cell["study_id"] == rows[0]["study_id"]]
    pooled = [cell for cell in mine if cell["pooled"]]
    count = len({cell["cell_id"] for cell in mine})
    where = f"in {count} cell{'' if count == 1 else 's'}" if count else "in no cell"
    if count and not pooled:
        where += ", in no number"
    if pooled and all(cell["compared"] for cell in pooled):
        where += "; pooled without it as a sensitivity line"
    elif pooled:
        where += "; not yet pooled without it: run review synthesize run"
    what = "retracted" if whole else "figures retracted"
    return f"{what}: {rows[0]['label']} ({'; '.join(_place(row) for row in rows)}): {where}"


def _place(row: Line) -> str:
    """`PMID 123; notice PMID 456, seen 2026-11-20`."""
    report = f"PMID {row['pmid']}" if row["pmid"] else f"DOI {row['doi']}" if row["doi"] else str(row["report_id"])
    parts = [f"notice PMID {row['notice_pmid']}" if row["notice_pmid"] else ""]
    parts.append(f"seen {row['seen_at']:%Y-%m-%d}" if row["seen_at"] else "named in study.toml")
    return f"{report}; {', '.join(part for part in parts if part)}"


def _one(what: str, rows: Sequence[Line]) -> list[str]:
    named = [f"{mine[0]['label']} ({'; '.join(row['words'] for row in mine)})" for mine in _by_study(rows)]
    return [f"{what}: {'; '.join(named)}"] if named else []


def _secondary(rows: Sequence[Line]) -> list[str]:
    """One line for each retracted review or other secondary source: its trials are not retracted, their figures are."""
    found: dict[str, list[Line]] = {}
    for row in rows:
        found.setdefault(_place(row), []).append(row)
    said = []
    for place, mine in found.items():
        resting = [row for row in mine if row["figures"]]
        named = ", ".join(str(row["label"]) for row in resting[:_NAMED]) + (" ..." if len(resting) > _NAMED else "")
        wholly = sum(bool(row["all_figures"]) for row in resting)
        one = len(resting) == 1
        rest = f"{len(resting)} {'study rests' if one else 'studies rest'} on it: {named} ({wholly} with all figures)"
        said.append(f"retracted secondary source ({place}): {rest if resting else 'no figure was read from it'}")
    return said


def _corrected(rows: Sequence[Line]) -> list[str]:
    if not rows:
        return []
    studies = _by_study(rows)
    newer = [mine[0]["label"] for mine in studies if any(row["check_figures"] for row in mine)]
    check = f"; seen after the figures were read, so check them: {', '.join(newer)}" if newer else ""
    return [f"corrections: {len(rows)} on {len(studies)} {'study' if len(studies) == 1 else 'studies'}{check}"]


def _by_study(rows: Sequence[Line]) -> list[list[Line]]:
    found: dict[str, list[Line]] = {}
    for row in rows:
        found.setdefault(str(row["study_id"]), []).append(row)
    return list(found.values())
