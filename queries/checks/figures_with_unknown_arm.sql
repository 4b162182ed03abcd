-- name: figures_with_unknown_arm
-- purpose: extracted figures of an arm that the study does not have
-- severity: error
-- columns: file, line, study_id, arm_id
select r.file, r.line, r.study_id, r.arm_id
from (
  select file, line, study_id, arm_id from v1.result
  union all
  select file, line, study_id, arm_b from v1.result where arm_b is not null
) r
where not exists (select 1 from v1.arm a where a.study_id = r.study_id and a.arm_id = r.arm_id)
order by r.file, r.line
