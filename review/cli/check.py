"""`review check`: find rows that are wrong."""

from __future__ import annotations

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import format_option


@click.command()
@format_option
@pass_review
def check(review: Review, format: str) -> None:
    """Run every query of queries/checks and look through extracted/; exit code 5 when a row is wrong.

    With --as somebody who screens blind, what would tell of others' decisions is left out.

    Example: review check --format csv
    """
    from review.flows.check import findings_frame, refuse_errors, run_checks

    results = run_checks(review.store, review.project, reviewer=review.named)
    if format == "table":
        for result in results:
            output.text(result.summary)
            for line in result.lines:
                output.text(f"  {line}")
    else:
        output.frame(findings_frame(results), format)
    refuse_errors(results)
