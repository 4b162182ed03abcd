"""The reference pages are what the code says now, and every command, view, word and error is on them."""

from __future__ import annotations

import re

import pytest

from docs.generate import FOLDER, pages, walk_commands
from review import errors, terms
from review.database.views import view_files
from review.errors import ReviewError
from tests.docs.blocks import ROOT


@pytest.mark.parametrize("name", list(pages()))
def test_a_page_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == pages()[name](), "run: make docs"


def test_every_command_is_documented_with_its_example() -> None:
    page = (FOLDER / "cli.md").read_text("utf-8")
    for words, command in walk_commands():
        heading = f"{'#' * min(len(words) + 1, 4)} {' '.join(words)}\n"
        assert heading in page
        section = page.split(heading, 1)[1].split("\n#", 1)[0]
        assert "Example: review" in section, " ".join(words)
        assert command.help


def test_every_view_is_documented_with_its_purpose_and_its_columns() -> None:
    page = (FOLDER / "views.md").read_text("utf-8")
    dictionary = (FOLDER / "data-dictionary.md").read_text("utf-8")
    for name in view_files():
        assert re.search(rf"^\| \[`v1\.{name}`\]\(data-dictionary\.md#v1{name}\) \| \S", page, re.MULTILINE), name
        assert f"\n## v1.{name}\n" in dictionary


def test_every_error_is_documented() -> None:
    page = (FOLDER / "errors.md").read_text("utf-8")
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, ReviewError):
            assert f"`{name}`" in page


def test_the_tree_drawn_on_top_of_errors_is_the_tree() -> None:
    drawn = dict(re.findall(r"^ +(\w+) +exit (\d)", errors.__doc__ or "", re.MULTILINE))
    real = {
        name: str(int(kind.exit_code))
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, ReviewError)
    }
    assert drawn == real


def test_every_word_is_documented() -> None:
    page = (FOLDER / "terms.md").read_text("utf-8")
    for kind in vars(terms).values():
        if isinstance(kind, type) and issubclass(kind, terms.StrEnum) and kind is not terms.StrEnum:
            for member in kind:
                assert f"- `{member.value}`" in page


def test_every_page_of_the_docs_is_reached_from_the_index() -> None:
    docs = ROOT / "docs"
    index = (docs / "index.md").read_text("utf-8")
    for page in docs.rglob("*.md"):
        if page.name != "index.md":
            assert page.relative_to(docs).as_posix() in index, f"docs/index.md does not name {page.relative_to(docs)}"


def test_no_page_names_a_machine() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        assert not re.search(r"(?<![\w.])/(?:home|root|Users)/", page.read_text("utf-8")), page.name
