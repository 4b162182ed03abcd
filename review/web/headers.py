"""The headers of every answer: nothing from elsewhere, nothing inline, no frame around us, nothing kept by caches."""

from __future__ import annotations

from urllib.parse import quote

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
)

HEADERS = {
    "content-security-policy": _POLICY + "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
}

# what goes out of a project of simulated decisions says so, lists and files too
SIMULATED = {"x-review-data": "SIMULATED"}

# a report is a stranger's file: it may be shown within our pages, and do nothing there
DOCUMENT_HEADERS = {
    "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'self'",
    "x-frame-options": "SAMEORIGIN",
}

# a form of a page that may not name itself would be sent with the origin "null", as a stranger's is
FORM_HEADERS = {"referrer-policy": "same-origin"}


def inline_file(name: str) -> str:
    """A Content-Disposition that shows the file and offers *name* for it, whatever characters that has."""
    words = "".join(letter if letter.isprintable() and letter not in "/\\" else "_" for letter in name).strip(". ")
    words = words.encode("utf-8", "replace").decode()[:200] or "report.pdf"
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_. ") else "_" for letter in words)
    # RFC 6266: the plain name for old programs, the whole one percent-encoded (RFC 5987)
    return f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(words, safe='')}"
