"""Which records of a PubMed file are taken: all of them, those of a list, or those that the review knows."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from review.database import Store
from review.errors import FormatError, UsageProblem
from review.search import store as rows
from review.search.ingest import read_bytes
from review.search.known import Numbers, known
from review.search.records import Record, sha256

_LINE = re.compile(r"0*([1-9]\d{0,7})")
_NLM_NAME = re.compile(r"(?:pubmed|medline)(\d\d)n(\d{4,})\.xml(?:\.gz)?")


@dataclass(frozen=True)
class Selection:
    """What is taken: records of `pmids` (None for all); what bears one of the numbers that are `watched` is read for
    its notices alone. `newer` are PMIDs that stand in a later file.
    """

    kind: str = "all"
    pmids: frozenset[str] | None = None
    watched: Numbers = field(default_factory=Numbers)
    newer: frozenset[str] = frozenset()

    def takes(self, record: Record) -> bool:
        """Whether a record was asked for, by its PMID, its DOI or its PubMed Central number."""
        return self.names(record.pmid) or record.doi in self.watched.dois or record.pmcid in self.watched.pmcids

    def names(self, pmid: str | None) -> bool:
        """Whether that PMID was asked for."""
        return self.lists(pmid) or pmid in self.watched.pmids or pmid in self.watched.found

    def lists(self, pmid: str | None) -> bool:
        """Whether what has that PMID is a record of the review, and not only read for its notices."""
        return self.pmids is None or pmid in self.pmids

    @property
    def fingerprint(self) -> Sequence[str]:
        """What tells two selections from one file apart; nothing when all is taken, as `review import` does.

        The PMIDs that DOIs led to are not in it: they follow from the DOIs and the files, and would make the same
        command read the same file twice.
        """
        if self.pmids is None:
            return ()
        parts = (self.pmids, self.watched.pmids, self.watched.dois, self.watched.pmcids)
        return self.kind, *(sha256(*sorted(part)) for part in parts)


def select(store: Store, *, source: str, only: Collection[str] | None, known_only: bool) -> Selection:
    """The selection that a person asked for. Raises UsageProblem when two were.

    What the review knows are its records of *source*. Study reports, the sources of figures and records of other
    sources are no records of *source*, and do not become any: they are watched.
    """
    if only is not None and known_only:
        message = "--pmids and --known-only were both given"
        raise UsageProblem(message, hint="give one of the two")
    if only is not None:
        return Selection("pmids", frozenset(only))
    if not known_only:
        return Selection()
    ours = frozenset(rows.shown_versions(store, source=source))
    numbers = known(store, source=source)
    return Selection("known", ours, replace(numbers, pmids=numbers.pmids - ours))


def without_newer(store: Store, selection: Selection, *, source: str, platform: str, name: str) -> Selection:
    """*selection* without what a later file of NLM has brought already.

    NLM numbers its files in the order in which they replace each other. A reading counts as the newest that came
    last, so an older file that comes late would bring an old text back, and take back a retraction.
    """
    this = nlm_number(name)
    if this is None:
        return selection
    files = rows.files_of(store, source=source, platform=platform)
    later = [one for one, other in files.items() if (number := nlm_number(other)) is not None and number > this]
    return replace(selection, newer=frozenset(rows.pmids_of_imports(store, later)))


def nlm_number(name: str) -> tuple[int, int] | None:
    """Year and number of one of NLM's files: pubmed26n1275.xml.gz → (26, 1275)."""
    found = _NLM_NAME.fullmatch(name)
    return (int(found.group(1)), int(found.group(2))) if found else None


def in_order(paths: Sequence[Path]) -> list[Path]:
    """Files of NLM by their number; any others as they were given."""
    numbered = [(nlm_number(path.name), path) for path in paths]
    if any(number is None for number, _ in numbered):
        return list(paths)
    return [path for _, path in sorted(numbered, key=lambda pair: pair[0] or (0, 0))]


def read_pmids(path: Path) -> frozenset[str]:
    """The PMIDs of a text file: one a line, `#` begins a comment. Raises FormatError with the line of a bad one."""
    found = set()
    for number, line in enumerate(read_bytes(path).decode("utf-8-sig", errors="replace").splitlines(), start=1):
        words = line.partition("#")[0].strip()
        if not words:
            continue
        match = _LINE.fullmatch(words)
        if match is None:
            message = f"{path} line {number}: {words[:40]!r} is no PMID"
            raise FormatError(message, hint="one PMID a line, 1 to 8 digits; # begins a comment")
        found.add(match.group(1))
    if not found:
        message = f"{path} holds no PMID"
        raise FormatError(message, hint="one PMID a line, 1 to 8 digits; # begins a comment")
    return frozenset(found)
