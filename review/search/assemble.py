"""The bodies of a run into what it found: counts of the lines, the ids, the records. Values in, values out.

A run and its replay go through here alike, so that a replay of the same bodies cannot find anything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from review.errors import DroppedTerms, Incomplete, SearchError
from review.search import pubmed_xml, signals
from review.search.recorded import Body, successful
from review.search.records import Record, Rejected
from review.search.signals import Found
from review.search.strategy import Strategy, span

MOST_IDS = 9999
NAMED = 20


@dataclass(frozen=True)
class LineResult:
    """One line as PubMed answered it."""

    no: int
    label: str
    text: str
    hits: int
    translation: str
    warnings: tuple[str, ...]
    dropped: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Assembled:
    """Everything that a run's bodies hold.

    `hits` is what PubMed counted for the whole strategy, up to the day of the pin; `missing` are ids that were found
    and never came, `unasked` records that came and were in no question.
    """

    lines: tuple[LineResult, ...]
    hits: int
    ids: tuple[str, ...]
    records: tuple[Record, ...]
    rejected: tuple[Rejected, ...]
    markers: int
    missing: tuple[str, ...]
    unasked: tuple[str, ...]

    @property
    def dropped(self) -> tuple[dict[str, Any], ...]:
        """What PubMed left out of the question, line by line."""
        return tuple(
            {"line": line.no, "signal": kind, "text": text} for line in self.lines for kind, text in line.dropped
        )


def pinned(query: str, day: date) -> str:
    """*query*, of what entered PubMed up to *day*: the same set on every later day."""
    return f"({query}) AND 1800/01/01:{day:%Y/%m/%d}[edat]"


def assemble(
    bodies: Sequence[Body],
    strategy: Strategy,
    *,
    before: Mapping[str, tuple[str, int]] | None = None,
    pinned_to: date | None = None,
) -> Assembled:
    """What *bodies* say of *strategy*; *before* is text of a line → (translation, hits) of the last run.

    The ids are those that were asked up to the day *pinned_to*, or without it those of the last line as it stands.
    Raises SearchError when a line of the strategy was never asked, which is so after its text has changed,
    and Incomplete when the ids do not add up.
    """
    answers = successful(bodies)
    asked = [body for body in answers if body.endpoint == "esearch"]
    results: list[LineResult] = []
    for line in strategy.lines:
        ids_too = pinned_to is None and line.no == len(strategy.lines)
        body = _answer_to(strategy.resolved(line.no), asked, ids=ids_too)
        if body is None:
            raise _not_asked(strategy, line.no, asked)
        found = signals.read_esearch(body.content, what=f"line #{line.no}")
        results.append(line_result(strategy, line.no, found, before=before))
    term = strategy.query if pinned_to is None else pinned(strategy.query, pinned_to)
    body = _answer_to(term, asked, ids=True)
    if body is None:
        raise _not_asked(strategy, len(strategy.lines), asked)
    whole = signals.read_esearch(body.content, what=f"line #{len(strategy.lines)}")
    refuse_unpinned(results[-1], whole)
    ids = _ids_of(term, whole, asked, line=len(strategy.lines))
    _compare_with_recount(term, asked, ids)
    records, rejected, markers = fetched_records(answers)
    expected = {pmid for body in answers if body.endpoint == "efetch" for pmid in _fetched(body)} | set(ids)
    return Assembled(
        lines=tuple(results),
        hits=whole.count,
        ids=ids,
        records=tuple(records[pmid] for pmid in ids if pmid in records),
        rejected=tuple(rejected),
        markers=markers,
        missing=tuple(pmid for pmid in ids if pmid not in records),
        unasked=tuple(pmid for pmid in records if pmid not in expected),
    )


def counted_ids(bodies: Sequence[Body], term: str) -> int | None:
    """How many records the last answer with ids among *bodies* counted for *term*; None when it was not asked."""
    body = _answer_to(term, [body for body in successful(bodies) if body.endpoint == "esearch"], ids=True)
    return None if body is None else signals.read_esearch(body.content, what="the ids").count


def line_result(
    strategy: Strategy, no: int, found: Found, *, before: Mapping[str, tuple[str, int]] | None = None
) -> LineResult:
    """A line and its answer."""
    text = strategy.resolved(no)
    last = (before or {}).get(text)
    return LineResult(
        no=no,
        label=strategy.line(no).label,
        text=text,
        hits=found.count,
        translation=found.translation,
        warnings=tuple(signals.warnings(text, found, before=last)),
        dropped=found.dropped,
    )


def refuse_dropped(strategy: Strategy, lines: Sequence[LineResult]) -> None:
    """Raise DroppedTerms for each of *lines* of which PubMed ran only a part; those that use them are named too."""
    lost: dict[int, set[tuple[str, str]]] = {}
    said: dict[int, str] = {}
    for line in lines:
        below = {one for no in strategy.line(line.no).refers_to for one in lost.get(no, ())}
        lost[line.no] = set(line.dropped)
        if own := [f"{kind}: {text}" for kind, text in line.dropped if (kind, text) not in below]:
            place = f"{strategy.path} line {strategy.line(line.no).at}: line #{line.no} ({line.label})"
            said[line.no] = f"{place}: PubMed ignored a part of the question and ran the rest: {'; '.join(own)}"
    if said:
        words = {text.lower() for dropped in lost.values() for _, text in dropped}
        concerned = set(said)
        for other in strategy.lines:  # what was not asked yet holds the same words, or a line that does
            alike = other.no not in lost and any(text in other.text.lower() for text in words)
            if alike or concerned & set(other.refers_to):
                concerned.add(other.no)
        also = f"; it concerns {span(sorted(concerned - set(said)))} too" if concerned - set(said) else ""
        message = "; ".join(said.values()) + also
        raise DroppedTerms(
            message,
            hint="mend the line, or accept and record it with --allow-dropped-terms; nothing was kept as a run",
        )


def refuse_unpinned(last: LineResult, whole: Found) -> None:
    """Raise DroppedTerms when the question for the ids lost more than the line that it is made of: then the bound on
    the entry date went, and the answer is of another set."""
    if lost := sorted(set(whole.dropped) - set(last.dropped)):
        said = "; ".join(f"{kind}: {text}" for kind, text in lost)
        message = f"PubMed ignored a part of the question for the ids of line #{last.no}: {said}"
        raise DroppedTerms(message, hint="run the same command again later; nothing was kept as a run")


def refuse_missing(assembled: Assembled) -> None:
    """Raise Incomplete, by id, when records were found and did not come."""
    if assembled.missing:
        named = ", ".join(assembled.missing[:NAMED]) + (" ... (all above)" if len(assembled.missing) > NAMED else "")
        message = f"{len(assembled.missing)} of {len(assembled.ids)} records did not come, asked twice: PMID {named}"
        raise Incomplete(
            message,
            hint="those that came are kept, the run is not closed; run the same command again to ask for these alone, "
            "or close it without them and record that with --allow-missing",
        )


def _answer_to(term: str, asked: Sequence[Body], *, ids: bool) -> Body | None:
    """The answer to *term*; for the last line the one that asked for ids."""
    found = [body for body in asked if _params(body).get("term") == term]
    with_ids = [body for body in found if int(_params(body).get("retmax", 0)) > 0]
    chosen = with_ids if ids else found
    return chosen[-1] if chosen else None


def _ids_of(term: str, whole: Found, asked: Sequence[Body], *, line: int) -> tuple[str, ...]:
    """All ids of the last line: of the one answer, or of the ranges of PMIDs that it was cut into."""
    ids = whole.ids
    if whole.count > MOST_IDS:
        ids = tuple(pmid for found in _leaves(term, asked, line=line) for pmid in found.ids)
    if len(set(ids)) != whole.count:
        message = f"line #{line}: {whole.count} records were counted, {len(set(ids))} different ids are in the bodies"
        raise Incomplete(message, hint="run the search again")
    return tuple(dict.fromkeys(ids))


def _leaves(term: str, asked: Sequence[Body], *, line: int) -> Iterator[Found]:
    """The answers of the ranges that were not cut again, by range.

    Where the ids were asked twice, a range that was cut the first time may have been whole the second: it is the
    widest answer with all its ids that holds, and those inside it are of the first time.
    """
    of_term = re.compile(re.escape(f"({term}) AND ") + r"(\d+):(\d+)\[UID\]")
    cuts = [(match, body) for body in asked if (match := of_term.fullmatch(str(_params(body).get("term", ""))))]
    ranges = sorted((int(match[1]), -int(match[2]), place) for place, (match, _) in enumerate(cuts))
    covered = 0
    for low, minus_high, place in ranges:
        found = signals.read_esearch(cuts[place][1].content, what=f"line #{line}")
        if low > covered and found.count <= MOST_IDS:
            covered = -minus_high
            yield found


def _compare_with_recount(term: str, asked: Sequence[Body], ids: Sequence[str]) -> None:
    """Raise Incomplete when the count that was taken after the fetch is not that of the ids."""
    counts = [body for body in asked if body.request.get("purpose") == "recount" and _params(body).get("term") == term]
    if counts:
        count = signals.read_esearch(counts[-1].content, what="the second count").count
        if count != len(ids):
            raise changed_meanwhile(len(ids), count)


def changed_meanwhile(ids: int, count: int) -> Incomplete:
    """What is said when PubMed counts otherwise after the fetch than before."""
    message = f"PubMed was updated meanwhile: {ids} ids were found, {count} records are counted now"
    return Incomplete(message, hint="run the same command again: it asks for the ids anew and fetches the difference")


def _fetched(body: Body) -> list[str]:
    """The PMIDs that a fetch asked for."""
    return str(_params(body).get("id", "")).split(",")


def fetched_records(answers: Sequence[Body]) -> tuple[dict[str, Record], list[Rejected], int]:
    """PMID → record of every fetched body; the highest version of a PMID wins.

    A record that cannot be read was asked for twice; the same bytes are rejected once.
    """
    records: dict[str, Record] = {}
    rejected: dict[bytes, Rejected] = {}
    markers = 0
    for body in answers:
        if body.endpoint != "efetch":
            continue
        batch = pubmed_xml.parse(body.content, name="an efetch body")
        for bad in batch.rejected:
            rejected.setdefault(bad.content, bad)
        markers += batch.markers
        for record in batch.records:
            older = records.get(record.pmid or "")
            if older is None or (record.version or 0) >= (older.version or 0):
                records[record.pmid or ""] = replace(record, offset=None)
    return records, list(rejected.values()), markers


def _params(body: Body) -> Mapping[str, Any]:
    params = body.request.get("params", body.request)
    return params if isinstance(params, Mapping) else {}


def _not_asked(strategy: Strategy, no: int, asked: Sequence[Body]) -> SearchError:
    line = strategy.line(no)
    message = (
        f"{strategy.path} line {line.at}: line #{no} ({line.label}) was never asked in this run, which holds "
        f"answers to {len(asked)} questions: the strategy has changed since, or the run was cut off"
    )
    return SearchError(message, hint="run the strategy anew, or replay it with the version that ran")
