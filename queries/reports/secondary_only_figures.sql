-- name: secondary_only_figures
-- purpose: studies whose figures of an outcome were all read from reviews and other secondary sources
-- parameter outcome: text, default
-- columns: study_id, label, condition_id, outcome_id, figures, sources
select r.study_id, s.label, s.condition_id, r.outcome_id, count(*) as figures,
  list(distinct r.source_id order by r.source_id) as sources
from v1.result r
join v1.study s using (study_id)
where cast($outcome as varchar) is null or r.outcome_id = $outcome
group by r.study_id, s.label, s.condition_id, r.outcome_id
having bool_and(r.level = 'secondary')
order by r.study_id, r.outcome_id
