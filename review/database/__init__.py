"""The database: the only room that opens DuckDB. Everybody else reads and applies batches through a `Store`."""

from review.database.local import LocalStore, open_store
from review.database.sandbox import run_query
from review.database.store import Append, Batch, Replace, Store

__all__ = ["Append", "Batch", "LocalStore", "Replace", "Store", "open_store", "run_query"]
