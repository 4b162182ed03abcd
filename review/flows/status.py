"""Where the review stands: what was done, what is stale, what is owed, and what nobody has done."""

from __future__ import annotations

from typing import Any

from review.appraisal import grade, judgements
from review.database import Store
from review.extraction.load import Drift, drift
from review.flows.prisma_flow import broken_strategies, changed_strategies, prisma_flow
from review.flows.searches import label
from review.project import Project
from review.reporting.notices import notice_lines, record_lines
from review.reporting.table import SIMULATED, Column, Row, Table
from review.screening import overview
from review.screening.blinding import is_blinded
from review.search import store as searches
from review.search.standing import standing
from review.search.strategy import load_strategy, strategies
from review.synthesis import store as pools
from review.synthesis.rebuild import is_stale
from review.team.protocol import amendments
from review.terms import SourceKind

_NAMED = 3


def status_table(store: Store, project: Project, *, reviewer: str | None = None) -> Table:
    """One line for each part of the review. For a reviewer of a blind review nothing of another's work is in it."""
    lines = [
        ("protocol", _registration(project)),
        ("protocol", _amendments(store)),
        *(("search", words) for words in _searches(store, project)),
        *(("records", words) for words in _records(store, project, reviewer)),
        *(("screening", words) for words in _screening(store, project, reviewer)),
        *(("extraction", words) for words in _extraction(store, project)),
        *(("notices", words) for words in _notices(store, project, reviewer)),
        ("appraisal", _appraisal(store)),
        *(("synthesis", words) for words in _synthesis(store, project)),
    ]
    return Table(
        caption=f"Status: {project.title}",
        columns=(Column("part", "Part"), Column("state", "State")),
        rows=tuple(Row(line) for line in lines),
        banner=SIMULATED if project.simulated else "",
    )


def _registration(project: Project) -> str:
    registration = project.registration
    if not registration.id:
        return f"criteria version {project.criteria.version}; not registered"
    day = f" on {registration.registered_on}" if registration.registered_on else ""
    return f"criteria version {project.criteria.version}; registered as {registration.id}{day}"


def _amendments(store: Store) -> str:
    made = amendments(store)
    if not made:
        return "no amendments"
    return f"{len(made)} amendments after registration; review reviewer protocol lists them"


def _searches(store: Store, project: Project) -> list[str]:
    history = searches.history(store).to_dicts()
    said = []
    broken = dict(broken_strategies(project))
    said += [f"strategy {name} cannot be read: {problem.message}" for name, problem in broken.items()]
    for path in strategies(project.queries):
        if path.stem not in broken and not any(run["strategy"] == path.stem for run in history):
            said.append(f"strategy {path.stem}: {standing(store, load_strategy(path))}")
    for runs in _of_one_search(history):
        run = runs[-1]
        arrived = {True: "all arrived", False: f"{run['imported']} arrived", None: "nothing imported yet"}
        counted = "hits not stated" if run["hits"] is None else f"{run['hits']} hit{'' if run['hits'] == 1 else 's'}"
        more = f" ({len(runs)} runs)" if len(runs) > 1 else ""
        about = f"{label(run, simulated=project.simulated)}{more}"
        said.append(f"{about}: {counted} on {run['searched_on']} ({run['mode']}); {arrived[run['reconciled']]}")
    for changed in changed_strategies(store, project):
        said.append(f"{changed['file']} has changed since it was run on {changed['on']}: run it again")
    return said or ["no strategy and no search"]


def _of_one_search(history: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The runs of each strategy, oldest first; what was entered by hand or chased is one where it asked alike."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for run in history:
        own_file = run["mode"] != "manual" and run["source_kind"] == SourceKind.DATABASE
        asked = "" if own_file else str(run["strategy_sha256"] or run["query"])
        groups.setdefault((run["source"], str(run["strategy"]), asked), []).append(run)
    return list(groups.values())


def _records(store: Store, project: Project, reviewer: str | None) -> list[str]:
    counted = [line for line in prisma_flow(store, project)[2].to_dicts() if line["status"] == "counted"]
    count: dict[str, int] = {}
    for line in counted:
        count[line["item"]] = count.get(line["item"], 0) + line["n"]
    listed = count.get("database", 0) + count.get("register", 0)
    # whether others have begun to screen is not told to those who screen blind
    if not listed and ("screened" not in count or is_blinded(store, project, reviewer)):
        return ["no records were searched or screened"]
    removed = count.get("duplicates", 0)
    return [f"{listed} identified in databases and registers, {removed} duplicates removed, {listed - removed} left"]


def _screening(store: Store, project: Project, reviewer: str | None) -> list[str]:
    progress = overview.progress(store, project, reviewer=reviewer).to_dicts()
    if not progress:
        return ["not done: nobody has screened"]
    stages: dict[str, list[str]] = {}
    for row in progress:
        stages.setdefault(row["stage"], []).append(f"{row['records']} {str(row['what']).replace('_', ' ')}")
    said = [f"{stage.replace('_', ' ')}: {', '.join(words)}" for stage, words in stages.items()]
    owed = overview.owed(store, project, reviewer=reviewer).to_dicts()
    for row in owed:
        many = "1 decision" if row["records"] == 1 else f"{row['records']} decisions"
        said.append(f"{row['reviewer']} owes {many} at {row['stage'].replace('_', ' ')}")
    return said


def _extraction(store: Store, project: Project) -> list[str]:
    counts = pools.counts(store)
    changes = drift(store, project) if project.extracted.is_dir() else []
    if not counts["studies"]:
        studies = {change.path for change in changes if change.path.endswith("study.toml")}
        return [f"{len(studies)} studies not loaded yet: run review extract load" if studies else "no study yet"]
    said = [f"{counts['studies']} studies, {counts['rows']} rows of figures: {counts['extraction']}"]
    return [*said, _drift_words(changes)] if changes else said


def _drift_words(changes: list[Drift]) -> str:
    named = ", ".join(change.path for change in changes[:_NAMED]) + (" ..." if len(changes) > _NAMED else "")
    one = "1 file differs" if len(changes) == 1 else f"{len(changes)} files differ"
    return f"STALE: {one} from the database ({named}): run review extract load"


def _notices(store: Store, project: Project, reviewer: str | None) -> list[str]:
    """Studies stand in files that everybody reads; of records, a blinded reviewer sees those they included."""
    own = reviewer if is_blinded(store, project, reviewer) else None
    return [*notice_lines(store), *record_lines(store, reviewer=own)]


def _appraisal(store: Store) -> str:
    judged = judgements.risk_of_bias(store)["status"].to_list()
    rated = [word for word in grade.certainties(store)["certainty"].to_list() if word != "not rated"]
    bias = f"{judged.count('judged')} of {len(judged)} results judged" if "judged" in judged else "not rated"
    return f"risk of bias: {bias}; certainty: {f'{len(rated)} cells rated' if rated else 'not rated'}"


def _synthesis(store: Store, project: Project) -> list[str]:
    counts = pools.counts(store)
    if not counts["cells"]:
        return ["nothing computed"]
    said = [f"{counts['cells']} cells with effect sizes, {counts['pooled']} of them pooled (two studies or more)"]
    if is_stale(store, project):
        said.append("STALE: figures, protocol or retractions have changed since: run review synthesize run")
    return said
