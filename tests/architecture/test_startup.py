"""`import review` and `review --help` load none of the heavy libraries, so the command answers at once."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import review
from review.cli import COMMANDS

HEAVY = [
    "duckdb",
    "polars",
    "numpy",
    "scipy",
    "Bio",
    "matplotlib",
    "docx",
    "xlsxwriter",
    "starlette",
    "uvicorn",
    "jinja2",
]


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nsys.stderr.write(' '.join(m for m in {HEAVY} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_import_review_loads_nothing_heavy() -> None:
    assert loaded_after("import review") == set()


def test_help_loads_nothing_heavy() -> None:
    assert loaded_after("from review.cli import run; assert run(['--help']) == 0") == set()


@pytest.mark.parametrize("name", list(COMMANDS))
def test_importing_a_command_loads_nothing_heavy(name: str) -> None:
    module, attribute, _ = COMMANDS[name]
    assert loaded_after(f"import importlib; getattr(importlib.import_module({module!r}), {attribute!r})") == set()


def test_version_is_told_once_everywhere() -> None:
    root = Path(__file__).resolve().parents[2]
    told = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert review.__version__ == told
    assert f"\nversion: {told}\n" in (root / "CITATION.cff").read_text("utf-8")
    assert f"\n## {told}\n" in (root / "CHANGELOG.md").read_text("utf-8")


def test_a_package_opens_with_a_sentence_and_nothing_else() -> None:
    """Stage packages stay empty, so that importing one file of a room does not load the whole room."""
    for path in (Path(review.__file__).parent).glob("*/__init__.py"):
        if path.parent.name in {"cli", "database"}:
            continue
        lines = path.read_text("utf-8").strip().splitlines()
        assert len(lines) == 1, f"{path} holds more than its docstring"
        assert lines[0].startswith('"""')
