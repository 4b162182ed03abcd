"""Clusters: the same records and words give the same clusters in any order; undo gives the first state back."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from review.dedupe.cluster import DuplicateEvent, cluster, live_events, standing
from review.dedupe.match import SAME_DOI, SAME_PMID
from review.dedupe.prepare import Prepared
from review.terms import DuplicateEventKind as Kind

names = st.sampled_from([f"r{number}" for number in range(8)])
records = st.lists(
    st.builds(
        Prepared,
        source_record_id=names,
        pmid=st.sampled_from([None, "1", "2", "3"]),
        doi=st.sampled_from([None, "10.1/a", "10.1/b", "10.1/c"]),
        registry_ids=st.sampled_from([(), ("NCT00000001",), ("NCT00000002",), ("ISRCTN00000001",)]),
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
    """Merges of what shares a PMID or a DOI, and of every third pair by a weaker rule."""
    made = []
    for place, (one, other) in enumerate(combinations(sorted(found, key=lambda r: r.source_record_id), 2)):
        rule = SAME_PMID if one.pmid and one.pmid == other.pmid else "title_place" if place % 3 == 0 else None
        rule = rule or (SAME_DOI if one.doi and one.doi == other.doi else None)
        if rule:
            pair = (one.source_record_id, other.source_record_id)
            made.append(by_program(pair, rule, 500 + place))
    return made


def by_program(pair: tuple[str, str], rule: str, number: int) -> DuplicateEvent:
    return event(Kind.MERGE, pair, number, rule=rule, automatic=True, event_id=f"{rule}{pair[0]}{pair[1]}")


def human(said: list[tuple[Kind, tuple[str, str]]]) -> list[DuplicateEvent]:
    return [event(kind, pair, number) for number, (kind, pair) in enumerate(said, start=1)]


def record(name: str, *, pmid: str | None = None, doi: str | None = None) -> Prepared:
    return Prepared(name, pmid, doi)


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


@given(records, words)
def test_a_cluster_of_n_was_joined_by_n_less_one_edges_people_first(
    found: list[Prepared], said: list[tuple[Kind, tuple[str, str]]]
) -> None:
    clusters = cluster(found, [*human(said), *automatic(found)])
    assert len(clusters.joined) == len(clusters.record_of) - len(set(clusters.record_of.values()))
    assert [edge.automatic for edge in clusters.joined] == sorted(edge.automatic for edge in clusters.joined)
    again = {one: one for one in clusters.record_of}
    for edge in clusters.joined:
        old, new = again[edge.a], again[edge.b]
        again = {one: new if root == old else root for one, root in again.items()}
    assert len(set(again.values())) == len(set(clusters.record_of.values()))


def test_one_pmid_merges_even_with_two_dois() -> None:
    found = [
        record("a", pmid="1", doi="10.1/x"),
        record("b", pmid="1", doi="10.1/y"),
        record("c", pmid="1", doi="10.1/z"),
    ]
    assert set(cluster(found, automatic(found)).record_of.values()) == {"a"}


def test_the_strongest_rule_names_the_edge() -> None:
    found = [record("a", pmid="1", doi="10.1/x"), record("b", pmid="1", doi="10.1/x")]
    both = [by_program(("a", "b"), rule, number) for number, rule in enumerate((SAME_DOI, SAME_PMID))]
    (edge,) = cluster(found, both).joined
    assert edge.rule == SAME_PMID


def test_a_weak_edge_gives_way_where_two_dois_would_meet() -> None:
    found = [record("a", doi="10.1/x"), record("b"), record("c", doi="10.1/y")]
    edges = [by_program(("a", "b"), "title_authors_journal", 1), by_program(("b", "c"), "title_place", 2)]
    clusters = cluster(found, edges)
    assert clusters.record_of == {"b": "b", "c": "b"}
    (held,) = clusters.held
    assert (held.a, held.b) == ("a", "b")
    assert "two DOIs" in held.why


def test_the_versions_of_an_entry_share_what_they_name() -> None:
    found = [record("b", doi="10.1/x"), Prepared("a", None, "10.1/y", (), "b"), record("c", doi="10.1/z")]
    clusters = cluster(found, [by_program(("b", "c"), "title_place", 1)])
    assert clusters.record_of == {}
    assert "two DOIs" in clusters.held[0].why


def test_equally_strong_edges_join_in_the_order_of_the_smallest_versions() -> None:
    others = [record("k", doi="10.1/y"), record("m")]
    for read_first in "bz":  # another database may have read the versions in the other order
        versions = [Prepared(one, None, "10.1/x", (), read_first) for one in "bz"]
        low, high = sorted((read_first, "m"))
        edges = [by_program((low, high), "title_place", 1), by_program(("k", "m"), "title_place", 2)]
        clusters = cluster([*others, *versions], edges)
        assert clusters.find("m") == clusters.find(read_first) != clusters.find("k")


def test_only_a_person_refuses_an_automatic_merge_for_good() -> None:
    merge = by_program(("a", "b"), SAME_DOI, 1)
    withdrawn = event(Kind.UNDO, None, 2, automatic=True, undo_of=merge.event_id)
    under_another_rule = by_program(("a", "b"), "title_place", 3)
    now = standing([merge, withdrawn, under_another_rule])
    assert [edge.rule for edge in now.automatic] == ["title_place"]
    assert now.spoken == frozenset()
    undone = event(Kind.UNDO, None, 4, undo_of=merge.event_id)
    now = standing([merge, withdrawn, under_another_rule, undone])
    assert (now.automatic, now.spoken) == ((), {("a", "b")})
    back = event(Kind.UNDO, None, 5, undo_of=undone.event_id)
    assert len(standing([merge, withdrawn, under_another_rule, undone, back]).automatic) == 1


def test_a_person_cannot_take_a_withdrawal_of_the_program_back() -> None:
    merge = by_program(("a", "b"), SAME_DOI, 1)
    withdrawn = event(Kind.UNDO, None, 2, automatic=True, undo_of=merge.event_id)
    stranger = event(Kind.UNDO, None, 3, undo_of=withdrawn.event_id)  # as another site's file might bring it
    assert live_events([merge, withdrawn, stranger]) == {withdrawn.event_id, stranger.event_id}
    again = event(Kind.UNDO, None, 4, automatic=True, undo_of=withdrawn.event_id)
    assert merge.event_id in live_events([merge, withdrawn, stranger, again])


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


def test_two_places_are_one_record_only_where_an_identifier_says_so() -> None:
    three = [Prepared("a", volume="78", pages=("1221", "1229")), Prepared("b", volume="78", pages=("401", "409"))]
    three.append(Prepared("c", volume="78"))
    edges = [by_program(("a", "c"), "title_place", 1), by_program(("b", "c"), "title_place", 2)]
    made = cluster(three, edges)
    assert made.record_of == {"a": "a", "c": "a"}
    assert [edge.why for edge in made.held] == ["the cluster would hold two pages, 401-409 and 1221-1229"]
    assert len(cluster(three, [*edges, by_program(("a", "b"), SAME_DOI, 3)]).record_of) == 3
    assert len(cluster(three, [*edges, event(Kind.MERGE, ("a", "b"), 4)]).record_of) == 3


def test_an_article_number_or_a_wrong_first_page_is_no_other_place() -> None:
    for pages in (("e12724", None), ("1220", "1229"), (None, "29")):
        two = [Prepared("a", pages=("1221", "1229")), Prepared("b", pages=pages), Prepared("c")]
        edges = [by_program(("a", "c"), "title_place", 1), by_program(("b", "c"), "title_place", 2)]
        assert len(cluster(two, edges).record_of) == 3
