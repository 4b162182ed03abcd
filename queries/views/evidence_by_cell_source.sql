-- name: evidence_by_cell_source
-- purpose: one line per cell source: its trials, cells and pooled cells
create view v1.evidence_by_cell_source as
with retracted as materialized (select distinct study_id from v1.study_notice where retracts),
trials as (
  select t.cell_source_id, count(distinct t.study_id) as trials,
    count(distinct t.study_id) filter (where s.design like 'rct%') as randomised_trials,
    count(distinct t.condition_id) as conditions,
    count(distinct t.study_id) filter (where t.study_id in (select study_id from retracted)) as retracted_trials
  from v1.study_cell_source t
  join extraction.study s using (study_id)
  group by t.cell_source_id
), cells as (
  select cell_source_id, count(*) as cells, count(*) filter (where k >= 2) as pooled_cells, max(k) as largest_k
  from v1.evidence_table
  where subset = 'all' and k >= 1
  group by cell_source_id
)
select t.cell_source_id, v.label as cell_source, t.trials, t.randomised_trials, t.conditions,
  coalesce(c.cells, 0) as cells, coalesce(c.pooled_cells, 0) as pooled_cells, coalesce(c.largest_k, 0) as largest_k,
  case when c.pooled_cells > 0 then 'pooled' when c.cells > 0 then 'one study, not pooled' else 'no poolable figures' end as state,
  t.retracted_trials
from trials t
left join cells c using (cell_source_id)
left join v1.cell_source v using (cell_source_id);

comment on view v1.evidence_by_cell_source is 'One line per cell source that has trials: how many, in how many cells, and how many cells are pooled.';
comment on column v1.evidence_by_cell_source.cell_source_id is 'The cell source, at the leaf that the study names.';
comment on column v1.evidence_by_cell_source.cell_source is 'Its label.';
comment on column v1.evidence_by_cell_source.trials is 'Studies, of any design.';
comment on column v1.evidence_by_cell_source.randomised_trials is 'Studies in which chance assigned the participants.';
comment on column v1.evidence_by_cell_source.conditions is 'How many conditions these trials cover.';
comment on column v1.evidence_by_cell_source.cells is 'Cells with at least one effect, over all comparators, outcomes and windows.';
comment on column v1.evidence_by_cell_source.pooled_cells is 'Those with two studies or more.';
comment on column v1.evidence_by_cell_source.largest_k is 'The most studies in one cell.';
comment on column v1.evidence_by_cell_source.state is 'pooled | one study, not pooled | no poolable figures.';
comment on column v1.evidence_by_cell_source.retracted_trials is 'Trials that were retracted, or a part of whose figures was; they are counted in all the other columns.';
