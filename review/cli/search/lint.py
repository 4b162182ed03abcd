"""`review search lint`: what a second searcher would say of a strategy, before anything is asked."""

from __future__ import annotations

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import format_option


@click.command(epilog="Example: review search lint regenerative-pain --format csv")
@click.argument("names", nargs=-1)
@format_option
@pass_review
def lint(review: Review, names: tuple[str, ...], format: str) -> None:
    """Review strategies by the elements of PRESS 2015 (all, or those named; a path to a .toml file will do).

    Errors, warnings and advice, each with its line and how to mend it. Nothing is asked and nothing is changed.
    Exit code 5 when there is an error.
    """
    from review.search.lint import as_text, lint_all, lint_frame, refuse_errors

    found = lint_all(review.project.queries, names, vocabulary=review.project.extracted / "_vocabulary")
    remarks = [one for some in found.values() for one in some]
    if format == "table":
        output.text("\n\n".join(as_text(name, some) for name, some in found.items()) or "no strategies")
    else:
        output.frame(lint_frame(remarks), format)
    refuse_errors(remarks)
