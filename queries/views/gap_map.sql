-- name: gap_map
-- purpose: what is known of each condition, cell source and outcome: no trial, trial without this outcome, figures, pooled
create view v1.gap_map as
with conditions as (
  -- an umbrella has a line of its own only where a trial names nothing narrower
  select condition_id, label from v1.condition
  where not umbrella or condition_id in (select condition_id from v1.study_cell_source)
), sources as (
  select cell_source_id, label from v1.cell_source
  where not axis and (not umbrella or cell_source_id in (select cell_source_id from v1.study_cell_source))
), trials as (
  select condition_id, cell_source_id, count(distinct study_id) as trials
  from v1.study_cell_source
  group by condition_id, cell_source_id
), retracted as (
  select condition_id, cell_source_id, list(distinct study_id order by study_id) as retracted
  from v1.study_cell_source
  join v1.study_notice using (study_id)
  where retracts
  group by condition_id, cell_source_id
), figures as (
  select t.condition_id, t.cell_source_id, r.outcome_id, count(distinct t.study_id) as with_figures
  from v1.study_cell_source t
  join v1.result r using (study_id)
  where coalesce(r.measure, '') <> 'baseline'
  group by t.condition_id, t.cell_source_id, r.outcome_id
), pools as (
  select condition_id, cell_source_id, outcome_id,
    count(*) filter (where k >= 2) as pooled_cells, max(k) as largest_k,
    max(participants) as most_participants
  from v1.evidence_table
  where subset = 'all' and k >= 1
  group by condition_id, cell_source_id, outcome_id
)
select
  c.condition_id, c.label as condition, s.cell_source_id, s.label as cell_source, o.outcome_id, o.label as outcome,
  case
    when coalesce(p.pooled_cells, 0) > 0 then 'pooled'
    when coalesce(f.with_figures, 0) > 0 then 'figures'
    when coalesce(t.trials, 0) > 0 then 'trial without this outcome'
    else 'no trial'
  end as state,
  coalesce(t.trials, 0) as trials,
  coalesce(f.with_figures, 0) as trials_with_figures,
  coalesce(p.pooled_cells, 0) as pooled_cells,
  coalesce(p.largest_k, 0) as largest_k,
  coalesce(p.most_participants, 0) as most_participants,
  coalesce(w.retracted, []::varchar[]) as retracted
from conditions c
cross join sources s
cross join v1.outcome o
left join trials t on t.condition_id = c.condition_id and t.cell_source_id = s.cell_source_id
left join retracted w on w.condition_id = c.condition_id and w.cell_source_id = s.cell_source_id
left join figures f
  on f.condition_id = c.condition_id and f.cell_source_id = s.cell_source_id and f.outcome_id = o.outcome_id
left join pools p
  on p.condition_id = c.condition_id and p.cell_source_id = s.cell_source_id and p.outcome_id = o.outcome_id;

comment on view v1.gap_map is 'What is known of each condition, cell source and outcome. Nothing is rolled up to an umbrella.';
comment on column v1.gap_map.condition_id is 'The condition; an umbrella only where a trial names nothing narrower.';
comment on column v1.gap_map.condition is 'Its label.';
comment on column v1.gap_map.cell_source_id is 'The cell source; without the axis ids (autologous, allogeneic).';
comment on column v1.gap_map.cell_source is 'Its label.';
comment on column v1.gap_map.outcome_id is 'The outcome.';
comment on column v1.gap_map.outcome is 'Its label.';
comment on column v1.gap_map.state is 'no trial | trial without this outcome | figures | pooled.';
comment on column v1.gap_map.trials is 'Trials of this condition and cell source, of any design.';
comment on column v1.gap_map.trials_with_figures is 'Those with a figure for the outcome after baseline.';
comment on column v1.gap_map.pooled_cells is 'Cells with two studies or more.';
comment on column v1.gap_map.largest_k is 'The most studies in one cell.';
comment on column v1.gap_map.most_participants is 'The most participants behind one cell, as far as n is printed.';
comment on column v1.gap_map.retracted is 'Trials among them that were retracted, or a part of whose figures was; they are counted in all the other columns.';
