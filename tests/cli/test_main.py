"""What every command shares: help, exit codes, clean streams, and one line for an error."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from review import __version__
from review.cli import COMMANDS, review, run
from review.errors import ExitCode
from review.project import Project
from tests.conftest import REPOSITORY, REVIEW_TOML, write_review
from tests.database.processes import HOLD, finish, start


def every_command() -> Iterator[tuple[list[str], click.Command]]:
    """The words and the command of every group and command, deepest last."""

    def walk(words: list[str], command: click.Command) -> Iterator[tuple[list[str], click.Command]]:
        yield words, command
        if isinstance(command, click.Group):
            with click.Context(command) as ctx:
                for name in command.list_commands(ctx):
                    found = command.get_command(ctx, name)
                    assert found is not None
                    yield from walk([*words, name], found)

    yield from walk([], review)


def spoken(command: click.Command) -> str:
    """What a command says of itself beside its options."""
    return f"{command.help or ''}\n{command.epilog or ''}"


def test_help_lists_every_command_in_the_order_of_a_review(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == ExitCode.OK
    out, err = capsys.readouterr()
    assert err == ""
    places = [out.index(f"\n  {name} ") for name in COMMANDS]
    assert places == sorted(places)


def test_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == ExitCode.OK
    assert __version__ in capsys.readouterr().out


def test_every_listed_command_exists_under_its_name() -> None:
    with click.Context(review) as ctx:
        for name in COMMANDS:
            command = review.get_command(ctx, name)
            assert command is not None
            assert command.name == name


def test_every_command_explains_itself_with_an_example() -> None:
    silent = []
    for words, command in every_command():
        line = " ".join(["review", *words])
        if "Example: review" not in spoken(command):
            silent.append(line)
        with click.Context(command, info_name=line) as ctx:
            assert command.get_help(ctx)
    assert silent == []


def test_every_example_names_its_own_command() -> None:
    for words, command in every_command():
        example = spoken(command).split("Example: ")[-1]
        for word in words:
            assert word in example.split(), f"the example of {' '.join(words)} shows another command"


def test_every_option_says_what_it_does() -> None:
    silent = [
        f"{' '.join(words)} {option.opts[-1]}"
        for words, command in every_command()
        for option in command.params
        if isinstance(option, click.Option) and not option.help and not option.hidden
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["nonsense"], "nonsense"),
        (["--colour"], "--colour"),
        (["status", "--nonsense"], "--nonsense"),
        (["--project"], "--project"),
    ],
)
def test_words_that_no_command_knows_are_a_usage_problem(
    capsys: pytest.CaptureFixture[str], arguments: list[str], named: str
) -> None:
    assert run(arguments) == ExitCode.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert named in err


def test_a_folder_without_a_review_is_a_usage_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["status"]) == ExitCode.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("review: error: no review.toml in")
    assert "review init NAME" in err
    assert len(err.splitlines()) == 1


def test_a_project_that_is_not_there_is_a_usage_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--project", str(tmp_path / "nowhere"), "status"]) == ExitCode.USAGE
    assert "nowhere" in capsys.readouterr().err


def test_a_wrong_key_in_review_toml_is_one_line_naming_file_line_and_what_is_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_review(tmp_path, text=REVIEW_TOML.replace("blind = true", "blnd = true"))
    assert run(["--project", str(root), "status"]) == ExitCode.ERROR
    out, err = capsys.readouterr()
    assert out == ""
    line = REVIEW_TOML[: REVIEW_TOML.index("blind = true")].count("\n") + 1
    assert f"review.toml line {line}: unknown key 'screening.blnd'" in err
    assert "did you mean 'blind'?" in err
    assert not (root / "review.duckdb").exists()


def test_status_works_from_a_folder_inside_the_project(
    empty_review: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(empty_review.root / "extracted")
    assert run(["status"]) == ExitCode.OK
    assert "A tiny review" in "".join(capsys.readouterr())


def test_the_environment_names_the_project(
    empty_review: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REVIEW_PROJECT", str(empty_review.root))
    assert run(["status"]) == ExitCode.OK


def review_process(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`review` as a shell runs it."""
    return subprocess.run(
        [sys.executable, "-m", "review", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_command_leaves_a_clean_stderr_and_a_code_of_zero(empty_review: Project) -> None:
    done = review_process("query", "select 1 as one", "--format", "csv", cwd=empty_review.root)
    assert (done.returncode, done.stdout) == (0, "one\n1\n")
    assert "leaked" not in done.stderr
    assert "Traceback" not in done.stderr


def test_no_rows_are_a_header_and_not_an_error(empty_review: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--project", str(empty_review.root), "query", "select 1 as one where false", "--format", "csv"]) == 0
    assert capsys.readouterr().out == "one\n"


def test_a_reader_that_goes_away_early_is_no_error(empty_review: Project) -> None:
    command = f'"{sys.executable}" -m review query "select * from range(200000)" --format csv | head -1'
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=empty_review.root,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "range\n"
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_a_held_database_is_exit_code_3_and_names_the_process(
    tiny_review: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REVIEW_LOCK_WAIT", "0.2")
    holder = start(HOLD, tiny_review.database_path)
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        assert run(["--project", str(tiny_review.root), "status"]) == ExitCode.LOCKED
    finally:
        finish(holder)
    out, err = capsys.readouterr()
    assert out == ""
    assert f"locked by process {holder.pid}" in err
    assert len(err.splitlines()) == 1


def test_a_database_of_a_newer_program_is_exit_code_6(tiny_review: Project, capsys: pytest.CaptureFixture[str]) -> None:
    import duckdb

    with duckdb.connect(str(tiny_review.database_path)) as con:
        con.execute("insert into house.migration values ('0777_later', 'x', 'regen-review 9', now())")
    assert run(["--project", str(tiny_review.root), "status"]) == ExitCode.NEWER_STORE
    err = capsys.readouterr().err
    assert "0777_later" in err
    assert len(err.splitlines()) == 1


def test_a_criterion_that_changed_without_a_new_version_is_refused(
    tiny_review: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--project", str(tiny_review.root), "status"]) == ExitCode.OK
    path = tiny_review.root / "review.toml"
    path.write_text(REVIEW_TOML.replace('"Not a trial"', '"Not a randomised trial"'), "utf-8")
    capsys.readouterr()
    assert run(["--project", str(tiny_review.root), "status"]) == ExitCode.ERROR
    out, err = capsys.readouterr()
    assert out == ""
    assert "version" in err
    assert len(err.splitlines()) == 1


def test_the_repository_itself_is_a_project() -> None:
    assert (REPOSITORY / "review.toml").is_file()
