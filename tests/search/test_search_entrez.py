"""PubMed over real HTTP: what goes wrong there is asked again, or said; it is never an empty result."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from Bio import Entrez

from review.errors import EntrezError, Incomplete, UsageProblem
from review.search.assemble import assemble
from review.search.entrez import Client
from review.search.recorded import Body
from review.search.strategy import load_strategy
from review.search.transport import Answer, Transport
from tests.eutils_server import Eutils, Mood, pointed_at, serving

KEY = "synthetic-key-0123456789"


class Conversation:
    """A client on the loopback server, the waits it took and the bodies it kept."""

    def __init__(self, server: Eutils) -> None:
        self.server = server
        self.waits: list[float] = []
        self.kept: list[Body] = []
        self.client = Client(
            email="nobody@example.org",
            api_key=KEY,
            transport=Transport(tries=3, timeout=20, sleep=self.waits.append),
            keep=self._keep,
        )

    def _keep(self, endpoint: str, request: dict[str, object], answer: Answer) -> None:
        self.kept.append(Body(endpoint, request, answer.requested_at, answer.status, answer.body))

    def count(self, term: str = "knee[tiab]") -> int:
        return self.client.esearch(term, what="line #1", purpose="line", line=1).count


@pytest.fixture
def talk() -> Iterator[Conversation]:
    with serving(Eutils(search=lambda term: list(range(101, 106)))) as server, pointed_at(server):
        yield Conversation(server)


def test_a_count_comes_over_real_http_and_its_body_is_kept(talk: Conversation) -> None:
    assert talk.count() == 5
    asked = talk.server.asked[0]
    assert asked.params["tool"] == "regen-review"
    assert asked.params["email"] == "nobody@example.org"
    assert asked.params["api_key"] == KEY
    assert len(talk.kept) == 1
    assert b"<Count>5</Count>" in talk.kept[0].content


def test_neither_key_nor_address_is_kept(talk: Conversation) -> None:
    talk.count()
    assert KEY not in talk.kept[0].question
    assert "nobody@example.org" not in talk.kept[0].question


def test_biopython_is_left_with_its_own_number_of_tries(talk: Conversation) -> None:
    before = Entrez.max_tries
    talk.count()
    assert Entrez.max_tries == before


def test_retry_after_in_seconds_is_waited_for(talk: Conversation) -> None:
    talk.server.misbehave("esearch", Mood(429, b'{"error":"API rate limit exceeded"}', (("Retry-After", "7"),)))
    assert talk.count() == 5
    assert talk.waits == [7.0]


def test_retry_after_as_a_date_is_waited_for(talk: Conversation) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    talk.server.misbehave("esearch", Mood(429, b"{}", (("Retry-After", until),)))
    assert talk.count() == 5
    assert 30 < talk.waits[0] <= 90


def test_a_429_is_never_repeated_without_a_gap(talk: Conversation) -> None:
    talk.server.misbehave("esearch", Mood(429, b"{}", (("Retry-After", "0"),)))
    assert talk.count() == 5
    assert talk.waits[0] > 0


@pytest.mark.parametrize(
    "mood",
    [
        Mood(502, b"bad gateway"),
        Mood(500, b"<html>WWW Error 500 Diagnostic</html>"),
        Mood(200, b""),
        Mood(200, b"<!DOCTYPE html><html><body>Be right back</body></html>"),
        Mood(200, b'{"error":"API rate limit exceeded","api-key":"192.0.2.1","count":"4","limit":"3"}'),
        Mood(cut=60),
        Mood(cut=60, tell_length=False),
    ],
    ids=["502", "500 page", "empty", "web page in 200", "rate limit in 200", "cut", "cut without length"],
)
def test_what_is_no_whole_answer_is_asked_again(talk: Conversation, mood: Mood) -> None:
    talk.server.misbehave("esearch", mood)
    assert talk.count() == 5
    assert len(talk.server.asked) == 2
    assert len(talk.waits) == 1


def test_waits_grow(talk: Conversation) -> None:
    talk.server.misbehave("esearch", Mood(502, b"x"), Mood(502, b"x"))
    talk.count()
    assert talk.waits[1] > talk.waits[0]


def test_an_outage_ends_in_an_error_and_not_in_zero_hits(talk: Conversation) -> None:
    talk.server.misbehave("esearch", *[Mood(502, b"bad gateway")] * 3)
    with pytest.raises(EntrezError, match=r"after 3 tries: HTTP 502 bad gateway"):
        talk.count()


@pytest.mark.parametrize(
    "said",
    [
        "Search Backend failed: Database is not supported: pubmed",
        "Search Backend failed: Exception: 'retstart' cannot be larger than 9998.",
    ],
)
def test_an_error_in_a_200_is_shown_in_ncbis_words(talk: Conversation, said: str) -> None:
    talk.server.misbehave("esearch", Mood(body=f"<eSearchResult><ERROR>{said}</ERROR></eSearchResult>".encode()))
    with pytest.raises(EntrezError, match=said.split(":")[0]):
        talk.count()


def test_an_efetch_error_in_a_200_is_shown_in_ncbis_words(talk: Conversation) -> None:
    talk.server.misbehave("efetch", Mood(body=b"<eFetchResult><ERROR>Cannot fetch</ERROR></eFetchResult>"))
    with pytest.raises(EntrezError, match="Cannot fetch"):
        talk.client.efetch(["101"])


def test_a_clamped_answer_is_an_error(talk: Conversation) -> None:
    with pytest.raises(EntrezError, match="Restrictions achieved"):
        talk.client.esearch("knee[tiab]", what="line #1", purpose="ids", line=1, retmax=20_000)


def test_fewer_ids_than_counted_is_an_error(talk: Conversation) -> None:
    talk.server.stored["short[tiab]"] = (
        b"<eSearchResult><Count>5</Count><IdList><Id>101</Id></IdList><QueryTranslation>x</QueryTranslation></eSearchResult>"
    )
    with pytest.raises(EntrezError, match="1 ids for a count of 5"):
        talk.client.every_id("short[tiab]", line=1)


def test_a_refusal_is_said_at_once_and_shows_no_key(talk: Conversation) -> None:
    talk.server.misbehave("esearch", Mood(400, b'{"error":"API key invalid","api-key":"' + KEY.encode() + b'"}'))
    with pytest.raises(EntrezError, match="API key invalid") as caught:
        talk.count()
    shown = "".join(traceback.format_exception(caught.value))
    assert KEY not in shown
    assert len(talk.server.asked) == 1


def test_an_error_after_all_tries_shows_no_key(talk: Conversation) -> None:
    talk.server.misbehave("esearch", *[Mood(429, KEY.encode())] * 3)
    with pytest.raises(EntrezError) as caught:
        talk.count()
    assert KEY not in str(caught.value)


def test_many_ids_are_posted(talk: Conversation) -> None:
    talk.client.efetch([str(pmid) for pmid in range(1, 201)])
    assert talk.server.asked[0].method == "POST"


def test_a_long_query_is_posted(talk: Conversation) -> None:
    talk.count(" OR ".join(f'"knee pain {n}"[tiab]' for n in range(200)))
    assert talk.server.asked[0].method == "POST"


def test_the_pause_between_requests_keeps_the_limit_without_a_key() -> None:
    with serving(Eutils(search=lambda term: [1], per_second=3)) as server, pointed_at(server):
        talk = Conversation(server)
        talk.client = Client(email="nobody@example.org", transport=talk.client.transport)
        for _ in range(5):
            talk.count()
    assert talk.waits == []


def test_more_ids_than_one_answer_holds_come_by_halving_the_range(tmp_path: Path) -> None:
    pmids = [31_807 + 7 * n for n in range(6000)] + [25_000_000 + 11 * n for n in range(9000)]
    with serving(Eutils(search=lambda term: pmids)) as server, pointed_at(server):
        talk = Conversation(server)
        whole, ids = talk.client.every_id("knee[tiab]", line=1)
    assert whole.count == 15_000
    assert sorted(map(int, ids)) == pmids
    path = tmp_path / "knee.toml"
    path.write_text(
        'name = "knee"\nversion = "1"\nsource = "PubMed"\nstatus = "not run"\n'
        '[[line]]\nlabel = "knee"\nblock = "condition"\ntext = "knee[tiab]"\n'
    )
    assert assemble(talk.kept, load_strategy(path)).ids == tuple(ids)


def test_halves_that_do_not_add_up_name_the_range() -> None:
    pmids = list(range(1, 12_001))
    calls = 0

    def shrinking(term: str) -> list[int]:
        nonlocal calls
        calls += 1
        return pmids if calls == 1 else pmids[:-5]

    said = r"PMIDs 1 to \d+: 11995 \+ 0 records in two halves, 12000 in the whole"
    with serving(Eutils(search=shrinking)) as server, pointed_at(server), pytest.raises(Incomplete, match=said):
        Conversation(server).client.every_id("knee[tiab]", line=1)


def test_without_an_address_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NCBI_EMAIL", raising=False)
    with pytest.raises(UsageProblem, match="NCBI_EMAIL is not set"):
        Client.from_environment()


def test_an_address_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NCBI_EMAIL", "foo")
    with pytest.raises(UsageProblem, match="NCBI_EMAIL=foo is not an address"):
        Client.from_environment()


def test_address_and_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NCBI_EMAIL", "nobody@example.org")
    monkeypatch.setenv("NCBI_API_KEY", KEY)
    assert Client.from_environment().api_key == KEY
