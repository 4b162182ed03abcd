"""`review reviewer`: who is in the team, invitations to the site, and the versions of the protocol."""

from __future__ import annotations

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import format_option


@click.group()
def reviewer() -> None:
    """The review team and the protocol's versions.

    Example: review reviewer list
    """


@reviewer.command("list")
@format_option
@pass_review
def list_(review: Review, format: str) -> None:
    """Everybody whom review.toml names, and until when an invitation works.

    Example: review reviewer list --format csv
    """
    import polars as pl

    from review.team.tokens import invitations

    rows = [
        {
            "id": item.reviewer.id,
            "name": item.reviewer.name,
            "role": item.reviewer.role.value,
            "invited_until": f"{item.expires_at:%Y-%m-%d %H:%M} UTC" if item.expires_at else "not invited",
        }
        for item in invitations(review.store, review.project)
    ]
    output.frame(pl.DataFrame(rows), format, title="Team")


@reviewer.command()
@click.argument("reviewer_id", metavar="ID")
@click.option("--days", default=14, show_default=True, help="Days until the invitation expires.")
@click.option("--port", default=8350, show_default=True, help="The port on which review serve listens.")
@pass_review
def invite(review: Review, reviewer_id: str, days: int, port: int) -> None:
    """Print a sign-in link for a person of review.toml. It is shown once; only its hash is kept.

    Example: review reviewer invite anna --days 7
    """
    from review.team import tokens

    token = tokens.invite(review.store, review.project, reviewer_id, days=days)
    output.text(f"http://127.0.0.1:{port}/sign-in?token={token}")
    output.say(f"Works for {days} days, or until: review reviewer revoke {reviewer_id}")


@reviewer.command()
@click.argument("reviewer_id", metavar="ID")
@pass_review
def revoke(review: Review, reviewer_id: str) -> None:
    """Take back every invitation of a person and end every session.

    Example: review reviewer revoke anna
    """
    from review.team import tokens

    invited, signed_in = tokens.revoke(review.store, review.project, reviewer_id)
    output.say(f"{reviewer_id}: {invited} invitations revoked, {signed_in} sessions closed")


@reviewer.command()
@click.option("--reason", help="Why the newest amendment was made.")
@format_option
@pass_review
def protocol(review: Review, reason: str | None, format: str) -> None:
    """The versions of the protocol; after the registration each change is an amendment.

    Example: review reviewer protocol --reason "window added before data were seen"
    """
    from review.team.protocol import history, record_protocol

    recorded = record_protocol(review.store, review.project, who=review.who if reason else None, reason=reason)
    if reason and not recorded.amendment:
        output.say("The newest version is not an amendment: no reason was recorded.")
    output.frame(history(review.store), format, title="Versions of the protocol")
    if recorded.hint:
        output.say(recorded.hint)
