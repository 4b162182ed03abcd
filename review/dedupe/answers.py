"""What people answer of the pairs that wait: one deed for each answer, and each pair asked of a person once.

The answer itself stands in dedupe.pair_answer, and what follows from it in the log of duplicates and links, under
the same id. An unsure answer leaves the pair to the others.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from review.database import Append, Store
from review.dedupe import deeds, links
from review.dedupe import store as tables
from review.dedupe.log import entry_named
from review.dedupe.waiting import waiting_pairs
from review.errors import DecisionError, UsageProblem
from review.project import Project
from review.terms import LinkKind


class Answer(StrEnum):
    """What a person can say of a pair."""

    MERGE = "merge"
    DIFFERENT = "different"
    LINK = "link"
    UNSURE = "unsure"


_WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Answered:
    """An answer, the records of its two sides now, and whether this deed wrote it."""

    answer_id: str
    answer: Answer
    record_a: str
    record_b: str
    new: bool = True
    remark: str = ""


@dataclass(frozen=True)
class Asked:
    """A pair that waits for a person: two entries, the rule, what speaks against it, and who was unsure.

    *suggested* is the link that the texts suggest and the entry that it is of the other: (preprint_of, its entry).
    """

    record_a: str
    record_b: str
    rule: str | None
    against: str
    suggested: tuple[LinkKind, str] | None
    unsure: tuple[str, ...]


def waiting_for(store: Store, project: Project, *, who: str) -> list[Asked]:
    """The pairs that wait for *who*, likely ones first; not those of which they said that they are unsure."""
    person = project.reviewer(who).id
    pairs = waiting_pairs(store).to_dicts()
    unsure = unsure_of(store)
    record = tables.read_records_of(store, [pair[side] for pair in pairs for side in ("record_a", "record_b")])
    found = []
    for pair in pairs:
        a, b = pair["record_a"], pair["record_b"]
        doubts = unsure.get(frozenset((record.get(a, a), record.get(b, b))), {})
        if person not in doubts:
            words = tuple(f"{name}: unsure{f', {note}' if note else ''}" for name, note in doubts.items())
            likely = (LinkKind(pair["suggested"]), pair["suggested_from"]) if pair["suggested"] else None
            found.append(Asked(a, b, pair["rule"], pair["against"] or "", likely, words))
    return found


def standing_answers(store: Store) -> frozenset[str]:
    """The ids of the answers that nobody took back."""
    return frozenset(row["answer_id"] for row in tables.read_standing_answers(store))


def settled(store: Store, pair: Asked, *, known: frozenset[str]) -> str | None:
    """How answers other than *known* have settled a pair since it was asked, in words; None while it is open."""
    record = tables.read_records_of(store, [pair.record_a, pair.record_b])
    ends = {record.get(one, one) for one in (pair.record_a, pair.record_b)}
    if len(ends) == 1:
        return "the two are one record now"
    for row in tables.read_standing_answers(store):
        settles = row["answer"] != Answer.UNSURE and row["answer_id"] not in known
        if settles and {row["now_a"], row["now_b"]} == ends:
            return f"{row['who']} answered {row['answer']} for these two records"
    return None


def unsure_of(store: Store) -> dict[frozenset[str], dict[str, str | None]]:
    """Two records → who is unsure of them → their note."""
    found: dict[frozenset[str], dict[str, str | None]] = {}
    for row in tables.read_standing_answers(store):
        if row["answer"] == Answer.UNSURE:
            found.setdefault(frozenset((row["now_a"], row["now_b"])), {})[row["who"]] = row["note"]
    return found


def answer(
    store: Store,
    project: Project,
    a: str,
    b: str,
    *,
    answer: str | Answer,
    kind: str | LinkKind | None = None,
    who: str,
    note: str | None = None,
    answer_id: str | None = None,
    asked_only: bool = False,
) -> Answered:
    """Answer a pair: merge, different, link (*a* is *kind* of *b*) or unsure; written at once, and once for an id.

    A later answer of the same person on the pair takes the place of the earlier one in the list of answers. Raises
    DecisionError where the answer contradicts a lock, a link or what is one record already, and with *asked_only* for
    a pair that neither waits for *who* nor was answered by them: whoever screens blind could join at will what others
    decided on, see what moves, and part it again.
    """
    person = project.reviewer(who).id
    said = _read_answer(answer)
    if (said is Answer.LINK) != (kind is not None):
        message = "a link needs a kind" if kind is None else f"the kind {str(kind)!r} goes with the answer link only"
        raise UsageProblem(message, hint=f"allowed: {', '.join(LinkKind)}")
    one, other = entry_named(store, a), entry_named(store, b)
    if asked_only and not _is_asked(store, project, (one, other), who=person):
        message = "this pair does not wait for you"
        raise DecisionError(message, hint="it is not asked, or somebody has answered it; look for the next one")
    given = tables.read_standing_answers(store)
    again = next((row for row in given if answer_id and row["answer_id"] == answer_id), None)
    if again is not None:
        if again["answer"] != said or {again["record_a"], again["record_b"]} != {one, other}:
            words = f"{again['answer']} for {again['record_a']} and {again['record_b']}"
            raise deeds.taken_id(again["answer_id"], words)
        return Answered(again["answer_id"], _read_answer(again["answer"]), again["now_a"], again["now_b"], new=False)
    made = answer_id or str(uuid.uuid4())
    remark = ""
    if said is Answer.LINK:
        linked = links.link(store, project, one, other, kind=kind or "", who=person, note=note, link_id=made)
        remark = linked.remark
    elif said is Answer.UNSURE:
        if one == other:
            message = f"{a!r} and {b!r} are the same source record, or versions of one"
            raise DecisionError(message)
    else:
        deed = deeds.merge if said is Answer.MERGE else deeds.split
        remark = deed(store, project, one, other, who=person, note=note, event_id=made).remark
    low, high = sorted((one, other))
    before = [
        row["answer_id"] for row in given if row["who"] == person and {row["record_a"], row["record_b"]} == {low, high}
    ]
    _write(store, made, (low, high), said.value, person, note=note, supersedes=before[-1] if before else None)
    now = tables.read_records_of(store, [one, other])
    return Answered(made, said, now.get(one, one), now.get(other, other), remark=remark)


def take_back(
    store: Store,
    project: Project,
    answer_id: str,
    *,
    who: str,
    note: str | None = None,
    withdrawal_id: str | None = None,
) -> Answered:
    """Take an answer back, with the merge, split or link that came of it; the pair waits again."""
    person = project.reviewer(who).id
    row = next((row for row in tables.read_standing_answers(store) if row["answer_id"] == answer_id), None)
    if row is None:
        message = f"{answer_id!r} is not an answer that stands"
        raise DecisionError(message, hint="it was taken back already, or another answer took its place")
    made = withdrawal_id or str(uuid.uuid4())
    said = _read_answer(row["answer"])
    # what came of it may be gone already, by a deed of somebody's; then only the answer is left to be taken back
    if said is Answer.LINK:
        if links.stands(store, answer_id):
            links.withdraw(store, project, answer_id, who=person, note=note, withdrawal_id=made)
    elif said is not Answer.UNSURE:
        with contextlib.suppress(DecisionError):
            deeds.undo(store, project, answer_id, who=person, note=note, event_id=made)
    pair = row["record_a"], row["record_b"]
    _write(store, made, pair, _WITHDRAWN, person, note=note, supersedes=answer_id)
    now = tables.read_records_of(store, pair)
    return Answered(made, said, now.get(pair[0], pair[0]), now.get(pair[1], pair[1]))


def _is_asked(store: Store, project: Project, pair: tuple[str, str], *, who: str) -> bool:
    """Whether the pair waits for *who*, or they had a word on it before; nothing that anybody decided matters."""
    if tables.has_spoken(store, who, pair):
        return True
    now = tables.read_records_of(store, pair)
    ends = frozenset(now.get(one, one) for one in pair)
    asked = waiting_for(store, project, who=who)
    now = tables.read_records_of(store, [side for one in asked for side in (one.record_a, one.record_b)])
    return any(frozenset(now.get(side, side) for side in (one.record_a, one.record_b)) == ends for one in asked)


def _read_answer(word: str) -> Answer:
    try:
        return Answer(word)
    except ValueError:
        message = f"{word!r} is not an answer; allowed: {', '.join(Answer)}"
        raise UsageProblem(message) from None


def _write(
    store: Store,
    answer_id: str,
    pair: tuple[str, str],
    said: str,
    who: str,
    *,
    note: str | None,
    supersedes: str | None,
) -> None:
    row: Mapping[str, Any] = {
        "answer_id": answer_id,
        "record_a": pair[0],
        "record_b": pair[1],
        "answer": said,
        "who": who,
        "note": note,
        "supersedes": supersedes,
        "decided_at": datetime.now(UTC),
    }
    store.apply([Append("dedupe.pair_answer", [row])])
