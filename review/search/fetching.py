"""Fetches the records of a list of PMIDs; what is stored already is not asked again.

Records are asked for by explicit lists and never by a place in a result set, so that to go on after any interruption
is a set difference: wanted minus stored.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from review.search import pubmed_xml
from review.search.entrez import BATCH, Client
from review.search.recorded import Body, successful

Progress = Callable[[int, int], None]
Say = Callable[[str], None]


def fetch(
    client: Client,
    wanted: Sequence[str],
    *,
    stored: Collection[str] = (),
    say: Say = lambda words: None,
    progress: Progress = lambda done, total: None,
) -> tuple[str, ...]:
    """Ask for the records of *wanted* that are not among *stored*, and once more for those that did not come.

    Returns the PMIDs that did not come even then. *progress* is told how many of *wanted* are here.
    """
    have = set(stored)
    due = [pmid for pmid in wanted if pmid not in have]
    missing: list[str] = []
    done = len(wanted) - len(due)
    progress(done, len(wanted))
    for batch in batches(due):
        came = pmids_in(client.efetch(batch))
        missing += [pmid for pmid in batch if pmid not in came]
        done += len(batch)
        progress(done, len(wanted))
    lost: list[str] = []
    for batch in batches(missing):
        say(f"asking again for {len(batch)} records that did not come")
        came = pmids_in(client.efetch(batch))
        lost += [pmid for pmid in batch if pmid not in came]
    return tuple(lost)


def stored_pmids(bodies: Iterable[Body]) -> set[str]:
    """The PMIDs whose records are in the efetch answers among *bodies*."""
    answers = [body for body in successful(list(bodies)) if body.endpoint == "efetch"]
    return {pmid for body in answers for pmid in pmids_in(body.content)}


def pmids_in(body: bytes) -> set[str]:
    """The PMIDs of the records that can be read in one efetch answer."""
    return {record.pmid for record in pubmed_xml.parse(body, name="an efetch body").records if record.pmid}


def batches(ids: Sequence[str], size: int = BATCH) -> Iterator[Sequence[str]]:
    """*ids* in lists of at most *size*."""
    for at in range(0, len(ids), size):
        yield ids[at : at + size]
