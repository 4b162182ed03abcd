-- name: pooled_effect
-- purpose: each cell's pooled effect, with all figures, with primary figures only, and without retracted studies
create view v1.pooled_effect as
with retracted as materialized (select effect_id, cell_id, study_id, pooled from v1.effect_size where retracted),
-- a sensitivity line that was computed while other studies were retracted holds a retracted effect, or lacks one that
-- no larger study of the line shares people with (the evidence table judges alike)
members as materialized (
  select e.cell_id, e.effect_id, e.study_id, s.overlap_with, (-coalesce(e.n_a, 0) - coalesce(e.n_b, 0), e.study_id) as rank,
    list_contains(p.effect_ids, e.effect_id) as inside, e.effect_id in (select effect_id from retracted) as retracted,
    e.pooled or coalesce(starts_with(e.not_pooled_because, 'participants may overlap'), false) as poolable
  from synthesis.pooled_effect p
  join synthesis.effect_size e on e.cell_id = p.cell_id
  left join extraction.study s on s.study_id = e.study_id
  where p.subset = 'not_retracted'
),
outdated as (
  select m.cell_id
  from members m
  left join members o on o.cell_id = m.cell_id and o.inside and o.rank < m.rank
    and (list_contains(m.overlap_with, o.study_id) or list_contains(o.overlap_with, m.study_id))
  where case when m.retracted then m.inside else m.poolable and not m.inside and o.cell_id is null end
)
select
  p.cell_id, p.subset, p.condition_id, p.cell_source_id, p.comparator, p.outcome_id, p.time_window, p.measure,
  p.k, p.participants,
  case when p.k = 0 then 'no poolable figures' when p.k = 1 then 'one study' else 'pooled' end as state,
  p.estimate, p.ci_lo, p.ci_hi, p.se, p.p, p.pi_lo, p.pi_hi, p.pi_method,
  case when p.measure = 'RR' then exp(p.estimate) else p.estimate end as effect,
  case when p.measure = 'RR' then exp(p.ci_lo) else p.ci_lo end as effect_lo,
  case when p.measure = 'RR' then exp(p.ci_hi) else p.ci_hi end as effect_hi,
  case when p.measure = 'RR' then exp(p.pi_lo) else p.pi_lo end as effect_pi_lo,
  case when p.measure = 'RR' then exp(p.pi_hi) else p.pi_hi end as effect_pi_hi,
  p.tau2, p.tau2_method, p.tau2_lo, p.tau2_hi, p.i2, p.i2_tau2, p.q, p.q_p, p.ci_method, p.common_lo, p.common_hi,
  p.warnings, p.effect_ids,
  coalesce((
    select list(distinct r.study_id order by r.study_id) from retracted r
    where r.cell_id = p.cell_id and list_contains(p.effect_ids, r.effect_id)), []::varchar[]) as retracted
from synthesis.pooled_effect p
-- a retraction that was taken back leaves nothing to compare
where p.subset <> 'not_retracted'
  or (p.cell_id in (select cell_id from retracted where pooled) and p.cell_id not in (select cell_id from outdated));

comment on view v1.pooled_effect is 'One row for each cell and subset that has an effect; k is the number of effects that could be pooled.';
comment on column v1.pooled_effect.cell_id is 'condition/cell_source/comparator/outcome/window.';
comment on column v1.pooled_effect.subset is 'all; primary: only effects whose figures and n stand in the trial''s own report; not_retracted: only effects without a retracted figure, in cells that pool one; not there until it is computed for the retractions of today.';
comment on column v1.pooled_effect.condition_id is 'Condition (vocabulary id).';
comment on column v1.pooled_effect.cell_source_id is 'Cell source (vocabulary id).';
comment on column v1.pooled_effect.comparator is 'Comparator class of the protocol.';
comment on column v1.pooled_effect.outcome_id is 'Outcome (vocabulary id).';
comment on column v1.pooled_effect.time_window is 'Follow-up window of the protocol.';
comment on column v1.pooled_effect.measure is 'MD, SMD, RR or RD.';
comment on column v1.pooled_effect.k is 'Number of effects pooled; 1 is shown, not pooled.';
comment on column v1.pooled_effect.participants is 'Participants of those effects, as far as n is known.';
comment on column v1.pooled_effect.state is 'pooled, one study, or no poolable figures.';
comment on column v1.pooled_effect.estimate is 'Random-effects estimate; for RR its natural log. With k = 1 the effect of that study.';
comment on column v1.pooled_effect.ci_lo is 'Lower 95 % limit of estimate.';
comment on column v1.pooled_effect.ci_hi is 'Upper 95 % limit of estimate.';
comment on column v1.pooled_effect.se is 'Standard error of estimate by ci_method.';
comment on column v1.pooled_effect.p is 'Two-sided p of estimate against no effect.';
comment on column v1.pooled_effect.pi_lo is 'Lower 95 % prediction limit, from three studies.';
comment on column v1.pooled_effect.pi_hi is 'Upper 95 % prediction limit, from three studies.';
comment on column v1.pooled_effect.pi_method is 'How the prediction interval was made.';
comment on column v1.pooled_effect.effect is 'The estimate for display: the ratio itself for RR.';
comment on column v1.pooled_effect.effect_lo is 'Lower 95 % limit for display.';
comment on column v1.pooled_effect.effect_hi is 'Upper 95 % limit for display.';
comment on column v1.pooled_effect.effect_pi_lo is 'Lower prediction limit for display.';
comment on column v1.pooled_effect.effect_pi_hi is 'Upper prediction limit for display.';
comment on column v1.pooled_effect.tau2 is 'Variance between studies; empty with k = 1.';
comment on column v1.pooled_effect.tau2_method is 'REML, DL or PM.';
comment on column v1.pooled_effect.tau2_lo is 'Lower 95 % limit of tau2 by the Q profile.';
comment on column v1.pooled_effect.tau2_hi is 'Upper 95 % limit of tau2 by the Q profile.';
comment on column v1.pooled_effect.i2 is 'I² from Q, between 0 and 1.';
comment on column v1.pooled_effect.i2_tau2 is 'I² from tau2, between 0 and 1.';
comment on column v1.pooled_effect.q is 'Cochran''s Q.';
comment on column v1.pooled_effect.q_p is 'p of Q.';
comment on column v1.pooled_effect.ci_method is 'HKSJ (Hartung–Knapp), or z for a single study.';
comment on column v1.pooled_effect.common_lo is 'Lower 95 % limit of the common-effect model, on the scale of estimate, to compare.';
comment on column v1.pooled_effect.common_hi is 'Upper 95 % limit of the common-effect model, on the scale of estimate, to compare.';
comment on column v1.pooled_effect.warnings is 'What to know before reading the numbers.';
comment on column v1.pooled_effect.effect_ids is 'The effects pooled.';
comment on column v1.pooled_effect.retracted is 'Studies of these effects whose figures were retracted.';
