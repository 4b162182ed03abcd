"""From rows to effects: which figures count in a cell, and the plain words for those that do not."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from review.errors import IncomparableMeasures, SharedControl
from review.project import ComparatorClass, OutcomePlan, SynthesisPlan, Window
from review.synthesis.effects import effects_of_study
from review.synthesis.figures import Arm, EffectRow, Row, Study
from review.synthesis.pooling import NARROWER
from review.synthesis.pools import ARM_SLIP, LARGE, SCALE_SLIP, pool_cells
from review.terms import ComparatorType, EffectMeasure

PLAN = SynthesisPlan(
    windows=(Window("early", "early", 0.2, 3.0), Window("late", "late", 3.0, None)),
    comparators=(
        ComparatorClass("placebo", "placebo", (ComparatorType.SALINE, ComparatorType.SHAM)),
        ComparatorClass("steroid", "steroid", (ComparatorType.CORTICOSTEROID,)),
    ),
    outcomes=(
        OutcomePlan("pain", EffectMeasure.MD, (0.0, 100.0), ("vas", "womac")),
        OutcomePlan("function", EffectMeasure.SMD, None, ("odi",)),
        OutcomePlan("responder", EffectMeasure.RR, None, ("half",)),
    ),
    tau2="REML",
    interval="HKSJ",
    prediction="t_k-2",
    correlation=0.5,
    shared_control="combine",
    designs=("randomised",),
)
CELLS = Arm("cells", "intervention", "bm_msc", None, 20)
SALINE = Arm("saline", "comparator", None, "saline", 20)


def row(arm_id: str, **given: object) -> Row:
    plain: dict[str, object] = {
        "row_id": f"{arm_id}:{sorted(given.items(), key=str)}",
        "kind": "continuous",
        "outcome_id": "pain",
        "month": 6.0,
        "arm_id": arm_id,
        "instrument": "VAS",
        "family": "vas",
        "scale_min": 0.0,
        "scale_max": 10.0,
        "n": 20,
        "center": 3.0 if arm_id == "cells" else 5.0,
        "center_kind": "mean",
        "spread_lo": 2.0,
        "spread_kind": "sd",
    }
    return Row(**(plain | given))  # type: ignore[arg-type]


def study(*rows: Row, arms: tuple[Arm, ...] = (CELLS, SALINE), **given: object) -> Study:
    plain: dict[str, object] = {"study_id": "one", "condition_id": "knee_oa", "design": "rct_parallel"}
    return Study(**(plain | given), arms=arms, rows=rows)  # type: ignore[arg-type]


def both(**given: object) -> tuple[Row, Row]:
    return row("cells", **given), row("saline", **given)


def only(made: Study) -> EffectRow:
    effects = effects_of_study(made, PLAN)
    assert len(effects) == 1
    return effects[0]


def test_points_on_0_to_10_become_points_on_0_to_100() -> None:
    effect = only(study(*both()))
    assert effect.cell_id == "knee_oa/bm_msc/placebo/pain/late"
    assert effect.yi == pytest.approx(-20.0)
    assert effect.vi == pytest.approx(100 * (4 / 20 + 4 / 20))
    assert (effect.mean_a, effect.sd_a) == (3.0, 2.0)
    assert effect.formulas == ("md@handbook-6.5.1.1", "rescale@linear")
    assert effect.effect_id == "knee_oa/bm_msc/placebo/pain/late#one#cells_vs_saline"
    assert effect.pooled


def test_a_scale_on_which_higher_is_better_is_turned() -> None:
    effect = only(study(*both(better="higher", scale_max=100.0)))
    assert effect.yi == pytest.approx(2.0)
    assert "reverse@linear" in effect.formulas


def test_improvement_printed_positive_favours_the_arm_that_improved_more() -> None:
    """A reduction of 5.1 against 4.1 points, with `better` = higher on that row."""
    a, b = (
        row("cells", measure="change", better="higher", center=5.1),
        row("saline", measure="change", better="higher", center=4.1),
    )
    effect = only(study(a, b))
    assert effect.yi == pytest.approx(-10.0)
    assert "change_values" in effect.flags


def test_the_first_family_of_the_hierarchy_and_the_latest_time_count() -> None:
    rows = (
        *both(month=6.0),
        *both(month=12.0, center=1.0),
        *both(month=24.0, instrument="WOMAC pain", family="womac"),
    )
    effect = only(study(*rows))
    assert (effect.instrument, effect.month) == ("VAS", 12.0)


def test_the_next_choice_counts_when_the_first_has_no_sd_and_a_flag_says_so() -> None:
    rows = (
        *both(spread_lo=None, spread_kind="none"),
        *both(instrument="WOMAC pain", family="womac", scale_max=20.0),
    )
    effect = only(study(*rows))
    assert effect.instrument == "WOMAC pain"
    assert "not_first_choice: no SD printed" in effect.flags


def test_final_values_go_before_changes_at_the_same_time() -> None:
    effect = only(study(*both(measure="change", center=-1.0), *both()))
    assert effect.value_kind == "final"


def test_several_dose_arms_are_combined_and_the_control_counts_once() -> None:
    arms = (replace(CELLS, arm_id="low"), replace(CELLS, arm_id="high"), SALINE)
    effect = only(study(row("low", center=3.0), row("high", center=4.0), row("saline", center=5.0), arms=arms))
    assert (effect.n_a, effect.n_b) == (40, 20)
    assert effect.arms_a == ("low", "high")
    assert "combine_arms@handbook-6.5.2.10" in effect.formulas
    assert effect.yi == pytest.approx(-15.0)


def test_an_arm_that_combines_others_replaces_them() -> None:
    arms = (
        replace(CELLS, arm_id="low"),
        replace(CELLS, arm_id="high"),
        replace(CELLS, arm_id="all_cells", combines=("low", "high")),
        SALINE,
    )
    rows = (row("low"), row("high"), row("all_cells", center=2.5, n=40), row("saline", center=5.0))
    effect = only(study(*rows, arms=arms))
    assert (effect.arms_a, effect.n_a) == (("all_cells",), 40)


def test_the_parts_count_when_the_combined_arm_has_no_sd() -> None:
    arms = (
        replace(CELLS, arm_id="low"),
        replace(CELLS, arm_id="high"),
        replace(CELLS, arm_id="all_cells", combines=("low", "high")),
        SALINE,
    )
    rows = (row("low"), row("high"), row("all_cells", spread_kind="none", spread_lo=None), row("saline"))
    assert only(study(*rows, arms=arms)).arms_a == ("low", "high")


def test_two_comparators_of_different_classes_are_two_cells() -> None:
    steroid = Arm("steroid", "comparator", None, "corticosteroid", 20)
    effects = effects_of_study(study(*both(), row("steroid"), arms=(CELLS, SALINE, steroid)), PLAN)
    assert sorted(effect.comparator for effect in effects) == ["placebo", "steroid"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"n": None}, "n at follow-up not printed"),
        ({"spread_kind": "none", "spread_lo": None}, "no SD printed"),
        ({"center": None}, "no mean or median printed"),
        ({"measure": "percent_change"}, "percent change is not a score on the scale"),
        ({"scale_max": None}, "scale limits not known, so no points on the protocol's scale"),
        ({"family": "odd", "instrument": "ODD"}, "instrument not in the protocol's hierarchy"),
        ({"spread_kind": "range", "spread_hi": 9.0}, "mean with a range only: no SD can be derived"),
        ({"center_kind": "median"}, "median without quartiles or range"),
        ({"spread_lo": 0.0}, "pooled SD is 0; it must be above 0"),
        ({"n": 1}, "n = 1: an arm needs two or more participants"),
        ({"do_not_pool": "the interval excludes its estimate"}, "the interval excludes its estimate"),
    ],
)
def test_what_is_missing_is_said_in_plain_words(given: dict[str, object], reason: str) -> None:
    effect = only(study(*both(**given)))
    assert not effect.pooled
    assert effect.not_pooled_because == reason


def test_no_n_at_all_is_told_from_n_randomised_alone() -> None:
    arms = (replace(CELLS, n_randomised=None), replace(SALINE, n_randomised=None))
    assert only(study(*both(n=None), arms=arms)).not_pooled_because == "n per arm not printed"
    assert only(study(*both(n=None))).not_pooled_because == "n at follow-up not printed"


def test_an_unskewed_median_is_converted_and_a_skewed_one_is_not() -> None:
    quartiles = {"center_kind": "median", "spread_kind": "iqr_bounds", "spread_lo": 2.0, "spread_hi": 6.0}
    plain = only(study(*both(center=4.0, **quartiles)))
    skewed = only(study(*both(center=2.1, **quartiles)))
    assert plain.pooled
    assert "mean_sd_from_quartiles@luo-2018+wan-2014" in plain.formulas
    assert skewed.not_pooled_because == "median of skewed values (skew test), not converted to a mean"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"design": "nrsi_controlled"}, "not randomised"),
        ({"design": "unclear"}, "design not clear: randomisation not stated"),
        ({"unit": "knee"}, "per-joint or within-person unit"),
        ({"design": "rct_within_person"}, "per-joint or within-person unit"),
        ({"design": "rct_cluster"}, "cluster-randomised: needs a design effect"),
        ({"design": "rct_crossover"}, "crossover: the end of the parallel phase is not known"),
        ({"randomised_until_month": 3.0}, "after the randomised phase ended (month 3)"),
        ({"do_not_pool": "retracted"}, "retracted"),
    ],
)
def test_studies_that_are_shown_and_not_pooled(given: dict[str, object], reason: str) -> None:
    effect = only(study(*both(), **given))
    assert effect.not_pooled_because == reason
    assert effect.yi is not None


def test_knees_are_flagged() -> None:
    assert "unit:knee" in only(study(*both(), unit="knee")).flags


def test_figures_before_the_crossover_are_pooled() -> None:
    effects = effects_of_study(study(*both(month=2.76), *both(month=6.0), randomised_until_month=2.76), PLAN)
    assert {effect.time_window: effect.pooled for effect in effects} == {"early": True, "late": False}


def test_changes_never_enter_a_standardised_difference() -> None:
    given = {"outcome_id": "function", "instrument": "ODI", "family": "odi", "scale_max": 100.0}
    assert only(study(*both(**given))).pooled
    change = only(study(*both(measure="change", **given)))
    assert change.not_pooled_because == "changes only: a standardised difference uses final values"


def test_a_pool_that_would_mix_them_is_refused() -> None:
    given = {"outcome_id": "function", "instrument": "ODI", "family": "odi", "scale_max": 100.0}
    one = only(study(*both(**given)))
    other = replace(one, study_id="two", value_kind="change")
    with pytest.raises(IncomparableMeasures, match="change and final"):
        pool_cells([one, other], PLAN, studies=[study(*both()), study(*both(), study_id="two")])


def test_an_arm_that_would_count_twice_is_refused() -> None:
    one = only(study(*both()))
    twice = replace(one, arms_a=("other",))
    with pytest.raises(SharedControl, match="'saline' of one would count twice"):
        pool_cells([one, twice], PLAN, studies=[study(*both())])


def test_an_arm_inside_a_combined_one_would_count_twice_as_well() -> None:
    arms = (CELLS, replace(CELLS, arm_id="all_cells", combines=("cells",)), SALINE)
    made = replace(only(study(*both())), arms_a=("cells", "all_cells"))
    with pytest.raises(SharedControl, match="'cells' of one"):
        pool_cells([made], PLAN, studies=[study(*both(), arms=arms)])


def test_overlapping_studies_count_once() -> None:
    small = study(*both(), study_id="small")
    large = study(*both(n=60), study_id="large", overlap_with=("small",))
    effects = [effect for each in (small, large) for effect in effects_of_study(each, PLAN)]
    done = pool_cells(effects, PLAN, studies=[small, large])
    reasons = {effect.study_id: effect.not_pooled_because for effect in done.effects}
    assert reasons == {"large": None, "small": "participants may overlap with large"}


def test_a_study_does_not_lose_to_one_that_is_itself_dropped() -> None:
    """Large and middle share people, middle and small do: middle goes, and small has nobody left to share with."""
    small = study(*both(n=10), study_id="a_small")
    middle = study(*both(n=30), study_id="b_middle", overlap_with=("a_small", "c_large"))
    large = study(*both(n=60), study_id="c_large")
    effects = [effect for each in (small, middle, large) for effect in effects_of_study(each, PLAN)]
    done = pool_cells(effects, PLAN, studies=[small, middle, large])
    assert {effect.study_id for effect in done.effects if effect.pooled} == {"a_small", "c_large"}


def test_overlap_is_settled_for_primary_figures_by_themselves() -> None:
    """The larger report is a review's table: among primary figures the smaller stands."""
    small = study(*both(), study_id="small")
    large = study(*both(n=60, level="secondary"), study_id="large", overlap_with=("small",))
    effects = [effect for each in (small, large) for effect in effects_of_study(each, PLAN)]
    done = pool_cells(effects, PLAN, studies=[small, large])
    used = {row_["subset"]: [name.split("#")[1] for name in row_["effect_ids"]] for row_ in done.pooled}
    assert used == {"all": ["large"], "primary": ["small"]}


def test_two_arms_without_events_carry_information_on_a_difference_of_risks() -> None:
    plan = replace(PLAN, outcomes=(OutcomePlan("responder", EffectMeasure.RD, None, ("half",)),))
    given = {"kind": "binary", "outcome_id": "responder", "instrument": "half", "family": "half", "center": None}
    effect = effects_of_study(study(*both(events=0, **given)), plan)[0]
    assert effect.pooled
    assert effect.yi == pytest.approx(0.0)
    # half an event added to each cell: 2 * 0.5 * 20.5 / 21**3
    assert effect.vi == pytest.approx(20.5 / 9261)


HA = Arm("ha", "comparator", None, "hyaluronic_acid", 20)


@pytest.mark.parametrize(
    ("beside", "control", "what"),
    [
        ("hyaluronic acid", replace(SALINE, co_intervention="Hyaluronan"), "hyaluronic acid"),
        ("eccentric exercise", replace(SALINE, co_intervention="exercise at home"), None),
        ("carpal tunnel release", replace(SALINE, co_intervention="surgery"), None),
        ("laser", replace(SALINE, co_intervention="laser"), "laser"),
        ("hyaluronic acid", HA, "hyaluronic acid"),
        ("hyaluronic acid", SALINE, None),
        (None, HA, None),
        ("exercise", replace(SALINE, comparator_type="usual_care", co_intervention="exercise"), None),
        ("usual care", replace(SALINE, comparator_type="usual_care"), None),
    ],
)
def test_product_on_top_of_a_treatment_of_both_arms_is_an_add_on(
    beside: str | None, control: Arm, what: str | None
) -> None:
    plan = replace(
        PLAN,
        comparators=(
            *PLAN.comparators,
            ComparatorClass("ha", "hyaluronic acid", (ComparatorType.HYALURONIC_ACID,)),
            ComparatorClass("usual", "usual care", (ComparatorType.USUAL_CARE, ComparatorType.EXERCISE)),
        ),
    )
    arms = (replace(CELLS, co_intervention=beside), replace(control, arm_id="saline"))
    effect = effects_of_study(study(*both(), arms=arms), plan)[0]
    assert effect.yi is not None
    if what is None:
        assert effect.pooled
        return
    assert effect.not_pooled_because == f"both arms also had {what}: an add-on comparison"
    assert f"add_on:{what}" in effect.flags


def test_imputed_figures_and_open_remarks_flag_their_effect() -> None:
    arms = (replace(CELLS, remarks=("label",)), SALINE, replace(SALINE, arm_id="other", remarks=("unit",)))
    rows = (row("cells", imputed=True), row("saline", remarks=("n",)))
    effect = only(study(*rows, arms=arms, remarks=("contradiction",)))
    assert {"imputed", "remarked:contradiction", "remarked:label", "remarked:n"} <= set(effect.flags)
    assert "remarked:unit" not in effect.flags
    assert effect.pooled


def test_the_pool_counts_the_studies_with_open_remarks() -> None:
    one, two = study(*both(), study_id="one"), study(*both(), study_id="two", remarks=("label",))
    assert "open remarks on the figures of 1 of 2 studies: review explain" in warnings_of(one, two)
    assert "open remarks on the figures of 1 of 1 study: review explain" in warnings_of(two)
    assert not any("open remarks" in text for text in warnings_of(one))


def test_a_narrow_interval_names_the_limits_of_the_wider_one() -> None:
    """Two studies of one result: -20.0 with a variance of 40 each, so -20 ± 1.96 * sqrt(20)."""
    texts = warnings_of(study(*both(), study_id="one"), study(*both(), study_id="two"))
    assert f"{NARROWER}: −28.8 to −11.2" in texts


def test_a_narrow_interval_of_ratios_names_ratios() -> None:
    given = {"kind": "binary", "outcome_id": "responder", "instrument": "half", "family": "half", "center": None}
    rows = (row("cells", events=12, **given), row("saline", events=6, **given))
    texts = warnings_of(study(*rows, study_id="one"), study(*rows, study_id="two"))
    # log RR 0.693 ± 1.96 * sqrt((1/12 - 1/20 + 1/6 - 1/20) / 2)
    assert f"{NARROWER}: 1.17 to 3.42" in texts


def test_a_prediction_interval_beyond_the_scale_is_warned_of() -> None:
    def at(mean: float, name: str) -> Study:
        return study(row("cells", center=mean), row("saline", center=5.0), study_id=name)

    far = "the prediction interval reaches beyond the largest difference that the scale allows (100)"
    assert far in warnings_of(at(1.0, "a"), at(5.0, "b"), at(9.0, "c"))
    assert far not in warnings_of(at(4.6, "a"), at(4.9, "b"), at(4.8, "c"))


def test_a_single_study_keeps_the_warnings_about_its_figures() -> None:
    large = study(row("cells", spread_lo=0.4), row("saline", spread_lo=0.4))
    slipped = study(row("cells", spread_lo=0.2), row("saline", spread_lo=2.0))
    assert LARGE in warnings_of(large)
    assert ARM_SLIP in warnings_of(slipped)


def test_risk_ratios_from_events_and_from_percentages() -> None:
    given = {
        "kind": "binary",
        "outcome_id": "responder",
        "instrument": "half",
        "family": "half",
        "center": None,
    }
    effect = only(study(row("cells", events=12, **given), row("saline", pct_printed=30.0, as_printed="30.0%", **given)))
    assert (effect.events_a, effect.events_b) == (12, 6)
    assert effect.yi == pytest.approx(math.log(2.0))
    assert "events_from_percent@print-rounding" in effect.formulas
    assert effect.value_kind == "events"


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ({"events": 0}, "no events in either arm: no information on a ratio"),
        (
            {"pct_printed": 33.0, "as_printed": "33 %", "n": 300},
            "the printed percentage fits no single count of participants",
        ),
        ({"n": None, "events": 3}, "n at follow-up not printed"),
        ({}, "no events and no percentage printed"),
    ],
)
def test_counts_that_cannot_be_used(events: dict[str, object], reason: str) -> None:
    given = {
        "kind": "binary",
        "outcome_id": "responder",
        "instrument": "half",
        "family": "half",
        "center": None,
    }
    assert only(study(*both(**(given | events)))).not_pooled_because == reason


def contrast(**given: object) -> Row:
    plain: dict[str, object] = {
        "kind": "contrast",
        "arm_b": "saline",
        "center": None,
        "contrast_kind": "MD",
        "est": -0.4,
        "lo": -0.9,
        "hi": 0.2,
        "adjusted": True,
        "measure": "change",
    }
    return row("cells", **(plain | given))


def test_an_adjusted_contrast_is_used_where_no_arm_has_an_sd() -> None:
    effect = only(study(contrast()))
    assert effect.yi == pytest.approx(-4.0)
    # t with 20 + 20 - 2 degrees of freedom
    assert effect.vi == pytest.approx((10 * 1.1 / (2 * 2.024394164)) ** 2)
    assert effect.formulas[0] == "se_from_ci_t@handbook-6.5.2.3"
    assert {"generic_inverse_variance", "adjusted"} <= set(effect.flags)
    assert (effect.n_a, effect.n_b) == (20, 20)


def test_a_contrast_without_n_is_read_by_the_normal_distribution() -> None:
    arms = (replace(CELLS, n_randomised=None), SALINE)
    effect = only(study(contrast(), arms=arms))
    assert effect.vi == pytest.approx((10 * 1.1 / (2 * 1.959963984540054)) ** 2)
    assert effect.formulas[0] == "se_from_ci@handbook-6.3.1"
    assert "n not printed for 1 of 1 study: there are more participants than counted" in warnings_of(
        study(contrast(), arms=arms)
    )


def test_arm_level_figures_go_before_a_contrast() -> None:
    effect = only(study(*both(), contrast()))
    assert "generic_inverse_variance" not in effect.flags


def test_a_contrast_the_other_way_round_is_turned() -> None:
    turned = replace(contrast(est=14.4, lo=3.2, hi=25.6, scale_max=100.0), arm_id="saline", arm_b="cells")
    assert only(study(turned)).yi == pytest.approx(-14.4)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"est": -3.13, "lo": -3.96, "hi": -3.29}, "the printed estimate lies outside its own interval"),
        ({"lo": None}, "contrast without a confidence interval"),
        ({"contrast_kind": "OR"}, "OR printed where the protocol pools MD"),
        ({"scale_max": None}, "scale limits not known, so no points on the protocol's scale"),
    ],
)
def test_contrasts_that_cannot_be_used(given: dict[str, object], reason: str) -> None:
    assert only(study(contrast(**given))).not_pooled_because == reason


def test_a_contrast_in_points_cannot_be_standardised() -> None:
    given = {"outcome_id": "function", "instrument": "ODI", "family": "odi"}
    effect = only(study(contrast(**given)))
    assert effect.not_pooled_because == "a difference in scale points without an SD cannot be standardised"


def test_two_contrasts_that_share_their_control_are_not_joined() -> None:
    arms = (CELLS, replace(CELLS, arm_id="low"), SALINE)
    effect = only(study(contrast(), replace(contrast(), arm_id="low", row_id="low"), arms=arms))
    assert effect.not_pooled_because is not None
    assert "share an arm" in effect.not_pooled_because


def test_a_secondary_figure_makes_the_effect_secondary_and_leaves_the_primary_subset() -> None:
    one = study(row("cells"), row("saline", level="secondary"), study_id="one")
    two = study(*both(), study_id="two")
    effects = [effect for each in (one, two) for effect in effects_of_study(each, PLAN)]
    pooled = pool_cells(effects, PLAN, studies=[one, two]).pooled
    assert {row_["subset"]: row_["k"] for row_ in pooled} == {"all": 2, "primary": 1}


def test_the_primary_report_goes_before_a_reviews_table_of_it() -> None:
    again = row("cells", level="secondary", center=3.5, row_id="review")
    effect = only(study(again, *both()))
    assert (effect.mean_a, effect.level) == (3.0, "primary")


def test_two_different_figures_for_one_arm_are_not_chosen_between() -> None:
    effect = only(study(*both(), row("cells", center=3.5, row_id="again")))
    assert effect.not_pooled_because == "two different figures printed for arm cells at one time"


def test_figures_of_one_side_are_listed() -> None:
    assert only(study(row("cells"))).not_pooled_because == "figures for one side of the comparison only"


def test_baselines_and_figures_outside_all_windows_make_no_effect() -> None:
    assert effects_of_study(study(*both(measure="baseline"), *both(month=0.1)), PLAN) == []


def test_one_study_is_shown_with_its_own_interval_and_no_tau2() -> None:
    made = study(*both())
    pooled = pool_cells(effects_of_study(made, PLAN), PLAN, studies=[made]).pooled
    assert [(r["k"], r["tau2"], r["warnings"]) for r in pooled] == [(1, None, ["one study: not pooled"])] * 2
    assert pooled[0]["estimate"] == pytest.approx(-20.0)


def test_large_effects_and_means_near_the_floor_are_flagged_only() -> None:
    effect = only(
        study(
            *both(spread_lo=0.2),
        )
    )
    assert "large_effect" in effect.flags
    assert effect.pooled
    assert "mean_minus_2sd_below_scale" in only(study(*both())).flags


def test_a_dose_arm_without_figures_is_named() -> None:
    arms = (CELLS, replace(CELLS, arm_id="high"), SALINE)
    assert "arms_without_figures: high" in only(study(*both(), arms=arms)).flags


def test_a_remark_goes_before_every_other_reason() -> None:
    effect = only(study(*both(n=None, do_not_pool="the interval excludes its estimate")))
    assert effect.not_pooled_because == "the interval excludes its estimate"


def warnings_of(*studies: Study) -> list[str]:
    effects = [effect for each in studies for effect in effects_of_study(each, PLAN)]
    return list(pool_cells(effects, PLAN, studies=studies).pooled[0]["warnings"])


def test_an_sd_ten_times_too_small_is_warned_of_and_another_scale_is_not() -> None:
    one = study(*both(), study_id="one")
    other_scale = study(*both(scale_max=100.0, spread_lo=20.0), study_id="two")
    slipped = study(*both(spread_lo=0.2, center=5.0), study_id="two")
    assert SCALE_SLIP not in warnings_of(one, other_scale)
    assert SCALE_SLIP in warnings_of(one, slipped)


def test_sds_are_compared_between_studies_and_without_an_upper_bound() -> None:
    one = study(*both(), study_id="one")
    hundredfold = study(*both(spread_lo=0.02, center=5.0), study_id="two")
    uneven = study(row("cells", spread_lo=0.9, center=5.0), row("saline", spread_lo=7.0), study_id="two")
    assert SCALE_SLIP in warnings_of(one, hundredfold)
    assert {SCALE_SLIP, ARM_SLIP}.isdisjoint(warnings_of(one))
    # 7.8 times between its own arms, 1.3 times between the studies
    assert ARM_SLIP in warnings_of(one, uneven)
    assert SCALE_SLIP not in warnings_of(one, uneven)


def test_an_effect_beyond_two_sds_is_warned_of_in_its_pool() -> None:
    large = study(row("cells", spread_lo=0.4), row("saline", spread_lo=0.4), study_id="two")
    assert LARGE in warnings_of(study(*both(), study_id="one"), large)


def test_a_ratio_printed_as_a_difference_is_flagged() -> None:
    effect = only(study(contrast(est=2.94, lo=1.90, hi=4.56)))
    assert "looks_like_a_ratio" in effect.flags
