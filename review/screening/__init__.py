"""Screening: decisions, conflicts, agreement, retrieval of reports."""
