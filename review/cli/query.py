"""`review query`: one SELECT of an analyst, or a saved report."""

from __future__ import annotations

from pathlib import Path

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import format_option
from review.errors import UsageProblem


@click.command()
@click.argument("query", required=False)
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A value for $NAME; may be repeated.")
@click.option("--list", "list_", is_flag=True, help="List the saved reports and their parameters.")
@click.option("--limit", type=click.IntRange(min=0), help="At most this many rows.")
@click.option("--seconds", type=float, default=60.0, show_default=True, help="Stop after this time (at most a day).")
@click.option("--output", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@format_option
@pass_review
def query(
    review: Review,
    query: str | None,
    params: tuple[str, ...],
    list_: bool,
    limit: int | None,
    seconds: float,
    file: Path | None,
    format: str,
) -> None:
    """Run one SELECT over the views of schema v1, read-only; or a report of queries/reports by its NAME.

    SQL that begins with a comment comes after a lone --, the sign that no option follows: review query -- "-- why ..."

    Example: review query "select condition, state, trials from v1.evidence_by_condition"
    """
    from review.flows.query import list_reports, run_report

    if list_:
        output.frame(list_reports(review.project), format, title="Reports")
        return
    if query is None:
        message = "nothing to run"
        raise UsageProblem(message, hint="give a SELECT in quotes, or a NAME of: review query --list")
    if file is not None:
        from review.reporting.export import FRAME_FORMATS, format_of
        from review.reporting.own_files import refuse_own_files

        refuse_own_files(file)
        format = format_of(file, format, FRAME_FORMATS)
    rows = run_report(
        review.store,
        review.project,
        query,
        params=_pairs(params),
        limit=limit,
        seconds=seconds,
        reviewer=review.named,
    )
    if file is not None:
        from review.reporting.export import export_frame, write_whole

        where = write_whole(file, export_frame(output.stamped(rows), format))
        output.say(f"wrote {where}: {output.counted(rows.height, 'row')}")
        return
    output.frame(rows, format, title="")


def _pairs(params: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for text in params:
        name, equals, value = text.partition("=")
        if not equals or not name:
            message = f"--param {text!r} is not NAME=VALUE"
            raise UsageProblem(message, hint="for instance --param condition=knee_oa")
        pairs[name] = value
    return pairs
