"""Deeds that span stages: load and pool, status, report of events, the demo; thin, because the stages do the work."""
