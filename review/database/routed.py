"""The store that commands use: through the server while one holds the file, else the file itself.

Which of the two is asked anew whenever the file is wanted, because a server may start or end while a long command runs.
A batch that a dying server did not acknowledge is sent again: ids make the repeat harmless.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from review.database.local import LocalStore
from review.database.served import ServedStore, ServerGone
from review.database.side_file import found
from review.database.store import Batch, Store
from review.errors import StoreLocked

if TYPE_CHECKING:
    import polars as pl

_T = TypeVar("_T")
_TIMES = 3


class RoutedStore:
    """A review's database, wherever it is to be had."""

    def __init__(self, local: LocalStore) -> None:
        self._local = local
        self._served: ServedStore | None = None
        self._here = threading.local()

    @property
    def path(self) -> Path:
        """The database file."""
        return self._local.path

    def read(self, sql: str, params: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """The rows of one SELECT; *params* are bound to `$name`."""
        return self._with(lambda store: store.read(sql, params))

    def apply(self, batch: Batch) -> dict[str, int]:
        """Write all of *batch* or nothing; table → rows that were new."""
        return self._with(lambda store: store.apply(batch))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Reads inside it see one moment, of one and the same store."""
        if self._kept() is not None:
            yield
            return
        store, opened = self._with(_begin_reading)
        with opened, self._keeping(store):
            yield

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Many reads and batches over one opening; beside a server there is nothing to hold."""
        if self._kept() is not None or self.server() is not None:
            yield
            return
        with self._local.holding(), self._keeping(self._local):
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
        """An analyst's SELECT in the sandbox."""
        return self._with(lambda store: store.query(sql, params, limit=limit, seconds=seconds, only=only))

    def backup(self, target: Path) -> None:
        """Write a consistent copy of the database to *target*."""
        self._with(lambda store: store.backup(target))

    def server(self) -> ServedStore | None:
        """The server that holds the file now, or None. A side file that a killed one left behind is passed over."""
        serving = found(self.path)
        if serving is None:
            self._served = None
        elif self._served is None or self._served.serving != serving:
            served = ServedStore(self.path, serving)
            self._served = served if served.hello() else None
        return self._served

    def _with(self, deed: Callable[[Store], _T]) -> _T:
        """What *deed* gives with the store of this moment; asked again where the server comes or goes meanwhile."""
        if (kept := self._kept()) is not None:
            return deed(kept)
        for time in range(1, _TIMES + 1):
            served = self.server()
            try:
                return deed(served or self._local)
            except ServerGone:
                self._served = None
                if time == _TIMES:
                    raise
            except StoreLocked:
                # a server may have taken the file while this command waited for it
                if time == _TIMES or served is not None or found(self.path) is None:
                    raise
        raise AssertionError  # the last time either gave something or raised

    def _kept(self) -> Store | None:
        """The store that this thread stays with for now."""
        kept: Store | None = getattr(self._here, "kept", None)
        return kept

    @contextmanager
    def _keeping(self, store: Store) -> Iterator[None]:
        self._here.kept = store
        try:
            yield
        finally:
            self._here.kept = None


def _begin_reading(store: Store) -> tuple[Store, ExitStack]:
    opened = ExitStack()
    opened.enter_context(store.reading())
    return store, opened
