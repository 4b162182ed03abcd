-- name: combined_arm_unknown
-- purpose: arms that combine an arm which the study does not have
-- severity: error
-- columns: file, line, study_id, arm_id, combined
select a.file, a.line, a.study_id, a.arm_id, a.combined
from (select file, line, study_id, arm_id, unnest(combines) as combined from v1.arm) a
where not exists (select 1 from v1.arm b where b.study_id = a.study_id and b.arm_id = a.combined)
order by a.file, a.line
