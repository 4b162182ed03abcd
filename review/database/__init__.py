"""The database: the only room that opens DuckDB. Everybody else reads and applies batches through a `Store`."""

from review.database.again import again_when_overtaken, all_new
from review.database.local import LocalStore
from review.database.owner import OwnerStore
from review.database.routed import RoutedStore
from review.database.sandbox import run_query
from review.database.store import Append, Batch, Query, Replace, Store, Unchanged
from review.database.stores import open_owned, open_store

__all__ = [
    "Append",
    "Batch",
    "LocalStore",
    "OwnerStore",
    "Query",
    "Replace",
    "RoutedStore",
    "Store",
    "Unchanged",
    "again_when_overtaken",
    "all_new",
    "open_owned",
    "open_store",
    "run_query",
]
