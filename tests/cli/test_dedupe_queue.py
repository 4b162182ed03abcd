"""The queue of duplicates and the links at the command line: by piped lines, in a real terminal, wide and narrow."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from review.cli import run
from review.database import LocalStore
from review.dedupe import deeds, engine, links
from review.project import Project
from tests.cli.terminal import Terminal
from tests.screening.records import bring

TITLE = "A test injection for knee pain: a randomised trial"
HOSTILE = "A test injection\x1b[31m for\x1b[2J knee pain:\r\n\x9b1;1H a randomised\x07 trial"


def pair(number: int, **other: object) -> list[dict[str, object]]:
    """Two records with one DOI and two PMIDs: a person is asked."""
    like = {"doi": f"10.1000/{number}", "title": f"{TITLE} {number}", "authors": "Smith J; Doe A", "year": 2019}
    return [
        {**like, "number": 10 * number, "pmid": str(100 + 2 * number), "journal": "Journal of Test Medicine"},
        {**like, "number": 10 * number + 1, "pmid": str(101 + 2 * number), "journal": "J Test Med", **other},
    ]


@pytest.fixture
def three(empty_review: Project, blank_database: Path) -> Project:
    """A review in which three pairs wait."""
    store = LocalStore(Path(shutil.copy(blank_database, empty_review.database_path)))
    bring(store, [*pair(1), *pair(2, title=HOSTILE + " 2"), *pair(3)])
    engine.deduplicate(store, empty_review)
    return empty_review


@pytest.fixture
def held(three: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStore]:
    """The database held open for commands that follow each other, as no shell could."""
    store = LocalStore(three.database_path)
    monkeypatch.setattr("review.database.open_store", lambda path: store)
    with store.holding():
        yield store


def queue(
    project: Project, monkeypatch: pytest.MonkeyPatch, *lines: str, who: str = "ana", columns: int = 80, more: str = ""
) -> int:
    """`review dedupe queue` with lines for its input."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    return run(["--project", str(project.root), "--as", who, "dedupe", "queue", *more.split()])


def call(project: Project, words: str, who: str = "ana") -> int:
    return run(["--project", str(project.root), "--as", who, "dedupe", *words.split()])


def answers(store: LocalStore) -> list[str]:
    return [str(one) for one in store.read("select answer from dedupe.pair_answer order by arrival")["answer"]]


def test_each_key_does_its_deed(
    three: Project, held: LocalStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert queue(three, monkeypatch, "m", "d", "n", "told by the authors", "l", "1", "b") == 0
    shown = capsys.readouterr()
    assert "3 pairs wait for ana." in shown.err
    assert "3 pairs answered: 1 merged, 1 kept apart, 1 linked. 0 pairs left for you." in shown.err
    assert "Linked: B erratum_of A." in shown.err
    assert [re.search(r"pair (\d) of 3", line) is not None for line in shown.out.splitlines()].count(True) == 3
    assert answers(held) == ["merge", "different", "link"]
    (link,) = held.read("select * from v1.record_link").to_dicts()
    assert (link["kind"], link["note"]) == ("erratum_of", "told by the authors")
    assert held.read("select count(*) as n from v1.record")["n"][0] == 5
    for who in ("ana", "ben"):
        assert queue(three, monkeypatch, who=who) == 0
        assert f"No pair waits for {who}." in capsys.readouterr().err
    assert call(three, "run") == 0
    assert "0 new merges" in capsys.readouterr().err


def test_the_end_of_the_input_keeps_what_was_answered(
    three: Project, held: LocalStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert queue(three, monkeypatch, "different") == 0
    assert "1 pair answered: 1 kept apart. 2 pairs left for you." in capsys.readouterr().err
    assert answers(held) == ["different"]
    assert queue(three, monkeypatch, "q") == 0
    assert "0 pairs answered. 2 pairs left for you." in capsys.readouterr().err
    assert queue(three, monkeypatch, "d", more="--limit 1") == 0
    assert "1 pair answered: 1 kept apart. 1 pair left for you." in capsys.readouterr().err


def test_what_is_skipped_comes_again_at_the_end_and_next_time(
    three: Project, held: LocalStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert queue(three, monkeypatch, "s", "d", "s", "d", "s") == 0
    shown = capsys.readouterr()
    assert re.findall(r"pair (\d) of 3", shown.out) == ["1", "2", "3", "1", "3"]
    assert "Now the 2 pairs that you skipped." in shown.err
    assert "2 pairs answered: 2 kept apart. 1 pair left for you." in shown.err


def test_the_last_answers_are_taken_back_one_by_one(
    three: Project, held: LocalStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert queue(three, monkeypatch, "u", "m", "l", "2", "a", "u", "u", "d", "q") == 0
    shown = capsys.readouterr()
    assert re.findall(r"pair (\d) of 3", shown.out) == ["1", "2", "3", "2", "1", "2"]
    assert "Nothing was answered in this session." in shown.err
    assert "Taken back: link on pair 2." in shown.err
    assert "Taken back: merge on pair 1." in shown.err
    assert answers(held) == ["merge", "link", "withdrawn", "withdrawn", "different"]
    assert held.read("select count(*) as n from v1.record")["n"][0] == 6
    assert held.read("select count(*) as n from v1.record_link")["n"][0] == 0


def test_passing_on_asks_another_person_and_says_who_was_unsure(
    three: Project, held: LocalStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert queue(three, monkeypatch, "n", "no full text", "p", "p", "p") == 0
    assert "3 pairs answered: 3 passed on. 0 pairs left for you." in capsys.readouterr().err
    assert queue(three, monkeypatch) == 0
    assert "No pair waits for ana." in capsys.readouterr().err
    assert queue(three, monkeypatch, "q", who="ben") == 0
    assert "ana: unsure, no full text" in capsys.readouterr().out


def test_a_word_that_is_no_key_is_asked_again(
    three: Project, held: LocalStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ("x", "", "\x1b[2J", "h", "f", "l", "0", "l", "twin", "99", "1", "c", "A", "q")
    assert queue(three, monkeypatch, *lines) == 0
    shown = capsys.readouterr()
    assert "'x' is none of m, d, l" in shown.err
    assert "m  merge: the two are one publication" in shown.err
    assert "'99' is not a kind of link; allowed:" in shown.err
    assert "Linked: A erratum_of B." in shown.err
    assert "\x1b" not in shown.err + shown.out
    assert answers(held) == ["link"]


def test_the_menu_of_links_takes_short_names_and_goes_back_by_q(
    three: Project, held: LocalStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert queue(three, monkeypatch, "l", "q", "l", "preprint", "a", "q") == 0
    shown = capsys.readouterr()
    assert "not a kind of link" not in shown.err
    assert "Linked: A preprint_of B." in shown.err
    assert answers(held) == ["link"]


def test_a_side_that_is_one_record_with_others_names_them(
    three: Project, held: LocalStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bring(held, [{"number": 99, "pmid": "102", "source": "Embase"}], name="i2")
    engine.deduplicate(held, three)
    assert queue(three, monkeypatch, "q", columns=200) == 0
    accession = held.read("select accession from v1.source_record where source = 'Embase'")["accession"][0]
    assert f", one record with Embase {accession}" in capsys.readouterr().out


def test_a_notice_is_proposed_to_the_likeliest_records_only(
    three: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("record_a", "record_b", "kind", "reasons", "title_a", "title_b")
    rows = [("n1", f"r{number}", None, "", "Corrigendum", f"Trial {number}") for number in range(8)]
    rows += [("n2", "r1", "erratum_of", "", "Erratum to: Cells of the knee", "Cells of the hip, and more")]
    rows += [("n2", "r2", "erratum_of", "", "Erratum to: Cells of the knee", "Cells of the knee")]
    found = links.likeliest(pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row"))
    assert found.filter(record_a="n1").height == 3
    assert found.filter(record_a="n2")["record_b"].to_list() == ["r2"]
    assert links.likeliest(found.clear()).columns == list(names)


def test_a_refused_answer_asks_the_same_pair_again(
    three: Project, held: LocalStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = deeds.merge

    def locked_meanwhile(store: LocalStore, project: Project, a: str, b: str, **more: str) -> deeds.Done:
        deeds.lock(store, project, a, b, who="cyd")
        return asked(store, project, a, b, **more)

    monkeypatch.setattr(deeds, "merge", locked_meanwhile)
    assert queue(three, monkeypatch, "m", "d", "q") == 0
    shown = capsys.readouterr()
    assert "error:" in shown.err
    assert "cannot be merged" in shown.err
    assert answers(held) == ["different"]


@pytest.mark.parametrize("columns", [30, 80, 200])
def test_a_hostile_title_stays_within_its_place(
    three: Project,
    held: LocalStore,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    columns: int,
) -> None:
    assert queue(three, monkeypatch, "f", "s", "f", "s", "f", "q", columns=columns) == 0
    out = capsys.readouterr().out
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", out)
    assert "\N{REPLACEMENT CHARACTER}[2J" in out
    if columns >= 80:
        assert max(map(len, out.splitlines())) <= columns
        assert re.search(r"^PMID +≠ +\d+ {2,}\d+$", out, re.MULTILINE)
        assert re.search(r"^journal +=", out, re.MULTILINE)
    else:
        assert re.search(r"^PMID ≠\n   A: \d+\n   B: \d+$", out, re.MULTILINE)


def test_the_queue_wants_to_know_who_asks(three: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--project", str(three.root), "dedupe", "queue"]) == 2
    assert "who you are" in capsys.readouterr().err


def test_links_at_the_command_line(three: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(three, "link 103 102 --as erratum_of --id mine-123 --note page") == 0
    assert "erratum_of" in capsys.readouterr().err
    assert call(three, "link 103 102 --as erratum-of", who="ben") == 0
    assert "stands already, by ana. Link mine-123" in capsys.readouterr().err
    assert call(three, "link 103 102 --as twin") == 2
    assert "allowed: erratum_of" in capsys.readouterr().err
    assert call(three, "links --record 102 --format csv") == 0
    assert "mine-123,erratum_of," in capsys.readouterr().out
    assert call(three, "links") == 0
    assert "erratum_of" in capsys.readouterr().out
    assert call(three, "links --record 107 --format csv") == 0
    assert "erratum_of" not in capsys.readouterr().out
    assert call(three, "unlink mine-1 --as erratum_of") == 2
    assert call(three, "unlink 102 103 --as reply_to") == 1
    assert call(three, "unlink mine-1") == 0
    assert "Taken back: mine-123" in capsys.readouterr().err
    assert call(three, "unlink 102 103") == 1
    assert "no link stands between" in capsys.readouterr().err
    assert call(three, "links --history --format csv") == 0
    assert [line.split(",")[2] for line in capsys.readouterr().out.splitlines()] == ["deed", "linked", "withdrawn"]
    assert call(three, "links --history --record 102") == 2


def test_what_looks_like_an_erratum_is_proposed(
    three: Project, held: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    like = {"authors": "Roe B; Poe C", "journal": "J Test", "year": 2020, "volume": "4"}
    title = "A plasma of the elbow in adults with chronic pain"
    ids = bring(
        held,
        [
            {**like, "number": 90, "title": title, "pages": "11-19"},
            {**like, "number": 91, "title": f"Erratum to: {title}", "pages": "33"},
        ],
        name="i2",
    )
    assert call(three, "links --proposed --format csv") == 0
    assert f"{ids[1]},{ids[0]},erratum_of," in capsys.readouterr().out
    assert call(three, "links --proposed") == 0
    shown = capsys.readouterr()
    assert f"{ids[1][:11]}  Erratum to" in shown.out
    assert "dedupe link RECORD OF --as KIND" in shown.err
    assert call(three, f"link {ids[1]} {ids[0]} --as erratum_of") == 0
    capsys.readouterr()
    assert call(three, "links --proposed --format csv") == 0
    assert ids[1] not in capsys.readouterr().out


def test_keys_pressed_before_a_pair_is_shown_do_not_answer_it(three: Project) -> None:
    terminal = Terminal(three, "ana", ["dedupe", "queue"], columns=80)
    terminal.press(b"m\rm\rm\r")  # while the command is still starting
    terminal.wait_for("answer: ")
    terminal.press(b"s\rm\rm\r")  # one answer, and two for what is not there yet
    terminal.wait_for("answer: ")
    terminal.press(b"d\r")
    terminal.wait_for("answer: ")
    terminal.press(b"q\r")
    assert terminal.end() == 0, terminal.seen
    assert answers(LocalStore(three.database_path)) == ["different"]


@pytest.mark.parametrize(("columns", "keys", "code"), [(80, b"\x04", 0), (200, b"\x03", 130)])
def test_in_a_terminal_the_keyboard_is_enough(three: Project, columns: int, keys: bytes, code: int) -> None:
    terminal = Terminal(three, "ana", ["dedupe", "queue"], columns=columns)
    terminal.wait_for("answer: ")
    terminal.press(b"m\r")
    terminal.wait_for("answer: ")
    terminal.press(b"d\r")
    terminal.wait_for("answer: ")
    terminal.press(keys)
    assert terminal.end(again=keys) == code, terminal.seen
    assert "2 pairs answered: 1 merged, 1 kept apart. 1 pair left for you." in terminal.seen
    assert max(len(line) for line in terminal.seen.replace("\r", "").splitlines()) <= columns + 8
    assert "\x1b" not in terminal.seen
    assert "pair 3 of 3" in terminal.seen
    assert answers(LocalStore(three.database_path)) == ["merge", "different"]
