"""Which effects the pool without retracted studies uses, and that the other pools do not move."""

from __future__ import annotations

import pytest

from review.synthesis.effects import effects_of_study
from review.synthesis.figures import EffectRow, Study
from review.synthesis.pools import ALL_RETRACTED, NONE_POOLABLE, PooledCells, pool_cells
from tests.synthesis.test_effects import PLAN, both, study


def trials() -> dict[str, Study]:
    """Large shares people with small; other stands alone."""
    return {
        name: study(*both(n=n), study_id=name, overlap_with=partners)
        for name, n, partners in (("large", 60, ("small",)), ("small", 10, ()), ("other", 30, ()))
    }


def pools(*retracted: str) -> PooledCells:
    made = trials()
    effects = effects_of(made)
    ids = {effect.effect_id for effect in effects if effect.study_id in retracted}
    return pool_cells(effects, PLAN, studies=list(made.values()), retracted=ids)


def effects_of(made: dict[str, Study]) -> list[EffectRow]:
    return [effect for each in made.values() for effect in effects_of_study(each, PLAN)]


def members(done: PooledCells) -> dict[str, list[str]]:
    return {row["subset"]: [name.split("#")[1] for name in row["effect_ids"]] for row in done.pooled}


def test_without_a_retraction_there_is_no_third_pool() -> None:
    assert members(pools()) == {"all": ["large", "other"], "primary": ["large", "other"]}


def test_the_main_pools_do_not_move() -> None:
    before = pools().pooled
    after = [row for row in pools("large").pooled if row["subset"] != "not_retracted"]
    assert after == before


def test_the_smaller_partner_of_a_retracted_study_comes_in() -> None:
    assert members(pools("large"))["not_retracted"] == ["other", "small"]


def test_a_retracted_study_that_is_not_pooled_for_overlap_opens_no_third_pool() -> None:
    assert members(pools("small")) == members(pools())


def test_a_pool_of_which_no_effect_is_left_says_whether_any_trial_is() -> None:
    made = {"barred": study(*both(n=20), study_id="barred", do_not_pool="not trusted"), "other": trials()["other"]}
    effects = effects_of(made)
    ids = {effect.effect_id for effect in effects if effect.study_id == "other"}
    done = pool_cells(effects, PLAN, studies=list(made.values()), retracted=ids)
    left = next(row for row in done.pooled if row["subset"] == "not_retracted")
    assert (left["k"], left["warnings"]) == (0, [NONE_POOLABLE])


def test_one_left_is_an_effect_and_none_left_a_word() -> None:
    one = next(row for row in pools("large", "small").pooled if row["subset"] == "not_retracted")
    assert (one["k"], one["ci_method"], one["tau2"]) == (1, "z", None)
    assert one["estimate"] == pytest.approx(-20.0)
    none = next(row for row in pools("large", "small", "other").pooled if row["subset"] == "not_retracted")
    assert (none["k"], none["estimate"], none["effect_ids"], none["warnings"]) == (0, None, [], [ALL_RETRACTED])


def test_what_cannot_be_pooled_anyway_opens_no_third_pool() -> None:
    made = {"barred": study(*both(n=20), study_id="barred", do_not_pool="not trusted"), "other": trials()["other"]}
    effects = effects_of(made)
    ids = {effect.effect_id for effect in effects if effect.study_id == "barred"}
    done = pool_cells(effects, PLAN, studies=list(made.values()), retracted=ids)
    assert set(members(done)) == {"all", "primary"}


def test_each_study_is_left_out_in_turn_without_the_retracted_one_too() -> None:
    made = trials() | {name: study(*both(n=20), study_id=name) for name in ("third", "fourth")}
    effects = effects_of(made)
    ids = {effect.effect_id for effect in effects if effect.study_id == "large"}
    done = pool_cells(effects, PLAN, studies=list(made.values()), retracted=ids)
    left = {row["left_out"] for row in done.influence if row["subset"] == "not_retracted"}
    assert left == {"fourth", "other", "small", "third"}
