"""The tutorial's commands run as they stand, one after the other, and print what the page says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, shell_environment
from tests.docs.blocks import ROOT, left_out, same_lines, steps

TUTORIAL = ROOT / "docs" / "tutorial.md"


@pytest.fixture
def shell(demo: Path) -> Path:
    """The folder that holds the demo, with a `review` command on the way, as after an install."""
    commands = demo / ".bin"
    commands.mkdir()
    review = commands / "review"
    review.write_text(f'#!/bin/sh\nPYTHONPATH="{REPOSITORY}" exec "{sys.executable}" -m review "$@"\n')
    review.chmod(0o755)
    return demo


def test_the_tutorial_runs_as_it_stands(shell: Path) -> None:
    """A line that is shown must be printed; `...` stands for lines that the page leaves out."""
    environment = shell_environment()
    environment["PATH"] = f"{shell / '.bin'}:{environment['PATH']}"
    folder = shell
    done_any = False
    for step in steps(TUTORIAL.read_text("utf-8")):
        if step.words[0] == "cd":
            folder = (folder / step.words[1]).resolve()
            continue
        if step.command == "review demo demo":
            continue  # the fixture has run it
        done = subprocess.run(
            ["bash", "-c", step.command], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        where = f"docs/tutorial.md line {step.line}: {step.command}"
        assert done.returncode == 0, f"{where}\n{done.stdout}{done.stderr}"
        told, printed = same_lines("\n".join(step.output)), same_lines(done.stdout + done.stderr)
        missing = left_out(told, printed) if told else ""
        assert missing == "", f"{where}\ndoes not agree at: {missing}\nprinted:\n" + "\n".join(printed)
        done_any = True
    assert done_any
