"""PubMed over real HTTP: what goes wrong there is asked again, or said; it is never an empty result."""

from __future__ import annotations

import html
import socket
import threading
import traceback
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from Bio import Entrez

from review.errors import EntrezError
from review.search.entrez import _MOST as LARGEST
from review.search.entrez import Client
from review.search.exchange import open_without_leaving, words_of
from review.search.recorded import Body
from review.search.transport import Answer, Transport
from tests.eutils_server import Eutils, Mood, article, article_set, pointed_at, serving

KEY = "synthetic-key-0123456789"
STRANGE_KEY = "synthetic&key<>/+ =0123456789"


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

    def ask(self, endpoint: str) -> None:
        if endpoint == "esearch":
            self.count()
        elif endpoint == "efetch":
            self.client.efetch(["101"])
        else:
            self.client.elink(["101"], linkname="pubmed_pubmed_refs")

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


def test_biopython_tries_once_in_every_thread(talk: Conversation) -> None:
    talk.server.misbehave("esearch", *[Mood(502, b"bad gateway")] * 4)
    talk.client = replace(talk.client, transport=replace(talk.client.transport, tries=1))
    problems: list[EntrezError] = []

    def ask() -> None:
        with pytest.raises(EntrezError) as caught:
            talk.count()
        problems.append(caught.value)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(problems) == len(talk.server.asked) == 4
    assert Entrez.max_tries > 1


def test_one_process_asks_one_question_at_a_time(talk: Conversation) -> None:
    talk.server.misbehave("esearch", *[Mood(wait=0.3)] * 4)
    threads = [threading.Thread(target=talk.count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = sorted(asked.at for asked in talk.server.asked)
    assert all(later - earlier > 0.25 for earlier, later in pairwise(times))


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


def test_a_longer_retry_after_than_we_wait_is_said_and_not_cut_short(talk: Conversation) -> None:
    talk.server.misbehave("esearch", Mood(429, b"{}", (("Retry-After", "3600"),)))
    with pytest.raises(EntrezError, match="PubMed wants 3600 s of quiet before it answers line #1"):
        talk.count()
    assert talk.waits == []


@pytest.mark.parametrize(
    "header",
    [
        "soon",
        "-5",
        "\u00b2",
        "",
        "Fri, 20 Nov 2026 12:00:00",
        "Mon, 01 Jan 2027 00:00:00 +9999",
        "Mon, 01 Jan 2027 00:00:00 +99999999999999999999",
        f"Mon, {'1' * 5000} Jan 2027 00:00:00 GMT",
    ],
)
def test_a_retry_after_that_says_nothing_is_a_wait_of_our_own(talk: Conversation, header: str) -> None:
    talk.server.misbehave("esearch", Mood(503, b"", (("Retry-After", header),)))
    assert talk.count() == 5
    assert 0.5 < talk.waits[0] < 1.5


def test_a_retry_after_of_countless_digits_is_a_long_one(talk: Conversation) -> None:
    talk.server.misbehave("esearch", Mood(429, b"{}", (("Retry-After", "9" * 5000),)))
    with pytest.raises(EntrezError, match="PubMed wants 1000000000 s of quiet"):
        talk.count()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("where", ["http", "file:///etc/hostname", "ftp://127.0.0.1:9/x", "http://[::1", "home"])
def test_a_redirect_is_neither_followed_nor_shown(talk: Conversation, status: int, where: str) -> None:
    with serving(Eutils(search=lambda term: [7])) as stranger:
        home = "https://eutils.ncbi.nlm.nih.gov/elsewhere"
        place = {"http": f"http://127.0.0.1:{stranger.port}/esearch.fcgi?term=x", "home": home}.get(where, where)
        page = f'<a href="{place}">moved</a>'.encode()
        talk.server.misbehave("esearch", Mood(status, page, (("Location", place),)))
        with pytest.raises(EntrezError, match=f"the answer to line #1 is not taken: HTTP {status} sends") as caught:
            talk.count()
    assert stranger.asked == []
    assert len(talk.server.asked) == 1
    assert place not in str(caught.value)


def test_a_long_question_is_not_carried_to_another_place(talk: Conversation) -> None:
    with serving(Eutils(search=lambda term: [7])) as stranger:
        place = f"http://127.0.0.1:{stranger.port}/efetch.fcgi?id=7"
        talk.server.misbehave("efetch", Mood(302, b"", (("Location", place),)))
        with pytest.raises(EntrezError, match="is not taken: HTTP 302"):
            talk.client.efetch([str(pmid) for pmid in range(1, 201)])
    assert stranger.asked == []


def test_urllib_and_biopython_are_left_as_they_were(talk: Conversation) -> None:
    opener, urlopen = urllib.request._opener, Entrez.urlopen
    assert opener is not None
    handlers = list(vars(opener)["handlers"])
    talk.count()
    assert urllib.request._opener is opener
    assert Entrez.urlopen is urlopen
    assert vars(opener)["handlers"] == handlers
    assert all(handler.parent is opener for handler in handlers)


def test_without_an_installed_opener_the_usual_one_is_copied_and_nothing_but_https_is_opened() -> None:
    with serving(Eutils()) as server, pytest.raises(urllib.error.URLError, match="unknown url type: http"):
        open_without_leaving(urllib.request.Request(f"http://127.0.0.1:{server.port}/esearch.fcgi?term=x"))
    assert server.asked == []


@pytest.mark.parametrize("endpoint", ["esearch", "efetch", "elink"])
@pytest.mark.parametrize(
    "mood",
    [
        Mood(body=b" " * 300_000),
        Mood(body=b" " * 300_000, tell_length=False),
        Mood(body=b" " * 300_000, chunked=True),
        Mood(502, body=b" " * 300_000),
        Mood(body=b" " * 300_000, cut=10),
    ],
    ids=["announced", "not announced", "in chunks", "of an error", "announced and not sent"],
)
def test_an_answer_without_end_is_not_read_nor_kept(
    talk: Conversation, endpoint: str, mood: Mood, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LARGEST, endpoint, 200_000)
    talk.server.misbehave(endpoint, mood)
    with pytest.raises(EntrezError, match=r"is not taken: it is larger than 0 MB.*is it PubMed that answers"):
        talk.ask(endpoint)
    assert len(talk.server.asked) == 1
    assert talk.kept == []


def test_links_in_a_document_with_entities_of_its_own_or_to_no_pmids_are_refused(talk: Conversation) -> None:
    told = b'<!-- <!DOCTYPE x> --><!DOCTYPE eLinkResult [<!ENTITY a "1">]><eLinkResult><Id>&a;</Id></eLinkResult>'
    strange = "<eLinkResult><LinkSet><IdList><Id>\uff11</Id></IdList></LinkSet></eLinkResult>".encode()
    talk.server.misbehave("elink", Mood(body=told), Mood(body=strange))
    with pytest.raises(EntrezError, match="entities of its own"):
        talk.ask("elink")
    with pytest.raises(EntrezError, match="ids that are no PMIDs"):
        talk.ask("elink")


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
        Mood(cut=60, chunked=True),
        Mood(body=b"<eSearchResult><Count>5</Count><IdList><Id>101"),
        Mood(body=b"<eSearchResult><RetMax>0</RetMax><IdList/></eSearchResult>"),
    ],
    ids=[
        "502",
        "500 page",
        "empty",
        "web page in 200",
        "rate limit in 200",
        "cut",
        "cut without length",
        "cut chunk",
        "cut with a right length",
        "no count",
    ],
)
def test_what_is_no_whole_answer_is_asked_again(talk: Conversation, mood: Mood) -> None:
    talk.server.misbehave("esearch", mood)
    assert talk.count() == 5
    assert len(talk.server.asked) == 2
    assert len(talk.waits) == 1


@pytest.mark.parametrize("endpoint", ["efetch", "elink"])
@pytest.mark.parametrize(
    "mood",
    [Mood(200, b""), Mood(200, b"<html>Be right back</html>"), Mood(cut=120), Mood(cut=120, tell_length=False)],
    ids=["empty", "web page in 200", "cut", "cut without length"],
)
def test_records_and_links_that_are_not_whole_are_asked_again(talk: Conversation, endpoint: str, mood: Mood) -> None:
    talk.server.misbehave(endpoint, mood)
    talk.ask(endpoint)
    assert len(talk.server.asked) == 2
    assert len(talk.waits) == 1


def test_a_body_that_is_shorter_than_announced_is_asked_again_though_it_looks_whole(talk: Conversation) -> None:
    whole = article_set(article(101))
    talk.server.misbehave("efetch", Mood(body=whole + b" " * 10, cut=len(whole)))
    assert talk.client.efetch(["101"]) == whole
    assert len(talk.server.asked) == 2


def test_a_silent_server_is_given_up(talk: Conversation) -> None:
    talk.server.misbehave("esearch", Mood(wait=60), Mood(wait=60))
    talk.client = replace(talk.client, transport=replace(talk.client.transport, tries=2, timeout=0.2))
    with pytest.raises(EntrezError, match="after 2 tries: no byte came for too long: the connection hangs"):
        talk.count()
    assert len(talk.server.asked) == 2


@pytest.mark.parametrize(
    ("head", "said"),
    [(False, "no whole answer within 1 s"), (True, "the answer came too slowly and was given up")],
    ids=["in its headers", "in its body"],
)
def test_a_server_that_sends_byte_by_byte_is_given_up(talk: Conversation, head: bool, said: str) -> None:
    talk.server.misbehave("esearch", Mood(drip=0.1, head=head))
    talk.client = replace(talk.client, transport=replace(talk.client.transport, tries=1, deadline=1))
    with pytest.raises(EntrezError, match=said):
        talk.count()


def test_what_hung_once_is_asked_again(talk: Conversation) -> None:
    talk.server.misbehave("esearch", Mood(wait=60))
    talk.client = replace(talk.client, transport=replace(talk.client.transport, timeout=0.3))
    assert talk.count() == 5


def test_a_connection_that_is_refused_is_called_so() -> None:
    with serving(Eutils()) as server:
        pass
    with pointed_at(server):
        talk = Conversation(server)
        with pytest.raises(EntrezError, match=r"after 3 tries: no connection: .*refused.*check the connection"):
            talk.count()
    assert len(talk.waits) == 2


def test_a_name_that_is_not_found_is_called_so() -> None:
    problem = urllib.error.URLError(socket.gaierror(-2, "Name or service not known"))
    assert words_of(problem) == "no connection: [Errno -2] Name or service not known"


def test_waits_grow(talk: Conversation) -> None:
    talk.server.misbehave("esearch", Mood(502, b"x"), Mood(502, b"x"))
    talk.count()
    # doubled, each with up to a quarter of jitter
    assert 0.75 <= talk.waits[0] <= 1.25 < 1.5 <= talk.waits[1] <= 2.5


def test_an_outage_ends_in_an_error_and_not_in_zero_hits(talk: Conversation) -> None:
    talk.server.misbehave("esearch", *[Mood(502, b"bad gateway")] * 3)
    with pytest.raises(EntrezError, match=r"after 3 tries: HTTP 502 bad gateway"):
        talk.count()


@pytest.mark.parametrize("endpoint", ["esearch", "efetch", "elink"])
def test_an_outage_in_a_200_is_asked_again_and_then_shown_in_ncbis_words(talk: Conversation, endpoint: str) -> None:
    down = Mood(body=b"<eResult><ERROR>Search Backend failed: Database is not supported: pubmed</ERROR></eResult>")
    talk.server.misbehave(endpoint, down, down)
    talk.ask(endpoint)
    assert len(talk.server.asked) == 3
    talk.server.misbehave(endpoint, down, down, down)
    with pytest.raises(EntrezError, match=r"after 3 tries: Search Backend failed: Database is not supported: pubmed"):
        talk.ask(endpoint)


def test_our_own_mistake_in_a_200_is_shown_in_ncbis_words_and_not_repeated(talk: Conversation) -> None:
    said = "Search Backend failed: Exception: 'retstart' cannot be larger than 9998."
    talk.server.misbehave("esearch", Mood(body=f"<eSearchResult><ERROR>{said}</ERROR></eSearchResult>".encode()))
    with pytest.raises(EntrezError, match=f"PubMed answered line #1 with: {said}"):
        talk.count()
    assert len(talk.server.asked) == 1


def test_an_elink_error_in_a_200_is_shown_in_ncbis_words(talk: Conversation) -> None:
    within = (
        b"<eLinkResult><LinkSet><DbFrom>pubmed</DbFrom><ERROR>Invalid &quot;id&quot;</ERROR></LinkSet></eLinkResult>"
    )
    talk.server.misbehave("elink", Mood(body=within))
    with pytest.raises(EntrezError, match='Invalid "id"'):
        talk.client.elink(["101"], linkname="pubmed_pubmed_refs")


def test_each_seed_gets_a_link_set_of_its_own(talk: Conversation) -> None:
    talk.server.links = {("pubmed_pubmed_refs", 101): [5, 6], ("pubmed_pubmed_refs", 102): [6]}
    root = ElementTree.fromstring(talk.client.elink(["101", "102", "103"], linkname="pubmed_pubmed_refs"))
    found = {
        linked.findtext("IdList/Id"): [e.text for e in linked.findall("LinkSetDb/Link/Id")]
        for linked in root.findall("LinkSet")
    }
    assert found == {"101": ["6", "5"], "102": ["6"], "103": []}
    assert talk.kept[0].endpoint == "elink"
    assert talk.kept[0].request["params"] == {
        "dbfrom": "pubmed",
        "db": "pubmed",
        "linkname": "pubmed_pubmed_refs",
        "id": ["101", "102", "103"],
    }


def test_an_efetch_error_in_a_200_is_shown_in_ncbis_words(talk: Conversation) -> None:
    talk.server.misbehave("efetch", Mood(body=b"<eFetchResult><ERROR>Cannot fetch</ERROR></eFetchResult>"))
    with pytest.raises(EntrezError, match="Cannot fetch"):
        talk.client.efetch(["101"])


def test_a_clamped_answer_is_an_error(talk: Conversation) -> None:
    with pytest.raises(EntrezError, match="Restrictions achieved"):
        talk.client.esearch("knee[tiab]", what="line #1", purpose="ids", line=1, retmax=20_000)


def test_fewer_ids_than_counted_are_asked_again_once(talk: Conversation) -> None:
    talk.server.misbehave("esearch", Mood(body=b"<eSearchResult><Count>5</Count><IdList/></eSearchResult>"))
    assert talk.client.every_id("knee[tiab]", line=1)[1] == ["101", "102", "103", "104", "105"]


def test_fewer_ids_than_counted_is_an_error(talk: Conversation) -> None:
    talk.server.stored["short[tiab]"] = (
        b"<eSearchResult><Count>5</Count><IdList><Id>101</Id></IdList><QueryTranslation>x</QueryTranslation></eSearchResult>"
    )
    with pytest.raises(EntrezError, match="1 ids for a count of 5"):
        talk.client.every_id("short[tiab]", line=1)


@pytest.mark.parametrize("status", [400, 200])
def test_a_key_that_has_expired_stops_the_run_at_once(talk: Conversation, status: int) -> None:
    assert talk.count() == 5
    said = f'{{"error":"API key invalid","api-key":"{KEY}","type":"api"}}'.encode()
    talk.server.misbehave("esearch", Mood(status, said))
    with pytest.raises(EntrezError, match=r"API key invalid.*NCBI_API_KEY is wrong, or no longer valid"):
        talk.count()
    assert len(talk.server.asked) == 2


@pytest.mark.parametrize(
    "mood",
    [
        Mood(400, b'{"error":"API key invalid","api-key":"%b"}' % KEY.encode()),
        Mood(429, b"x" * 195 + KEY.encode()),
        Mood(502, KEY.encode().upper()),
        Mood(500, urllib.parse.quote_plus(STRANGE_KEY).encode()),
        Mood(500, b"<p>" + html.escape(STRANGE_KEY).encode()),
        Mood(200, b"<html>" + KEY.encode()),
        Mood(body=b"<eSearchResult><ERROR>" + KEY.encode() + b"</ERROR></eSearchResult>"),
        Mood(body=b"<eSearchResult><Count>" + KEY.encode() + b"</Count></eSearchResult>"),
    ],
    ids=["refused", "cut in the middle", "in capitals", "in an address", "in a page", "page in 200", "ERROR", "count"],
)
def test_the_key_is_in_no_message_no_traceback_and_no_body(talk: Conversation, mood: Mood) -> None:
    key = KEY if KEY.encode() in (mood.body or b"").lower() else STRANGE_KEY
    talk.client = replace(talk.client, api_key=key)
    talk.server.misbehave("esearch", mood, mood, mood)
    with pytest.raises(EntrezError) as caught:
        talk.count()
    shown = "".join(traceback.format_exception(caught.value)) + repr(talk.client)
    problem: BaseException | None = caught.value
    while problem is not None:
        shown += f"{problem} {problem!r} {vars(problem)}"
        problem = problem.__cause__ or problem.__context__
    shown += "".join(body.question + body.content.decode() for body in talk.kept)
    assert talk.server.asked[0].params["api_key"] == key
    for way in (key, key[:12], urllib.parse.quote(key), html.escape(key)):
        assert way.lower() not in shown.lower()


def test_a_connection_that_breaks_with_the_key_in_its_words_shows_none() -> None:
    def call() -> None:
        raise urllib.error.URLError(f"bad address https://example.org/?api_key={KEY}")

    transport = Transport(tries=1, hide=(KEY,))
    with pytest.raises(EntrezError, match=r"no connection: bad address https://example.org/\?api_key=\*\*\*") as caught:
        transport.ask(call, what="line #1", short=lambda body: None, keep=lambda answer: None)
    assert KEY not in str(caught.value) + repr(caught.value.__context__)


def test_a_rate_limit_in_a_200_is_said_after_all_tries(talk: Conversation) -> None:
    mood = Mood(200, b'{"error":"API rate limit exceeded","api-key":"192.0.2.1","count":"4","limit":"3"}')
    talk.server.misbehave("esearch", mood, mood, mood)
    with pytest.raises(EntrezError, match=r"after 3 tries: .*API rate limit exceeded"):
        talk.count()


def test_a_question_that_is_too_long_is_refused_with_words(talk: Conversation) -> None:
    talk.server.misbehave("esearch", Mood(414, b"<html><title>414 Request-URI Too Large</title></html>"))
    with pytest.raises(EntrezError, match=r"HTTP 414 .*Too Large.*cut the line of the strategy into two"):
        talk.count()
    assert len(talk.server.asked) == 1


def test_a_bad_request_is_refused_with_words(talk: Conversation) -> None:
    talk.server.misbehave("esearch", Mood(400, b'{"error":"Invalid db name specified: pubmd"}'))
    with pytest.raises(EntrezError, match=r"PubMed refused line #1: HTTP 400 .*Invalid db name.*check the strategy"):
        talk.count()
    assert len(talk.server.asked) == 1


def test_many_ids_are_posted(talk: Conversation) -> None:
    talk.client.efetch([str(pmid) for pmid in range(1, 201)])
    assert talk.server.asked[0].method == "POST"


def test_a_long_query_is_posted(talk: Conversation) -> None:
    talk.count(" OR ".join(f'"knee pain {n}"[tiab]' for n in range(200)))
    assert talk.server.asked[0].method == "POST"
