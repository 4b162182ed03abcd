"""Words of the protocol in a text: the pieces give it back, hostile words are only words; labels start a line."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.project import Highlight
from review.screening.highlight import marked, sections

SHIPPED = Highlight(
    include=("randomi?ed", "placebo", "mesenchymal", "platelet-rich", "bone marrow", "adipose"),
    exclude=("rat", "rats", "mice", "rabbit", "in vitro"),
)
words = st.text(min_size=0, max_size=12)
hostile = st.text(alphabet="a?*.+()[]{}|^$\\ -", min_size=0, max_size=10)
lists = st.lists(st.one_of(words, hostile), max_size=4).map(tuple)


def found(text: str, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> list[tuple[str, str | None]]:
    return [piece for piece in marked(text, Highlight(include, exclude)) if piece[1] is not None]


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """End what would otherwise go on for ever; no time is measured."""

    def stop(*_: object) -> None:
        raise AssertionError("it did not end")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_the_words_of_the_shipped_protocol() -> None:
    text = "Randomised, RANDOMIZED, randomi-ed: Platelet\u2010rich plasma and bone  marrow in rats, not ratios"
    assert [piece for piece in marked(text, SHIPPED) if piece[1]] == [
        ("Randomised", "include"),
        ("RANDOMIZED", "include"),
        ("Platelet\u2010rich", "include"),
        ("bone  marrow", "include"),
        ("rats", "exclude"),
    ]


def test_a_word_is_a_whole_word() -> None:
    assert found("a rat, rats, rat-derived, pirate, rat2 and rat_b", ("rat",)) == [("rat", "include")] * 2
    assert found("naïve na\u00efvety", ("naïve",)) == [("naïve", "include")]


def test_a_star_is_any_letters_of_one_word() -> None:
    assert found("arthritis, osteoarthritis and arthrosis", ("*arthritis",)) == [
        ("arthritis", "include"),
        ("osteoarthritis", "include"),
    ]
    assert found("randomly randomised-controlled random", ("random*",)) == [
        ("randomly", "include"), ("randomised", "include"), ("random", "include"),
    ]  # fmt: skip
    assert found("tendinopathies tendon", ("t*n*path*",)) == [("tendinopathies", "include")]
    assert found("one two", ("*",)) == [("one", "include"), ("two", "include")]
    # the nearest place is not the only one where the last piece may end a word
    assert found("abcbc", ("a*bc",)) == [("abcbc", "include")]


def test_the_longest_word_at_a_place_holds_and_include_before_exclude() -> None:
    assert found("bone marrow and bone", ("bone marrow",), ("bone",)) == [
        ("bone marrow", "include"),
        ("bone", "exclude"),
    ]
    assert found("pain", ("pain",), ("pain",)) == [("pain", "include")]


def test_signs_of_regular_expressions_are_only_signs() -> None:
    assert found("IL-1 (beta) at p<.05 and C++", ("(beta)", "p<.05", "c++")) == [
        ("(beta)", "include"), ("p<.05", "include"), ("C++", "include"),
    ]  # fmt: skip
    assert found("anything", (".*", "[a-z]+", "(", "\\w", "a|b", "^any")) == []


def test_no_words_leave_the_text_whole() -> None:
    assert marked("as it was", Highlight((), ())) == [("as it was", None)]
    assert marked("as it was", Highlight(("", "  "), ())) == [("as it was", None)]
    assert marked("", SHIPPED) == []


@given(st.text(max_size=200), lists, lists)
def test_pieces_joined_give_the_text_back(text: str, include: tuple[str, ...], exclude: tuple[str, ...]) -> None:
    pieces = marked(text, Highlight(include, exclude))
    assert "".join(piece for piece, _ in pieces) == text
    assert all(piece for piece, _ in pieces)
    assert {kind for _, kind in pieces} <= {None, "include", "exclude"}


@given(st.text(alphabet="ab c", max_size=30), st.text(alphabet="ab?*", min_size=1, max_size=6))
def test_wildcards_are_those_of_file_names_over_whole_words(text: str, word: str) -> None:
    means = re.compile(word.replace("*", "[a-z]*").replace("?", "[a-z]"))
    expected = [one for one in text.split() if means.fullmatch(one)]
    assert [piece for piece, _ in found(text, (word,))] == expected


@pytest.mark.parametrize("word", ["a*a*a*a*a*a*a*b", "*a*a*a*a*", "a?*?*?*?*b", "* * * *b", "?" * 60, "-*-*-*b"])
@pytest.mark.parametrize("text", ["a" * 200_000, "a " * 100_000, "-a" * 100_000, " " * 200_000, "a" * 100_000 + "b"])
def test_no_word_makes_a_long_text_endless(word: str, text: str) -> None:
    with at_most(60):
        assert "".join(piece for piece, _ in marked(text, Highlight((word,), ()))) == text


def test_sections_of_an_abstract_as_pubmed_gives_it() -> None:
    assert sections("BACKGROUND: Knees hurt: much.\nMATERIALS AND METHODS: We injected.\nUNLABELLED: More.") == [
        ("BACKGROUND", "Knees hurt: much."),
        ("MATERIALS AND METHODS", "We injected."),
        (None, "More."),
    ]


def test_labels_in_small_letters_are_the_usual_ones_only() -> None:
    assert sections("Methods: Ten people.\nThey said: no.\nTrial registration: NCT00000001") == [
        ("Methods", "Ten people.\nThey said: no."),
        ("Trial registration", "NCT00000001"),
    ]


def test_an_abstract_without_labels_is_one_part() -> None:
    assert sections("We found that METHODS: differ.\nDNA: long.") == [
        (None, "We found that METHODS: differ.\nDNA: long.")
    ]
    assert sections("") == []
    assert sections("\n \n") == []


def test_a_label_without_text_is_kept() -> None:
    assert sections("METHODS:\nRESULTS: Good.") == [("METHODS", ""), ("RESULTS", "Good.")]


@given(st.text(max_size=300))
def test_sections_lose_no_word(abstract: str) -> None:
    kept = "".join(f"{label or ''}{words}" for label, words in sections(abstract))
    signs = re.compile(r"[\s:]")
    lost = signs.sub("", abstract)
    for name in ("unlabelled", "unassigned"):
        lost, kept = (re.sub(name, "", one, flags=re.IGNORECASE) for one in (lost, kept))
    assert signs.sub("", kept) == lost


def test_a_long_line_without_a_colon_ends() -> None:
    with at_most(60):
        assert sections("A" * 500_000) == [(None, "A" * 500_000)]
        assert len(sections("A:\n" * 100_000)) == 1
