"""Which records of a PubMed file are taken: all of them, those of a list, or those that the review knows."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from review.database import Store
from review.errors import FormatError, UsageProblem
from review.search import store as rows
from review.search.ingest import read_bytes
from review.search.records import sha256

_LINE = re.compile(r"0*([1-9]\d{0,7})")
_NLM_NAME = re.compile(r"(?:pubmed|medline)(\d\d)n(\d{4,})\.xml(?:\.gz)?")


@dataclass(frozen=True)
class Selection:
    """PMIDs that are taken; None for all. `watched` are read for their notices alone, `newer` stand in a later file."""

    kind: str = "all"
    pmids: frozenset[str] | None = None
    watched: frozenset[str] = frozenset()
    newer: frozenset[str] = frozenset()

    def takes(self, pmid: str | None) -> bool:
        """Whether a record of that PMID was asked for."""
        return self.pmids is None or pmid in self.pmids or pmid in self.watched

    @property
    def fingerprint(self) -> Sequence[str]:
        """What tells two selections from one file apart; nothing when all is taken, as `review import` does."""
        if self.pmids is None:
            return ()
        return self.kind, sha256(*sorted(self.pmids)), sha256(*sorted(self.watched))


def select(store: Store, *, source: str, only: Collection[str] | None, known_only: bool) -> Selection:
    """The selection that a person asked for. Raises UsageProblem when two were.

    What the review knows are its records of *source*. The PMIDs of study reports and of other sources' records are
    no records of *source*, and do not become any: they are watched.
    """
    if only is not None and known_only:
        message = "--pmids and --known-only were both given"
        raise UsageProblem(message, hint="give one of the two")
    if only is not None:
        return Selection("pmids", frozenset(only))
    if not known_only:
        return Selection()
    known = frozenset(rows.shown_versions(store, source=source))
    return Selection("known", known, frozenset(rows.watchable_pmids(store)) - known)


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
