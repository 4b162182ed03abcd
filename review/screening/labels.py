"""Labels: free words that a reviewer puts on records and takes off again, each of them an event.

A label may say as much as a verdict ("surely out"), so another's is shown only where their decision on the same entry,
at the record's latest stage, is open to whoever looks.
"""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from review.database import Store
from review.errors import DecisionError, UsageProblem
from review.project import Project
from review.screening import label_store as tables
from review.screening.blinding import visible_decisions
from review.screening.records import find_record
from review.screening.store import read_states
from review.terms import Stage

LONGEST = 60
# controls, halves of characters, line and paragraph ends; and what turns the direction of the words after it
_REFUSED = ("Cc", "Cs", "Zl", "Zp")
_TURNS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@dataclass(frozen=True)
class Label:
    """A label as it was put or, *withdrawn*, taken off; not *new* when that had been done already."""

    label_id: str
    record_id: str
    reviewer: str
    label: str
    withdrawn: bool
    new: bool = field(default=True, compare=False)


def put_label(
    store: Store, project: Project, *, record: str, reviewer: str, label: str, label_id: str | None = None
) -> Label:
    """Put *label* on *record*. The same label, or the same *label_id*, again adds nothing.

    Raises UsageProblem for a label that is blank, longer than 60 characters or holds control characters.
    """
    return _write(store, project, record, reviewer, label, label_id, withdrawn=False)


def remove_label(
    store: Store, project: Project, *, record: str, reviewer: str, label: str, label_id: str | None = None
) -> Label:
    """Take the reviewer's own *label* off *record*. Raises DecisionError where they have no such label on it."""
    return _write(store, project, record, reviewer, label, label_id, withdrawn=True)


def own_labels(store: Store, project: Project, *, reviewer: str) -> list[str]:
    """Every label that this reviewer has on some record, by name: what they may want to use again."""
    return tables.read_own_labels(store, project.reviewer(reviewer).id)


def visible_labels(
    store: Store, project: Project, *, records: Iterable[str], reviewer: str
) -> dict[str, list[dict[str, Any]]]:
    """Record id → the labels on it that *reviewer* may see, by label: `label`, `reviewer`, `mine`.

    Records without one are left out.
    """
    person = project.reviewer(reviewer).id
    with store.reading():
        by_record: dict[str, list[dict[str, Any]]] = {}
        for row in tables.read_labels(store, list(records)):
            by_record.setdefault(row["record_id"], []).append(row)
        found = {}
        for record, rows in by_record.items():
            shown = rows
            if project.screening.blind and any(row["reviewer"] != person for row in rows):
                opened = _opened(store, project, record, person)
                shown = [
                    row for row in rows if row["reviewer"] == person or (row["reviewer"], row["entry_id"]) in opened
                ]
            if shown:
                found[record] = _listed(shown, person)
    return found


def clean_label(label: str) -> str:
    """*label* with single blanks and composed letters. Raises UsageProblem with what is wrong with it."""
    words = unicodedata.normalize("NFC", " ".join(part for part in label.split(" ") if part))
    if problem := problem_of_label(words):
        message = f"label {words[:LONGEST]!r} {problem}"
        raise UsageProblem(message, hint="a word or a few, such as: check dose")
    return words


def problem_of_label(words: str) -> str | None:
    """What is wrong with *words* as a label."""
    if not words.strip():
        return "is blank"
    if len(words) > LONGEST:
        return f"has {len(words)} characters; allowed are {LONGEST}"
    if any(unicodedata.category(sign) in _REFUSED or sign in _TURNS for sign in words):
        return "holds a control character or a line end"
    return None


def _write(
    store: Store, project: Project, record: str, reviewer: str, label: str, label_id: str | None, *, withdrawn: bool
) -> Label:
    person = project.reviewer(reviewer).id
    words = clean_label(label)
    with store.reading():
        if label_id and (known := tables.read_label(store, label_id)):
            if (known["reviewer"], known["label"], known["withdrawn"]) != (person, words, withdrawn):
                message = f"label event {label_id} exists already and is another one"
                raise DecisionError(message, hint="give each event an id of its own")
            return _as_label(known, find_record(store, known["source_record_id"]), new=False)
        record_id = find_record(store, record)
        own = [
            row for row in tables.read_labels(store, [record_id]) if (row["reviewer"], row["label"]) == (person, words)
        ]
        if withdrawn and not own:
            message = f"{person} has no label {words!r} on {record_id}"
            raise DecisionError(message, hint=f"review screen show {record_id[:12]} shows them")
        if own and not withdrawn:
            return _as_label({**own[0], "withdrawn": False}, record_id, new=False)
        row = {
            "label_id": label_id or str(uuid.uuid4()),
            "supersedes": own[0]["label_id"] if own else None,
            "source_record_id": own[0]["source_record_id"] if own else tables.read_shown(store, record_id),
            "reviewer": person,
            "label": words,
            "withdrawn": withdrawn,
            "decided_at": datetime.now(UTC),
        }
    # after a merge the same label may stand on several members: one word takes them all off
    others = [_taken_off(row, one) for one in own[1:]]
    store.apply([tables.append_labels([row, *others])])
    return _as_label(row, record_id, new=True)


def _taken_off(row: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "label_id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{row['label_id']} {other['label_id']}")),
        "supersedes": other["label_id"],
        "source_record_id": other["source_record_id"],
    }


def _opened(store: Store, project: Project, record: str, person: str) -> set[tuple[str, str]]:
    """(reviewer, entry) of the decisions at the record's latest stage that *person* may see."""
    latest = Stage.FULL_TEXT if Stage.FULL_TEXT.value in read_states(store, record) else Stage.TITLE_ABSTRACT
    rows = visible_decisions(store, project, record_id=record, reviewer=person, stage=latest)
    return {(row["reviewer"], row["entry_id"]) for row in rows}


def _listed(rows: Iterable[Mapping[str, Any]], person: str) -> list[dict[str, Any]]:
    """Each label of each person once, whatever members of the record it stands on."""
    pairs = dict.fromkeys((row["label"], row["reviewer"]) for row in rows)
    return [{"label": label, "reviewer": reviewer, "mine": reviewer == person} for label, reviewer in pairs]


def _as_label(row: Mapping[str, Any], record_id: str, *, new: bool) -> Label:
    return Label(row["label_id"], record_id, row["reviewer"], row["label"], bool(row["withdrawn"]), new)
