"""REVIEW_THREADS: how many threads the database may use."""

from __future__ import annotations

import pytest

from review.database import LocalStore
from review.errors import UsageProblem


def test_the_database_uses_as_many_threads_as_it_may(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVIEW_THREADS", "3")
    assert LocalStore(store.path).read("select current_setting('threads') as threads").item() == 3


@pytest.mark.parametrize("words", ["x", "-1", "1.5", "100000", "³"])
def test_another_word_is_refused(store: LocalStore, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.setenv("REVIEW_THREADS", words)
    with pytest.raises(UsageProblem, match=r"allowed: a number from 1 to 256"):
        LocalStore(store.path)
