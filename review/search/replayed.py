"""Refuses a recorded folder that would rewrite a run of this review.

A folder comes from anywhere, and names its run itself. What is stored under that name is evidence: the answers of a
run that was begun or closed here are those that it has, and a folder may repeat them but add nothing to them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from review.database import Store
from review.errors import UsageProblem
from review.search import store as rows
from review.search.recorded import Recording


@dataclass(frozen=True)
class Known:
    """What this review has of a recorded run: its closing row, and whether all of the answers are here already."""

    closed: Mapping[str, Any] | None
    stored: bool


def known_here(store: Store, recording: Recording, folder: Path) -> Known:
    """What is here of the run that *folder* records. Raises UsageProblem where a run of its name has other answers.

    A replay that was cut off has stored a part of the answers, and goes on.
    """
    closed = rows.find_run(store, recording.run_id)
    stored = {
        (row["endpoint"], row["request"], row["http_status"], row["body_sha256"])
        for row in rows.responses_of(store, recording.run_id)
    }
    coming = {
        (body.endpoint, body.question, body.http_status, hashlib.sha256(body.content).hexdigest())
        for body in recording.bodies
    }
    taken = closed is not None or rows.find_start(store, recording.run_id) is not None
    if not (coming <= stored or (stored <= coming and not taken)):
        message = f"{folder} holds other answers than the run {recording.run_id} of this review; nothing was written"
        raise UsageProblem(
            message, hint="replay it in a review of its own, or give the folder another run_id in manifest.json"
        )
    return Known(closed, coming <= stored)
