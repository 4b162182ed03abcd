"""Arithmetic below the stages: effect sizes, conversions, intervals, rounding and scales."""
