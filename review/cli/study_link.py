"""`review study proposals | link | unlink`: which reports tell of one study; a person decides, study.toml keeps it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from review.cli import output
from review.cli.asking import agree
from review.cli.context import Review, pass_review
from review.cli.options import format_option
from review.terms import Design, ReportKind

if TYPE_CHECKING:
    from review.extraction.linking import Change

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _yes_options(command: _Command) -> _Command:
    for option in (
        click.option("--yes", is_flag=True, help="Do it without asking; needed where there is no terminal."),
        click.option(
            "--remove-study",
            is_flag=True,
            help="Where it is the study's only report and nothing was extracted: the study goes too.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@click.option("--study", "study_id", metavar="ID", help="Only what may belong to this study.")
@format_option
@pass_review
def proposals(review: Review, study_id: str | None, format: str) -> None:
    """Included records without a study, and studies, that may belong together; with what speaks for and against.

    The signs: a link between two records (by a person or PubMed), one registry id, the trial's name, shared authors
    with the same place, size or product. Nothing is decided: answer with review study link. "Different" is kept
    only between two studies, in overlap_with of study.toml; there is no place for it yet between a record and a
    study, so such a pair is shown again.

    Example: review study proposals --format csv
    """
    import polars as pl

    from review.flows.study_link import study_proposals

    found = study_proposals(review.store, review.project, study_id=study_id, reviewer=review.named)
    wide = format != "table"
    rows = [
        {
            "record_id": row.record_id,
            "title": row.title if wide or len(row.title) <= 60 else f"{row.title[:57]}...",
            "study_id": row.study_id,
            "other": row.other,
            "kind": row.kind,
            "strength": row.strength.word,
            "reasons": list(row.reasons),
            "against": list(row.against),
        }
        for row in found.rows
    ]
    words = pl.List(pl.String)
    schema: dict[str, Any] = {
        "record_id": pl.String,
        "title": pl.String,
        "study_id": pl.String,
        "other": pl.String,
        "kind": pl.String,
        "strength": pl.String,
        "reasons": words,
        "against": words,
    }
    output.frame(pl.DataFrame(rows, schema=schema), format, title="Reports that may be of one study")
    for name, count in found.several.items():
        output.say(f"{name} names {count} trials: not proposed by registry id")
    if found.alone:
        few = ", ".join(found.alone[:3]) + (" ..." if len(found.alone) > 3 else "")
        output.say(f"{output.counted(len(found.alone), 'record')} without a study and without a proposal: {few}")
    if rows:
        output.say("Answer with: review study link STUDY RECORD (--new for a study that is not there yet)")


@click.command()
@click.argument("study_id", metavar="STUDY")
@click.argument("record")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in ReportKind]),
    help="What the report is to the study; if not given, what title and publication types say.",
)
@click.option("--new", is_flag=True, help="Make the study: a folder with study.toml and an empty sources.csv.")
@click.option("--label", default="", help="With --new: its name for people; else first author and year.")
@click.option("--design", type=click.Choice([design.value for design in Design]), help="With --new: its design.")
@click.option("--condition", default="", metavar="ID", help="With --new: an id of the vocabulary.")
@click.option("--cell-source", default="", metavar="ID", help="With --new: an id of the vocabulary.")
@click.option("--move", is_flag=True, help="Take it out of the study that it belongs to now.")
@click.option("--with-figures", is_flag=True, help="With --move: what was extracted from it goes along.")
@_yes_options
@pass_review
def link(
    review: Review,
    study_id: str,
    record: str,
    kind: str | None,
    new: bool,
    label: str,
    design: str | None,
    condition: str,
    cell_source: str,
    move: bool,
    with_figures: bool,
    remove_study: bool,
    yes: bool,
) -> None:
    """Make RECORD (id, PMID or DOI) a report of STUDY: shows what changes in study.toml, asks, writes, loads.

    Only the block of the report is added; all else in the file stays as it is. review study unlink takes it back.

    Example: review study link lamo2016 30064455 --kind follow_up
    """
    from review.errors import UsageProblem
    from review.extraction.new_study import NewStudy
    from review.flows.study_link import link as plan

    if not new and (label or design or condition or cell_source):
        message = "--label, --design, --condition and --cell-source describe a new study"
        raise UsageProblem(message, hint="add --new, or edit study.toml")
    if with_figures and not move:
        message = "--with-figures takes figures along when a report moves"
        raise UsageProblem(message, hint="add --move")
    said = NewStudy(label=label, design=design or "", condition=condition, cell_source=cell_source) if new else None
    change = plan(
        review.store,
        review.project,
        study_id=study_id,
        record=record,
        kind=kind,
        new=said,
        move=move,
        figures=with_figures,
        remove_study=remove_study,
    )
    _show_and_do(review, change, yes=yes)


@click.command()
@click.argument("study_id", metavar="STUDY")
@click.argument("report")
@_yes_options
@pass_review
def unlink(review: Review, study_id: str, report: str, remove_study: bool, yes: bool) -> None:
    """Take REPORT (its id in study.toml, or a record) out of STUDY: shows what changes, asks, writes, loads.

    Refused while figures hang on the report; the rows are named.

    Example: review study unlink lamo2016 PMID:30064455
    """
    from review.flows.study_link import unlink as plan

    change = plan(review.store, review.project, study_id=study_id, report=report, remove_study=remove_study)
    _show_and_do(review, change, yes=yes)


def _show_and_do(review: Review, change: Change, *, yes: bool) -> None:
    """The difference on standard output; then the deed, if a person or --yes says so."""
    from review.errors import ExtractionError, UsageProblem
    from review.extraction.linking import carry_out

    if change.edits:
        output.text(change.diff)
        if not yes:
            if sys.stdin is None or not sys.stdin.isatty():
                message = "nothing was written: there is no terminal to ask at"
                raise UsageProblem(message, hint="look at the difference, then run the same command with --yes")
            if not agree("Write this?"):
                output.say("Nothing was written.")
                return
    outcome = carry_out(review.store, review.project, change)
    output.say(f"{change.words}.")
    if outcome.loaded:
        return
    if not change.edits:
        output.say(f"The database does not follow the files yet: {outcome.problem}")
        return
    if change.unfinished:
        output.say(f"To be filled in study.toml before anything loads again: {change.unfinished}")
        output.say("Then: review extract load")
        return
    message = f"the database does not follow the files yet: {outcome.problem}"
    raise ExtractionError(message, hint="mend that, then: review extract load")
