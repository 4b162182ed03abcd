"""The rules of the house hold, and each checker says no when its rule is broken on purpose."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.rules import check_package

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


def test_the_package_keeps_rules_two_and_three_and_the_style() -> None:
    assert [str(finding) for finding in check_package(ROOT / "review")] == []


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and its contracts, to be broken."""
    place = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "review", place / "review", ignore=shutil.ignore_patterns("__pycache__", "*.duckdb*"))
    shutil.copy2(ROOT / "pyproject.toml", place)
    return place


@pytest.fixture
def added(copied: Path):  # type: ignore[no-untyped-def]
    """Adds a file to the copied package and takes it away again."""
    made: list[Path] = []

    def add(name: str, text: str) -> Path:
        path = copied / "review" / name
        assert not path.exists(), f"{name} is a real file; break the rule in a new one"
        path.write_text(f'"""Breaks a rule on purpose."""\n\n{text}\n', "utf-8")
        made.append(path)
        return path

    yield add
    for path in made:
        path.unlink()


def lint_imports(folder: Path) -> tuple[int, str]:
    if not LINT_IMPORTS.exists():
        pytest.skip("import-linter is not installed; make lint installs it")
    done = subprocess.run([LINT_IMPORTS, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_import_contracts_hold(copied: Path) -> None:
    code, words = lint_imports(copied)
    assert code == 0, words
    assert "2 kept, 0 broken" in words


@pytest.mark.parametrize(
    ("file", "text", "contract"),
    [
        ("dedupe/broken_on_purpose.py", "import review.screening", "Rule 1"),
        ("measures/broken_on_purpose.py", "import review.database", "Rule 1"),
        ("database/broken_on_purpose.py", "import review.search", "Rule 1"),
        ("search/broken_on_purpose.py", "import review.cli", "Rule 1"),
        (
            "dedupe/broken_on_purpose.py",
            "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import review.flows",
            "Rule 1",
        ),
        ("screening/broken_on_purpose.py", "import duckdb", "Rule 2"),
    ],
)
def test_a_broken_import_rule_is_seen(added, copied: Path, file: str, text: str, contract: str) -> None:  # type: ignore[no-untyped-def]
    added(file, text)
    code, words = lint_imports(copied)
    assert code == 1, words
    broken = [line for line in words.splitlines() if " BROKEN" in line]
    assert [line for line in broken if contract in line], words


@pytest.mark.parametrize(
    ("file", "text", "rule"),
    [
        ("dedupe/broken_on_purpose.py", "ROWS = 'select a from dedupe.cluster'", "rule 2"),
        ("flows/broken_on_purpose.py", "def f(n: str) -> str:\n    return f'delete from {n}'", "rule 2"),
        ("cli/broken_on_purpose.py", "Q = '''\n  with x as (select 1) select * from x\n'''", "rule 2"),
        ("measures/broken_on_purpose.py", "Q = 'insert into synthesis.effect_size values (1)'", "rule 2"),
        ("model_broken_on_purpose.py", "Q = 'create table t (i integer)'", "rule 2"),
        ("search/broken_on_purpose.py", "import duckdb", "rule 2"),
        ("cli/broken_on_purpose.py", "from review.screening import store", "rule 3"),
        ("cli/broken_on_purpose.py", "from review.screening.store import anything", "rule 3"),
        ("web/broken_on_purpose.py", "from review.database import Append", "rule 3"),
        ("cli/broken_on_purpose.py", "def f() -> None:\n    from review.database.store import Replace", "rule 3"),
        ("search/broken_on_purpose.py", "print('hello')", "print outside"),
        ("search/utils.py", "X = 1", "says nothing"),
        ("search/broken_on_purpose.py", "\n".join(f"A{n} = {n}" for n in range(500)), "500 are allowed"),
    ],
)
def test_a_broken_rule_of_the_source_is_seen(added, copied: Path, file: str, text: str, rule: str) -> None:  # type: ignore[no-untyped-def]
    added(file, text)
    findings = [finding for finding in check_package(copied / "review") if finding.file == f"review/{file}"]
    assert findings
    assert any(rule in f"{finding.rule} {finding.words}" for finding in findings), findings


@pytest.mark.parametrize(
    "text",
    [
        "SQL = 'select verdict from screening.decision'",
        "SQL = 'select * from v1.record r join screening.decision d on d.x = r.x'",
        "TABLE = 'screening.decision'",
    ],
)
def test_a_store_that_names_the_table_of_another_room_is_seen(tmp_path: Path, text: str) -> None:
    package = tmp_path / "review"
    (package / "dedupe").mkdir(parents=True)
    (package / "dedupe" / "store.py").write_text(f'"""A store."""\n\n{text}\n', "utf-8")
    (finding,) = check_package(package)
    assert finding.rule == "rule 2"
    assert "screening.decision belongs to screening" in finding.words


def test_a_store_may_name_its_own_tables_and_any_view(tmp_path: Path) -> None:
    package = tmp_path / "review"
    (package / "dedupe").mkdir(parents=True)
    (package / "dedupe" / "store.py").write_text(
        '"""A store."""\n\n'
        'A = "select * from dedupe.cluster join v1.current_decision using (x)"\nB = "dedupe.cluster"\n',
        "utf-8",
    )
    assert check_package(package) == []


def test_a_sentence_that_says_select_is_not_sql(tmp_path: Path) -> None:
    package = tmp_path / "review"
    package.mkdir()
    (package / "words.py").write_text(
        '"""Select one from many."""\n\nA = "one SELECT is allowed"\nB = "update the file, then insert it"\n', "utf-8"
    )
    assert check_package(package) == []


def test_a_file_without_an_opening_sentence_is_seen(tmp_path: Path) -> None:
    package = tmp_path / "review"
    package.mkdir()
    (package / "bare.py").write_text("X = 1\n", "utf-8")
    (finding,) = check_package(package)
    assert "no docstring" in finding.words
