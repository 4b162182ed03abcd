"""Sites by what is in them, for every test of the site."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from review.database import LocalStore
from review.project import Project
from review.web.app import make_app
from tests.conftest import write_review
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
