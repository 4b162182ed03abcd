"""The README shows a true result inside its first 25 lines, and its commands run."""

from __future__ import annotations

from pathlib import Path

import pytest

from review.cli import COMMANDS
from tests.conftest import run_review
from tests.docs.blocks import ROOT, left_out, marked, same_lines, steps

README = (ROOT / "README.md").read_text("utf-8")


def test_a_result_stands_inside_the_first_25_lines() -> None:
    lines = README.splitlines()
    assert lines.index("<!-- doctest: begin -->") < 25
    head = "\n".join(lines[:25])
    assert "make demo" in head
    assert steps(marked(README))[0].output, "the block shows a command without its result"
    assert "$ review table evidence" in head


def test_the_table_is_what_the_shipped_review_prints(demo: Path) -> None:
    """Line by line; `...` stands for lines that the block leaves out."""
    (step,) = steps(marked(README))
    assert step.words[0] == "review"
    done = run_review(step.words[1:], cwd=demo / "demo" / "review")
    assert done.returncode == 0, done.stderr
    told, printed = same_lines("\n".join(step.output)), same_lines(done.stdout)
    assert any(line.strip() != "..." for line in told), "the block shows no result"
    assert left_out(told, printed) == "", "\n".join(printed)


def test_the_two_commands_of_a_newcomer_are_shown() -> None:
    for command in ("make demo", "make test"):
        assert f"$ {command}" in README
        target = command.split()[1]
        assert f"\n{target}: " in (ROOT / "Makefile").read_text("utf-8")


def test_every_review_command_that_is_named_exists() -> None:
    named = [step.words for step in steps(README) if step.words[0] == "review"]
    assert named
    for words in named:
        command = next(word for word in words[1:] if not word.startswith("-") and word not in {"anna", "ben"})
        assert command in COMMANDS


def test_every_link_leads_somewhere() -> None:
    import re

    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} points at {target}, which is not there"


def test_the_readme_claims_nothing_that_nobody_did() -> None:
    told = " ".join(README.split()).lower()
    for words in ("nobody has searched, screened, read twice, or rated bias or certainty", "not verified", "simulated"):
        assert words in told


@pytest.mark.parametrize("badge", ["!["])
def test_at_most_four_badges(badge: str) -> None:
    assert README.count(badge) <= 4
