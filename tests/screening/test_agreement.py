"""Agreement: the published table to four decimals, the identity of kappa and PABAK, and what is undefined."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from review.screening.agreement import Cells, ac1, agreement, kappa, negative, observed, pabak, positive

counts = st.integers(min_value=0, max_value=500)
cells = st.builds(Cells, counts, counts, counts, counts)

# a, b, c, d | raw | kappa (SE) | PABAK (SE) | AC1 (SE) | positive | negative
TABLE = [
    ((40, 10, 20, 930), 0.970, (0.7115, 0.0506), (0.9400, 0.0108), (0.9665, 0.0062), 0.727, 0.984),
    ((5, 10, 15, 970), 0.975, (0.2733, 0.1064), (0.9500, 0.0099), (0.9741, 0.0052), 0.286, 0.987),
    ((118, 5, 2, 0), 0.944, (-0.0234, 0.0143), (0.8880, 0.0413), (0.9408, 0.0229), 0.971, 0.000),
]


@pytest.mark.parametrize(("counted", "raw", "k", "p", "g", "pos", "neg"), TABLE)
def test_the_table_of_three_reviews(
    counted: tuple[int, int, int, int],
    raw: float,
    k: tuple[float, float],
    p: tuple[float, float],
    g: tuple[float, float],
    pos: float,
    neg: float,
) -> None:
    found = agreement(Cells(*counted))
    assert found.observed == pytest.approx(raw, abs=5e-4)  # printed to three decimals
    for estimate, printed in ((found.kappa, k), (found.pabak, p), (found.ac1, g)):
        assert (estimate.value, estimate.se) == pytest.approx(printed, abs=5.1e-5)  # printed to four decimals
    assert (found.positive, found.negative) == pytest.approx((pos, neg), abs=5e-4)


@given(cells)
def test_kappa_follows_from_pabak_prevalence_and_bias(found: Cells) -> None:
    k, p = kappa(found), pabak(found)
    assume(k is not None and p is not None)
    assert k is not None
    assert p is not None
    prevalence = (found.both_include - found.both_exclude) / found.n
    bias = (found.first_only - found.second_only) / found.n
    spread = 1 - prevalence**2 + bias**2
    assume(spread > 1e-9)
    assert k == pytest.approx((p - prevalence**2 + bias**2) / spread, abs=1e-6)


@given(cells)
def test_kappa_does_not_depend_on_who_is_first_or_which_verdict(found: Cells) -> None:
    turned = Cells(found.both_exclude, found.second_only, found.first_only, found.both_include)
    swapped = Cells(found.both_include, found.second_only, found.first_only, found.both_exclude)
    for coefficient in (kappa, ac1, observed):
        one = coefficient(found)
        assert coefficient(swapped) == pytest.approx(one) if one is not None else coefficient(swapped) is None
        assert coefficient(turned) == pytest.approx(one) if one is not None else coefficient(turned) is None
    assert positive(turned) == negative(found)


@given(cells)
def test_coefficients_stay_in_their_range(found: Cells) -> None:
    every = agreement(found)
    for estimate in (every.kappa, every.pabak, every.ac1):
        if estimate.value is not None:
            assert -1.0000001 <= estimate.value <= 1.0000001
        if estimate.lo is not None and estimate.hi is not None:
            assert -1 <= estimate.lo <= estimate.hi <= 1


def test_kappa_is_undefined_where_only_one_verdict_was_given() -> None:
    found = agreement(Cells(0, 0, 0, 25))
    assert found.kappa.value is None
    assert found.kappa.why == "undefined (one verdict only)"
    assert found.ac1.value == 1
    assert found.positive is None


def test_no_record_is_no_figure() -> None:
    found = agreement(Cells(0, 0, 0, 0))
    assert (found.n, found.observed, found.kappa.value, found.pabak.value, found.ac1.value) == (0, *[None] * 4)
    assert found.kappa.why == "no record with two blind decisions"


def test_one_record_has_no_interval() -> None:
    found = agreement(Cells(1, 0, 0, 0))
    assert (found.pabak.value, found.pabak.se) == (1, None)
