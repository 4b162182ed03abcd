"""Synthesis: from extracted figures to effect sizes and pooled cells; all of it can be rebuilt."""
