"""Asks PubMed again for what the review knows by PMID, so that a retraction reaches it.

The strategies bring most of it back by themselves. What they do not (records that are found no more, records of other
databases, reports of studies) is asked for by its number. A PMID that PubMed listed for the review becomes a new
version of its record when it was revised; all others are read for their notices and are no record of the review.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from review.database import Append, Store
from review.errors import SearchError, UsageProblem
from review.project import Project
from review.search import store as rows
from review.search.assemble import fetched_records
from review.search.closing import import_id_of
from review.search.entrez import Client, Request
from review.search.fetching import Progress, fetch, stored_pmids
from review.search.known import SOURCE, known, studies_without_pmid
from review.search.notices import notice_rows
from review.search.reading import Reading
from review.search.receipts import make_receipt, receipt_row
from review.search.recorded import Body, body_of_row, response_rows, successful
from review.search.records import membership, quarantine_rows, sha256, source_rows
from review.search.transport import Answer
from review.terms import SourceKind

# what an older watch that was cut off had read may have been retracted since
_TAKEN_UP_FOR = timedelta(hours=24)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Watched:
    """What a watch read: how many PMIDs it asked for, which came, which PubMed did not send when asked twice."""

    run_id: str
    pmids: tuple[str, ...]
    came: int
    new_rows: int
    not_sent: tuple[str, ...]


def watchable(store: Store) -> list[str]:
    """Every PMID of a record, a study report or a PubMed address at which figures were read, by number.

    To them belong the PMIDs of records that were read under the DOI or PMC number of one of these.
    """
    numbers = known(store)
    return sorted(numbers.pmids | numbers.found, key=int)


def unwatched(store: Store) -> tuple[int, int]:
    """(studies that no watch reads again, because the PMID of none of their reports is known; all studies)."""
    return studies_without_pmid(store)


def watch(
    store: Store,
    project: Project,
    *,
    beside: Collection[str] = (),
    client: Client | None = None,
    run_by: str | None = None,
    say: Say = lambda words: None,
    progress: Progress = lambda done, total: None,
) -> Watched | None:
    """Fetch every PMID of `watchable` that is not in *beside*; None where there is none.

    A watch that was cut off less than a day ago is taken up: what is stored is not asked again. Raises EntrezError
    when PubMed does not answer; then the answers that came stay, and the same call goes on.
    """
    left_out = set(beside)
    wanted = [pmid for pmid in watchable(store) if pmid not in left_out]
    if not wanted:
        return None
    asking = client or Client.from_environment()
    run_id = _begin(store, project, wanted, run_by=run_by, say=say)

    stored = _bodies(store, run_id)
    row_of = response_rows(run_id, earlier=stored)

    def keep(endpoint: str, request: Request, answer: Answer) -> None:
        rows.keep_response(store, row_of(Body(endpoint, request, answer.requested_at, answer.status, answer.body)))

    fetch(asking.keeping(keep), wanted, stored=stored_pmids(stored), say=say, progress=progress)
    return close_watch(store, run_id, run_by=run_by)


def replay(store: Store, run_id: str, *, run_by: str | None = None) -> Watched:
    """Read the stored answers of a watch anew, without a network. Raises UsageProblem where *run_id* is of none."""
    start = rows.find_start(store, run_id)
    if start is None or start["kind"] != "watch":
        message = f"{run_id!r} is not the run of a watch"
        raise UsageProblem(message, hint="review search update prints it; a strategy's run: review search replay NAME")
    return close_watch(store, run_id, run_by=run_by)


def close_watch(store: Store, run_id: str, *, run_by: str | None = None) -> Watched:
    """Read the stored answers of a watch and write what they hold, with its receipt, in one batch.

    The same answers give the same rows. Raises SearchError when no answer is stored.
    """
    bodies = _answers(store, run_id)
    if not bodies:
        message = f"no answers of the watch {run_id!r} are stored"
        raise SearchError(message, hint="run it anew: review search update --watch-only")
    asked = sorted({pmid for body in bodies for pmid in _asked(body)}, key=int)
    by_pmid, rejected, _ = fetched_records(bodies)
    read = list(by_pmid.values())
    found = source_rows(read, source=SOURCE)
    ids = [str(row["source_record_id"]) for row in found]
    fresh = set(ids) - rows.known_ids(store, ids)
    ours = rows.known_pmids(store, source=SOURCE, pmids=[record.pmid or "" for record in read])
    import_id = import_id_of(run_id)
    known = [(row, record) for row, record in zip(found, read, strict=True) if record.pmid in ours]
    not_sent = tuple(pmid for pmid in asked if pmid not in {record.pmid for record in read})
    receipt = make_receipt(
        Reading(dialect="pubmed_xml", evidence="efetch", records=tuple(read), markers=len(read)),
        data_sha256=sha256(*(body.content for body in bodies)),
        size=sum(len(body.content) for body in bodies),
        name=f"watch ({len(bodies)} answers)",
        source=SOURCE,
        source_kind=SourceKind.DATABASE.value,
        platform="E-utilities",
        run_id=run_id,
        imported_by=run_by,
        imported_at=datetime.now(UTC),
        new=len(fresh),
        refused=False,
        loss_accepted=False,
    )
    rows.commit_import(
        store,
        records=found,
        notices=notice_rows(read, found),
        membership=membership(import_id, [row for row, _ in known], [record for _, record in known]),
        receipt={**receipt_row(receipt), "import_id": import_id, "losses": _losses(not_sent)},
        quarantine=quarantine_rows(rejected, import_id=import_id, run_id=run_id),
        more=[
            Append(
                "search.watched_record",
                [
                    {"import_id": import_id, "source_record_id": row["source_record_id"]}
                    for row, record in zip(found, read, strict=True)
                    if record.pmid not in ours
                ],
            )
        ],
    )
    return Watched(run_id, tuple(asked), len(read), len(fresh), not_sent)


def _begin(store: Store, project: Project, wanted: Sequence[str], *, run_by: str | None, say: Say) -> str:
    """The id of the watch: of one that was cut off and is fresh enough, or a new one with its starting row."""
    now = datetime.now(UTC)
    begun = rows.open_watch(store)
    if begun is not None and now - begun["started_at"] < _TAKEN_UP_FOR and begun["simulated"] == project.simulated:
        say(f"going on with the watch that was cut off at {begun['started_at']:%Y-%m-%d %H:%M}")
        return str(begun["run_id"])
    run_id = str(uuid.uuid4())
    start = {
        "run_id": run_id,
        "kind": "watch",
        "strategy": "watch",
        "strategy_sha256": sha256(*wanted),
        "pinned_to": None,
        "updates": None,
        "run_by": run_by,
        "simulated": project.simulated,
        "started_at": now,
    }
    rows.begin_run(store, start)
    return run_id


def _asked(body: Body) -> list[str]:
    """The PMIDs that a question named."""
    params = body.request.get("params", body.request)
    return [pmid for pmid in str(params.get("id", "")).split(",") if pmid]


def _losses(not_sent: Sequence[str]) -> str:
    said: list[dict[str, Any]] = [
        {"line": None, "byte": None, "reason": "did not come, or not legibly, asked twice", "text": f"PMID {pmid}"}
        for pmid in not_sent
    ]
    return json.dumps(said, sort_keys=True)


def _answers(store: Store, run_id: str) -> list[Body]:
    """The stored answers that count; one that was cut off was asked again, or will be."""
    return successful(_bodies(store, run_id))


def _bodies(store: Store, run_id: str) -> list[Body]:
    return [body_of_row(row) for row in rows.responses_of(store, run_id)]
