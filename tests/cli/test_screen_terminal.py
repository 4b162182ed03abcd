"""`review screen` with single keys: by piped lines and in a real terminal, wide and narrow; no decision is lost."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from review.cli import run
from review.database import LocalStore
from review.project import Project, load_project
from review.screening.decisions import decide
from review.screening.queue import queue
from review.screening.retrieval import retrieved
from tests.cli.terminal import Terminal
from tests.conftest import REVIEW_TOML, write_review
from tests.screening.records import bring

ABSTRACT = "BACKGROUND: Knees hurt, and an injection may help.\nMETHODS: We gave rats one.\nRESULTS: Nothing was found."
HOSTILE = "Trial\x1b[2J of\r\n\x9b1;1H knees\x07 <b>[bold red]never[/]</b>"
TEXT = REVIEW_TOML.replace('include = ["injection"]', 'include = ["injection"]\nexclude = ["rats"]')
READY = "i e u 1-9 s z n l c / f o ? q"

Press = Callable[..., tuple[int, str, str]]


@pytest.fixture
def five(tmp_path: Path, blank_database: Path) -> Project:
    """Five records, of which one has a hostile title."""
    project = load_project(write_review(tmp_path / "five", text=TEXT))
    store = LocalStore(Path(shutil.copy(blank_database, project.database_path)))
    titles = ["Alpha injection", "Beta trial", HOSTILE, "Delta trial", "Epsilon trial"]
    bring(
        store,
        [
            {"pmid": str(101 + place), "doi": f"10.1000/{place}", "title": title, "abstract": ABSTRACT}
            for place, title in enumerate(titles)
        ],
    )
    return project


@pytest.fixture
def press(five: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Press:
    """Types lines into `review screen`; its exit code, what it printed and what it said."""

    def typed(*lines: str, words: str = "screen", who: str = "ben") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        code = run(["--project", str(five.root), "--as", who, *words.split()])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return typed


def said(project: Project, who: str = "ben") -> list[tuple[str, ...]]:
    """The decisions that hold, in order of arrival: stage, verdict, reason, note."""
    rows = LocalStore(project.database_path).read(
        "select stage, verdict, reason, note from v1.current_decision where reviewer = $who order by arrival",
        {"who": who},
    )
    return rows.rows()


def test_keys_by_pipe_decide_record_after_record(five: Project, press: Press) -> None:
    order = queue(LocalStore(five.database_path), five, reviewer="ben")
    code, out, err = press("i", "u", "e", "2", "q")
    assert code == 0
    assert said(five) == [
        ("title_abstract", "include", None, None),
        ("title_abstract", "unsure", None, None),
        ("title_abstract", "exclude", None, None),
        ("title_abstract", "exclude", "design", None),
    ]
    done = LocalStore(five.database_path).read("select record_id from v1.current_decision order by arrival")
    assert done["record_id"].to_list() == order[:4]
    assert "5 records wait for ben at title_abstract" in err
    assert "4 decisions: 1 include, 1 unsure, 2 exclude." in err
    assert "exclude (design)" in err
    assert "Knees hurt" in out and "METHODS\n" in out


def test_the_end_of_the_input_is_an_ordinary_end(five: Project, press: Press) -> None:
    code, _, err = press("i")
    assert code == 0 and "1 decision: 1 include." in err
    assert len(said(five)) == 1


def test_start_is_the_same_and_takes_a_stage(five: Project, press: Press) -> None:
    assert press("i", words="screen start")[0] == 0
    assert len(said(five)) == 1
    code, _, err = press("q", words="screen start --stage full_text")
    assert code == 0 and "0 records wait for ben at full_text" in err and "Nothing waits" in err


def test_what_is_skipped_comes_again_at_the_end(five: Project, press: Press) -> None:
    order = queue(LocalStore(five.database_path), five, reviewer="ben")
    code, _, err = press("s", "i", "i", "s", "i", "u", "u", "i")
    assert code == 0
    assert "Now the 2 records that you skipped." in err and "Nothing waits for ben" in err
    done = LocalStore(five.database_path).read("select record_id, verdict from v1.current_decision order by arrival")
    assert done.rows()[3:] == [(order[0], "unsure"), (order[3], "unsure")]


def test_undo_brings_the_record_back_and_then_the_one_that_was_shown(five: Project, press: Press) -> None:
    order = queue(LocalStore(five.database_path), five, reviewer="ben")
    code, out, err = press("z", "i", "i", "z", "z", "e", "u")
    assert code == 0
    assert "You decided nothing in this session" in err
    assert err.count("Taken back: include") == 2
    shown = [line.split()[-2] for line in out.splitlines() if line.startswith("──")]
    places = [order.index(next(one for one in order if one.startswith(name))) for name in shown]
    assert places == [0, 1, 2, 1, 0, 1, 2]
    assert [verdict for _, verdict, *_ in said(five)] == ["exclude", "unsure"]
    events = LocalStore(five.database_path).read("select verdict from screening.decision order by arrival")
    assert events["verdict"].to_list() == ["include", "include", "withdrawn", "withdrawn", "exclude", "unsure"]


def test_a_note_is_kept_for_the_next_decision_and_for_that_one_only(five: Project, press: Press) -> None:
    code, _, err = press("n", "which dose?", "s", "i", "u")
    assert code == 0
    assert "Kept for your next decision: which dose?" in err and "note for your decision: which dose?" in err
    assert [note for *_, note in said(five)] == ["which dose?", None]


def test_a_label_is_put_and_taken_off_by_the_same_word(five: Project, press: Press) -> None:
    code, _, err = press("l", "check dose", "l", "check dose", "l", "rct", "l", "", "l", "x" * 61, "i")
    assert code == 0
    assert "Label: check dose" in err and "Taken off: check dose" in err and "Your labels: rct" in err
    assert "has 61 characters" in err
    assert press(words="screen labels")[1] == "rct\n"
    assert len(said(five)) == 1


def test_criteria_help_addresses_and_a_key_that_means_nothing(five: Project, press: Press) -> None:
    code, out, err = press("c", "?", "o", "x", "", "0", "9", "exclude", "q")
    assert code == 0 and said(five) == []
    assert "+ People with knee pain." in out and "2 design: Not a trial" in out
    assert "undo your last decision of this session" in err
    assert re.search(r"https://pubmed\.ncbi\.nlm\.nih\.gov/10\d/\nhttps://doi\.org/10\.1000/\d", out)
    assert "'x' is no key here" in err and "'exclude' is no key here" in err
    assert "The protocol has 2 reasons" in err


def test_an_exclusion_at_full_text_asks_for_the_reason(five: Project, press: Press) -> None:
    store = LocalStore(five.database_path)
    for who in ("ana", "ben"):
        decide(store, five, record="101", stage="title_abstract", reviewer=who, verdict="include")
    retrieved(store, five, record="101", who="ana")
    code, out, err = press("f", "e", "7", "e", "1", "f", "q")
    assert code == 0
    assert "1 record waits for ben at full_text" in err and "Nothing was decided." in err
    assert ("full_text", "exclude", "population", None) in said(five)
    assert "4 records wait for ben at title_abstract" in err
    assert "1 population: Not people with knee pain" in out


def test_an_undo_goes_back_to_the_stage_of_the_decision(five: Project, press: Press) -> None:
    code, _, err = press("i", "f", "z", "u")
    assert code == 0 and "Taken back: include" in err
    assert [verdict for _, verdict, *_ in said(five)] == ["unsure"]


def test_a_search_shows_the_record_that_is_chosen_and_then_goes_on(five: Project, press: Press) -> None:
    code, _, err = press("/", "Epsilon", "1", "i", "u", "/", "nothing like it", "/", "", "q")
    assert code == 0
    titles = LocalStore(five.database_path).read(
        "select title, verdict from v1.current_decision join v1.record using (record_id) order by arrival"
    )
    assert titles.row(0) == ("Epsilon trial", "include")
    assert titles.height == 2
    assert "Nothing holds 'nothing like it'." in err


def test_what_cannot_be_decided_is_said_and_the_record_stays(
    five: Project, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    from review.errors import StoreLocked
    from review.screening import decisions

    real, failing = decisions.decide, [True]

    def locked(*arguments: object, **more: object) -> object:
        if failing.pop() if failing else False:
            message = "review.duckdb is held by another process"
            raise StoreLocked(message)
        return real(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(decisions, "decide", locked)
    code, out, err = press("i", "u", "q")
    assert code == 0 and "held by another process" in err
    assert [verdict for _, verdict, *_ in said(five)] == ["unsure"]
    assert out.count("──\n") == 2


def test_a_settled_record_is_said_to_be_settled_and_stays(five: Project, press: Press) -> None:
    from review.screening.conflicts import adjudicate

    store = LocalStore(five.database_path)
    decide(store, five, record="102", stage="title_abstract", reviewer="ana", verdict="include")
    decide(store, five, record="102", stage="title_abstract", reviewer="ben", verdict="exclude")
    adjudicate(store, five, record="102", verdict="include", by="cyd")
    code, _, err = press("/", "Beta", "1", "i", "q")
    assert code == 0 and "was adjudicated at title_abstract by cyd" in err
    assert said(five) == [("title_abstract", "exclude", None, None)]


def test_nothing_of_the_other_reviewer_is_shown(five: Project, press: Press) -> None:
    before = press("s", "s", "s", "s", "s", "q")[1]
    store = LocalStore(five.database_path)
    from review.screening.labels import put_label

    for record in queue(store, five, reviewer="ana"):
        decide(store, five, record=record, stage="title_abstract", reviewer="ana", verdict="exclude", note="MARK")
        put_label(store, five, record=record, reviewer="ana", label="MARK")
    assert press("s", "s", "s", "s", "s", "q")[1] == before


def test_who_does_not_screen_is_refused(five: Project, press: Press) -> None:
    code, _, err = press("i", who="cyd")
    assert code == 1 and "cyd has the role adjudicator" in err
    assert run(["--project", str(five.root), "screen"]) == 2


def test_hostile_records_draw_nothing(five: Project, press: Press) -> None:
    _, out, _ = press("s", "s", "s", "s", "s", "q")
    assert "\x1b" not in out and "\x9b" not in out and "\x07" not in out
    assert "<b>[bold red]never[/]</b>" in out


@pytest.mark.parametrize(("columns", "keys", "code"), [(40, b"q", 0), (100, b"\x04", 0), (80, b"\x03", 130)])
def test_in_a_terminal_one_key_is_a_decision(five: Project, columns: int, keys: bytes, code: int) -> None:
    terminal = Terminal(five, "ben", ["screen"], columns=columns)
    terminal.wait_for(READY, still=0.5)
    terminal.press(b"i")
    terminal.wait_for(READY, still=0.5)
    # each decision is in the database before the next record is shown
    assert "include" in terminal.seen
    terminal.press(b"n")
    terminal.wait_for("note", still=0.5)
    terminal.press("naïve dose\r".encode())
    terminal.wait_for("Kept for your next decision", still=0.5)
    terminal.press(b"\x1b[A")  # an arrow is no decision
    terminal.wait_for("is no key here", still=0.5)
    terminal.press(b"2")
    terminal.wait_for(READY, still=0.5)
    terminal.press(keys)
    assert terminal.end() == code, terminal.seen
    assert "2 decisions: 1 include, 1 exclude." in terminal.seen
    assert said(five) == [
        ("title_abstract", "include", None, None),
        ("title_abstract", "exclude", "design", "naïve dose"),
    ]
    plain = re.sub(r"\x1b\[[0-9;]*m", "", terminal.seen)
    card = [line for line in plain.replace("\r", "").splitlines() if "Knees hurt" in line or "injection may" in line]
    assert card and max(len(line) for line in card) <= columns


def test_keys_pressed_too_early_decide_nothing(five: Project) -> None:
    terminal = Terminal(five, "ben", ["screen"], columns=80)
    terminal.press(b"iiii")  # while the command is still starting
    terminal.wait_for(READY, still=0.5)
    terminal.press(b"uiii")  # one decision, and three for what is not there yet
    terminal.wait_for(READY, still=0.5)
    terminal.press(b"q")
    assert terminal.end() == 0, terminal.seen
    assert [verdict for _, verdict, *_ in said(five)] == ["unsure"]


def test_highlighted_words_are_coloured_where_the_terminal_can(five: Project) -> None:
    terminal = Terminal(five, "ben", ["screen"], columns=80, colour=True)
    terminal.wait_for(READY, still=0.5)
    terminal.press(b"q")
    assert terminal.end() == 0
    assert re.search(r"\x1b\[1;32minjection\x1b\[0m", terminal.seen)
    assert re.search(r"\x1b\[1;31mrats\x1b\[0m", terminal.seen)
    assert re.search(r"\x1b\[1mMETHODS", terminal.seen)


def test_ctrl_c_while_a_note_is_typed_keeps_what_was_decided(five: Project) -> None:
    terminal = Terminal(five, "ben", ["screen"], columns=80)
    terminal.wait_for(READY, still=0.5)
    terminal.press(b"u")
    terminal.wait_for(READY, still=0.5)
    terminal.press(b"n")
    terminal.wait_for("note", still=0.5)
    terminal.press(b"half a th\x03")
    assert terminal.end() == 130, terminal.seen
    assert "Traceback" not in terminal.seen and "1 decision: 1 unsure." in terminal.seen
    assert said(five) == [("title_abstract", "unsure", None, None)]
