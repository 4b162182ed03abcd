"""The error tree and the exit codes: every way in which the program says no.

    ReviewError                exit 1
      UsageProblem             exit 2   the command's words are off
        UnknownId              exit 2   an id that names nothing
      ProtocolError            exit 1   review.toml, vocabularies, strategies
      SearchError              exit 1
        EntrezError            exit 4   PubMed did not answer, or not honestly
        DroppedTerms           exit 4   PubMed ignored a part of the question
        Incomplete             exit 4   fewer records than were counted
      FormatError              exit 1   reference files and XML
      DecisionError            exit 1
        ConflictOpen           exit 1
        BlindError             exit 1
      ExtractionError          exit 1
        FieldError             exit 1   one cell of one file
      SynthesisError           exit 1
        IncomparableMeasures   exit 1
        SharedControl          exit 1
      QueryRefused             exit 1   SQL outside the sandbox
      CheckFailed              exit 5   `review check` found rows that are wrong
      StoreError               exit 1
        StoreLocked            exit 3   another process holds the database
        Overtaken              exit 1   somebody else wrote what a deed was computed from
        NewerStore             exit 6   the database was made by a newer program
        FullDisk               exit 7
      MissingExtra             exit 8   an optional library is not installed

A message names the wrong value, where it stands and what is allowed; the hint says how to mend it.
"""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path


class ExitCode(IntEnum):
    """What the shell is told; one number for each kind of outcome."""

    OK = 0
    ERROR = 1
    USAGE = 2
    LOCKED = 3
    ENTREZ = 4
    CHECK_FAILED = 5
    NEWER_STORE = 6
    FULL_DISK = 7
    MISSING_EXTRA = 8
    INTERRUPTED = 130


class ReviewError(Exception):
    """Something that the person at the keyboard can mend."""

    exit_code: ExitCode = ExitCode.ERROR

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}. Hint: {self.hint}" if self.hint else self.message


class UsageProblem(ReviewError):
    """The command's words are off: an unknown id, a missing project."""

    exit_code = ExitCode.USAGE


class UnknownId(UsageProblem):
    """An id that names no record, no study, no round, or more than one."""


class ProtocolError(ReviewError):
    """review.toml, a vocabulary or a strategy says something that is not allowed."""


class SearchError(ReviewError):
    """A search could not be run or replayed."""

    exit_code = ExitCode.ERROR


class EntrezError(SearchError):
    """PubMed did not answer, or answered with an error."""

    exit_code = ExitCode.ENTREZ


class DroppedTerms(EntrezError):
    """PubMed ran something else than what was asked."""


class Incomplete(EntrezError):
    """Fewer records came than PubMed counted."""


class FormatError(ReviewError):
    """A reference file or an XML file is not what it should be."""


class DecisionError(ReviewError):
    """A screening decision that cannot be taken."""


class ConflictOpen(DecisionError):
    """Two reviewers disagree and nobody has adjudicated."""


class BlindError(DecisionError):
    """The answer would show one reviewer what another decided."""


class ExtractionError(ReviewError):
    """A file under extracted/ is wrong."""


class FieldError(ExtractionError):
    """One cell of one file is wrong."""

    def __init__(self, file: Path | str, line: int, field: str, problem: str, *, hint: str = "") -> None:
        super().__init__(f"{file} line {line}: {field} {problem}", hint=hint)
        self.file = str(file)
        self.line = line
        self.field = field


class SynthesisError(ReviewError):
    """Effects that cannot be computed or pooled."""


class IncomparableMeasures(SynthesisError):
    """Change and final values, or two measures, in one standardised pool."""


class SharedControl(SynthesisError):
    """One arm would be counted twice in one cell."""


class QueryRefused(ReviewError):
    """SQL that the read-only sandbox does not run."""


class CheckFailed(ReviewError):
    """`review check` found rows that are wrong."""

    exit_code = ExitCode.CHECK_FAILED


class StoreError(ReviewError):
    """The database cannot be read or written."""


class StoreLocked(StoreError):
    """Another process holds the database."""

    exit_code = ExitCode.LOCKED


class Overtaken(StoreError):
    """Somebody else wrote what a deed was computed from, and nothing was written."""


class NewerStore(StoreError):
    """The database was made by a newer program."""

    exit_code = ExitCode.NEWER_STORE


class FullDisk(StoreError):
    """No space left; nothing was written."""

    exit_code = ExitCode.FULL_DISK


class MissingExtra(ReviewError):
    """An optional library is not installed."""

    exit_code = ExitCode.MISSING_EXTRA
