"""One served review: its folder, its store, who is signed in, and the protocol as review.toml holds it now."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from review.database import Store
from review.project import FILE, Project, Reviewer, load_project
from review.team.protocol import record_protocol
from review.team.sessions import Sessions
from review.web.attempts import Attempts
from review.web.kept_flow import KeptFlow
from review.web.key import SiteKey, read_key
from review.web.roles import May, may


@dataclass(frozen=True)
class Desk:
    """What a page or an answer is made from: the review at this moment, and who asks."""

    store: Store
    project: Project
    reviewer: Reviewer
    form_token: str
    cookie: str
    prefix: str
    path: str
    flow: KeptFlow = field(default_factory=KeptFlow)

    def may(self, deed: May) -> bool:
        """Whether the person's role allows it."""
        return may(self.reviewer, deed)


class Site:
    """What all requests share."""

    def __init__(self, root: Path, store: Store, *, root_path: str) -> None:
        self.root = root
        self.store = store
        self.root_path = root_path
        self.key: SiteKey = read_key(root / "review.duckdb.key")
        self.sessions = Sessions(store)
        self.attempts = Attempts()
        self.flow = KeptFlow()
        self._lock = threading.Lock()
        self._project: tuple[tuple[int, ...], Project] | None = None

    @property
    def cookie(self) -> str:
        """The name of the cookie."""
        return f"review_session_{self.key.name}"

    def project(self) -> Project:
        """The protocol; read again, and recorded, when review.toml is not the file that was read last.

        Raises ProtocolError for what is not allowed there, a criterion that changed without a new version included.
        """
        stamp = self._stamp()
        kept = self._project
        if kept is not None and kept[0] == stamp:
            return kept[1]
        with self._lock:
            project = load_project(self.root)
            record_protocol(self.store, project)
            self._project = (stamp, project)
            return project

    def who(self, carried: Sequence[str]) -> tuple[Reviewer, str] | None:
        """Who is signed in with one of these secrets, and with which; None for nobody."""
        project = self.project()
        for secret in carried:
            if (reviewer := self.sessions.find(project, secret)) is not None:
                return reviewer, secret
        return None

    def _stamp(self) -> tuple[int, ...]:
        try:
            found = (self.root / FILE).stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino
