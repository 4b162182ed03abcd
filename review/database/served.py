"""The store of a command beside `review serve`: reads and batches go over loopback to the process that has the file.

The work stays in the command's own process. A batch of many records goes in parts of 500 rows, so that nobody who
screens waits for it: what goes first is invisible until the closing row comes, and that goes last, with the rest.
"""

from __future__ import annotations

import http.client
import json
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from review import errors
from review.database import wire
from review.database.copying import copy_received
from review.database.side_file import Serving, proof
from review.database.store import Append, Batch, Replace, Unchanged
from review.errors import ReviewError, StoreError

if TYPE_CHECKING:
    import polars as pl

AT_ONCE = 500
# tables whose rows are invisible until an import's closing row names them
_UNSEEN = ("search.source_record", "search.import_record")
_PATIENCE = 120.0  # seconds until a server that says nothing is given up
_CONNECT = 5.0
_LONGEST_PROOF = 200


class ServerGone(StoreError):
    """Nobody answers at the address of the side file."""


class ServedStore:
    """A review's database through the server that holds it. Threads may share it."""

    def __init__(self, path: Path, serving: Serving) -> None:
        self._path = path
        self.serving = serving
        self._here = threading.local()

    @property
    def path(self) -> Path:
        """The database file, which the server holds."""
        return self._path

    def hello(self) -> bool:
        """Whether a server that knows the token answers for this very file; it is not told the token before."""
        nonce = secrets.token_hex(32)
        try:
            answer = self._ask("GET", f"/hello?nonce={nonce}", patience=_CONNECT, named=False)
        except StoreError:
            return False
        return secrets.compare_digest(bytes(answer), proof(self.serving.token, nonce, self._path).encode())

    def read(self, sql: str, params: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """The rows of one SELECT; *params* are bound to `$name`."""
        head = {"sql": sql, "look": getattr(self._here, "look", None)}
        return _one_frame(self._ask("POST", "/read", wire.pack(head, [wire.params_frame(params)])))

    def apply(self, batch: Batch) -> dict[str, int]:
        """Write all of *batch* or nothing; table → rows that were new. Records of a large import go ahead in parts."""
        if getattr(self._here, "look", None) is not None:
            message = "a batch was applied inside a reading block"
            raise StoreError(message)
        counts: dict[str, int] = {}
        rest: list[Append | Replace | Unchanged] = []
        for step in batch:
            if isinstance(step, Append) and step.table in _UNSEEN and len(step.rows) > AT_ONCE:
                for at in range(0, len(step.rows), AT_ONCE):
                    done = self._apply([Append(step.table, step.rows[at : at + AT_ONCE])])
                    counts[step.table] = counts.get(step.table, 0) + done[step.table]
            else:
                rest.append(step)
        for table, new in self._apply(rest).items():
            counts[table] = counts.get(table, 0) + new
        return counts

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Reads of this thread inside it see one moment: the server keeps it open for them."""
        if getattr(self._here, "look", None) is not None:
            yield
            return
        self._here.look = json.loads(self._ask("POST", "/look"))["look"]
        try:
            yield
        finally:
            look, self._here.look = self._here.look, None
            with suppress(StoreError):  # the server closes what nobody asks for any more
                self._ask("POST", "/look/end", json.dumps({"look": look}).encode())

    @contextmanager
    def holding(self) -> Iterator[None]:
        """The server holds the file; others go on working beside the deed."""
        yield

    def query(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        limit: int | None = None,
        seconds: float = 60.0,
        only: Mapping[str, str] | None = None,
    ) -> pl.DataFrame:
        """An analyst's SELECT, run by the server in its sandbox."""
        head = {"sql": sql, "limit": limit, "seconds": seconds, "only": None if only is None else dict(only)}
        message = wire.pack(head, [wire.params_frame(params)])
        return _one_frame(self._ask("POST", "/query", message, patience=seconds + _PATIENCE))

    def backup(self, target: Path) -> None:
        """Write a consistent copy of the database, which the server makes, to *target*."""
        copy_received(target, lambda: self._ask("POST", "/backup", patience=None, whole=False))

    def _apply(self, batch: Batch) -> dict[str, int]:
        done: dict[str, int] = json.loads(self._ask("POST", "/apply", wire.pack_batch(batch)))
        return done

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        patience: float | None = _PATIENCE,
        whole: bool = True,
        named: bool = True,
    ) -> Any:
        """The body of the server's answer, or the answer itself to be read piece by piece. Its errors are raised here
        as they were there.
        """
        # a connection of its own for each question: none is left open when a command ends, whichever way
        con = http.client.HTTPConnection("127.0.0.1", self.serving.port, timeout=_CONNECT)
        headers = {"content-type": wire.MEDIA_TYPE, "connection": "close"}
        if named:
            headers["authorization"] = f"Bearer {self.serving.token}"
        try:
            con.connect()
            con.sock.settimeout(patience)
            con.request(method, path, body, headers)
            answer = con.getresponse()
            if answer.status == HTTPStatus.OK and not whole:
                return answer
            with answer:
                said = answer.read() if named else answer.read(_LONGEST_PROOF)
        except (OSError, http.client.HTTPException) as problem:
            message = f"the server that holds {self._path} (process {self.serving.pid}) does not answer: {problem}"
            raise ServerGone(message, hint="run the same command again; what was stored is kept") from problem
        finally:
            con.close()
        if answer.status == HTTPStatus.OK:
            return said
        return _raise_as_there(said, answer.status)


def _one_frame(message: bytes) -> pl.DataFrame:
    _, frames = wire.unpack(message)
    return frames[0]


def _raise_as_there(said: bytes, status: int) -> NoReturn:
    """Raise the error that the server met, as the error that it is."""
    try:
        cells = json.loads(said)
        kind, message, hint = str(cells["kind"]), str(cells["message"]), str(cells["hint"])
    except (ValueError, TypeError, KeyError):
        text = f"the server answered {status} and no word of this program"
        raise ServerGone(text, hint="stop what listens on that port, or start review serve anew") from None
    found = getattr(errors, kind, None)
    if isinstance(found, type) and issubclass(found, ReviewError):
        raise found(message, hint=hint)
    raise StoreError(message, hint=hint)
