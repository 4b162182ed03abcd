"""`review appraise`: risk of bias from judgements.toml, and the certainty of a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from review.cli import output
from review.cli.context import Review, pass_review
from review.cli.options import format_option

if TYPE_CHECKING:
    from review.appraisal.grade import Reason


@click.group()
def appraise() -> None:
    """Risk of bias and certainty: the program proposes, a person decides.

    Example: review appraise load
    """


@appraise.command()
@pass_review
def load(review: Review) -> None:
    """Read extracted/*/*/judgements.toml and check every answer.

    Example: review appraise load
    """
    from review.appraisal.judgements import load as load_judgements

    loaded = load_judgements(review.store, review.project)
    for warning in loaded.warnings:
        output.say(f"warning: {warning}")
    output.say(f"{loaded.files} files, {loaded.results} judged results, {loaded.rows} answers and judgements")


@appraise.command()
@click.argument("study", required=False)
@format_option
@pass_review
def show(review: Review, study: str | None, format: str) -> None:
    """The risk of bias of every study, or every answer of one; 'not rated' where nobody judged.

    Example: review appraise show lee2019 --format csv
    """
    from review.appraisal.judgements import answers, risk_of_bias

    output.frame(risk_of_bias(review.store, study), format, title="Risk of bias")
    if study and format == "table":
        output.frame(answers(review.store, study), format, title="Answers")


@appraise.command()
@click.argument("cell")
@click.argument("level", type=click.Choice(["high", "moderate", "low", "very_low", "withdrawn"]))
@click.option(
    "--reason",
    "reasons",
    multiple=True,
    metavar="DOMAIN:LEVELS:WHY",
    help="One for each domain that moves the certainty, such as imprecision:-1:few participants.",
)
@pass_review
def rate(review: Review, cell: str, level: str, reasons: tuple[str, ...]) -> None:
    """Record the certainty of a cell and why; the reasons must add up to the level.

    Example: review --as anna appraise rate CELL moderate --reason "imprecision:-1:few participants"
    """
    from review.appraisal import grade

    grade.rate(
        review.store,
        review.project,
        cell_id=cell,
        certainty=level,
        reasons=_reasons(reasons),
        who=review.reviewer.id,
    )
    output.say(f"{cell}: {level}, by {review.reviewer.id}")


@appraise.command()
@format_option
@pass_review
def certainty(review: Review, format: str) -> None:
    """The certainty of every cell; 'not rated' where nobody rated it.

    Example: review appraise certainty
    """
    from review.appraisal.grade import certainties

    output.frame(certainties(review.store), format, title="Certainty")


@appraise.command()
@format_option
def tools(format: str) -> None:
    """Which tool a design calls for, and where its guidance is.

    Example: review appraise tools
    """
    import polars as pl

    from review.appraisal.checklists import tools_for
    from review.terms import Design

    rows = [
        {
            "design": design.value,
            "tool": tool.name,
            "version": tool.version,
            "levels": " | ".join(tool.levels),
            "guidance": tool.guidance,
        }
        for design in Design
        for tool in tools_for(design)
    ]
    output.frame(pl.DataFrame(rows), format, title="Tools by design")


def _reasons(texts: tuple[str, ...]) -> dict[str, Reason]:
    """`domain:levels:why` as reasons by domain."""
    from review.appraisal.grade import Reason
    from review.errors import UsageProblem

    found: dict[str, Reason] = {}
    for text in texts:
        domain, _, rest = text.partition(":")
        levels, _, words = rest.partition(":")
        try:
            found[domain.strip()] = Reason(int(levels), words.strip())
        except ValueError as problem:
            message = f"--reason {text!r} is not DOMAIN:LEVELS:WHY"
            raise UsageProblem(message, hint='such as "imprecision:-1:few participants"') from problem
    return found
