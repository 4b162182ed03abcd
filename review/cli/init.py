"""`review init`: a new review in a new folder."""

from __future__ import annotations

from pathlib import Path

import click

from review.cli import output


@click.command()
@click.argument("name", type=click.Path(path_type=Path))
@click.option("--title", help="The review's title; by default the folder's name.")
def init(name: Path, title: str | None) -> None:
    """Make a new review in the folder NAME: a commented review.toml that works, a strategy, the vocabularies.

    Example: review init knee-prp --title "PRP for knee osteoarthritis"
    """
    from review.errors import UsageProblem
    from review.flows.new_review import new_review

    if not name.name:
        message = f"{str(name)!r} is not the name of a new folder"
        raise UsageProblem(message, hint="review init knee-prp makes the folder knee-prp")
    files = new_review(name, title=title or name.resolve().name)
    for path in files:
        output.text(str(path))
    output.say(f"Next: edit {name / 'review.toml'}, then: cd {name} && review status")
