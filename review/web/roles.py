"""What each role may do on the site: the one table; what a deed asks beyond that, the deed itself checks."""

from __future__ import annotations

from enum import StrEnum

from review.project import Reviewer
from review.terms import Role


class May(StrEnum):
    """One kind of deed."""

    READ = "read"  # what every member of the team sees, blinded where they screen
    SCREEN = "screen"
    LABEL = "label"
    RESOLVE = "resolve"
    HANDLE_REPORTS = "handle_reports"
    SETTLE_DUPLICATES = "settle_duplicates"
    ASSIGN = "assign"
    CALIBRATE = "calibrate"
    QUERY = "query"


_TEAM = {May.READ, May.LABEL, May.HANDLE_REPORTS, May.SETTLE_DUPLICATES}

# free SQL is for people who do not screen: the owner may come to screen, and has the command line
ROLES: dict[Role, frozenset[May]] = {
    Role.OWNER: frozenset(_TEAM | {May.SCREEN, May.RESOLVE, May.ASSIGN, May.CALIBRATE}),
    Role.REVIEWER: frozenset(_TEAM | {May.SCREEN}),
    Role.ADJUDICATOR: frozenset(_TEAM | {May.RESOLVE}),
    Role.ANALYST: frozenset({May.READ, May.QUERY}),
}


def may(person: Reviewer, deed: May) -> bool:
    """Whether somebody of this role may do it at all."""
    return deed in ROLES[person.role]


def who_may(deed: May) -> tuple[Role, ...]:
    """The roles that may do it, in the order of the house."""
    return tuple(role for role in Role if deed in ROLES[role])
