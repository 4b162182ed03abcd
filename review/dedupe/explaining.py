"""Why two records are, or are not, one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from review.database import Store
from review.dedupe import store as tables
from review.dedupe.cluster import DuplicateEvent
from review.dedupe.compare import compare_two
from review.dedupe.log import about, entry_named, read
from review.errors import UsageProblem
from review.project import Project

_FIELDS = {
    "PMID": "pmid",
    "DOI": "doi",
    "registry number": "registry",
    "volume": "volume",
    "issue": "issue",
    "pages": "page",
    "last page": "last_page",
}
_WORDS = {1: "agree", 0: "not known", -1: "differ"}
_SCORES = {"title": "title_score", "part of title": "title_part", "words of title": "title_set"}
_SCORES |= {"authors": "authors_score", "journal": "journal_score"}


@dataclass(frozen=True)
class Explanation:
    """Why two entries are, or are not, one record.

    *rule* merges where no veto stands against it, *asked_as* only asks a person, *program* is "merge", "ask" or "".
    Scores are 0-100 or None where nothing was to compare; fields "agree", "differ" or "not known".
    """

    a: Mapping[str, Any]
    b: Mapping[str, Any]
    together: bool
    rule: str | None
    vetoes: tuple[str, ...]
    held: tuple[str, ...]
    events: tuple[DuplicateEvent, ...]
    conflicts: tuple[str, ...]
    asked_as: str | None
    program: str
    scores: Mapping[str, float | None]
    fields: Mapping[str, str]


def explain(store: Store, project: Project, a: str, b: str) -> Explanation:
    """Rule, scores, fields, vetoes and events behind a pair, whether it was ever a candidate or not."""
    low, high = sorted((entry_named(store, a), entry_named(store, b)))
    if low == high:
        message = f"{a!r} and {b!r} are the same source record, or versions of one"
        raise UsageProblem(message, hint="give the source_record_id of two members: v1.record_member lists them")
    log = read(store, (low, high))
    details = tables.read_details(store, [low, high])
    clusters = log.clusters()
    said = compare_two(tables.read_records(store), low, high).row(0, named=True)
    fields = {name: _WORDS[said[f"{column}_agrees"]] for name, column in _FIELDS.items()}
    apart = said["years_apart"]
    fields["year"] = "not known" if apart is None else "agree" if apart == 0 else f"{apart} apart"
    return Explanation(
        a=details[low],
        b=details[high],
        together=clusters.find(low) == clusters.find(high),
        rule=said["rule"],
        vetoes=_named(said["other_work"], said["to_ask"]),
        held=tuple(edge.why for edge in clusters.held if (edge.a, edge.b) == (low, high)),
        events=about(log.events, (low, high)),
        conflicts=() if said["verdict"] == "merge" else _named(said["conflicts"]),
        asked_as=said["proposal"] if said["rule"] is None else None,
        program=said["verdict"],
        scores={name: None if said[column] is None else round(said[column], 1) for name, column in _SCORES.items()},
        fields=fields,
    )


def lines(found: Explanation) -> list[str]:
    """What *found* says of the pair, a line each: rule, program, scores, fields, what stands against it, events."""
    of_program = {"merge": "merges them", "ask": "asks a person", "": "leaves them alone"}
    told = [f"rule: {found.rule or 'none'}"]
    if found.asked_as:
        told.append(f"asked as: {found.asked_as}")
    told.append(f"the program, of what they print: {of_program[found.program]}")
    told.append("scores: " + ", ".join(f"{name} {_number(score)}" for name, score in found.scores.items()))
    told.append("fields: " + ", ".join(f"{name} {words}" for name, words in found.fields.items()))
    told += [f"against: {words}" for words in found.vetoes]
    told += [f"conflict: {words}" for words in found.conflicts]
    told += [f"held back: {words}" for words in found.held]
    for event in found.events:
        undone = f" of {event.undo_of}" if event.undo_of else ""
        why = f" ({event.rule})" if event.automatic and event.rule else ""
        words = f"event: {event.event_id} {event.kind.value}{undone}{why} by {event.who}  {event.note or ''}"
        told.append(words.rstrip())
    return told


def _number(score: float | None) -> str:
    return "not known" if score is None else f"{score:g}"


def _named(*texts: str) -> tuple[str, ...]:
    return tuple(word for text in texts if text for word in text.split("; "))
