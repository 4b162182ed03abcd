"""The built wheel, installed alone, carries all that the program needs; run by `.ci/run` outside the checkout."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path

import pytest

import review
from review.paths import shipped

PACKAGE = Path(review.__file__).parent

pytestmark = pytest.mark.skipif(
    (PACKAGE.parent / "pyproject.toml").exists(),
    reason="review runs from a checkout; .ci/run runs these tests against the wheel",
)


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("review"), *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_the_version_of_the_wheel_is_that_of_the_program(tmp_path: Path) -> None:
    assert version("regen-review") == review.__version__
    assert review.__version__ in run("--version", cwd=tmp_path).stdout


@pytest.mark.parametrize("folder", ["pubmed", "views", "reports", "checks"])
def test_queries_travel_with_it(folder: str) -> None:
    assert list(shipped("queries", folder).iterdir())


def test_the_shipped_review_travels_with_it() -> None:
    assert shipped("review.toml").is_file()
    assert list(shipped("extracted").glob("*/study.toml"))
    assert shipped("extracted", "_vocabulary", "condition.csv").is_file()


def test_the_tables_travel_with_it() -> None:
    assert list((PACKAGE / "database" / "migrations").glob("0001_*.sql"))


def test_no_tests_travel_with_it() -> None:
    assert not (PACKAGE.parent / "tests").exists()
    assert not (PACKAGE.parent / "docs").exists()


def test_the_wheel_asks_for_no_test_or_lint_tools() -> None:
    needed = " ".join(line for line in requires("regen-review") or [] if "extra ==" not in line)
    for tool in ("pytest", "ruff", "mypy", "hypothesis", "import-linter"):
        assert tool not in needed


def test_the_demo_builds_both_reviews(tmp_path: Path) -> None:
    done = run("demo", "a-demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ("review", "example"):
        assert (tmp_path / "a-demo" / name / "review.toml").is_file()
        assert (tmp_path / "a-demo" / name / "review.duckdb").is_file()
    table = run("table", "evidence", "--by", "condition", "--format", "csv", cwd=tmp_path / "a-demo" / "review")
    assert table.returncode == 0, table.stderr
    assert len(table.stdout.splitlines()) > 1


def test_the_demo_does_what_it_does_without_the_extra_for_papers(tmp_path: Path) -> None:
    """What needs the extra is skipped with a line that names it."""
    have = subprocess.run([sys.executable, "-c", "import docx"], capture_output=True, check=False)
    if not have.returncode:
        pytest.skip("the extra is installed here")
    done = run("demo", "a-demo", cwd=tmp_path)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def test_a_new_review_works_at_once(tmp_path: Path) -> None:
    assert run("init", "mine", cwd=tmp_path).returncode == 0
    status = run("status", cwd=tmp_path / "mine")
    assert status.returncode == 0, status.stderr
