"""`review search`: a table of contents, in the order in which a search is made."""

from __future__ import annotations

import click

from review.cli.search import history, runs, strategies


@click.group()
def search() -> None:
    """Run, replay and record searches.

    Example: review search show regenerative-pain
    """


for _command in (
    strategies.list_,
    strategies.show,
    runs.run,
    runs.replay,
    history.enter,
    history.history,
    runs.export,
):
    search.add_command(_command)
