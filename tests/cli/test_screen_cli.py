"""Dedupe, screening and events at the command line, and that no command shows a blind reviewer the other's word."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from review.cli import run
from review.database import Append, LocalStore
from review.errors import BlindError
from review.flows.query import run_report
from review.project import Project
from tests.screening.records import bring

# words that only ana's decisions hold: whoever must not see them must not see one of these
MARKS = ("MARK-NOTE", "population")


@pytest.fixture
def records(empty_review: Project, blank_database: Path) -> list[str]:
    store = LocalStore(Path(shutil.copy(blank_database, empty_review.database_path)))
    return bring(
        store,
        [
            {"pmid": "101", "doi": "10.1000/a", "title": "First"},
            {"doi": "10.1000/a", "title": "First again"},
            {"pmid": "103", "title": "Third"},
        ],
    )


@pytest.fixture
def held(empty_review: Project, records: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStore]:
    """The database held open for commands that follow each other, as no shell could."""
    store = LocalStore(empty_review.database_path)
    monkeypatch.setattr("review.database.open_store", lambda path: store)
    with store.holding():
        yield store


def call(project: Project, words: str, *, who: str | None = None, note: str | None = None) -> int:
    person = ["--as", who] if who else []
    more = ["--note", note] if note else []
    return run(["--project", str(project.root), *person, *words.split(), *more])


def test_from_duplicates_to_a_report(
    empty_review: Project, records: list[str], held: LocalStore, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert call(empty_review, "dedupe run") == 0
    assert "1 new merge, 0 pairs wait" in capsys.readouterr().err
    assert call(empty_review, "dedupe run") == 0
    assert "0 new merges" in capsys.readouterr().err
    assert call(empty_review, "screen next", who="ana") == 0
    assert "record  " in capsys.readouterr().out
    assert call(empty_review, "screen decide 101 include", who="ana") == 0
    assert call(empty_review, "screen decide 101 exclude --reason design", who="ben") == 0
    assert call(empty_review, "screen conflicts --format csv", who="cyd") == 0
    assert "First" in capsys.readouterr().out
    assert call(empty_review, "screen adjudicate 101 include", who="cyd") == 0
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(b"paper")
    assert call(empty_review, f"screen retrieved 101 --file {paper}", who="ana") == 0
    capsys.readouterr()
    assert call(empty_review, "screen reports --format json") == 0
    assert '"retrieved"' in capsys.readouterr().out
    assert call(empty_review, "screen decide 101 include --stage full_text", who="ana") == 0
    assert call(empty_review, "screen undo 101 --stage full_text", who="ana") == 0
    for words in ("agreement", "progress", "owed"):
        assert call(empty_review, f"screen {words} --format csv") == 0


def test_a_blind_reviewer_sees_no_word_of_the_other(
    empty_review: Project, records: list[str], held: LocalStore, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert call(empty_review, "screen decide 101 exclude --reason population", who="ana", note="MARK-NOTE one") == 0
    assert call(empty_review, "screen decide 103 unsure", who="ana", note="MARK-NOTE two") == 0
    capsys.readouterr()
    looks = [
        "screen next", "screen show 101", "screen show 103", "screen conflicts", "screen agreement", "screen progress",
        "screen owed", "screen reports", "dedupe log", "dedupe pairs", f"dedupe explain {records[0]} {records[1]}",
        "screen adjudicate 101 include", "screen undo 101", "screen decide 101 include --stage full_text",
    ]  # fmt: skip
    formats = [f"{look} --format {kind}" for look in looks[3:9] for kind in ("csv", "json")]
    seen = []
    for look in [*looks, *formats]:
        call(empty_review, look, who="ben")
        text = "".join(capsys.readouterr())
        seen.append(text)
        for mark in MARKS:
            assert mark not in text, look
        assert not re.search(r"\bana\b", text), look
    assert call(empty_review, f"events export {tmp_path / 'mine'} --only ben", who="ben") == 0
    assert not list((tmp_path / "mine").iterdir())

    # what ben sees is the same, whatever ana says
    assert call(empty_review, "screen decide 101 include", who="ana") == 0
    assert call(empty_review, "screen undo 103", who="ana") == 0
    capsys.readouterr()
    again = []
    for look in [*looks, *formats]:
        call(empty_review, look, who="ben")
        again.append("".join(capsys.readouterr()))
    assert again == seen

    # once both are in, the verdicts are open to them
    assert call(empty_review, "screen decide 101 exclude", who="ben") == 0
    capsys.readouterr()
    assert call(empty_review, "screen show 101", who="ben") == 0
    assert "ana  include" in capsys.readouterr().out


def test_who_acts_must_be_said(empty_review: Project, records: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(empty_review, "screen next") == 2
    assert "who you are" in capsys.readouterr().err
    assert call(empty_review, "screen decide 101 include", who="eve") == 2
    assert call(empty_review, "screen decide 999 include", who="ana") == 2
    assert call(empty_review, "screen decide 101 include --stage full_text", who="ana") == 1
    assert "not included at title and abstract" in capsys.readouterr().err


def test_people_and_the_log_of_duplicates(
    empty_review: Project, records: list[str], held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(empty_review, f"dedupe merge {records[0]} {records[2]}", who="ana", note="same trial") == 0
    event = capsys.readouterr().err.split()[-1]
    assert call(empty_review, f"dedupe explain {records[0]} {records[2]}") == 0
    assert "one record" in capsys.readouterr().out
    assert call(empty_review, f"dedupe undo {event}", who="ben") == 0
    assert call(empty_review, "dedupe log --people --format csv") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert call(empty_review, f"dedupe split {records[0]} {records[1]} --lock", who="ana") == 0
    assert call(empty_review, f"dedupe merge {records[0]} {records[1]}", who="ana") == 1
    assert call(empty_review, f"dedupe unlock {records[0]} {records[1]}", who="ana") == 0


def test_the_key_prompt(
    empty_review: Project, records: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("i\ns\nq\n"))
    assert call(empty_review, "screen start", who="ana") == 0
    capsys.readouterr()
    assert call(empty_review, "screen progress --format csv", who="ana") == 0
    assert "ana: include,1" in capsys.readouterr().out


def test_events_leave_and_come_back_byte_for_byte(
    empty_review: Project, records: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert call(empty_review, "screen decide 101 include", who="ana") == 0
    assert call(empty_review, f"events export {tmp_path / 'out'}") == 0
    empty_review.database_path.unlink()
    assert call(empty_review, f"events import {tmp_path / 'out'}") == 0
    told = capsys.readouterr().err
    assert "2 events read, 2 new" in told
    assert "1 is on a record that is not here: import the same files first or afterwards" in told
    assert call(empty_review, f"events export {tmp_path / 'again'}") == 0
    out, again = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("out", "again"))
    assert out == again


def test_past_decisions_and_a_wrong_line(
    empty_review: Project, records: list[str], held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    file = empty_review.root / "past.csv"
    file.write_text("pmid,label_included\n101,1\n103,0\n", "utf-8")
    assert call(empty_review, f"screen import {file} --stage final") == 1
    assert "line 2: nobody is named who decided" in capsys.readouterr().err
    assert call(empty_review, f"screen import {file} --stage title_abstract --source labels") == 1
    assert "labels of a source are of stage final" in capsys.readouterr().err
    assert call(empty_review, f"screen import {file} --stage final --source labels") == 0
    assert "2 new decisions" in capsys.readouterr().err
    assert call(empty_review, f"screen import {file} --stage final --source labels") == 0
    assert "0 new decisions" in capsys.readouterr().err
    file.write_text("pmid,label_included\n101,1\n103,7\n", "utf-8")
    assert call(empty_review, f"screen import {file} --stage final --source labels") == 1
    assert "line 3: verdict '7'" in capsys.readouterr().err


def test_what_was_said_twice_and_what_is_undone_first(
    empty_review: Project, records: list[str], held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    for who in ("ana", "ben"):
        assert call(empty_review, "screen decide 101 include", who=who) == 0
    assert "already" not in capsys.readouterr().err
    assert call(empty_review, "screen decide 101 include", who="ben") == 0
    assert "you had already said so" in capsys.readouterr().err
    assert call(empty_review, "screen retrieved 101", who="ana") == 0
    assert call(empty_review, "screen decide 101 include --stage full_text", who="ben") == 0
    assert call(empty_review, "screen decide 101 exclude", who="ben") == 1
    assert "undo those first, or say --stage full_text" in capsys.readouterr().err
    for stage, first in (("full_text", ""), ("title_abstract", "screen take-back 101 --track retrieval")):
        assert not first or call(empty_review, first, who="ben") == 0
        assert call(empty_review, "screen undo 101", who="ben") == 0
        assert f"your decision at {stage} is taken back" in capsys.readouterr().err


def test_an_adjudication_is_reopened_without_its_stage(
    empty_review: Project, records: list[str], held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(empty_review, "screen decide 101 include", who="ana") == 0
    assert call(empty_review, "screen decide 101 exclude", who="ben") == 0
    assert call(empty_review, "screen adjudicate 101 include", who="cyd") == 0
    assert call(empty_review, "screen adjudicate 101 exclude", who="cyd") == 0
    assert call(empty_review, "screen adjudicate 101 reopened", who="cyd") == 0
    assert "reopened at title_abstract" in capsys.readouterr().err


def test_a_blind_reviewer_exports_only_their_own(
    empty_review: Project, records: list[str], held: LocalStore, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert call(empty_review, "screen decide 101 include", who="ana") == 0
    for words in ("", " --only ana"):
        assert call(empty_review, f"events export {tmp_path / 'out'}{words}", who="ben") == 1
        assert "--only ben" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "sql",
    [
        "select * from v1.current_decision",
        'select * from "v1"."Blind_Decision"',
        "select 1 as \"'\", * from v1.conflict where '' = \"'\"",
        "select * from screening.decision",
        "from query('select * from v1.current_' || 'decision')",
        "who_owes_what",
    ],
)
def test_a_blind_reviewers_query_does_not_name_what_others_decided(
    empty_review: Project, records: list[str], sql: str
) -> None:
    store = LocalStore(empty_review.database_path)
    with pytest.raises(BlindError, match=r"ben screens blind.*run it without --as"):
        run_report(store, empty_review, sql, reviewer="ben")


def test_other_queries_and_other_people_are_not_limited(empty_review: Project, records: list[str]) -> None:
    store = LocalStore(empty_review.database_path)
    assert run_report(store, empty_review, "select title from v1.record", reviewer="ben").height == 3
    for reviewer in ("cyd", None):
        assert run_report(store, empty_review, "select * from v1.current_decision", reviewer=reviewer).height == 0


def test_the_command_line_refuses_a_blinded_reviewers_look_at_decisions(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(demo / "demo" / "example", tmp_path / "example")
    words = ["query", "select * from v1.current_decision", "--format", "csv"]
    assert run(["--project", str(folder), "--as", "ben", *words]) == 1
    shown = capsys.readouterr()
    assert shown.out == "" and "ben screens blind" in shown.err
    assert run(["--project", str(folder), *words]) == 0


@pytest.mark.parametrize(
    "words",
    ["table flow", "table flow --format json", "status", "search report --format csv", "check", "check --format csv"],
)
def test_tables_and_checks_tell_a_blinded_reviewer_nothing_of_the_others(
    empty_review: Project, records: list[str], capsys: pytest.CaptureFixture[str], words: str
) -> None:
    store = LocalStore(empty_review.database_path)

    def told(who: str | None) -> str:
        assert call(empty_review, words, who=who) in (0, 5)
        shown = capsys.readouterr()
        return shown.out + shown.err

    before = told("ben"), told(None)
    for record in records:
        call(empty_review, f"screen decide {record} exclude --reason population", who="ana", note="MARK-NOTE")
    stranger = store.read("select * exclude (arrival) from screening.decision").to_dicts()[0]
    odd = {
        **stranger,
        "decision_id": "odd",
        "reviewer": "zoe",
        "criteria_version": "7",
        "verdict": "withdrawn",
        "reason": None,
    }
    store.apply([Append("screening.decision", [odd])])
    capsys.readouterr()
    after = told("ben"), told(None)
    assert after[0] == before[0]
    assert (after[1] == before[1]) == words.startswith("search")


def test_a_blinded_reviewer_is_told_which_checks_were_left_out(
    empty_review: Project, records: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    call(empty_review, "check", who="ben")
    out = capsys.readouterr().out
    for name in ("orphan_decisions", "prisma_identities", "two_first_decisions", "decisions_of_a_stranger"):
        assert f"----  {name}: left out, it tells of others' decisions" in out
    assert "pass  search_not_reconciled" in out and "pass  figures_without_source" in out
    call(empty_review, "check")
    assert "left out" not in capsys.readouterr().out


def test_a_reviewer_whose_id_was_changed_is_named_by_check(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(demo / "demo" / "example", tmp_path / "example"))
    file = folder / "review.toml"
    file.write_text(file.read_text("utf-8").replace('id = "ben"', 'id = "benno"'), "utf-8")
    assert run(["--project", str(folder), "check"]) == 0
    shown = capsys.readouterr().out
    assert "warn  decisions_of_a_stranger" in shown and "reviewer ben" in shown
