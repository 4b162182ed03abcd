"""Sites by what is in them, for every test of the site."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from review.database import Append, LocalStore, OwnerStore
from review.project import Project, load_project
from review.web.app import make_app
from tests.conftest import REVIEW_TOML, synthetic_receipt, synthetic_record, write_review
from tests.web.site import Browser, signed_in


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory, blank_database: Path) -> Browser:
    """A stranger before a site that no test changes."""
    root = write_review(tmp_path_factory.mktemp("site"))
    return Browser(make_app(root, LocalStore(Path(shutil.copy(blank_database, root / "review.duckdb")))))


@pytest.fixture
def project(empty_review: Project) -> Project:
    """A review without records."""
    return empty_review


@pytest.fixture
def site_store(project: Project) -> LocalStore:
    return LocalStore(project.database_path)


@pytest.fixture
def stranger(project: Project, site_store: LocalStore) -> Browser:
    """Somebody before the site of a review without records."""
    return Browser(make_app(project.root, site_store))


@pytest.fixture
def member(project: Project, site_store: LocalStore, stranger: Browser) -> Browser:
    """Ana, the owner, signed in."""
    return signed_in(stranger.app, site_store, project, "ana")


TEAM_TOML = REVIEW_TOML.replace(
    "[criteria]\n",
    """\
[[reviewers]]
id = "eve"
name = "Eve Test"
role = "reviewer"

[[reviewers]]
id = "dan"
name = "Dan Test"
role = "analyst"

[criteria]
""",
    1,
)


@dataclass
class Team:
    """A review of eight records that ben and eve screen, ana owns, cyd adjudicates and dan analyses; all signed in."""

    project: Project
    store: OwnerStore
    app: ASGIApp
    records: list[str]

    browsers: dict[str, Browser] = field(default_factory=dict)

    def of(self, who: str) -> Browser:
        """The browser of a person, signed in when it is first asked for."""
        if who not in self.browsers:
            self.browsers[who] = signed_in(self.app, self.store, self.project, who)
        return self.browsers[who]


def make_team(folder: Path, database: Path, *, records: list[dict[str, object]] | None = None) -> Team:
    """A team in *folder*, before a server's own store."""
    project = load_project(write_review(folder, text=TEAM_TOML))
    shutil.copy(database, project.database_path)
    store = OwnerStore(project.database_path)
    rows = records or [synthetic_record(number) for number in range(1, 9)]
    places = [
        {"import_id": "i1", "source_record_id": row["source_record_id"], "position": place}
        for place, row in enumerate(rows, start=1)
    ]
    receipt = synthetic_receipt("i1", records=len(rows), at=datetime(2026, 1, 1, tzinfo=UTC))
    store.apply(
        [
            Append("search.source_record", rows),
            Append("search.import_record", places),
            Append("search.import_receipt", [receipt]),
        ]
    )
    return Team(project, store, make_app(project.root, store), [str(row["source_record_id"]) for row in rows])


@pytest.fixture
def team(tmp_path: Path, blank_database: Path) -> Iterator[Team]:
    """Two reviewers, an owner, an adjudicator and an analyst, and eight records."""
    team = make_team(tmp_path / "team", blank_database)
    yield team
    team.store.close()
