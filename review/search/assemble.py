"""The bodies of a run into what it found: counts of the lines, the ids, the records. Values in, values out.

A run and its replay go through here alike, so that a replay of the same bodies cannot find anything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from review.errors import DroppedTerms, Incomplete, SearchError
from review.search import pubmed_xml, signals
from review.search.recorded import Body, successful
from review.search.records import Record, Rejected
from review.search.signals import Found
from review.search.strategy import Strategy

MOST_IDS = 9999
_NAMED = 20


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
    """Everything that a run's bodies hold. `missing` are ids that were found and never came."""

    lines: tuple[LineResult, ...]
    ids: tuple[str, ...]
    records: tuple[Record, ...]
    rejected: tuple[Rejected, ...]
    markers: int
    missing: tuple[str, ...]
    unasked: tuple[str, ...]

    @property
    def hits(self) -> int:
        """What PubMed counted for the whole strategy."""
        return self.lines[-1].hits

    @property
    def dropped(self) -> tuple[dict[str, Any], ...]:
        """What PubMed left out of the question, line by line."""
        return tuple(
            {"line": line.no, "signal": kind, "text": text} for line in self.lines for kind, text in line.dropped
        )


def assemble(
    bodies: Sequence[Body], strategy: Strategy, *, before: Mapping[str, tuple[str, int]] | None = None
) -> Assembled:
    """What *bodies* say of *strategy*; *before* is text of a line → (translation, hits) of the last run.

    Raises SearchError when a line of the strategy was never asked, which is so after its text has changed,
    and Incomplete when the ids do not add up.
    """
    answers = successful(bodies)
    asked = [body for body in answers if body.endpoint == "esearch"]
    results: list[LineResult] = []
    ids: tuple[str, ...] = ()
    for line in strategy.lines:
        term = strategy.resolved(line.no)
        last = line.no == len(strategy.lines)
        body = _answer_to(term, asked, ids=last)
        if body is None:
            raise _not_asked(strategy, line.no, asked)
        found = signals.read_esearch(body.content, what=f"line #{line.no}")
        results.append(line_result(strategy, line.no, found, before=before))
        if last:
            ids = _ids_of(term, found, asked, line=line.no)
    records, rejected, markers = _records(answers)
    wanted = set(ids)
    return Assembled(
        lines=tuple(results),
        ids=tuple(ids),
        records=tuple(records[pmid] for pmid in ids if pmid in records),
        rejected=tuple(rejected),
        markers=markers,
        missing=tuple(pmid for pmid in ids if pmid not in records),
        unasked=tuple(pmid for pmid in records if pmid not in wanted),
    )


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


def refuse_dropped(lines: Sequence[LineResult]) -> None:
    """Raise DroppedTerms for the first line of which PubMed ran only a part."""
    for line in lines:
        if line.dropped:
            said = "; ".join(f"{kind}: {text}" for kind, text in line.dropped)
            message = f"line #{line.no} ({line.label}): PubMed ignored a part of the question and ran the rest: {said}"
            raise DroppedTerms(
                message,
                hint="mend the line, or accept and record it with --allow-dropped-terms; nothing was kept as a run",
            )


def refuse_missing(assembled: Assembled) -> None:
    """Raise Incomplete, by id, when records were found and did not come."""
    if assembled.missing:
        named = ", ".join(assembled.missing[:_NAMED]) + (" ..." if len(assembled.missing) > _NAMED else "")
        message = f"{len(assembled.missing)} of {len(assembled.ids)} records did not come, asked twice: PMID {named}"
        raise Incomplete(
            message,
            hint="those that came are kept, the run is not closed; run the same command again, or look them up",
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
        start = f"({term}) AND "
        ranges = [b for b in asked if str(_params(b).get("term", "")).startswith(start)]
        founds = [signals.read_esearch(body.content, what=f"line #{line}") for body in ranges]
        ids = tuple(pmid for found in founds if found.count <= MOST_IDS for pmid in found.ids)
    if len(set(ids)) != whole.count:
        message = f"line #{line}: {whole.count} records were counted, {len(set(ids))} different ids are in the bodies"
        raise Incomplete(message, hint="run the search again")
    return tuple(dict.fromkeys(ids))


def _records(answers: Sequence[Body]) -> tuple[dict[str, Record], list[Rejected], int]:
    """PMID → record of every fetched body; the highest version of a PMID wins."""
    records: dict[str, Record] = {}
    rejected: list[Rejected] = []
    markers = 0
    for body in answers:
        if body.endpoint != "efetch":
            continue
        batch = pubmed_xml.parse(body.content, name="an efetch body")
        rejected.extend(batch.rejected)
        markers += batch.markers
        for record in batch.records:
            older = records.get(record.pmid or "")
            if older is None or (record.version or 0) >= (older.version or 0):
                records[record.pmid or ""] = replace(record, offset=None)
    return records, rejected, markers


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
