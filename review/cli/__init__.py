"""The command line: a table of contents. Commands are loaded when they are named, so that `review --help` is quick."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from pathlib import Path

import click

from review import __version__
from review.errors import ExitCode, ReviewError, UsageProblem

# name → (module, attribute, one line for --help); the order is the path of a review
COMMANDS: dict[str, tuple[str, str, str]] = {
    "init": ("review.cli.init", "init", "Make a new review in a new folder."),
    "demo": ("review.cli.demo", "demo", "Build the shipped review and the simulated example in a folder."),
    "status": ("review.cli.status", "status", "What has been done, what is stale, what is owed."),
    "search": ("review.cli.search", "search", "Run, replay and record searches."),
    "import": ("review.cli.import_", "import_", "Import reference files, each with a receipt."),
    "dedupe": ("review.cli.dedupe", "dedupe", "Find duplicates; merge, split, link, undo."),
    "record": ("review.cli.record", "record", "One record in full: where each field came from."),
    "screen": ("review.cli.screen", "screen", "Decide on records, resolve conflicts, retrieve reports."),
    "reviewer": ("review.cli.reviewer", "reviewer", "The review team and the protocol's versions."),
    "serve": ("review.cli.serve", "serve", "Show the review in a browser, to those who are signed in."),
    "study": ("review.cli.study", "study", "The studies and their reports."),
    "extract": ("review.cli.extract", "extract", "Load and check what was read off papers."),
    "appraise": ("review.cli.appraise", "appraise", "Risk of bias and certainty."),
    "synthesize": ("review.cli.synthesize", "synthesize", "Compute effect sizes and pool them."),
    "table": ("review.cli.table", "table", "Evidence table, gap map, PRISMA flow."),
    "explain": ("review.cli.explain", "explain", "From a cell to the printed figures."),
    "query": ("review.cli.query", "query", "One SELECT, read-only, or a named report."),
    "check": ("review.cli.check", "check", "Find rows that are wrong."),
    "store": ("review.cli.store", "store", "The database as a file: who holds it, backup, restore."),
    "events": ("review.cli.events", "events", "Export and import what people decided."),
}


class _LazyGroup(click.Group):
    """A group that imports a command only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        found = getattr(importlib.import_module(module), attribute)
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, _, words) in COMMANDS.items()])


@click.group(cls=_LazyGroup)
@click.version_option(__version__, prog_name="regen-review")
@click.option(
    "--project",
    type=click.Path(path_type=Path),
    envvar="REVIEW_PROJECT",
    help="The review's folder; by default the one you stand in, or the nearest above it that holds review.toml.",
)
@click.option("--as", "reviewer_id", envvar="REVIEW_AS", metavar="REVIEWER", help="Who you are: an id of review.toml.")
@click.pass_context
def review(ctx: click.Context, project: Path | None, reviewer_id: str | None) -> None:
    """A systematic review as a database: search, screen, extract, pool and table, traceable to the printed figure.

    Data goes to standard output, words and progress to standard error.

    Example: review demo /tmp/demo
    """
    from review.cli.context import Review

    ctx.obj = Review(start=project, reviewer_id=reviewer_id)


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; every error becomes one line on standard error."""
    from review.cli import output

    output.open_streams()
    output.stamp(False)
    try:
        _refuse_half_characters(sys.argv[1:] if arguments is None else arguments)
        review.main(args=arguments, prog_name="review", standalone_mode=False)
        # what cannot be written should be said here, and not by Python at its end
        sys.stdout.flush()
    except ReviewError as problem:
        output.say_error(str(problem))
        return int(problem.exit_code)
    except click.exceptions.Exit as done:
        return int(done.exit_code)
    except (click.Abort, KeyboardInterrupt):
        output.say_error("interrupted")
        return int(ExitCode.INTERRUPTED)
    except RuntimeError as problem:
        # DuckDB takes Ctrl-C for itself while it works in the main thread, and then says so in its own way
        if str(problem) != "Query interrupted":
            raise
        output.say_error("interrupted")
        return int(ExitCode.INTERRUPTED)
    except click.ClickException as problem:
        if type(problem).__name__ == "NoArgsIsHelpError":  # click has it since 8.2; its words are the whole help
            problem.show()
        else:
            output.say_error(_usage(problem))
        return int(ExitCode.USAGE)
    except BrokenPipeError:
        return _nobody_reads()
    except SystemExit as left:
        # click and rich leave by themselves, with 1, when nobody reads; nothing else here leaves so but completion
        if left.code != 1 or "_REVIEW_COMPLETE" in os.environ:
            raise
        return _nobody_reads()
    except OSError as problem:
        output.say_error(_os_error(problem))
        try:
            sys.stdout.flush()
        except OSError:
            _silence()
        # a full disk, or a standard output that is closed: the data is not where it should be
        return int(ExitCode.FULL_DISK if problem.errno in (errno.ENOSPC, errno.EBADF) else ExitCode.ERROR)
    return int(ExitCode.OK)


def _refuse_half_characters(arguments: list[str]) -> None:
    """Raises UsageProblem for an argument that is no text in UTF-8: nothing that holds it could be kept or printed."""
    for word in arguments:
        if any("\ud800" <= sign <= "\udfff" for sign in word):
            message = f"the argument {word!r} is not text in UTF-8"
            raise UsageProblem(
                message, hint="type it again in a terminal that sends UTF-8; give a file of such a name another one"
            )


def _usage(problem: click.ClickException) -> str:
    """click's complaint, which may have several lines, in one and with a hint."""
    context = getattr(problem, "ctx", None)
    command = context.command_path if context else "review"
    return f"{problem.format_message().rstrip('.')}. Hint: {command} --help"


def _os_error(problem: OSError) -> str:
    where = f"{problem.filename}: " if problem.filename else ""
    hint = ". Hint: free some space and run the same command again" if problem.errno == errno.ENOSPC else ""
    return f"{where}{problem.strerror or problem}{hint}"


def _nobody_reads() -> int:
    """The reader of our output has gone (head, less): nothing is wrong, and nothing more can be said."""
    _silence()
    return int(ExitCode.OK)


def _silence() -> None:
    """What is still waiting to be written would fail once more when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
