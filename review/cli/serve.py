"""`review serve`: the review in a browser."""

from __future__ import annotations

import click

from review.cli import output
from review.cli.context import Review, pass_review


@click.command()
@click.option("--port", default=8350, show_default=True, help="The port; 0 takes any free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address; by default this machine only.")
@click.option(
    "--name", "names", multiple=True, metavar="NAME", help="A name by which a proxy shows the site; repeatable."
)
@click.option(
    "--root-path", default="", metavar="PATH", help="The path at which a proxy shows the site, such as /review."
)
@pass_review
def serve(review: Review, port: int, host: str, names: tuple[str, ...], root_path: str) -> None:
    """Let the team screen in a browser: records, conflicts, full texts, numbers, for those who are signed in.

    It holds the database while it runs; every other review command works beside it, through it.

    Example: review serve --port 8350
    """
    from review.database import open_owned
    from review.team.protocol import record_protocol
    from review.web.server import serve as serve_site
    from review.web.server import site_names, site_path

    known, path = site_names(names), site_path(root_path)
    root, project = review.root, review.project
    store = open_owned(project.database_path)
    try:
        record_protocol(store, project)
        serve_site(root, store, host=host, port=port, names=known, root_path=path, say=output.say)
    finally:
        store.close()
