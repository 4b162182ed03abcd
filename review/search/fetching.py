"""Fetches the records of a list of PMIDs; what is stored already is not asked again.

Records are asked for by explicit lists and never by a place in a result set, so that to go on after any interruption
is a set difference: wanted minus stored.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from review.errors import Incomplete
from review.search import pubmed_xml
from review.search.assemble import changed_meanwhile
from review.search.entrez import BATCH, MOST_IDS, Client
from review.search.recorded import Body, successful
from review.search.resume import Remembering
from review.search.signals import Found

Progress = Callable[[int, int], None]
Say = Callable[[str], None]


def collect(
    client: Remembering,
    term: str,
    *,
    line: int,
    stored: Collection[str] = (),
    accept: Callable[[Found], None] = lambda found: None,
    size: int = BATCH,
    say: Say = lambda words: None,
    progress: Progress = lambda done, total: None,
) -> None:
    """Ask for the ids of *term*, fetch their records, and count again: PubMed may have changed in the meantime.

    Ids that *client* remembers are not asked again, as long as they add up; the count after the fetch always is. When
    it differs, the ids are asked once more and the difference is fetched. *accept* sees what PubMed made of the
    question before anything is fetched. Raises Incomplete when the counts differ even then.
    """
    anew = client.forgetting()
    try:
        found, ids = client.every_id(term, line=line)
    except Incomplete:
        if not client.answers:
            raise
        say("PubMed was updated since the run was cut off: the ids are asked anew")
        found, ids = anew.every_id(term, line=line)
    accept(found)
    have = set(stored)
    for second in (False, True):
        have |= set(ids) - set(fetch(client, ids, stored=have, size=size, say=say, progress=progress))
        count = anew.esearch(term, what="the count after the fetch", purpose="recount", line=line).count
        if count == len(ids):
            return
        if second:
            raise changed_meanwhile(len(ids), count)
        say(f"PubMed was updated meanwhile: {len(ids)} ids, {count} counted now; the ids are asked anew")
        _, ids = anew.every_id(term, line=line)


def fetch(
    client: Client,
    wanted: Sequence[str],
    *,
    stored: Collection[str] = (),
    size: int = BATCH,
    say: Say = lambda words: None,
    progress: Progress = lambda done, total: None,
) -> tuple[str, ...]:
    """Ask for the records of *wanted* that are not among *stored*, and once more for those that did not come.

    Returns the PMIDs that did not come even then. *progress* is told how many of *wanted* are here; *size* is how many
    are asked for at once.
    """
    have = set(stored)
    due = [pmid for pmid in wanted if pmid not in have]
    missing: list[str] = []
    done = len(wanted) - len(due)
    progress(done, len(wanted))
    for batch in batches(due, size):
        came = pmids_in(client.efetch(batch))
        missing += [pmid for pmid in batch if pmid not in came]
        done += sum(pmid in came for pmid in batch)
        progress(done, len(wanted))
    lost: list[str] = []
    for batch in batches(missing, size):
        say(f"asking again for {len(batch)} {'record' if len(batch) == 1 else 'records'} that did not come")
        came = pmids_in(client.efetch(batch))
        lost += [pmid for pmid in batch if pmid not in came]
        done += sum(pmid in came for pmid in batch)
        progress(done, len(wanted))
    return tuple(lost)


def stored_pmids(bodies: Iterable[Body]) -> set[str]:
    """The PMIDs whose records are in the efetch answers among *bodies*."""
    answers = [body for body in successful(bodies) if body.endpoint == "efetch"]
    return {pmid for body in answers for pmid in pmids_in(body.content)}


def pmids_in(body: bytes) -> set[str]:
    """The PMIDs of the records that can be read in one efetch answer."""
    return {record.pmid for record in pubmed_xml.parse(body, name="an efetch body").records if record.pmid}


def batches(ids: Sequence[str], size: int = BATCH) -> Iterator[Sequence[str]]:
    """*ids* in lists of at most *size*."""
    for at in range(0, len(ids), size):
        yield ids[at : at + size]


def questions(hits: int, *, lines: int, size: int = BATCH) -> int:
    """How many requests a run asks for *hits* records; where ids come by halves, the least that it can take."""
    parts = -(-hits // MOST_IDS)
    return lines + 1 + 2 * max(0, parts - 1) + -(-hits // size) + 1
