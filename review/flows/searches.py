"""What is known of the searches of a review: the runs of each strategy, their lines and receipts, and the merges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from review.database import Store
from review.dedupe import log, waiting
from review.dedupe.cluster import standing
from review.dedupe.match import strength
from review.errors import ProtocolError
from review.flows.prisma_flow import broken_strategies
from review.project import Project
from review.search import store as rows
from review.search.strategy import Strategy, load_strategy, strategies

Line = Mapping[str, Any]


@dataclass(frozen=True)
class Search:
    """One strategy at one source: its runs, oldest first, and the lines of the last.

    `label` is `PubMed: regenerative-pain`, with a word where the run is made up and the project is not. `healed` is the
    id of a run that did not reconcile → the later run of the same text that brought what it lacked.
    """

    runs: tuple[Line, ...]
    lines: tuple[Line, ...]
    label: str
    healed: Mapping[str, Line] = field(default_factory=dict)

    @property
    def last(self) -> Line:
        """The last run."""
        return self.runs[-1]

    @property
    def source(self) -> str:
        """The source that was asked."""
        return str(self.last["source"])


@dataclass(frozen=True)
class Merges:
    """What was done about duplicates: merges of pairs that stand, by rule; deeds of people; pairs that wait for one."""

    by_rule: Mapping[str, int]
    by_people: Mapping[str, int]
    waiting: int


@dataclass(frozen=True)
class Facts:
    """Everything that a search report rests on.

    `receipts` are those of records (a reading for notices alone brings none), `entries` source → (entries listed,
    records that they are), under None all sources together.
    """

    searches: tuple[Search, ...]
    receipts: tuple[Line, ...]
    strategies: tuple[Strategy, ...]
    broken: tuple[tuple[str, ProtocolError], ...]
    cut_off: tuple[Line, ...]
    checks: tuple[Line, ...]
    watches: tuple[Line, ...]
    entries: Mapping[str | None, tuple[int, int]]
    merges: Merges

    def of_kind(self, *kinds: str) -> list[Search]:
        """The searches of sources of these kinds."""
        return [search for search in self.searches if search.last["source_kind"] in kinds]

    def receipts_of(self, run: Line) -> list[Line]:
        """The receipts of one run."""
        return [receipt for receipt in self.receipts if receipt["run_id"] == run["run_id"]]

    @property
    def unsearched(self) -> list[Line]:
        """Receipts of files that nobody joined to a search."""
        return [one for one in self.receipts if one["run_id"] is None and one["status"] == "committed"]

    def search_of(self, strategy: Strategy) -> Search | None:
        """The search that ran *strategy* last, in whichever version."""
        found = [one for one in self.searches if one.last["strategy"] == strategy.name and one.last["strategy_sha256"]]
        return max(found, key=lambda one: one.last["finished_at"], default=None)


def gather(store: Store, project: Project) -> Facts:
    """Read the facts."""
    watches = rows.watches(store)
    watched = {watch["import_id"] for watch in watches}
    broken = broken_strategies(project)
    names = {name for name, _ in broken}
    return Facts(
        searches=_searches(store, simulated=project.simulated),
        receipts=tuple(row for row in rows.receipts(store).to_dicts() if row["import_id"] not in watched),
        strategies=tuple(load_strategy(path) for path in strategies(project.queries) if path.stem not in names),
        broken=tuple(broken),
        cut_off=tuple(rows.cut_off_runs(store)),
        checks=tuple(rows.recall_checks(store)),
        watches=tuple(watches),
        entries=rows.entries(store),
        merges=_merges(store),
    )


def _searches(store: Store, *, simulated: bool) -> tuple[Search, ...]:
    lines: dict[str, list[Line]] = {}
    for line in rows.all_lines(store):
        lines.setdefault(line["run_id"], []).append(line)
    groups: dict[tuple[str, str, str], list[Line]] = {}
    for run in rows.history(store).to_dicts():
        # a search that was entered by hand has no fingerprint but its own words
        asked = str(run["strategy_sha256"] or run["query"] or "")
        groups.setdefault((run["source"], str(run["strategy"]), asked), []).append(run)
    return tuple(
        Search(
            tuple(runs),
            tuple(lines.get(runs[-1]["run_id"], ())),
            label(runs[-1], simulated=simulated),
            _healed(store, runs),
        )
        for runs in groups.values()
    )


def _healed(store: Store, runs: Sequence[Line]) -> dict[str, Line]:
    """Run that did not reconcile → the first later one that did, and that brought each PMID which had not come."""
    found: dict[str, Line] = {}
    for at, run in enumerate(runs):
        if run["reconciled"] is not False:
            continue
        lacked = set(run["missing_pmids"] or ())
        for later in runs[at + 1 :]:
            if later["reconciled"] and lacked <= (rows.run_pmids(store, later["run_id"]) if lacked else set()):
                found[run["run_id"]] = later
                break
    return found


def label(run: Line, *, simulated: bool) -> str:
    """A run's source and strategy; SIMULATED where it is and the project is not (*simulated*)."""
    source, name = str(run["source"]), str(run["strategy"] or "without a name")
    named = name if name.lower().startswith(source.lower()) else f"{source}: {name}"
    return f"{named} (SIMULATED)" if run["simulated"] and not simulated else named


def _merges(store: Store) -> Merges:
    rows = log.read_log(store).to_dicts()
    now = standing(log.read(store).events)
    rules = [edge.rule for edge in now.automatic if edge.rule and (edge.a, edge.b) not in now.apart]
    deeds = Counter(row["kind"] for row in rows if not row["undone"] and not row["automatic"])
    by_rule = {rule: rules.count(rule) for rule in sorted(set(rules), key=strength)}
    return Merges(by_rule, deeds, waiting.waiting_pairs(store).height if rows else 0)
