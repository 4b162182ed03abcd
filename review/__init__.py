"""A systematic-review evidence database: search, screen, extract, pool and table, traceable to the printed figure."""

__version__ = "0.1.0"
