"""Asks PubMed which records that are known to belong a strategy finds, line by line, and which block loses the others.

What it measures is recall against one known set: a set that was found by the same words would flatter the strategy.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from review.database import Store
from review.errors import EntrezError, FormatError, SearchError, UsageProblem
from review.project import Project
from review.search import store as rows
from review.search.assemble import line_result, refuse_dropped
from review.search.closing import tool_name
from review.search.entrez import Client, Request
from review.search.fetching import batches
from review.search.recorded import Body, response_row
from review.search.records import sha256
from review.search.signals import Found
from review.search.strategy import Line, Strategy, span
from review.search.syntax import Group, Node, Reference, parse
from review.search.transport import Answer

GROUP = 300  # PMIDs in one question: with a long line it stays a body that PubMed reads at once
_PMID = re.compile(r"[1-9]\d{0,7}")
_NAMED = 20
_ONE_A_LINE = "a text file with one PMID in a line (# begins a comment), or a set of queries/pubmed/known"

Say = Callable[[str], None]


@dataclass(frozen=True)
class KnownSet:
    """PMIDs that are known to belong, sorted; `repeated` stood more than once."""

    name: str
    pmids: tuple[str, ...]
    repeated: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """The fingerprint of the PMIDs, in whatever order the file had them."""
        return sha256(*self.pmids)


@dataclass(frozen=True)
class RecallLine:
    """One line: which known records it finds and which it misses."""

    line: Line
    text: str
    found: tuple[str, ...]
    missed: tuple[str, ...]


@dataclass(frozen=True)
class Loss:
    """Where a record that the last line misses is lost: at which line, and how that line goes about it.

    *how* is `missed` (one of `lines` would have to find it), `removed` (by NOT) or `narrowed` (by words beside
    the lines that it joins).
    """

    pmid: str
    line: Line
    how: str
    lines: tuple[int, ...]

    @property
    def words(self) -> str:
        """The loss in words: `block 'condition': #43, one of #1, #2`."""
        where = f"block {self.line.block!r}: #{self.line.no} ({self.line.label})"
        if self.how == "removed":
            return f"{where} takes it away by NOT"
        if self.how == "narrowed":
            return f"{where} loses it by its own words"
        among = f"; one of {span(self.lines)} would have to find it" if self.lines != (self.line.no,) else ""
        return f"{where} does not find it{among}"


@dataclass(frozen=True)
class Recall:
    """What a check found."""

    check_id: str
    strategy: str
    known: KnownSet
    in_source: tuple[str, ...]
    not_in_source: tuple[str, ...]
    lines: tuple[RecallLine, ...]
    losses: tuple[Loss, ...]
    dropped: tuple[tuple[int, str, str], ...]
    checked_on: date

    @property
    def found(self) -> tuple[str, ...]:
        """Those that the last line finds."""
        return self.lines[-1].found

    @property
    def missed(self) -> tuple[str, ...]:
        """Those that PubMed has and the last line does not find."""
        return self.lines[-1].missed


def find_known(folder: Path, given: str) -> Path:
    """The file of a known set: a path, or the name of one in `pubmed/known` of a queries folder.

    Raises UsageProblem for a blank.
    """
    if not given.strip():
        message = "the name of the file of PMIDs is blank"
        raise UsageProblem(message, hint=f"name {_ONE_A_LINE}")
    shipped = folder / "pubmed" / "known" / f"{given}.txt"
    return shipped if not Path(given).is_file() and shipped.is_file() else Path(given)


def read_known(path: Path, *, name: str | None = None) -> KnownSet:
    """The PMIDs of a text file: one in a line, `#` begins a comment. Raises FormatError naming every bad line."""
    if not path.is_file():
        message = f"{path} is no file" if path.exists() else f"there is no file {path}"
        raise UsageProblem(message, hint=f"name {_ONE_A_LINE}")
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as problem:
        message = f"{path}: byte {problem.start} is not UTF-8"
        raise FormatError(message, hint="one PMID in a line; # begins a comment") from problem
    found: list[str] = []
    bad: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        word = line.partition("#")[0].strip()
        if _PMID.fullmatch(word):
            found.append(word)
        elif word:
            bad.append(f"{path} line {number}: {word[:40]!r} is no PMID")
    if bad:
        message = "; ".join(bad[:_NAMED]) + (f"; and {len(bad) - _NAMED} more" if len(bad) > _NAMED else "")
        raise FormatError(message, hint="one PMID in a line, figures alone; # begins a comment")
    if not found:
        message = f"{path} holds no PMID"
        raise FormatError(message, hint="one PMID in a line; # begins a comment")
    repeated = sorted({pmid for pmid in found if found.count(pmid) > 1}, key=int)
    return KnownSet(name or path.stem, tuple(sorted(set(found), key=int)), tuple(repeated))


def check(
    store: Store,
    project: Project,
    strategy: Strategy,
    known: KnownSet,
    *,
    client: Client | None = None,
    allow_dropped_terms: bool = False,
    run_by: str | None = None,
    check_id: str | None = None,
    say: Say = lambda words: None,
) -> Recall:
    """Ask PubMed for the known records, then each line for those that it has, and record what came.

    Every answer is kept before it is read, under the id of the check. The closing row comes last: a check that was
    cut off never happened. Raises SearchError when PubMed has none of them.
    """
    check_id = check_id or str(uuid.uuid4())

    def keep(endpoint: str, request: Request, answer: Answer) -> None:
        body = Body(endpoint, request, answer.requested_at, answer.status, answer.body)
        rows.keep_response(store, response_row(check_id, body))

    client = (client or Client.from_environment()).keeping(keep)
    began = datetime.now(UTC).date()
    there = _in_pubmed(client, known.pmids)
    absent = tuple(pmid for pmid in known.pmids if pmid not in there)
    say(f"PubMed has {len(there)} of {len(known.pmids)} known records")
    if not there:
        message = f"PubMed has none of the {len(known.pmids)} PMIDs of the known set {known.name!r}"
        raise SearchError(message, hint="look at the file: these are PMIDs, not numbers of PMC or of another database")
    lines: list[RecallLine] = []
    dropped: list[tuple[int, str, str]] = []
    for line in strategy.lines:
        text = strategy.resolved(line.no)
        found: set[str] = set()
        for group in batches(there, GROUP):
            answer = _ask(client, f"({text}) AND ({_uids(group)})", group, line=line.no, what=f"line #{line.no}")
            told = line_result(strategy, line.no, answer)
            if not allow_dropped_terms:
                refuse_dropped(strategy, [told])
            dropped += [(line.no, kind, words) for kind, words in told.dropped]
            found.update(answer.ids)
        missed = tuple(pmid for pmid in there if pmid not in found)
        lines.append(RecallLine(line, text, tuple(pmid for pmid in there if pmid in found), missed))
        say(f"#{line.no} {line.label}: {len(found)} of {len(there)}")
    result = Recall(
        check_id=check_id,
        strategy=strategy.name,
        known=known,
        in_source=there,
        not_in_source=absent,
        lines=tuple(lines),
        losses=losses(strategy, lines),
        dropped=tuple(dict.fromkeys(dropped)),
        checked_on=began,
    )
    rows.close_recall(
        store, check=_check_row(result, strategy, run_by=run_by, simulated=project.simulated), lines=_line_rows(result)
    )
    return result


def losses(strategy: Strategy, lines: Sequence[RecallLine]) -> tuple[Loss, ...]:
    """Where each record that the last line misses is lost; one that two blocks lose has two losses."""
    found = {one.line.no: set(one.found) for one in lines}
    last = len(strategy.lines)
    return tuple(loss for pmid in lines[-1].missed for loss in _lost(strategy, last, pmid, found))


def _in_pubmed(client: Client, pmids: Sequence[str]) -> tuple[str, ...]:
    """Those of *pmids* that PubMed has. It names a PMID that it lacks as a term that was not found."""
    there: set[str] = set()
    for group in batches(pmids, GROUP):
        answer = _ask(client, _uids(group), group, line=0, what="the known records")
        asked = {f"{pmid}[uid]" for pmid in group} | set(group)
        strange = [f"{kind}: {text}" for kind, text in answer.dropped if text.lower() not in asked]
        if strange:
            message = f"PubMed did not understand the question for the known records: {'; '.join(strange)}"
            raise EntrezError(message, hint="run the same command again later")
        there.update(answer.ids)
    return tuple(pmid for pmid in pmids if pmid in there)


def _ask(client: Client, term: str, group: Sequence[str], *, line: int, what: str) -> Found:
    """The answer to *term*, of which no id may lie outside *group*."""
    found = client.esearch(term, what=what, purpose="recall", line=line, retmax=len(group))
    stray = sorted(set(found.ids) - set(group), key=int)
    if stray or found.count != len(set(found.ids)):
        said = f"{found.count} records counted, {len(stray)} of them not asked for"
        message = f"PubMed's answer to {what} is not a part of the {len(group)} known records: {said}"
        raise EntrezError(message, hint="run the same command again later")
    return found


def _uids(group: Sequence[str]) -> str:
    return " OR ".join(f"{pmid}[uid]" for pmid in group)


def _lost(strategy: Strategy, no: int, pmid: str, found: dict[int, set[str]]) -> Iterator[Loss]:
    line = strategy.line(no)
    tree = parse(line.text)
    for how, where in dict.fromkeys(_culprits(tree, pmid, found)):
        if where and how == "missed":
            yield from _lost(strategy, where, pmid, found)
        elif how == "missed":
            yield Loss(pmid, line, how, line.refers_to or (no,))
        else:
            yield Loss(pmid, strategy.line(where) if where else line, how, (where,) if where else (no,))


def _culprits(node: Node, pmid: str, found: dict[int, set[str]]) -> Iterator[tuple[str, int]]:
    """(how, line) for what loses a record in a part of a line that does not find it; line 0 is the line itself."""
    if isinstance(node, Reference):
        yield "missed", node.no
        return
    if not isinstance(node, Group) or node.operator == "OR":
        yield "missed", 0
        return
    if len(node.parts) == 1:
        yield from _culprits(node.parts[0], pmid, found)
        return
    known = [_finds(part, pmid, found) for part in node.parts]
    if node.operator == "NOT":
        taken = [part for part, finds in zip(node.parts[1:], known[1:], strict=True) if finds]
        if known[0] is False or (known[0] is None and not taken):
            yield from _culprits(node.parts[0], pmid, found)
            return
        references = [part.no for part in taken if isinstance(part, Reference)]
        yield from (("removed", no) for no in references or [0])
        return
    guilty = [part for part, finds in zip(node.parts, known, strict=True) if finds is False]
    for part in guilty:
        yield from _culprits(part, pmid, found)
    if not guilty:
        yield "narrowed" if any(isinstance(part, Reference) for part in node.parts) else "missed", 0


def _finds(node: Node, pmid: str, found: dict[int, set[str]]) -> bool | None:
    """Whether a part of a line finds a record; None where PubMed was not asked that part."""
    if isinstance(node, Reference):
        return pmid in found[node.no]
    if not isinstance(node, Group):
        return None
    known = [_finds(part, pmid, found) for part in node.parts]
    if node.operator == "OR":
        return True if True in known else None if None in known else False
    if node.operator == "NOT":
        rest = False if all(one is False for one in known[1:]) else True if True in known[1:] else None
        return False if known[0] is False or rest is True else True if known[0] and rest is False else None
    return False if False in known else None if None in known else True


def _check_row(result: Recall, strategy: Strategy, *, run_by: str | None, simulated: bool) -> dict[str, Any]:
    return {
        "check_id": result.check_id,
        "strategy": strategy.name,
        "strategy_version": strategy.version,
        "strategy_sha256": strategy.sha256,
        "known_name": result.known.name,
        "known_sha256": result.known.sha256,
        "known": len(result.known.pmids),
        "in_source": len(result.in_source),
        "found": len(result.found),
        "missed": list(result.missed),
        "not_in_source": list(result.not_in_source),
        "checked_on": result.checked_on,
        "run_by": run_by,
        "tool": tool_name(),
        "simulated": simulated,
        "finished_at": datetime.now(UTC),
    }


def _line_rows(result: Recall) -> list[dict[str, Any]]:
    return [
        {
            "check_id": result.check_id,
            "line_no": one.line.no,
            "label": one.line.label,
            "text": one.text,
            "found": len(one.found),
            "missed": list(one.missed),
        }
        for one in result.lines
    ]
