-- name: arm_counted_twice
-- purpose: an arm, or a study, that goes into the pool of one cell more than once
-- severity: error
-- columns: cell_id, study_id, arm_id, times
with used as (
  select cell_id, study_id, effect_id, unnest(list_concat(arms_a, arms_b)) as arm_id
  from v1.effect_size
  where pooled
)
select cell_id, study_id, arm_id, count(*) as times
from used
group by cell_id, study_id, arm_id
having count(*) > 1
union all
select cell_id, study_id, null, count(*)
from v1.effect_size
where pooled
group by cell_id, study_id
having count(*) > 1
order by cell_id, study_id, arm_id
