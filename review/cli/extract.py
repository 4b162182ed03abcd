"""`review extract`: load and check what was read off papers."""

from __future__ import annotations

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import format_option


@click.group()
def extract() -> None:
    """Load and check what was read off papers, the files in extracted/.

    Example: review extract load
    """


@extract.command()
@pass_review
def load(review: Review) -> None:
    """Read every file, check it, and put it into the database; all of it or nothing.

    Example: review extract load
    """
    from review.extraction.load import load as load_files

    done = load_files(review.store, review.project)
    if not done.changed:
        output.say(f"Nothing to do: the database holds these {done.files} files already ({done.studies} studies).")
        return
    figures = sum(done.by_table[table] for table in done.by_table if "result_" in table or "adverse" in table)
    output.say(f"{done.studies} studies loaded from {done.files} files: {figures} figures, {done.rows} rows in all.")
    output.say("Effect sizes and pools are now out of date; compute them with: review synthesize run")


@extract.command()
@format_option
@pass_review
def check(review: Review, format: str) -> None:
    """Values that their printed figures do not show, or that cannot be; with file and line.

    Findings that somebody explained in remarks.csv are listed as looked at and do not fail.

    Example: review extract check
    """
    import polars as pl

    from review.errors import CheckFailed
    from review.extraction.checks import findings

    found = findings(review.project)
    schema = {"file": pl.String, "line": pl.Int64, "field": pl.String, "problem": pl.String, "looked_at": pl.Boolean}
    rows = [
        {
            "file": each.file,
            "line": each.line,
            "field": each.field,
            "problem": each.problem,
            "looked_at": each.looked_at,
        }
        for each in found
    ]
    output.frame(pl.DataFrame(rows, schema=schema), format, title="Findings")
    open_ones = [each for each in found if not each.looked_at]
    if open_ones:
        first = open_ones[0]
        message = f"{len(open_ones)} findings nobody has explained, first {first.file}:{first.line} {first.field}"
        raise CheckFailed(message, hint="mend the figure, or explain it in the study's remarks.csv")
    output.say(f"{len(found)} findings, all looked at.")


@extract.command()
@format_option
@pass_review
def status(review: Review, format: str) -> None:
    """Files that changed since they were loaded.

    Example: review extract status
    """
    import polars as pl

    from review.extraction.load import drift

    found = drift(review.store, review.project)
    rows = [{"path": each.path, "state": each.state} for each in found]
    output.frame(pl.DataFrame(rows, schema={"path": pl.String, "state": pl.String}), format, title="Changed files")
    if found:
        output.say(f"{len(found)} files differ from the database; load them with: review extract load")
    else:
        output.say("The database holds the files as they are.")
