"""The labels that were read again: each pair has a known verdict, and verdicts change labels both ways."""

from __future__ import annotations

import csv
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from review.terms import LinkKind

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
SETS = ("cytology_screening", "respiratory", "stroke")
CHOSEN = {"false_merge", "sampled_merge", "merged_by_ours_alone", "merged_by_the_peer_alone", "missed", "asked"}


@pytest.fixture(scope="module")
def layer() -> Iterator[ModuleType]:
    """benchmarks/dedupe_adjudication.py, which is no package."""
    found = importlib.util.spec_from_file_location("adjudication_layer", BENCHMARKS / "dedupe_adjudication.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["adjudication_layer"] = module
    found.loader.exec_module(module)
    yield module
    del sys.modules["adjudication_layer"]


def rows(name: str) -> list[dict[str, str]]:
    with (BENCHMARKS / "adjudication" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", SETS)
def test_every_pair_has_a_verdict_of_the_vocabulary_and_a_reason(name: str, layer: ModuleType) -> None:
    found = rows(name)
    assert tuple(found[0]) == layer.COLUMNS
    assert {row["set"] for row in found} == {name}
    assert {row["chosen"] for row in found} <= CHOSEN
    assert {row["label"] for row in found} <= {"dup", "not"}
    assert {row["relation"] for row in found} <= {layer.SAME, layer.UNSURE, *LinkKind}
    assert {row["read_by"] for row in found} == {"maintainers"}
    assert all(row["id_a"] < row["id_b"] and row["reason"] for row in found)
    pairs = [(row["id_a"], row["id_b"]) for row in found]
    assert len(pairs) == len(set(pairs))


def test_fifty_merges_were_sampled_and_no_title_is_kept(layer: ModuleType) -> None:
    found = [row for name in SETS for row in rows(name)]
    assert sum(row["chosen"] == "sampled_merge" for row in found) == sum(layer.SAMPLED.values()) == 50
    assert max(len(row["reason"]) for row in found) < 90  # our own few words, no sentence of a record


def test_a_verdict_cuts_a_group_joins_two_records_or_leaves_the_label(layer: ModuleType) -> None:
    read = [
        layer.Verdict(("a", "c"), "missed", "dup", "abstract_of"),
        layer.Verdict(("b", "c"), "missed", "dup", "abstract_of"),
        layer.Verdict(("d", "e"), "missed", "dup", layer.UNSURE),
        layer.Verdict(("x", "y"), "asked", "not", layer.SAME),
        layer.Verdict(("x", "z"), "asked", "not", "companion_of"),
    ]
    assert layer.adjudicated([["a", "b", "c"], ["d", "e"]], read) == [["a", "b"], ["d", "e"], ["x", "y"]]


def test_without_verdicts_the_labels_stand(layer: ModuleType) -> None:
    assert layer.adjudicated([["b", "a", "c"], ["e", "d"]], []) == [["a", "b", "c"], ["d", "e"]]


@pytest.mark.shared
@pytest.mark.parametrize("name", SETS)
def test_the_verdicts_say_of_each_pair_what_the_set_says_and_take_effect(
    name: str, layer: ModuleType, shared_data: Path
) -> None:
    path = shared_data / "dedup" / f"bibdedupe_{name}" / "merged_record_ids.csv"
    if not path.is_file():
        pytest.skip(f"the labelled sets are not in {shared_data}; set REVIEW_SHARED_DATA to where they are")
    with path.open(encoding="utf-8", newline="") as file:
        groups = [row["merged_ids"].split(";") for row in csv.DictReader(file)]
    entity = {one: place for place, group in enumerate(groups) for one in group}
    read = layer.verdicts(name)
    after = {one: place for place, group in enumerate(layer.adjudicated(groups, read)) for one in group}
    for verdict in read:
        a, b = verdict.pair
        assert verdict.label == ("dup" if entity.get(a, a) == entity.get(b, b) else "not"), verdict
        one = verdict.label == "dup" if verdict.relation == layer.UNSURE else verdict.relation == layer.SAME
        assert (after.get(a, a) == after.get(b, b)) is one, verdict
