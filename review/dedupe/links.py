"""Typed links between records that belong together and are not one: an erratum, a reply, a preprint of another.

A link also keeps its two records apart: the split that comes with it bears the id of the link, and goes with it.
"""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl
from rapidfuzz import fuzz

from review.database import Append, Store, again_when_overtaken
from review.dedupe import store as tables
from review.dedupe.cluster import DuplicateEvent, live_events, standing
from review.dedupe.deeds import event_row, taken_id
from review.dedupe.log import Log, about, entry_named, read
from review.errors import DecisionError, UsageProblem
from review.project import Project
from review.terms import DuplicateEventKind, LinkKind

PUBMED = tables.PUBMED

MEANING: Mapping[LinkKind, str] = {
    LinkKind.ERRATUM_OF: "the erratum",
    LinkKind.RETRACTION_OF: "the retraction notice",
    LinkKind.REPLY_TO: "the reply, letter or comment",
    LinkKind.PREPRINT_OF: "the preprint",
    LinkKind.ABSTRACT_OF: "the meeting abstract",
    LinkKind.REPRINT_OF: "the reprint",
    LinkKind.TRANSLATION_OF: "the translation",
    LinkKind.PART_OF: "the part, as a chapter of a book",
    LinkKind.PROTOCOL_OF: "the protocol",
    LinkKind.REGISTRY_OF: "the registry record",
    LinkKind.COMPANION_OF: "another report of the same study",
}
_NOTICE = re.compile(r"errat\w*|corrigend\w*|correct\w*|addend\w*|retract\w*|expression of concern", re.IGNORECASE)
_TIE = 5.0  # points of 100
_MOST_PROPOSED = 3
_ID = 11  # characters of an id, sr_ and eight: enough to name it
EITHER_WAY = frozenset({LinkKind.COMPANION_OF})  # A of B says the same as B of A


@dataclass(frozen=True)
class Linked:
    """A link as it stands: its id, its two records, and whether this deed made it."""

    link_id: str
    kind: LinkKind
    from_record: str
    to_record: str
    new: bool
    remark: str = ""


@dataclass(frozen=True)
class Withdrawn:
    """The links that a deed took back, and whether their records may be proposed as one again."""

    link_ids: tuple[str, ...]
    apart: bool


def read_kind(word: str) -> LinkKind:
    """The kind that *word* names, with `-`, `_` or blanks. Raises UsageProblem for any other."""
    try:
        return LinkKind(word.strip().lower().replace("-", "_").replace(" ", "_"))
    except ValueError:
        message = f"{word!r} is not a kind of link; allowed: {', '.join(LinkKind)}"
        raise UsageProblem(message, hint="A erratum_of B says that A is the erratum of B") from None


@again_when_overtaken
def link(
    store: Store,
    project: Project,
    a: str,
    b: str,
    *,
    kind: str | LinkKind,
    who: str,
    note: str | None = None,
    link_id: str | None = None,
) -> Linked:
    """Say that *a* is the erratum, reply, preprint ... of *b*, and keep the two apart.

    A link that stands already is left as it is. Raises DecisionError where the two are one record, where a link of
    that kind leads back from *b* to *a*, and where *link_id* is that of another link or deed.
    """
    person = project.reviewer(who).id
    wanted = read_kind(kind)
    of, to = entry_named(store, a), entry_named(store, b)
    log = read(store, (of, to))
    clusters = log.clusters()
    ends = clusters.find(of), clusters.find(to)
    made = next((row for row in _rows(store) if link_id and row["link_id"] == link_id), None)
    if made is not None:
        _check_same(store, made, wanted, (of, to))
        return Linked(made["link_id"], LinkKind(made["kind"]), made["from_record"], made["to_record"], new=False)
    if link_id and any(event.event_id == link_id for event in log.events):
        raise taken_id(link_id, "review dedupe log lists it")
    _check_two(a, b, of, to, ends)
    links = all_links(store).to_dicts()
    pair = (min(of, to), max(of, to))
    apart = standing(log.events).apart.get(pair)
    for row in links:
        there = row["from_record_id"], row["to_record_id"]
        same = there == ends or (wanted in EITHER_WAY and there == ends[::-1])
        if same and row["kind"] == wanted and row["who"] != PUBMED and apart is not None:
            remark = f"stands already, by {row['who']}"
            return Linked(row["link_id"], wanted, there[0], there[1], new=False, remark=remark)
    if wanted not in EITHER_WAY:
        _check_ring(links, wanted, ends)
    made_id = link_id or str(uuid.uuid4())
    steps: list[Any] = [Append("dedupe.record_link", [_row(made_id, wanted, of, to, person, note)])]
    if apart is None:
        words = f"linked: {of[:_ID]} {wanted} {to[:_ID]}"
        before = _last_word(log, pair)
        steps += _with_clusters(
            log, event_row(DuplicateEventKind.SPLIT, pair, person, note=words, event_id=made_id, supersedes=before)
        )
    store.apply(steps)
    remark = "PubMed says so too" if any(_told_alike(row, wanted, ends) for row in links) else ""
    return Linked(made_id, wanted, *ends, new=True, remark=remark)


@again_when_overtaken
def withdraw(
    store: Store, project: Project, key: str, *, who: str, note: str | None = None, withdrawal_id: str | None = None
) -> Withdrawn:
    """Take one link back by its id, or the first six and more characters of it; one that PubMed tells, too."""
    found = all_links(store).to_dicts()
    rows = [row for row in found if row["link_id"] == key]
    if not rows and len(key) >= 6:
        rows = [row for row in found if row["link_id"].startswith(key)]
    if len(rows) != 1:
        if (done := _done(store, withdrawal_id)) is not None:
            return done
        message = f"{key!r} begins {len(rows)} links" if rows else f"{key!r} is not a link that stands"
        raise UsageProblem(message, hint="review dedupe links lists them; the first eight characters are enough")
    return _withdraw(store, project, rows, who=who, note=note, withdrawal_id=withdrawal_id)


@again_when_overtaken
def withdraw_between(
    store: Store,
    project: Project,
    a: str,
    b: str,
    *,
    kind: str | LinkKind | None = None,
    who: str,
    note: str | None = None,
    withdrawal_id: str | None = None,
) -> Withdrawn:
    """Take back every link between two records, in either direction; only those of *kind* where it is given."""
    wanted = None if kind is None else read_kind(kind)
    rows = [row for row in between(store, a, b) if wanted is None or row["kind"] == wanted]
    if not rows:
        if (done := _done(store, withdrawal_id)) is not None:
            return done
        message = f"no link{f' {wanted}' if wanted else ''} stands between {a!r} and {b!r}"
        raise DecisionError(message, hint="review dedupe links lists them")
    return _withdraw(store, project, rows, who=who, note=note, withdrawal_id=withdrawal_id)


def all_links(store: Store, record: str | None = None) -> pl.DataFrame:
    """The links that stand, oldest first; those of one record where *record* names one.

    Columns: link_id, kind, from_record_id, to_record_id, from_source_record_id, to_source_record_id, from_title,
    to_title, who, note, decided_at.
    """
    if record is None:
        return tables.read_links(store)
    entry = entry_named(store, record)
    return tables.read_links(store, tables.read_records_of(store, [entry]).get(entry, entry))


def between(store: Store, a: str, b: str) -> list[dict[str, Any]]:
    """The links that stand between the records of *a* and *b*, in either direction, as rows of `all_links`."""
    ids = [entry_named(store, a), entry_named(store, b)]
    record = tables.read_records_of(store, ids)
    ends = {record.get(one, one) for one in ids}
    if len(ends) == 1:
        return []
    rows = tables.read_links(store, min(ends)).to_dicts()
    return [row for row in rows if {row["from_record_id"], row["to_record_id"]} == ends]


def stands(store: Store, link_id: str) -> bool:
    """Whether a link stands."""
    return link_id in set(all_links(store)["link_id"].to_list())


def link_log(store: Store) -> pl.DataFrame:
    """Every link and every withdrawal that people made, in order of arrival."""
    return tables.read_link_log(store)


def likeliest(proposed: pl.DataFrame) -> pl.DataFrame:
    """Of the rows of `waiting.linkable` those that a person needs: the best of each record_a, at most three.

    The best is whose title is most alike; what comes within a few points of it stays too.
    """
    scores = [
        fuzz.token_set_ratio(_NOTICE.sub(" ", a or "").casefold(), (b or "").casefold())
        for a, b in proposed.select("title_a", "title_b").iter_rows()
    ]
    rows = proposed.with_columns(pl.Series("score", scores, dtype=pl.Float64)).with_row_index("place")
    best = pl.col("score").max().over("record_a") - pl.col("score") <= _TIE
    few = pl.col("score").rank("ordinal", descending=True).over("record_a") <= _MOST_PROPOSED
    return rows.filter(best & few).sort("place").select(proposed.columns)


def _withdraw(
    store: Store,
    project: Project,
    rows: Sequence[Mapping[str, Any]],
    *,
    who: str,
    note: str | None,
    withdrawal_id: str | None,
) -> Withdrawn:
    person = project.reviewer(who).id
    first = withdrawal_id or str(uuid.uuid4())
    ids = [first, *(str(uuid.uuid4()) for _ in rows[1:])]
    steps: list[Any] = [
        Append(
            "dedupe.record_link",
            [
                {
                    **_row(one, LinkKind(row["kind"]), *_sources(row), person, note),
                    "supersedes": row["link_id"],
                    "withdrawn": True,
                }
                for one, row in zip(ids, rows, strict=True)
            ],
        )
    ]
    log = read(store, (one for row in rows for one in _sources(row)))
    gone = {row["link_id"] for row in rows}
    splits = _splits_that_go(store, log, rows, gone)
    undos = [
        event_row(DuplicateEventKind.UNDO, None, person, note=note, event_id=one, undo_of=split)
        for one, split in zip([first, *(str(uuid.uuid4()) for _ in splits)], splits, strict=False)
    ]
    store.apply([*steps, *_with_clusters(log, *undos)])
    low, high = sorted(_sources(rows[0]))
    after = standing([*log.events, *_placed(log, undos)])
    return Withdrawn(tuple(sorted(gone)), apart=(low, high) in after.apart)


def _splits_that_go(store: Store, log: Log, rows: Iterable[Mapping[str, Any]], gone: set[str]) -> list[str]:
    """The live splits that came with links of these pairs, where no link of a person is left between the two."""
    left = {
        frozenset((row["from_record_id"], row["to_record_id"]))
        for row in all_links(store).to_dicts()
        if row["who"] != PUBMED and row["link_id"] not in gone
    }
    pairs = {
        frozenset(_sources(row)) for row in rows if frozenset((row["from_record_id"], row["to_record_id"])) not in left
    }
    live = live_events(log.events)
    of_these = {row["link_id"] for row in _rows(store) if frozenset((row["from_record"], row["to_record"])) in pairs}
    return sorted(
        event.event_id
        for event in log.events
        if event.kind is DuplicateEventKind.SPLIT and event.event_id in of_these & live
    )


def _done(store: Store, withdrawal_id: str | None) -> Withdrawn | None:
    """What a withdrawal of that id took back already, where it is sent again."""
    row = next((row for row in _rows(store) if withdrawal_id and row["link_id"] == withdrawal_id), None)
    return Withdrawn((str(row["supersedes"]),), apart=False) if row is not None else None


def _check_same(store: Store, made: Mapping[str, Any], kind: LinkKind, pair: tuple[str, str]) -> None:
    """Raises DecisionError where the link *made* says anything else than that the first is *kind* of the second."""
    ends = entry_named(store, made["from_record"]), entry_named(store, made["to_record"])
    same = ends == pair or (kind in EITHER_WAY and ends == pair[::-1])
    if not same or made["kind"] != kind or made["deed"] != "linked":
        deed = "" if made["deed"] == "linked" else "withdrawal of "
        raise taken_id(made["link_id"], f"{deed}{ends[0]} {made['kind']} {ends[1]}")


def _check_two(a: str, b: str, of: str, to: str, ends: tuple[str, str]) -> None:
    if of == to:
        message = f"{a!r} and {b!r} are the same source record, or versions of one"
        raise DecisionError(message, hint="a link is between two records")
    if ends[0] == ends[1]:
        message = f"{a!r} and {b!r} are one record, {ends[0]}; a link is between two"
        raise DecisionError(message, hint=f"say first that they are two: review dedupe split {a} {b}")


def _check_ring(links: Iterable[Mapping[str, Any]], kind: LinkKind, ends: tuple[str, str]) -> None:
    """Raises DecisionError where links of *kind* lead from the second record back to the first."""
    onwards: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in links:
        if row["kind"] == kind:
            onwards[row["from_record_id"]].append(row)
    seen, waiting = set(), [ends[1]]
    while waiting:
        here = waiting.pop()
        for row in onwards[here]:
            if row["to_record_id"] == ends[0]:
                words = f"{row['from_record_id']} {kind} {ends[0]} (link {row['link_id']}, by {row['who']})"
                message = f"{ends[0]} {kind} {ends[1]} would go round in a ring: {words} stands"
                raise DecisionError(message, hint=f"if that one is wrong: review dedupe unlink {row['link_id']}")
            if row["to_record_id"] not in seen:
                seen.add(row["to_record_id"])
                waiting.append(row["to_record_id"])


def _told_alike(row: Mapping[str, Any], kind: LinkKind, ends: tuple[str, str]) -> bool:
    return row["who"] == PUBMED and row["kind"] == kind and (row["from_record_id"], row["to_record_id"]) == ends


def _rows(store: Store) -> list[dict[str, Any]]:
    """Every row of dedupe.record_link."""
    return tables.read_link_log(store).to_dicts()


def _sources(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["from_source_record_id"]), str(row["to_source_record_id"])


def _row(link_id: str, kind: LinkKind, of: str, to: str, who: str, note: str | None) -> dict[str, Any]:
    return {
        "link_id": link_id,
        "kind": kind.value,
        "from_record": of,
        "to_record": to,
        "who": who,
        "note": note,
        "supersedes": None,
        "withdrawn": False,
        "decided_at": datetime.now(UTC),
    }


def _with_clusters(log: Log, *rows: dict[str, Any]) -> list[Any]:
    """The steps that append these events to the log and write what its replay comes to; none without events."""
    if not rows:
        return []
    return [
        Append("dedupe.duplicate_event", list(rows)),
        *tables.write_clusters(log.clusters(_placed(log, rows)), after=log.last_arrival),
    ]


def _placed(log: Log, rows: Sequence[Mapping[str, Any]]) -> list[DuplicateEvent]:
    """The rows as events that come after all others."""
    return [tables.to_event({**row, "arrival": log.next_arrival + place}) for place, row in enumerate(rows)]


def _last_word(log: Log, pair: tuple[str, str]) -> str | None:
    """The last merge or split that a person said of the pair, and that a split takes the place of."""
    words = (DuplicateEventKind.MERGE, DuplicateEventKind.SPLIT)
    spoken = [event for event in about(log.events, pair) if not event.automatic and event.kind in words]
    return spoken[-1].event_id if spoken else None
