"""More records than one answer holds: all of them by ranges of PMIDs, or a stop that names the range."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from review.errors import EntrezError, Incomplete
from review.search.assemble import assemble
from review.search.entrez import Client
from review.search.recorded import Body
from review.search.strategy import load_strategy
from review.search.transport import Answer, Transport
from tests.eutils_server import Eutils, Mood, pointed_at, serving

TERM = "knee[tiab]"
UNEVEN = [31_807 + 7 * n for n in range(6000)] + [25_000_000 + 11 * n for n in range(9000)]
CUT = 2**24


def client(keep: Callable[[str, object, Answer], None] = lambda *answer: None) -> Client:
    transport = Transport(tries=3, timeout=20, sleep=lambda seconds: None)
    return Client("nobody@example.org", "synthetic-key-0123456789", transport, keep)


def of_range(low: int, high: int) -> str:
    return f"({TERM}) AND {low}:{high}[UID]"


def answer(count: int, pmids: list[int]) -> bytes:
    ids = "".join(f"<Id>{pmid}</Id>" for pmid in pmids)
    return f"<eSearchResult><Count>{count}</Count><IdList>{ids}</IdList></eSearchResult>".encode()


def all_ids(server: Eutils) -> list[int]:
    with serving(server), pointed_at(server):
        whole, ids = client().every_id(TERM, line=1)
    assert whole.count == len(ids)
    return sorted(map(int, ids))


def test_more_ids_than_one_answer_holds_come_by_ranges_and_replay_alike(tmp_path: Path) -> None:
    kept: list[Body] = []
    with serving(Eutils(search=lambda term: UNEVEN)) as server, pointed_at(server):
        asking = client(
            lambda endpoint, request, got: kept.append(
                Body(endpoint, request, got.requested_at, got.status, got.body)  # type: ignore[arg-type]
            )
        )
        whole, ids = asking.every_id(TERM, line=1)
    assert whole.count == 15_000
    assert sorted(map(int, ids)) == UNEVEN
    assert len(server.asked) == 3
    path = tmp_path / "knee.toml"
    path.write_text(
        'name = "knee"\nversion = "1"\nsource = "PubMed"\nstatus = "not run"\n'
        f'[[line]]\nlabel = "knee"\nblock = "condition"\ntext = "{TERM}"\n'
    )
    assert assemble(kept, load_strategy(path)).ids == tuple(ids)


@pytest.mark.parametrize("order", ["rising", "falling", "shuffled"])
def test_the_order_of_the_ids_does_not_matter(order: str) -> None:
    pmids = sorted(UNEVEN, reverse=order == "falling")
    if order == "shuffled":
        random.Random(1).shuffle(pmids)
    assert all_ids(Eutils(search=lambda term: pmids)) == UNEVEN


def test_real_uneven_pmids_all_come_in_nine_questions(shared_data: Path) -> None:
    path = shared_data / "pubmed" / "pubmedportable" / "pubmed_result.txt"
    if not path.is_file():
        pytest.skip(f"{path.name} is not among the real corpora")
    pmids = [int(pmid) for pmid in path.read_text().split()]
    assert len(pmids) == 23_258
    server = Eutils(search=lambda term: pmids)
    assert all_ids(server) == sorted(pmids)
    assert len(server.asked) == 9


def test_a_range_that_holds_too_many_is_cut_again() -> None:
    pmids = [31_807 + 700 * n for n in range(23_000)]
    server = Eutils(search=lambda term: pmids)
    assert all_ids(server) == pmids
    assert len(server.asked) == 9


def test_one_wrong_count_is_asked_again() -> None:
    server = Eutils(search=lambda term: UNEVEN)
    server.misbehave("esearch", Mood(), Mood(body=answer(0, [])))
    assert all_ids(server) == UNEVEN
    assert [one.params["term"] for one in server.asked].count(TERM) == 2


def test_a_wrong_count_of_the_whole_is_asked_again() -> None:
    server = Eutils(search=lambda term: UNEVEN)
    server.misbehave("esearch", Mood(body=answer(14_000, UNEVEN[:9999])))
    assert all_ids(server) == UNEVEN


def test_halves_that_do_not_add_up_name_the_range() -> None:
    server = Eutils(search=lambda term: UNEVEN, stored={of_range(CUT + 1, 2**27): answer(8998, UNEVEN[6002:])})
    with pytest.raises(Incomplete, match=r"PMIDs 1 to 134217728: 6000 \+ 8998 records in two halves, 15000 in the"):
        all_ids(server)
    assert len(server.asked) == 6


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([*UNEVEN[6000:14_999], 5], r"9000 records were counted, 9000 different ids came, 1 outside \(5\)"),
        ([*UNEVEN[6000:14_999], UNEVEN[6000]], "9000 records were counted, 8999 different ids came"),
        (UNEVEN[6000:14_999], "8999 ids for a count of 9000"),
        ([*UNEVEN[6000:], 20_000_000], "9000 records were counted, 9001 different ids came"),
    ],
    ids=["one outside", "one twice", "one missing", "one too many"],
)
def test_ids_of_a_range_that_are_not_what_was_counted_name_it(given: list[int], said: str) -> None:
    server = Eutils(search=lambda term: UNEVEN, stored={of_range(CUT + 1, 2**27): answer(9000, given)})
    with pytest.raises(Incomplete, match=rf"PMIDs 16777217 to 134217728.* {said}"):
        all_ids(server)
    terms = [one.params["term"] for one in server.asked]
    assert terms.count(of_range(CUT + 1, 2**27)) == 2


def test_ids_that_were_wrong_once_are_asked_again() -> None:
    server = Eutils(search=lambda term: UNEVEN)
    server.misbehave("esearch", Mood(), Mood(), Mood(body=answer(9000, [*UNEVEN[6000:14_999], 5])))
    assert all_ids(server) == UNEVEN


def test_a_half_that_comes_to_another_count_when_it_is_asked_again_stops_the_run() -> None:
    server = Eutils(search=lambda term: UNEVEN)
    # counted right at first, with one id twice; then one less
    server.misbehave(
        "esearch",
        Mood(),
        Mood(),
        Mood(body=answer(9000, [*UNEVEN[6000:14_999], UNEVEN[6000]])),
        Mood(body=answer(8999, UNEVEN[6000:14_999])),
    )
    with pytest.raises(Incomplete, match=r"6000 \+ 8999 records in two halves, 15000 in the whole"):
        all_ids(server)


@pytest.mark.parametrize("given", [[101, 101, 102], [101, 102, 103, 104]], ids=["one twice", "one too many"])
def test_a_small_answer_is_held_to_its_count_too(given: list[int]) -> None:
    with pytest.raises(Incomplete, match="3 records were counted"):
        all_ids(Eutils(stored={TERM: answer(3, given)}))


def test_a_count_that_fails_on_the_way_is_asked_again() -> None:
    server = Eutils(search=lambda term: UNEVEN)
    server.misbehave("esearch", Mood(), Mood(502, b"bad gateway"), Mood(body=b"<eSearchResult/>"))
    assert all_ids(server) == UNEVEN


@pytest.mark.parametrize(
    "mood",
    [
        Mood(502, b"bad gateway"),
        Mood(body=b"<eSearchResult><ERROR>Search Backend failed: timeout</ERROR></eSearchResult>"),
        Mood(body=b"<eSearchResult><IdList/></eSearchResult>"),
    ],
    ids=["502", "outage in 200", "no count"],
)
def test_a_count_that_keeps_failing_stops_the_run_and_is_never_empty(mood: Mood) -> None:
    server = Eutils(search=lambda term: UNEVEN)
    server.misbehave("esearch", Mood(), mood, mood, mood)
    with pytest.raises(EntrezError, match=r"line #1, PMIDs 1 to 16777216 after 3 tries"):
        all_ids(server)


def test_an_index_that_grows_meanwhile_stops_the_run() -> None:
    server = Eutils()
    # one more with every question
    server.search = lambda term: UNEVEN + [40_000_000 + n for n in range(len(server.asked))]
    with pytest.raises(Incomplete, match="PubMed was updated meanwhile"):
        all_ids(server)
    assert len(server.asked) == 6


def test_more_records_than_there_are_pmids_are_not_looked_for_without_end() -> None:
    with serving(Eutils(search=lambda term: [5] * 12_000)) as server, pointed_at(server):
        asking = client()
        found = asking.esearch(TERM, what="line #1", purpose="ids", line=1, retmax=9999)
        with pytest.raises(Incomplete, match="12000 records with 11000 PMIDs"):
            asking._ids(TERM, 1, 11_000, found, line=1)
