"""A loopback E-utilities server: esearch, efetch and elink over real HTTP, with the rules of the real one and its
moods.

It knows nothing of the program. It answers from a list of synthetic records or from stored bodies, enforces
the limit of 9,999 ids and (when told) of requests per second, and can be told to misbehave. `pointed_at`
sends what urllib asks of ncbi.nlm.nih.gov to it, so that Bio.Entrez runs unchanged.
"""

from __future__ import annotations

import http.client
import http.server
import os
import re
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from xml.sax.saxutils import escape

MOST_IDS = 9999
_RANGE = re.compile(r"^\((?P<term>.*)\) AND (?P<low>\d+):(?P<high>\d+)\[UID\]$", re.DOTALL)
_ENTERED = re.compile(r"^\((?P<term>.*)\) AND (?P<low>\d{4}/\d\d/\d\d):(?P<high>\d{4}/\d\d/\d\d)\[edat\]$", re.DOTALL)


@dataclass(frozen=True)
class Mood:
    """One answer that is not as it should be.

    `cut` sends only so many bytes, with the full Content-Length, with none, or in chunks without the last one; `wait`
    are seconds of silence first, `drip` seconds between the single bytes of the answer, from its headers on or (with
    `head`) from its body on.
    """

    status: int = 200
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    cut: int | None = None
    tell_length: bool = True
    chunked: bool = False
    wait: float = 0.0
    drip: float = 0.0
    head: bool = False


@dataclass(frozen=True)
class Asked:
    """One request as it came. `ids` are the values of `id` one by one, where `params` holds them joined."""

    endpoint: str
    method: str
    params: dict[str, str]
    at: float
    ids: tuple[str, ...] = ()


def article(pmid: int, *, title: str = "", extra: str = "") -> str:
    """A synthetic PubmedArticle."""
    title = title or f"Synthetic trial {pmid}: test <i>injection</i> for knee pain"
    return (
        f'<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">{pmid}</PMID><Article><Journal>'
        "<JournalIssue><Volume>1</Volume><PubDate><Year>2020</Year></PubDate></JournalIssue>"
        f"<Title>Journal of Synthetic Trials</Title></Journal><ArticleTitle>{title}</ArticleTitle>"
        f'<Abstract><AbstractText Label="RESULTS">SYNTHETIC. Trial {pmid}, p &lt;0.05.</AbstractText></Abstract>'
        '<AuthorList><Author ValidYN="Y"><LastName>Test</LastName><Initials>A</Initials></Author></AuthorList>'
        f"</Article>{extra}</MedlineCitation><PubmedData><ArticleIdList>"
        f'<ArticleId IdType="doi">10.5555/synthetic.{pmid}</ArticleId></ArticleIdList></PubmedData></PubmedArticle>'
    )


def article_set(articles: str) -> bytes:
    """A PubmedArticleSet around *articles*."""
    return (
        '<?xml version="1.0" ?><!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" '
        '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n'
        f"<PubmedArticleSet>{articles}</PubmedArticleSet>"
    ).encode()


@dataclass
class Eutils:
    """What the server knows and what it was asked.

    *search* gives the PMIDs of a term; *stored* gives whole bodies by term (esearch) or joined ids (efetch).
    *entered* gives the entry date of a PMID, for terms that end in a range of `[edat]`; a PMID without one is in
    every range. *links* gives the PMIDs that a link name leads to from a PMID.
    """

    search: Callable[[str], list[int]] = lambda term: []
    write: Callable[[int], str] = article
    stored: dict[str, bytes] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    withheld: dict[int, int] = field(default_factory=dict)
    entered: dict[int, date] | Callable[[int], date | None] = field(default_factory=dict)
    links: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    per_second: int | None = None
    moods: dict[str, list[Mood]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    port: int = 0

    def misbehave(self, endpoint: str, *moods: Mood) -> None:
        """Answer the next requests to *endpoint* so."""
        self.moods.setdefault(endpoint, []).extend(moods)

    def of(self, endpoint: str) -> list[Asked]:
        """The requests to one endpoint."""
        return [one for one in self.asked if one.endpoint == endpoint]

    def most_in_a_second(self) -> int:
        """The most requests that came within any one second."""
        times = sorted(one.at for one in self.asked)
        return max((sum(at <= later < at + 1.0 for later in times) for at in times), default=0)

    def answer(self, asked: Asked) -> Mood:
        """The answer to one request."""
        self.asked.append(asked)
        if self.per_second is not None:
            recent = [one for one in self.asked if asked.at - one.at < 1.0]
            if len(recent) > self.per_second:
                return Mood(429, b'{"error":"API rate limit exceeded"}', (("Retry-After", "1"),))
        if self.moods.get(asked.endpoint):
            mood = self.moods[asked.endpoint].pop(0)
            if mood.body is not None:
                return mood
            return replace(mood, body=self._body(asked))
        return Mood(body=self._body(asked))

    def _body(self, asked: Asked) -> bytes:
        if asked.endpoint == "esearch":
            return self._esearch(asked.params)
        if asked.endpoint == "efetch":
            return self._efetch(asked.params)
        if asked.endpoint == "elink":
            return self._elink(asked)
        return b"<eResult><ERROR>no such utility</ERROR></eResult>"

    def _esearch(self, params: dict[str, str]) -> bytes:
        term = params["term"]
        if term in self.stored:
            return self.stored[term]
        start, most = int(params.get("retstart", 0)), int(params.get("retmax", 20))
        if start > MOST_IDS - 1:
            said = "Search Backend failed: Exception: 'retstart' cannot be larger than 9998."
            return f"<eSearchResult><ERROR>{said}</ERROR></eSearchResult>".encode()
        ids = self._found(term)
        warning = ""
        if most > MOST_IDS:
            most = MOST_IDS
            warning = "<OutputMessage>Restrictions achieved. start and count adjusted to 0, 9999</OutputMessage>"
        if not ids:
            warning += "<OutputMessage>No items found.</OutputMessage>"
        errors = "".join(
            f"<{kind}>{escape(text)}</{kind}>" for text, kind in self.dropped.items() if text in term and kind[0] != "Q"
        )
        warning += "".join(
            f"<{kind}>{escape(text)}</{kind}>" for text, kind in self.dropped.items() if text in term and kind[0] == "Q"
        )
        shown = "".join(f"<Id>{pmid}</Id>" for pmid in ids[start : start + most])
        return (
            '<?xml version="1.0" encoding="UTF-8" ?><!DOCTYPE eSearchResult PUBLIC "-//NLM//DTD esearch 20060628//EN" '
            '"https://eutils.ncbi.nlm.nih.gov/eutils/dtd/20060628/esearch.dtd">'
            f"<eSearchResult><Count>{len(ids)}</Count><RetMax>{min(most, len(ids))}</RetMax>"
            f"<RetStart>{start}</RetStart>"
            f"<IdList>{shown}</IdList><TranslationSet/><QueryTranslation>{escape(term)}</QueryTranslation>"
            + (f"<ErrorList>{errors}</ErrorList>" if errors else "")
            + (f"<WarningList>{warning}</WarningList>" if warning else "")
            + "</eSearchResult>"
        ).encode()

    def _found(self, term: str) -> list[int]:
        """The PMIDs of *term*; a range of PMIDs or of entry dates at its end is taken off and applied."""
        if cut := _RANGE.match(term):
            low, high = int(cut["low"]), int(cut["high"])
            return [pmid for pmid in self._found(cut["term"]) if low <= pmid <= high]
        if cut := _ENTERED.match(term):
            first, last = (datetime.strptime(cut[end], "%Y/%m/%d").date() for end in ("low", "high"))
            return [pmid for pmid in self._found(cut["term"]) if first <= (self._entry_date(pmid) or last) <= last]
        return self.search(term)

    def _entry_date(self, pmid: int) -> date | None:
        return self.entered(pmid) if callable(self.entered) else self.entered.get(pmid)

    def _elink(self, asked: Asked) -> bytes:
        """One LinkSet for each `id`; ids joined by commas share theirs, as at the real server."""
        name = asked.params["linkname"]
        sets = []
        for joined in asked.ids:
            seeds = [int(pmid) for pmid in joined.split(",")]
            # the real answer merges the links of seeds that were joined, without saying whose they are
            found = sorted({pmid for seed in seeds for pmid in self.links.get((name, seed), [])}, reverse=True)
            links = "".join(f"<Link><Id>{pmid}</Id></Link>" for pmid in found)
            database = f"<LinkSetDb><DbTo>pubmed</DbTo><LinkName>{name}</LinkName>{links}</LinkSetDb>" if found else ""
            shown = "".join(f"<Id>{seed}</Id>" for seed in seeds)
            sets.append(f"<LinkSet><DbFrom>pubmed</DbFrom><IdList>{shown}</IdList>{database}</LinkSet>")
        return (
            '<?xml version="1.0" encoding="UTF-8" ?><!DOCTYPE eLinkResult PUBLIC "-//NLM//DTD elink 20101123//EN" '
            f'"https://eutils.ncbi.nlm.nih.gov/eutils/dtd/20101123/elink.dtd"><eLinkResult>{"".join(sets)}</eLinkResult>'
        ).encode()

    def _efetch(self, params: dict[str, str]) -> bytes:
        if params["id"] in self.stored:
            return self.stored[params["id"]]
        came = []
        for pmid in map(int, params["id"].split(",")):
            if self.withheld.get(pmid, 0) > 0:
                self.withheld[pmid] -= 1
            else:
                came.append(self.write(pmid))
        return article_set("".join(came))


@contextmanager
def serving(eutils: Eutils) -> Iterator[Eutils]:
    """*eutils* on a free port of this machine."""
    stopped = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(urllib.parse.urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._reply(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _reply(self, query: str) -> None:
            endpoint = urllib.parse.urlsplit(self.path).path.rsplit("/", 1)[-1].removesuffix(".fcgi")
            values = urllib.parse.parse_qs(query, keep_blank_values=True)
            params = {name: ",".join(given) for name, given in values.items()}
            ids = tuple(values.get("id", ()))
            mood = eutils.answer(Asked(endpoint, self.command, params, time.monotonic(), ids))
            self.close_connection = True
            stopped.wait(mood.wait)
            try:
                self._send(mood)
            except ConnectionError:
                """The client has left, as it should when an answer does not end."""

        def _send(self, mood: Mood) -> None:
            body = mood.body or b""
            self.send_response(mood.status)
            self.send_header("Content-Type", "text/xml; charset=UTF-8")
            if mood.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            elif mood.tell_length:
                self.send_header("Content-Length", str(len(body)))
            for name, value in mood.headers:
                self.send_header(name, value)
            head = b"".join(self._headers_buffer) + b"\r\n"
            self._headers_buffer.clear()
            sent = body if mood.cut is None else body[: mood.cut]
            if mood.chunked:
                sent = b"%x\r\n%b" % (len(body), sent)
            if not mood.drip:
                self.wfile.write(head + sent)
                return
            at_once, slowly = (head, sent) if mood.head else (b"", head + sent)
            self.wfile.write(at_once)
            for byte in slowly:
                self.wfile.write(bytes([byte]))
                if stopped.wait(mood.drip):
                    return

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the requests are in `asked`."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    eutils.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield eutils
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def pointed_at(eutils: Eutils) -> Iterator[None]:
    """While inside, urllib reaches *eutils* where it asks for NCBI, and nobody else.

    The pace of the requests is kept in a folder of its own, unless REVIEW_CACHE names one already: a second process
    then keeps the same pace.
    """

    class Loop(urllib.request.HTTPSHandler):
        def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            if req.host != "eutils.ncbi.nlm.nih.gov":
                raise urllib.error.URLError(f"no network in tests: {req.host}")

            def connect(host: str, **options: object) -> http.client.HTTPConnection:
                return http.client.HTTPConnection("127.0.0.1", eutils.port, timeout=options.get("timeout"))

            return self.do_open(connect, req)

    before, named = urllib.request._opener, os.environ.get("REVIEW_CACHE")
    with tempfile.TemporaryDirectory() as cache:
        os.environ["REVIEW_CACHE"] = named or cache
        urllib.request.install_opener(urllib.request.build_opener(Loop))
        try:
            yield
        finally:
            urllib.request._opener = before
            if named is None:
                del os.environ["REVIEW_CACHE"]
