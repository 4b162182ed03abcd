"""`review serve`: the review in a browser."""

from __future__ import annotations

import click

from review.cli import output
from review.cli.context import Review, pass_review


@click.command()
@click.option("--port", default=8350, show_default=True, help="The port; 0 takes any free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address; by default this machine only.")
@pass_review
def serve(review: Review, port: int, host: str) -> None:
    """Show status, evidence table, flow and gap map in a browser, to those who are signed in.

    Example: review serve --port 8350
    """
    from review.database import open_store
    from review.web.server import serve as serve_site

    # the database is made and checked here, once; a site whose database is taken away says so and makes none
    store = open_store(review.store.path, create=False)
    serve_site(review.root, store, host=host, port=port, say=output.say)
