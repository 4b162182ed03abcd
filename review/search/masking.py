"""Blots a key out of texts and bodies, however it is written there."""

from __future__ import annotations

import html
import json
import re
import urllib.parse
from functools import lru_cache

_SHORTEST = 8  # a shorter text is no key, and would be blotted out of ordinary words


@lru_cache(maxsize=8)
def _writings(key: str) -> re.Pattern[str]:
    """The key as it is, as in an address, in a web page and in JSON; in capitals or not."""
    ways = {key, urllib.parse.quote(key), urllib.parse.quote(key, safe=""), urllib.parse.quote_plus(key)}
    ways |= {html.escape(key), json.dumps(key)[1:-1]}
    return re.compile("|".join(re.escape(way) for way in sorted(ways, key=len, reverse=True)), re.IGNORECASE)


def masked(key: str | None, text: str) -> str:
    """*text* with `***` in place of the key."""
    return text if not key or len(key) < _SHORTEST else _writings(key).sub("***", text)


def masked_body(key: str | None, body: bytes) -> bytes:
    """*body* with `***` in place of the key; one without it is the same bytes."""
    if not key or len(key) < _SHORTEST:
        return body
    # latin-1 gives every byte a character and takes it back
    text = body.decode("latin-1")
    blotted = masked(key, text)
    return body if blotted == text else blotted.encode("latin-1")
