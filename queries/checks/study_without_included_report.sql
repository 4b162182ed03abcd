-- name: study_without_included_report
-- purpose: studies in extracted/ none of whose reports was included, in a project that screens full texts
-- severity: warning
-- columns: file, line, study_id, label
select s.file, s.line, s.study_id, s.label
from v1.study s
where exists (select 1 from v1.current_decision where stage = 'full_text')
  and not exists (
    select 1 from v1.report p where p.study_id = s.study_id and p.full_text_state = 'include')
order by s.study_id
