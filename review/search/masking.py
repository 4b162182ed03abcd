"""Blots secrets, a key and an address, out of texts and bodies, however they are written there."""

from __future__ import annotations

import html
import re
import urllib.parse
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html.entities import html5

_BLOT = "***"
_GZIP = b"\x1f\x8b"
_WINDOW = 1 << 20
_OVERLAP = 1 << 14  # longer than any writing of a secret
_GAP = "\0{0,3}"  # UTF-16 and UTF-32 put these between two letters
_ESCAPED = re.compile(r"\\u00([0-9a-f]{2})", re.IGNORECASE)


def masked(secrets: Sequence[str], text: str) -> str:
    """*text* with `***` in place of each secret."""
    for secret in secrets:
        text = _writings(secret).sub(_BLOT, text)
    return text


def masked_body(secrets: Sequence[str], body: bytes) -> bytes:
    """*body* with `***` in place of each secret; one without any is the same bytes.

    A body that shows a secret even then, for it is written in two ways at once, is left out whole; so is a compressed
    one, which nobody asked for and which cannot be looked through.
    """
    if secrets and body.startswith(_GZIP):
        return _BLOT.encode()
    # latin-1 gives every byte a character and takes it back
    secrets = [way for one in secrets for way in {one, one.encode().decode("latin-1")}]
    if not any(_shows(secrets, window) for window in _windows(body)):
        return body
    blotted = masked(secrets, body.decode("latin-1")).encode("latin-1")
    return _BLOT.encode() if any(_shows(secrets, window) for window in _windows(blotted)) else blotted


@lru_cache(maxsize=16)
def _writings(secret: str) -> re.Pattern[str]:
    """The secret with each letter as it is, as in an address, in a web page or in JSON; in capitals or not."""
    return re.compile(_GAP.join(_letter(letter) for letter in secret), re.IGNORECASE)


def _letter(letter: str) -> str:
    """Every way to write one letter."""
    code = ord(letter)
    names = [name.rstrip(";") for name, meant in html5.items() if meant == letter and name.endswith(";")]
    ways = [letter, urllib.parse.quote_plus(letter), "".join(f"%{byte:02x}" for byte in letter.encode())]
    ways += [" "] if letter == "+" else []
    ways += [f"\\u{code:04x}", f"\\{letter}", *(f"&{name};" for name in names)]
    numbers = [_spread("&#") + _zeros() + _spread(str(code)), _spread("&#x") + _zeros() + _spread(f"{code:x}")]
    longest_first = sorted(set(ways), key=len, reverse=True)
    return f"(?:{'|'.join([*(_spread(way) for way in longest_first), *(n + f'(?:{_GAP};)?' for n in numbers)])})"


def _spread(text: str) -> str:
    return _GAP.join(re.escape(letter) for letter in text)


def _zeros() -> str:
    return f"{_GAP}(?:0{_GAP}){{0,8}}"


def _windows(body: bytes) -> Iterator[bytes]:
    """*body* in pieces that overlap, so that looking through a large one takes little memory."""
    for at in range(0, len(body), _WINDOW):
        yield body[at : at + _WINDOW + _OVERLAP]


def _shows(secrets: Sequence[str], window: bytes) -> bool:
    """Whether a secret can be read once everything is decoded."""
    raw = window.replace(b"\0", b"").decode("latin-1")
    texts = {_plain(raw), _decoded(raw)}
    return any(way in text for one in secrets for way in (_plain(one), _decoded(one)) for text in texts)


def _decoded(text: str) -> str:
    if "&" in text:
        text = html.unescape(text)
    if "%" in text:
        text = urllib.parse.unquote(text, "latin-1")
    if "\\" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), text).replace("\\", "")
    return _plain(text)


def _plain(text: str) -> str:
    """Capitals and the two ways to write a blank in an address count as one."""
    return text.replace("+", " ").lower()
