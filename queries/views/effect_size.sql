-- name: effect_size
-- purpose: the effect of each study in each cell, pooled or with the reason why it is not
create view v1.effect_size as
with the_notice as materialized (select * from v1.study_notice),
told as (
  select study_id, list(words order by retracts desc, kind, pmid, notice_pmid) as notices
  from the_notice
  group by study_id
), retracted as (
  select distinct e.effect_id
  from the_notice n
  join synthesis.effect_size e on e.study_id = n.study_id and list_has_any(e.row_ids, n.row_ids)
  where n.retracts
)
select
  e.effect_id, e.cell_id, e.study_id,
  e.condition_id, e.cell_source_id, e.comparator, e.outcome_id, e.time_window,
  e.arms_a, e.arms_b, e.instrument, e.month, e.value_kind,
  e.measure, e.yi, e.vi, sqrt(e.vi) as se, e.ci_lo, e.ci_hi,
  case when e.measure = 'RR' then exp(e.yi) else e.yi end as effect,
  case when e.measure = 'RR' then exp(e.ci_lo) else e.ci_lo end as effect_lo,
  case when e.measure = 'RR' then exp(e.ci_hi) else e.ci_hi end as effect_hi,
  e.n_a, e.n_b, e.mean_a, e.sd_a, e.mean_b, e.sd_b, e.events_a, e.events_b,
  e.events_a / e.n_a - e.events_b / e.n_b as risk_difference,
  e.formula, e.level, e.randomised, e.unit, e.flags, e.pooled, e.not_pooled_because, e.row_ids,
  e.effect_id in (select effect_id from retracted) as retracted, coalesce(t.notices, []::varchar[]) as notices
from synthesis.effect_size e
left join told t using (study_id);

comment on view v1.effect_size is 'One row for each study in each cell: its effect, the formulas used, and whether it is pooled or why not.';
comment on column v1.effect_size.effect_id is 'Cell, study and arms compared; the key.';
comment on column v1.effect_size.cell_id is 'condition/cell_source/comparator/outcome/window.';
comment on column v1.effect_size.study_id is 'The study.';
comment on column v1.effect_size.condition_id is 'Condition of the study (vocabulary id).';
comment on column v1.effect_size.cell_source_id is 'Cell source of the intervention arms (vocabulary id).';
comment on column v1.effect_size.comparator is 'Comparator class of the protocol.';
comment on column v1.effect_size.outcome_id is 'Outcome (vocabulary id).';
comment on column v1.effect_size.time_window is 'Follow-up window of the protocol.';
comment on column v1.effect_size.arms_a is 'Intervention arms used, combined when several.';
comment on column v1.effect_size.arms_b is 'Comparator arms used, combined when several.';
comment on column v1.effect_size.instrument is 'Instrument or definition as it stands in the extracted rows.';
comment on column v1.effect_size.month is 'Month of follow-up of the figures used.';
comment on column v1.effect_size.value_kind is 'final, change, events, or none where no figures were chosen.';
comment on column v1.effect_size.measure is 'MD, SMD, RR or RD, as the protocol says for the outcome.';
comment on column v1.effect_size.yi is 'The effect as it is pooled: MD in points of the protocol scale, SMD as Hedges g, RR as its natural log. MD and SMD below 0 favour the intervention.';
comment on column v1.effect_size.vi is 'Sampling variance of yi.';
comment on column v1.effect_size.se is 'Standard error of yi.';
comment on column v1.effect_size.ci_lo is 'Lower 95 % limit of yi, by the normal distribution.';
comment on column v1.effect_size.ci_hi is 'Upper 95 % limit of yi, by the normal distribution.';
comment on column v1.effect_size.effect is 'The effect for display: yi, and the ratio itself for RR.';
comment on column v1.effect_size.effect_lo is 'Lower 95 % limit for display.';
comment on column v1.effect_size.effect_hi is 'Upper 95 % limit for display.';
comment on column v1.effect_size.n_a is 'Participants of the intervention arms.';
comment on column v1.effect_size.n_b is 'Participants of the comparator arms.';
comment on column v1.effect_size.mean_a is 'Mean of the intervention arms, in the units of the instrument.';
comment on column v1.effect_size.sd_a is 'SD of the intervention arms, in the units of the instrument.';
comment on column v1.effect_size.mean_b is 'Mean of the comparator arms, in the units of the instrument.';
comment on column v1.effect_size.sd_b is 'SD of the comparator arms, in the units of the instrument.';
comment on column v1.effect_size.events_a is 'Participants with the event in the intervention arms.';
comment on column v1.effect_size.events_b is 'Participants with the event in the comparator arms.';
comment on column v1.effect_size.risk_difference is 'Risk in a minus risk in b, beside a risk ratio.';
comment on column v1.effect_size.formula is 'Ids of the formulas used, in order (docs/methods/conversions.md).';
comment on column v1.effect_size.level is 'secondary when any figure or n was read in a review or in news instead of the trial''s own report.';
comment on column v1.effect_size.randomised is 'Whether chance assigned the participants.';
comment on column v1.effect_size.unit is 'What was counted: patient, or a joint.';
comment on column v1.effect_size.flags is 'What to look at: arms_combined, change_values, large_effect, imputed, add_on:hyaluronic acid, remarked:label, unit:knee ...';
comment on column v1.effect_size.pooled is 'Whether it goes into the pool of all figures of its cell.';
comment on column v1.effect_size.not_pooled_because is 'Why not, in plain words.';
comment on column v1.effect_size.row_ids is 'The extracted rows used: file and line.';
comment on column v1.effect_size.retracted is 'A figure of it was read from a retracted report, or a primary report of its study was retracted.';
comment on column v1.effect_size.notices is 'What PubMed says of the reports of its study.';
