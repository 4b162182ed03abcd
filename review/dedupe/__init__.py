"""Duplicates: pairs, clusters and the log of merges and splits."""
