-- name: evidence_table
-- purpose: one line per cell and subset of figures, where a study was retracted also one without it; and one line for each condition and cell source with trials but without poolable figures
create view v1.evidence_table as
-- read once each: a view that is named twice is planned twice, and these are deep
with the_notice as materialized (select * from v1.study_notice),
the_effect as materialized (
  -- the table and not its view, which would ask for the notices once more
  select e.*, e.effect_id in (
    select r.effect_id
    from the_notice n
    join synthesis.effect_size r on r.study_id = n.study_id and list_has_any(r.row_ids, n.row_ids)
    where n.retracts) as retracted
  from synthesis.effect_size e
),
subsets as (
  select unnest(['all', 'primary', 'not_retracted']) as subset
), members as materialized (
  select e.cell_id, e.study_id, s.overlap_with, (-coalesce(e.n_a, 0) - coalesce(e.n_b, 0), e.study_id) as rank,
    list_contains(p.effect_ids, e.effect_id) as inside, e.retracted, e.pooled,
    e.pooled or coalesce(starts_with(e.not_pooled_because, 'participants may overlap'), false) as poolable
  from synthesis.pooled_effect p
  join the_effect e on e.cell_id = p.cell_id
  left join extraction.study s on s.study_id = e.study_id
  where p.subset = 'not_retracted'
), without_retracted as (
  -- only beside a number that holds retracted figures, and only where it was computed for the retractions of today:
  -- it holds none, and lacks no effect but those that share people with a larger study of it (the view of pools
  -- judges alike)
  select m.cell_id
  from members m
  left join members o on o.cell_id = m.cell_id and o.inside and o.rank < m.rank
    and (list_contains(m.overlap_with, o.study_id) or list_contains(o.overlap_with, m.study_id))
  group by m.cell_id
  having bool_or(m.retracted and m.pooled)
    and not bool_or(case when m.retracted then m.inside else m.poolable and not m.inside and o.cell_id is null end)
), effects as (
  -- a level below primary anywhere in an effect keeps it out of the primary subset; an effect that is dropped for an
  -- overlapping study among all figures can still be pooled among primary ones, and the other way round
  select s.subset, e.* exclude (pooled), p.k as pool_k,
    e.pooled or coalesce(list_contains(p.effect_ids, e.effect_id), false) as pooled,
    coalesce(list_contains(p.effect_ids, e.effect_id), e.pooled) as in_number
  from the_effect e
  cross join subsets s
  left join synthesis.pooled_effect p on p.cell_id = e.cell_id and p.subset = s.subset
  where s.subset = 'all' or (s.subset = 'primary' and e.level = 'primary')
    or (s.subset = 'not_retracted' and not e.retracted and e.cell_id in (select cell_id from without_retracted))
), cells as (
  select
    cell_id, subset,
    min(condition_id) as condition_id,
    min(cell_source_id) as cell_source_id,
    min(comparator) as comparator,
    min(outcome_id) as outcome_id,
    min(time_window) as time_window,
    min(measure) filter (where pooled) as measure,
    coalesce(min(pool_k), count(*) filter (where pooled)) as k,
    count(distinct study_id) as studies,
    nullif(sum(coalesce(n_a, 0) + coalesce(n_b, 0)) filter (where pooled), 0) as participants,
    bool_and(level = 'primary') filter (where pooled) as primary_only,
    min(yi) filter (where pooled) as single_yi,
    min(ci_lo) filter (where pooled) as single_lo,
    min(ci_hi) filter (where pooled) as single_hi,
    list(distinct not_pooled_because order by not_pooled_because) filter (where not pooled) as not_pooled_because,
    list(distinct study_id order by study_id) as study_ids,
    coalesce(count(*) filter (where pooled) > min(pool_k), false) as overlapping,
    coalesce(list(distinct study_id order by study_id) filter (where retracted and in_number), []::varchar[]) as retracted,
    coalesce(list(distinct study_id order by study_id) filter (where retracted), []::varchar[]) as touched
  from effects
  group by cell_id, subset
), lines as (
  select
    c.condition_id, c.cell_source_id, c.comparator, c.outcome_id, c.time_window, c.cell_id, c.subset,
    case when c.k >= 2 then 'pooled' when c.k = 1 then 'one study, not pooled' else 'no poolable figures' end as state,
    c.studies as trials,
    c.k,
    cast(case when c.overlapping then p.participants else c.participants end as bigint) as participants,
    coalesce(p.measure, c.measure) as measure,
    case when c.k = 1 and not c.overlapping then c.single_yi else p.estimate end as estimate,
    case when c.k = 1 and not c.overlapping then c.single_lo else p.ci_lo end as ci_lo,
    case when c.k = 1 and not c.overlapping then c.single_hi else p.ci_hi end as ci_hi,
    case when c.k >= 3 then p.pi_lo end as pi_lo,
    case when c.k >= 3 then p.pi_hi end as pi_hi,
    case when c.k >= 2 then p.i2 end as i2,
    case when c.k >= 2 then p.tau2 end as tau2,
    case when c.k >= 2 then p.common_lo end as common_lo,
    case when c.k >= 2 then p.common_hi end as common_hi,
    case when c.k = 0 then null when c.primary_only then 'primary' else 'includes secondary' end as level,
    coalesce(p.warnings, []) as warnings,
    coalesce(c.not_pooled_because, [])
      || case when c.overlapping then ['participants may overlap with a larger study'] else [] end as not_pooled_because,
    c.study_ids,
    c.retracted,
    c.touched
  from cells c
  left join synthesis.pooled_effect p on p.cell_id = c.cell_id and p.subset = c.subset
), nothing_left as (
  -- what is left may still be trials, of which no figure can be pooled
  select p.condition_id, p.cell_source_id, p.comparator, p.outcome_id, p.time_window, p.cell_id, p.subset,
    'no poolable figures' as state, coalesce(c.studies, 0) as trials, 0 as k, p.warnings,
    coalesce(c.not_pooled_because, []::varchar[]) as not_pooled_because,
    coalesce(c.study_ids, []::varchar[]) as study_ids, []::varchar[] as retracted, []::varchar[] as touched
  from synthesis.pooled_effect p
  left join cells c on c.cell_id = p.cell_id and c.subset = p.subset
  where p.subset = 'not_retracted' and p.k = 0 and p.cell_id in (select cell_id from without_retracted)
), empty_pairs as (
  select t.condition_id, t.cell_source_id, s.subset, count(distinct t.study_id) as trials,
    list(distinct t.study_id order by t.study_id) as study_ids
  from v1.study_cell_source t
  cross join subsets s
  where s.subset <> 'not_retracted' and not exists (
    select 1 from lines l
    where l.condition_id = t.condition_id and l.cell_source_id = t.cell_source_id and l.subset = s.subset and l.k >= 1)
  group by t.condition_id, t.cell_source_id, s.subset
), all_lines as materialized (
  select * from lines where k >= 1
  union all by name
  select * from nothing_left
  union all by name
  select condition_id, cell_source_id, condition_id || '/' || cell_source_id as cell_id, subset,
    'no poolable figures' as state, trials, 0 as k, []::varchar[] as warnings,
    coalesce((
      select list(distinct e.not_pooled_because order by e.not_pooled_because)
      from the_effect e
      where not e.pooled and e.condition_id = p.condition_id and e.cell_source_id = p.cell_source_id
        and (p.subset = 'all' or e.level = 'primary')), []) as not_pooled_because,
    study_ids, []::varchar[] as retracted,
    list_intersect(study_ids, (select coalesce(list(distinct study_id), []) from the_notice where retracts)) as touched
  from empty_pairs p
), told as (
  select n.study_id, any_value(n.label) as label, bool_or(n.retracts and n.concerns = 'study') as whole,
    string_agg(n.words, ' and ' order by n.pmid, n.notice_pmid) filter (where n.retracts) as retracting,
    string_agg(n.words, ' and ' order by n.kind, n.pmid, n.notice_pmid) filter (where not n.retracts) as others,
    string_agg(n.words, ' and ' order by n.kind, n.pmid, n.notice_pmid) as everything
  from the_notice n
  group by n.study_id
), said as (
  select l.cell_id, l.subset, unnest([
      case when list_contains(l.touched, t.study_id)
        then case when list_contains(l.retracted, t.study_id) then 'includes ' when l.k >= 1 then 'not in the number: ' else '' end
          || case when t.whole then 'a retracted study: ' else 'retracted figures: ' end
          || t.label || ' (' || t.retracting || ')' end,
      case when not list_contains(l.touched, t.study_id) then t.label || ': ' || t.everything
        when t.others is not null then t.label || ': ' || t.others end]) as words
  from all_lines l, unnest(l.study_ids) as u(study_id)
  join told t on t.study_id = u.study_id
  union
  select cell_id, subset, 'the line without retracted studies is not computed yet: run review synthesize run'
  from all_lines
  where subset = 'all' and k >= 1 and len(retracted) > 0 and cell_id not in (select cell_id from without_retracted)
  union
  -- a smaller study that shares people with what was left out comes in, and another may have to go for it
  select l.cell_id, l.subset, 'without retracted ' || case when bool_and(t.whole) filter (where e.retracted) then 'studies' else 'figures' end
    || ': left out ' || string_agg(distinct t.label, ', ' order by t.label) filter (where e.retracted)
    || coalesce('; comes in, as it shares people with what is left out: '
      || string_agg(distinct s.label, ', ' order by s.label) filter (where not e.pooled and list_contains(p.effect_ids, e.effect_id)), '')
    || coalesce('; goes, as it shares people with what comes in: '
      || string_agg(distinct s.label, ', ' order by s.label)
        filter (where e.pooled and not e.retracted and not list_contains(p.effect_ids, e.effect_id)), '')
  from all_lines l
  join synthesis.pooled_effect p on p.cell_id = l.cell_id and p.subset = l.subset
  join the_effect e on e.cell_id = l.cell_id and (e.pooled or not e.retracted)
  left join told t on t.study_id = e.study_id
  left join extraction.study s on s.study_id = e.study_id
  where l.subset = 'not_retracted'
  group by l.cell_id, l.subset
), flags as (
  select cell_id, subset, list(words order by not starts_with(words, 'includes '), words) as notices
  from said
  where words is not null
  group by cell_id, subset
), judged as (
  select coalesce(list(distinct study_id), []) as study_ids
  from v1.risk_of_bias
  where status = 'judged'
)
select
  a.condition_id, c.label as condition, a.cell_source_id, s.label as cell_source,
  a.comparator, a.outcome_id, o.label as outcome, a.time_window, a.cell_id, a.subset, a.state,
  a.trials, a.k, a.participants, a.measure, a.estimate, a.ci_lo, a.ci_hi, a.pi_lo, a.pi_hi, a.i2, a.tau2, a.level,
  case when a.measure = 'RR' then exp(a.estimate) else a.estimate end as effect,
  case when a.measure = 'RR' then exp(a.ci_lo) else a.ci_lo end as effect_lo,
  case when a.measure = 'RR' then exp(a.ci_hi) else a.ci_hi end as effect_hi,
  case when a.measure = 'RR' then exp(a.common_lo) else a.common_lo end as common_lo,
  case when a.measure = 'RR' then exp(a.common_hi) else a.common_hi end as common_hi,
  case when a.k >= 1 and a.subset <> 'not_retracted' then coalesce(g.certainty, 'not rated') end as certainty,
  case
    when a.k = 0 then null
    when len(list_intersect(a.study_ids, j.study_ids)) = 0 then 'not rated'
    else len(list_intersect(a.study_ids, j.study_ids)) || ' of ' || len(a.study_ids) || ' studies judged'
  end as risk_of_bias,
  a.warnings || coalesce(f.notices, []::varchar[]) as warnings, a.not_pooled_because, a.study_ids,
  a.retracted, coalesce(f.notices, []::varchar[]) as notices
from all_lines a
cross join judged j
left join flags f on f.cell_id = a.cell_id and f.subset = a.subset
left join v1.certainty g on g.cell_id = a.cell_id
left join v1.condition c using (condition_id)
left join v1.cell_source s using (cell_source_id)
left join v1.outcome o using (outcome_id);

comment on view v1.evidence_table is 'One line per cell and subset of figures (not_retracted only beside a line that a retraction concerns); and one line for each condition and cell source with trials but without poolable figures. Cells stand at the leaf that the study names; nothing is rolled up.';
comment on column v1.evidence_table.condition_id is 'The condition, at the leaf that the study names.';
comment on column v1.evidence_table.condition is 'Its label.';
comment on column v1.evidence_table.cell_source_id is 'The cell source, at the leaf that the arm names.';
comment on column v1.evidence_table.cell_source is 'Its label.';
comment on column v1.evidence_table.comparator is 'The comparator class of the protocol; null where there are no poolable figures.';
comment on column v1.evidence_table.outcome_id is 'The outcome; null where there are no poolable figures.';
comment on column v1.evidence_table.outcome is 'Its label.';
comment on column v1.evidence_table.time_window is 'The follow-up window of the protocol; null where there are no poolable figures.';
comment on column v1.evidence_table.cell_id is 'condition/cell_source/comparator/outcome/window, as review explain takes it; condition/cell_source where there are no poolable figures.';
comment on column v1.evidence_table.subset is 'all: every figure; primary: only effects whose figures are all read from the trials'' own reports; not_retracted: without retracted studies, a sensitivity line of cells that have one.';
comment on column v1.evidence_table.state is 'pooled | one study, not pooled | no poolable figures.';
comment on column v1.evidence_table.trials is 'Studies with a figure in the cell; where there are no poolable figures, the trials of this condition and cell source.';
comment on column v1.evidence_table.k is 'Studies whose effect goes into the cell.';
comment on column v1.evidence_table.participants is 'Participants (or joints, where the unit says so) behind those effects, as far as n is printed; null where it is not.';
comment on column v1.evidence_table.measure is 'MD | SMD | RR.';
comment on column v1.evidence_table.estimate is 'The effect: points for MD, standard deviations for SMD, a natural logarithm for RR.';
comment on column v1.evidence_table.ci_lo is 'Lower limit of its 95 % confidence interval, on the scale of estimate.';
comment on column v1.evidence_table.ci_hi is 'Upper limit of its 95 % confidence interval, on the scale of estimate.';
comment on column v1.evidence_table.pi_lo is 'Lower limit of the 95 % prediction interval; from k = 3.';
comment on column v1.evidence_table.pi_hi is 'Upper limit of the 95 % prediction interval; from k = 3.';
comment on column v1.evidence_table.i2 is 'I² from Q, as a share of 1; from k = 2.';
comment on column v1.evidence_table.tau2 is 'Between-study variance; from k = 2.';
comment on column v1.evidence_table.level is 'primary | includes secondary: where the figures were read.';
comment on column v1.evidence_table.effect is 'The effect as people read it: points for MD, standard deviations for SMD, a ratio for RR.';
comment on column v1.evidence_table.effect_lo is 'Lower limit of its 95 % confidence interval, on the scale of effect.';
comment on column v1.evidence_table.effect_hi is 'Upper limit of its 95 % confidence interval, on the scale of effect.';
comment on column v1.evidence_table.common_lo is 'Lower 95 % limit of the common-effect model, on the scale of effect, to compare; from k = 2.';
comment on column v1.evidence_table.common_hi is 'Upper 95 % limit of the common-effect model, on the scale of effect, to compare; from k = 2.';
comment on column v1.evidence_table.certainty is 'The certainty that a person gave to the cell; not rated where nobody did; blank on a sensitivity line.';
comment on column v1.evidence_table.risk_of_bias is 'How many studies of the cell have a judgement; not rated where none has.';
comment on column v1.evidence_table.warnings is 'What the pooling wants said beside the number, then the notices on its studies.';
comment on column v1.evidence_table.not_pooled_because is 'Why effects of the line stay out of the pool.';
comment on column v1.evidence_table.study_ids is 'The studies of the line.';
comment on column v1.evidence_table.retracted is 'Those whose figures in the numbers of this line are retracted. A retracted study that is not pooled stands among the notices.';
comment on column v1.evidence_table.notices is 'What PubMed says of the reports of its studies, in words; they stand among the warnings, too.';
