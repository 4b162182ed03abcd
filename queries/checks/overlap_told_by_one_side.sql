-- name: overlap_told_by_one_side
-- purpose: a study names an overlap that the other study does not name
-- severity: warning
-- columns: file, line, study_id, other
select s.file, s.line, s.study_id, s.other
from (select file, line, study_id, unnest(overlap_with) as other from v1.study) s
where not exists (
  select 1 from v1.study t where t.study_id = s.other and list_contains(t.overlap_with, s.study_id))
order by s.file
