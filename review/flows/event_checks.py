"""What an event may say: an imported file gets no further than the commands do.

A line is told by where it stands; what it says is held against the events of the review and of the other lines.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from review.dedupe.engine import PROGRAM
from review.dedupe.links import EITHER_WAY
from review.errors import FormatError
from review.screening.labels import problem_of_label
from review.terms import DuplicateEventKind

LONGEST_ID = 200
_NO_ID = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HALVES = re.compile("[\ud800-\udfff]")
_IDS = (
    "event_id", "answer_id", "link_id", "decision_id", "adjudication_id", "label_id", "stop_id", "assignment_id",
    "version_id", "round_id", "undo_of", "supersedes", "source_record_id", "record_a", "record_b", "from_record",
    "to_record",
)  # fmt: skip
_PERSON_RULE = "person"
_BY_PROGRAM = (DuplicateEventKind.MERGE, DuplicateEventKind.UNDO)
Row = Mapping[str, Any]
Placed = tuple[str, Row]  # where the line stands, and what it says


def problem_of_id(text: str) -> str | None:
    """What is wrong with *text* as the id of an event, in words."""
    if not text.strip():
        return "is blank"
    if _NO_ID.search(text) or _HALVES.search(text):
        return "holds a control character or a line end"
    if len(text) > LONGEST_ID:
        return f"has {len(text)} characters; allowed are {LONGEST_ID}"
    return None


def problem_of_row(table: str, row: Row) -> str | None:
    """What no command would write, in words, of a row alone."""
    for name, value in row.items():
        if isinstance(value, str) and _HALVES.search(value):
            return f"{name} holds half a character (\\ud800 to \\udfff)"
        if name in _IDS and isinstance(value, str) and (problem := problem_of_id(value)):
            return f"{name} {value[:40]!r} {problem}"
    if table == "screening.label" and (problem := problem_of_label(row["label"])):
        return f"label {row['label'][:40]!r} {problem}"
    if table == "screening.calibration_event":
        return _problem_of_round(row)
    if table == "dedupe.record_link" and row["from_record"] == row["to_record"]:
        return "from_record and to_record are one record; a link is between two"
    if table == "dedupe.duplicate_event":
        return _problem_of_word(row)
    return None


def check_duplicates(fresh: Iterable[Placed], known: Iterable[Row]) -> None:
    """Hold the new events of dedupe.duplicate_event against each other and the *known* ones.

    Raises FormatError for undos that go round in a ring, and where the program would take a person's word back.
    """
    lines = list(fresh)
    rows = {row["event_id"]: row for row in (*known, *(row for _, row in lines))}
    for where, row in lines:
        seen = {row["event_id"]}
        at = row["undo_of"]
        while at in rows and at not in seen:
            seen.add(at)
            at = rows[at]["undo_of"]
        if at is not None and at == row["event_id"]:
            message = f"{where}: undo_of {row['undo_of']!r} goes round in a ring: it undoes itself in the end"
            raise FormatError(message, hint="an undo names an event that was there before it")
    new = {row["event_id"]: where for where, row in lines}
    for row in rows.values():
        target = rows.get(row["undo_of"])
        if target is None or target["automatic"] or not row["automatic"]:
            continue
        if place := new.get(row["event_id"]) or new.get(target["event_id"]):
            message = f"{place}: the program undoes {target['event_id']!r}, which {target['who']} said"
            raise FormatError(message, hint="automatic is false where a person undoes; the program undoes its own")


def check_links(fresh: Iterable[Placed], known: Iterable[Row]) -> None:
    """Raises FormatError where a new link of dedupe.record_link leads back to its own record by links that stand."""
    lines = list(fresh)
    rows = [*known, *(row for _, row in lines)]
    gone = {row["supersedes"] for row in rows if row["supersedes"] is not None}
    standing = [row for row in rows if not row["withdrawn"] and row["link_id"] not in gone]
    onwards: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in standing:
        onwards[row["kind"], row["from_record"]].append(row)
    alive = {row["link_id"] for row in standing}
    for where, row in lines:
        if row["link_id"] not in alive or row["kind"] in EITHER_WAY:
            continue
        for other in _reached(onwards, row):
            if other["to_record"] == row["from_record"]:
                ring = f"{other['from_record']} {row['kind']} {row['from_record']} stands (link {other['link_id']})"
                message = f"{where}: {row['from_record']} {row['kind']} {row['to_record']} goes round in a ring: {ring}"
                raise FormatError(message, hint="withdraw the wrong one first, where it was made: review dedupe unlink")


def _reached(onwards: Mapping[tuple[str, str], list[Row]], row: Row) -> Iterator[Row]:
    """The links of one kind that lead on from the end of *row*, each once."""
    seen, waiting = {row["to_record"]}, [row["to_record"]]
    while waiting:
        for other in onwards.get((row["kind"], waiting.pop()), ()):
            yield other
            if other["to_record"] not in seen:
                seen.add(other["to_record"])
                waiting.append(other["to_record"])


def _problem_of_round(row: Row) -> str | None:
    """What is wrong with the opening or closing of a calibration round."""
    if row["kind"] == "closed":
        return "a closing says whether the round was finished" if row["finished"] is None else None
    if row["round_id"] != row["event_id"]:
        return "the round_id of an opening is its event_id"
    for name in ("source_record_ids", "reviewers"):
        if not row[name] or len(set(row[name])) != len(row[name]):
            return f"{name} of an opening names each of them once, and at least one"
        for one in row[name]:
            if problem := problem_of_id(one):
                return f"{name} holds {one[:40]!r}, which {problem}"
    return None if row["size"] is not None else "an opening without size"


def _problem_of_word(row: Row) -> str | None:
    """What is wrong with who said a word on a pair, and by which rule."""
    undo = row["kind"] == DuplicateEventKind.UNDO
    rule = row["rule"]
    if row["automatic"]:
        if row["who"] != PROGRAM:
            return f"automatic is for the program alone: who is {row['who']!r}, allowed: {PROGRAM}"
        if row["kind"] not in _BY_PROGRAM:
            return f"the program does not {row['kind']}; allowed where automatic: {', '.join(_BY_PROGRAM)}"
        if not undo and rule in (None, _PERSON_RULE):
            return f"an automatic merge with rule {rule!r}; allowed: the name of a rule of the program"
    elif rule not in (None, _PERSON_RULE):
        return f"rule {rule!r} with automatic false; allowed: {_PERSON_RULE}"
    return None
