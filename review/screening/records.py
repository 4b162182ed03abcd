"""Finds the record that a person means, by id, the source's own number, PMID or DOI."""

from __future__ import annotations

from review.database import Store
from review.errors import UnknownId
from review.identifiers import normalise_doi, normalise_pmid
from review.screening import store as tables


def find_record(store: Store, key: str) -> str:
    """The record_id that *key* names: an id, its first six characters or more, the source's own number, a PMID, a DOI.

    Raises UnknownId when nothing or more than one record answers to it.
    """
    word = key.strip()
    if exact := tables.find_exact(store, word):
        return exact
    found = tables.find_records(store, word, pmid=normalise_pmid(word), doi=normalise_doi(word))
    if len(found) == 1:
        return found[0]
    if not found:
        message = f"no record has the id, accession number, PMID or DOI {key!r}"
        raise UnknownId(message, hint="review screen next names the record that it shows")
    message = f"{key!r} names {len(found)} records: {', '.join(found[:5])}"
    raise UnknownId(message, hint="give the whole id, or run review dedupe run if they are one publication")


def find_members(store: Store, key: str) -> tables.Members:
    """The record that *key* names, with its source records. Raises UsageProblem as find_record does."""
    if members := tables.members_of(store, key.strip()):
        return members  # what a program asks for it names in full
    record_id = find_record(store, key)
    return tables.members_of(store, record_id) or tables.Members(record_id, {}, ever_merged=True)
