"""Pooling: invariances, the ends (k = 1, k = 2, equal effects, zero variance), and what it warns of."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.errors import SynthesisError
from review.synthesis import pooling
from review.synthesis.pooling import Pool, pool
from review.synthesis.sensitivity import leave_one_out

cells = st.lists(
    st.tuples(st.floats(-3, 3).map(lambda x: round(x, 4)), st.floats(0.02, 3).map(lambda x: round(x, 4))),
    min_size=2,
    max_size=9,
)
methods = st.sampled_from(["REML", "DL", "PM"])
CLOSE = 1e-9


def split(pairs: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def numbers(result: Pool) -> tuple[float, ...]:
    return (result.estimate, result.ci_lo, result.ci_hi, result.tau2)


def settled(result: Pool) -> bool:
    """Whether the likelihood has one clear maximum; of two equal ones, rounding may take either."""
    return pooling.MULTIMODAL not in result.warnings


@settings(max_examples=60, deadline=None)
@given(cells, methods, st.randoms())
def test_the_order_of_the_studies_does_not_matter(pairs, method, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(pairs)
    random.shuffle(shuffled)
    (y, v), (y2, v2) = split(pairs), split(shuffled)
    one, other = pool(y, variance=v, tau2=method), pool(y2, variance=v2, tau2=method)
    if settled(one):
        assert numbers(one) == pytest.approx(numbers(other), abs=CLOSE)


@settings(max_examples=60, deadline=None)
@given(cells, methods, st.floats(-50, 50))
def test_a_shift_of_all_effects_shifts_the_pool(pairs, method, shift) -> None:  # type: ignore[no-untyped-def]
    y, v = split(pairs)
    one, other = pool(y, variance=v, tau2=method), pool([e + shift for e in y], variance=v, tau2=method)
    if settled(one):
        # adding 50 costs two of sixteen digits
        assert other.estimate == pytest.approx(one.estimate + shift, abs=1e-8)
        assert other.tau2 == pytest.approx(one.tau2, abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(cells, methods)
def test_the_mirror_image_has_the_mirrored_pool(pairs, method) -> None:  # type: ignore[no-untyped-def]
    y, v = split(pairs)
    one, other = pool(y, variance=v, tau2=method), pool([-e for e in y], variance=v, tau2=method)
    if settled(one):
        assert (-other.estimate, -other.ci_hi, -other.ci_lo, other.tau2) == pytest.approx(numbers(one), abs=CLOSE)


@settings(max_examples=60, deadline=None)
@given(cells, methods, st.sampled_from([0.001, 0.1, 10.0, 100.0, 1e5]))
def test_the_units_do_not_matter(pairs, method, times) -> None:  # type: ignore[no-untyped-def]
    y, v = split(pairs)
    one = pool(y, variance=v, tau2=method)
    other = pool([times * e for e in y], variance=[times**2 * w for w in v], tau2=method)
    if settled(one):
        assert other.estimate / times == pytest.approx(one.estimate, abs=CLOSE)
        assert other.tau2 / times**2 == pytest.approx(one.tau2, abs=CLOSE)


def test_one_effect_is_never_pooled() -> None:
    with pytest.raises(SynthesisError, match="1 effect cannot be pooled"):
        pool([0.5], variance=[0.1])


def test_two_effects_are_pooled_with_a_warning_and_without_a_prediction_interval() -> None:
    result = pool([0.1, 0.6], variance=[0.1, 0.2])
    assert pooling.TWO_STUDIES in result.warnings
    assert (result.pi_lo, result.pi_hi, result.pi_method) == (None, None, None)


def test_two_effects_by_the_normal_distribution_are_not_said_to_have_one_degree_of_freedom() -> None:
    result = pool([0.1, 0.6], variance=[0.1, 0.2], ci="z")
    assert pooling.TWO_STUDIES not in result.warnings
    assert any(text.startswith("two studies") for text in result.warnings)


@pytest.mark.parametrize("y", [[0.3, 0.1 + 0.2, 0.3], [0.3, 0.3001, 0.2999]])
def test_almost_equal_effects_are_warned_of_like_equal_ones(y: list[float]) -> None:
    result = pool(y, variance=[0.1, 0.2, 0.3])
    assert pooling.EQUAL in result.warnings
    assert result.p is None
    assert pooling.EQUAL not in pool(y, variance=[0.1, 0.2, 0.3], ci="z").warnings


def test_three_effects_have_a_prediction_interval_by_t_with_one_degree_of_freedom() -> None:
    result = pool([0.1, 0.6, 1.4], variance=[0.1, 0.2, 0.1])
    half = 12.7062047361747 * math.sqrt(result.tau2 + result.wald_se**2)
    assert result.pi_lo == pytest.approx(result.estimate - half, rel=1e-12)
    assert result.pi_method == "t_k-2"


def test_equal_effects_have_no_heterogeneity_and_say_that_their_interval_is_of_no_use() -> None:
    result = pool([0.3, 0.3, 0.3], variance=[0.1, 0.2, 0.3])
    assert (result.tau2, result.heterogeneity.q, result.heterogeneity.i2) == (0.0, 0.0, 0.0)
    assert result.estimate == pytest.approx(0.3)
    assert (result.se, result.p) == (0.0, None)
    assert {pooling.EQUAL, pooling.NARROWER} <= set(result.warnings)


def test_a_narrow_hartung_knapp_interval_is_said_to_be_narrower_than_the_common_effect() -> None:
    result = pool([0.30, 0.31, 0.29, 0.30], variance=[0.1, 0.2, 0.3, 0.1])
    assert result.ci_hi - result.ci_lo < result.common_hi - result.common_lo
    assert pooling.NARROWER in result.warnings


def test_the_ad_hoc_interval_is_never_narrower_than_wald() -> None:
    y, v = [0.30, 0.31, 0.29, 0.30], [0.1, 0.2, 0.3, 0.1]
    assert pool(y, variance=v, ci="adhoc").se == pool(y, variance=v, ci="z").se


def test_standard_errors_and_variances_go_by_name_and_give_the_same() -> None:
    assert pool([1.0, 2.0], se=[0.5, 2.0]) == pool([1.0, 2.0], variance=[0.25, 4.0])
    with pytest.raises(SynthesisError, match="not both"):
        pool([1.0, 2.0])
    with pytest.raises(SynthesisError, match="not both"):
        pool([1.0, 2.0], se=[1.0, 1.0], variance=[1.0, 1.0])


@pytest.mark.parametrize(
    ("y", "v", "words"),
    [
        ([1.0, math.nan], [1.0, 1.0], "b: the effect is nan"),
        ([1.0, math.inf], [1.0, 1.0], "b: the effect is inf"),
        ([1.0, 2.0], [0.0, 1.0], "a: the variance is 0"),
        ([1.0, 2.0], [1.0, -1.0], "b: the variance is -1"),
        ([1.0, 2.0], [1.0, math.nan], "b: the variance is nan"),
        ([1.0, 2.0], [1.0], "2 effects came with 1 variances"),
    ],
)
def test_what_cannot_be_pooled_is_named(y: list[float], v: list[float], words: str) -> None:
    with pytest.raises(SynthesisError, match=words):
        pool(y, variance=v, names=["a", "b"])


@pytest.mark.parametrize(("how", "allowed"), [("tau2", "REML"), ("ci", "HKSJ"), ("prediction", "t_k-2")])
def test_an_unknown_method_names_the_allowed_ones(how: str, allowed: str) -> None:
    with pytest.raises(SynthesisError, match=allowed):
        pool([1.0, 2.0], variance=[1.0, 1.0], **{how: "bayes"})  # type: ignore[arg-type]


def test_leaving_one_out_needs_three() -> None:
    assert leave_one_out([1.0, 2.0], variance=[1.0, 1.0], names=["a", "b"]) == []
    rows = leave_one_out([1.0, 2.0, 9.0], variance=[1.0, 1.0, 1.0], names=["a", "b", "c"])
    assert [row.name for row in rows] == ["a", "b", "c"]
    assert rows[2].estimate == pytest.approx(1.5)
