-- name: study_without_source
-- purpose: studies that name no source
-- severity: error
-- columns: file, line, study_id
select s.file, s.line, s.study_id
from v1.study s
where not exists (select 1 from v1.source x where x.study_id = s.study_id)
order by s.study_id
