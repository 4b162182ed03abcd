"""Neither the key nor the address that go to PubMed come back: not in a message, not in a stored body."""

from __future__ import annotations

import gzip
import html
import os
import urllib.parse
from collections.abc import Callable
from dataclasses import replace

import pytest

from review.errors import EntrezError, UsageProblem
from review.search.entrez import Client
from review.search.masking import masked, masked_body
from review.search.transport import Answer, Transport
from tests.eutils_server import Eutils, Mood, article, article_set, pointed_at, serving

KEY = "synthetic-key-0123456789"
ADDRESS = "no.body+pubmed@example.org"
SECRETS = (KEY, ADDRESS)


def decimal(text: str) -> str:
    return "".join(f"&#{ord(letter)};" for letter in text)


def hexadecimal(text: str) -> str:
    return "".join(f"&#x{ord(letter):04X};" for letter in text)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize(
    "written",
    [
        str,
        str.upper,
        urllib.parse.quote,
        urllib.parse.quote_plus,
        lambda text: "".join(f"%{ord(letter):02x}" for letter in text),
        lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
        html.escape,
        decimal,
        hexadecimal,
        lambda text: decimal(text).replace(";", ""),
        lambda text: decimal(text[:1]) + text[1:],
        lambda text: text.replace("@", "&commat;").replace("+", "&plus;").replace("-", "&#45;"),
    ],
)
def test_a_body_shows_no_secret_however_it_is_written(
    secret: str, encoding: str, written: Callable[[str], str]
) -> None:
    echo = f"<p>before {written(secret)} after</p>".encode(encoding)
    blotted = masked_body(SECRETS, echo)
    shown = html.unescape(urllib.parse.unquote(blotted.replace(b"\0", b"").decode("latin-1"))).lower()
    assert secret not in shown
    assert "before ***" in shown
    assert "after" in shown


def test_a_secret_on_the_edge_of_a_large_body_is_seen() -> None:
    for at in (1, 5, len(KEY)):
        body = b" " * ((1 << 20) - at) + KEY.encode() + b" " * 10
        assert KEY.encode() not in masked_body(SECRETS, body)


def test_a_secret_written_in_two_ways_at_once_takes_its_body_along() -> None:
    quoted = "".join(f"%{ord(letter):02x}" for letter in KEY)
    assert masked_body(SECRETS, b"<p>" + decimal(quoted).encode()) == b"***"


def test_a_compressed_body_is_not_kept() -> None:
    assert masked_body(SECRETS, gzip.compress(KEY.encode())) == b"***"


def test_a_body_without_a_secret_is_the_same_bytes() -> None:
    body = "<p>5% of &#177; &lt;caf\u00e9&gt; %41 \\u0041</p>".encode()
    assert masked_body(SECRETS, body) is body
    assert masked(SECRETS, "a key of 8 letters") == "a key of 8 letters"


@pytest.mark.parametrize(
    "mood",
    [
        Mood(400, f"<html>bad request ?api_key={KEY}&email={ADDRESS}</html>".encode()),
        Mood(502, urllib.parse.quote_plus(ADDRESS).encode()),
        Mood(400, b"x" * 190 + ADDRESS.encode()),
        Mood(400, b"<ERROR>" + KEY.encode("utf-16-le") + ADDRESS.encode("utf-16-le") + b"</ERROR>"),
        Mood(body=f"<eSearchResult><ERROR>{ADDRESS} {decimal(KEY)}</ERROR></eSearchResult>".encode()),
        Mood(body=f"<eSearchResult><Count>1</Count><IdList><Id>{ADDRESS}</Id></IdList></eSearchResult>".encode()),
    ],
)
def test_what_the_server_echoes_is_neither_stored_nor_shown(mood: Mood) -> None:
    kept: list[bytes] = []

    def keep(endpoint: str, request: object, answer: Answer) -> None:
        kept.append(answer.body)

    patience = Transport(tries=1, timeout=20)
    with serving(Eutils(write=lambda pmid: article(pmid, title=f"{KEY} {ADDRESS}"))) as server, pointed_at(server):
        client = Client(ADDRESS, KEY, patience, keep)
        server.misbehave("esearch", mood)
        with pytest.raises(EntrezError) as caught:
            client.esearch("knee[tiab]", what="line #1", purpose="line", line=1)
        client.efetch(["7"])
    shown = html.unescape(f"{caught.value} {kept[0]!r}".replace("\\x00", "").replace("\0", ""))
    assert "no.body" not in shown.lower()
    assert KEY[:12] not in shown
    assert len(kept) == 2
    # who searches may be an author: in a record the address is a fact of the record
    assert kept[1] == article_set(article(7, title=f"*** {ADDRESS}"))


def test_without_an_address_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NCBI_EMAIL", raising=False)
    with pytest.raises(UsageProblem, match="NCBI_EMAIL is not set"):
        Client.from_environment()


@pytest.mark.parametrize("address", ["foo-and-something", "a@b@c", "a b@c", "a@b\udc80c", KEY])
def test_an_address_that_is_none_is_named_and_not_shown(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NCBI_EMAIL", address)
    with pytest.raises(UsageProblem, match=rf"NCBI_EMAIL \({len(address)} characters\) is not an address") as caught:
        Client.from_environment()
    assert address not in str(caught.value)


@pytest.mark.parametrize(
    "key",
    [
        "short7x",
        "two words 0123",
        "with\nnewline0123",
        "\u00e9" * 36,
        "0123456789\udc80",
        "0123456789\uff11",
        "a;b&c=d0123",
    ],
)
def test_a_key_that_cannot_be_one_is_refused_and_not_shown(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NCBI_EMAIL", ADDRESS)
    monkeypatch.setenv("NCBI_API_KEY", key)
    with pytest.raises(UsageProblem, match=rf"NCBI_API_KEY \({len(key)} characters\) is not a key") as caught:
        Client.from_environment()
    assert key not in str(caught.value)


def test_address_and_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NCBI_EMAIL", ADDRESS)
    monkeypatch.setenv("NCBI_API_KEY", f" {KEY}\n")
    assert Client.from_environment() == replace(Client(ADDRESS, KEY), keep=Client.from_environment().keep)
    monkeypatch.setenv("NCBI_API_KEY", " ")
    assert Client.from_environment().api_key is None
    assert ADDRESS in os.environ["NCBI_EMAIL"]
