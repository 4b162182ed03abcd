"""How a long deed tells how far it has come, where nobody watches and on a terminal."""

from __future__ import annotations

import io
import sys

import pytest

from review.cli.progress import records_here


@pytest.fixture
def clock() -> list[float]:
    """The time, as a list of one number."""
    return [0.0]


def test_without_a_terminal_a_line_comes_every_two_thousand_records_or_few_seconds_and_at_the_end(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with records_here(clock=lambda: clock[0]) as progress:
        for done in range(1000, 10_001, 200):
            progress(done, 10_000)
            clock[0] += 0.1
    assert capsys.readouterr().err.splitlines() == [
        "3,000 of 10,000 records are here, 2,000/s, 0:03 left",
        "5,000 of 10,000 records are here, 2,000/s, 0:02 left",
        "7,000 of 10,000 records are here, 2,000/s, 0:01 left",
        "9,000 of 10,000 records are here, 2,000/s, 0:00 left",
        "10,000 of 10,000 records are here",
    ]
    with records_here(clock=lambda: clock[0]) as progress:
        for done in (0, 200, 400):
            progress(done, 10_000)
            clock[0] += 4.0
    assert capsys.readouterr().err.splitlines() == [
        "400 of 10,000 records are here, 50/s, 3:12 left",
        "400 of 10,000 records are here",
    ]


def test_nothing_is_said_of_a_search_that_found_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with records_here() as progress:
        progress(0, 0)
    assert capsys.readouterr().err == ""


def test_on_a_terminal_there_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with records_here() as progress:
        progress(100, 400)
        progress(400, 400)
    shown = terminal.getvalue()
    assert "records" in shown
    assert "400/400" in shown
