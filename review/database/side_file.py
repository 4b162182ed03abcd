"""The side file: how a command finds the server that holds the database, `review.duckdb.server.json`, mode 0600.

It holds the address on this machine, the process and a token made anew at each start. Whoever can read it owns the
database file too, so it gives away nothing more. One that a killed server left behind is recognised by its silence; and
whatever listens where it was is told nothing before it has proved that it knows the token.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from review.errors import StoreError

_LONGEST = 4096


@dataclass(frozen=True)
class Serving:
    """A server: its port on 127.0.0.1 for commands, its process, the token that it asks for, and the site's address."""

    port: int
    pid: int
    token: str
    site: str = ""


def proof(token: str, nonce: str, database: Path) -> str:
    """What only who knows *token* can answer to *nonce*: for this very database, and good for this once."""
    said = f"{nonce}\0{database.resolve()}".encode()
    return hmac.new(token.encode(), said, hashlib.sha256).hexdigest()


def side_file(database: Path) -> Path:
    """Where the side file of *database* stands while it is served."""
    return database.with_name(f"{database.name}.server.json")


def announce(database: Path, *, port: int, site: str = "") -> Serving:
    """Write the side file of this process, whole and readable for its owner only."""
    serving = Serving(port, os.getpid(), secrets.token_urlsafe(32), site)
    path = side_file(database)
    fresh = path.with_name(f".{path.name}.{serving.pid}.new")
    words = json.dumps(asdict(serving))
    try:
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(words)
        fresh.replace(path)
    except OSError as problem:
        message = f"{path} cannot be written: {problem.strerror or problem}"
        raise StoreError(message, hint="see that the project's folder can be written") from problem
    finally:
        fresh.unlink(missing_ok=True)
    return serving


def found(database: Path) -> Serving | None:
    """What the side file says, or None where there is none or it is no such file."""
    try:
        with side_file(database).open("rb") as file:
            cells = json.loads(file.read(_LONGEST))
        return Serving(int(cells["port"]), int(cells["pid"]), str(cells["token"]), str(cells["site"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def withdraw(database: Path, serving: Serving) -> None:
    """Take the side file away, when it is still this server's."""
    if found(database) == serving:
        with contextlib.suppress(OSError):
            side_file(database).unlink()
