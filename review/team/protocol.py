"""What the team agreed on, and when: versions of the protocol, and the amendments after its registration.

A version is recorded the first time that a command meets it. Nothing is ever overwritten: going back to an
earlier protocol is a new row, and so is a reason that is given later.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from review.database import Store
from review.errors import ProtocolError
from review.project import FILE, Project
from review.team import store as tables

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Recorded:
    """What `record_protocol` found; *changed* names the parts that differ from the version before."""

    version_id: str
    new: bool
    amendment: bool
    changed: tuple[str, ...]
    hint: str


@dataclass(frozen=True)
class Amendment:
    """A change of the protocol after its registration; *reason* is None until somebody gives it."""

    version_id: str
    criteria_version: str
    changed: tuple[str, ...]
    reason: str | None
    who: str | None
    decided_at: datetime


def record_protocol(
    store: Store,
    project: Project,
    *,
    who: str | None = None,
    reason: str | None = None,
    now: datetime | None = None,
) -> Recorded:
    """Record the protocol that review.toml holds now, when it differs from the one that was recorded last.

    The first is the protocol; what differs after a registration is an amendment. With *reason* and an
    amendment that has none yet, the reason is recorded. Raises ProtocolError when the criteria changed and
    their version did not. Who is in the team is no part of the protocol; SQL knows it as review.toml has it now.
    """
    _keep_people(store, project)
    history = tables.protocol_versions(store)
    _refuse_silent_change(project, history)
    parts = _parts(project)
    last = history[-1] if history else None
    if last is None:
        return _write(
            store, project, history, parts=parts, changed=(), amendment=False, who=who, reason=reason, now=now
        )
    known = json.loads(last["parts"])
    if known["sha256"] == parts:
        return _already_known(store, last, known, history, who=who, reason=reason)
    before: dict[str, str] = known["sha256"]
    changed = tuple(name for name in dict.fromkeys([*before, *parts]) if before.get(name) != parts.get(name))
    # registering is not a change of plan, whatever stands in the registration
    amendment = last["registration"] is not None and changed != ("registration",)
    return _write(
        store,
        project,
        history,
        parts=parts,
        changed=changed,
        amendment=amendment,
        who=who,
        reason=reason,
        now=now,
    )


def review_id(store: Store) -> str:
    """What names this review for good: the fingerprint of the protocol that it began with."""
    recorded = tables.protocol_versions(store)
    return str(recorded[0]["version_id"])[:16] if recorded else ""


def amendments(store: Store) -> list[Amendment]:
    """The amendments, oldest first."""
    return [
        Amendment(
            row["version_id"],
            row["criteria_version"],
            tuple(row["changed"]),
            row["reason"],
            row["who"],
            row["decided_at"],
        )
        for row in tables.protocol_history(store).iter_rows(named=True)
        if row["amendment"]
    ]


def history(store: Store) -> pl.DataFrame:
    """The versions, oldest first: the columns of the view `v1.protocol`."""
    return tables.protocol_history(store)


def _keep_people(store: Store, project: Project) -> None:
    """Let the database know who is in the team, and who has left by today."""
    people = [
        {
            "reviewer": person.id,
            "name": person.name,
            "role": person.role.value,
            "left_on": person.left if person.has_left else None,
            "place": place,
        }
        for place, person in enumerate(project.reviewers, start=1)
    ]
    if tables.reviewers(store) != people:
        tables.replace_reviewers(store, people)


def _refuse_silent_change(project: Project, history: list[dict[str, Any]]) -> None:
    """Decisions carry the version of the criteria, so one version must mean one text."""
    version, sha256 = project.criteria.version, project.parts["criteria"]
    for row in history:
        if row["criteria_version"] == version and row["criteria_sha256"] != sha256:
            message = (
                f"{project.root / FILE} line {_version_line(project.protocol_text)}: criteria.version is "
                f"still {version!r}, but the criteria differ from those recorded as {version!r} "
                f"on {row['decided_at']:%Y-%m-%d}"
            )
            raise ProtocolError(
                message, hint="give the changed criteria a new version, or put the recorded wording back"
            )


def _version_line(text: str) -> int:
    """The line of `version` in the table [criteria]; 1 where it cannot be found."""
    here = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[+\s*([\w.\-]+)\s*\]+", line):
            here = header.group(1)
        elif here == "criteria" and re.match(r"\s*version\s*=", line):
            return number
    return 1


def _parts(project: Project) -> dict[str, str]:
    """Part → fingerprint; the MIDs stand in a vocabulary, not in review.toml, and belong to the plan all the
    same.
    """
    mids = project.extracted / "_vocabulary" / "mid.csv"
    found = {"mids": hashlib.sha256(mids.read_bytes()).hexdigest()} if mids.is_file() else {}
    return {**project.parts, **found}


def _already_known(
    store: Store,
    last: dict[str, Any],
    known: dict[str, Any],
    history: list[dict[str, Any]],
    *,
    who: str | None,
    reason: str | None,
) -> Recorded:
    changed = tuple(known["changed"])
    if reason and last["amendment"] and last["reason"] != reason:
        version_id = _free_id(last["version_id"].partition("~")[0], history)
        tables.add_protocol_version(store, {**last, "version_id": version_id, "reason": reason, "who": who})
        return Recorded(version_id, True, True, changed, "")
    return Recorded(last["version_id"], False, last["amendment"], changed, _hint(last["amendment"], last["reason"]))


def _write(
    store: Store,
    project: Project,
    history: list[dict[str, Any]],
    *,
    parts: dict[str, str],
    changed: tuple[str, ...],
    amendment: bool,
    who: str | None,
    reason: str | None,
    now: datetime | None,
) -> Recorded:
    version_id = _free_id(project.version_sha256, history)
    kept = {
        "changed": list(changed),
        "reviewers_per_record": project.screening.reviewers_per_record,
        "blind": project.screening.blind,
        "sha256": parts,
    }
    row = {
        "version_id": version_id,
        "criteria_version": project.criteria.version,
        "criteria_sha256": project.parts["criteria"],
        "parts": json.dumps(kept, ensure_ascii=False, sort_keys=True),
        "text": project.protocol_text,
        "registration": project.registration.id or None,
        "registered_on": project.registration.registered_on,
        "reason": reason,
        "amendment": amendment,
        "simulated": project.simulated,
        "who": who,
        "decided_at": now or datetime.now(UTC),
    }
    tables.add_protocol_version(store, row)
    return Recorded(version_id, True, amendment, changed, _hint(amendment, reason))


def _free_id(wanted: str, history: list[dict[str, Any]]) -> str:
    """The fingerprint itself, or with `~2`, `~3` when the team came back to it."""
    taken = {row["version_id"] for row in history}
    count = 1
    while (wanted if count == 1 else f"{wanted}~{count}") in taken:
        count += 1
    return wanted if count == 1 else f"{wanted}~{count}"


def _hint(amendment: bool, reason: str | None) -> str:
    if not amendment or reason:
        return ""
    return 'this is an amendment of a registered protocol: review reviewer protocol --reason "..." says why'
