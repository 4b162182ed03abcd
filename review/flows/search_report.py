"""The search report: under each item of PRISMA-S what the data know of the searches, and no more than they know."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from review import __version__
from review.database import Store
from review.flows.searches import Facts, Line, Search, gather
from review.project import Project
from review.reporting.prisma_s import Statement, Status, prisma_s_table
from review.reporting.table import Table
from review.screening.blinding import is_blinded
from review.search.strategy import Strategy
from review.terms import SourceKind

if TYPE_CHECKING:
    import polars as pl

_HIDDEN = "hidden from those who screen blind: citations are followed from included reports"
_SHORT = 8
_BROWSED = "website (or organisation, hand_search)"
_NAMED = 20
# fields that narrow a search to a time, a language, a type of publication or a subset
_LIMITS = re.compile(r"\[(la|lang|language|dp|pdat|edat|crdt|dcom|mhda|pt|publication type|filter|sb)\b", re.IGNORECASE)
_JOINS = re.compile(r"(?:#\d+|AND|OR|NOT|[\s()])+")
_ENTER = "enter it: review search enter NAME --source ... --source-kind {kind} --date ... --query ..."
_RULES = {
    "same_pmid": "the same PMID",
    "same_doi": "the same DOI and a like title, or the same year and first author",
    "title_place": "a like title at one place (volume and page, year within one)",
    "title_place_other_author": "one title, journal and place, under a person and a group as authors",
    "title_but_numbers": "one title but for a number in it, with authors, at one whole place",
    "title_part_authors_place": "a title that is part of the other, with authors, at one place",
    "place_authors_translated": "one whole place, journal, year and authors, and a translated title",
    "title_authors_page": "a like title, authors and first page; one side names no volume",
    "title_authors_volume": "a like title, authors, journal and volume; one side names no page",
    "title_part_authors_volume": "a title that is part of the other, authors, journal and volume; one names no page",
    "title_authors_elocator": "a like title, authors, journal and volume; an article number beside pages",
    "title_authors_journal": "a like title, authors, journal and year; one side, or both, name no place",
    "same_registry_entry": "a like title and the only registry number of two registry entries",
}
_DEEDS = {"merge": "merged", "split": "split", "lock": "locked apart", "unlock": "unlocked", "undo": "undone"}


def search_report(store: Store, project: Project, *, reviewer: str | None = None) -> tuple[Table, pl.DataFrame]:
    """The report as a table, and its raw lines.

    A *reviewer* who screens blind is not told from which reports citations were followed: they are the included ones.
    """
    facts = gather(store, project)
    statements = [statement for item in (_first, *_ITEMS) for statement in item(facts)]
    if is_blinded(store, project, reviewer):
        chased = {run["run_id"] for search in facts.of_kind(SourceKind.CITATION_SEARCH) for run in search.runs}
        statements = [one if one.run_id not in chased else replace(one, text=_HIDDEN, brief=None) for one in statements]
    return prisma_s_table(statements, title=project.title, simulated=project.simulated)


def _first(facts: Facts) -> Iterator[Statement]:
    """What a reader must know first: nothing searched, counts that differ, strategies that changed, runs cut off."""
    if not facts.searches:
        text = "no search is recorded in this review"
        yield Statement(0, "Nobody has searched", text, status=Status.EMPTY)
    for search in facts.searches:
        for run in search.runs:
            if run["reconciled"] is False:
                text = f"{search.label}, {run['searched_on']}: {_arrived(facts, run)}"
                about = "Not reconciled"
                if later := search.healed.get(run["run_id"]):
                    about = "Not reconciled, healed since"
                    text += f"; the run {later['run_id']} of {later['searched_on']} brought all, these among them"
                yield Statement(0, about, text, run_id=run["run_id"])
    for strategy in facts.strategies:
        found = facts.search_of(strategy)
        if found is not None and found.last["strategy_sha256"] != strategy.sha256:
            day = found.last["searched_on"]
            text = f"the file of {strategy.name} is not the one that ran on {day}; what stands below is of the run"
            yield Statement(0, "Strategy has changed", text, run_id=found.last["run_id"])
    for start in facts.cut_off:
        yield Statement(0, "Cut off", _cut_off(start), run_id=start["run_id"])


def _databases(facts: Facts) -> Iterator[Statement]:
    yield from _sources(facts, 1, (SourceKind.DATABASE,), "no search of a database", "database")


def _at_once(facts: Facts) -> Iterator[Statement]:
    by_platform: dict[str, list[str]] = {}
    for search in facts.of_kind(SourceKind.DATABASE, SourceKind.REGISTER):
        if search.last["platform"]:
            by_platform.setdefault(search.last["platform"], []).append(search.source)
    for platform, found in by_platform.items():
        names = list(dict.fromkeys(found))
        if len(names) > 1:
            text = f"searched as {', '.join(names)}, each entered on its own; whether at once, the database cannot know"
            yield Statement(2, platform, text, status=Status.OPEN)
    if all(len(set(found)) == 1 for found in by_platform.values()) and by_platform:
        yield Statement(2, "Platforms", "each recorded search asked one source on its own platform")
    if not by_platform:
        yield Statement(2, "Platforms", "no search with a platform is recorded", status=Status.EMPTY)


def _registers(facts: Facts) -> Iterator[Statement]:
    yield from _sources(facts, 3, (SourceKind.REGISTER,), "no search of a study registry", "register")


def _browsed(facts: Facts) -> Iterator[Statement]:
    kinds = (SourceKind.WEBSITE, SourceKind.ORGANISATION, SourceKind.HAND_SEARCH)
    yield from _sources(facts, 4, kinds, "no browsing of web sites, organisations or print", _BROWSED)


def _citations(facts: Facts) -> Iterator[Statement]:
    found = facts.of_kind(SourceKind.CITATION_SEARCH)
    yield from _sources(facts, 5, (SourceKind.CITATION_SEARCH,), "no citation searching", "citation_search")
    for search in found:
        ways = [line["label"] for line in search.lines]
        if ways:
            text = f"citations followed {' and '.join(ways)}; seeds and links stand under item 8"
            yield Statement(5, search.label, text, run_id=search.last["run_id"])


def _contacts(facts: Facts) -> Iterator[Statement]:
    yield _open(6, "say whom you asked for studies or data; enter what they sent as a search of the kind other_method")


def _other_methods(facts: Facts) -> Iterator[Statement]:
    yield from _sources(facts, 7, (SourceKind.OTHER_METHOD,), "no other method", "other_method")


def _strategies(facts: Facts) -> Iterator[Statement]:
    for search in facts.searches:
        yield from _as_run(facts, search)
        for strategy in facts.strategies:
            if facts.search_of(strategy) is search:
                yield from _of_file(facts, strategy)
    for strategy in facts.strategies:
        if facts.search_of(strategy) is None:
            text = f"version {strategy.version}: {strategy.standing}"
            if strategy.status == "run":
                text = f"version {strategy.version}: its file says it was run, but no run of it is recorded here"
            yield Statement(8, f"{strategy.source}: {strategy.name}", text, status=Status.EMPTY)
            yield from _of_file(facts, strategy)
    for name, problem in facts.broken:
        yield Statement(8, name, f"the strategy cannot be read: {problem.message}", status=Status.EMPTY)
    for start in facts.cut_off:
        yield Statement(8, start["strategy"], _cut_off(start), run_id=start["run_id"], status=Status.EMPTY)
    if not facts.searches and not facts.strategies and not facts.broken:
        yield Statement(8, "Strategies", "no strategy and no search is recorded", status=Status.EMPTY)


def _limits(facts: Facts) -> Iterator[Statement]:
    for search in facts.searches:
        run, said = search.last, []
        if run["limits"]:
            said.append(f"as entered: {run['limits']}")
        if run["pinned_to"]:
            said.append(f"records that entered PubMed up to {run['pinned_to']} ([edat])")
        if narrow := _narrowing(search):
            said.append(f"fields that narrow the search stand in line {', '.join(f'#{no}' for no in narrow)}")
        if said:
            yield Statement(9, search.label, "; ".join(said), run_id=run["run_id"])
        elif search.lines:
            words = (
                "none" if run["source_kind"] == SourceKind.CITATION_SEARCH else "none besides the words of its lines"
            )
            yield Statement(9, search.label, words, run_id=run["run_id"])
        else:
            text = "no limit was entered; whether there was one besides the strategy, the database cannot know"
            yield Statement(9, search.label, text, run_id=run["run_id"], status=Status.OPEN)
    yield _open(9, "justify each limit")


def _filters(facts: Facts) -> Iterator[Statement]:
    yield _open(10, "cite each published filter that a strategy uses; the note in its file is printed under item 8")


def _prior_work(facts: Facts) -> Iterator[Statement]:
    yield _open(11, "cite each review whose strategy was taken up; the note in the file is printed under item 8")


def _updates(facts: Facts) -> Iterator[Statement]:
    again = [search for search in facts.searches if len(search.runs) > 1 or search.last["updates"]]
    for search in again:
        days = ", ".join(f"{run['searched_on']}" for run in search.runs)
        text = f"run {_times(len(search.runs))} as it stands: {days}"
        if search.last["updates"]:
            text += f"; the last run brings {search.last['updates']} up to date"
        yield Statement(12, search.label, text, run_id=search.last["run_id"])
    if facts.watches:
        last = facts.watches[-1]
        day = f"{last['imported_at']:%Y-%m-%d}"
        text = f"known records were read again for notices, {_times(len(facts.watches))}, last on {day}"
        yield Statement(12, "PubMed: retractions and corrections", text, last["records_read"], run_id=last["run_id"])
    if not again and not facts.watches:
        text = "no search was run again; review search update does it for the strategies of queries/pubmed"
        yield Statement(12, "Updates", text, status=Status.EMPTY)


def _dates(facts: Facts) -> Iterator[Statement]:
    for search in facts.searches:
        run = search.last
        text = f"last searched on {run['searched_on']}" if run["searched_on"] else "its date was not recorded"
        if len(search.runs) > 1:
            text += f", first on {search.runs[0]['searched_on']}"
        status = Status.REPORTED if run["searched_on"] else Status.OPEN
        yield Statement(13, search.label, text, run_id=run["run_id"], on=run["searched_on"], status=status)
    if not facts.searches:
        yield Statement(13, "Dates", "no search is recorded", status=Status.EMPTY)


def _peer_review(facts: Facts) -> Iterator[Statement]:
    yield _open(14, "say who reviewed the strategies, and how (PRESS); review search lint replaces no person")


def _totals(facts: Facts) -> Iterator[Statement]:
    for search in facts.searches:
        for run in search.runs:
            about = f"{search.label}, {run['searched_on'] or 'without a date'}"
            count = run["hits"] if run["hits"] is not None else run["imported"]
            yield Statement(15, about, _arrived(facts, run), count, run_id=run["run_id"], on=run["searched_on"])
    for receipt in facts.unsearched:
        text = f"imported from {receipt['file_name']}, which was joined to no search: say which one it is of"
        yield Statement(15, receipt["source"], text, receipt["records_read"], status=Status.EMPTY)
    for source, (entries, _) in facts.entries.items():
        if not entries:
            continue
        what = (
            "different records of this source" if source else "different records of all sources, before deduplication"
        )
        yield Statement(15, source or "All sources", what, entries)
    if not facts.searches and not facts.entries.get(None, (0, 0))[0]:
        yield Statement(15, "Records", "no record was identified by a recorded search", status=Status.EMPTY)


def _deduplication(facts: Facts) -> Iterator[Statement]:
    entries, records = facts.entries.get(None, (0, 0))
    merges = facts.merges
    if not merges.by_rule and not merges.by_people:
        text = "no merge is recorded: review dedupe run found nothing, or nobody ran it"
        text = text if entries else "there are no records"
        yield Statement(16, "Duplicates", text, status=Status.EMPTY)
        return
    software = (
        "regen-review merges by named rules what shares a PMID, a DOI (unless the titles are of two works), or a like "
        "title with authors and place of publication (similarity of texts by rapidfuzz); identifiers that differ, "
        "notices, protocols, preprints, meeting abstracts and parts of a series are not merged by the program; people "
        f"decide on what is doubtful. This report was written by version {__version__}; which version merged is not "
        "recorded"
    )
    yield Statement(16, "Software", software)
    for rule, count in merges.by_rule.items():
        text = f"pairs with {_RULES.get(rule, rule)}; three entries of one record are three pairs"
        yield Statement(16, "Merged by the program", text, count)
    for deed, count in merges.by_people.items():
        yield Statement(16, "Decided by people", f"pairs {_DEEDS.get(deed, deed)}", count)
    if merges.waiting:
        yield Statement(
            16, "Waiting for a person", "pairs that look alike and have something against it", merges.waiting
        )
    yield Statement(16, "Removed", "entries that were another entry of the same record", entries - records)
    yield Statement(16, "Outcome", f"{entries} entries of all sources are {records} records", records)


_ITEMS: tuple[Callable[[Facts], Iterator[Statement]], ...] = (
    _databases, _at_once, _registers, _browsed, _citations, _contacts, _other_methods, _strategies,
    _limits, _filters, _prior_work, _updates, _dates, _peer_review, _totals, _deduplication,
)  # fmt: skip


def _sources(facts: Facts, item: int, kinds: tuple[str, ...], none: str, kind: str) -> Iterator[Statement]:
    """The sources of these kinds with their platforms; those of files alone, and a line where there is none."""
    found: dict[str, list[Search]] = {}
    for search in facts.of_kind(*kinds):
        found.setdefault(search.source, []).append(search)
    for source, mine in found.items():
        platforms = sorted({search.last["platform"] for search in mine if search.last["platform"]})
        text = f"platform: {', '.join(platforms)}" if platforms else "platform not stated"
        by_hand = "; run elsewhere and entered by hand" if all(one.last["mode"] == "manual" for one in mine) else ""
        yield Statement(item, source, f"{text}; {len(mine)} strateg{'y' if len(mine) == 1 else 'ies'}{by_hand}")
    alone = {one["source"]: one["source_kind"] for one in facts.unsearched if one["source_kind"] in kinds}
    alone = {source: own for source, own in alone.items() if source not in found}
    for source, own in sorted(alone.items()):
        text = f"records were imported, no search is recorded: {_ENTER.format(kind=own)}"
        yield Statement(item, source, text, status=Status.EMPTY)
    if not found and not alone:
        yield Statement(item, "None", f"{none} is recorded; {_ENTER.format(kind=kind)}", status=Status.EMPTY)


def _as_run(facts: Facts, search: Search) -> Iterator[Statement]:
    """One strategy as it was sent: what ran, its lines with their counts, what PubMed said of them."""
    run = search.last
    version = ""
    if run["strategy_version"]:
        version = f"version {run['strategy_version']} ({str(run['strategy_sha256'])[:_SHORT]}); "
    how = {"run": "run", "replay": "replayed from stored answers", "manual": "run elsewhere and entered by hand"}
    text = f"{version}{how[run['mode']]}; {run['platform'] or 'platform not stated'}; id {run['run_id']}"
    if run["pinned_to"]:
        text += f"; records that entered PubMed up to {run['pinned_to']}"
    yield Statement(8, search.label, text, run["hits"], run_id=run["run_id"], on=run["searched_on"])
    if run["dropped_terms"]:
        parts = [f"line #{part['line']} {part['signal']}: {part['text']}" for part in json.loads(run["dropped_terms"])]
        text = f"PubMed ignored, and a person accepted: {'; '.join(parts)}"
        yield Statement(8, search.label, text, run_id=run["run_id"])
    for line in search.lines:
        about = f"#{line['line_no']} {line['label'] or ''}".strip()
        yield Statement(
            8, about, line["text"], line["hits"], run_id=run["run_id"], line=line["line_no"],
            translation=line["query_translation"], brief=_brief(search, line),
        )  # fmt: skip
        for said in json.loads(line["warnings"] or "[]"):
            yield Statement(8, f"{about}: remark", said, run_id=run["run_id"], line=line["line_no"])
    if not search.lines or run["source_kind"] == SourceKind.CITATION_SEARCH:
        asked = [text for text in (run["query"] or "").split("\n") if text.strip()]
        for no, text in enumerate(asked, start=1):
            about = f"line {no} as entered" if run["mode"] == "manual" else "as asked"
            yield Statement(8, about, text.rstrip("\r"), run_id=run["run_id"], line=no)


def _of_file(facts: Facts, strategy: Strategy) -> Iterator[Statement]:
    """What the file of a strategy says of it, and how many known records it finds."""
    about = f"{strategy.source}: {strategy.name}"
    if strategy.note:
        yield Statement(8, f"{about}, note", strategy.note)
    ran = facts.search_of(strategy)
    text = str(ran.last["strategy_sha256"]) if ran is not None else strategy.sha256
    checks: dict[str, Line] = {}
    for check in facts.checks:
        older = checks.get(check["known_name"])
        # of each known set the newest check of the text that stands above, else the newest of any
        of_text = check["strategy_sha256"] == text
        if check["strategy"] == strategy.name and (of_text or older is None or older["strategy_sha256"] != text):
            checks[check["known_name"]] = check
    for _, check in sorted(checks.items()):
        said = _checked(check, text=text, strategy=strategy)
        yield Statement(8, f"{about}, recall", said, check["found"], on=check["checked_on"])
    if not checks and ran is not None:
        said = f"{strategy.recall}; no check against known records is recorded"
        yield Statement(8, f"{about}, recall", said, status=Status.EMPTY)


def _checked(check: Line, *, text: str, strategy: Strategy) -> str:
    """One check against known records; *text* is the fingerprint of the strategy as it is reported."""
    said = (
        f"finds {check['found']} of {check['in_source']} known records that PubMed has ({check['known']} in "
        f"{check['known_name']}), checked on {check['checked_on']}"
    )
    if check["missed"]:
        said += f"; misses PMID {_some(check['missed'])}"
    if check["strategy_sha256"] != text:
        newer = check["strategy_sha256"] == strategy.sha256
        said += "; of the file as it is now, WHICH HAS NOT RUN" if newer else "; the strategy HAS CHANGED since"
    return said + ("; SIMULATED" if check["simulated"] else "")


def _arrived(facts: Facts, run: Line) -> str:
    """What the source counted beside what arrived, the difference named."""
    receipts = facts.receipts_of(run)
    said = ["hits not stated" if run["hits"] is None else f"{run['hits']} counted"]
    if run["retrieved"] is not None:
        said.append(f"{run['retrieved']} retrieved")
    if run["reconciled"] is None and not run["imported"]:
        said.append("nothing imported yet")
    elif run["reconciled"] is None:
        said.append(f"{run['imported']} imported, which nothing was counted to compare with")
    elif run["reconciled"]:
        said.append(f"{run['imported']} imported: reconciled")
    else:
        less = run["hits"] - run["imported"]
        said.append(f"{run['imported']} imported: {abs(less)} {'fewer' if less > 0 else 'more'} than counted")
    if run["missing_pmids"]:
        said.append(f"accepted as missing: PMID {_some(run['missing_pmids'])}")
    committed = [one for one in receipts if one["status"] == "committed"]
    if rejected := sum(one["records_rejected"] for one in committed):
        said.append(f"{rejected} could not be read and stand in the quarantine")
    if any(one["loss_accepted"] for one in committed):
        said.append("a person accepted that records and markers differ")
    if len(committed) < len(receipts):
        said.append(f"{len(receipts) - len(committed)} imports were refused")
    return ", ".join(said)


def _cut_off(start: Line) -> str:
    what = {"strategy": "the run", "citations": "the citation search", "watch": "the reading for notices"}[
        start["kind"]
    ]
    return (
        f"{what} {start['run_id']} that was begun on {start['started_at']:%Y-%m-%d} has not finished; it counts nowhere"
    )


def _brief(search: Search, line: Line) -> str | None:
    """A line that only joins earlier ones, by their numbers; the last line of the search in full as well."""
    text = str(line["text"])
    earlier = [one for one in search.lines if one["line_no"] < line["line_no"]]
    for one in sorted(earlier, key=lambda one: len(one["text"]), reverse=True):
        text = text.replace(f"({one['text']})", f"#{one['line_no']}")
    if not _JOINS.fullmatch(text) or text == line["text"]:
        return None
    return f"{text}\n= {line['text']}" if line is search.lines[-1] else text


def _narrowing(search: Search) -> list[int]:
    """The lines that hold a field of limits themselves; a line that only joins such a line is not named again."""
    held: list[Line] = []
    for line in search.lines:
        text = line["text"]
        for earlier in held:
            text = text.replace(f"({earlier['text']})", "")
        if _LIMITS.search(text):
            held.append(line)
    return [line["line_no"] for line in held]


def _open(item: int, what: str) -> Statement:
    return Statement(item, "For the authors", f"the database cannot know it: {what}", status=Status.OPEN)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _some(pmids: list[str]) -> str:
    return ", ".join(pmids[:_NAMED]) + (" ..." if len(pmids) > _NAMED else "")
