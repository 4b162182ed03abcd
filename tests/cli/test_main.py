"""What every command shares: help, exit codes, clean streams, and one line for an error."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
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


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("utf-8", "\N{GREEK SMALL LETTER ALPHA} \N{GREATER-THAN OR EQUAL TO} é".encode()),
        ("cp1252", rb"\u03b1 \u2265 " + b"\xe9"),
        ("ascii", rb"\u03b1 \u2265 \xe9"),
    ],
)
def test_a_character_that_the_terminal_lacks_is_printed_as_its_number(
    empty_review: Project, monkeypatch: pytest.MonkeyPatch, encoding: str, written: bytes
) -> None:
    out, err = io.BytesIO(), io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(out, encoding=encoding))
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(err, encoding=encoding))
    words = "\N{GREEK SMALL LETTER ALPHA} \N{GREATER-THAN OR EQUAL TO} é"
    assert run(["--project", str(empty_review.root), "query", f"select '{words}' as said", "--format", "csv"]) == 0
    assert out.getvalue() == b"said\n" + written + b"\n"
    assert run(["--project", str(empty_review.root), "study", words]) == ExitCode.USAGE
    sys.stderr.flush()
    assert written in err.getvalue()


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


def shell(command: str, *, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A line of bash; REVIEW stands for the program. The exit code is that of the first command of a pipe."""
    return subprocess.run(
        ["bash", "-c", command.replace("REVIEW", f'"{sys.executable}" -m review') + "\nexit ${PIPESTATUS[0]}"],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("words", ["--help", "status", 'query "select * from range(30000)"', "table flow"])
def test_a_reader_that_never_reads_is_no_error(empty_review: Project, words: str) -> None:
    done = shell(f"REVIEW {words} | true", cwd=empty_review.root)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("words", ["status", 'query "select 1" --format parquet', "check"])
def test_a_closed_standard_output_is_exit_code_7(empty_review: Project, words: str) -> None:
    done = shell(f"REVIEW {words} >&-", cwd=empty_review.root)
    assert done.returncode == ExitCode.FULL_DISK
    assert done.stderr == "review: error: standard output is closed, and nothing was written to it\n"


def test_a_closed_standard_output_is_no_matter_where_nothing_goes_there(empty_review: Project) -> None:
    done = shell("REVIEW dedupe run >&-", cwd=empty_review.root)
    assert done.returncode == 0 and done.stderr.startswith("0 source records")


def test_a_question_to_a_closed_standard_input_is_an_interruption(empty_review: Project) -> None:
    words = "import sys; from review.cli import output, asking; output.open_streams(); asking.agree('really?')"
    done = subprocess.run(
        ["bash", "-c", f'"{sys.executable}" -c "{words}" <&-'], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert "click.exceptions.Abort" in done.stderr and "lost sys.stdin" not in done.stderr


@pytest.mark.parametrize(
    "words", ["record show $'\\udc80'", "record show $'\\x80'", "query $'\\xff'", "import $'\\xe9.ris' --source E"]
)
def test_an_argument_that_is_no_text_is_named(empty_review: Project, words: str) -> None:
    done = shell(f"REVIEW {words}", cwd=empty_review.root)
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    assert done.stderr.startswith("review: error: the argument ") and len(done.stderr.splitlines()) == 1


def test_an_id_of_ones_own_is_one_line_of_at_most_200_signs(
    empty_review: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    for bad, words in (("a\nb", "control character"), ("\x1b[31m", "control character"), ("x" * 201, "201 characters")):
        for command in (["screen", "decide", "1", "include"], ["dedupe", "link", "1", "2", "--as", "erratum_of"]):
            assert run(["--project", str(empty_review.root), *command, "--id", bad]) == ExitCode.USAGE
            err = capsys.readouterr().err
            assert "--id" in err and words in err and len(err.splitlines()) == 1


def test_a_table_shows_the_first_500_rows_and_says_how_many_there_are(
    empty_review: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    query = ["--project", str(empty_review.root), "query"]
    assert run([*query, "select * from range(501)"]) == 0
    out, err = capsys.readouterr()
    assert (out.split()[-1], err) == ("499", "the first 500 of 501 rows; all of them: --format csv\n")
    assert run([*query, "select * from range(500)"]) == 0
    assert capsys.readouterr().err == ""
    assert run([*query, "select * from range(501)", "--format", "csv"]) == 0
    assert capsys.readouterr().out.split()[-1] == "500"


def test_words_do_not_slip_into_the_data_when_standard_error_is_closed(empty_review: Project) -> None:
    done = shell("REVIEW nonsense 2>&-", cwd=empty_review.root)
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")


@pytest.mark.parametrize("rows", [1, 100000])
def test_a_full_disk_behind_standard_output_is_exit_code_7(empty_review: Project, rows: int) -> None:
    done = shell(f'REVIEW query "select * from range({rows})" --format csv > /dev/full', cwd=empty_review.root)
    assert done.returncode == ExitCode.FULL_DISK
    assert done.stderr.startswith("review: error: No space left on device. Hint: ")
    assert len(done.stderr.splitlines()) == 1


ENDLESS = [
    "select count(*) from range(1000000) a, range(1000000) b where (a.range * 3 + b.range) % 7 = 1",
    "select repeat('x', 10) from range(3000000000)",
]


@pytest.mark.parametrize("sql", ENDLESS, ids=["while it computes", "while rows come"])
def test_ctrl_c_stops_a_query_with_one_line(empty_review: Project, sql: str) -> None:
    assert run(["--project", str(empty_review.root), "status"]) == ExitCode.OK
    with subprocess.Popen(
        [sys.executable, "-m", "review", "query", sql],
        cwd=empty_review.root,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (ExitCode.INTERRUPTED, "")
    assert err.split("\n") == ["", "review: error: interrupted", ""]


def test_ctrl_c_while_the_program_is_loaded_is_one_line() -> None:
    struck = (
        "import sys\n"
        "class Struck:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'click': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Struck())\n"
        "from review.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", struck], capture_output=True, text=True, cwd=REPOSITORY)
    assert (done.returncode, done.stdout) == (ExitCode.INTERRUPTED, "")
    assert done.stderr == "\nreview: error: interrupted\n"


def test_ctrl_c_that_duckdb_took_for_itself_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def struck(*_: object, **__: object) -> None:
        raise RuntimeError("Query interrupted")

    monkeypatch.setattr(review, "main", struck)
    assert run([]) == ExitCode.INTERRUPTED
    assert capsys.readouterr().err == "review: error: interrupted\n"


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["nonsense"], "review --help"),
        (["status", "--nonsense"], "review status --help"),
        (["table", "gap", "--format", "pdf"], "review table gap --help"),
        (["query", "-- why\nselect 1"], "review query --help"),
    ],
)
def test_a_usage_error_is_one_line_with_the_way_to_the_help(
    capsys: pytest.CaptureFixture[str], arguments: list[str], hint: str
) -> None:
    assert run(arguments) == ExitCode.USAGE
    err = capsys.readouterr().err
    assert err.startswith("review: error: ") and err.endswith(f"Hint: {hint}\n")
    assert len(err.splitlines()) == 1


def test_a_group_without_a_command_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    run(["table"])
    assert "Commands:" in "".join(capsys.readouterr())


def test_sql_may_begin_with_a_comment_after_two_dashes(
    empty_review: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--project", str(empty_review.root), "query", "--format", "csv", "--", "-- why\nselect 1 as one"]
    assert run(words) == ExitCode.OK
    assert capsys.readouterr().out == "one\n1\n"


def test_a_damaged_database_is_one_line(tiny_review: Project, capsys: pytest.CaptureFixture[str]) -> None:
    tiny_review.database_path.write_bytes(b"")
    for words in (["status"], ["query", "select 1"], ["check"], ["table", "flow"]):
        assert run(["--project", str(tiny_review.root), *words]) == ExitCode.ERROR
        out, err = capsys.readouterr()
        assert out == "" and len(err.splitlines()) == 1 and "backup" in err
