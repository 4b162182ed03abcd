"""The site's own secret: it signs cookies and makes the tokens of forms; a file beside the database, of mode 0600.

It is not in the database, so that a copy of that (a backup, an analyst's) signs nobody in, and it is never logged.
A new key ends every session: the invitation links sign people in again.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from itsdangerous import BadSignature, Signer

from review.errors import FullDisk, StoreError

_BYTES = 32
_SALT = b"review session"


class SiteKey:
    """What is signed and checked with the key; the key itself stays inside."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._signer = Signer(key, salt=_SALT, digest_method=hashlib.sha256)

    def signed(self, secret: str) -> str:
        """The value of the cookie that carries *secret*."""
        return self._signer.sign(secret.encode()).decode()

    def read(self, cookie: str) -> str:
        """The secret in a cookie that we signed, or nothing."""
        try:
            return self._signer.unsign(cookie.encode("utf-8", "surrogatepass")).decode()
        except (BadSignature, UnicodeDecodeError):
            return ""

    def form_token(self, secret: str) -> str:
        """What a form or a script of this session has to send along: another site cannot know it."""
        return hmac.new(self._key, b"form " + secret.encode(), hashlib.sha256).hexdigest()

    @property
    def name(self) -> str:
        """A name for this site's cookie: two reviews on one machine share its host name, whatever their ports."""
        return hmac.new(self._key, b"cookie", hashlib.sha256).hexdigest()[:8]


def read_key(path: Path) -> SiteKey:
    """The key in *path*, made when it is not there yet, and made anew where others may have read it."""
    try:
        key = _read(path)
        if key is None:
            _write(path)
            key = _read(path)
    except OSError as problem:
        message = f"{path} cannot be read or made: {problem.strerror}"
        kind = FullDisk if problem.errno == 28 else StoreError
        raise kind(message, hint="the site keeps the key of its cookies there") from problem
    if key is None:
        message = f"{path} is not a key"
        raise StoreError(message, hint="remove it; the site makes another, and everybody signs in again")
    return SiteKey(key)


def _read(path: Path) -> bytes | None:
    """The key, or None where there is none that can be trusted."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            key = file.read(4096)
    except FileNotFoundError:
        return None
    seen_by_others = os.name == "posix" and mode & 0o077
    return None if seen_by_others or len(key) < _BYTES else key


def _write(path: Path) -> None:
    """Put a new key into place whole; readable by its owner from the first byte on."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.new")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(file, "wb") as out:
            out.write(secrets.token_bytes(_BYTES))
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
