"""Clusters: the same records and words give the same clusters in any order; undo gives the first state back."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from review.dedupe.cluster import DuplicateEvent, cluster
from review.dedupe.match import SAME_DOI, SAME_PMID, match
from review.dedupe.prepare import Prepared, prepare
from review.terms import DuplicateEventKind as Kind

names = st.sampled_from([f"r{number}" for number in range(8)])
records = st.lists(
    st.builds(
        Prepared,
        source_record_id=names,
        pmid=st.sampled_from([None, "1", "2", "3"]),
        doi=st.sampled_from([None, "10.1/a", "10.1/b", "10.1/c"]),
        about_another=st.booleans(),
    ),
    unique_by=lambda record: record.source_record_id,
    max_size=8,
)
pairs = st.tuples(names, names).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: tuple(sorted(pair)))
words = st.lists(
    st.tuples(st.sampled_from([Kind.MERGE, Kind.SPLIT, Kind.LOCK, Kind.UNLOCK]), pairs),
    max_size=8,
    unique_by=lambda w: w[1],
)


def event(kind: Kind, pair: tuple[str, str] | None, number: int, **more: object) -> DuplicateEvent:
    fields: dict[str, object] = {
        "event_id": f"e{number:03}",
        "kind": kind,
        "record_a": pair[0] if pair else None,
        "record_b": pair[1] if pair else None,
        "rule": None,
        "automatic": False,
        "undo_of": None,
        "supersedes": None,
        "arrival": number,
    }
    return DuplicateEvent(**{**fields, **more})  # type: ignore[arg-type]


def automatic(found: list[Prepared]) -> list[DuplicateEvent]:
    return [
        event(
            Kind.MERGE,
            (pair.a, pair.b),
            500 + place,
            rule=pair.rule,
            automatic=True,
            event_id=f"{pair.rule}{pair.a}{pair.b}",
        )
        for place, pair in enumerate(match(found).merge)
    ]


def human(said: list[tuple[Kind, tuple[str, str]]]) -> list[DuplicateEvent]:
    return [event(kind, pair, number) for number, (kind, pair) in enumerate(said, start=1)]


def record(name: str, *, pmid: str | None = None, doi: str | None = None, about: bool = False) -> Prepared:
    return Prepared(name, pmid, doi, about)


@given(records, words, st.randoms(use_true_random=False))
def test_the_order_of_arrival_of_different_words_does_not_matter(
    found: list[Prepared], said: list[tuple[Kind, tuple[str, str]]], dice: random.Random
) -> None:
    events = [*human(said), *automatic(found)]
    shuffled_records, shuffled = list(found), list(events)
    dice.shuffle(shuffled_records)
    dice.shuffle(shuffled)
    renumbered = [replace(one, arrival=number) for number, one in enumerate(shuffled, start=1)]
    assert cluster(shuffled_records, renumbered).record_of == cluster(found, events).record_of


@given(records, words)
def test_records_that_come_in_batches_make_the_clusters_of_one_batch(
    found: list[Prepared], said: list[tuple[Kind, tuple[str, str]]]
) -> None:
    half = len(found) // 2
    log = {one.event_id: one for one in automatic(found[:half])}  # an early run wrote these, whatever came later
    log |= {one.event_id: one for one in automatic(found)}
    in_batches = cluster(found, [*human(said), *log.values()])
    at_once = cluster(found, [*human(said), *automatic(found)])
    assert in_batches.record_of == at_once.record_of


@given(records, words, pairs, st.sampled_from([Kind.MERGE, Kind.SPLIT, Kind.LOCK]))
def test_undo_gives_the_first_state_back_and_its_undo_the_second(
    found: list[Prepared], said: list[tuple[Kind, tuple[str, str]]], pair: tuple[str, str], kind: Kind
) -> None:
    before = [*human(said), *automatic(found)]
    deed = event(kind, pair, 900)
    undo = event(Kind.UNDO, None, 901, undo_of=deed.event_id)
    redo = event(Kind.UNDO, None, 902, undo_of=undo.event_id)
    first, second = cluster(found, before), cluster(found, [*before, deed])
    assert cluster(found, [*before, deed, undo]).record_of == first.record_of
    assert cluster(found, [*before, deed, undo, redo]).record_of == second.record_of


@given(records, words)
def test_a_pair_that_is_kept_apart_is_never_one_record(
    found: list[Prepared], said: list[tuple[Kind, tuple[str, str]]]
) -> None:
    clusters = cluster(found, [*human(said), *automatic(found)])
    for kind, (a, b) in said:
        if kind in (Kind.SPLIT, Kind.LOCK):
            assert clusters.find(a) != clusters.find(b)


@given(records)
def test_an_automatic_cluster_holds_one_pmid_and_only_dois_that_a_pmid_vouches_for(found: list[Prepared]) -> None:
    clusters = cluster(found, automatic(found))
    together: dict[str, list[Prepared]] = {}
    for one in found:
        together.setdefault(clusters.find(one.source_record_id), []).append(one)
    for members in together.values():
        assert len({one.pmid for one in members if one.pmid}) <= 1
        assert min(one.source_record_id for one in members) == clusters.find(members[0].source_record_id)
        if not any(one.pmid for one in members):
            assert len({one.doi for one in members if one.doi}) <= 1


def test_one_pmid_merges_even_with_two_dois() -> None:
    found = [
        record("a", pmid="1", doi="10.1/x"),
        record("b", pmid="1", doi="10.1/y"),
        record("c", pmid="1", doi="10.1/z"),
    ]
    assert set(cluster(found, automatic(found)).record_of.values()) == {"a"}


def test_one_doi_with_two_pmids_waits_for_a_person() -> None:
    found = [record("a", pmid="1", doi="10.1/x"), record("b", pmid="2", doi="10.1/x"), record("c", doi="10.1/x")]
    matches = match(found)
    assert matches.merge == ()
    assert {pair.vetoes for pair in matches.queue} == {("different PMIDs",), ("several PMIDs share this DOI",)}


def test_an_erratum_under_the_same_doi_waits_for_a_person() -> None:
    rows = [
        {
            "source_record_id": "a",
            "pmid": None,
            "doi": "https://doi.org/10.1000/X",
            "publication_types": ["Journal Article"],
        },
        {"source_record_id": "b", "pmid": None, "doi": "10.1000/x", "publication_types": ["Published Erratum"]},
    ]
    (pair,) = match(prepare(rows)).queue
    assert (pair.rule, pair.vetoes) == (SAME_DOI, ("one is an erratum, retraction notice or comment",))


def test_a_retracted_article_is_no_retraction_notice() -> None:
    rows = [
        {"source_record_id": "a", "pmid": "7", "doi": "10.1000/x", "publication_types": ["Retracted Publication"]},
        {"source_record_id": "b", "pmid": None, "doi": "10.1000/x", "publication_types": None},
    ]
    assert [pair.rule for pair in match(prepare(rows)).merge] == [SAME_DOI]


def test_the_strongest_rule_names_the_pair() -> None:
    found = [record("a", pmid="1", doi="10.1/x"), record("b", pmid="1", doi="10.1/x")]
    assert [pair.rule for pair in match(found).merge] == [SAME_PMID]


def test_a_large_group_is_one_cluster_without_all_its_pairs() -> None:
    found = [record(f"r{number:03}", doi="10.1/x") for number in range(200)]
    assert len(match(found).merge) == 199
    assert set(cluster(found, automatic(found)).record_of.values()) == {"r000"}


def test_people_may_join_what_no_rule_would() -> None:
    found = [record("a", pmid="1", doi="10.1/x"), record("b", pmid="2", doi="10.1/y"), record("c", doi="10.1/y")]
    clusters = cluster(found, [event(Kind.MERGE, ("a", "b"), 1), *automatic(found)])
    assert {clusters.find(name) for name in "abc"} == {"a"}


def test_the_last_word_on_a_pair_counts() -> None:
    found = [record("a"), record("b")]
    split, merge = event(Kind.SPLIT, ("a", "b"), 1), event(Kind.MERGE, ("a", "b"), 2)
    assert cluster(found, [split, merge]).find("b") == "a"
    early = replace(merge, arrival=1, supersedes=split.event_id)  # another site's clock, the same order of thought
    assert cluster(found, [replace(split, arrival=2), early]).find("b") == "a"


def test_a_lock_holds_against_a_later_merge() -> None:
    found = [record("a"), record("b")]
    assert cluster(found, [event(Kind.LOCK, ("a", "b"), 1), event(Kind.MERGE, ("a", "b"), 2)]).find("b") == "b"
    unlocked = [event(Kind.LOCK, ("a", "b"), 1), event(Kind.MERGE, ("a", "b"), 2), event(Kind.UNLOCK, ("a", "b"), 3)]
    assert cluster(found, unlocked).find("b") == "a"
