"""`review reviewer`: who is in the team and for which records, invitations to the site, versions of the protocol."""

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
            "left": item.reviewer.left,
        }
        for item in invitations(review.store, review.project)
    ]
    output.frame(pl.DataFrame(rows, schema_overrides={"left": pl.Date}), format, title="Team")


@reviewer.command()
@click.argument("reviewer_id", metavar="ID")
@click.option("--days", default=14, show_default=True, help="Days until the invitation expires.")
@click.option("--port", type=int, help="The port on which review serve listens: that of the running one, or 8350.")
@pass_review
def invite(review: Review, reviewer_id: str, days: int, port: int | None) -> None:
    """Print a sign-in link for a person of review.toml. It is shown once; only its hash is kept.

    Example: review reviewer invite anna --days 7
    """
    from review.database import open_store
    from review.team import tokens

    served = open_store(review.project.database_path).server()
    site = served.serving.site if served and port is None else f"http://127.0.0.1:{port or 8350}/"
    token = tokens.invite(review.store, review.project, reviewer_id, days=days)
    output.text(f"{site}sign-in?token={token}")
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


_STAGE = click.option(
    "--stage",
    default="title_abstract",
    show_default=True,
    type=click.Choice(["title_abstract", "full_text"]),
    help="Which screening.",
)


@reviewer.command()
@click.option(
    "--mode", required=True, type=click.Choice(["all", "split", "double"]), help="How records are shared out."
)
@click.option("--share", default=100, show_default=True, help="double: percent of the records that two people read.")
@_STAGE
@click.option("--reviewer", "reviewers", multiple=True, help="Among whom; again for each. Without it all who screen.")
@pass_review
def assign(review: Review, mode: str, share: int, stage: str, reviewers: tuple[str, ...]) -> None:
    """Share the records of a stage out: split (as many people each as the protocol asks for), double, or all.

    Run it again when records have come: it keeps what stands and adds what is missing. `all` takes it back.

    Example: review reviewer assign --mode split --stage title_abstract
    """
    from review.team import assignments as team

    done = team.assign(
        review.store, review.project, by=review.who, mode=mode, share=share, stage=stage, reviewers=reviewers or None
    )
    if mode == "all":
        output.say(f"{done.released} assignments taken back; the records wait for everybody.")
    else:
        each = ", ".join(f"{person} {count}" for person, count in done.each.items()) or "nobody"
        output.say(f"{done.new} new assignments at {stage}; in all: {each}.")


@reviewer.command()
@format_option
@pass_review
def assignments(review: Review, format: str) -> None:
    """Who has how many records, and on how many of them they have decided.

    Who screens blind sees the own row.

    Example: review reviewer assignments --format csv
    """
    from review.screening.blinding import is_blinded
    from review.team import assignments as team

    alone = review.named if is_blinded(review.store, review.project, review.named) else None
    output.frame(team.assignments(review.store, review.project, reviewer=alone), format, title="Assignments")


@reviewer.command()
@click.argument("reviewer_id", metavar="ID")
@click.option("--to", metavar="ID", help="Who gets them instead; without it they wait for everybody.")
@pass_review
def release(review: Review, reviewer_id: str, to: str | None) -> None:
    """Take back the assignments on which a person has not decided yet. What they decided stays.

    Example: review reviewer release ben --to dee
    """
    from review.team import assignments as team

    done = team.release(review.store, review.project, reviewer=reviewer_id, by=review.who, to=to)
    output.say(
        f"{reviewer_id}: {done.released} assignments taken back" + (f", {done.given} given to {to}" if to else "")
    )


@reviewer.command()
@click.argument("reviewer_id", metavar="ID")
@pass_review
def leave(review: Review, reviewer_id: str) -> None:
    """Take everything back from a person who leaves: open assignments, invitations, sessions. Decisions stay and count.

    review.toml is yours to edit: the line to add to their [[reviewers]] table is printed.

    Example: review reviewer leave ben
    """
    from review.team import assignments as team

    done = team.leave(review.store, review.project, reviewer=reviewer_id, by=review.who)
    output.say(
        f"{reviewer_id}: {done.released} assignments taken back, {done.invitations} invitations revoked, "
        f"{done.sessions} sessions closed. Decisions stay and count."
    )
    if not review.project.reviewer(reviewer_id).has_left:
        output.say(f"In review.toml, add to the [[reviewers]] table of {reviewer_id} (and keep the table):")
        output.text(done.line)
