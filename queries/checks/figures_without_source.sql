-- name: figures_without_source
-- purpose: extracted figures whose source is not listed in the study's sources.csv
-- severity: error
-- columns: file, line, study_id, source_id
select r.file, r.line, r.study_id, r.source_id
from v1.result r
where not exists (
  select 1 from v1.source s where s.study_id = r.study_id and s.source_id = r.source_id)
order by r.file, r.line
