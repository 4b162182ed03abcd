"""Reviews by size for every test, and the place of the real corpora."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from review.database import Append, LocalStore
from review.project import Project, load_project

REPOSITORY = Path(__file__).resolve().parents[1]

REVIEW_TOML = """\
title = "A tiny review"
question = "In people with knee pain, does the test injection help more than saline?"

[registration]
id = ""
registered_on = ""

[[reviewers]]
id = "ana"
name = "Ana Test"
role = "owner"

[[reviewers]]
id = "ben"
name = "Ben Test"
role = "reviewer"

[[reviewers]]
id = "cyd"
name = "Cyd Test"
role = "adjudicator"

[criteria]
version = "1"
inclusion = ["People with knee pain.", "A trial of the test injection."]

[[criteria.reason]]
code = "population"
label = "Not people with knee pain"

[[criteria.reason]]
code = "design"
label = "Not a trial"

[screening]
reviewers_per_record = 2
blind = true
order = "file"

[highlight]
include = ["injection"]

[synthesis]
designs = ["randomised"]

[[synthesis.window]]
id = "upto_3m"
label = "up to 3 months"
over = 0.2
upto = 3.0

[[synthesis.window]]
id = "over_3m"
label = "over 3 months"
over = 3.0

[[synthesis.comparator]]
id = "placebo"
label = "placebo"
types = ["saline", "sham"]

[[synthesis.outcome]]
outcome = "pain"
measure = "MD"
scale = [0, 100]
hierarchy = ["vas_pain"]
"""

# how long an example takes says more about the machine than about the program
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def examples(few: int, many: int) -> int:
    """How many cases are tried: *few* each time, *many* with `REVIEW_TEST_EXAMPLES=many`, as the full run has it."""
    return many if os.environ.get("REVIEW_TEST_EXAMPLES") == "many" else few


# the environment of the person who runs the tests must not reach them
_OURS = ("REVIEW_PROJECT", "REVIEW_AS", "REVIEW_LOCK_WAIT", "REVIEW_XML")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _OURS:
        monkeypatch.delenv(name, raising=False)


def write_review(folder: Path, *, text: str = REVIEW_TOML) -> Path:
    """A project folder with that review.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "review.toml").write_text(text, "utf-8")
    for name in ("queries", "extracted"):
        (folder / name).mkdir(exist_ok=True)
    return folder


def synthetic_record(number: int) -> dict[str, object]:
    """A row of search.source_record that nobody ever published."""
    content = f"synthetic record {number}"
    digest = hashlib.sha256(content.encode()).hexdigest()
    return {
        "source_record_id": digest[:24],
        "source": "synthetic",
        "accession": str(number),
        "title": f"Synthetic trial {number}: test injection for knee pain",
        "abstract": f"SYNTHETIC. Trial {number}.",
        "authors": "Test A; Test B",
        "year": 2000 + number,
        "registry_ids": [],
        "publication_types": [],
        "mesh": [],
        "keywords": [],
        "retracted": False,
        "fields": "{}",
        "dialect": "test",
        "content_sha256": digest,
    }


def synthetic_receipt(import_id: str, *, records: int, at: datetime) -> dict[str, object]:
    """The closing row of the import that brought *records* synthetic records."""
    return {
        "import_id": import_id,
        "file_name": "synthetic.csv",
        "sha256": hashlib.sha256(import_id.encode()).hexdigest(),
        "bytes": 1,
        "source": "synthetic",
        "source_kind": "database",
        "dialect": "test",
        "encoding": "utf-8",
        "bom": False,
        "newlines": "LF",
        "markers_seen": records,
        "records_read": records,
        "records_rejected": 0,
        "records_repaired": 0,
        "records_new": records,
        "filled": "{}",
        "unmapped": "{}",
        "losses": "[]",
        "repairs": "[]",
        "not_understood": "[]",
        "status": "committed",
        "imported_by": "ana",
        "imported_at": at,
    }


@pytest.fixture
def empty_review(tmp_path: Path, blank_database: Path) -> Project:
    """A project with a protocol and an empty database."""
    project = load_project(write_review(tmp_path / "empty"))
    shutil.copy(blank_database, project.database_path)
    return project


@pytest.fixture
def tiny_review(tmp_path: Path, blank_database: Path) -> Project:
    """A project whose database holds three synthetic records from one committed import."""
    project = load_project(write_review(tmp_path / "tiny"))
    shutil.copy(blank_database, project.database_path)
    records = [synthetic_record(number) for number in (1, 2, 3)]
    LocalStore(project.database_path).apply(
        [
            Append("search.source_record", records),
            Append(
                "search.import_record",
                [
                    {"import_id": "i1", "source_record_id": record["source_record_id"], "position": place}
                    for place, record in enumerate(records, start=1)
                ],
            ),
            Append("search.import_receipt", [synthetic_receipt("i1", records=3, at=datetime(2026, 1, 1, tzinfo=UTC))]),
        ]
    )
    return project


@pytest.fixture(scope="session")
def blank_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with its tables and views and no row; copy it, do not write to it."""
    path = tmp_path_factory.mktemp("blank") / "review.duckdb"
    LocalStore(path).read("select 1")
    return path


@pytest.fixture(scope="session")
def figures_database(tmp_path_factory: pytest.TempPathFactory, blank_database: Path) -> Path:
    """A database file that holds the figures of tests/reporting; copy it, do not write to it."""
    from tests.reporting.conftest import figures

    path = Path(shutil.copy(blank_database, tmp_path_factory.mktemp("figures") / "review.duckdb"))
    LocalStore(path).apply(figures())
    return path


@pytest.fixture
def store(tmp_path: Path, blank_database: Path) -> LocalStore:
    """A real, empty database."""
    return LocalStore(Path(shutil.copy(blank_database, tmp_path / "review.duckdb")))


def shared_data_folder() -> Path:
    """Where the real corpora would be: REVIEW_SHARED_DATA, or ../shared/data beside the repository."""
    named = os.environ.get("REVIEW_SHARED_DATA")
    return Path(named) if named else REPOSITORY.parent / "shared" / "data"


@pytest.fixture
def shared_data() -> Path:
    """The folder of the real corpora; the test skips where it is absent."""
    folder = shared_data_folder()
    if not folder.is_dir():
        pytest.skip(f"the real corpora are not in {folder}; set REVIEW_SHARED_DATA to where they are")
    return folder


def shell_environment() -> dict[str, str]:
    """An environment in which `review` is the program under test, and no width folds a table."""
    here = Path(sys.executable).parent
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REVIEW_")}
    return {**kept, "PATH": f"{here}{os.pathsep}{kept.get('PATH', '')}", "COLUMNS": "200", "NO_COLOR": "1"}


def run_review(arguments: list[str], *, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`review ARGUMENTS` as a shell runs it."""
    environment = {**shell_environment(), "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        [sys.executable, "-m", "review", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `review demo demo` was run in; the first worker that asks builds it for all of them."""
    base = tmp_path_factory.getbasetemp()
    # xdist gives each worker a folder of its own below the session's
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "documented"
    finished = place / ".finished"
    try:
        place.mkdir()
    except FileExistsError:
        until = time.monotonic() + 240
        while not finished.exists():
            assert time.monotonic() < until, "another worker did not finish the demo"
            time.sleep(0.2)
        return place
    done = run_review(["demo", "demo"], cwd=place)
    assert done.returncode == 0, done.stderr
    finished.touch()
    return place
