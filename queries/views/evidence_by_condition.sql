-- name: evidence_by_condition
-- purpose: one line per condition: its trials, cells and pooled cells
create view v1.evidence_by_condition as
with retracted as materialized (select distinct study_id from v1.study_notice where retracts),
trials as (
  select t.condition_id, count(distinct t.study_id) as trials,
    count(distinct t.study_id) filter (where s.design like 'rct%') as randomised_trials,
    count(distinct t.cell_source_id) as cell_sources,
    count(distinct t.study_id) filter (where t.study_id in (select study_id from retracted)) as retracted_trials
  from v1.study_cell_source t
  join extraction.study s using (study_id)
  group by t.condition_id
), cells as (
  select condition_id, count(*) as cells, count(*) filter (where k >= 2) as pooled_cells, max(k) as largest_k
  from v1.evidence_table
  where subset = 'all' and k >= 1
  group by condition_id
)
select t.condition_id, v.label as condition, t.trials, t.randomised_trials, t.cell_sources,
  coalesce(c.cells, 0) as cells, coalesce(c.pooled_cells, 0) as pooled_cells, coalesce(c.largest_k, 0) as largest_k,
  case when c.pooled_cells > 0 then 'pooled' when c.cells > 0 then 'one study, not pooled' else 'no poolable figures' end as state,
  t.retracted_trials
from trials t
left join cells c using (condition_id)
left join v1.condition v using (condition_id);

comment on view v1.evidence_by_condition is 'One line per condition that has trials: how many, in how many cells, and how many cells are pooled.';
comment on column v1.evidence_by_condition.condition_id is 'The condition, at the leaf that the study names.';
comment on column v1.evidence_by_condition.condition is 'Its label.';
comment on column v1.evidence_by_condition.trials is 'Studies, of any design.';
comment on column v1.evidence_by_condition.randomised_trials is 'Studies in which chance assigned the participants.';
comment on column v1.evidence_by_condition.cell_sources is 'How many cell sources these trials cover.';
comment on column v1.evidence_by_condition.cells is 'Cells with at least one effect, over all comparators, outcomes and windows.';
comment on column v1.evidence_by_condition.pooled_cells is 'Those with two studies or more.';
comment on column v1.evidence_by_condition.largest_k is 'The most studies in one cell.';
comment on column v1.evidence_by_condition.state is 'pooled | one study, not pooled | no poolable figures.';
comment on column v1.evidence_by_condition.retracted_trials is 'Trials that were retracted, or a part of whose figures was; they are counted in all the other columns.';
