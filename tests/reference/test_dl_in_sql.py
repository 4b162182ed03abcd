"""DerSimonian and Laird written a second time, in SQL, as a check on the program's own."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.synthesis.pooling import pool

DL = """
with effect as (select unnest($y) as y, unnest($v) as v),
common as (
  select sum(y / v) / sum(1 / v) as mean, sum(1 / v) as s1, sum(1 / v ** 2) as s2, count(*) as k from effect
),
moment as (
  select
    greatest(0, (sum((y - mean) ** 2 / v) - (any_value(k) - 1)) / any_value(s1 - s2 / s1)) as tau2
  from effect, common
)
select
  any_value(tau2) as tau2, sum(y / (v + tau2)) / sum(1 / (v + tau2)) as estimate,
  1 / sqrt(sum(1 / (v + tau2))) as se
from effect, moment
"""

effects = st.lists(
    st.tuples(st.floats(-5, 5), st.floats(0.01, 4)),
    min_size=2,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(effects)
def test_python_and_sql_agree(pairs: list[tuple[float, float]]) -> None:
    y, v = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    with duckdb.connect() as con:
        tau2, estimate, se = con.execute(DL, {"y": y, "v": v}).fetchall()[0]
    ours = pool(y, variance=v, tau2="DL", ci="z")
    # 1e-9: the two sum in another order
    assert ours.tau2 == pytest.approx(tau2, abs=1e-9)
    assert ours.estimate == pytest.approx(estimate, abs=1e-9)
    assert ours.se == pytest.approx(se, abs=1e-9)
