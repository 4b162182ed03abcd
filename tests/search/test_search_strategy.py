"""Strategies: the shipped one covers the vocabulary, and each mistake names file, line, value and what is allowed."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from review.errors import DroppedTerms, ProtocolError, UsageProblem
from review.paths import packaged, shipped
from review.search.assemble import LineResult, refuse_dropped
from review.search.strategy import Strategy, find_strategy, load_strategy, unknown_covers
from review.search.syntax import fault

GOOD = """\
name = "tiny"
version = "1"
source = "PubMed"
status = "not run"

[[line]]
label = "condition"
block = "condition"
covers = ["knee_oa"]
mesh = "unverified"
text = '"Osteoarthritis, Knee"[Mesh] OR gonarthrosis[tiab]'

[[line]]
label = "product"
block = "cell source"
text = '"platelet-rich plasma"[tiab]'

[[line]]
label = "both"
block = "search"
text = "#1 AND #2"
"""
# ids that are no source of their own: two say who gave the cells, one that two products were mixed
NO_LINE = {"autologous", "allogeneic", "combination"}


@pytest.fixture
def shipped_strategy() -> Strategy:
    return find_strategy(shipped("queries"), "regenerative-pain")


def _ids(file: str, column: str) -> set[str]:
    with shipped("extracted", "_vocabulary", file).open(encoding="utf-8", newline="") as text:
        return {row[column] for row in csv.DictReader(text)}


def _load(tmp_path: Path, text: str) -> Strategy:
    path = tmp_path / "tiny.toml"
    path.write_text(text, "utf-8")
    return load_strategy(path)


def test_a_line_for_every_condition_of_the_vocabulary(shipped_strategy: Strategy) -> None:
    covered = shipped_strategy.covered["condition"]
    assert set(covered) == _ids("condition.csv", "condition_id")
    assert len(covered) == len(set(covered))


def test_a_line_for_every_cell_source_of_the_vocabulary(shipped_strategy: Strategy) -> None:
    covered = shipped_strategy.covered["cell source"]
    assert set(covered) == _ids("cell_source.csv", "cell_source_id") - NO_LINE
    assert len(covered) == len(set(covered))


def test_the_shipped_strategy_claims_nothing(shipped_strategy: Strategy) -> None:
    assert shipped_strategy.standing == "not run; recall not measured"
    assert all(line.mesh == "unverified" for line in shipped_strategy.lines if "[Mesh]" in line.text)


def test_the_shipped_strategy_joins_its_three_blocks(shipped_strategy: Strategy) -> None:
    last = shipped_strategy.lines[-1]
    joined = [shipped_strategy.line(number) for number in last.refers_to]
    assert [line.block for line in joined] == ["condition", "cell source", "trial filter"]
    assert fault(shipped_strategy.query) is None


def test_a_reference_becomes_its_line_in_brackets(tmp_path: Path) -> None:
    strategy = _load(tmp_path, GOOD)
    assert strategy.query == ('("Osteoarthritis, Knee"[Mesh] OR gonarthrosis[tiab]) AND ("platelet-rich plasma"[tiab])')


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('source = "PubMed"', 'source = "Embase"', r"tiny\.toml line 3: source is 'Embase'.*allowed: PubMed"),
        ('status = "not run"', 'status = "done"', r"line 4: status is 'done'.*allowed: not run \| run"),
        ('name = "tiny"', 'name = "other"', r"line 1: name is 'other'.*'tiny', the name of the file"),
        ("label = \"product\"\n", "", r"line\.label is missing"),
        ("label = \"product\"", "label = \"product\"\ncolour = \"red\"", r"line 15: unknown key 'line.colour'"),
        ("#1 AND #2", "#1 AND #7", r"line 21: line\.text is '#7'.*earlier line, #1 to #2"),
        ('"platelet-rich plasma"[tiab]', "#3", r"line 16: line\.text is '#3'.*earlier line, #1\. "),
        ("gonarthrosis[tiab]", "#1", r"line 11: line\.text is '#1'.*earlier line, and the first line has none"),
        ('"platelet-rich plasma"[tiab]', "“platelet-rich plasma”[tiab]", r"in the place of “: use straight quotes"),
        ("#1 AND #2", "#1 OR #1", r"uses every other; #2 is in none"),
        ('"platelet-rich plasma"[tiab]', '("platelet-rich plasma"[tiab]', r"line 16.*balanced brackets"),
        ('"platelet-rich plasma"[tiab]', '"platelet-rich plasma"[tiabs]', r"known field tag, not \[tiabs\]"),
        ('"platelet-rich plasma"[tiab]', '"platelet-rich plasma"', r"a field tag after"),
        ('"platelet-rich plasma"[tiab]', '"platelet-rich plasma[tiab]', r"even number of quotation marks"),
        ('"platelet-rich plasma"[tiab]', "platelet plasma[tiab]", r"quotation marks around the phrase"),
        ('"platelet-rich plasma"[tiab]', "prp[tiab] or prf[tiab]", r"OR in capitals"),
        ('"platelet-rich plasma"[tiab]', "prp[tiab] OR prf[tiab] AND pain[tiab]", r"brackets where AND, OR and NOT"),
        ('"platelet-rich plasma"[tiab]', "pr*[tiab]", r"four letters before the asterisk"),
        ('"platelet-rich plasma"[tiab]', "prp[tiab] OR", r"a term at the end"),
        ('mesh = "unverified"\n', "", r"mesh is missing.*because the line holds a MeSH term"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_place_and_what_is_allowed(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(ProtocolError, match=said):
        _load(tmp_path, GOOD.replace(old, new))


def test_a_filter_that_leaves_animals_out_is_fine() -> None:
    assert fault('(trial[tiab] OR randomly[tiab]) NOT ("Animals"[Mesh] NOT "Humans"[Mesh])') is None


@pytest.mark.parametrize(
    "term",
    [
        '"Knee"[mh]', '"Knee"[Mesh:NoExp]', '"Knee"[majr]', '"Knee"[MAJR:noexp]', "knee[MeSH Terms]", '"knee"[sh]',
        "knee[MeSH Major Topic]", "knee[mesh  major topic]",
    ],
)  # fmt: skip
def test_a_mesh_term_is_one_however_its_tag_is_written(tmp_path: Path, term: str) -> None:
    text = GOOD.replace('"platelet-rich plasma"[tiab]', term)
    with pytest.raises(ProtocolError, match="mesh is missing"):
        _load(tmp_path, text)
    assert fault(term) is None


def test_a_quoted_tag_is_no_mesh_term(tmp_path: Path) -> None:
    assert _load(tmp_path, GOOD.replace('"platelet-rich plasma"', '"a [mh] word"')).line(2).mesh == "none"


@pytest.mark.parametrize(
    "place", [("flows", "template", "strategy.toml"), ("demo", "example", "queries", "pubmed", "example.toml")]
)
def test_the_strategies_in_the_package_can_be_read(tmp_path: Path, place: tuple[str, ...]) -> None:
    path = tmp_path / "example.toml"
    path.write_text(packaged(*place).read_text("utf-8"), "utf-8")
    assert load_strategy(path).line(1).mesh == "unverified"


def test_covers_are_compared_with_the_vocabulary(tmp_path: Path, shipped_strategy: Strategy) -> None:
    vocabulary = shipped("extracted", "_vocabulary")
    assert unknown_covers(shipped_strategy, vocabulary) == []
    assert unknown_covers(_load(tmp_path, GOOD.replace("knee_oa", "kne_oa")), vocabulary) == [(1, "kne_oa")]
    assert unknown_covers(shipped_strategy, tmp_path) == []


def test_a_pipe_in_the_place_of_a_strategy_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "knee.toml")
    with pytest.raises(ProtocolError, match=r"knee\.toml is no regular file"):
        load_strategy(tmp_path / "knee.toml")


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(GOOD, "utf-8-sig")
    with_mark = load_strategy(tmp_path / "tiny.toml")
    assert with_mark == _load(tmp_path, GOOD)


def _answered(strategy: Strategy, no: int, *dropped: tuple[str, str]) -> LineResult:
    return LineResult(no, strategy.line(no).label, strategy.resolved(no), 7, "", (), dropped)


def test_dropped_terms_name_every_line_where_the_lint_points_to_it(tmp_path: Path) -> None:
    strategy = _load(tmp_path, GOOD.replace('"platelet-rich plasma"[tiab]', "gonarthrosis[tiab]"))
    gone = ("PhraseNotFound", "gonarthrosis[tiab]")
    with pytest.raises(DroppedTerms) as first:
        refuse_dropped(strategy, [_answered(strategy, 1, gone)])
    assert "tiny.toml line 11: line #1 (condition): PubMed ignored" in first.value.message
    assert first.value.message.endswith("; it concerns #2 to #3 too")
    with pytest.raises(DroppedTerms) as all_three:
        refuse_dropped(strategy, [_answered(strategy, no, gone) for no in (1, 2, 3)])
    assert "line 11: line #1" in all_three.value.message
    assert "line 16: line #2 (product): PubMed ignored" in all_three.value.message
    assert all_three.value.message.endswith("; it concerns #3 too")
    assert [strategy.line(no).at for no in (1, 2, 3)] == [11, 16, 21]
    refuse_dropped(strategy, [_answered(strategy, no) for no in (1, 2, 3)])


def test_a_quoted_bracket_is_text() -> None:
    assert fault('"grade (ii"[tiab]') is None


def test_an_unknown_strategy_names_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"no strategy 'x'.*regenerative-pain"):
        find_strategy(shipped("queries"), "x")
