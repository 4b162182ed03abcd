"""`review search`: a table of contents, in the order in which a search is made."""

from __future__ import annotations

import click

from review.cli.search import check, cite, history, ingest, lint, report, runs, strategies, update


@click.group()
def search() -> None:
    """Run, replay and record searches.

    Example: review search show regenerative-pain
    """


for _command in (
    strategies.list_,
    strategies.show,
    lint.lint,
    check.check,
    runs.run,
    update.update,
    cite.cite,
    runs.replay,
    ingest.ingest,
    history.enter,
    history.history,
    report.report,
    runs.export,
):
    search.add_command(_command)
