"""Appraising: risk of bias by result, certainty by cell; the program proposes, a person decides."""
